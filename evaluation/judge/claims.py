"""The judge: what a caption claims of a world, which of it is true, false or said again, and what it leaves out.

It reads any English in the world's vocabulary, in full sentences or clauses ("At the top left: a red ring is on the
right; the background is gray."). A place at the head of a sentence is a part of the picture, and a place inside the
clause lies in that part. It knows nothing of the engine but the words that it uses for places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evaluation.worlds.language import NUMBERS, PLURALS, Claim, Seen, seen_in
from evaluation.worlds.scenes import BACKGROUNDS, COLOURS, Thing, World
from patchmatters.scene import Box

FALSITIES = ("object", "attribute", "count", "place")
UNIT = Box(0.0, 0.0, 1.0, 1.0)
_SLACK = 0.1  # of the picture's side, by which a told place may be missed
_THERE = 0.3  # share of a thing that lies where it is said to be
_KINDS = {form: kind for kind, plural in PLURALS.items() for form in (kind, plural)}
_COUNTS = {word: number for number, word in enumerate(NUMBERS)} | {"a": 1, "an": 1, "the": 1}
_SIZES = {"large": "large", "big": "large", "small": "small", "tiny": "small"}
_LOW, _MIDDLE, _HIGH = (0.0, 0.5), (0.25, 0.75), (0.5, 1.0)
_ACROSS = {"left": _LOW, "right": _HIGH, "center": _MIDDLE, "middle": _MIDDLE}
_DOWN = {"top": _LOW, "bottom": _HIGH, "center": _MIDDLE, "middle": _MIDDLE}
_PLACE = re.compile(
    r"\b(?:at|on|in|near) the ((?:top|bottom|middle|center)(?: (?:left|right|center|middle))?|left|right)\b"
)
_HEAD = re.compile(rf"\A({_PLACE.pattern}(?:(?:, | and |, and ){_PLACE.pattern})*)\s*[,:]\s*", re.IGNORECASE)
_BACKGROUND = re.compile(rf"\bbackground is (?:plain )?({'|'.join([*BACKGROUNDS, *COLOURS, 'grey'])})\b")

Fact = tuple[str, int]  # what kind of fact, and the number of the thing (-1: the background)


@dataclass(frozen=True)
class Told:
    """One claim of a caption and its judgement.

    `thing` is the number of the thing that is meant, None for an invention, -1 for the background. `facts` are the
    true facts told, `false` the kinds of falsity, none for a true statement. `said` is the clause.
    """

    said: str
    thing: int | None
    facts: frozenset[Fact]
    false: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """All claims of a caption. `facts` are those there are, `unread` the clauses without a readable claim."""

    told: tuple[Told, ...]
    facts: frozenset[Fact]
    words: int
    unread: tuple[str, ...] = ()

    @property
    def known(self) -> frozenset[Fact]:
        return frozenset().union(*(one.facts for one in self.told)) & self.facts

    @property
    def recall(self) -> float:
        """Facts told / facts there."""
        return len(self.known) / len(self.facts)

    @property
    def hallucination(self) -> float:
        """False statements / statements; unread clauses are statements that are not false."""
        return sum(bool(one.false) for one in self.told) / max(1, len(self.told) + len(self.unread))

    def rate(self, falsity: str) -> float:
        """Statements with this kind of falsity / statements."""
        return sum(falsity in one.false for one in self.told) / max(1, len(self.told) + len(self.unread))

    @property
    def repetition(self) -> float:
        """The share of statements that tell nothing that an earlier one has not told."""
        seen: set[Fact] = set()
        again = 0
        for one in self.told:
            again += not one.false and one.facts <= seen
            seen |= one.facts
        return again / max(1, len(self.told) + len(self.unread))


def facts_of(world: World) -> frozenset[Fact]:
    """Everything there is to tell of a world."""
    return frozenset({("background", -1)}.union(*(_facts_of(number, one) for number, one in enumerate(world.things))))


def legible_facts(world: World, view: Box) -> frozenset[Fact]:
    """What a flawless captioner can tell of a view."""
    numbers = {id(thing): number for number, thing in enumerate(world.things)}
    return frozenset({("background", -1)}.union(*(_told_facts(numbers[id(s.thing)], s) for s in seen_in(world, view))))


def _facts_of(number: int, thing: Thing) -> set[Fact]:
    there = {
        "object": True, "colour": True, "place": True, "size": thing.size != "medium", "pattern": thing.striped,
        "dot": bool(thing.dot), "count": len(thing.centres) > 1,
    }  # fmt: skip
    return {(name, number) for name, is_there in there.items() if is_there}


def _told_facts(number: int, seen: Seen) -> set[Fact]:
    claim = seen.claim
    said = replace(
        seen.thing, striped=claim.striped, dot=claim.dot, centres=seen.thing.centres[: claim.count]
    )  # fmt: skip
    return _facts_of(number, said)


# --- reading ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Read:
    """A claim as read: `areas` are where it may hold, in fractions of the picture; () for anywhere."""

    said: str
    claim: Claim | None
    background: str = ""
    areas: tuple[Box, ...] = ()
    counted: bool = False


def judge(caption: str, world: World, frame: Box = UNIT) -> Judgement:
    """The judgement of a caption of the part `frame` (in fractions of the picture) of a world."""
    read = read_caption(caption, frame)
    told = tuple(_judged(one, world) for one in read if one.claim or one.background)
    unread = tuple(one.said for one in read if not (one.claim or one.background))
    return Judgement(told, facts_of(world), len(caption.split()), unread)


def read_caption(caption: str, frame: Box = UNIT) -> tuple[Read, ...]:
    """Every claim of a caption, in its order; a clause without one is given with neither claim nor background."""
    found: list[Read] = []
    for sentence in re.split(r"(?<=[.!?])\s+", caption.strip()):
        head = _HEAD.match(sentence)
        frames = [_part(phrase, frame) for phrase in _phrases(head.group(1))] if head else []
        body = sentence[head.end() :] if head else sentence
        for clause in filter(None, (part.strip(" .!?") for part in body.split(";"))):
            found += _clause(clause, frames or [frame])
    return tuple(found)


def _phrases(text: str) -> list[str]:
    return [match.group(1).lower() for match in _PLACE.finditer(text.lower())]


def _part(phrase: str, frame: Box) -> Box:
    """Where a place lies in a frame, nominally: halves, and the middle half for "center" and "middle"."""
    words = phrase.split()
    down = next((_DOWN[word] for word in words if word in _DOWN), (0.0, 1.0))
    across = next((_ACROSS[word] for word in reversed(words) if word in _ACROSS), (0.0, 1.0))
    if len(words) == 2 and words[0] in ("top", "bottom"):
        down = _DOWN[words[0]]
    elif words[0] in ("top", "bottom"):
        across = (0.0, 1.0)
    return Box(
        frame.left + across[0] * frame.width,
        frame.top + down[0] * frame.height,
        frame.left + across[1] * frame.width,
        frame.top + down[1] * frame.height,
    )


def _clause(clause: str, frames: Sequence[Box]) -> list[Read]:
    """The claims of one clause: one for each noun of a kind, or the background's colour."""
    text = clause.lower()
    ground = _BACKGROUND.search(text)
    if ground:
        return [Read(clause, None, ground.group(1).replace("grey", "gray"))]
    words = re.findall(r"[a-z]+", text)
    heads = [place for place, word in enumerate(words) if word in _KINDS]
    if not heads:
        return [Read(clause, None)]
    phrases = _phrases(text)
    areas = tuple(_part(phrases[-1], frame) for frame in frames) if phrases else tuple(frames)
    anywhere = not phrases and tuple(frames) == (UNIT,)
    ends = [*heads[1:], len(words)]
    starts = [0, *heads[:-1]]
    return [
        _claim(clause, words[start:head], words[head], words[head + 1 : end], () if anywhere else areas)
        for start, head, end in zip(starts, heads, ends, strict=True)
    ]


