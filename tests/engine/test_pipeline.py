"""The method from picture to caption: what is kept, what is dropped, and that no patch is lost or told twice."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from effort import examples
from engine.scenes import boxes, captioner, patch_of, plain_picture
from patchmatters.aggregate import ComposeSettings, compose, merge
from patchmatters.backends.scripted import ScriptedChat, ScriptedScorer
from patchmatters.describe import DescribeSettings, describe
from patchmatters.divide import divide
from patchmatters.language.sentences import split_sentences, words
from patchmatters.models import Answer, Outcome, Question, QuietMonitor
from patchmatters.pipeline import PRESETS, caption_pictures, with_seed
from patchmatters.scene import Basis, Box, Detection, Scene, Stage, Statement, Verdict
from patchmatters.scene_json import check_scene, dump_scenes, load_scenes
from patchmatters.semantic_filter import PAPER, FilterSettings, Level, compare, filter_statements

DOG = "A brown dog sleeps on a red sofa."
LAMP = "A tall lamp stands beside the window."
TEXTS = {
    "whole image": ["A living room with a sofa. The curtains are green."],
    "top-left": [f"{DOG} {LAMP}", f"{DOG} The curtains are blue.", f"{DOG} A clock hangs on the wall."],
    "top-right": ["Two cats sit on the carpet. The door is open."] * 2
    + ["Three cats sit on the carpet. The door is open."],
    "bottom-left": ["A glass table holds a vase of tulips."] * 3,
    "bottom-right": ["A bookshelf is full of old books."] * 3,
}
TRUE_WORDS = ("lamp", "two", "blue")


def truth(_: object, sentence: str) -> float:
    """A scorer that knows what is true."""
    return 0.9 if any(word in words(sentence) for word in TRUE_WORDS) else 0.1


SCORER = ScriptedScorer(truth)


def described(texts: dict[str, list[str]] | None = None) -> tuple[Scene, ...]:
    return describe(divide([plain_picture()], names=["photo"]), captioner(texts or TEXTS))


def statements(scene: Scene, patch: str) -> dict[str, Statement]:
    return {statement.text: statement for statement in scene.patch(patch).statements}


def test_every_candidate_reaches_its_own_patch() -> None:
    (scene,) = described({name: [f"{name} {number}." for number in (1, 2, 3)] for name in TEXTS})
    for patch in scene.patches:
        assert [passage.text for passage in patch.passages] == [f"{patch.name} {number}." for number in (1, 2, 3)]
        assert [passage.source for passage in patch.passages] == ["candidate 1", "candidate 2", "candidate 3"]
        assert len({passage.seed for passage in patch.passages}) == 3
    assert len(scene.whole.passages) == 1


def test_agreed_statements_are_kept_and_rivals_decided_by_the_picture() -> None:
    """The paper's filter, METHOD section 3."""
    (scene,) = filter_statements(compare(described()), SCORER, PAPER)
    left, right = statements(scene, "top-left"), statements(scene, "top-right")
    assert left[DOG].verdict is Verdict.SAME
    assert left[DOG].kept
    assert left[DOG].score is None
    assert left[LAMP].verdict is Verdict.UNIQUE
    assert left[LAMP].kept
    assert not left["A clock hangs on the wall."].kept
    two, three = right["Two cats sit on the carpet."], right["Three cats sit on the carpet."]
    assert (two.verdict, three.verdict) == (Verdict.CONTRADICTORY, Verdict.CONTRADICTORY)
    assert (two.kept, three.kept) == (True, False)
    assert "score 0.10" in three.reason
    assert three.sources == (2,)


def test_without_a_scorer_only_agreement_counts_and_the_scene_says_so() -> None:
    (scene,) = filter_statements(compare(described()))
    left, right = statements(scene, "top-left"), statements(scene, "top-right")
    assert left[DOG].kept
    assert not left[LAMP].kept
    assert right["Two cats sit on the carpet."].kept  # two passages against one
    assert not right["Three cats sit on the carpet."].kept
    assert any("No scorer is connected" in warning for warning in scene.warnings)


@pytest.mark.parametrize(("keep_score", "kept"), [(0.3, True), (0.89, True), (0.9, False), (1.0, False)])
def test_the_limit_is_exclusive(keep_score: float, kept: bool) -> None:
    (scene,) = filter_statements(compare(described()), SCORER, replace(PAPER, keep_score=keep_score))
    assert statements(scene, "top-left")[LAMP].kept is kept


