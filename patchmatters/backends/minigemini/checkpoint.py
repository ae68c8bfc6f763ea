"""Reading a Mini-Gemini folder as its authors published it: what it is, and the weights of its vision half, strictly.

Nothing here runs a model, and torch is needed only by `vision_weights`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...weights.model_files import ModelFiles, inspect_folder
from ..local.loading import FROM_FOLDER, require_transformers
from ..local.processors import has_tokenizer
from ..local.processors import load_tokenizer as local_tokenizer
from .prompts import GEMMA, LLAMA_BY_VOCABULARY, MIXTRAL, VICUNA, PromptStyle

if TYPE_CHECKING:
    import torch

    from .vision import VisionShape

DOWNLOAD = "download the whole repository of a model, for example YanweiLi/MGM-7B"
_MARK = "mm_vision_tower_aux"

# The names of the vision weights in a checkpoint, and in our modules.
_NAMES: Mapping[str, str] = {
    "model.vision_tower.vision_tower.vision_model.": "clip.",
    "model.vision_tower_aux.vision_stem.": "convnext.stem.",
    "model.vision_tower_aux.vision_stages.": "convnext.stages.",
    "model.vlm_uni_query_projector.": "query.",
    "model.vlm_uni_aux_projector.": "key.",
    "model.vlm_uni_val_projector.": "value.",
    "model.mm_projector.": "projector.",
}
# Whatever begins so belongs to the vision half, known or not.
VISION_PREFIXES = ("model.vision_tower.", "model.vision_tower_aux.", "model.vlm_uni_", "model.mm_projector.")

# What the checkpoints of this architecture say of themselves. One that says otherwise computes something else.
_REQUIRED: Mapping[str, object] = {
    "mm_projector_type": "mlp2x_gelu",
    "mm_vision_select_feature": "patch",
    "mm_use_im_start_end": False,
    "mm_use_im_patch_token": False,
    "image_aspect_ratio": "pad",
}
_NEEDED = ("hidden_size", "image_size_aux")
# Modules that read a tokenizer.model, and the packages that bring them. transformers' own message names another one.
_TOKENIZER_PACKAGES: Mapping[str, str] = {"sentencepiece": "sentencepiece", "google.protobuf": "protobuf"}
# Fields of config.json that are not the language model's. `max_length` is a generation setting gone astray.
_NOT_LANGUAGE = frozenset({
    "architectures", "model_type", "max_length", "transformers_version", "torch_dtype", "dtype", "_name_or_path",
})  # fmt: skip
_NOT_LANGUAGE_PREFIXES = ("mm_", "image_", "tokenizer_")


@dataclass(frozen=True)
class Family:
    """A kind of language model: its classes in transformers and how it is spoken to."""

    config: str
    model: str
    style: PromptStyle


_LLAMA = Family("LlamaConfig", "LlamaForCausalLM", VICUNA)
_GEMMA = Family("GemmaConfig", "GemmaForCausalLM", GEMMA)
_MIXTRAL = Family("MixtralConfig", "MixtralForCausalLM", MIXTRAL)
# The first uploads (March 2024) say MiniGemini, the authors' later code says MGM.
FAMILIES: Mapping[str, Family] = {
    "MiniGeminiLlamaForCausalLM": _LLAMA,
    "MGMLlamaForCausalLM": _LLAMA,
    "MiniGeminiGemmaForCausalLM": _GEMMA,
    "MGMGemmaForCausalLM": _GEMMA,
    "MiniGeminiMixtralForCausalLM": _MIXTRAL,
    "MGMMixtralForCausalLM": _MIXTRAL,
}


def is_minigemini(config: Mapping[str, Any]) -> bool:
    """Whether a config.json is a Mini-Gemini's: it alone names a second vision tower. (It may have no model_type.)"""
    return _MARK in config


@dataclass(frozen=True)
class Checkpoint:
    """A Mini-Gemini folder that has all it needs. `tensors` says of each tensor which file it is in, and its shape."""

    files: ModelFiles
    tensors: Mapping[str, tuple[Path, tuple[int, ...]]]

    @property
    def name(self) -> str:
        return self.files.name

    @property
    def config(self) -> Mapping[str, Any]:
        return self.files.config

    @property
    def family(self) -> Family:
        return FAMILIES[self.files.architectures[0]]

    @property
    def style(self) -> PromptStyle:
        """How this language model is spoken to."""
        if self.family is _LLAMA:
            return LLAMA_BY_VOCABULARY.get(self.config.get("vocab_size", 0), VICUNA)
        return self.family.style


