"""Dividing: the method's rules (METHOD section 1), held by properties and by the authors' boxes."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from effort import examples
from engine.scenes import boxes, plain_picture
from patchmatters.describe import described_patches
from patchmatters.divide import DivideSettings, divide, merge_boxes, select_detections, spatial_patches
from patchmatters.divide.content_cells import content_cells
from patchmatters.regions import overlap_groups
from patchmatters.scene import Box, Detection, ImageRef, Patch, Role, Scene, union_of

ORDER = ["top-left", "top-right", "bottom-left", "bottom-right"]


def quadrants(width: int, height: int) -> list[Box]:
    x, y = width // 2, height // 2
    return [Box(0, 0, x, y), Box(x, 0, width, y), Box(0, y, x, height), Box(x, y, width, height)]


@given(st.lists(boxes(width=400, height=300), max_size=12), st.floats(0, 1))
def test_merged_boxes_do_not_overlap_and_hold_every_box(given_boxes: list[Box], merge_iou: float) -> None:
    merged = merge_boxes(given_boxes, merge_iou)
    assert all(a.iou(b) <= merge_iou for a, b in itertools.combinations(merged, 2))
    assert all(any(box.intersection(one) == box for one in merged) for box in given_boxes)
    assert len(merged) <= len(given_boxes)


@given(st.integers(2, 500), st.integers(2, 500), st.data())
def test_a_patch_is_its_quadrant_and_the_objects_it_mostly_covers(width: int, height: int, data: st.DataObject) -> None:
    objects = data.draw(st.lists(boxes(width=float(width), height=float(height)), max_size=6))
    patches = spatial_patches(width, height, objects)
    assert [patch.name for patch in patches] == ORDER
    for patch, quadrant in zip(patches, quadrants(width, height), strict=True):
        joined = [box for box in objects if box.coverage_by(quadrant) > 0.3]
        assert patch.box.left == min([quadrant.left, *(box.left for box in joined)])
        assert patch.box.top == min([quadrant.top, *(box.top for box in joined)])
        assert patch.box.right == max([quadrant.right, *(box.right for box in joined)])
        assert patch.box.bottom == max([quadrant.bottom, *(box.bottom for box in joined)])


@given(st.lists(st.builds(Detection, boxes(), st.just("thing"), st.floats(0, 1)), max_size=8), st.floats(0, 1))
def test_the_two_best_detections_survive_a_high_limit(detections: list[Detection], limit: float) -> None:
    chosen = select_detections(detections, limit)
    above = [detection for detection in detections if detection.score > limit]
    if above:
        assert chosen == above
    else:
        best = sorted((detection.score for detection in detections), reverse=True)[:2]
        assert [detection.score for detection in chosen] == best


@given(st.integers(1, 64), st.integers(1, 64), st.integers(1, 5), st.integers(1, 5))
def test_patches_cover_every_pixel_of_any_picture(width: int, height: int, rows: int, columns: int) -> None:
    patches = spatial_patches(width, height, [], DivideSettings(rows=rows, columns=columns))
    assert sum(patch.box.area for patch in patches) == width * height
    assert len({patch.name for patch in patches}) == len(patches)


def test_without_detections_the_patches_are_the_quadrants() -> None:
    (scene,) = divide([plain_picture(100, 60)])
    assert [patch.box for patch in scene.patches] == quadrants(100, 60)


def test_thin_pictures_have_patches_only_where_there_are_pixels() -> None:
    (dot,) = divide([plain_picture(1, 1)])
    (line,) = divide([plain_picture(1, 10000)])
    assert [patch.box for patch in dot.patches] == [Box(0, 0, 1, 1)]
    assert [patch.box for patch in line.patches] == [Box(0, 0, 1, 5000), Box(0, 5000, 1, 10000)]


def test_detections_outside_the_picture_are_left_out_with_a_warning() -> None:
    detections = [
        Detection(Box(200, 0, 300, 50)),
        Detection(Box(10, 10, 10, 40)),
        Detection(Box(-10, 5, 40, 40), "cat"),
    ]
    (scene,) = divide([plain_picture(100, 60)], [detections])
    assert scene.detections == (Detection(Box(0, 5, 40, 40), "cat"),)
    assert scene.warnings == ("2 of 3 detections have no area inside the picture.",)


@pytest.mark.parametrize(
    ("detection", "words"),
    [
        (Detection(Box(50, 0, 10, 40), "dog"), "Detection 1 \\(dog\\) has an inverted box"),
        (Detection(Box(0, 0, float("nan"), 40)), "not finite"),
        (Detection(Box(0, 0, 10, 40), "dog", float("nan")), "score that is not a number"),
    ],
)
def test_broken_detections_are_refused_by_name(detection: Detection, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        divide([plain_picture()], [[detection]])


def test_an_empty_batch_and_uneven_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="no picture"):
        divide([])
    with pytest.raises(ValueError, match="2 pictures, but 1"):
        divide([plain_picture()], [[], []])


@settings(max_examples=examples(20))
@given(st.integers(1, 9999))
def test_settings_out_of_range_are_refused(rows: int) -> None:
    if rows > 8:
        with pytest.raises(ValueError, match="rows is"):
            DivideSettings(rows=rows)
    else:
        assert DivideSettings(rows=rows).rows == rows


def test_ten_thousand_boxes_are_merged_in_seconds() -> None:
    many = [Detection(Box(x * 8.0, y * 4.0, x * 8.0 + 30, y * 4.0 + 20)) for x in range(100) for y in range(100)]
    start = time.process_time()
    (scene,) = divide([plain_picture(900, 500)], [many])
    assert len(scene.detections) == 10_000
    assert time.process_time() - start < 30  # a hang, not a speed: the figures are in benchmarks/


def _scene_of(record: dict) -> Scene:
    height, width = record["size_hw"]
    image = ImageRef(record["image"], width, height, "")
    cells = [(0, 0), (0, 1), (1, 0), (1, 1)]
    return Scene(
        image,
        Patch("whole image", Role.WHOLE, image.box),
        tuple(
            Patch(name, Role.SPATIAL, Box(*box), cell=cell)
            for name, box, cell in zip(ORDER, record["spatial_boxes"], cells, strict=True)
        ),
        semantic=Patch("main objects", Role.SEMANTIC, Box(*record["semantic_box"])),
    )


def _iou(a: list[float], b: list[float]) -> float:
    """Intersection over union, written apart from the engine's."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (areas - width * height)


