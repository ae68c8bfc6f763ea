"""No output of a run replaces one of its inputs, or another output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from patchmatters.jobs.targets import check_targets

ROOT = Path(__file__).parents[2]


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for number, path in enumerate(made):
        Image.new("RGB", (64, 48), (90 * number, 40, 40)).save(path)
    return made


@pytest.mark.parametrize(
    "arguments",
    [
        ["--overlay", "{name}.jpg"],
        ["--overlay", "DIR/{name}.jpg"],
        ["--overlay", "nowhere/../{name}.jpg"],
        ["--overlay", "DIR/{name}.JPG"],
        ["--scene", "{name}.jpg"],
        ["--overlay", "linked/{name}.jpg"],
        ["--scene", "{name}.json", "--overlay", "{name}.json"],
    ],
)
def test_the_command_refuses_before_it_asks_anything(photos: list[Path], arguments: list[str]) -> None:
    folder = photos[0].parent
    (folder / "linked").symlink_to(folder, target_is_directory=True)
    before = [path.read_bytes() for path in photos]
    given = [one.replace("DIR", str(folder)) for one in arguments]
    command = [sys.executable, "-m", "patchmatters", "caption", *map(str, photos), *given]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "would overwrite" in done.stderr or "written twice" in done.stderr
    assert [path.read_bytes() for path in photos] == before
    assert sorted(path.name for path in folder.iterdir()) == ["a.jpg", "b.jpg", "linked"]


def test_hard_links_are_one_file(photos: list[Path]) -> None:
    other = photos[0].with_name("other.png")
    os.link(photos[0], other)
    with pytest.raises(ValueError, match="would overwrite"):
        check_targets([other], photos)


def test_files_of_their_own_are_accepted(photos: list[Path]) -> None:
    folder = photos[0].parent
    check_targets([folder / "a.json", folder / "b.json", folder / "a.png"], photos)
