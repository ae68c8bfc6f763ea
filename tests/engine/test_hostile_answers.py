"""Hostile answers through the whole pipeline: nothing comes out but captions that can be written down, and sentences.

PATCHMATTERS_HOSTILE=13000 makes it as many answers; a few hundred run always.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from random import Random

import pytest

from engine.hostile_answers import hostile_answer
from engine.scenes import plain_picture
from patchmatters.backends.api.replies import Choice, answer_of
from patchmatters.backends.scripted import ScriptedChat
from patchmatters.basics.plain_text import one_line
from patchmatters.commands.caption_lines import captioned, json_line
from patchmatters.models import Answer, Question
from patchmatters.pipeline import PRESETS, Preset, caption_each
from patchmatters.scene import Scene
from patchmatters.scene_json import dump_scenes, load_scenes

COUNT = int(os.environ.get("PATCHMATTERS_HOSTILE", "260"))
BATCH = 4  # pictures
LONGEST = 20_000  # characters of a caption
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufeff]")
_MARKUP = re.compile(r"</?think|<\|[\w-]+\|>|</?(?:caption|answer|div)>", re.I)


class Hostile:
    """Answers every question with another hostile answer, as a server would hand it over."""

    def __init__(self, seed: int) -> None:
        self.given = 0
        self._random = Random(seed)

    def __call__(self, question: Question) -> Answer:
        self.given += 1
        choice = Choice(hostile_answer(self._random), self._random.choice(("stop", "stop", "length")))
        return answer_of(choice, question.max_new_tokens)


@pytest.mark.parametrize("name", ["fast", "careful"])
@pytest.mark.parametrize("writes", [True, False], ids=["text model", "by words"])
def test_nothing_comes_out_but_captions_and_sentences(name: str, writes: bool) -> None:
    hostile, pictures = Hostile(seed=len(name) + writes), [plain_picture(64 + n, 48) for n in range(BATCH)]
    model = ScriptedChat(hostile, name="hostile")
    preset, captions = _by_words(PRESETS[name]), 0
    while hostile.given < COUNT // 4:
        scenes = caption_each(pictures, model, None, model if writes else None, preset=preset)
        assert len(scenes) == BATCH
        captions += sum(map(_sound, scenes))
    assert captions


def _by_words(preset: Preset) -> Preset:
    """Without embeddings, which take long and read no letter of an answer."""
    return replace(preset, compare=replace(preset.compare, similarity="lexical"),
                   compose=replace(preset.compose, similarity="lexical"),
                   describe=replace(preset.describe, on_failure="continue"))  # fmt: skip


def _sound(scene: Scene) -> bool:
    """Whether a Scene has a caption. It has one, or says why not, and all of it can be written down and read again."""
    caption = scene.caption_text
    assert bool(caption) != bool(scene.problem), scene
    assert not _CONTROL.search(caption), caption
    assert not _MARKUP.search(caption), caption
    assert len(caption) <= LONGEST
    assert not scene.problem or (len(scene.problem.split()) > 3 and scene.problem.endswith((".", '"')))
    assert load_scenes(dump_scenes([scene]))[0].caption_text == caption
    one_line(caption).encode()
    assert "\n" not in json_line(captioned("p.png", scene))
    json.loads(json_line(captioned("p.png", scene)))
    return bool(caption)
