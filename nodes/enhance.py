"""The whole method in one node, which expands into the nodes of the stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from comfy_api.latest import io
from comfy_execution.graph_utils import GraphBuilder

from ..patchmatters.describe import DescribeSettings
from ..patchmatters.models import ChatModel
from ..patchmatters.options import options_of
from ..patchmatters.pipeline import DEFAULT, PRESETS, Preset
from ..patchmatters.semantic_filter import Level
from .describe import OTHERS, other_captioners
from .lists import report_problems
from .retry import unfinished_runs
from .semantic_filter import HEARD
from .types import CATEGORY, ChatModelSocket, SceneBatch, SceneSocket, ScorerSocket, boxes_input, witnesses_input
from .widgets import widgets_for

Link = Any  # [node id, output number], or a constant
_SEED, _ON_FAILURE = _SHARED = ("seed", "on_failure")  # widgets that go to the stages that have them
_SCENE_OUTPUT = {"Compose": 1}  # of every other stage the Scene is the first output


class EnhanceCaption(io.ComfyNode):
    """Takes lists as lists, because the host can expand a node only once per call into outputs of one value each."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        described = {widget.id: widget for widget in widgets_for(DescribeSettings)}
        described[_ON_FAILURE].optional = True  # it came later
        helps = " ".join(f"{name}: {preset.help}" for name, preset in PRESETS.items())
        return io.Schema(
            node_id="PatchMatters_EnhanceCaption",
            display_name="Enhance Caption",
            category=CATEGORY,
            description="Captions pictures in more detail and with less hallucination than the captioner alone: "
            "divides, describes, compares, filters, merges and composes.",
            search_aliases=["caption", "image to prompt", "interrogate", "describe image", "patch matters", "tagger"],
            is_input_list=True,
            enable_expand=True,
            hidden=[io.Hidden.unique_id, io.Hidden.dynprompt],
            inputs=[
                io.Image.Input("image", tooltip="The picture or batch of pictures to caption."),
                ChatModelSocket.Input("chat_model", tooltip="The captioner; it must see images."),
                ScorerSocket.Input(
                    "scorer",
                    optional=True,
                    tooltip="Measures how well a statement agrees with the picture. Unconnected: only statements that "
                    "several descriptions make are kept.",
                ),
                boxes_input("Detected objects, in pixels, from a detector: patches then cut no object in two."),
                ChatModelSocket.Input(
                    "text_model",
                    optional=True,
                    tooltip="Another model for comparing and writing. Unconnected: the captioner does it, if it "
                    "follows instructions; otherwise it is done without a model.",
                ),
                described[_SEED],
                io.Combo.Input("preset", options=list(PRESETS), default=DEFAULT, tooltip=helps),
                witnesses_input(HEARD),
                *other_captioners(),
                described[_ON_FAILURE],
            ],
            outputs=[
                io.String.Output("caption", is_output_list=True, tooltip="The captions: a list, one per picture."),
                SceneSocket.Output("scene", is_output_list=True, tooltip="The finished Scenes, one batch per batch."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, **_: Any) -> int:
        return unfinished_runs(cls.hidden.unique_id)

    @classmethod
    def execute(cls, *, chat_model: Sequence[ChatModel], preset: Sequence[str], **linked: Any) -> io.NodeOutput:
        if len(set(preset)) != 1:
            raise ValueError(f"Enhance Caption takes one preset at a time, not {len(set(preset))}: connect one.")
        # Links, not values, go into the expansion: the host caches a node by where its inputs come from.
        links = dict(cls.hidden.dynprompt.get_node(cls.hidden.unique_id)["inputs"])
        if "text_model" not in links and all(model.follows_instructions for model in chat_model):
            links["text_model"] = links["chat_model"]
        return Expansion(GraphBuilder(), links).captions(PRESETS[preset[0]])


class CollectCaptions(io.ComfyNode):
    """The end of the expansion of Enhance Caption and Quick Caption.

    The host unpacks a list that an expansion ends in into one output per item; so this node gives the list whole.
    """

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_CollectCaptions",
            display_name="Collect Captions",
            category=CATEGORY,
            description="Part of Enhance Caption: hands its captions and Scenes out.",
            is_input_list=True,
            is_dev_only=True,
            inputs=[SceneSocket.Input("scene", tooltip="Composed Scenes.")],
            outputs=[
                io.String.Output("captions", tooltip="All captions as one list."),
                SceneSocket.Output("scenes", tooltip="All batches of Scenes as one list."),
            ],
        )

    @classmethod
    def execute(cls, scene: Sequence[SceneBatch]) -> io.NodeOutput:
        scenes = [one for batch in scene for one in batch]
        report_problems(scenes)
        return io.NodeOutput([one.caption_text for one in scenes], list(scene))


@dataclass
class Expansion:
    """The chain of stage nodes that grows while it is built. `scene` is the link to the last Scene."""

    graph: GraphBuilder
    links: Mapping[str, Link]
    scene: Link | None = None

    def captions(self, preset: Preset) -> io.NodeOutput:
        """All stages, and the captions and Scenes at their end as the outputs of the node that expands."""
        self._stages(preset)
        collected = self.node("PatchMatters_CollectCaptions", {})
        return io.NodeOutput(collected.out(0), collected.out(1), expand=self.graph.finalize())

    def _stages(self, preset: Preset) -> None:
        """The same stages in the same order as `pipeline.caption_pictures`."""
        self._stage("Divide", preset.divide, image="image", bboxes="bboxes")
        if preset.semantic and "bboxes" in self.links:
            self._stage("SemanticPatch", preset.semantic_patch, chat_model="chat_model")
        self._stage("Describe", preset.describe, chat_model="chat_model", **{name: name for name in OTHERS})
        for level in Level if preset.compares else ():
            self._stage("Compare", preset.compare, {"level": level.value}, chat_model="text_model")
            self._stage("Filter", preset.filter, scorer="scorer", witnesses="witnesses", chat_model="chat_model")
            self._stage("Merge", preset.merge, chat_model="text_model")
        if not preset.compares:
            self._stage("Merge", preset.merge, chat_model="text_model")
        self._stage("Compose", preset.compose, chat_model="text_model")

    def _stage(self, name: str, settings: Any, fixed: Mapping[str, Any] | None = None, **sockets: str) -> None:
        """One stage: its settings, fixed inputs, and those of its sockets that have a link here."""
        inputs = {socket: self.links[link] for socket, link in sockets.items() if link in self.links}
        made = self.node(f"PatchMatters_{name}", {**_widgets(settings, self.links), **(fixed or {}), **inputs})
        self.scene = made.out(_SCENE_OUTPUT.get(name, 0))

    def node(self, class_type: str, inputs: Mapping[str, Any]) -> Any:
        """A node of the expansion that takes the last Scene, where there is one."""
        name = f"{len(self.graph.nodes) + 1}-{class_type}"  # read by people in the server's messages
        scene = {} if self.scene is None else {"scene": self.scene}
        return self.graph.node(class_type, id=name, **inputs, **scene)


def _widgets(settings: Any, links: Mapping[str, Link]) -> dict[str, Any]:
    """A stage's settings as the inputs of its node, with Enhance Caption's own where the stage has them."""
    values = {named.name: getattr(settings, named.name) for named in options_of(type(settings))}
    return values | {name: links[name] for name in _SHARED if name in values and name in links}
