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
import sys
from pathlib import Path
from patchmatters.backends.local.model_files import inspect_folder
from patchmatters.backends.local import processors
from patchmatters.backends.local.loading import require_transformers, FROM_FOLDER
files = inspect_folder(Path(sys.argv[1]))
load = {
    "processor": processors.load_processor, "tokenizer": processors.load_tokenizer,
    "image processor": processors.load_image_processor,
    "configuration": lambda files: require_transformers().AutoConfig.from_pretrained(str(files.folder), **FROM_FOLDER),
}[sys.argv[2]]
try:
    load(files)
except (RuntimeError, ValueError) as error:
    print("refused:", error)
"""
TRAPS = {
    "processor": ("processor_config.json", {"processor_class": "Trap"}, "AutoProcessor"),
    "tokenizer": ("tokenizer_config.json", {"tokenizer_class": "Trap"}, "AutoTokenizer"),
    "image processor": ("preprocessor_config.json", {"image_processor_type": "Trap"}, "AutoImageProcessor"),
    "configuration": ("config.json", {"model_type": "trap"}, "AutoConfig"),
}


@pytest.mark.parametrize("what", TRAPS)
def test_code_of_a_folder_is_never_run(tmp_path: Path, what: str) -> None:
    torch.manual_seed(0)
    folder = tiny_models.llava(tmp_path / "model")
    name, changes, auto = TRAPS[what]
    path = folder / name
    written = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    entry = ["trap.Trap", None] if auto == "AutoTokenizer" else "trap.Trap"
    path.write_text(json.dumps({**written, **changes, "auto_map": {auto: entry}}), encoding="utf-8")
    (folder / "trap.py").write_text("open('THE_CODE_RAN', 'w').close()\nclass Trap: pass\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(folder), what],
        cwd=tmp_path, input="y\ny\ny\n", capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path / "cache")}, check=False,
    )  # fmt: skip
    assert not (tmp_path / "THE_CODE_RAN").exists()
    assert "Do you wish to run" not in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
