"""Text on its way to people: no control sequence reaches a terminal, no half character an encoder."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

# C0 but for tab and line feed, DEL and C1 (of which a terminal takes "\\x9b" for the start of a sequence), and what
# turns the direction of all that follows.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LINE_ENDS = re.compile(r"\s*[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+\s*")
_HALVES = re.compile(r"[\ud800-\udfff]")
_GAP = re.compile("([\u3002\uff01\uff1f]) (?=[\"'\u201c\u300c\u3040-\u30ff\u3400-\u9fff])")
_REPLACEMENT = "\ufffd"


def plain(text: str) -> str:
    """The text with every control character shown as its number, such as "\\x1b", and without half characters."""
    return _HALVES.sub(_REPLACEMENT, _CONTROLS.sub(_shown, text))


def one_line(text: str) -> str:
    """As `plain`, on one line."""
    return plain(_LINE_ENDS.sub(" ", text).strip())


def joined(sentences: Iterable[str]) -> str:
    """Sentences as one text; after a Chinese or Japanese full stop there is no blank."""
    return _GAP.sub(r"\1", " ".join(sentences))


def json_safe(text: str) -> str:
    """JSON text of which no line end or control sequence is seen: such characters as JSON's own escapes."""
    return re.sub(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", lambda one: f"\\u{ord(one[0]):04x}", text)


def whole_name(name: str) -> str:
    """A file name as Unicode: bytes that are none, which the system hands over as half characters, are replaced."""
    return _HALVES.sub(_REPLACEMENT, name)


class PlainFormatter(logging.Formatter):
    """Log lines without control sequences: they may quote a server or a file name."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record))


def _shown(control: re.Match[str]) -> str:
    number = ord(control[0])
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
