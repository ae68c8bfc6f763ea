"""Shards in, parts out: every picture exactly once, whatever breaks or dies in the middle."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from patchmatters.commands.cli import main
from patchmatters.jobs.job_options import Job
from patchmatters.jobs.rows import Row, read_rows
from patchmatters.models import Answer, Monitor, Question
from patchmatters.pipeline import PRESETS

pyarrow = pytest.importorskip("pyarrow", reason="the extra scale is not installed")

from patchmatters.scale import (  # noqa: E402
    CaptionBatches,
    ScaleSettings,
    Shard,
    SourceOptions,
    caption_shard,
    shards_of,
)
from patchmatters.scale.engines import Done, Work  # noqa: E402
from patchmatters.scale.filesystems import place_of  # noqa: E402
from patchmatters.scale.local import run_local  # noqa: E402
from patchmatters.scale.parts import read_part  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
# By words: each worker would load torch, which takes longer than all the rest.
_WORDS = {"compare.similarity": "lexical", "compose.similarity": "lexical"}
FAST = ScaleSettings(preset="fast", llm_free=True, options={"stages.seed": 7, **_WORDS})
QUICK = ["--preset", "fast", "--llm-free", "--seed", "7", "--similarity", "lexical", "--compose-similarity", "lexical"]
COUNT = 12


def picture(number: int) -> bytes:
    drawn = Image.linear_gradient("L").resize((40 + number, 30)).convert("RGB")
    drawn.paste((20 * number % 256, 90, 200 - 9 * number), (0, 0, 12 + number, 12))
    content = io.BytesIO()
    drawn.save(content, "PNG")
    return content.getvalue()


def broken(number: int) -> bytes:
    """The first half of a picture."""
    content = picture(number)
    return content[: len(content) // 2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures in two folders, and one file that is none."""
    root = tmp_path_factory.mktemp("pictures")
    for number in range(COUNT):
        path = root / ("even" if number % 2 == 0 else "odd") / f"{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture(number))
    (root / "odd" / "broken.png").write_bytes(broken(3))
    return root


@pytest.fixture(scope="module")
def by_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The captions that the folder command writes with the same seed, by key."""
    out = tmp_path_factory.mktemp("folder")
    main(["folder", str(folder), "-r", "--out", str(out), "--scenes", str(out / "s.jsonl.gz"), "--quiet", *QUICK])
    return {row.key: row.caption for row in read_rows(out / "s.jsonl.gz")}


def rows_in(target: Path) -> list[Row]:
    """The rows of all parts."""
    parts = [path for path in sorted(target.glob("[!.]*.*")) if path.name != "patchmatters.json"]
    return [row for path in parts for row in read_part(place_of(str(path)))]


def captions(rows: Sequence[Row]) -> dict[str, str]:
    """Captions by key, each key once."""
    assert len({row.key for row in rows}) == len(rows)
    return {row.key: row.caption for row in rows}


def write_tar(path: Path, names: Sequence[str], contents: Sequence[bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in zip(names, contents, strict=True):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


# --- the command -----------------------------------------------------------------------------------------------------


def test_workers_write_what_the_folder_command_writes(
    folder: Path, by_folder: dict[str, str], tmp_path: Path, capsys
) -> None:
    command = ["scale", str(folder), str(tmp_path), "--files", "4", "--workers", "2", *QUICK]
    assert main(command) == 1  # one picture is broken
    assert "4 parts written, 0 skipped, 0 shards without a part; 13 pictures, 1 failed" in capsys.readouterr().out
    rows = rows_in(tmp_path)
    assert captions(rows) == by_folder
    (failed,) = (row for row in rows if row.error)
    assert (failed.key, failed.scene, failed.caption) == ("odd/broken.png", None, "")
    assert f"{folder}/odd/broken.png is damaged or cut off" in failed.error
    assert all(row.scene.caption_text == row.caption and row.calls and row.model for row in rows if not row.error)
    (tmp_path / ".partial-0123-of-a-killed-worker").touch()
    assert main(command) == 0
    assert "0 parts written, 4 skipped" in capsys.readouterr().out
    assert not list(tmp_path.glob(".partial-*"))


@pytest.fixture(scope="module")
def done(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parts of the pictures in "even"."""
    target = tmp_path_factory.mktemp("parts")
    assert main(["scale", str(folder / "even"), str(target), *QUICK]) == 0
    return target


def test_parts_are_files_of_scenes_for_every_other_command(done: Path, tmp_path: Path) -> None:
    parts = sorted(map(str, done.glob("*.jsonl.gz")))
    assert len(parts) == 1
    assert main(["report", *parts, str(tmp_path / "report")]) == 0
    assert len(list((tmp_path / "report").glob("thumbs/*/*.jpg"))) == COUNT // 2


