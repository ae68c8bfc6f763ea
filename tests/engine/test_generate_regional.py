"""Prompts for regions: which there are, where they hold, and masks with soft edges."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.scenes import boxes
from patchmatters.generate import FitSettings, RegionalSettings, RegionWords, region_phrases, regional_prompts
from patchmatters.generate.clauses import clauses_of_sentences
from patchmatters.generate.region_words import short_clauses, thing_phrases
from patchmatters.generate.regional import SMALLEST, area_of, edge_weights
from patchmatters.scene import Basis, Box, ImageRef, Patch, Role, Scene, Sentence, Stage, Statement, Verdict


def count(text: str) -> dict[str, int]:
    return {"l": len(text.split())}


def scene(regions: int = 4) -> Scene:
    """A composed Scene of 400x200 pixels with a row of regions."""
    width = 400 / regions
    patches = tuple(
        Patch(
            f"patch {number}",
            Role.SPATIAL,
            Box(number * width, 0, (number + 1) * width, 200),
            (0, number),
            sentences=(Sentence(f"Thing {number} (small)."),),
        )
        for number in range(regions)
    )
    near = Patch("main objects", Role.SEMANTIC, Box(100, 50, 300, 150), sentences=(Sentence("A dog from near."),))
    whole = Patch("whole image", Role.WHOLE, Box(0, 0, 400, 200))
    caption = (Sentence("A dog sleeps."), Sentence("Rain falls."))
    return Scene(ImageRef("photo", 400, 200, "0"), whole, patches, Stage.COMPOSED, semantic=near, caption=caption)


def test_the_caption_comes_first_then_every_region_in_its_place() -> None:
    words, told = FitSettings("ohwx"), RegionWords("sentences")
    whole, *regions = regional_prompts(scene(), count, {"l": 9}, words, RegionalSettings(), told)
    assert (whole.text, whole.area) == ("ohwx, A dog sleeps. Rain falls.", Box(0, 0, 1, 1))
    assert [region.text for region in regions] == [rf"ohwx, Thing {number} \(small\)." for number in range(4)]
    assert [region.area for region in regions] == [Box(n / 4, 0, (n + 1) / 4, 1) for n in range(4)]


def test_short_regions_name_the_thing_first_and_the_caption_does_not_repeat_them() -> None:
    left = Patch(
        "left",
        Role.SPATIAL,
        Box(0, 0, 200, 200),
        (0, 0),
        sentences=(Sentence("There is a red car in the picture."), Sentence("The wheels are black on the left.")),
    )
    caption = (
        Sentence("A street at noon.", (Basis("whole image", 0),)),
        Sentence("On the left: there is a red car; the wheels are black; a bird sings."),
    )
    whole = Patch(
        "whole image", Role.WHOLE, Box(0, 0, 400, 200), statements=(Statement("A street at noon.", Verdict.SAME),)
    )
    street = replace(scene(), whole=whole, patches=(left,), caption=caption)
    everywhere, region = regional_prompts(street, count, {}, FitSettings(), RegionalSettings())
    assert region.text == "red car, wheels black"
    assert everywhere.text == "A street at noon. On the left, a bird sings."
    assert region_phrases(left.sentences, street) == region.text


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("In the background, there is a dense group of tall green trees.", ["dense group of tall green trees"]),
        ("A portion of a large building with a metal roof.", ["large building with metal roof"]),
        ("This is a close view of traffic lights.", ["Traffic lights"]),
        ("Behind the bench, grass is dotted with leaves.", ["Grass dotted with leaves behind bench"]),
        (
            "Behind the lights, a building with a repetitive, grid-like facade.",
            ["building with repetitive", "grid-like facade"],
        ),
        ("The sky is blue, suggesting a fair day.", ["sky blue"]),
        ("A woman on the left side of the image claps.", ["woman claps"]),
        ("The shelves are filled with pots, which appears to be a kitchen.", ["shelves filled with pots"]),
        ("The shadow falls on the ground, suggesting that the sun shines.", ["shadow falls on ground"]),
        ("There's a clear glass, and its rim is gold.", ["clear glass", "rim gold"]),
        ("A small sign can be seen.", ["small sign"]),
        ("The image has a black border.", []),
        ("The edges of the photo are dark.", []),
        ("A picture frame hangs there.", ["picture frame hangs there"]),
        ("The overall atmosphere is mysterious.", []),
        ("No text is there.", []),
    ],
)
def test_a_region_is_told_in_things_without_the_crop(text: str, phrases: list[str]) -> None:
    assert thing_phrases(text) == phrases


def test_a_region_takes_its_worthiest_clauses_and_each_thing_once() -> None:
    said = [Statement(f"A {colour} {thing} stands there.", Verdict.UNIQUE, score=score) for colour, thing, score in (
        ("red", "car", 0.2), ("blue", "vase", 0.9), ("green", "lamp", 0.8))]  # fmt: skip
    told = [Sentence(one.text, (Basis("left", number),)) for number, one in enumerate(said)]
    again = Sentence("There is a blue vase.", (Basis("left", 1),))
    left = Patch("left", Role.SPATIAL, Box(0, 0, 200, 200), (0, 0), statements=tuple(said), sentences=(*told, again))
    clauses = clauses_of_sentences(left.sentences, replace(scene(), patches=(left,)))
    assert [one.text for one in short_clauses(clauses)] == [
        "red car stands there", "blue vase stands there", "green lamp stands there",
    ]  # fmt: skip
    assert [one.text for one in short_clauses(clauses, most=8)] == ["blue vase stands there", "green lamp stands there"]
    assert [one.text for one in short_clauses(clauses, most=1)] == ["blue vase stands there"], "one, however long"


def test_a_region_that_tells_of_nothing_but_the_crop_keeps_its_words() -> None:
    left = Patch("left", Role.SPATIAL, Box(0, 0, 200, 200), (0, 0), sentences=(Sentence("The image is dark."),))
    street = replace(scene(), patches=(left,), regions=())
    _, region = regional_prompts(street, count, {}, FitSettings(), RegionalSettings())
    assert region.text == "image dark"


def test_a_caption_of_nothing_but_what_the_regions_tell_stays() -> None:
    street = replace(scene(1), caption=(Sentence("Thing 0 (small)."),))
    assert [one.text for one in regional_prompts(street, count, {}, FitSettings(), RegionalSettings())] == [
        r"Thing 0 \(small\).",
        r"Thing 0 \(small\)",
    ]


def test_regions_are_told_once_and_those_without_a_description_not_at_all() -> None:
    united = Patch("region", Role.REGION, Box(0, 0, 200, 200), sentences=(Sentence("Two things."),))
    silent = Patch("silent", Role.REGION, Box(200, 0, 400, 200))
    prompts = regional_prompts(replace(scene(), regions=(united, silent)), count, {}, FitSettings(), RegionalSettings())
    assert [prompt.name for prompt in prompts] == ["whole picture", "region"]


def test_the_patch_of_the_main_objects_is_a_choice() -> None:
    prompts = regional_prompts(scene(), count, {}, FitSettings(), RegionalSettings(semantic=True))
    assert [prompt.text for prompt in prompts][-1] == "dog from near", "short is what regions are unless asked"
    without = replace(scene(), semantic=None)
    assert len(regional_prompts(without, count, {}, FitSettings(), RegionalSettings(semantic=True))) == 5


def test_two_hundred_regions_are_two_hundred_prompts() -> None:
    prompts = regional_prompts(scene(200), count, {"l": 9}, FitSettings(), RegionalSettings())
    assert len(prompts) == 201
    assert all(prompt.area.width > SMALLEST - 1e-9 for prompt in prompts)


def test_each_prompt_keeps_to_the_budget_and_says_whose_it_is_where_it_cannot() -> None:
    prompts = regional_prompts(scene(), count, {"l": 3}, FitSettings(), RegionalSettings())
    assert prompts[0].text == "A dog sleeps."
    (first, *others) = scene().patches
    long = replace(first, sentences=(Sentence("1" * 40),))
    with pytest.raises(ValueError, match="patch 0: No sentence"):
        regional_prompts(
            replace(scene(), patches=(long, *others)), lambda text: {"l": len(text)}, {"l": 20}, FitSettings(),
            RegionalSettings(),
        )  # fmt: skip


def test_a_scene_without_a_caption_names_the_remedy() -> None:
    with pytest.raises(ValueError, match="put Compose Caption before it"):
        regional_prompts(replace(scene(), stage=Stage.MERGED), count, {}, FitSettings(), RegionalSettings())


@pytest.mark.parametrize(("start", "end"), [(0.5, 0.5), (0.9, 0.1)])
def test_a_time_that_ends_before_it_begins_is_refused(start: float, end: float) -> None:
    with pytest.raises(ValueError, match="let start be below end"):
        RegionalSettings(start=start, end=end)


@given(box=boxes(1000, 1000), cells=st.integers(8, 300))
def test_an_area_covers_at_least_a_cell_of_every_latent(box: Box, cells: int) -> None:
    """As the sampler rounds areas: offset and size each by themselves, the size cut at the latent's end."""
    area = area_of(box, 1000, 1000)
    for start, end in ((area.left, area.right), (area.top, area.bottom)):
        assert 0 <= start < end <= 1
        offset, size = round(start * cells), max(1, round((end - start) * cells))
        assert min(cells - offset, size) >= 1
    if min(box.width, box.height) >= SMALLEST * 1000:
        assert area == box.normalised(1000, 1000)
    else:
        assert area.width >= SMALLEST - 1e-9


@given(start=st.floats(0, 0.9), width=st.floats(SMALLEST, 1), count_=st.integers(16, 200), feather=st.floats(0, 0.5))
def test_weights_are_soft_inside_and_nothing_outside(start: float, width: float, count_: int, feather: float) -> None:
    end = min(1.0, start + width)
    weights = edge_weights(start, end, count_, feather)
    assert len(weights) == count_
    assert all(0 <= weight <= 1 for weight in weights)
    for number, weight in enumerate(weights):
        if (number + 1) / count_ <= start or number / count_ >= end:
            assert weight == 0
    if feather == 0:
        assert set(weights[round(start * count_) : round(end * count_)]) <= {1.0}
    peak = weights.index(max(weights))
    assert weights[: peak + 1] == sorted(weights[: peak + 1])


def test_the_sides_of_the_picture_are_not_softened() -> None:
    assert edge_weights(0, 1, 8, 0.25) == [1.0] * 8
    assert edge_weights(0, 0.5, 8, 0.25) == [1.0, 1.0, 0.75, 0.25, 0, 0, 0, 0]
