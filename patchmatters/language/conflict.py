"""Whether two statements contradict each other: the same thing, the same attribute, values that exclude each other.

Two ways, each good at what the other misses. Nearly equal statements are laid side by side, word by word: a word that
was replaced by one of the same scale, or a "not" that only one of them has, is a conflict wherever it stands. Other
statements are read (`reading`) and compared thing by thing. A statement that only adds something is no conflict, nor
are values that may both be true, nor are statements about different things (METHOD section 3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

from .chinese import conflicting, is_chinese
from .morphology import word_set
from .quotes import read_otherwise
from .reading import Fact, Reading, read, values_of
from .sentences import FUNCTION_WORDS
from .vocabulary import CONCEPTS, FRAME_NOUNS, MEASURED, NEGATORS, QUANTITIES, Quantity, Value

__all__ = ["FRAME_NOUNS", "Conflict", "find_conflict", "is_about_frame", "is_measured", "tell_of_two_things"]

_LONGEST_ALIGNED = 160  # words on each side; the alignment is quadratic
# Shares of the shorter and of the longer statement's words that the other must have, in order, to be laid beside it.
_SHARE_OF_SHORTER, _SHARE_OF_LONGER = 0.6, 0.4


@dataclass(frozen=True, slots=True)
class Conflict:
    """Which attribute of which thing ("" where unclear) has which value in the first and in the second statement."""

    attribute: str
    thing: str
    values: tuple[str, str]

    def __str__(self) -> str:
        of = f" of {self.thing}" if self.thing else ""
        return f"{self.attribute}{of}: {self.values[0]} against {self.values[1]}"


def is_about_frame(text: str) -> bool:
    """Whether the subject of a statement is the picture itself, its light or its layout, which change with the crop.

    "The dominant colour is green." is; "The image shows a green bus." is about the bus.
    """
    return read(text).about_frame


def is_measured(text: str) -> bool:
    """Whether the subject of a statement is what each part of a picture has more or less of: "The texture is busy." """
    reading = read(text)
    return reading.about_frame and reading.head in MEASURED


def find_conflict(a: str, b: str, *, same_extent: bool = True) -> Conflict | None:
    """The first contradiction between two statements, or None. Never raises; the order changes only `values`.

    `same_extent` says that both describe the same part of the picture. Where they do not, words for a side or place in
    the picture are not compared, nor are statements about the frame itself.
    """
    if a == b:
        return None
    if a > b:
        found = find_conflict(b, a, same_extent=same_extent)
        return found and Conflict(found.attribute, found.thing, found.values[::-1])
    # One pair is asked about at several stages; what is long is no statement, and would fill the memory.
    return (_remembered if len(a) + len(b) <= _SHORT else _first_conflict)(a, b, same_extent)


def _first_conflict(a: str, b: str, same_extent: bool) -> Conflict | None:
    if is_chinese(a) and is_chinese(b):
        found = conflicting(a, b)
        return Conflict(*found) if found else _of_writing(a, b)
    one, two = read(a), read(b)
    if not same_extent and (one.about_frame or two.about_frame):
        return None
    return next(_conflicts(one, two, same_extent), None) or _of_writing(a, b)


def _of_writing(a: str, b: str) -> Conflict | None:
    """One sign that the two read differently: "SALE" and "SAFE"."""
    pieces = read_otherwise(a, b)
    return pieces and Conflict("text", "", pieces)


_SHORT = 2000  # characters of a pair
_remembered = lru_cache(maxsize=8192)(_first_conflict)


def tell_of_two_things(a: str, b: str) -> bool:
    """Whether two statements without a conflict tell of two things: of another colour and at another side, say."""
    return bool(_exclusions(read(a), read(b)))


def _conflicts(one: Reading, two: Reading, same_extent: bool) -> Iterator[Conflict]:
    for found in _aligned(one, two):
        if same_extent or found.attribute != "side":
            yield found
    yield from _read_apart(one, two, same_extent)


# --- side by side -----------------------------------------------------------------------------------------------

_Slice = tuple[int, int, int, int]

# Words that a denial brings along or leaves out: "appears" / "does not appear", "has a hat" / "has no hat".
_COMPANIONS = (
    QUANTITIES.keys()
    | NEGATORS
    | word_set(
        """
        a an the any all every each other do to either be have with of
        group bunch number series row set collection variety lot
        """
    )
)
_ARTICLES = word_set("a an")
_JOINTS = word_set("and or nor")
_PREFIXES = ("un", "non", "in", "im", "il", "ir", "dis")
_NO_PREFIX = word_set("inside indoor indoors inform intend invest input intact display dismiss discover imprint until")


def _aligned(one: Reading, two: Reading) -> Iterator[Conflict]:
    """Conflicts between statements that differ in few words."""
    slices = _differences(one, two)
    if not slices or any(_names_other_things(one, two, part) for part in slices):
        return
    if len(slices) > 1 and "" != one.subject != two.subject != "":
        return
    common = Counter(one.lemmas) & Counter(two.lemmas)
    found = [
        conflict
        for part in slices
        for way in (_denials, _replacements, _inside_phrases)
        for conflict in way(one, two, part, common)
    ]
    sides = {conflict.values for conflict in found if conflict.attribute == "side"}
    differences = max(len(slices), len({conflict.values for conflict in found}))
    if not 0 < len(sides) < differences:  # else the side says which of two things is meant
        yield from found


def _differences(first: Reading, second: Reading) -> list[_Slice]:
    """The parts in which the words of two statements differ, as (start, end, start, end); none where too little is
    common."""
    one, two = first.lemmas, second.lemmas
    few = first.vocabulary if len(one) <= len(two) else second.vocabulary
    shared = len(first.vocabulary & second.vocabulary)
    if shared < _SHARE_OF_SHORTER * len(few) and shared < len(few) - 1:
        return []
    shorter, longer = sorted((len(one), len(two)))
    head = tail = 0
    while head < shorter and one[head] == two[head]:
        head += 1
    while tail < shorter - head and one[-1 - tail] == two[-1 - tail]:
        tail += 1
    rest = shorter - head - tail
    if rest <= 1:  # one word was replaced, or words were added in one place
        near = head + tail >= max(1, _SHARE_OF_LONGER * longer)
        return [(head, len(one) - tail, head, len(two) - tail)] if near else []
    if longer > _LONGEST_ALIGNED or shared < _SHARE_OF_SHORTER * len(few):
        return []
    return _matched(one, two, shorter, longer)


def _matched(one: Sequence[str], two: Sequence[str], shorter: int, longer: int) -> list[_Slice]:
    operations = SequenceMatcher(None, one, two, autojunk=False).get_opcodes()
    common = sum(end - start for name, start, end, _, _ in operations if name == "equal")
    if common < max(_SHARE_OF_SHORTER * shorter, _SHARE_OF_LONGER * longer):
        return []
    return [part for name, *part in operations if name != "equal"]  # type: ignore[misc]


def _names_other_things(one: Reading, two: Reading, part: _Slice) -> bool:
    """Whether a noun or verb was replaced by one of another meaning: then the rest is about other things."""
    first, second = _content(one, part[0], part[1]), _content(two, part[2], part[3])
    if not (first - second and second - first):
        return False
    single = part[1] - part[0] == part[3] - part[2] == 1
    return not (single and _negated_by_prefix(one.tokens[part[0]], two.tokens[part[2]]))


def _content(reading: Reading, start: int, end: int) -> frozenset[str]:
    """The meanings of the nouns and verbs between two places."""
    return frozenset(
        kind
        for token, word in zip(reading.tokens[start:end], reading.lemmas[start:end], strict=True)
        if word not in FUNCTION_WORDS and word not in NEGATORS and not _values_of(token) and not word.endswith("ly")
        for kind in CONCEPTS.get(word, (word,))
    )


def _negated_by_prefix(one: str, other: str) -> bool:
    """Whether one word is the other with "un" or the like before it."""
    shorter, longer = sorted((one, other), key=len)
    prefix = longer[: len(longer) - len(shorter)]
    return len(shorter) > 3 and prefix in _PREFIXES and longer.endswith(shorter) and longer not in _NO_PREFIX


def _denials(one: Reading, two: Reading, part: _Slice, _common: Counter[str]) -> Iterator[Conflict]:
    """A "not", "no" or "without" that only one statement has, and a word that became its opposite by a prefix."""
    first, second = one.lemmas[part[0] : part[1]], two.lemmas[part[2] : part[3]]
    values = (" ".join(one.tokens[part[0] : part[1]]), " ".join(two.tokens[part[2] : part[3]]))
    thing = _thing_near(one, part[0]) or _thing_near(two, part[2])
    if len(first) == len(second) == 1 and _negated_by_prefix(*values):
        yield Conflict("negation", thing, values)
    if _denies(first) != _denies(second) and _bare(first) == _bare(second):
        yield Conflict("negation", thing, values)


def _denies(lemmas: Sequence[str]) -> bool:
    """Whether an odd number of words denies; "and no" only carries on what was denied before."""
    joints = [before in _JOINTS and word in NEGATORS for before, word in pairwise(lemmas)]
    return (sum(map(NEGATORS.__contains__, lemmas)) - sum(joints)) % 2 == 1


def _bare(lemmas: Sequence[str]) -> list[str]:
    return [word for word in lemmas if word not in _COMPANIONS]


def _thing_near(reading: Reading, place: int) -> str:
    """The thing of the value at a place or at the next two: a "not" stands before what it denies."""
    return next((reading.things[at] for at in range(place, place + 3) if at in reading.things), "")


def _replacements(one: Reading, two: Reading, part: _Slice, common: Counter[str]) -> Iterator[Conflict]:
    """Values of one scale that stand in each other's place and exclude each other."""
    before = _values_in(one, range(part[0], part[1]), common)
    after = _values_in(two, range(part[2], part[3]), common)
    if _denies(one.lemmas[part[0] : part[1]]) != _denies(two.lemmas[part[2] : part[3]]):
        return  # "not closed" against "open"
    for place, value in before:
        rivals = _rivals(value, after, two)
        if not rivals or not all(value.excludes(rival) for _, rival in rivals):
            continue
        other = rivals[0][0]
        if _same_place(one, two, part, place, other) and not akin(one.tokens[place], two.tokens[other]):
            thing = one.things.get(place) or two.things.get(other, "")
            yield Conflict(value.attribute, thing, (one.tokens[place], two.tokens[other]))