ALIKE = "Tulips stand in a vase. A clock hangs on the wall. The floor is made of wood."


def scored_by(scores: dict[str, float]) -> Callable[..., Scene]:
    """The filter on a top-left patch that agrees on three things and says one thing once, each with its score."""
    texts = {"whole image": ["A room."], "top-left": [ALIKE, ALIKE, f"{ALIKE} {LAMP}"]}

    def filtered(settings: FilterSettings | None = None) -> Scene:
        scorer = ScriptedScorer(lambda _, sentence: scores.get(sentence, 0.6))
        return filter_statements(compare(described(texts)), scorer, settings or FilterSettings())[0]

    return filtered


@pytest.mark.parametrize(("score", "kept"), [(0.61, True), (0.6, True), (0.59, False)])
def test_what_was_said_once_must_score_like_what_was_agreed_on(score: float, kept: bool) -> None:
    filtered = scored_by({LAMP: score})
    lamp = statements(filtered(), "top-left")[LAMP]
    assert (lamp.kept, lamp.bar, lamp.score) == (kept, 0.6, score)
    assert statements(filtered(PAPER), "top-left")[LAMP].kept  # 0.3 is enough for the paper
    assert f"is {'' if kept else 'not '}at least 0.60" in lamp.reason


@pytest.mark.parametrize(("score", "kept"), [(0.43, True), (0.41, False)])
def test_what_was_agreed_on_falls_where_the_picture_denies_it(score: float, kept: bool) -> None:
    clock = "A clock hangs on the wall."
    filtered = scored_by({clock: score})
    agreed = statements(filtered(), "top-left")[clock]
    assert (agreed.verdict, agreed.kept) == (Verdict.SAME, kept)
    assert statements(filtered(PAPER), "top-left")[clock].kept


@pytest.mark.parametrize(("two", "three", "told"), [(0.7, 0.73, "Two"), (0.7, 0.74, "Three"), (0.97, 0.99, "Two")])
def test_of_rivals_that_score_nearly_alike_the_one_that_more_passages_say_is_told(
    two: float, three: float, told: str
) -> None:
    scorer = ScriptedScorer(lambda _, sentence: {"two": two, "three": three}.get(words(sentence)[0], 0.6))
    texts = {**TEXTS, "top-left": [ALIKE] * 3}
    (scene,) = filter_statements(compare(described(texts)), scorer)
    right = statements(scene, "top-right")
    assert [text for text, one in right.items() if one.kept and "cats" in text] == [f"{told} cats sit on the carpet."]
    (paper,) = filter_statements(compare(described(texts)), scorer, PAPER)
    assert statements(paper, "top-right")["Three cats sit on the carpet."].kept  # the paper asks for the score alone


def test_where_few_are_agreed_on_all_scores_are_the_measure_and_the_scene_says_so() -> None:
    texts = {
        "whole image": ["A room."],
        "top-left": [f"{DOG} {LAMP}", DOG, DOG],
        "top-right": ["A mat.", "Some birds fly.", "It rains."],
        "bottom-left": ["The clock ticks.", "Snow falls.", "Two pens."],
        "bottom-right": ["Milk boils.", "One key.", "Old books."],
    }
    (scene,) = filter_statements(compare(described(texts)), SCORER)
    scores = sorted(one.score for patch in scene.first_level for one in patch.statements)
    assert statements(scene, "top-left")[LAMP].bar == scores[len(scores) // 2]
    assert any("Fewer than 3 statements were agreed on, so all" in warning for warning in scene.warnings)


def test_the_whole_caption_is_trusted_where_the_scorer_cannot_judge_it() -> None:
    scorer = ScriptedScorer(lambda _, sentence: None if "room" in sentence else 0.1 if "green" in sentence else 0.9)
    (scene,) = filter_statements(compare(described({**TEXTS, "top-left": [ALIKE] * 3})), scorer)
    whole = statements(scene, "whole image")
    assert whole["A living room with a sofa."].kept
    assert not whole["The curtains are green."].kept


def test_a_scorer_that_cannot_judge_drops_nothing_silently() -> None:
    (scene,) = filter_statements(compare(described()), ScriptedScorer(lambda _, __: None))
    assert "cannot judge" in statements(scene, "top-left")[LAMP].reason
    assert any("could judge 0 of" in warning for warning in scene.warnings)


def test_a_scorer_that_gives_no_numbers_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="not a number"):
        filter_statements(compare(described()), ScriptedScorer(lambda _, __: float("nan")))


