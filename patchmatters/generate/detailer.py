"""A detailer's prompt with one part per region, in the wildcard syntax that Impact Pack's detailers read.

Read from ComfyUI-Impact-Pack, modules/impact/wildcards.py (`process_wildcard_for_segs`, `split_string_with_sep`,
`process`) and impact_pack.py (`DetailerForEach.do_detail`), version of October 2024.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .escape import escaped

# [ASC]: the detailer takes its regions by their left edge, then by their top edge, and one part for each.
_MODE, _SEPARATOR = "[ASC]", " [SEP] "
_READ = (  # what the syntax would read in a text, and what is written instead
    (re.compile(r"[\[{]"), "("),
    (re.compile(r"[\]}]"), ")"),
    (re.compile(r"<+(?=lora:)"), ""),
    (re.compile(r"__+"), "_"),
    (re.compile("BREAK"), "Break"),
    (re.compile(r"\s+"), " "),
    (re.compile(r"^[#\s]+"), ""),
)


@dataclass(frozen=True)
class DetailedRegion:
    """A region as the detailer sees it: its left and top edge in whole pixels, and its text."""

    left: int
    top: int
    text: str


def detailer_prompt(regions: Sequence[DetailedRegion]) -> str:
    """One string with a text for each region, whatever their order; empty without regions.

    What the syntax would read in a text (options in braces, wildcards, loras, BREAK, marks in brackets) is taken out,
    and parentheses are escaped. Regions of one left and top edge keep their order, as the detailer's sorting does.
    """
    ordered = sorted(regions, key=lambda region: (region.left, region.top))
    return _MODE + _SEPARATOR.join(_readable(region.text) for region in ordered) if ordered else ""


def _readable(text: str) -> str:
    for pattern, replacement in _READ:
        text = pattern.sub(replacement, text)
    return escaped(text.strip())
