"""Putting kept statements to text without a model: in reading order, each once, with their place in words.

No word is added but the place and what makes a sentence of a phrase (see `language.prose`), so nothing can be invented.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from ..language.chinese import is_chinese, place_in_words, without_opening_place
from ..language.conflict import find_conflict, is_about_frame, is_measured
from ..language.places import PLACES, in_picture, names_place, places_of, without_frame, without_place
from ..language.pronouns import introduced, without_dangling
from ..language.prose import as_prose, in_mid_sentence, is_bare
from ..language.sentences import content_words, statements_of, words
from ..language.similarity import containment
from ..language.tongue import Tongue
from ..scene import Basis, Box, Patch, Scene, Sentence, Statement

_WITHIN_ANOTHER = 0.95  # share of a statement's content words that another must hold to make it superfluous
_STOP, _MARKS = "\u3002", " ,;:\uff0c\uff1b\uff1a"
_END = re.compile(r"[.!?\u3002\uff01\uff1f]+(?=[\"')\u201d\u2019]*(?:\s|\Z))")
_OPENS_WITH_PLACE = re.compile(
    r"\A(?:on|in|at|to|behind|below|above|beside|near|next|along|around|under|over|across)\b", re.IGNORECASE
)
_CLOSED = re.compile(r"\b(?:there|here|\d+)\.\Z|[\"')]\.\Z", re.IGNORECASE)  # no "there" goes after these
_SHORT_SENTENCE = 8  # words; after more of them "there" is too far from the place
# Who walks to the left need not be there.
_TOWARDS = re.compile(r"\bto(?:wards?)? the (?:left|right|top|bottom)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """A statement on its way into a text: its words, what it rests on and the boxes that it holds for."""

    text: str
    basis: tuple[Basis, ...]
    boxes: tuple[Box, ...] = ()


def tell_patch(patch: Patch) -> tuple[Sentence, ...]:
    """The kept statements of a patch as sentences, in reading order; what another says in more detail is left out."""
    order = sorted(
        (number for number, statement in enumerate(patch.statements) if statement.kept),
        key=lambda number: (*_reading_position(patch, patch.statements[number]), number),
    )
    told = [Told(patch.statements[number].text, (Basis(patch.name, number),)) for number in order]
    return tuple(Sentence(ended(one.text), one.basis) for one in without_subsumed(told))


def _reading_position(patch: Patch, statement: Statement) -> tuple[float, int]:
    """(how far into its first passage a statement stands, 0 to 1; which passage that is)."""
    if not statement.sources:
        return 1.0, 0
    source = statement.sources[0]
    said = statements_of(patch.passages[source].text)
    nearest = max(range(len(said)), key=lambda index: (containment(statement.text, said[index]), -index), default=0)
    return nearest / max(len(said), 1), source


def without_subsumed(told: Sequence[Told]) -> list[Told]:
    """Those that no other one says as well or in more detail; what they rested on goes over to that other one."""
    kept = list(told)
    for one in sorted(told, key=lambda item: len(content_words(item.text))):
        fuller = next((other for other in kept if other is not one and _subsumes(other, one)), None)
        if fuller is not None and any(item is one for item in kept):
            kept = [item for item in kept if item is not one]
            position = next(index for index, item in enumerate(kept) if item is fuller)
            kept[position] = replace(fuller, basis=(*fuller.basis, *one.basis))
    return kept


def _subsumes(fuller: Told, other: Told) -> bool:
    return containment(other.text, fuller.text) >= _WITHIN_ANOTHER and find_conflict(other.text, fuller.text) is None


def united(told: Iterable[Told]) -> list[Told]:
    """Equal wordings once, holding for all their boxes."""
    found: dict[tuple[str, ...], Told] = {}
    for one in told:
        key = tuple(words(one.text))
        first = found.get(key, replace(one, basis=(), boxes=()))
        found[key] = replace(first, basis=(*first.basis, *one.basis), boxes=(*first.boxes, *one.boxes))
    return list(found.values())


def common_words(scene: Scene) -> frozenset[str]:
    """The words that stand in small letters anywhere in what was said of a picture: no names."""
    texts = (passage.text for patch in (*scene.first_level, *scene.regions) for passage in patch.passages)
    return frozenset(word for text in texts for word in re.findall(r"(?<![\w'-])[a-z]+", text))


def tell_places(
    told: Sequence[Told],
    width: int,
    height: int,
    tongue: Tongue = Tongue.ENGLISH,
    common: Set[str] = frozenset(),
) -> list[Sentence]:
    """Sentences in the order of their places' first appearance; the first of a place says which it is.

    What holds for the whole picture comes first, and so does what says in its midst where it is: a place in a part of
    the picture is told as one in the picture. In another language than English and Chinese no place is put into words.
    `common` are words that are known to be no names. What only names a thing is left out beside anything else.
    """
    if tongue is Tongue.OTHER:
        return [Sentence(ended(one.text), one.basis) for one in told]
    told = [one for one in told if not is_bare(one.text)] or told
    by_place: dict[str, list[Told]] = {"": []}
    for one in told:
        if len(one.boxes) == 1 and names_place(one.text) and not is_measured(one.text):
            place, text = _led_by_place(in_picture(one.text, one.boxes[0], width, height))
            by_place.setdefault(place, []).append(replace(one, text=text))
        else:
            text = _of_parts(one.text) if one.boxes else one.text
            by_place.setdefault(places_of(one.boxes, width, height), []).append(replace(one, text=text))
    sentences: list[Sentence] = []
    for phrase, group in by_place.items():
        ordered = _by_opening(group) if phrase else group
        for number, one in enumerate(ordered):
            clear = number > 0 and not names_place(ordered[number - 1].text)
            placed = _placed(one.text, phrase, number, common, clear=clear)
            text = introduced(placed, [sentence.text for sentence in sentences])
            sentences.append(Sentence(text, one.basis))
    return sentences


def _led_by_place(text: str) -> tuple[str, str]:
    """The place that a sentence opens with, and the rest of it; ("", the sentence) where it opens otherwise."""
    opening, comma, rest = text.partition(", ")
    place = opening[:1].lower() + opening[1:]
    return (place, rest[:1].upper() + rest[1:]) if comma and place in PLACES else ("", text)


def _of_parts(text: str) -> str:
    """A sentence about parts of the picture without its place in them.

    What is measured keeps it: "The texture is busiest at the bottom." is said of the part.
    """
    if is_chinese(text):
        return without_opening_place(text)
    bare = without_frame(text)
    return bare if is_measured(bare) or _TOWARDS.search(bare) else without_place(bare)


def _placed(text: str, place: str, number: int, common: Set[str], *, clear: bool) -> str:
    """The sentence of that number (from 0) at a place ("" for the whole picture).

    The first says the place, unless it opens with one of its own. What is about the frame would else be said of the
    whole picture: it says "there", if it is `clear` where that is, or the place.
    """
    if not place or _OPENS_WITH_PLACE.match(text):
        return _sentence(text, "", common)
    if clear and is_about_frame(text) and not is_chinese(text):
        return _said_there(_sentence(text, "", common), common)
    return _sentence(text, place if number == 0 or is_about_frame(text) else "", common)


def _said_there(sentence: str, common: Set[str]) -> str:
    """The sentence with "there" for its place: at its end, or, where that is far away, before it."""
    if len(words(sentence)) > _SHORT_SENTENCE:
        return f"There, {in_mid_sentence(sentence, common)}"
    return f"{sentence[:-1]} there." if sentence.endswith(".") and not _CLOSED.search(sentence) else sentence


def _by_opening(group: Sequence[Told]) -> list[Told]:
    """A group with a sentence first that can be told after its place: one that opens with no place of its own."""
    first = next((number for number, one in enumerate(group) if not _OPENS_WITH_PLACE.match(one.text)), 0)
    return [group[first], *group[:first], *group[first + 1 :]]


def _sentence(text: str, place: str, common: Set[str]) -> str:
    """A statement as prose, after its place where one is given."""
    prose = ended(as_prose(without_dangling(text)))
    if is_chinese(prose):
        return f"{place_in_words(place)}\uff0c{prose}" if place else prose
    return f"{place[:1].upper()}{place[1:]}, {in_mid_sentence(prose, common)}" if place else prose


def ended(text: str) -> str:
    """The text with a full stop, unless it has an end already."""
    if _END.search(text[-3:]):
        return text
    return text.rstrip(_MARKS) + (_STOP if is_chinese(text) else ".")


def boxes_by_basis(patches: Mapping[str, Patch], basis: Sequence[Basis]) -> tuple[Box, ...]:
    """Where the statements of a basis hold, each place once.

    What one member of a region said holds for that member. What several said is one thing that reaches over all of
    them, unless it is about the frame ("The light is dim."): that holds for each member by itself.
    """
    boxes: dict[Box, None] = {}
    for one in basis:
        patch = patches[one.patch]
        statement = patch.statements[one.statement]
        members = [patches[name] for name in (patch.passages[s].source for s in statement.sources) if name in patches]
        apart = len(members) == 1 or is_about_frame(statement.text)
        boxes.update(dict.fromkeys(member.box for member in (members if apart and members else [patch])))
    return tuple(boxes)
