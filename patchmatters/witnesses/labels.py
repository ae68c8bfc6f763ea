"""Which label of a detector is the thing that a statement names, and which labels look alike to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from ..language.morphology import lemma
from ..language.vocabulary import CONCEPTS

# Kinds that a label does not tell apart: a "person" is a man, a woman or a child.
_OPEN_KINDS: Mapping[str, frozenset[str]] = {"person": frozenset({"male", "female", "child"})}
# Things of a line are easily taken for one another, and are called differently by people and detectors: that none of
# one is found means nothing where another is.
_ALIKE = """
bicycle motorcycle
car truck bus train van vehicle
airplane bird kite
boat surfboard
couch chair bench bed table
dog cat sheep horse cow bear goat
horse zebra giraffe elephant cow
cup glass bottle vase bowl
fork knife spoon
apple orange ball
laptop tv computer keyboard monitor phone remote book
backpack bag suitcase
cake donut pizza sandwich bread
skis snowboard skateboard surfboard
sink toilet bathtub
stove oven microwave refrigerator
umbrella kite
"""


def thing_of(word: str) -> str:
    """What a noun is compared as: "sofa" as "couch", "men" as "person"."""
    base = lemma(word.lower())
    return CONCEPTS.get(base, (base,))[0]


def _build_alike() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in filter(None, map(str.strip, _ALIKE.splitlines())):
        things = {thing_of(word) for word in line.split()}
        for thing in things:
            found.setdefault(thing, set()).update(things)
    return {thing: frozenset(others) for thing, others in found.items()}


_LIKENESS = _build_alike()


@dataclass(frozen=True)
class Label:
    """A label as it is compared: its thing, and the nouns before it ("traffic" light), which a statement names too."""

    name: str
    thing: str
    kinds: frozenset[str]


def label_of(name: str) -> Label:
    *before, head = name.lower().replace("_", " ").split() or [""]
    return Label(name, thing_of(head), frozenset(map(lemma, before)))


def find_label(thing: str, kinds: Set[str], labels: Iterable[Label]) -> Label | None:
    """The label for a thing of these kinds; None where a detector that knows these labels cannot know the thing.

    A "teddy bear" is no bear, and a "table" need not be the "dining table" of the detector.
    """
    narrowed = kinds - _OPEN_KINDS.get(thing, frozenset())
    return next((label for label in labels if label.thing == thing and label.kinds == narrowed), None)


def looks_like(one: str, other: str) -> bool:
    """Whether a thing may have been taken for another."""
    return one == other or other in _LIKENESS.get(one, ())
