"""Where rows were until 0.2 (they are in `patchmatters.jobs.rows` now), for scripts that still ask here."""

from __future__ import annotations

from ..jobs.rows import Row, read_rows, write_rows

__all__ = ["Row", "read_rows", "write_rows"]
