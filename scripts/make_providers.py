"""Write docs/providers.md from the table in the code."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from patchmatters.backends.api.provider_table import markdown  # noqa: E402

if __name__ == "__main__":
    (ROOT / "docs" / "providers.md").write_text(markdown(), encoding="utf-8")
