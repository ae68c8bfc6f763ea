"""Inspect Scene in the real frontend: seen, pointed at, walked through by keyboard, and fed with the worst."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from browser.conftest import Browser
from host.comfy_server import Server
from host.graphs import OURS, add
from host.harbour import PICTURE, SCENE, write_harbour
from host.workflow_files import workflow
from patchmatters.picture import image_ref, open_picture
from patchmatters.scene import (
    Basis,
    Box,
    Passage,
    Patch,
    Role,
    Ruling,
    Scene,
    Sentence,
    Stage,
    Statement,
    Verdict,
)
from patchmatters.scene import Testimony as Word
from patchmatters.scene_json import dump_scenes
from timed import within

SHOTS = Path(__file__).resolve().parents[2] / "out"
Watch = Callable[..., dict[str, Any]]
each_renderer = pytest.mark.parametrize("vue", [False, True], ids=["classic", "nodes 2.0"])
HOSTILE = (
    "<script>window.stolen = document.cookie</script><img src=x onerror=\"window.stolen=1; alert('x')\">",
    "\u0633\u0641\u064a\u0646\u0629 \u0635\u064a\u062f \u062a\u0642\u0641 \u0639\u0644\u0649 \u0645\u0627\u0621.",
    "\u202ereversed by an override \U0001f3f4\U000e0067\U000e0062\U000e007f \U0001f469\u200d\U0001f680 \ud83d",
    "boat " * 210_000,
    "unbroken" * 400,
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} javascript:alert(1)",
)


@pytest.fixture(scope="session")
def harbour(frontend: Server) -> Scene:
    return write_harbour(frontend.base / "input")


@pytest.fixture
def watch(browser: Browser, frontend: Server, harbour: Scene, tmp_path: Path) -> Watch:
    """`watch("journey", vue=False)`: what a scenario of inspect_scene.mjs saw, without any error in the page."""

    def run(scenario: str, **wanted: Any) -> dict[str, Any]:
        SHOTS.mkdir(exist_ok=True)
        tools = {"chromium": browser.chromium, "playwright": str(browser.playwright)}
        place = {"url": frontend.url, "shot": str(SHOTS), "folder": str(tmp_path)}
        view = {"viewport": {"width": 1200, "height": 1060}, "picture": PICTURE, "scene": SCENE}
        plan = tmp_path / "plan.json"
        plan.write_text(json.dumps({"scenario": scenario, **tools, **place, **view, **wanted}), encoding="utf-8")
        script = Path(__file__).with_name("inspect_scene.mjs")
        done = subprocess.run([browser.node, script, plan], capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        seen = json.loads(done.stdout)
        assert (seen["problems"], seen["external"]) == ([], [])
        return seen

    return run


@each_renderer
def test_a_sentence_is_traced_by_pointing_sliding_and_copying(watch: Watch, harbour: Scene, vue: bool) -> None:
    seen = watch("journey", vue=vue)
    assert seen["empty"] == ["Run the workflow to see where every sentence of the caption comes from."]
    assert (seen["run"], seen["messages"]) == ({"status": "success", "message": ""}, [])
    assert seen["picture"] == [harbour.image.width, harbour.image.height]
    assert seen["caption"] == [sentence.text for sentence in harbour.caption]
    assert set(seen["hovered"]) == {basis.patch for basis in harbour.caption[3].basis}
    seen_there = [one.text for one in harbour.caption if "top-left" in {basis.patch for basis in one.basis}]
    assert seen["pointed"] == seen_there
    assert seen["evidence"] == [_told(harbour, basis) for basis in harbour.caption[2].basis]
    assert seen["opened"] == ["top-left"]
    statements = harbour.patch("top-left").statements
    assert sorted(map(tuple, seen["statements"])) == sorted((one.text, one.kept) for one in statements)


@each_renderer
def test_the_slider_previews_and_the_buttons_copy(watch: Watch, harbour: Scene, vue: bool) -> None:
    seen = watch("journey", vue=vue)
    every = [(patch, one) for patch in (*harbour.first_level, *harbour.regions) for one in patch.statements]
    kept = [(patch, one) for patch, one in every if one.kept]
    # what no keep_score drops
    firm = [one for patch, one in kept if one.verdict is Verdict.SAME or patch.role is Role.WHOLE]
    at_first = [f"{len(kept)} of {len(every)} statements kept", "", 0]
    assert seen["atFirst"] == ["0.3", *at_first]
    assert seen["strict"][:2] == [f"{len(firm)} of {len(every)} statements kept", f"+0 \u2212{len(kept) - len(firm)}"]
    assert seen["strict"][2] >= 1
    assert seen["lenient"] == at_first  # what was dropped lacks more than keep_score
    assert seen["afterReset"] == at_first
    assert seen["copied"] == {"caption": harbour.caption_text, "said": ["Copied"], "json": "patchmatters.scene"}
    assert (seen["sameWidgets"], seen["inputs"]) == (True, ["scene"])


@each_renderer
def test_each_bar_shows_what_its_statement_had_to_reach(watch: Watch, harbour: Scene, vue: bool) -> None:
    (region,) = (one for one in harbour.regions if one.statements)
    patches = [harbour.whole, harbour.patch("bottom-left"), region]
    seen = watch("bars", vue=vue, patches=[patch.name for patch in patches])
    for patch in patches:
        assert dict(seen["limits"][patch.name]) == {one.text: _limit(patch, one) for one in patch.statements}
    assert "in this picture it takes 0.68" in " ".join(seen["hints"])
    assert "halfway between what is agreed on and what was said once" in " ".join(seen["hints"])
    assert all(one.startswith("Rivals, set ") for one in seen["sets"])
    assert any(reason.endswith("score 0.07 is below 0.48") for reason in seen["reasons"])


@each_renderer
def test_what_is_pressed_is_what_is_shown(watch: Watch, frontend: Server, vue: bool) -> None:
    """Every sentence and box, in a small, a tall, a wide and a low view, which scrolls under a pointer at rest."""
    told = _many_sentences(write_harbour(frontend.base / "input"))
    (frontend.base / "input" / "nineteen.json").write_text(dump_scenes([told]), encoding="utf-8")
    sizes = [[420, 640], [520, 860], [900, 620], [460, 460]]
    viewport = {"width": 1400, "height": 1060}
    seen = watch("press", vue=vue, scene="nineteen.json", sizes=sizes, viewport=viewport)["sizes"]
    assert len({tuple(one["size"]) for one in seen}) == len(sizes)
    for view in seen:
        expected = [([one.text], [one.text], [_told(told, basis) for basis in one.basis]) for one in told.caption]
        assert [(one["on"], one["pressed"], one["evidence"]) for one in view["sentences"]] == expected, view["size"]
        assert len(expected) == 19
        assert all(one["evidenceSeen"] and one["pictureSeen"] for one in view["sentences"]), view
        assert {one["name"] for one in view["boxes"]} == {patch.name for patch in told.patches}
        for one in view["boxes"]:
            assert one["boxesOn"] == [one["name"]]
            seen_now = (one["headSeen"], one["statementSeen"], one["pictureSeen"])
            assert seen_now == (True, True, True), (view["size"], one)


def test_a_scene_of_22000_sentences_is_drawn_in_portions(watch: Watch, tmp_path: Path) -> None:
    text = tmp_path / "flood.json"
    text.write_text(dump_scenes([_flood()]), encoding="utf-8")
    seen = watch("flood", text=str(text))
    assert (seen["sentences"], seen["moreSentences"]) == (120, 240)
    assert all(one.startswith("Show ") for one in seen["more"])
    assert len(seen["more"]) >= 3
    assert seen["statement"] == "Statement 9 of patch 1999 says something of usual length."
    assert seen["elements"] < 8000
    assert seen["after"] < 10_000


@each_renderer
def test_what_witnesses_saw_is_drawn_where_they_saw_it(watch: Watch, frontend: Server, vue: bool) -> None:
    told, number = _witnessed(write_harbour(frontend.base / "input"))
    (frontend.base / "input" / "witnessed.json").write_text(dump_scenes([told]), encoding="utf-8")
    seen = watch("witnesses", vue=vue, scene="witnessed.json", sentence=number)
    width, height = told.image.width, told.image.height
    boxes = [
        {"text": 'ocr: reads "TEAL"', "ruling": "confirmed", "place": [10.0, 20.0, 30.0, 5.0]},
        {"text": "detector: 2 boats", "ruling": "contradicted", "place": [50.0, 50.0, 25.0, 25.0]},
    ]
    assert (seen["before"], seen["sentence"], seen["after"]) == ([], boxes, []), (width, height)
    assert seen["statement"] == boxes
    assert seen["told"] == [
        ['\u2713 ocr: reads "TEAL"', "ocr bears this out, as surely as 0.97 of 1"],
        ["\u2715 detector: 2 boats", "detector speaks against this, as surely as 0.80 of 1"],
        ["\u2713 second look: yes", "second look bears this out, as surely as 0.60 of 1"],
    ]


@each_renderer
def test_everything_is_reached_by_keyboard(watch: Watch, harbour: Scene, vue: bool) -> None:
    seen = watch("keyboard", vue=vue)
    assert seen["sentence"] == harbour.caption[2].text
    assert seen["boxes"] == ["top-left"]
    assert seen["evidence"] == [_told(harbour, basis) for basis in harbour.caption[2].basis]
    assert seen["closed"]
    assert seen["opened"] == ["region top-right + bottom-right"]
    assert "pm-statement" in seen["statement"]
    assert seen["slider"] == ["1.00"]
    assert (seen["unnamed"], seen["nodes"]) == (0, 3)


def test_the_view_comes_back_after_a_reload_and_a_cached_run(watch: Watch, harbour: Scene) -> None:
    seen = watch("reload", persist=True)
    caption = [sentence.text for sentence in harbour.caption]
    assert (seen["recalled"], seen["caption"]) == (caption, caption)
    assert seen["run"]["status"] == "success"


def test_a_workflow_with_another_picture_does_not_show_what_ran_before(watch: Watch, harbour: Scene) -> None:
    """A template has one id for ever, so the view's memory alone would show the last run's caption."""
    seen = watch("reopen")
    assert seen["same"] == [[sentence.text for sentence in harbour.caption], []]
    assert seen["other"] == [[], ["Run the workflow to see where every sentence of the caption comes from."]]


def test_the_view_speaks_chinese(watch: Watch) -> None:
    seen = watch("words", locale="zh")
    for text in (*seen["titles"][1:], *seen["empty"], *seen["heads"], *seen["buttons"]):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text), text


@each_renderer
def test_a_node_in_a_subgraph_shows_its_scene(watch: Watch, harbour: Scene, vue: bool) -> None:
    seen = watch("subgraph", vue=vue)
    assert seen["run"]["status"] == "success"
    assert seen["caption"] == [sentence.text for sentence in harbour.caption]


def test_the_blueprint_is_offered_and_runs(watch: Watch) -> None:
    path = Path(__file__).resolve().parents[2] / "subgraphs" / "Enhance Caption.json"
    seen = watch("blueprint", workflow=str(path))
    assert seen["type"] == "Enhance Caption"
    sockets = ["image", "chat_model", "scorer", "bboxes", "text_model"]
    assert seen["placed"]["inputs"] == [*sockets, "candidates", "keep_score"]
    assert seen["placed"]["outputs"] == ["caption", "scene"]
    assert seen["placed"]["widgets"] == [["candidates", 3], ["keep_score", 0.3]]
    assert (seen["run"], seen["messages"]) == ({"status": "success", "message": ""}, [])
    assert "dominant colour" in seen["text"]


@each_renderer
def test_a_running_node_says_what_it_does(watch: Watch, vue: bool) -> None:
    seen = watch("progress", vue=vue, workflow=str(workflow("caption_step_by_step")))
    assert seen["run"]["status"] == "success"
    stages = {one["stage"] for one in seen["told"]}
    assert {"describe", "filter", "merge", "compose"} <= stages
    assert any("describe" in shown for one in seen["told"] for shown in one["shown"])
    assert seen["left"] == 0
    (note,) = seen["note"]
    assert note.startswith("describe 4/13 \u00b7 harbour: top-left, candidate 2")
    assert "A fishing boat lies on calm water" in note
    left, top = seen["under"]
    assert abs(left) < 3
    assert 0 < top < 60


def test_a_hostile_scene_is_only_text(watch: Watch, frontend: Server, harbour: Scene) -> None:
    hostile = _hostile(harbour)
    text = json.dumps(json.loads(dump_scenes([hostile])))  # escaped, so that half a surrogate pair can be in it
    (frontend.base / "input" / "hostile.json").write_text(text, encoding="utf-8")
    seen = watch("hostile", scene="hostile.json")
    assert seen["run"]["status"] == "success"
    assert seen["stolen"] is None
    assert seen["images"] == 1
    assert not {"script", "iframe", "a", "object", "style"} & set(seen["elements"])
    assert seen["caption"][0] == HOSTILE[0]
    assert seen["caption"][1] == HOSTILE[1]
    assert len(seen["caption"][3]) < 3000
    assert seen["longest"] >= len(HOSTILE[3].strip())
    assert seen["wide"] <= 0


@pytest.mark.parametrize("score", ["NaN", "Infinity", "-Infinity"])
def test_a_scene_with_scores_that_are_no_numbers_never_reaches_the_browser(
    frontend: Server, harbour: Scene, score: str
) -> None:
    text = dump_scenes([harbour]).replace('"score": 0.94', f'"score": {score}')
    (frontend.base / "input" / "not_numbers.json").write_text(text, encoding="utf-8")
    prompt = add({}, "load", f"{OURS}LoadScene", scene_file="not_numbers.json")
    run = frontend.run(add(prompt, "look", f"{OURS}Inspect", scene=["load", 0]))
    assert run.status == "error"
    assert "must be a finite number" in run.message


def test_a_large_scene_is_painted_at_once(watch: Watch, tmp_path: Path) -> None:
    """200 patches with 2,000 statements: the first paint of the best of five rounds, in milliseconds."""
    text = tmp_path / "large.json"
    text.write_text(dump_scenes([_large()]), encoding="utf-8")
    times = watch("large", text=str(text))["times"]
    assert min(one["built"] for one in times) < within(100, 1000)
    assert min(one["slide"] for one in times) < within(50, 500)
    assert min(one["hover"] for one in times) < within(50, 500)


def _witnessed(scene: Scene) -> tuple[Scene, int]:
    """The Scene with witnesses heard about the first statement of its third sentence, and that sentence's number."""
    width, height = scene.image.width, scene.image.height
    basis = scene.caption[2].basis[0]
    read = Box(0.1 * width, 0.2 * height, 0.4 * width, 0.25 * height)
    counted = Box(0.5 * width, 0.5 * height, 0.75 * width, 0.75 * height)
    heard = (
        Word("ocr", "text", Ruling.CONFIRMED, 0.97, 'reads "TEAL"', read),
        Word("detector", "count", Ruling.CONTRADICTED, 0.8, "2 boats", counted),
        Word("second look", "second look", Ruling.CONFIRMED, 0.6, "yes"),
    )
    patch = scene.patch(basis.patch)
    said = [replace(one, testimony=heard) if n == basis.statement else one for n, one in enumerate(patch.statements)]
    changed = replace(patch, statements=tuple(said))
    rows = {
        name: tuple(changed if one.name == patch.name else one for one in getattr(scene, name))
        for name in ("patches", "regions")
    }
    caption = (*scene.caption[:2], replace(scene.caption[2], basis=(basis,)), *scene.caption[3:])
    return replace(scene, **rows, caption=caption), 2