def open_checkpoint(folder: str | Path) -> Checkpoint:
    """The checkpoint in a folder. ValueError, in a sentence, where it is something else or where a file is lacking."""
    return require_checkpoint(inspect_folder(folder))


def require_checkpoint(files: ModelFiles) -> Checkpoint:
    """The checkpoint that these files are. ValueError where they are another model, or no tokenizer is there."""
    if not is_minigemini(files.config):
        raise ValueError(f"{files.name} is no Mini-Gemini (its config.json names no {_MARK}): {DOWNLOAD}.")
    if not has_tokenizer(files.folder):
        raise ValueError(f"{files.name} has no tokenizer: add tokenizer.model from the model's repository.")
    if files.architectures[:1] not in [(known,) for known in FAMILIES]:
        raise ValueError(f"{files.name} has a language model of an unknown kind {files.architectures}: {DOWNLOAD}.")
    for field in _NEEDED:
        if not isinstance(files.config.get(field), int):
            raise ValueError(f"The config.json of {files.name} does not say its {field}: {DOWNLOAD}.")
    for field, expected in _REQUIRED.items():
        if files.config.get(field, expected) != expected:
            raise ValueError(
                f"{files.name} is not a Mini-Gemini as published ({field} is {files.config[field]!r}, "
                f"not {expected!r}): {DOWNLOAD}."
            )
    return Checkpoint(files, _tensors(files))


def _tensors(files: ModelFiles) -> dict[str, tuple[Path, tuple[int, ...]]]:
    from safetensors import safe_open

    found: dict[str, tuple[Path, tuple[int, ...]]] = {}
    for file in files.weights:
        with safe_open(file, framework="np") as tensors:
            names = tensors.keys()
            found.update({name: (file, tuple(tensors.get_slice(name).get_shape())) for name in names})
    return found


def language_config(checkpoint: Checkpoint) -> Any:
    """The configuration of the language model, of transformers' own class for it."""
    fields = {
        key: value
        for key, value in checkpoint.config.items()
        if key not in _NOT_LANGUAGE and not key.startswith(_NOT_LANGUAGE_PREFIXES)
    }
    # Set afterwards: transformers 5 turns Gemma's "gelu" into another one while it builds the config.
    activation = fields.pop("hidden_act", None)
    config = getattr(require_transformers(), checkpoint.family.config).from_dict(fields)
    config.hidden_act = activation or config.hidden_act
    return config


def load_tokenizer(checkpoint: Checkpoint) -> Any:
    """The tokenizer; RuntimeError where it is damaged, or packages that read it are not installed."""
    folder = checkpoint.files.folder
    if (folder / "tokenizer.json").is_file():
        return local_tokenizer(checkpoint.files)
    transformers = require_transformers()
    lacking = [package for module, package in _TOKENIZER_PACKAGES.items() if not _installed(module)]
    if lacking:
        raise RuntimeError(
            f"The tokenizer.model of {checkpoint.name} needs packages that are not installed: "
            f'run "pip install {" ".join(lacking)}".'
        )
    try:
        # By name: some releases of transformers choose a wrong class for such a folder, and all tokens come out wrong.
        tokenizer = transformers.LlamaTokenizer.from_pretrained(str(folder), **FROM_FOLDER)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise RuntimeError(_damaged(checkpoint)) from error
    if not isinstance(tokenizer, transformers.PreTrainedTokenizerBase):  # transformers 4 returns False for such a file
        raise RuntimeError(_damaged(checkpoint))
    return tokenizer


def _damaged(checkpoint: Checkpoint) -> str:
    return f"The tokenizer.model of {checkpoint.name} cannot be read: download the file again."


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package above it
        return False


