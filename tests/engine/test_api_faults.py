"""Injected faults: each ends in a right answer or an error that says what to do; none hangs, none is paid twice.

PATCHMATTERS_FAULTS=500 was measured; every fault in every way of asking, once, runs always.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("openai", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("anthropic", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("aiohttp", reason="the test server needs aiohttp")

from engine.protocol_server import ANSWERED, PASSING, Fault, ProtocolServer, Received, Status
from engine.scenes import plain_picture
from patchmatters.backends.anthropic_chat import AnthropicSettings
from patchmatters.backends.anthropic_chat import create_uncached as create_claude
from patchmatters.backends.openai_chat import OpenAISettings, create
from patchmatters.backends.openai_chat import create_uncached as create_openai
from patchmatters.describe import DescribeSettings, describe
from patchmatters.divide import divide
from patchmatters.models import QUIET, Outcome, Question
from patchmatters.picture import Crop
from patchmatters.running.ask import Reply, ask
from patchmatters.scene import Box, Detection

FAULTS = int(os.environ.get("PATCHMATTERS_FAULTS", "100"))
TIMEOUT_S = 60.0  # of what ends by itself: a busy machine takes its time
SOON_S = 3.0  # of what never ends
CAPTION = "A red house stands on a hill."
_FAST: dict[str, Any] = {"concurrency": 64, "timeout_s": TIMEOUT_S, "retries": 2}
# A remedy tells a person to do something.
_REMEDY = re.compile(
    r"(?:: |, or |, and )(?:run|use|lower|raise|check|change|choose|set|add|put|start|try|wait|load)\b"
)
_WAYS = [(protocol, stream) for protocol in ("openai", "anthropic") for stream in (True, False)]


def _model(protocol: str, server: ProtocolServer, stream: bool, **settings: Any) -> Any:
    common = {**_FAST, "base_url": server.url, "stream": stream, **settings}
    if protocol == "anthropic":
        return create_claude(AnthropicSettings(model="claude-sonnet-4-6", **common))
    return create_openai(OpenAISettings(provider="custom", model="some-model", **common))


def _question(number: int) -> Question:
    return Question(f"photo {number}: top-left, candidate 1", f"Describe picture {number}.", seed=number)


class Plan:
    """Which fault befalls which question, and how often."""

    def __init__(self, seed: int, size: int) -> None:
        chance = random.Random(seed)
        faults = [fault for fault in Fault for _ in range(-(-size // len(Fault)))][:size]  # each in every way of asking
        self.fault = {_question(number).text: fault for number, fault in enumerate(faults)}
        self.times = {text: chance.choice((1, 1, 2, 1000)) for text in self.fault}
        self.seen: dict[str, int] = {}

    def __call__(self, received: Received) -> str | Fault:
        text = received.prompt
        self.seen[text] = self.seen.get(text, 0) + 1
        fault = self.fault[text]
        passes = fault in PASSING and self.seen[text] > self.times[text]
        return CAPTION if passes else fault

    def ends_well(self, text: str) -> bool:
        fault = self.fault[text]
        return fault in ANSWERED or (fault in PASSING and self.times[text] <= _FAST["retries"])


def test_faults_end_in_an_answer_or_a_remedy() -> None:
    plan = Plan(20250406, FAULTS)

    def asked(turn: int) -> Sequence[Reply]:
        questions = [_question(number) for number in range(turn, FAULTS, len(_WAYS))]
        endless = [one for one in questions if plan.fault[one.text] is Fault.SLOW]
        others = [one for one in questions if one not in endless]
        protocol, stream = _WAYS[turn]
        soon = ask(_model(protocol, server, stream, timeout_s=SOON_S), endless, QUIET)
        return [*soon, *ask(_model(protocol, server, stream), others, QUIET)]

    with ProtocolServer(plan) as server, ThreadPoolExecutor(len(_WAYS)) as pool:  # most of it is waiting
        replies = [reply for several in pool.map(asked, range(len(_WAYS))) for reply in several]
    assert len(replies) == FAULTS
    assert max(plan.seen.values()) <= 1 + _FAST["retries"]
    assert not server.violations
    for reply in replies:
        _check(reply, plan)
    twice = {text: count for text, count in server.delivered.items() if count > 1}
    assert not twice, "these were paid for twice"


def _check(reply: Reply, plan: Plan) -> None:
    fault = plan.fault[reply.question.text]
    where = f"{reply.question.name}: {fault.value}, {plan.times[reply.question.text]} times: {reply}"
    if plan.ends_well(reply.question.text):
        assert not reply.problem, where
        assert reply.text.lower().removeprefix("a ").startswith("red house"), where
        return
    assert not reply.text, where
    assert _REMEDY.search(reply.problem), where
    refused = fault in (Fault.REFUSAL, Fault.APOLOGY, Fault.CONTENT_FILTER)
    assert (reply.answer.outcome is Outcome.REFUSAL) == refused, where


@pytest.mark.parametrize(("protocol", "stream"), _WAYS)
def test_an_error_names_the_patch_and_keeps_the_others(protocol: str, stream: bool) -> None:
    # One patch is wider than the others, by an object that it covers in part: the server knows it by its size.
    boxes = [Detection(Box(300, 20, 420, 120), "kite", 0.9)]
    (scene,) = divide([plain_picture()], [boxes], names=["photo"])
    sizes = {patch.name: Crop("", patch.box, scene.picture).size for patch in scene.patches}
    broken = next(patch for patch in scene.patches if list(sizes.values()).count(sizes[patch.name]) == 1)
    size = sizes[broken.name]
    with ProtocolServer(lambda received: Fault.BAD_REQUEST if size in received.images else CAPTION) as server:
        model = _model(protocol, server, stream)
        settings = DescribeSettings(candidates=1)
        with pytest.raises(RuntimeError, match=f"No description of {broken.name}.*change the model"):
            describe([scene], model, settings)
        (kept,) = describe([scene], model, replace(settings, on_failure="continue"))
    assert [failure.patch for failure in kept.failures] == [broken.name]
    assert all(patch.passages for patch in kept.first_level if patch.name != broken.name)


def test_a_rerun_asks_only_for_what_is_missing() -> None:
    failing = {_question(3).text, _question(7).text}

    def script(received: Received) -> str | Fault:
        return Fault.BAD_REQUEST if received.prompt in failing else CAPTION

    questions = [_question(number) for number in range(10)]
    with ProtocolServer(script) as server:
        model = create(OpenAISettings(provider="custom", model="m", base_url=server.url, cache=False))
        first = model.answer(questions, QUIET)
        failing.clear()
        second = model.answer(questions, QUIET)
    assert [answer.outcome is Outcome.ANSWER for answer in first].count(False) == 2
    assert all(answer.outcome is Outcome.ANSWER for answer in second)
    assert len(server.received) == 12
    assert max(server.delivered.values()) == 1


@pytest.mark.parametrize("stream", [True, False])
def test_candidates_that_did_not_come_are_asked_for_alone(stream: bool) -> None:
    """A server that takes `n` and gives one answer all the same: what it gave is kept."""
    texts = iter(["One.", "Two.", "Three."])
    with ProtocolServer(lambda received: [next(texts)]) as server:
        model = create_openai(OpenAISettings(provider="vllm", model="m", base_url=server.url, stream=stream))
        questions = [Question(f"candidate {n}", "Describe.", temperature=0.7, seed=n) for n in range(3)]
        answers = model.answer(questions, QUIET)
    assert sorted(answer.text for answer in answers) == ["One.", "Three.", "Two."]
    assert [received.choices for received in server.received] == [3, 1, 1]


def test_a_wrong_key_ends_the_batch_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Status(401, {"error": {"message": "Incorrect API key provided: sk-secret-1234567890abcdef"}})
    with ProtocolServer(lambda received: refused) as server:
        monkeypatch.setenv(f"PATCHMATTERS_KEY_HTTP_127_0_0_1_{server.port}", "sk-secret-1234567890abcdef")
        model = _model("openai", server, True, concurrency=4)
        with pytest.raises(
            RuntimeError, match=r"photo \d+: top-left.*does not accept the key.*PATCHMATTERS_KEY"
        ) as caught:
            model.answer([_question(number) for number in range(200)], QUIET)
    assert "sk-secret" not in str(caught.value)
    assert len(server.received) <= 8


def test_a_server_that_is_not_there_is_told_in_one_sentence() -> None:
    model = create_openai(OpenAISettings(provider="ollama", model="m", base_url="http://127.0.0.1:9/v1", retries=0))
    with pytest.raises(RuntimeError, match=r"Ollama at http://127\.0\.0\.1:9 cannot be reached: start it"):
        model.answer([_question(1)], QUIET)


def test_a_setting_that_the_model_refuses_is_left_out() -> None:
    def script(received: Received) -> str | Status:
        for name in ("temperature", "seed"):
            if name in received.body:
                message = f"Unsupported value: '{name}' does not support 0.7 with this model."
                return Status(400, {"error": {"message": message, "param": name, "code": "unsupported_value"}})
        return CAPTION

    with ProtocolServer(script) as server:
        model = _model("openai", server, True, concurrency=1)
        answers = model.answer([_question(number) for number in range(5)], QUIET)
    assert [answer.text for answer in answers] == [CAPTION] * 5
    assert len(server.received) == 5 + 2  # learned once, not by every question


def test_slow_answers_say_which_limit_ended_them() -> None:
    with ProtocolServer(lambda received: Fault.RATE_LIMIT) as server:
        model = _model("openai", server, True, timeout_s=1.0, retries=10)
        (limited,) = model.answer([_question(0)], QUIET)
    assert "lower concurrency" in limited.detail
    with ProtocolServer(lambda received: Fault.SLOW) as server:
        (slow,) = _model("openai", server, True, timeout_s=1.0).answer([_question(0)], QUIET)
    assert "raise timeout_s" in slow.detail
