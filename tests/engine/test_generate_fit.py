"""Prompts that fit: never over the budget, never half a sentence, the surest sentences first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchmatters.generate import (
    BudgetSettings,
    Clause,
    Encoder,
    FitSettings,
    clauses_of_caption,
    clauses_of_text,
    fit,
    fit_each,
    fit_report,
    token_limits,
)
from patchmatters.generate.budget import EVERY, LONGEST
from patchmatters.generate.escape import escaped
from patchmatters.generate.fit import SENTENCES, TAGS, joined
from patchmatters.generate.tags import tags_of
from patchmatters.scene import Basis, Box, ImageRef, Patch, Role, Scene, Sentence, Stage, Statement, Verdict

CAPTION = (
    "A dog sleeps on a sofa. It is brown. At the top left: a lamp glows (dimly); the wall is white; it has a crack. "
    "On the right, a cat looks at the dog. The floor is made of oak."
)


def count(text: str) -> dict[str, int]:
    """Words and marks, as a tokenizer would find them."""
    return {"l": len(re.findall(r"\w+|[^\w\s]", text))}


word = st.sampled_from(
    ["dog", "cat", "lamp", "wall", "(red)", "sky;", "tree:", "[x]", "a_b", "embedding:x", "\\", "it", "The"]
)
words = st.lists(word, max_size=9).map(" ".join)
captions = st.lists(words.map(lambda text: f"{text}."), max_size=12).map(" ".join)
frames = st.lists(st.sampled_from(["film", "grain", "ohwx", "(best:1.2)", "35mm"]), max_size=3).map(" ".join)


def parts(clauses: tuple[Clause, ...]) -> set[str]:
    return {escaped(clause.text) for clause in clauses}


@given(
    caption=captions, prefix=frames, suffix=frames, limit=st.integers(12, 60), style=st.sampled_from([SENTENCES, TAGS])
)
def test_a_prompt_is_never_over_the_budget_and_keeps_its_frame(
    caption: str, prefix: str, suffix: str, limit: int, style: str
) -> None:
    try:
        fitted = fit(clauses_of_text(caption), count, {"l": limit}, FitSettings("ohwx", prefix, suffix, style=style))
    except ValueError as error:
        assert "shorten them" in str(error)
        return
    assert count(fitted.text)["l"] <= limit
    assert fitted.used == count(fitted.text)
    assert fitted.text.startswith(joined(["ohwx", prefix]))
    assert fitted.text.endswith(suffix)
    assert _words(fitted.kept + fitted.left_out) == _words(clauses_of_text(caption))


def _words(clauses: Sequence[Clause]) -> list[str]:
    return sorted(word for clause in clauses for word in re.findall(r"\w+", clause.text))


@given(caption=captions, limit=st.integers(4, 60))
def test_only_whole_parts_are_written_and_none_is_lost(caption: str, limit: int) -> None:
    clauses = clauses_of_text(caption)
    try:
        fitted = fit(clauses, count, {"l": limit})
    except ValueError as error:
        assert re.search("No sentence of the caption fits|nothing to write", str(error))
        return
    rest = fitted.text
    for clause in fitted.kept:
        before, found, rest = rest.partition(escaped(clause.text))
        assert found
        assert re.fullmatch(r"[;:,.\s]*([A-Z][a-z ,]+[:,] )?", before), "something that is no part was written"
    assert re.fullmatch(r"[.!?]*", rest)


@given(caption=captions)
def test_a_caption_within_the_budget_is_written_in_full(caption: str) -> None:
    clauses = clauses_of_text(caption)
    if clauses:
        fitted = fit(clauses, count, {"l": 10_000})
        assert not fitted.left_out
        assert re.findall(r"\w", fitted.text) == re.findall(r"\w", caption)


def test_a_full_caption_is_unchanged_but_for_its_parentheses() -> None:
    assert fit(clauses_of_text(CAPTION), count, {}).text == CAPTION.replace("(dimly)", r"\(dimly\)")
    assert fit(clauses_of_text(CAPTION), count, {}, FitSettings(escape=False)).text == CAPTION


def test_clauses_of_a_place_are_kept_one_by_one_with_their_place() -> None:
    fitted = fit(clauses_of_text(CAPTION), count, {"l": 29})
    assert fitted.text == r"A dog sleeps on a sofa. It is brown. At the top left, a lamp glows \(dimly\)."
    assert next(clause.text for clause in fitted.left_out) == "the wall is white; it has a crack"


def test_a_sentence_that_leans_on_another_is_never_alone() -> None:
    text = "A dog that sleeps on a very old and very soft sofa dreams. It is brown. The sky is blue."
    assert fit(clauses_of_text(text), count, {"l": 8}).text == "The sky is blue."


def scene_of(*said: tuple[str, Verdict, float | None, Box], stage: Stage = Stage.COMPOSED) -> Scene:
    """A composed Scene of 100x100 pixels with one sentence per statement, each of a patch of its own."""
    patches = tuple(
        Patch(f"patch {number}", Role.SPATIAL, box, (0, number), statements=(Statement(text, verdict, score=score),))
        for number, (text, verdict, score, box) in enumerate(said)
    )
    sentences = tuple(Sentence(patch.statements[0].text, (Basis(patch.name, 0),)) for patch in patches)
    whole = Patch("whole image", Role.WHOLE, Box(0, 0, 100, 100))
    return Scene(ImageRef("photo", 100, 100, "0"), whole, patches, stage, caption=sentences)


SMALL, LARGE = Box(0, 0, 10, 10), Box(0, 0, 90, 90)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ((Verdict.UNIQUE, 0.9, LARGE), (Verdict.SAME, None, SMALL), 1),
        ((Verdict.UNIQUE, 0.4, LARGE), (Verdict.UNIQUE, 0.8, SMALL), 1),
        ((Verdict.UNIQUE, None, LARGE), (Verdict.CONTRADICTORY, 0.4, SMALL), 1),
        ((Verdict.SAME, None, SMALL), (Verdict.SAME, None, LARGE), 1),
        ((Verdict.UNIQUE, 0.71, SMALL), (Verdict.UNIQUE, 0.69, LARGE), 1),
        ((Verdict.SAME, None, LARGE), (Verdict.SAME, None, LARGE), 0),
    ],
    ids=["agreed before scored", "score", "scored before unknown", "area", "area at like scores", "reading order"],
)
def test_the_surest_sentence_stays(first: tuple, second: tuple, kept: int) -> None:
    scene = scene_of(("A dog sleeps.", *first), ("The sky is red.", *second))
    fitted = fit(clauses_of_caption(scene), count, {"l": 6})
    assert fitted.text == scene.caption[kept].text


def test_what_the_whole_picture_shows_leads_and_the_rest_of_its_caption_does_not() -> None:
    scene = scene_of(("The bridle is red.", Verdict.SAME, None, SMALL), ("A tree stands.", Verdict.UNIQUE, 0.9, SMALL))
    said = tuple(Statement(text, Verdict.UNIQUE) for text in ("A man rides a horse.", "People may watch."))
    whole = replace(scene.whole, statements=said)
    caption = (*(Sentence(one.text, (Basis(whole.name, number),)) for number, one in enumerate(said)), *scene.caption)
    clauses = clauses_of_caption(replace(scene, whole=whole, caption=caption))
    assert fit(clauses, count, {"l": 11}).text == "A man rides a horse. The bridle is red."
    assert fit(clauses, count, {"l": 15}).text == "A man rides a horse. The bridle is red. A tree stands."


def test_a_sentence_is_as_sure_as_its_least_sure_statement() -> None:
    scene = scene_of(
        ("A dog sleeps.", Verdict.SAME, None, LARGE),
        ("The dog is red.", Verdict.UNIQUE, 0.4, LARGE),
        ("A tree stands.", Verdict.UNIQUE, 0.8, SMALL),
    )
    mixed = Sentence("A red dog sleeps.", (Basis("patch 0", 0), Basis("patch 1", 0)))
    clauses = clauses_of_caption(replace(scene, caption=(mixed, scene.caption[2])))
    assert fit(clauses, count, {"l": 5}).text == "A tree stands."


def test_each_clause_of_a_sentence_has_the_worth_of_its_own_statements() -> None:
    scene = scene_of(
        ("A dog sleeps.", Verdict.UNIQUE, 0.4, SMALL),
        ("The wall is white.", Verdict.SAME, None, SMALL),
    )
    told = Sentence("At the top left: a dog sleeps; the wall is white.", (Basis("patch 0", 0), Basis("patch 1", 0)))
    fitted = fit(clauses_of_caption(replace(scene, caption=(told,))), count, {"l": 12})
    assert fitted.text == "At the top left, the wall is white."


def test_a_smaller_part_takes_the_room_that_a_larger_one_leaves() -> None:
    text = "One two three. " + "word " * 20 + "end. Four five."
    assert fit(clauses_of_text(text), count, {"l": 8}).text == "One two three. Four five."


def test_every_encoder_with_a_limit_is_asked() -> None:
    def two(text: str) -> dict[str, int]:
        return {"l": len(text.split()), "t5xxl": 3 * len(text.split())}

    text = "One two three. Four five six."
    assert fit(clauses_of_text(text), two, {"l": 6, "t5xxl": 10}).text == "One two three."
    assert fit(clauses_of_text(text), two, {"l": 6}).text == text


@pytest.mark.parametrize(
    ("caption", "settings", "limit", "says"),
    [
        ("A dog.", FitSettings(prefix="a very long prefix"), 3, "take 4 tokens in CLIP-L, but the budget is 3"),
        ("A dog sleeps on a sofa.", FitSettings(), 1, "No sentence of the caption fits into 1 tokens in CLIP-L"),
        ("", FitSettings(), 3, "nothing to write"),
        (" \n", FitSettings(), 3, "nothing to write"),
    ],
)
def test_what_cannot_be_written_is_a_sentence(caption: str, settings: FitSettings, limit: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        fit(clauses_of_text(caption), count, {"l": limit}, settings)


def test_an_empty_caption_leaves_the_words_around_it() -> None:
    assert fit((), count, {"l": 9}, FitSettings("ohwx", "a photo", "35mm")).text == "ohwx, a photo, 35mm"


def test_a_scene_without_a_caption_names_the_remedy() -> None:
    with pytest.raises(ValueError, match="put Compose Caption before it"):
        clauses_of_caption(scene_of(("A dog.", Verdict.SAME, None, LARGE), stage=Stage.MERGED))


def test_the_report_says_what_was_left_out_and_how_full_the_budget_is() -> None:
    report = fit_report(fit(clauses_of_text(CAPTION), count, {"l": 29}))
    assert "CLIP-L: 25 of 29 tokens" in report
    assert "Left out 3 of 5 parts" in report
    assert "- At the top left: the wall is white; it has a crack" in report
    assert "Nothing was left out" in fit_report(fit(clauses_of_text(CAPTION), count, {"l": 99}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("There is a red car; the sky is clear.", ["red car", "sky clear"]),
        ("A man who is wearing a hat stands, waving.", ["man wearing hat stands", "waving"]),
        ("The sky is not clear.", ["sky not clear"]),
        ("A dog sleeps. It is brown.", ["dog sleeps", "brown"]),
        ("The mood is of great calm.", ["mood is of great calm"]),
    ],
)
def test_tags_are_phrases_without_small_words(text: str, expected: list[str]) -> None:
    assert tags_of(text) == expected


def test_tags_come_once_and_without_places() -> None:
    text = "A dog sleeps. At the top left: a lamp; a dog sleeps. On the right, a cat (black)."
    tags = FitSettings("ohwx", style=TAGS)
    assert fit(clauses_of_text(text), count, {}, tags).text == r"ohwx, dog sleeps, lamp, cat \(black\)"


SD, XL = (Encoder("l", 75),), (Encoder("g", 75), Encoder("l", 75))
FLUX, QWEN = (Encoder("l", 75), Encoder("t5xxl")), (Encoder("qwen25_7b"),)


@pytest.mark.parametrize(
    ("encoders", "settings", "expected"),
    [
        (SD, BudgetSettings(), {"l": 75}),
        (SD, BudgetSettings(windows=3), {"l": 225}),
        (XL, BudgetSettings(encoders=LONGEST), {"g": 75, "l": 75}),
        (FLUX, BudgetSettings(encoders=EVERY), {"l": 75, "t5xxl": 256}),
        (FLUX, BudgetSettings(tokens=512, encoders=LONGEST), {"t5xxl": 512}),
        (FLUX, BudgetSettings(windows=9, encoders=LONGEST), {"t5xxl": 256}),
        (QWEN, BudgetSettings(tokens=99), {"qwen25_7b": 99}),
    ],
)
def test_limits_follow_the_encoders(
    encoders: tuple[Encoder, ...], settings: BudgetSettings, expected: dict[str, int]
) -> None:
    assert token_limits(encoders, settings) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a (b) c", r"a \(b\) c"),
        (r"a \(b", r"a \(b"),
        (r"saber_\(fate\) (red)", r"saber_\(fate\) \(red\)"),
        ("see embedding:evil", "see embedding :evil"),
        ("\0\1x", "x"),
    ],
)
def test_what_the_prompt_parser_would_read_is_made_plain(text: str, expected: str) -> None:
    assert escaped(text) == expected


BOORU = (
    "1girl, solo, red hair, blue eyes, school uniform, standing, outdoors, looking at viewer, city street, night, "
    "rain, umbrella, wet clothes, puddle, reflection, neon lights, crosswalk, car, bokeh, saber \\(fate\\), long hair"
)


@pytest.mark.parametrize("style", [SENTENCES, TAGS])
@pytest.mark.parametrize("form", [BOORU, BOORU + ".", BOORU.replace(", ", ",\n"), BOORU.replace(", ", "\n")])
def test_a_list_of_tags_gives_those_that_fit_in_their_order(form: str, style: str) -> None:
    fitted = fit(clauses_of_text(form), count, {"l": 20}, FitSettings(style=style))
    tags = fitted.text.rstrip(".").split(", ")
    assert tags[:7] == BOORU.split(", ")[:7]
    assert tags == [tag for tag in BOORU.split(", ") if tag in tags]
    assert 18 <= fitted.used["l"] <= 20
    assert fitted.left_out


def test_tags_that_come_escaped_are_escaped_once() -> None:
    assert r"saber \(fate\)" in fit(clauses_of_text(BOORU), count, {}).text
    assert r"saber \(fate\)" in fit(clauses_of_text(BOORU), count, {}, FitSettings(style=TAGS)).text


LONG = (
    "A woman with a red ribbon stands on a wet street, holding an umbrella (clear, round) that shines, while cars wait "
    'behind her and a sign reads "OPEN, come in", and puddles mirror the lights.'
)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (11, "A woman with a red ribbon stands on a wet street."),
        (19, r"A woman with a red ribbon stands on a wet street, holding an umbrella \(clear, round\) that shines."),
        (7, "A woman with a red ribbon stands."),
        (6, "A woman."),
        (3, "A woman."),
        (1, "A."),
    ],
)
def test_one_long_sentence_is_kept_phrase_by_phrase(limit: int, expected: str) -> None:
    def words(text: str) -> dict[str, int]:
        return {"l": len(text.split())}

    fitted = fit(clauses_of_text(LONG), words, {"l": limit})
    assert fitted.text == expected
    assert _words(fitted.kept + fitted.left_out) == _words(clauses_of_text(LONG))


def test_a_short_sentence_beside_a_long_one_does_not_keep_it_out() -> None:
    text = fit(clauses_of_text(f"A bus. {LONG}"), count, {"l": 16}).text
    assert text.startswith("A bus. A woman with a red ribbon stands on a wet street")


def test_one_chinese_sentence_is_kept_up_to_a_mark_or_a_letter() -> None:
    def letters(text: str) -> dict[str, int]:
        return {"l": len(text)}

    text = "\u7ea2\u8272\u7684\u516c\u4ea4\u8f66\uff0c\u505c\u5728\u8def\u8fb9\uff0c\u5929\u5728\u4e0b\u96e8\u3002"
    assert fit(clauses_of_text(text), letters, {"l": 8}).text == text[:6] + "\u3002"
    assert fit(clauses_of_text(text), letters, {"l": 12}).text == text[:11] + "\u3002"
    assert fit(clauses_of_text(text), letters, {"l": 4}).text == text[:3] + "\u3002"
    assert fit(clauses_of_text(text), letters, {}).text == text


some_words = st.sampled_from(["dog", "cat,", "lamp", "wall;", "and", "while", "red.", "The"])
plain_words = st.lists(some_words, min_size=1, max_size=30)


@given(words=plain_words, limit=st.integers(2, 30), style=st.sampled_from([SENTENCES, TAGS]))
def test_what_can_be_said_at_all_is_never_nothing(words: list[str], limit: int, style: str) -> None:
    text = fit(clauses_of_text(" ".join(["A", "dog", *words])), count, {"l": limit}, FitSettings(style=style)).text
    assert text
    assert count(text)["l"] <= limit


def test_a_picture_that_was_given_up_keeps_its_place_among_prompts() -> None:
    captions_ = [clauses_of_text("A dog sleeps."), (), clauses_of_text("A cat.")]
    fitted = fit_each(captions_, count, {"l": 20}, FitSettings(trigger="ohwx"))
    assert [one.text for one in fitted] == ["ohwx, A dog sleeps.", "ohwx", "ohwx, A cat."]
