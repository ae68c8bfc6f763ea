"""`python -m patchmatters`."""

import os
import sys

from .commands.cli import main

_INTERRUPTED = 130


def run() -> None:
    """Run the command, and end this process with its status."""
    status = main()
    if status == _INTERRUPTED:  # at once: taking leave of a server that is still answering may take seconds
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    run()
