"""Scorers as a node: built in, of local weights, or the captioner itself as judge."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..patchmatters.backends import SCORERS
from ..patchmatters.backends.judge import judge_by, verdicts_by
from ..patchmatters.backends.local.kinds import Kind, needs, offered
from ..patchmatters.backends.local.loading import PRECISIONS
from ..patchmatters.backends.scorer_choice import scorer_for_path
from ..patchmatters.models import ChatModel, Scorer
from .local_model import device_widget, known_model, on_device
from .memory import comfy_residence, model_roots
from .types import MODELS, ChatModelSocket, ComfyMonitor, ScorerSocket
from .widgets import settings_from

_BUILTIN, JUDGE, VERDICTS = "built-in", "chat model as judge", "chat model as judge, one list per crop"
_KEEP, _FREE = "yes", "no"  # a list, not a switch: it comes after a list that was there first


class ScorerLoader(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_Scorer",
            display_name="Load Image-Text Scorer",
            category=MODELS,
            description="Loads a scorer, which measures how well a sentence agrees with a part of the picture.",
            search_aliases=["scorer", "clip score", "blip", "itm", "image text matching", "judge"],
            inputs=[
                io.Combo.Input(
                    "model",
                    options=[_BUILTIN, JUDGE, VERDICTS, *offered(Kind.SCORER, model_roots())],
                    default=_BUILTIN,
                    tooltip="built-in: measures the built-in captioner's sentences. chat model as judge: the "
                    "connected captioner, local or a service, is asked yes or no about each sentence; a service "
                    "without log-probabilities gives a list of verdicts per crop. One list per crop: always so, for "
                    "fewer questions to pay for. Else a folder of models/LLM: BLIP or "
                    "BLIP-2 (image-text matching, as in the paper), CLIP or SigLIP (similarity, calibrated to 0 to 1). "
                    f"Well-known models are downloaded when chosen. {needs(Kind.SCORER)}",
                ),
                ChatModelSocket.Input(
                    "chat_model",
                    optional=True,
                    tooltip='A captioner, for "chat model as judge": no second model is loaded.',
                ),
                io.Combo.Input(
                    "precision",
                    options=list(PRECISIONS),
                    default=PRECISIONS[0],
                    optional=True,
                    tooltip="Number format. auto: bf16 or fp16 on a GPU, fp32 on the CPU.",
                    advanced=True,
                ),
                io.Combo.Input(
                    "keep_loaded",
                    options=[_KEEP, _FREE],
                    default=_KEEP,
                    optional=True,
                    tooltip="Whether the weights stay in VRAM until another model needs the place, or leave it as soon "
                    "as a node has scored all its patches.",
                    advanced=True,
                ),
                device_widget(optional=True),
            ],
            outputs=[ScorerSocket.Output("scorer", tooltip="The scorer, for Filter Statements.")],
        )

    @classmethod
    def validate_inputs(cls, model: str | None = None) -> bool | str:
        return known_model(Kind.SCORER, model, _BUILTIN, JUDGE, VERDICTS)

    @classmethod
    def execute(
        cls,
        model: str,
        precision: str = PRECISIONS[0],
        keep_loaded: str = _KEEP,
        device: str = "default",
        chat_model: ChatModel | None = None,
    ) -> io.NodeOutput:
        if model == _BUILTIN:
            line = SCORERS["builtin"]
            return io.NodeOutput(line.create(line.settings_class()()))
        if model in (JUDGE, VERDICTS):
            return io.NodeOutput(_judge(chat_model, model))
        widgets = on_device({"model": model, "precision": precision}, device)
        return io.NodeOutput(_local(widgets, keep_loaded == _KEEP))


def _judge(chat_model: ChatModel | None, how: str) -> Scorer:
    if chat_model is None:
        raise ValueError(f'"{how}" needs a model: connect a captioner to chat_model.')
    return verdicts_by(chat_model) if how == VERDICTS else judge_by(chat_model)


def _local(widgets: dict[str, Any], keep_loaded: bool) -> Scorer:
    roots, monitor = model_roots(), ComfyMonitor()
    line = SCORERS[scorer_for_path(widgets["model"], roots, monitor)]
    settings = settings_from(line.settings_class(), widgets)
    return line.create(settings, comfy_residence(keep_loaded), roots, monitor)
