"""What is to be done about each picture, before anything is asked: caption, keep, write its file, or say why not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..basics.whole_files import write_whole
from .forms import FormSettings, write_captions
from .sidecars import Existing, Sidecars, folds_case, is_captioned, text_to_write, twins
from .sources import Picture
from .state import Fingerprint, Known, Pending, State, Status

_READ = 2**20  # bytes hashed at a time


@dataclass(frozen=True)
class Orders:
    """What the user wants of a run.

    `settings` is the digest of all that captions depend on. `refresh` does again what would come out otherwise now,
    `retry` what failed.
    """

    sidecars: Sidecars
    form: FormSettings
    settings: str
    existing: Existing = Existing.SKIP
    refresh: bool = False
    retry: bool = True

    @property
    def form_digest(self) -> str:
        return digest_of(asdict(self.form))


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    `ours` are the pictures that the state keeps account of, `theirs` those that had a caption file from elsewhere.
    `changed` and `differing` are keys of pictures that were captioned, but are another picture now, or would be
    captioned with other settings now; `restyled` are those whose caption file has another form.
    """

    ours: Mapping[str, Picture]
    theirs: tuple[Picture, ...] = ()
    changed: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    restyled: tuple[str, ...] = ()


def digest_of(value: Any) -> str:
    """A digest of plain data."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def fingerprint_of(path: str, *, whole: bool = True) -> Fingerprint:
    """A file's size, time of change and, where it is read whole, digest. ValueError where it cannot be read."""
    state = hashlib.blake2b(digest_size=16)
    try:
        status = Path(path).stat()
        if whole:
            with Path(path).open("rb") as file:
                while chunk := file.read(_READ):
                    state.update(chunk)
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist any more: put it back, or leave it out.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}): check the file.") from None
    return Fingerprint(status.st_size, status.st_mtime_ns, state.hexdigest() if whole else "")


def make_plan(pictures: Sequence[Picture], state: State, orders: Orders) -> Plan:
    """The state brought up to date with the pictures. ValueError where a caption file is there that must not be."""
    state.free_the_dead()
    known = state.known(picture.key for picture in pictures)
    theirs = {picture.key for picture in pictures if _is_theirs(picture, known.get(picture.key), orders)}
    if theirs and orders.existing is Existing.ERROR:
        raise ValueError(
            f"{len(theirs)} of the pictures have a caption file already, such as {min(theirs)}: choose --existing "
            "skip, overwrite or append."
        )
    kept = theirs if orders.existing is Existing.SKIP else set()
    ours = {picture.key: picture for picture in pictures if picture.key not in kept}
    done = {key: known[key] for key in ours if key in known and known[key].status is Status.DONE}
    plan = Plan(
        ours,
        tuple(picture for picture in pictures if picture.key in kept),
        tuple(key for key, one in done.items() if _has_changed(ours[key], one.fingerprint)),
        tuple(key for key, one in done.items() if one.settings != orders.settings),
        tuple(key for key, one in done.items() if one.form not in (None, orders.form_digest)),
    )
    _bring_up(plan, known, state, orders)
    return plan


def _is_theirs(picture: Picture, known: Known | None, orders: Orders) -> bool:
    """Whether a picture's caption file was not written by this state."""
    own = known is not None and (known.status is Status.DONE or known.form is not None)
    return not own and is_captioned(orders.sidecars.path(picture))


def _has_changed(picture: Picture, before: Fingerprint) -> bool:
    """Whether the file is another one now; one that is gone has not changed."""
    try:
        now = fingerprint_of(picture.path, whole=False)
        if (now.size, now.changed) == (before.size, before.changed):
            return False
        return now.size != before.size or fingerprint_of(picture.path).digest != before.digest
    except ValueError:
        return False


def _bring_up(plan: Plan, known: Mapping[str, Known], state: State, orders: Orders) -> None:
    state.want(list(plan.ours))
    failed = [key for key in plan.ours if key in known and known[key].status is Status.FAILED]
    state.again((failed if orders.retry else []) + (list({*plan.changed, *plan.differing}) if orders.refresh else []))
    if orders.sidecars.ending:
        for key, other in twins(plan.ours.values(), orders.sidecars, folded=folds_case(state.path)).items():
            state.failed(key, f"Its caption file would be that of {other}: rename one, or caption them apart.")


def write_files_due(plan: Plan, state: State, orders: Orders) -> int:
    """Write the caption files of pictures that are done and lack theirs; how many.

    Those that a process was about to write when it ended; those that are gone or empty; and, where that is asked for,
    those that were written in another form. RuntimeError where one cannot be written.
    """
    due = state.pending()
    for key, pending in due:
        write_pending(key, pending, state)
    known = state.known(plan.ours)
    lacking = [
        key for key, one in known.items() if one.status is Status.DONE and _lacks_file(plan.ours[key], one, orders)
    ]
    for key in lacking:
        _write_again(plan.ours[key], known[key], state, orders)
    return len(due) + len(lacking)


def _lacks_file(picture: Picture, known: Known, orders: Orders) -> bool:
    path = orders.sidecars.path(picture)
    if path is None:
        return False
    if not is_captioned(path):
        return True
    rewrites = {Existing.OVERWRITE: known.form != orders.form_digest, Existing.APPEND: known.form is None}
    return rewrites.get(orders.existing, False)


def _write_again(picture: Picture, known: Known, state: State, orders: Orders) -> None:
    row, path = state.row(picture.key), orders.sidecars.path(picture)
    if row is None or row.scene is None or path is None:
        return
    existing = orders.existing if known.form is None else Existing.OVERWRITE
    pending = Pending(str(path), text_to_write(path, write_captions(row.scene, orders.form).texts, existing))
    state.plan_file(picture.key, pending, orders.form_digest)
    write_pending(picture.key, pending, state)


def write_pending(key: str, pending: Pending, state: State) -> None:
    """Write a caption file whose text the state has, and mark it as written."""
    write_whole(Path(pending.path), pending.text.encode(), alone=True)
    state.written(key)
