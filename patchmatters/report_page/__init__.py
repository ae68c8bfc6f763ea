"""A captioned folder as a page to look through: no server, no network, opened from a file.

    write_report(rows, Path("report"))

`rows` come from a file of Scenes (`patchmatters.jobs.rows`); `report/index.html` is what to open.
"""

from .settings import ReportSettings
from .write import write_report

__all__ = ["ReportSettings", "write_report"]
