"""The operator that every engine runs: a shard in, a part out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..jobs.rows import Row
from .captioner import Captioner
from .filesystems import is_there, place_of
from .parts import FORMS, JSONL, read_part, write_part
from .settings import ScaleSettings
from .sources import Shard, items_of


@dataclass(frozen=True)
class Outcome:
    """What became of a shard. `skipped`: its part was there already, and nothing was done (the sums are then 0)."""

    part: str
    pictures: int = 0
    failed: int = 0
    calls: int = 0
    tokens: int = 0
    usd: float | None = 0.0
    seconds: float = 0.0
    skipped: bool = False


def part_name(shard: Shard, form: str = JSONL) -> str:
    """The name of a shard's part."""
    return shard.name + FORMS[form].ending


def caption_shard(
    source: Shard,
    target: str,
    settings: ScaleSettings | Captioner,
    form: str = JSONL,
    *,
    redo_failed: bool = False,
) -> Outcome:
    """Caption the pictures of `source` into one part in the folder `target`, a path or an address that pyarrow opens.

    The part is written whole or not at all, and one that is there is skipped (with `redo_failed` only where no picture
    of it failed): so a shard may be given out again after any end of its worker, and two workers that do the same one
    write the same part. A picture that fails is a row with its error. Give a `Captioner` to keep its models for the
    next shard; settings load them anew.
    RuntimeError, with no part written, where the shard cannot be read to its end, the part cannot be written, or no
    picture was captioned because a model did not answer.
    """
    place = place_of(target).below(part_name(source, form))
    if is_there(place) and not (redo_failed and any(row.error for row in read_part(place))):
        return Outcome(place.address, skipped=True)
    captioner = settings if isinstance(settings, Captioner) else Captioner(settings)
    tally = _Tally(source, captioner)
    try:
        write_part(place, tally.rows())
    except RuntimeError:
        if redo_failed or not is_there(place):
            raise
        return Outcome(place.address, skipped=True)  # another run has written the same part meanwhile
    return tally.outcome(place.address)


class _Tally:
    """Rows on their way to a part, counted."""

    def __init__(self, source: Shard, captioner: Captioner) -> None:
        self._source, self._captioner = source, captioner
        self._before = captioner.outages
        self._told: list[tuple[bool, int, int, float | None, float]] = []

    def rows(self) -> Iterator[Row]:
        """The rows. RuntimeError after the last one where not one picture was captioned, for want of answers."""
        last = ""
        for row in self._captioner.rows(items_of(self._source)):
            self._told.append((row.error is not None, row.calls, row.tokens, row.usd, row.seconds))
            last = row.error or last
            yield row
        outages = self._captioner.outages - self._before
        if outages and outages == sum(failed for failed, *_ in self._told) == len(self._told):
            raise RuntimeError(f"No picture of {self._source.name} was captioned, the last because: {last}")

    def outcome(self, part: str) -> Outcome:
        failed, calls, tokens, costs, seconds = zip(*self._told, strict=True) if self._told else ((),) * 5
        known = [cost for cost, wrong in zip(costs, failed, strict=True) if not wrong]
        usd = None if None in known else sum(cost for cost in known if cost is not None)
        return Outcome(part, len(failed), sum(failed), sum(calls), sum(tokens), usd, sum(seconds))