def _claim(said: str, before: Sequence[str], noun: str, after: Sequence[str], areas: tuple[Box, ...]) -> Read:
    own = list(before)
    if "dot" in own:  # of the thing before
        own = own[own.index("dot") + 1 :]
    number = next((_COUNTS[word] for word in own if word in _COUNTS), 1)
    dotted = list(after[: after.index("dot")]) if "dot" in after else []
    claim = Claim(
        _KINDS[noun],
        next((word for word in own if word in COLOURS), ""),
        next((_SIZES[word] for word in own if word in _SIZES), ""),
        "striped" in own,
        next((word for word in reversed(dotted) if word in COLOURS), ""),
        number,
    )
    return Read(said, claim, areas=areas, counted=number > 1)


# --- judging ----------------------------------------------------------------------------------------------------


def _judged(read: Read, world: World) -> Told:
    if read.claim is None:
        right = read.background == world.background
        return Told(read.said, -1, frozenset({("background", -1)} if right else ()), () if right else ("attribute",))
    meant = _meant(read, world)
    if meant is None:
        return Told(read.said, None, frozenset(), ("object",))
    return _compared(read, meant, world)


def _meant(read: Read, world: World) -> int | None:
    """The thing that a claim agrees with best: of its kind, colour and place, two must be right."""
    best, most = None, 0.0
    for number, thing in enumerate(world.things):
        agreement = _agreement(read, thing, world)
        if agreement > most:
            best, most = number, agreement
    return best


