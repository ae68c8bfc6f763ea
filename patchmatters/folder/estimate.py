"""What a run will take, said before anything is asked: measured where pictures are done, else reckoned from sizes.

The number of questions about pictures follows from the preset. How many are asked about text depends on what is said:
the range is that of the presets' own description. Tokens are reckoned from the sizes of a sample of the pictures.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..backends.api.providers import Price
from ..jobs.rows import Row
from ..pipeline import Preset
from .sources import Picture

_SAMPLE = 64
_PIXELS_PER_TOKEN = 750  # as Anthropic documents it; others lie around it
_LONGEST_EDGE = 1568
_INSTRUCTION, _DESCRIPTION = 60, 130  # tokens of a question about a picture, and of its answer
_TEXT_IN, _TEXT_OUT = 700, 220  # of a question about text
_TEXT_CALLS = (9, 13)  # see PRESETS
_MILLION = 1_000_000


@dataclass(frozen=True)
class PerPicture:
    """What one picture takes, from and to. `usd` is None where the price is unknown; `measured` rows made the figures.

    `seconds` is None unless it was measured.
    """

    calls: tuple[float, float]
    tokens: tuple[float, float]
    usd: tuple[float, float] | None
    seconds: float | None = None
    measured: int = 0


def measured(rows: Sequence[Row]) -> PerPicture | None:
    """From pictures that were captioned with the same settings; None without any that asked a model."""
    asked = [row for row in rows if row.calls and row.tokens]
    if not asked:
        return None
    calls, tokens = (statistics.fmean(getattr(row, name) for row in asked) for name in ("calls", "tokens"))
    costs = [row.usd for row in asked if row.usd is not None]
    usd = statistics.fmean(costs) if len(costs) == len(asked) else None
    seconds = statistics.fmean(row.seconds for row in asked)
    return PerPicture((calls, calls), (tokens, tokens), None if usd is None else (usd, usd), seconds, len(asked))


def reckoned(pictures: Sequence[Picture], preset: Preset, price: Price | None, *, writes: bool) -> PerPicture:
    """From the preset and the sizes of a sample of the pictures. `writes`: a text model compares and writes."""
    cells = preset.divide.patches_at_most
    crops = cells * preset.describe.candidates
    whole = image_tokens(_sizes(pictures), 1.0)
    part = image_tokens(_sizes(pictures), 1.0 / cells)
    tokens_in = whole + crops * part + (crops + 1) * _INSTRUCTION
    tokens_out = (crops + 1) * _DESCRIPTION
    text = (_TEXT_CALLS if preset.compares else (1, 1)) if writes else (0, 0)
    ins, outs = (
        [base + count * each for count in text] for base, each in ((tokens_in, _TEXT_IN), (tokens_out, _TEXT_OUT))
    )
    costs = [(i * price.input + o * price.output) / _MILLION for i, o in zip(ins, outs, strict=True)] if price else None
    return PerPicture(
        (crops + 1 + text[0], crops + 1 + text[1]),
        (ins[0] + outs[0], ins[1] + outs[1]),
        None if costs is None else (costs[0], costs[1]),
    )


def image_tokens(sizes: Sequence[tuple[int, int]], share: float) -> float:
    """The mean tokens of pictures of which a share of the area is shown."""
    if not sizes:
        return 0.0
    return statistics.fmean(_tokens(width, height, share) for width, height in sizes)


def _tokens(width: int, height: int, share: float) -> float:
    edge = max(width, height) * share**0.5
    scale: float = min(1.0, _LONGEST_EDGE / max(edge, 1.0))
    return width * height * share * scale * scale / _PIXELS_PER_TOKEN


def _sizes(pictures: Sequence[Picture]) -> list[tuple[int, int]]:
    """The sizes of pictures spread evenly over all; those that cannot be read are passed over."""
    from PIL import Image, UnidentifiedImageError

    step = max(len(pictures) // _SAMPLE, 1)
    found = []
    for picture in pictures[::step][:_SAMPLE]:
        try:
            with Image.open(Path(picture.path)) as opened:
                found.append(opened.size)
        except (OSError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
            continue
    return found


def told(one: PerPicture, count: int) -> list[str]:
    """The estimate for so many pictures, in lines for people."""
    basis = f"measured on {one.measured} pictures" if one.measured else "reckoned from sizes and the preset"
    usd = "unknown, as no price is known: give --price" if one.usd is None else _range(one.usd, count, "${:,.2f}")
    lines = [
        f"To caption: {count} pictures ({basis})",
        f"  calls:  {_range(one.calls, count, '{:,.0f}')}",
        f"  tokens: {_range(one.tokens, count, '{:,.0f}')}",
        f"  cost:   {usd}",
    ]
    return lines if one.seconds is None else [*lines, f"  time:   {_time(one.seconds * count)}"]


def _range(value: tuple[float, float], count: int, form: str) -> str:
    low, high = (form.format(end * count) for end in value)
    return low if low == high else f"{low} to {high}"


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 120 else f"{minutes // 60} h {minutes % 60:02} min"
