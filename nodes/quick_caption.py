"""A picture to its caption with one node and nothing to connect: it brings the models and expands into the stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comfy_api.latest import io
from comfy_execution.graph_utils import GraphBuilder

from ..patchmatters.backends.local.kinds import SMALL_CAPTIONER, SMALL_SCORER, WELL_KNOWN, Kind, needs, offered
from ..patchmatters.backends.scorer_choice import judges_itself
from ..patchmatters.backends.transformers_chat import TransformersSettings
from ..patchmatters.describe import DescribeSettings
from ..patchmatters.options import options_of
from ..patchmatters.pipeline import DEFAULT, PRESETS
from .enhance import Expansion
from .local_model import known_model
from .memory import model_roots
from .retry import unfinished_runs
from .scorer import JUDGE
from .types import CATEGORY, SceneSocket
from .widgets import widgets_for

SMALL = "small"
_SEED, _ON_FAILURE = _SHARED = ("seed", "on_failure")


class QuickCaption(io.ComfyNode):
    """Takes lists as lists, as Enhance Caption does."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        described = {widget.id: widget for widget in widgets_for(DescribeSettings)}
        described[_ON_FAILURE].optional = True
        size = WELL_KNOWN[Kind.CHAT][SMALL_CAPTIONER] + 2 * WELL_KNOWN[Kind.SCORER][SMALL_SCORER]
        return io.Schema(
            node_id="PatchMatters_QuickCaption",
            display_name="Quick Caption",
            category=CATEGORY,
            description="A picture to its caption with nothing to connect: a small captioner and scorer, downloaded at "
            "the first run, or a captioner of models/LLM. The same method as Enhance Caption.",
            search_aliases=["start here", "caption", "describe image", "interrogate", "image to text"],
            is_input_list=True,
            enable_expand=True,
            hidden=[io.Hidden.unique_id, io.Hidden.dynprompt],
            inputs=[
                io.Image.Input("image", tooltip="The picture or batch of pictures to caption."),
                described[_SEED],
                io.Combo.Input(
                    "model",
                    options=[SMALL, *offered(Kind.CHAT, model_roots())],
                    default=SMALL,
                    tooltip=f"small: {SMALL_CAPTIONER} and {SMALL_SCORER}, {size:.1f} GB, downloaded to models/LLM at "
                    "the first run; it runs on the CPU too. Any other captioner judges its own statements and is "
                    f"downloaded when chosen. {needs(Kind.CHAT)}",
                ),
                io.Combo.Input(
                    "preset",
                    options=list(PRESETS),
                    default=DEFAULT,
                    tooltip=" ".join(f"{name}: {preset.help}" for name, preset in PRESETS.items()),
                ),
                described[_ON_FAILURE],
            ],
            outputs=[
                io.String.Output("caption", is_output_list=True, tooltip="The captions: a list, one per picture."),
                SceneSocket.Output("scene", is_output_list=True, tooltip="The finished Scenes, one batch per batch."),
            ],
        )

    @classmethod
    def validate_inputs(cls, model: list[str | None]) -> bool | str:
        """A list like all inputs of this node, of None where a link brings the name."""
        wrong = (known for name in model if (known := known_model(Kind.CHAT, name, SMALL)) is not True)
        return next(wrong, True)

    @classmethod
    def fingerprint_inputs(cls, **_: Any) -> int:
        return unfinished_runs(cls.hidden.unique_id)

    @classmethod
    def execute(cls, *, model: list[str], preset: list[str], **_: Any) -> io.NodeOutput:
        if len(set(model)) != 1 or len(set(preset)) != 1:
            raise ValueError("Quick Caption takes one model and one preset at a time: connect one of each.")
        given = cls.hidden.dynprompt.get_node(cls.hidden.unique_id)["inputs"]
        links = {name: given[name] for name in ("image", *_SHARED) if name in given}
        graph = GraphBuilder()
        return Expansion(graph, links | _models(graph, model[0])).captions(PRESETS[preset[0]])


def _models(graph: GraphBuilder, model: str) -> Mapping[str, Any]:
    """The nodes of the captioner and, where there is one, of its scorer, as links for the stages."""
    name = SMALL_CAPTIONER if model == SMALL else model
    captioner = graph.node("PatchMatters_LocalModel", id="captioner", **_captioner_inputs(name)).out(0)
    links = {"chat_model": captioner}
    if model == SMALL:  # too small to compare and to write: that is done without a model
        chosen = {"model": SMALL_SCORER}
    elif judges_itself(name, model_roots()):
        chosen = {"model": JUDGE, "chat_model": captioner}
        links |= {"text_model": captioner}
    else:
        return links
    return links | {"scorer": graph.node("PatchMatters_Scorer", id="scorer", **chosen).out(0)}


def _captioner_inputs(name: str) -> dict[str, Any]:
    """All inputs of Load Local Captioner: its widgets at their defaults."""
    settings = {one.name: one.default for one in options_of(TransformersSettings)}
    return settings | {"model": name, "device": "default", "keep_loaded": True}
