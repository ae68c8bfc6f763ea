"""The command: `python -m patchmatters caption PHOTO...` and `python -m patchmatters scene OUT.json`."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from .. import __version__
from ..basics.json_files import parse_json, read_text
from ..basics.plain_text import PlainFormatter, plain
from ..basics.whole_files import write_whole
from ..folder.command_options import FOLDER_HELP, add_folder_options
from ..jobs.job_options import Job, add_model_options, add_settings, backend_named_in, job_of
from ..jobs.targets import check_targets
from ..jobs.terminal import close_output, complain, say
from ..models import Monitor
from ..pipeline import caption_each
from ..report_page.command import REPORT_HELP, add_report_options
from ..running.side_by_side import side_by_side
from ..scale.command import SCALE_HELP, add_scale_options
from .caption_lines import Captioned, captioned, hand_out
from .prompt_command import PROMPT_HELP, add_prompt_options

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..scene import Detection, Scene

OK, SOME_FAILED, USAGE = 0, 1, 2
_NAME = "{name}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is 0, 1 (a photo failed, the others were done) or 2 (usage)."""
    _utf8_output()
    parser = _parser(backend_named_in(arguments))
    options = parser.parse_args(arguments)
    _log_to_stderr(logging.INFO if options.verbose else logging.ERROR)
    try:
        status: int = options.run(options)
        return status
    except (ValueError, RuntimeError) as error:
        return _complain(parser.prog, error, USAGE)
    except ModuleNotFoundError as error:
        what = f"the Python package {error.name} is missing: run `python -m pip install -r requirements.txt`"
        return _complain(parser.prog, what, USAGE)
    except KeyboardInterrupt:
        return _complain(parser.prog, "interrupted", 130)
    except BrokenPipeError:  # the reader of a pipe went away: nobody is left to tell
        close_output()
        return SOME_FAILED


