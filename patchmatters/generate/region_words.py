"""What stands in a region as an image model wants it told: short phrases, the thing first, nothing about the crop.

Captioners who see a crop say "a portion of a large building", "in the background, trees", "suggesting a fair day". In a
prompt that holds in one place of a picture such words make portions, backgrounds and moods.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ..language.places import without_frame as without_place_in_frame
from ..language.places import without_place
from ..language.sentences import split_sentences
from ..language.similarity import containment
from .clauses import Clause
from .phrases import without_frame
from .tags import tags_of

SHORT_WORDS = 40  # of a region: what CLIP reads at once beside a trigger and a prefix
_SAME = 0.75  # share of a clause's content words that another has, from which on it tells nothing new

_SIDE = r"(?:upper|lower|left|right|top|bottom|front|back|rear|central|middle|small|large|partial|visible|close)"
_CROP = rf"(?:{_SIDE}[- ]?)*(?:part|portion|section|half|view|glimpse|corner|side|midsection)s?"
_PLANE = r"(?:background|foreground|distance|middle|cent(?:er|re)|corner|scene|frame)"
_AROUND = (
    r"(?:behind|below|beneath|under|above|over|on|in|inside|next to|beside|near|around|between|through|in front of|"
    r"to the (?:left|right) of|at|against|along)"
)


def _moved(found: re.Match[str]) -> str:
    """ "Behind the bench, grass grows" -> "grass grows behind the bench"."""
    return f"{found[2]} {found[1][:1].lower()}{found[1][1:]}"


_BEFORE = (  # what a sentence begins with, in this order
    (re.compile(r"\A(?:This|It|Here) is (?=(?:a|an|the) )", re.IGNORECASE), ""),
    (re.compile(r"\A(?:There|Here)['\u2019]s ", re.IGNORECASE), "There is "),
    (re.compile(rf"\A(?:farther|further|far)? ?(?:in|at|from) the {_PLANE},? ", re.IGNORECASE), ""),
    (re.compile(r"\A(?:farther|further) (?:back|away|behind),? ", re.IGNORECASE), ""),
    (re.compile(rf"\A({_AROUND} [^,.;]{{2,40}}), (?:there (?:is|are) )?([^,;]+?)[.]?\Z", re.IGNORECASE), _moved),
    (re.compile(rf"\A{_AROUND} [^,.;]{{2,40}}, ", re.IGNORECASE), ""),
    (re.compile(r"\A(?:one|you|we|viewers) can see ", re.IGNORECASE), ""),
)
_WITHIN = (  # what a phrase does not need, in this order
    (re.compile(rf"\A(?:(?:the|a|an) )?{_CROP} of (?:(?:the|a|an) )?", re.IGNORECASE), ""),
    (re.compile(r"\A(?:there|which|who|that|and|with|including|also) ", re.IGNORECASE), ""),
    (re.compile(r"\A(?:its|their|his|her|it has|they have|he has|she has) ", re.IGNORECASE), ""),
    (re.compile(r"\A(?:is|are|was|were) ", re.IGNORECASE), ""),
    (re.compile(r" (?:suggest|indicat|impl|hint|giv|creat)(?:s|es|ies|ing|ying|y|e)? .*\Z"), ""),
    (re.compile(rf" (?:in|at|on|from) (?:the )?{_PLANE}\Z", re.IGNORECASE), ""),
    (re.compile(r"(?:\A| )(?:can|could) be seen\b|(?:\A| )(?:clearly |partially |partly )?visible\Z"), ""),
)
# A sentence about the picture as a picture: "The edges of the photo are dark."
_OF_PICTURE = re.compile(
    r"\A(?:the|this|an?) (?:overall |whole |entire |main )?(?:\w+ of (?:the|this) )?(?:image|picture|photo|photograph|"
    r"snapshot|shot|scene|view|style|composition|atmosphere|lighting)s?\b(?! (?:frame|of)\b)",
    re.IGNORECASE,
)
# What nobody sees: guesses, moods, and what is not there, of which a prompt would make it.
_NOTHING = re.compile(
    r"\A(?:suggest|indicat|imply|hint|giving|gives|creat|adding|adds|making|makes|possibly|probably|likely|perhaps|maybe|"
    r"appears? to|seems? to|may |might |though |although |as if|no |not |nothing|nobody|without )|"
    r"\b(?:atmosphere|mood|ambiance|reminiscent|filter)\b",
    re.IGNORECASE,
)


def thing_phrases(text: str) -> list[str]:
    """The phrases of one or more sentences about a crop: "In the background, there are trees." -> ["trees"].

    Empty where they only tell of the picture itself ("The image has a black border.") or guess. Nothing is reworded.
    """
    found = [phrase for sentence in split_sentences(text) for phrase in _phrases(sentence)]
    return list(dict.fromkeys(found))


def _phrases(sentence: str) -> list[str]:
    bare = without_place(without_place_in_frame(without_frame(sentence)))
    for pattern, replacement in _BEFORE:
        bare = pattern.sub(replacement, bare)
    bare = without_frame(bare)  # "This is a close view of ..." begins with it now
    if _OF_PICTURE.match(bare):
        return []
    pieces = [_bare(piece) for piece in tags_of(bare) if not _NOTHING.search(_unled(piece))]
    return [piece for piece in pieces if any(map(str.isalnum, piece))]


def _unled(piece: str) -> str:
    return re.sub(r"\A(?:which|who|that|and|but|it|they) ", "", piece, flags=re.IGNORECASE)


def _bare(piece: str) -> str:
    for pattern, replacement in _WITHIN:
        piece = pattern.sub(replacement, piece)
    return piece.strip()


def short_clauses(clauses: Sequence[Clause], most: int = SHORT_WORDS) -> list[Clause]:
    """The clauses of a region in phrases, each thing once, in their order: the worthiest of them, `most` words in all.

    The first is always among them, however long.
    """
    told = [replace(one, text=", ".join(thing_phrases(one.text)), place="") for one in clauses]
    kept: list[int] = []
    for number in sorted((n for n, one in enumerate(told) if one.text), key=lambda n: told[n].worth):
        words = sum(len(told[n].text.split()) for n in (*kept, number))
        new = all(not tells_the_same(told[number].text, told[n].text) for n in kept)
        if not kept or (words <= most and new):
            kept.append(number)
    return [told[number] for number in sorted(kept)]


def tells_the_same(clause: str, other: str) -> bool:
    """Whether another clause tells most of what a clause tells."""
    return containment(clause, other) >= _SAME
