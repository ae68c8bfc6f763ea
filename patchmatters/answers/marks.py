"""Marks in an answer that are no words: special tokens, tags and role names, found in one pass and named by tables.

Forms were collected from the chat templates and bug reports of Qwen, Gemma, Llama, Mistral, DeepSeek, Kimi, GLM, Seed,
Cohere, harmony (gpt-oss), Granite, Apriel, LLaVA-CoT and others. New ones are met by the parts of their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a mark means for the text after it."""

    THOUGHT = "a thought begins"
    THOUGHT_END = "a thought ends"
    ANSWER = "the answer begins, whatever came before"
    ANSWER_END = "the answer ends"
    CAPTION = "a caption begins in its wrapper"
    CAPTION_END = "a caption ends in its wrapper"
    END = "a turn or a document ends"
    HEADER = "a turn begins; its role follows"
    CHANNEL = "a channel begins; its name follows"
    MESSAGE = "the text of a turn begins after its header"
    OTHER = "someone else's turn begins"
    MINE = "the assistant's turn begins"
    REPLY = "what is called an answer begins"
    BOX = "coordinates or a picture's place holder stand here"
    INLINE = "nothing: it stands within a sentence"
    BLOCK = "nothing: it stands between sentences"


@dataclass(frozen=True)
class Mark:
    """A mark at text[start:end]. `name` is lower case, without brackets."""

    start: int
    end: int
    kind: Kind
    name: str


_SHAPES = re.compile(
    r"(?P<special><[|\uff5c]\s{0,3}/?[^<>|\uff5c\n]{1,60}[|\uff5c]>)"
    r"|(?P<half><[|\uff5c]/?[\w:\u2581]{1,40}>|</?[\w:\u2581]{1,40}[|\uff5c]>)"
    r"|(?P<diamond>\u25c1/?\w{1,20}\u25b7)"
    r"|(?P<corner>\u3010/?\w{1,12}\u3011)"
    r"|(?P<bracket>\[/?[A-Z][A-Z_]{1,20}(?:[ _][A-Z_]{1,20}){0,3}\]|\[gMASK\])"
    r"|(?P<tag></?[A-Za-z_][\w:.-]{0,40}(?:\s[^<>\n]{0,200})?/?>)"
    r"|(?P<role>(?m:^)[ \t]{0,3}(?:#{1,6}[ \t]*)?(?:\*\*)?"
    r"(?P<line>User|USER|user|Human|HUMAN|human|System|SYSTEM|Question|QUESTION|Instruction|INSTRUCTION|Input"
    r"|Prompt|Q"
    r"|\u7528\u6237|\u4eba\u7c7b|\u7528\u6236|\u95ee|\u554f"
    r"|Assistant|ASSISTANT|assistant|AI|Bot|Chatbot|\u52a9\u624b|\u7b54"
    r"|Response|RESPONSE|Answer|ANSWER|Output|OUTPUT|A"
    r"|(?:The )?[Ff]inal [Aa]nswer|FINAL ANSWER|(?:The )?[Ff]inal (?:[Cc]aption|[Dd]escription|[Rr]esponse"
    r"|[Oo]utput))"
    r"(?:\*\*)?[ \t]{0,3}(?:[:\uff1a](?:\*\*)?|(?<=\*\*)\n))"
    r"|(?P<inner>(?<=\s)(?:#{2,6}[ \t]*(?P<sharp>Instruction|Input|User|Human|Question|Response|Output"
    r"|Assistant|Answer)"
    r"|(?P<caps>USER|HUMAN|ASSISTANT)|(?<=[.!?\"\u201d\u3002]\s)(?P<soft>User|Human|Assistant|Question))[ \t]{0,3}:)"
)

_MAY_MARK = re.compile("[<>\\[\u25c1\u3010:\uff1a*]")  # each shape has one of these

_THOUGHT = re.compile(
    r"(?:^|[_:.])(?:think|thinking|thinks?_\w+|thoughts?|reason|reasoning|reflection|reflect|cot_?\w*"
    r"|scratchpad|analysis"
    r"|rationale|monologue|inner_\w+|internal_\w+|deliberation|plan|planning|\u601d\u8003|\u63a8\u7406|\u601d\u7ef4|brainstorm"
    r"|unused9[45]|reasoning_\w+"
    r"|thought_\w+|thinking_\w+)(?:$|[_:.])"
)
_ANSWER = re.compile(
    r"^(?:(?:start|begin|end|final|the)_(?:of_)?)*(?:answer|response|conclusion|output|solution|final|result"
    r"|reply|\u56de\u7b54|\u7b54\u6848|\u63cf\u8ff0)s?"
    r"(?:_(?:start|begin|end))?$"
)
_CAPTION = re.compile(r"^(?:(?:image|picture|detailed|final|long|the)_)*(?:caption|description)s?$")
_END = re.compile(
    r"^(?:end|eo[a-z]|eo[a-z]_\w+|eot_id|endof\w+|end_(?:of_)?\w+|\w+_end|im_end|return|call|stop|done|finish(?:ed)?"
    r"|turn_end|/?s|sep|cls|bos|startoftext|start_of_text|begin_?of_?\w+|ed|im_eos|eos_token|end_turn|unused95)$"
)
_BOX = re.compile(
    r"^(?:loc|box|bbox|quad|point|points|patch_index|coord|seg|poly|object|region|delimiter_of_\w+)\w*$"
    r"|^(?:image|img|video|vision|vit|audio|grounding|od|ocr|vqa|pad|unk|mask|gmask|start_of_image"
    r"|end_of_image)(?:_\w+)?$"
    r"|^0x[0-9a-f]{2}$"
)
_WITHIN_SENTENCES = re.compile(r"^(?:b|i|em|strong|u|span|phrase|ref|a|mark|font|sub|sup|code|object_ref)$")
_HEADERS = re.compile(
    r"^(?:im_start|start|start_header_id|start_of_(?:turn|role|message)|start_of_turn_token|turn|turn_start|role"
    r"|role_start|header|extra_id_1)$"
)
_MESSAGES = re.compile(
    r"^(?:message|end_header_id|end_header|header_end|im_middle|im_sep|end_of_role|role_end|role_sep|message_sep)$"
)
_MINE = re.compile(r"^(?:im_)?(?:assistant|model|bot|chatbot|gpt|ai|reserved_107)(?:_token|_start|_role)?$")
_OTHER = re.compile(
    r"^(?:im_)?(?:user|human|prompter|system|tool|instruction|question|inst|sys|reserved_106)(?:_token|_start"
    r"|_role)?$"
)
_HTML = re.compile(r"^(?:p|br|div|ul|ol|li|h[1-6]|hr|html|body|table|tr|td|th|thead|tbody|section|article|pre)$")
_LINE_ROLES = {
    **dict.fromkeys(
        ("user", "human", "system", "question", "instruction", "input", "prompt", "q", "\u7528\u6237", "\u4eba\u7c7b",
         "\u7528\u6236", "\u95ee", "\u554f"), Kind.OTHER,
    ),
    **dict.fromkeys(("assistant", "ai", "bot", "chatbot", "\u52a9\u624b"), Kind.MINE),
    **dict.fromkeys(("response", "answer", "output", "a", "\u7b54"), Kind.REPLY),
}  # fmt: skip


