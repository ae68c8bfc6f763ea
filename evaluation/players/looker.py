"""Who answers second looks where the truth is known: right in most cases, and no better than that.

How often real models are right in such a short answer was not measured here; `RIGHT` is an assumption.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from patchmatters.models import Answer, ChatModel, Monitor, Question, WrappedChat
from patchmatters.picture import Crop
from patchmatters.witnesses.second_look import NAME

RIGHT = 0.85  # share of short answers that are right
_SAID = re.compile(r'"(.*)" Is that true\?', re.DOTALL)
_CHOICE = re.compile(r"\AIs the (.+?) (\S+) or (.+)\? Answer with one word")

Truth = Callable[[Crop, str], bool | None]  # whether a statement about a crop is true, None where nobody knows


@dataclass
class Looker(WrappedChat):
    """A captioner that also answers second looks, from the truth; all else is its own.

    `right` is the share of right answers; the same question about the same crop is always answered alike.
    """

    model: ChatModel
    truth: Truth
    right: float = RIGHT

    @property
    def follows_instructions(self) -> bool:
        return True

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        if not any(f": {NAME} at " in question.name for question in questions):
            return self.model.answer(questions, monitor)
        return [Answer(self._short(question)) for question in questions]

    def _short(self, question: Question) -> str:
        crop = question.images[0]
        words = list(question.words or ("yes", "no"))
        if said := _SAID.search(question.text):
            true = self.truth(crop, said.group(1))
        else:
            true = self._first_of_two(crop, question.text)
        if true is None:
            return "I cannot say."
        wrong = random.Random(f"look {question.text} {crop!r}").random() >= self.right
        return words[true is wrong].capitalize() + "."

    def _first_of_two(self, crop: Crop, text: str) -> bool | None:
        """Whether the first of two values is true of a thing, None where both are or neither."""
        asked = _CHOICE.match(text)
        if asked is None:
            return None
        thing, *values = asked.groups()
        first, second = (self.truth(crop, _sentence(thing, value)) for value in values)
        return first if first is not second else None


def _sentence(thing: str, value: str) -> str:
    return f"The background is {value}." if thing == "background" else f"A {value} {thing} is visible."
