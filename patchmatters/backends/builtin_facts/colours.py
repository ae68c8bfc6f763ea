"""Colours by name, in OKLab.

A colour's name is the nearest of about seventy prototypes. How well another name fits is the distance between the two
prototypes, so "dark red" is half right of red, and green is plain wrong.

OKLab and its matrices: Bjoern Ottosson, "A perceptual color space for image processing", 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Lightness spans three times the range of chroma in sRGB; at half weight a shadow on a wall stays the wall's colour.
_LIGHTNESS_WEIGHT = 0.55
_SIMILAR = 0.20  # distance at which two names have nothing in common
_BLEND = 0.10  # distance within which neighbouring prototypes count as one area of colour
_SAME_FAMILY = 0.75  # "blue" said of dark blue: true, but not the best word

_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float64,
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float64,
)

# name: (sRGB, family). Prototypes lie where people use the name in photographs, which are duller than paint charts.
_PROTOTYPES: tuple[tuple[str, str, str], ...] = (
    ("black", "0b0b0b", "black"),
    ("charcoal", "2e2e2e", "grey"),
    ("dark grey", "4e4e4e", "grey"),
    ("grey", "828282", "grey"),
    ("light grey", "b4b4b4", "grey"),
    ("pale grey", "d8d8d8", "grey"),
    ("white", "f6f6f6", "white"),
    ("dark red", "761616", "red"),
    ("red", "c62222", "red"),
    ("bright red", "f8252a", "red"),
    ("muted red", "a5504c", "red"),
    ("maroon", "4a1018", "red"),
    ("pink", "ee9cb2", "pink"),
    ("pale pink", "f5d6da", "pink"),
    ("bright pink", "f24c9c", "pink"),
    ("dusty pink", "bd9092", "pink"),
    ("magenta", "bb2f92", "magenta"),
    ("dark magenta", "6e1450", "magenta"),
    ("orange", "ea8428", "orange"),
    ("bright orange", "ff6a14", "orange"),
    ("dark orange", "b85a18", "orange"),
    ("peach", "f2c4a2", "orange"),
    ("dark brown", "382417", "brown"),
    ("brown", "704c30", "brown"),
    ("light brown", "a67f5c", "brown"),
    ("reddish brown", "7a3c28", "brown"),
    ("golden brown", "98691f", "brown"),
    ("greyish brown", "786a5e", "brown"),
    ("dark greyish brown", "443a34", "brown"),
    ("tan", "c6a67c", "beige"),
    ("beige", "ddcdb2", "beige"),
    ("cream", "f4ebd4", "beige"),
    ("bright yellow", "fae224", "yellow"),
    ("yellow", "e2c245", "yellow"),
    ("pale yellow", "f4eca8", "yellow"),
    ("golden yellow", "cb9c22", "yellow"),
    ("dark yellow", "989130", "yellow"),
    ("olive", "6e6a2c", "olive"),
    ("dark olive", "3c3c1a", "olive"),
    ("dark green", "1b3b1f", "green"),
    ("green", "3a883b", "green"),
    ("bright green", "32d24a", "green"),
    ("light green", "94d08a", "green"),
    ("pale green", "cfe6c6", "green"),
    ("yellow-green", "a6c63a", "green"),
    ("olive green", "6a7a2c", "green"),
    ("muted green", "50693a", "green"),
    ("moss green", "8a9a5b", "green"),
    ("greyish green", "7c8c74", "green"),
    ("dark greyish green", "39453a", "green"),
    ("dark teal", "124648", "teal"),
    ("teal", "1f8a8a", "teal"),
    ("turquoise", "42c8c0", "teal"),
    ("pale turquoise", "b9e3df", "teal"),
    ("bright cyan", "22e0f4", "teal"),
    ("dark blue", "17264f", "blue"),
    ("blue", "2c56ae", "blue"),
    ("bright blue", "1f62fa", "blue"),
    ("light blue", "7eb2e4", "blue"),
    ("pale blue", "c4dcef", "blue"),
    ("muted blue", "5f7ea8", "blue"),
    ("greyish blue", "7a8898", "blue"),
    ("dark greyish blue", "36424f", "blue"),
    ("pale greyish blue", "b0bdc8", "blue"),
    ("dark purple", "37194b", "purple"),
    ("purple", "78389e", "purple"),
    ("bright purple", "9c3cf0", "purple"),
    ("light purple", "b69ada", "purple"),
    ("pale purple", "d6c8ee", "purple"),
    ("greyish purple", "7f6c8c", "purple"),
)

# Other words for a prototype, or for a word in a name.
_WHOLE_SYNONYMS = MappingProxyType(
    {
        "navy": "dark blue",
        "navy blue": "dark blue",
        "sky blue": "light blue",
        "cyan": "turquoise",
        "aqua": "turquoise",
        "lilac": "light purple",
        "very light grey": "pale grey",
        "lavender": "pale purple",
        "violet": "purple",
        "crimson": "red",
        "burgundy": "maroon",
        "gold": "golden yellow",
        "mustard": "golden yellow",
        "khaki": "tan",
        "sand": "tan",
        "ivory": "cream",
        "silver": "light grey",
        "slate": "dark greyish blue",
        "hot pink": "bright pink",
        "fuchsia": "magenta",
        "lime": "yellow-green",
        "lime green": "yellow-green",
        "rust": "reddish brown",
        "mid grey": "grey",
        "medium grey": "grey",
        "neutral grey": "grey",
        "very dark grey": "charcoal",
        "pure white": "white",
        "pure black": "black",
        "off-white": "pale grey",
        "yellowish green": "yellow-green",
        "yellow green": "yellow-green",
        "amber": "orange",
        "nearly black": "charcoal",
        "scarlet": "bright red",
        "emerald": "green",
    }
)
_WORD_SYNONYMS = MappingProxyType(
    {
        "deep": "dark",
        "vivid": "bright",
        "brilliant": "bright",
        "intense": "bright",
        "saturated": "bright",
        "dull": "muted",
        "soft": "muted",
        "dusty": "muted",
        "faded": "muted",
        "medium": "",
        "mid": "",
        "plain": "",
        "pure": "",
    }
)
# What a modifier does to OKLab lightness (factor, offset) and chroma (factor), for names that are not prototypes.
_MODIFIERS = MappingProxyType(
    {
        "dark": (0.62, 0.0, 0.75),
        "bright": (1.0, 0.06, 1.3),
        "light": (0.6, 0.36, 0.75),
        "pale": (0.35, 0.6, 0.35),
        "muted": (1.0, 0.0, 0.5),
        "greyish": (0.9, 0.05, 0.25),
    }
)


def to_oklab(rgb: NDArray[np.generic]) -> Floats:
    """sRGB values 0..255, shape (..., 3), as OKLab of the same shape: L 0..1, a and b about -0.3..0.3."""
    encoded = np.asarray(rgb, dtype=np.float64) / 255.0
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    lab: Floats = (np.cbrt(linear @ _RGB_TO_LMS.T) @ _LMS_TO_LAB.T).astype(np.float32)
    return lab


def _lab_of_hex(code: str) -> Floats:
    return to_oklab(np.array([int(code[at : at + 2], 16) for at in (0, 2, 4)]))


NAMES: tuple[str, ...] = tuple(name for name, _, _ in _PROTOTYPES)
FAMILIES: tuple[str, ...] = tuple(family for _, _, family in _PROTOTYPES)
_LAB: Floats = np.stack([_lab_of_hex(code) for _, code, _ in _PROTOTYPES])
_INDEX = MappingProxyType({name: index for index, name in enumerate(NAMES)})
CHROMA: Floats = np.hypot(_LAB[:, 1], _LAB[:, 2])
LIGHTNESS: Floats = _LAB[:, 0]
# How much an area of each colour counts towards the dominant one: shadows recede, strong colours catch the eye.
PROMINENCE: Floats = (0.8 + 0.2 * np.clip((LIGHTNESS - 0.15) / 0.3, 0.0, 1.0)) * (1.0 + np.clip(CHROMA, 0.0, 0.15))
# Names of one word that stand for a whole family: "blue" is not wrong of any blue.
_FAMILY_WORDS = frozenset(FAMILIES) & frozenset(NAMES)


def _scaled(lab: Floats) -> Floats:
    return lab * np.array([_LIGHTNESS_WEIGHT, 1.0, 1.0], dtype=np.float32)


def distances(lab: Floats) -> Floats:
    """Distance of colours (n, 3) in OKLab to every prototype: (n, number of names)."""
    here, there = _scaled(np.atleast_2d(lab)), _scaled(_LAB)
    squared = (here**2).sum(1)[:, None] + (there**2).sum(1)[None] - 2.0 * here @ there.T
    found: Floats = np.sqrt(np.maximum(squared, 0.0))
    return found


def named(rgb: NDArray[np.generic]) -> NDArray[np.intp]:
    """The index of the nearest name for each of some sRGB colours (n, 3)."""
    found: NDArray[np.intp] = distances(to_oklab(rgb)).argmin(axis=1)
    return found


def _fit(distance: Floats) -> Floats:
    """How well a name fits a colour at this distance, 0 to 1: smooth at both ends, so that wrong is quite wrong."""
    nearness: Floats = np.clip(1.0 - distance / _SIMILAR, 0.0, 1.0)
    return nearness * nearness * (3.0 - 2.0 * nearness)


_FITTING: Floats = _fit(distances(_LAB))
# (names, names): how much of an area called one name also counts as an area of the other.
BLENDING: Floats = np.clip(1.0 - distances(_LAB) / _BLEND, 0.0, 1.0)
BLENDING.setflags(write=False)


@dataclass(frozen=True)
class NamedColour:
    """A colour that somebody said: its words as read, and for every prototype (names,) two degrees, 0 to 1.

    `fit` says how well the words name it; `covers` how much of an area of it counts as an area of these words.
    """

    words: str
    fit: Floats
    covers: Floats


@lru_cache(maxsize=512)
def read_colour(words: str) -> NamedColour | None:
    """The colour that these words name, in any usual spelling; None where they name none.

    "grey-blue", "light-green", "very dark red" and modifiers that the table lacks ("pale orange") are understood.
    """
    spelled = _usual_spelling(words)
    lab = _lab_of_name(spelled)
    if lab is None:
        return None
    family = np.array([family == spelled and spelled in _FAMILY_WORDS for family in FAMILIES], dtype=np.float32)
    away = distances(lab)[0]
    fit = np.maximum(_fit(away), _SAME_FAMILY * family).astype(np.float32)
    covers = np.maximum(np.clip(1.0 - away / _BLEND, 0.0, 1.0), family).astype(np.float32)
    fit.setflags(write=False)
    covers.setflags(write=False)
    return NamedColour(spelled, fit, covers)


def _usual_spelling(words: str) -> str:
    text = " ".join(words.lower().replace("gray", "grey").split())
    spaced = " ".join(text.replace("-", " ").split())
    for spelled in (text, spaced):
        if (name := _WHOLE_SYNONYMS.get(spelled, spelled)) in _INDEX:
            return name
    swapped = (_WORD_SYNONYMS.get(word, word) for word in spaced.removeprefix("very ").split())
    return " ".join(word for word in swapped if word)


def _lab_of_name(name: str) -> Floats | None:
    if name in _INDEX:
        known: Floats = _LAB[_INDEX[name]]
        return known
    modifier, _, rest = name.partition(" ")
    base = _lab_of_name(_WHOLE_SYNONYMS.get(rest, rest)) if modifier in _MODIFIERS and rest else None
    if base is None:
        return None
    factor, offset, chroma = _MODIFIERS[modifier]
    lightness = min(1.0, float(base[0]) * factor + offset)
    return np.array([lightness, base[1] * chroma, base[2] * chroma], dtype=np.float32)


def colour_words() -> tuple[str, ...]:
    """Every word that can be part of a colour's name, for the pattern that finds one in a sentence."""
    words: set[str] = {"very"}
    for name in (*NAMES, *_WHOLE_SYNONYMS, *_WORD_SYNONYMS, *_MODIFIERS):
        words.update(name.replace("-", " ").split())
    return tuple(sorted(words))


def blended(shares: Floats) -> Floats:
    """Shares by prototype (..., names) as coverage: what may pass for each name, neighbours included."""
    return shares @ BLENDING


def main_colours(shares: Floats, least: float, most: int) -> list[int]:
    """The colours of an area, largest first, as indices of `NAMES`, at most `most`, each at least a share `least`.

    `shares` (names,) sums to 1. What a colour covers is taken away before the next is looked for, so that two names for
    one area do not both appear. The first is given whatever its share.
    """
    left = np.array(shares, dtype=np.float32)
    found: list[int] = []
    while len(found) < most:
        coverage = np.round(blended(left), 4)
        rated = coverage if found else np.round(coverage * PROMINENCE, 4)
        best = int(rated.argmax())
        if found and coverage[best] < least:
            break
        found.append(best)
        left = left * (1.0 - np.clip(1.6 * BLENDING[best], 0.0, 1.0))
    return found


def alike(one: int, other: int) -> float:
    """How well the name of one prototype fits another, 0 to 1, by distance alone."""
    return float(_FITTING[one, other])


def indices_of_family(family: str) -> list[int]:
    """The prototypes of a family."""
    return [index for index, other in enumerate(FAMILIES) if other == family]
