"""Which part of an answer the model said: its first complete turn, without thoughts, headers and invented turns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from ..language.sentences import words
from .echo import without_echo
from .marks import Kind, Mark, marks
from .thoughts import begins_as_thought, without_bare_thoughts


@dataclass(frozen=True)
class Turn:
    """What was said, and whether the answer held thoughts at all."""

    text: str
    thought: bool = False


class _State(Enum):
    SAID = "said"
    THOUGHT = "thought"
    OTHER = "someone else's"
    ANSWER = "called the answer"
    CAPTION = "called a caption"
    DONE = "behind a caption"
    PERHAPS = "a thought, if anything else was said"


_ROLE = re.compile(
    r"\s*(?:(?P<thought>think(?:ing)?|analysis|reasoning)|(?P<mine>assistant|model|chatbot|bot|gpt|ai|response)"
    r"|(?P<other>user|human|system|developer|tool"
    r"|observation))"
    r"\b(?:[ \t]*to=(?P<to>[\w.]+))?[ \t]*:?",
    re.I,
)
_CHANNEL = re.compile(
    r"\s*(?:(?P<thought>analysis|commentary|thoughts?|thinking|reasoning|critic)|(?P<said>final|response|answer"
    r"|text))\b"
    r"(?:[ \t]*to=[\w.]+)?[ \t]*:?",
    re.I,
)
_HEADER_LINE = re.compile(
    r"\s*(?:assistant|model)?\s*(?P<channel>analysis|commentary|final)?\s*(?:to=(?P<to>[\w.]+))?\s*"
    r"(?P<constrain>text|json)?\s*\Z",
    re.I,
)
_BARE_HARMONY = re.compile(r"\A\s*(?:assistant)?(?:analysis|commentary)(?=[A-Z])")
_BARE_FINAL_AFTER = re.compile(r"assistant\s?(?:commentary.{0,2000}?assistant\s?)?final(?=\S)", re.S)
_BARE_FINAL = re.compile(r"\A\s*(?:assistant\s?)?final(?=[A-Z])")
_COORDINATES = re.compile(r"[\s\d.,;:()\[\]<>x-]*\Z")


_FENCED_THOUGHT = re.compile(
    r"```(?:think(?:ing)?|thoughts?|reasoning|reflection|scratchpad)[ \t]*\n(.*?)(```|\Z)", re.S
)
# Thoughts between lines of words, each form with the whole thought and the mark of its end.
_WORDED_THOUGHTS = (
    re.compile(r"(?:\A|(?<=\n))Thinking\.\.\.[ \t]*\n(.*?)(\.\.\.done thinking\.?|\Z)", re.S),
    re.compile(r"<details type=\"?reasoning\"?[^>\n]{0,80}>(.*?)(</details>|\Z)", re.S),
)
_HALF_MARK = re.compile(r"\s{0,4}<[|\uff5c/][^<>\s]{0,24}\Z")
_BOXED = re.compile(r"\\boxed\{(.+)\}", re.S)
_LEAD_IN_END = (":", "\uff1a")
_LONGEST_LEAD_IN = 16  # words


def said_of(text: str, *, cut: bool = False, instruction: str = "", prose: bool = True) -> Turn:
    """The first complete turn of an answer that says anything but the instruction.

    `cut` says that the answer was stopped at its token limit: thoughts without an end are then thoughts. Thoughts
    without any tag are looked for in prose only.
    """
    bare = _without_bare_harmony(text)
    if bare is None:
        return Turn("", thought=True)
    for form in (_FENCED_THOUGHT, *_WORDED_THOUGHTS):
        bare = form.sub(lambda found: f"<think>{found[1]}" + "</think>" * bool(found[2]), bare)
    reader = _Reader(instruction)
    reader.read(_HALF_MARK.sub("", bare))
    turn = reader.turn()
    boxed = _BOXED.search(turn.text) if prose else None
    rest = boxed[1] if boxed else without_bare_thoughts(turn.text, cut=cut) if prose else turn.text
    return Turn(rest, turn.thought or rest != turn.text)


def _without_bare_harmony(text: str) -> str | None:
    """The text without harmony's channels as bare words ("analysisThe ...assistantfinalA bus."), or None."""
    if not _BARE_HARMONY.match(text):
        return _BARE_FINAL.sub("", text)
    found = _BARE_FINAL_AFTER.search(text)
    return text[found.end() :] if found else None


