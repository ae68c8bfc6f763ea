"""From the lines of an answer (headings, lists, tables, labels) to one paragraph of sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from ..language.sentences import words
from .wrappers import unquoted, without_lead_in


class _Kind(Enum):
    HEADING = "heading"
    ITEM = "item"
    ROW = "row of a table"
    PLAIN = "plain"
    GAP = "gap"


@dataclass(frozen=True)
class _Line:
    kind: _Kind
    text: str = ""
    depth: int = 0


_END = (".", "!", "?", "\u2026", "\u3002", "\uff01", "\uff1f")
_CLOSERS = "\"')\u201d\u2019\u300d\u300f*_`]"
_FENCE = re.compile(r"[ \t]{0,12}(?:```|~~~)[\w-]{0,20}[ \t]*\Z")
_RULE = re.compile(r"[ \t]{0,8}(?:[-*_=~#\u2014][ \t]?){3,}\Z")
_HEADING = re.compile(r"[ \t]{0,8}#{1,6}[ \t]+(.+?)[ \t#]*\Z")
_BOLD_LINE = re.compile(r"[ \t]{0,8}(?:\*\*|__)([^*\n]{1,80}?)(?:\*\*|__)[ \t]*:?[ \t]*\Z")
_ITEM = re.compile(
    r"([ \t]{0,24})(?:[-*+\u2022\u2023\u25aa\u25cf\u25e6\u2043\u2219\u2013]|\(?\d{1,3}[.)\u3001]|\d{1,3}\uff0e"
    r"|\(?[a-zA-Z]\))[ \t]+(?=\S)"
)
_CJK_ITEM = re.compile(r"([ \t]{0,24})\d{1,2}[\u3001\uff0e](?=\S)")
_QUOTE_SIGN = re.compile(r"\A[ \t]{0,8}(?:>[ \t]?)+")
_SEPARATOR = re.compile(r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*\Z")
_MARKDOWN = re.compile(
    r"\*\*|__(?=\w)|(?<=[\w.])__|`|(?<![\w*])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*])|\\(?:textbf|text|emph"
    r"|textit)\{([^{}]*)\}"
)
_SIGNS = re.compile(r"[*_`\\]")
_INLINE_ITEM = re.compile(r"(?<=[.:!?\u3002])[ \t]+(?:[*\u2022\u25cf\u25aa-]|\(?\d{1,2}[.)])[ \t]+(?=[A-Z*\"])")
_INLINE_STAR = re.compile(r"[ \t]+[*\u2022\u25cf\u25aa][ \t]+(?=\S)")
_INLINE_HEADING = re.compile(
    r"(?<=[.!?:*])[ \t]+(?=\*\*[^*\n]{1,60}:?\*\*:?[ \t])|(?<=[.!?])[ \t]+(?=\*\*[^*\n]{1,60}\*\*)"
)
_HASHTAGS = re.compile(r"[ \t]*(?:#\w+[ \t,]*)+\Z")
_LABEL = re.compile(
    r"(?:\*\*|__)?([^:\uff1a*\n.!?]{1,48}?)(?:\*\*|__)?[ \t]?[:\uff1a](?:\*\*|__)?(?:[ \t]+|(?<=\uff1a)"
    r"|(?=[\"\u201c])|\Z)(.*)\Z"
)
_DESCRIPTION = re.compile(
    r"(?:(?:the|a|an|my|your|image|picture|photo|final|improved|revised|detailed|full|long|complete|new"
    r"|corrected|rewritten|merged|short|one|paragraph|"
    r"overall|ai|model|suggested|possible|generated|brief|scene|general|main)\s+)*"
    r"(?:captions?|descriptions?|answer|response|output|text|prose|paragraph|summary|result|version|assistant"
    r"|model|ai"
    r"|\u63cf\u8ff0|\u6807\u9898|\u56fe\u7247\u63cf\u8ff0|\u8bf4\u660e|\u5b57\u5e55|\u56de\u7b54|\u8aac\u660e|\u30ad\u30e3\u30d7\u30b7\u30e7\u30f3|\uc124\uba85|\ucea1\uc158|beschreibung|bildbeschreibung"
    r"|bildunterschrift|légende|descripción|leyenda"
    r"|descrição|legenda|descrizione|didascalia|\u043e\u043f\u0438\u0441\u0430\u043d\u0438\u0435|\u043f\u043e\u0434\u043f\u0438\u0441\u044c)(?:\s+\d{1,2})?(?:\s+(?:of|for)\s+(?:the|this"
    r"|your)\s+(?:\w+\s+)?(?:image|picture|photo|scene))?",
    re.I,
)
_ASIDE = re.compile(
    r"(?:\w+\s+)?(?:title|keywords?|key words|tags?|hashtags?|notes?|disclaimer|word count|filename|file name"
    r"|alt text title|"
    r"token count|changes(?: made)?|explanation|reasoning|rationale|confidence|\u5173\u952e\u8bcd|\u6807\u7b7e)",
    re.I,
)
_LONGEST_HEADING = 9  # words
_LABEL_WORDS = 2
_SPEAKS = re.compile(
    r"\b(?:reads?|reading|says?|saying|states?|written|words?|text|sagt|steht|dit|lit|dice|reza|diz|recita|that)\Z",
    re.I,
)  # what a sign says is no label's sentence
_SENTENCE = 4  # words from which on what follows a label stands without it


def flat(text: str, *, cut: bool = False) -> str:
    """One paragraph: headings gone, list items and rows with a full stop, labels gone where a sentence follows.

    `cut` says that the last line is not whole, so that it gets no full stop.
    """
    lines = _read(_one_item_a_line(text))
    lines = _without_asides(lines)
    spoken = [line for line in lines if line.kind not in (_Kind.HEADING, _Kind.GAP)]
    if not spoken:  # a single heading is the answer
        spoken = [line for line in lines if line.kind is _Kind.HEADING]
    return _joined(lines, spoken, cut=cut)


def _one_item_a_line(text: str) -> str:
    """List items and bold headings that stand within a line, on lines of their own."""
    return "\n".join(map(_split_line, text.split("\n")))


def _split_line(line: str) -> str:
    item = _ITEM.match(line)
    start = item.end() if item else 0
    body = line[start:]
    if len(_INLINE_STAR.findall(body)) > 1:
        body = _INLINE_STAR.sub("\n* ", body)
    return line[:start] + _INLINE_HEADING.sub("\n", _INLINE_ITEM.sub("\n* ", body))


def _read(text: str) -> list[_Line]:
    lines: list[_Line] = []
    for raw in text.split("\n"):
        line = raw.rstrip()
        if _SEPARATOR.match(line) and "|" in line and lines and lines[-1].kind is _Kind.ROW:
            lines.pop()  # the names of the columns
            continue
        if (read := _line(line)) is not None:
            lines.append(read)
    following: list[_Line | None] = []
    for one in reversed(lines):
        following.append(following[-1] if one.kind is _Kind.GAP and following else one)
    following = [*following[-2::-1], None] if following else []
    return [_heading_before_list(one, after) for one, after in zip(lines, following, strict=True)]


def _line(line: str) -> _Line | None:
    """What a line is; None for what says nothing: fences, rules, rows of hashtags."""
    bare = line.strip()
    if not bare:
        return _Line(_Kind.GAP)
    if _FENCE.match(line) or _RULE.match(line) or _HASHTAGS.match(line) or (_SEPARATOR.match(line) and "|" in line):
        return None
    if bare.startswith("|") and bare.count("|") > 1:
        return _Line(_Kind.ROW, _row(bare))
    for pattern in (_HEADING, _BOLD_LINE):
        found = pattern.match(line)
        if found and len(words(found[1])) <= _LONGEST_HEADING and not found[1].rstrip("*_ ").endswith(_END):
            return _Line(_Kind.HEADING, _without_markdown(found[1]).rstrip(" :"))
    line = _QUOTE_SIGN.sub("", line)
    item = _ITEM.match(line) or _CJK_ITEM.match(line)
    if item:
        return _item(line[item.end() :], len(item[1]))
    return _Line(_Kind.PLAIN, _labelled(re.sub(r"\A\s*#{1,6}\s+", "", line)))


def _item(body: str, depth: int) -> _Line:
    bold = _BOLD_LINE.match(body)
    if bold or body.rstrip("* ").endswith((":", "\uff1a")):
        return _Line(_Kind.HEADING, _without_markdown(bold[1] if bold else body).rstrip(" :\uff1a"), depth + 1)
    return _Line(_Kind.ITEM, _labelled(body), depth)


def _row(line: str) -> str:
    """The cells of a row: "label | sentence" as the sentence, other cells one after another."""
    cells = [_without_markdown(cell).strip() for cell in line.strip().strip("|").split("|")]
    cells = [cell for cell in cells if any(map(str.isalpha, cell))] or cells  # a column of numbers only counts
    if len(cells) == 2:
        return cells[1] if _is_sentence(cells[1]) else f"{cells[0]}: {cells[1]}"
    return ", ".join(cells)


def _labelled(line: str) -> str:
    """A line without its label where that is one of an answer, or where a whole sentence follows."""
    found = _LABEL.match(line.strip())
    if found is None:
        return _without_markdown(unquoted(line)).strip()
    label, rest = found[1].strip(" *_"), found[2].strip()
    if _DESCRIPTION.fullmatch(label) and words(rest):
        return _without_markdown(unquoted(rest)).strip()
    if _ASIDE.fullmatch(label):
        return f"{label}: {rest}"
    plain = _without_markdown(rest).strip()
    named = "**" in line[: len(label) + 6] or (
        len(words(label)) <= _LABEL_WORDS and plain.rstrip(_CLOSERS).endswith(_END) and not _SPEAKS.search(label)
    )
    if named and _is_sentence(plain):
        return plain
    return _without_markdown(line).strip()


def _is_sentence(text: str) -> bool:
    return not text[:1].islower() and len(words(text)) >= _SENTENCE


def _without_markdown(text: str) -> str:
    return _MARKDOWN.sub(lambda found: found[1] or "", text) if _SIGNS.search(text) else text


def _heading_before_list(line: _Line, after: _Line | None) -> _Line:
    """A plain line that ends with a colon and only announces what follows is a heading."""
    if line.kind is not _Kind.PLAIN or not line.text.endswith((":", "\uff1a")):
        return line
    if after is None or after.kind is _Kind.GAP:
        return line
    told = _told_before(line.text)
    if len(words(told)) >= _SENTENCE:
        return _Line(_Kind.PLAIN, told if told.endswith(_END) else _stopped(told))
    short = len(words(line.text)) <= _SENTENCE
    return _Line(_Kind.HEADING, line.text.rstrip(":\uff1a")) if short or _ANNOUNCES.search(line.text) else line


_ANNOUNCES = re.compile(
    r"\b(?:following|below|details?|elements?|features?|list|objects?|items?|breakdown|description|image|picture|photo)\b",
    re.I,
)
_ANNOUNCEMENT = re.compile(
    r"(?:(?<=[.!?])\s+[^.!?:]*|,?\s+(?:(?:with|including|featuring|containing|showing|having)\s+)?"
    r"(?:the following|these)\b[^.!?:]*):\s*\Z",
    re.I,
)


def _told_before(text: str) -> str:
    """What a line tells before it announces a list: "A mill by a pond, with the following details:"."""
    found = _ANNOUNCEMENT.search(text)
    told = text[: found.start()] if found else ""
    return told if len(words(without_lead_in(told))) >= _SENTENCE - 1 else ""


def _without_asides(lines: list[_Line]) -> list[_Line]:
    """The lines without titles, keywords and notes: those under a label of that kind, to the next gap or heading.

    Where a line is labelled as the description, a title or keywords beside it are none of it. Something always stays.
    """
    kept: list[_Line] = []
    aside = False
    for line in lines:
        found = _LABEL.match(line.text)
        label = found[1].strip() if found else line.text if line.kind is _Kind.HEADING else ""
        if _ASIDE.fullmatch(label.strip(" *:")):
            aside = line.kind is _Kind.HEADING or not (found and words(found[2]))
            continue
        if line.kind is _Kind.HEADING or (line.kind is _Kind.PLAIN and aside and kept and kept[-1].kind is _Kind.GAP):
            aside = False
        if not aside:
            kept.append(line)
    return kept if any(words(line.text) for line in kept) else lines


def _joined(lines: list[_Line], spoken: list[_Line], *, cut: bool) -> str:
    """The spoken lines as one text. A line that goes on in the next one gets no full stop."""
    parts: list[str] = []
    chosen = {id(line) for line in spoken}
    indices = [number for number, line in enumerate(lines) if id(line) in chosen and words(line.text)]
    headings = _headings_over(lines)
    for position, number in enumerate(indices):
        line = lines[number]
        following = lines[number + 1] if number + 1 < len(lines) else None
        text = f"{headings[number]}: {line.text}" if headings[number] else line.text
        if line.kind in (_Kind.ITEM, _Kind.ROW):
            text = text[:1].upper() + text[1:]
        last = position + 1 == len(indices)
        parts.append(_ended(text, line, following, is_last=last, cut=cut, alone=len(indices) == 1))
    return " ".join(parts)


def _headings_over(lines: list[_Line]) -> list[str]:
    """For each line the item that it hangs under as a fragment ("Bus: colour: red"), so that it says of what it is."""
    over: _Line | None = None
    found = []
    for line in lines:
        over = line if line.kind is _Kind.HEADING else over
        fragment = line.kind is _Kind.ITEM and len(words(line.text)) < _SENTENCE
        found.append(over.text if fragment and over and over.depth and over.depth - 1 < line.depth else "")
    return found


def _ended(text: str, line: _Line, following: _Line | None, *, is_last: bool, cut: bool, alone: bool) -> str:
    if not text or text.rstrip(_CLOSERS).endswith(_END):
        return text
    if is_last:
        listed = line.kind is _Kind.ROW or (line.kind is _Kind.ITEM and not alone)
        return _stopped(text) if listed and not cut else text
    if line.kind is _Kind.PLAIN and following is not None and following.kind is _Kind.PLAIN:
        goes_on = (
            following.text[:1].islower()
            or text.endswith((",", ";"))
            or (len(text) > 60 and not following.text[:1].isupper())
        )
        return text if goes_on or len(text) > 60 else _stopped(text)
    return text if text.endswith((":", "\uff1a")) else _stopped(text)


def _stopped(text: str) -> str:
    cjk = re.search("[\u3040-\u30ff\u4e00-\u9fff]\\W*\\Z", text)
    return text.rstrip(" ,;") + ("\u3002" if cjk else ".")