def _utf8_output() -> None:
    """Captions hold any script; a Windows console's code page does not."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _log_to_stderr(level: int) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter("%(message)s"))
    logging.basicConfig(level=level, handlers=[handler])


def _complain(program: str, what: object, status: int) -> int:
    complain(f"{program}: {what}")
    return status


# --- options ---------------------------------------------------------------------------------------------------------


def _parser(backend_name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="patchmatters",
        description="Captions that are more detailed and less hallucinated than the captioner's own.",
        epilog="Exit status: 0 all done, 1 a photo failed and the others were done, 2 wrong usage.",
    )
    parser.add_argument("--version", action="version", version=f"patchmatters {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _caption_options(commands.add_parser("caption", help="caption photos", description=_CAPTION_HELP), backend_name)
    folder = commands.add_parser("folder", help="caption folders for training", description=FOLDER_HELP)
    add_folder_options(folder)
    add_model_options(folder)
    add_settings(folder, backend_name)
    _scene_options(commands.add_parser("scene", help="show a Scene file", description=_SCENE_HELP))
    add_prompt_options(commands.add_parser("prompt", help="write an image model's prompt", description=PROMPT_HELP))
    add_report_options(commands.add_parser("report", help="write a page to look through", description=REPORT_HELP))
    scale = commands.add_parser("scale", help="caption shards on many workers", description=SCALE_HELP)
    add_scale_options(scale)
    add_model_options(scale)
    add_settings(scale, backend_name)
    return parser


_CAPTION_HELP = (
    "Print one line per photo, in order: its caption, or an empty line where it failed. Settings of a backend are "
    "options too: --backend NAME --help lists them."
)
_SCENE_HELP = "Show a Scene for people: patches, what was said about them, verdicts, scores, and the caption's sources."


def _caption_options(parser: argparse.ArgumentParser, backend_name: str) -> None:
    parser.set_defaults(run=_caption)
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="picture files")
    add_model_options(parser)
    parser.add_argument(
        "--detections", metavar="FILE.json", help="boxes {x, y, width, height, label, score}, a list per photo"
    )
    parser.add_argument("--scene", metavar="OUT.json", help=f"write the Scene; for several photos, {_NAME} in the path")
    parser.add_argument(
        "--overlay", metavar="OUT.png", help=f"draw the patches; for several photos, {_NAME} in the path"
    )
    parser.add_argument(
        "--batch", type=int, default=8, metavar="INT", help="photos whose questions go out together (default: 8)"
    )
    parser.add_argument(
        "--jsonl", action="store_true", help="print a JSON object per photo: path, caption, warnings, error"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument("--verbose", action="store_true", help="say on stderr what happens")
    add_settings(parser, backend_name)


def _scene_options(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_show, verbose=False)
    parser.add_argument("file", metavar="OUT.json", help="a Scene file")


# --- caption ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Task:
    """A photo and the boxes that were detected in it."""

    photo: str
    boxes: Sequence[Detection]


def _caption(options: argparse.Namespace) -> int:
    tasks = [_Task(*pair) for pair in zip(options.photos, _read_detections(options), strict=True)]
    _check_targets(options)
    if options.batch < 1:
        raise ValueError(f"--batch is {options.batch}, but at least one photo must be captioned at a time.")
    job = job_of(options)
    starts = range(0, len(tasks), options.batch)
    failed = sum(_caption_batch(tasks[start : start + options.batch], job) for start in starts)
    return SOME_FAILED if failed else OK


def _read_detections(options: argparse.Namespace) -> Sequence[Sequence[Detection]]:
    from ..detections import read_detections

    if not options.detections:
        return [()] * len(options.photos)
    text = read_text(options.detections, "check the path")
    data = parse_json(text, options.detections)
    return read_detections(data, len(options.photos))


def _check_targets(options: argparse.Namespace) -> None:
    """No output may overwrite an input, or another photo's output."""
    names = [Path(photo).stem for photo in options.photos]
    for flag in ("scene", "overlay"):
        target = getattr(options, flag)
        if target is None or len(names) == 1:
            continue
        if _NAME not in target:
            raise ValueError(f"--{flag} {target} is one file for {len(names)} photos: put {_NAME} into the path.")
        if len(set(names)) < len(names):
            raise ValueError(f"Two photos have the same name, so --{flag} would overwrite a file: caption them apart.")
    check_targets(
        [_target(target, photo) for target in (options.scene, options.overlay) if target for photo in options.photos],
        [*options.photos, *filter(None, [options.detections])],
    )


def _target(pattern: str, photo: str) -> Path:
    """The file that a photo's output goes to."""
    return Path(pattern.replace(_NAME, Path(photo).stem))


def _caption_batch(tasks: Sequence[_Task], job: Job) -> int:
    """Caption photos together and print their lines; how many failed."""
    done = [_file_away(task, what, job.options) for task, what in zip(tasks, _outcomes(tasks, job), strict=True)]
    for one in done:
        hand_out(one, as_json=job.options.jsonl)
    return sum(bool(one.error) for one in done)


def _outcomes(tasks: Sequence[_Task], job: Job) -> list[Scene | Exception]:
    """Of each photo its Scene, or why there is none.

    What ends a batch as a whole ends it for all its photos: nothing is asked a second time, because it was paid for.
    """
    opened: list[Image | Exception] = [_opened(task, job) for task in tasks]
    pairs = [(task, one) for task, one in zip(tasks, opened, strict=True) if not isinstance(one, Exception)]
    made: Iterator[Scene | Exception]
    try:
        made = iter(_scenes(pairs, job) if pairs else [])
    except (ValueError, RuntimeError) as error:
        made = repeat(error)
    return [one if isinstance(one, Exception) else next(made) for one in opened]


def _opened(task: _Task, job: Job) -> Image | Exception:
    from ..picture import open_first_frame

    try:
        picture, frames = open_first_frame(task.photo)
    except ValueError as error:
        return error
    if frames > 1:
        complain(
            f"{task.photo} holds {frames} pictures: only the first is captioned, with {job.preset.questions} questions "
            "about it."
        )
    return picture