@dataclass
class _Reader:
    """Reads an answer mark by mark. Texts are kept by what they are until it is known which of them counts."""

    instruction: str
    state: _State = _State.SAID
    outer: _State = _State.SAID
    texts: Mapping[_State, list[str]] = field(default_factory=lambda: {state: [] for state in _State})
    thought: bool = False
    worded: bool = False
    finished: bool = False
    answering: bool = False
    expects: re.Pattern[str] | None = None
    last_thought_end: int = -1

    def read(self, text: str) -> None:
        found = list(marks(text))
        self.last_thought_end = max((mark.start for mark in found if mark.kind is Kind.THOUGHT_END), default=-1)
        start, before = 0, None
        for mark in found:
            self._piece(text[start : mark.start], before, mark)
            start, before = mark.end, mark
            self._mark(mark)
            if self.finished:
                return
        self._piece(text[start:], before, None)

    def turn(self) -> Turn:
        """What counts: the answer that calls itself so, then the caption, then what was simply said."""
        thought = self.thought or self.state is _State.THOUGHT
        perhaps = (_State.PERHAPS,) if self.thought else ()
        for state in (_State.ANSWER, _State.CAPTION, _State.SAID, *perhaps):
            text = "".join(self.texts[state])
            if words(text):
                return Turn(text, thought)
        return Turn("", thought or bool(self.texts[_State.PERHAPS]))

    # --- pieces of text ---

    def _piece(self, piece: str, before: Mark | None, after: Mark | None) -> None:
        if self.expects is not None:
            piece = self._without_header(piece)
        if after is not None and after.kind is Kind.MESSAGE and self._was_header(piece):
            return
        near = {mark.kind for mark in (before, after) if mark is not None}
        if Kind.BOX in near and _COORDINATES.match(piece):
            return
        self.worded = self.worded or any(map(str.isalnum, piece))
        self.texts[self.state].append(piece)

    def _without_header(self, piece: str) -> str:
        """The piece without the role or channel that it begins with, which says what the rest is."""
        found = self.expects.match(piece) if self.expects else None
        self.expects = None
        if found is None:
            return piece
        groups = found.groupdict()
        if groups.get("other"):
            self.state = _State.OTHER
        else:
            self._channel(is_thought=bool(groups.get("thought")) or groups.get("to") == "self")
        return piece[found.end() :]

    def _was_header(self, piece: str) -> bool:
        """Whether a piece before the mark of a message's begin is its header: "to=self", "final json"."""
        found = _HEADER_LINE.match(piece)
        if found is None:
            return False
        if found["to"] or found["channel"]:
            self._channel(is_thought=found["to"] == "self" or (found["channel"] or "final").lower() != "final")
        return True

    def _channel(self, *, is_thought: bool) -> None:
        self.state = _State.THOUGHT if is_thought else _State.ANSWER if self.answering else _State.SAID
        self.thought = self.thought or is_thought

    # --- marks ---

    def _mark(self, mark: Mark) -> None:
        if self.state is _State.THOUGHT and self._is_draft(mark):
            return
        if mark.kind in _HANDLERS:
            _HANDLERS[mark.kind](self)
        elif mark.kind in _SPACES:
            self.texts[self.state].append(_SPACES[mark.kind])

    def _is_draft(self, mark: Mark) -> bool:
        """Whether a mark within a thought is only thought of: all but its end, and an answer in an endless thought."""
        if mark.kind is Kind.ANSWER:
            return mark.start < self.last_thought_end
        return mark.kind not in _LEAVES_THOUGHT

    def _says(self) -> bool:
        """Whether anything was said so far that is neither the instruction nor the lead-in of an answer to come."""
        if not self.worded:
            return False
        counts = _COUNTS[:1] if self.answering else _COUNTS
        text = next(filter(words, ("".join(self.texts[state]) for state in counts)), "")
        rest = without_echo(text.strip(), self.instruction).strip()
        is_lead_in = rest.endswith(_LEAD_IN_END) and len(words(rest)) <= _LONGEST_LEAD_IN
        return bool(words(rest)) and not is_lead_in

    def _begin(self, state: _State) -> None:
        """Another turn begins: the end of everything, if this one said something."""
        if self._says():
            self.finished = True
            return
        self.texts[_State.SAID].clear()
        self.worded = False
        self.state = _State.ANSWER if self.answering and state is _State.SAID else state

    def on_thought(self) -> None:
        if self.state is not _State.THOUGHT:
            self.outer, self.state = self.state, _State.THOUGHT

    def on_thought_end(self) -> None:
        """A thought that was opened in the prompt has only an end: what was said until then is the thought."""
        if self.state is _State.THOUGHT:
            self.thought, self.state = True, self.outer
            return
        self.texts[_State.PERHAPS].extend(self.texts[_State.SAID])
        self.texts[_State.SAID].clear()

    def on_end(self) -> None:
        self.finished = self._says()
        self.state = _State.ANSWER if self.answering else _State.SAID

    def on_header(self) -> None:
        self._begin(_State.SAID)
        self.expects = _ROLE

    def on_channel(self) -> None:
        self._begin(_State.SAID)
        self.expects = _CHANNEL

    def on_other(self) -> None:
        self._begin(_State.OTHER)

    def on_mine(self) -> None:
        self._begin(_State.SAID)

    def on_reply(self) -> None:
        """ "Answer:" after thoughts is where the answer begins; after a description it is a second one."""
        if begins_as_thought("".join(self.texts[_State.SAID])):
            self.texts[_State.SAID].clear()
            self.thought = True
        self._begin(_State.SAID)

    def on_answer(self) -> None:
        self.thought = self.thought or self.state is _State.THOUGHT
        self.answering = True
        self.state = _State.ANSWER

    def on_answer_end(self) -> None:
        self.finished = self._says()

    def on_caption(self) -> None:
        if self.state in (_State.SAID, _State.DONE):
            self.state = _State.CAPTION

    def on_caption_end(self) -> None:
        if self.state is _State.CAPTION:
            self.texts[_State.CAPTION].append("\n")
            self.state = _State.DONE
        elif self.state is _State.SAID:
            self.finished = self._says()


_COUNTS = (_State.ANSWER, _State.CAPTION, _State.SAID)
_SPACES = {Kind.BLOCK: "\n", Kind.BOX: " "}
_LEAVES_THOUGHT = frozenset((Kind.THOUGHT, Kind.THOUGHT_END, Kind.END, Kind.HEADER, Kind.CHANNEL))
_HANDLERS: Mapping[Kind, Callable[[_Reader], None]] = {
    Kind.THOUGHT: _Reader.on_thought,
    Kind.THOUGHT_END: _Reader.on_thought_end,
    Kind.END: _Reader.on_end,
    Kind.HEADER: _Reader.on_header,
    Kind.CHANNEL: _Reader.on_channel,
    Kind.OTHER: _Reader.on_other,
    Kind.MINE: _Reader.on_mine,
    Kind.REPLY: _Reader.on_reply,
    Kind.ANSWER: _Reader.on_answer,
    Kind.ANSWER_END: _Reader.on_answer_end,
    Kind.CAPTION: _Reader.on_caption,
    Kind.CAPTION_END: _Reader.on_caption_end,
}
