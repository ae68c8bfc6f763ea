"""Captioning the pictures of a plan: workers take pictures from the state, and tell what they do.

The pictures are captioned in threads, and the thread of the command only watches: so it can end the run at once,
whatever a model is doing. Nothing is lost by that: what is done is in the state.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ..jobs.job_options import Job
from ..jobs.rows import Row, row_of_scene
from ..picture import open_picture
from ..pipeline import caption_each
from ..running.side_by_side import Stopped
from .batch_desk import AnswersAwaited
from .forms import write_captions
from .plan import Orders, Plan, fingerprint_of, write_pending
from .sidecars import Existing, is_captioned, text_to_write
from .state import Fingerprint, Pending, State

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..scene import Detection, Scene

_PATIENCE_S = 0.05  # between two looks at the keyboard
_FAREWELL_S = 0.5  # workers have this long to end after an interruption
_IN_A_ROW = 24  # pictures that fail one after the other before the run is given up


class Audience(Protocol):
    """Who is told what happens, in the thread of the command."""

    def done(self, key: str, row: Row) -> None: ...

    def failed(self, key: str, reason: str) -> None: ...


class Interrupted(BaseException):
    """The user ended the run. `idle` says that no worker is busy any more."""

    def __init__(self, *, idle: bool) -> None:
        super().__init__()
        self.idle = idle


@dataclass(frozen=True)
class _Opened:
    """A picture that was read, and the file as it was then."""

    key: str
    image: Image
    fingerprint: Fingerprint


@dataclass
class _Shared:
    """What the workers of a run have in common."""

    stop: threading.Event = field(default_factory=threading.Event)
    inbox: queue.SimpleQueue[Callable[[], None]] = field(default_factory=queue.SimpleQueue)
    lock: threading.Lock = field(default_factory=threading.Lock)
    left: int | None = None  # pictures that may still be taken; None: all
    failed_in_a_row: int = 0
    trouble: BaseException | None = None


class _Watch:
    """The monitor of a worker: stops it when the run ends."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def begin(self, stage: str, total: int) -> None:
        self.poll()

    def advance(self, name: str) -> None:
        self.poll()

    def partial(self, name: str, text: str) -> None:
        self.poll()

    def poll(self) -> None:
        if self._stop.is_set():
            raise Stopped