def test_the_whole_caption_is_corrected_by_what_a_near_look_refutes() -> None:
    (scene,) = caption_pictures([plain_picture()], captioner(TEXTS), SCORER, preset=PRESETS["paper"])
    assert "green" not in words(scene.caption_text)
    assert "blue" in words(scene.caption_text)
    refuted = statements(scene, "whole image")["The curtains are green."]
    assert refuted.kept is False
    assert "refuted by top-left" in refuted.reason


@pytest.mark.parametrize(
    ("whole", "part", "stays"),
    [
        ("Three boats lie in the harbour.", "One boat lies in the harbour.", True),
        ("There are cars on the street.", "There are no cars on the street.", True),
        ("There are no cars on the street.", "A red car is parked on the street.", False),
        ("The door is open.", "The door is closed.", False),
    ],
)
def test_a_part_refutes_the_whole_only_where_it_can(whole: str, part: str, stays: bool) -> None:
    texts = {"whole image": [f"{whole} The sky is clear."], "top-left": [part] * 3}
    (scene,) = caption_pictures([plain_picture()], captioner(texts), SCORER)
    assert statements(scene, "whole image")[whole].kept is stays
    assert (whole in scene.caption_text) is stays


@pytest.mark.parametrize(
    ("whole", "part", "scores", "stays"),
    [
        ("The boat has a red hull.", "A boat with a blue hull is moored at the quay.", (0.8, 0.9), False),  # surer
        ("The boat has a red hull.", "A boat with a blue hull is moored at the quay.", (0.8, 0.8), True),  # as sure
        ("The boat has a red hull.", "A boat with a blue hull is moored at the quay.", (0.9, 0.7), True),
        ("The boat has a red hull.", "The boat has a blue hull.", (0.8, 0.8), False),  # as sure, and in the same words
        ("The boat has a red hull.", "The boat has a blue hull.", (0.9, 0.7), True),
        ("A woman in a black dress sings.", "A woman in a blue dress laughs.", (0.8, 0.9), True),  # somebody else
        ("The sky is partly cloudy.", "The sky is blue on a fair day, with white clouds.", (0.8, 0.9), True),
        ("Two black bins contain fruit.", "Plastic buckets are filled with red fruit.", (0.8, 0.9), True),  # black bins
    ],
)
def test_a_part_refutes_the_whole_where_it_is_surer_and_about_the_same(
    whole: str, part: str, scores: tuple[float, float], stays: bool
) -> None:
    texts = {"whole image": [f"{whole} Gulls fly."], "top-left": [part] * 3}
    scorer = ScriptedScorer(lambda _, sentence: dict(zip((whole, part), scores, strict=True)).get(sentence, 0.9))
    (scene,) = caption_pictures([plain_picture()], captioner(texts), scorer)
    told = statements(scene, "whole image")[whole]
    assert told.kept is stays, told.reason


def test_a_thing_that_a_part_finds_on_another_side_moves_there_though_other_looks_bear_it_out() -> None:
    """Support is blind to places: looks at the right bear out that there is a cone, not that it is on the left."""
    texts = {
        "whole image": ["A black cone is on the left. A red ring is on the right."],
        "top-right": ["A black cone is in the center."] * 3,
        "bottom-right": ["A red ring is in the center."] * 3,
    }
    (scene,) = caption_pictures([plain_picture()], captioner(texts), SCORER)
    left = statements(scene, "whole image")["A black cone is on the left."]
    assert left.support is not None
    assert left.support >= 0.5
    assert (left.kept, left.reason) == (False, "refuted by top-right: A black cone is in the center.")
    assert statements(scene, "whole image")["A red ring is on the right."].kept


def test_the_caption_tells_places_and_nothing_twice() -> None:
    (scene,) = caption_pictures([plain_picture()], captioner(TEXTS), SCORER)
    text = scene.caption_text
    assert "At the bottom left, a glass table holds a vase of tulips." in text
    assert "At the bottom right, a bookshelf is full of old books." in text
    assert text.count("sofa") == 2  # the whole image's, and the one that a dog sleeps on
    assert len(split_sentences(text)) == len(scene.caption)


