"""What models put around a description: tokenizer's blanks, JSON, quotation marks, lead-ins, labels, offers of help."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..language.sentences import words

# --- signs ----------------------------------------------------------------------------------------------------------

_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\u0085\v\f]")
_CONTROL = re.compile("\x1b\\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufeff\ufffd]")
_ZERO_WIDTH = re.compile("(?<=[A-Za-z])\u200b(?=[A-Za-z])")
_INVISIBLE = re.compile("[\u200b\u2060\u00ad]")
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|#\d{1,6}|#x[0-9a-fA-F]{1,5});")


def plain_signs(text: str) -> str:
    """The text with one kind of line end, without control signs and half pairs, and with a tokenizer's blanks read."""
    text = _CONTROL.sub("", _LINE_ENDS.sub("\n", _without_byte_level(text)))
    return _INVISIBLE.sub("", _ZERO_WIDTH.sub(" ", text))


def without_entities(text: str) -> str:
    """HTML's "&nbsp;" and its kin as the signs that they are."""
    return _ENTITY.sub(lambda found: html.unescape(found.group()).replace("\xa0", " "), text)


def _byte_of_sign() -> dict[str, int]:
    """Which byte each sign of a byte-level vocabulary stands for (GPT-2's table)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + rank): byte for rank, byte in enumerate(others)}


_BYTES = _byte_of_sign()
# A blank stands behind a word; the same signs begin words of a language, or are part of a drawing.
_BYTE_BLANK = re.compile(r"(?<=[a-z.,;:!?\")])Ġ")
_PIECE_BLANK = re.compile(r"(?<=[\w.,;:!?\")])\u2581(?=\w)")


def _without_byte_level(text: str) -> str:
    """The text with the blanks, line ends and signs that a server forgot to decode."""
    if len(_PIECE_BLANK.findall(text)) > 1:
        text = text.replace("\u2581", " ")
    if len(_BYTE_BLANK.findall(text)) < 2:
        return text
    data = (bytes([_BYTES[sign]]) if sign in _BYTES else sign.encode("utf-8", "ignore") for sign in text)
    decoded = b"".join(data).decode("utf-8", "replace")
    return text.replace("Ġ", " ").replace("Ċ", "\n") if "\ufffd" in decoded else decoded


# --- JSON -----------------------------------------------------------------------------------------------------------

_DESCRIBES = re.compile(
    r"(?:^|_)(?:caption|description|text|answer|response|output|result|content|summary|prose|paragraph|message)s?$",
    re.I,
)
_LONG_FIRST = re.compile(r"detail|long|full|final|improved|revised", re.I)
_REFUSES = re.compile(r"error|refusal|reason|message|warning", re.I)


def text_of_json(value: Any) -> str:
    """The description in a JSON value: by the names of its keys, else all of its texts in their order."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Mapping):
        named = [str(key) for key in value if _DESCRIBES.search(str(key)) and text_of_json(value[key])]
        if named:
            long = [key for key in named if _LONG_FIRST.search(key)]
            return text_of_json(value[(long or named)[0]])
        refusing = [key for key in value if _REFUSES.search(str(key))]
        if refusing and len(refusing) == len(value):
            return text_of_json(value[refusing[0]])
    return "\n".join(_sentences_of(value))


def _sentences_of(value: Any) -> Iterator[str]:
    """Every text within a value of more than one word, or of a list of words."""
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _sentences_of(inner)
    elif isinstance(value, (list, tuple)):
        texts = [one for inner in value for one in _sentences_of(inner) if one]
        short = all(len(words(one)) < 4 and one[-1] not in ".!?" for one in texts)
        yield from ([", ".join(texts)] if short else texts)


# --- quotation marks ------------------------------------------------------------------------------------------------

_QUOTES = {
    '"': '"',
    "'": "'",
    "`": "`",
    "\u201c": "\u201d",
    "\u2018": "\u2019",
    "\u201e": "\u201c\u201d",
    "\u00ab": "\u00bb",
    "\u300c": "\u300d",
    "\u300e": "\u300f",
}
_END = ".!?\u2026\u3002\uff01\uff1f"


def unquoted(text: str, *, cut: bool = False) -> str:
    """The text without quotation marks around all of it; those of a sign at its beginning and its end stay."""
    bare = text.strip()
    closers = _QUOTES.get(bare[:1])
    if closers is None or len(bare) < 3 or bare.startswith("```"):
        return text
    tail = bare[1:].rstrip(".")
    if tail[-1:] and tail[-1] in closers and _pairs_up(tail[:-1], bare[0], closers):
        return tail[:-1] + ("." if bare.endswith(".") and tail[-2:-1] not in _END else "")
    alone = sum(bare.count(one) for one in {bare[0], *closers})
    return bare[1:] if alone == 1 and bare[0] not in "'\u2018`" and (cut or len(words(bare)) > 3) else text


