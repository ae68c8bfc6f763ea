"""A chat model and a scorer that answer from a function or a recording: for tests, documentation and replays."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..models import Answer, Monitor, Outcome, Question
from ..options import Options, option
from ..picture import Crop


@dataclass(frozen=True)
class ScriptedChat:
    """Answers each question with `reply(question)`: a text, or a whole Answer to script refusals and failures."""

    reply: Callable[[Question], str | Answer]
    name: str = "scripted"
    sees_images: bool = True
    follows_instructions: bool = True

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        return [self._one(question, monitor) for question in questions]

    def _one(self, question: Question, monitor: Monitor) -> Answer:
        monitor.poll()
        given = self.reply(question)
        monitor.advance(question.name)
        return given if isinstance(given, Answer) else Answer(given)


@dataclass(frozen=True)
class ScriptedScorer:
    """Scores each sentence with `measure(crop, sentence)`."""

    measure: Callable[[Crop, str], float | None]
    name: str = "scripted"

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        return [self.measure(image, sentence) for sentence in sentences]


@dataclass(frozen=True)
class RecordingSettings(Options):
    """Settings of the `scripted` backend on the command line."""

    recording: str = option("", 'Path of a JSON file that maps question names ("top-left, candidate 1") to answers.')


def recorded_chat(settings: RecordingSettings) -> ScriptedChat:
    """A chat model that replays a recording: a JSON object of question name -> answer text.

    ValueError where the file is missing or is not such an object. A question that was not recorded is a failure.
    """
    answers = _read_recording(settings.recording)

    def reply(question: Question) -> str | Answer:
        if question.name in answers:
            return answers[question.name]
        return Answer("", Outcome.FAILURE, f"The recording has no answer named {question.name!r}: add it.")

    return ScriptedChat(reply, name=f"recording {Path(settings.recording).name}")


def _read_recording(path: str) -> Mapping[str, str]:
    if not path:
        raise ValueError("The scripted backend needs a recording: give the path of a JSON file of answers.")
    try:
        answers = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"The recording {path} cannot be read ({error.strerror}): check the path.") from None
    except ValueError as error:
        raise ValueError(f"The recording {path} is not JSON ({error}).") from None
    if not isinstance(answers, dict) or not all(isinstance(text, str) for text in answers.values()):
        raise ValueError(f"The recording {path} must be a JSON object of question names and answer texts.")
    return answers
