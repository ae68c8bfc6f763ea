"""The report of a captioned folder: what is written, what is refused, and what is left alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
import zlib
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from PIL import Image

from patchmatters.commands.cli import main
from patchmatters.jobs.rows import Row, row_of_error, row_of_scene, write_rows
from patchmatters.pipeline import caption_pictures
from patchmatters.report_page import ReportSettings, write_report
from patchmatters.report_page.bundle import bundle, web_folder
from patchmatters.scene import Scene
from patchmatters.scene_json import load_scenes


@pytest.fixture(scope="module")
def scene() -> Scene:
    from patchmatters.backends.builtin import BuiltinSettings, create_captioner

    (done,) = caption_pictures([Image.new("RGB", (60, 40), "teal")], create_captioner(BuiltinSettings()))
    return done


def pictured(folder: Path, scene: Scene, *names: str) -> list[Row]:
    rows = []
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60 + number, 40), (number, 90, 120)).save(path)
        rows.append(row_of_scene(name, str(path), scene, 1.0))
    return rows


def data_of(report: Path) -> dict:
    """What the page's script would parse."""
    text = (report / "data" / "rows.js").read_text(encoding="utf-8")
    return json.loads(json.loads(re.fullmatch(r"globalThis\.patchmattersReport = JSON\.parse\((.*)\);\n", text)[1]))


def files_of(report: Path) -> set[str]:
    return {file.relative_to(report).as_posix() for file in report.rglob("*") if file.is_file()}


def test_each_picture_has_its_line_its_thumbnail_and_its_scene(tmp_path: Path, scene: Scene) -> None:
    rows = pictured(tmp_path / "in", scene, "a/1.png", "b.tiff")
    rows.append(row_of_error("c.png", str(tmp_path / "c.png"), "c.png is damaged."))
    assert write_report(rows, tmp_path / "out") == 3
    data = data_of(tmp_path / "out")
    first, tiff, failed = data["rows"]
    assert [line["key"] for line in data["rows"]] == ["a/1.png", "b.tiff", "c.png"]
    assert (first["text"], first["picture"]) == (scene.caption_text, "../in/a/1.png")
    assert first["statements"] == sum(one.kept is not None for patch in scene.first_level for one in patch.statements)
    assert tiff["picture"].startswith("pictures/")  # no browser shows it, so it is written as a JPEG
    assert (failed["error"], failed["thumb"], failed["scene"]) == ("c.png is damaged.", None, None)
    for line in (first, tiff):
        with Image.open(tmp_path / "out" / line["thumb"]) as thumb:
            assert max(thumb.size) <= ReportSettings().thumbnail
        name, packed = re.findall(r'"([^"]*)"', (tmp_path / "out" / line["scene"]).read_text())
        assert name == line["scene"]
        assert load_scenes(zlib.decompress(b64decode(packed)).decode()) == (replace(scene, picture=None),)


def test_a_second_report_keeps_thumbnails_and_sweeps_what_is_gone(tmp_path: Path, scene: Scene) -> None:
    rows = pictured(tmp_path / "in", scene, "1.png", "2.png")
    write_report(rows, tmp_path / "out")
    before = files_of(tmp_path / "out")
    (thumb,) = (line["thumb"] for line in data_of(tmp_path / "out")["rows"] if line["key"] == "1.png")
    made = (tmp_path / "out" / thumb).stat().st_mtime_ns
    write_report(rows[:1], tmp_path / "out")
    assert (tmp_path / "out" / thumb).stat().st_mtime_ns == made
    gone = before - files_of(tmp_path / "out")
    assert sorted(Path(name).parts[0] for name in gone) == ["scenes", "thumbs"]


def test_copies_make_a_report_that_can_be_moved(tmp_path: Path, scene: Scene) -> None:
    rows = pictured(tmp_path / "in", scene, "1.png")
    write_report(rows, tmp_path / "out", ReportSettings(copies=True, longest=256))
    (line,) = data_of(tmp_path / "out")["rows"]
    assert (tmp_path / "out" / line["picture"]).is_file()
    assert line["picture"].startswith("pictures/")


@pytest.mark.parametrize("held", ["notes.txt", "index.html", "thumbs"])
def test_a_folder_of_other_things_is_refused(tmp_path: Path, scene: Scene, held: str) -> None:
    (tmp_path / "out" / held).parent.mkdir()
    (tmp_path / "out" / held).write_text("mine")
    with pytest.raises(ValueError, match="holds something that is no report: name a new or an empty folder"):
        write_report(pictured(tmp_path / "in", scene, "1.png"), tmp_path / "out")
    assert files_of(tmp_path / "out") == {held}


