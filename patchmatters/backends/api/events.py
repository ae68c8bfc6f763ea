"""A response as it comes: one JSON object, or server-sent events, whatever its content type says.

Read here and not by the SDKs, which build a model object out of every few letters; that was two thirds of the work
that a streamed answer made for this process. Events end at their own line ends only (CR, LF, CRLF): the other line
ends of Unicode may stand inside a JSON text.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from .shapes import items, mapping
from .wire import CutOff, ErrorInBody, Unreadable

_LINE_END = re.compile(rb"\r\n|\n|\r")
_EVENT_START = re.compile(rb"(?:data|event|id|retry|error)?:", re.I)
_BOM = b"\xef\xbb\xbf"
_END = b"[DONE]"


async def receive(response: Any, on_event: Callable[[Mapping[str, Any]], None]) -> Mapping[str, Any] | None:
    """The object of a response that came in one piece; or None, and `on_event` got each object of a stream.

    Raises Unreadable for what is neither, CutOff for JSON that ends too soon, ErrorInBody for an error that the
    server reports with status 200.
    """
    pieces = response.iter_bytes()
    beginning = await _beginning(pieces)
    if _EVENT_START.match(beginning):
        async for data in _data_of(_from(beginning, pieces)):
            if data == _END:
                break
            on_event(_without_error(_object(data)))
        return None
    body = b"".join([piece async for piece in _from(beginning, pieces)])
    if body[:1] not in (b"{", b"[") and not (_is_json(response) and body):
        if _is_stream(response) and not body:
            return None
        raise Unreadable(response.headers.get("content-type", ""))
    return _without_error(mapping(_parsed(body)))


def _is_json(response: Any) -> bool:
    return "json" in response.headers.get("content-type", "")


def _is_stream(response: Any) -> bool:
    return "event-stream" in response.headers.get("content-type", "")


async def _beginning(pieces: AsyncIterator[bytes]) -> bytes:
    """As much of a body as tells what it is: a first line, without a byte-order mark and blanks before it."""
    start = b""
    async for piece in pieces:
        start += piece
        bare = start.removeprefix(_BOM).lstrip()
        if len(bare) > 6 or _LINE_END.search(bare):
            return bare
    return start.removeprefix(_BOM).lstrip()


async def _from(beginning: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield beginning
    async for piece in pieces:
        yield piece


async def _data_of(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of each event, its lines joined as the specification says; also of a last one without an end."""
    lines: list[bytes] = []
    async for line in _lines(pieces):
        if line:
            lines += _data_in(line)
            continue
        for data in _events_in(lines):
            yield data
        lines = []
    for data in _events_in(lines):
        yield data


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A CR at the end of a piece may be half of a CRLF: it waits for the next piece."""
    rest: list[bytes] = []
    held = b""
    async for piece in pieces:
        arrived = held + piece
        held = b"\r" if arrived.endswith(b"\r") else b""
        *whole, last = _LINE_END.split(arrived[: len(arrived) - len(held)])
        for line in whole:
            yield b"".join((*rest, line))
            rest = []
        rest.append(last)
    yield b"".join(rest)  # without the CR that may still be held: it ends this line


def _data_in(line: bytes) -> list[bytes]:
    name, colon, value = line.partition(b":")
    if name == b"error" and colon:  # older llama.cpp reports its failures so
        return [b'{"error":' + value + b"}"]
    return [value.removeprefix(b" ")] if name == b"data" else []


def _events_in(lines: list[bytes]) -> list[bytes]:
    """One event, or several where a server forgets the empty lines between them."""
    joined = b"\n".join(lines).strip()
    if not joined:
        return []
    if len(lines) > 1 and not _reads(joined):
        alone = [line.strip() for line in lines if line.strip()]
        if all(line == _END or _reads(line) for line in alone):
            return alone
    return [joined]


def _reads(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def _object(data: bytes) -> Mapping[str, Any]:
    return mapping(_parsed(data))


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(_as_text(data))
    except (ValueError, RecursionError):
        raise CutOff() from None


def _as_text(data: bytes) -> str | bytes:
    """JSON is UTF-8; what is not was written by a server in the code page of its system."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
    return data


def _without_error(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body, unless it is an error that came with a status of success."""
    choices = [mapping(choice) for choice in items(body.get("choices"))]
    failed = next((choice["error"] for choice in choices if choice.get("error")), None)
    error = body.get("error") or failed
    if not error and not choices and (body.get("object") == "error" or body.get("detail")):
        error = body
    if error:
        raise ErrorInBody(error if isinstance(error, Mapping) else {"message": error})
    return body