def test_the_overlap_groups_of_the_authors_boxes(did_records: list[dict]) -> None:
    sides = [(0, 1), (1, 3), (2, 3), (0, 2)]
    pattern = {0: 0, 1: 0, 2: 0, 3: 0}
    for record in did_records:
        spatial = record["spatial_boxes"]
        pairs = [pair for pair in sides if _iou(spatial[pair[0]], spatial[pair[1]]) > 0.4]
        pattern[len(pairs)] += 1
        groups = overlap_groups(_scene_of(record).patches, 0.4)
        assert sorted(itertools.chain(*groups)) == [0, 1, 2, 3]
        for a, b in itertools.combinations(range(4), 2):
            together = any({a, b} <= set(group) for group in groups)
            assert together == _connected(a, b, pairs)
    assert all(pattern.values()), f"every overlap pattern of the full set occurs: {pattern}"


def _connected(a: int, b: int, pairs: list[tuple[int, int]]) -> bool:
    reached = {a}
    for _ in range(4):
        reached |= {two for pair in pairs for two in pair if reached & set(pair)}
    return b in reached


def test_semantic_patches_are_described_below_the_iou_limit(did_records: list[dict]) -> None:
    described = 0
    for record in did_records:
        height, width = record["size_hw"]
        expected = _iou(record["semantic_box"], [0, 0, width, height]) < 0.4
        names = [patch.name for patch in described_patches(_scene_of(record))]
        assert names[:5] == ["whole image", *ORDER]
        assert ("main objects" in names) == expected
        described += expected
    assert 0 < described < len(did_records)


