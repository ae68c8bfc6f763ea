"""Mini-Gemini (MGM, arXiv 2403.18814), which transformers does not know.

`prompts` is how its language models are spoken to, `checkpoint` reads a published folder, `vision` is the half that
sees, `model` puts both halves together. `load` gives that model, to be used in parts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .checkpoint import is_minigemini

if TYPE_CHECKING:
    import torch

    from .model import MiniGemini

__all__ = ["is_minigemini", "load"]


def load(path: str | Path, dtype: torch.dtype | None = None, device: str | torch.device = "cpu") -> MiniGemini:
    """The Mini-Gemini in a folder, in `dtype` (default: bfloat16, as published) on `device`.

    Nothing is downloaded. ValueError, in a sentence, where the folder is something else, incomplete or damaged;
    RuntimeError where a package is missing that reads its tokenizer.
    """
    from .model import load_model

    return load_model(path, dtype, device)
