"""`python -m patchmatters scale SOURCE TARGET`: tars, Parquet files or folders in, parts out, by many workers."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..jobs.terminal import complain, say
from .engines import LOCAL, NAMES, Done, Work, engine
from .filesystems import Place, files_in, is_there, place_of, read_from, sweep_partials, written_whole
from .parts import FORMS, JSONL
from .settings import ScaleSettings, settings_of
from .shard import Outcome, part_name
from .sources import Shard, SourceOptions, shards_of

SCALE_HELP = (
    "Caption tars, Parquet files and folders of pictures on many workers. Each shard becomes one part in TARGET, "
    "whole or not at all. Run the same command again after any interruption: parts that are there are skipped."
)
OK, SOME_FAILED = 0, 1
ABOUT = "patchmatters.json"  # beside the parts: what they were made with

log = logging.getLogger(__name__)


def add_scale_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command, but for those of models and stages."""
    parser.set_defaults(run=scale)
    parser.add_argument("source", metavar="SOURCE", help="a folder, a .tar or a .parquet; a path, s3://, gs://")
    parser.add_argument("target", metavar="TARGET", help="the folder of the parts; a path, s3://, gs://")
    parser.add_argument("--engine", default=LOCAL, choices=NAMES, help=f"what runs the workers (default: {LOCAL})")
    parser.add_argument("--workers", type=int, default=1, metavar="INT", help="processes or actors (default: 1)")
    parser.add_argument("--gpus-per-actor", type=float, default=0.0, metavar="NUMBER", help="GPUs of each worker")
    parser.add_argument("--address", metavar="ADDRESS", help="of a Ray cluster, or auto (default: Ray of this machine)")
    parser.add_argument("--form", default=JSONL, choices=tuple(FORMS), help=f"what parts are (default: {JSONL})")
    parser.add_argument("--files", type=int, default=256, metavar="INT", help="loose pictures a shard (default: 256)")
    parser.add_argument("--image-column", default="", metavar="NAME", help="of a Parquet file: bytes or paths")
    parser.add_argument("--key-column", default="", metavar="NAME", help="of a Parquet file: names of the pictures")
    parser.add_argument("--redo-failed", action="store_true", help="do parts again that hold a failed picture")
    parser.add_argument(
        "--batch", type=int, default=8, metavar="INT", help="pictures whose questions go out together (default: 8)"
    )
    parser.add_argument("--verbose", action="store_true", help="say on stderr what happens")


def scale(options: argparse.Namespace) -> int:
    """Caption what has no part yet. ValueError and RuntimeError, in a sentence that says what to do, for what fails."""
    work = _work_of(options)
    shards = shards_of(options.source, SourceOptions(options.files, options.image_column, options.key_column))
    target = place_of(options.target)
    _check_settings(target, work.settings)
    left = _left(target, shards, work)
    tally = _Tally(len(shards) - len(left))
    complain(f"{len(shards)} shards, {tally.skipped} of them done before")
    if left:
        for done in engine(options.engine)(left, work):
            tally.add(done)
    if not tally.problems:
        sweep_partials(target)
    say(tally.told())
    return SOME_FAILED if tally.failed or tally.problems else OK


def _work_of(options: argparse.Namespace) -> Work:
    if options.workers < 1:
        raise ValueError(f"--workers is {options.workers}, but at least one is needed.")
    if options.gpus_per_actor < 0:
        raise ValueError(f"--gpus-per-actor is {options.gpus_per_actor}, but must be at least 0.")
    return Work(
        options.target,
        settings_of(options),
        options.form,
        options.redo_failed,
        options.workers,
        options.gpus_per_actor,
        options.address,
    )


def _check_settings(target: Place, settings: ScaleSettings) -> None:
    """ValueError where the parts that are there were made with other settings; noted down where there are none."""
    about = {"settings": settings.digest(), "backend": settings.backend, "preset": settings.preset}
    note = target.below(ABOUT)
    if not is_there(note):
        with written_whole(note) as file:
            file.write(json.dumps(about).encode())
        return
    with read_from(note) as file:
        text = file.read()
    try:
        before = json.loads(text)["settings"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{note.address} is not what scale wrote: name another TARGET.") from None
    if before != about["settings"]:
        raise ValueError(f"The parts in {target.address} were begun with other settings: name another TARGET.")


def _left(target: Place, shards: Sequence[Shard], work: Work) -> tuple[Shard, ...]:
    """The shards that have no part. ValueError where there are parts of what is not in the source (any more).

    Such parts would stand beside new ones of the same pictures: a list of files that has changed is other shards.
    """
    names = {part_name(shard, work.form): shard for shard in shards}
    endings = tuple(form.ending for form in FORMS.values())
    there = {file.base_name for file in files_in(target) if file.path.endswith(endings)}
    if strange := sorted(there - names.keys()):
        raise ValueError(
            f"{target.address} holds {len(strange)} parts of other shards, like {strange[0]}: the source, --files or "
            "--form has changed since; name another TARGET, or delete those parts to have their pictures done again."
        )
    return tuple(shard for name, shard in names.items() if work.redo_failed or name not in there)


@dataclass
class _Tally:
    """What a run has done."""

    skipped: int
    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, done: Done) -> None:
        if done.outcome is None:
            self.problems.append(done.shard.name)
            complain(f"{done.shard.name}: {done.problem}")
        elif done.outcome.skipped:
            self.skipped += 1
        else:
            self.outcomes.append(done.outcome)
            log.info("%s: %d pictures, %d failed", done.outcome.part, done.outcome.pictures, done.outcome.failed)

    @property
    def failed(self) -> int:
        return sum(outcome.failed for outcome in self.outcomes)

    def told(self) -> str:
        """The run in a line."""
        costs = [outcome.usd for outcome in self.outcomes]
        cost = "cost not known" if None in costs else f"${sum(cost or 0.0 for cost in costs):.4f}"
        pictures, calls, tokens = (self._sum(name) for name in ("pictures", "calls", "tokens"))
        return (
            f"{len(self.outcomes)} parts written, {self.skipped} skipped, {len(self.problems)} shards without a part; "
            f"{pictures} pictures, {self.failed} failed; {calls} answers, {tokens} tokens, {cost}"
        )

    def _sum(self, name: str) -> int:
        return sum(getattr(outcome, name) for outcome in self.outcomes)
