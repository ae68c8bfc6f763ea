"""What a report's page shows and how large."""

from __future__ import annotations

from dataclasses import dataclass

from ..options import Options, option


@dataclass(frozen=True)
class ReportSettings(Options):
    """Sizes of the pictures on the page, and the ending of exported captions."""

    thumbnail: int = option(320, "Longest edge of a thumbnail, in pixels.", minimum=64, maximum=1024)
    copies: bool = option(
        False,
        "Copy the pictures into the report, so that it can be moved or sent. Otherwise the page shows the originals "
        "where they are.",
    )
    longest: int = option(1280, "Longest edge of a copied picture, in pixels.", minimum=256, maximum=8192)
    ending: str = option(".txt", "Ending of the caption files that the page exports.")
