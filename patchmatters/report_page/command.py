"""`python -m patchmatters report SCENES.jsonl.gz REPORT`: the captions of a folder as a page to look through."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from ..jobs.terminal import say
from ..options import options_of
from .settings import ReportSettings

REPORT_HELP = (
    "Write a page of captioned pictures: a grid with filters and sorting, the statements behind each caption, and "
    "captions to edit and export. Open index.html in any browser; it needs no server and no network."
)
_EVERY = 500  # pictures between two lines of the log

log = logging.getLogger(__name__)


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(run=report, verbose=False)
    parser.add_argument("scenes", nargs="+", metavar="SCENES.jsonl.gz", help="what folder --scenes or scale wrote")
    parser.add_argument("report", metavar="REPORT", help="the folder of the page: new, empty, or an earlier report")
    add_report_settings(parser)
    parser.add_argument("--verbose", action="store_true", help="say on stderr what happens")


def add_report_settings(parser: Any) -> None:
    """Settings of the page as options, left out of the namespace unless they are given."""
    for named in options_of(ReportSettings):
        kind: dict[str, Any] = {"type": named.kind, "metavar": named.kind.__name__.upper()}
        if named.kind is bool:
            kind = {"action": "store_true"}
        flag = f"--report-{named.name}"
        help = f"{named.spec.help} (default: {named.default})"
        parser.add_argument(flag, dest=f"report.{named.name}", default=argparse.SUPPRESS, help=help, **kind)


def report_settings(options: argparse.Namespace) -> ReportSettings:
    """The settings that the user gave. ValueError for those that will not do."""
    prefix = "report."
    given = {name.removeprefix(prefix): value for name, value in vars(options).items() if name.startswith(prefix)}
    return ReportSettings(**given)


def report(options: argparse.Namespace) -> int:
    """Write the report. ValueError and RuntimeError, in a sentence that says what to do, where that fails."""
    from ..jobs.rows import read_rows
    from .write import INDEX, write_report

    rows = (row for source in options.scenes for row in read_rows(Path(source)))
    target = Path(options.report)
    write_report(rows, target, report_settings(options), _tell)
    say(str(target / INDEX))
    return 0


def _tell(count: int) -> None:
    if count % _EVERY == 0:
        log.info("%d pictures", count)
