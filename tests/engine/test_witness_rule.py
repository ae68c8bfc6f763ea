"""How witnesses and score are weighed, and what of it stands in the Scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from engine.scenes import captioner, plain_picture
from patchmatters.backends.scripted import ScriptedScorer
from patchmatters.picture import Crop
from patchmatters.pipeline import PRESETS, caption_pictures
from patchmatters.scene import Box, Ruling, Scene, Statement, Verdict
from patchmatters.scene import Testimony as Word
from patchmatters.scene_json import dump_scenes, load_scenes
from patchmatters.witnesses import Offer, is_confirmed, is_contradicted, ruled
from patchmatters.witnesses.rule import balance, correction

DOG, SIGN = "A brown dog sleeps on the sofa.", 'A sign reads "OPEN".'


def word(
    ruling: Ruling, strength: float = 0.9, about: str = "text", instead: str = "", *, wholly: bool = False
) -> Word:
    return Word("reader", about, ruling, strength, "reads that", Box(1, 2, 30, 40), instead, wholly)


def said(*testimony: Word, kept: bool | None = True) -> Statement:
    return Statement(SIGN, Verdict.UNIQUE, (0,), kept=kept, reason="by its score", testimony=testimony)


@dataclass(frozen=True)
class Fixed:
    """A witness that says of each sentence what it is told to."""

    words: Mapping[str, tuple[Word, ...]]
    offers: tuple[Offer, ...] = ()
    name: str = "reader"
    asked: list[tuple[Box, str]] = field(default_factory=list)

    def testify(self, image: Crop, statements: Sequence[str]) -> list[tuple[Word, ...]]:
        self.asked.extend((image.box, text) for text in statements)
        return [self.words.get(text, ()) for text in statements]

    def volunteer(self, picture: Crop, told: Sequence[str]) -> list[Offer]:
        return [offer for offer in self.offers if offer.text not in told]


def scored(of: Callable[[str], float | None]) -> ScriptedScorer:
    return ScriptedScorer(lambda _, sentence: of(sentence), name="scorer")


def captioned(witnesses: Sequence[Fixed], scorer: ScriptedScorer | None = None, whole: str = DOG) -> Scene:
    texts = {"whole image": [whole], "top-left": [f"{DOG} {SIGN}"] * 3}
    (scene,) = caption_pictures(
        [plain_picture()], captioner(texts), scorer, preset=PRESETS["careful"], witnesses=witnesses
    )
    return scene


def statement_of(scene: Scene, text: str) -> Statement:
    return next(one for patch in scene.first_level for one in patch.statements if one.text == text)


def test_the_stronger_word_wins_on_each_point() -> None:
    yes, no = word(Ruling.CONFIRMED, 0.8), word(Ruling.CONTRADICTED, 0.6)
    assert balance(said(yes, no)) == {"text": 0.2}
    assert is_confirmed(said(yes, no))
    assert is_contradicted(said(replace(yes, strength=0.5), no))
    other = replace(no, about="count", strength=0.1)
    assert is_contradicted(said(yes, other))  # each point by itself: a right sign does not make a wrong number right


def test_witnesses_that_disagree_equally_leave_it_to_the_score() -> None:
    both = said(word(Ruling.CONFIRMED, wholly=True), word(Ruling.CONTRADICTED))
    assert not is_confirmed(both)
    assert not is_contradicted(both)
    assert [ruled(replace(both, kept=kept)).kept for kept in (True, False)] == [True, False]


@pytest.mark.parametrize("kept", [True, False])
def test_what_is_contradicted_is_dropped_and_what_is_confirmed_as_a_whole_kept_whatever_the_score(kept: bool) -> None:
    assert ruled(said(word(Ruling.CONTRADICTED), kept=kept)).kept is False
    assert ruled(said(word(Ruling.CONFIRMED, wholly=True), kept=kept)).kept is True
    assert ruled(said(word(Ruling.CONFIRMED), kept=kept)).kept is kept
    assert ruled(said(kept=kept)) == said(kept=kept)


def test_the_reason_says_who_said_what() -> None:
    reason = ruled(said(word(Ruling.CONTRADICTED, 0.97))).reason
    assert reason == "by its score; reader: reads that (contradicted, 0.97)"


def test_the_strongest_correction_is_taken() -> None:
    weak, strong = (word(Ruling.CONTRADICTED, s, instead=f"{s}") for s in (0.5, 0.9))
    assert correction(said(weak, strong)) == strong
    assert correction(said(word(Ruling.CONFIRMED, 0.95), strong)) is None


def test_a_wrong_statement_is_told_as_it_should_be_and_says_so() -> None:
    right = 'A sign reads "SHUT".'
    reader = Fixed({SIGN: (word(Ruling.CONTRADICTED, instead=right),), right: (word(Ruling.CONFIRMED),)})
    scene = captioned([reader], scored(lambda _: 0.6))
    assert "SHUT" in scene.caption_text
    assert "OPEN" not in scene.caption_text
    told = statement_of(scene, right)
    assert (told.said, told.kept) == (SIGN, True)
    assert "put right from" in told.reason
    (loaded,) = load_scenes(dump_scenes([scene]))
    assert statement_of(loaded, right).testimony == told.testimony


def test_the_scorer_is_asked_about_what_is_told_and_not_about_what_was_refuted() -> None:
    right, asked = 'A sign reads "SHUT".', []
    reader = Fixed({SIGN: (word(Ruling.CONTRADICTED, instead=right),), DOG: (word(Ruling.CONTRADICTED),)})
    captioned([reader], scored(lambda text: asked.append(text) or 0.6), whole="A grey wall.")
    assert right in asked
    assert not {SIGN, DOG} & set(asked)


def test_a_contradicted_statement_is_not_told_even_where_the_caption_would_be_told_as_it_is() -> None:
    scene = captioned([Fixed({DOG: (word(Ruling.CONTRADICTED),)})], whole=f"{DOG} A grey wall.")
    assert "dog" not in scene.caption_text
    assert statement_of(scene, DOG).kept is False


def test_what_is_confirmed_needs_no_second_speaker() -> None:
    texts = {"whole image": ["A grey wall."], "top-left": [f"A grey wall. {SIGN}", "A grey wall.", "A grey wall."]}

    def caption(witnesses: Sequence[Fixed]) -> str:
        return caption_pictures([plain_picture()], captioner(texts), witnesses=witnesses)[0].caption_text

    assert "OPEN" not in caption([])
    assert "OPEN" in caption([Fixed({SIGN: (word(Ruling.CONFIRMED),)})])


def test_an_offer_is_told_once_for_the_whole_picture() -> None:
    offer = Offer('The words "NO ENTRY" are on the left.', word(Ruling.CONFIRMED, wholly=True))
    scene = captioned([Fixed({}, (offer,))], scored(lambda _: 0.6))
    assert scene.caption_text.count("NO ENTRY") == 1
    told = [one for patch in scene.first_level for one in patch.statements if one.text == offer.text]
    assert [(one.sources, one.kept) for one in told] == [((), True)]


def test_a_statement_is_held_against_its_own_patch_and_recorded() -> None:
    reader = Fixed({SIGN: (word(Ruling.CONFIRMED),)})
    scene = captioned([reader])
    assert {box for box, text in reader.asked if text == SIGN} >= {scene.patch("top-left").box}
    assert sum(record.calls for record in scene.records if record.stage == "witness") >= 1


def test_a_witness_that_answers_too_little_is_an_error() -> None:
    class Silent(Fixed):
        def testify(self, image: Crop, statements: Sequence[str]) -> list[tuple[Word, ...]]:
            return []

    with pytest.raises(RuntimeError, match="reader gave 0 answers to 1 statement"):
        captioned([Silent({})])
