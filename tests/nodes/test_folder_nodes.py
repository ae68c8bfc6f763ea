"""Load Image Folder and Save Captions: every picture once, under its own name, and never outside the host's folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

Execute = Callable[..., tuple[Any, ...]]


@pytest.fixture
def photos(folders: Path) -> Path:
    root = folders / "input" / "photos"
    for number, name in enumerate(("a.png", "cats/b.jpg", "cats/a.png")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40 + 10 * number, 30), (80 * number, 90, 120)).save(root / name)
    return root


def is_blocked(value: Any) -> bool:
    from comfy_execution.graph_utils import ExecutionBlocker

    return isinstance(value, ExecutionBlocker)


def load(execute: Execute, **more: Any) -> tuple[Any, ...]:
    return execute("LoadImageFolder", folder="photos", **{"recursive": True, **more})


def save(execute: Execute, nodes: dict[str, Any], captions: list[str], **more: Any) -> list[str]:
    node = nodes["PatchMatters_SaveCaptions"]
    widgets = {one.id: [one.default] for one in node.GET_SCHEMA().inputs if getattr(one, "default", None) is not None}
    given = {name: value if isinstance(value, list) else [value] for name, value in more.items()}
    return node.EXECUTE_NORMALIZED(**widgets | {"caption": captions} | given).ui["caption_files"]


def test_each_run_takes_the_next_picture_until_all_are_captioned(
    execute: Execute, nodes: dict[str, Any], photos: Path
) -> None:
    seen = []
    for left in (2, 1, 0):
        images, names, place, waiting = load(execute)
        assert waiting == left
        assert [image.shape for image in images] == [(1, 30, images[0].shape[2], 3)]
        seen += names
        save(execute, nodes, [f"Caption of {names[0]}."], place=place, name=names, trigger="sks")
    assert seen == ["a.png", "cats/a.png", "cats/b.jpg"]
    for name in seen:
        assert (photos / name).with_suffix(".txt").read_text() == f"sks, Caption of {name}."
    blocked = load(execute)
    assert all(map(is_blocked, blocked))
    assert "All pictures of photos are captioned." in blocked[0].message


def test_its_own_captions_are_no_error(execute: Execute, nodes: dict[str, Any], photos: Path) -> None:
    _, names, place, _ = load(execute)
    for text in ("First.", "Second."):
        assert save(execute, nodes, [text], place=place, name=names, existing="error") == ["a.txt"]
    (photos / "cats" / "a.txt").write_text("By hand.")
    with pytest.raises(ValueError, match="is there already"):
        save(execute, nodes, ["Third."], place=place, name=["cats/a.png"], existing="error")


def test_the_command_goes_on_where_the_graph_stopped(
    execute: Execute, nodes: dict[str, Any], photos: Path, part: Callable[[str], Any], capsys: Any
) -> None:
    _, names, place, _ = load(execute)
    save(execute, nodes, ["By the graph."], place=place, name=names)
    assert part("patchmatters.commands.cli").main(["folder", str(photos), "-r", "--preset", "fast", "--quiet"]) == 0
    assert (photos / "a.txt").read_text() == "By the graph."
    assert (photos / "cats" / "b.txt").read_text()
    assert is_blocked(load(execute)[0])


def test_what_was_begun_and_not_finished_is_passed_over_until_retry(execute: Execute, photos: Path) -> None:
    assert load(execute)[1] == ["a.png"]
    assert load(execute, pictures=2)[1] == ["cats/a.png", "cats/b.jpg"]
    blocked = load(execute)
    assert "3 were begun and not finished" in blocked[0].message
    assert load(execute, retry=True, pictures=64)[1] == ["a.png", "cats/a.png", "cats/b.jpg"]


@pytest.mark.parametrize("ending", [".txt", ".caption"])
def test_captions_from_elsewhere_are_passed_over(execute: Execute, photos: Path, ending: str) -> None:
    (photos / "a").with_suffix(ending).write_text("By hand.")
    assert load(execute, pictures=64)[1] == ["cats/a.png", "cats/b.jpg"]


def test_a_training_folder_in_the_output_folder(
    execute: Execute, nodes: dict[str, Any], folders: Path, photos: Path, composed: tuple[Any, ...]
) -> None:
    images, names, place, _ = load(execute, pictures=2, captions_in="lora/10_sks")
    scenes = [composed[1][:1], composed[1][1:]]
    texts = [scene.caption_text for scene in composed[1]]
    files = save(execute, nodes, texts, place=place, name=names, image=images, scene=scenes, max_words=12)
    assert files == ["a.txt", "a.txt"]
    out = folders / "output" / "lora" / "10_sks"
    assert {str(path.relative_to(out)) for path in out.rglob("*.*") if not path.name.startswith(".")} == {
        *("a.png", "a.txt", "cats/a.png", "cats/a.txt")
    }
    assert Image.open(out / "a.png").size == (40, 30)
    assert 0 < len((out / "a.txt").read_text().split()) <= 12
    assert not list(photos.rglob("*.txt"))


def test_pictures_without_names_get_new_ones(
    execute: Execute, nodes: dict[str, Any], folders: Path, batch: Any
) -> None:
    for _ in range(2):
        save(execute, nodes, ["One.", "Two."], image=[batch], folder="set", filename_prefix="p")
    names = sorted(path.name for path in (folders / "output" / "set").iterdir())
    assert names == [f"p_{number:05}_{ending}" for number in range(1, 5) for ending in (".png", ".txt")]
    assert (folders / "output" / "set" / "p_00004_.txt").read_text() == "Two."


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": ["a.png"]}, "2 captions, but 1 names"),
        ({}, "connect place and name, or image"),
        ({"image": "batch", "exclude_about": "colour"}, "names no thing"),
    ],
)
def test_what_does_not_belong_together_is_a_sentence(
    execute: Execute, nodes: dict[str, Any], folders: Path, batch: Any, more: dict[str, Any], words: str
) -> None:
    given = {name: [batch] if value == "batch" else value for name, value in more.items()}
    with pytest.raises(ValueError, match=words):
        save(execute, nodes, ["One.", "Two."], **given)


@pytest.mark.parametrize("name", ["../a.png", "/etc/passwd", "x/../../../a.png"])
def test_no_name_leads_out_of_the_folder(
    execute: Execute, nodes: dict[str, Any], photos: Path, folders: Path, name: str
) -> None:
    _, _, place, _ = load(execute)
    with pytest.raises(ValueError, match="leads out"):
        save(execute, nodes, ["One."], place=place, name=[name])
    for inputs in ({"folder": name}, {"folder": "photos", "captions_in": name}):
        assert isinstance(nodes["PatchMatters_LoadImageFolder"].validate_inputs(**inputs), str)
    assert isinstance(nodes["PatchMatters_SaveCaptions"].validate_inputs(folder=name, filename_prefix="p"), str)


def test_folders_are_offered(nodes: dict[str, Any], photos: Path, folders: Path) -> None:
    (folders / "output" / "made").mkdir()
    (folders / "input" / ".hidden").mkdir()
    (combo,) = (one for one in nodes["PatchMatters_LoadImageFolder"].GET_SCHEMA().inputs if one.id == "folder")
    assert combo.options == [".", "photos", "photos/cats", "made [output]"]
    assert nodes["PatchMatters_LoadImageFolder"].validate_inputs(folder="made [output]") is True