def check_trace(scene: Scene) -> None:
    """Every word of the caption is in a kept statement that its sentence rests on, or says a place or that it is."""
    place = set(words("At the top bottom left right center middle in on and there is are"))
    for sentence in scene.caption:
        assert sentence.basis
        told = [scene.patch(basis.patch).statements[basis.statement] for basis in sentence.basis]
        assert all(statement.kept for statement in told)
        assert set(words(sentence.text)) <= place.union(*(words(statement.text) for statement in told))


def test_every_word_of_the_caption_can_be_traced() -> None:
    (scene,) = caption_pictures([plain_picture()], captioner(TEXTS), SCORER)
    check_trace(scene)
    assert load_scenes(dump_scenes([scene])) == (scene,)


@pytest.mark.parametrize(
    ("stage", "words_"),
    [
        (compare, "Compare Statements needs descriptions: put Describe Patches before it"),
        (lambda scenes: filter_statements(scenes, SCORER), "Filter Statements needs compared statements: put Compare"),
        (merge, "Merge Descriptions needs filtered statements"),
        (compose, "Compose Caption needs merged descriptions"),
        (lambda scenes: compare(scenes, Level.ACROSS), "needs one merged description per patch"),
        (lambda scenes: describe(describe(scenes, captioner({})), captioner({})), "needs a divided Scene"),
        (lambda scenes: merge(describe(scenes, captioner({}))), "ask Describe Patches for one candidate only"),
    ],
)
def test_a_stage_out_of_place_says_what_belongs_before_it(stage: Callable, words_: str) -> None:
    with pytest.raises(ValueError, match=words_):
        stage(divide([plain_picture()]))


def test_a_model_that_only_describes_cannot_compare() -> None:
    with pytest.raises(ValueError, match="leave chat_model unconnected"):
        compare(described(), model=captioner({}))


# --- answers of models -----------------------------------------------------------------------------------------------

JUNK = [
    "",
    " \n ",
    "x" * 1_000_000,
    "\u8fd9\u662f\u4e00\u5f20\u56fe\u7247\u3002",
    "I'm sorry, but I can't help with that.",
    '{"same": [], "contradictory": [], "unique": []}',
    '{"same": [{"statement": "A zebra wears a golden crown.", "passages": [1, 2]}]}',
    "{{{{",
    "```json\n{",
    "Sort everything that they say into three groups. Use the observers' own words; add nothing, explain nothing.",
]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_no_text_of_a_writer_can_lose_a_patch_or_invent(junk: str) -> None:
    writer = ScriptedChat(lambda _: junk, name="writer")
    (scene,) = caption_pictures([plain_picture()], captioner(TEXTS), SCORER, writer)
    for word in ("dog", "cats", "tulips", "bookshelf"):
        assert word in words(scene.caption_text)
    assert "zebra" not in words(scene.caption_text)
    assert any("could not be read" in warning for warning in scene.warnings)
    check_trace(scene)


def test_an_unreadable_answer_is_asked_for_once_more() -> None:
    asked: list[str] = []

    def reply(question: Question) -> str:
        asked.append(question.name)
        good = {"same": [{"statement": DOG, "passages": [1, 2, 3]}], "contradictory": [], "unique": []}
        return json.dumps(good) if "again" in question.name else "Let me think about that."

    (scene,) = compare(described({"top-left": TEXTS["top-left"]}), model=ScriptedChat(reply))
    assert "photo: compare top-left" in asked
    assert "photo: compare top-left, again" in asked
    assert statements(scene, "top-left")[DOG].verdict is Verdict.SAME
    assert LAMP in statements(scene, "top-left")  # the model left it out, the passages did not


