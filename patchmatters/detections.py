"""Detections in: from the dictionaries that detectors, ComfyUI nodes and JSON files use to `Detection`, once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .scene import Box, Detection

_KEYS = ("x", "y", "width", "height")


def read_detections(data: Any, count: int) -> tuple[tuple[Detection, ...], ...]:
    """Detections for `count` pictures from what a detector gave.

    `data` is one dict {x, y, width, height, label?, score?} in pixels, a flat list of them (for every picture the
    same, as ComfyUI's own nodes read it), a list of one such list per picture, or None. A single inner list serves
    every picture; otherwise there must be one list per picture. ValueError, naming the box, for anything else.
    """
    rows = _rows(data)
    if len(rows) == 1:
        rows = rows * count
    if len(rows) != count:
        raise ValueError(f"There are boxes for {len(rows)} pictures, but {count} pictures: give one list per picture.")
    return tuple(
        tuple(_detection(entry, f"Box {number} of picture {picture}") for number, entry in enumerate(row, 1))
        for picture, row in enumerate(rows, 1)
    )


def _rows(data: Any) -> list[Sequence[Any]]:
    """`data` as one sequence of entries per picture."""
    if data is None:
        return [()]
    if isinstance(data, Mapping):
        return [(data,)]
    if not isinstance(data, Sequence) or isinstance(data, (str, bytes)):
        raise ValueError(f"Boxes must be a list of {{x, y, width, height, label, score}}, not {type(data).__name__}.")
    if data and all(isinstance(entry, Sequence) and not isinstance(entry, (str, bytes)) for entry in data):
        return list(data)
    return [data]


def _detection(entry: Any, where: str) -> Detection:
    if not isinstance(entry, Mapping):
        raise ValueError(
            f"{where} must be an object {{x, y, width, height, label, score}}, not {type(entry).__name__}."
        )
    missing = [key for key in _KEYS if key not in entry]
    if missing:
        raise ValueError(f"{where} has no {', '.join(missing)}: boxes need x, y, width and height in pixels.")
    x, y, width, height = (_number(entry[key], f"{key} of {where}") for key in _KEYS)
    if width < 0 or height < 0:
        raise ValueError(f"{where} is inverted (width {width:g}, height {height:g}): give x, y of its top left corner.")
    score = entry.get("score")
    label = entry.get("label")
    return Detection(
        Box(x, y, x + width, y + height),
        label="" if label is None else str(label),
        score=1.0 if score is None else _number(score, f"score of {where}"),
    )


def _number(value: Any, where: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"The {where} is {value!r}: give a number.") from None
    if not math.isfinite(number):
        raise ValueError(f"The {where} is {number}: give a finite number.")
    return number
