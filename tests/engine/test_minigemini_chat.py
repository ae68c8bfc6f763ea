"""Mini-Gemini as a chat model among the local ones: batches, candidates, seeds, progress, cancel, and the pipeline."""

# ruff: noqa: E402 -- torch and transformers are optional: without them this module is skipped, with the reason.

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evaluation.bank import shared_dir

torch = pytest.importorskip("torch", reason="Mini-Gemini runs on torch, which is not installed")
pytest.importorskip("transformers", reason="Mini-Gemini's language model needs transformers, which is not installed")

from engine.tiny_minigemini import require_sentencepiece, write_tiny_minigemini
from patchmatters.backends.local.kinds import Kind, offered
from patchmatters.backends.transformers_chat import TransformersChat, TransformersSettings, create
from patchmatters.models import QUIET, Question, QuietMonitor, derive_seed
from patchmatters.picture import Crop
from patchmatters.pipeline import PRESETS, caption_pictures
from patchmatters.scene import Box, Detection, Stage

REFERENCES = shared_dir() / "minigemini"


@pytest.fixture(autouse=True)
def _offline_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny HD checkpoint: 5 views a picture."""
    path = tmp_path_factory.mktemp("models") / "MGM-tiny-HD"
    return write_tiny_minigemini(path, image_size_aux=128, image_grid=2, image_global=True)


@pytest.fixture
def chat(folder: Path) -> Callable[..., TransformersChat]:
    return lambda **settings: create(TransformersSettings(model=str(folder), device="cpu", **settings))


def crops(count: int) -> list[Crop]:
    """Different parts of one picture: a wheel of colours."""
    return [Crop("wheel", Box(60.0 * number, 0, 60.0 * number + 110, 200), wheel()) for number in range(count)]


def wheel() -> Image.Image:
    across, down = Image.linear_gradient("L").rotate(90), Image.linear_gradient("L")
    return Image.merge("HSV", [across, down, Image.new("L", across.size, 255)]).convert("RGB").resize((320, 240))


def candidates(crop: Crop, count: int = 3, **changed: Any) -> list[Question]:
    return [
        Question(f"{crop.box.left:g}, candidate {number}", "Describe.", (crop,), seed=derive_seed(1, number),
                 **{"temperature": 0.7, "max_new_tokens": 12, **changed})
        for number in range(count)
    ]  # fmt: skip


def texts(model: TransformersChat, questions: list[Question]) -> list[str]:
    return [answer.text for answer in model.answer(questions, QUIET)]


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Grows by one with every picture that a Mini-Gemini encodes."""
    from patchmatters.backends.minigemini.vision import MiniGeminiVision

    seen: list[Any] = []
    forward = MiniGeminiVision.forward

    def counted(self: MiniGeminiVision, pixels: Any) -> Any:
        seen.append(pixels)
        return forward(self, pixels)

    monkeypatch.setattr(MiniGeminiVision, "forward", counted)
    return seen


class TestAnswers:
    @pytest.mark.parametrize("kind", ["llama", "gemma"])
    def test_a_greedy_answer_is_the_original_implementations(self, kind: str) -> None:
        from safetensors.torch import load_file

        reference = REFERENCES / kind / "reference.safetensors"
        if not reference.is_file():
            pytest.skip(f"the recorded references are not at {reference.parent}")
        require_sentencepiece(REFERENCES / kind / "checkpoint")
        question = json.loads((REFERENCES / kind / "meta.json").read_text(encoding="utf-8"))["question"]
        model = create(
            TransformersSettings(model=str(REFERENCES / kind / "checkpoint"), precision="fp32", device="cpu")
        )
        with Image.open(REFERENCES / "image.png") as opened:
            picture = opened.convert("RGB")
        whole = Crop("reference", Box(0, 0, *picture.size), picture)
        answer = model.answer([Question("q", question, (whole,), temperature=0.0, max_new_tokens=12)], QUIET)[0]
        expected = model.speech.tokenizer.decode(load_file(reference)["greedy_ids"][0], skip_special_tokens=True)
        assert answer.text == expected.strip()

    def test_a_text_does_not_depend_on_what_is_asked_beside_it(self, chat: Callable[..., TransformersChat]) -> None:
        questions = [question for crop in crops(3) for question in candidates(crop)]
        together = texts(chat(), questions)
        assert len(set(together)) > 6  # seeds and pictures make a difference
        assert texts(chat(batch_size=2), questions) == together
        assert texts(chat(), questions[::-1]) == together[::-1]

    def test_questions_with_and_without_a_picture_may_be_mixed(self, chat: Callable[..., TransformersChat]) -> None:
        words = Question("words", "Which two of these agree?", temperature=0.0, max_new_tokens=6)
        seeing = candidates(crops(1)[0], 1)[0]
        model = chat()
        mixed = model.answer([words, seeing], QUIET)
        assert [answer.text for answer in mixed] == texts(chat(), [words]) + texts(chat(), [seeing])
        assert mixed[1].input_tokens - mixed[0].input_tokens > 5 * 16 - 40  # the picture's tokens are counted

    def test_two_pictures_at_once_are_refused(self, chat: Callable[..., TransformersChat]) -> None:
        with pytest.raises(ValueError, match="looks at one picture at a time"):
            chat().answer([Question("both", "Compare.", tuple(crops(2)))], QUIET)