def test_what_a_model_says_is_believed_only_where_the_passages_bear_it_out() -> None:
    answer = {
        "same": [
            {"statement": DOG, "passages": [1, 2]},
            {"statement": LAMP, "passages": [1, 2]},  # only the first says it
            {"statement": "A zebra wears a golden crown.", "passages": [1, 3]},  # nobody says it
        ],
        "contradictory": [[{"statement": "The curtains are blue.", "passage": 2}]],  # a rival of nothing
        "unique": [],
    }
    (scene,) = compare(described({"top-left": TEXTS["top-left"]}), model=ScriptedChat(lambda _: json.dumps(answer)))
    left = statements(scene, "top-left")
    assert left[DOG].verdict is Verdict.SAME
    assert (left[LAMP].verdict, left[LAMP].sources) == (Verdict.UNIQUE, (0,))
    assert left["A zebra wears a golden crown."].verdict is Verdict.REFUSED
    assert left["The curtains are blue."].verdict is Verdict.UNIQUE
    (filtered,) = filter_statements([scene], ScriptedScorer(lambda _, __: 1.0))
    assert not statements(filtered, "top-left")["A zebra wears a golden crown."].kept


def test_a_wording_that_a_model_sorts_twice_is_one_statement() -> None:
    rivals = [
        {"statement": "The curtains are blue.", "passage": 2},
        {"statement": "A clock hangs on the wall.", "passage": 3},
    ]
    answer = {
        "same": [{"statement": DOG, "passages": [1, 2, 3]}],
        "contradictory": [rivals, [rivals[0], rivals[0]]],
        "unique": [{"statement": "The curtains are blue", "passage": 2}, {"statement": LAMP, "passage": 1}],
    }
    (scene,) = compare(described({"top-left": TEXTS["top-left"]}), model=ScriptedChat(lambda _: json.dumps(answer)))
    patch = scene.patch("top-left")
    assert len(patch.statements) == 4
    for number, statement in enumerate(patch.statements):
        assert number not in statement.rivals
        assert all(number in patch.statements[rival].rivals for rival in statement.rivals)
    left = {statement.text.rstrip("."): statement.verdict for statement in patch.statements}
    assert left["The curtains are blue"] is Verdict.CONTRADICTORY
    assert left["A clock hangs on the wall"] is Verdict.CONTRADICTORY


def test_a_writer_cannot_bring_back_what_was_dropped() -> None:
    def reply(question: Question) -> str:
        if "compare" in question.name:
            return ""
        return "Two cats sit on the carpet. Three cats sit on the carpet. There is a clock. The door is open."

    (scene,) = caption_pictures([plain_picture()], captioner(TEXTS), SCORER, ScriptedChat(reply, name="writer"))
    assert not {"three", "clock"} & set(words(scene.caption_text))
    assert any("refused a sentence" in warning for warning in scene.warnings)


GOOD_CAPTION = (
    "In a living room with a sofa, a brown dog sleeps on the red sofa at the top left beside a tall lamp and blue "
    "curtains. At the top right, two cats sit on the carpet and the door is open. A glass table with a vase of "
    "tulips stands at the bottom left. A bookshelf full of old books is at the bottom right."
)


def test_a_good_writer_is_used_and_each_region_is_shown_to_it_once() -> None:
    seen: list[str] = []

    def reply(question: Question) -> str:
        if "compare" in question.name:
            return ""
        if "compose" in question.name:
            seen.append(question.text)
            return GOOD_CAPTION
        return " ".join(line[2:] for line in question.text.splitlines() if line.startswith("- "))

    (scene,) = caption_pictures([plain_picture()], captioner(TEXTS), SCORER, ScriptedChat(reply, name="writer"))
    assert scene.caption_text.startswith("In a living room with a sofa, a brown dog sleeps")
    assert [seen[0].count(word) for word in ("tulips", "cats", "bookshelf")] == [1, 1, 1]
    assert len(scene.caption) == 4
    assert all(sentence.basis for sentence in scene.caption)
    assert sum(record.calls for record in scene.records if record.model == "writer") == len(seen) + 4 + 2 * 4


# --- failures --------------------------------------------------------------------------------------------------------


def failing(*names: str) -> ScriptedChat:
    good = captioner(TEXTS)

    def reply(question: Question) -> str | Answer:
        if patch_of(question) in names:
            return Answer("", Outcome.FAILURE, "the server is on fire")
        return good.reply(question)

    return replace(good, reply=reply)


def test_a_failed_patch_names_itself() -> None:
    with pytest.raises(RuntimeError, match=r"No description of top-right.*candidate 1: the server is on fire"):
        describe(divide([plain_picture()]), failing("top-right"))


