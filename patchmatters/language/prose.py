"""A statement as a sentence of a caption: with a verb, and without words about the picture as a picture.

Captioners answer in headings and noun phrases ("**Sky:** A pale sky.", "A close-up of a red truck parked on a pier").
Only the words "there is" and "there are" are added, so nothing can be invented.
"""

from __future__ import annotations

import re
from itertools import pairwise

from .chinese import is_chinese, without_picture
from .grammar import COPULAS, VERBS
from .morphology import lemma, word_set
from .sentences import words
from .vocabulary import QUANTITIES

_LABEL = re.compile(r"\A(?:[A-Z][\w'/&-]*(?:\s+(?:and|of|the|in|on|[\w'-]+)){0,3}):\s+(?=\S)")
_SHOWN = re.compile(
    r"\A(?:(?:this|the)\s+(?:(?:part|portion|section)\s+of\s+(?:this|the)\s+)?(?:image|picture|photo|photograph|scene|view)"
    r"\s+(?:shows|depicts|features|displays|captures|presents|portrays|contains|includes|focuses on|is of)\s+"
    r"|the\s+(?:main\s+)?(?:focus|subject)(?:\s+of\s+(?:this|the)\s+\w+)?\s+is\s+(?:on\s+|(?=(?:an?|the)\s)))",
    re.IGNORECASE,
)
_CROPPED = re.compile(
    r"\A(?:(?:an?|the)\s+)?(?:(?:partial|close|close-up|closer|cropped|blurred|detailed|small|large|upper|lower)\s+)*"
    r"(?:view|portion|part|section|close-?up|glimpse|half)\s+of\s+(?=(?:an?|the|two|three|several|some|someone)\b)",
    re.IGNORECASE,
)
_ACTS = word_set(
    """
    stand sit lie hang hold lean rest wear look walk run stretch extend lead cover fill surround line cross peek stick
    rise reach touch overlook face carry read say point glow shine reflect cast drape adorn dot frame form flow fall
    grow bloom tower loom dominate occupy support connect separate divide block obscure hide reveal gaze stare watch
    smile laugh clap play sing speak talk eat drink ride drive push pull jump fly float swim sleep kneel crouch bend
    span curve wrap fade merge pass begin end start top cap hug flank meet join share bear give make take keep show use
    protrude emerge descend ascend drip spill pour gather crowd dance pose perform wait turn follow climb lift rear
    contain include feature display depict have seem appear remain consist provide add create
    """
)
# Of these "a dot" and "two lines" are more usual than the act.
_ALSO_THINGS = word_set(
    "dot line frame top cap cover lead support feature share show fall rest walk run point light form display drape "
    "start end turn bend curve span pass drink dance ride drive drip spill cross"
)
_AUXILIARIES = word_set("can could has have had do does")
_RELATIVES = word_set("which that who whose where")
_OPENERS = word_set(
    "a an one two three four five six seven eight nine ten several some many few various multiple numerous part "
    "someone another"
)
# What follows a verb of motion or place ("birds glide across the sky"), and what is no verb before it.
_WAYS = word_set(
    "across over through into onto from toward towards along down up past behind beside above below around"
)
_NO_VERBS = word_set(
    "visible close parallel halfway high low far deep partly just back out right left built set hung seen cut made "
    "shown drawn spread thrown stuck laid bent worn torn held lit strewn woven grown taken and or with without in on at"
    " of to"
)
_FEW = word_set("a an the one part someone another")


def as_prose(statement: str) -> str:
    """The statement without a label and words about the picture, with a verb, its first letter a capital."""
    if is_chinese(statement):
        return without_picture(statement)
    bare = _LABEL.sub("", statement, count=1)
    bare = _CROPPED.sub("", _SHOWN.sub("", bare, count=1), count=1)
    if not bare:
        return statement
    if not has_verb(bare) and _opens_noun_phrase(bare):
        bare = f"There {_be(bare)} {bare[:1].lower()}{bare[1:]}"
    return bare[:1].upper() + bare[1:]


def has_verb(text: str) -> bool:
    """Whether a clause has a finite verb of its own, outside relative clauses."""
    said = words(text)
    for before, word in pairwise(["", *said]):
        if before in _RELATIVES:
            continue
        if word in COPULAS or word in VERBS or word in _AUXILIARIES:
            return True
        if lemma(word) in _ACTS and (word.endswith("s") or _is_plural(before)):
            return True
    return any(map(_is_act_of_many, said, said[1:], said[2:]))


def has_act(text: str) -> bool:
    """Whether a text tells what somebody or something does: "A rope hangs from the rail."."""
    acts = ((word, lemma(word)) for word in words(text))
    return any(base in _ACTS and (word.endswith("ing") or base not in _ALSO_THINGS) for word, base in acts)


def _is_act_of_many(subject: str, word: str, after: str) -> bool:
    """Whether a word between a plural and the way it takes is a verb that no table knows."""
    known = word in _NO_VERBS or word in _WAYS or word.endswith(("ed", "ing", "ly", "s"))
    return _is_plural(subject) and after in _WAYS and not known


def _is_plural(word: str) -> bool:
    return word in ("people", "men", "women", "children") or (word.endswith("s") and lemma(word) != word)


def _opens_noun_phrase(text: str) -> bool:
    said = words(text)
    return bool(said) and said[0] != "the" and (said[0] in _OPENERS or said[0] in QUANTITIES or text[:1].isupper())


def _be(text: str) -> str:
    said = words(text)
    if said[0] in _FEW:
        return "is"
    return "are" if said[0] in _OPENERS or said[0] in QUANTITIES or any(map(_is_plural, said[:3])) else "is"
