"""Stage 1: divide pictures into spatial patches that cut no object in two (METHOD section 1)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..models import QUIET, Monitor
from ..options import Options, option
from ..picture import image_ref
from ..scene import Box, Detection, Patch, Role, Scene, Stage, union_of
from .content_cells import LEAST, MOST, content_cells

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

GRID, CONTENT = "grid", "content"
_AT_LEAST = 2  # detections that survive even below the score limit (METHOD section 1)
# Pixels: boxes in per cent lie within a hundred; in pictures that are not large, boxes in pixels may as well.
_HUNDRED, _LARGE = 100, 300
_ROW_WORDS = {1: ("",), 2: ("top", "bottom"), 3: ("top", "", "bottom")}
_COLUMN_WORDS = {1: ("",), 2: ("left", "right"), 3: ("left", "", "right")}


@dataclass(frozen=True)
class DivideSettings(Options):
    """How a picture is divided. The defaults are the paper's."""

    min_score: float = option(
        0.3,
        "Detections at or below this score (0 to 1) are ignored; if none is above it, the two best are used.",
        minimum=0.0,
        maximum=1.0,
        step=0.01,
    )
    merge_iou: float = option(
        0.3,
        "Detections that overlap by more than this IoU (intersection over union, 0 to 1) are united to one box.",
        minimum=0.0,
        maximum=1.0,
        step=0.01,
    )
    coverage: float = option(
        0.3,
        "A patch grows to hold a detection of which it covers more than this share (0 to 1) of the detection's area.",
        minimum=0.0,
        maximum=1.0,
        step=0.01,
    )
    rows: int = option(2, "Rows of the grid of patches; the paper divides into 2.", minimum=1, maximum=8, advanced=True)
    columns: int = option(
        2, "Columns of the grid of patches; the paper divides into 2.", minimum=1, maximum=8, advanced=True
    )

    division: str = option(
        GRID,
        "Grid: rows and columns. Content: parts where there is something to see, by detail and detections, from "
        "3 to most_patches of them; for large pictures.",
        choices=(GRID, CONTENT), advanced=True, later=True,
    )  # fmt: skip
    most_patches: int = option(
        MOST, "Patches at most where the content divides.", minimum=LEAST, maximum=MOST, advanced=True, later=True
    )
    least_side: int = option(
        224,
        "Where the content divides, no patch has a side of fewer pixels: a captioner would see no more of it. A "
        "picture too small for that is divided by the grid.",
        minimum=16, maximum=4096, advanced=True, later=True,
    )  # fmt: skip

    @property
    def patches_at_most(self) -> int:
        """How many patches a picture may have."""
        return self.most_patches if self.division == CONTENT else self.rows * self.columns


def divide(
    pictures: Sequence[Image],
    detections: Sequence[Sequence[Detection]] = (),
    settings: DivideSettings = DivideSettings(),
    names: Sequence[str] = (),
    monitor: Monitor = QUIET,
) -> tuple[Scene, ...]:
    """One divided Scene per picture (upright RGB, see `picture.upright_rgb`).

    `detections` holds one sequence per picture, or none at all; `names` likewise. ValueError for an empty batch, for
    counts that do not match, and for boxes that are inverted or scores that are no numbers.
    """
    if not pictures:
        raise ValueError("There is no picture to divide: connect at least one.")
    for what, given in (("detections", detections), ("names", names)):
        if given and len(given) != len(pictures):
            raise ValueError(f"There are {what} for {len(given)} pictures, but {len(pictures)} pictures.")
    scenes = []
    for index, picture in enumerate(pictures):
        monitor.poll()  # naming a large picture takes its time
        name = names[index] if names else f"picture {index + 1}"
        scenes.append(_divide_one(picture, detections[index] if detections else (), settings, name))
    return tuple(scenes)


def _divide_one(picture: Image, detections: Sequence[Detection], settings: DivideSettings, name: str) -> Scene:
    image = image_ref(picture, name)
    inside, lost = clip_detections(detections, image.box)
    chosen = select_detections(inside, settings.min_score)
    # Without detections the method takes the whole image for the one object. Of it no quadrant covers enough to grow,
    # and in other grids a patch must not grow to it either: so there is no object to hold together.
    boxes = merge_boxes([detection.box for detection in chosen], settings.merge_iou)
    scene = Scene(
        image=image,
        whole=Patch("whole image", Role.WHOLE, image.box),
        patches=_patches(picture, boxes, settings),
        stage=Stage.DIVIDED,
        detections=tuple(chosen),
        picture=picture,
    )
    warnings = [f"{lost} of {len(detections)} detections have no area inside the picture."] if lost else []
    if _look_like_shares(inside, image.box):
        warnings.append(
            f"All {len(inside)} boxes lie within the first {_HUNDRED} pixels of a picture of {image.width} x "
            f"{image.height}: if they are in per cent, multiply x and width by {image.width / 100:g}, y and height by "
            f"{image.height / 100:g}."
        )
    return scene.with_warnings(*warnings)


def _look_like_shares(detections: Sequence[Detection], image: Box) -> bool:
    """Whether boxes may be in per cent of the picture's sides: several, all in one corner, and all over that corner."""
    if len(detections) < _AT_LEAST or min(image.width, image.height) < _LARGE:
        return False
    around = union_of(one.box for one in detections)
    return max(around.right, around.bottom) <= _HUNDRED and min(around.width, around.height) > _HUNDRED / 2


