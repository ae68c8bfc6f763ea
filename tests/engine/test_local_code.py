"""No file of a model folder is run as code, whatever it says and whatever stands on standard input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="local models need torch")
pytest.importorskip("transformers", reason="local models need transformers")

import torch

from engine import tiny_models

ROOT = Path(__file__).parents[2]
LOAD = """
import os, sys
from pathlib import Path
from patchmatters.weights.model_files import inspect_folder
from patchmatters.backends.local import processors
from patchmatters.backends.local.loading import require_transformers, FROM_FOLDER
load = {
    "processor": processors.load_processor, "tokenizer": processors.load_tokenizer,
    "image processor": processors.load_image_processor,
    "configuration": lambda files: require_transformers().AutoConfig.from_pretrained(str(files.folder), **FROM_FOLDER),
}
for what, folder in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        load[what](inspect_folder(Path(folder)))
    except (RuntimeError, ValueError) as error:
        print("refused:", error)
    assert not os.path.exists("THE_CODE_RAN"), what
    print("tried:", what)
"""
TRAPS = {
    "processor": ("processor_config.json", {"processor_class": "Trap"}, "AutoProcessor"),
    "tokenizer": ("tokenizer_config.json", {"tokenizer_class": "Trap"}, "AutoTokenizer"),
    "image processor": ("preprocessor_config.json", {"image_processor_type": "Trap"}, "AutoImageProcessor"),
    "configuration": ("config.json", {"model_type": "trap"}, "AutoConfig"),
}


def test_code_of_a_folder_is_never_run(tmp_path: Path) -> None:
    """Every way in, one after the other in one process of its own: it takes seconds to import transformers."""
    torch.manual_seed(0)
    ways = [word for what in TRAPS for word in (what, str(_trapped(tmp_path / what, what)))]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *ways],
        cwd=tmp_path, input="y\n" * 20, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path / "cache")}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("tried: ") == len(TRAPS)
    assert "Do you wish to run" not in done.stdout + done.stderr


def _trapped(place: Path, what: str) -> Path:
    """A model folder that asks for code of its own in one of its files."""
    folder = tiny_models.llava(place)
    name, changes, auto = TRAPS[what]
    path = folder / name
    written = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    entry = ["trap.Trap", None] if auto == "AutoTokenizer" else "trap.Trap"
    path.write_text(json.dumps({**written, **changes, "auto_map": {auto: entry}}), encoding="utf-8")
    (folder / "trap.py").write_text("open('THE_CODE_RAN', 'w').close()\nclass Trap: pass\n", encoding="utf-8")
    return folder