def vision_shape(checkpoint: Checkpoint) -> VisionShape:
    """The sizes of the vision half, read off its tensors and config. ValueError where they do not fit one another."""
    from .vision import VisionShape

    config, shapes = checkpoint.config, _OwnShapes(checkpoint)
    places = shapes.of("clip.embeddings.position_embedding.weight")[0] - 1
    stages = range(shapes.count("convnext.stages."))
    shape = VisionShape(
        picture_side=config["image_size_aux"],
        grid=config.get("image_grid", 1),
        whole_too=bool(config.get("image_global", False)),
        select_layer=config.get("mm_vision_select_layer", -2),
        clip_width=shapes.of("clip.embeddings.class_embedding")[0],
        clip_mlp=shapes.of("clip.encoder.layers.0.mlp.fc1.weight")[0],
        clip_layers=shapes.count("clip.encoder.layers."),
        clip_patch=shapes.of("clip.embeddings.patch_embedding.weight")[2],
        clip_places=places,
        stage_widths=tuple(shapes.of(f"convnext.stages.{stage}.blocks.0.gamma")[0] for stage in stages),
        stage_depths=tuple(shapes.count(f"convnext.stages.{stage}.blocks.") for stage in stages),
        language_width=config["hidden_size"],
    )
    _check_shape(checkpoint, shape)
    return shape


@dataclass(frozen=True)
class _OwnShapes:
    """The shapes of a checkpoint's tensors by our names."""

    checkpoint: Checkpoint

    def of(self, own: str) -> tuple[int, ...]:
        name = published_name(own)
        if name not in self.checkpoint.tensors:
            raise ValueError(f"{self.checkpoint.name} lacks the vision weight {name}: {DOWNLOAD}.")
        return self.checkpoint.tensors[name][1]

    def count(self, own_prefix: str) -> int:
        """How many numbered modules there are: one more than the highest number after the prefix."""
        prefix = published_name(own_prefix)
        tails = (name.removeprefix(prefix) for name in self.checkpoint.tensors if name.startswith(prefix))
        return 1 + max((int(number) for number, _, _ in (tail.partition(".") for tail in tails)), default=-1)


def _check_shape(checkpoint: Checkpoint, shape: VisionShape) -> None:
    said = checkpoint.config
    for field, width in (("mm_hidden_size", shape.clip_width), ("mm_hidden_size_aux", shape.map_width)):
        if said.get(field, width) != width:
            raise ValueError(
                f"{checkpoint.name} only looks like a Mini-Gemini (its {field} is {said[field]}, but its vision "
                f"tower is {width} wide): {DOWNLOAD}."
            )
    if not shape.divides_evenly:
        raise ValueError(
            f"{checkpoint.name} has an image_size_aux of {shape.picture_side}, which cannot be cut into "
            f"{shape.grid} x {shape.grid} views of {shape.clip_places} tokens: {DOWNLOAD}."
        )


def vision_weights(checkpoint: Checkpoint, expected: Mapping[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """The tensors of the vision half by our names, as stored. `expected` are the names and shapes of our modules.

    ValueError that names them, where a tensor is missing, of another shape, or there and not known.
    """
    from safetensors import safe_open

    _check_tensors(checkpoint, {published_name(own): shape for own, shape in expected.items()})
    weights: dict[str, torch.Tensor] = {}
    for own in expected:
        name = published_name(own)
        with safe_open(checkpoint.tensors[name][0], framework="pt") as tensors:
            weights[own] = tensors.get_tensor(name)
    return weights


def _check_tensors(checkpoint: Checkpoint, expected: Mapping[str, tuple[int, ...]]) -> None:
    found = {name: shape for name, (_, shape) in checkpoint.tensors.items() if name.startswith(VISION_PREFIXES)}
    problems = {
        "missing": expected.keys() - found.keys(),
        "unexpected": found.keys() - expected.keys(),
        "of another shape": {name for name in expected.keys() & found.keys() if expected[name] != found[name]},
    }
    told = [f"{what}: {_listed(sorted(names))}" for what, names in problems.items() if names]
    if told:
        raise ValueError(f"The vision weights of {checkpoint.name} do not fit ({'; '.join(told)}): {DOWNLOAD}.")


def published_name(own: str) -> str:
    """The name in a published checkpoint of a module or tensor of ours."""
    return next(theirs + own.removeprefix(ours) for theirs, ours in _NAMES.items() if own.startswith(ours))


def _listed(names: Iterable[str], most: int = 3) -> str:
    all_names = list(names)
    more = f" and {len(all_names) - most} more" if len(all_names) > most else ""
    return ", ".join(all_names[:most]) + more
