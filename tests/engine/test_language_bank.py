"""The project's own bank of realistic answers has the form that `evaluation.bank` reads (tests/data/README.md)."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from evaluation.bank.photographs import Photograph, measure, with_similarity
from patchmatters.language.sentences import split_sentences, words
from patchmatters.pipeline import PRESETS

BANK = json.loads((Path(__file__).parent.parent / "data" / "language_bank.json").read_text(encoding="utf-8"))
SPATIAL = ("top-left", "top-right", "bottom-left", "bottom-right")
THOUGHTS = re.compile(r"\A<think>.*?</think>\s*", re.DOTALL)

every_photograph = pytest.mark.parametrize("entry", BANK, ids=[entry["photo"] for entry in BANK])


def bare(text: str) -> str:
    return "".join(text.split())


def sentences_of(entry):
    return [sentence for answer in entry["answers"] for sentence in answer["sentences"]]


def test_each_photograph_and_captioner_comes_once():
    assert len(BANK) >= 4
    assert len({entry["photo"] for entry in BANK}) == len({entry["persona"] for entry in BANK}) == len(BANK)


@every_photograph
def test_the_whole_image_is_told_once_and_each_patch_three_times(entry):
    asked = Counter((answer["patch"], answer["candidate"]) for answer in entry["answers"])
    assert asked == Counter([("whole image", 0), *((patch, number) for patch in SPATIAL for number in (1, 2, 3))])
    texts = [answer["text"] for answer in entry["answers"]]
    assert len(set(texts)) == len(texts) == 13


@every_photograph
def test_the_patches_are_the_quarters_of_the_picture(entry):
    width, height = entry["size"]
    middle, half = width // 2, height // 2
    boxes = {patch["name"]: patch["box"] for patch in entry["patches"]}
    assert boxes == {
        "whole image": [0, 0, width, height],
        "top-left": [0, 0, middle, half],
        "top-right": [middle, 0, width, half],
        "bottom-left": [0, half, middle, height],
        "bottom-right": [middle, half, width, height],
    }


@every_photograph
def test_every_sentence_of_a_text_is_labelled_once(entry):
    for answer in entry["answers"]:
        labelled = [sentence["text"] for sentence in answer["sentences"]]
        assert "".join(map(bare, labelled)) == bare(answer["text"])
        said = [text for text in labelled if not THOUGHTS.match(text)]
        assert [split_sentences(text) for text in said] == [[one] for one in split_sentences(answer_of(answer))]


def answer_of(answer) -> str:
    return THOUGHTS.sub("", answer["text"])


@every_photograph
def test_claims_tell_known_facts_of_their_patch(entry):
    facts = {fact["id"]: fact for fact in entry["facts"]}
    assert len(facts) == len(entry["facts"])
    told = set()
    for answer in entry["answers"]:
        for claim in (claim for sentence in answer["sentences"] for claim in sentence["claims"]):
            assert claim["claim"].strip()
            assert claim["true"] or not claim["facts"], claim
            assert all(answer["patch"] in facts[one]["patches"] for one in claim["facts"]), claim
            told.update(claim["facts"])
    assert told == set(facts)


@every_photograph
def test_a_fact_says_one_thing_about_its_patches(entry):
    known = {"whole image", *SPATIAL}
    for fact in entry["facts"]:
        assert "whole image" in fact["patches"]
        assert len(set(fact["patches"])) == len(fact["patches"]) >= 2
        assert set(fact["patches"]) <= known
        assert split_sentences(fact["text"]) == [fact["text"]]


@every_photograph
def test_a_tenth_to_three_tenths_of_the_sentences_have_something_false(entry):
    checked = [sentence for sentence in sentences_of(entry) if sentence["claims"]]
    false = [one for one in checked if not all(claim["true"] for claim in one["claims"])]
    assert 0.10 <= len(false) / len(checked) <= 0.30


def test_one_captioner_thinks_before_every_answer_and_its_thoughts_claim_nothing():
    thoughtful = [[THOUGHTS.match(one["text"]) and one["claims"] for one in sentences_of(entry)] for entry in BANK]
    claims = [one for found in thoughtful for one in found if one is not None]
    assert claims == [[]] * 13


# --- what evaluation.bank makes of it -----------------------------------------------------------------------------


def photograph(entry, folder: Path) -> Photograph:
    """The benchmark's view of an entry; its picture is blank, because counting looks at words only."""
    Image.new("RGB", tuple(entry["size"])).save(folder / entry["photo"])
    return Photograph(entry, folder)


@every_photograph
def test_the_whole_answer_tells_what_it_is_labelled_to_tell(entry, tmp_path):
    (whole,) = (answer for answer in entry["answers"] if not answer["candidate"])
    claims = [claim for sentence in whole["sentences"] for claim in sentence["claims"]]
    false = [sentence for sentence in whole["sentences"] if not all(claim["true"] for claim in sentence["claims"])]
    photo = photograph(entry, tmp_path)
    counted = photo.judged(photo.whole)
    assert counted["facts"] == len({fact for claim in claims for fact in claim["facts"]})
    assert counted["false"] == len(false)
    assert counted["told"] == len([one for one in whole["sentences"] if not THOUGHTS.match(one["text"])])


@every_photograph
def test_a_told_sentence_is_found_again_in_any_language_with_or_without_a_stop(entry, tmp_path):
    photo = photograph(entry, tmp_path)
    for sentence in sentences_of(entry):
        if not THOUGHTS.match(sentence["text"]):
            origin = photo.origin(sentence["text"].rstrip("\u3002.") + ".")
            assert origin is not None
            assert_tells_the_same(origin, sentence)


def assert_tells_the_same(found, sentence):
    """Of sentences with the same words the benchmark may find either."""
    said, within = words(sentence["text"]), words(found["text"])
    assert found is sentence or set(said) <= set(within), (sentence["text"], found["text"])


def test_thoughts_are_neither_the_captioners_caption_nor_an_origin(tmp_path):
    entry = next(entry for entry in BANK if any(THOUGHTS.match(one["text"]) for one in sentences_of(entry)))
    photo = photograph(entry, tmp_path)
    assert photo.whole == next(answer_of(one) for one in entry["answers"] if not one["candidate"])
    assert "think" not in photo.whole
    assert not any("<think>" in sentence["text"] for _, sentence in photo.labelled)


def test_a_chinese_clause_tells_its_own_claims_and_its_length_is_in_characters(tmp_path):
    entry = next(entry for entry in BANK if not entry["short_caption"].isascii())
    photo = photograph(entry, tmp_path)
    true, false = photo.judged("百叶窗半开着\uff0c窗帘是鲜红色的。"), photo.judged("远处停着几辆汽车。")
    assert (true["told"], true["false"], true["facts"], true["words"]) == (1, 1, 1, 13)
    assert (false["told"], false["words"]) == (0, 8)


def test_the_engine_runs_on_answers_of_one_clause_without_a_stop(tmp_path):
    entry = next(entry for entry in BANK if all(len(answer["sentences"]) == 1 for answer in entry["answers"]))
    preset = with_similarity(PRESETS["careful"], "lexical")
    found = measure(photograph(entry, tmp_path), preset, (0, 1))
    assert set(found) == {"captioner alone", "no scorer", "noisy scorer"}
    assert found["captioner alone"]["told"] == 1
    assert found["noisy scorer"]["told"] > 2
    assert found["noisy scorer"]["all_facts"] == 2 * len(entry["facts"])
