"""The file of rows: exact both ways, strict, and whole or not there."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import examples
from engine.scenes import scenes
from patchmatters.jobs.rows import Row, dump_row, load_row, read_rows, row_of_error, row_of_scene, write_rows


@settings(max_examples=examples(40))
@given(scene=scenes(), key=st.text(max_size=20), seconds=st.floats(0, 1e6))
def test_a_row_comes_back_as_it_was(scene, key: str, seconds: float) -> None:
    row = row_of_scene(key, f"photos/{key}", scene, seconds, "careful")
    line = dump_row(row)
    assert "\n" not in line
    assert load_row(line) == row


def test_names_that_are_no_unicode_come_back(tmp_path: Path) -> None:
    row = row_of_error("caf\udce9.png", "a\nb/caf\udce9.png", "it is damaged")
    write_rows(tmp_path / "rows.jsonl.gz", [row])
    assert list(read_rows(tmp_path / "rows.jsonl.gz")) == [row]


def test_a_row_of_an_earlier_pack_loads() -> None:
    body = {
        name: value for name, value in json.loads(dump_row(Row("a", "b"))).items() if name not in ("model", "preset")
    }
    assert load_row(json.dumps(body)) == Row("a", "b")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": 1}, "unknown fields"),
        ({"calls": "3"}, "calls"),
        ({"calls": True}, "calls"),
        ({"warnings": [1]}, "warnings"),
        ({"scene": {"image": 1}}, "scene"),
    ],
)
def test_what_no_pack_wrote_is_refused(change: dict, words: str) -> None:
    body = json.loads(dump_row(Row("a", "b"))) | change
    with pytest.raises(ValueError, match=words):
        load_row(json.dumps(body), "line 7")


def test_a_file_that_is_cut_off_names_its_line(tmp_path: Path) -> None:
    whole = tmp_path / "rows.jsonl.gz"
    assert write_rows(whole, (row_of_error(f"{number}.png", "x", str(number)) for number in range(5000))) == 5000
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(whole.read_bytes()[:-400])
    with pytest.raises(ValueError, match=r"cut off after line \d+"):
        list(read_rows(cut))


NO_ROWS = {
    "no gzip": b"no gzip",
    "no scene": gzip.compress(b"[1]\n"),
    "no utf-8": gzip.compress(b"\xff\n"),
    "empty": b"",
}


# Named, because gzip writes the second into its head, and each process of the tests must collect the same names.
@pytest.mark.parametrize("content", NO_ROWS.values(), ids=NO_ROWS)
def test_other_files_are_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    if content:
        with pytest.raises(ValueError, match="other"):
            list(read_rows(tmp_path / "other"))
    else:
        assert list(read_rows(tmp_path / "other")) == []


def test_a_failing_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "rows.jsonl.gz"
    write_rows(target, [Row("a", "b")])

    def broken():
        yield Row("c", "d")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_rows(target, broken())
    assert [row.key for row in read_rows(target)] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl.gz"]
