"""Writing a report: thumbnails side by side, Scenes one by one, the page last."""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ..basics.whole_files import write_whole
from ..jobs.rows import Row
from .bundle import SCRIPT, STYLES, page_files, web_folder
from .data import Line, line_of, rows_script, scene_name, scene_script
from .pictures import show_picture
from .settings import ReportSettings

INDEX, _DATA = "index.html", "data/rows.js"
_MARK = "<meta name=generator content=patchmatters-report>"
_OURS = ("scenes/*/*.js", "thumbs/*/*.jpg", "pictures/*/*.jpg")
# No address outside the report but the pictures themselves: what a model says cannot make the page fetch anything.
_POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file: 'unsafe-inline'; img-src 'self' file: blob:; "
    "base-uri 'none'; form-action 'none'"
)
_HEAD = f"""<!doctype html>
<html lang=en>
<meta charset=utf-8>
<meta http-equiv=Content-Security-Policy content="{_POLICY}">
{_MARK}
<meta name=viewport content="width=device-width">
<title>Captions</title>
"""
_PAGE = f"""{_HEAD}<link rel=stylesheet href={STYLES[1]}>
<body id=page>
<script src={_DATA}></script>
<script src={SCRIPT}></script>
"""
_UNFINISHED = f"{_HEAD}<p>This report was not finished: run the same command again.\n"
_DEFAULT = ReportSettings()
_AHEAD = 4  # pictures in work for each thread: rows hold whole Scenes, and memory must not grow with their number


def write_report(
    rows: Iterable[Row],
    target: Path,
    settings: ReportSettings = _DEFAULT,
    told: Callable[[int], None] = lambda count: None,
) -> int:
    """Write the report of these rows into a folder of its own; how many pictures it shows.

    `told` hears how many are done, after each. Thumbnails that are there already are kept. The page is written last, so
    that what is cut off in the middle says so, and running it again finishes it.
    ValueError for a folder that holds something else, and for no rows; RuntimeError where it cannot be written.
    """
    _check_target(target)
    files = page_files(web_folder())
    write_whole(target / INDEX, _UNFINISHED.encode())
    lines: list[Line] = []
    for line in _side_by_side(rows, target, settings):
        lines.append(line)
        told(len(lines))
    if not lines:
        raise ValueError("There is no picture to report on: caption some first.")
    write_whole(target / _DATA, rows_script(_digest(lines), settings.ending, lines))
    for name, content in files.items():
        write_whole(target / name, content)
    write_whole(target / INDEX, _PAGE.encode())
    _sweep(target, frozenset().union(*(line.files for line in lines)))
    return len(lines)


def _check_target(target: Path) -> None:
    """ValueError for a folder in which other files could be hurt."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    index = target / INDEX
    if target.is_dir() and index.is_file() and _MARK in index.read_text(encoding="utf-8", errors="replace"):
        return
    raise ValueError(f"{target} holds something that is no report: name a new or an empty folder.")


def _side_by_side(rows: Iterable[Row], target: Path, settings: ReportSettings) -> Iterator[Line]:
    """The lines in the order of the rows, several pictures in work at once."""
    workers = min(8, os.cpu_count() or 1)
    running: deque[Future[Line]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="patchmatters-report") as pool:
        try:
            for number, row in enumerate(rows):
                running.append(pool.submit(_write_one, number, row, target, settings))
                if len(running) > _AHEAD * workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _write_one(number: int, row: Row, target: Path, settings: ReportSettings) -> Line:
    scene = None if row.scene is None else scene_name(number)
    if scene is not None and row.scene is not None:
        write_whole(target / scene, scene_script(scene, row.scene))
    return line_of(row, show_picture(row.path, target, settings), scene)


def _digest(lines: Sequence[Line]) -> str:
    """What edits are kept under: the names of the pictures, so that they outlast new captions."""
    names = json.dumps([line.key for line in lines])
    return hashlib.blake2b(names.encode(), digest_size=12).hexdigest()


def _sweep(target: Path, used: frozenset[str]) -> None:
    """Remove what an earlier report of this folder showed and this one does not."""
    for pattern in _OURS:
        for file in target.glob(pattern):
            if file.relative_to(target).as_posix() not in used:
                file.unlink()
