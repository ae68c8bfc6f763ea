"""A chat model on top of ComfyUI's own text generation: a CLIP whose text encoder is a language model that generates.

Its weights and its memory stay ComfyUI's. It answers one question at a time, reads every prompt anew, and draws by
ComfyUI's own sampler, seeded per question: the same seed gives the same text whatever is asked beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..models import Answer, Monitor, Outcome, Question
from ..picture import Crop
from .local.batches import is_out_of_memory
from .local.pictures import fitted

if TYPE_CHECKING:
    from torch import Tensor

_MAX_PIXELS = 1_048_576
_CAN = "Qwen3-VL, Qwen3.5 or Gemma (3 or 4)"
# How pictures are handed over: most families take one batch, Qwen2.5-VL takes a list and ignores the batch silently.
_WAYS = ("image", "images")


class GeneratingClip(Protocol):
    """What is used of ComfyUI's CLIP (comfy/sd.py)."""

    cond_stage_model: Any

    def tokenize(self, text: str, **options: Any) -> Any: ...

    def generate(self, tokens: Any, **options: Any) -> Sequence[int]: ...

    def decode(self, token_ids: Sequence[int]) -> str: ...


class ClipChat:
    """Captions and writes with a CLIP. ValueError for one that cannot generate text or cannot see pictures."""

    sees_images = True
    follows_instructions = True

    def __init__(self, clip: GeneratingClip) -> None:
        self.name = type(clip.cond_stage_model).__name__.rstrip("_")
        self._clip = clip
        if not _generates(clip):
            raise ValueError(f"{self.name} cannot generate text: load the text encoder of {_CAN}.")
        way = _way_of_pictures(clip)
        if way is None:
            raise ValueError(f"{self.name} cannot see pictures: load the text encoder of {_CAN}.")
        self._way = way

    def __repr__(self) -> str:
        return f"ClipChat({self.name!r})"

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        return [self._one(question, monitor) for question in questions]

    def _one(self, question: Question, monitor: Monitor) -> Answer:
        monitor.poll()
        try:
            ids = self._generate(question)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            problem = "memory ran out: choose a smaller picture or a smaller model"
            return Answer("", Outcome.FAILURE, problem)
        text = self._clip.decode(ids)
        monitor.partial(question.name, text)
        monitor.advance(question.name)
        return Answer(text, output_tokens=len(ids))

    def _generate(self, question: Question) -> Sequence[int]:
        pictures = [_tensor(crop) for crop in question.images]
        if self._way == "image" and len({picture.shape for picture in pictures}) > 1:
            raise ValueError(f"{self.name} takes several pictures of one size only: ask about one at a time.")
        tokens = _tokenize(self._clip, question.prompt, self._way, pictures)
        return self._clip.generate(
            tokens,
            do_sample=question.temperature > 0,
            max_length=question.max_new_tokens,
            temperature=question.temperature or 1.0,
            top_k=0,
            top_p=question.top_p,
            min_p=0.0,
            repetition_penalty=1.0,
            presence_penalty=0.0,
            seed=question.seed,
        )


def _tokenize(clip: GeneratingClip, text: str, way: str, pictures: Sequence[Tensor]) -> Any:
    """Tokens with the pictures among them, in the model's own template, without thinking aloud."""
    import torch

    given: dict[str, Any] = {}
    if pictures:
        given[way] = torch.cat(list(pictures)) if way == "image" else list(pictures)
    return clip.tokenize(text, skip_template=False, min_length=1, thinking=False, **given)


def _tensor(crop: Crop) -> Tensor:
    """(1, height, width, 3), floats from 0 to 1, as ComfyUI's own pictures."""
    import numpy
    import torch

    return torch.from_numpy(numpy.array(fitted(crop.load(), _MAX_PIXELS))).float().div_(255.0)[None]


def _generates(clip: GeneratingClip) -> bool:
    """Whether the text encoder itself has a `generate`; every CLIP object has one, which then fails."""
    outer = clip.cond_stage_model
    inner = getattr(outer, str(getattr(outer, "clip", "")), None)
    return hasattr(getattr(inner, "transformer", None), "generate")


def _way_of_pictures(clip: GeneratingClip) -> str | None:
    """The argument by which a picture arrives among the tokens, None where it does by neither."""
    import torch

    probe = torch.zeros(1, 64, 64, 3)
    for way in _WAYS:
        if any(True for _ in _pictures_among(_tokenize(clip, "?", way, [probe]))):
            return way
    return None


def _pictures_among(tokens: Any) -> Iterator[Any]:
    """The pictures in ComfyUI's nested lists of (token or embedding, weight)."""
    if isinstance(tokens, dict):
        if tokens.get("type") == "image":
            yield tokens
        tokens = list(tokens.values())
    if isinstance(tokens, (list, tuple)):
        for token in tokens:
            yield from _pictures_among(token)
