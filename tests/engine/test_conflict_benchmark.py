"""The targets of the LLM-free comparison on real captions: recall of planted conflicts, and false alarms."""

from __future__ import annotations

import pytest

from evaluation.bank import shared_dir
from evaluation.bank.conflicts import Measurement, captions_in, measure
from patchmatters.language.similarity import LexicalSimilarity


@pytest.fixture(scope="module")
def measurement() -> Measurement:
    if not (shared_dir() / "did_bench" / "records.json").is_file():
        pytest.skip("did_bench/records.json is not in the shared folder beside the project: set PATCHMATTERS_SHARED")
    return measure(captions_in(shared_dir()), LexicalSimilarity())


def test_planted_conflicts_are_found(measurement):
    assert measurement.overall.total > 500
    assert measurement.overall.rate >= 0.92


@pytest.mark.parametrize("kind", ["colour", "number", "size", "side", "pose", "state", "material", "negation"])
def test_every_kind_is_found(measurement, kind):
    assert measurement.recall[kind].rate >= 0.8


def test_sentences_of_one_caption_raise_few_false_alarms(measurement):
    assert measurement.within.total > 500
    assert measurement.within.rate <= 0.01
    assert measurement.within.ungated_rate <= 0.015


def test_edits_that_keep_the_meaning_raise_few_false_alarms(measurement):
    assert measurement.edits.total > 500
    assert measurement.edits.rate <= 0.01
