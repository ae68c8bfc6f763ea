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
    if text.isascii():
        return _CONTROL.sub("", _LINE_ENDS.sub("\n", text))
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
_BYTE_BLANK = re.compile(r"(?<=[a-z.,;:!?\")])\u0120")
_PIECE_BLANK = re.compile(r"(?<=[\w.,;:!?\")])\u2581(?=\w)")


def _without_byte_level(text: str) -> str:
    """The text with the blanks, line ends and signs that a server forgot to decode."""
    if len(_PIECE_BLANK.findall(text)) > 1:
        text = text.replace("\u2581", " ")
    if len(_BYTE_BLANK.findall(text)) < 2:
        return text
    data = (bytes([_BYTES[sign]]) if sign in _BYTES else sign.encode("utf-8", "ignore") for sign in text)
    decoded = b"".join(data).decode("utf-8", "replace")
    return text.replace("\u0120", " ").replace("\u010a", "\n") if "\ufffd" in decoded else decoded


# --- JSON -----------------------------------------------------------------------------------------------------------

_DESCRIBES = re.compile(
    r"(?:^|_)(?:caption|description|text|answer|response|output|result|content|summary|prose|paragraph|message)s?$",
    re.I,
)
_LONG_FIRST = re.compile(r"detail|long|full|final|improved|revised", re.I)
_DEEPEST = 32  # levels of JSON in which a description is looked for
_REFUSES = re.compile(r"error|refusal|reason|message|warning", re.I)