class TestEconomy:
    def test_a_picture_is_encoded_once_for_all_its_candidates(
        self, chat: Callable[..., TransformersChat], encodings: list[Any]
    ) -> None:
        texts(chat(), [question for crop in crops(2) for question in candidates(crop)])
        assert len(encodings) == 2

    def test_also_where_its_candidates_are_decoded_one_by_one(
        self, chat: Callable[..., TransformersChat], encodings: list[Any]
    ) -> None:
        texts(chat(batch_size=1), [question for crop in crops(2) for question in candidates(crop)])
        assert len(encodings) == 2


class Stopped(BaseException):
    """As ComfyUI's own cancel is: not an Exception."""


class Stopping(QuietMonitor):
    """Counts polls and cancels at the one that it is told; notes which questions were done."""

    def __init__(self, at: int) -> None:
        self.at, self.polls, self.done = at, 0, []

    def poll(self) -> None:
        self.polls += 1
        if self.polls == self.at:
            raise Stopped

    def advance(self, name: str) -> None:
        self.done.append(name)


class TestMonitor:
    def test_every_question_is_reported_and_every_token_polled(self, chat: Callable[..., TransformersChat]) -> None:
        questions = candidates(crops(1)[0], 2)
        watch = Stopping(at=-1)
        chat().answer(questions, watch)
        assert sorted(watch.done) == [question.name for question in questions]
        assert watch.polls >= 12

    def test_a_cancel_ends_it_within_a_token_and_the_model_goes_on_working(
        self, chat: Callable[..., TransformersChat]
    ) -> None:
        model, questions = chat(), candidates(crops(1)[0], 2)
        watch = Stopping(at=6)
        with pytest.raises(Stopped):
            model.answer(questions, watch)
        assert watch.polls == 6
        assert texts(model, questions) == texts(chat(), questions)

    def test_a_cancel_is_heard_between_two_pictures(
        self, chat: Callable[..., TransformersChat], encodings: list[Any]
    ) -> None:
        watch = Stopping(at=3)  # before reading, before the first picture, before the second
        with pytest.raises(Stopped):
            chat().answer([candidates(crop, 1)[0] for crop in crops(3)], watch)
        assert len(encodings) == 1


class TestChoosing:
    def test_a_folder_below_a_model_folder_is_found_by_its_name(self, folder: Path) -> None:
        assert folder.name in offered(Kind.CHAT, [folder.parent])
        model = create(TransformersSettings(model=folder.name, device="cpu"), roots=[folder.parent])
        assert (model.name, model.sees_images, model.follows_instructions) == ("MGM-tiny-HD", True, True)

    def test_what_is_no_captioner_is_refused_before_anything_is_loaded(self, tmp_path: Path) -> None:
        look_alike = write_tiny_minigemini(tmp_path / "DenseConnector", mm_hidden_size=192)
        with pytest.raises(ValueError, match="only looks like a Mini-Gemini"):
            create(TransformersSettings(model=str(look_alike), device="cpu"))
        silent = write_tiny_minigemini(tmp_path / "silent")
        (silent / "tokenizer.json").unlink()
        with pytest.raises(ValueError, match="has no tokenizer"):
            create(TransformersSettings(model=str(silent), device="cpu"))


def test_it_captions_through_the_whole_pipeline() -> None:
    """The recorded Llama checkpoint describes; comparing, filtering and writing need no model."""
    checkpoint = REFERENCES / "llama" / "checkpoint"
    if not checkpoint.is_dir():
        pytest.skip(f"the recorded references are not at {REFERENCES}")
    require_sentencepiece(checkpoint)
    model = create(TransformersSettings(model=str(checkpoint), device="cpu"))
    picture = wheel()
    preset = replace(PRESETS["paper"], describe=replace(PRESETS["paper"].describe, max_new_tokens=24), semantic=False)
    boxes = [[Detection(Box(100, 80, 220, 200), "cat", 0.9)]]
    (scene,) = caption_pictures([picture], model, detections=boxes, preset=preset, names=["wheel"])
    assert scene.stage is Stage.COMPOSED
    assert scene.caption_text
    assert [len(patch.passages) for patch in scene.first_level] == [1, 3, 3, 3, 3]
    assert scene.records[0].model == "checkpoint"
    assert scene.records[0].calls == 13
    (again,) = caption_pictures([picture], model, detections=boxes, preset=preset, names=["wheel"])
    assert again == scene