def _told(scene: Scene, basis: Basis) -> str:
    return scene.patch(basis.patch).statements[basis.statement].text


def _limit(patch: Patch, statement: Statement) -> float | None:
    """Where the line in a statement's bar has to be, at the paper's keep_score."""
    if statement.score is None or statement.bar is None:
        return None
    alone = patch.role is Role.WHOLE or statement.verdict is Verdict.SAME
    return round(statement.bar if alone else max(0.3, statement.bar), 2)


def _hostile(scene: Scene) -> Scene:
    """The Scene with texts, names and labels that try to be markup, or to break the layout."""
    statements = tuple(Statement(text, Verdict.UNIQUE, (0,), score=0.9, kept=True, reason=text) for text in HOSTILE)
    whole = replace(
        scene.whole,
        passages=tuple(Passage(text, text[:90]) for text in HOSTILE),
        statements=statements,
        labels=HOSTILE[:3],
    )
    caption = tuple(Sentence(text, (Basis(whole.name, number),)) for number, text in enumerate(HOSTILE))
    image = replace(scene.image, name=HOSTILE[0])
    plain = tuple(replace(patch, passages=(), statements=(), sentences=()) for patch in scene.patches)
    named = replace(plain[0], name=HOSTILE[0])
    return replace(
        scene, image=image, whole=whole, patches=(named, *plain[1:]), regions=(), semantic=None, caption=caption,
        warnings=HOSTILE, failures=(),
    )  # fmt: skip


