"""A CLIP's text encoders as the engine counts with them: by core's own tokenizers, nothing guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..patchmatters.generate import Encoder

_PROBE = "a " * 600  # more tokens than any window that core's encoders have, so that a window shows


def require_clip(clip: Any) -> Any:
    """The CLIP itself. ValueError, with the way out, for none at all and for one that cannot encode a prompt."""
    if clip is None:
        raise ValueError(
            "The CLIP is missing: the checkpoint before this node holds no text encoder; connect Load CLIP instead."
        )
    encoder = getattr(clip, "cond_stage_model", None)
    if not hasattr(clip, "tokenize") or not hasattr(encoder, "encode_token_weights"):
        raise ValueError(
            "The connected model cannot encode a prompt: connect the CLIP of the diffusion model that makes the "
            "picture, not one that only writes text."
        )
    return clip


def encoders_of(clip: Any) -> tuple[Encoder, ...]:
    """The text encoders of a CLIP in core's order, with the window of those that read piece by piece."""
    return tuple(
        Encoder(name, words_in(pieces[0]) if len(pieces) > 1 else None)
        for name, pieces in clip.tokenize(_PROBE, return_word_ids=True).items()
    )


def counter(clip: Any, encoders: Sequence[Encoder]) -> Callable[[str], Mapping[str, int]]:
    """`count(text)`: the tokens that a text takes in each of a CLIP's encoders, as core tokenizes it.

    Start, end and padding are not counted, and neither is the template that core puts around a prompt for a language
    model. Of a window that core leaves partly empty, so as not to break a word, all tokens are counted as taken.
    """
    windows = {encoder.name: encoder.window for encoder in encoders}
    template = _tokens(clip, "", windows)

    def count(text: str) -> Mapping[str, int]:
        found = _tokens(clip, text, windows)
        return {name: max(0, tokens - template.get(name, 0)) for name, tokens in found.items()}

    return count


def _tokens(clip: Any, text: str, windows: Mapping[str, int | None]) -> dict[str, int]:
    found = clip.tokenize(text, return_word_ids=True)
    return {name: _taken(found[name], windows[name]) for name in windows if name in found}


def _taken(pieces: Sequence[Any], window: int | None) -> int:
    return (len(pieces) - 1) * (window or 0) + words_in(pieces[-1])


def words_in(piece: Sequence[Any]) -> int:
    """The tokens of one window that belong to a word; core gives every other token the word 0."""
    return sum(1 for entry in piece if len(entry) < 3 or entry[2] != 0)
