"""How much of what is drawn at random a test tries: a part always, all of it where PATCHMATTERS_FUZZ is set."""

from __future__ import annotations

import os


def examples(all_of_them: int) -> int:
    """A fifth, but no less than forty where there are as many."""
    return all_of_them if os.environ.get("PATCHMATTERS_FUZZ") else max(min(all_of_them, 40), all_of_them // 5)