def _file_away(task: _Task, what: Scene | Exception, options: argparse.Namespace) -> Captioned:
    """What became of a photo once its files are written."""
    if isinstance(what, Exception):
        return Captioned(task.photo, error=str(what))
    try:
        _write_files(what, task.photo, options)
    except (ValueError, RuntimeError) as error:
        return replace(captioned(task.photo, what), error=str(error))
    return captioned(task.photo, what)


def _scenes(opened: Sequence[tuple[_Task, Image]], job: Job) -> list[Scene]:
    """The photos' composed Scenes, with a progress bar on a terminal.

    A model that may be asked from several threads gets them in two groups: one has questions while the other waits.
    """
    name = Path(opened[0][0].photo).name
    title = name if len(opened) == 1 else f"{name} and {len(opened) - 1} more"
    bar = ProgressBar(plain(title), sys.stderr, enabled=sys.stderr.isatty() and not job.options.quiet)
    middle = -(-len(opened) // 2) if job.parallel else len(opened)
    groups = [group for group in (opened[:middle], opened[middle:]) if group]
    try:
        if len(groups) == 1:
            return list(_captioned(opened, job, bar))
        done = side_by_side([partial(_captioned, group, job) for group in groups], bar)
        return [scene for scenes in done for scene in scenes]
    finally:
        bar.clear()


def _captioned(opened: Sequence[tuple[_Task, Image]], job: Job, monitor: Monitor) -> tuple[Scene, ...]:
    return caption_each(
        [picture for _, picture in opened],
        job.chat_model,
        job.scorer,
        job.text_model,
        [task.boxes for task, _ in opened],
        job.preset,
        monitor,
        [Path(task.photo).name for task, _ in opened],
        witnesses=job.witnesses,
        other_captioners=job.others,
    )


def _write_files(scene: Scene, photo: str, options: argparse.Namespace) -> None:
    from ..scene_json import dump_scenes
    from ..views.overlay import draw_overlay

    if options.scene:
        write_whole(_target(options.scene, photo), dump_scenes([scene]).encode())
    if options.overlay:
        target = _target(options.overlay, photo)
        with tempfile.TemporaryDirectory() as folder:
            drawn = Path(folder) / f"overlay{target.suffix or '.png'}"
            try:
                draw_overlay(scene).save(drawn)
            except (ValueError, KeyError) as error:
                raise ValueError(f"{target} cannot be written ({error}): name a .png or .jpg file.") from None
            write_whole(target, drawn.read_bytes())


class ProgressBar:
    """A Monitor that draws one line on a terminal."""

    _WIDTH = 24

    def __init__(self, title: str, stream: TextIO, *, enabled: bool) -> None:
        self._title, self._stream, self._enabled = title, stream, enabled
        self._stage, self._done, self._total = "", 0, 0

    def begin(self, stage: str, total: int) -> None:
        self._stage, self._done, self._total = stage, 0, total
        self._draw("")

    def advance(self, name: str) -> None:
        self._done += 1
        self._draw(name)

    def partial(self, name: str, text: str) -> None:
        pass

    def poll(self) -> None:
        pass

    def clear(self) -> None:
        """Leave no trace of the bar."""
        if self._enabled:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    def _draw(self, name: str) -> None:
        if not self._enabled or not self._total:
            return
        filled = self._WIDTH * min(self._done, self._total) // self._total
        bar = "#" * filled + "." * (self._WIDTH - filled)
        self._stream.write(
            f"\r\x1b[2K{self._title} [{bar}] {self._stage} {self._done}/{self._total} {plain(name[:40])}"
        )
        self._stream.flush()


# --- scene -----------------------------------------------------------------------------------------------------------


def _show(options: argparse.Namespace) -> int:
    from ..scene_json import load_scenes
    from ..views.report import scene_report

    text = read_text(options.file, "give the file that --scene wrote")
    say(plain("\n\n".join(map(scene_report, load_scenes(text)))))
    return OK