def marks(text: str) -> Iterator[Mark]:
    """The marks of a text in their order; what only looks like one (a sign that reads "<EXIT>") is none."""
    if not _MAY_MARK.search(text):
        return
    closed = {name.lower() for name in re.findall(r"</([A-Za-z_][\w:.-]{0,40})\s?>", text)}
    for found in _SHAPES.finditer(text):
        kind, name = _kind(found, closed, text)
        if kind is not None:
            yield Mark(found.start(), found.end(), kind, name)


def _kind(found: re.Match[str], closed: set[str], text: str) -> tuple[Kind | None, str]:
    shape = found.lastgroup
    if found.group("role") or found.group("inner"):
        return _role(found)
    name, closing = _name(found.group())
    kind = _named(name, closing, is_tag=shape == "tag")
    if kind is Kind.BLOCK and not _is_markup(found, name, closing, closed, text):
        return None, name
    return kind, name


def _role(found: re.Match[str]) -> tuple[Kind, str]:
    name = next(filter(None, found.group("line", "sharp", "caps", "soft"))).lower()
    return _LINE_ROLES.get(name, Kind.ANSWER), f"{name}:"


_BRACKETS = "<>|\uff5c[]\u25c1\u25b7\u3010\u3011 \t"


def _name(raw: str) -> tuple[str, bool]:
    """The name of a mark in lower case with underscores, and whether it closes something."""
    inner = raw.strip(_BRACKETS)
    closing = inner.startswith("/") or (raw.endswith("|>") and not raw.startswith(("<|", "<\uff5c")))
    if raw[1:2] not in "|\uff5c" and raw[0] == "<":
        inner = inner.split()[0] if inner.split() else ""
    name = re.sub(r"[\s\u2581-]+", "_", inner.strip("/ ").lower())
    return name, closing or name.startswith("end_") or name.endswith("_end") or name == "unused95"


def _named(name: str, closing: bool, *, is_tag: bool) -> Kind:
    """What a name means: the first row of the table that it fits."""
    if is_tag and name in _TAGS_OF_CODE:
        return Kind.BLOCK
    bare = re.sub(r"^(?:start|begin|end)_(?:of_)?|_(?:start|end|begin)$", "", name)
    for pattern, opens, ends in _TABLE:
        if pattern.search(bare if opens in (Kind.BOX, Kind.INLINE) else name):
            return ends if closing else opens
    return Kind.BLOCK


_TAGS_OF_CODE = frozenset(("end", "stop", "done", "call", "return", "finish"))
# (names, what the opening mark means, what the closing one does), the most special first
_TABLE: tuple[tuple[re.Pattern[str], Kind, Kind], ...] = (
    (re.compile(r"^s$"), Kind.END, Kind.END),
    (_MESSAGES, Kind.MESSAGE, Kind.MESSAGE),
    (re.compile(r"^channel$"), Kind.CHANNEL, Kind.THOUGHT_END),
    (_WITHIN_SENTENCES, Kind.INLINE, Kind.INLINE),
    (_BOX, Kind.BOX, Kind.BOX),
    (_THOUGHT, Kind.THOUGHT, Kind.THOUGHT_END),
    (_ANSWER, Kind.ANSWER, Kind.ANSWER_END),
    (_CAPTION, Kind.CAPTION, Kind.CAPTION_END),
    (_OTHER, Kind.OTHER, Kind.MINE),
    (_MINE, Kind.MINE, Kind.END),
    (_HEADERS, Kind.HEADER, Kind.END),
    (_END, Kind.END, Kind.END),
)


def _is_markup(found: re.Match[str], name: str, closing: bool, closed: set[str], text: str) -> bool:
    """Whether an unknown mark is markup: a special token, half of a pair, HTML, or alone at an end of the answer."""
    if found.lastgroup in ("special", "half", "diamond") or closing or name in closed or _HTML.match(name):
        return True
    if found.lastgroup == "corner":
        return False
    if found.group().endswith("/>"):
        return True
    before, after = text[max(0, found.start() - 200) : found.start()], text[found.end() : found.end() + 200]
    return not before.strip() or not after.strip()
