"""A service as judge: yes or no by the log-probabilities of its words, else a list of verdicts."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("anthropic", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("aiohttp", reason="the test server needs aiohttp")

from engine.api_speaker import speak
from engine.protocol_server import ProtocolServer, Received, Status, Weighed
from engine.scenes import plain_picture
from engine.test_second_look import DOG, FIXED, ONCE, SCORER, compared
from patchmatters.backends import anthropic_chat, openai_chat
from patchmatters.backends.api.providers import PROVIDERS
from patchmatters.backends.api.weighing import Place, places_of, probabilities_of
from patchmatters.backends.asked_judge import VerdictScorer, WordScorer
from patchmatters.backends.judge import judge_by, verdicts_by
from patchmatters.commands.cli import main
from patchmatters.models import QUIET, ChatModel, Question
from patchmatters.picture import Crop
from patchmatters.pipeline import PRESETS, caption_pictures
from patchmatters.scene import Box, Verdict
from patchmatters.semantic_filter import filter_statements

PICTURE = plain_picture()
CROPS = [Crop("photo", Box(0, 0, 100 + 10 * n, 100), PICTURE) for n in range(3)]
SENTENCES = ["A dog sits there.", "A cat sleeps."]
# Forms of both words, one that begins only one of them, and what is neither; "Yes" and its like have 0.72, "No" 0.18.
CHANCES = {"Yes": 0.5, " yes": 0.12, "YES.": 0.06, "Ye": 0.04, "No": 0.1, "no": 0.05, "N": 0.03, "I": 0.05, "Not": 0.02}
SURE = {"Yes": 0.99, "No": 0.01}


def _chat(server: ProtocolServer, **settings: Any) -> ChatModel:
    common = {"provider": "custom", "model": "m", "base_url": server.url, "retries": 0, "cache": False}
    return openai_chat.create(openai_chat.OpenAISettings(**{**common, **settings}))


def _verdicts(received: Received) -> str:
    return json.dumps({"verdicts": [0.25] * len(re.findall(r"^\d+\. ", received.prompt, re.M))})


def _judging(received: Received) -> Weighed | str:
    """Yes or no by the statement, and lists of verdicts."""
    if not received.prompt.startswith("Does this picture show:"):
        return _verdicts(received)
    return Weighed((("Yes" if "dog" in received.prompt else "No", CHANCES if "dog" in received.prompt else SURE),))


# --- yes or no ---


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("older", [True, False])
def test_all_forms_of_both_words_are_summed(stream: bool, older: bool) -> None:
    def script(received: Received) -> Weighed:
        return Weighed((("Yes", CHANCES), (".", {".": 1.0})), older=older)

    with ProtocolServer(script) as server:
        judge = judge_by(_chat(server, provider="vllm", stream=stream))
        assert isinstance(judge, WordScorer) and judge.name.endswith("(yes or no)")
        assert judge.score(CROPS[0], SENTENCES[:1]) == [pytest.approx(0.72 / 0.9, abs=1e-9)]
    assert not server.violations
    (received,) = server.received
    assert received.prompt == "Does this picture show: A dog sits there? Answer yes or no."
    assert received.body["logprobs"] is True and received.body["top_logprobs"] == PROVIDERS["vllm"].top_logprobs
    assert received.body["temperature"] == 0.0 and len(received.images) == 1


def test_together_takes_the_number_of_likeliest_tokens_as_logprobs() -> None:
    with ProtocolServer(lambda received: Weighed((("Yes", CHANCES),), older=True)) as server:
        judge = judge_by(_chat(server, provider="together"))
        assert judge.score(CROPS[0], SENTENCES[:1]) == [pytest.approx(0.8, abs=1e-9)]
    assert server.received[0].body["logprobs"] == 20 and "top_logprobs" not in server.received[0].body


@pytest.mark.parametrize(
    ("places", "share"),
    [
        ([("<think>", {"<think>": 1.0}), ("No", {"No": 1.0}), ("</think>", {"</think>": 1.0}), (" Yes", SURE)], 0.99),
        ([("**", {"**": 0.99, "Yes": 0.01}), ("Yes", SURE), ("**", {"**": 1.0})], 0.99),  # the place of the answer
        ([("Y", {"Y": 0.6, "N": 0.2}), ("es", {"es": 1.0})], 0.75),  # letters
        ([("\u2581Yes", {"\u2581Yes": 0.6, "\u0120no": 0.2})], 0.75),  # a tokenizer's own blank
        ([("Yes", {"Yes": 0.5}), ("<|im_end|>", {"<|im_end|>": 1.0})], 1.0),  # the other is not listed
        ([("I", {"I": 0.98, "Yes": 0.01, "No": 0.01}), (" cannot", {" cannot": 1.0}), (" say", {" say": 1.0})], None),
    ],
)
def test_the_place_of_the_answer_is_found(places: list[Any], share: float | None) -> None:
    with ProtocolServer(lambda received: Weighed(tuple(places))) as server:
        assert judge_by(_chat(server)).score(CROPS[0], ["A dog."]) == [share and pytest.approx(share)]


def test_an_answer_that_goes_on_too_long_has_said_its_word() -> None:
    places = (("Yes", SURE), *((f" word{n}", {f" word{n}": 1.0}) for n in range(7)))
    with ProtocolServer(lambda received: Weighed(places, "length")) as server:
        assert judge_by(_chat(server)).score(CROPS[0], ["A dog."]) == [pytest.approx(0.99)]


ODD = {"token": "a", "top_logprobs": [{"token": "b", "logprob": "c"}]}


@pytest.mark.parametrize(
    "value", [None, [1], "x", {"content": "x"}, {"content": [None, {"token": 1}, ODD]}, {"tokens": [1]}]
)
def test_what_is_no_list_of_tokens_says_nothing(value: Any) -> None:
    assert probabilities_of(("yes", "no"), "Yes", places_of(value)) == ()


def test_a_beginning_of_two_words_counts_for_neither() -> None:
    place = Place("bl", (("bl", -0.1), (" Te", -2.0)))
    assert probabilities_of(("blue", "teal"), "blue", [place]) == (pytest.approx(0.9048, abs=1e-4),
                                                                   pytest.approx(0.1353, abs=1e-4))  # fmt: skip
    assert probabilities_of(("blue", "black"), "blue", [place]) == (0.0, 0.0)


# --- lists of verdicts ---


REFUSALS = [
    {"message": "Unsupported parameter: 'logprobs' is not supported with this model.", "param": "logprobs"},
    {"message": "Requested sample logprobs of 5, which is greater than max allowed: 0"},
    {"message": "This model does not support top_logprobs"},
]


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("status", [400, 500])
def test_a_refusal_of_logprobs_is_remembered_and_said(
    refusal: dict[str, str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    def script(received: Received) -> Status | str:
        if "logprobs" in received.body:
            return Status(status, {"error": {"type": "invalid_request_error", **refusal}})
        return _judging(received) if received.prompt.startswith("Look") else "Yes"

    with ProtocolServer(script) as server, caplog.at_level(logging.WARNING):
        chat = _chat(server)
        judge = judge_by(chat)
        assert [judge.score(crop, SENTENCES) for crop in CROPS] == [[0.25, 0.25]] * 3
        assert judge.name.endswith("(verdicts)")
        assert isinstance(judge_by(chat), VerdictScorer)  # another judge of the same model knows at once
    assert not server.violations
    assert [("logprobs" in one.body, one.prompt.startswith("Look")) for one in server.received] == [
        (True, False), (False, False), (False, True), (False, True), (False, True)
    ]  # fmt: skip
    assert "gives no log-probabilities: it is asked for lists of verdicts instead" in caplog.text
    assert "does not take logprobs" in caplog.text


def test_a_server_that_ignores_logprobs_is_asked_for_one_answer_only() -> None:
    def script(received: Received) -> str:
        return _verdicts(received) if received.prompt.startswith("Look") else "Yes."

    with ProtocolServer(script) as server:
        judge = judge_by(_chat(server))
        scored = judge.score_all([(crop, SENTENCES) for crop in CROPS], "filter", QUIET)
    assert [one.scores for one in scored] == [(0.25, 0.25)] * 3
    assert [len(one.answers) for one in scored] == [2, 1, 1]  # what was tried is paid for too
    assert len(server.received) == 4


def test_one_that_talks_until_it_is_cut_off_has_told_that_it_gives_none() -> None:
    def script(received: Received) -> str | Weighed:
        if received.prompt.startswith("Look"):
            return _verdicts(received)
        return Weighed(tuple((f"word{n} ", {}) for n in range(8)), "length", told=False)

    with ProtocolServer(script) as server:
        judge = judge_by(_chat(server))
        assert [judge.score(crop, SENTENCES) for crop in CROPS[:2]] == [[0.25, 0.25]] * 2
    assert len(server.received) == 3


def test_an_apology_says_neither_word_and_no_more_about_the_server() -> None:
    """What is refused has no score; all else is still asked about by its words."""
    apology = Weighed(
        (
            ("I'm", {"I'm": 1.0}),
            (" sorry", {" sorry": 1.0}),
            (", but I can't help with that.", {}),
        )
    )

    with ProtocolServer(lambda received: apology if "dog" in received.prompt else _judging(received)) as server:
        assert judge_by(_chat(server)).score(CROPS[0], SENTENCES) == [None, pytest.approx(0.99)]


@pytest.mark.parametrize("provider", ["groq", "anthropic"])
def test_where_none_are_given_none_are_asked_for(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ProtocolServer(_verdicts) as server:
        settings = {"provider": provider, "model": "m", "base_url": server.url, "cache": False}
        chat = (
            anthropic_chat.create(anthropic_chat.AnthropicSettings(**settings))
            if provider == "anthropic"
            else openai_chat.create(openai_chat.OpenAISettings(**settings))
        )
        assert judge_by(chat).score(CROPS[0], SENTENCES) == [0.25, 0.25]
    assert len(server.received) == 1 and not server.violations


def test_one_list_per_crop_where_that_is_wanted() -> None:
    with ProtocolServer(_judging) as server:
        assert verdicts_by(_chat(server)).score(CROPS[0], SENTENCES) == [0.25, 0.25]
    assert len(server.received) == 1


# --- the whole of it ---


def test_all_crops_are_asked_at_once_after_the_first_answer() -> None:
    """The first question is asked alone; then as many at a time as a server nearby is asked at first."""
    with ProtocolServer(_judging, delay_s=0.2) as server:
        judge = judge_by(_chat(server, provider="openai", concurrency=8))
        scored = judge.score_all([(crop, [*SENTENCES, "A dog runs."]) for crop in CROPS], "filter", QUIET)
    assert len(server.received) == 9 and server.most_in_flight >= 2
    for one in scored:
        assert one.scores == (pytest.approx(0.8), pytest.approx(0.99), pytest.approx(0.8))


def test_what_was_weighed_is_kept_and_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATCHMATTERS_CACHE", str(tmp_path / "answers.sqlite"))
    with ProtocolServer(_judging) as server:
        first = judge_by(_chat(server, cache=True)).score(CROPS[0], [*SENTENCES, SENTENCES[0]])
        assert len(server.received) == 2  # the same sentence once
        again = judge_by(_chat(server, cache=True)).score_all([(CROPS[0], SENTENCES)], "filter", QUIET)
    assert len(server.received) == 2
    assert list(again[0].scores) == first[:2] and first[0] == first[2]
    assert [answer.cost for answer in again[0].answers] == [0.0, 0.0]


def test_a_picture_is_captioned_and_the_record_says_what_the_scores_cost() -> None:
    def script(received: Received) -> Any:
        return _judging(received) if received.prompt.startswith("Does") else speak(received)

    with ProtocolServer(script) as server:
        chat = _chat(server)
        (scene,) = caption_pictures([PICTURE], chat, judge_by(chat), chat, [[]], PRESETS["careful"], QUIET)
    assert not server.violations
    asked = [received for received in server.received if received.prompt.startswith("Does")]
    records = [record for record in scene.records if record.stage == "filter"]
    assert sum(record.calls for record in records) == len(asked) > 5
    assert all(record.model.endswith("(yes or no)") and record.input_tokens for record in records)
    scored = [one for patch in scene.patches for one in patch.statements if one.score is not None]
    assert scored and {round(one.score, 2) for one in scored} == {0.99}


def test_the_command_takes_the_captioner_as_its_judge(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    def script(received: Received) -> Any:
        return _judging(received) if received.prompt.startswith("Does") else speak(received)

    PICTURE.save(tmp_path / "photo.png")
    with ProtocolServer(script) as server:
        options = ["--backend", "openai", "--provider", "custom", "--model", "m", "--base-url", server.url]
        options.append("--no-cache")
        assert main(["caption", str(tmp_path / "photo.png"), *options, "--scorer", "captioner"]) == 0
        assert sum(received.prompt.startswith("Does") for received in server.received) > 5
        server.received.clear()
        server.script = lambda received: _verdicts(received) if received.prompt.startswith("Look") else speak(received)
        assert main(["caption", str(tmp_path / "photo.png"), *options, "--scorer", "verdicts"]) == 0
        assert not any(received.prompt.startswith("Does") for received in server.received)
        assert any(received.prompt.startswith("Look at the picture and judge") for received in server.received)
    assert "red house" in capsys.readouterr().out
    assert main(["caption", str(tmp_path / "photo.png"), "--scorer", "captioner"]) == 2
    assert "cannot judge sentences" in capsys.readouterr().err


# --- second looks ---


@pytest.mark.parametrize(
    ("chances", "verdict"),
    [({"Yes": 0.9, "No": 0.1}, True), ({"Yes": 0.3, "No": 0.7}, False), ({"Yes": 0.55, "No": 0.45}, None)],
)
def test_a_second_look_that_is_hardly_surer_than_a_coin_says_nothing(
    chances: dict[str, float], verdict: bool | None
) -> None:
    answer = Weighed((("Yes" if chances["Yes"] > 0.5 else "No", chances),))
    with ProtocolServer(lambda received: answer) as server:
        (scene,) = filter_statements([compared(ONCE[:1])], SCORER, FIXED, QUIET, (), _chat(server))
    (dog,) = scene.patches[0].statements
    assert dog.verdict is Verdict.UNIQUE and dog.text == DOG
    if verdict is None:
        assert dog.testimony == () and dog.kept  # as its score decides
        return
    assert dog.kept is verdict
    assert ("'yes' at 90%" if verdict else "'no' at 70%") in dog.testimony[0].evidence


def test_answers_kept_before_words_were_weighed_are_still_answers() -> None:
    """The key of a question without words is what it always was."""
    from patchmatters.answer_cache import question_key, read_kept, to_keep
    from patchmatters.models import Answer

    plain, weighed = Question("q", "Is it?", seed=3), Question("q", "Is it?", seed=3, words=("yes", "no"))
    assert question_key(plain, {"model": "m"}) == "ff1ecd836cfb8e4982efb21c0e9e14c0f0394c757b67cb78"
    assert question_key(weighed, {"model": "m"}) != question_key(plain, {"model": "m"})
    kept = Answer("Yes", probabilities=(0.5, 0.25))
    assert read_kept(weighed, to_keep(kept)).probabilities == (0.5, 0.25)
    assert read_kept(weighed, '{"text": 1}').text == '{"text": 1}' and read_kept(plain, "Yes").text == "Yes"
