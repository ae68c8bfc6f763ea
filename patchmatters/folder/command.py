"""`python -m patchmatters folder PICTURES`: a folder in, a caption file beside each picture out."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from ..backends.api.providers import Price
from ..backends.batches import halved, service_of
from ..basics.json_files import parse_json, read_text
from ..basics.whole_files import write_whole
from ..detections import read_detections
from ..jobs.job_options import (
    Job,
    asks_another_model,
    backend_settings,
    job_of,
    preset_of,
    scorer_name,
    witness_settings,
)
from ..jobs.rows import Row, read_rows
from ..jobs.targets import check_targets
from ..jobs.terminal import complain, say
from ..report_page.command import report_settings
from ..scene import Detection
from .batch_book import BatchBook
from .batch_desk import BatchChat, BatchDesk
from .command_options import OUTPUTS
from .cost import LimitReached, Purse, metered, price_of
from .estimate import measured, reckoned, told
from .forms import FormSettings, Written, write_captions, write_text
from .outputs import Entry, rows_of
from .plan import Orders, Plan, digest_of, make_plan, write_files_due
from .reporter import Reporter, listed, shown
from .run import Interrupted, Runner
from .sidecars import Existing, Sidecars, is_captioned, read_caption, text_to_write
from .sources import Found, Picture, SourceSettings, find_pictures
from .state import NAME, State, Status

OK, SOME_FAILED, AWAITED, INTERRUPTED = 0, 1, 3, 130
_WORKERS = 2  # batches at once where the model may be asked from several threads: one has questions while one waits
_SAMPLE = 200  # rows that a dry run measures
# Settings of backends that change how an answer is had, not what it says.
_NOT_ASKED = frozenset(
    {"concurrency", "timeout_s", "retries", "stream", "cache", "cache_mb", "device", "batch_size", "attention"}
)


@dataclass(frozen=True)
class _Wishes:
    """The options as the parts of a run need them."""

    options: argparse.Namespace
    sidecars: Sidecars
    form: FormSettings
    existing: Existing
    outputs: tuple[tuple[str, Path], ...]
    boxes: Mapping[str, tuple[Detection, ...]]


def caption_folder(options: argparse.Namespace) -> int:
    """Caption what the options name. The exit status: 0 all done, 1 some failed or are left, 3 batches are being
    answered (run again), 130 interrupted.

    ValueError and RuntimeError, each with what to do, where nothing could be done at all or the run had to end.
    """
    wishes = _wishes(options)
    if options.from_scenes:
        return _from_scenes(wishes)
    found = find_pictures(options.pictures, _source_settings(options))
    check_outputs(wishes.outputs, found.pictures, options.pictures)
    with _terminable():
        try:
            with State(_state_path(options, found)) as state:
                return _caption_found(found, state, wishes)
        except Interrupted as interrupted:
            return _interrupted(interrupted)
        except KeyboardInterrupt:
            return _interrupted(Interrupted(idle=True))


def _wishes(options: argparse.Namespace) -> _Wishes:
    if options.batch < 1:
        raise ValueError(f"--batch is {options.batch}, but at least one picture must be captioned at a time.")
    if options.limit is not None and options.limit < 0:
        raise ValueError(f"--limit is {options.limit}, but must be at least 0.")
    ending = options.sidecar.strip().lstrip(".")
    if os.sep in ending or "/" in ending:
        raise ValueError(f"--sidecar {options.sidecar} is no ending: write txt, caption or none.")
    return _Wishes(
        options,
        Sidecars("" if ending in ("", "none") else f".{ending}", Path(options.out) if options.out else None),
        _form_settings(options),
        Existing(options.existing),
        tuple((name, Path(target)) for name in OUTPUTS if (target := getattr(options, name.replace("-", "_")))),
        _read_boxes(options.detections),
    )


def _read_boxes(name: str | None) -> dict[str, tuple[Detection, ...]]:
    """The boxes of a file by picture. ValueError for a file that does not hold such boxes."""
    if not name:
        return {}
    data = parse_json(read_text(name, "check the path"), name)
    if not isinstance(data, dict) or not all(isinstance(boxes, list) for boxes in data.values()):
        raise ValueError(f'{name} must be an object of pictures and their lists of boxes: {{"cats/1.jpg": [...]}}.')
    try:
        return {key: read_detections([boxes], 1)[0] for key, boxes in data.items()}
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _form_settings(options: argparse.Namespace) -> FormSettings:
    pairs = [tuple(one.partition("=")[::2]) for one in options.replace]
    if bad := next(
        (one for one, (old, _) in zip(options.replace, pairs, strict=True) if not old or "=" not in one), None
    ):
        raise ValueError(f"--replace {bad!r} is not OLD=NEW: write what stands there, an equals sign, and what shall.")
    return FormSettings(
        styles=tuple(filter(None, (style.strip() for style in options.style.split(",")))),
        replacements=tuple((old, new) for old, new in pairs),
        drop=tuple(options.drop),
        exclude=options.exclude_about,
        **{
            name: getattr(options, name)
            for name in ("trigger", "prefix", "suffix", "max_words", "max_tokens", "tokenizer", "short_words")
        },
    )


def _source_settings(options: argparse.Namespace) -> SourceSettings:
    return SourceSettings(options.recursive, tuple(options.include), tuple(options.exclude))


def _state_path(options: argparse.Namespace, found: Found) -> Path:
    return Path(options.state) if options.state else (Path(options.out) if options.out else found.root) / NAME


def check_outputs(outputs: Sequence[tuple[str, Path]], pictures: Iterable[Picture], sources: Sequence[str]) -> None:
    """ValueError where a file to be written is a picture, a list file, or another such file."""
    targets = [target for _, target in outputs]
    check_targets(targets, [source for source in sources if Path(source).is_file()])
    inputs = {os.path.realpath(picture.path).casefold() for picture in pictures} if targets else set()
    for target in targets:
        if os.path.realpath(target).casefold() in inputs or target.is_dir():
            raise ValueError(f"{target} is a picture or a folder, and would be overwritten: write to another name.")


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """A termination from outside ends a run as Ctrl-C does. Only the main thread can be told of it."""
    try:
        before = signal.signal(signal.SIGTERM, _as_interrupt)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _as_interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _interrupted(how: Interrupted) -> int:
    """Say how to go on. A worker that is busy inside a model is not waited for: the state survives the hard way."""
    complain(f"patchmatters: interrupted{_GO_ON}")
    if not how.idle:
        sys.stdout.flush()
        os._exit(INTERRUPTED)
    return INTERRUPTED


_GO_ON = ": what is done stays done. Run the same command again to go on."


def _caption_found(found: Found, state: State, wishes: _Wishes) -> int:
    orders = Orders(
        wishes.sidecars,
        wishes.form,
        settings_digest(wishes.options, wishes.boxes),
        wishes.existing,
        wishes.options.refresh,
    )
    if wishes.options.batch_api and not wishes.options.dry_run:
        BatchBook(state).forget_failures()
    plan = make_plan(found.pictures, state, orders)
    if wishes.options.dry_run:
        return _dry_run(found, plan, state, wishes.options)
    write_files_due(plan, state, orders)
    _note_differences(plan, wishes)
    reached = _run(found, plan, state, orders, wishes)
    _write_outputs(wishes, lambda: entries_of(found.pictures, plan, state, wishes))
    return _summary(plan, state, reached=reached)


def settings_digest(options: argparse.Namespace, boxes: Mapping[str, Sequence[Detection]]) -> str:
    """A digest of all settings that what is said of a picture depends on."""
    asked = {name: value for name, value in asdict(backend_settings(options)).items() if name not in _NOT_ASKED}
    heard = [options.witness, witness_settings(options)] if options.witness else []
    heard += [sorted(boxes.items())] if boxes else []
    heard += [options.also] if options.also else []
    preset = asdict(preset_of(options))
    return digest_of([options.backend, asked, scorer_name(options), options.llm_free, options.preset, preset, *heard])


def _run(found: Found, plan: Plan, state: State, orders: Orders, wishes: _Wishes) -> bool:
    """Caption what waits; whether the limit of the costs ended it. No model is loaded where nothing waits."""
    counts, options = state.counts(), wishes.options
    if not counts[Status.WAITING] or options.limit == 0:
        return False
    job = job_of(options)
    desk = _desk(job, state, options) if options.batch_api else None
    job = _by_batch(job, desk) if desk else _within_limit(job, state, options)
    reporter = Reporter(
        len(found.pictures), len(found.pictures) - counts[Status.WAITING], quiet=options.quiet, verbose=options.verbose
    )
    workers, together = _WORKERS if job.parallel else 1, 1 if desk else options.batch
    try:
        Runner(plan, state, orders, job, reporter, together, workers, options.limit, wishes.boxes).run()
        if desk:
            desk.close()
    except LimitReached:
        return True
    finally:
        reporter.close()
        for note in desk.notes if desk else ():
            complain(f"patchmatters: {note}")
    return False


def _desk(job: Job, state: State, options: argparse.Namespace) -> BatchDesk:
    """Where questions are handed in, with all answers that are there taken up. ValueError for a model without one."""
    if job.others:
        raise ValueError("--batch-api asks one model: leave --also out, or ask both without it.")
    service = service_of(job.chat_model, _price(options.price))
    price, limit = service.price(), options.limit_usd
    if limit is not None and price is None:
        raise ValueError(_no_price(job))
    desk = BatchDesk(service, BatchBook(state), None if limit is None or price is None else Purse(limit, price, state))
    desk.take_up()
    return desk


def _by_batch(job: Job, desk: BatchDesk) -> Job:
    model = BatchChat(job.chat_model, desk)
    return job.asking(model)


def _no_price(job: Job) -> str:
    return f"--limit-usd needs a price, and that of {job.chat_model.name} is unknown: give --price IN,OUT."


def _within_limit(job: Job, state: State, options: argparse.Namespace) -> Job:
    """The job with a model that stops asking before the limit is passed, and with the price that the user gave."""
    given = _price(options.price)
    if options.limit_usd is None and given is None:
        return job
    price = given or price_of(job.chat_model)
    if price is None:
        raise ValueError(_no_price(job))
    if options.limit_usd is not None and asks_another_model(scorer_name(options)):
        raise ValueError("--limit-usd holds one model to its limit: choose --scorer captioner, or a scorer of weights.")
    limit = float("inf") if options.limit_usd is None else options.limit_usd
    model = metered(job.chat_model, Purse(limit, price, state), own_price=given is not None)
    return job.asking(model)


def _price(text: str | None) -> Price | None:
    if text is None:
        return None
    try:
        ins, outs = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"--price {text} is not IN,OUT: write US dollars per million tokens, like 0.15,0.60."
        ) from None
    if not (ins >= 0 and outs >= 0):
        raise ValueError(f"--price {text} is negative: write US dollars per million tokens, like 0.15,0.60.")
    return Price(ins, outs)


def _dry_run(found: Found, plan: Plan, state: State, options: argparse.Namespace) -> int:
    counts = state.counts()
    waiting = counts[Status.WAITING] if options.limit is None else min(options.limit, counts[Status.WAITING])
    rows = (state.row(key) for key, one in state.known(plan.ours).items() if one.status is Status.DONE)
    sample = [row for row, _ in zip((row for row in rows if row is not None), range(_SAMPLE), strict=False)]
    one = measured(sample) or _reckoned(found, options)
    shows = sum(picture.repeats for picture in found.pictures)
    lines = [
        f"{len(found.pictures)} pictures below {shown(str(found.root))}: {counts[Status.DONE]} done, "
        f"{len(plan.theirs)} with a caption file already, {waiting} to caption",
        *([f"{shows} pictures with the repeats of folder names"] if shows != len(found.pictures) else []),
        *told(one, waiting),
    ]
    say("\n".join(lines))
    return OK


def _reckoned(found: Found, options: argparse.Namespace) -> Any:
    job = job_of(options)
    price = _price(options.price) or price_of(job.chat_model)
    price = halved(price) if options.batch_api else price
    return reckoned(found.pictures, job.preset, price, writes=job.text_model is not None)


# --- results ---------------------------------------------------------------------------------------------------------


def entries_of(pictures: Iterable[Picture], plan: Plan, state: State, wishes: _Wishes) -> Iterator[Entry]:
    """Every picture that is settled, one at a time: done, failed, or with a caption file from elsewhere."""
    theirs = {picture.key for picture in plan.theirs}
    failures = dict(state.failures())
    for picture in pictures:
        if picture.key in theirs:
            path = wishes.sidecars.path(picture)
            lines = read_caption(path).splitlines() if path else []
            theirs_row = Row(picture.key, picture.path, lines[0] if lines else "")
            yield Entry(theirs_row, {wishes.form.styles[0]: theirs_row.caption}, picture.repeats)
        elif picture.key in failures:
            yield Entry(Row(picture.key, picture.path, error=failures[picture.key]), {}, picture.repeats)
        elif (row := state.row(picture.key)) is not None:
            yield entry_of(row, wishes.form, picture.repeats)


def entry_of(row: Row, form: FormSettings, repeats: int = 1) -> Entry:
    """A row with its captions in the forms that are wanted, and what was left out of them among its warnings."""
    if row.error is not None:
        return Entry(row, {}, repeats)
    written = _written(row, form)
    captions = dict(zip(form.styles, written.texts, strict=True))
    return Entry(replace(row, warnings=(*row.warnings, *written.warnings)), captions, repeats)


def _written(row: Row, form: FormSettings) -> Written:
    return write_text(row.caption, form) if row.scene is None else write_captions(row.scene, form)


def _write_outputs(wishes: _Wishes, entries: Callable[[], Iterable[Entry]]) -> None:
    for name, target in wishes.outputs:
        OUTPUTS[name].write(target, entries())
    if wishes.options.report:
        from ..report_page.write import write_report

        write_report(rows_of(entries()), Path(wishes.options.report), report_settings(wishes.options))


def _note_differences(plan: Plan, wishes: _Wishes) -> None:
    """Say what stays as it is though it would come out otherwise now."""
    notes = {
        "were captioned with other settings and stay as they are: --refresh captions them again": plan.differing,
        "have changed since they were captioned: --refresh captions them again": plan.changed,
        "have captions in another form: --existing overwrite writes them anew, without asking a model": plan.restyled,
    }
    refreshed = {*plan.changed, *plan.differing} if wishes.options.refresh else set()
    overwrites = wishes.existing is Existing.OVERWRITE or not wishes.sidecars.ending
    for note, keys in notes.items():
        left = [key for key in keys if key not in refreshed and not (keys is plan.restyled and overwrites)]
        if left:
            complain(f"patchmatters: {len(left)} pictures {note}.")


def _summary(plan: Plan, state: State, *, reached: bool) -> int:
    counts, failures = state.counts(), state.failures()
    parts = [f"{counts[Status.DONE]} captioned"]
    parts += [f"{len(plan.theirs)} had a caption file already"] if plan.theirs else []
    parts += [f"{counts[Status.FAILED]} failed"] if failures else []
    parts += [f"{counts[Status.WAITING]} are left"] if counts[Status.WAITING] else []
    say(f"{sum(counts.values()) + len(plan.theirs)} pictures: {', '.join(parts)}.")
    for line in listed([f"  {shown(key)}: {reason}" for key, reason in failures]):
        complain(line)
    if reached:
        complain(
            f"patchmatters: the next questions could pass the limit (${state.spent():.4f} are spent): raise "
            "--limit-usd and run the same command again."
        )
    asked, batches = BatchBook(state).counts()
    if asked and counts[Status.WAITING]:
        complain(
            f"patchmatters: {asked} questions are being answered in {batches} batches: run the same command again "
            "(with --batch-api). Most batches end within an hour, all within a day."
        )
        return AWAITED
    return SOME_FAILED if failures or counts[Status.WAITING] else OK


# --- from Scenes -----------------------------------------------------------------------------------------------------


def _from_scenes(wishes: _Wishes) -> int:
    """Every form again from a file of rows. The pictures are where they were, or below the folder that is named."""
    source, folders = Path(wishes.options.from_scenes), wishes.options.pictures
    if len(folders) > 1 or (folders and not Path(folders[0]).is_dir()):
        raise ValueError("With --from-scenes, name at most one folder: that in which the pictures are now.")
    check_outputs(wishes.outputs, (), [str(source)])
    folder = Path(folders[0]) if folders else None

    def entries() -> Iterator[Entry]:
        for row in read_rows(source):
            moved = row if folder is None else replace(row, path=str(folder / row.key))
            yield entry_of(moved, wishes.form, Picture(moved.key, moved.path).repeats)

    written = sum(_write_sidecar(entry, wishes) for entry in entries()) if wishes.sidecars.ending else 0
    _write_outputs(wishes, entries)
    say(f"{written} caption files written.")
    return OK


def _write_sidecar(entry: Entry, wishes: _Wishes) -> bool:
    """Whether a caption file was written. ValueError where it is there and must not be."""
    path = wishes.sidecars.path(Picture(entry.row.key, entry.row.path))
    if path is None or not entry.caption:
        return False
    if is_captioned(path) and wishes.existing in (Existing.SKIP, Existing.ERROR):
        if wishes.existing is Existing.ERROR:
            raise ValueError(f"{path} has a caption already: choose --existing skip, overwrite or append.")
        return False
    write_whole(path, text_to_write(path, list(entry.captions.values()), wishes.existing).encode())
    return True
