"""Captioners and language models behind HTTP as a node. Keys come from the environment; no widget holds one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from comfy_api.latest import io

from ..patchmatters.backends import CHAT_MODELS
from ..patchmatters.backends.api.chat import ApiSettings
from ..patchmatters.backends.api.models import LOCAL_MODELS, models_at
from ..patchmatters.backends.api.providers import PROVIDERS, Provider
from .types import MODELS, ChatModelSocket
from .widgets import widgets_for

FIRST = "(its first model)"
_BY_TITLE = {row.title: row for row in PROVIDERS.values()}


class ApiModel(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_ApiModel",
            display_name="API Captioner",
            category=MODELS,
            description="A captioner or language model behind an API: Claude, GPT, GLM, OpenRouter, and servers of your"
            " own (Ollama, LM Studio, llama.cpp, vLLM). Keys are read from environment variables only and are sent to "
            "their own provider only; the table is in the README.",
            search_aliases=["api", "claude", "gpt", "openai", "glm", "openrouter", "ollama", "lm studio", "vllm"],
            inputs=[
                io.DynamicCombo.Input(
                    "provider",
                    options=[_option(row) for row in PROVIDERS.values()],
                    tooltip="Whose server is asked. Each has its own key variable, for example OPENAI_API_KEY; servers "
                    "on this machine need none.",
                ),
                *_common_widgets(),
            ],
            hidden=[io.Hidden.prompt, io.Hidden.unique_id],
            outputs=[ChatModelSocket.Output("chat_model", tooltip="The model, to describe, compare and write with.")],
        )

    @classmethod
    def GET_NODE_INFO_V1(cls) -> dict[str, Any]:
        """What the browser gets, at once: the lists of servers on this machine are those of the last look, and a new
        look begins in the background."""
        return super().GET_NODE_INFO_V1()

    @classmethod
    def validate_inputs(cls, **_: Any) -> bool:
        """Any model name may be in a workflow, listed here or not; the settings check everything else."""
        return True

    @classmethod
    def execute(cls, provider: Mapping[str, Any] | None = None, **widgets: Any) -> io.NodeOutput:
        provider = provider or _as_saved(cls.hidden)
        row = _row(provider)
        line = CHAT_MODELS[row.protocol]
        chosen = {
            "provider": row.name,
            "model": _model(provider),
            "base_url": str(provider.get("base_url", "")),
            **widgets,
        }
        return io.NodeOutput(line.create(line.settings_class()(**chosen)))


def _as_saved(hidden: Any) -> Mapping[str, Any]:
    """The provider and its widgets as the workflow has them: the host leaves out a choice that it does not list, such
    as a name of the command line, or a provider of a newer version."""
    saved = ((hidden.prompt or {}).get(str(hidden.unique_id)) or {}).get("inputs", {})
    parts = {name.removeprefix("provider."): value for name, value in saved.items() if name.startswith("provider.")}
    return {**parts, "provider": saved.get("provider")}


def _row(provider: Mapping[str, Any]) -> Provider:
    """By its title in the list, or by its name on the command line."""
    title = provider.get("provider")
    row = _BY_TITLE.get(title) or PROVIDERS.get(title) if isinstance(title, str) else None
    if row is None:
        raise ValueError(f"There is no provider {title!r}; choose one of: {', '.join(_BY_TITLE)}.")
    return row


@dataclass(frozen=True)
class OfferedModels:
    """What the list of models offers once its server was asked, and how many the server listed."""

    models: tuple[str, ...]
    listed: int


def offered_models(provider: str, base_url: str) -> OfferedModels:
    """Suggestions or "its first model", then what the provider has, or the server at an address.

    ValueError for a provider or an address that cannot be, RuntimeError where nothing can be asked there.
    """
    row = _row({"provider": provider})
    names = [model.name for model in models_at(row, base_url)]
    return OfferedModels(tuple(dict.fromkeys([*_always(row), *names])), len(names))


def _always(row: Provider) -> list[str]:
    return [model.name for model in row.models] or [FIRST]


def _model(provider: Mapping[str, Any]) -> str:
    """The name that was typed, else the one that was chosen."""
    chosen = str(provider.get("model", FIRST))
    return str(provider.get("other_model", "")).strip() or ("" if chosen == FIRST else chosen)


def _option(row: Provider) -> io.DynamicCombo.Option:
    """The widgets of one provider: texts, then its list of models."""
    inputs: list[io.Input] = [
        io.String.Input(
            "other_model",
            default="",
            tooltip="A model by its name, where the list does not have it. Empty: the one from the list.",
        ),
        io.String.Input(
            "base_url",
            default="",
            tooltip="Another address, for example http://192.168.1.20:8000/v1. Empty: "
            + (f"{row.base_url}." if row.base_url else "not allowed here.")
            + " A key that belongs to a provider is never sent there; see the README for a key of its own.",
            advanced=None if row.local or not row.base_url else True,
        ),
    ]
    return io.DynamicCombo.Option(row.title, [*inputs, _list(row)])


def _list(row: Provider) -> io.Input:
    """Its models: suggestions, or what a server on this machine listed at the last look."""
    names = [*_always(row), *LOCAL_MODELS.latest().get(row.name, ())]
    tooltip = "The model: suggestions. The button below asks the provider for all it has."
    if row.local or not row.models:
        tooltip = "The model: what the server lists, those that see first. The button below asks it again."
    return io.Combo.Input("model", options=names, default=names[0], tooltip=tooltip)


def _common_widgets() -> list[io.Input]:
    """The settings that all providers share. The graph keeps answers already, so the disk is not used by default."""
    widgets = widgets_for(ApiSettings)
    for widget in widgets:
        if widget.id == "cache":
            widget.default = False
    return widgets
