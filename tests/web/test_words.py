"""What the browser says: names of stages and patches in another language, and never another picture's name."""

from __future__ import annotations

import json
from pathlib import Path

from web.conftest import Evaluate

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "describe",
    "compare within patches",
    "top-left, candidate 2",
    "left.png: whole image, candidate 1",
    "top-left.png: region top-left + bottom-left",
    "row 1 column 2",
    "photo: left, candidate 3",
    "a leftover: upright, bottomless, candidates",
)
ASK = """
import { nameIn, sayIn } from "./js/words.js"
const say = sayIn(data.translated)
return data.names.map((name) => nameIn(name, say))
"""


def test_english_names_stay_what_the_scene_calls_them(evaluate: Evaluate) -> None:
    assert tuple(evaluate(ASK, {"names": NAMES, "translated": {}})) == NAMES


def test_chinese_names_are_chinese_and_names_of_pictures_stay(evaluate: Evaluate) -> None:
    translated = json.loads((ROOT / "locales" / "zh" / "main.json").read_text(encoding="utf-8"))["patchmatters"]
    assert evaluate(ASK, {"names": NAMES, "translated": translated}) == [
        "\u63cf\u8ff0",
        "\u6bd4\u8f83\u56fe\u5757\u5185\u7684\u63cf\u8ff0",
        "\u5de6\u4e0a, \u5019\u9009 2",
        "left.png: \u6574\u5f20\u56fe\u7247, \u5019\u9009 1",
        "top-left.png: \u533a\u57df \u5de6\u4e0a + \u5de6\u4e0b",
        "\u884c 1 \u5217 2",
        "photo: \u5de6\u4fa7, \u5019\u9009 3",
        "a leftover: upright, bottomless, candidates",
    ]
