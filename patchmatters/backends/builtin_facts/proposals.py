"""What is worth saying of a crop: for each fact the claims that may be made, the best first.

These only choose. Whether a claim is true enough to be made is decided by its support, for all of them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from . import colours
from .measure import Measures
from .places import FRACTIONS, MASKS, PLACES, POSITIONS, nearest, place_of_mass, zone_difference
from .supports import ACCENTS, Fields, accent_mass, coverage_of, edge_coverage, silhouette

Propose = Callable[[Measures], Sequence[Fields]]

_FLAT = 0.04  # evenness below which the crop is one area of colour, and nothing can be said of its parts
_MAIN_SHARE = 0.1
_ACCENT_SHARE = 0.17  # a larger area is a main colour, not an accent
_ACCENT_LEAST = 0.005
_OPPOSITE = {
    "top": "bottom",
    "bottom": "top",
    "left": "right",
    "right": "left",
    "top left": "bottom right",
    "bottom right": "top left",
    "top right": "bottom left",
    "bottom left": "top right",
}
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
    return lambda measures: [{slot: value} for value in values]


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
    return ({"colour": name, "fraction": nearest(FRACTIONS, covered)},)


def second_colour(measures: Measures) -> Sequence[Fields]:
    others = _main(measures)[1:]
    return ({"colour": others[0]},) if len(others) == 1 else ()


def palette(measures: Measures) -> Sequence[Fields]:
    others = _main(measures)[1:]
    return ({"colours": ", ".join(others)},) if len(others) > 1 else ()


def zone_colour(measures: Measures) -> Sequence[Fields]:
    """Zones of one colour other than the dominant one, the most even first, each in a place and colour of its own."""
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
    taken, named = np.zeros_like(MASKS["top"]), set()
    for _, place, name in ranked:
        if name not in named and not (taken & MASKS[place]).any():
            taken, named = taken | MASKS[place], {*named, name}
            yield {"place": place, "colour": name}


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
        members = list(colours.indices_of_families([family]))
        share = float(total[members].sum())
        if family not in taken and _ACCENT_LEAST <= share <= _ACCENT_SHARE:
            largest = max(members, key=lambda index: round(float(total[index]), 4))
            found.append((round(share, 3), colours.NAMES[largest]))
    return [name for _, name in sorted(found, key=lambda one: (-one[0], one[1]))]


def accent(measures: Measures) -> Sequence[Fields]:
    """Accents that lie in one place, unless a whole zone of that colour was named already."""
    named = {fields["colour"] for fields in zone_colour(measures)}
    placed = ((name, place_of_mass(accent_mass(measures, name))) for name in _accents(measures) if name not in named)
    return [{"colour": name, "place": place} for name, place in placed if place]


def accent_colour(measures: Measures) -> Sequence[Fields]:
    return [{"colour": name} for name in _accents(measures) if not place_of_mass(accent_mass(measures, name))]


def extreme(slot: str, word: str, sign: float, cells_of: Callable[[Measures], np.ndarray | None]) -> Propose:
    """Where a value over the cells is greatest (sign 1) or least (sign -1), whole sides before corners."""

    def propose(measures: Measures) -> Sequence[Fields]:
        cells = cells_of(measures)
        if is_flat(measures) or cells is None:
            return ()
        rated = {place: round(sign * zone_difference(cells, place), 3) for place in PLACES}
        best = max(rated.values())
        return [{slot: word, "place": place} for place in PLACES if rated[place] >= 0.85 * best][:1]

    return propose


def darkest(measures: Measures) -> Sequence[Fields]:
    """Where it is darkest, unless that only turns round what was said of the brightest part."""
    brightest = extreme("extreme", "brightest", 1.0, lambda measures: measures.lightness)(measures)
    found = extreme("extreme", "darkest", -1.0, lambda measures: measures.lightness)(measures)
    opposite = {_OPPOSITE.get(fields["place"]) for fields in brightest}
    return [fields for fields in found if fields["place"] not in opposite]


def where(cells_of: Callable[[Measures], np.ndarray | None]) -> Propose:
    """Where a value over the cells is greatest, whole sides before corners."""
    propose = extreme("", "", 1.0, cells_of)
    return lambda measures: [{"place": fields["place"]} for fields in propose(measures)]


def contrast(measures: Measures) -> Sequence[Fields]:
    """Low or high, but not where the stronger statement about darks and lights is made."""
    if silhouette(measures, {}) >= 0.8:
        return ()
    return ({"contrast": "low"}, {"contrast": "high"})


def layout(measures: Measures) -> Sequence[Fields]:
    if not measures.whole:
        return ()
    return [{"layout": value} for value in ("panoramic", "vertical", "horizontal", "square")]


def _position(strengths: np.ndarray) -> str:
    at = (int(strengths.argmax()) + 1) / (len(strengths) + 1)
    return nearest({name: position for name, (_, _, position) in POSITIONS.items()}, at)


def horizontal_division(measures: Measures) -> Sequence[Fields]:
    return () if is_flat(measures) else ({"down": _position(measures.rows)},)


def vertical_division(measures: Measures) -> Sequence[Fields]:
    return () if is_flat(measures) else ({"across": _position(measures.columns)},)