def _pairs_up(inner: str, opener: str, closers: str) -> bool:
    """Whether the quotation marks within are pairs of their own, so that the outer ones belong together."""
    if not words(inner):
        return False
    if opener in "'\u2018":
        return len(words(inner)) > 3 and not re.search(r"(?<=[\w.!?])['\u2019](?!\w)", inner)
    if opener not in closers:
        return inner.count(opener) == sum(inner.count(one) for one in closers if one != opener)
    first = inner.find(opener)
    return first < 0 or (inner.count(opener) % 2 == 0 and (first == 0 or inner[first - 1] in " (\n"))


# --- lead-ins -------------------------------------------------------------------------------------------------------

_PICTURE = (
    r"(?:(?:provided|given|attached|uploaded|shown|whole|entire|overall) )?"
    r"(?:image|picture|photo|photograph|snapshot|scene|painting|drawing|illustration|screenshot)(?: provided)?"
)
_POLITE = (
    r"(?:(?:sure(?: thing)?|certainly|of course|okay|ok|absolutely|gladly|great|alright|all right|got it"
    r"|understood|no problem"
    r"|yes|definitely|happy to help|with pleasure|(?:i'd|i would) be (?:happy|glad) to(?: help| describe| assist)?"
    r"[^.!:\n]{0,60}|thank you[^.!:\n]{0,60}|thanks[^.!:\n]{0,60}"
    r"|好的|当然|当然可以|没问题|はい|承知しました|かしこまりました|물론이죠|네|알겠습니다"
    r"|natürlich|gerne?|klar|selbstverständlich|bien sûr|d'accord|avec plaisir|claro(?: que sí)?|por supuesto"
    r"|con gusto"
    r"|com certeza|certo|certamente|volentieri|конечно|хорошо)[!,.:\u3002\uff01\uff0c\u3001]+\s*)*"
)
_ANNOUNCES = (
    r"(?:(?:here(?:'s| is| are| you go| we go| comes)|below is|below you(?:'ll| will) find|the following is"
    r"|this is|i(?:'ve| have) (?:written|created|prepared)"
    r"|the (?:caption|description|following|improved|revised|rewritten|corrected|merged"
    r"|final)\b)(?![^.:\n]{0,60}\b(?:sign|poster|banner)\b)[^.:\n]{0,120}(?::|\n)"
    r"|(?:以下|下面|这)是[^\uff1a:\u3002\n]{0,40}[\uff1a:]|以下(?:は|が"
    r"|に)[^\uff1a:\u3002\n]{0,40}[\uff1a:\u3002]|(?:다음은|아래는)[^:\n.]{0,40}[:.]"
    r"|(?:hier (?:ist|sind|kommt)|voici|aquí (?:está|tienes?|tiene)|aqui está|segue|ecco"
    r"|вот)\b[^.:\n]{0,80}(?::|\n))\s*"
)
_PREAMBLE = re.compile(rf"\A\s*{_POLITE}(?:{_ANNOUNCES})?", re.I)
_ANNOUNCED_BY_SENTENCE = re.compile(
    r"\A(?:here(?:'s| is)|below is|the following is) (?:a|an|the|my|your) (?:[\w-]+ ){0,4}(?:description"
    r"|caption|summary)\b[^.:]{0,80}\.\s+",
    re.I,
)
_SHOWS = (
    r"(?:shows?|depicts?|features?|displays?|captures?|presents?|portrays?|contains?|illustrates?|showcases?|is of)"
)
_LEAD_IN = re.compile(
    rf"\A(?:(?:this|the|your)\s+{_PICTURE}\s+(?:you \w+ )?{_SHOWS}(?:\s+(?:us|a scene (?:of|with)))?(?::\s*"
    rf"|\s+(?!that\b|how\b|up\b|to\b))"
    rf"|(?:in|on|based on|from)\s+(?:this|the|your)\s+{_PICTURE},?\s+(?:(?:we|you"
    rf"|i)\s+(?:can\s+)?see\s+(?:that\s+)?)?"
    r"|(?:in )?(?:这|這|该|該|此)(?:张|幅|張)?(?:图片|照片|图像|圖片|画面|图)(?:中|里)?(?:主要)?(?:展示了"
    r"|展现了|显示了|展示的是|显示的是|描绘了|呈现了|捕捉了|是)[\uff1a:\uff0c]?"
    r"|(?:画像|写真|この画像|この写真)(?:には|では)[\u3001,]?"
    r"|(?:das|dieses) (?:bild|foto) zeigt |(?:auf|in) (?:dem|diesem) (?:bild|foto) (?:sieht man|ist zu sehen:?) "
    r"|(?:l'image|cette image|la photo|cette photo) (?:montre|représente|présente) "
    r"|(?:la|esta) (?:imagen|foto) (?:muestra|presenta|representa) |(?:a|esta) (?:imagem|foto) (?:mostra"
    r"|apresenta|retrata) "
    r"|(?:l'immagine|questa immagine|la foto) (?:mostra|raffigura|presenta) "
    r"|на (?:этом )?(?:изображении|картинке|фото(?:графии)?) (?:изображ[её]н[аыо]?|показан[аыо]?|видн[аыо]) )",
    re.I,
)  # fmt: skip


