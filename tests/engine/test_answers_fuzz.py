"""Composed answers: all sentences of the description come out and nothing else, or the flaw is reported.

PATCHMATTERS_FUZZ=20000 makes it as many answers; a few thousand run always.
"""

from __future__ import annotations

import os
from random import Random

from engine.answer_forms import compose
from patchmatters.answers import Flaw, read_answer
from patchmatters.language.sentences import words

COUNT = int(os.environ.get("PATCHMATTERS_FUZZ", "2000"))


def test_composed_answers_are_read_whole_or_their_flaw_is_told() -> None:
    wrong = []
    for seed in range(COUNT):
        composed = compose(Random(seed))
        reading = read_answer(composed.answer, cut=composed.cut)
        if reading.flaw is not composed.flaw or words(reading.text) != words(" ".join(composed.sentences)):
            wrong.append(f"{seed}: {composed.answer!r} -> {reading}")
    assert not wrong, f"{len(wrong)} of {COUNT}:\n" + "\n".join(wrong[:5])


def test_the_forms_end_in_every_way() -> None:
    flaws = [compose(Random(seed)).flaw for seed in range(500)]
    assert {Flaw.NONE, Flaw.REFUSED, Flaw.THOUGHTS} == set(flaws)
