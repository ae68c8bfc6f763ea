"""The table of facts: the words of each, what reads them back, how true they are and when they are worth saying.

The captioner says a claim only when its support is high, and the scorer returns that same support for the sentence it
reads. So the two cannot disagree. A new fact is a line here and a function in `supports`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from . import proposals as worth
from . import supports as true
from .grammar import SLOTS, compiled, parts, say, sentences
from .measure import Measures
from .proposals import Propose
from .supports import CLEAR, Fields, Support


@dataclass(frozen=True)
class Fact:
    """One line of the table.

    `templates` are ways to say it, the first being the usual one; the others differ in words that carry no meaning, so
    that comparing candidates as text finds them the same. `patterns` (with {slots}, on plain text) read it back.
    `rank` orders what is left out first in a short description: 0 stays longest. `most` claims of it are made.
    """

    name: str
    rank: int
    templates: tuple[str, ...]
    patterns: tuple[str, ...]
    support: Support
    propose: Propose
    most: int = 1

    @cached_property
    def readers(self) -> tuple[re.Pattern[str], ...]:
        return tuple(compiled(pattern) for pattern in self.patterns)


_THE = r"(?:the |an? )?"
_MAIN = r"(?:most )?(?:dominant|main|predominant|prevailing|principal|prevalent|common)"
_QUITE = r"(?:very |fairly |rather |quite )?"
_COVERS = r"(?:covers|fills|takes up|occupies)"
_ACCENT = r"(?:lies|stands out|appears|sits|is)"

FACTS: tuple[Fact, ...] = (
    Fact(
        "dominant",
        0,
        ("The dominant colour is {colour}.",),
        (
            _THE + _MAIN + r" colour is (?:an? )?{colour}",
            r"{colour} is (?:the |a )?" + _MAIN + " colour",
            r"{colour} dominates(?: the picture)?",
            r"the picture is (?:dominated by|predominantly|mainly|mostly) {colour}",
        ),
        true.dominant,
        worth.dominant,
    ),
    Fact(
        "flat",
        0,
        ("The picture is one even area of {colour}.",),
        (r"the picture is (?:one |an? )?(?:single )?(?:even|flat|uniform) (?:area|field|surface) of {colour}",),
        true.flat,
        worth.flat,
    ),
    Fact(
        "coverage",
        5,
        ("The most common colour covers {fraction} of the frame.",),
        (r"the " + _MAIN + r" colour " + _COVERS + " {fraction}(?: the picture)?",),
        true.main_coverage,
        worth.coverage,
    ),
    Fact(
        "coverage by name",
        5,
        ("The colour {colour} covers {fraction} of the frame.",),
        (r"(?:the colour )?{colour} " + _COVERS + " {fraction}(?: the picture)?",),
        true.coverage,
        worth.nothing,
    ),
    Fact(
        "palette",
        1,
        ("The palette includes {colours}.", "The palette contains {colours}."),
        (
            r"the (?:colour )?palette (?:also )?(?:has|holds|includes|contains) {colours}",
            _THE + r"(?:other|second|secondary) (?:main |major )?colours? (?:is|are) {colours}",
            r"the (?:main|dominant) colours are {colours}",
        ),
        true.palette,
        worth.palette,
    ),
    Fact(
        "edges",
        2,
        ("The edges are mostly {colour}.",),
        (
            r"the edges are (?:mostly |mainly )?{colour}(?: all (?:a)?round)?",
            r"the colour along (?:all )?(?:the|its) edges is (?:mostly |mainly )?{colour}",
            r"the background(?: colour)? is (?:an? |mostly |mainly |plain )*{colour}",
        ),
        true.edges,
        worth.edges,
    ),
    Fact(
        "zone",
        2,
        ("The {zone} is {colour}.",),
        (
            r"the {zone} is (?:mostly |mainly |predominantly )?{colour}",
            r"the (?:main |dominant )?colour (?:at|in|of) the {zone} is (?:mostly |mainly )?{colour}",
            r"the (?:main |dominant )?colour on the {zone} is (?:mostly |mainly )?{colour}",
        ),
        true.zone_colour,
        worth.zone_colour,
        most=3,
    ),
    Fact(
        "accents",
        1,
        ("The accent {accents}.",),
        (r"the accent(?:s| colours| hues)? (?:are|is) {accents}", _THE + r"accent(?: colour| hue)? is {accents}"),
        true.accents,
        worth.accents,
    ),
    Fact(
        "accent",
        2,
        ("A {colour} accent lies {place}.", "An accent of {colour} lies {place}."),
        (
            _THE + rf"{{colour}} accent {_ACCENT} {{place}}",
            _THE + rf"accent of {{colour}} {_ACCENT} {{place}}",
            _THE + r"accent(?: colour| hue)? {place} is {colour}",
        ),
        true.accent,
        worth.nothing,
    ),
    Fact(
        "horizontal division",
        2,
        ("The layout is divided horizontally {down}.",),
        (
            r"the (?:layout|picture) is (?:clearly )?divided horizontally {down}",
            r"the (?:layout|picture) has a (?:clear |sharp )?(?:horizontal division|horizon(?: line)?) {down}",
            _THE + r"(?:clear |sharp )?(?:horizontal division|horizon(?: line)?) (?:lies|runs|is) {down}",
        ),
        true.horizontal_division,
        worth.horizontal_division,
    ),
    Fact(
        "vertical division",
        2,
        ("The layout is divided vertically {across}.",),
        (
            r"the (?:layout|picture) is (?:clearly )?divided vertically {across}",
            r"the (?:layout|picture) has a (?:clear |sharp )?vertical division {across}",
            _THE + r"(?:clear |sharp )?vertical division (?:lies|runs|is) {across}",
        ),
        true.vertical_division,
        worth.vertical_division,
    ),
    Fact(
        "symmetry",
        2,
        ("The symmetry between left and right is strong.",),
        (
            r"the symmetry between (?:the )?left and (?:the )?right(?: halves)? is (?:strong|clear)",
            r"the (?:layout|picture|composition) is (?:nearly |almost )?symmetrical",
            r"the left and right halves mirror each other",
        ),
        true.symmetry,
        worth.once,
    ),
    Fact(
        "tone",
        3,
        ("The overall tone is {tone}.", "The tone is {tone}."),
        (
            r"the (?:overall )?(?:tone|brightness|exposure|picture) is {tone}",
            r"the (?:overall )?tones are (?:mostly )?{tone}",
        ),
        true.tone,
        worth.tone,
    ),
    Fact(
        "light",
        6,
        ("The light is {light}.", "The overall light is {light}."),
        (r"the (?:overall )?light(?:ing)? is {light}",),
        true.light,
        worth.each("light", "dim"),
    ),
    Fact(
        "even light",
        4,
        ("The light is even across the frame.",),
        (r"the light(?:ing)? is (?:even|evenly spread|uniform)",),
        true.even_light,
        worth.once,
    ),
    Fact(
        "fall of light",
        3,
        ("The brightness falls from {source} to {target}.",),
        (r"the (?:brightness|light) (?:falls|fades|decreases|drops) from {source} to {target}",),
        true.fall_of_light,
        worth.fall_of_light,
    ),
    Fact(
        "brightest",
        4,
        ("The brightness is greatest {place}.",),
        (
            r"the brightness is (?:greatest|highest|strongest) {place}",
            r"the (?:brightest|lightest) (?:part|area|region) (?:lies|is) {place}",
            r"the (?:light|tone|picture) is (?:brightest|brighter|lightest|lighter|strongest) {place}",
        ),
        true.brightest,
        worth.brightest,
    ),
    Fact(
        "darkest",
        4,
        ("The brightness is least {place}.",),
        (
            r"the brightness is (?:least|lowest|weakest) {place}",
            r"the darkest (?:part|area|region) (?:lies|is) {place}",
            r"the (?:light|tone|picture) is (?:darkest|darker|weakest) {place}",
        ),
        true.darkest,
        worth.darkest,
    ),
    Fact(
        "silhouette",
        3,
        ("The contrast is stark.",),
        (r"the (?:overall |tonal )?contrast is (?:stark|extreme|very high)",),
        true.silhouette,
        worth.once,
    ),
    Fact(
        "contrast",
        4,
        ("The contrast is {contrast}.", "The overall contrast is {contrast}."),
        (r"the (?:overall |tonal )?contrast is " + _QUITE + r"{contrast}",),
        true.contrast,
        worth.contrast,
    ),
    Fact(
        "black and white",
        3,
        ("The picture is nearly black and white.",),
        (
            r"the (?:picture|photo) is (?:nearly |almost )?(?:black and white|monochrome|colourless)",
            r"the colours are (?:nearly |almost )?(?:black and white|monochrome)",
        ),
        true.black_and_white,
        worth.once,
    ),
    Fact(
        "saturation",
        4,
        ("The saturation is {saturation}.", "The overall saturation is {saturation}."),
        (
            r"the (?:overall |colour )?saturation is " + _QUITE + r"{saturation}",
            r"the (?:colours|picture|palette) (?:are|is) " + _QUITE + r"{saturation}",
        ),
        true.saturation,
        worth.saturation,
    ),
    Fact(
        "warmth",
        5,
        ("The colour balance is {warmth}.", "The overall colour balance is {warmth}."),
        (
            r"the (?:overall )?(?:colour temperature|colour balance|temperature|tone) is {warmth}",
            r"the (?:overall )?(?:colours|tones|colour tones) are {warmth}",
        ),
        true.warmth,
        worth.each("warmth", "warm", "cool"),
    ),
    Fact(
        "sharpness",
        5,
        ("The focus is {sharpness}.",),
        (r"the (?:overall )?(?:focus|sharpness|picture) is " + _QUITE + r"{sharpness}",),
        true.sharpness,
        worth.each("sharpness", "sharp", "soft"),
    ),
    Fact(
        "shallow",
        3,
        ("The depth of field is shallow.",),
        (r"the (?:depth of field|depth of focus|focus) is shallow",),
        true.shallow,
        worth.once,
    ),
    Fact(
        "focus place",
        4,
        ("The focus is sharpest {place}.",),
        (r"the (?:focus|sharpness|picture) is (?:sharpest|greatest) {place}",),
        true.focus_place,
        worth.where(true.focus_cells),
    ),
    Fact(
        "texture",
        6,
        ("The texture is {texture}.",),
        (r"the (?:overall )?texture is {texture}",),
        true.texture,
        worth.each("texture", "smooth", "busy"),
    ),
    Fact(
        "smoothest",
        5,
        ("The texture is smoothest {place}.",),
        (r"the (?:texture|detail) is (?:smoothest|smoother) {place}",),
        true.smoothest,
        worth.where(true.busyness, -1.0),
    ),
    Fact(
        "busiest",
        6,
        ("The texture is busiest {place}.",),
        (r"the (?:texture|detail) is (?:busiest|busier|densest|denser) {place}",),
        true.busiest,
        worth.where(true.busyness),
    ),
    Fact(
        "grain",
        3,
        ("The grain is {grain}.",),
        (r"the (?:film )?(?:grain|noise) is {grain}",),
        true.grain,
        worth.grain,
    ),
    Fact(
        "layout",
        7,
        ("The format is {layout}.",),
        (r"the (?:layout|format|orientation|picture) is {layout}",),
        true.layout,
        worth.layout,
    ),
)

_BY_NAME: Mapping[str, Fact] = MappingProxyType({fact.name: fact for fact in FACTS})
_NEGATION = re.compile(r"\b(is|are|lies|runs) not\b")


@dataclass(frozen=True)
class Claim:
    """A fact with its slots filled in, or (`negated`) the contrary of it."""

    fact: str
    fields: Fields
    negated: bool = False

    def support(self, measures: Measures) -> float | None:
        """How true the claim is of these measures, 0 to 1; None where the crop is too small to tell."""
        degree = _BY_NAME[self.fact].support(measures, self.fields)
        if degree is None:
            return None
        return round(1.0 - degree if self.negated else degree, 4)

    def words(self, way: int = 0) -> str:
        """The claim as a sentence; `way` chooses among the fact's templates. A negated claim has no words here."""
        templates = _BY_NAME[self.fact].templates
        return say(templates[way % len(templates)], self.fields)


