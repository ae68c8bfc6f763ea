"""The tables of what each witness brings: who answers second looks, where signs are drawn, and rows that add up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from engine.scenes import plain_picture
from engine.written import PHOTOGRAPHS, crop, needs_photographs, needs_reader
from evaluation.bank.photographs import photographs_of
from evaluation.players.looker import Looker
from evaluation.tables.each_witness import BOXES, SignedWorlds, in_worlds, on_photographs
from evaluation.tables.lettering import signed
from evaluation.tables.witnesses import WorldFinder
from patchmatters.backends.scripted import ScriptedChat
from patchmatters.models import QUIET, Question
from patchmatters.picture import Crop
from patchmatters.scene import Box
from patchmatters.witnesses.second_look import NAME

OWN_BANK = Path(__file__).parents[1] / "data" / "language_bank.json"
TRUE = ("A red ring is visible.", "The background is gray.")


def looked(text: str, words: tuple[str, str], right: float) -> str:
    def truth(_: Crop, said: str) -> bool | None:
        return said in TRUE if said.endswith(("visible.", "gray.", "blue.")) else None

    chat = ScriptedChat(lambda _: "A caption.", name="captioner", sees_images=True)
    question = Question(f"photo: {NAME} at left, statement 1", text, (crop(plain_picture()),), words=words)
    (answer,) = Looker(chat, truth, right).answer([question], QUIET)
    return answer.text


@pytest.mark.parametrize(
    ("text", "words", "right", "wrong"),
    [
        ('Somebody says of this picture: "A red ring is visible." Is that true?', ("yes", "no"), "Yes.", "No."),
        ('Somebody says of this picture: "A blue ring is visible." Is that true?', ("yes", "no"), "No.", "Yes."),
        ("Is the ring blue or red? Answer with one word.", ("blue", "red"), "Red.", "Blue."),
        ("Is the background gray or blue? Answer with one word.", ("gray", "blue"), "Gray.", "Blue."),
    ],
)
def test_a_second_look_knows_the_truth_and_errs_as_often_as_it_is_told(
    text: str, words: tuple[str, str], right: str, wrong: str
) -> None:
    assert (looked(text, words, 1.0), looked(text, words, 0.0)) == (right, wrong)


@pytest.mark.parametrize(
    "text",
    ['Somebody says of this picture: "It hums." Is that true?', "Is the ring blue or green? Answer with one word."],
)
def test_what_nobody_knows_is_not_answered(text: str) -> None:
    assert looked(text, ("yes", "no"), 1.0) == "I cannot say."


def test_a_sign_covers_as_little_as_it_can() -> None:
    boxes = [Box(0, 0, 480, 150), Box(0, 250, 480, 360)]
    picture = Image.new("RGB", (480, 360), "gray")
    covered = [
        sum(sign.box.intersection(box).area for box in boxes)
        for number in range(12)
        for sign in signed(picture.copy(), number, boxes).signs
    ]
    assert sum(covered) == 0


def test_every_box_is_a_known_thing_inside_its_photograph() -> None:
    drawn = json.loads(BOXES.read_text(encoding="utf-8"))
    for name, photograph in drawn["photographs"].items():
        width, height = photograph["size"]
        for one in photograph["boxes"]:
            left, top, right, bottom = one["box"]
            assert one["label"] in drawn["labels"], name
            assert 0 <= left < right <= width, (name, one)
            assert 0 <= top < bottom <= height, (name, one)


def rows_of(table: str) -> dict[str, list[str]]:
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    return {name: rest for name, *rest in cells}


@needs_reader
def test_in_worlds_each_witness_has_its_row() -> None:
    rows = rows_of(in_worlds("sparse", 1, 4, "usual", WorldFinder))
    assert list(rows)[2:] == ["captioner alone", "default", "reading", "counting", "second looks", "all"]
    told = {name: int(rows[name][5].split()[0]) for name in ("default", "reading", "all")}
    assert told["reading"] == told["all"] == 4 >= told["default"]
    calls = {name: float(cells[6]) for name, cells in rows.items() if name and name != "---"}
    assert (calls["captioner alone"], calls["reading"]) == (1.0, 13.0)
    assert calls["second looks"] > 13.0


@needs_reader
def test_what_a_sign_says_is_judged_apart_from_its_world() -> None:
    worlds = SignedWorlds.of(1, 1, "sparse")
    (one,) = worlds.lettered
    view = crop(one.picture)
    assert worlds.is_true(view, f'A sign reads "{one.signs[0].text}".')
    assert not worlds.is_true(view, 'A sign reads "XYLOPHONE".')


@needs_reader
@needs_photographs
def test_on_photographs_no_true_statement_is_contradicted_by_boxes() -> None:
    rows = rows_of(on_photographs(photographs_of(OWN_BANK, PHOTOGRAPHS), ()))
    assert rows["no scorer, counting"][4] == "0.0"
    assert float(rows["no scorer, counting"][6]) >= 3
