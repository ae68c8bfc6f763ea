"""The built-in captioner and scorer on drawn pictures whose truth is known."""

from __future__ import annotations

import subprocess
import sys
import weakref

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from patchmatters.backends import CHAT_MODELS, SCORERS, backend
from patchmatters.backends.builtin import FRAME_SUBJECTS, BuiltinSettings, create_captioner, create_scorer
from patchmatters.models import Answer, Outcome, Question, QuietMonitor
from patchmatters.picture import Crop, picture_digest
from patchmatters.scene import Box

SIZE = (320, 240)
NOISE = np.random.default_rng(7)


def crop_of(picture: Image.Image, box: Box | None = None) -> Crop:
    return Crop(picture_digest(picture), box or Box(0, 0, *picture.size), picture)


def describe(picture: Image.Image, box: Box | None = None, **question: object) -> str:
    asked = Question(
        "drawn", "Describe this image in detail.", (crop_of(picture, box),), **{"temperature": 0.0, **question}
    )
    (answer,) = create_captioner(BuiltinSettings()).answer([asked], QuietMonitor())
    assert answer.outcome is Outcome.ANSWER
    return answer.text


def score(picture: Image.Image, sentence: str) -> float | None:
    (degree,) = create_scorer(BuiltinSettings()).score(crop_of(picture), [sentence])
    return degree


def plain(colour: str, size: tuple[int, int] = SIZE) -> Image.Image:
    return Image.new("RGB", size, colour)


def drawn(back: str, *boxes: tuple[tuple[float, float, float, float], str]) -> Image.Image:
    """A picture with rectangles at fractions of its size."""
    picture = plain(back)
    for (left, top, right, bottom), colour in boxes:
        corners = (left * SIZE[0], top * SIZE[1], right * SIZE[0] - 1, bottom * SIZE[1] - 1)
        ImageDraw.Draw(picture).rectangle(corners, fill=colour)
    return picture


def noisy(deviation: float) -> Image.Image:
    grey = 128 + np.random.default_rng(3).normal(0, deviation, (SIZE[1], SIZE[0], 1))
    return Image.fromarray(np.repeat(grey.clip(0, 255), 3, axis=2).astype(np.uint8))


def blocks(seed: int = 5) -> Image.Image:
    """Sharp-edged grey blocks all over."""
    values = np.random.default_rng(seed).integers(20, 236, (30, 40), dtype=np.uint8)
    return Image.fromarray(values).resize(SIZE, Image.Resampling.NEAREST).convert("RGB")


def gradient() -> Image.Image:
    return Image.linear_gradient("L").resize(SIZE).convert("RGB")


HALVES = drawn("#c22222", ((0.5, 0, 1, 1), "#2c56ae"))
DOT = drawn("#828282", ((0.75, 0.7, 0.9, 0.9), "#f8252a"))
LAND = drawn("#7eb2e4", ((0, 1 / 3, 1, 1), "#1b3b1f"))
FRAMED = drawn("#f6f6f6", ((0.3, 0.3, 0.7, 0.7), "#2c56ae"))
COLUMNS = drawn("#f6f6f6", ((0.1, 0.2, 0.3, 1), "#2c56ae"), ((0.7, 0.2, 0.9, 1), "#2c56ae"))

