"""A caption in parts that may be kept or left out: whole sentences, and the clauses of "At the left: a; b; c."."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..language.basis import tells
from ..language.places import PLACES
from ..language.sentences import joined_sentences, opens_with_anaphor
from ..scene import Basis, Patch, Scene, Sentence, Stage, Statement, Verdict, require_stage

_PLACE = "|".join(sorted(map(re.escape, PLACES), key=len, reverse=True))
# What `aggregate.tell` writes before statements: "At the top left and on the right: a; b." or "At the top left, a."
_PLACED = re.compile(rf"((?:{_PLACE})(?:(?:, | and )(?:{_PLACE}))*)([:,]) (?=\S)", re.IGNORECASE)

_LEAD, _AGREED, _SCORED, _UNKNOWN = range(4)  # first come, first kept


@dataclass(frozen=True, slots=True, order=True)
class Worth:
    """How much a part is worth keeping; the smaller, the better.

    What several descriptions agree on comes first (`tier`), then what the scorer found in the picture, then what nobody
    checked. Scores are compared in tenths, because a hundredth more says less than a larger area does. `area` is a
    share of the picture. Before all that comes the sentence which says what the whole picture shows.
    """

    tier: int = _UNKNOWN
    minus_tenths: int = 0
    minus_area: float = 0.0


@dataclass(frozen=True, slots=True)
class Clause:
    """The smallest part of a caption that can be left out without breaking a sentence.

    `sentence` numbers the sentence that it belongs to; clauses of one sentence share their `place` ("At the top
    left"). A clause without a place is a whole sentence, or sentences of which one leans on the other, or a piece of
    one that was too long: `mark` then stands between it and the next piece that is kept, `end` after the last.
    """

    text: str
    sentence: int
    place: str = ""
    worth: Worth = Worth()
    mark: str = " "
    end: str = ""


def clauses_of_text(text: str) -> tuple[Clause, ...]:
    """The parts of a plain text, all of equal worth, in their order. Empty for a text without words."""
    return tuple(
        Clause(part, number, place)
        for number, statement in enumerate(joined_sentences(text))
        for place, parts in [split_places(statement)]
        for part in parts
    )


def clauses_of_caption(scene: Scene) -> tuple[Clause, ...]:
    """The parts of a Scene's caption with their worth, in reading order. ValueError before it is composed.

    None for a picture that was given up.

    The first sentence about the whole picture leads: the method scores none of the whole-image caption, but lets the
    regions correct it, and details make no picture without their subject.
    """
    if scene.problem:
        return ()
    require_stage(scene, "A prompt", [Stage.COMPOSED], "needs the caption: put Compose Caption before it.")
    about_whole = (
        number
        for number, sentence in enumerate(_leaning_joined(scene.caption))
        if any(basis.patch == scene.whole.name for basis in sentence.basis)
    )
    lead = next(about_whole, None)
    clauses = clauses_of_sentences(scene.caption, scene)
    return tuple(replace(one, worth=Worth(_LEAD)) if one.sentence == lead else one for one in clauses)


def leads(clause: Clause) -> bool:
    """Whether a part of a caption says what the whole picture shows."""
    return clause.worth.tier == _LEAD


def clauses_of_sentences(sentences: Sequence[Sentence], scene: Scene) -> tuple[Clause, ...]:
    """The parts of sentences that rest on statements of the Scene, with their worth."""
    found: list[Clause] = []
    for number, sentence in enumerate(_leaning_joined(sentences)):
        place, parts = split_places(sentence.text)
        found += [
            Clause(part, number, place, _worth(part if len(parts) > 1 else "", sentence.basis, scene)) for part in parts
        ]
    return tuple(found)


def split_places(sentence: str) -> tuple[str, list[str]]:
    """("At the left", ["a dog sleeps", "it rains"]) for a sentence that tells one or more things of one place.

    ("", [the sentence]) for every other one. A clause that begins by pointing back ("it is brown") stays with the one
    before it.
    """
    head = _PLACED.match(sentence)
    if head is None or not sentence.endswith("."):
        return "", [sentence]
    body = sentence[head.end() : -1]
    if head[2] == ",":
        return head[1], [body]
    parts: list[str] = []
    for part in body.split("; "):
        if parts and opens_with_anaphor(part):
            parts[-1] = f"{parts[-1]}; {part}"
        else:
            parts.append(part)
    return head[1], parts


def _leaning_joined(sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences, each with those that lean on it: "A dog sleeps. It is brown." is one."""
    joined: list[Sentence] = []
    for sentence in sentences:
        if joined and opens_with_anaphor(sentence.text):
            before = joined.pop()
            joined.append(Sentence(f"{before.text} {sentence.text}", (*before.basis, *sentence.basis)))
        else:
            joined.append(sentence)
    return joined


def _worth(clause: str, basis: Sequence[Basis], scene: Scene) -> Worth:
    """What the statements under a clause are worth; the clause tells which of a sentence's are its own."""
    patches = {patch.name: patch for patch in (*scene.first_level, *scene.regions)}
    found = [(patches[one.patch], _statement(patches, one)) for one in basis if _statement(patches, one) is not None]
    own = [(patch, said) for patch, said in found if clause and said is not None and tells(clause, said.text)]
    return _weakest(own or found, scene.image.box.area)


def _statement(patches: Mapping[str, Patch], basis: Basis) -> Statement | None:
    patch = patches.get(basis.patch)
    return patch.statements[basis.statement] if patch and basis.statement < len(patch.statements) else None


def _weakest(found: Sequence[tuple[Patch, Statement | None]], whole: float) -> Worth:
    """A sentence is as sure as the least sure statement in it, and matters as much as the largest place."""
    ranks = [_rank(statement) for _, statement in found if statement is not None]
    if not ranks:
        return Worth()
    return Worth(*max(ranks), -max(patch.box.area for patch, _ in found) / whole)


def _rank(statement: Statement) -> tuple[int, int]:
    if statement.verdict is Verdict.SAME:
        return _AGREED, 0
    if statement.score is not None:
        return _SCORED, -round(statement.score * 10)
    return _UNKNOWN, 0