def claims_of(measures: Measures) -> list[Claim]:
    """All that is clearly true of a crop and worth saying, in the order in which it is said.

    The dominant colour is always among them.
    """
    found: list[Claim] = []
    for fact in FACTS:
        proposed = (Claim(fact.name, fields) for fields in fact.propose(measures))
        found.extend([claim for claim in proposed if (claim.support(measures) or 0.0) >= CLEAR][: fact.most])
    return found


def rank(claim: Claim, position: int) -> int:
    """How soon a claim is left out of a short description; `position` counts earlier claims of the same fact."""
    return _BY_NAME[claim.fact].rank + 2 * position


def read_claims(text: str) -> list[Claim]:
    """The claims of this vocabulary that a text makes, each part of it for itself; empty where it makes none."""
    found: list[Claim] = []
    for sentence in sentences(text):
        whole = _read_part(sentence)
        read = [whole] if whole else [_read_part(part) for part in parts(sentence)]
        found.extend(claim for claim in read if claim)
    return found


def score(measures: Measures, text: str) -> float | None:
    """How true a text is of a crop: the least support among its claims, None where no part of it can be judged."""
    degrees = [claim.support(measures) for claim in read_claims(text)]
    return min((degree for degree in degrees if degree is not None), default=None)


def _read_part(part: str) -> Claim | None:
    claim = _read_affirmed(part)
    if claim is None and _NEGATION.search(part):
        affirmed = _read_affirmed(_NEGATION.sub(r"\1", part, count=1))
        claim = Claim(affirmed.fact, affirmed.fields, negated=True) if affirmed else None
    return claim


def _read_affirmed(part: str) -> Claim | None:
    for fact in FACTS:
        for reader in fact.readers:
            match = reader.fullmatch(part)
            fields = _fields(match) if match else None
            if fields is not None:
                return Claim(fact.name, fields)
    return None


def _fields(match: re.Match[str]) -> Fields | None:
    """The slots of a matched sentence in canonical words; None where one of them means nothing ("pale vivid")."""
    read = {slot: SLOTS[slot].read(words) for slot, words in match.groupdict().items()}
    known = {slot: value for slot, value in read.items() if value is not None}
    return known if len(known) == len(read) else None
