"""How a model is loaded, how a question is put to it, and how it reads pictures: all that differs between models.

`TransformersSpeech` is for every folder that transformers' Auto classes know. What they do not know has a module of
its own with a class that offers the same; `OWN_SPEECH` says by which field of config.json such a folder is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from ...models import Question
from ...picture import Crop
from ...weights.model_files import ModelFiles
from .dialogue import follows_instructions, render, require_prompt
from .families import CORE_FAMILIES, is_language_model, require_usable
from .loading import FROM_FOLDER, WeightOptions, class_for, load_module, require_transformers
from .pictures import fitted
from .processors import chat_template, load_processor, load_tokenizer, stop_tokens
from .routes import Eyes, Prompt, Route, TextRoute, complete, picture_route

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import device as Device
    from torch import dtype as Dtype

_SEEING, _READING = "AutoModelForImageTextToText", "AutoModelForCausalLM"

# A field that only these configurations have -> the module whose `open_speech(files, options)` knows the model.
OWN_SPEECH: Mapping[str, str] = {"mm_vision_tower_aux": "..minigemini.speech"}


class Speech(Protocol):
    """What a chat model of local weights needs to know of its model. `config` is that of transformers."""

    sees_images: bool
    follows_instructions: bool

    @property
    def tokenizer(self) -> Any: ...

    @property
    def config(self) -> Any: ...

    def load(self, dtype: Dtype, device: Device) -> Any:
        """The module on the CPU, or where it is quantised on the device, in evaluation mode."""
        ...

    def prompt(self, question: Question) -> Prompt:
        """The question as the model reads it."""
        ...

    def lengths(self, prompts: Sequence[Prompt]) -> list[int]:
        """The length of each prompt in tokens. Either all have pictures or none has."""
        ...

    def picture_bytes(self, itemsize: int) -> int:
        """Memory that reading a picture takes beside that of its prompt, with numbers of that many bytes."""
        ...

    def route(self, module: Any, *, pictured: bool, poll: Callable[[], None]) -> Route:
        """The way to read prompts. `poll` is called between pictures that are read one by one."""
        ...

    def stops(self, module: Any) -> frozenset[int]:
        """The tokens that end an answer."""
        ...


def speech_for(files: ModelFiles, options: WeightOptions, max_pixels: int) -> Speech:
    """How the model in a folder is spoken to. ValueError where nobody knows."""
    for field, module in OWN_SPEECH.items():
        if field in files.config:
            speech: Speech = import_module(module, __package__).open_speech(files, options)
            return speech
    return TransformersSpeech(files, options, max_pixels)


class TransformersSpeech:
    """A model that transformers knows: its processor or tokenizer, its chat template, its family's way to read."""

    def __init__(self, files: ModelFiles, options: WeightOptions, max_pixels: int) -> None:
        self._files, self._options, self._max_pixels = files, options, max_pixels
        require_usable(files.name, files.model_type)
        self._cls = class_for(files, (_READING,) if is_language_model(files.model_type) else (_SEEING, _READING))
        require_prompt(files)
        self.sees_images = self._cls.__name__ == _SEEING
        self.follows_instructions = follows_instructions(files)

    def load(self, dtype: Dtype, device: Device) -> Any:
        return load_module(self._cls, self._files, self._options, dtype, device)

    def prompt(self, question: Question) -> Prompt:
        text = render(question, self._files, self.tokenizer, self.template, parts=self.sees_images)
        return Prompt(text, question.images)

    def lengths(self, prompts: Sequence[Prompt]) -> list[int]:
        """With pictures, the length of the first prompt stands for all: only that is measured."""
        if not prompts[0].crops:
            return [len(self.tokenize(prompt.text)) for prompt in prompts]
        first = self.eyes.encode(prompts[:1], nested=self._files.model_type in CORE_FAMILIES)
        return [first["input_ids"].shape[1]] * len(prompts)

    def picture_bytes(self, itemsize: int) -> int:
        return 0  # small beside the reading of the prompt, which has as many tokens

    def route(self, module: Any, *, pictured: bool, poll: Callable[[], None]) -> Route:
        if pictured:
            return picture_route(module, self.eyes, self._files.model_type)
        return TextRoute(module, self.tokenize)

    def stops(self, module: Any) -> frozenset[int]:
        return stop_tokens(module, self.tokenizer)

    def tokenize(self, text: str) -> list[int]:
        """The token ids of a rendered prompt."""
        if self.sees_images:
            return self.eyes.tokenize(text)
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]  # a template writes them all
        return ids

    @cached_property
    def processor(self) -> Any:
        if not self.sees_images:
            return None
        processor = load_processor(self._files)
        complete(processor, self.config)
        return processor

    @cached_property
    def tokenizer(self) -> Any:
        return self.processor.tokenizer if self.sees_images else load_tokenizer(self._files)

    @cached_property
    def template(self) -> str:
        return chat_template(self._files)

    @cached_property
    def eyes(self) -> Eyes:
        return Eyes(self.processor, self._picture)

    def _picture(self, crop: Crop) -> Image:
        return fitted(crop.load(), self._max_pixels)

    @cached_property
    def config(self) -> Any:
        return require_transformers().AutoConfig.from_pretrained(str(self._files.folder), **FROM_FOLDER)
