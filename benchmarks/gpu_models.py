"""LLaVA-1.5-7B, Qwen3-VL-4B and BLIP-large at their real sizes, built on the device with random weights, without a hub.

The sizes are those of the published config.json of llava-hf/llava-1.5-7b-hf, Qwen/Qwen3-VL-4B-Instruct and
Salesforce/blip-itm-large-coco, so that time and memory are those of the real models; what they say means nothing. Their
tokenizers are the tests' own: they hold a few words, and a prompt has about as many tokens as the real one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patchmatters.backends.blip import MatchingScorer
from patchmatters.backends.local.devices import free_bytes
from patchmatters.backends.local.loading import WeightOptions
from patchmatters.backends.local.scoring import ScorerWeights
from patchmatters.backends.local.speech import speech_for
from patchmatters.backends.transformers_chat import TransformersChat, TransformersSettings
from patchmatters.weights.model_files import CONFIG, ModelFiles
from tests.engine.tiny_models import Plan, blip_itm_plan, llava_plan, qwen3_vl_plan

_LLAMA_7B = {
    "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 32, "vocab_size": 32064, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5,
}  # fmt: skip
_CLIP_LARGE_336 = {
    "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
    "image_size": 336, "patch_size": 14, "projection_dim": 768,
}  # fmt: skip
_QWEN3_4B_ROPE = {
    "rope_theta": 5_000_000.0, "rope_type": "default", "mrope_section": [24, 20, 20], "mrope_interleaved": True
}  # fmt: skip
_QWEN3_4B = {
    "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936, "max_position_embeddings": 262144,
    "rope_scaling": _QWEN3_4B_ROPE, "rope_theta": 5_000_000.0, "tie_word_embeddings": True,
}  # fmt: skip
_QWEN3_4B_TOWER = {
    "depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16, "out_hidden_size": 2560,
    "deepstack_visual_indexes": [5, 11, 17], "num_position_embeddings": 2304, "patch_size": 16,
}  # fmt: skip
_BLIP_TEXT = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
    "encoder_hidden_size": 1024, "vocab_size": 30524, "max_position_embeddings": 512,
}  # fmt: skip
_VIT_LARGE = {
    "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16, "patch_size": 16
}  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """A model at its real sizes and at tiny ones.

    `parameters` is what the published weights have: their files, as the hub shows them, are 8.88 GB in bf16 for
    Qwen3-VL-4B and 1.78 GB in fp32 for BLIP-large; LLaVA-1.5-7B is shown with 7.06 billion parameters.
    """

    name: str
    parameters: int
    real: Callable[[], Plan]
    tiny: Callable[[], Plan]


LLAVA = Sizes("LLaVA-1.5-7B", 7_063_427_072, lambda: llava_plan(_LLAMA_7B, _CLIP_LARGE_336), llava_plan)
QWEN = Sizes("Qwen3-VL-4B", 4_437_815_808, lambda: qwen3_vl_plan(_QWEN3_4B, _QWEN3_4B_TOWER, 1_048_576), qwen3_vl_plan)
BLIP = Sizes("BLIP-large", 446_000_000, lambda: blip_itm_plan(384, _BLIP_TEXT, _VIT_LARGE, 256), blip_itm_plan)


@dataclass
class Built:
    """The home of a module that was built where it stays. A Residence (see `local.devices`)."""

    module: Any
    device: Any

    @contextmanager
    def lend(self, working_bytes: int) -> Iterator[Any]:
        yield self.module

    def free_bytes(self) -> int:
        return free_bytes(self.device)


def build(plan: Plan, device: Any, dtype: Any) -> Any:
    """The module with random weights, made on the device, in evaluation mode."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            return plan.cls(plan.config).eval().requires_grad_(False)
    finally:
        torch.set_default_dtype(before)


def parameters_of(module: Any) -> int:
    return sum(one.numel() for one in module.parameters())


def captioner(plan: Plan, module: Any, folder: Path, precision: str, batch_size: int = 0) -> TransformersChat:
    """The engine's own chat model around a module that is built already. `folder` gets the small files."""
    files = _files(plan, module, folder)
    settings = TransformersSettings(str(folder), precision=precision, batch_size=batch_size)
    speech = speech_for(files, WeightOptions(precision), settings.max_pixels)
    return TransformersChat(files, settings, Built(module, module.device), speech)


def scorer_weights(plan: Plan, module: Any, folder: Path) -> ScorerWeights:
    return ScorerWeights(_files(plan, module, folder), Built(module, module.device))


@dataclass(frozen=True)
class OneByOne:
    """A matching scorer that looks at the crop anew for every sentence, as the authors' does."""

    weights: ScorerWeights
    name: str = "one by one"

    def score(self, image: Any, sentences: Any) -> list[float | None]:
        return [MatchingScorer(self.weights).score(image, [sentence])[0] for sentence in sentences]


def _files(plan: Plan, module: Any, folder: Path) -> ModelFiles:
    if not (folder / CONFIG).is_file():
        plan.save_small_files(folder)
    config: Mapping[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    return ModelFiles(folder, config, (), parameters_of(module))
