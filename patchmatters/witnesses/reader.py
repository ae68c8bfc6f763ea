"""Reading a picture: its lines of text with their place, by rapidocr (PP-OCR; its models come inside the package).

A picture is read once, as a whole and, where it is large, again in the parts with the finest detail, at its own
resolution. Small pictures are enlarged, because letters below some 12 pixels are hardly found; their quarters are read
again, enlarged further, where writing is told of that was not read.
"""

from __future__ import annotations

import logging
import math
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..picture import Crop
from ..scene import Box

if TYPE_CHECKING:
    from PIL.Image import Image

_VIEW = 1_200_000  # pixels of the view of a whole picture: 0.6 s on one core
_TILE = 960  # pixels a side of a part that is read at its own resolution: 0.5 s
_SHORT_SIDE, _ENLARGED = 736, 3.0  # views are enlarged to this short side, but at most so many times
_STRIP, _MARGIN = 8, 16  # a view that is so many times as long as high gets a margin of so many pixels around it
_AGAIN = 0.5  # overlap of two lines from which on both are one, read twice
_KEPT = 128  # views of which the lines are kept
_LATIN, _LOOKS_LATIN = re.compile("[A-Za-z]"), re.compile("[\u0370-\u03ff\u0400-\u04ff]")  # Greek, Cyrillic
_MIXED = 0.5  # the most that a word of two alphabets scores: one of its letters is misread
_DOUBTED = 0.9  # ... and a line that somebody reads otherwise: it bears out, but puts nothing right
_GRID = 64  # pixels a side of the view in which the detail of a part is measured
_CLEAR, _FAINT = 0.5, 0.3  # how surely a region must be writing to be read: rapidocr's own limit, and in a closer look
_QUARTER = 0.56  # the sides of a quarter as shares of the picture's: quarters overlap
_CLOSER = 1.6  # how much larger a quarter is read: at 1.8 to 2.4 less of it is read, and more misread
_SHOWN = 0.5  # share of a quarter that a look must show
_EDGE = 3  # pixels between a line and an edge that cuts it
SURE = 0.95  # score from which on what was read is held against what was said: in photographs 0.94 may be wrong
ONE_THREAD = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}  # of rapidocr

Part = tuple[int, int, int, int]  # left, top, right, bottom, in pixels


@dataclass(frozen=True)
class Token:
    """A word as it was read, and how surely, 0 to 1."""

    text: str
    score: float


@dataclass(frozen=True)
class Line:
    """A line of text as it was read: its words, how surely (0 to 1), its box and the height of its letters, in pixels
    of the whole picture."""

    text: str
    score: float
    box: Box
    height: float
    tokens: tuple[Token, ...]

    def doubted(self) -> Line:
        """The same, not surely read."""
        tokens = tuple(replace(token, score=min(token.score, _DOUBTED)) for token in self.tokens)
        return replace(self, score=min(self.score, _DOUBTED), tokens=tokens)


