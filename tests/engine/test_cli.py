"""The command as people type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from patchmatters.cli import main
from patchmatters.scene_json import load_scenes

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    picture = Image.new("RGB", (320, 240), "darkblue")
    picture.paste("orange", (160, 0, 320, 120))
    picture.save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "patchmatters", *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=env, cwd=ROOT, check=False)


def test_a_photo_gives_one_line_and_no_noise(photo: Path) -> None:
    done = run("caption", photo)
    assert done.returncode == 0
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
    assert "orange" in done.stdout
    assert run("caption", photo).stdout == done.stdout


def test_scene_and_overlay_are_written_and_shown(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene_file, overlay = tmp_path / "out" / "scene.json", tmp_path / "out" / "overlay.png"
    assert main(["caption", str(photo), "--scene", str(scene_file), "--overlay", str(overlay)]) == 0
    caption = capsys.readouterr().out.strip()
    (scene,) = load_scenes(scene_file.read_text(encoding="utf-8"))
    assert scene.caption_text == caption
    assert Image.open(overlay).size == (320, 240)
    assert main(["scene", str(scene_file)]) == 0
    shown = capsys.readouterr().out
    for words in ("top-right", "candidate 3", "same", "Caption", "said in"):
        assert words in shown


def test_one_bad_photo_does_not_stop_the_others(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.jpg").write_text("no picture")
    assert main(["caption", str(tmp_path / "broken.jpg"), str(photo)]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert "broken.jpg" in err
    assert "not a picture" in err


def test_one_photo_that_fails_in_a_batch_does_not_stop_the_others(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = photo.with_name("copy.png")
    copy.write_bytes(photo.read_bytes())
    names = ["whole image, candidate 1"] + [
        f"{patch}, candidate 1" for patch in ("top-left", "top-right", "bottom-left", "bottom-right")
    ]
    recording = {f"photo.png: {name}": f"A mark stands in the {name.split(',')[0]}." for name in names}
    (tmp_path / "recording.json").write_text(json.dumps(recording))
    backend = ["--backend", "scripted", "--recording", str(tmp_path / "recording.json"), "--llm-free"]
    assert main(["caption", str(copy), str(photo), str(copy), "--preset", "fast", *backend]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert err.count("copy.png: No description of whole image") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["caption", "PHOTO", "--batch", "0"], "--batch is 0"),
        (["caption", "PHOTO", "--backend", "nonsense"], "There is no backend 'nonsense'; choose one of: builtin"),
        (["caption", "PHOTO", "--keep-score", "2"], "keep_score is 2.0, but must be at most 1.0"),
        (["caption", "PHOTO", "PHOTO", "--scene", "x.json"], "put {name} into the path"),
        (["caption", "PHOTO", "PHOTO", "--scene", "{name}.json"], "Two photos have the same name"),
        (["caption", "PHOTO", "--detections", "missing.json"], "missing.json cannot be read"),
        (["caption", "PHOTO", "--backend", "scripted"], "needs a recording"),
        (["scene", "missing.json"], "missing.json cannot be read"),
    ],
)
def test_wrong_usage_is_status_two_and_a_sentence(
    arguments: list[str], words: str, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(photo) if word == "PHOTO" else word for word in arguments]) == 2
    assert words in capsys.readouterr().err


def test_argparse_errors_are_status_two(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["caption"], ["caption", "x", "--no-such-option"], ["bake", "x"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 2
    capsys.readouterr()


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["caption", "--backend", "scripted", "--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    for option in (
        "--backend",
        "--detections",
        "--scene",
        "--overlay",
        "--preset",
        "--keep-score",
        "--candidates",
        "--recording",
        "--seed",
    ):
        assert option in shown


def test_boxes_shape_the_patches(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = {"x": 100, "y": 10, "width": 120, "height": 90, "label": "sun", "score": 0.9}
    (tmp_path / "boxes.json").write_text(json.dumps([[box]]))
    scene_file = tmp_path / "scene.json"
    assert main(["caption", str(photo), "--detections", str(tmp_path / "boxes.json"), "--scene", str(scene_file)]) == 0
    (scene,) = load_scenes(scene_file.read_text(encoding="utf-8"))
    assert scene.detections[0].label == "sun"
    assert scene.patch("top-left").box.right == 220
    assert scene.patch("top-right").box.left == 100


def test_a_recording_is_replayed(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["whole image, candidate 1"] + [
        f"{patch}, candidate {number}"
        for patch in ("top-left", "top-right", "bottom-left", "bottom-right")
        for number in (1, 2, 3)
    ]
    recording = {f"photo.png: {name}": f"A mark stands in the {name.split(',')[0]}." for name in names}
    (tmp_path / "recording.json").write_text(json.dumps(recording))
    status = main(
        ["caption", str(photo), "--backend", "scripted", "--recording", str(tmp_path / "recording.json"), "--llm-free"]
    )
    assert status == 0
    assert "A mark stands at the top left." in capsys.readouterr().out


def test_twenty_seven_photographs_give_twenty_seven_captions(did_bench: Path, did_records: list[dict]) -> None:
    photos = [did_bench / "images" / record["image"] for record in did_records]
    done = run("caption", *photos)
    assert done.returncode == 0, done.stderr
    captions = done.stdout.splitlines()
    assert len(captions) == len(set(captions)) == len(photos)
    assert run("caption", *photos).stdout == done.stdout


def test_a_saved_scene_becomes_a_prompt(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene_file = tmp_path / "scene.json"
    assert main(["caption", str(photo), "--scene", str(scene_file), "--quiet"]) == 0
    capsys.readouterr()
    assert main(["prompt", str(scene_file), "--photo", str(photo), "--report"]) == 0
    shown = capsys.readouterr()
    prompt = json.loads(shown.out)
    elements = prompt["compositional_deconstruction"]["elements"]
    assert any("color_palette" in one for one in elements)
    assert "elements[0]: " in shown.err
    assert main(["prompt", str(scene_file), "--form", "elements"]) == 0
    bare = json.loads(capsys.readouterr().out)
    assert [one["desc"] for one in bare] == [one["desc"] for one in elements]
    assert not any("color_palette" in one for one in bare), "no colours without the photo"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.json"], "cannot be read"),
        (["{scene}", "--photo", "{photo}", "--photo", "{photo}"], "give one --photo"),
        (["{scene}", "--photo", "{other}"], "connect"),
        (["{scene}", "--most-elements", "0"], "most_elements"),
    ],
)
def test_a_prompt_that_cannot_be_written_says_why(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    scene_file, other = tmp_path / "scene.json", tmp_path / "other.png"
    Image.new("RGB", (10, 10)).save(other)
    assert main(["caption", str(photo), "--scene", str(scene_file), "--quiet"]) == 0
    given = [one.format(scene=scene_file, photo=photo, other=other) for one in arguments]
    assert main(["prompt", *given]) == 2
    assert words in capsys.readouterr().err
