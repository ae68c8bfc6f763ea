"""The command: `python -m patchmatters caption PHOTO...` and `python -m patchmatters scene OUT.json`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from . import __version__
from .backends.base import Monitor
from .folder.command_options import FOLDER_HELP, add_folder_options
from .job_options import Job, add_model_options, add_settings, backend_named_in, job_of
from .pipeline import caption_pictures
from .prompt_command import PROMPT_HELP, add_prompt_options
from .report_page.command import REPORT_HELP, add_report_options
from .side_by_side import side_by_side
from .targets import check_targets

if TYPE_CHECKING:
    from PIL.Image import Image

    from .scene import Detection, Scene

OK, SOME_FAILED, USAGE = 0, 1, 2
_NAME = "{name}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is 0, 1 (a photo failed, the others were done) or 2 (usage)."""
    _utf8_output()
    parser = _parser(backend_named_in(arguments))
    options = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.ERROR, format="%(message)s", stream=sys.stderr
    )
    try:
        return options.run(options)
    except (ValueError, RuntimeError) as error:
        return _complain(parser.prog, error, USAGE)
    except KeyboardInterrupt:
        return _complain(parser.prog, "interrupted", 130)
    except BrokenPipeError:  # the reader of a pipe went away: nobody is left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOME_FAILED


def _utf8_output() -> None:
    """Captions hold any script; a Windows console's code page does not."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _complain(program: str, what: object, status: int) -> int:
    print(f"{program}: {what}", file=sys.stderr)
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
    return parser


_CAPTION_HELP = "Print one caption per photo. Settings of a backend are options too: --backend NAME --help lists them."
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
    from .detections import read_detections

    if not options.detections:
        return [()] * len(options.photos)
    path = Path(options.detections)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}): check the path.") from None
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}).") from None
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
    """Caption photos together; how many failed."""
    from .picture import open_picture

    opened: list[tuple[_Task, Image]] = []
    for task in tasks:
        try:
            opened.append((task, open_picture(task.photo)))
        except ValueError as error:
            _failed(task, error)
    return len(tasks) - len(opened) + (_caption_opened(opened, job) if opened else 0)


def _caption_opened(opened: Sequence[tuple[_Task, Image]], job: Job) -> int:
    """Caption pictures together, or, where that fails, one by one, so that each failure is one photo's."""
    try:
        scenes = _scenes(opened, job)
    except (ValueError, RuntimeError) as error:
        if len(opened) > 1:
            return sum(_caption_opened([one], job) for one in opened)
        return _failed(opened[0][0], error)
    return sum(_hand_out(scene, task, job.options) for (task, _), scene in zip(opened, scenes, strict=True))


def _failed(task: _Task, error: Exception) -> int:
    print(f"{task.photo}: {error}", file=sys.stderr)
    return 1


def _scenes(opened: Sequence[tuple[_Task, Image]], job: Job) -> list[Scene]:
    """The photos' composed Scenes, with a progress bar on a terminal.

    A model that may be asked from several threads gets them in two groups: one has questions while the other waits.
    """
    name = Path(opened[0][0].photo).name
    title = name if len(opened) == 1 else f"{name} and {len(opened) - 1} more"
    bar = ProgressBar(title, sys.stderr, enabled=sys.stderr.isatty() and not job.options.quiet)
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
    return caption_pictures(
        [picture for _, picture in opened],
        job.chat_model,
        job.scorer,
        job.text_model,
        [task.boxes for task, _ in opened],
        job.preset,
        monitor,
        [Path(task.photo).name for task, _ in opened],
        witnesses=job.witnesses,
    )


def _hand_out(scene: Scene, task: _Task, options: argparse.Namespace) -> int:
    """Print the caption and write the files; 1 where that fails."""
    try:
        _write_files(scene, task.photo, options)
    except (ValueError, RuntimeError) as error:
        return _failed(task, error)
    for warning in scene.warnings:
        logging.getLogger(__name__).info("%s: %s", task.photo, warning)
    print(scene.caption_text, flush=True)
    return 0


def _write_files(scene: Scene, photo: str, options: argparse.Namespace) -> None:
    from .overlay import draw_overlay
    from .scene_json import dump_scenes

    if options.scene:
        _write(_target(options.scene, photo), dump_scenes([scene]).encode())
    if options.overlay:
        target = _target(options.overlay, photo)
        with tempfile.TemporaryDirectory() as folder:
            drawn = Path(folder) / f"overlay{target.suffix or '.png'}"
            try:
                draw_overlay(scene).save(drawn)
            except (ValueError, KeyError) as error:
                raise ValueError(f"{target} cannot be written ({error}): name a .png or .jpg file.") from None
            _write(target, drawn.read_bytes())


def _write(target: Path, content: bytes) -> None:
    """Write a whole file or none. RuntimeError where the folder cannot be written to."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".part")
        partial.write_bytes(content)
        partial.replace(target)
    except OSError as error:
        raise RuntimeError(f"{target} cannot be written ({error.strerror}): choose another place.") from None


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
        self._stream.write(f"\r\x1b[2K{self._title} [{bar}] {self._stage} {self._done}/{self._total} {name[:40]}")
        self._stream.flush()


# --- scene -----------------------------------------------------------------------------------------------------------


def _show(options: argparse.Namespace) -> int:
    from .report import scene_report
    from .scene_json import load_scenes

    try:
        text = Path(options.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{options.file} cannot be read ({error}): give the file that --scene wrote.") from None
    print("\n\n".join(map(scene_report, load_scenes(text))))
    return OK