def _rivals(
    value: Value | Quantity, found: Sequence[tuple[int, Value | Quantity]], reading: Reading
) -> list[tuple[int, Value | Quantity]]:
    """What was found on the scale of `value`; an article only where no other number was found."""
    rivals = [(place, other) for place, other in found if other.scale == value.scale]
    return [rival for rival in rivals if reading.tokens[rival[0]] not in _ARTICLES] or rivals


def _inside_phrases(one: Reading, two: Reading, part: _Slice, _common: Counter[str]) -> Iterator[Conflict]:
    """One word replaced inside a phrase: "in front of" against "in back of"."""
    first = "_".join(one.tokens[part[0] : part[1]]).split("_")
    second = "_".join(two.tokens[part[2] : part[3]]).split("_")
    if len(first) != len(second) or max(len(first), len(second)) < 2:
        return
    changed = [(word, other) for word, other in zip(first, second, strict=True) if word != other]
    if len(changed) == 1 and (attribute := _excluded(*changed[0])):
        yield Conflict(attribute, one.things.get(part[0], ""), (" ".join(first), " ".join(second)))


def _excluded(one: str, other: str) -> str:
    """The attribute of which two words give values that exclude each other, "" where they do not."""
    pairs = ((value, rival) for value in _values_of(one) for rival in _values_of(other))
    found = next((value.attribute for value, rival in pairs if value.excludes(rival)), "")
    return "" if akin(one, other) else found


