"""How many rows are decoded together: as many as memory allows, fewer after it ran out, never all over again."""

from __future__ import annotations

import gc
import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import TypeVar

from .generation import Continues, Row, Watch

Read = TypeVar("Read")

log = logging.getLogger(__name__)

_TOO_LARGE = "memory ran out while it was answered alone: choose fewer pixels, a smaller or a quantised model"
_MESSAGES = (  # how the devices without an exception type of their own say it
    "out of memory",
    "can't allocate memory",
    "not enough memory",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch says that memory ran out (CUDA, ROCm, MPS, DirectML or main memory)."""
    import torch

    if isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _MESSAGES)


def decode_in_batches(
    core: Continues[Read],
    rows: Sequence[Row],
    prefill: Callable[[Sequence[int]], Read],
    stops: Collection[int],
    watch: Watch,
    batch_size: int,
) -> None:
    """Decode all open rows, at most `batch_size` at a time.

    `prefill(prompts)` reads the prompts with these numbers (each once, in this order). When memory runs out, the
    batch is halved and continued: rows keep the tokens that they have, and finished rows are not asked again. A
    single row that does not fit gets a `problem` and the others go on.
    """
    waiting = deque(chunks(sorted((row for row in rows if row.open), key=lambda row: row.prompt), batch_size))
    while waiting:
        batch = [row for row in waiting.popleft() if row.open]
        if not batch or _fits(core, batch, prefill, stops, watch):
            continue
        _release()
        left = [row for row in batch if row.open]
        if len(left) == 1:
            left[0].problem = _TOO_LARGE
            watch.step(left)
            continue
        half = (len(left) + 1) // 2
        log.warning("Memory ran out with %d texts at a time: going on with %d.", len(batch), half)
        # Each group by itself: rows that have tokens are not mixed with rows that have none.
        waiting = deque(part for group in (left, *waiting) for part in chunks(group, half))


def chunks(rows: Sequence[Row], size: int) -> list[list[Row]]:
    """The rows in order, at most `size` at a time; the rows of one prompt stay together where they fit."""
    found: list[list[Row]] = []
    for _, group in groupby(rows, key=lambda row: row.prompt):
        members = list(group)
        if found and len(found[-1]) + len(members) <= size:
            found[-1].extend(members)
            continue
        found.extend(members[start : start + size] for start in range(0, len(members), size))
    return found


def _fits(
    core: Continues[Read],
    batch: Sequence[Row],
    prefill: Callable[[Sequence[int]], Read],
    stops: Collection[int],
    watch: Watch,
) -> bool:
    """Decode a batch to its end; False where memory ran out. The state is gone when this returns."""
    prompts = sorted({row.prompt for row in batch})
    try:
        core.continue_rows(prefill(prompts), batch, stops, watch, prompts)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return False
    return True


def _release() -> None:
    """Give what a failed batch held back to the device: the error's frames kept it until now."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
