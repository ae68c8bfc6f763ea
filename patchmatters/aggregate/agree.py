"""Bringing the levels together before they are told: regions correct the whole, and nothing is named twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from ..language.conflict import Conflict, find_conflict, is_about_frame
from ..language.places import elsewhere, in_picture, place_told, without_place
from ..language.quotes import quotes_as_much
from ..language.reading import read
from ..language.sentences import words
from ..language.similarity import Likeness, Similarity, containment
from ..regions import described_regions
from ..scene import Basis, Patch, Scene, Sentence
from ..semantic_filter.keep import CLEARLY
from ..witnesses.rule import is_confirmed
from .tell import Told, boxes_by_basis, united

SUPPORTED = 0.5  # support from which on a statement is believed (see `Statement`)
_AS_DETAILED = 0.9  # share of a statement's content words that another must hold to say as much


@dataclass(frozen=True)
class Levels:
    """What the levels of a Scene tell: the whole image, the main objects, the regions in reading order.

    `size` is the picture's width and height in pixels.
    """

    whole: tuple[Told, ...]
    semantic: tuple[Told, ...]
    regions: tuple[Told, ...]
    size: tuple[int, int]


def levels_of(scene: Scene) -> Levels:
    """Every sentence of every description, with the boxes that it holds for (none for the whole image)."""
    patches = {patch.name: patch for patch in (*scene.first_level, *scene.regions)}

    def told(patch: Patch) -> list[Told]:
        return [
            Told(sentence.text, sentence.basis, boxes_by_basis(patches, sentence.basis) or (patch.box,))
            for sentence in patch.sentences
        ]

    return Levels(
        whole=tuple(replace(one, boxes=()) for one in told(scene.whole)),
        semantic=tuple(told(scene.semantic)) if scene.semantic else (),
        regions=tuple(one for region in described_regions(scene) for one in told(region)),
        size=(scene.image.width, scene.image.height),
    )


def without_refuted(scene: Scene, similarity: Similarity) -> Scene:
    """The Scene without what its levels refute of one another.

    A sentence of the whole-image caption gives way to a nearer look that says otherwise and is to be believed, unless
    other looks bear it out, and to one that finds its thing on another side, even then: support is blind to places.
    Where a look at the main objects and one at a region contradict each other about one thing, the worse scored gives
    way. Statements that gave way are no longer kept, and say what refuted them.
    """
    levels = levels_of(scene)
    nearer = (*levels.semantic, *levels.regions)
    refuted: dict[Sentence, Told] = {}
    for sentence in scene.whole.sentences:
        found = None if _supported(scene, sentence) else _refuting(scene, sentence, nearer, similarity)
        found = found or _found_elsewhere(sentence.text, nearer, similarity, levels.size)
        if found:
            refuted[sentence] = found
    return _without(scene, {**refuted, **_beaten(scene, similarity)})


def _supported(scene: Scene, sentence: Sentence) -> bool:
    """Whether other looks, or a witness, bear a sentence of the whole-image caption out: then a part that says
    otherwise is of another thing, or wrong."""
    statements = [scene.whole.statements[basis.statement] for basis in sentence.basis]
    return bool(statements) and all(
        is_confirmed(one) or (one.support is not None and one.support >= SUPPORTED) for one in statements
    )


def _without(scene: Scene, refuted: Mapping[Sentence, Told]) -> Scene:
    """The Scene without these sentences; the statements that they rest on say by what they were refuted."""
    reasons = {
        basis: f"refuted by {witness.basis[0].patch}: {witness.text}" if witness.basis else "refuted"
        for sentence, witness in refuted.items()
        for basis in sentence.basis
    }
    return scene.with_patches(_patch_without(patch, refuted, reasons) for patch in (*scene.first_level, *scene.regions))


def _patch_without(patch: Patch, refuted: Mapping[Sentence, Told], reasons: Mapping[Basis, str]) -> Patch:
    numbered = ((reasons.get(Basis(patch.name, number)), one) for number, one in enumerate(patch.statements))
    return replace(
        patch,
        statements=tuple(replace(one, kept=False, reason=why) if why else one for why, one in numbered),
        sentences=tuple(sentence for sentence in patch.sentences if sentence not in refuted),
    )


def _beaten(scene: Scene, similarity: Similarity) -> dict[Sentence, Told]:
    """Of sentences about the main objects and about regions that contradict each other the worse scored, with why.

    Both are compared as they stand in the picture, where a thing of another colour on another side is another thing.
    """
    if scene.semantic is None:
        return {}
    near = [_in_picture(scene, scene.semantic, sentence) for sentence in scene.semantic.sentences]
    far = [_in_picture(scene, region, one) for region in described_regions(scene) for one in region.sentences]
    nearness = similarity.matrix([one.text for one in near], [one.text for one in far])
    beaten: dict[Sentence, Told] = {}
    for row, one in zip(nearness, near, strict=True):
        for value, other in zip(row, far, strict=True):
            if value >= similarity.rival and _meet(one.told, other.told) and find_conflict(one.text, other.text):
                loser, winner = (other, one) if one.score > other.score else (one, other)
                beaten[loser.sentence] = winner.told
    return beaten


@dataclass(frozen=True)
class _Seen:
    """A sentence of a part, its words with their places as those of the picture, and its best score (-1: none)."""

    sentence: Sentence
    told: Told
    text: str
    score: float


def _in_picture(scene: Scene, patch: Patch, sentence: Sentence) -> _Seen:
    patches = {one.name: one for one in (*scene.first_level, *scene.regions)}
    boxes = boxes_by_basis(patches, sentence.basis) or (patch.box,)
    about_frame = is_about_frame(sentence.text)  # changes with the crop: nothing to compare
    text = "" if about_frame else in_picture(sentence.text, boxes[0], scene.image.width, scene.image.height)
    score = _score(scene, sentence.basis)
    return _Seen(sentence, Told(sentence.text, sentence.basis, boxes), text, -1.0 if score is None else score)


def _score(scene: Scene, basis: Sequence[Basis]) -> float | None:
    """The best score of the statements that a sentence rests on, None where none was scored."""
    scores = [scene.patch(one.patch).statements[one.statement].score for one in basis]
    return max((score for score in scores if score is not None), default=None)


def _meet(one: Told, other: Told) -> bool:
    """Whether two parts have anything in common."""
    return any(box.intersection(part).area > 0 for box in one.boxes for part in other.boxes)


def _refuting(scene: Scene, sentence: Sentence, nearer: Sequence[Told], similarity: Similarity) -> Told | None:
    """The first nearer look that says otherwise about the same thing, and is to be believed."""
    if not nearer:
        return None
    score = _score(scene, sentence.basis)
    nearness = similarity.matrix([sentence.text], [one.text for one in nearer])[0]
    for near, one in zip(nearness, nearer, strict=True):
        if near < similarity.rival:
            continue
        conflict = find_conflict(sentence.text, one.text, same_extent=False)
        lead = _lead(_score(scene, one.basis), score)
        if _tells_of_people(sentence.text, one.text):
            lead = min(lead, 1.0)
        if _refutes(conflict) and near >= _least_alike(lead, conflict, similarity):
            return one
    return None


def _tells_of_people(*texts: str) -> bool:
    """Whether one of them is about somebody: people are many, and who wears something else is somebody else."""
    return any(read(text).subject == "person" for text in texts)


def _lead(score: float | None, whole: float | None) -> float:
    """How many times as high a nearer look scores as the whole-image caption: 1 where the look has no score, and no end
    of times where only the look was asked about (preset "paper")."""
    if score is None or score == whole:
        return 1.0
    return score / whole if whole else inf


def _least_alike(lead: float, conflict: Conflict | None, similarity: Similarity) -> float:
    """How alike a nearer look must be to refute: two things are two things until they are the same thing.

    Where its score is clearly higher it need only be about the same, as where it sees what was denied; else it must say
    nearly the same but for what it refutes; and where its score is clearly lower it refutes nothing.
    """
    if lead * CLEARLY < 1:
        return inf
    denied = conflict is not None and conflict.attribute == "negation"
    return similarity.rival if lead >= CLEARLY or denied else similarity.same


def _found_elsewhere(text: str, nearer: Sequence[Told], similarity: Similarity, size: tuple[int, int]) -> Told | None:
    """The nearer look that finds a sentence's thing on another side of the picture, where none finds it as told."""
    bare = without_place(text)
    if bare == text or not nearer:
        return None
    nearness = similarity.matrix([bare], [without_place(one.text) for one in nearer])[0]
    same = [
        one
        for near, one in zip(nearness, nearer, strict=True)
        if near >= similarity.same
        and _says_as_much(one.text, bare)
        and find_conflict(text, one.text, same_extent=False) is None
    ]
    missed = all(elsewhere(text, place_told(one.text, one.boxes, *size)) for one in same)
    return same[0] if same and missed else None


