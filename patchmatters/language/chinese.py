"""What the method has to know of Chinese: phrases, guesses, places and values that exclude each other.

Chinese is written without spaces, and a segmenter would be a dictionary of many megabytes. As search engines do, a text
is compared by its pairs of neighbouring characters instead, within runs that end at words without content ("of",
"above", "one can see"): those pairs are the words that the similarity by words counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_KANA = "\u3040-\u30ff"
_LETTER = re.compile(r"[^\W\d_]")
_IS_HAN, _IS_KANA = re.compile(f"[{_HAN}]"), re.compile(f"[{_KANA}]")
_RUN = re.compile(f"[{_HAN}{_KANA}]+")
_HAN_SHARE = 0.5  # of the letters from which on a text is Chinese; a name in Latin letters may stand in it
WORDS_A_CHARACTER = 1 / 1.6  # English words that tell what a Chinese character does: an estimate

# The words and patterns themselves are data beside this file: Python files of this package hold no Chinese, because
# tools on Windows read them in another encoding. "empty" is what carries no meaning of its own, "shown" an opening that
# says only that the picture shows something, "crop" the end of what says only which part of something it shows ("a
# corner of the living room"), "opening" what points back, "opening_place" where in the picture: only what opens a
# sentence says that, because elsewhere it is a side of a thing.
_DATA = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
PLACES: Mapping[str, str] = _DATA["places"]
_SIDES: Mapping[str, str] = _DATA["sides"]
_NUMBERS: Mapping[str, int] = _DATA["numbers"]
_COLOURS = {sign: group for group, signs in _DATA["colours"].items() for sign in signs.split()}
_EMPTY = re.compile(
    "|".join(sorted((*_DATA["empty_words"].split(), *_DATA["empty_signs"].split()), key=len, reverse=True))
)
_GUESS, _MOOD, _SHOWN, _CROP, _COUNT, _OPENING, _OPENING_PLACE = (
    re.compile(_DATA[name]) for name in ("guess", "mood", "shown", "crop", "count", "opening", "opening_place")
)
_VERB = re.compile(f"[{_DATA['verbs']}]")
_CLAUSE = re.compile("(?<=[\uff0c\uff1b,;])")
_NEAR_COLOURS = frozenset(
    map(frozenset, (("red", "pink"), ("red", "orange"), ("orange", "yellow"), ("yellow", "beige"), ("white", "beige"),
                    ("brown", "beige"), ("orange", "brown"), ("yellow", "gold"), ("grey", "white"), ("grey", "black"),
                    ("blue", "purple"), ("purple", "pink"), ("gold", "brown")))
)  # fmt: skip
_NOUN = f"(?P<noun>[{_HAN}]{{2}})"
_COLOUR = f"(?P<colour>{'|'.join(_COLOURS)}){_DATA['colour']}?"
_COLOURED = re.compile(f"{_COLOUR}{_DATA['of']}?{_NOUN}")
_IS_COLOURED = re.compile(f"{_NOUN}(?:{_DATA['is']})[{_DATA['shade']}]?{_COLOUR}")
_COUNTED = re.compile(
    f"(?P<number>[{''.join(_NUMBERS)}]|\\d{{1,3}})(?:{_DATA['counters']})(?:[{_HAN}]{{1,4}}{_DATA['of']})?{_NOUN}"
)


def is_chinese(text: str) -> bool:
    """Whether most letters of a text are Chinese characters, and none Japanese ones."""
    if text.isascii():
        return False
    letters = _LETTER.findall(text)
    return len(_IS_HAN.findall(text)) >= _HAN_SHARE * max(len(letters), 1) and not _IS_KANA.search(text)


@lru_cache(maxsize=4096)
def content_pairs(text: str) -> tuple[str, ...]:
    """The pairs of neighbouring characters that carry a text's meaning, in their order; of a lone one itself."""
    return tuple(pair for run in _RUN.findall(text) for piece in _EMPTY.split(run) for pair in _pairs(piece))


def _pairs(piece: str) -> Iterator[str]:
    if len(piece) == 1:
        yield piece
    yield from map("".join, pairwise(piece))


def clauses_of(statement: str) -> tuple[str, ...]:
    """The clauses of a statement, each with the comma that ends it."""
    return tuple(filter(None, _CLAUSE.split(statement)))


def is_guess(clause: str) -> bool:
    """Whether a clause says what its speaker concludes or feels."""
    return bool(_GUESS.search(clause))


def is_mood(statement: str) -> bool:
    """Whether a statement is about the picture's mood or style as a whole."""
    return bool(_MOOD.search(statement[:12]))


def without_picture(statement: str) -> str:
    """The statement without an opening that only says that the picture shows it; a count stands after "there is"."""
    bare = _SHOWN.sub("", statement, count=1)
    if not _LETTER.search(bare) or (bare == statement and _VERB.search(bare)):
        return statement
    return f"{_DATA['there_is']}{bare}" if _COUNT.match(bare) else bare


def is_about_picture(statement: str) -> bool:
    """Whether a statement says no more than which part of something the picture shows."""
    return bool(_CROP.search(clauses_of(statement)[0]))


def opens_with_anaphor(sentence: str) -> bool:
    """Whether a sentence begins by pointing at something said before."""
    return bool(_OPENING.match(sentence))


def place_in_words(phrase: str) -> str:
    """A place that is told in English, such as "at the top left and on the right", in Chinese."""
    places = re.split(", | and ", phrase)
    return "\u3001".join(PLACES[place] for place in places)


def opening_place(text: str) -> tuple[str, str]:
    """(the place with which a sentence opens, as English words such as "top left"; the rest); ("", text) for none."""
    found = _OPENING_PLACE.match(text)
    if found is None:
        return "", text
    sides = [_SIDES[sign] for sign in found.group(1) if sign in _SIDES]
    return " ".join(sorted(sides, key=("top", "bottom", "middle", "left", "right").index)), text[found.end() :]


def without_opening_place(text: str) -> str:
    """A sentence that can stand without the place with which it opens: also without the sign that hangs on that."""
    rest = opening_place(text)[1].lstrip(f"\uff0c{_DATA['of']}")
    return rest if _LETTER.search(rest) else text


def conflicting(a: str, b: str) -> tuple[str, str, tuple[str, str]] | None:
    """(attribute, thing, values) of a thing that has one colour or number in `a` and another in `b`, or None."""
    for attribute, find, agree in (("colour", _colours, _alike), ("number", _numbers, str.__eq__)):
        one, two = find(a), find(b)
        for thing in one.keys() & two.keys():
            if not any(agree(x, y) for x in one[thing] for y in two[thing]):
                return attribute, thing, (min(one[thing]), min(two[thing]))
    return None


def _alike(one: str, other: str) -> bool:
    return one == other or frozenset((one, other)) in _NEAR_COLOURS


def _colours(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for match in (*_COLOURED.finditer(text), *_IS_COLOURED.finditer(text)):
        found.setdefault(match["noun"], set()).add(_COLOURS[match["colour"]])
    return found


def _numbers(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for match in _COUNTED.finditer(text):
        number = match["number"]
        found.setdefault(match["noun"], set()).add(str(_NUMBERS.get(number, number)))
    return found
