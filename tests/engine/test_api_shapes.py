"""Answers and errors in the shapes that servers really use: streams, content types, error objects, settings refused."""

from __future__ import annotations

import gzip
import json
import threading
import time
import zlib
from functools import cache
from typing import Any

import pytest

pytest.importorskip("openai", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("anthropic", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("aiohttp", reason="the test server needs aiohttp")

from PIL import Image

from engine.protocol_server import ProtocolServer, Raw, Received, Status
from patchmatters.backends.anthropic_chat import AnthropicSettings
from patchmatters.backends.anthropic_chat import create_uncached as create_claude
from patchmatters.backends.openai_chat import OpenAISettings
from patchmatters.backends.openai_chat import create_uncached as create_openai
from patchmatters.basics.unicode import well_formed
from patchmatters.models import QUIET, Answer, Outcome, Question
from patchmatters.picture import Crop, image_ref

TEXT = "A green boat lies at the quay. Gulls sit on its roof."


def _model(server: ProtocolServer, **settings: Any) -> Any:
    common = {"provider": "custom", "model": "m", "base_url": server.url, "retries": 1, "concurrency": 1}
    return create_openai(OpenAISettings(**{**common, **settings}))


def _claude(server: ProtocolServer, **settings: Any) -> Any:
    return create_claude(AnthropicSettings(model="claude-sonnet-4-6", base_url=server.url, retries=1, **settings))


def _one(model: Any, **question: Any) -> Answer:
    (answer,) = model.answer([Question("q", "Describe.", **question)], QUIET)
    return answer


def _whole(text: Any = TEXT, **choice: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "finish_reason": "stop", "message": message, **choice}]}


def _chunk(text: str, finish: str | None = None) -> str:
    body = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}
    return json.dumps(body, ensure_ascii=False)


# --- streams ---


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\u0085", "\x0c", "\x1c"], ids=lambda mark: f"U+{ord(mark):04X}")
def test_only_its_own_line_ends_split_a_stream(mark: str) -> None:
    told = f"A green boat.{mark}Gulls sit on its roof."
    chunk = json.dumps({"choices": [{"delta": {"content": "@"}, "finish_reason": "stop"}]}).replace("@", told)
    if mark < " ":  # JSON writes these as escapes
        chunk = _chunk(told, "stop")
    with ProtocolServer(lambda received: Raw((f"data: {chunk}\n\n".encode(),), "text/event-stream")) as server:
        assert _one(_model(server)).text == told
    assert len(server.received) == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_stream_is_read_whatever_its_pieces_are(end: str, size: int) -> None:
    lines = ["\ufeff: hello", "", "id: 1", "event: message", 'data: {"choices":[{"index":0,']
    lines += [
        'data: "delta":{"content":"Ein Café \U0001f6a4 "}}]}',
        "",
        f"data:{_chunk('am Kai.', 'stop')}",
        "",
        "data: [DONE]",
        "",
    ]
    content = end.join(lines).encode()
    pieces = tuple(content[start : start + size] for start in range(0, len(content), size))
    with ProtocolServer(lambda received: Raw(pieces, "text/event-stream; charset=utf-8")) as server:
        assert _one(_model(server)).text == "Ein Café \U0001f6a4 am Kai."


def test_events_without_empty_lines_between_them_are_events() -> None:
    lines = (
        "".join(f"data: {_chunk(word)}\n" for word in ("A ", "boat")) + f"data: {_chunk('.', 'stop')}\ndata: [DONE]\n"
    )
    with ProtocolServer(lambda received: Raw((lines.encode(),), "text/event-stream")) as server:
        assert _one(_model(server)).text == "A boat."


@pytest.mark.parametrize("kind", ["text/plain", "text/html", "application/octet-stream", "text/event-stream", None])
def test_a_valid_answer_counts_under_another_content_type(kind: str | None) -> None:
    body = json.dumps(_whole()).encode()
    with ProtocolServer(lambda received: Raw((b"\xef\xbb\xbf \n" + body,), kind)) as server:
        assert _one(_model(server)).text == TEXT
    stream = f"data: {_chunk(TEXT, 'stop')}\n\ndata: [DONE]\n\n".encode()
    other = "application/json" if kind == "text/event-stream" else kind
    with ProtocolServer(lambda received: Raw((stream,), other)) as server:
        assert _one(_model(server)).text == TEXT


