"""Workers as processes of this machine. One that dies is replaced, and its shard is given to another."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess

from .captioner import Captioner
from .engines import Done, Work
from .shard import caption_shard
from .sources import Shard

_TRIES = 3  # workers that a shard may cost, before it is given up: a picture that takes all memory would kill each
_STOP_S = 10.0
_READY = "ready"


def run_local(shards: Sequence[Shard], work: Work) -> Iterator[Done]:
    """Caption the shards in `work.workers` processes; what became of each, as it ends.

    RuntimeError where no worker can be started with these settings.
    """
    pool = _Pool(work, deque(shards))
    try:
        for slot in range(min(work.workers, len(shards))):
            pool.start(slot)
        while pool.workers:
            yield from pool.next()
    finally:
        pool.stop()


@dataclass
class _Worker:
    """A process, the end of its pipe that is here, and the shard that it has."""

    slot: int
    process: BaseProcess
    pipe: Connection
    shard: Shard | None = None


@dataclass
class _Pool:
    work: Work
    waiting: deque[Shard]
    workers: list[_Worker] = field(default_factory=list)
    tries: dict[str, int] = field(default_factory=dict)
    context: SpawnContext = field(default_factory=lambda: multiprocessing.get_context("spawn"))

    def start(self, slot: int) -> None:
        """A worker in a slot, which says when its models are loaded."""
        here, there = self.context.Pipe()
        process = self.context.Process(target=_serve, args=(there, self.work, slot), daemon=True)
        process.start()
        there.close()  # so that the end of the process is the end of the pipe
        self.workers.append(_Worker(slot, process, here))

    def next(self) -> Iterator[Done]:
        """Wait for a worker to say something or to end; what that means for its shard."""
        ready = wait([worker.pipe for worker in self.workers])
        for worker in [one for one in self.workers if one.pipe in ready]:
            try:
                message = worker.pipe.recv()
            except (EOFError, OSError):
                yield from self._died(worker)
                continue
            if isinstance(message, Exception):
                raise message  # the models cannot be loaded: not here, and so not in the next worker
            if isinstance(message, Done):
                yield message
            self._give(worker)

    def _give(self, worker: _Worker) -> None:
        worker.shard = self.waiting.popleft() if self.waiting else None
        try:
            worker.pipe.send(worker.shard)
        except OSError:  # it died meanwhile: its pipe says so when it is read
            return
        if worker.shard is None:
            self._leave(worker)

    def _leave(self, worker: _Worker) -> None:
        self.workers.remove(worker)
        worker.pipe.close()
        worker.process.join()

    def _died(self, worker: _Worker) -> Iterator[Done]:
        self._leave(worker)
        shard, code = worker.shard, worker.process.exitcode
        if shard is None:
            raise RuntimeError(
                f"A worker ended while it loaded the models (exit status {code}): there may be too little memory for "
                "so many; give fewer --workers."
            )
        self.tries[shard.name] = self.tries.get(shard.name, 0) + 1
        if self.tries[shard.name] < _TRIES:
            self.waiting.appendleft(shard)
        else:
            yield Done(shard, problem=f"{_TRIES} workers ended in the middle of it (exit status {code}): give fewer "
                       "--workers or a smaller --batch, and look for a huge picture in it.")  # fmt: skip
        if self.waiting:
            self.start(worker.slot)

    def stop(self) -> None:
        """End what still runs: the part that a worker is at is not there, and so is done again another time."""
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            worker.process.join(_STOP_S)
            worker.pipe.close()


def _serve(pipe: Connection, work: Work, slot: int) -> None:
    """A worker's life: load the models once, then shard after shard until there is none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard speaks to the process that started this one
    _choose_gpus(work.gpus, slot)
    try:
        captioner = Captioner(work.settings)
    except (ValueError, RuntimeError) as error:
        pipe.send(error)
        return
    pipe.send(_READY)
    while (shard := pipe.recv()) is not None:
        pipe.send(_done(shard, captioner, work))


def _done(shard: Shard, captioner: Captioner, work: Work) -> Done:
    try:
        return Done(shard, caption_shard(shard, work.target, captioner, work.form, redo_failed=work.redo_failed))
    except (ValueError, RuntimeError) as error:
        return Done(shard, problem=str(error))


def _choose_gpus(gpus: float, slot: int) -> None:
    """Leave the worker those GPUs that are its own, before anything looks for them."""
    if gpus <= 0:
        return
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    first, count = math.floor(slot * gpus + 1e-9), max(1, math.ceil(gpus))
    known = visible.split(",") if visible else [str(number) for number in range(first + count)]
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(known[first : first + count])
