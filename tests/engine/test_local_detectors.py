"""Detectors of local weights, from a picture to boxes that Divide takes."""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("torch", reason="local models need torch")
pytest.importorskip("transformers", reason="local models need transformers")

import torch
import transformers

from engine import tiny_families, tiny_models
from patchmatters.backends.detectors import Detector, DetectorSettings, create, written_boxes
from patchmatters.backends.local.kinds import Kind, offered
from patchmatters.divide import divide
from patchmatters.models import QuietMonitor

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
PHOTO = Image.frombytes("RGB", (40, 30), random.Random(0).randbytes(40 * 30 * 3)).resize((200, 150))
FIXED = ("rt_detr", "d_fine", "yolos", "rt_detr_v2", "detr", "conditional_detr", "rf_detr")
NAMING = ("owlv2", "grounding_dino", "mm_grounding_dino", "omdet_turbo")
NEED_TORCHVISION = ("rf_detr", "omdet_turbo")
LATER = {"rf_detr": "RfDetrConfig"}  # what transformers 4 does not have
NAMES = "dog, red ball"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    root, built = tmp_path_factory.mktemp("detectors"), {}

    def folder(name: str) -> Path:
        if name == "owlv2":
            pytest.importorskip("scipy", reason="OWLv2's processor needs scipy")
        if name in NEED_TORCHVISION and not transformers.utils.is_torchvision_available():
            pytest.skip(f"the processor of {name} needs torchvision: python scripts/test_transformers.py")
        if not hasattr(transformers, LATER.get(name, "PreTrainedModel")):
            pytest.skip(f"transformers {transformers.__version__} does not have {name}")
        if name not in built:
            torch.manual_seed(0)
            built[name] = tiny_models.DETECTORS[name](root / name)
        return built[name]

    return folder


def _open(folder: Path, **settings: Any) -> Detector:
    chosen = {"min_score": 0.0, "device": "cpu"} | settings
    return create(DetectorSettings(str(folder), **chosen))


@pytest.mark.parametrize("name", FIXED + NAMING)
def test_boxes_lie_in_the_picture_and_divide_takes_them(folders: Callable[[str], Path], name: str) -> None:
    detector = _open(folders(name), labels="" if name in FIXED else NAMES)
    pictures = [PHOTO, PHOTO.crop((0, 0, 90, 140))]
    found = detector.detect(pictures)
    known = tiny_models.LABELS if name in FIXED else ("dog", "red ball")
    assert len(found) == 2 and found[0]
    for picture, detections in zip(pictures, found, strict=True):
        for one in detections:
            assert 0 <= one.box.left < one.box.right <= picture.width
            assert 0 <= one.box.top < one.box.bottom <= picture.height
            assert one.label in known and 0 < one.score <= 1
        assert [one.score for one in detections] == sorted((one.score for one in detections), reverse=True)
    assert len(divide(pictures, found)) == 2


@pytest.mark.parametrize("name", FIXED)
def test_boxes_are_those_of_the_models_own_post_processing(folders: Callable[[str], Path], name: str) -> None:
    detector = _open(folders(name), max_boxes=3)
    ours = detector.detect([PHOTO])[0]
    processor = transformers.AutoImageProcessor.from_pretrained(folders(name))
    with detector.residence.lend(0) as module, torch.inference_mode():
        output = module(**processor(images=PHOTO, return_tensors="pt"))
    told = processor.post_process_object_detection(output, threshold=0.0, target_sizes=[(150, 200)])[0]
    assert [one.score for one in ours] == pytest.approx(told["scores"].sort(descending=True).values[:3].tolist())


def test_a_detector_without_a_hit_gives_an_empty_list(folders: Callable[[str], Path]) -> None:
    found = _open(folders("rt_detr"), min_score=1.0).detect([PHOTO])
    assert found == [[]]
    assert len(divide([PHOTO], found)[0].patches) == 4


def test_labels_restrict_a_detector_of_fixed_labels(folders: Callable[[str], Path]) -> None:
    every = _open(folders("yolos")).detect([PHOTO])[0]
    wanted = every[0].label
    found = _open(folders("yolos"), labels=f" {wanted.upper()} \n").detect([PHOTO])[0]
    assert found == [one for one in every if one.label == wanted]


def test_labels_are_read_as_people_write_them() -> None:
    assert DetectorSettings(labels="dog, red ball.\n dog; ,\tbench").wanted == ("dog", "red ball", "bench")


@pytest.mark.parametrize("name", NAMING)
@pytest.mark.parametrize("labels", ["", " , \n"])
def test_an_empty_list_of_labels_is_refused_where_one_is_needed(
    folders: Callable[[str], Path], name: str, labels: str
) -> None:
    with pytest.raises(ValueError, match="write at least one label"):
        _open(folders(name), labels=labels)


def test_a_label_that_the_detector_does_not_know_is_refused(folders: Callable[[str], Path]) -> None:
    with pytest.raises(ValueError, match="does not know 'unicorn': choose among its 3 labels"):
        _open(folders("rt_detr"), labels="dog, unicorn")


def test_what_is_no_detector_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot use here: choose another model"):
        _open(tiny_models.llava(tmp_path / "llava"))


@pytest.mark.parametrize("told", [{"use_timm_backbone": True}, {"backbone_config": {"model_type": "timm_backbone"}}])
def test_a_detector_that_needs_timm_says_so_where_it_is_missing(
    folders: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any]
) -> None:
    folder = tmp_path / "detr"
    shutil.copytree(folders("yolos"), folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | told))
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ValueError, match='run "pip install timm", or choose RT-DETR, D-FINE or YOLOS instead'):
        _open(folder)


def test_florence_is_asked_for_objects_and_its_list_is_read(tmp_path: Path) -> None:
    """A tiny random model writes places at random: what it wrote is what comes out."""
    torch.manual_seed(0)
    folder = tiny_families.florence2(tmp_path / "florence2", places=40)
    detector = create(DetectorSettings(str(folder), device="cpu"))
    (found,) = detector.detect([PHOTO])
    with detector.residence.lend(0) as module, torch.inference_mode():
        inputs = detector._processor(text=["<OD>"], images=[PHOTO], return_tensors="pt")
        written = module.generate(**inputs, do_sample=False, num_beams=1, max_new_tokens=510)
    wanted = written_boxes(detector._processor.tokenizer.decode(written[0]), PHOTO.size)
    assert len(found) == len([box for _, box in wanted if box[0] < box[2] and box[1] < box[3]])
    assert folder.name in offered(Kind.DETECTOR, [tmp_path]) and folder.name in offered(Kind.CHAT, [tmp_path])


def test_a_list_of_names_and_places_is_read() -> None:
    balls = "".join(f"<loc_{number}>" for number in range(1, 9))
    text = f"</s><s>dog<loc_0><loc_100><loc_499><loc_999>red ball{balls}</s>"
    found = written_boxes(text, (200, 100))
    assert [label for label, _ in found] == ["dog", "red ball", "red ball"]
    assert found[0][1] == pytest.approx((0.1, 10.05, 99.9, 99.95))
    assert written_boxes("no places here <loc_1><loc_2>", (200, 100)) == []


def test_cancelling_stops_before_the_next_picture(folders: Callable[[str], Path]) -> None:
    class Cancelled(BaseException):
        pass

    class Impatient(QuietMonitor):
        done = 0

        def advance(self, name: str) -> None:
            self.done += 1

        def poll(self) -> None:
            if self.done == 2:
                raise Cancelled

    monitor = Impatient()
    with pytest.raises(Cancelled):
        _open(folders("yolos")).detect([PHOTO] * 5, monitor)
    assert monitor.done == 2
