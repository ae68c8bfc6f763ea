"""Asking a chat model: questions out, cleaned replies back, each with what went wrong where something did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..answers import Flaw, read_answer
from ..models import Answer, ChatModel, Monitor, Outcome, Question
from ..picture import Crop
from ..scene import Box, Record, Scene

Number = TypeVar("Number", int, float)

_CHARACTERS_PER_TOKEN = 8  # more than any tokenizer's average: a longer answer did not keep to its limit


@dataclass(frozen=True)
class Reply:
    """A model's answer to one question. `text` is cleaned, and empty exactly when `problem` says why there is none."""

    question: Question
    answer: Answer
    text: str = ""
    problem: str = ""


def ask(model: ChatModel, questions: Sequence[Question], monitor: Monitor) -> list[Reply]:
    """One reply per question, in their order.

    RuntimeError when the backend breaks its promise of one answer per question.
    """
    if not questions:
        return []
    answers = model.answer(questions, monitor)
    if len(answers) != len(questions):
        raise RuntimeError(
            f"{model.name} gave {len(answers)} answers to {len(questions)} questions: report this backend."
        )
    return [_reply(question, answer) for question, answer in zip(questions, answers, strict=True)]


def _reply(question: Question, answer: Answer) -> Reply:
    """Tell an answer from an apology, an echo, a thought and silence (METHOD section 5: they are never one another)."""
    if answer.outcome is not Outcome.ANSWER:
        return Reply(question, answer, problem=answer.detail or f"the model gave a {answer.outcome.value}")
    limit = question.max_new_tokens
    reading = read_answer(
        answer.text,
        limit=limit * _CHARACTERS_PER_TOKEN,
        cut=(answer.output_tokens or 0) >= limit,
        instruction=question.prompt,
    )
    if reading.flaw is Flaw.CUT and reading.fragment:  # captioners that write no full stops end at their limit
        return Reply(question, answer, text=reading.fragment)
    return Reply(question, answer, text=reading.text, problem=reading.problem)


def problem_of(question: Question, answer: Answer) -> str:
    """Why the engine would not take this for an answer; empty where it would. What is kept is decided by it."""
    return _reply(question, answer).problem


def record_of(stage: str, model: ChatModel, replies: Sequence[Reply]) -> Record:
    """What these replies cost, for a Scene's records; a sum is unknown where one of its parts is."""
    return record_of_answers(stage, model.name, [reply.answer for reply in replies])


def record_of_answers(stage: str, name: str, answers: Sequence[Answer]) -> Record:
    """As `record_of`, by the name of who asked them."""
    return Record(
        stage,
        name,
        calls=len(answers),
        input_tokens=_total([answer.input_tokens for answer in answers]),
        output_tokens=_total([answer.output_tokens for answer in answers]),
        cost=_total([answer.cost for answer in answers]),
    )


def _total(values: Sequence[Number | None]) -> Number | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def crop_of(scene: Scene, box: Box) -> Crop:
    """The part of the Scene's picture inside `box`. ValueError for a Scene that was loaded without its picture."""
    if scene.picture is None:
        raise ValueError(f"The Scene of {scene.image.name!r} has no picture: connect the image to Load Scene.")
    return Crop(scene.image.digest, box, scene.picture)


def require_writer(model: ChatModel | None, stage: str) -> None:
    """ValueError when a model that can only describe pictures is to compare or rewrite text."""
    if model is not None and not model.follows_instructions:
        raise ValueError(
            f"{stage} needs a model that follows instructions, and {model.name} only describes pictures: "
            "leave chat_model unconnected here, or connect another model."
        )
