"""Where every command prints: results to standard output, all else to standard error."""

from __future__ import annotations

import os
import sys

from ..basics.plain_text import plain


def say(line: str) -> None:
    """Print for programs and people. RuntimeError where that cannot be written: nothing more may be paid for then."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        close_output()
        raise RuntimeError(
            f"standard output cannot be written ({error.strerror}): make room, and run the same command again."
        ) from None


def complain(what: object) -> None:
    """Print to stderr, where what is said may quote a server or a file name."""
    sys.stderr.write(f"{plain(str(what))}\n")
    sys.stderr.flush()


def close_output() -> None:
    """Let the interpreter's last flush of what could not be written end in nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
