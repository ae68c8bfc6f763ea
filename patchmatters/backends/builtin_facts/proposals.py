"""What is worth saying of a crop: for each fact the claims that may be made, the best first.

These only choose. Whether a claim is true enough to be made is decided by its support, for all of them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from . import colours
from . import supports as true
from .colours import Floats
from .measure import Measures
from .places import FRACTIONS, MASKS, PLACES, POSITIONS, nearest, place_of_mass, zone_difference
from .supports import ACCENTS, CLEAR, Fields, accent_mass, coverage_of, edge_coverage

Propose = Callable[[Measures], Sequence[Fields]]

_FLAT = 0.04  # evenness below which the crop is one area of colour, and nothing can be said of its parts
_MAIN_SHARE = 0.1
_ACCENT_SHARE = 0.17  # a larger area is a main colour, not an accent
_ACCENT_LEAST = 0.005
_MOST_ACCENTS = 3
_SAME_ACCENT = 0.3  # likeness from which two names pass for one accent
_STRONG = 0.045  # a main colour of at least this chroma leaves no room for an accent of its family
_ACCENT_FAMILIES = ("red", "pink", "magenta", "orange", "yellow", "green", "teal", "blue", "purple")


def is_flat(measures: Measures) -> bool:
    """Whether the crop is one even area."""
    return measures.evenness <= _FLAT


def nothing(measures: Measures) -> Sequence[Fields]:
    return ()


def once(measures: Measures) -> Sequence[Fields]:
    return () if is_flat(measures) else ({},)


def each(slot: str, *values: str) -> Propose:
    """Try each of these values of one slot, in this order; the first that is true enough is said."""
    return lambda measures: () if is_flat(measures) else [{slot: value} for value in values]


def grain(measures: Measures) -> Sequence[Fields]:
    return ({"grain": "strong"}, {"grain": "fine"})


def _main(measures: Measures) -> list[str]:
    return [colours.NAMES[index] for index in colours.main_colours(measures.total, _MAIN_SHARE, 4)]


def dominant(measures: Measures) -> Sequence[Fields]:
    return ({"colour": _main(measures)[0]},)


def flat(measures: Measures) -> Sequence[Fields]:
    return dominant(measures) if is_flat(measures) else ()


def coverage(measures: Measures) -> Sequence[Fields]:
    name = _main(measures)[0]
    covered = coverage_of(measures, name)
    if is_flat(measures) or covered < 0.4:
        return ()
    return ({"fraction": nearest(FRACTIONS, covered)},)


def palette(measures: Measures) -> Sequence[Fields]:
    others = [] if is_flat(measures) else _main(measures)[1:]
    return ({"colours": ", ".join(others)},) if others else ()


def zone_colour(measures: Measures) -> Sequence[Fields]:
    """Zones of one colour other than the dominant one, the most even first.

    Each has a colour and sides of its own, and only one is a corner: two corners, compared as text, look like rivals.
    """
    if is_flat(measures):
        return ()
    main = colours.main_colours(measures.total, 0.0, 1)[0]
    found: list[tuple[float, str, str]] = []
    for place in PLACES:
        covered = np.round(colours.blended(measures.shares[MASKS[place]].mean(axis=0)), 2)
        best = int(covered.argmax())
        if covered[best] >= 0.48 and colours.alike(main, best) < 0.75:
            found.append((float(covered[best]), place, colours.NAMES[best]))
    ranked = sorted(found, key=lambda one: (-one[0], PLACES.index(one[1])))
    return list(_apart(ranked))


def _apart(ranked: Sequence[tuple[float, str, str]]) -> Iterator[Fields]:
    taken, said = np.zeros_like(MASKS["top"]), set[str]()
    for _, place, name in ranked:
        words = {name, *place.split(), *(["corner"] if " " in place else [])}
        if said.isdisjoint(words) and not (taken & MASKS[place]).any():
            taken, said = taken | MASKS[place], said | words
            yield {"zone": place, "colour": name}


def edges(measures: Measures) -> Sequence[Fields]:
    if is_flat(measures):
        return ()
    best = int(np.round(edge_coverage(measures)[1], 3).argmax())
    centre = colours.blended(measures.shares[MASKS["centre"]].mean(axis=0))
    return ({"colour": colours.NAMES[best]},) if centre[best] < 0.85 else ()


def _accents(measures: Measures) -> list[str]:
    """Names of small areas of strong colour, the largest first, one for each family of colours."""
    total = np.where(ACCENTS, measures.total, 0.0)
    main = colours.main_colours(measures.total, _MAIN_SHARE, 4)
    taken = {colours.FAMILIES[index] for index in main if colours.CHROMA[index] >= _STRONG}
    found = []
    for family in _ACCENT_FAMILIES:
        members = colours.indices_of_family(family)
        share = float(total[members].sum())
        if family not in taken and _ACCENT_LEAST <= share <= _ACCENT_SHARE:
            largest = max(members, key=lambda index: round(float(total[index]), 4))
            found.append((round(share, 3), colours.NAMES[largest]))
    return _distinct([name for _, name in sorted(found, key=lambda one: (-one[0], one[1]))])


def _distinct(names: Sequence[str]) -> list[str]:
    """The names without those that are too near to one before to be another accent."""
    kept: list[str] = []
    for name in names:
        index = colours.NAMES.index(name)
        if all(colours.alike(index, colours.NAMES.index(other)) < _SAME_ACCENT for other in kept):
            kept.append(name)
    return kept


def accents(measures: Measures) -> Sequence[Fields]:
    """All clear accents in one list, each with its place where it lies in one, so that no list lacks one.

    A colour that was named as that of a whole zone is none.
    """
    named = {fields["colour"] for fields in zone_colour(measures)}
    placed = ((name, place_of_mass(accent_mass(measures, name))) for name in _accents(measures) if name not in named)
    listed = [f"{name} at {place}" if place else name for name, place in placed]
    clear = [one for one in listed if true.accents(measures, {"accents": one}) >= CLEAR]
    return ({"accents": ", ".join(clear[:_MOST_ACCENTS])},) if clear else ()


def where(cells_of: Callable[[Measures], Floats | None], sign: float = 1.0) -> Propose:
    """Where a value over the cells is greatest (sign 1) or least (sign -1), whole sides before corners."""

    def propose(measures: Measures) -> Sequence[Fields]:
        cells = cells_of(measures)
        if is_flat(measures) or cells is None:
            return ()
        rated = {place: round(sign * zone_difference(cells, place), 3) for place in PLACES}
        best = max(rated.values())
        return [{"place": place} for place in PLACES if rated[place] >= 0.85 * best][:1]

    return propose


_LIGHTEST = where(lambda measures: measures.lightness)
_DARKEST = where(lambda measures: measures.lightness, -1.0)


def fall_of_light(measures: Measures) -> Sequence[Fields]:
    return [
        {"source": start["place"], "target": end["place"]}
        for start in _LIGHTEST(measures)
        for end in _DARKEST(measures)
    ]


def _falls(measures: Measures) -> bool:
    return any(true.fall_of_light(measures, fields) >= CLEAR for fields in fall_of_light(measures))


def brightest(measures: Measures) -> Sequence[Fields]:
    """Where it is brightest, unless the fall of light says so already."""
    return () if _falls(measures) else _LIGHTEST(measures)


def darkest(measures: Measures) -> Sequence[Fields]:
    """Where it is darkest, unless the fall of light says so already."""
    return () if _falls(measures) else _DARKEST(measures)


def tone(measures: Measures) -> Sequence[Fields]:
    levels = ("very dark", "very bright", "dark", "bright", "fairly dark", "fairly bright", "medium")
    return [{"tone": level} for level in (levels if is_flat(measures) else levels[:-1])]


def saturation(measures: Measures) -> Sequence[Fields]:
    """Low or high, but low not where the stronger statement is made."""
    if is_flat(measures) or true.black_and_white(measures, {}) >= CLEAR:
        return ()
    return ({"saturation": "low"}, {"saturation": "high"})


def contrast(measures: Measures) -> Sequence[Fields]:
    """Low or high, but not where the stronger statement about darks and lights is made."""
    if is_flat(measures) or true.silhouette(measures, {}) >= CLEAR:
        return ()
    return ({"contrast": "low"}, {"contrast": "high"})


def layout(measures: Measures) -> Sequence[Fields]:
    if is_flat(measures) or not measures.whole:
        return ()
    return [{"layout": value} for value in ("panoramic", "vertical", "horizontal", "square")]


def _position(strengths: Floats) -> str:
    at = (int(strengths.argmax()) + 1) / (len(strengths) + 1)
    return nearest({name: position for name, (_, _, position) in POSITIONS.items()}, at)


def horizontal_division(measures: Measures) -> Sequence[Fields]:
    return () if is_flat(measures) else ({"down": _position(measures.rows)},)


def vertical_division(measures: Measures) -> Sequence[Fields]:
    return () if is_flat(measures) else ({"across": _position(measures.columns)},)