# --- by content


def crowded_corner() -> Image.Image:
    """A picture of 1600 x 1200 pixels that is empty but for many small things at the bottom right."""
    picture = Image.new("RGB", (1600, 1200), "skyblue")
    pen = ImageDraw.Draw(picture)
    for number in range(60):
        left, top = 1000 + 97 * number % 560, 700 + 61 * number % 450
        pen.rectangle((left, top, left + 24, top + 24), fill=(number * 4, 40, 90))
    return picture


CONTENT = DivideSettings(division="content")


def test_a_crowded_corner_is_divided_and_an_empty_sky_is_not() -> None:
    (scene,) = divide([crowded_corner()], settings=CONTENT)
    assert 3 <= len(scene.patches) <= 9
    sizes = {patch.name: patch.box.area for patch in scene.patches}
    corner = [patch.box.area for patch in scene.patches if patch.box.left >= 800 and patch.box.top >= 600]
    assert len(corner) >= 2
    assert max(corner) < max(sizes.values()) / 2, "the sky is one large patch, the corner several small ones"
    assert [patch.name for patch in scene.patches] == [f"part {n}" for n in range(1, len(scene.patches) + 1)]


@settings(max_examples=examples(60), deadline=None)
@given(
    size=st.tuples(st.integers(700, 1400), st.integers(700, 1400)), most=st.integers(3, 9), least=st.integers(64, 230),
    found=st.lists(boxes(width=700, height=700), max_size=5), seed=st.integers(1, 9),
)  # fmt: skip
def test_parts_cover_the_picture_once_and_none_is_too_small(
    size: tuple[int, int], most: int, least: int, found: list[Box], seed: int
) -> None:
    noise = Image.effect_noise((32, 32), 20 * seed).resize(size, Image.Resampling.NEAREST).convert("RGB")
    objects = merge_boxes(found, 0.3)
    cells = content_cells(noise, objects, most, least)
    assert 3 <= len(cells) <= most
    assert sum(cell.area for cell in cells) == size[0] * size[1]
    assert all(a.intersection(b).area == 0 for a, b in itertools.combinations(cells, 2))
    assert all(min(cell.width, cell.height) >= least for cell in cells)
    (scene,) = divide([noise], [[Detection(box, "thing", 0.9) for box in found]],
                      DivideSettings(division="content", most_patches=most, least_side=least))  # fmt: skip
    for cell, patch in zip(cells, scene.patches, strict=True):
        held = [box for box in objects if box.coverage_by(cell) > 0.3]
        assert patch.box == union_of([cell, *held])


@pytest.mark.parametrize("picture", [plain_picture(1600, 1200), crowded_corner().resize((300, 200))])
def test_an_empty_or_a_small_picture_is_divided_by_the_grid(picture: Image.Image) -> None:
    (scene,) = divide([picture], settings=CONTENT)
    assert [patch.name for patch in scene.patches] == ORDER


def test_objects_in_an_empty_picture_draw_the_cuts() -> None:
    found = [Detection(Box(1100 + 60 * n, 900, 1140 + 60 * n, 940), "bird", 0.9) for n in range(6)]
    (scene,) = divide([plain_picture(1600, 1200)], [found], CONTENT)
    assert len(scene.patches) >= 3
    near = [patch for patch in scene.patches if patch.box.coverage_by(Box(800, 600, 1600, 1200)) == 1]
    assert len(near) >= 2


def test_parts_that_overlap_are_described_together() -> None:
    parts = (
        Patch("part 1", Role.SPATIAL, Box(0, 0, 500, 500)),
        Patch("part 2", Role.SPATIAL, Box(50, 0, 550, 500)),
        Patch("part 3", Role.SPATIAL, Box(600, 0, 900, 500)),
    )
    assert overlap_groups(parts, 0.5) == [(0, 1), (2,)]
