"""The text stages against a real OpenAI-compatible server, where one is named.

PATCHMATTERS_TEST_SERVER is its base URL, for example http://127.0.0.1:8000/v1 of `transformers serve FOLDER`;
PATCHMATTERS_TEST_MODEL the model there, if the server does not list it. The model may be tiny: what is tested is that
every question gets its answer, that tokens are counted, and that the engine makes a caption of whatever comes.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

pytest.importorskip("openai", reason="the official SDK is not installed (optional extra: api)")

from engine.scenes import captioner, plain_picture
from patchmatters.backends.api.chat import ApiChat
from patchmatters.backends.openai_chat import OpenAISettings, create_uncached
from patchmatters.backends.scripted import ScriptedScorer
from patchmatters.models import QUIET, Outcome, Question, QuietMonitor
from patchmatters.pipeline import PRESETS, caption_pictures
from patchmatters.scene import Box, Detection
from timed import within

BOXES = [Detection(Box(110, 20, 530, 220), "house", 0.9)]
PAPER = PRESETS["paper"]
SHORT = replace(  # answers of a length that a CPU writes in seconds; two patches that overlap
    PAPER,
    semantic=False,
    divide=replace(PAPER.divide, rows=1),
    describe=replace(PAPER.describe, candidates=2),
    compare=replace(PAPER.compare, max_new_tokens=96, overlap_iou=0.2),
    merge=replace(PAPER.merge, max_new_tokens=48),
    compose=replace(PAPER.compose, max_new_tokens=64),
)
TEXTS = {
    "whole image": ["A red house stands on a hill under a blue sky. A path leads to its door."],
    "left": ["A red house with a white door. Smoke rises.", "A red house with a white door. A cat sits there."],
}


@pytest.fixture(scope="module")
def model() -> ApiChat:
    url = os.environ.get("PATCHMATTERS_TEST_SERVER")
    if not url:
        pytest.skip("no real server is named in PATCHMATTERS_TEST_SERVER")
    name = os.environ.get("PATCHMATTERS_TEST_MODEL", "")
    return create_uncached(OpenAISettings(provider="custom", model=name, base_url=url, concurrency=2, timeout_s=300))


def test_every_question_gets_an_answer_with_its_tokens(model: ApiChat) -> None:
    questions = [
        Question(f"q{n}", text, max_new_tokens=24, seed=n)
        for n, text in enumerate(("Name a colour.", "Name an animal.", "Name a fruit."))
    ]
    answers = model.answer(questions, QUIET)
    assert [answer.outcome for answer in answers] == [Outcome.ANSWER] * 3, [answer.detail for answer in answers]
    assert all(answer.input_tokens and 0 < answer.output_tokens <= 24 for answer in answers)


def test_a_greedy_answer_is_the_same_again(model: ApiChat) -> None:
    question = Question("q", "Describe a red house in one sentence.", temperature=0.0, max_new_tokens=24)
    texts = {model.answer([question], QUIET)[0].text for _ in range(2)}
    assert len(texts) == 1


def test_the_text_stages_run_to_a_caption(model: ApiChat) -> None:
    eyes = captioner(TEXTS, default="A green meadow with flowers.")
    scorer = ScriptedScorer(lambda crop, sentence: 0.9)
    (scene,) = caption_pictures([plain_picture()], eyes, scorer, model, [BOXES], SHORT, names=["photo"])
    assert scene.caption_text
    written = [record for record in scene.records if record.model == model.name]
    assert {record.stage for record in written} >= {"compare within patches", "merge", "compose"}
    assert all(record.input_tokens and record.output_tokens for record in written)


def test_a_cancel_is_quick_with_a_real_server_too(model: ApiChat) -> None:
    class Cancelling(QuietMonitor):
        def __init__(self) -> None:
            self.at = time.monotonic() + 0.5

        def poll(self) -> None:
            if time.monotonic() > self.at:
                raise KeyboardInterrupt

    question = Question("q", "Tell a very long story about a house.", max_new_tokens=1500)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        model.answer([question], Cancelling())
    assert time.monotonic() - started < within(1.5, 15.0)  # the story takes minutes
