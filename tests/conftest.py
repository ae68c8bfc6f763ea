"""What all tests share: where the project and the shared real data are."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from evaluation.bank import shared_dir

# No test may fail for a busy machine: neither an example's time nor that of making it is held against it. Nor now and
# then: every run draws the same examples, and PATCHMATTERS_FUZZ others each time.
settings.register_profile(
    "patchmatters",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="PATCHMATTERS_FUZZ" not in os.environ,
)
settings.load_profile("patchmatters")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def did_bench() -> Path:
    """The folder of the 27 photographs with boxes."""
    folder = shared_dir() / "did_bench"
    if not (folder / "records.json").exists():
        pytest.skip(f"the real photographs are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def did_records(did_bench: Path) -> list[dict]:
    return json.loads((did_bench / "records.json").read_text(encoding="utf-8"))