@dataclass
class Reader:
    """Reads pictures; what it read stays known by the picture's digest. One at a time: rapidocr keeps state."""

    tiles: int = 3
    _known: OrderedDict[tuple[str, Part | None], tuple[Line, ...]] = field(default_factory=OrderedDict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def lines(self, image: Crop) -> tuple[Line, ...]:
        """All lines of the whole picture that the crop is of, in reading order; sure or not. RuntimeError without
        rapidocr."""
        return self._once(image, None)

    def closer(self, image: Crop, looks: Sequence[Box]) -> tuple[Line, ...]:
        """The same, with what is read in the quarters of a small picture that most of these looks see, enlarged.

        `tiles` quarters are read at most; of a large picture none, because parts of it were read closer already.
        """
        often = {
            quarter: sum(Box(*quarter).coverage_by(look) > _SHOWN for look in looks)
            for quarter in quarters_of(image.picture)
        }
        seen = sorted(filter(often.__getitem__, often), key=lambda quarter: -often[quarter])
        found: Sequence[Line] = ()
        for quarter in seen[: self.tiles]:
            found = _united(found, self._once(image, quarter))
        return tuple(in_reading_order(_completed(self.lines(image), found)))

    def _once(self, image: Crop, part: Part | None) -> tuple[Line, ...]:
        """The lines of the whole, or of a part, enlarged: read when they are asked for the first time."""
        key = image.digest, part
        with self._lock:
            if key not in self._known:
                picture = image.picture
                self._known[key] = read_lines(picture, self.tiles) if part is None else _read_closer(picture, part)
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            return self._known[key]


def read_lines(picture: Image, tiles: int = 3) -> tuple[Line, ...]:
    """The lines of an RGB picture in reading order. `tiles` is how many parts of a large picture are read again."""
    whole = (0, 0, picture.width, picture.height)
    found = _read(picture, whole, _view_scale(picture.width, picture.height))
    if _is_large(picture):
        for part in finest_parts(picture, tiles):
            found = _united(found, _read(picture, part, 1.0))
    return tuple(in_reading_order(found))


def quarters_of(picture: Image) -> list[Part]:
    """The four overlapping quarters of a picture that is small enough to be read without tiles; else none."""
    if _is_large(picture):
        return []
    wide, high = round(_QUARTER * picture.width), round(_QUARTER * picture.height)
    return [
        (left, top, left + wide, top + high) for top in (0, picture.height - high) for left in (0, picture.width - wide)
    ]


def _read_closer(picture: Image, part: Part) -> tuple[Line, ...]:
    """The lines of a quarter but those that its inner edges cut."""
    lines = _read(picture, part, _CLOSER * _view_scale(picture.width, picture.height), _FAINT)
    return tuple(line for line in lines if not _is_cut_off(line.box, part, picture))


def _is_cut_off(box: Box, part: Part, picture: Image) -> bool:
    left, top, right, bottom = part
    inner = (left > 0, top > 0, right < picture.width, bottom < picture.height)
    reach = (box.left - left, box.top - top, right - box.right, bottom - box.bottom)
    return any(is_inner and space < _EDGE for is_inner, space in zip(inner, reach, strict=True))


def _is_large(picture: Image) -> bool:
    return picture.width * picture.height > 2 * _VIEW


def _view_scale(width: int, height: int) -> float:
    """How much a view of that size is enlarged or made smaller before it is read."""
    wanted = min(max(1.0, _SHORT_SIDE / min(width, height)), _ENLARGED)
    return min(wanted, math.sqrt(_VIEW / (width * height)))


def _read(picture: Image, part: Part, scale: float, least: float = _CLEAR) -> list[Line]:
    """The lines of a part of the picture, read at `scale`, where a region is writing as surely as `least`."""
    import numpy
    from PIL.Image import Resampling

    size = (max(1, round(scale * (part[2] - part[0]))), max(1, round(scale * (part[3] - part[1]))))
    view = picture.resize(size, Resampling.BICUBIC, box=part, reducing_gap=3.0)
    margin = _MARGIN if max(size) > _STRIP * min(size) else 0
    pixels = numpy.pad(numpy.asarray(view.convert("RGB")), ((margin,) * 2, (margin,) * 2, (0, 0)), mode="edge")
    told = _engine()(numpy.ascontiguousarray(pixels[:, :, ::-1]), box_thresh=least)
    if told.txts is None or told.boxes is None:
        return []
    rows = zip(told.boxes, told.txts, told.scores, told.word_results, strict=True)
    return [_line(row, part, scale, margin) for row in rows]


def _line(row: tuple[Any, str, float, Any], part: Part, scale: float, margin: int) -> Line:
    """A line of rapidocr: four corners (clockwise from the top left of the text), text, score, and its words."""
    corners, text, score, words = row
    points = [(part[0] + (float(x) - margin) / scale, part[1] + (float(y) - margin) / scale) for x, y in corners]
    across, down = [x for x, _ in points], [y for _, y in points]
    box = Box(max(min(across), 0.0), max(min(down), 0.0), max(across), max(down))
    height = min(math.dist(points[0], points[3]), math.dist(points[0], points[1]))
    tokens = tuple(_token(word, min(float(sure), float(score))) for word, sure, *_ in words if word.strip())
    return Line(text.strip(), float(score), box, height, tokens)


def _token(word: str, score: float) -> Token:
    """A word with its score; letters of two alphabets in one ("y\u03b1u") are not surely read."""
    mixed = _LATIN.search(word) and _LOOKS_LATIN.search(word)
    return Token(word, min(score, _MIXED) if mixed else score)


def _united(known: Sequence[Line], more: Iterable[Line]) -> list[Line]:
    """Lines of two views: what both have is told by the surer; a line cut by the view is told by the longer."""
    lines = list(known)
    for new in more:
        twins = [old for old in lines if _are_one(old, new)]
        if all((len(new.text), new.score) > (len(old.text), old.score) or new.score > old.score + 0.2 for old in twins):
            lines = [old for old in lines if old not in twins] + [new]
    return lines


def _completed(known: Sequence[Line], closer: Sequence[Line]) -> list[Line]:
    """What was read, and what was read closer where nothing was read; what both read unlike each other is unsure."""
    lines = list(known)
    for new in closer:
        twins = [old for old in lines if _are_one(old, new)]
        if not twins:
            lines.append(new)
        elif all(old.score < min(new.score, SURE) and old.text != new.text for old in twins):
            lines = [old for old in lines if old not in twins] + [new.doubted()]
    return lines


def _are_one(one: Line, other: Line) -> bool:
    return one.box.overlap(other.box) > _AGAIN


def finest_parts(picture: Image, most: int) -> list[Part]:
    """The `most` parts of a large picture with most detail that a view of the whole cannot show, finest first.

    Parts overlap by an eighth, so that a line on the border is whole in one of them.
    """
    step = _TILE * 7 // 8
    parts = [
        (left, top, min(left + _TILE, picture.width), min(top + _TILE, picture.height))
        for top in range(0, max(1, picture.height - _TILE // 8), step)
        for left in range(0, max(1, picture.width - _TILE // 8), step)
    ]
    return sorted(parts, key=lambda part: -_detail(picture, part))[:most]


def _detail(picture: Image, part: Part) -> float:
    """How much of a part is lost in the view of the whole: the mean contrast between neighbouring pixels."""
    import numpy

    grey = numpy.asarray(picture.crop(part).convert("L"), dtype=numpy.int16)
    edges = numpy.abs(numpy.diff(grey, axis=1))
    return float((edges > _GRID).mean())


def in_reading_order(lines: Iterable[Line]) -> list[Line]:
    """Rows from the top, each from the left; lines whose middles lie within half a letter's height are one row."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=_middle):
        if rows and abs(_middle(line) - _middle(rows[-1][0])) <= min(line.height, rows[-1][0].height) / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda one: one.box.left)]


def _middle(line: Line) -> float:
    return (line.box.top + line.box.bottom) / 2


@cache
def _engine() -> Any:
    """rapidocr with every line it finds, sure or not, and one thread, as the models of a picture share the machine."""
    try:
        from rapidocr import RapidOCR
    except ImportError:
        raise RuntimeError(
            'Reading text needs the package rapidocr: run "pip install rapidocr onnxruntime", or leave the witness out.'
        ) from None
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.text_score": 0.0,
            "Global.max_side_len": 1_000_000,  # views have their size already
            "Global.min_side_len": 1,
            "Global.use_vertical_padding": False,  # it would make 20 megapixels of a strip
            "Global.return_word_box": True,
            "Det.limit_side_len": 32,
            **ONE_THREAD,
        }
    )
