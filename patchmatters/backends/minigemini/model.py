"""A Mini-Gemini in memory: the vision half and the language model, each of which can be used by itself.

torch is imported with this module, so import it only to run a model.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ..local.loading import WeightOptions, load_module, require_transformers
from .checkpoint import (
    VISION_PREFIXES,
    Checkpoint,
    language_config,
    load_tokenizer,
    open_checkpoint,
    vision_shape,
    vision_weights,
)
from .prompts import Script
from .vision import MiniGeminiVision, pixels_of

if TYPE_CHECKING:
    from PIL.Image import Image


class MiniGemini(nn.Module):
    """The two halves as one module, so that they move between devices together."""

    def __init__(self, vision: MiniGeminiVision, language_model: Any, script: Script) -> None:
        super().__init__()
        self.vision = vision
        self.language_model = language_model
        self.script = script

    @property
    def tokenizer(self) -> Any:
        return self.script.tokenizer

    @property
    def dtype(self) -> torch.dtype:
        dtype: torch.dtype = self.language_model.dtype
        return dtype

    def preprocess(self, image: Image) -> torch.Tensor:
        """The picture as float32 pixels (1, 3, S, S) on the CPU, S the side in pixels that this model sees."""
        return pixels_of(image, self.vision.shape.picture_side)

    @torch.no_grad()
    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """The image tokens (n, hidden) of the pixels of one picture, as the language model reads them."""
        tokens: torch.Tensor = self.vision(pixels.to(next(self.vision.projector.parameters()).device))
        return tokens

    def prompt_ids(self, instruction: str) -> tuple[list[int], list[int]]:
        """The token ids before and after the image, for one instruction about it."""
        return self.script.prompt_ids(instruction)

    def embed(self, ids: list[int]) -> torch.Tensor:
        """The embeddings (n, hidden) of text tokens, as the language model expects them in `inputs_embeds`."""
        table = self.language_model.get_input_embeddings()
        embedded: torch.Tensor = table(torch.tensor(ids, dtype=torch.long, device=table.weight.device))
        return embedded

    @torch.no_grad()
    def spliced(self, before: list[int], tokens: torch.Tensor, after: list[int]) -> torch.Tensor:
        """`inputs_embeds` (length, hidden) of a prompt with an image between two texts."""
        table = self.language_model.get_input_embeddings()
        if hasattr(table, "embed_scale"):
            # Gemma scales whatever goes in. Where its table of text embeddings does that, nobody scales the image's.
            tokens = tokens * torch.as_tensor(table.embed_scale).to(tokens)
        return torch.cat([self.embed(before), tokens.to(table.weight.device), self.embed(after)])


def load_model(path: str | Path, dtype: torch.dtype | None, device: str | torch.device) -> MiniGemini:
    """See `load` of the package."""
    checkpoint = open_checkpoint(path)
    script = Script(load_tokenizer(checkpoint), checkpoint.style)
    place = torch.device(device)
    return assemble(checkpoint, WeightOptions(), dtype or torch.bfloat16, place, script).to(place)


def assemble(
    checkpoint: Checkpoint, options: WeightOptions, dtype: torch.dtype, device: torch.device, script: Script
) -> MiniGemini:
    """Both halves, in evaluation mode: on the CPU, but a quantised language model is on `device`, and all else too."""
    vision = load_vision(checkpoint, dtype)  # first, since it is checked more strictly and is sooner done
    language_model = load_language_model(checkpoint, options, dtype, device)
    if options.quantisation != "none":
        vision = vision.to(device)
    return MiniGemini(vision, language_model, script).eval()


def load_vision(checkpoint: Checkpoint, dtype: torch.dtype) -> MiniGeminiVision:
    """The vision half, strictly: every weight of it in the checkpoint is used, and none is left to chance."""
    shape = vision_shape(checkpoint)
    with torch.device("meta"):  # no memory and no random numbers for weights that are about to be read
        vision = MiniGeminiVision(shape)
    expected = {name: tuple(weight.shape) for name, weight in vision.state_dict().items()}
    vision.load_state_dict(vision_weights(checkpoint, expected), strict=True, assign=True)
    return vision.to(dtype).eval().requires_grad_(False)


def load_language_model(
    checkpoint: Checkpoint, options: WeightOptions, dtype: torch.dtype, device: torch.device
) -> Any:
    """The language model through transformers. RuntimeError where weights of it are missing or damaged."""
    base = getattr(require_transformers(), checkpoint.family.model)
    return load_module(_published(base, language_config(checkpoint)), checkpoint.files, options, dtype, device)


def _published(base: Any, config: Any) -> type:
    """A class of transformers that loads its share of a Mini-Gemini folder: by a config of its own, since the folder's
    describes no model that transformers knows, and silent about the vision half, which lies in the same files."""
    ignored = [f"^{prefix}".replace(".", r"\.") for prefix in VISION_PREFIXES]

    def from_pretrained(cls: Any, /, folder: str, **options: Any) -> Any:
        return base.from_pretrained.__func__(cls, folder, config=config, **options)

    members = {"_keys_to_ignore_on_load_unexpected": ignored, "from_pretrained": classmethod(from_pretrained)}
    return type(base.__name__, (base,), members)
