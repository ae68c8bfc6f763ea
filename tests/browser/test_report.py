"""The report's page in headless Chromium, opened from a file: 2,000 pictures looked at, walked through and edited."""

from __future__ import annotations

import json
import random
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from browser.conftest import Browser
from host.harbour import PICTURE, write_harbour
from patchmatters.jobs.rows import Row, row_of_error, row_of_scene
from patchmatters.report_page import write_report
from patchmatters.scene import Basis, Scene, Sentence

SHOTS = Path(__file__).resolve().parents[2] / "out"
MANY = 2000
IN_SIGHT = 80  # cards that may be on the page at once
HOSTILE = '<img src=x onerror="window.stolen=1"></script><script>window.stolen=2</script> \u2028 \u202e \U0001f3f4 ${1}'
THINGS = ("boat", "tower", "field", "bridge", "garden", "street", "horse", "window")
Watch = Callable[..., dict[str, Any]]


def drawn(path: Path, number: int) -> Path:
    """A small picture that is like no other."""
    rng = random.Random(number)
    picture = Image.new("RGB", (rng.choice((96, 64, 48)), 64), tuple(rng.choices(range(60, 256), k=3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(4):
        left, top = rng.randrange(60), rng.randrange(60)
        draw.rectangle((left, top, left + 20, top + 12), fill=tuple(rng.choices(range(256), k=3)))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
    return path


def told(scene: Scene, text: str) -> Scene:
    return replace(scene, caption=(Sentence(text, (Basis("top-left", 0),)),))


@pytest.fixture(scope="session")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scene, Path]:
    folder = tmp_path_factory.mktemp("harbour")
    return write_harbour(folder), folder / PICTURE


def rows_of(folder: Path, scene: Scene, harbour: Path) -> Iterator[Row]:
    """2,000 rows: most of them alike, and one of each kind that people look for."""
    yield row_of_scene("sea/harbour.png", str(harbour), scene, 3.0)
    yield row_of_error("broken.jpg", str(folder / "broken.jpg"), "broken.jpg is damaged or cut off: save it again.")
    odd = {"hostile #1?.png": HOSTILE, "short.png": "A sail.", "moved.png": "This one was moved."}
    for number, (key, text) in enumerate(odd.items()):
        yield row_of_scene(key, str(drawn(folder / key, number)), told(scene, text), 1.0)
    warned = scene.with_warnings("The patch top-left was refused.")
    yield row_of_scene("warned.png", str(drawn(folder / "warned.png", 9)), told(warned, "A long text. " * 60), 1.0)
    for number in range(6, MANY):
        key = f"{number % 7}_set/{number:05d}.png"
        thing = THINGS[number % len(THINGS)]
        text = f"Picture {number} shows a {thing} under a wide sky. The colours are calm and the light is even."
        yield row_of_scene(key, str(drawn(folder / key, number)), told(scene, text), number / 1000)


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory, harbour: tuple[Scene, Path]) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    target = tmp_path_factory.mktemp("site") / "report"
    assert write_report(rows_of(folder, *harbour), target) == MANY
    (folder / "moved.png").unlink()
    return target


@pytest.fixture
def watch(browser: Browser, report: Path, tmp_path: Path) -> Watch:
    """`watch("look")`: what a scenario of report.mjs saw, without any error in the page and any request to a server."""

    def run(scenario: str, **wanted: Any) -> dict[str, Any]:
        SHOTS.mkdir(exist_ok=True)
        tools = {"chromium": browser.chromium, "playwright": str(browser.playwright), "shot": str(SHOTS)}
        place = {"page": str(report / "index.html"), "folder": str(tmp_path), "scheme": "light"}
        plan = {"scenario": scenario, **tools, **place, "viewport": {"width": 1300, "height": 900}, **wanted}
        (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        command = [browser.node, Path(__file__).with_name("report.mjs"), tmp_path / "plan.json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        seen = json.loads(done.stdout)
        assert (seen["problems"], seen["external"]) == ([], [])
        return seen

    return run


def test_2000_pictures_are_shown_filtered_and_sorted(watch: Watch, harbour: tuple[Scene, Path]) -> None:
    seen = watch(
        "look", last=f"{(MANY - 1) % 7}_set/{MANY - 1:05d}.png", filters=["failed", "warnings", "short", "long"]
    )
    assert "Captions of 2,000 pictures" in seen["title"][0]
    assert "1 failed" in seen["title"][0]
    assert seen["shown"] == f"{MANY} of {MANY} pictures"
    assert 0 < seen["cards"] < IN_SIGHT
    assert 0 < seen["atTheEnd"] < IN_SIGHT
    assert harbour[0].caption_text.startswith(seen["first"])
    assert seen["found"]["failed"] == [f"1 of {MANY} pictures", ["broken.jpg"]]
    assert seen["found"]["warnings"] == [f"1 of {MANY} pictures", ["warned.png"]]
    assert seen["found"]["short"] == [f"2 of {MANY} pictures", ["short.png", "moved.png"]]
    assert seen["found"]["long"] == [f"2 of {MANY} pictures", ["sea/harbour.png", "warned.png"]]
    assert seen["filters"][0] == f"All ({MANY})"
    assert (seen["longest"], seen["short"]) == ("warned.png", ["short.png"])
    assert seen["none"]


def test_everything_is_done_by_keyboard(watch: Watch) -> None:
    boats = [f"{number % 7}_set/{number:05d}.png" for number in range(6, MANY) if number % len(THINGS) == 0]
    seen = watch("keyboard", words="shows a boat -tower", count=f"{len(boats)} of", typed="Mine.")
    right, down, end, page_up, home = seen["walked"][1:]
    assert (seen["walked"][0], right, end, home) == (boats[0], boats[1], boats[-1], boats[0])
    assert boats.index(down) > 2
    assert 0 < boats.index(page_up) < len(boats) - 1
    assert seen["caption"] == ["Picture 8 shows a boat under a wide sky. The colours are calm and the light is even."]
    assert seen["next"] == [[boats[1]], "pmr-edit"]
    assert (seen["back"], seen["after"]) == ("Mine.", boats[0])
    assert {"edited", "1 words"} <= set(seen["badges"])
    assert seen["unnamed"] == 0


def test_the_nodes_inspector_shows_a_picture(watch: Watch, harbour: tuple[Scene, Path]) -> None:
    scene, _ = harbour
    seen = watch("inspect", words="sea/harbour")
    assert seen["caption"] == [sentence.text for sentence in scene.caption]
    basis = scene.caption[3].basis
    assert seen["evidence"] == [scene.patch(one.patch).statements[one.statement].text for one in basis]
    assert (seen["boxes"], seen["statements"]) == (4, len(scene.patch(basis[0].patch).statements))
    assert seen["scores"] > 0


def test_captions_are_edited_kept_and_exported_as_the_same_files(watch: Watch, harbour: tuple[Scene, Path]) -> None:
    typed = 'Two masts, "red" \u2013 \u6e2f\u53e3.\nA second variant.'
    exports = [("exportAll", "sidecars"), ("exportAll", "metadata"), ("exportEdited", "sidecars")]
    seen = watch("edit", words="sea/harbour", typed=typed, exports=exports)
    assert (seen["edited"], seen["kept"], seen["left"]) == ("Edited (1)", ["sea/harbour.png"], "Edited (0)")
    assert seen["restored"] == harbour[0].caption_text
    every, metadata, edited = map(Path, seen["files"])
    with zipfile.ZipFile(every) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == MANY - 1  # all but the one that failed
        assert archive.read("sea/harbour.txt").decode() == typed
        assert archive.read("hostile #1?.txt").decode() == HOSTILE
    lines = metadata.read_text(encoding="utf-8").split("\n")[:-1]
    assert lines[0] == json.dumps({"file_name": "sea/harbour.png", "text": typed}, ensure_ascii=False)
    assert len([json.loads(line) for line in lines]) == MANY - 1
    assert zipfile.ZipFile(edited).namelist() == ["sea/harbour.txt"]
    assert seen["said"] == "1 captions written to captions.zip."


def test_failed_moved_and_hostile_pictures_are_told(watch: Watch) -> None:
    seen = watch("odd", looked=["broken.jpg", "moved.png", "hostile"], missing=True, scheme="dark")
    broken, moved, hostile = (seen[name] for name in ("broken.jpg", "moved.png", "hostile"))
    assert "broken.jpg is damaged or cut off: save it again." in broken["left"][0]
    assert (broken["edit"], broken["pictures"]) == ("", [])
    assert "no longer at" in moved["notice"]
    assert [(source.startswith("thumbs/"), drawn) for source, drawn in moved["pictures"]] == [(True, True)]
    assert (hostile["caption"], hostile["edit"]) == ([HOSTILE], HOSTILE)
    assert [drawn for _, drawn in hostile["pictures"]] == [True]  # though its name has # and ? in it
    assert seen["stolen"] is None
    assert {"iframe", "object", "a"}.isdisjoint(seen["elements"])
