"""Claims: a statement taken apart into its main clause and what hangs on it, and what in it can be checked at all.

"A gray suitcase lies open, revealing a diamond pattern, suggesting that somebody travels." is a claim, a second one
that hangs on it, and a guess. Taking apart never adds or loses a word: the parts put together are the statement.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from . import chinese
from .chinese import is_chinese
from .morphology import word_set
from .sentences import words

# After these a comma begins what hangs on the clause before it; "and" only before a clause, not at the end of a list.
_JOINT = re.compile(
    r",\s+(?=(?:and (?:the|there|it|its|his|her|their|is|are|has|have|a|an|one|some)\b|which\b|while\b|with\b|who\b|"
    r"whose\b|where\b|but\b|though\b|although\b|as if\b|as though\b|possibly\b|likely\b|perhaps\b|"
    r"(?!evening|morning|ceiling|building|string|king|ring|wing|railing|clothing|painting)[a-z]+ing\b))"
)
_GUESS = re.compile(
    r"\b(?:suggest(?:s|ing)?|indicat(?:es?|ing)|imply(?:ing)?|implies|hint(?:s|ing)? at|possibly|perhaps|probably|"
    r"likely|presumably|might|may (?:be|have)|could be|as if|as though|(?:a|the) sense of|giv(?:es?|ing) (?:\w+ )?"
    r"(?:a|an|the) (?:\w+,? ){0,3}(?:look|feel|feeling|appearance|impression|vibe|touch)|add(?:s|ing) (?:a|an|to)|"
    r"creat(?:es?|ing) (?:a|an)|evok(?:es?|ing)|convey(?:s|ing)|contribut(?:es?|ing)|"
    r"enhanc(?:es?|ing)|emphasi[sz](?:es?|ing)|keep(?:s|ing)? the focus|draw(?:s|ing)? (?:the )?(?:attention|eyes?)|"
    r"giv(?:es?|ing) (?:it|the|this|them)\b|aesthetic|reminiscent|seem(?:s|ing)? to|appears? to (?:be|have)|"
    r"what (?:seems|appears|looks))\b",
    re.IGNORECASE,
)
_MOOD = re.compile(
    r"\A\W*(?:the|its|an?)?\s*(?:overall|general|entire|whole)?\s*(?:\w+\s)?"
    r"(?:atmosphere|mood|ambiance|ambience|vibe|feeling|impression|aesthetic|tone|style|composition|design|setting|scene)\b"
    r"(?=.*\b(?:is|are|suggests?|appears?|seems?|feels?|conveys?|evokes?|creates?|has|captures?|adds?)\b)",
    re.IGNORECASE,
)
_OVERALL = re.compile(r"\A\W*(?:overall|in summary|in conclusion|all in all)\b", re.IGNORECASE)
_PICTURES = "image picture photo photograph snapshot shot"
_PICTURE, _A_PICTURE = word_set(_PICTURES), f"(?:{_PICTURES.replace(' ', '|')})"
_SHOWN = re.compile(
    r"\A(?:(?:this|the)\s+(?:(?:part|portion|section)\s+of\s+(?:this|the)\s+)?"
    r"(?:(?!(?:in|of|on|at|with|and|the)\b)[\w'-]+,?\s+){0,5}"
    r"(?:image|picture|photo|photograph|scene|view|frame|shot|snapshot)"
    r"\s+(?:shows|depicts|features|displays|captures|presents|portrays|contains|includes|focuses on|is of)\s+"
    r"|the\s+(?:main\s+)?(?:focus|subject)(?:\s+of\s+(?:this|the)\s+\w+)?\s+is\s+(?:on\s+|(?=(?:an?|the)\s)))",
    re.IGNORECASE,
)
# "The edges of the photo are dark.", "The colors are saturated.", "There is no other object in the image."
_OF_PICTURE = re.compile(
    r"\A(?:the |its |all )?(?:\w+ ){0,2}(?:edges?|corners?|borders?|margins?|colou?rs?|quality|resolution|contrast|"
    r"focus|composition|perspective|angle|exposure|saturation|sharpness|style|tone|rest)"
    rf" (?:of|in) (?:the|this) (?:whole |entire )?{_A_PICTURE}\b"
    r"|\A(?:the |its )?(?:overall )?(?:colou?rs|contrast|saturation|exposure|resolution|quality|composition|framing|"
    r"perspective|colou?r palette|depth of field|camera angle|vignette) (?:is|are|appears?|seems?|looks?)\b"
    rf"|\A(?:the )?\w+ (?:part|half|side|area|portion) of (?:the|this) {_A_PICTURE} (?:is|are|appears?) (?:\w+ )?"
    r"(?:dark|black|blurred|blurry|bright|white|empty|out of focus|in shadow)\b|\bdepth of field\b"
    rf"|\bno\b.*\bin (?:the|this) {_A_PICTURE}\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def parts_of(statement: str) -> tuple[str, ...]:
    """The main clause and the clauses that hang on it, each with the comma and space that end it."""
    if is_chinese(statement):
        return chinese.clauses_of(statement)
    cuts = [match.end() for match in _JOINT.finditer(statement) if not _within_quotes(statement, match.start())]
    edges = [0, *cuts, len(statement)]
    return tuple(statement[start:end] for start, end in pairwise(edges) if start < end)


def _within_quotes(text: str, place: int) -> bool:
    return text.count('"', 0, place) % 2 == 1


def is_guess(part: str) -> bool:
    """Whether a clause says what its speaker concludes or feels, not what is seen."""
    return chinese.is_guess(part) if is_chinese(part) else bool(_GUESS.search(part))


def is_mood(statement: str) -> bool:
    """Whether a statement is about the picture's mood or style as a whole, or sums up."""
    if is_chinese(statement):
        return chinese.is_mood(statement)
    return bool(_OVERALL.match(statement) or _MOOD.match(statement))


def without_guesses(statement: str) -> str:
    """The statement without the clauses that guess; "" where its main clause does, or where it tells of a mood or of
    the picture as a picture."""
    main, *others = parts_of(statement)
    if is_mood(statement) or is_guess(main) or is_about_picture(statement):
        return ""
    sober = [part for part in others if not is_guess(part)]
    return statement if len(sober) == len(others) else put_together(main, sober)


def put_together(main: str, others: list[str]) -> str:
    """A main clause with some of the clauses that hung on it, as a sentence."""
    text = "".join([main, *others]).rstrip(" ,;:\uff0c\uff1b\uff1a")
    if is_chinese(text):
        return text if text[-1:] in "\u3002\uff01\uff1f\u201d" else f"{text}\u3002"
    return text if text[-1:] in '.!?"\u201d' and re.search(r"[.!?]", text[-2:]) else f"{text}."


def is_about_picture(statement: str) -> bool:
    """Whether a statement speaks of the picture as a picture: "The image has a black border."."""
    if is_chinese(statement):
        return chinese.is_about_picture(statement)
    if _OF_PICTURE.search(statement):
        return True
    return bool(_PICTURE.intersection(words(statement)[:3])) and without_lead_in(statement) == statement


def without_lead_in(statement: str) -> str:
    """The statement without opening words that only say that a picture shows it: "This image shows a dog."."""
    return _SHOWN.sub("", statement, count=1)