def _many_sentences(scene: Scene) -> Scene:
    """The Scene with 19 sentences in its caption, each on another statement."""
    places = [Basis(patch.name, number) for patch in scene.first_level for number in range(len(patch.statements))]
    told = tuple(Sentence(f"{_told(scene, one)} This is told by {one.patch}.", (one,)) for one in places[:19])
    return replace(scene, caption=told)


def _flood() -> Scene:
    """22,000 sentences on 2,000 patches with 20,000 statements; the first rests on the very last statement."""
    scene = _large(patches=2000)
    last = Basis("patch 1999", 9)
    more = (Sentence(f"Sentence {n} of a flood.", (Basis(f"patch {n % 2000}", 1),)) for n in range(1, 22_000))
    return replace(scene, caption=(Sentence("The first sentence.", (last,)), *more), warnings=("A warning.",) * 22_000)


def _large(patches: int = 200, statements: int = 10) -> Scene:
    picture = open_picture(Path(__file__).resolve().parents[2] / "pictures" / "harbour.jpg")
    whole = Patch("whole image", Role.WHOLE, Box(0, 0, picture.width, picture.height))
    made = tuple(_large_patch(number, statements) for number in range(patches))
    caption = tuple(Sentence(f"Sentence {n} of a long caption.", (Basis(f"patch {n}", 0),)) for n in range(patches))
    return Scene(image_ref(picture, "large"), whole, made, Stage.COMPOSED, caption=caption)


def _large_patch(number: int, count: int) -> Patch:
    box = Box(number % 20 * 48.0, number // 20 * 72.0, number % 20 * 48.0 + 60, number // 20 * 72.0 + 90)
    passages = tuple(Passage("A thing. " * 30, f"candidate {one + 1}") for one in range(3))
    said = tuple(
        Statement(f"Statement {n} of patch {number} says something of usual length.", verdict, (0,), score=score,
                  kept=verdict is Verdict.SAME or bool(score and score > 0.3))
        for n in range(count)
        for verdict, score in [((Verdict.SAME, None), (Verdict.UNIQUE, n / count))[n % 2]]
    )  # fmt: skip
    return Patch(f"patch {number}", Role.SPATIAL, box, cell=(0, number), passages=passages, statements=said)
