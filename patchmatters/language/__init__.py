"""What the method has to know of language: statements, similarity, conflict and places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..models import QUIET, Monitor
from .embedding_model import fetched_model, model_at_hand
from .embeddings import EmbeddingSimilarity
from .similarity import LexicalSimilarity, Similarity
from .tongue import Tongue, tongue_of


def _best_at_hand() -> Similarity:
    """Sentence embeddings where their model and what runs it are on this machine, words otherwise."""
    folder = model_at_hand()
    return LexicalSimilarity() if folder is None else EmbeddingSimilarity(folder=folder)


def _embeddings(monitor: Monitor = QUIET) -> Similarity:
    return EmbeddingSimilarity(folder=fetched_model(monitor))


AUTO, EMBEDDINGS = "auto", "embeddings"
SIMILARITIES: Mapping[str, Callable[[], Similarity]] = {
    AUTO: _best_at_hand,
    "lexical": LexicalSimilarity,
    EMBEDDINGS: _embeddings,
}


# Paraphrases have fewer pairs of characters in common than English ones have words, and chance pairs are rarer.
_CHINESE = LexicalSimilarity(same=0.6, rival=0.25, alike=0.25, agreed=0.33, told=0.4, support=0.38)


_BY_TONGUE: Mapping[Tongue, Callable[[], Similarity]] = {
    Tongue.CHINESE: lambda: _CHINESE,
    Tongue.OTHER: LexicalSimilarity,
}


def similarity_for(name: str, texts: Iterable[str], monitor: Monitor = QUIET) -> Similarity:
    """The similarity of that name; by `AUTO` the one for what the texts are written in.

    The embeddings' model is downloaded where `EMBEDDINGS` are asked for by name and it is nowhere; `AUTO` takes words
    then. It was trained on English: to it all Chinese sentences are alike. RuntimeError where the download fails.
    """
    if name == EMBEDDINGS:
        return _embeddings(monitor)
    if name != AUTO:
        return SIMILARITIES[name]()
    tongue = tongue_of(texts)
    return SIMILARITIES[AUTO]() if tongue is Tongue.ENGLISH else _BY_TONGUE[tongue]()