def without_preamble(text: str) -> str:
    """ "Sure! Here's a description of the image: A dog." -> "A dog." """
    plain = text.replace("\u2019", "'")
    rest = text[_end_of(_PREAMBLE, plain) :]
    rest = rest if words(rest) else text
    return rest[_end_of(_ANNOUNCED_BY_SENTENCE, rest.replace("\u2019", "'")) :]


def without_lead_in(text: str) -> str:
    """ "This image shows a dog." -> "A dog." """
    end = _end_of(_LEAD_IN, text.replace("\u2019", "'"))
    rest = text[end:]
    return rest[:1].upper() + rest[1:] if end and words(rest) else text


def _end_of(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0


# --- offers and remarks ---------------------------------------------------------------------------------------------

_CHATTER = re.compile(
    r"\A\W*(?:let me know|(?:i )?hope (?:this|that|it)|feel free|is there anything|if you (?:have|need"
    r"|would like|'d like|want)|"
    r"please let me know|would you like (?:me|to know|more|another|a more|an?other)|do you (?:want|need) (?:me"
    r"|more|any)|should i|shall i|happy to help|glad to help|"
    r"(?:this|the) (?:caption|description) (?:captures|is|was|provides|should|focuses|can|aims|has been)"
    r"|note(?: that)?\s*:|\(?note:|"
    r"enjoy!|thanks? (?:you )?for|(?:i|i've|i have) (?:corrected|kept|removed|merged|combined|rewritten"
    r"|improved|used|included|avoided)\b|"
    r"word count|none\W*\Z|n/a\W*\Z|\(?\d+ words\)?\W*\Z|end of (?:description|caption|answer)|"
    r"希望这|如果您|如果你|请告诉我|还有什么|何か(?:ご|他)|ご質問|wenn du |wenn sie |lass mich wissen"
    r"|n'hésitez pas|si vous (?:avez|souhaitez)|"
    r"si necesitas|\u00bfte gustar|espero que|se precisar|se hai bisogno|если (?:\u0443 вас|вам))",
    re.I,
)


def is_chatter(sentence: str) -> bool:
    """Whether a sentence offers help or speaks of the answer instead of the picture."""
    return bool(_CHATTER.match(sentence.replace("\u2019", "'")))


# --- what stands in the instructions --------------------------------------------------------------------------------

_NUMBER = r"-?\d+(?:\.\d+)?%?"
_RECITED = re.compile(
    rf"[(\[]\s*(?:box|bbox|bounding box|boxes|coordinates?|region|patch|statements?|passages?|sources?|ref|refs"
    rf"|score)s?\b[^()\n]{{0,80}}[)\]]"
    rf"|,?\s*\(?\b(?:with (?:the |a )?)?(?:box|bbox|bounding box) ?(?:at |of "
    rf"|:)?\s*[(\[]?\s*{_NUMBER}(?:\s*[,;\u2013-]\s*{_NUMBER})+\s*[)\]]?\)?"
    rf"|[(\[<{{]+\s*{_NUMBER}(?:\s*,\s*{_NUMBER}){{3}}\s*[)\]>}}]+"
    rf"|\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\)(?:\s*,\s*\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\))+"
    r"|\[\d{1,3}(?:\s*,\s*\d{1,3})*\](?!\w)",
    re.I,
)
_RECITED_LABEL = re.compile(
    r"(?:(?<=\A)|(?<=[.!?\n]\s)|(?<=\n))[\w ,-]{1,40}\((?:box|bbox)\b[^()\n]{0,80}\)\s?:\s*(?=\S)|"
    r"(?:(?<=\A)|(?<=[.!?\n]\s)|(?<=\n))\W{0,3}(?:(?:reliable )?statements?|passages?|regions?|observers?"
    r"|descriptions? of (?:the )?regions?|sentences?|captions?|patch(?:es)?)"
    r"(?: (?:no\. ?)?\d{1,3})?(?:\s?\([^()\n]{0,80}\))?\s?\W{0,2}:\W{0,2}\s*(?=\S)",
    re.I,
)
_BLANK_BEFORE = re.compile(r"[ \t]+(?=[,.;:!?](?:\s|\Z))")


def without_recited(text: str) -> str:
    """The text without numbers and labels that stand only in instructions: "Statement 1:", "(box 0.00-0.50)"."""
    bare = _RECITED.sub("", _RECITED_LABEL.sub("", text))
    return _BLANK_BEFORE.sub("", bare) if bare != text else text
