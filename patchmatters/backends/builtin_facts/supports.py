"""How true a claim is of a crop, 0 to 1: one small function a fact. None where the crop is too small to tell.

The ends of every slope were set by looking at photographs and at drawn pictures; they are figures of `Measures`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from . import colours
from .colours import NamedColour
from .measure import STRUCTURE, Measures
from .places import EDGES, FRACTIONS, MASKS, PLACES, POSITIONS, mass_in_place, slope, zone_difference

Floats = NDArray[np.float32]
Fields = Mapping[str, str]
Support = Callable[[Measures, Fields], "float | None"]

CLEAR = 0.8  # support from which a claim is made
SHARP, SOFT = 0.42, 0.24  # steepest step as a share of the range: above, an edge is crisp; below, it is out of focus
# The colours (names,) that can be an accent: strong ones that are not nearly black.
ACCENTS = (colours.CHROMA >= 0.085) & (colours.LIGHTNESS >= 0.355)
_LEAST_STRUCTURE = 0.12  # share of cells that must show something before sharpness can be judged


def band(value: float, low: float, high: float, soft: float) -> float:
    """1 between `low` and `high`, falling to 0 at a distance `soft` outside."""
    return slope(max(low - value, value - high, 0.0), soft, 0.0)


def colour_of(words: str) -> NamedColour:
    """The colour of words that a slot has already read. KeyError where they name none."""
    found = colours.read_colour(words)
    if found is None:
        raise KeyError(words)
    return found


def _best(degrees: Floats, fit: Floats) -> float:
    """The best of "this colour is so prominent" times "the word fits this colour"."""
    return float((degrees * fit).max())


def _leading(covered: Floats) -> Floats:
    """For each colour, 0 to 1, whether it covers as much of an area as the foremost one does."""
    leads: Floats = np.clip((covered / covered.max() - 0.6) / 0.3, 0.0, 1.0)
    return leads


# Colours


def dominant(measures: Measures, fields: Fields) -> float:
    covered = colours.blended(measures.total) * colours.PROMINENCE
    return _best(_leading(covered), colour_of(fields["colour"]).fit)


def flat(measures: Measures, fields: Fields) -> float:
    return slope(measures.evenness, 0.12, 0.04) * dominant(measures, fields)


def coverage_of(measures: Measures, words: str) -> float:
    """The share of the crop, 0 to 1, that may be called by this colour's name."""
    return float(measures.total @ colour_of(words).covers)


def coverage(measures: Measures, fields: Fields) -> float:
    away = abs(coverage_of(measures, fields["colour"]) - FRACTIONS[fields["fraction"]])
    return slope(away, 0.18, 0.07)


def dominant_name(measures: Measures) -> str:
    """The name of the dominant colour."""
    return colours.NAMES[colours.main_colours(measures.total, 0.0, 1)[0]]


def main_coverage(measures: Measures, fields: Fields) -> float:
    return coverage(measures, {"colour": dominant_name(measures), "fraction": fields["fraction"]})


def palette(measures: Measures, fields: Fields) -> float:
    return min(slope(coverage_of(measures, words), 0.03, 0.08) for words in fields["colours"].split(", "))


def zone_colour(measures: Measures, fields: Fields) -> float:
    covered = colours.blended(measures.shares[MASKS[fields["zone"]]].mean(axis=0))
    degrees = np.clip((covered - 0.2) / 0.3, 0.0, 1.0) * _leading(covered)
    return _best(degrees, colour_of(fields["colour"]).fit)


def edge_coverage(measures: Measures) -> Floats:
    """For each colour the share of the third best and of all four edges of the frame: (2, names)."""
    edges = np.stack([colours.blended(measures.shares[mask].mean(axis=0)) for mask in EDGES.values()])
    return np.stack([np.sort(edges, axis=0)[1], edges.mean(axis=0)])


def edges(measures: Measures, fields: Fields) -> float:
    third, mean = edge_coverage(measures)
    degrees = np.clip((np.minimum(third, mean) - 0.3) / 0.3, 0.0, 1.0) * _leading(mean)
    return _best(degrees, colour_of(fields["colour"]).fit)


def accent_mass(measures: Measures, words: str) -> Floats:
    """How much of each cell (12, 12) has this colour, counting only colours strong enough for an accent."""
    fit = colour_of(words).fit
    weights = np.where(ACCENTS & (fit >= 0.6), fit, 0.0).astype(np.float32)
    return measures.shares @ weights