EXPECTED = [
    (plain("#c22222"), "The picture is one even area of red."),
    (plain("#808080"), "The picture is one even area of grey."),
    (plain("#c22222"), "The dominant colour is red."),
    (plain("#1b3b1f"), "The dominant colour is dark green."),
    (plain("#ffffff"), "The overall tone is very bright."),
    (plain("#000000"), "The overall tone is very dark."),
    (blocks().point(lambda value: value * 0.35), "The light is dim."),
    (gradient(), "The picture is nearly black and white."),
    (HALVES, "The palette includes blue."),
    (HALVES, "The right third is blue."),
    (HALVES, "The layout is divided vertically about halfway across."),
    (HALVES, "The saturation is high."),
    (DOT, "The dominant colour is grey."),
    (DOT, "The accent hue is bright red at the bottom right."),
    (LAND, "The top third is light blue."),
    (LAND, "The layout is divided horizontally about a third from the top."),
    (LAND, "The brightness falls from the top to the bottom."),
    (FRAMED, "The edges are mostly white."),
    (FRAMED, "The centre is blue."),
    (COLUMNS, "The symmetry between left and right is strong."),
    (gradient(), "The brightness falls from the bottom to the top."),
    (gradient(), "The contrast is high."),
    (gradient(), "The texture is mostly smooth."),
    (noisy(6), "The grain is fine."),
    (noisy(30), "The grain is strong."),
    (noisy(25), "The contrast is low."),
    (blocks(), "The focus is sharp throughout."),
    (blocks(), "The texture is busy."),
    (blocks().filter(ImageFilter.GaussianBlur(6)), "The focus is soft."),
]


@pytest.mark.parametrize(("picture", "sentence"), EXPECTED, ids=[sentence for _, sentence in EXPECTED])
def test_says_what_was_drawn(picture: Image.Image, sentence: str) -> None:
    everything = create_captioner(BuiltinSettings(max_sentences=30))
    (answer,) = everything.answer([Question("drawn", "", (crop_of(picture),), temperature=0.0)], QuietMonitor())
    assert sentence in answer.text
    assert score(picture, sentence) >= 0.8


FALSE = [
    (plain("#c22222"), "The dominant colour is bright green."),
    (plain("#c22222"), "The dominant colour is blue."),
    (plain("#c22222"), "The picture is one even area of white."),
    (HALVES, "The picture is one even area of red."),
    (HALVES, "The colour on the left is blue."),
    (HALVES, "The colour red covers nearly all of the frame."),
    (HALVES, "The colours are muted."),
    (HALVES, "The second main colour is yellow."),
    (HALVES, "A clear vertical division lies near the left edge."),
    (HALVES, "A clear horizontal division lies about halfway down."),
    (HALVES, "The symmetry between left and right is strong."),
    (DOT, "A bright red accent lies at the top left."),
    (DOT, "A bright blue accent lies at the bottom right."),
    (LAND, "The brightest part lies at the bottom."),
    (LAND, "The colour at the top is dark green."),
    (plain("#000000"), "The overall tone is bright."),
    (plain("#ffffff"), "The light is dim."),
    (gradient(), "The contrast is low."),
    (blocks(), "The focus is soft."),
    (blocks(), "The texture is mostly smooth."),
    (blocks().filter(ImageFilter.GaussianBlur(6)), "The focus is sharp throughout."),
    (noisy(30), "The grain is not visible."),
    (gradient(), "The grain is strong."),
]


@pytest.mark.parametrize(("picture", "sentence"), FALSE, ids=[sentence for _, sentence in FALSE])
def test_what_is_false_scores_low(picture: Image.Image, sentence: str) -> None:
    assert score(picture, sentence) < 0.1


def test_a_near_colour_scores_between_right_and_wrong() -> None:
    red = plain("#c22222")
    right, near, far = (score(red, f"The dominant colour is {colour}.") for colour in ("red", "dark red", "dark blue"))
    assert right > 0.9
    assert 0.2 < near < 0.8
    assert far < 0.1


def test_a_plain_colour_word_is_true_of_its_shades() -> None:
    assert score(plain("#17264f"), "The dominant colour is blue.") > 0.7
    assert score(plain("#17264f"), "The dominant colour is dark blue.") > 0.9
    assert score(plain("#17264f"), "The dominant colour is red.") < 0.1


@pytest.mark.parametrize(
    "sentence",
    [
        "The dominant color is gray.",
        "the dominant colour of this image is mid grey",
        "Grey is the dominant colour.",
        "The photo is dominated by grey.",
        "**The main colour is grey.**",
        "The predominant colour in the picture is medium gray!",
        "The background is gray.",
        "The crop is mostly grey.",
    ],
)
def test_wording_and_spelling_may_differ(sentence: str) -> None:
    assert score(plain("#828282"), sentence) > 0.7