def _refutes(conflict: Conflict | None) -> bool:
    """Whether a conflict of the whole image (first) with a part of it (second) proves the whole image's word wrong.

    A part may have fewer of a thing than the whole, or none: that is no proof.
    """
    if conflict is None or conflict.attribute == "number":
        return False
    return not (conflict.attribute == "negation" and conflict.values[1].split()[:1] == ["no"])


def without_repetition(levels: Levels, similarity: Similarity) -> list[Told]:
    """Everything once: what two levels say, the one that says more of it.

    A sentence about the frame itself ("The light is dim.") holds for its own part of the picture: it is superfluous
    only where the whole image is described in the same words. Equal wordings of several regions become one.
    """
    told = list(levels.whole)
    nearer = (*levels.semantic, *united(levels.regions))
    likeness = Likeness(similarity, [without_place(one.text) for one in (*told, *nearer)])
    for one in nearer:
        told = _joined(told, one, likeness, place_told(one.text, one.boxes, *levels.size))
    return told


def _joined(told: list[Told], new: Told, likeness: Likeness, place: str) -> list[Told]:
    """`told` with `new` in it: added, or in place of what it says better, or left out for what is told already."""
    twin = _twin(told, new, likeness, place)
    if twin is None:
        return [*told, new]
    known = told[twin]
    # The near view knows the place, so a place of the whole picture's is not missed; the other way round it would be.
    if not known.boxes and _says_as_much(new.text, without_place(known.text)) and not is_about_frame(new.text):
        better = replace(new, basis=(*new.basis, *known.basis))
        return [*told[:twin], *told[twin + 1 :], better]
    placed = without_place(known.text) != known.text
    if _says_as_much(known.text, without_place(new.text) if placed else new.text):
        return [*told[:twin], replace(known, basis=(*known.basis, *new.basis)), *told[twin + 1 :]]
    return [*told, new]


