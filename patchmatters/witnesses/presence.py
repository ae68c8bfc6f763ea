"""Whether a statement says so plainly that a thing is there that a detector which finds none speaks against it.

A detector knows one sense of each of its labels, and sees no more than what is in view. What is guessed, shown on
something else or looked at from within may well be true where nothing is found, as may what a word means besides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..language.claims import is_guess
from ..language.grammar import DETERMINERS
from ..language.morphology import lemma, word_set
from ..language.reading import Reading
from .labels import Label, thing_of

# Of these a statement may name what is no thing in the picture, or hardly to be found in it.
UNSURE = re.compile(
    r"\b(?:like|resembl\w*|shaped|statues?|sculptures?|figurines?|toys?|drawings?|drawn|paintings?|painted|posters?|"
    r"pictures? of|photos? of|images? of|logos?|signs?|cartoons?|reflect\w*|shadows?|silhouettes?|printed|patterns?|"
    r"tiny|distan\w*|far|background|partial\w*|partly|behind|hidden|obscured|cropped|blur\w*|crowds?|group|prints?|"
    r"symbols?|icons?|emblems?|pictograms?|signals?|displays?|displayed|displaying|depict\w*)\b",
    re.IGNORECASE,
)
# Beside the words by which a clause is known for a guess, those that may also stand in what is seen.
_GUESSED = re.compile(
    r"\b(?:possible|maybe|may|could|would|appears? to|seems? to|suggest\w*|implied|indicat\w*|hint\w*)\b", re.IGNORECASE
)
_FROM_WITHIN = re.compile(
    r"\b(?:in|inside|within|on|aboard|onboard|from) (?:a|an|the|some) (?:[\w-]+ )?"
    r"(?:train|bus|plane|airplane|aircraft|jet|boat|ship|car|truck|bed|tub)\b",
    re.IGNORECASE,
)
# Of furniture that somebody uses little is in view.
_USED = re.compile(
    r"\b(?:sits?|sat|sitting|seat(?:ed|s)?|l[iy]es?|lying|leans?|leaning|rests?|resting)\b", re.IGNORECASE
)
_FURNITURE = word_set("chair bench couch bed table")
# Words that mean more than the label which they may stand for, or another thing altogether.
_WIDER = word_set("bag figure notebook stove cooker remote keyboard monitor board pot ball plant glass dish bike plane")
# A label whose word means this thing only beside one of these.
_ONLY_BESIDE: Mapping[str, frozenset[str]] = {"tie": word_set("person neck shirt suit collar jacket blazer wear")}


def is_named(reading: Reading, label: Label) -> bool:
    """Whether a noun of the statement is the label's: nothing is a tie in "A scarf is tied around it.", and nothing a
    bear in "It bears the name."."""
    following = [*reading.tokens[1:], ""]
    return any(
        thing_of(word) == label.thing and not _is_verb(word, before, after)
        for before, word, after in zip(["", *reading.tokens], reading.tokens, following, strict=False)
    )


def _is_verb(word: str, before: str, after: str) -> bool:
    base = lemma(word)
    if base != word and word.endswith(("ed", "ing")):
        return True
    return before == "to" or (base != word and word.endswith("s") and after in DETERMINERS)


def is_asserted(statement: str, reading: Reading, label: Label) -> bool:
    """Whether a statement that names the label's thing means one that a detector of the label would find."""
    if is_guess(statement) or any(words.search(statement) for words in (UNSURE, _GUESSED, _FROM_WITHIN)):
        return False
    if label.thing in _FURNITURE and _USED.search(statement):
        return False
    said = [word for word in reading.lemmas if thing_of(word) == label.thing]
    if label.name not in _WIDER and all(word in _WIDER for word in said):
        return False
    beside = _ONLY_BESIDE.get(label.thing)
    return beside is None or not beside.isdisjoint(_things(reading.lemmas))


def _things(lemmas: Sequence[str]) -> set[str]:
    return {thing_of(word) for word in lemmas} | set(lemmas)
