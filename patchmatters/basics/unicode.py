"""Text that can be written down: Python allows half of a surrogate pair in a text, and nothing else does.

A stream that is cut between two chunks, or JSON that was cut in a `\\ud83d\\ude00`, leaves such halves. A file, a
database or a terminal would refuse the whole text for one of them.
"""

from __future__ import annotations

import re

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HALF = re.compile("[\ud800-\udfff]")


def well_formed(text: str) -> str:
    """The text with halves that belong together joined to their character, and halves without a partner removed."""
    if not _HALF.search(text):
        return text
    joined = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return _HALF.sub("", joined)