@dataclass(frozen=True)
class Runner:
    """A run over the pictures of a plan. `batch` pictures' questions go out together, `workers` batches at once.

    `boxes` are detected objects by picture, for those pictures that have any.
    """

    plan: Plan
    state: State
    orders: Orders
    job: Job
    audience: Audience
    batch: int = 8
    workers: int = 1
    limit: int | None = None
    boxes: Mapping[str, Sequence[Detection]] = field(default_factory=dict)

    def run(self) -> None:
        """Caption what waits. What ends the run early is raised: RuntimeError, LimitReached, Interrupted.

        Pictures that fail are kept in the state with their reason, and end nothing, unless one after the other fails.
        """
        shared = _Shared(left=self.limit)
        threads = [threading.Thread(target=self._work, args=(shared,), daemon=True) for _ in range(self.workers)]
        try:
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads) or not shared.inbox.empty():
                with contextlib.suppress(queue.Empty):
                    shared.inbox.get(timeout=_PATIENCE_S)()
        except KeyboardInterrupt:
            shared.stop.set()
            raise Interrupted(idle=_have_ended(threads)) from None
        if shared.trouble is not None:
            raise shared.trouble

    def _work(self, shared: _Shared) -> None:
        try:
            while not shared.stop.is_set() and (keys := self._take(shared)):
                self._do(keys, shared)
        except Stopped:
            pass
        except BaseException as trouble:  # noqa: BLE001  handed to the thread of the command, which raises it
            shared.trouble = shared.trouble or trouble
            shared.stop.set()

    def _take(self, shared: _Shared) -> list[str]:
        with shared.lock:
            most = self.batch if shared.left is None else min(self.batch, shared.left)
            keys = self.state.take(most) if most else []
            if not keys and most:
                self.state.free_the_dead()
                keys = self.state.take(most)
            if shared.left is not None:
                shared.left -= len(keys)
            return keys

    def _do(self, keys: Sequence[str], shared: _Shared) -> None:
        start = time.perf_counter()
        opened = []
        for key in keys:
            try:
                opened.append(self._open(key))
            except ValueError as error:
                self._fail(key, str(error), shared)
        if opened:
            self._caption(opened, start, shared)

    def _open(self, key: str) -> _Opened:
        """ValueError where the file is no picture, or is being written just now."""
        path = self.plan.ours[key].path
        before = fingerprint_of(path)
        image = open_picture(path)
        after = fingerprint_of(path, whole=False)
        if (before.size, before.changed) != (after.size, after.changed):
            raise ValueError(f"{path} changed while it was read: run the same command again.")
        return _Opened(key, image, before)

    def _caption(self, opened: Sequence[_Opened], start: float, shared: _Shared) -> None:
        """Caption pictures together. What ends a batch as a whole ends it for all: it was paid for once."""
        try:
            scenes = self._scenes(opened, shared)
        except AnswersAwaited:  # they wait, and stay this process's until it ends, so that they are not taken again
            return
        except (ValueError, RuntimeError) as error:
            for one in opened:
                self._fail(one.key, str(error), shared)
            for _ in opened:
                self._check_row(shared, error)
            return
        seconds = (time.perf_counter() - start) / len(opened)
        for one, scene in zip(opened, scenes, strict=True):
            if not scene.problem:
                self._keep(one, scene, seconds, shared)
                continue
            self._fail(one.key, scene.problem, shared)
            self._check_row(shared, scene.problem)

    def _scenes(self, opened: Sequence[_Opened], shared: _Shared) -> Sequence[Scene]:
        return caption_each(
            [one.image for one in opened],
            self.job.chat_model,
            self.job.scorer,
            self.job.text_model,
            [self.boxes.get(one.key, ()) for one in opened],
            self.job.preset,
            _Watch(shared.stop),
            [one.key for one in opened],
            witnesses=self.job.witnesses,
            other_captioners=self.job.others,
        )

    def _keep(self, one: _Opened, scene: Scene, seconds: float, shared: _Shared) -> None:
        """The row into the state, then the caption file, so that a process which ends in between loses nothing."""
        row = row_of_scene(one.key, self.plan.ours[one.key].path, scene, seconds, self.job.options.preset)
        try:
            texts = write_captions(scene, self.orders.form).texts
        except ValueError as error:
            self._fail(one.key, str(error), shared)
            return
        pending = self._pending(one.key, texts)
        self.state.done(one.key, row, one.fingerprint, self.orders.settings, pending, self.orders.form_digest)
        if pending is not None:
            write_pending(one.key, pending, self.state)
        with shared.lock:
            shared.failed_in_a_row = 0
        shared.inbox.put(lambda: self.audience.done(one.key, row))

    def _pending(self, key: str, texts: Sequence[str]) -> Pending | None:
        """The caption file to write: none where somebody else has written it meanwhile and it is to stay."""
        path = self.orders.sidecars.path(self.plan.ours[key])
        if path is None:
            return None
        known = self.state.known([key])[key]
        existing = self.orders.existing if known.form is None else Existing.OVERWRITE
        if existing in (Existing.SKIP, Existing.ERROR) and is_captioned(path):
            return None
        return Pending(str(path), text_to_write(path, texts, existing))

    def _fail(self, key: str, reason: str, shared: _Shared) -> None:
        self.state.failed(key, reason)
        shared.inbox.put(lambda: self.audience.failed(key, reason))

    @staticmethod
    def _check_row(shared: _Shared, error: Exception | str) -> None:
        """RuntimeError where so many failed in a row that the next will fail too: a server that is gone, for one."""
        with shared.lock:
            shared.failed_in_a_row += 1
            failed = shared.failed_in_a_row
        if failed >= _IN_A_ROW:
            raise RuntimeError(
                f"{failed} pictures failed one after the other, the last with: {error} What is done stays done: put "
                "that right, and run the same command again."
            )


def _have_ended(threads: Sequence[threading.Thread]) -> bool:
    until = time.monotonic() + _FAREWELL_S
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)
