"""How many tokens a prompt may take in each of a CLIP's text encoders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..options import Options, option

EVERY, LONGEST = "every encoder", "longest encoder"
Count = Callable[[str], Mapping[str, int]]  # text -> tokens that it takes, by the encoder's name
_NAMES = {"l": "CLIP-L", "g": "CLIP-G", "h": "CLIP-H", "t5xxl": "T5-XXL"}


@dataclass(frozen=True)
class Encoder:
    """One text encoder of a CLIP. `window` is the number of tokens that it reads at a time, start and end not counted;
    None for one that reads a text of any length as a whole."""

    name: str
    window: int | None = None


@dataclass(frozen=True)
class BudgetSettings(Options):
    """How long a prompt may be."""

    windows: int = option(
        1,
        "Windows of tokens that the prompt may fill in an encoder that reads piece by piece, such as CLIP with 75 "
        "tokens a window. The more windows, the less each word counts.",
        minimum=1,
        maximum=64,
    )
    # 256: what core pads Flux's T5 to, and the length that Flux schnell and SD3 were trained with.
    tokens: int = option(
        256,
        "Tokens that the prompt may take in an encoder that reads the whole text at once, such as T5, Qwen or Llama.",
        minimum=8,
        maximum=8192,
    )
    encoders: str = option(
        EVERY,
        "Which of a CLIP's encoders the prompt must fit. The longest alone is for a model of which another node gives "
        "CLIP a shorter text of its own, such as CLIP Text Encode Flux.",
        choices=(EVERY, LONGEST),
    )


def token_limits(encoders: Sequence[Encoder], settings: BudgetSettings = BudgetSettings()) -> dict[str, int]:
    """The most tokens for each encoder that the prompt must fit, by its name."""
    chosen = encoders if settings.encoders == EVERY else _longest(encoders)
    return {one.name: settings.tokens if one.window is None else settings.windows * one.window for one in chosen}


def _longest(encoders: Sequence[Encoder]) -> list[Encoder]:
    whole = [one for one in encoders if one.window is None]
    widest = max((one.window or 0 for one in encoders), default=0)
    return whole or [one for one in encoders if one.window == widest]


def encoder_name(name: str) -> str:
    """How people call an encoder."""
    return _NAMES.get(name, name)
