"""The captioner itself as scorer: the probability with which it says "yes" to a statement about a crop.

No second model is needed, and no token is generated: the crop is read once, every sentence is one short reading after
it. A captioner tends to agree with its own words, so that its scores are higher than those of a matching head.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..picture import Crop
from .base import QUIET, Monitor, Question
from .local.batches import decode_in_batches
from .local.devices import PlainResidence, ResidenceFactory
from .local.families import CORE_FAMILIES
from .local.generation import Row, State, Watch
from .local.memory import row_bytes, rows_that_fit
from .local.routes import CoreRoute
from .transformers_chat import TransformersChat, TransformersSettings
from .transformers_chat import create as create_chat

if TYPE_CHECKING:
    from torch import Tensor

_QUESTION = 'Is this statement about the image true? Answer with one word, yes or no.\nStatement: "{sentence}"'
_YES, _NO = ("yes", "Yes", " yes", " Yes"), ("no", "No", " no", " No")


def create(
    settings: TransformersSettings,
    residence: ResidenceFactory = PlainResidence,
    roots: Sequence[Path] = (),
    monitor: Monitor = QUIET,
) -> JudgeScorer:
    """A judge with a model of its own. ValueError for a model that cannot judge."""
    return JudgeScorer(create_chat(settings, residence, roots, monitor))


class JudgeScorer:
    """Measures sentences with a local captioner. ValueError for one that cannot see or is not asked by chat."""

    def __init__(self, chat: TransformersChat) -> None:
        if not isinstance(chat, TransformersChat) or chat.files.model_type not in CORE_FAMILIES or not chat.sees_images:
            raise ValueError(
                f"{chat.name} cannot judge sentences: connect a local vision-language model that chats "
                "(LLaVA, Qwen-VL, SmolVLM ...), or choose a scorer with a model of its own."
            )
        self.chat = chat
        self.residence = chat.residence
        self.name = f"{chat.name} (as judge)"

    def __repr__(self) -> str:
        return f"JudgeScorer({self.name!r})"

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        if not sentences:
            return []
        chat = self.chat
        prompts = [
            chat.speech.prompt(Question(sentence, _QUESTION.format(sentence=sentence), images=(image,)))
            for sentence in sentences
        ]
        rows = [Row(sentence, prompt=number, limit=1) for number, sentence in enumerate(sentences)]
        per_row = row_bytes(chat.speech.config, chat.itemsize, chat.speech.lengths(prompts[:1])[0], 1)
        with chat.residence.lend(per_row * len(rows)) as module:
            route = _Judging(CoreRoute(module, chat.speech.eyes), _first_tokens(chat, _YES), _first_tokens(chat, _NO))
            decode_in_batches(
                route,
                rows,
                lambda numbers: route.core.read_about_one_picture([prompts[number] for number in numbers]),
                (),
                _NOBODY,
                rows_that_fit(per_row, chat.residence.free_bytes(), chat.residence.device),
            )
        return [route.scores.get(row.prompt) for row in rows]


class _Judging:
    """Instead of continuing its rows, weighs how each would go on."""

    def __init__(self, core: CoreRoute, yes: Sequence[int], no: Sequence[int]) -> None:
        self.core, self._yes, self._no = core, yes, no
        self.scores: dict[int, float] = {}

    def continue_rows(
        self, state: State, rows: Sequence[Row], stops: Collection[int], watch: Watch, prompts: Sequence[int] = ()
    ) -> None:
        chances = state.logits.float().softmax(-1)
        yes, no = _mass(chances, self._yes), _mass(chances, self._no)
        for number, score in zip(prompts, (yes / (yes + no)).tolist(), strict=True):
            self.scores[number] = score
        for row in rows:
            row.finished = True


class _Nobody:
    def step(self, rows: Sequence[Row]) -> None:
        pass


_NOBODY = _Nobody()


def _mass(chances: Tensor, tokens: Sequence[int]) -> Tensor:
    """(rows,): the probability of any of these tokens, never quite 0."""
    return chances[:, list(tokens)].sum(-1).clamp_min(1e-30)


def _first_tokens(chat: TransformersChat, words: Sequence[str]) -> list[int]:
    """The tokens with which the ways to write a word begin."""
    tokenizer: Any = chat.speech.tokenizer
    found = {ids[0] for word in words if (ids := tokenizer(word, add_special_tokens=False)["input_ids"])}
    return sorted(found - {tokenizer.unk_token_id})