@pytest.mark.parametrize(
    "sentence",
    [
        "A dog sits on the grass.",
        "The dog is red.",
        "The dominant colour is delicious.",
        "The man's coat is dark grey.",
        "The grass is grey and the dog is asleep.",
        "",
        "   ",
        "The dominant colour is not known to science.",
        "grey",
    ],
)
def test_what_is_outside_the_vocabulary_is_not_judged(sentence: str) -> None:
    assert score(plain("#828282"), sentence) is None


def test_several_claims_score_the_least_of_them() -> None:
    red = plain("#c22222")
    true, false = "The dominant colour is red", "the light is bright"
    assert score(red, f"{true} and {false}.") == score(red, false) < 0.1
    assert score(red, f"{true}. {false}.") == score(red, false)
    assert score(red, f"{true}; a dog sits there.") == score(red, true)


def test_a_denied_claim_scores_the_contrary() -> None:
    assert score(plain("#ffffff"), "The picture is not dark.") > 0.9
    assert score(plain("#000000"), "The picture isn't dark.") < 0.1


@pytest.mark.parametrize("size", [(1, 1), (1, 10000), (10000, 1), (2, 3), (47, 64)])
@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#808080", "#c22222"])
def test_the_smallest_and_the_thinnest_pictures_are_described_truly(size: tuple[int, int], colour: str) -> None:
    picture = plain(colour, size)
    with np.errstate(all="raise"):
        text = describe(picture)
    assert "one even area of" in text
    assert all(score(picture, sentence) >= 0.8 for sentence in text.split(". "))


def test_sharpness_of_a_speck_is_not_judged() -> None:
    assert score(plain("#808080", (8, 8)), "The focus is sharp throughout.") is None


def test_a_crop_is_described_as_the_picture_of_it_would_be() -> None:
    box = Box(0, 0, 160, 240)
    cut = HALVES.crop((0, 0, 160, 240))
    assert describe(HALVES, box) == describe(cut).removesuffix(" The format is vertical.")
    assert "blue" not in describe(HALVES, box)


