"""The folder command by the batch interfaces: stage by stage, nothing paid twice, whatever becomes of a batch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from engine.api_speaker import speak
from engine.batch_server import UNREACHED, UNREADABLE, BatchServer, Fate, Refused
from engine.protocol_server import ProtocolServer, Received
from engine.scenes import draw_photos
from patchmatters.commands.cli import main
from patchmatters.jobs.rows import read_rows

FAST = ["--similarity", "lexical", "--compose-similarity", "lexical"]
AWAITED = 3
PRICE = ["--price", "2,8"]


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATCHMATTERS_CACHE", str(tmp_path / "answers.sqlite"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return draw_photos(tmp_path / "photos", (120, 90), (128, 90), (136, 90))


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running
    assert running.violations == []


def model(backend: str, url: str) -> list[str]:
    address = url if backend == "openai" else url.removesuffix("/v1")
    return ["--backend", backend, "--base-url", address, "--model", "painter", *PRICE]


def run(photos: Path, server: BatchServer, *more: object, backend: str = "openai", preset: str = "fast") -> int:
    given = [*model(backend, server.url), "--batch-api", "--preset", preset, *FAST, *map(str, more)]
    return main(["folder", str(photos), "--quiet", *given])


def until_done(photos: Path, server: BatchServer, *more: object, fate: Fate = speak, **how: str) -> int:
    """Run, answer, run again, until nothing is awaited; the exit status."""
    for _ in range(20):
        status = run(photos, server, *more, **how)
        if status != AWAITED:
            return status
        server.finish(fate)
    raise AssertionError("it never ends")


def captions(photos: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(photos.glob("*.txt"))}


def by_size(received: Received) -> list[str]:
    """As `speak`, but what is said of a part depends on its size alone, not on how many candidates are asked for."""
    if received.images:
        return [f"A red house stands on a hill. The number {received.images[0][0]} is on it."] * received.choices
    return speak(received)


@pytest.mark.parametrize("backend", ["openai", "anthropic"])
def test_stage_by_stage_the_same_captions_at_half_the_price(
    photos: Path, tmp_path: Path, server: BatchServer, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = tmp_path / "batch.jsonl.gz"
    assert until_done(photos, server, "--scenes", scenes, fate=by_size, backend=backend, preset="careful") == 0
    assert set(server.handed_in.values()) == {1}, "no question is handed in twice"
    assert len(server.batches) >= 3, "describing, comparing, merging: one depends on the other"
    by_batch = captions(photos)
    assert len(by_batch) == 3
    monkeypatch.setenv("PATCHMATTERS_CACHE", str(tmp_path / "other.sqlite"))
    with ProtocolServer(by_size) as single:
        at_once = ["--out", str(tmp_path / "single"), "--scenes", str(tmp_path / "single.jsonl.gz"), "--quiet"]
        given = [*model(backend, single.url), "--preset", "careful", *FAST, *at_once]
        assert main(["folder", str(photos), *given]) == 0
    assert captions(tmp_path / "single") == by_batch
    costs = [sum(row.usd or 0.0 for row in read_rows(file)) for file in (scenes, tmp_path / "single.jsonl.gz")]
    assert costs[0] > 0
    if backend == "anthropic":  # OpenAI's protocol takes several candidates in one question, and pays its picture once
        assert costs[0] == pytest.approx(costs[1] / 2)


def test_a_batch_that_runs_is_left_alone(photos: Path, server: BatchServer, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        assert run(photos, server) == AWAITED
    assert len(server.batches) == 1
    assert set(server.handed_in.values()) == {1}
    err = capsys.readouterr().err
    assert "15 questions are being answered in 1 batches: run the same command again" in err
    assert captions(photos) == {}


@pytest.mark.parametrize("backend", ["openai", "anthropic"])
@pytest.mark.parametrize("lost", [UNREACHED, UNREADABLE, "cancelled"])
def test_what_was_not_reached_is_asked_again_and_nothing_else(
    photos: Path, server: BatchServer, backend: str, lost: str
) -> None:
    def partly(received: Received) -> list[str] | str:
        return lost if received.images and received.images[0][0] % 2 else speak(received)

    assert run(photos, server, backend=backend) == AWAITED
    first = next(iter(server.batches.values()))
    reached = {key for key, received in first.questions.items() if partly(received) != lost}
    server.finish(partly, {"cancelled": "cancelled", UNREACHED: "expired"}.get(lost, "") * (backend == "openai"))
    assert until_done(photos, server, backend=backend) == 0
    assert len(captions(photos)) == 3
    assert {key for key in first.questions if server.handed_in[key] == 1} >= reached
    assert all(server.handed_in[key] == 2 for key in set(first.questions) - reached)


@pytest.mark.parametrize("backend", ["openai", "anthropic"])
def test_one_bad_line_costs_its_question_only(photos: Path, server: BatchServer, backend: str) -> None:
    bad: set[str] = set()

    def fate(received: Received) -> list[str] | Refused:
        if received.images and not bad:
            bad.add(received.prompt)
            return Refused(400, "The picture could not be read.")
        return speak(received)

    assert until_done(photos, server, backend=backend, preset="careful", fate=fate) == 0
    assert set(server.handed_in.values()) == {1}, "what can never be answered is not asked again"
    assert len(captions(photos)) == 3


def test_what_never_comes_back_fails_with_its_reason_and_is_tried_anew_later(
    photos: Path, server: BatchServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert until_done(photos, server, fate=lambda received: UNREACHED) == 1
    assert set(server.handed_in.values()) == {3}
    assert "the batch ended before it was answered" in capsys.readouterr().err
    assert until_done(photos, server) == 0
    assert len(captions(photos)) == 3


def test_a_batch_that_is_turned_down_is_told_and_handed_in_again(
    photos: Path, server: BatchServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(photos, server) == AWAITED
    server.fail("Enqueued token limit reached for painter.")
    assert run(photos, server) == 2
    assert "refused the batch batch_0 (Enqueued token limit reached" in capsys.readouterr().err
    assert until_done(photos, server) == 0


@pytest.mark.parametrize("backend", ["openai", "anthropic"])
def test_a_batch_whose_name_was_lost_on_the_way_is_found_again(
    photos: Path, server: BatchServer, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.lose_answers = 1
    assert run(photos, server, backend=backend) == 2
    assert len(server.batches) == 1
    assert until_done(photos, server, backend=backend) == 0
    assert set(server.handed_in.values()) == {1}


def test_a_batch_that_nobody_knows_any_more_is_handed_in_again(photos: Path, server: BatchServer) -> None:
    assert run(photos, server) == AWAITED
    server.batches["batch_x"] = server.batches.pop("batch_0")
    server.batches["batch_x"].status = "completed"
    assert run(photos, server) == AWAITED
    assert until_done(photos, server) == 0


def test_a_setting_that_the_model_refuses_is_left_out_from_then_on(photos: Path, server: BatchServer) -> None:
    def fate(received: Received) -> list[str] | Refused:
        if "temperature" in received.body:
            return Refused(400, "Unsupported parameter: 'temperature' is not supported with this model.")
        return speak(received)

    assert until_done(photos, server, fate=fate) == 0
    later = [received for batch in list(server.batches.values())[1:] for received in batch.questions.values()]
    assert later
    assert not any("temperature" in received.body for received in later)


def test_the_limit_holds_before_anything_is_handed_in(
    photos: Path, server: BatchServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(photos, server, "--limit-usd", "0.001") == 1
    assert server.batches == {}
    assert "the next questions could pass the limit" in capsys.readouterr().err
    assert until_done(photos, server, "--limit-usd", "5") == 0


def test_pictures_that_come_later_have_a_batch_of_their_own(photos: Path, server: BatchServer) -> None:
    assert run(photos, server) == AWAITED
    Image.new("RGB", (150, 90), "red").save(photos / "late.png")
    assert run(photos, server) == AWAITED
    assert [len(batch.questions) for batch in server.batches.values()] == [15, 5]
    assert until_done(photos, server) == 0
    assert len(captions(photos)) == 4


def test_answers_that_came_by_batch_are_in_the_cache(photos: Path, tmp_path: Path, server: BatchServer) -> None:
    assert until_done(photos, server) == 0
    other = ["--out", str(tmp_path / "other"), "--preset", "fast", *FAST, "--quiet"]
    assert main(["folder", str(photos), *model("openai", server.url), *other]) == 0
    assert captions(tmp_path / "other") == captions(photos)


@pytest.mark.parametrize("backend", [["builtin"], ["openai", "--provider", "openrouter", "--model", "painter"]])
def test_a_model_without_batches_is_refused(
    photos: Path, backend: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["folder", str(photos), "--backend", *backend, "--batch-api"]) == 2
    assert "has no batch interface that is known here: use --backend openai or anthropic" in capsys.readouterr().err


def test_the_captioner_judges_by_batch_too(photos: Path, tmp_path: Path, server: BatchServer) -> None:
    """No probabilities come back by batch, so that a crop's statements are judged in one list."""
    lists: list[str] = []

    def judging(received: Received) -> list[str]:
        assert "logprobs" not in received.body
        if not received.prompt.startswith("Look at the picture and judge"):
            return by_size(received)
        lists.append(received.prompt)
        return [json.dumps({"verdicts": [0.9] * len(re.findall(r"^\d+\. ", received.prompt, re.M))})]

    scenes = tmp_path / "judged.jsonl.gz"
    assert until_done(photos, server, "--scorer", "captioner", "--scenes", scenes, fate=judging, preset="careful") == 0
    assert lists and all(captions(photos).values())
    records = [record for row in read_rows(scenes) for record in row.scene.records if record.stage == "filter"]
    assert sum(record.calls for record in records) == len(lists)
    assert all(record.model.endswith("(verdicts)") for record in records)
