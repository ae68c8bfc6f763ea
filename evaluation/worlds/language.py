"""The world's language: what can be told of a view, and in which words.

What is legible depends on the pixels that a thing has in the view, once that is resized to what a captioner sees:
`EYE` pixels a side. Sentences stand by themselves: "A large red striped ring with a white dot is at the top left."
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from patchmatters.scene import Box

from .scenes import DOT_RADIUS, STRIPE, Thing, World

EYE = 96  # pixels a side of the resized view
LEGIBLE_THING, LEGIBLE_DOT, LEGIBLE_STRIPE = 7.4, 4.8, 4.1  # pixels of the resized view: diameters, and one stripe
WHOLLY, HARDLY = 0.6, 0.25  # shares of a thing inside the view: told from the one on; below the other not there
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight")
PLACES: Mapping[tuple[int, int], str] = {
    (0, 0): "at the top left", (0, 1): "at the top", (0, 2): "at the top right",
    (1, 0): "on the left", (1, 1): "in the center", (1, 2): "on the right",
    (2, 0): "at the bottom left", (2, 1): "at the bottom", (2, 2): "at the bottom right",
}  # fmt: skip
PLURALS: Mapping[str, str] = {
    "ball": "balls", "ring": "rings", "windmill": "windmills", "cone": "cones", "ladder": "ladders", "fence": "fences",
}  # fmt: skip
DESCRIBE, NAME_MAIN = "Describe this image in detail.", "In one short sentence, name the main objects in this image."


@dataclass(frozen=True)
class Claim:
    """What a sentence says of one thing. Empty words and a `count` of 1 were not said; `place` is in the view."""

    kind: str
    colour: str = ""
    size: str = ""
    striped: bool = False
    dot: str = ""
    count: int = 1
    place: str = ""


@dataclass(frozen=True)
class Seen:
    """A thing in a view: what is legible of it, and its diameter in pixels of the resized view."""

    claim: Claim
    thing: Thing
    pixels: float


def seen_in(world: World, view: Box) -> tuple[Seen, ...]:
    """What is legible in a view, the top row first and from left to right in it."""
    found = [seen for thing in world.things if (seen := _seen(thing, view))]
    return tuple(sorted(found, key=lambda seen: (_ROW[seen.claim.place], _mean(seen.thing, view)[0])))


_ROW = {phrase: cell[0] for cell, phrase in PLACES.items()}


def _seen(thing: Thing, view: Box) -> Seen | None:
    scale = EYE / max(view.width, view.height)
    inside = [box for box in thing.boxes if box.coverage_by(view) >= WHOLLY]
    pixels = 2 * thing.radius * scale
    if not inside or pixels < LEGIBLE_THING:
        return None
    claim = Claim(
        thing.kind,
        thing.colour,
        "" if thing.size == "medium" else thing.size,
        thing.striped and STRIPE * scale >= LEGIBLE_STRIPE,
        thing.dot if 2 * DOT_RADIUS * scale >= LEGIBLE_DOT else "",
        len(inside),
        place_in(_mean(thing, view), view),
    )
    return Seen(claim, thing, pixels)


def _mean(thing: Thing, view: Box) -> tuple[float, float]:
    """The middle of what lies inside the view."""
    inside = [box.intersection(view) for box in thing.boxes if box.coverage_by(view) >= HARDLY]
    return (
        sum(box.left + box.right for box in inside) / (2 * len(inside)),
        sum(box.top + box.bottom for box in inside) / (2 * len(inside)),
    )


def place_in(point: tuple[float, float], view: Box) -> str:
    """The words for a point's place in a view."""
    across = int(3 * min(max((point[0] - view.left) / view.width, 0.0), 0.999))
    down = int(3 * min(max((point[1] - view.top) / view.height, 0.0), 0.999))
    return PLACES[down, across]


def sentence(claim: Claim) -> str:
    """A claim in words."""
    many = claim.count > 1
    number = NUMBERS[claim.count].capitalize() if many else "A"
    noun = PLURALS[claim.kind] if many else claim.kind
    parts = [number, claim.size, claim.colour, "striped" if claim.striped else "", noun]
    parts += [f"with a {claim.dot} dot" if claim.dot else "", "are" if many else "is", claim.place or "visible"]
    return " ".join(filter(None, parts)) + "."


def background_sentence(world: World) -> str:
    return f"The background is {world.background}."


def caption_of(world: World, view: Box) -> str:
    """What a flawless captioner says of a view."""
    return " ".join([background_sentence(world), *(sentence(seen.claim) for seen in seen_in(world, view))])


def main_objects(world: World, view: Box) -> str:
    """The short caption: the largest two things."""
    largest = sorted(seen_in(world, view), key=lambda seen: -seen.pixels)[:2]
    if not largest:
        return background_sentence(world)
    return " and ".join(_named(seen.claim) for seen in largest).capitalize() + "."


def _named(claim: Claim) -> str:
    if claim.count > 1:
        return f"{NUMBERS[claim.count]} {claim.colour} {PLURALS[claim.kind]}"
    return f"a {claim.colour} {claim.kind}"


def words() -> tuple[str, ...]:
    """Every word and sign of the language and of its two questions, each once."""
    worlds = [*PLACES.values(), *NUMBERS, *(number.capitalize() for number in NUMBERS), *PLURALS, *PLURALS.values()]
    text = (
        f"{' '.join(worlds)} {DESCRIBE} {NAME_MAIN} A a The background is are with dot visible and small large striped"
        " red green blue yellow purple white black gray pink brown USER ASSISTANT :"
    )
    return tuple(sorted(set(text.replace(".", " . ").replace(",", " , ").split())))