def test_failed_pictures_are_done_again_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    contents = {"a.png": broken(1), "b.png": picture(2)}
    for name, content in contents.items():
        (tmp_path / "in" / name).write_bytes(content)
    shards, target = shards_in(tmp_path / "in", 1), str(tmp_path / "out")
    assert [caption_shard(shard, target, FAST).failed for shard in shards] == [1, 0]
    (tmp_path / "in" / "a.png").write_bytes(picture(1))
    assert [caption_shard(shard, target, FAST).skipped for shard in shards] == [True, True]
    again = [caption_shard(shard, target, FAST, redo_failed=True) for shard in shards]
    assert [(one.skipped, one.failed) for one in again] == [(False, 0), (True, 0)]
    assert not any(row.error for row in rows_in(tmp_path / "out"))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (["--seed", "8"], "begun with other settings: name another TARGET"),
        (["--files", "5"], "parts of other shards"),
        (["--form", "parquet"], "parts of other shards"),
        (["--workers", "0"], "at least one is needed"),
        (["--batch", "0"], "at least one picture"),
        (["--files", "0"], "at least one"),
    ],
)
def test_what_does_not_fit_the_parts_that_are_there_is_refused(
    folder: Path, done: Path, capsys, changed: list[str], problem: str
) -> None:
    before = rows_in(done)
    assert main(["scale", str(folder / "even"), str(done), *QUICK, *changed]) == 2
    assert problem in capsys.readouterr().err
    assert rows_in(done) == before


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("nowhere", "holds no pictures, .tar or .parquet files: check the path"),
        ("nonsense://bucket/x", "is no address that pyarrow opens"),
    ],
)
def test_a_source_of_nothing_is_refused(tmp_path: Path, capsys, source: str, problem: str) -> None:
    place = source if "://" in source else str(tmp_path / source)
    assert main(["scale", place, str(tmp_path / "out"), *QUICK]) == 2
    assert problem in capsys.readouterr().err


# --- sources ---------------------------------------------------------------------------------------------------------


def test_tars_and_tables_of_every_shape_give_the_same_captions(tmp_path: Path, folder: Path) -> None:
    contents = [picture(number) for number in range(4)]
    source = tmp_path / "in"
    source.mkdir()
    write_tar(source / "a.tar", ["0.png", "0.txt", "1.png"], [contents[0], b"a text", contents[1]])
    files = [source / f"{number}.png" for number in (2, 3)]
    for file, content in zip(files, contents[2:], strict=True):
        file.write_bytes(content)
    tables = {
        "hf": {"image": [{"bytes": content, "path": None} for content in contents]},
        "raw": {"key": ["k0", "k1", "k2", "k3"], "jpg": contents},
        "paths": {"id": [5, 6], "path": [str(folder / "even" / "00.png"), str(tmp_path / "gone.png")]},
    }
    for name, columns in tables.items():
        pyarrow.parquet.write_table(pyarrow.table(columns), source / f"{name}.parquet", row_group_size=3)
    shards = shards_of(str(source))
    assert sorted(shard.kind for shard in shards) == ["files", *["parquet"] * 5, "tar"]
    for shard in shards:
        caption_shard(shard, str(tmp_path / "out"), FAST, "parquet")
    told = captions(rows_in(tmp_path / "out"))
    keys = {
        0: ["a.tar/0.png", "hf.parquet/0/0", "k0", "5"], 1: ["a.tar/1.png", "hf.parquet/0/1", "k1"],
        2: ["2.png", "hf.parquet/0/2", "k2"], 3: ["3.png", "hf.parquet/1/0", "k3"],
    }  # fmt: skip
    assert told.keys() == {"6", *(key for alike in keys.values() for key in alike)}
    for alike in keys.values():
        assert len({told[key] for key in alike}) == 1
    (gone,) = (row for row in rows_in(tmp_path / "out") if row.error)
    assert (gone.key, gone.caption) == ("6", "")
    assert "gone.png cannot be read" in gone.error


def torn_tar(path: Path) -> None:
    write_tar(path, ["0.png", "1.png"], [picture(0), picture(1)])
    path.write_bytes(path.read_bytes()[:700])


