"""A small version of the table: the method must tell more and invent less, with trained miniatures and in simulation.

20 scenes have wide intervals, so the limits here are looser than what the README's 200 scenes show.
"""

from __future__ import annotations

import pytest

from evaluation.players.cast import miniatures, simulation
from evaluation.tables.gallery import Gallery
from evaluation.tables.measure import Line, legible_recall, table
from evaluation.tables.rows import FREE, FULL, LLM
from patchmatters.pipeline import PRESETS


def share(line: Line, column: str) -> float:
    return line.figures[column].mean


def test_the_miniatures_tell_more_and_invent_less() -> None:
    pytest.importorskip("torch", reason="the miniatures are torch models")
    gallery, cast = Gallery.of("ci", 20, "usual"), miniatures()
    alone, beside, full = (gallery.line(row, cast) for row in (FREE[0], FREE[1], FULL))
    assert share(full, "recall") > 1.5 * share(alone, "recall")
    assert share(full, "false") < 0.6 * share(beside, "false")
    assert share(alone, "false") > 0.02  # it does invent, so there is something to show
    assert legible_recall(gallery.run(FREE[0], cast), gallery.worlds).mean > 0.7
    assert "captioner alone" in table([alone, full])


@pytest.mark.parametrize("captioner", ["usual", "strong", "weak", "stubborn"])
def test_in_simulation_the_default_invents_less_than_the_captioner_and_than_the_paper(captioner: str) -> None:
    gallery = Gallery.of("ci", 30, "usual")
    cast = simulation(gallery.by_digest, captioner, "strong")
    alone, full = gallery.line(FREE[0], cast), gallery.line(FULL, cast)
    paper = gallery.line(FULL, cast, PRESETS["paper"])
    assert share(full, "recall") > 1.3 * share(alone, "recall")
    assert share(full, "false") < 0.6 * min(share(alone, "false"), share(paper, "false"))


def test_every_row_runs_with_a_perfect_writer() -> None:
    gallery = Gallery.of("ci", 12, "overlapping")
    cast = simulation(gallery.by_digest, "usual", "usual")
    for row in LLM:
        told = gallery.line(row, cast)
        assert told.text_calls > 0
        assert share(told, "recall") > 0.4
