"""The captioner itself as scorer: the probability with which it says "yes" to a statement about a crop.

Asking yes or no of each claim alone is the best verifier among those that need no model of their own (CapMAS, ICML
2025, arXiv 2412.15484). Of a local captioner no token is generated: the crop is read once, every statement is one short
reading after it, and the score is what "yes" has of the probability of "yes" and "no" in all their forms. A service is
asked in `asked_judge`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from ..models import QUIET, ChatModel, Monitor, Question, Scorer, weighs_words
from ..picture import Crop
from .asked_judge import VerdictScorer, WordScorer, asked
from .local.batches import decode_in_batches
from .local.devices import PlainResidence, ResidenceFactory
from .local.families import Way, verdict
from .local.generation import Row, Watch
from .local.memory import row_bytes, statements_that_fit
from .local.routes import Weighing
from .transformers_chat import TransformersChat, TransformersSettings
from .transformers_chat import create as create_chat

if TYPE_CHECKING:
    from torch import Tensor

_YES, _NO = ("yes", "Yes", "YES", " yes", " Yes"), ("no", "No", "NO", " no", " No")
_WAYS = (Way.FAST, Way.GENERATE, Way.UNDECIDED)


def create(
    settings: TransformersSettings,
    residence: ResidenceFactory = PlainResidence,
    roots: Sequence[Path] = (),
    monitor: Monitor = QUIET,
) -> Scorer:
    """A judge with a model of its own. ValueError for a model that cannot judge."""
    return judge_by(create_chat(settings, residence, roots, monitor))


def judge_by(chat: ChatModel) -> Scorer:
    """The scorer that a captioner can be. ValueError for one that cannot see, or is not asked by instructions."""
    if not (chat.sees_images and chat.follows_instructions):
        raise ValueError(
            f"{chat.name} cannot judge sentences: connect a vision-language model that chats "
            "(LLaVA, Qwen-VL, SmolVLM, or a service ...), or choose a scorer with a model of its own."
        )
    if _is_read(chat):
        return JudgeScorer(chat)
    return WordScorer(chat) if weighs_words(chat) else VerdictScorer(chat)


def verdicts_by(chat: ChatModel) -> Scorer:
    """As `judge_by`, but one answer for all statements of a crop: fewer questions than yes or no, and less sure."""
    judge_by(chat)
    return VerdictScorer(chat)


def _is_read(chat: ChatModel) -> TypeGuard[TransformersChat]:
    """Whether the probabilities of a model's words can be read here."""
    return isinstance(chat, TransformersChat) and hasattr(chat.speech, "eyes") and (
        verdict(chat.files.model_type).way in _WAYS
    )  # fmt: skip


class JudgeScorer:
    """Measures sentences with a local captioner. Made by `judge_by`, which says which captioners can."""

    def __init__(self, chat: TransformersChat) -> None:
        self.chat = chat
        self.residence = chat.residence
        self.name = f"{chat.name} (as judge)"

    def __repr__(self) -> str:
        return f"JudgeScorer({self.name!r})"

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        if not sentences:
            return []
        chat = self.chat
        prompts = [chat.speech.prompt(Question(one, asked(one), images=(image,))) for one in sentences]
        rows = [Row(sentence, prompt=number, limit=1) for number, sentence in enumerate(sentences)]
        per_row = row_bytes(chat.speech.config, chat.itemsize, chat.speech.lengths(prompts[:1])[0], 1)
        with chat.residence.lend(per_row * len(rows)) as module:
            route = cast(Weighing, chat.speech.route(module, pictured=True, poll=QUIET.poll))  # see _is_read
            judging = _Judging(*_both_words(chat))
            decode_in_batches(
                judging,
                rows,
                lambda numbers: route.weigh([prompts[number] for number in numbers]),
                (),
                _NOBODY,
                statements_that_fit(per_row, chat.residence.free_bytes()),
            )
        return [judging.scores.get(row.prompt) for row in rows]


class _Judging:
    """Instead of continuing its rows, weighs how each would go on."""

    def __init__(self, yes: Sequence[int], no: Sequence[int]) -> None:
        self._yes, self._no = yes, no
        self.scores: dict[int, float] = {}

    def continue_rows(
        self, state: Tensor, rows: Sequence[Row], stops: Collection[int], watch: Watch, prompts: Sequence[int] = ()
    ) -> None:
        chances = state.float().softmax(-1)
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


def _both_words(chat: TransformersChat) -> tuple[list[int], list[int]]:
    """The tokens with which "yes" and "no" begin, in all forms, without those that begin both (a lone space)."""
    yes, no = _first_tokens(chat, _YES), _first_tokens(chat, _NO)
    if not (yes - no and no - yes):
        raise RuntimeError(
            f'The tokenizer of {chat.name} tells "yes" and "no" not apart: choose another model as judge, or a scorer '
            "with a model of its own."
        )
    return sorted(yes - no), sorted(no - yes)


def _first_tokens(chat: TransformersChat, words: Sequence[str]) -> set[int]:
    """The tokens with which the ways to write a word begin."""
    tokenizer: Any = chat.speech.tokenizer
    found = {ids[0] for word in words if (ids := tokenizer(word, add_special_tokens=False)["input_ids"])}
    return found - {tokenizer.unk_token_id}
