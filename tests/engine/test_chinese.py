# ruff: noqa: RUF001 (full-width marks are what Chinese is written with)
"""Chinese captions go through the engine as Chinese: compared by pairs of characters, told with Chinese places."""

from __future__ import annotations

import pytest

from patchmatters.aggregate.tell import Told, tell_places
from patchmatters.basics.plain_text import joined
from patchmatters.language import AUTO, similarity_for
from patchmatters.language.chinese import content_pairs, is_chinese, place_in_words
from patchmatters.language.claims import parts_of, without_guesses
from patchmatters.language.conflict import find_conflict
from patchmatters.language.places import PLACES, elsewhere, in_picture, names_place, without_place
from patchmatters.language.prose import as_prose
from patchmatters.language.sentences import statements_of
from patchmatters.language.similarity import containment
from patchmatters.scene import Box


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一只狗坐在沙发上。", True),
        ("墙上的标志写着“OPEN”。", True),
        ("犬がソファに座っている。", False),
        ("A dog called 小白.", False),
        ("", False),
    ],
)
def test_what_is_chinese(text: str, expected: bool):
    assert is_chinese(text) is expected


def test_content_is_pairs_of_characters_without_what_carries_no_meaning():
    assert content_pairs("桌子上方挂着一个圆形的时钟。") == ("桌子", "挂", "圆形", "时钟")


def test_the_same_in_other_words_is_alike_and_other_things_are_not():
    similarity = similarity_for(AUTO, ["壁炉上方的墙上挂着一个圆形的时钟。"])
    ((same, other),) = similarity.matrix(
        ["壁炉上方的墙上挂着一个圆形的时钟。"], ["壁炉上方挂着一个圆形时钟。", "地面铺着深色的地毯。"]
    )
    assert same >= similarity.agreed and other == 0.0
    assert containment("圆形的时钟", "墙上挂着一个圆形时钟。") == 1.0


@pytest.mark.parametrize(
    ("one", "other", "attribute"),
    [
        ("窗户上方装饰着棕色的帷幔。", "窗户上方有红色的帷幔。", "colour"),
        ("窗帘是鲜红色的。", "白色的窗帘垂到地面。", "colour"),
        ("前景中有两根紫色的蜡烛。", "三根紫色的蜡烛立在画面下方。", "number"),
        ("桌上有2个杯子。", "桌上有两个杯子。", ""),
        ("沙发是米色的。", "米黄色的沙发靠着墙。", ""),
        ("红色的蜡烛放在架上。", "白色的花瓶放在架上。", ""),
    ],
)
def test_contradictions_of_colour_and_number(one: str, other: str, attribute: str):
    found = find_conflict(one, other)
    assert (found.attribute if found else "") == attribute
    turned = find_conflict(other, one)
    assert (turned and turned.values) == (found and found.values[::-1])


def test_guesses_and_moods_are_left_out_and_nothing_else():
    text = "左侧有一扇窗户，窗外阳光明媚，给人一种宁静的感觉。"
    assert "".join(parts_of(text)) == text
    assert without_guesses(text) == "左侧有一扇窗户，窗外阳光明媚。"
    assert without_guesses("整体氛围温馨而优雅。") == ""
    assert without_guesses("这可能是酒店。") == ""
    assert without_guesses("图片展示了一个客厅的一角。") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("这张图片展示了一个布置精致的客厅。", "有一个布置精致的客厅。"),
        ("画面中可以看到一间房间。", "有一间房间。"),
        ("图片左下方的内容如下：左侧为沙发。", "左侧为沙发。"),
        ("墙上有一幅画。", "墙上有一幅画。"),
        ("一个布置精致的客厅。", "有一个布置精致的客厅。"),
        ("一只猫趴在沙发上。", "一只猫趴在沙发上。"),
        ("石面的桌子桌腿雕刻成兽爪形状。", "石面的桌子桌腿雕刻成兽爪形状。"),
    ],
)
def test_words_about_the_picture_are_not_told(text: str, expected: str):
    assert as_prose(text) == expected


def test_a_place_of_the_crop_becomes_one_of_the_picture():
    right = Box(100, 0, 200, 100)
    assert in_picture("左侧的墙上有一盏壁灯。", right, 200, 100) == "中间的墙上有一盏壁灯。"
    assert names_place("画面左下方有一只猫。") and not names_place("桌子左侧有一只猫。")
    assert without_place("左侧的墙上有一盏壁灯。") == "的墙上有一盏壁灯。"
    assert elsewhere("左侧有一盏灯。", "on the right") and not elsewhere("左侧有一盏灯。", "at the top left")


def test_places_are_told_in_chinese_and_without_blanks():
    told = [
        Told("桌上有一个杯子。", (), (Box(0, 0, 100, 100),)),
        Told("地面铺着地毯", (), (Box(100, 100, 200, 200),)),
    ]
    sentences = tell_places(told, 200, 200)
    assert joined(one.text for one in sentences) == "左上方，桌上有一个杯子。右下方，地面铺着地毯。"
    assert all(place_in_words(place) for place in PLACES)
    assert place_in_words("at the top left and on the right") == "左上方、右侧"


def test_what_holds_for_several_parts_is_told_without_its_place_in_each():
    boxes = (Box(0, 0, 100, 100), Box(100, 0, 200, 100))
    (sentence,) = tell_places([Told("左侧的墙上有一盏壁灯。", (), boxes)], 200, 200)
    assert sentence.text == "左上方、右上方，墙上有一盏壁灯。"


def test_what_points_back_stays_with_the_sentence_before():
    cat, floor = "一只猫趴在沙发上。它是黑色的。", "地面很干净。"
    assert statements_of(cat + floor) == [cat, floor]