def test_with_continue_the_others_go_on() -> None:
    preset = replace(PRESETS["paper"], describe=DescribeSettings(on_failure="continue"))
    (scene,) = caption_pictures([plain_picture()], failing("top-right", "whole image"), SCORER, preset=preset)
    assert {failure.patch for failure in scene.failures} == {"top-right", "whole image"}
    assert "tulips" in words(scene.caption_text)
    assert "cats" not in words(scene.caption_text)
    with pytest.raises(RuntimeError, match="No description of whole image, top-left"):
        caption_pictures([plain_picture()], failing("whole image", *TEXTS), SCORER, preset=preset)


@pytest.mark.parametrize(
    "silence", ["", "   ", "I'm sorry, I can't describe this image.", "Describe this image in detail."]
)
def test_silence_is_no_caption(silence: str) -> None:
    with pytest.raises(RuntimeError, match="No description of whole image"):
        describe(divide([plain_picture()]), captioner({}, default=silence))


# --- properties ------------------------------------------------------------------------------------------------------

WORDS = [
    "red",
    "blue",
    "two",
    "three",
    "dog",
    "cat",
    "table",
    "lamp",
    "left",
    "sleeps",
    "stands",
    "the",
    "a",
    "no",
    "tall",
]


def random_texts(rng: random.Random) -> Callable[[Question], str]:
    def reply(question: Question) -> str:
        marker = f"Mark{patch_of(question).replace('-', '').replace(' ', '')} stands here."
        said = [" ".join(rng.choices(WORDS, k=rng.randint(2, 7))).capitalize() + "." for _ in range(rng.randint(0, 4))]
        return " ".join([marker, *said])

    return reply


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 2**32), st.lists(boxes(width=640, height=480), max_size=5), st.integers(0, 1))
def test_no_patch_is_lost_and_none_is_told_twice(seed: int, objects: list[Box], semantic: int) -> None:
    rng = random.Random(seed)
    chat = ScriptedChat(random_texts(rng), follows_instructions=False)
    scorer = ScriptedScorer(lambda _, sentence: 1.0 if "Mark" in sentence else rng.random())
    detections = [Detection(box, "dog") for box in objects]
    by_words = [replace(one, similarity="lexical") for one in (PRESETS["paper"].compare, PRESETS["paper"].compose)]
    paper = replace(PRESETS["paper"], semantic=bool(semantic), compare=by_words[0], compose=by_words[1])
    preset = with_seed(paper, seed)  # by words, because to sentence embeddings one made-up name is like another
    (scene,) = caption_pictures([plain_picture()], chat, scorer, None, [detections], preset)
    members = [name for region in scene.regions for name in region.members]
    assert sorted(members) == sorted(patch.name for patch in scene.patches)
    for patch in scene.patches:
        assert words(scene.caption_text).count(f"mark{patch.name.replace('-', '')}") == 1
    check_scene(scene)
    assert load_scenes(dump_scenes([scene])) == (scene,)
    assert scene.stage is Stage.COMPOSED


def test_the_same_seed_gives_the_same_text_whatever_the_batch() -> None:
    def reply(question: Question) -> str:
        return f"A lamp number {question.seed % 9973} stands here. {DOG}"

    chat = ScriptedChat(reply, follows_instructions=False)
    alone = caption_pictures([plain_picture()], chat, SCORER)[0].caption_text
    batch = [scene.caption_text for scene in caption_pictures([plain_picture()] * 3, chat, SCORER)]
    other = caption_pictures([plain_picture()], chat, SCORER, preset=with_seed(PRESETS["paper"], 1))[0].caption_text
    assert batch == [alone] * 3
    assert other != alone


OVERLAPPING = [Detection(Box(0, 100, 310, 400), "sofa"), Detection(Box(330, 100, 630, 400), "shelf")]
APART = [Detection(Box(10, 10, 60, 60), "sofa")]