def _accent_presence(mass: Floats) -> float:
    share = float(mass.mean())
    return slope(float(mass.max()), 0.1, 0.35) * slope(share, 0.001, 0.005) * slope(share, 0.45, 0.3)


def accent(measures: Measures, fields: Fields) -> float:
    return _one_accent(measures, fields["colour"], fields["place"])


def accents(measures: Measures, fields: Fields) -> float:
    """The least of the accents of a list like "red at top left, blue": the words of a place are its name here."""
    return min(_one_accent(measures, *one.partition(" at ")[::2]) for one in fields["accents"].split(", "))


def _one_accent(measures: Measures, colour: str, place: str) -> float:
    mass = accent_mass(measures, colour)
    return _accent_presence(mass) * (mass_in_place(mass, place) if place else 1.0)


# Light and colour as a whole

_TONES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "very dark": (0.0, 0.24),
        "dark": (0.0, 0.4),
        "fairly dark": (0.36, 0.48),
        "medium": (0.46, 0.66),
        "fairly bright": (0.64, 0.76),
        "bright": (0.72, 1.0),
        "very bright": (0.88, 1.0),
    }
)
_CONTRASTS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"low": (0.0, 0.3), "medium": (0.34, 0.62), "high": (0.66, 1.0)}
)
_SATURATIONS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"low": (0.0, 0.056), "moderate": (0.06, 0.11), "high": (0.115, 1.0)}
)
_WARMTHS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"cool": (-1.0, -0.018), "neutral": (-0.01, 0.012), "warm": (0.03, 1.0)}
)
_ASPECTS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"panoramic": (2.2, 1e9), "horizontal": (1.15, 1e9), "square": (0.97, 1.03), "vertical": (0.0, 0.87)}
)


def tone(measures: Measures, fields: Fields) -> float:
    return band(measures.level, *_TONES[fields["tone"]], soft=0.08)


def light(measures: Measures, fields: Fields) -> float:
    if fields["light"] == "bright":
        return slope(measures.level, 0.6, 0.7)
    return slope(measures.level, 0.5, 0.4) * slope(measures.high, 0.8, 0.7)


def even_light(measures: Measures, fields: Fields) -> float:
    return slope(float(measures.lightness.std()), 0.1, 0.05)


def contrast(measures: Measures, fields: Fields) -> float:
    return band(measures.high - measures.low, *_CONTRASTS[fields["contrast"]], soft=0.09)


def silhouette(measures: Measures, fields: Fields) -> float:
    dark, bright = measures.extremes
    return slope(dark + bright, 0.55, 0.7) * slope(min(dark, bright), 0.1, 0.18)


def black_and_white(measures: Measures, fields: Fields) -> float:
    return slope(measures.peak_chroma, 0.03, 0.016) * slope(measures.coloured, 0.006, 0.002)


def saturation(measures: Measures, fields: Fields) -> float:
    strength = measures.chroma + 0.35 * measures.peak_chroma  # a little of strong colour makes a picture vivid
    degree = band(strength, *_SATURATIONS[fields["saturation"]], soft=0.02)
    return degree * slope(measures.peak_chroma, 0.095, 0.12) if fields["saturation"] == "high" else degree


def warmth(measures: Measures, fields: Fields) -> float:
    return band(measures.warmth, *_WARMTHS[fields["warmth"]], soft=0.015)


def layout(measures: Measures, fields: Fields) -> float:
    width, height = measures.size
    return band(width / height, *_ASPECTS[fields["layout"]], soft=0.1)


# Where something is greatest


def leaning(cells: Floats, place: str, least: float) -> float:
    """How true it is that a value over the cells (12, 12) is greatest at `place`.

    The place must exceed the rest of the frame by `least` at least, and nearly as much as any other place does.
    """
    here = zone_difference(cells, place)
    best = max(zone_difference(cells, other) for other in PLACES)
    return slope(here, least / 2, least) * slope(here / max(best, 1e-6), 0.55, 0.8)


def brightest(measures: Measures, fields: Fields) -> float:
    return leaning(measures.lightness, fields["place"], 0.1)


