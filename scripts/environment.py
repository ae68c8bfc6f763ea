"""Makes and reuses a virtual environment, with nothing but Python."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 10)


def python_of(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def environment(name: str, requirements: Sequence[str], purpose: str, alone: Sequence[str] = ()) -> Path:
    """The interpreter of the environment `name` in the project's folder, with these requirements installed.

    Packages in `alone` come without what they need themselves. It is made anew when the requirements changed. Exits
    with a sentence where that cannot be done.
    """
    if sys.version_info < OLDEST:
        sys.exit(f"Python {OLDEST[0]}.{OLDEST[1]} or later is needed; this is {sys.version.split()[0]}.")
    folder = ROOT / name
    state = hashlib.sha256("\n".join([sys.version, *requirements, *alone]).encode()).hexdigest()
    stamp = folder / "requirements.sha256"
    if not (stamp.exists() and stamp.read_text() == state and python_of(folder).exists()):
        say(f"Making the environment {name} for {purpose}: {', '.join(requirements)}")
        start = time.monotonic()
        run([sys.executable, "-m", "venv", "--clear", folder], "venv is missing: install your system's python3-venv.")
        install(folder, requirements)
        if alone:
            install(folder, ["--no-deps", *alone])
        stamp.write_text(state)
        say(f"Done in {time.monotonic() - start:.0f} s; the next time it is there already.")
    return python_of(folder)


def install(folder: Path, requirements: Sequence[str]) -> None:
    pip = [python_of(folder), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, *requirements], "pip could not install that: check the connection to your package index.")


def run(command: Sequence[str | Path], remedy: str) -> None:
    if subprocess.run([str(part) for part in command], check=False).returncode:
        sys.exit(f"This failed: {' '.join(map(str, command))}\n{remedy}")


def project_table() -> dict:
    """The [project] table of pyproject.toml; read with tomllib, or by pip's own copy of it on Python 3.10."""
    try:
        import tomllib
    except ModuleNotFoundError:
        from pip._vendor import tomli as tomllib
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(*extras: str) -> list[str]:
    """The project's dependencies and those of the named extras."""
    project = project_table()
    return [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]


def say(text: str) -> None:
    print(f"[patchmatters] {text}", file=sys.stderr, flush=True)
