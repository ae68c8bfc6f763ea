"""JSON files that people bring: in any Unicode encoding that editors write, and every fault a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_text(path: str | Path, remedy: str) -> str:
    """The text of a JSON file, with or without byte-order mark, in UTF-8, 16 or 32.

    ValueError, ending in the remedy, where the file cannot be read or is no text.
    """
    try:
        content = Path(path).read_bytes()
        return content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}): {remedy}.") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text: {remedy}.") from None


def parse_json(text: str, what: str) -> Any:
    """The value of a JSON text. ValueError, naming it as `what`, for anything else, nested too deeply included."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(f"{what} is nested too deeply to be read: check what wrote it.") from None
    except ValueError as error:
        raise ValueError(f"{what} is not JSON ({error}): check what wrote it.") from None
