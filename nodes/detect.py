"""Detectors as a node: what is where in each picture, in core's own boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfy_api.latest import io

from ..patchmatters.backends.detectors import DetectorSettings, create
from ..patchmatters.backends.local.kinds import Kind
from ..patchmatters.scene import Detection
from .local_model import device_widget, keep_loaded_widget, known_model, model_list, on_device
from .memory import comfy_residence, model_roots
from .types import MODELS, ComfyMonitor, pictures_from_image
from .widgets import settings_from, widgets_for

if TYPE_CHECKING:
    from torch import Tensor

_OWN = ("model", "device")


class Detect(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        own = [widget for widget in widgets_for(DetectorSettings) if widget.id not in _OWN]
        lists = [widget for widget in own if isinstance(widget, io.Combo.Input)]
        return io.Schema(
            node_id="PatchMatters_Detect",
            display_name="Detect Objects",
            category=MODELS,
            description="Finds objects, so that no patch cuts one in two. Detectors with fixed labels (RT-DETR, "
            "D-FINE, YOLOS), or ones that find what is named (OWLv2, GroundingDINO).",
            search_aliases=["detector", "rt-detr", "yolo", "owl", "grounding dino", "bounding box"],
            inputs=[
                io.Image.Input("image", tooltip="The pictures; each gets its own list of boxes."),
                *(widget for widget in own if widget not in lists),
                keep_loaded_widget(),
                model_list(
                    "model",
                    Kind.DETECTOR,
                    "Folders in models/LLM that hold a detector; then well-known ones, downloaded when chosen.",
                ),
                *lists,
                device_widget(),
            ],
            outputs=[io.BoundingBox.Output("boxes", tooltip="One list of boxes per picture, for Divide into Patches.")],
        )

    @classmethod
    def validate_inputs(cls, model: str | None = None) -> bool | str:
        return known_model(Kind.DETECTOR, model)

    @classmethod
    def execute(cls, image: Tensor, model: str, device: str, keep_loaded: bool, **widgets: Any) -> io.NodeOutput:
        settings = settings_from(DetectorSettings, on_device(widgets | {"model": model}, device))
        monitor = ComfyMonitor()
        detector = create(settings, comfy_residence(keep_loaded), model_roots(), monitor)
        found = detector.detect(pictures_from_image(image), monitor)
        return io.NodeOutput([[_bounding_box(one) for one in detections] for detections in found])


def _bounding_box(detection: Detection) -> dict[str, Any]:
    """Core's bounding box, in pixels."""
    box = detection.box
    return {
        "x": box.left,
        "y": box.top,
        "width": box.width,
        "height": box.height,
        "label": detection.label,
        "score": detection.score,
    }
