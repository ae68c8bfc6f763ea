"""What the method has to know of language: statements, similarity, conflict, places, and how models answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .similarity import EmbeddingSimilarity, LexicalSimilarity, Similarity

SIMILARITIES: Mapping[str, Callable[[], Similarity]] = {
    "lexical": LexicalSimilarity,
    "embeddings": EmbeddingSimilarity,
}
