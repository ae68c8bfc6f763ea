"""Detectors of local weights: boxes, labels and scores, from pictures alone or from labels given as text.

RT-DETR, RF-DETR, DETR, D-FINE, YOLOS and their kin know fixed labels (COCO's 80 mostly) and may be restricted to some.
OWLv2, GroundingDINO (MM-GroundingDINO and LLMDet among them) and OmDet-Turbo look for whatever is named. Florence-2
names what it sees itself, by its task <OD>. Boxes are in pixels of the upright picture.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..models import QUIET, Monitor
from ..options import Options, option
from ..scene import Box, Detection
from ..weights.model_files import ModelFiles, inspect_folder
from ..weights.model_names import find_model
from .local.devices import PlainResidence, Residence, ResidenceFactory, choose_device, choose_dtype
from .local.loading import PRECISIONS, WeightOptions, class_for, load_module
from .local.memory import check_fits, require_free, weight_bytes
from .local.pictures import fitted
from .local.processors import load_image_processor, load_processor

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

_NAMING = ("AutoModelForZeroShotObjectDetection",)
_FIXED = ("AutoModelForObjectDetection",)
_WRITING = ("AutoModelForImageTextToText",)
# Of Florence-2 (arXiv 2311.06242): what it is asked, the longest list, and how its list is written.
_TASK, _MOST_TOKENS, _CELLS = "<OD>", 1024, 1000
_FRAME = re.compile(r"</?s>|<pad>")
_NAME_AND_PLACES = re.compile(r"([^<]*[^<\s][^<]*)((?:\s*<loc_\d+>){4,})")
_PLACE = re.compile(r"<loc_(\d+)>\s*<loc_(\d+)>\s*<loc_(\d+)>\s*<loc_(\d+)>")
_MAX_PIXELS = 4_194_304  # detectors look at 640 to 1333 pixels a side
_WORKING_BYTES = 2**30  # activations of one picture
STAGE = "detect"


@dataclass(frozen=True)
class DetectorSettings(Options):
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
    way = _way_of(files)
    cls = class_for(files, way.autos)
    if way.checks is not None:
        way.checks(settings, files)
    dtype, options = choose_dtype(settings.precision, device), WeightOptions(settings.precision)
    needed = weight_bytes(files, options, dtype)
    check_fits(files, needed, device)

    def load() -> Any:
        require_free(files, needed, choose_device("cpu"))
        return load_module(cls, files, options, dtype, device)

    return Detector(files, settings, residence(load, device, needed, True), way.find, way.processor)


def _require_timm(files: ModelFiles) -> None:
    backbone = files.config.get("backbone_config")
    kind = backbone.get("model_type") if isinstance(backbone, Mapping) else ""
    wanted = files.config.get("use_timm_backbone") or kind == "timm_backbone"
    if wanted and importlib.util.find_spec("timm") is None:
        raise ValueError(
            f'{files.name} needs the package timm for its backbone: run "pip install timm", or choose RT-DETR, D-FINE '
            "or YOLOS instead."
        )


def _require_labels(settings: DetectorSettings, files: ModelFiles) -> None:
    if not settings.wanted:
        raise ValueError(
            f'{files.name} finds what it is told to find: write at least one label, for example "person, dog, bench".'
        )


def _require_known(settings: DetectorSettings, files: ModelFiles) -> None:
    known = {str(name).lower() for name in (files.config.get("id2label") or {}).values()}
    unknown = [label for label in settings.wanted if label.lower() not in known]
    if unknown:
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
    processor_loader: Callable[[ModelFiles], Any] = load_image_processor
    _processor: Any = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return self.files.name

    def detect(self, pictures: Sequence[Image], monitor: Monitor = QUIET) -> list[list[Detection]]:
        """The detections of each picture, the surest first. A picture without any gives an empty list."""
        import torch

        if self._processor is None:
            self._processor = self.processor_loader(self.files)
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
    return _restricted(_told(told, names), settings)


def _find_written(module: Any, processor: Any, picture: Image, settings: DetectorSettings) -> Mapping[str, Any]:
    """By Florence-2, which writes a list of names and places. It gives no scores: what it writes counts as sure."""
    inputs = _placed(processor(text=[_TASK], images=[picture], return_tensors="pt"), module)
    written = module.generate(**inputs, do_sample=False, num_beams=1, max_new_tokens=_most_tokens(module))
    text = processor.tokenizer.batch_decode(written, skip_special_tokens=False)[0]
    found = written_boxes(text, picture.size)
    boxes, labels = [box for _, box in found], [label for label, _ in found]
    return _restricted({"boxes": boxes, "scores": [1.0] * len(boxes), "labels": labels}, settings)


def written_boxes(text: str, size: tuple[int, int]) -> list[tuple[str, tuple[float, ...]]]:
    """Labels and boxes (left, top, right, bottom) in a list as Florence-2 writes it: a name, then its places.

    A place is four tokens of a grid of 1000 x 1000 cells over a picture of `size`, and means the middle of its cell.
    """
    found = []
    for label, places in _NAME_AND_PLACES.findall(_FRAME.sub("", text)):
        for numbers in _PLACE.findall(places):
            cells = [(int(number) + 0.5) / _CELLS for number in numbers]
            box = tuple(cell * size[at % 2] for at, cell in enumerate(cells))
            found.append((label.strip(), box))
    return found


def _most_tokens(module: Any) -> int:
    """No answer longer than the decoder has positions for."""
    positions: int = module.config.get_text_config().max_position_embeddings
    return min(_MOST_TOKENS, positions - 2)


def _restricted(told: Mapping[str, Any], settings: DetectorSettings) -> Mapping[str, Any]:
    """Without the labels that are not wanted, where some are."""
    names, boxes, scores = told["labels"], told["boxes"], told["scores"]
    wanted = {label.lower() for label in settings.wanted}
    kept = [number for number, name in enumerate(names) if not wanted or name.lower() in wanted]
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


@dataclass(frozen=True)
class _Way:
    """How a kind of detector is loaded and asked, and what is checked of its labels before."""

    autos: Sequence[str]
    find: Callable[[Any, Any, Image, DetectorSettings], Mapping[str, Any]]
    processor: Callable[[ModelFiles], Any] = load_processor
    checks: Callable[[DetectorSettings, ModelFiles], None] | None = _require_labels


_KNOWN = _Way(_FIXED, _find_known, load_image_processor, _require_known)
_WAYS: Mapping[str, _Way] = {
    "owlvit": _Way(_NAMING, _find_owl),
    "owlv2": _Way(_NAMING, _find_owl),
    "grounding-dino": _Way(_NAMING, _find_grounded),
    "mm-grounding-dino": _Way(_NAMING, _find_grounded),
    "omdet-turbo": _Way(_NAMING, _find_omdet),
    "florence2": _Way(_WRITING, _find_written, checks=None),
}


def _way_of(files: ModelFiles) -> _Way:
    return _WAYS.get(files.model_type, _KNOWN)
