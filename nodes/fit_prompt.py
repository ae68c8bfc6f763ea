"""A caption as a prompt that the connected text encoder reads whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comfy_api.latest import io

from ..patchmatters.generate import (
    BudgetSettings,
    Clause,
    FitSettings,
    Fitted,
    clauses_of_caption,
    clauses_of_text,
    fit_each,
    fit_report,
    token_limits,
)
from .encoders import counter, encoders_of, require_clip
from .lists import calls_of
from .types import PROMPTS, SceneBatch, SceneSocket
from .widgets import settings_from, widgets_for


class FitPrompt(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_FitPrompt",
            display_name="Fit Prompt to Encoder",
            category=PROMPTS,
            description="Shortens a caption to what a text encoder reads at once: whole sentences, the surest first. "
            "A longer prompt would be cut in windows and diluted.",
            search_aliases=["token", "77", "75", "truncate", "shorten", "prompt", "clip limit", "tags"],
            is_input_list=True,
            inputs=[
                io.MultiType.Input(
                    "caption",
                    types=[io.String, SceneSocket],
                    tooltip="Composed Scenes, whose statements are kept by their worth, or any text, whose sentences "
                    "are kept in their order.",
                ),
                io.Clip.Input("clip", tooltip="The text encoder that the prompt goes to; it counts the tokens."),
                *widgets_for(FitSettings, BudgetSettings),
            ],
            outputs=[
                io.String.Output(
                    "prompt", is_output_list=True, tooltip="The prompts that fit: a list, one per caption."
                ),
                io.String.Output(
                    "left_out",
                    is_output_list=True,
                    tooltip="For people, one text per caption: the tokens used, and what was left out.",
                ),
            ],
        )

    @classmethod
    def execute(cls, **lists: Sequence[Any]) -> io.NodeOutput:
        fitted = [one for call in calls_of(lists) for one in _fitted(**call)]
        if not any(one.text for one in fitted):
            raise ValueError(
                "There is nothing to write: the captions, trigger words, prefix and suffix are all empty; connect a "
                "caption."
            )
        return io.NodeOutput([one.text for one in fitted], [fit_report(one) for one in fitted])


def _fitted(caption: str | SceneBatch, clip: Any, **widgets: Any) -> tuple[Fitted, ...]:
    encoders = encoders_of(require_clip(clip))
    limits = token_limits(encoders, settings_from(BudgetSettings, widgets))
    return fit_each(_captions(caption), counter(clip, encoders), limits, settings_from(FitSettings, widgets))


def _captions(caption: str | SceneBatch) -> list[tuple[Clause, ...]]:
    """The parts of each caption: of one text, or of every Scene."""
    if isinstance(caption, str):
        return [clauses_of_text(caption)]
    return [clauses_of_caption(scene) for scene in caption]
