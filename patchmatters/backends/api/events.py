"""Server-sent events, as chat streams use them: one JSON object per event.

Read here and not by the SDKs, which build a model object out of every few letters; that was two thirds of the work
that a streamed answer made for this process.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from .replies import mapping, text
from .wire import CutOff, StreamTrouble, Unreadable


async def events_of(response: Any) -> AsyncIterator[Mapping[str, Any]]:
    """The objects of a stream, until its end or `[DONE]`.

    StreamTrouble for an error that the provider reports in it, CutOff for data that is no JSON.
    """
    async for line in response.iter_lines():
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            return
        if data:
            yield _object(data)


def _object(data: str) -> Mapping[str, Any]:
    try:
        event = mapping(json.loads(data))
    except ValueError:
        raise CutOff() from None
    if event.get("error"):
        error = event["error"]
        raise StreamTrouble(text(error) or text(mapping(error).get("message")))
    return event


async def read_json(response: Any) -> Mapping[str, Any]:
    """A response that came in one piece. Unreadable for what is no JSON; CutOff for JSON that ends too soon."""
    content_type = response.headers.get("content-type", "")
    if "json" not in content_type:
        raise Unreadable(content_type)
    try:
        return mapping(json.loads(await response.read()))
    except ValueError:
        raise CutOff() from None


def is_stream(response: Any) -> bool:
    """Some servers ignore the wish to stream and answer in one piece."""
    return "event-stream" in response.headers.get("content-type", "")
