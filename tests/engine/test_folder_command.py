"""The command as people type it: what is there already, costs, limits, and everything that can be wrong."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from engine.api_speaker import speak
from engine.protocol_server import Fault, ProtocolServer, Received, Weighed
from engine.scenes import draw_photos
from patchmatters.basics import whole_files
from patchmatters.commands.cli import main
from patchmatters.folder.state import NAME, VERSION, State
from patchmatters.jobs.rows import read_rows

# By words, because torch takes longer to load than the rest to run.
FAST = ["--preset", "fast", "--similarity", "lexical", "--compose-similarity", "lexical"]


@pytest.fixture(autouse=True)
def private_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATCHMATTERS_CACHE", str(tmp_path / "answers.sqlite"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return draw_photos(tmp_path / "photos", *[(80, 60)] * 4)


def run(*arguments: object) -> int:
    return main(["folder", *map(str, arguments), *FAST])


def text(photos: Path, number: int) -> str:
    return (photos / f"{number}.txt").read_text(encoding="utf-8")


# --- what is there already -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("existing", "expected"),
    [("skip", "By hand."), ("overwrite", "{new}"), ("append", "By hand.\n{new}")],
)
def test_existing_captions(photos: Path, tmp_path: Path, existing: str, expected: str) -> None:
    run(photos, "--out", tmp_path / "plain")
    new = (tmp_path / "plain" / "1.txt").read_text(encoding="utf-8")
    (photos / "1.txt").write_text("By hand.")
    (photos / "2.txt").write_text("")  # an empty one counts as none
    for _ in range(3):  # a rerun appends nothing more
        assert run(photos, "--existing", existing) == 0
        assert text(photos, 1) == expected.format(new=new)
        assert text(photos, 2)


def test_existing_captions_as_an_error(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (photos / "1.txt").write_text("By hand.")
    assert run(photos, "--existing", "error") == 2
    assert "1 of the pictures have a caption file already, such as 1.png" in capsys.readouterr().err
    assert not (photos / "0.txt").exists()
    (photos / "1.txt").unlink()
    assert run(photos, "--existing", "error") == 0
    assert run(photos, "--existing", "error") == 0  # its own captions are no error


def test_another_form_is_written_without_asking_again(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(photos)
    before = text(photos, 0)
    capsys.readouterr()
    assert run(photos, "--trigger", "sks") == 0
    assert text(photos, 0) == before
    assert "4 pictures have captions in another form: --existing overwrite" in capsys.readouterr().err
    assert run(photos, "--trigger", "sks", "--existing", "overwrite", "--backend", "builtin") == 0
    assert text(photos, 0) == f"sks, {before}"


def test_pictures_that_share_a_name_are_told_apart_or_refused(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (photos / "sub").mkdir()
    Image.new("RGB", (40, 40), "red").save(photos / "sub" / "0.png")
    Image.new("RGB", (40, 40), "red").save(photos / "0.webp")
    assert run(photos, "-r") == 1
    assert "0.webp: Its caption file would be that of 0.png: rename one" in capsys.readouterr().err
    assert text(photos / "sub", 0) != text(photos, 0)


# --- what is told ----------------------------------------------------------------------------------------------------


def test_plain_lines_in_a_pipe_and_failures_always(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (photos / "4.png").write_bytes((photos / "3.png").read_bytes()[:60])
    assert run(photos) == 1
    out, err = capsys.readouterr()
    assert out == "5 pictures: 4 captioned, 1 failed.\n"
    assert [line for line in err.splitlines() if line.startswith("[5/5] ")]
    assert "\r" not in err
    assert "4.png" in err
    assert "cut off" in err
    (photos / "4.png").write_bytes((photos / "3.png").read_bytes())
    assert run(photos, "--quiet") == 0  # what failed is tried again
    assert capsys.readouterr() == ("5 pictures: 5 captioned.\n", "")


def test_a_bar_on_a_terminal(photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    (photos / "4.png").write_bytes(b"")
    assert run(photos) == 1
    err = capsys.readouterr().err
    assert "5/5" in err
    assert "failed=1" in err


def test_a_dry_run_counts_and_writes_no_caption(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(photos, "--dry-run", "--backend", "openai", "--model", "gpt-4o-mini") == 0
    out = capsys.readouterr().out
    assert "4 pictures" in out
    assert "reckoned from sizes" in out
    assert "calls:  24\n" in out  # five about each picture and one about text
    assert "cost:   $0.00\n" in out
    assert not list(photos.glob("*.txt"))
    assert run(photos, "--limit", "1") == 1
    assert len(list(photos.glob("*.txt"))) == 1
    assert run(photos, "--dry-run") == 0
    assert "1 done, 0 with a caption file already, 3 to caption" in capsys.readouterr().out


# --- costs -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[ProtocolServer]:
    with ProtocolServer(lambda received: "A red house stands on a hill.") as running:
        yield running


def api(server: ProtocolServer) -> list[str]:
    return ["--backend", "openai", "--base-url", server.url, "--model", "painter", "--llm-free", "--batch", "1"]


@pytest.mark.parametrize("more", [[], ["--no-cache"], ["--no-stream"]])
def test_the_limit_is_never_passed(
    photos: Path, tmp_path: Path, server: ProtocolServer, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [photos, *api(server), "--price", "1000,1000", *more]
    assert run(*arguments, "--limit", "1", "--limit-usd", "100") == 1
    with State(photos / NAME) as state:
        one = state.spent()
    assert one > 0
    asked = len(server.received)
    assert run(*arguments, "--limit-usd", one * 2.5) == 1
    with State(photos / NAME) as state:
        assert one <= state.spent() <= one * 2.5
    assert "raise --limit-usd" in capsys.readouterr().err
    assert run(*arguments, "--limit-usd", "100", "--scenes", tmp_path / "s.gz") == 0
    rows = list(read_rows(tmp_path / "s.gz"))
    with State(photos / NAME) as state:
        assert sum(row.usd for row in rows) == pytest.approx(state.spent())
    assert len(server.received) == 4 * asked


def test_what_the_captioner_is_asked_as_judge_is_held_to_the_limit_too(
    photos: Path, tmp_path: Path, server: ProtocolServer, capsys: pytest.CaptureFixture[str]
) -> None:
    judged = Weighed((("Yes", {"Yes": 0.9, "No": 0.1}),))
    server.script = lambda received: judged if received.prompt.startswith("Does this picture") else speak(received)
    arguments = [*api(server), "--price", "1000,1000", "--scorer", "captioner", "--limit", "1", "--limit-usd", "100"]
    careful = ["--preset", "careful", *FAST[2:], "--scenes", str(tmp_path / "s.gz")]
    assert main(["folder", str(photos), *arguments, *careful]) == 1
    asked = [received for received in server.received if received.prompt.startswith("Does this picture")]
    assert asked and all(received.body["logprobs"] for received in asked)
    (row,) = read_rows(tmp_path / "s.gz")
    with State(photos / NAME) as state:
        assert row.usd == pytest.approx(state.spent())
    words = sum(len(received.prompt.split()) + 100 * len(received.images) for received in server.received)
    assert row.usd > words / 1000  # a dollar for a thousand words read, the judge's among them
    assert run(photos, *api(server), "--price", "1,1", "--limit-usd", "1", "--scorer", "openai=other") == 2
    assert "holds one model to its limit: choose --scorer captioner" in capsys.readouterr().err


def test_a_limit_without_a_price_is_refused(
    photos: Path, server: ProtocolServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(photos, "--limit-usd", "1") == 2
    assert "--price" in capsys.readouterr().err
    for price in ("1", "a,b", "-1,2", "nan,1"):
        assert run(photos, f"--price={price}") == 2
        assert "dollars per million" in capsys.readouterr().err


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{tmp}/nothing"], "does not exist"),
        (["{tmp}/*.gif"], "There are no pictures"),
        (["{photos}", "--batch", "0"], "at least one picture"),
        (["{photos}", "--limit", "-1"], "--limit"),
        (["{photos}", "--sidecar", "a/b"], "no ending"),
        (["{photos}", "--replace", "old"], "OLD=NEW"),
        (["{photos}", "--style", "poem"], "choose among"),
        (["{photos}", "--drop", "("], "not a pattern"),
        (["{photos}", "--scenes", "{photos}/0.png"], "is a picture or a folder"),
        (["{photos}", "--scenes", "{tmp}/one", "--musubi", "{tmp}/one"], "would be written twice"),
        (["{photos}", "--max-words", "2", "--prefix", "a photo of"], "are allowed"),
        (["--from-scenes", "{tmp}/nothing"], "cannot be read"),
        ([], "No pictures are named"),
    ],
)
def test_wrong_usage_is_a_sentence(
    photos: Path, tmp_path: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(*(one.format(tmp=tmp_path, photos=photos) for one in arguments))
    err = capsys.readouterr().err
    assert status in (1, 2)
    assert words in err
    assert "Traceback" not in err


def test_a_state_of_another_version_is_left_alone(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(photos)
    connection = sqlite3.connect(photos / NAME)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = (photos / NAME).read_bytes()
    assert run(photos) == 2
    assert f"is of version {VERSION + 1}" in capsys.readouterr().err
    assert (photos / NAME).read_bytes() == before


@pytest.mark.parametrize("damage", ["truncated", "garbage", "other program"])
def test_a_damaged_state_says_what_to_do_and_captions_stay(
    photos: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(photos)
    captions = [text(photos, number) for number in range(4)]
    file = photos / NAME
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif damage == "garbage":
        file.write_bytes(b"no database" * 500)
    else:
        file.unlink()
        connection = sqlite3.connect(file)
        connection.execute("CREATE TABLE mine (a)")
        connection.close()
    status = run(photos)
    assert status == 2
    err = capsys.readouterr().err
    assert "Move it away" in err or "another program" in err
    assert [text(photos, number) for number in range(4)] == captions
    file.unlink()
    assert run(photos) == 0
    assert [text(photos, number) for number in range(4)] == captions


def test_a_locked_state_says_so(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("patchmatters.folder.state._BUSY_S", 0.05)
    run(photos)
    holder = sqlite3.connect(photos / NAME, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert run(photos) == 2
    assert "end the program that holds it" in capsys.readouterr().err
    holder.close()
    assert run(photos) == 0


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_cannot_be_written_to(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos.chmod(0o500)
    try:
        assert run(photos) == 2
        assert "--out" in capsys.readouterr().err
    finally:
        photos.chmod(0o700)


def test_an_out_that_is_a_file(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run(photos, "--out", tmp_path / "file") == 2
    assert "choose another place" in capsys.readouterr().err


def test_a_full_disk_in_the_middle_loses_nothing(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The third caption file finds no room; the next run writes it without captioning again."""
    replace, count = Path.replace, 0

    def full(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, target)

    monkeypatch.setattr(whole_files.Path, "replace", full)
    assert run(photos, "--batch", "1") == 2
    assert "No space left" in capsys.readouterr().err
    assert len(list(photos.glob("*.txt"))) == 2
    assert not list(photos.glob(".*.part"))
    assert run(photos) == 0
    with State(photos / NAME) as state:
        state.want([f"{number}.png" for number in range(4)])
        rows = [state.row(f"{number}.png") for number in range(4)]
    assert [row.caption for row in rows if row] == [text(photos, number) for number in range(4)]
    connection = sqlite3.connect(photos / NAME)
    assert connection.execute("SELECT max(times), min(times) FROM pictures").fetchone() == (1, 1)
    connection.close()


