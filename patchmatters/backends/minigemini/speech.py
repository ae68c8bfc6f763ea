"""Mini-Gemini as a local chat model: the part that `local.speech.Speech` asks of every model.

Decoding, batches, seeds, progress and memory are those of all local models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...models import Question
from ...picture import Crop
from ...weights.model_files import ModelFiles
from ..local.generation import DecodeCore, State
from ..local.loading import WeightOptions
from ..local.processors import stop_tokens
from ..local.routes import Prompt, Route, TextRoute
from .checkpoint import Checkpoint, language_config, load_tokenizer, require_checkpoint, vision_shape
from .prompts import Script

if TYPE_CHECKING:
    from torch import Tensor
    from torch import device as Device
    from torch import dtype as Dtype

    from .model import MiniGemini


def open_speech(files: ModelFiles, options: WeightOptions) -> MiniGeminiSpeech:
    """How a Mini-Gemini folder is spoken to. ValueError where it is another model, or incomplete."""
    return MiniGeminiSpeech(require_checkpoint(files), options)


class MiniGeminiSpeech:
    """One picture and an instruction, or an instruction alone; no processor and no chat template is needed."""

    sees_images = True
    follows_instructions = True

    def __init__(self, checkpoint: Checkpoint, options: WeightOptions) -> None:
        self._checkpoint, self._options = checkpoint, options
        self._shape = vision_shape(checkpoint)  # here, so that a look-alike is refused before anything is loaded

    def load(self, dtype: Dtype, device: Device) -> MiniGemini:
        from .model import assemble

        return assemble(self._checkpoint, self._options, dtype, device, self.script)

    def prompt(self, question: Question) -> Prompt:
        """The bare instruction: what is said around it is put to it as tokens. ValueError for several pictures."""
        if len(question.images) > 1:
            raise ValueError(
                f"{self._checkpoint.name} looks at one picture at a time, and {question.name!r} carries "
                f"{len(question.images)}: ask about one, or choose another model."
            )
        return Prompt(question.prompt, question.images)

    def lengths(self, prompts: Sequence[Prompt]) -> list[int]:
        if not prompts[0].crops:
            return [len(self.script.text_ids(prompt.text)) for prompt in prompts]
        return [sum(map(len, self.script.prompt_ids(prompt.text))) + self._shape.tokens for prompt in prompts]

    def picture_bytes(self, itemsize: int) -> int:
        return self._shape.working_numbers * itemsize

    def route(self, module: MiniGemini, *, pictured: bool, poll: Callable[[], None]) -> Route:
        if pictured:
            return PictureRoute(module, poll)
        return TextRoute(module.language_model, self.script.text_ids)

    def stops(self, module: MiniGemini) -> frozenset[int]:
        return stop_tokens(module.language_model, self.tokenizer)

    @property
    def tokenizer(self) -> Any:
        return self.script.tokenizer

    @cached_property
    def script(self) -> Script:
        return Script(load_tokenizer(self._checkpoint), self._checkpoint.style)

    @cached_property
    def config(self) -> Any:
        return language_config(self._checkpoint)


class PictureRoute:
    """Pictures are encoded one by one, their prompts read together by the language model."""

    def __init__(self, module: MiniGemini, poll: Callable[[], None]) -> None:
        self._module, self._poll = module, poll
        self._core = DecodeCore(module.language_model)
        self.continue_rows = self._core.continue_rows
        self._encoded: dict[Crop, Tensor] = {}  # of the last reading: rows of one prompt may come in several batches

    def read(self, prompts: Sequence[Prompt]) -> State:
        crops = {prompt.crops[0] for prompt in prompts}
        self._encoded = {crop: tokens for crop, tokens in self._encoded.items() if crop in crops}
        embeddings, mask = left_padded([self._embeddings(prompt) for prompt in prompts])
        return self._core.prefill(inputs_embeds=embeddings, attention_mask=mask)

    def _embeddings(self, prompt: Prompt) -> Tensor:
        crop = prompt.crops[0]
        if crop not in self._encoded:
            self._poll()
            self._encoded[crop] = self._module.encode(self._module.preprocess(crop.load()))
        before, after = self._module.prompt_ids(prompt.text)
        return self._module.spliced(before, self._encoded[crop], after)


def left_padded(rows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Embeddings (rows, longest, hidden) and mask (rows, longest), padded on the left with zeros, which are masked."""
    import torch

    longest = max(map(len, rows))
    padded = [torch.nn.functional.pad(row, (0, 0, longest - len(row), 0)) for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return torch.stack(padded), torch.tensor(mask, device=rows[0].device)
