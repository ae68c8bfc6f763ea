"""Scoring by image-text matching with BLIP (arXiv 2201.12086) and BLIP-2 (arXiv 2301.12597).

The score is the paper's: (ITM probability + ITC cosine similarity) / 2 of the two heads on one image encoding. As in
the authors' library (LAVIS) the matching head reads the sentence with [ENC] in the place of [CLS], and sees at most 35
tokens. A longer sentence is scored by its clauses.

A crop is encoded once, all sentences are read in one batch, and every layer computes the keys and values of the crop
once for all of them.
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

WINDOW = 35  # tokens: LAVIS' blip_image_text_matching and blip2_image_text_matching
CLASSES = ("BlipForImageTextRetrieval", "Blip2ForImageTextRetrieval")


def create(
    settings: ScorerSettings,
    residence: ResidenceFactory = PlainResidence,
    roots: Sequence[Path] = (),
    monitor: Monitor = QUIET,
) -> MatchingScorer:
    """A scorer by BLIP or BLIP-2 image-text matching. ValueError for another kind of model."""
    return MatchingScorer(open_scorer(settings, CLASSES, residence, roots, monitor))


class MatchingScorer:
    """Measures sentences with the heads of BLIP or BLIP-2."""

    def __init__(self, weights: ScorerWeights) -> None:
        self.weights = weights
        self.residence = weights.residence
        self._crops = CropMemory()
        self.name = f"{weights.files.name} (image-text matching)"

    def __repr__(self) -> str:
        return f"MatchingScorer({self.name!r})"

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        if not sentences:
            return []
        with self.weights.lend() as module:
            seen = self._crops.get(image, lambda: self._encode(module, image), next(module.parameters()).device)
            heads = _HEADS[type(module).__name__]
            return [
                *score_by_pieces(
                    sentences,
                    self.weights.tokens,
                    WINDOW,
                    lambda pieces: in_batches(pieces, lambda part: heads(module, seen, *self._read(part, module))),
                )
            ]

    def _encode(self, module: Any, image: Crop) -> Tensor:
        """(1, image tokens, width)."""
        seen: Tensor = module.vision_model(pixel_values=self.weights.pixels(image, module)).last_hidden_state
        return seen

    def _read(self, sentences: Sequence[str], module: Any) -> tuple[Tensor, Tensor, int | None]:
        """Token ids and mask (sentences, longest), and the id of [ENC] where the vocabulary has it."""
        tokenizer = self.weights.processor.tokenizer
        tokenizer.padding_side = "right"
        found = tokenizer(list(sentences), padding=True, return_tensors="pt").to(next(module.parameters()).device)
        enc = tokenizer.get_vocab().get("[ENC]")
        return found["input_ids"], found["attention_mask"], enc


def _blip(module: Any, seen: Tensor, ids: Tensor, mask: Tensor, enc: int | None) -> list[float]:
    """Scores of sentences by BLIP: both heads on one encoding of the crop."""
    matching = ids.clone()
    if enc is not None:
        matching[:, 0] = enc
    fused = _read_text(module.text_encoder, matching, mask, seen)
    alone = _read_text(module.text_encoder, ids, mask, None)
    return _combined(module.itm_head(fused), _cosines(module.vision_proj(seen[:, 0]), module.text_proj(alone))[0])


def _read_text(encoder: Any, ids: Tensor, mask: Tensor, seen: Tensor | None) -> Tensor:
    """(sentences, width): the first token of each sentence after BLIP's text encoder.

    All sentences meet the crop as one sequence of their real tokens, so that a layer computes the crop's keys and
    values once, and nothing for padding. Of the last layer only the first token is wanted.
    """
    hidden: Tensor = encoder.embeddings(input_ids=ids)
    hiding = (1 - mask[:, None, None, :]).to(hidden.dtype) * _least(hidden)
    first = mask.bool().clone()
    first[:, 1:] = False
    layers = list(encoder.encoder.layer)
    for layer in layers:
        wanted = first if layer is layers[-1] else mask.bool()
        tokens = layer.attention(hidden, attention_mask=hiding)[0][wanted][None]
        if seen is not None:
            tokens = layer.crossattention(tokens, encoder_hidden_states=seen)[0]
        hidden = hidden.new_zeros(hidden.shape)
        hidden[wanted] = layer.feed_forward_chunk(tokens)[0]
    return hidden[:, 0]


def _blip2(module: Any, seen: Tensor, ids: Tensor, mask: Tensor, enc: int | None) -> list[float]:
    """Scores of sentences by BLIP-2: the queries and the sentence together (ITM), and each for itself (ITC)."""
    import torch

    queries = module.query_tokens.expand(len(ids), -1, -1)
    crops = seen.expand(len(ids), -1, -1)
    fused = module.qformer(
        query_embeds=module.embeddings(input_ids=ids, query_embeds=queries),
        query_length=queries.shape[1],
        attention_mask=torch.cat([mask.new_ones(queries.shape[:2]), mask], 1),
        encoder_hidden_states=crops,
        encoder_attention_mask=mask.new_ones(crops.shape[:2]),
    ).last_hidden_state[:, : queries.shape[1]]
    looked = module.qformer(
        query_embeds=queries[:1], encoder_hidden_states=seen, encoder_attention_mask=mask.new_ones(seen.shape[:2])
    ).last_hidden_state[0]
    said = module.qformer(
        query_embeds=module.embeddings(input_ids=ids), query_length=0, attention_mask=mask
    ).last_hidden_state[:, 0]
    matching = module.itm_head(fused.to(module.itm_head.weight.dtype)).mean(1)
    cosines = _cosines(
        module.vision_projection(looked.to(module.vision_projection.weight.dtype)),
        module.text_projection(said.to(module.text_projection.weight.dtype)),
    )
    return _combined(matching, cosines.amax(0))


def _cosines(one: Tensor, other: Tensor) -> Tensor:
    from torch.nn.functional import normalize

    return normalize(one.float(), dim=-1) @ normalize(other.float(), dim=-1).T


def _combined(matching: Tensor, cosines: Tensor) -> list[float]:
    """(ITM probability + ITC cosine) / 2. The cosine can be below 0, the score then not."""
    return ((matching.float().softmax(-1)[:, 1] + cosines) / 2).clamp(0.0, 1.0).tolist()


def _least(like: Tensor) -> float:
    import torch

    return torch.finfo(like.dtype).min


_HEADS = dict(zip(CLASSES, (_blip, _blip2), strict=True))