def _values_in(reading: Reading, places: range, common: Counter[str]) -> list[tuple[int, Value | Quantity]]:
    """The values at these places whose words the other statement has not, or less often."""
    counts = Counter(reading.lemmas) if places else common
    found: list[tuple[int, Value | Quantity]] = []
    for place in places:
        word = reading.lemmas[place]
        if counts[word] > common[word]:
            found.extend((place, value) for value in _values_of(reading.tokens[place]))
    return found


def _values_of(token: str) -> tuple[Value | Quantity, ...]:
    """As `values_of`; here an article counts as one, and a name with digits as itself."""
    if token in _ARTICLES:
        return (Quantity(1, 1),)
    found = values_of(token)
    if not found and any(map(str.isdigit, token)):
        return (Value("number", "name", frozenset((token,))),)
    return found


def _same_place(one: Reading, two: Reading, part: _Slice, place: int, other: int) -> bool:
    """Whether both values stand beside the same words: else, with nouns between, they may belong to other things."""
    if not _content(one, part[0], part[1]) and not _content(two, part[2], part[3]):
        return True
    return (place, other) in ((part[0], part[2]), (part[1] - 1, part[3] - 1))


@lru_cache(maxsize=8192)
def akin(one: str, other: str) -> bool:
    """Whether two words mean the same on some scale, so that a difference on another is one of shade only."""
    if "a" in (one, other) and f"{one}{other}".startswith(("a_", "aa_")):
        return True  # "a nice group of" against "a group of"
    return any(
        value.scale == rival.scale and not value.excludes(rival)
        for value in _values_of(one)
        for rival in _values_of(other)
    )