def text_of_json(value: Any, depth: int = _DEEPEST) -> str:
    """The description in a JSON value: by the names of its keys, else all of its texts in their order.

    What lies deeper than `depth` is no description. Each value is read once: a description within a description
    within a description must not take twice as long with every one.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Mapping) and depth:
        telling = [str(key) for key in value if _DESCRIBES.search(str(key)) or _REFUSES.search(str(key))]
        texts = {key: text_of_json(value[key], depth - 1) for key in telling}
        named = [key for key in telling if _DESCRIBES.search(key) and texts[key]]
        if named:
            long = [key for key in named if _LONG_FIRST.search(key)]
            return texts[(long or named)[0]]
        if telling and all(_REFUSES.search(str(key)) for key in value):
            return texts[telling[0]]
    return "\n".join(_sentences_of(value, depth))


def _sentences_of(value: Any, depth: int) -> Iterator[str]:
    """Every text within a value of more than one word, or of a list of words."""
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, Mapping) and depth:
        for inner in value.values():
            yield from _sentences_of(inner, depth - 1)
    elif isinstance(value, (list, tuple)) and depth:
        texts = [one for inner in value for one in _sentences_of(inner, depth - 1) if one]
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
    r"|\u597d\u7684|\u5f53\u7136|\u5f53\u7136\u53ef\u4ee5|\u6ca1\u95ee\u9898|\u306f\u3044|\u627f\u77e5\u3057\u307e\u3057\u305f|\u304b\u3057\u3053\u307e\u308a\u307e\u3057\u305f|\ubb3c\ub860\uc774\uc8e0|\ub124|\uc54c\uaca0\uc2b5\ub2c8\ub2e4"
    r"|natürlich|gerne?|klar|selbstverständlich|bien sûr|d'accord|avec plaisir|claro(?: que sí)?|por supuesto"
    r"|con gusto"
    r"|com certeza|certo|certamente|volentieri|\u043a\u043e\u043d\u0435\u0447\u043d\u043e|\u0445\u043e\u0440\u043e\u0448\u043e)[!,.:\u3002\uff01\uff0c\u3001]+\s*)*"
)
_ANNOUNCES = (
    r"(?:(?:here(?:'s| is| are| you go| we go| comes)|below is|below you(?:'ll| will) find|the following is"
    r"|this is|i(?:'ve| have) (?:written|created|prepared)"
    r"|the (?:caption|description|following|improved|revised|rewritten|corrected|merged"
    r"|final)\b)(?![^.:\n]{0,60}\b(?:sign|poster|banner)\b)[^.:\n]{0,120}(?::|\n)"
    r"|(?:\u4ee5\u4e0b|\u4e0b\u9762|\u8fd9)\u662f[^\uff1a:\u3002\n]{0,40}[\uff1a:]|\u4ee5\u4e0b(?:\u306f|\u304c"
    r"|\u306b)[^\uff1a:\u3002\n]{0,40}[\uff1a:\u3002]|(?:\ub2e4\uc74c\uc740|\uc544\ub798\ub294)[^:\n.]{0,40}[:.]"
    r"|(?:hier (?:ist|sind|kommt)|voici|aquí (?:está|tienes?|tiene)|aqui está|segue|ecco"
    r"|\u0432\u043e\u0442)\b[^.:\n]{0,80}(?::|\n))\s*"
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
    r"|(?:in )?(?:\u8fd9|\u9019|\u8be5|\u8a72|\u6b64)(?:\u5f20|\u5e45|\u5f35)?(?:\u56fe\u7247|\u7167\u7247|\u56fe\u50cf|\u5716\u7247|\u753b\u9762|\u56fe)(?:\u4e2d|\u91cc)?(?:\u4e3b\u8981)?(?:\u5c55\u793a\u4e86"
    r"|\u5c55\u73b0\u4e86|\u663e\u793a\u4e86|\u5c55\u793a\u7684\u662f|\u663e\u793a\u7684\u662f|\u63cf\u7ed8\u4e86|\u5448\u73b0\u4e86|\u6355\u6349\u4e86|\u662f)[\uff1a:\uff0c]?"
    r"|(?:\u753b\u50cf|\u5199\u771f|\u3053\u306e\u753b\u50cf|\u3053\u306e\u5199\u771f)(?:\u306b\u306f|\u3067\u306f)[\u3001,]?"
    r"|(?:das|dieses) (?:bild|foto) zeigt |(?:auf|in) (?:dem|diesem) (?:bild|foto) (?:sieht man|ist zu sehen:?) "
    r"|(?:l'image|cette image|la photo|cette photo) (?:montre|représente|présente) "
    r"|(?:la|esta) (?:imagen|foto) (?:muestra|presenta|representa) |(?:a|esta) (?:imagem|foto) (?:mostra"
    r"|apresenta|retrata) "
    r"|(?:l'immagine|questa immagine|la foto) (?:mostra|raffigura|presenta) "
    r"|\u043d\u0430 (?:\u044d\u0442\u043e\u043c )?(?:\u0438\u0437\u043e\u0431\u0440\u0430\u0436\u0435\u043d\u0438\u0438|\u043a\u0430\u0440\u0442\u0438\u043d\u043a\u0435|\u0444\u043e\u0442\u043e(?:\u0433\u0440\u0430\u0444\u0438\u0438)?) (?:\u0438\u0437\u043e\u0431\u0440\u0430\u0436[\u0435\u0451]\u043d[\u0430\u044b\u043e]?|\u043f\u043e\u043a\u0430\u0437\u0430\u043d[\u0430\u044b\u043e]?|\u0432\u0438\u0434\u043d[\u0430\u044b\u043e]) )",
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
    r"\u5e0c\u671b\u8fd9|\u5982\u679c\u60a8|\u5982\u679c\u4f60|\u8bf7\u544a\u8bc9\u6211|\u8fd8\u6709\u4ec0\u4e48|\u4f55\u304b(?:\u3054|\u4ed6)|\u3054\u8cea\u554f|wenn du |wenn sie |lass mich wissen"
    r"|n'hésitez pas|si vous (?:avez|souhaitez)|"
    r"si necesitas|\u00bfte gustar|espero que|se precisar|se hai bisogno|\u0435\u0441\u043b\u0438 (?:\u0443 \u0432\u0430\u0441|\u0432\u0430\u043c))",
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
_MAY_RECITE = re.compile(r"[(\[<{]|box", re.I)  # each way of reciting begins with one of these
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
    bare = _RECITED_LABEL.sub("", text) if ":" in text else text
    bare = _RECITED.sub("", bare) if _MAY_RECITE.search(bare) else bare
    return _BLANK_BEFORE.sub("", bare) if bare != text else text
