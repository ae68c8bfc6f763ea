"""Whatever the built-in captioner says is true by its own scorer; the reader of sentences never breaks."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from effort import examples
from patchmatters.backends.builtin import BuiltinSettings, create_captioner, create_scorer
from patchmatters.backends.builtin_facts.colours import NAMES, read_colour
from patchmatters.backends.builtin_facts.facts import claims_of, read_claims
from patchmatters.backends.builtin_facts.measure import measure
from patchmatters.backends.builtin_facts.places import FRACTIONS
from patchmatters.models import Question, QuietMonitor
from patchmatters.picture import Crop, open_picture, picture_digest
from patchmatters.scene import Box

COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
CAPTIONER = create_captioner(BuiltinSettings())
EVERYTHING = create_captioner(BuiltinSettings(max_sentences=30))
KEEP_SCORE = 0.3  # the filter's: what scores less is not told
SCORER = create_scorer(BuiltinSettings())


def told(crop: Crop, temperature: float = 0.0, seed: int = 0) -> list[str]:
    question = Question("q", "", (crop,), temperature=temperature, seed=seed)
    (answer,) = EVERYTHING.answer([question], QuietMonitor())
    return [sentence.rstrip(".") + "." for sentence in answer.text.split(". ")]


def crop_of(picture: Image.Image) -> Crop:
    return Crop(picture_digest(picture), Box(0, 0, *picture.size), picture)


@st.composite
def pictures(draw: st.DrawFn) -> Image.Image:
    """Coloured shapes on a coloured ground, sometimes blurred or noisy, of any small size."""
    width, height = draw(st.integers(1, 220)), draw(st.integers(1, 220))
    picture = Image.new("RGB", (width, height), draw(COLOURS))
    pen = ImageDraw.Draw(picture)
    for _ in range(draw(st.integers(0, 6))):
        x, y = (
            sorted(draw(st.tuples(*[st.integers(0, width)] * 2))),
            sorted(draw(st.tuples(*[st.integers(0, height)] * 2))),
        )
        shape = draw(st.sampled_from([pen.rectangle, pen.ellipse]))
        shape((x[0], y[0], x[1], y[1]), fill=draw(COLOURS))
    if draw(st.booleans()):
        picture = picture.filter(ImageFilter.GaussianBlur(draw(st.integers(1, 8))))
    if draw(st.booleans()):
        noise = np.random.default_rng(draw(st.integers(0, 99))).normal(0, draw(st.integers(1, 40)), (height, width, 3))
        picture = Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))
    return picture


@settings(max_examples=examples(120), deadline=None)
@given(pictures(), st.floats(0, 2), st.integers(0, 2**63 - 1))
def test_every_sentence_is_true_at_any_temperature_and_seed(
    picture: Image.Image, temperature: float, seed: int
) -> None:
    crop = crop_of(picture)
    with np.errstate(all="raise"):
        sentences = told(crop, temperature, seed)
        scores = SCORER.score(crop, sentences)
    assert sentences[0].startswith("The dominant colour is")
    assert all(score is not None and score >= 0.5 for score in scores), dict(zip(sentences, scores, strict=True))


@settings(max_examples=examples(60), deadline=None)
@given(pictures())
def test_what_is_said_of_a_colour_is_false_of_its_opposite(picture: Image.Image) -> None:
    """Red for cyan, black for white: the dominant colour of the negative is another, unless it is mid grey."""
    pixels = np.asarray(picture)
    if np.abs(pixels.reshape(-1, 3).mean(axis=0) - 127.5).max() < 70:
        return  # a picture that is its own opposite
    crop, negative = crop_of(picture), crop_of(Image.fromarray(255 - pixels))
    same = told(crop)[0] == told(negative)[0]
    assert not same or SCORER.score(negative, [told(crop)[0]])[0] >= 0.5
    if pixels.reshape(-1, 3).std(axis=0).max() < 20:
        assert SCORER.score(negative, [told(crop)[0]])[0] < KEEP_SCORE  # 0.16 was found for one pixel of a pale hue


@settings(max_examples=examples(60), deadline=None)
@given(st.sampled_from(["#c22222", "#2c56ae", "#3a883b", "#e2c245", "#f6f6f6", "#0b0b0b"]), st.integers(0, 5))
def test_recolouring_a_crop_makes_the_colour_sentence_false(colour: str, turn: int) -> None:
    others = ["#2c56ae", "#c22222", "#e2c245", "#3a883b", "#0b0b0b", "#f6f6f6"]
    picture, other = Image.new("RGB", (60, 50), colour), Image.new("RGB", (60, 50), others[turn])
    score = SCORER.score(crop_of(other), [told(crop_of(picture))[0]])[0]
    assert score == 1.0 if others[turn] == colour else score < 0.1


WORDS = st.sampled_from(
    [
        *("the", "a", "dominant", "main", "colour", "color", "is", "are", "red", "dark", "pale", "bright", "grey"),
        *("gray", "and", ",", ".", ";", "not", "no", "accent", "lies", "at", "on", "in", "top", "bottom", "left"),
        *("centre", "covers", "about", "half", "of", "frame", "tone", "light", "contrast", "high", "focus", "sharp"),
        *("grain", "texture", "symmetry", "division", "dog", "\u2019", "\x00", "**", "\n", "-", "{colour}", "(?P<x>"),
    ]
)


@settings(max_examples=examples(400), deadline=None)
@given(st.one_of(st.lists(WORDS, max_size=30).map(" ".join), st.text(max_size=200)))
def test_mangled_text_never_breaks_the_reader(text: str) -> None:
    (score,) = SCORER.score(_land(), [text])
    assert score is None or 0.0 <= score <= 1.0


@cache
def _land() -> Crop:
    picture = Image.new("RGB", (120, 90), "#7eb2e4")
    ImageDraw.Draw(picture).rectangle((0, 30, 120, 90), fill="#1b3b1f")
    return crop_of(picture)


def test_a_megabyte_of_text_is_read_quickly_or_not_at_all() -> None:
    for text in ("dark " * 200_000, "the dominant colour is red, " * 40_000, "a" * 1_000_000):
        (score,) = SCORER.score(_land(), [text])
        assert score is None or score < 0.1


@given(st.data())
@settings(max_examples=examples(150), deadline=None)
def test_small_changes_of_wording_do_not_change_the_score(data: st.DataObject) -> None:
    sentences = told(_land())
    sentence = data.draw(st.sampled_from(sentences))
    changed = sentence
    for old, new in (("colour", "color"), ("grey", "gray"), ("centre", "center"), ("The frame", "This image")):
        if data.draw(st.booleans()):
            changed = changed.replace(old, new)
    changed = data.draw(st.sampled_from([str, str.upper, str.lower, lambda text: f"  {text[:-1]} "]))(changed)
    assert SCORER.score(_land(), [changed]) == SCORER.score(_land(), [sentence])


@settings(max_examples=examples(80), deadline=None)
@given(pictures())
def test_every_wording_of_every_claim_is_read_back_as_that_claim(picture: Image.Image) -> None:
    for claim in claims_of(measure(crop_of(picture))):
        for way in range(3):
            (read,) = read_claims(claim.words(way))
            assert (read.fact, dict(read.fields), read.negated) == (claim.fact, dict(claim.fields), False)


@pytest.mark.parametrize("fraction", FRACTIONS)
def test_every_fraction_is_read_and_measured(fraction: str) -> None:
    picture = Image.new("RGB", (120, 120), "#f6f6f6")
    picture.paste((44, 86, 174), (0, 0, 120, round(120 * FRACTIONS[fraction])))
    (score,) = SCORER.score(crop_of(picture), [f"The colour blue covers {fraction} of the picture."])
    assert score > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_every_colour_of_the_table_names_itself(name: str) -> None:
    found = read_colour(name)
    assert found is not None
    assert NAMES[int(found.fit.argmax())] == name


@pytest.fixture(scope="module")
def photographs(did_bench: Path) -> list[Path]:
    found = sorted((did_bench / "images").glob("*.jpg"))
    if len(found) < 27:
        pytest.skip(f"only {len(found)} of the 27 photographs are there")
    return found


def quadrants(picture: Image.Image) -> list[Box]:
    width, height = picture.size
    x, y = width // 2, height // 2
    return [Box(0, 0, x, y), Box(x, 0, width, y), Box(0, y, x, height), Box(x, y, width, height)]


def test_photographs_and_their_quadrants_are_told_apart_and_truly(photographs: list[Path]) -> None:
    wholes, pairs, alike = [], 0, 0
    for path in photographs:
        picture = open_picture(path)
        digest = picture_digest(picture)
        crops = [Crop(digest, box, picture) for box in (Box(0, 0, *picture.size), *quadrants(picture))]
        texts = [
            CAPTIONER.answer([Question("q", "", (crop,), temperature=0)], QuietMonitor())[0].text for crop in crops
        ]
        wholes.append(texts[0])
        pairs += 6
        alike += sum(one == other for one, other in combinations(texts[1:], 2))
        for crop in crops:
            assert min(SCORER.score(crop, told(crop, 0.7, seed=3))) >= 0.5
        assert all(5 <= text.count(".") <= 9 for text in texts), texts
    assert len(set(wholes)) == len(photographs)
    assert alike <= 0.05 * pairs


def test_a_sentence_about_one_photograph_is_often_false_of_another(photographs: list[Path]) -> None:
    """A scorer that found everything true would be of no use."""
    crops = [crop_of(open_picture(path)) for path in photographs[:8]]
    foreign = [
        score for one, other in combinations(crops, 2) for score in SCORER.score(other, told(one)) if score is not None
    ]
    assert np.mean([score < 0.3 for score in foreign]) > 0.4
