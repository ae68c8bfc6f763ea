"""What the package says about itself is true."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def project_table() -> dict:
    try:
        import tomllib
    except ModuleNotFoundError:
        from pip._vendor import tomli as tomllib
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_requirements_are_those_of_the_project() -> None:
    assert (ROOT / "requirements.txt").read_text().split("\n")[:-1] == project_table()["dependencies"]


def test_torch_is_left_to_comfyui() -> None:
    names = [re.match(r"[\w-]+", line)[0] for line in project_table()["dependencies"]]
    assert not {"torch", "torchvision", "torchaudio", "transformers"} & set(names)


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\n") if name and (ROOT / name).is_file()]


def test_shipped_python_files_are_readable_on_every_windows() -> None:
    for path in tracked():
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] != "tests":
            path.read_text(encoding="utf-8").encode("cp1252")


def test_prompts_are_shipped() -> None:
    from patchmatters.prompts import instruction

    for path in (ROOT / "patchmatters" / "prompts").glob("*.txt"):
        assert instruction(path.stem)