def _twin(told: Sequence[Told], new: Told, likeness: Likeness, place: str) -> int | None:
    """The index of what says the same for the whole image, or for the main objects within the new one's place.

    Words for a place count only where they rule it out: they are relative to what each level shows.
    """
    if is_about_frame(new.text):
        same = (index for index, one in enumerate(told) if not one.boxes and words(one.text) == words(new.text))
        return next((index for index in same if _may_be_at(told[index], new, place)), None)
    nearness = likeness.row(without_place(new.text), [without_place(one.text) for one in told])
    near = [index for index, value in enumerate(nearness) if value >= likeness.similarity.same]
    candidates = [index for index in near if _may_be_at(told[index], new, place)]
    if not candidates:
        return None
    best = max(candidates, key=nearness.__getitem__)
    return None if find_conflict(new.text, told[best].text, same_extent=False) else best


def _may_be_at(one: Told, new: Told, place: str) -> bool:
    """Whether what was told of the whole image may be at a place, or belongs mostly to the new one's part of it."""
    if not one.boxes:
        return not elsewhere(one.text, place)
    return any(box.coverage_by(other) > 0.5 for box in one.boxes for other in new.boxes)


def _says_as_much(fuller: str, other: str) -> bool:
    return containment(other, fuller) >= _AS_DETAILED and quotes_as_much(fuller, other)