def test_pictures_that_go_or_change_during_the_run(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from patchmatters.folder import run as running

    opened = running.open_picture

    def meddling(path: str):
        if path.endswith("0.png"):
            (photos / "1.png").unlink()
            Image.new("RGB", (9, 9)).save(photos / "0.png")
        return opened(path)

    monkeypatch.setattr(running, "open_picture", meddling)
    assert run(photos, "--batch", "1") == 1
    err = capsys.readouterr().err
    assert "0.png changed while it was read" in err
    assert "1.png does not exist any more" in err
    assert text(photos, 3)


def test_one_picture_that_fails_sinks_no_batch_and_is_asked_once(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (90, 60), "red").save(photos / "1.png")

    def script(received: Received) -> str | Fault:
        width = received.images[0][0]
        return Fault.BAD_REQUEST if width in (90, 45) else "A red house stands on a hill."

    with ProtocolServer(script) as server:
        asked = [*api(server), "--batch", "4", "--retries", "0"]
        assert run(photos, *asked) == 1
        out, err = capsys.readouterr()
        assert out == "4 pictures: 3 captioned, 1 failed.\n"
        assert "  1.png: " in err
        bodies = [str(received.body) for received in server.received if received.images[0][0] not in (90, 45)]
        assert len(bodies) == len(set(bodies))
    assert sorted(path.name for path in photos.glob("*.txt")) == ["0.txt", "2.txt", "3.txt"]


def test_boxes_come_by_picture(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    boxes = tmp_path / "boxes.json"
    boxes.write_text('{"1.png": [{"x": 5, "y": 5, "width": 40, "height": 30, "label": "cat"}]}')
    run(photos, "--detections", boxes, "--scenes", tmp_path / "s.gz")
    labels = {row.key: [one.label for one in row.scene.detections] for row in read_rows(tmp_path / "s.gz") if row.scene}
    assert labels == {"0.png": [], "1.png": ["cat"], "2.png": [], "3.png": []}
    assert run(photos) == 0
    assert "4 pictures were captioned with other settings" in capsys.readouterr().err
    for bad in ("[1]", "{", '{"1.png": [{"x": 1}]}', '{"1.png": 3}'):
        boxes.write_text(bad)
        assert run(photos, "--detections", boxes) == 2
        assert "boxes.json" in capsys.readouterr().err


def test_nothing_left_to_tell_is_a_failure_of_that_picture(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(photos, "--drop", ".") == 1
    assert "was to be left out" in capsys.readouterr().err
    assert run(photos) == 0
