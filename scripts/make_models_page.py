"""Writes docs/models.md from the table of families in the code: `python scripts/make_models_page.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "models.md"
HEAD = """# Local models

Every family that transformers lists for picture-to-text, and what becomes of it here. *fast*: the picture and the
prompt are read once for all candidates of a patch, and several patches are decoded together. *generate*: transformers'
own `generate`, one patch at a time with all its candidates. *refused*: said in a sentence before anything is loaded. A
family that is not in the table is new, and is asked like *generate*.

This page is written by `python scripts/make_models_page.py`, and a test keeps it equal to the code.
`python scripts/test_transformers.py` runs the tests of local models with transformers 4.57 and with the newest.

Mistral 3, Pixtral, LFM2-VL, Cohere2 Vision, Llama 4 and Perception LM have processors that need the package
torchvision, which ComfyUI brings.
Families that are asked by a fixed prompt (BLIP, GIT, Florence-2 by its task `<MORE_DETAILED_CAPTION>`, PaliGemma by its
prefix `describe en`, Kosmos-2, Fuyu) describe and follow no other instruction.

Folders: as Hugging Face publishes them, a repository of the Hugging Face cache (`models--ORGANISATION--NAME`), links to
either. Weights that are stored in fewer bits are loaded where their package is installed, and a sentence names it where
it is not: AWQ, GPTQ, FP8, bitsandbytes, compressed-tensors. A LoRA adapter is merged into its base first, and GGUF
files are run with llama.cpp or Ollama and connected as a server: a sentence says so.

| type | way | instead, or to know |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    sys.path.insert(0, str(ROOT))
    from patchmatters.backends.local.families import FAMILIES

    rows = (
        f"| `{name}` | {found.way.value} | {found.note or (found.instead and f'It {found.instead}.')} |"
        for name, found in sorted(FAMILIES.items())
    )
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
