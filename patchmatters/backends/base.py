"""Where the protocols of models were until 0.2 (`patchmatters.models` now), for scripts that still ask here."""

from __future__ import annotations

from ..models import (
    LEAST,
    QUIET,
    Answer,
    BatchScorer,
    ChatModel,
    Monitor,
    Outcome,
    Question,
    QuietMonitor,
    Scored,
    Scorer,
    Weighing,
    WrappedChat,
    derive_seed,
    share_of_first,
    weighs_words,
)

__all__ = [
    "LEAST",
    "QUIET",
    "Answer",
    "BatchScorer",
    "ChatModel",
    "Monitor",
    "Outcome",
    "Question",
    "QuietMonitor",
    "Scored",
    "Scorer",
    "Weighing",
    "WrappedChat",
    "derive_seed",
    "share_of_first",
    "weighs_words",
]
