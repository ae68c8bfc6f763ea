"""A local server that speaks OpenAI's chat completions and Anthropic's messages, strictly, and fails on demand.

It runs in a thread of its own. Every request is checked (fields, picture bytes, headers) and recorded; what breaks the
protocol is answered with 400 and kept in `violations`. `script` says for each request what to do: answer with a text,
or one of the `Fault`s. `delivered` counts the whole answers that left, by question, so that a test can tell what was
paid for twice.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from aiohttp import web
from PIL import Image

from engine.local_server import LocalServer


class Fault(str, Enum):
    """What can go wrong. The first group passes when asked again, if the script lets it."""

    RATE_LIMIT = "429 with Retry-After"
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    OVERLOADED = "529"
    RESET = "connection reset before the answer"
    RESET_MIDDLE = "connection reset in the answer"
    CUT_STREAM = "stream that ends in the middle"
    STREAM_ERROR = "error event in the stream"
    TRUNCATED_JSON = "JSON that ends in the middle"
    GATEWAY_PAGE = "502 with an HTML page"
    SLOW = "one byte at a time, without end"
    WRONG_TYPE = "200 as text/plain"
    HTML_PAGE = "200 with an HTML page"
    JSON_LIST = "200 with a JSON list"
    EMPTY_CHOICES = "no choices"
    EMPTY_TEXT = "an empty answer"
    REFUSAL = "a refusal field"
    APOLOGY = "an apology as text"
    CONTENT_FILTER = "content filter"
    THOUGHTS_ONLY = "all tokens used for thinking"
    THINK_BLOCK = "a think block before the answer"
    REASONING_FIELD = "thoughts in a field of their own"
    ROLE_PREFIX = "a role before the answer"
    BAD_REQUEST = "400"
    TOO_LARGE = "413"


PASSING = tuple(Fault)[: tuple(Fault).index(Fault.SLOW)]
ANSWERED = (Fault.THINK_BLOCK, Fault.REASONING_FIELD, Fault.ROLE_PREFIX)


@dataclass(frozen=True)
class Received:
    """A request as the server understood it."""

    protocol: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    prompt: str
    images: tuple[tuple[int, int], ...] = ()
    at: float = 0.0

    @property
    def choices(self) -> int:
        return self.body.get("n") or 1

    @property
    def streams(self) -> bool:
        return bool(self.body.get("stream"))


@dataclass(frozen=True)
class Status:
    """An error status with a body, as a script may ask for it."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """A response byte by byte as it leaves: `pieces` with pauses between them."""

    pieces: tuple[bytes, ...]
    content_type: str | None = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    pause_s: float = 0.0


@dataclass(frozen=True)
class Weighed:
    """An answer token by token, each with how likely it and others were there; told only to those who ask for it.

    `older` tells it in the form of the older text completions, in which some servers answer; `told` False not at all.
    """

    places: tuple[tuple[str, Mapping[str, float]], ...]
    finish: str = "stop"
    older: bool = False
    told: bool = True

    @property
    def text(self) -> str:
        return "".join(token for token, _ in self.places)


Script = Callable[[Received], "str | list[str] | Fault | Status | Raw | Weighed"]


class Violation(Exception):
    """A request that breaks the protocol."""


@dataclass
class ProtocolServer(LocalServer):
    script: Script = lambda received: "A red house stands on a hill."
    delay_s: float = 0.0
    check_images: bool = True
    routes: Mapping[str, Any] = field(default_factory=dict)  # path -> JSON, for model lists and the like
    received: list[Received] = field(default_factory=list)
    other_requests: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    delivered: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0
    closed_early: int = 0
    port: int = 0
    busy: list[tuple[float, int]] = field(default_factory=list)  # when, and how many in flight from then on

    leaves_unheard = True

    def application(self) -> web.Application:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    # --- requests ---

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        protocol = {"/chat/completions": "openai", "/messages": "anthropic"}.get(
            "/" + request.path.partition("/v1/")[2], ""
        )
        if request.method != "POST" or not protocol:
            return self._other(request)
        self._count(+1)
        try:
            return await self._chat(request, protocol)
        except asyncio.CancelledError:
            self.closed_early += 1
            raise
        finally:
            self._count(-1)

    def _count(self, step: int) -> None:
        self.in_flight += step
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.busy.append((time.perf_counter(), self.in_flight))

    def _other(self, request: web.Request) -> web.Response:
        self.other_requests.append((request.path, dict(request.headers)))
        if request.path in self.routes:
            return web.json_response(self.routes[request.path])
        return web.json_response({"error": {"message": "no such path", "type": "not_found"}}, status=404)

    async def _chat(self, request: web.Request, protocol: str) -> web.StreamResponse:
        try:
            received = await self._read(request, protocol)
        except Violation as violation:
            self.violations.append(str(violation))
            return _error(protocol, 400, f"protocol violation: {violation}")
        self.received.append(received)
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        what = self.script(received)
        if isinstance(what, Status):
            return web.json_response(what.body, status=what.status, headers=dict(what.headers))
        if isinstance(what, Raw):
            return await _raw(request, what)
        if isinstance(what, Weighed):
            return await self._weighed(request, received, what)
        if isinstance(what, Fault):
            return await _FAULTS.get(what, _answer_of_fault)(self, request, received, what)
        return await self.deliver(request, received, [what] * received.choices if isinstance(what, str) else what)

    async def _read(self, request: web.Request, protocol: str) -> Received:
        if request.content_type != "application/json":
            raise Violation(f"content type {request.content_type}")
        try:
            body = await request.json()
        except ValueError:
            raise Violation("the body is not JSON") from None
        prompt, images = _CHECKS[protocol](body, request.headers, check_images=self.check_images)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return Received(protocol, request.path, headers, body, prompt, tuple(images), time.perf_counter())

    # --- answers ---

    async def _weighed(self, request: web.Request, received: Received, what: Weighed) -> web.StreamResponse:
        """An answer with the log-probabilities of its tokens, in a stream each with its own."""
        self.delivered[received.prompt] += 1
        if received.streams:
            return await _stream(request, _weighed_stream(received, what))
        body = _openai_body(received, [what.text], what.finish)
        body["choices"][0]["logprobs"] = _logprobs(received, what, what.places)
        return web.json_response(body)

    async def deliver(
        self, request: web.Request, received: Received, texts: list[str], **details: Any
    ) -> web.StreamResponse:
        """A whole and right answer."""
        make = _openai_stream if received.protocol == "openai" else _anthropic_stream
        if received.streams:
            response = await _stream(request, make(received, texts, **details))
        else:
            make = _openai_body if received.protocol == "openai" else _anthropic_body
            response = web.json_response(make(received, texts, **details))
            await response.prepare(request)
            await response.write_eof()
        if not details:
            self.delivered[received.prompt] += 1
        return response


# --- checking what arrives -------------------------------------------------------------------------------------------


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise Violation(message)


def _check_openai(body: Any, headers: Mapping[str, str], *, check_images: bool) -> tuple[str, list[tuple[int, int]]]:
    known = {
        "model", "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "n", "seed", "stream",
        "stream_options", "response_format", "reasoning_effort", "thinking", "do_sample", "reasoning",
        "chat_template_kwargs", "enable_thinking", "logprobs", "top_logprobs",
    }  # fmt: skip
    _check_common(body, known)
    _require("max_tokens" not in body or "max_completion_tokens" not in body, "two token limits")
    limit = body.get("max_tokens", body.get("max_completion_tokens"))
    _require(isinstance(limit, int) and limit > 0, "no token limit")
    _require(isinstance(body.get("n", 1), int) and 1 <= body.get("n", 1) <= 128, "n is not 1 to 128")
    _require(isinstance(body.get("seed", 0), int) and 0 <= body.get("seed", 0) < 2**32, "seed is not 32 bits")
    most = body.get("logprobs", False)  # the older form has the number here, as Together still does
    _require(isinstance(most, (bool, int)) and 0 <= most <= 20, "logprobs is neither a boolean nor 0 to 20")
    _require("top_logprobs" not in body or most is True, "top_logprobs without logprobs")
    _require(0 <= body.get("top_logprobs", 0) <= 20, "top_logprobs is not 0 to 20")
    _require("stream_options" not in body or body.get("stream") is True, "stream_options without stream")
    form = body.get("response_format", {"type": "text"})
    _require(form.get("type") in ("text", "json_object", "json_schema"), "unknown response_format")
    if form["type"] == "json_schema":
        _require(
            bool(form["json_schema"].get("name")) and isinstance(form["json_schema"].get("schema"), dict), "schema"
        )
    return _parts(body["messages"][-1]["content"], _openai_image, check_images=check_images)


def _check_anthropic(body: Any, headers: Mapping[str, str], *, check_images: bool) -> tuple[str, list[tuple[int, int]]]:
    known = {"model", "messages", "max_tokens", "system", "temperature", "top_p", "stream", "output_config", "thinking"}
    _check_common(body, known)
    _require("anthropic-version" in headers, "no anthropic-version")
    _require(isinstance(body.get("max_tokens"), int) and body["max_tokens"] > 0, "no max_tokens")
    _require(not {"temperature", "top_p"} <= set(body), "temperature and top_p together")
    prompt, images = _parts(body["messages"][-1]["content"], _anthropic_image, check_images=check_images)
    system = "".join(block["text"] for block in body.get("system", []))
    return f"{system}\n\n{prompt}" if system else prompt, images


def _check_common(body: Any, known: set[str]) -> None:
    _require(isinstance(body, dict), "the body is no object")
    _require(set(body) <= known, f"unknown fields {sorted(set(body) - known)}")
    _require(isinstance(body.get("model"), str) and bool(body["model"]), "no model")
    _require(isinstance(body.get("messages"), list) and bool(body["messages"]), "no messages")
    _require(all(message.get("role") in ("user", "system", "assistant") for message in body["messages"]), "bad role")
    _require(0 <= body.get("temperature", 0) <= 2 and 0 <= body.get("top_p", 1) <= 1, "bad sampling")


def _parts(content: Any, image_data: Callable[[Any], str], *, check_images: bool) -> tuple[str, list[tuple[int, int]]]:
    if isinstance(content, str):
        return content, []
    texts = [part["text"] for part in content if part.get("type") == "text"]
    pictures = [image_data(part) for part in content if part.get("type") != "text"]
    return "\n\n".join(texts), [_size(data) for data in pictures] if check_images else [(0, 0)] * len(pictures)


def _openai_image(part: Any) -> str:
    _require(part.get("type") == "image_url" and set(part["image_url"]) <= {"url", "detail"}, "bad image part")
    return part["image_url"]["url"].removeprefix("data:image/jpeg;base64,")


def _anthropic_image(part: Any) -> str:
    source = part.get("source", {})
    _require(part.get("type") == "image" and source.get("type") == "base64", "bad image part")
    _require(source.get("media_type") == "image/jpeg" and len(source["data"]) <= 5 * 2**20, "bad image source")
    return source["data"]


def _size(data: str) -> tuple[int, int]:
    """Width and height of a picture that really decodes."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as picture:
            picture.load()
            return picture.size
    except (binascii.Error, OSError) as error:
        raise Violation(f"a picture does not decode ({error})") from None


