"""The one place where a model's answer becomes text, or where it is said why it is none.

What users complain of most in captions is dirt: thoughts, invented turns, wrappers, "This image shows", a last sentence
that was cut off, sentences said twice, apologies. It is removed here, and only here; no word is ever invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..basics.plain_text import joined
from ..language.sentences import split_sentences, words
from .cut import fragment_of, is_finished, without_cut_end
from .echo import without_echo
from .json_answer import UnreadableAnswer, read_value
from .lines import flat
from .refusals import is_refusal
from .repeats import without_loops, without_repeats
from .turns import said_of
from .wrappers import (
    is_chatter,
    plain_signs,
    text_of_json,
    unquoted,
    without_entities,
    without_lead_in,
    without_preamble,
    without_recited,
)

LIMIT = 8192  # characters of an answer's text


class Flaw(Enum):
    """What was wrong with an answer."""

    NONE = ""
    REFUSED = "the model refused"
    THOUGHTS = "the model was cut off, or ended, inside its thoughts"
    CUT = "the answer was cut off before its first sentence ended"
    EMPTY = "the model answered nothing"


_REMEDIES = {
    Flaw.REFUSED: "use another picture or model",
    Flaw.THOUGHTS: "raise max_new_tokens, switch thinking off, or use a model that does not think",
    Flaw.CUT: "raise max_new_tokens",
    Flaw.EMPTY: "run again, or use another model",
}


@dataclass(frozen=True)
class Reading:
    """An answer as text. `text` is empty exactly when `flaw` says why there is none.

    `refusal` is what a refusing model said, `fragment` the beginning of the only sentence of an answer that was cut
    off, without the word that it broke off in. `shortened` says that a sentence that was cut off was left out.
    """

    text: str = ""
    flaw: Flaw = Flaw.NONE
    refusal: str = ""
    fragment: str = ""
    shortened: bool = False

    @property
    def problem(self) -> str:
        """What was wrong and what to do about it, as half a sentence; empty for an answer that can be used."""
        if self.flaw is Flaw.NONE:
            return ""
        said = f" ({self.refusal[:160]!r})" if self.refusal else ""
        return f"{self.flaw.value}{said}: {_REMEDIES[self.flaw]}"


def read_answer(text: str, *, limit: int = LIMIT, cut: bool = False, instruction: str = "") -> Reading:
    """What a model said, without the dirt of its making, or what was wrong with its answer.

    `limit` is in characters: a longer answer ends with the last whole sentence before it. `cut` says that the answer
    was stopped at its token limit. `instruction` is what the model was asked: repeating it is no answer.
    """
    too_long = len(text) > 4 * limit
    cut = cut or too_long
    turn = said_of(plain_signs(text[: 4 * limit]), cut=cut, instruction=instruction)
    prose, whole = _without_json(without_entities(turn.text))
    cut = cut or not whole
    body = _body(prose, cut=cut)
    said = without_echo(body, instruction)
    if is_refusal(said):
        return Reading(flaw=Flaw.REFUSED, refusal=" ".join(said.split()))
    sentences, looped = _sentences(said, instruction)
    kept = without_cut_end(sentences, cut=cut and not looped)
    final = _within(kept, limit)
    if final:
        return Reading(final, shortened=len(kept) < len(sentences))
    flaw = _why_empty(sentences, thought=turn.thought, cut=cut)
    return Reading(flaw=flaw, fragment=fragment_of(sentences[0])[:limit] if sentences else "")


def _why_empty(sentences: list[str], *, thought: bool, cut: bool) -> Flaw:
    if sentences:
        return Flaw.CUT
    if thought:
        return Flaw.THOUGHTS
    return Flaw.CUT if cut else Flaw.EMPTY


def _body(said: str, *, cut: bool) -> str:
    """One paragraph out of what was said, without wrappers and lead-ins."""
    text = unquoted(without_preamble(said.strip()), cut=cut)
    text = text if "\n" in text else text.replace("\\n", "\n")
    text = flat(text, cut=cut and not is_finished(text))
    text = unquoted(without_preamble(" ".join(text.split())), cut=cut)
    return without_recited(text).strip()


def _without_json(text: str) -> tuple[str, bool]:
    """The description in an answer that is JSON, or the text itself, and whether the JSON was whole."""
    try:
        value, whole = read_value(text)
    except UnreadableAnswer:
        return text, True
    return text_of_json(value) or text, whole


def _sentences(text: str, instruction: str) -> tuple[list[str], bool]:
    """The sentences of the picture, each once, without loops, offers of help and the question said again.

    Also whether the last one ran into a loop: without it, it is as whole as it will ever be.
    """
    said = [sentence for sentence in split_sentences(text) if not is_chatter(sentence)]
    calm = [without_loops(sentence) for sentence in said]
    looped = bool(said) and len(calm[-1]) < len(said[-1])
    text = without_echo(joined(without_repeats(calm)), instruction)
    return split_sentences(without_lead_in(text)), looped


def _within(sentences: list[str], limit: int) -> str:
    """As many whole sentences as fit; the beginning of the first where not even that does."""
    text = joined(sentences)
    while len(text) > limit and len(sentences) > 1:
        sentences = sentences[: max(1, len(sentences) - max(1, len(sentences) // 16))]
        text = joined(sentences)
    return text[:limit] if words(text) else ""
