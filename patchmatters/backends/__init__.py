"""The backends by name. Adding one is a file in this folder and a line in one of these tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..models import QUIET, Answer, ChatModel, Monitor, Outcome, Question, QuietMonitor, Scorer, derive_seed
from ..picture import Crop

__all__ = [
    "CHAT_MODELS",
    "QUIET",
    "SCORERS",
    "Answer",
    "ChatModel",
    "Crop",
    "Monitor",
    "Outcome",
    "Question",
    "QuietMonitor",
    "Scorer",
    "backend",
    "derive_seed",
    "scorers_by_architecture",
]


@dataclass(frozen=True)
class Backend:
    """A line of the table: where the settings and the factory are, imported only when somebody asks.

    `factory(settings)` returns a ChatModel or a Scorer. `parallel` says that it may be asked from several threads.
    `weights` names the module's tuple of the architectures whose model folders are for it, "" where none are.
    """

    module: str
    settings: str
    factory: str
    help: str
    parallel: bool = False
    weights: str = ""

    def settings_class(self) -> type:
        found: type = getattr(import_module(self.module, __package__), self.settings)
        return found

    def create(self, settings: Any, *more: Any) -> Any:
        """What the factory makes of the settings; `more` is what only some factories take (where weights live)."""
        factory: Callable[..., Any] = getattr(import_module(self.module, __package__), self.factory)
        return factory(settings, *more)

    def architectures(self) -> tuple[str, ...]:
        """The architectures, as a folder's config.json names them, whose weights it takes."""
        if not self.weights:
            return ()
        found: tuple[str, ...] = getattr(import_module(self.module, __package__), self.weights)
        return found


CHAT_MODELS: Mapping[str, Backend] = {
    "builtin": Backend(
        ".builtin", "BuiltinSettings", "create_captioner", "measures colours and light; needs no weights"
    ),
    "transformers": Backend(".transformers_chat", "TransformersSettings", "create", "local weights: LLaVA, Qwen-VL"),
    "scripted": Backend(".scripted", "RecordingSettings", "recorded_chat", "replays answers from a JSON file"),
    "openai": Backend(
        ".openai_chat", "OpenAISettings", "create", "OpenAI, Zhipu, OpenRouter, Ollama, vLLM and others", parallel=True
    ),
    "anthropic": Backend(".anthropic_chat", "AnthropicSettings", "create", "Claude", parallel=True),
}

SCORERS: Mapping[str, Backend] = {
    "builtin": Backend(".builtin", "BuiltinSettings", "create_scorer", "measures the built-in captioner's sentences"),
    "blip": Backend(
        ".blip", "ScorerSettings", "create", "BLIP or BLIP-2 image-text matching, as in the paper", weights="CLASSES"
    ),
    "similarity": Backend(
        ".similarity_scorers", "ScorerSettings", "create", "CLIP or SigLIP similarity, calibrated", weights="CLASSES"
    ),
    "judge": Backend(".judge", "TransformersSettings", "create", "a local captioner asked whether a sentence is true"),
}


def scorers_by_architecture() -> Mapping[str, str]:
    """The names of the scorers that take weights, by the architecture of the weights."""
    return {architecture: name for name, line in SCORERS.items() for architecture in line.architectures()}


def backend(table: Mapping[str, Backend], name: str) -> Backend:
    """The line called `name`. ValueError, naming those there are, where there is none."""
    if name not in table:
        raise ValueError(f"There is no backend {name!r}; choose one of: {', '.join(table)}.")
    return table[name]
