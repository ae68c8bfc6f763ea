"""Contradictions of two statements that are known to be about one thing, because they are alike.

`find_conflict` compares what is said of one noun, since two nouns may be two things. Real captions call one thing by
many names ("a dark bench" and "the slats are made of green metal"). Where two statements are alike as wholes, the
values that they use decide: one calls everything green, the other everything brown; one reads 57, the other 67.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..basics.remembered import remembered
from .conflict import Conflict, akin, exclusion, find_conflict, tell_of_two_things, told_elsewhere
from .morphology import lemma, word_set
from .reading import Reading, read, values_of
from .similarity import shares
from .vocabulary import ANIMATE, CARDINALS, CONCEPTS, Quantity, Value

# Scales on which captions of one thing differ by mistake; on others (size, light, place) they differ by taste.
_SCALES = ("colour/hue", "material/material", "pose/expression")
_NUMBER = re.compile(r"\d[\d-]*")
_LONG = 3  # digits from which on a number is a name: what has one that is missing elsewhere was read otherwise
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
_NUMERALS = {word: number for number, word in enumerate(CARDINALS)} | {
    word: 10 * number for number, word in enumerate(_TENS, 2)
}
_NUMERAL = rf"({'|'.join(_NUMERALS)})(?:[ -]({'|'.join(CARDINALS[1:10])}))?"
# A number in words is one that is written there only after a word that says so, or in quotation marks: others count
# ("two men"), and "one" is mostly a pronoun.
_IN_WORDS = re.compile(
    rf"\b(?:numbers?|numerals?|digits?|figures?) {_NUMERAL}\b(?! of\b)|[\"\u201c]{_NUMERAL}[\"\u201d]", re.IGNORECASE
)
_HAIR = word_set("blonde blond brunette redhead redheaded auburn")


@dataclass(frozen=True)
class _Said:
    """A word for a value, the value, and the thing that has it ("" where that is unclear)."""

    word: str
    value: Value | Quantity
    thing: str


_Values = Mapping[str, Sequence[_Said]]


def find_dispute(a: str, b: str, *, same_extent: bool = True) -> Conflict | None:
    """A conflict of two statements that are alike, as `find_conflict` gives it, else one of their values as wholes."""
    found = find_conflict(a, b, same_extent=same_extent)
    if found or tell_of_two_things(a, b) or told_elsewhere(read(a), read(b)):
        return found
    return _of_facts(a, b) or _of_numbers(a, b) or _of_values(a, b)


def _of_facts(a: str, b: str) -> Conflict | None:
    """Two facts about one noun that exclude each other, whatever the statements are about."""
    one, two = read(a), read(b)
    shared = sorted(one.fact_keys & two.fact_keys)
    return next((found for key in shared if (found := exclusion(one.facts[key], two.facts[key]))), None)


def _of_numbers(a: str, b: str) -> Conflict | None:
    """Numbers that are read, none of which both have ("A 57" and "A-67", "the number two" and "a 3"), or long ones that
    each has alone."""
    one, two = _numbers(a), _numbers(b)
    if one and two and set(one).isdisjoint(two):
        return Conflict("number", "", (one[0], two[0]))
    first, second = _long_ones(one, two), _long_ones(two, one)
    return Conflict("number", "", (first[0], second[0])) if first and second else None


def _long_ones(numbers: Sequence[str], others: Sequence[str]) -> list[str]:
    """The long numbers that are not among the others."""
    return [one for one in numbers if one not in others and len(one) >= _LONG]


def tell_of_others(a: str, b: str) -> bool:
    """Whether two statements that are alike give values to a thing and to its part: a brown horse, its black tail."""
    return any(_of_others(pairs, read(a), read(b)) for pairs in _excluding(a, b))


@remembered(4096)
def _numbers(text: str) -> Sequence[str]:
    """Numbers in digits, and in words where they are what is written, all as digits."""
    words = (tuple(filter(None, match.groups())) for match in _IN_WORDS.finditer(text))
    return [*_NUMBER.findall(text), *(str(sum(_NUMERALS[one.lower()] for one in parts)) for parts in words)]


def _of_values(a: str, b: str) -> Conflict | None:
    """A scale on which every value of the one excludes every value of the other."""
    one, two = read(a), read(b)
    for pairs in _excluding(a, b):
        if not (_of_others(pairs, one, two) or (_of_subjects(pairs, one, two) and not any(shares(a, b)))):
            return Conflict(pairs[0][0].value.attribute, "", (pairs[0][0].word, pairs[0][1].word))
    return None


def _of_subjects(pairs: Sequence[tuple[_Said, _Said]], one: Reading, two: Reading) -> bool:
    """Whether the values are those of what the statements are about: a yellow pencil and a red pen."""
    return all(this.thing == one.subject != "" != two.subject == that.thing for this, that in pairs)


def _excluding(a: str, b: str) -> Iterator[list[tuple[_Said, _Said]]]:
    """The values of both on each scale on which every one of the first excludes every one of the second."""
    one, two = _values(a), _values(b)
    for scale in _SCALES:
        pairs = [(this, that) for this in one.get(scale, ()) for that in two.get(scale, ())]
        if pairs and all(_exclude(this, that) for this, that in pairs):
            yield pairs


def _of_others(pairs: Sequence[tuple[_Said, _Said]], one: Reading, two: Reading) -> bool:
    """Whether of each pair one value is that of a living thing that both name, the other that of a part of it.

    What only has another name may be the same: of "a red dress" and "a black outfit" one is wrong.
    """
    return all(
        (this.thing in ANIMATE) != (that.thing in ANIMATE)
        and this.thing
        and that.thing
        and (this.thing in two.present or that.thing in one.present)
        for this, that in pairs
    )


def _thing(noun: str) -> str:
    """What a noun is compared as, the first of its concepts."""
    return CONCEPTS.get(noun, (noun,))[0]


def _exclude(one: _Said, other: _Said) -> bool:
    return one.value.excludes(other.value) and not akin(one.word, other.word)


@lru_cache(maxsize=4096)
def _values(text: str) -> _Values:
    """The values of a statement by scale. Hair is told by words of its own; "papers" and "the paper" are things."""
    found: dict[str, list[_Said]] = defaultdict(list)
    reading = read(text)
    for place, word in enumerate(reading.tokens):
        thing = _thing(reading.things.get(place, ""))
        for value in values_of(word) if word not in _HAIR else ():
            is_thing = value.attribute == "material" and (lemma(word) != word or not thing)
            if value.scale in _SCALES and not is_thing:
                found[value.scale].append(_Said(word, value, thing))
    return found
