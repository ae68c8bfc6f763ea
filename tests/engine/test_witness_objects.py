"""The witness that counts: numbers, presence, sides and colours, and never against what a detector cannot know."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from engine.scenes import captioner
from patchmatters.picture import Crop, image_ref
from patchmatters.pipeline import caption_pictures
from patchmatters.scene import Box, Detection, Ruling
from patchmatters.scene import Testimony as Word
from patchmatters.witnesses.colours import measure_colour
from patchmatters.witnesses.labels import find_label, label_of, thing_of
from patchmatters.witnesses.named import witnesses_named
from patchmatters.witnesses.objects import ObjectSettings, ObjectWitness

KNOWN = (
    "person", "dog", "cat", "sports ball", "car", "bear", "teddy bear", "dining table", "bicycle", "motorcycle",
    "tie", "handbag", "bench", "oven", "clock", "banana",
)  # fmt: skip
BALL, LEFT, RIGHT = Box(20, 20, 120, 120), Box(250, 150, 300, 250), Box(320, 150, 370, 250)
CONFIRMED, CONTRADICTED = Ruling.CONFIRMED, Ruling.CONTRADICTED


def picture() -> Image.Image:
    """A red ball at the top left, two blue people at the bottom right, on grey."""
    drawn = Image.new("RGB", (400, 300), "gray")
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((BALL.left, BALL.top, BALL.right, BALL.bottom), fill="red")
    for box in (LEFT, RIGHT):
        pen.rectangle((box.left, box.top, box.right, box.bottom), fill="blue")
    return drawn


@dataclass
class Boxes:
    """Finds what it is told to."""

    boxes: Sequence[Detection]
    name: str = "boxes"
    looked: list[tuple[int, int]] = field(default_factory=list)

    def detect(self, pictures: Sequence[Image.Image]) -> list[Sequence[Detection]]:
        self.looked.extend(one.size for one in pictures)
        return [self.boxes for _ in pictures]


SEEN = (Detection(BALL, "ball", 0.9), Detection(LEFT, "person", 0.8), Detection(RIGHT, "person", 0.95))


def witness(*more: Detection, seen: Sequence[Detection] = SEEN, **settings: float) -> ObjectWitness:
    return ObjectWitness(Boxes((*seen, *more)), (*KNOWN, "ball"), ObjectSettings(**settings))


def words(statement: str, judge: ObjectWitness | None = None, box: Box | None = None) -> tuple[Word, ...]:
    drawn = picture()
    reference = image_ref(drawn, "drawn")
    (found,) = (judge or witness()).testify(Crop(reference.digest, box or reference.box, drawn), [statement])
    return found


def rulings(statement: str, judge: ObjectWitness | None = None, box: Box | None = None) -> dict[str, Ruling]:
    return {one.about: one.ruling for one in words(statement, judge, box)}


# --- how many


@pytest.mark.parametrize(
    ("statement", "instead"),
    [
        ("There are three people.", "There are two people."),
        ("There are 5 people.", "There are 2 people."),
        ("Three men stand together.", "Two men stand together."),
        ("A group of three people are seen.", "A group of two people are seen."),
        ("Several people are walking by.", "Two people are walking by."),
        ("Several people walk by.", ""),  # nobody knows whether the verb is a plural's
    ],
)
def test_more_than_there_are_is_wrong_and_put_right_where_the_sentence_allows(statement: str, instead: str) -> None:
    (found,) = words(statement)
    assert (found.about, found.ruling, found.instead) == ("count", CONTRADICTED, instead)
    assert "2 of 'person'" in found.evidence
    assert found.box == LEFT.union(RIGHT)


def test_the_right_number_is_confirmed() -> None:
    assert rulings("Two people are visible.") == {"count": CONFIRMED}
    assert words("Two people are visible.")[0].wholly
    assert not words("Two people in hats ride elephants.")[0].wholly


def test_fewer_than_there_are_may_be_a_part_of_them() -> None:
    crowd = witness(Detection(Box(20, 160, 60, 250), "person", 0.9), Detection(Box(80, 160, 120, 250), "person", 0.9))
    assert rulings("Two people in red coats sit on a bench.", crowd) == {}
    assert rulings("There are two people.", crowd) == {"count": CONTRADICTED}


def test_a_group_that_the_crop_divides_is_counted_as_a_whole() -> None:
    row = tuple(Detection(Box(80 + 30 * n, 200, 105 + 30 * n, 225), "dog", 0.9) for n in range(4))
    left = Box(0, 0, 138, 300)
    (found,) = words("Two dogs are on the right.", witness(seen=row), left)
    assert (found.about, found.ruling, found.instead) == ("count", CONTRADICTED, "Four dogs are on the right.")
    assert rulings("Two dogs jump over a stick.", witness(seen=row), left) == {"count": CONFIRMED}  # two of them do


def test_of_a_divided_group_that_cannot_be_counted_no_number_is_told() -> None:
    row = [Detection(Box(80 + 30 * n, 200, 105 + 30 * n, 225), "dog", 0.9) for n in range(2)]
    over = Detection(Box(122, 196, 160, 230), "dog", 0.3)  # partly over its neighbour: perhaps another, perhaps not
    (found,) = words("Two dogs are on the right.", witness(seen=(*row, over)), Box(0, 0, 140, 300))
    assert (found.about, found.ruling, found.instead) == ("count", CONTRADICTED, "Dogs are on the right.")


def test_a_row_is_counted_as_a_whole_where_the_statement_puts_it() -> None:
    row = [Detection(Box(10 + 30 * n, 200, 35 + 30 * n, 225), "dog", 0.9) for n in range(3)]
    (found,) = words("Two dogs are at the bottom left.", witness(seen=row))
    assert found.instead == "Three dogs are at the bottom left."
    across = [Detection(Box(10 + 130 * n, 200, 125 + 130 * n, 290), "dog", 0.9) for n in range(3)]
    assert rulings("Two dogs are on the left.", witness(seen=across)) == {}
    apart = [Detection(Box(10, 200, 35, 225), "dog", 0.9), *row[1:2], Detection(Box(95, 200, 120, 225), "dog", 0.9)]
    assert CONTRADICTED not in rulings("Two dogs are at the bottom left.", witness(seen=apart)).values()


def test_a_number_without_a_colour_may_mean_some_of_things_of_two_colours() -> None:
    balls = (Detection(BALL, "ball", 0.9), Detection(Box(130, 20, 230, 120), "ball", 0.9), Detection(LEFT, "ball", 0.9))
    drawn = picture()
    ImageDraw.Draw(drawn).ellipse((130, 20, 230, 120), fill="green")
    reference = image_ref(drawn, "drawn")
    judge = witness(seen=balls[:2])
    (found,) = judge.testify(Crop(reference.digest, Box(0, 0, 180, 300), drawn), ["Two balls are at the top."])
    assert CONTRADICTED not in [one.ruling for one in found]


def test_a_faint_box_in_a_row_of_sure_ones_is_one_of_them() -> None:
    row = [Detection(Box(80 + 30 * n, 200, 105 + 30 * n, 225), "dog", 0.3 if n == 1 else 0.9) for n in range(3)]
    assert rulings("There are three dogs.", witness(seen=row)) == {"count": CONFIRMED}
    over = Detection(Box(92, 198, 120, 227), "dog", 0.3)  # over its neighbours: perhaps two halves of them
    assert rulings("There are three dogs.", witness(seen=(row[0], row[2], over))) == {}


def test_of_small_things_one_may_have_been_missed() -> None:
    small = [Detection(Box(80 + 25 * n, 200, 100 + 25 * n, 220), "dog", 0.9) for n in range(2)]
    assert words("There are three dogs.", witness(seen=small))[0].instead == "There are dogs."
    assert words("There are three people.")[0].instead == "There are two people."


def test_an_unsure_box_counts_both_ways() -> None:
    unsure = witness(Detection(Box(20, 160, 60, 250), "person", 0.3))
    assert rulings("There are three people.", unsure) == {}
    assert rulings("There are two people.", unsure) == {}
    (found,) = words("There are four people.", unsure)
    assert (found.ruling, found.instead) == (CONTRADICTED, "There are people.")  # two or three: nobody knows


def test_one_thing_in_two_boxes_is_one() -> None:
    twice = witness(Detection(Box(252, 150, 302, 250), "person", 0.6))
    assert rulings("There are three people.", twice) == {"count": CONTRADICTED}


def test_only_what_the_crop_shows_is_counted() -> None:
    assert rulings("There are two people.", box=Box(0, 0, 200, 300)) == {"presence": CONTRADICTED}
    assert rulings("Two people in hats walk.", box=Box(0, 0, 345, 300)) == {}  # one is cut in two


def _row_of_balls(number: int, ground: str = "gray") -> tuple[Image.Image, list[Box]]:
    """Red balls in even steps, and their boxes."""
    drawn, boxes = (
        Image.new("RGB", (400, 300), ground),
        [Box(60 + 50 * n, 100, 100 + 50 * n, 140) for n in range(number)],
    )
    pen = ImageDraw.Draw(drawn)
    for box in boxes:
        pen.ellipse((box.left, box.top, box.right, box.bottom), fill="red")
    return drawn, boxes


def _told_of(drawn: Image.Image, boxes: Sequence[Box], statement: str, name: str = "ball", **settings: bool) -> Word:
    seen = [Detection(box, name, 0.9) for box in boxes]
    judge = ObjectWitness(Boxes(seen), (name,), ObjectSettings(**settings))
    reference = image_ref(drawn, "drawn")
    (found,) = judge.testify(Crop(reference.digest, reference.box, drawn), [statement])
    return next(one for one in found if one.about == "count")


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_where_a_row_goes_on_in_its_colour_one_may_have_been_missed(lost: int) -> None:
    drawn, boxes = _row_of_balls(4)
    found = [box for number, box in enumerate(boxes) if number != lost]
    told = _told_of(drawn, found, "Three red balls are in the picture.")
    assert (told.ruling, told.instead) == (CONTRADICTED, "Red balls are in the picture.")
    assert "3 to 4 of 'ball'" in told.evidence
    assert _told_of(drawn, boxes, "Four red balls are in the picture.").ruling is CONFIRMED
    assert _told_of(drawn, found, "Three red balls are in the picture.", colours=False).ruling is CONFIRMED


def test_an_empty_place_in_a_row_is_empty() -> None:
    drawn, boxes = _row_of_balls(4)
    ImageDraw.Draw(drawn).rectangle((boxes[2].left, 90, boxes[2].right, 150), fill="gray")
    assert _told_of(drawn, [*boxes[:2], boxes[3]], "Three red balls are in the picture.").ruling is CONFIRMED


def test_what_is_taken_for_another_thing_in_a_row_may_be_one_of_it() -> None:
    drawn, boxes = _row_of_balls(3)
    seen = [Detection(box, "cone" if number == 2 else "ball", 0.9) for number, box in enumerate(boxes)]
    judge = ObjectWitness(Boxes(seen), ("ball", "cone"))
    reference = image_ref(drawn, "drawn")
    (found,) = judge.testify(Crop(reference.digest, reference.box, drawn), ["Two red balls are in the picture."])
    assert [one.instead for one in found if one.about == "count"] == ["Red balls are in the picture."]


def test_what_has_no_clear_colour_may_be_meant_and_is_not_counted() -> None:
    drawn, boxes = _row_of_balls(4, "black")  # too dark beside what is said
    ImageDraw.Draw(drawn).rectangle((boxes[2].left - 5, 95, 300, 145), fill=(12, 10, 10))
    found = _told_of(drawn, boxes, "Two red balls are in the picture.")
    assert found.instead != "Four red balls are in the picture."


# --- there or not


def test_what_is_not_there_is_contradicted_where_the_detector_knows_it() -> None:
    assert rulings("A car is parked.") == {"presence": CONTRADICTED}
    assert rulings("A lamp hangs there.") == {}  # no label
    assert rulings("A car is parked.", witness(Detection(Box(0, 200, 90, 290), "car", 0.2))) == {}  # faint


@pytest.mark.parametrize(
    "statement",
    [
        "A statue of a bear stands there.",  # no bear
        "A bear-shaped cloud is in the sky.",
        "A poster with a car hangs there.",
        "A tiny car is far away.",  # perhaps too small to be found
        "A coffee table is in the room.",  # of tables only the dining table is known
        "A teddy lies on the floor.",
        "No car is parked here.",
        "The colour balance is warm.",
        "A leather seat, likely that of a car.",  # guessed
        "Seats stand in a car.",  # seen from within
        "The arm of the crane bears the lettering Port Handling.",  # a verb
        "A green scarf is tied around the handle.",
        "A pastry is wrapped with a red tie.",  # no necktie
        "A plastic bag hangs over the bowl.",  # no handbag
        "The signal shows a green walking dog symbol.",  # shown on something
        "Someone sits on a dark bench.",  # covered by who uses it
        "A pot simmers on the stove.",  # need not be what is called an oven
    ],
)
def test_what_a_detector_cannot_know_costs_nothing(statement: str) -> None:
    assert CONTRADICTED not in rulings(statement).values()


def test_what_looks_alike_may_have_been_taken_for_it() -> None:
    dog = witness(Detection(Box(0, 200, 90, 290), "dog", 0.9))
    assert rulings("A cat sleeps there.", dog) == {}
    assert rulings("A car is parked.", dog) == {"presence": CONTRADICTED}


def test_what_means_the_label_is_contradicted_all_the_same() -> None:
    absent = {"presence": CONTRADICTED}
    assert rulings("A tie hangs around the neck of the man.") == absent
    assert rulings("Two bears walk by.") == absent
    assert rulings("A handbag hangs there.") == absent
    assert rulings("A bench stands in the park.") == absent


def test_the_time_is_no_number_of_clocks_and_a_bunch_is_one_box() -> None:
    one_each = witness(Detection(Box(0, 200, 90, 290), "clock", 0.9), Detection(Box(130, 20, 220, 120), "banana", 0.9))
    assert CONTRADICTED not in rulings("The clock points to twelve o'clock.", one_each).values()
    assert CONTRADICTED not in rulings("A bunch of bananas hangs there.", one_each).values()
    assert rulings("Three clocks hang there.", one_each)["count"] is CONTRADICTED


# --- where and of which colour


def test_a_side_is_put_right() -> None:
    (found, _) = words("A red ball is on the right.")
    assert (found.about, found.instead) == ("place", "A red ball is at the top left.")


def test_a_colour_is_measured_in_the_box_and_put_right() -> None:
    (found,) = words("A blue ball is on the left.")
    assert (found.about, found.ruling, found.instead) == ("colour", CONTRADICTED, "A red ball is on the left.")
    assert rulings("A blue ball is on the left.", witness(colours=False)) == {"place": CONFIRMED}


def test_of_several_the_said_colour_tells_which_is_meant() -> None:
    drawn = (*SEEN, Detection(Box(252, 152, 298, 248), "ball", 0.9))  # a blue one as well
    two = witness(seen=drawn)
    assert rulings("A blue ball is on the left.", two) == {"place": CONTRADICTED, "colour": CONFIRMED}
    assert rulings("A red ball is on the left.", two) == {"place": CONFIRMED, "colour": CONFIRMED}
    assert rulings("There are two red balls.", two) == {"count": CONTRADICTED, "colour": CONFIRMED}
    (found,) = words("A green ball is on the left.", two)
    assert (found.about, found.ruling, found.instead) == ("colour", CONTRADICTED, "")


def test_size_tells_what_cannot_be_meant() -> None:
    assert rulings("A small red ball is on the right.") == {}  # the one that was found is large


def test_everything_right_is_confirmed_as_a_whole_and_a_rest_is_not() -> None:
    assert all(one.wholly for one in words("A red ball is at the top left."))
    rest = words("A red ball with a white dot is at the top left.")
    assert rest
    assert not any(one.wholly for one in rest)


def test_with_side_and_colour_wrong_what_was_said_is_not_there() -> None:
    assert rulings("A blue ball is on the right.") == {"presence": CONTRADICTED}
    assert rulings("A small blue ball is on the right.") == {}  # perhaps too small to be found
    assert rulings("A blue ball is on the right.", witness(Detection(RIGHT, "sports ball", 0.3))) == {}  # perhaps that


def test_the_colour_of_the_background_is_measured_outside_the_boxes() -> None:
    (found,) = words("The background is green.")
    assert (found.about, found.ruling, found.instead) == ("colour", CONTRADICTED, "The background is grey.")
    assert rulings("The background is red.") == {"colour": CONTRADICTED}  # only the ball is
    for right in ("The background is gray.", "The background is not green.", "The background is blurred."):
        assert rulings(right) == {}
    assert rulings("The background is green.", witness(Detection(Box(0, 0, 400, 280), "car", 0.3))) == {}  # hidden
    assert rulings("The background is green.", witness(colours=False)) == {}


@pytest.mark.parametrize(
    ("ground", "ink", "said", "expected"),
    [
        ("gray", "red", "red", True),
        ("gray", "red", "green", False),
        ("red", "red", "red", None),  # not to be told from what is around it
        ("gray", (110, 30, 30), "green", False),
        ((8, 8, 8), (30, 10, 10), "green", None),  # too dark
        ("gray", "red", "shiny", None),  # no colour
    ],
)
def test_light_and_mixture_make_a_colour_unsure(ground: object, ink: object, said: str, expected: bool | None) -> None:
    drawn = Image.new("RGB", (200, 200), ground)
    ImageDraw.Draw(drawn).ellipse((50, 50, 150, 150), fill=ink)
    found = measure_colour(drawn, Box(50, 50, 150, 150), said)
    told = None if found is None else True if found.is_there else False if found.is_not_there else None
    assert told is expected


# --- labels


def test_nouns_find_their_labels() -> None:
    labels = [label_of(name) for name in KNOWN]
    assert thing_of("men") == thing_of("Woman") == "person"
    assert find_label("person", frozenset({"male"}), labels) == labels[0]
    assert find_label("bear", frozenset(), labels) == label_of("bear")
    assert find_label("bear", frozenset({"teddy"}), labels) == label_of("teddy bear")
    assert find_label("table", frozenset(), labels) is None


# --- as a whole


def test_a_picture_is_looked_at_once() -> None:
    judge = witness()
    drawn = picture()
    texts = {
        "whole image": ["There are three people. A car is parked."],
        "top-left": ["A blue ball is on the left."] * 3,
    }
    (scene,) = caption_pictures([drawn], captioner(texts, "A grey wall."), witnesses=[judge])
    assert judge.finder.looked == [drawn.size]
    assert "two people" in scene.caption_text
    assert "car" not in scene.caption_text
    assert "red ball" in scene.caption_text.lower()


@pytest.fixture(scope="module")
def detr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch", reason="local models need torch")
    pytest.importorskip("transformers", reason="local models need transformers")
    from engine import tiny_models

    torch.set_num_threads(1)
    torch.manual_seed(0)
    return tiny_models.rt_detr(tmp_path_factory.mktemp("detector"))


def test_a_real_detector_is_a_witness(detr: Path) -> None:
    """Untrained, it sees everything everywhere: what it knows is judged by its boxes, what it does not know is not."""
    from engine import tiny_models

    (judge,) = witnesses_named([f"detector={detr}"], {"detector": {"faint": 0.01, "sure": 0.02}})
    assert tuple(judge.known) == tuple(tiny_models.LABELS)
    thing = tiny_models.LABELS[0]
    most = len([one for one in judge.finder.detect([picture()])[0] if one.label == thing])
    assert rulings(f"There are {most + 1} {thing}s.", judge) == {"count" if most else "presence": CONTRADICTED}
    assert rulings("There are nine lampposts.", judge) == {}


def test_a_detector_without_labels_is_refused_in_a_sentence(detr: Path, tmp_path: Path) -> None:
    nameless = tmp_path / "nameless"
    shutil.copytree(detr, nameless)
    config = json.loads((nameless / "config.json").read_text())
    config["id2label"] = {number: f"LABEL_{number}" for number in config["id2label"]}
    config["label2id"] = {name: int(number) for number, name in config["id2label"].items()}
    (nameless / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="has no labels, so it cannot say what it counts"):
        witnesses_named([f"detector={nameless}"])


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        (["eyes"], "no witness 'eyes'; choose among: ocr, detector"),
        (["detector"], 'write "detector=FOLDER"'),
        (["ocr=somewhere"], 'write "ocr" alone'),
        (["ocr", "ocr"], "named twice"),
        (["detector=/nowhere/at/all"], "nowhere"),
    ],
)
def test_a_wrong_name_is_said_in_a_sentence(wanted: list[str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        witnesses_named(wanted)
