"""How much of a caption reads as prose: sentences without a verb, with a dangling pronoun, about the picture, guessing.

Counted by program: the verb as `patchmatters.language.clause` finds it, which is what the engine itself goes by, so
that what it takes for a verb is taken for one here as well. Every sentence that opens with a pronoun counts as
dangling, although some follow the sentence that they point at, and so does one with a thing beside "him" or "it" that
names nobody and nothing else. Chinese sentences are not counted.
"""

from __future__ import annotations

import re
from collections import Counter

from patchmatters.language.chinese import is_chinese
from patchmatters.language.claims import is_about_picture, is_guess, is_mood, parts_of
from patchmatters.language.pronouns import without_dangling
from patchmatters.language.prose import has_verb
from patchmatters.language.sentences import split_sentences

FAULTS = ("without verb", "pronoun", "about the picture", "guessing", "any")
_PRONOUN = re.compile(
    r"\A(?:(?:on|at|in|behind|next to|near|beside|below|above|around|to)\b[^,;.]{0,40}, )?"
    r"(?:(?:behind|next to|below|above|beside|in front of|around) )?"
    r"(?:it|its|he|his|him|she|her|they|their|them|these|those|this|that)\b",
    re.IGNORECASE,
)
_OF_PICTURE = re.compile(r"\b(?:image|picture|photo|photograph|snapshot)\b", re.IGNORECASE)


def faults_of(caption: str) -> Counter[str]:
    """The number of sentences of a caption, of those with each fault, and of those with any."""
    found: Counter[str] = Counter()
    for sentence in split_sentences(caption):
        if is_chinese(sentence):
            continue
        faults = {
            "without verb": not has_verb(sentence),
            "pronoun": bool(_PRONOUN.match(sentence)) or without_dangling(sentence) != sentence,
            "about the picture": bool(_OF_PICTURE.search(sentence)) or is_about_picture(sentence),
            "guessing": is_mood(sentence) or any(map(is_guess, parts_of(sentence))),
        }
        found.update(["sentences", *(name for name, there in faults.items() if there)])
        found["any"] += any(faults.values())
    return found


def prose_row(name: str, total: Counter[str]) -> str:
    """A line of the table: the share of sentences with each fault, in per cent."""
    shares = (100 * total[fault] / max(total["sentences"], 1) for fault in FAULTS)
    return f"| {name} | {total['sentences']} | " + " | ".join(f"{share:.1f}" for share in shares) + " |"
