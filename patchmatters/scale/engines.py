"""What an engine is: something that has shards captioned by workers, and tells what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from .parts import JSONL
from .settings import ScaleSettings
from .shard import Outcome
from .sources import Shard

LOCAL, RAY = "local", "ray"


@dataclass(frozen=True)
class Work:
    """What every worker of a run is told. `gpus` are those of one worker; parts of one are for Ray only."""

    target: str
    settings: ScaleSettings
    form: str = JSONL
    redo_failed: bool = False
    workers: int = 1
    gpus: float = 0.0
    address: str | None = None


@dataclass(frozen=True)
class Done:
    """A shard that a worker has ended with: what became of it, or why it has no part."""

    shard: Shard
    outcome: Outcome | None = None
    problem: str = ""


Engine = Callable[[Sequence[Shard], Work], Iterator[Done]]
_ENGINES: Mapping[str, tuple[str, str]] = {
    LOCAL: (".local", "run_local"),
    RAY: (".ray_data", "run_ray"),
}
NAMES = tuple(_ENGINES)


def engine(name: str) -> Engine:
    """The engine of that name."""
    module, function = _ENGINES[name]
    found: Engine = getattr(import_module(module, __package__), function)
    return found