def _agreement(read: Read, thing: Thing, world: World) -> float:
    claim = read.claim
    assert claim is not None
    kind, colour = claim.kind == thing.kind, claim.colour in ("", thing.colour)
    place = _is_there(thing, read.areas, world)
    if kind + colour + place < 2 or (not kind and not (claim.colour and read.areas)):
        return 0.0
    details = (claim.size == ("" if thing.size == "medium" else thing.size), claim.striped == thing.striped)
    rest = sum(details) + (claim.dot in ("", thing.dot)) + (claim.count == len(thing.centres))
    return 3 * kind + 2 * colour + 2 * place + 0.2 * rest


def _is_there(thing: Thing, areas: Sequence[Box], world: World) -> bool:
    """Whether enough of a thing lies in one of the areas; of a group, of any of its members."""
    if not areas:
        return True
    boxes = [box.normalised(world.side, world.side) for box in thing.boxes]
    return any(box.coverage_by(_widened(area)) >= _THERE for area in areas for box in boxes)


def _widened(area: Box) -> Box:
    return Box(area.left - _SLACK, area.top - _SLACK, area.right + _SLACK, area.bottom + _SLACK)


def _compared(read: Read, number: int, world: World) -> Told:
    claim, thing = read.claim, world.things[number]
    assert claim is not None
    placed = _is_there(thing, read.areas, world)
    checks: tuple[tuple[str, str, bool, bool], ...] = (  # fact, kind of falsity, said, right
        ("object", "object", True, claim.kind == thing.kind),
        ("colour", "attribute", bool(claim.colour), claim.colour == thing.colour),
        ("size", "attribute", bool(claim.size), claim.size == thing.size),
        ("pattern", "attribute", claim.striped, thing.striped),
        ("dot", "attribute", bool(claim.dot), claim.dot == thing.dot),
        ("count", "count", read.counted, _counts(read, number, world)),
        ("place", "place", bool(read.areas), placed),
    )
    facts = {(name, number) for name, _, said, right in checks if said and right}
    false = dict.fromkeys(kind for _, kind, said, right in checks if said and not right)
    return Told(read.said, number, frozenset(facts), tuple(false))


def _counts(read: Read, number: int, world: World) -> bool:
    """Whether there are as many: in the group itself, or all equal things in the place taken together."""
    claim, thing = read.claim, world.things[number]
    assert claim is not None
    alike = [
        one for one in world.things if (one.kind, one.colour) == (thing.kind, thing.colour)
        and _is_there(one, read.areas, world)
    ]  # fmt: skip
    return claim.count in (len(thing.centres), sum(len(one.centres) for one in alike))
