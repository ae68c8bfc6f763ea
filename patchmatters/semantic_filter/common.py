"""What rivals agree on: "a fence with a white dot" and "a fence with a black dot" both tell of a fence with a dot.

Only words are taken out, never put in, and only a value that stands before its noun, so that the rest is a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..language.conflict import find_conflict
from ..language.morphology import word_set
from ..language.similarity import containment
from ..language.vocabulary import QUANTITIES
from ..scene import Statement, Verdict

_LEFT_OUT = frozenset({"colour", "material", "size", "number"})
# Beside these a value is part of a longer phrase: "red and white", "light blue", "very large".
_BOUND = word_set("and or nor but to than very quite rather so too light dark pale bright deep almost nearly as of")
_AS_MUCH = 0.95  # share of the common part's content words that each rival must have


def common_statements(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """For each pair of rivals what both say, as an agreed statement; none where no sentence is left of it."""
    found: dict[str, set[int]] = {}
    for number, one in enumerate(statements):
        for rival in (statements[other] for other in one.rivals if other > number):
            text = common_part(one.text, rival.text)
            if text:
                found.setdefault(text, set()).update((*one.sources, *rival.sources))
    known = {statement.text for statement in statements}
    return tuple(
        Statement(text, Verdict.SAME, tuple(sorted(sources)))
        for text, sources in found.items()
        if text not in known and len(sources) > 1
    )


def common_part(one: str, other: str) -> str:
    """The first statement without the value that the second contradicts; "" where that leaves no common sentence."""
    conflict = find_conflict(one, other)
    if conflict is None or conflict.attribute not in _LEFT_OUT:
        return ""
    if conflict.attribute == "number" and not all(map(_is_many, conflict.values)):
        return ""
    text = without_value(one, conflict.values[0])
    agreed = text and find_conflict(text, other) is None and containment(text, other) >= _AS_MUCH
    return text if agreed else ""


def _is_many(value: str) -> bool:
    quantity = QUANTITIES.get(value)
    return quantity is not None and quantity.low > 1


def without_value(text: str, value: str) -> str:
    """The text without a word that stands alone before another; "" where it does not, or stands there twice."""
    found = list(re.finditer(rf"(?:\b(an?) )?\b{re.escape(value)} (?=(\w+))", text, re.IGNORECASE))
    if len(found) != 1 or found[0].group(2).lower() in _BOUND:
        return ""
    match, before = found[0], re.findall(r"[\w-]+", text[: found[0].start()])
    if before and before[-1].lower() in _BOUND and not match.group(1):
        return ""
    article = match.group(1) and ("an " if match.group(2)[0].lower() in "aeiou" else "a ")
    rest = f"{text[: match.start()]}{article or ''}{text[match.end() :]}"
    return rest[:1].upper() + rest[1:] if text[:1].isupper() else rest