def tar_without_end(path: Path) -> None:
    write_tar(path, ["0.png"], [picture(0)])
    path.write_bytes(path.read_bytes()[: 512 + -(-len(picture(0)) // 512) * 512])


def no_tar(path: Path) -> None:
    path.write_bytes(b"no tar" * 300)


@pytest.mark.parametrize("damage", [torn_tar, tar_without_end, no_tar])
def test_a_broken_tar_has_no_part_until_it_is_whole(tmp_path: Path, damage) -> None:
    damage(tmp_path / "torn.tar")
    (shard,) = shards_of(str(tmp_path / "torn.tar"))
    with pytest.raises(RuntimeError, match=r"torn\.tar is damaged or cut off .*: write or download it again"):
        caption_shard(shard, str(tmp_path / "out"), FAST)
    assert not list((tmp_path / "out").iterdir())  # no hidden file either
    write_tar(tmp_path / "torn.tar", ["0.png"], [picture(0)])
    (shard,) = shards_of(str(tmp_path / "torn.tar"))
    assert caption_shard(shard, str(tmp_path / "out"), FAST).pictures == 1


def test_a_broken_shard_ends_no_run(tmp_path: Path, capsys) -> None:
    (tmp_path / "in").mkdir()
    torn_tar(tmp_path / "in" / "torn.tar")
    write_tar(tmp_path / "in" / "good.tar", ["0.png"], [picture(0)])
    assert main(["scale", str(tmp_path / "in"), str(tmp_path / "out"), *QUICK]) == 1
    out, err = capsys.readouterr()
    assert "1 parts written, 0 skipped, 1 shards without a part" in out
    assert "torn.tar is damaged or cut off" in err
    assert [row.key for row in rows_in(tmp_path / "out")] == ["good.tar/0.png"]


def test_a_broken_row_group_has_no_part_and_the_others_have(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table = pyarrow.table({"image": [picture(number) for number in range(4)]})
    pyarrow.parquet.write_table(table, path, row_group_size=2, compression="none", use_dictionary=False)
    shards = shards_of(str(path))
    place = pyarrow.parquet.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    content = bytearray(path.read_bytes())
    content[place : place + 40] = b"\xff" * 40
    path.write_bytes(bytes(content))
    assert caption_shard(shards[0], str(tmp_path / "out"), FAST).pictures == 2
    with pytest.raises(RuntimeError, match=r"t\.parquet, row group 1, is damaged or cut off"):
        caption_shard(shards[1], str(tmp_path / "out"), FAST)
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_table_without_pictures_says_what_it_has(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"a": [1], "b": ["x"]}), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=r"name one of these with --image-column: a, b"):
        shards_of(str(tmp_path))
    with pytest.raises(ValueError, match=r"has no column 'c'; it has: a, b"):
        shards_of(str(tmp_path), SourceOptions(image_column="c"))


def test_names_tell_shards_apart_and_change_with_what_is_in_them(tmp_path: Path) -> None:
    names = [
        Shard("tar", "s3://a/x.tar", 10).name, Shard("tar", "s3://a/x.tar", 11).name,
        Shard("parquet", "x.parquet", 1, 0).name, Shard("parquet", "x.parquet", 1, 1).name,
        Shard("files", "x", files=("a", "b")).name, Shard("files", "x", files=("a",)).name,
    ]  # fmt: skip
    assert len(set(names)) == len(names)
    assert Shard("tar", "s3://a/x.tar", 10).name == Shard("tar", "/mnt/a/x.tar", 10).name  # wherever it is read from


# --- what dies in the middle -----------------------------------------------------------------------------------------


def shards_in(folder: Path, each: int = 2) -> tuple[Shard, ...]:
    return shards_of(str(folder), SourceOptions(each))


def test_a_killed_worker_loses_and_repeats_no_picture(folder: Path, by_folder: dict[str, str], tmp_path: Path) -> None:
    killed: list[int] = []
    ends: list[Done] = []
    for done in run_local(shards_in(folder), Work(str(tmp_path), FAST, workers=2)):
        ends.append(done)
        if not killed:  # the other worker is at its shard, or about to take one
            killed.append(multiprocessing.active_children()[0].pid)
            os.kill(killed[0], signal.SIGKILL)
    assert killed
    assert not [done.problem for done in ends if done.outcome is None]
    assert len(ends) == len(shards_in(folder))
    assert captions(rows_in(tmp_path)) == by_folder


def test_workers_that_all_die_end_the_run_with_a_sentence(folder: Path, tmp_path: Path, monkeypatch) -> None:
    start = multiprocessing.process.BaseProcess.start

    def stillborn(process: multiprocessing.process.BaseProcess) -> None:
        start(process)
        os.kill(process.pid, signal.SIGKILL)

    monkeypatch.setattr(multiprocessing.process.BaseProcess, "start", stillborn)
    with pytest.raises(RuntimeError, match="ended while it loaded the models"):
        list(run_local(shards_in(folder), Work(str(tmp_path), FAST, workers=2)))
    assert multiprocessing.active_children() == []


def test_settings_that_no_worker_can_load_end_the_run(folder: Path, tmp_path: Path) -> None:
    other = replace(FAST, version="0.0.1")
    with pytest.raises(RuntimeError, match=r"run was started with 0\.0\.1: install the same version"):
        list(run_local(shards_in(folder), Work(str(tmp_path), other)))
    assert not list(tmp_path.iterdir())


def test_an_abandoned_run_leaves_whole_parts_and_goes_on(
    folder: Path, by_folder: dict[str, str], tmp_path: Path
) -> None:
    shards = shards_in(folder)
    run = run_local(shards, Work(str(tmp_path), FAST, workers=2))
    first = next(run)
    run.close()
    assert multiprocessing.active_children() == []
    assert Path(first.outcome.part).is_file()
    for done in run_local(shards, Work(str(tmp_path), FAST)):
        assert done.outcome is not None
    assert captions(rows_in(tmp_path)) == by_folder


class Silent:
    """A server that went away."""

    name, sees_images, follows_instructions = "silent", True, False

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        raise RuntimeError("The server does not answer: start it.")


def test_a_shard_that_nobody_answered_has_no_part(folder: Path, tmp_path: Path, monkeypatch) -> None:
    silent = Job(Silent(), None, None, PRESETS["fast"], False, FAST.namespace())
    monkeypatch.setattr(ScaleSettings, "job", lambda settings: silent)
    with pytest.raises(RuntimeError, match=r"No picture of .* was captioned, the last because: .*does not answer"):
        caption_shard(shards_in(folder, 4)[0], str(tmp_path), FAST)
    assert not list(tmp_path.iterdir())


def test_a_target_that_cannot_be_written_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RuntimeError, match="cannot be written"):
        caption_shard(shards_in(folder)[0], str(tmp_path / "file" / "out"), FAST)
    assert (tmp_path / "file").read_text() == "mine"


def test_an_address_is_as_good_as_a_path(folder: Path, tmp_path: Path) -> None:
    shards = shards_of((folder / "even").as_uri())
    outcome = caption_shard(shards[0], tmp_path.as_uri() + "/out", FAST)
    assert outcome.part.startswith("file:///")
    assert len(rows_in(tmp_path / "out")) == COUNT // 2


# --- pipelines of somebody else --------------------------------------------------------------------------------------


def test_batches_of_paths_and_of_bytes_are_captioned(folder: Path, by_folder: dict[str, str]) -> None:
    numpy = pytest.importorskip("numpy")
    batches = CaptionBatches(FAST)
    paths = numpy.array([str(folder / "even" / "00.png"), str(folder / "odd" / "broken.png")])
    told = batches({"path": paths, "other": numpy.array([1, 2])})
    assert told["caption"] == [by_folder["even/00.png"], ""]
    assert told["error"][0] is None
    assert "damaged" in told["error"][1]
    assert json.loads(told["scene"][0])["stage"] == "composed"
    content = numpy.array([picture(0)], dtype=object)
    told = batches({"bytes": content, "key": numpy.array(["mine"])})
    assert (told["key"], told["caption"]) == (["mine"], [by_folder["even/00.png"]])
    with pytest.raises(ValueError, match="needs one called path or bytes"):
        batches({"image": content})


RAY = """
import os, sys, threading, time
from pathlib import Path
import psutil
from patchmatters.commands.cli import main

source, target = sys.argv[1:3]

def kill_an_actor():
    while not list(Path(target).glob("*.jsonl.gz")):
        time.sleep(0.05)
    actors = [one for one in psutil.Process().children(recursive=True) if "_ShardActor" in " ".join(one.cmdline())]
    actors[0].kill()  # of one or two: the second may not have started yet on a busy machine
    print("killed one")

killer = threading.Thread(target=kill_an_actor)
killer.start()
status = main(["scale", source, target, "--engine", "ray", "--workers", "2", "--files", "2", *sys.argv[3:]])
killer.join()
print("status", status)
"""


def test_a_killed_actor_of_ray_loses_and_repeats_no_picture(
    folder: Path, by_folder: dict[str, str], tmp_path: Path
) -> None:
    pytest.importorskip("ray.data", reason="Ray Data is not installed: pip install 'ray[data]'")
    pytest.importorskip("psutil", reason="psutil finds the actor to kill")
    command = [sys.executable, "-c", RAY, str(folder), str(tmp_path / "out"), *QUICK]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "killed one" in done.stdout
    assert "status 1" in done.stdout  # one picture is broken
    assert captions(rows_in(tmp_path / "out")) == by_folder
