"""What a sensible model says to each of the engine's instructions: the script of a test server for whole runs."""

from __future__ import annotations

import json
import re

from engine.protocol_server import Received

AGREED = "A red house stands on a hill."
_EXTRA = ("A wooden fence runs along the path.", "Two crows sit on the roof.", "Smoke rises from the chimney.")


def speak(received: Received) -> list[str]:
    """One text per wanted choice."""
    for beginning, reply in _REPLIES.items():
        if received.prompt.startswith(beginning):
            return [reply(received.prompt)] * received.choices
    return [f"{AGREED} {_EXTRA[(_number(received) + n) % len(_EXTRA)]}" for n in range(received.choices)]


def _number(received: Received) -> int:
    """Another one for each seed, where the protocol has seeds."""
    return received.body.get("seed", 0)


def _sentences(text: str) -> list[str]:
    return re.findall(r"[A-Z][^.]*\.", text)


def _compare(prompt: str) -> str:
    lines = re.findall(r"^\d+\. (.*)$", prompt.rpartition("Passages:\n")[2], re.M)
    places: dict[str, list[int]] = {}
    for number, line in enumerate(lines, 1):
        for sentence in dict.fromkeys(_sentences(line)):
            places.setdefault(sentence, []).append(number)
    same = [{"statement": text, "passages": found} for text, found in places.items() if len(found) > 1]
    unique = [{"statement": text, "passage": found[0]} for text, found in places.items() if len(found) == 1]
    return json.dumps({"same": same, "contradictory": [], "unique": unique})


def _choose(prompt: str) -> str:
    labels = json.loads(prompt.rpartition("Labels: ")[2].splitlines()[0])
    return json.dumps({"labels": labels[:1]})


def _merge(prompt: str) -> str:
    listed = prompt.rpartition("Reliable statements:\n")[2].partition("\n\nPassages:")[0]
    return " ".join(line.removeprefix("- ") for line in listed.splitlines())


def _improve(prompt: str) -> str:
    return " ".join(dict.fromkeys(_sentences(prompt.partition("Caption: ")[2])))


_REPLIES = {
    "You get numbered passages": _compare,
    "You get a short caption": _choose,
    "You write the description": _merge,
    "You improve the caption": _improve,
}
