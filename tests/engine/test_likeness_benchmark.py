"""The harness from a reference to a likeness: what it measures, what it changes in a workflow, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.likeness.__main__ import main
from benchmarks.likeness.arms import ARMS, Row, gain, means, table
from benchmarks.likeness.comfy import Slots, check_slots, filled, ids_of, slot, with_regions
from benchmarks.likeness.measures import boxes_found, colour_likeness, layout_likeness, words_found
from engine.written import needs_reader, sign
from patchmatters.scene import Box, Detection
from patchmatters.witnesses.reader import Line, Token, read_lines

WORKFLOW = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 5, "positive": ["6", 0], "negative": ["7", 0]}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "old", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
}
SLOTS = Slots(ids_of(["6.text"]), ids_of(["3.seed"]))


def halves(left: str, right: str, size: tuple[int, int] = (64, 64)) -> Image.Image:
    picture = Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    return picture


def test_a_picture_is_like_itself_whatever_its_size_and_less_like_another() -> None:
    reference = halves("darkblue", "orange")
    for alike in (colour_likeness, layout_likeness):
        assert alike(reference, reference) == pytest.approx(1.0, abs=1e-4)
        assert alike(reference, halves("darkblue", "orange", (200, 120))) == pytest.approx(1.0, abs=0.02)
    assert colour_likeness(reference, halves("orange", "darkblue")) == pytest.approx(1.0, abs=0.02)
    assert layout_likeness(reference, halves("orange", "darkblue")) == 0.0
    assert colour_likeness(reference, halves("green", "white")) < 0.2
    assert layout_likeness(Image.new("RGB", (9, 9)), reference) == 0.0


def test_objects_count_in_their_places_and_once() -> None:
    left, right = Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1)
    wanted = [Detection(left, "dog"), Detection(left, "dog"), Detection(right, "cat")]
    assert boxes_found(wanted, [Detection(left, "dog"), Detection(left, "cat")]) == pytest.approx(1 / 3)
    assert boxes_found(wanted, wanted) == 1.0
    assert boxes_found([], wanted) is None


def line(text: str, score: float = 0.95) -> Line:
    return Line(text, score, Box(0, 0, 100, 20), 20, tuple(Token(word, score) for word in text.split()))


def test_words_count_in_any_case_and_as_often_as_they_are_there() -> None:
    assert words_found([line("STOP the bus")], [line("Stop the")]) == pytest.approx(2 / 3)
    assert words_found([line("go go")], [line("GO")]) == 0.5
    assert words_found([line("STOP", 0.5), line("a")], [line("STOP")]) is None, "nothing is surely read there"
    assert words_found([line("STOP")], []) == 0.0


@needs_reader
def test_words_of_a_picture_are_read_again_by_the_real_reader() -> None:
    reference = read_lines(sign(("FRESH BREAD", (20, 60), 36), ("OPEN TODAY", (20, 160), 36)))
    assert words_found(reference, reference) == 1.0
    assert words_found(reference, read_lines(sign(("FRESH BREAD", (40, 90), 30)))) == 0.5
    assert words_found(read_lines(Image.new("RGB", (320, 240), "white")), reference) is None


def test_only_the_prompt_and_the_seed_change() -> None:
    made = filled(WORKFLOW, SLOTS, "new", 9)
    assert (made["6"]["inputs"]["text"], made["3"]["inputs"]["seed"]) == ("new", 9)
    assert made["7"] == WORKFLOW["7"]
    assert WORKFLOW["6"]["inputs"]["text"] == "old"


def test_regions_take_the_place_of_the_encoded_prompt_alone() -> None:
    made = with_regions(WORKFLOW, SLOTS, "scene.json", 9)
    assert made["3"]["inputs"]["positive"] == ["pm_regional", 0]
    assert made["3"]["inputs"]["negative"] == ["7", 0]
    assert made["pm_regional"]["inputs"]["clip"] == ["4", 1]
    assert made["pm_regional"]["inputs"]["region_words"] == "short"
    no_clip = {**WORKFLOW, "6": {"class_type": "Text", "inputs": {"text": ""}}}
    with pytest.raises(ValueError, match="no clip input"):
        with_regions(no_clip, SLOTS, "scene.json", 9)


@pytest.mark.parametrize("text", ["6", "6.", ".text", ""])
def test_a_place_that_names_no_input_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"NODE\.INPUT"):
        slot(text)


@pytest.mark.parametrize(("workflow", "words"), [({"nodes": []}, "API format"), ({}, "API format")])
def test_a_workflow_of_the_editor_is_refused(workflow: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_slots(workflow, SLOTS)
    with pytest.raises(ValueError, match=r"no input 6\.prompt"):
        check_slots(WORKFLOW, Slots(ids_of(["6.prompt"]), SLOTS.seeds))


def test_gains_are_paired_by_reference_and_seed() -> None:
    rows = [
        Row(reference, arm, seed, {"colours": base + (0.1 if arm == "pack" else 0.0)})
        for reference, base in (("a", 0.2), ("b", 0.7))
        for arm in ("captioner", "pack")
        for seed in (1, 2)
    ]
    assert means(rows)["pack"]["colours"] == pytest.approx(0.55)
    assert gain(rows, "pack", "colours") == pytest.approx((0.1, 0.1, 0.1))
    assert gain(rows, "layout", "colours") is None
    assert "0.550 (+0.100; +0.100 to +0.100)" in table(rows)


def test_nobody_at_the_address_is_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    from patchmatters.commands.cli import main as command

    photo, scene, workflow = tmp_path / "a.png", tmp_path / "a.json", tmp_path / "w.json"
    halves("darkblue", "orange", (320, 240)).save(photo)
    assert command(["caption", str(photo), "--scene", str(scene), "--quiet"]) == 0
    workflow.write_text(json.dumps(WORKFLOW), "utf-8")
    given = [str(scene), "--photo", str(photo), "--workflow", str(workflow), "--prompt", "6.text", "--seed", "3.seed"]
    capsys.readouterr()
    assert main([*given, "--comfy", "http://127.0.0.1:9"]) == 2
    assert "There is no ComfyUI at http://127.0.0.1:9" in capsys.readouterr().err
    assert set(ARMS) == {"captioner", "pack", "regional", "layout"}


@pytest.mark.parametrize("kind", ["clip", "dino"])
def test_clip_and_dino_say_how_alike_two_pictures_are(tmp_path: Path, kind: str) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from benchmarks.likeness.measures import embedding_likeness
    from engine import tiny_models

    torch.manual_seed(0)
    folder = tmp_path / kind
    if kind == "clip":
        folder = tiny_models.clip(folder)
    else:
        sizes = {
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 28,
            "patch_size": 14,
        }
        transformers.Dinov2Model(transformers.Dinov2Config(**sizes)).save_pretrained(folder)
        pictures = {"size": {"shortest_edge": 28}, "crop_size": {"height": 28, "width": 28}}
        transformers.BitImageProcessor(**pictures).save_pretrained(folder)
    likeness = embedding_likeness(folder)
    reference = halves("darkblue", "orange")
    assert likeness(reference, reference) == pytest.approx(1.0, abs=1e-4)
    assert 0.0 <= likeness(reference, halves("green", "white")) < 1.0
    with pytest.raises(ValueError, match="holds no picture model"):
        embedding_likeness(tmp_path / "nothing")
