"""Answers and scores that rows share are computed once; what they cost is charged to every row that uses them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from patchmatters.models import Answer, ChatModel, Monitor, Question, Scorer, WrappedChat
from patchmatters.picture import Crop


@dataclass
class Bill:
    """CPU seconds of remembered work that a row did not have to spend again."""

    saved: float = 0.0


@dataclass
class RememberedChat(WrappedChat):
    """A chat model that never computes an answer twice: equal questions get equal answers, as backends promise."""

    model: ChatModel
    bill: Bill
    _known: dict[tuple[object, ...], tuple[Answer, float]] = field(default_factory=dict)

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        fresh = [question for question in questions if _key(question) not in self._known]
        self.bill.saved += sum(self._known[_key(one)][1] for one in questions if _key(one) in self._known)
        begun = time.process_time()
        answers = self.model.answer(fresh, monitor) if fresh else []
        each = (time.process_time() - begun) / max(1, len(fresh))
        self._known.update((_key(one), (answer, each)) for one, answer in zip(fresh, answers, strict=True))
        return [self._known[_key(question)][0] for question in questions]


def _key(question: Question) -> tuple[object, ...]:
    return question.prompt, question.images, question.temperature, question.max_new_tokens, question.seed


@dataclass
class RememberedScorer:
    """A scorer that never scores a sentence against the same crop twice."""

    scorer: Scorer
    bill: Bill
    _known: dict[tuple[Crop, str], tuple[float | None, float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.scorer.name

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        fresh = list(dict.fromkeys(text for text in sentences if (image, text) not in self._known))
        self.bill.saved += sum(self._known[image, text][1] for text in sentences if (image, text) in self._known)
        begun = time.process_time()
        scores = self.scorer.score(image, fresh) if fresh else []
        each = (time.process_time() - begun) / max(1, len(fresh))
        self._known.update(((image, text), (one, each)) for text, one in zip(fresh, scores, strict=True))
        return [self._known[image, text][0] for text in sentences]