def darkest(measures: Measures, fields: Fields) -> float:
    return leaning(-measures.lightness, fields["place"], 0.1)


def fall_of_light(measures: Measures, fields: Fields) -> float:
    return min(brightest(measures, {"place": fields["source"]}), darkest(measures, {"place": fields["target"]}))


def busyness(measures: Measures) -> Floats | None:
    """Detail in each cell, 0 to 1, from even surface to busy texture; None for a crop that is too small."""
    return None if measures.activity is None else np.clip(measures.activity / 0.06, 0.0, 1.0)


def texture(measures: Measures, fields: Fields) -> float | None:
    if measures.activity is None:
        return None
    if fields["texture"] == "smooth":
        return slope(float((measures.activity < 0.012).mean()), 0.4, 0.6)
    return slope(float((measures.activity > 0.03).mean()), 0.7, 0.9)


def busiest(measures: Measures, fields: Fields) -> float | None:
    detail = busyness(measures)
    return None if detail is None else leaning(detail, fields["place"], 0.3)


def smoothest(measures: Measures, fields: Fields) -> float | None:
    detail = busyness(measures)
    return None if detail is None else leaning(-detail, fields["place"], 0.3)


# Sharpness, grain


def crisp_and_soft(measures: Measures) -> tuple[Floats, Floats] | None:
    """Which cells (12, 12) are crisp and which out of focus, 0 or 1; None where too few cells show anything."""
    if measures.structure is None or measures.crispness is None:
        return None
    shown = measures.structure > STRUCTURE
    if shown.mean() < _LEAST_STRUCTURE:
        return None
    crisp = shown & (measures.crispness >= SHARP)
    return crisp.astype(np.float32), (shown & (measures.crispness <= SOFT)).astype(np.float32)


def focus_cells(measures: Measures) -> Floats | None:
    """1 where a cell (12, 12) is crisp, -1 where it is out of focus, 0 where it shows nothing; None: cannot tell."""
    cells = crisp_and_soft(measures)
    return None if cells is None else cells[0] - cells[1]


def sharpness(measures: Measures, fields: Fields) -> float | None:
    cells = crisp_and_soft(measures)
    if cells is None:
        return None
    crisp, soft = (float(part.sum()) for part in cells)
    shown = float((measures.structure > STRUCTURE).sum()) if measures.structure is not None else 0.0
    if fields["sharpness"] == "sharp":
        return slope(crisp / shown, 0.55, 0.8)
    return slope(crisp / shown, 0.3, 0.1) * slope(soft / shown, 0.3, 0.6)


def shallow(measures: Measures, fields: Fields) -> float | None:
    cells = crisp_and_soft(measures)
    if cells is None:
        return None
    crisp, soft = (float(part.mean()) for part in cells)
    return slope(crisp, 0.05, 0.1) * slope(soft, 0.08, 0.16) * slope(soft / max(crisp + soft, 1e-6), 0.15, 0.25)


def focus_place(measures: Measures, fields: Fields) -> float | None:
    cells = focus_cells(measures)
    blurred = shallow(measures, fields)
    if cells is None or blurred is None:
        return None
    return blurred * leaning(cells, fields["place"], 0.35)


def grain(measures: Measures, fields: Fields) -> float | None:
    if measures.grain is None:
        return None
    noise, evenness = measures.grain
    everywhere = slope(evenness, 0.55, 0.67)
    return {
        "fine": band(noise, 3.0, 8.0, 1.5) * everywhere,
        "strong": slope(noise, 6.0, 9.0) * everywhere,
        "invisible": max(slope(noise, 3.0, 1.5), 1.0 - everywhere),
    }[fields["grain"]]


# Layout


def symmetry(measures: Measures, fields: Fields) -> float:
    return slope(measures.mirror, 0.75, 0.9)


def _division(strengths: Floats, position: float) -> float:
    at = (np.arange(len(strengths)) + 1) / (len(strengths) + 1)
    near = np.clip(1.0 - (np.abs(at - position) - 0.05) / 0.06, 0.0, 1.0)
    return float((strengths * near).max())


def horizontal_division(measures: Measures, fields: Fields) -> float:
    return _division(measures.rows, POSITIONS[fields["down"]][2])


def vertical_division(measures: Measures, fields: Fields) -> float:
    return _division(measures.columns, POSITIONS[fields["across"]][2])
