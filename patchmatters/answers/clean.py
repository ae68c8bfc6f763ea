"""The one place where a model's answer becomes text.

What users complain of most in captions is dirt: role prefixes, think blocks, code fences, "This image shows",
a last sentence that was cut off, sentences said twice, apologies. It is removed here, and only here.
"""

from __future__ import annotations

import re

from ..language.sentences import split_sentences, words

_THINKING = re.compile(
    r"<(think|thinking|reasoning|thought)>.*?(?:</\1>|\Z)|\u25c1think\u25b7.*?(?:\u25c1/think\u25b7|\Z)",
    re.DOTALL | re.I,
)
_THOUGHT_BEFORE = re.compile(r"\A.*</(?:think|thinking|reasoning|thought)>", re.DOTALL | re.I)
_FINAL_CHANNEL = re.compile(r"\A.*<\|channel\|>\s*final\s*<\|message\|>", re.DOTALL)
_MARKERS = re.compile(
    r"<\|[a-z_0-9]+\|>(?:\s*assistant\b\s*:?)?|</?s>|<image>|\[/?INST\]|<(?:start|end)_of_turn>|<eos>|<pad>"
)
_TURN = re.compile(r"(?:\A|(?<=\s))(?:ASSISTANT|###\s*(?:Response|Output|Assistant|Answer))\s*:\s*")
_ROLE = re.compile(
    r"\A\s*(?:assistant|response|answer|output|caption|(?:image |detailed )?description|model|ai)\s*:\s*", re.I
)
_FENCE = re.compile(r"^\s*```[\w-]*\s*$", re.M)
_MARKDOWN = re.compile(r"^\s{0,3}(?:#{1,6}\s+|>\s+)|\*\*|__|`", re.M)
_BULLET = re.compile(r"^\s*(?:[-*\u2022]|\d{1,2}[.)])\s+", re.M)
_PREAMBLE = re.compile(
    r"\A\s*(?:(?:sure|certainly|of course|okay|ok|absolutely)[!,.]\s*)?"
    r"(?:(?:here(?:'s| is| are)|below is|the following is)\b[^.:\n]{0,120}(?::|\n)\s*)?",
    re.I,
)
_PICTURE = r"(?:image|picture|photo|photograph|snapshot|scene|painting|drawing|illustration|screenshot)"
_LEAD_IN = re.compile(
    rf"\A(?:(?:this|the)\s+{_PICTURE}\s+"
    r"(?:shows|depicts|features|displays|captures|presents|portrays|contains|is of)\s+"
    rf"|in\s+(?:this|the)\s+{_PICTURE},?\s+(?:we\s+(?:can\s+)?see\s+|you\s+(?:can\s+)?see\s+)?)",
    re.I,
)
_CHATTER = re.compile(
    r"\A(?:let me know|i hope (?:this|that)|feel free|is there anything|if you (?:have|need|would like|'d like)|"
    r"please let me know|would you like)",
    re.I,
)
_REFUSAL = re.compile(
    r"\A\W*(?:(?:i(?:'| a)?m|we(?:'| a)?re)? ?(?:very |so |truly )?sorry\b|i apologi[sz]e\b|as an ai\b|"
    r"unfortunately,? i\b|no image (?:was|is|has been|provided)|"
    r"i'm (?:not able|unable)\b|"
    r"i (?:can(?:not|'t| not)|could(?:n't| not)|am (?:not able|unable)|don't see (?:an|any) (?:image|picture))\b"
    r"(?! help but))",
    re.I,
)
_TERMINAL = tuple(".!?\u2026\u3002\uff01\uff1f")
_CLOSERS = "\"')\u201d\u2019]"


def clean_answer(text: str, limit: int = 8192) -> str:
    """The text of an answer without the dirt of its making; empty when nothing is left.

    `limit` is in characters: a longer answer ends with the last whole sentence before it. Never invents a word.
    """
    bare = strip_machinery(text[: 4 * limit])
    bare = _PREAMBLE.sub("", _MARKDOWN.sub("", _BULLET.sub("", bare)), count=1)
    bare = _without_lead_in(" ".join(bare.split()))
    sentences = [sentence for sentence in _without_cut_end(bare[:limit]) if not _CHATTER.match(sentence)]
    return " ".join(without_repeats(sentences))


def strip_machinery(text: str) -> str:
    """The answer without think blocks, channel and chat-template markers, role prefixes and code fences."""
    bare = _THOUGHT_BEFORE.sub("", _THINKING.sub("", text.replace("\x00", "")))
    bare = _MARKERS.sub(" ", _FINAL_CHANNEL.sub("", bare))
    bare = bare[max((turn.end() for turn in _TURN.finditer(bare)), default=0) :]
    return _FENCE.sub("", _ROLE.sub("", bare, count=1)).strip()


def is_refusal(text: str) -> bool:
    """Whether a cleaned answer is an apology instead of a description ("I'm sorry, but I can't ...")."""
    return bool(_REFUSAL.match(text.replace("\u2019", "'")))


def without_echo(text: str, instruction: str) -> str:
    """`text` without the instruction at its start; empty when the answer is the instruction itself."""
    asked, said = words(instruction), words(text)
    if not asked or said[: len(asked)] != asked:
        return text
    sentences = split_sentences(text)
    covered = 0
    while sentences and covered < len(asked):
        covered += len(words(sentences.pop(0)))
    return " ".join(sentences)


def without_repeats(sentences: list[str]) -> list[str]:
    """Each sentence once, in the order of its first appearance; case and punctuation do not count."""
    seen: set[tuple[str, ...]] = set()
    fresh = []
    for sentence in sentences:
        key = tuple(words(sentence))
        if key and key not in seen:
            seen.add(key)
            fresh.append(sentence)
    return fresh


def _without_lead_in(text: str) -> str:
    """ "This image shows a dog." -> "A dog." """
    rest = _LEAD_IN.sub("", text, count=1)
    return rest[:1].upper() + rest[1:] if rest != text else text


def _without_cut_end(text: str) -> list[str]:
    """The sentences of a text; a last one without an end is dropped unless it is the only one."""
    sentences = split_sentences(text)
    if len(sentences) > 1 and not sentences[-1].rstrip(_CLOSERS).endswith(_TERMINAL):
        sentences.pop()
    return sentences
