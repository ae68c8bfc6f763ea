"""What the command prints of each photo: one line, whatever became of it, so that lines and photos stay paired."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass

from ..basics.plain_text import json_safe, one_line
from ..jobs.terminal import complain, say
from ..scene import Scene

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Captioned:
    """A photo by its path as it was given, and what became of it: a caption, or an error that says what to do."""

    path: str
    caption: str = ""
    warnings: tuple[str, ...] = ()
    error: str = ""


def captioned(path: str, scene: Scene) -> Captioned:
    """What became of a photo by its Scene."""
    return Captioned(path, scene.caption_text, scene.warnings, scene.problem)


def hand_out(done: Captioned, as_json: bool) -> None:
    """Print the photo's line: its caption, empty for one that failed, or all about it as a JSON object.

    What failed is said on stderr too. RuntimeError where standard output cannot be written.
    """
    if done.error:
        complain(f"{done.path}: {done.error}")
    for warning in done.warnings:
        log.info("%s: %s", done.path, warning)
    say(json_line(done) if as_json else one_line(done.caption))


def json_line(done: Captioned) -> str:
    """The photo as {"path", "caption", "warnings", "error"}; `error` is null where there is none."""
    body = {
        "path": done.path,
        "caption": done.caption,
        "warnings": list(done.warnings),
        "error": done.error or None,
    }
    return json_safe(json.dumps(body, ensure_ascii=False))