def test_what_is_cut_off_in_the_middle_says_so_and_is_finished_by_another_run(tmp_path: Path, scene: Scene) -> None:
    rows = pictured(tmp_path / "in", scene, "1.png", "2.png")

    def torn() -> object:
        yield rows[0]
        raise ValueError("scenes.jsonl.gz is damaged or cut off after line 1")

    with pytest.raises(ValueError, match="cut off after line 1"):
        write_report(torn(), tmp_path / "out")
    assert "run the same command again" in (tmp_path / "out" / "index.html").read_text()
    assert write_report(rows, tmp_path / "out") == 2
    assert "was not finished" not in (tmp_path / "out" / "index.html").read_text()


def test_no_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no picture to report on"):
        write_report([], tmp_path / "out")


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="file names there are Unicode")
def test_names_that_are_no_unicode_or_look_like_addresses_are_found(tmp_path: Path, scene: Scene) -> None:
    names = [os.fsdecode(b"caf\xe9.png"), "50% #1?.png", "\u6e2f.png"]
    rows = pictured(tmp_path / "in", scene, *names)
    write_report(rows, tmp_path / "out")
    lines = data_of(tmp_path / "out")["rows"]
    assert [line["picture"] for line in lines] == [
        "../in/caf%E9.png", "../in/50%25%20%231%3F.png", "../in/%E6%B8%AF.png"
    ]  # fmt: skip
    assert [line["key"] for line in lines] == names


def test_the_command_writes_a_report_of_several_files(tmp_path: Path, scene: Scene, capsys) -> None:
    rows = pictured(tmp_path / "in", scene, "1.png", "2.png")
    for number, row in enumerate(rows):
        write_rows(tmp_path / f"{number}.jsonl.gz", [row])
    files = [str(tmp_path / f"{number}.jsonl.gz") for number in range(2)]
    assert main(["report", *files, str(tmp_path / "out"), "--report-thumbnail", "64"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'out' / 'index.html'}\n"
    assert [line["key"] for line in data_of(tmp_path / "out")["rows"]] == ["1.png", "2.png"]
    assert main(["report", str(tmp_path / "none.gz"), str(tmp_path / "other")]) == 2
    assert "check the path" in capsys.readouterr().err


def test_the_page_is_one_script_with_every_module_once() -> None:
    text = bundle(web_folder())
    modules = re.findall(r'^modules\["([^"]+)"\] = ', text, re.MULTILINE)
    assert len(modules) == len(set(modules))
    assert {"js/inspector.js", "js/dom.js", "report/grid.mjs"} <= set(modules)
    assert not re.search(r"^(import|export)\b", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('import * as all from "./b.mjs";', "form of import or export that cannot be one script: import"),
        ('export { a } from "./b.mjs";', "form of import or export that cannot be one script: export"),
        ("export default 1;", "form of import or export that cannot be one script: export"),
        ('import { a } from "./a.mjs";', "imports itself"),
    ],
)
def test_what_the_bundler_does_not_understand_is_an_error(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "a.mjs").write_text(line)
    (tmp_path / "b.mjs").write_text("export const a = 1;")
    with pytest.raises(RuntimeError, match=problem):
        bundle(tmp_path, "a.mjs")


def test_an_installed_package_has_the_page(tmp_path: Path) -> None:
    """A wheel carries the page's files inside the engine's folder."""
    pytest.importorskip("setuptools")
    root = Path(__file__).resolve().parents[2]
    left_out = ignore_patterns(".*", "tests", "node_modules", "out", "build", "*.egg-info")
    copytree(root, tmp_path / "pack", ignore=left_out)
    build = "import setuptools.build_meta as build, sys; build.build_wheel(sys.argv[1])"
    called(build, tmp_path / "pack", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    told = called(INSTALLED, tmp_path, str(tmp_path / "site"))
    assert told == f"{tmp_path / 'site' / 'patchmatters' / 'web'} 3"


INSTALLED = """
import sys
sys.path.insert(0, sys.argv[1])
from patchmatters.report_page.bundle import page_files, web_folder
print(web_folder(), len(page_files(web_folder())))
"""


def called(code: str, folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()
