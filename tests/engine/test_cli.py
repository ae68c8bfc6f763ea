"""The command as people type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

from patchmatters.commands.cli import main
from patchmatters.jobs.job_options import Job
from patchmatters.models import Answer, Monitor, Question
from patchmatters.pipeline import PRESETS
from patchmatters.scene_json import load_scenes

ROOT = Path(__file__).resolve().parents[2]
WORDS = ("--similarity", "lexical", "--compose-similarity", "lexical")  # torch takes longer to load than all the rest


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
    quick = run("caption", photo, *WORDS)
    assert (quick.stderr, quick.stdout) == ("", run("caption", photo, *WORDS).stdout)


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
    assert [bool(line) for line in out.splitlines()] == [False, True], "a line for each photo, in order"
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
    assert [bool(line) for line in out.splitlines()] == [False, True, False]
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
    done = run("caption", *photos, *WORDS)
    assert done.returncode == 0, done.stderr
    captions = done.stdout.splitlines()
    assert len(captions) == len(set(captions)) == len(photos)
    assert run("caption", *photos[:4], *WORDS).stdout.splitlines() == captions[:4]


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


PATCHES = ("whole image", "top-left", "top-right", "bottom-left", "bottom-right")


@pytest.fixture
def replay(photo: Path, tmp_path: Path) -> Callable[[dict[str, str]], list[str]]:
    """Options by which photos of these names are captioned with these texts; others fail, as on a dead server."""

    def options(texts: dict[str, str]) -> list[str]:
        recording = {f"{name}: {patch}, candidate 1": text for name, text in texts.items() for patch in PATCHES}
        (tmp_path / "recording.json").write_text(json.dumps(recording))
        return ["--backend", "scripted", "--recording", str(tmp_path / "recording.json"), "--llm-free", *FAST]

    return options


FAST = ("--preset", "fast")
Replay = Callable[[dict[str, str]], list[str]]


def copies(photo: Path, *names: str) -> list[str]:
    for name in names:
        (photo.parent / name).write_bytes(photo.read_bytes())
    return [str(photo.parent / name) for name in names]


def test_each_photo_is_a_json_object(photo: Path, replay: Replay, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = copies(photo, "good.png", "bad.png")
    missing = str(photo.parent / "missing.png")
    assert main(["caption", missing, good, bad, "--jsonl", *replay({"good.png": "A lamp\u2028stands\x1b[2J."})]) == 1
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["path"] for row in rows] == [missing, good, bad]
    assert all(list(row) == ["path", "caption", "warnings", "error"] for row in rows)
    assert [row["error"] is None for row in rows] == [False, True, False]
    assert [bool(row["caption"]) for row in rows] == [False, True, False]
    assert "does not exist" in rows[0]["error"]
    assert "No description of whole image" in rows[2]["error"]
    assert f"{missing}: " in err
    assert out.isprintable() or not any(letter in out for letter in "\x1b\u2028")


def test_a_failed_batch_is_not_asked_again(
    photo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    class Dead:
        name, sees_images, follows_instructions = "dead", True, False

        def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
            asked.append(len(questions))
            raise RuntimeError("the server is gone: start it again")

    monkeypatch.setattr(
        "patchmatters.commands.cli.job_of", lambda options: Job(Dead(), None, None, PRESETS["fast"], False, options)
    )
    photos = copies(photo, *(f"{number}.png" for number in range(8)))
    assert main(["caption", *photos]) == 1
    out, err = capsys.readouterr()
    assert asked == [8 * 5]
    assert out == "\n" * 8
    assert err.count("the server is gone: start it again") == 8


def test_a_photo_that_was_given_up_has_its_scene_file(
    photo: Path, replay: Replay, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = copies(photo, "good.png", "bad.png")
    target = str(photo.parent / "{name}.json")
    assert main(["caption", good, bad, "--scene", target, *replay({"good.png": "A lamp stands here."})]) == 1
    saved = [load_scenes((photo.parent / name).read_text(encoding="utf-8"))[0] for name in ("good.json", "bad.json")]
    assert [bool(scene.problem) for scene in saved] == [False, True]
    assert main(["scene", str(photo.parent / "bad.json")]) == 0
    assert "No caption: No description of whole image" in capsys.readouterr().out


def test_no_escape_sequence_reaches_the_terminal(
    photo: Path, replay: Replay, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "A lamp \x1b]0;title\x07stands \x9b31mhere \u202eand there."
    (name,) = copies(photo, "evil\x1b[2J.png")
    scene_file = photo.parent / "scene.json"
    status = main(["caption", name, "--scene", str(scene_file), "--verbose", *replay({Path(name).name: hostile})])
    assert status == 0
    text = scene_file.read_text(encoding="utf-8")
    scene_file.write_text(text.replace("lamp", "lamp \\u001b[31m"), encoding="utf-8")
    assert main(["scene", str(scene_file)]) == 0
    assert main(["caption", "\x1b[31mmissing.png"]) == 1
    assert main(["prompt", str(scene_file), "--form", "plain", "--report"]) == 0
    shown = "".join(capsys.readouterr())
    assert "lamp" in shown
    assert not any(letter in shown for letter in "\x1b\x9b\x07\u202e")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a file name be any bytes")
def test_a_file_name_that_is_no_unicode_is_captioned_and_named(photo: Path, replay: Replay) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    (given,) = copies(photo, name)
    target = photo.parent / "{name}.json"
    answers = replay({"caf\ufffd.png": "A lamp stands here."})
    done = run("caption", given, "--scene", target, "--jsonl", *WORDS, *answers)
    assert (done.returncode, done.stderr) == (0, "")
    row = json.loads(done.stdout)
    assert os.fsencode(row["path"]).endswith(b"caf\xe9.png"), "the path can be opened by who reads it"
    (scene,) = load_scenes((photo.parent / os.fsdecode(b"caf\xe9.json")).read_text(encoding="utf-8"))
    assert scene.image.name == "caf\ufffd.png"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_json_files_are_read_in_the_encodings_that_editors_write(
    photo: Path, encoding: str, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes, scene_file = photo.parent / "boxes.json", photo.parent / "scene.json"
    boxes.write_text(json.dumps([{"x": 9, "y": 9, "width": 50, "height": 50}]), encoding=encoding)
    assert main(["caption", str(photo), "--detections", str(boxes), "--scene", str(scene_file), *FAST]) == 0
    scene_file.write_text(scene_file.read_text(encoding="utf-8"), encoding=encoding)
    assert main(["scene", str(scene_file)]) == 0
    assert main(["prompt", str(scene_file)]) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[" * 100_000, "is nested too deeply"),
        ("[{", "is not JSON"),
        ("\udcff", "is no text"),
        (json.dumps([{"x": 0.1, "y": 0.1, "width": 0.5, "height": 0.5}]), "multiply x and width"),
        (f'[{{"x": {"9" * 5000}, "y": 1, "width": 2, "height": 2}}]', "is not JSON"),
        (f'[{{"x": {"9" * 400}, "y": 1, "width": 2, "height": 2}}]', "is inf: give a number of pixels"),
        ('[{"x": 1e308, "y": 1, "width": 1e308, "height": 2}]', "give a number of pixels"),
    ],
)
def test_odd_boxes_are_a_sentence(photo: Path, content: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    boxes = photo.parent / "boxes.json"
    boxes.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert main(["caption", str(photo), "--detections", str(boxes)]) == 2
    assert words in capsys.readouterr().err


def test_an_animated_picture_is_said_with_the_number_of_questions(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = [Image.new("RGB", (90, 60), colour) for colour in ("red", "blue", "lime")]
    frames[0].save(photo.parent / "moving.gif", save_all=True, append_images=frames[1:])
    assert main(["caption", str(photo.parent / "moving.gif"), "--candidates", "2"]) == 0
    out, err = capsys.readouterr()
    assert "red" in out
    assert "moving.gif holds 3 pictures: only the first is captioned, with 9 questions about it." in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_standard_output_is_said_in_a_sentence(photo: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "patchmatters", "caption", str(photo), *FAST, *WORDS],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("patchmatters: standard output cannot be written (No space left on device)")
    assert len(done.stderr.splitlines()) == 1