@pytest.mark.parametrize(
    "content", [["A green boat", " lies here."], {"type": "text", "text": "A green boat lies here."}]
)
def test_content_in_parts_is_put_together(content: Any) -> None:
    with ProtocolServer(lambda received: Raw((json.dumps(_whole(content)).encode(),))) as server:
        assert _one(_model(server)).text == "A green boat lies here."


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_that_a_server_took_for_thoughts_is_an_answer(name: str, stream: bool) -> None:
    """Servers whose model did not think put all of its text into the field of the thoughts."""
    told = {"role": "assistant", "content": "", name: TEXT}
    body = {"choices": [{"index": 0, "finish_reason": "stop", "delta" if stream else "message": told}]}
    content = json.dumps(body).encode()
    raw = Raw((b"data: " + content + b"\n\n",), "text/event-stream") if stream else Raw((content,))
    with ProtocolServer(lambda received: raw) as server:
        assert _one(_model(server)).text == TEXT


@pytest.mark.parametrize(
    ("thoughts", "finish"),
    [
        ("So the user wants a caption. A green boat, I think.", "stop"),
        ("A green boat lies there. Is it really green?", "stop"),
        ("The boat is green. The caption names the quay too.", "stop"),
        (TEXT, "length"),
    ],
)
def test_thoughts_alone_are_no_answer(thoughts: str, finish: str) -> None:
    message = {"role": "assistant", "content": None, "reasoning_content": thoughts}
    body = {"choices": [{"index": 0, "finish_reason": finish, "message": message}]}
    with ProtocolServer(lambda received: Raw((json.dumps(body).encode(),))) as server:
        answer = _one(_model(server))
    assert answer.outcome is Outcome.FAILURE
    assert "switch thinking off" in answer.detail


@pytest.mark.parametrize("end", ["</s>", "<|end|><|endoftext|>" * 9])
def test_an_end_token_at_the_limit_cuts_no_sentence_off(end: str) -> None:
    body = json.dumps(_whole(TEXT + end, finish_reason="length")).encode()
    with ProtocolServer(lambda received: Raw((body,))) as server:
        assert _one(_model(server)).text == TEXT


def test_json_in_another_code_page_is_read() -> None:
    body = json.dumps(_whole("Ein Boot am Kai vor dem Caf\u00e9."), ensure_ascii=False).encode("cp1252")
    with ProtocolServer(lambda received: Raw((body,))) as server:
        assert _one(_model(server)).text == "Ein Boot am Kai vor dem Caf\u00e9."
    assert len(server.received) == 1


# --- half an emoji ---


def test_halves_of_a_character_are_joined_or_dropped() -> None:
    assert well_formed("a \ud83d\ude00 b") == "a \U0001f600 b"
    assert well_formed("a\ud83d") == "a"
    assert well_formed("\ude00a\ud83d b") == "a b"
    chunks = [
        f"data: {json.dumps({'choices': [{'delta': {'content': half}}]})}\n\n" for half in ("A boat \ud83d", "\udea4.")
    ]
    ends = [
        "",
        f"data: {json.dumps({'choices': [{'delta': {'content': ' ' + chr(0xD83D)}, 'finish_reason': 'stop'}]})}\n\n",
    ]
    with ProtocolServer(lambda received: Raw(("".join(chunks + ends).encode(),), "text/event-stream")) as server:
        assert _one(_model(server)).text == "A boat \U0001f6a4. "


@pytest.mark.parametrize("way", ["openai", "anthropic"])
def test_half_a_character_in_a_question_stops_nothing(way: str) -> None:
    with ProtocolServer(lambda received: TEXT) as server:
        model = (_model if way == "openai" else _claude)(server)
        question = Question("p\udea4: left", "Describe \ud83d it, \ud83d\udea4.", prefix="Be \udc00 brief.")
        assert [answer.text for answer in model.answer([question], QUIET)] == [TEXT]
    assert server.received[0].prompt == "Be  brief.\n\nDescribe  it, \U0001f6a4."


