"""Detectors of local weights: boxes, labels and scores, from pictures alone or from labels given as text.

RT-DETR, RF-DETR, DETR, D-FINE, YOLOS and their kin know fixed labels (COCO's 80 mostly) and may be restricted to some.
OWLv2, GroundingDINO (MM-GroundingDINO and LLMDet among them) and OmDet-Turbo look for whatever is named. Boxes are in
pixels of the upright picture.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..options import check_options, option
from ..scene import Box, Detection
from .base import QUIET, Monitor
from .local.devices import PlainResidence, Residence, ResidenceFactory, choose_device, choose_dtype
from .local.loading import PRECISIONS, WeightOptions, class_for, load_module
from .local.memory import check_fits, require_free, weight_bytes
from .local.model_files import ModelFiles, inspect_folder
from .local.model_names import find_model
from .local.pictures import fitted
from .local.processors import load_image_processor, load_processor

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

_NAMING = ("AutoModelForZeroShotObjectDetection",)
_FIXED = ("AutoModelForObjectDetection",)
_MAX_PIXELS = 4_194_304  # detectors look at 640 to 1333 pixels a side
_WORKING_BYTES = 2**30  # activations of one picture
STAGE = "detect"


@dataclass(frozen=True)
class DetectorSettings:
    """A local detector and what it looks for."""

    model: str = option("", "Folder of the detector, its name below a model folder, or its id on Hugging Face.")
    labels: str = option(
        "", "What to look for, separated by commas or lines. Empty: everything that the detector knows. Detectors that "
        "find named things (OWLv2, GroundingDINO) need at least one.", multiline=True,
    )  # fmt: skip
    min_score: float = option(
        0.3, "Boxes with a score at or below this are left out (0 to 1).", minimum=0.0, maximum=1.0, step=0.01
    )
    max_boxes: int = option(
        100, "The most boxes per picture; the best are kept.", minimum=1, maximum=1000, advanced=True
    )
    precision: str = option("fp32", "Number format. Boxes are exact in fp32 only.", choices=PRECISIONS, advanced=True)
    device: str = option("auto", 'Where to compute: "auto", "cpu", "cuda", "cuda:1", "mps" or "xpu".', advanced=True)

    __post_init__ = check_options

    @property
    def wanted(self) -> tuple[str, ...]:
        """The labels to look for, each once."""
        found = (label.strip(" .\t") for label in re.split(r"[,;\n]", self.labels))
        return tuple(dict.fromkeys(label for label in found if label))


def create(
    settings: DetectorSettings,
    residence: ResidenceFactory = PlainResidence,
    roots: Sequence[Path] = (),
    monitor: Monitor = QUIET,
) -> Detector:
    """The detector of these settings. Files and labels are checked here; weights are loaded with the first picture.

    ValueError for a folder that is no detector, for an empty list of labels where some are needed, and for labels that
    a detector of fixed labels does not know.
    """
    device = choose_device(settings.device)
    files = inspect_folder(find_model(settings.model, roots, monitor))
    _require_timm(files)
    naming = _has_labels_as_text(files)
    cls = class_for(files, _NAMING if naming else _FIXED)
    _check_labels(settings, files, naming=naming)
    dtype, options = choose_dtype(settings.precision, device), WeightOptions(settings.precision)
    needed = weight_bytes(files, options, dtype)
    check_fits(files, needed, device)

    def load() -> Any:
        require_free(files, needed, choose_device("cpu"))
        return load_module(cls, files, options, dtype, device)

    find = _NAMED_FINDERS[files.model_type] if naming else _find_known
    return Detector(files, settings, residence(load, device, needed, True), find, load_processor if naming else None)


def _has_labels_as_text(files: ModelFiles) -> bool:
    return files.model_type in _NAMED_FINDERS


def _require_timm(files: ModelFiles) -> None:
    backbone = files.config.get("backbone_config")
    kind = backbone.get("model_type") if isinstance(backbone, Mapping) else ""
    wanted = files.config.get("use_timm_backbone") or kind == "timm_backbone"
    if wanted and importlib.util.find_spec("timm") is None:
        raise ValueError(
            f'{files.name} needs the package timm for its backbone: run "pip install timm", or choose RT-DETR, D-FINE '
            "or YOLOS instead."
        )


def _check_labels(settings: DetectorSettings, files: ModelFiles, *, naming: bool) -> None:
    if naming and not settings.wanted:
        raise ValueError(
            f'{files.name} finds what it is told to find: write at least one label, for example "person, dog, bench".'
        )
    known = {str(name).lower() for name in (files.config.get("id2label") or {}).values()}
    unknown = [label for label in settings.wanted if label.lower() not in known]
    if not naming and unknown:
        some = ", ".join(sorted(known)[:8])
        raise ValueError(
            f"{files.name} does not know {', '.join(map(repr, unknown[:3]))}: choose among its {len(known)} labels "
            f"({some} ...), leave the list empty, or choose OWLv2 or GroundingDINO."
        )


@dataclass
class Detector:
    """Finds objects in pictures. Made by `create`."""

    files: ModelFiles
    settings: DetectorSettings
    residence: Residence
    find: Callable[[Any, Any, Image, DetectorSettings], Mapping[str, Any]]
    processor_loader: Callable[[ModelFiles], Any] | None = None
    _processor: Any = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return self.files.name

    def detect(self, pictures: Sequence[Image], monitor: Monitor = QUIET) -> list[list[Detection]]:
        """The detections of each picture, the surest first. A picture without any gives an empty list."""
        import torch

        if self._processor is None:
            self._processor = (self.processor_loader or load_image_processor)(self.files)
        monitor.begin(STAGE, len(pictures))
        found = []
        with self.residence.lend(_WORKING_BYTES) as module, torch.inference_mode():
            for number, picture in enumerate(pictures, 1):
                monitor.poll()
                seen = fitted(picture, _MAX_PIXELS)
                told = self.find(module, self._processor, seen, self.settings)
                found.append(_detections(told, seen.size, picture.size, self.settings))
                monitor.advance(f"picture {number}")
        return found


def _detections(
    told: Mapping[str, Any], seen: tuple[int, int], size: tuple[int, int], settings: DetectorSettings
) -> list[Detection]:
    """Boxes of the picture that was seen, in pixels of the whole picture, cut to it; those without area are none."""
    across, down = size[0] / seen[0], size[1] / seen[1]
    whole = Box(0.0, 0.0, float(size[0]), float(size[1]))
    found = []
    for (left, top, right, bottom), score, label in zip(told["boxes"], told["scores"], told["labels"], strict=True):
        box = Box(left * across, top * down, right * across, bottom * down).intersection(whole)
        if box.area > 0 and score > settings.min_score:
            found.append(Detection(box, label, score))
    return sorted(found, key=lambda one: -one.score)[: settings.max_boxes]


def _find_known(module: Any, processor: Any, picture: Image, settings: DetectorSettings) -> Mapping[str, Any]:
    """By a detector of fixed labels."""
    inputs = _placed(processor(images=[picture], return_tensors="pt"), module)
    output = module(**inputs)
    told = processor.post_process_object_detection(
        output, threshold=settings.min_score, target_sizes=[(picture.height, picture.width)]
    )[0]
    names = [module.config.id2label[int(label)] for label in told["labels"]]
    wanted = {label.lower() for label in settings.wanted}
    kept = [number for number, name in enumerate(names) if not wanted or name.lower() in wanted]
    boxes, scores = told["boxes"].tolist(), told["scores"].tolist()
    return {
        "boxes": [boxes[number] for number in kept],
        "scores": [scores[number] for number in kept],
        "labels": [names[number] for number in kept],
    }


def _find_owl(module: Any, processor: Any, picture: Image, settings: DetectorSettings) -> Mapping[str, Any]:
    """By OWL-ViT or OWLv2: one query per label, phrased as in their papers."""
    wanted = list(settings.wanted)
    texts = [[f"a photo of a {label}" for label in wanted]]
    inputs = _placed(processor(text=texts, images=[picture], truncation=True, return_tensors="pt"), module)
    told = processor.post_process_grounded_object_detection(
        module(**inputs), threshold=settings.min_score, target_sizes=[(picture.height, picture.width)]
    )[0]
    return _told(told, [wanted[int(label)] for label in told["labels"]])


def _find_grounded(module: Any, processor: Any, picture: Image, settings: DetectorSettings) -> Mapping[str, Any]:
    """By GroundingDINO: the labels are one text, lower case, each ended by a full stop."""
    text = " ".join(f"{label.lower()}." for label in settings.wanted)
    inputs = _placed(processor(text=[text], images=[picture], return_tensors="pt"), module)
    told = processor.post_process_grounded_object_detection(
        module(**inputs), input_ids=inputs["input_ids"], threshold=settings.min_score,
        text_threshold=settings.min_score, target_sizes=[(picture.height, picture.width)],
    )[0]  # fmt: skip
    names = told.get("text_labels", told["labels"])
    return _told(told, [_named(str(name), settings.wanted) for name in names])


def _find_omdet(module: Any, processor: Any, picture: Image, settings: DetectorSettings) -> Mapping[str, Any]:
    """By OmDet-Turbo: the labels one by one, and a task that names them all, which its processor writes."""
    wanted = list(settings.wanted)
    inputs = _placed(processor(images=[picture], text=[wanted], return_tensors="pt"), module)
    told = processor.post_process_grounded_object_detection(
        module(**inputs), text_labels=[wanted], threshold=settings.min_score,
        target_sizes=[(picture.height, picture.width)],
    )[0]  # fmt: skip
    names = told["text_labels"] if told.get("text_labels") is not None else [wanted[int(at)] for at in told["labels"]]
    return _told(told, list(names))


def _named(phrase: str, wanted: Sequence[str]) -> str:
    """GroundingDINO gives the words that it found: the wanted label with most of them."""
    words = set(phrase.lower().split())
    return max(wanted, key=lambda label: len(words & set(label.lower().split())))


def _told(told: Mapping[str, Tensor], labels: Sequence[str]) -> Mapping[str, Any]:
    return {"boxes": told["boxes"].tolist(), "scores": told["scores"].tolist(), "labels": list(labels)}


def _placed(inputs: Mapping[str, Any], module: Any) -> dict[str, Any]:
    like = next(module.parameters())
    return {
        name: value.to(like.device, like.dtype) if value.is_floating_point() else value.to(like.device)
        for name, value in inputs.items()
    }


_NAMED_FINDERS = {
    "owlvit": _find_owl,
    "owlv2": _find_owl,
    "grounding-dino": _find_grounded,
    "mm-grounding-dino": _find_grounded,
    "omdet-turbo": _find_omdet,
}
