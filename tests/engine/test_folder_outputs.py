"""The forms for trainers, each read back as its trainer reads it, and all of them again without a model."""

from __future__ import annotations

import glob
import gzip
import json
import os
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from patchmatters.commands.cli import main
from patchmatters.jobs.rows import read_rows

# By words, because torch takes longer to load than the rest to run.
FAST = ["--preset", "fast", "--similarity", "lexical", "--compose-similarity", "lexical"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    for number, name in enumerate(("10_cat/a.png", "10_cat/b b.jpg", "dog/\u732b.webp", "dog/a.png")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        picture = Image.new("RGB", (80, 60), (40 * number, 90, 200 - 40 * number))
        picture.paste((250, 120, 10), (40, 0, 80, 30))
        picture.save(root / name)
    return root


def run(*arguments: object) -> int:
    return main(["folder", *map(str, arguments), *FAST, "--quiet"])


@pytest.fixture
def outputs(photos: Path, tmp_path: Path) -> dict[str, Path]:
    """All forms at once, with a picture that is broken."""
    (photos / "dog" / "broken.png").write_bytes(b"no picture")
    files = {
        "metadata": photos / "metadata.jsonl",
        "meta-cap": tmp_path / "meta_cap.json",
        "musubi": tmp_path / "musubi.jsonl",
        "webdataset": tmp_path / "out" / "set.tar",
        "scenes": tmp_path / "scenes.jsonl.gz",
        "parquet": tmp_path / "set.parquet",
    }
    more = [part for name, path in files.items() for part in (f"--{name}", path)]
    assert run(photos, "-r", "--trigger", "sks", "--style", "long,tags", *more) == 1
    return files


def json_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def sidecar(photos: Path, key: str) -> list[str]:
    return (photos / key).with_suffix(".txt").read_text(encoding="utf-8").splitlines()


KEYS = ["10_cat/a.png", "10_cat/b b.jpg", "dog/a.png", "dog/\u732b.webp"]


def test_every_form_tells_the_same_captions(outputs: dict[str, Path], photos: Path) -> None:
    expected = {key: sidecar(photos, key) for key in KEYS}
    assert all(len(lines) == 2 and lines[0].startswith("sks, ") for lines in expected.values())
    metadata = json_lines(outputs["metadata"])
    assert {line["file_name"]: [line["text"], line["text_tags"]] for line in metadata} == expected
    musubi = json_lines(outputs["musubi"])
    assert {os.path.relpath(line["image_path"], photos): line["caption"] for line in musubi} == {
        key: lines[0] for key, lines in expected.items()
    }
    assert all(line.keys() == {"image_path", "caption"} for line in musubi)
    meta_cap = json.loads(outputs["meta-cap"].read_text(encoding="utf-8"))
    assert {os.path.relpath(path, photos): [one["caption"], one["tags"]] for path, one in meta_cap.items()} == expected


def test_the_tar_is_read_sample_by_sample(outputs: dict[str, Path], photos: Path) -> None:
    samples: dict[str, dict[str, bytes]] = {}
    with tarfile.open(outputs["webdataset"]) as tar:
        names = tar.getnames()
        for member in tar:
            key, _, ending = member.name.partition(".")
            samples.setdefault(key, {})[ending] = tar.extractfile(member).read()
    assert [name.partition(".")[0] for name in names] == sorted(name.partition(".")[0] for name in names)
    assert [json.loads(sample["json"])["key"] for sample in samples.values()] == KEYS
    for sample, key in zip(samples.values(), KEYS, strict=True):
        assert sample["txt"].decode() == sidecar(photos, key)[0]
        assert sample[Path(key).suffix[1:]] == (photos / key).read_bytes()
    assert json.loads(samples["000000000"]["json"])["repeats"] == 10


def test_parquet_holds_every_row(outputs: dict[str, Path], photos: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    rows = parquet.read_table(outputs["parquet"]).to_pylist()
    assert [row["key"] for row in rows] == [*KEYS[:3], "dog/broken.png", KEYS[3]]
    assert [row["caption"] for row in rows if row["error"] is None] == [sidecar(photos, key)[0] for key in KEYS]
    assert "not a picture" in next(row["error"] for row in rows if row["error"])
    assert json.loads(rows[0]["scene"])["image"]["width"] == 80


def test_scenes_make_every_form_again_without_a_model(
    outputs: dict[str, Path], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = list(read_rows(outputs["scenes"]))
    assert [row.key for row in rows if row.error is None] == KEYS
    assert all(row.scene is not None and row.calls == 5 for row in rows if row.error is None)
    monkeypatch.setattr("patchmatters.folder.command.job_of", lambda options: pytest.fail("a model was loaded"))
    again, where = tmp_path / "again.jsonl", tmp_path / "mirror"
    status = run("--from-scenes", outputs["scenes"], photos, "--style", "tags", "--out", where, "--musubi", again)
    assert status == 0
    for key in KEYS:
        assert sidecar(where, key) == [sidecar(photos, key)[1].removeprefix("sks, ")]
    assert [line["caption"] for line in json_lines(again)] == [sidecar(where, key)[0] for key in KEYS]
    before = sidecar(photos, KEYS[0])
    assert run("--from-scenes", outputs["scenes"]) == 0
    assert sidecar(photos, KEYS[0]) == before
    assert run("--from-scenes", outputs["scenes"], "--existing", "overwrite", "--suffix", "end") == 0
    assert sidecar(photos, KEYS[0]) == [before[0].removeprefix("sks, ") + " end"]


def test_a_report_is_written_at_once_and_again(photos: Path, tmp_path: Path) -> None:
    assert run(photos, "-r", "--report", tmp_path / "report", "--scenes", tmp_path / "s.gz") == 0
    page = (tmp_path / "report" / "index.html").read_bytes()
    assert page
    assert run("--from-scenes", tmp_path / "s.gz", "--report", tmp_path / "report") == 0
    assert (tmp_path / "report" / "index.html").read_bytes() == page


def test_captions_from_elsewhere_are_handed_on(photos: Path) -> None:
    (photos / "dog" / "a.txt").write_text("A dog by hand.\nAnother.", encoding="utf-8")
    assert run(photos, "-r", "--metadata", photos / "metadata.jsonl") == 0
    texts = {line["file_name"]: line["text"] for line in json_lines(photos / "metadata.jsonl")}
    assert texts["dog/a.png"] == "A dog by hand."
    assert len(texts) == 4


def test_a_damaged_file_of_scenes_is_a_sentence(
    outputs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(outputs["scenes"].read_bytes()[:900])
    assert run("--from-scenes", cut) == 2
    assert "damaged or cut off after line" in capsys.readouterr().err
    cut.write_bytes(gzip.compress(b'{"key": 1}\n'))
    assert run("--from-scenes", cut) == 2
    assert "line 1 lacks" in capsys.readouterr().err


# --- what sd-scripts documents of a training folder ------------------------------------------------------------------


def test_a_training_folder_is_as_sd_scripts_documents_it(tmp_path: Path) -> None:
    """docs/config_README-en.md and docs/train_network.md of kohya-ss/sd-scripts, as of 2026, point by point.

    DreamBooth method: pictures lie directly in image_dir (png, jpg, jpeg, webp, bmp, any case); each one's caption is
    beside it under its name with caption_extension in place of its own ending; the first line counts unless wildcards
    are enabled. Fine-tuning method: metadata_file is a JSON object of whole paths or names to {"caption", "tags"}.
    """
    folder = tmp_path / "train" / "10_sks cat"
    folder.mkdir(parents=True)
    for name in ("a.png", "b.JPG", "c.webp", "d.bmp", "e.f.jpeg"):
        Image.new("RGB", (64, 64), "orange").save(folder / name)
    meta = tmp_path / "meta_cap.json"
    assert run(folder, "--sidecar", "txt", "--style", "long,tags", "--trigger", "sks cat", "--meta-cap", meta) == 0
    pictures = [
        path for path in sorted(folder.iterdir()) if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp", ".bmp")
    ]
    assert len(pictures) == 5
    for picture in pictures:
        beside = Path(os.path.splitext(picture)[0] + ".txt")  # noqa: PTH122  how sd-scripts finds it
        text = beside.read_bytes()
        assert not text.startswith(b"\xef\xbb\xbf")
        first = text.decode("utf-8").splitlines()[0]
        assert first == first.strip()
        assert first.startswith("sks cat, ")
    others = {path.name for path in folder.iterdir()} - {path.name for path in pictures}
    assert others == {f"{name}.txt" for name in ("a", "b", "c", "d", "e.f")} | {".patchmatters.sqlite"}
    entries = json.loads(meta.read_text(encoding="utf-8"))
    assert {Path(path) for path in entries} == set(pictures)
    assert all(Path(path).is_absolute() and entry.keys() == {"caption", "tags"} for path, entry in entries.items())
    assert glob.glob(f"{glob.escape(str(folder))}/*.npz") == []  # noqa: PTH207