# --- bodies without an end ---


@cache
def _bomb() -> tuple[bytes, ...]:
    machine = zlib.compressobj(9, wbits=31)
    return (*(machine.compress(b" " * 2**20) for _ in range(100)), machine.flush())


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_packed_bomb_is_broken_off(status: int) -> None:
    raw = Raw(_bomb(), headers={"Content-Encoding": "gzip"}, status=status)
    with ProtocolServer(lambda received: raw) as server:
        answer = _one(_model(server, retries=0))
    assert answer.outcome is Outcome.FAILURE
    assert "more than 16 MiB" in answer.detail
    packed = gzip.compress(json.dumps(_whole()).encode())
    with ProtocolServer(lambda received: Raw((packed,), headers={"Content-Encoding": "gzip"})) as server:
        assert _one(_model(server)).text == TEXT


# --- errors in other shapes ---

_DETAIL = [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted", "input": 1}]
_SHAPES = {
    "FastAPI": {"detail": _DETAIL},
    "Mistral": {"object": "error", "message": {"detail": _DETAIL}, "type": "invalid_request_error", "code": None},
    "Mistral's text": {"object": "error", "message": json.dumps({"detail": _DETAIL})},
    "list": {"object": "Error", "message": _DETAIL, "code": 3001},
    "Gemini's list": [{"error": {"code": 400, "message": "Invalid JSON payload: Unknown name 'seed'"}}],
    "plain": {"error": "Unrecognized request argument supplied: seed"},
}


@pytest.mark.parametrize("shape", _SHAPES)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_setting_is_found_in_any_shape_and_left_out_once(shape: str, status: int) -> None:
    def script(received: Received) -> str | Status:
        return Status(status, _SHAPES[shape]) if "seed" in received.body else TEXT

    with ProtocolServer(script) as server:
        model = _model(server)
        assert [_one(model).text for _ in range(3)] == [TEXT] * 3
    assert len(server.received) == 4


def test_the_words_of_a_server_are_told_in_any_shape() -> None:
    body = {"detail": [{"loc": ["body", "messages", 0], "msg": "Too many pictures\x1b[31m"}]}
    with ProtocolServer(lambda received: Status(422, body)) as server:
        assert "(messages.0: Too many pictures [31m)" in _one(_model(server)).detail


def test_a_refused_stream_is_done_without() -> None:
    refusal = Status(400, {"error": {"message": "stream is not supported for this model", "param": "stream"}})
    with ProtocolServer(lambda received: refusal if received.streams else TEXT) as server:
        assert _one(_model(server)).text == TEXT
    assert "stream_options" not in server.received[-1].body


def test_a_server_that_takes_base64_alone_gets_it() -> None:
    """What such a server says of a data URI, in two wordings; one that says so of both is given up."""
    picture = Image.new("RGB", (64, 48), "green")
    crop = Crop(image_ref(picture, "p").digest, image_ref(picture, "p").box, picture)
    words = iter(["the image url must be base64-encoded", "illegal base64 data at input byte 4"])

    def script(received: Received) -> str | Status:
        url = received.body["messages"][0]["content"][0]["image_url"]["url"]
        return Status(400, {"error": next(words)}) if url.startswith("data:") else TEXT

    for _ in range(2):
        with ProtocolServer(script) as server:
            model = _model(server)
            assert [_one(model, images=(crop,)).text for _ in range(2)] == [TEXT] * 2
        assert len(server.received) == 3
    with ProtocolServer(lambda received: Status(400, {"error": "not a base64 encoded image"})) as server:
        answer = _one(_model(server), images=(crop,))
    assert answer.outcome is Outcome.FAILURE
    assert "not a base64 encoded image" in answer.detail
    assert len(server.received) == 2


@pytest.mark.parametrize("status", [400, 500])
def test_a_schema_that_a_server_cannot_read_is_asked_for_once(status: int) -> None:
    refusal = Status(status, {"error": {"message": "Failed to initialize samplers: failed to parse grammar"}})
    with ProtocolServer(lambda received: refusal if "response_format" in received.body else TEXT) as server:
        model = _model(server, retries=3)
        schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
        assert [_one(model, schema=schema).text for _ in range(3)] == [TEXT] * 3
    assert len(server.received) == 4


@pytest.mark.parametrize("way", ["openai", "anthropic"])
def test_a_setting_that_is_refused_again_is_an_error_and_no_storm(way: str) -> None:
    refusal = Status(400, {"error": {"message": "max_tokens is not supported", "param": "max_tokens"}})
    with ProtocolServer(lambda received: refusal) as server:
        answer = _one((_model if way == "openai" else _claude)(server))
    assert answer.outcome is Outcome.FAILURE
    assert "max_tokens" in answer.detail
    assert len(server.received) + len(server.violations) <= 4


_INSIDE = {
    "context": ({"error": {"code": 400, "message": "exceeds the available context size"}}, "lower max_edge", 1),
    "text": ({"error": "model runner has unexpectedly stopped"}, "model runner has unexpectedly stopped", 2),
    "object": ({"object": "error", "message": "Prompt length is longer than the maximum model length", "code": 40303},
               "Prompt length", 1),
    "upstream": ({"choices": None, "error": {"message": "Provider returned error", "code": 429,
                  "metadata": {"raw": "Too Many Requests"}}}, "Too Many Requests", 2),
    "choice": (_whole("", error={"message": "Upstream overloaded", "code": 503}), "Upstream overloaded", 2),
}  # fmt: skip


@pytest.mark.parametrize("case", _INSIDE)
@pytest.mark.parametrize("stream", [True, False])
def test_an_error_with_status_200_is_told_and_asked_again_where_it_may_pass(case: str, stream: bool) -> None:
    body, words, asked = _INSIDE[case]
    content = json.dumps(body).encode()
    raw = Raw((b"data: " + content + b"\n\n",), "text/event-stream") if stream else Raw((content,))
    with ProtocolServer(lambda received: raw) as server:
        answer = _one(_model(server, stream=stream))
    assert answer.outcome is Outcome.FAILURE
    assert words in answer.detail
    assert len(server.received) == asked
    turn = iter([raw])
    with ProtocolServer(lambda received: next(turn, TEXT)) as server:
        passed = _one(_model(server, stream=stream))
    assert (passed.text == TEXT) == (asked == 2)


# --- servers that answer one question after the other ---


def _one_slot(pause_s: float) -> Any:
    """A script that blocks nobody else: the queue is in the server, as with llama.cpp and one slot."""
    slot = threading.Lock()

    def script(received: Received) -> Raw:
        with slot:
            time.sleep(pause_s)
        return Raw((json.dumps(_whole()).encode(),))

    return script


def test_the_queue_of_a_local_server_is_no_slow_answer() -> None:
    """Fourteen answers of 0.4 s, one after the other: longer than the limit together, and none alone."""
    with ProtocolServer(_one_slot(0.4)) as server:
        model = _model(server, concurrency=14, timeout_s=5.0, stream=False)
        answers = model.answer([Question(f"q{n}", f"{n}") for n in range(14)], QUIET)
    assert [answer.text for answer in answers] == [TEXT] * 14
    assert len(server.received) == 14
    assert server.most_in_flight <= 4  # what brought nothing was taken back


def test_words_that_arrive_renew_the_time() -> None:
    chunks = [*(_chunk(f"{n} ") for n in range(12)), _chunk(".", "stop")]
    pieces = tuple(f"data: {chunk}\n\n".encode() for chunk in chunks)
    with ProtocolServer(lambda received: Raw(pieces, "text/event-stream", pause_s=0.25)) as server:
        assert _one(_model(server, timeout_s=3.0)).outcome is Outcome.ANSWER
    assert len(server.received) == 1


def test_a_local_server_starts_with_few_requests_and_gets_more_where_that_brings_more() -> None:
    with ProtocolServer(delay_s=0.1) as server:
        _model(server, concurrency=16).answer([Question(f"q{n}", f"{n}") for n in range(80)], QUIET)
        in_first_answer = max(count for _, count in server.busy[:3])
    assert in_first_answer <= 2
    assert server.most_in_flight > 4
