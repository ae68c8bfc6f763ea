"""Scoring by how near a sentence and a crop lie in the space of CLIP (arXiv 2103.00020) or SigLIP (arXiv 2303.15343,
its second version 2502.14786).

These models were trained to tell captions of different pictures apart. Their similarity notices a wrong object sooner
than a wrong colour or place, and its scale is not that of a matching head: the scorer's name says so. CLIP's cosine is
calibrated linearly: what unrelated pairs reach becomes 0, what good captions reach becomes 1. SigLIP's own logistic
head gives a probability as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..models import QUIET, Monitor
from ..picture import Crop
from .local.clauses import score_by_pieces
from .local.devices import PlainResidence, ResidenceFactory
from .local.scoring import CropMemory, ScorerSettings, ScorerWeights, in_batches, open_scorer

if TYPE_CHECKING:
    from torch import Tensor

CLASSES = ("CLIPModel", "SiglipModel", "Siglip2Model")
# Cosines of CLIP: below the first a pair is unrelated, above the second it is as near as human captions are. The
# published models give about 0.15 and 0.35; CLIPScore (arXiv 2104.08718) stretches the same range by 2.5.
_UNRELATED, _NEAR = 0.15, 0.35


def create(
    settings: ScorerSettings,
    residence: ResidenceFactory = PlainResidence,
    roots: Sequence[Path] = (),
    monitor: Monitor = QUIET,
) -> SimilarityScorer:
    """A scorer by CLIP or SigLIP similarity. ValueError for another kind of model."""
    return SimilarityScorer(open_scorer(settings, CLASSES, residence, roots, monitor))


class SimilarityScorer:
    """Measures sentences by their calibrated similarity to a crop."""

    def __init__(self, weights: ScorerWeights) -> None:
        self.weights = weights
        self.residence = weights.residence
        self._crops = CropMemory()
        self.name = f"{weights.files.name} (calibrated similarity)"

    def __repr__(self) -> str:
        return f"SimilarityScorer({self.name!r})"

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        if not sentences:
            return []
        with self.weights.lend() as module:
            device = next(module.parameters()).device
            seen = self._crops.get(image, lambda: self._encode(module, image), device)
            window = module.config.text_config.max_position_embeddings
            return [
                *score_by_pieces(
                    sentences,
                    self.weights.tokens,
                    window,
                    lambda pieces: in_batches(pieces, lambda part: self._similar(module, seen, part, window)),
                )
            ]

    def _encode(self, module: Any, image: Crop) -> Tensor:
        """(1, width)."""
        return _features(module.get_image_features(**self.weights.picture(image, module)))

    def _similar(self, module: Any, seen: Tensor, sentences: Sequence[str], window: int) -> list[float]:
        sigmoid = hasattr(module, "logit_bias")
        # SigLIP was trained on texts padded to its window, and reads the padding; CLIP masks it.
        padding = {"padding": "max_length", "max_length": window} if sigmoid else {"padding": True}
        found = self.weights.processor.tokenizer(list(sentences), return_tensors="pt", **padding).to(seen.device)
        inputs = {name: found[name] for name in ("input_ids", "attention_mask") if name in found}
        if sigmoid:
            inputs.pop("attention_mask", None)
        cosines = _cosine(seen, _features(module.get_text_features(**inputs)))
        if sigmoid:
            scores = (cosines * module.logit_scale.float().exp() + module.logit_bias.float()).sigmoid()
        else:
            scores = ((cosines - _UNRELATED) / (_NEAR - _UNRELATED)).clamp(0.0, 1.0)
        return [float(score) for score in scores]


def _features(output: Any) -> Tensor:
    """transformers 5 gives an output object where 4 gave the tensor."""
    features: Tensor = output.pooler_output if hasattr(output, "pooler_output") else output
    return features


def _cosine(seen: Tensor, said: Tensor) -> Tensor:
    from torch.nn.functional import normalize

    return (normalize(said.float(), dim=-1) @ normalize(seen.float(), dim=-1).T)[:, 0]
