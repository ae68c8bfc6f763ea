"""The slider of the Inspect Scene node previews what the engine would keep: the same verdicts on random Scenes."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from patchmatters.divide import divide
from patchmatters.picture import Crop
from patchmatters.scene import Passage, Patch, Role, Ruling, Scene, Stage, Statement, Verdict
from patchmatters.scene import Testimony as Word  # pytest takes what begins with Test for tests
from patchmatters.scene_json import dump_scenes
from patchmatters.semantic_filter import FilterSettings, filter_statements
from patchmatters.views.overlay import _COLOURS as OVERLAY_COLOURS
from web.conftest import Evaluate

LIMITS = (0.0, 0.29, 0.3, 0.31, 0.5, 0.85, 1.0)
SCORES = (0.0, 0.1, 0.3, 0.3 + 1e-12, 0.31, 0.5, 0.85, 0.9, 1.0, None)  # ties and limits on purpose
PREVIEW = """
import { previewKept, likelyKeepScore } from "./js/keep_rules.js"
import { readScene, SceneIndex } from "./js/scene_model.js"
const kept = (scene, limit) =>
  Object.fromEntries(new SceneIndex(scene).patches.map((p) => [p.name, previewKept(p, limit)]))
return data.scenes.map((text) => readScene(text)).map((scene) => ({
  likely: likelyKeepScore(scene), kept: data.limits.map((limit) => kept(scene, limit)) }))
"""


class RandomScorer:
    """Scores drawn by chance, the same for the same sentence; None for some."""

    name = "random"

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        return [random.Random(f"{self.seed} {sentence}").choice(SCORES) for sentence in sentences]


def random_statements(rng: random.Random, passages: int) -> tuple[Statement, ...]:
    verdicts = [rng.choice(list(Verdict)) for _ in range(rng.randint(0, 12))]
    rivals: dict[int, set[int]] = {number: set() for number in range(len(verdicts))}
    fighting = [number for number, verdict in enumerate(verdicts) if verdict is Verdict.CONTRADICTORY]
    for one in fighting:
        for other in fighting:
            if one < other and rng.random() < 0.4:
                rivals[one].add(other)
                rivals[other].add(one)
    return tuple(
        Statement(
            f"Statement {number} of {rng.random()}.",
            verdict,
            tuple(sorted(rng.sample(range(passages), rng.randint(1, passages)))),
            tuple(sorted(rivals[number])),
            support=rng.choice((None, 0.2, 0.5, 0.8)),
            testimony=random_testimony(rng),
        )
        for number, verdict in enumerate(verdicts)
    )


def random_testimony(rng: random.Random) -> tuple[Word, ...]:
    """Mostly none, else words for and against on two points."""
    return tuple(
        Word(f"witness {number}", rng.choice(("count", "colour")), rng.choice(list(Ruling)),
                  rng.choice((0.4, 0.9)), "seen", wholly=rng.random() < 0.5)
        for number in range(rng.choice((0, 0, 0, 1, 2, 3)))
    )  # fmt: skip


def random_compared(rng: random.Random, across: bool) -> Scene:
    (scene,) = divide([Image.new("RGB", (40, 30))])
    if across:
        texts = tuple(Passage("A thing.", patch.name) for patch in scene.patches)
        region = Patch("region", Role.REGION, scene.image.box, members=tuple(one.name for one in scene.patches))
        told = replace(region, passages=texts, statements=random_statements(rng, len(texts)))
        return replace(scene, regions=(told,), stage=Stage.COMPARED_ACROSS)
    return replace(scene.with_patches([random_patch(rng, one) for one in scene.first_level]), stage=Stage.COMPARED)


def random_patch(rng: random.Random, patch: Patch) -> Patch:
    passages = tuple(Passage("A thing.", f"candidate {number + 1}") for number in range(rng.randint(1, 4)))
    return replace(patch, passages=passages, statements=random_statements(rng, len(passages)))


def kept_by_engine(scene: Scene) -> dict[str, list[bool | None]]:
    return {patch.name: [one.kept for one in patch.statements] for patch in (*scene.first_level, *scene.regions)}


def test_the_preview_keeps_what_the_engine_keeps(evaluate: Evaluate) -> None:
    """Scenes filtered at one keep_score and previewed at others, against the engine at those others."""
    filtered, expected = [], []
    for seed in range(400):
        rng = random.Random(seed)
        scene = random_compared(rng, across=seed % 4 == 0)
        scorer = RandomScorer(seed) if rng.random() < 0.8 else None
        rules = (rng.random() < 0.5, rng.choice((0.0, 0.5, 0.8)), rng.choice((0.0, 0.7)))

        def at(limit: float, scene: Scene = scene, scorer: Any = scorer, rules: Any = rules) -> Scene:
            return filter_statements([scene], scorer, FilterSettings(limit, *rules))[0]

        filtered.append(dump_scenes([at(rng.choice(LIMITS))]))
        expected.append([kept_by_engine(at(limit)) for limit in LIMITS])
    shown = evaluate(PREVIEW, {"scenes": filtered, "limits": LIMITS})
    assert [one["kept"] for one in shown] == expected


@pytest.mark.parametrize("limit", [0.1, 0.3, 0.62])
def test_the_slider_starts_where_the_scene_was_filtered(evaluate: Evaluate, limit: float) -> None:
    """Not at the very number, which no Scene records, but at one with the same verdicts."""
    scenes = [random_compared(random.Random(seed), across=False) for seed in range(40)]
    filtered = [filter_statements([one], RandomScorer(7), FilterSettings(limit))[0] for one in scenes]
    texts = [dump_scenes([one]) for one in filtered]
    likely = [one["likely"] for one in evaluate(PREVIEW, {"scenes": texts, "limits": []})]
    for scene, text, found in zip(filtered, texts, likely, strict=True):
        (shown,) = evaluate(PREVIEW, {"scenes": [text], "limits": [found]}) if found != limit else ({"kept": None},)
        assert shown["kept"] in (None, [kept_by_engine(scene)])


def test_what_a_nearer_look_refuted_stays_dropped(evaluate: Evaluate) -> None:
    scene = random_compared(random.Random(1), across=False)
    told = Statement("A red boat.", Verdict.UNIQUE, (0,), score=0.9, kept=False, reason="refuted by left: A blue boat.")
    scene = replace(scene, whole=replace(scene.whole, statements=(told,)), stage=Stage.FILTERED)
    (shown,) = evaluate(PREVIEW, {"scenes": [dump_scenes([scene])], "limits": [0.1]})
    assert shown["kept"][0][scene.whole.name] == [False]


def test_each_bar_is_explained_by_what_the_filter_measured(evaluate: Evaluate) -> None:
    """The meaning of a bar names which of the filter's three bars it is: told apart, since no two are equal here."""
    body = """
import { barMeaning } from "./js/keep_rules.js"
import { readScene, SceneIndex } from "./js/scene_model.js"
return data.map((text) => new SceneIndex(readScene(text)).patches.flatMap((patch) =>
  patch.statements.filter(({ bar }) => bar).map((one) => [one.bar, barMeaning(patch.role, one, patch.statements)])))
"""
    scenes = [random_compared(random.Random(seed), across=False) for seed in range(200)]
    filtered = [filter_statements([one], RandomScorer(3), FilterSettings())[0] for one in scenes]
    order = {"barOfAgreed": 0, "barBetween": 1, "barOfOnce": 2}
    seen: set[str] = set()
    for told in evaluate(body, [dump_scenes([one]) for one in filtered]):
        bars = {meaning: {bar for bar, other in told if other == meaning} for _, meaning in told}
        outvoted = bars.pop("barOutvoted", None)
        seen |= {"barOutvoted"} if outvoted else set()
        assert all(len(found) == 1 for found in bars.values()), bars
        ranked = sorted(bars, key=lambda meaning: order[meaning])
        heights = [min(bars[meaning]) for meaning in ranked]
        assert heights in (sorted(heights), sorted(heights, reverse=True))
        seen |= bars.keys()
    assert seen == {*order, "barOutvoted"}


