"""Words that a model brings into a text of its own accord, one to a sentence, among words that have a basis."""

from __future__ import annotations

from collections.abc import Sequence

from ..language.morphology import word_set
from ..language.sentences import content_words
from ..language.similarity import containment
from ..language.vocabulary import FILLERS, FRAME_NOUNS

# What joins and places things in a sentence without telling anything more of them.
_JOINTS = word_set(
    """
    stand sit lie rest place position locate situate set hang cover surround fill line run stretch extend face lead
    hold accompany flank adjoin adorn border dominate occupy emerge rise lean point reveal complete
    several various multiple couple pair other another together nearby adjacent close beyond opposite towards alongside
    throughout meanwhile additionally furthermore moreover however overall also while where which whose thing one
    same main major whole entire upper lower central middle corner edge end top bottom left right
    front rear far near distance ground location position space side
    """
)
_KNOWN = FILLERS | FRAME_NOUNS | _JOINTS


def foreign_words(sentence: str, texts: Sequence[str]) -> list[str]:
    """The content words of a sentence that neither the texts nor the language of telling have, synonyms counted.

    One in a sentence is enough for an invention: "a man on a horse" becomes "a man on a wooden horse".
    """
    everything = " ".join(texts)
    return [
        word
        for word in dict.fromkeys(content_words(sentence))
        if word not in _KNOWN and word.isalpha() and containment(word, everything) == 0.0
    ]