def _patches(picture: Image, objects: Sequence[Box], settings: DivideSettings) -> tuple[Patch, ...]:
    if settings.division == CONTENT:
        cells = content_cells(picture, objects, settings.most_patches, settings.least_side)
        if cells:
            return tuple(_grown(f"part {n}", cell, objects, settings) for n, cell in enumerate(cells, 1))
    return spatial_patches(picture.width, picture.height, objects, settings)


def _grown(
    name: str, cell: Box, objects: Sequence[Box], settings: DivideSettings, place: tuple[int, int] | None = None
) -> Patch:
    """A cell with the objects of which it covers enough."""
    joined = [box for box in objects if box.coverage_by(cell) > settings.coverage]
    return Patch(name, Role.SPATIAL, union_of([cell, *joined]), cell=place)


def clip_detections(detections: Sequence[Detection], image: Box) -> tuple[list[Detection], int]:
    """Detections cut to the picture, and the number of those that have no area in it.

    ValueError for an inverted box or a score that is not a number.
    """
    clipped = []
    for number, detection in enumerate(detections, 1):
        _check_detection(detection, number)
        box = detection.box.intersection(image)
        if box.area > 0:
            clipped.append(Detection(box, detection.label, detection.score))
    return clipped, len(detections) - len(clipped)


def _check_detection(detection: Detection, number: int) -> None:
    box = detection.box
    name = f"Detection {number}" + (f" ({detection.label})" if detection.label else "")
    if not all(map(math.isfinite, (box.left, box.top, box.right, box.bottom))):
        raise ValueError(f"{name} has a box that is not finite ({box!r}): check the detector.")
    if box.right < box.left or box.bottom < box.top:
        raise ValueError(f"{name} has an inverted box ({box!r}): give left, top, right, bottom.")
    if math.isnan(detection.score):
        raise ValueError(f"{name} has a score that is not a number: give a score from 0 to 1.")


def select_detections(detections: Sequence[Detection], min_score: float) -> list[Detection]:
    """Those scored above `min_score`, in their order; if there is none, the two best."""
    above = [detection for detection in detections if detection.score > min_score]
    return above or sorted(detections, key=lambda detection: -detection.score)[:_AT_LEAST]


def merge_boxes(boxes: Sequence[Box], merge_iou: float) -> list[Box]:
    """Replace boxes whose IoU exceeds `merge_iou` by their union, until no pair exceeds it.

    Equal boxes count as overlapping even at `merge_iou` 1. Takes about a second for 10,000 boxes.
    """
    import numpy

    waiting = deque(dict.fromkeys(boxes))
    settled = numpy.empty((len(waiting), 4))
    count = 0
    while waiting:
        box = waiting.popleft()
        rivals = numpy.flatnonzero(_iou_with(box, settled[:count]) > merge_iou)
        if rivals.size == 0:
            settled[count] = (box.left, box.top, box.right, box.bottom)
            count += 1
            continue
        first = int(rivals[0])
        waiting.append(box.union(Box(*map(float, settled[first]))))
        settled[first : count - 1] = settled[first + 1 : count].copy()
        count -= 1
    return [Box(*map(float, row)) for row in settled[:count]]


def _iou_with(box: Box, others: NDArray[Any]) -> NDArray[Any]:
    """IoU of one box with `others`, an array of shape (n, 4), all of positive area -> (n,)."""
    import numpy

    width = numpy.minimum(others[:, 2], box.right) - numpy.maximum(others[:, 0], box.left)
    height = numpy.minimum(others[:, 3], box.bottom) - numpy.maximum(others[:, 1], box.top)
    common = width.clip(0) * height.clip(0)
    areas = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    found: NDArray[Any] = common / (areas + box.area - common)
    return found


def spatial_patches(
    width: int, height: int, objects: Sequence[Box], settings: DivideSettings = DivideSettings()
) -> tuple[Patch, ...]:
    """The grid cells of a picture, each grown by the objects of which it covers more than `settings.coverage`.

    In reading order. A cell without a pixel (a picture narrower than the grid) has no patch.
    """
    patches = []
    for row in range(settings.rows):
        for column in range(settings.columns):
            cell = _cell(width, height, row, column, settings)
            if cell.area == 0:
                continue
            name = cell_name(row, column, settings.rows, settings.columns)
            patches.append(_grown(name, cell, objects, settings, (row, column)))
    return tuple(patches)


def _cell(width: int, height: int, row: int, column: int, settings: DivideSettings) -> Box:
    return Box(
        float(width * column // settings.columns),
        float(height * row // settings.rows),
        float(width * (column + 1) // settings.columns),
        float(height * (row + 1) // settings.rows),
    )


def cell_name(row: int, column: int, rows: int, columns: int) -> str:
    """What people call a cell: "top-left" in small grids, "row 1 column 2" in larger ones."""
    if rows not in _ROW_WORDS or columns not in _COLUMN_WORDS:
        return f"row {row + 1} column {column + 1}"
    words = [word for word in (_ROW_WORDS[rows][row], _COLUMN_WORDS[columns][column]) if word]
    return "-".join(words) or "center"
