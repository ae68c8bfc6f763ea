"""A service as scorer: asked yes or no about each statement where it says how likely its words are, else for a list.

The score of a statement is what "yes" has of the probability of "yes" and "no". A service that gives no probabilities
of words is asked for its verdicts on all statements of a crop in one answer, each with how sure it is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..answers.json_answer import UnreadableAnswer, read_object
from ..models import QUIET, Answer, ChatModel, Monitor, Outcome, Question, Scored, share_of_first, weighs_words
from ..picture import Crop

log = logging.getLogger(__name__)

WORDS = ("yes", "no")
_QUESTION = "Does this picture show: {sentence}? Answer yes or no."
_ROOM = 8  # tokens: "Yes." and what some put around it

_LIST = (
    "Look at the picture and judge each numbered statement by what is to be seen. Answer with one JSON object, "
    '{"verdicts": [...]}, whose list has one number for each statement in their order: the probability, from 0 '
    "(certainly false) to 1 (certainly true), that the picture shows it."
)
_SCHEMA = {
    "type": "object",
    "properties": {"verdicts": {"type": "array", "items": {"type": "number"}}},
    "required": ["verdicts"],
    "additionalProperties": False,
}
_STATEMENTS = 40  # in one answer: longer lists lose their count
_TOKENS_EACH = 8  # of an answer: a number, its comma and some air

Asked = Sequence[tuple[Crop, Sequence[str]]]


def asked(sentence: str) -> str:
    """The question about a statement, without its full stop."""
    return _QUESTION.format(sentence=sentence.strip().rstrip("."))


class WordScorer:
    """Measures sentences with a model that says how likely its words are: one question a sentence.

    Whether it does shows with the first answer. Where it does not, lists of verdicts are asked for from then on.
    """

    def __init__(self, chat: ChatModel) -> None:
        self.chat = chat
        self._lists = VerdictScorer(chat)
        self._weighs: bool | None = None

    def __repr__(self) -> str:
        return f"WordScorer({self.chat!r})"

    @property
    def _gave_up(self) -> bool:
        return self._weighs is False

    @property
    def name(self) -> str:
        return self._lists.name if self._gave_up else f"{self.chat.name} (yes or no)"

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        """One score per sentence; None where the model gave no answer, or neither word."""
        return list(self.score_all([(image, sentences)], "", QUIET)[0].scores)

    def score_all(self, asked: Asked, stage: str, monitor: Monitor) -> list[Scored]:
        """See BatchScorer."""
        questions = [_yes_or_no(crop, sentence) for crop, sentences in asked for sentence in sentences]
        if self._weighs is None and not weighs_words(self.chat):  # another question was refused them before
            self._give_up()
        if self._gave_up or not questions:
            return self._lists.score_all(asked, stage, monitor)
        monitor.begin(stage, len(questions))
        tried = [] if self._weighs else self._try(questions[0], monitor)
        if self._gave_up:
            return _also_paid(self._lists.score_all(asked, stage, monitor), tried)
        answers = [*tried, *self.chat.answer(questions[len(tried) :], monitor)]
        _report_failures(answers)
        told = iter(answers)
        return [_scored_by_words([next(told) for _ in sentences]) for _, sentences in asked]

    def _try(self, question: Question, monitor: Monitor) -> list[Answer]:
        """The first answer, asked for alone: it shows whether the model says how likely its words are."""
        (answer,) = self.chat.answer([question], monitor)
        if answer.probabilities:
            self._weighs = True
        elif answer.outcome is Outcome.ANSWER or answer.output_tokens:  # also one that talked until it was cut off
            self._give_up()
        return [answer]

    def _give_up(self) -> None:
        self._weighs = False
        log.warning("%s gives no log-probabilities: it is asked for lists of verdicts instead.", self.chat.name)


def _also_paid(scored: list[Scored], tried: Sequence[Answer]) -> list[Scored]:
    return [replace(scored[0], answers=(*tried, *scored[0].answers)), *scored[1:]]


def _yes_or_no(crop: Crop, sentence: str) -> Question:
    return Question(
        f"yes or no: {sentence}", asked(sentence), (crop,), temperature=0.0, max_new_tokens=_ROOM, words=WORDS
    )


def _scored_by_words(answers: Sequence[Answer]) -> Scored:
    return Scored(tuple(map(share_of_first, answers)), tuple(answers))


class VerdictScorer:
    """Measures sentences with any model that sees and follows instructions: one answer for all sentences of a crop."""

    def __init__(self, chat: ChatModel) -> None:
        self.chat = chat

    def __repr__(self) -> str:
        return f"VerdictScorer({self.chat!r})"

    @property
    def name(self) -> str:
        return f"{self.chat.name} (verdicts)"

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        """One score per sentence; None for all of a list whose answer cannot be read or has another length."""
        return list(self.score_all([(image, sentences)], "", QUIET)[0].scores)

    def score_all(self, asked: Asked, stage: str, monitor: Monitor) -> list[Scored]:
        """See BatchScorer."""
        lists = [list(_parts(sentences)) for _, sentences in asked]
        questions = [_about(crop, part) for (crop, _), parts in zip(asked, lists, strict=True) for part in parts]
        monitor.begin(stage, len(questions))
        answers = self.chat.answer(questions, monitor) if questions else []
        _report_failures(answers)
        told = iter(answers)
        return [_scored_by_lists([(part, next(told)) for part in parts]) for parts in lists]


def _parts(sentences: Sequence[str]) -> Iterator[Sequence[str]]:
    return (sentences[start : start + _STATEMENTS] for start in range(0, len(sentences), _STATEMENTS))


def _scored_by_lists(answered: Sequence[tuple[Sequence[str], Answer]]) -> Scored:
    scores = tuple(score for part, answer in answered for score in _verdicts(answer, len(part)))
    return Scored(scores, tuple(answer for _, answer in answered))


def _report_failures(answers: Sequence[Answer]) -> None:
    """What is not answered is not judged: the Scene counts it, and why is said here, once for many."""
    failed = [answer for answer in answers if answer.outcome is not Outcome.ANSWER]
    if failed:
        log.warning("%d of %d questions about statements have no answer: %s.", len(failed), len(answers),
                    failed[0].detail)  # fmt: skip


def _about(image: Crop, sentences: Sequence[str]) -> Question:
    numbered = "\n".join(f"{number}. {sentence}" for number, sentence in enumerate(sentences, 1))
    return Question(
        f"verdicts on {len(sentences)} statements", numbered, (image,), prefix=_LIST, schema=_SCHEMA, temperature=0.0,
        max_new_tokens=64 + _TOKENS_EACH * len(sentences),
    )  # fmt: skip


def _verdicts(answer: Answer, count: int) -> list[float | None]:
    """The numbers of an answer, from 0 to 1; None where it says something else."""
    if answer.outcome is not Outcome.ANSWER:
        return [None] * count
    try:
        told = read_object(answer.text, ("verdicts",))["verdicts"]
    except UnreadableAnswer:
        return [None] * count
    if not isinstance(told, list) or len(told) != count:
        return [None] * count
    return [_probability(one) for one in told]


def _probability(told: object) -> float | None:
    """A verdict as a number: models also write true, "yes" or "0.9"."""
    words = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
    text = str(told).strip().lower()
    try:
        value = words[text] if text in words else float(text)
    except ValueError:
        return None
    return value if 0.0 <= value <= 1.0 else None
