"""Which language a picture was described in, as far as the method has to know: English, Chinese, or another.

What the engine knows of language (values, pronouns, guesses) is of English and Chinese. Others are compared by their
words alone, which the Scene then says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum

from .chinese import is_chinese
from .sentences import FUNCTION_WORDS, words

_LEAST = 40  # words from which on their kinds say which language it is
_SHARE = 0.12  # of function words: the labelled English captions have 0.43 to 0.52, other languages few
_PHRASE = 4  # words between marks up to which a text is a list of tags, which has no function words in any language
_MARKS = re.compile(r"[,;:.!?\n]+")


class Tongue(str, Enum):
    """The languages that are told apart."""

    ENGLISH = "English"
    CHINESE = "Chinese"
    OTHER = "another language"


def tongue_of(texts: Iterable[str]) -> Tongue:
    """The language of most of the texts; English where there is too little to tell."""
    text = "\n".join(texts)
    if is_chinese(text):
        return Tongue.CHINESE
    said = words(text)
    if len(said) < _LEAST or len(said) <= _PHRASE * len(_MARKS.findall(text)):
        return Tongue.ENGLISH
    share = sum(word in FUNCTION_WORDS for word in said) / len(said)
    return Tongue.ENGLISH if share >= _SHARE else Tongue.OTHER
