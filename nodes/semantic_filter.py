"""Stage 3 as nodes: compare what the descriptions say, and keep only what can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comfy_api.latest import io

from ..patchmatters.models import ChatModel, Scorer
from ..patchmatters.scene import Scene
from ..patchmatters.semantic_filter import CompareSettings, FilterSettings, Level, compare, filter_each
from ..patchmatters.views.report import filter_report
from ..patchmatters.witnesses import Witness
from .lists import through_stage
from .memory import borrowed
from .types import STAGES, ChatModelSocket, ComfyMonitor, SceneBatch, SceneSocket, ScorerSocket, witnesses_input
from .widgets import settings_from, widgets_for

HEARD = (
    "Who is heard before the scorer: Read Text, Count Objects. What they contradict is put right or dropped, and what "
    "they confirm counts as agreed on."
)


class Compare(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_Compare",
            display_name="Compare Statements",
            category=STAGES,
            description="Sorts the statements of several descriptions into those that agree, those that contradict "
            "each other, and those that were made only once.",
            search_aliases=["contradiction", "hallucination", "agreement", "consistency", "semantic filter"],
            inputs=[
                SceneSocket.Input(
                    "scene", tooltip="Described Scenes (within patches), or merged Scenes (across patches)."
                ),
                ChatModelSocket.Input(
                    "chat_model",
                    optional=True,
                    tooltip="A model that follows instructions. Unconnected: statements are compared by their "
                    "likeness, which costs nothing.",
                ),
                *widgets_for(CompareSettings),
                io.Combo.Input(
                    "level",
                    options=[level.value for level in Level],
                    default=Level.WITHIN.value,
                    tooltip="Within patches: the descriptions of one patch with each other. Across patches: the merged "
                    "descriptions of overlapping neighbours.",
                ),
            ],
            outputs=[SceneSocket.Output("scene", tooltip="The Scenes with sorted statements.")],
        )

    @classmethod
    def execute(
        cls, scene: SceneBatch, level: str, chat_model: ChatModel | None = None, **widgets: Any
    ) -> io.NodeOutput:
        settings = settings_from(CompareSettings, widgets)
        with borrowed(chat_model):
            return io.NodeOutput(SceneBatch(compare(scene, Level(level), settings, chat_model, ComfyMonitor())))


class Filter(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_Filter",
            display_name="Filter Statements",
            category=STAGES,
            description="Keeps what the descriptions agree on, unless the picture speaks against it, and of the rest "
            "what the picture confirms as well. Without a scorer only what was agreed on is kept.",
            search_aliases=["hallucination", "semantic filter", "clip score", "blip itm", "threshold"],
            is_input_list=True,
            inputs=[
                SceneSocket.Input("scene", tooltip="Compared Scenes, from Compare Statements."),
                ScorerSocket.Input(
                    "scorer",
                    optional=True,
                    tooltip="Measures how well a statement agrees with the picture. Unconnected: only statements that "
                    "several descriptions make are kept.",
                ),
                *widgets_for(FilterSettings),
                witnesses_input(HEARD),
                ChatModelSocket.Input(
                    "chat_model",
                    optional=True,
                    tooltip="The captioner, for second looks: what is in doubt is asked about once more. One that only "
                    "describes is not asked.",
                ),
            ],
            outputs=[
                SceneSocket.Output(
                    "scene", is_output_list=True, tooltip="The Scenes with every statement kept or rejected."
                ),
                io.String.Output(
                    "report",
                    is_output_list=True,
                    tooltip="For people, one text per picture: the statements with verdict, score and reason.",
                ),
            ],
        )

    @classmethod
    def execute(cls, **lists: Sequence[Any]) -> io.NodeOutput:
        batches = through_stage(_filtered, lists)
        return io.NodeOutput(batches, [filter_report(one) for batch in batches for one in batch])


def _filtered(
    scenes: Sequence[Scene],
    *,
    scorer: Scorer | None = None,
    witnesses: Sequence[Witness] = (),
    chat_model: ChatModel | None = None,
    **widgets: Any,
) -> Sequence[Scene]:
    settings = settings_from(FilterSettings, widgets)
    with borrowed(scorer, chat_model, *witnesses):
        return filter_each(scenes, scorer, settings, ComfyMonitor(), witnesses, chat_model)
