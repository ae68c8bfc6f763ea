"""Tokenizers and image processors, with and without torchvision, and the chat template of a model."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...weights.model_files import ModelFiles
from .loading import FROM_FOLDER, require_transformers
from .wording import in_words

_TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json", "processor_config.json", "tokenizer_config.json")
_NAMED_BY = ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
# What ends an answer besides a model's own end token: templates use them, and some models forget to list them.
_TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<end_of_utterance>", "<|end|>", "<turn|>")


def load_processor(files: ModelFiles) -> Any:
    """The processor of a vision-language model, from its folder only.

    Processors that also know video need torchvision for that part; without it they are put together without video.
    RuntimeError where a file is missing or damaged.
    """
    transformers = require_transformers()
    arguments = dict(FROM_FOLDER)
    with _loading(files, "processor"):
        try:
            return transformers.AutoProcessor.from_pretrained(str(files.folder), **arguments)
        except (ImportError, ValueError) as error:
            if not _is_about_video(error):
                raise
    with in_words(files.name, "processor"):
        return _without_video(files, arguments)


def _is_about_video(error: ImportError | ValueError) -> bool:
    """Whether a processor could not be made because its part for videos lacks torchvision."""
    told = str(error).lower()
    return any(word in told for word in ("video processor", "videoprocessor", "torchvision"))


def load_tokenizer(files: ModelFiles) -> Any:
    """The tokenizer of a model, from its folder only. RuntimeError where its files are missing or damaged."""
    with _loading(files, "tokenizer"):
        return require_transformers().AutoTokenizer.from_pretrained(str(files.folder), **FROM_FOLDER)


def load_image_processor(files: ModelFiles) -> Any:
    """The image processor of a model, from its folder only. RuntimeError where its files are missing or damaged."""
    with _loading(files, "image processor"):
        return require_transformers().AutoImageProcessor.from_pretrained(str(files.folder), **FROM_FOLDER)


@contextmanager
def _loading(files: ModelFiles, what: str) -> Iterator[None]:
    """Whatever transformers raises while it reads a model's small files becomes a RuntimeError that names them.

    The boundary to all that files hold, as `in_words` is to all that a model's code does.
    """
    try:
        yield
    except Exception as error:
        raise RuntimeError(_broken(files, what, error)) from error


def _broken(files: ModelFiles, what: str, error: BaseException) -> str:
    if "torchvision" in f"{error} {error.__cause__}":
        return f"The {what} of {files.folder} needs torchvision: install it, or transformers 5 or newer."
    first = str(error).strip().split("\n")[0][:200].rstrip(".")
    if isinstance(error, ImportError):
        return f"The {what} of {files.folder} needs a package that is missing: {first}."
    return f"The {what} of {files.folder} cannot be loaded ({first}): download the model's small files again."


_PARTS = ("image_processor", "tokenizer", "video_processor", "chat_template")  # of a processor, given one by one
_OTHER_PARTS = frozenset({"feature_extractor"})


class _NoVideo:
    """Stands where a video processor would; a processor asks it for sizes even when there is no video."""

    merge_size = 2
    max_image_size: Mapping[str, int] = {}
    model_input_names: tuple[str, ...] = ()

    def __call__(self, *args: object, **kwargs: object) -> None:
        raise RuntimeError("Video input needs torchvision.")

    def __getattr__(self, name: str) -> None:
        """Every family asks for settings of its own; there are none."""
        if name.startswith("_"):
            raise AttributeError(name)

    def to_dict(self) -> dict[str, object]:
        return {}


def _without_video(files: ModelFiles, arguments: Mapping[str, Any]) -> Any:
    """The model's own processor class, made of its tokenizer and its image processor."""
    transformers = require_transformers()
    name = next((str(name) for file in _NAMED_BY if (name := files.json(file).get("processor_class"))), "")
    base = getattr(transformers, name, None)
    if base is None:
        raise RuntimeError(f"{files.folder} names no processor: download the model's small files again.")
    # transformers' own check of the parts fails without torchvision, because its table of video processors is empty.
    cls = type(name, (base,), {"check_argument_for_proper_class": lambda self, argument_name, argument: type(argument)})
    tokenizer = load_tokenizer(files)
    known = inspect.signature(base.__init__).parameters
    saved = files.json("processor_config.json")
    others = dict.fromkeys(known.keys() & _OTHER_PARTS)  # for sound, which no picture has
    return cls(
        **others,
        image_processor=transformers.AutoImageProcessor.from_pretrained(str(files.folder), **arguments),
        tokenizer=tokenizer,
        video_processor=_NoVideo(),
        chat_template=chat_template(files) or tokenizer.chat_template,
        **{key: value for key, value in saved.items() if key in known and key not in (*_PARTS, *_OTHER_PARTS)},
    )


def chat_template(files: ModelFiles) -> str:
    """The chat template that a folder holds, empty where there is none."""
    for name in _TEMPLATE_FILES:
        path = files.folder / name
        if path.is_file():
            found = (
                path.read_text(encoding="utf-8") if name.endswith(".jinja") else files.json(name).get("chat_template")
            )
            if found:
                return _default_template(found)
    return ""


def _default_template(found: Any) -> str:
    """Some models keep several templates by name: the one for plain chat."""
    if isinstance(found, list):
        found = {str(entry["name"]): entry["template"] for entry in found}
    if isinstance(found, Mapping):
        found = found.get("default") or next(iter(found.values()), "")
    return str(found)


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder holds a tokenizer at all."""
    return any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt"))


def stop_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """The token ids that end an answer: those of the model, of its tokenizer, and the ends of a turn."""
    own = getattr(model.generation_config, "eos_token_id", None)
    end = tokenizer.sep_token_id if tokenizer.eos_token_id is None else tokenizer.eos_token_id  # BERT's end is [SEP]
    ids = set(own if isinstance(own, (list, tuple)) else [own]) | {end}
    vocabulary = tokenizer.get_added_vocab()
    ids |= {vocabulary[token] for token in _TURN_ENDS if token in vocabulary}
    return frozenset(int(one) for one in ids if one is not None)
