"""Prompts for the regions of a picture, and where in a picture of any size they hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..options import Options, check_options, option
from ..regions import described_regions
from ..scene import Box, Patch, Scene, Sentence
from .budget import Count
from .clauses import Clause, clauses_of_caption, clauses_of_sentences, leads
from .fit import TAGS, FitSettings, fit, frame_of
from .region_words import short_clauses, tells_the_same, thing_phrases
from .tags import tags_of

AREA, MASK = "area", "mask"
SHORT, SENTENCES = "short", "sentences"
WHOLE = "whole picture"
# The share of a side that a region has at least: a cell of a latent of 8 cells (64 pixels of SD), the smallest that
# samplers get. A smaller area at the far edge would begin where that latent ends, and a smaller mask would lie between
# the points at which it is scaled down. No patch of the finest grid is smaller.
SMALLEST = 1 / 8
_ROUNDING = 1e-9


@dataclass(frozen=True)
class RegionalSettings:
    """How the regions' descriptions act beside the caption of the whole picture."""

    strength: float = option(
        1.0, "How much a region's description counts in its place.", minimum=0.0, maximum=10.0, step=0.05
    )
    caption_strength: float = option(
        0.5,
        "How much the caption of the whole picture counts everywhere; it holds the regions together.",
        minimum=0.01,
        maximum=10.0,
        step=0.05,
    )
    feather: float = option(
        0.05,
        "Width of the soft edge of the masks, as a share of the picture's shorter side; 0 for hard edges. Areas are "
        "softened by the sampler itself.",
        minimum=0.0,
        maximum=0.5,
        step=0.01,
    )
    start: float = option(
        0.0, "The share of the sampling after which the regions begin to act.", minimum=0.0, maximum=1.0, step=0.01
    )
    end: float = option(
        1.0,
        "The share of the sampling after which the regions stop acting and the caption goes on alone.",
        minimum=0.0,
        maximum=1.0,
        step=0.01,
    )
    semantic: bool = option(False, "Also use the patch of the main objects as a region, where it was described.")
    shape: str = option(
        AREA,
        "Area: each region is sampled as a part of its own, fast and clearly separate. Mask: the regions are sampled "
        "in the view of the whole picture and blended with soft edges, which costs a full pass each.",
        choices=(AREA, MASK),
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.start >= self.end:
            raise ValueError(f"The regions would act from {self.start:g} to {self.end:g}: let start be below end.")


@dataclass(frozen=True)
class RegionWords(Options):
    """In which words the regions are told."""

    region_words: str = option(
        SHORT,
        "Short: each region in phrases with the thing first, without words for its place or for the crop, and the "
        "caption without what the regions tell. Sentences: everything as it was written.",
        choices=(SHORT, SENTENCES),
        later=True,
    )


@dataclass(frozen=True)
class RegionalPrompt:
    """A prompt and the part of the picture, in fractions, that it holds for."""

    name: str
    text: str
    area: Box


def regional_prompts(
    scene: Scene,
    count: Count,
    limits: Mapping[str, int],
    words: FitSettings,
    settings: RegionalSettings,
    told: RegionWords = RegionWords(),
) -> tuple[RegionalPrompt, ...]:
    """The prompt of the whole picture, then one per described region in reading order, each fitted to the limits.

    Of a picture that was given up it is what stands around every caption. ValueError for a Scene without its caption,
    and as `fit` raises it.
    """
    if scene.problem:
        return (RegionalPrompt(WHOLE, frame_of(words), Box(0.0, 0.0, 1.0, 1.0)),)
    short, regions = told.region_words == SHORT, _regions(scene, settings)
    parts = [_told(patch, scene, short=short) for patch in regions]
    caption = clauses_of_caption(scene)
    everywhere = _without_repeats(caption, parts) if short else caption
    near = replace(words, style=TAGS) if short else words
    areas = [area_of(patch.box, scene.image.width, scene.image.height) for patch in regions]
    return (
        _prompt(WHOLE, everywhere, Box(0.0, 0.0, 1.0, 1.0), count, limits, words),
        *(
            _prompt(patch.name, clauses, area, count, limits, near)
            for patch, clauses, area in zip(regions, parts, areas, strict=True)
        ),
    )


def _told(patch: Patch, scene: Scene, *, short: bool) -> Sequence[Clause]:
    """What a region's prompt is made of; its sentences as they are where they tell of nothing but the crop."""
    clauses = clauses_of_sentences(patch.sentences, scene)
    return (short_clauses(clauses) or clauses) if short else clauses


def _without_repeats(caption: Sequence[Clause], regions: Sequence[Sequence[Clause]]) -> Sequence[Clause]:
    """The caption without what a region tells in its own place; its lead, or all of it where nothing else is left."""
    told = [clause.text for clauses in regions for clause in clauses]
    return [one for one in caption if leads(one) or not any(_repeats(one, text) for text in told)] or caption


def _repeats(clause: Clause, text: str) -> bool:
    said = ", ".join(thing_phrases(clause.text))
    return bool(said) and tells_the_same(said, text)


def region_phrases(sentences: Sequence[Sentence], scene: Scene) -> str:
    """What a region's sentences say as phrases with the thing first: "red car, black wheels"."""
    clauses = clauses_of_sentences(sentences, scene)
    phrases = [tag for one in short_clauses(clauses) or clauses for tag in tags_of(one.text)]
    return ", ".join(dict.fromkeys(phrases))


def _regions(scene: Scene, settings: RegionalSettings) -> tuple[Patch, ...]:
    near = (scene.semantic,) if settings.semantic and scene.semantic and scene.semantic.sentences else ()
    return (*described_regions(scene), *near)


def _prompt(
    name: str, clauses: Sequence[Clause], area: Box, count: Count, limits: Mapping[str, int], words: FitSettings
) -> RegionalPrompt:
    try:
        return RegionalPrompt(name, fit(clauses, count, limits, words).text, area)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def area_of(box: Box, width: int, height: int) -> Box:
    """The box in fractions of a picture of that size, inside the picture, and at least SMALLEST wide and high.

    A region that is smaller than a cell of the latent grows around its centre: it would otherwise act on nothing.
    """
    part = box.normalised(width, height)
    left, right = _at_least(part.left, part.right)
    top, bottom = _at_least(part.top, part.bottom)
    return Box(left, top, right, bottom)


def _at_least(start: float, end: float) -> tuple[float, float]:
    start, end = max(0.0, start), min(1.0, end)
    if end - start >= SMALLEST - _ROUNDING:
        return start, end
    begin = min(max(0.0, (start + end - SMALLEST) / 2), 1.0 - SMALLEST)
    return begin, begin + SMALLEST


def edge_weights(start: float, end: float, count: int, feather: float) -> list[float]:
    """How much each of `count` pixels along a side belongs to the part from `start` to `end`, 0 to 1.

    Inside, the weight rises from an edge over `feather` (in the same fractions); at the sides of the picture it does
    not, because nothing lies beyond them. Outside it is 0.
    """
    first, last = math.floor(start * count), math.ceil(end * count)
    return [
        _weight((number + 0.5) / count, start, end, feather) if first <= number < last else 0.0
        for number in range(count)
    ]


def _weight(at: float, start: float, end: float, feather: float) -> float:
    if feather <= 0:
        return 1.0
    rise = 1.0 if start <= 0 else (at - start) / feather
    fall = 1.0 if end >= 1 else (end - at) / feather
    return min(1.0, max(0.0, min(rise, fall)))
