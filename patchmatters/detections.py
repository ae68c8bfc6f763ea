"""Detections in: from the dictionaries that detectors, ComfyUI nodes and JSON files use to `Detection`, once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .scene import Box, Detection

_FAR = 1e12  # no picture is as large; sums and areas of larger numbers would overflow
_KEYS = ("x", "y", "width", "height")
_LABELS = "rectanglelabels"  # what makes a box one of Label Studio's: labelstud.io/tags/rectanglelabels


def read_detections(data: Any, count: int) -> tuple[tuple[Detection, ...], ...]:
    """Detections for `count` pictures from what a detector gave.

    `data` is one dict {x, y, width, height, label?, score?} in pixels, a flat list of them (for every picture the
    same, as ComfyUI's own nodes read it), a list of one such list per picture, or None. A single inner list serves
    every picture; otherwise there must be one list per picture. A result of Label Studio ({value, original_width,
    original_height, score?}), whose boxes are in per cent, is one of these dicts too. ValueError, naming the box, for
    anything else, and for boxes in shares of the picture.
    """
    rows = _rows(data)
    if len(rows) == 1:
        rows = rows * count
    if len(rows) != count:
        raise ValueError(f"There are boxes for {len(rows)} pictures, but {count} pictures: give one list per picture.")
    read = tuple(
        tuple(_detection(entry, f"Box {number} of picture {picture}") for number, entry in enumerate(row, 1))
        for picture, row in enumerate(rows, 1)
    )
    _require_pixels([detection.box for row in read for detection in row])
    return read


def _require_pixels(boxes: Sequence[Box]) -> None:
    """ValueError where all boxes lie in the first pixel of their pictures: they are shares of its sides, not pixels."""
    inside = [max(box.right, box.bottom) <= 1 and min(box.left, box.top) >= 0 for box in boxes]
    if boxes and all(inside) and any(box.area > 0 for box in boxes):
        raise ValueError(
            f"All boxes lie between 0 and 1 (the first is {boxes[0]!r}), but pixels are expected: multiply x and width "
            "by the picture's width, y and height by its height."
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
    entry = _in_pixels(entry, where)
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


def _in_pixels(entry: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """A result of Label Studio, which is in per cent of the picture's sides, in pixels; others as they are."""
    if _LABELS in entry:
        raise ValueError(
            f"{where} is a value of Label Studio, in per cent: give the whole result, with original_width and "
            "original_height beside the value."
        )
    value = entry.get("value")
    if not isinstance(value, Mapping) or _LABELS not in value:
        return entry
    sides = {"x": "original_width", "width": "original_width", "y": "original_height", "height": "original_height"}
    missing = [side for side in dict.fromkeys(sides.values()) if side not in entry]
    missing += [key for key in _KEYS if key not in value]
    if missing:
        raise ValueError(f"{where} has no {', '.join(missing)}: give results as Label Studio exports them.")
    pixels = {
        key: _number(value[key], f"{key} of {where}") / 100 * _number(entry[side], f"{side} of {where}")
        for key, side in sides.items()
    }
    labels = value[_LABELS]
    return {
        **pixels,
        "label": labels[0] if isinstance(labels, Sequence) and labels else "",
        "score": entry.get("score"),
    }


def _number(value: Any, where: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"The {where} is {value!r:.60}: give a number.") from None
    except OverflowError:
        number = math.inf
    if not abs(number) < _FAR:
        raise ValueError(f"The {where} is {number:g}: give a number of pixels.")
    return number