def test_rivals_are_told_apart_set_by_set(evaluate: Evaluate) -> None:
    """Two that share a rival are of one set, though they do not contradict each other; the best comes first."""
    body = """
import { rivalSets } from "./js/rivals.js"
return rivalSets(data.statements, data.numbers)
"""
    rivals = {0: [2], 1: [3], 2: [0, 4], 3: [1], 4: [2], 5: [9]}
    scores = {0: 0.2, 1: 0.9, 2: 0.5, 3: None, 4: 0.7, 5: None}
    statements = [{"score": scores[one], "rivals": rivals[one]} for one in rivals]
    assert evaluate(body, {"statements": statements, "numbers": [*rivals]}) == [[1, 3], [4, 2, 0], [5]]


def test_a_scene_that_is_not_filtered_has_no_verdicts(evaluate: Evaluate) -> None:
    scene = random_compared(random.Random(3), across=False)
    (shown,) = evaluate(PREVIEW, {"scenes": [dump_scenes([scene])], "limits": [0.3]})
    assert {kept for verdicts in shown["kept"][0].values() for kept in verdicts} == {None}


def test_the_picture_and_the_list_use_the_overlays_colours(evaluate: Evaluate) -> None:
    shown = evaluate('import { COLOURS } from "./js/scene_model.js"\nreturn COLOURS', None)
    assert tuple(shown) == OVERLAY_COLOURS


def test_another_file_is_refused(evaluate: Evaluate) -> None:
    body = """
import { readScene } from "./js/scene_model.js"
return data.map((text) => { try { readScene(text); return "read" } catch (error) { return "refused" } })
"""
    nan = '{"format": "patchmatters.scene", "version": 1, "scenes": [{"score": NaN}]}'
    texts = ["", "[]", "null", json.dumps({"format": "patchmatters.scene", "version": 2, "scenes": [{}]}), nan]
    assert evaluate(body, texts) == ["refused"] * len(texts)