@pytest.mark.parametrize(
    ("preset", "detections", "about_image", "about_text"),
    [
        ("paper", [], 13, 9),
        ("paper", APART, 17, 13),
        ("paper", OVERLAPPING, 14, 14),
        ("fast", OVERLAPPING, 5, 1),
        ("careful", [], 13, 9),
        ("careful", APART, 13, 9),
        ("careful", OVERLAPPING, 13, 9),
        ("thorough", APART, 21, 9),
    ],
)
def test_presets_cost_what_they_say(
    preset: str, detections: list[Detection], about_image: int, about_text: int
) -> None:
    asked: list[Question] = []

    def reply(question: Question) -> str:
        asked.append(question)
        if question.schema is None:
            return "A sofa stands beside a lamp."
        if "labels" in question.schema["properties"]:
            return json.dumps({"labels": ["sofa", "shelf", "unicorn"]})
        return json.dumps({"same": [{"statement": "A sofa stands beside a lamp.", "passages": [1, 2]}]})

    chat = ScriptedChat(reply)
    (scene,) = caption_pictures([plain_picture()], chat, SCORER, chat, [detections], PRESETS[preset])
    assert sum(bool(question.images) for question in asked) == about_image
    assert sum(not question.images for question in asked) == about_text
    assert sum(record.calls for record in scene.records if record.stage != "filter") == len(asked)


def test_a_patch_that_a_region_tells_with_another_is_written_once_and_loses_nothing() -> None:
    """The paper has it written by itself and again as a part of the region: `paper` still does."""
    parts = {
        "top-left": DOG,
        "bottom-left": LAMP,
        "top-right": "The door is open.",
        "bottom-right": "A red mat lies here.",
    }
    asked: list[str] = []

    def reply(question: Question) -> str:
        asked.append(question.name)
        if question.images:
            return parts.get(question.name.split(": ")[1].split(",")[0], "A living room.")
        if question.schema:
            return json.dumps(
                {"unique": [{"statement": one, "passages": [1]} for one in parts.values() if one in question.text]}
            )
        return " ".join(one for one in parts.values() if one in question.text)

    chat = ScriptedChat(reply)
    for preset, written in (
        ("careful", {"region top-left + bottom-left", "region top-right + bottom-right"}),
        ("paper", None),
    ):
        asked.clear()
        (scene,) = caption_pictures(
            [plain_picture()], chat, ScriptedScorer(lambda *_: 0.9), chat, [OVERLAPPING], PRESETS[preset]
        )
        merged = {name.split("merge ")[1] for name in asked if ": merge " in name}
        assert (merged == written) if written else {"top-left", "region top-left + bottom-left"} <= merged
        assert all(part in scene.caption_text for part in parts.values())


def test_progress_ends_where_it_says_whether_a_region_tells_patches_or_not() -> None:
    steps: list[int] = []

    class Counting(QuietMonitor):
        def begin(self, stage: str, total: int) -> None:
            steps.append(total)

        def advance(self, name: str) -> None:
            steps[-1] -= 1

    caption_pictures([plain_picture()], captioner(TEXTS), SCORER, None, [OVERLAPPING], monitor=Counting())
    assert steps == [0] * len(steps)


def test_a_model_that_forgets_the_whole_image_caption_does_not_lose_it() -> None:
    whole = "A zebra stands in the middle of the road. Two pilots wave at it."
    parts = {"top-left": "A red kite hangs in the sky.", "top-right": "A white gull sits on a lamp."}
    parts |= {"bottom-left": "A blue bicycle leans on a wall.", "bottom-right": "A brown dog sleeps on a mat."}

    def reply(question: Question) -> str:
        if question.images:
            return whole if "whole" in question.name else parts[question.name.split(": ")[1].split(",")[0]]
        return " ".join(parts.values()) if "compose" in question.name else ""

    model = ScriptedChat(reply)
    (scene,) = caption_pictures([Image.new("RGB", (300, 200))], model, None, model, preset=PRESETS["fast"])
    assert scene.caption_text.startswith(whole)
    assert all(part in scene.caption_text for part in parts.values())
    assert any("whole-image caption" in warning for warning in scene.warnings)


def test_what_is_kept_and_not_told_says_why() -> None:
    said = "A red bus stands on a wide street. A cat lies on the road. A hat lies on the road. A mat lies on the road."
    model = ScriptedChat(lambda question: said)
    preset = replace(PRESETS["fast"], compose=ComposeSettings(max_words=10))
    (scene,) = caption_pictures([Image.new("RGB", (300, 200))], model, None, None, preset=preset)
    told = {basis for sentence in scene.caption for basis in sentence.basis}
    kept = [
        (Basis(patch.name, number), one)
        for patch in scene.first_level
        for number, one in enumerate(patch.statements)
        if one.kept
    ]
    untold = [one for basis, one in kept if basis not in told]
    assert untold
    assert all(("not told" in one.reason) != (one.text in scene.caption_text) for one in untold)
