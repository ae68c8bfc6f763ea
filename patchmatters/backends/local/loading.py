"""Making a module of a model folder: safetensors only, no network, no code from the folder."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...weights.model_files import ModelFiles

if TYPE_CHECKING:
    from torch import dtype as Dtype

# Said wherever something is loaded: a folder that names code of its own would else be asked about on the terminal, and
# a "y" that stands on standard input would run it.
FROM_FOLDER: Mapping[str, bool] = {"local_files_only": True, "trust_remote_code": False}
log = logging.getLogger(__name__)

PRECISIONS = ("auto", "bf16", "fp16", "fp32")
ATTENTION = ("auto", "sdpa", "flash", "eager")
QUANTISATION = ("none", "8-bit", "4-bit")
_IMPLEMENTATIONS = {"sdpa": "sdpa", "flash": "flash_attention_2", "eager": "eager"}
_OLDEST = (4, 57)


@dataclass(frozen=True)
class WeightOptions:
    """How weights are held and computed with; see PRECISIONS, ATTENTION and QUANTISATION."""

    precision: str = "auto"
    attention: str = "auto"
    quantisation: str = "none"


def require_transformers() -> Any:
    """The module transformers. RuntimeError where it is missing or too old."""
    try:
        import transformers
    except ImportError as error:
        raise RuntimeError(
            f'Local models need torch and transformers ({error}): run "pip install patchmatters[local]".'
        ) from None
    version = tuple(int(part) for part in transformers.__version__.split(".")[:2])
    if version < _OLDEST:
        raise RuntimeError(
            f"transformers {transformers.__version__} is too old for local models: "
            'run "pip install --upgrade transformers" (4.57 or newer).'
        )
    return transformers


def class_for(files: ModelFiles, autos: Sequence[str]) -> type:
    """The first class of these names that can load the model: Auto classes by model type, others by architecture.

    ValueError where this version of transformers knows none.
    """
    transformers = require_transformers()
    if files.architectures and not any(_knows(transformers, name) for name in files.architectures):
        raise ValueError(
            f"{files.name} is a {files.architectures[0]}, which transformers {transformers.__version__} does not have: "
            'choose a version that was converted for transformers (often named "-hf"), or update transformers.'
        )
    for name in autos:
        auto: type = getattr(transformers, name)
        if _maps(auto, files.model_type):
            return auto
    known = files.model_type in transformers.CONFIG_MAPPING
    remedy = "choose another model" if known else "update transformers, or choose another model"
    raise ValueError(
        f"{files.name} is a model of the type {files.model_type or 'unknown'!r}, which transformers "
        f"{transformers.__version__} cannot use here: {remedy}."
    )


def _knows(transformers: Any, name: str) -> bool:
    try:
        return getattr(transformers, name, None) is not None
    except ImportError:  # it is there, and lacks a package of its own: loading will say which
        return True


def _maps(auto: Any, model_type: str) -> bool:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    mapping = auto._model_mapping._model_mapping  # model type -> class name, filled without importing any model
    return model_type in CONFIG_MAPPING_NAMES and model_type in mapping


# How weights may be stored in fewer bits (`quant_method` of config.json), and the package that reads them.
_STORED: Mapping[str, tuple[str, ...]] = {
    "awq": ("gptqmodel",),
    "gptq": ("gptqmodel",),
    "fp8": ("accelerate",),
    "fbgemm_fp8": ("fbgemm_gpu", "accelerate"),
    "bitsandbytes": ("bitsandbytes", "accelerate"),
    "compressed-tensors": ("compressed_tensors",),
    "torchao": ("torchao",),
    "hqq": ("hqq",),
    "quanto": ("optimum.quanto",),
}
_ON_GPU = ("awq", "gptq", "fp8", "fbgemm_fp8")


def stored_quantisation(files: ModelFiles) -> str:
    """How the folder's weights are stored in fewer bits, empty where they are not."""
    told = files.config.get("quantization_config") or {}
    return str(told.get("quant_method", "")).lower() if isinstance(told, Mapping) else ""


def require_readable(files: ModelFiles, quantisation: str, on_gpu: bool) -> None:
    """ValueError, before anything is loaded, for weights in fewer bits that cannot be read here."""
    method = stored_quantisation(files)
    if not method:
        return
    if quantisation != "none":
        raise ValueError(f'{files.name} is stored in fewer bits already ({method}): choose quantisation "none".')
    if method not in _STORED:
        known = ", ".join(_STORED)
        raise ValueError(f"{files.name} is stored as {method}, which is not known here: get it as one of {known}.")
    missing = [name for name in _STORED[method] if not _installed(name)]
    if missing:
        packages = " ".join(name.replace("_", "-") for name in missing)
        raise ValueError(
            f'{files.name} is stored as {method}, which needs a package: run "pip install {packages}", or get the '
            "model in full precision."
        )
    if method in _ON_GPU and not on_gpu:
        raise ValueError(f"{files.name} is stored as {method}, which needs a GPU: get the model in full precision.")


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of a package within one that is missing
        return False


def load_module(cls: Any, files: ModelFiles, options: WeightOptions, dtype: Dtype, device: Any) -> Any:
    """The module of a folder on the CPU (quantised ones: on `device`), in evaluation mode.

    RuntimeError, in a sentence, where the weights do not fit the configuration or cannot be read.
    """
    arguments: dict[str, Any] = {"dtype": dtype, **FROM_FOLDER, "use_safetensors": True}
    if options.attention != "auto":
        arguments["attn_implementation"] = _IMPLEMENTATIONS[options.attention]
    if options.quantisation != "none":
        arguments |= {"quantization_config": _quantisation(options, dtype), "device_map": {"": device}}
    log.info("Loading %s as %s.", files.name, cls.__name__)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            loaded = cls.from_pretrained(str(files.folder), output_loading_info=True, **arguments)
    except (OSError, ImportError, KeyError, RuntimeError, ValueError) as error:
        raise RuntimeError(
            f"{files.folder} could not be loaded ({_first_line(error)}): download the model again, or choose another."
        ) from error
    module, info = loaded
    _require_complete(files, info)
    return module.eval().requires_grad_(False)


def _quantisation(options: WeightOptions, dtype: Dtype) -> Any:
    from transformers import BitsAndBytesConfig

    if options.quantisation == "8-bit":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)


def _require_complete(files: ModelFiles, info: Any) -> None:
    """A model with weights that were made up at random would talk nonsense: refuse it."""
    missing = sorted(info["missing_keys"])
    if missing:
        raise RuntimeError(
            f"{files.folder} lacks {len(missing)} weights ({missing[0]} ...): its files belong to another model or "
            "version. Download the model again."
        )


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:200].rstrip(".") or type(error).__name__