_CHECKS = {"openai": _check_openai, "anthropic": _check_anthropic}


def checked(protocol: str, body: Any, headers: Mapping[str, str], path: str = "") -> Received:
    """A request's body as the server understands it. Violation for what breaks the protocol."""
    prompt, images = _CHECKS[protocol](body, headers, check_images=True)
    return Received(protocol, path, dict(headers), body, prompt, tuple(images))


def whole_body(received: Received, texts: list[str]) -> dict[str, Any]:
    """The body of an answer in one piece."""
    return (_openai_body if received.protocol == "openai" else _anthropic_body)(received, texts)


# --- writing answers -------------------------------------------------------------------------------------------------


def _usage(received: Received, texts: list[str]) -> tuple[int, int]:
    return len(received.prompt.split()) + 100 * len(received.images), sum(len(text.split()) for text in texts)


def _openai_body(
    received: Received, texts: list[str], finish: str = "stop", message: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    asked, said = _usage(received, texts)
    choices = [
        {
            "index": number,
            "message": {"role": "assistant", "content": text, **(message or {})},
            "finish_reason": finish,
            "logprobs": None,
        }
        for number, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": received.body["model"]}
    return {**head, "choices": choices, "usage": usage}


def _openai_stream(
    received: Received, texts: list[str], finish: str = "stop", message: Mapping[str, Any] | None = None
) -> list[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": received.body["model"]}

    def chunk(number: int, delta: Mapping[str, Any], ending: str | None = None) -> bytes:
        return _event({**head, "choices": [{"index": number, "delta": delta, "finish_reason": ending}]})

    events = [chunk(number, {"role": "assistant", "content": "", **(message or {})}) for number in range(len(texts))]
    pieces = [_pieces(text) for text in texts]
    for step in range(max(map(len, pieces), default=0)):  # the candidates arrive interleaved
        events += [chunk(n, {"content": piece[step]}) for n, piece in enumerate(pieces) if step < len(piece)]
    events += [chunk(number, {}, finish) for number in range(len(texts))]
    if received.body.get("stream_options", {}).get("include_usage"):
        usage = _openai_body(received, texts)["usage"]
        events.append(_event({**head, "choices": [], "usage": usage}))
    return [*events, b"data: [DONE]\n\n"]


def _weighed_stream(received: Received, what: Weighed) -> list[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": received.body["model"]}
    choices = [
        {"index": 0, "delta": {"content": token}, "finish_reason": None, "logprobs": _logprobs(received, what, [place])}
        for place in what.places
        for token, _ in (place,)
    ]
    choices.append({"index": 0, "delta": {}, "finish_reason": what.finish, "logprobs": None})
    events = [_event({**head, "choices": [choice]}) for choice in choices]
    if received.body.get("stream_options", {}).get("include_usage"):
        usage = _openai_body(received, [what.text])["usage"]
        events.append(_event({**head, "choices": [], "usage": usage}))
    return [*events, b"data: [DONE]\n\n"]


def _logprobs(
    received: Received, what: Weighed, places: Sequence[tuple[str, Mapping[str, float]]]
) -> dict[str, Any] | None:
    """The log-probabilities of some places, the likeliest first and as many as are wanted; null for who wants none."""
    if not (received.body.get("logprobs") and what.told):
        return None
    asked = received.body["logprobs"]
    most = received.body.get("top_logprobs", 0) if asked is True else asked
    tops = [
        sorted(((token, math.log(chance)) for token, chance in chances.items()), key=lambda one: -one[1])[:most]
        for _, chances in places
    ]
    chosen = [math.log(chances.get(token, 1.0)) for token, chances in places]
    if what.older:
        names = [token for token, _ in places]
        return {"tokens": names, "token_logprobs": chosen, "top_logprobs": [dict(top) for top in tops]}
    entries = [
        {"token": token, "logprob": value, "bytes": None, "top_logprobs": [
            {"token": other, "logprob": chance, "bytes": None} for other, chance in top
        ]}
        for (token, _), value, top in zip(places, chosen, tops, strict=True)
    ]  # fmt: skip
    return {"content": entries, "refusal": None}


def _pieces(text: str) -> list[str]:
    return [text[start : start + 12] for start in range(0, len(text), 12)]


def _anthropic_body(
    received: Received, texts: list[str], finish: str = "end_turn", message: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    asked, said = _usage(received, texts)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": received.body["model"],
        "content": [{"type": "text", "text": text} for text in texts],
        "stop_reason": finish,
        "stop_sequence": None,
        "usage": {"input_tokens": asked, "output_tokens": said},
        **(message or {}),
    }


def _anthropic_stream(
    received: Received, texts: list[str], finish: str = "end_turn", message: Mapping[str, Any] | None = None
) -> list[bytes]:
    body = _anthropic_body(received, texts, finish, message)
    start = {**body, "content": [], "stop_reason": None, "usage": {**body["usage"], "output_tokens": 1}}
    events: list[tuple[str, dict[str, Any]]] = [("message_start", {"message": start}), ("ping", {})]
    for number, block in enumerate(body["content"]):
        opened = {**block, "text": ""} if block["type"] == "text" else block
        events.append(("content_block_start", {"index": number, "content_block": opened}))
        pieces = _pieces(block["text"]) if block["type"] == "text" else []
        events += [
            ("content_block_delta", {"index": number, "delta": {"type": "text_delta", "text": piece}})
            for piece in pieces
        ]
        events.append(("content_block_stop", {"index": number}))
    ending = {"stop_reason": finish, "stop_sequence": None, "stop_details": (message or {}).get("stop_details")}
    events.append(("message_delta", {"delta": ending, "usage": {"output_tokens": body["usage"]["output_tokens"]}}))
    events.append(("message_stop", {}))
    return [_event({"type": kind, **data}, kind) for kind, data in events]


def _event(data: Mapping[str, Any], kind: str = "") -> bytes:
    return (f"event: {kind}\n" if kind else "").encode() + f"data: {json.dumps(data)}\n\n".encode()


async def _stream(
    request: web.Request, events: list[bytes], *, stop_after: int | None = None, abort: bool = False
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    await response.write(b"".join(events[:stop_after]))
    if abort:
        await asyncio.sleep(0.01)
        request.transport.abort()
        return response
    await response.write_eof()
    return response


def _error(protocol: str, status: int, message: str, **more: Any) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", **more}
    body = {"error": error} if protocol == "openai" else {"type": "error", "error": error}
    return web.json_response(body, status=status)


async def _raw(request: web.Request, what: Raw) -> web.StreamResponse:
    response = web.StreamResponse(status=what.status, headers=dict(what.headers))
    response.content_type = what.content_type or "application/octet-stream"
    if what.content_type is None:
        del response.headers["Content-Type"]
    await response.prepare(request)
    for piece in what.pieces:
        await response.write(piece)
        await asyncio.sleep(what.pause_s)
    await response.write_eof()
    return response


# --- faults ----------------------------------------------------------------------------------------------------------


async def _status(server: ProtocolServer, request: web.Request, received: Received, fault: Fault) -> web.StreamResponse:
    status = {
        Fault.RATE_LIMIT: 429, Fault.SERVER_ERROR: 500, Fault.UNAVAILABLE: 503, Fault.OVERLOADED: 529,
        Fault.BAD_REQUEST: 400, Fault.TOO_LARGE: 413,
    }[fault]  # fmt: skip
    response = _error(received.protocol, status, f"injected: {fault.value}")
    if status in (429, 500, 503, 529):
        response.headers["Retry-After"] = "1" if fault is Fault.RATE_LIMIT else "0"
        response.headers["retry-after-ms"] = "40"
    return response


async def _page(server: ProtocolServer, request: web.Request, received: Received, fault: Fault) -> web.StreamResponse:
    page = "<!doctype html><html><body><h1>Sign in to the network</h1></body></html>"
    if fault is Fault.WRONG_TYPE:
        return web.Response(text="A red house stands on a hill.", content_type="text/plain")
    status = 502 if fault is Fault.GATEWAY_PAGE else 200
    return web.Response(text=page, content_type="text/html", status=status, headers={"retry-after-ms": "40"})


async def _reset(server: ProtocolServer, request: web.Request, received: Received, fault: Fault) -> web.StreamResponse:
    request.transport.abort()
    return web.Response()


async def _half(server: ProtocolServer, request: web.Request, received: Received, fault: Fault) -> web.StreamResponse:
    """The first half of an answer, then nothing, a reset, or an error."""
    text = "A red house stands on a hill, and beside it grows an old oak tree."
    if not received.streams:
        return await _half_body(request, received, text, fault)
    make = _openai_stream if received.protocol == "openai" else _anthropic_stream
    events = make(received, [text])
    if fault is Fault.STREAM_ERROR:
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "injected in the stream"}}
        return await _stream(request, [*events[:4], _event(error, "error" if received.protocol == "anthropic" else "")])
    return await _stream(request, events, stop_after=4, abort=fault is Fault.RESET_MIDDLE)


async def _half_body(request: web.Request, received: Received, text: str, fault: Fault) -> web.StreamResponse:
    make = _openai_body if received.protocol == "openai" else _anthropic_body
    content = json.dumps(make(received, [text])).encode()
    if fault is Fault.RESET_MIDDLE:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(content))})
        await response.prepare(request)
        await response.write(content[: len(content) // 2])
        await asyncio.sleep(0.01)
        request.transport.abort()
        return response
    return web.Response(body=content[: len(content) // 2], content_type="application/json")


async def _drip(server: ProtocolServer, request: web.Request, received: Received, fault: Fault) -> web.StreamResponse:
    kind = "text/event-stream" if received.streams else "application/json"
    response = web.StreamResponse(headers={"Content-Type": kind})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.05)


async def _list(server: ProtocolServer, request: web.Request, received: Received, fault: Fault) -> web.StreamResponse:
    return web.json_response([1, 2, 3])


_REASONS = {"content_filter": "refusal", "length": "max_tokens", "stop": "end_turn"}  # OpenAI's word, Anthropic's


async def _answer_of_fault(
    server: ProtocolServer, request: web.Request, received: Received, fault: Fault
) -> web.StreamResponse:
    """Faults that are well-formed answers."""
    openai = received.protocol == "openai"
    texts, finish, message = {
        Fault.EMPTY_CHOICES: ([], "stop", None),
        Fault.EMPTY_TEXT: ([""], "stop", None),
        Fault.REFUSAL: ([""], "stop" if openai else "content_filter", _refusal(openai)),
        Fault.APOLOGY: (["I'm sorry, but I can't help with identifying people in images."], "stop", None),
        Fault.CONTENT_FILTER: (["A red"], "content_filter", None),
        Fault.THOUGHTS_ONLY: ([""], "length", {"reasoning_content": "Let me think."} if openai else None),
        Fault.THINK_BLOCK: (["<think>Is it red? Yes.</think>A red house stands on a hill."], "stop", None),
        Fault.REASONING_FIELD: (
            ["A red house stands on a hill."], "stop", {"reasoning_content": "Is it red?"} if openai else None
        ),
        Fault.ROLE_PREFIX: (["ASSISTANT: This image shows a red house on a hill."], "stop", None),
    }[fault]  # fmt: skip
    response = await server.deliver(
        request, received, texts, finish=finish if openai else _REASONS[finish], message=message
    )
    if fault in ANSWERED:
        server.delivered[received.prompt] += 1
    return response


def _refusal(openai: bool) -> Mapping[str, Any]:
    if openai:
        return {"content": None, "refusal": "I cannot describe this."}
    return {"stop_details": {"type": "refusal", "category": None, "explanation": "I cannot describe this."}}


_FAULTS: Mapping[Fault, Callable[..., Any]] = {
    **dict.fromkeys(
        (Fault.RATE_LIMIT, Fault.SERVER_ERROR, Fault.UNAVAILABLE, Fault.OVERLOADED, Fault.BAD_REQUEST, Fault.TOO_LARGE),
        _status,
    ),
    **dict.fromkeys((Fault.GATEWAY_PAGE, Fault.HTML_PAGE, Fault.WRONG_TYPE), _page),
    **dict.fromkeys((Fault.RESET_MIDDLE, Fault.CUT_STREAM, Fault.STREAM_ERROR, Fault.TRUNCATED_JSON), _half),
    Fault.RESET: _reset,
    Fault.SLOW: _drip,
    Fault.JSON_LIST: _list,
}
