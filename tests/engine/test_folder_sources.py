"""Which pictures a folder, a pattern or a list file names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from patchmatters.folder.sidecars import Sidecars, twins
from patchmatters.folder.sources import Picture, SourceSettings, find_pictures, picture_endings


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    for name in (
        *("a.png", "b.JPG", "notes.txt", ".hidden.png", "a-masklabel.png", "a-condlabel.png"),
        *("10_cat/c.webp", "10_cat/deep/d.png", ".cache/e.png", "_controls/f.png", "rejected/g.png"),
    ):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"no picture needs to be read here")
    return root


def keys(*sources: object, **settings: object) -> list[str]:
    found = find_pictures([str(source) for source in sources], SourceSettings(**settings))
    return [picture.key for picture in found.pictures]


def test_a_folder_without_and_with_its_folders(tree: Path) -> None:
    assert keys(tree) == ["a.png", "b.JPG"]
    assert keys(tree, recursive=True) == ["10_cat/c.webp", "10_cat/deep/d.png", "a.png", "b.JPG", "rejected/g.png"]


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        ({"include": ("*.png",)}, ["10_cat/deep/d.png", "a.png", "rejected/g.png"]),
        ({"include": ("*.jpg",)}, ["b.JPG"]),
        ({"exclude": ("rejected", "deep/")}, ["10_cat/c.webp", "a.png", "b.JPG"]),
        ({"include": ("10_cat/*",)}, ["10_cat/c.webp", "10_cat/deep/d.png"]),
        ({"include": ("*.png",), "exclude": ("a.png",)}, ["10_cat/deep/d.png", "rejected/g.png"]),
    ],
)
def test_patterns_choose(tree: Path, settings: dict, left: list[str]) -> None:
    assert keys(tree, recursive=True, **settings) == left


def test_globs_lists_and_several_sources(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys(f"{tree}/**/*.png") == ["10_cat/deep/d.png", "a.png", "rejected/g.png"]
    (tree / "list.txt").write_bytes(b"\xef\xbb\xbfa.png\n\n10_cat/c.webp\r\n")
    assert keys(tree / "list.txt") == ["10_cat/c.webp", "a.png"]
    (tree / "10_cat" / "list.lst").write_bytes(b"../a.png\0deep/d.png\0")
    assert keys(tree / "10_cat" / "list.lst") == ["10_cat/deep/d.png", "a.png"]
    assert keys(tree / "10_cat", tree / "rejected") == ["10_cat/c.webp", "rejected/g.png"]
    assert keys(tree, tree / "a.png", f"{tree}/*.png") == ["a.png", "b.JPG"]
    monkeypatch.chdir(tree)
    assert keys(".", "a.png") == ["a.png", "b.JPG"]


def test_what_is_named_by_itself_is_taken(tree: Path) -> None:
    assert keys(tree / "_controls") == ["f.png"]
    assert keys(tree / ".hidden.png") == [".hidden.png"]


@pytest.mark.parametrize(
    ("sources", "settings", "words"),
    [
        ([], {}, "No pictures are named"),
        (["{tree}/nothing"], {}, "does not exist"),
        (["{tree}/*.gif"], {}, "no pictures"),
        (["{tree}/10_cat/deep/.."], {"include": ("*.gif",)}, "leave none of the 1 pictures"),
        (["{empty}"], {}, "--recursive"),
        (["{empty}"], {"recursive": True}, "no pictures"),
        (["{tree}"], {"exclude": ("hair, eye colour",)}, "--exclude-about"),
    ],
)
def test_no_pictures_is_a_sentence(tree: Path, tmp_path: Path, sources: list, settings: dict, words: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=words):
        keys(*(source.format(tree=tree, empty=tmp_path / "empty") for source in sources), **settings)


def test_every_format_that_pillow_reads_is_a_picture() -> None:
    endings = picture_endings()
    assert {
        ".png",
        ".jpg",
        ".jpeg",
        ".webp",
        ".bmp",
        ".gif",
        ".tif",
        ".tiff",
        ".avif",
        ".jp2",
        ".tga",
        ".ico",
    } <= endings
    assert endings.isdisjoint({".pdf", ".mpg", ".txt", ".sqlite"})


def test_repeats_come_from_the_name_of_the_folder() -> None:
    repeats = {"10_cat/a.png": 10, "cat/a.png": 1, "0_cat/a.png": 1, "3_x/sub/a.png": 1, "/d/7_b c/a.png": 7}
    assert {path: Picture("a.png", path).repeats for path in repeats} == repeats


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="this file system allows fewer characters in names")
def test_names_with_every_character_are_pictures_of_their_own(tmp_path: Path) -> None:
    names = [bytes([value]) + b"x.png" for value in range(1, 256) if value not in (ord("/"), ord("."))]
    names += ["\u732b \u202e.png".encode(), b"-rf.png", b"a b.png", b"a.b.c.png", b"%s{}.png"]
    for name in names:
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))).write_bytes(b"")
    found = keys(tmp_path)
    assert sorted(map(os.fsencode, found)) == sorted(names)


def test_pictures_that_would_share_a_caption_file_are_told() -> None:
    pictures = [Picture(key, f"/d/{key}") for key in ("a.jpg", "a.png", "A.webp", "b.png")]
    assert twins(pictures, Sidecars(), folded=False) == {"a.png": "a.jpg"}
    assert twins(pictures, Sidecars(), folded=True) == {"a.png": "a.jpg", "A.webp": "a.jpg"}


def test_caption_files_lie_beside_or_below(tmp_path: Path) -> None:
    picture = Picture("10_cat/a.b.png", "/photos/10_cat/a.b.png")
    assert Sidecars().path(picture) == Path("/photos/10_cat/a.b.txt")
    assert Sidecars(".caption", tmp_path).path(picture) == tmp_path / "10_cat" / "a.b.caption"
    assert Sidecars("").path(picture) is None
