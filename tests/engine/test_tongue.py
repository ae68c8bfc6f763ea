# ruff: noqa: RUF001 (Cyrillic letters and full-width marks are what these languages are written with)
"""Which language a picture was described in, and what follows from it."""

from __future__ import annotations

import pytest
from PIL import Image

from patchmatters.backends.scripted import ScriptedChat
from patchmatters.language import AUTO, similarity_for
from patchmatters.language.similarity import LexicalSimilarity
from patchmatters.language.tongue import Tongue, tongue_of
from patchmatters.models import Question
from patchmatters.pipeline import caption_pictures
from patchmatters.scene import Scene

ENGLISH = "A man in a red jacket is standing on the left side of the street, next to a parked car. "
GERMAN = "Ein Mann mit roter Jacke steht auf der linken Seite einer Straße neben einem geparkten Auto. "
SPANISH = "Un hombre con una chaqueta roja está parado al lado izquierdo de la calle junto a un coche aparcado. "
RUSSIAN = "Мужчина в красной куртке стоит на левой стороне улицы рядом с припаркованным автомобилем под деревом. "
TAGS = "red jacket, street, parked car, tree, blue sky, shop window, "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ENGLISH * 4, Tongue.ENGLISH),
        (GERMAN * 4, Tongue.OTHER),
        (SPANISH * 4, Tongue.OTHER),
        (RUSSIAN * 4, Tongue.OTHER),
        (TAGS * 8, Tongue.ENGLISH),
        (GERMAN, Tongue.ENGLISH),
        ("墙上挂着一幅画。" * 8, Tongue.CHINESE),
        ("", Tongue.ENGLISH),
    ],
    ids=["English", "German", "Spanish", "Russian", "tags", "too little to tell", "Chinese", "nothing"],
)
def test_the_language_of_a_pictures_descriptions(text: str, expected: Tongue):
    assert tongue_of([text]) is expected


def test_another_language_is_compared_by_words_and_a_chosen_similarity_stays():
    assert similarity_for(AUTO, [GERMAN * 4]) == LexicalSimilarity()
    assert similarity_for("lexical", ["墙上挂着一幅画。" * 8]) == LexicalSimilarity()


def captioned(whole: str, part: str) -> Scene:
    """A picture whose whole and parts are described so."""

    def reply(question: Question) -> str:
        return whole if "whole image" in question.name else part

    chat = ScriptedChat(reply, sees_images=True)
    (scene,) = caption_pictures([Image.new("RGB", (200, 200), "white")], chat, names=["street.png"])
    return scene


def test_another_language_is_told_without_english_words_and_the_scene_says_so():
    other = "Ein grünes Fahrrad lehnt an einer Mauer aus Ziegeln, auf der ein Plakat mit großer Schrift klebt. "
    scene = captioned(GERMAN * 2, other * 3)
    assert scene.caption_text == other.strip()
    assert sum("neither English nor Chinese" in warning for warning in scene.warnings) == 1


def test_chinese_and_english_are_known():
    for whole in (ENGLISH * 4, "墙上挂着一幅画。桌上有一个花瓶，里面插着红色的花。" * 3):
        assert not any("neither" in warning for warning in captioned(whole, whole).warnings)