def test_the_same_picture_gives_the_same_text_in_another_process() -> None:
    code = (
        "from PIL import Image\n"
        "from patchmatters.models import Question, QuietMonitor\n"
        "from patchmatters.backends.builtin import BuiltinSettings, create_captioner\n"
        "from patchmatters.picture import Crop\n"
        "from patchmatters.scene import Box\n"
        "import sys\n"
        "picture = Image.radial_gradient('L').convert('RGB')\n"
        "question = Question('q', '', (Crop('d', Box(0, 0, 256, 256), picture),), temperature=0.9, seed=5)\n"
        "print(create_captioner(BuiltinSettings()).answer([question], QuietMonitor())[0].text)\n"
        "assert not {'torch', 'scipy', 'transformers'} & set(sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = describe(Image.radial_gradient("L").convert("RGB"), temperature=0.9, seed=5)
    assert run.stdout.strip() == here


def test_seeds_change_what_is_mentioned_and_temperature_how_much() -> None:
    mild = [describe(LAND, temperature=0.7, seed=seed) for seed in range(12)]
    wild = [describe(LAND, temperature=1.4, seed=seed) for seed in range(12)]
    assert mild == [describe(LAND, temperature=0.7, seed=seed) for seed in range(12)]
    assert len(set(mild)) > 6
    assert sum(map(len, wild)) < sum(map(len, mild))
    for text in (*mild, *wild):
        assert text.startswith("The dominant colour is dark green.")


def test_temperature_zero_does_not_depend_on_the_seed() -> None:
    assert describe(LAND, seed=1) == describe(LAND, seed=2)


def test_max_sentences_keeps_the_most_important() -> None:
    brief = create_captioner(BuiltinSettings(max_sentences=2))
    (answer,) = brief.answer([Question("q", "", (crop_of(DOT),), temperature=0.0)], QuietMonitor())
    assert answer.text == "The dominant colour is grey. The accent hue is bright red at the bottom right."
    with pytest.raises(ValueError, match="max_sentences"):
        BuiltinSettings(max_sentences=0)


def test_each_sentence_stands_for_itself_about_the_frame() -> None:
    for picture, _ in EXPECTED:
        for sentence in describe(picture).rstrip(".").split(". "):
            words = {word.strip(".,").lower() for word in sentence.split()}
            assert words & FRAME_SUBJECTS
            assert not words & {"it", "they", "its", "their", "this"}


def test_a_question_without_a_picture_fails_with_advice() -> None:
    captioner = create_captioner(BuiltinSettings())
    (answer,) = captioner.answer([Question("merge", "Merge these.")], QuietMonitor())
    assert answer.outcome is Outcome.FAILURE
    assert "only describes pictures" in answer.detail
    assert "leave chat_model unconnected" in answer.detail
    two = Question("two", "", (crop_of(DOT), crop_of(LAND)))
    assert captioner.answer([two], QuietMonitor())[0].outcome is Outcome.FAILURE


class Watcher(QuietMonitor):
    """Writes down what it is told, and cancels at a given poll."""

    def __init__(self, cancel_at: int = 10**9) -> None:
        self.told: list[tuple[str, str]] = []
        self.left = cancel_at

    def advance(self, name: str) -> None:
        self.told.append(("advance", name))

    def partial(self, name: str, text: str) -> None:
        self.told.append(("partial", name))

    def poll(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise InterruptedError("cancelled")


def test_every_question_reports_once_and_can_be_cancelled() -> None:
    questions = [Question(f"q{number}", "", (crop_of(DOT),), seed=number) for number in range(3)]
    watcher = Watcher()
    answers = create_captioner(BuiltinSettings()).answer(questions, watcher)
    assert [isinstance(answer, Answer) for answer in answers] == [True] * 3
    assert watcher.told == [(kind, f"q{number}") for number in range(3) for kind in ("partial", "advance")]
    with pytest.raises(InterruptedError):
        create_captioner(BuiltinSettings()).answer(questions, Watcher(cancel_at=1))


def test_the_tables_of_backends_lead_here() -> None:
    for table in (CHAT_MODELS, SCORERS):
        line = backend(table, "builtin")
        assert line.create(line.settings_class()()).name == "builtin"
    captioner = create_captioner(BuiltinSettings())
    assert captioner.sees_images
    assert not captioner.follows_instructions


def test_a_large_picture_is_read_in_place() -> None:
    pytest.importorskip("resource", reason="the peak memory of a process is not known on this system")
    code = (
        "import resource\n"
        "from PIL import Image\n"
        "from patchmatters.models import Question, QuietMonitor\n"
        "from patchmatters.backends.builtin import BuiltinSettings, create_captioner\n"
        "from patchmatters.picture import Crop\n"
        "from patchmatters.scene import Box\n"
        "captioner = create_captioner(BuiltinSettings())\n"
        "def ask(side, picture):\n"
        "    crop = Crop('d', Box(1, 1, side, side), picture)\n"
        "    captioner.answer([Question('q', '', (crop,), temperature=0.0)], QuietMonitor())\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "ask(300, Image.radial_gradient('L').resize((300, 300)).convert('RGB'))\n"
        "large = Image.new('RGB', (6000, 6000))\n"
        "large.paste((200, 30, 30), (0, 0, 6000, 6000))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(ask(5990, large) - before)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(run.stdout) * unit < 20 * 2**20  # the crop alone would be 137 MiB


def test_measures_do_not_keep_the_picture_alive() -> None:
    picture = gradient()
    gone = weakref.ref(picture)
    describe(picture)
    del picture
    assert gone() is None