# --- thing by thing ---------------------------------------------------------------------------------------------


def _read_apart(one: Reading, two: Reading, same_extent: bool) -> Iterator[Conflict]:
    """Conflicts between what was read of two statements, wherever it stands in them."""
    if one.fact_keys.isdisjoint(two.fact_keys) and not (one.absent or two.absent):
        return
    found = _exclusions(one, two)
    sides = [conflict for conflict in found if conflict.attribute == "side"]
    elsewhere = told_elsewhere(one, two)
    if len(sides) == len(found):
        yield from sides if same_extent else ()
    elif not sides and not elsewhere:  # else a green cone on the left and a red one on the right: two cones
        yield from found
    if not elsewhere:
        yield from _absences(one, two, mirrored=False)
        yield from _absences(two, one, mirrored=True)


def _exclusions(one: Reading, two: Reading) -> list[Conflict]:
    """What is said of one thing in both statements and cannot both be true of it, attribute by attribute."""
    shared = one.fact_keys & two.fact_keys
    if not shared:
        return []
    comparable = _comparable_things(one, two)
    compared = (key for key in sorted(shared) if comparable is None or key[0] in comparable)
    return [found for key in compared if (found := exclusion(one.facts[key], two.facts[key]))]


def told_elsewhere(one: Reading, two: Reading) -> bool:
    """Whether a side tells two things apart: "the man on the left ..." and "the man on the right ..." are two men."""
    return any(one.sides[scale].isdisjoint(two.sides[scale]) for scale in one.sides.keys() & two.sides.keys())


def _comparable_things(one: Reading, two: Reading) -> frozenset[str] | None:
    """The things that must be the same ones in both statements; None for all of them.

    The umbrella of a man and the umbrella of a woman are two umbrellas: where the statements are about different
    things, only these things themselves and what belongs to the whole picture are compared.
    """
    if not one.subject or not two.subject:
        return None
    if one.subject == two.subject:
        return None if _same_kind(one.subject_kinds, two.subject_kinds) else frozenset(("", "sky"))
    return frozenset((one.subject, two.subject, "", "sky"))


def exclusion(facts: Sequence[Fact], others: Sequence[Fact]) -> Conflict | None:
    """A conflict between the facts about one thing on one scale, if no two of them can both be true of it."""
    pairs = [(fact, other) for fact in facts for other in others if _same_kind(fact.kinds, other.kinds)]
    if not pairs or not all(_excludes(fact, other) for fact, other in pairs):
        return None
    fact, other = pairs[0]
    attribute = "negation" if fact.negated != other.negated else fact.value.attribute
    return Conflict(attribute, fact.noun, (_said(fact), _said(other)))


def _excludes(fact: Fact, other: Fact) -> bool:
    if fact.negated and other.negated:
        return False
    if fact.negated or other.negated:
        return fact.word == other.word or values_of(fact.word) == values_of(other.word)
    return fact.value.excludes(other.value) and not akin(fact.word, other.word)


def _said(fact: Fact) -> str:
    return f"not {fact.word}" if fact.negated else fact.word


def _same_kind(kinds: frozenset[str], others: frozenset[str]) -> bool:
    """Whether two nouns of one thing may be the same: a man may be a person, but no woman."""
    return not kinds or not others or not kinds.isdisjoint(others)


def _absences(one: Reading, two: Reading, *, mirrored: bool) -> Iterator[Conflict]:
    """Things that the first statement denies and the second names."""
    for thing in sorted(one.absent.keys() & two.present.keys()):
        if thing not in one.present and any(
            denied <= named for denied in one.absent[thing] for named in two.present[thing]
        ):
            yield Conflict("negation", thing, (thing, f"no {thing}") if mirrored else (f"no {thing}", thing))
