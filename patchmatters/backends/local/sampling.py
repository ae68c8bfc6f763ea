"""Drawing tokens: a row's draws depend on its own seed and step only, never on the batch that it is decoded in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Sampling:
    """How the tokens of one row are drawn.

    `temperature` 0 is greedy. `top_p` keeps the most probable tokens whose probabilities sum to it (1: all).
    """

    seed: int = 0
    temperature: float = 0.0
    top_p: float = 1.0


def uniform(seed: int, step: int) -> float:
    """A number in [0, 1) that depends on seed and step only.

    Counter based, so that a row which is interrupted (by lack of memory) and continued draws what it would have drawn;
    a hash, so that it is the same on every device and with every version of torch.
    """
    digest = hashlib.blake2b(f"{seed}:{step}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def draw_tokens(logits: Tensor, samplings: Sequence[Sampling], steps: Sequence[int]) -> list[int]:
    """One token id per row of `logits` (rows, vocabulary), by inverse CDF in vocabulary order.

    `steps[i]` is the number of tokens that row i has already. RuntimeError where the logits are not numbers (which
    half precision can produce), since any token drawn from them would be noise.
    """
    import torch

    if not torch.isfinite(logits).any(-1).all() or torch.isnan(logits).any():
        raise RuntimeError("The model computed values that are not numbers: choose the precision bf16 or fp32.")
    tokens = logits.argmax(-1)
    drawn = [row for row, sampling in enumerate(samplings) if sampling.temperature > 0]
    if drawn:
        chosen = [samplings[row] for row in drawn]
        numbers = [uniform(sampling.seed, steps[row]) for row, sampling in zip(drawn, chosen, strict=True)]
        tokens[drawn] = _inverse_cdf(_probabilities(logits[drawn], chosen), numbers)
    return tokens.tolist()


def _probabilities(logits: Tensor, samplings: Sequence[Sampling]) -> Tensor:
    """(rows, vocabulary) in float64: softmax at each row's temperature, cut to each row's nucleus."""
    import torch

    temperatures = torch.tensor([[one.temperature] for one in samplings], device=logits.device)
    probabilities = torch.softmax(logits.float() / temperatures, -1)
    if any(one.top_p < 1 for one in samplings):
        top_p = torch.tensor([[one.top_p] for one in samplings], device=logits.device)
        ranked = probabilities.sort(-1, descending=True).values
        # A token is in the nucleus while the probabilities ranked before it sum to at most top_p.
        inside = (ranked.cumsum(-1) - ranked <= top_p) | (top_p >= 1)
        least = ranked.masked_fill(~inside, 2.0).amin(-1, keepdim=True)
        probabilities = probabilities.masked_fill(probabilities < least, 0.0)
    return probabilities.double()


def _inverse_cdf(probabilities: Tensor, numbers: Sequence[float]) -> Tensor:
    """The index at which each row's cumulative probability passes its number."""
    import torch

    cumulative = probabilities.cumsum(-1)
    wanted = torch.tensor(numbers, dtype=torch.float64, device=cumulative.device)[:, None] * cumulative[:, -1:]
    return torch.searchsorted(cumulative, wanted, right=True).clamp_(max=cumulative.shape[1] - 1)[:, 0]
