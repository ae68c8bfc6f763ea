"""Workers as actors of Ray Data, on one machine or on a cluster.

Ray hands out shards and starts actors again; that each picture is done exactly once is the operator's doing, not Ray's.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .captioner import Captioner
from .engines import Done, Work
from .shard import Outcome, caption_shard
from .sources import Shard

_NUMBER, _SHARD = "number", "shard"  # the columns that go through Ray


def run_ray(shards: Sequence[Shard], work: Work) -> Iterator[Done]:
    """Caption the shards in `work.workers` actors of Ray Data; what became of each, as it ends.

    RuntimeError where Ray is not installed, has no room for the actors, or no actor can be started.
    """
    ray = _ray()
    if not ray.is_initialized():
        ray.init(address=work.address, log_to_driver=False, logging_level=logging.WARNING)
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    _check_room(ray, work)
    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = [{_NUMBER: number, _SHARD: json.dumps(asdict(shard))} for number, shard in enumerate(shards)]
    dataset = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        _ShardActor,
        fn_constructor_args=[work],
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=min(work.workers, len(rows))),
        num_cpus=1,
        num_gpus=work.gpus or None,
    )
    try:
        for row in dataset.iter_rows():
            yield _done(shards, row)
    except ray.exceptions.RayError as error:
        raise RuntimeError(
            f"Ray ended the run ({_cause(error)}): put that right, and run the same command again."
        ) from None


def _ray() -> Any:
    try:
        import ray
        import ray.data
        import ray.exceptions
    except ImportError as error:
        raise RuntimeError(
            f'--engine ray needs Ray Data ({error}): pip install "ray[data]", or use --engine local.'
        ) from None
    return ray


def _check_room(ray: Any, work: Work) -> None:
    """RuntimeError where the actors would wait for ever."""
    room = ray.cluster_resources()
    for name, wanted in (("CPU", work.workers), ("GPU", work.workers * work.gpus)):
        if wanted > room.get(name, 0):
            raise RuntimeError(
                f"{work.workers} workers want {wanted:g} of {name}, and the cluster has {room.get(name, 0):g}: give "
                "fewer --workers, fewer --gpus-per-actor, or the --address of a larger cluster."
            )


class _ShardActor:
    """Loads the models once, and captions one shard a batch."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._captioner = Captioner(work.settings)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        shard = json.loads(str(batch[_SHARD][0]))
        shard = Shard(**(shard | {"files": tuple(shard["files"])}))
        outcome, problem = None, ""
        try:
            outcome = caption_shard(
                shard, self._work.target, self._captioner, self._work.form, redo_failed=self._work.redo_failed
            )
        except (ValueError, RuntimeError) as error:
            problem = str(error)
        return {
            _NUMBER: [int(batch[_NUMBER][0])],
            "outcome": [json.dumps(outcome and asdict(outcome))],
            "problem": [problem],
        }


def _done(shards: Sequence[Shard], row: Mapping[str, Any]) -> Done:
    outcome = json.loads(row["outcome"])
    return Done(shards[row[_NUMBER]], outcome and Outcome(**outcome), row["problem"])


def _cause(error: Exception) -> str:
    """What an actor raised: the last line of Ray's account of it."""
    return next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)
