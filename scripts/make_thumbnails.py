"""Make the template pictures in `workflows/` from what the browser tests photographed: run those tests first."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 800  # pixels; the template browser shows them at about half of that


def main() -> None:
    for workflow in sorted((ROOT / "workflows").glob("*.json")):
        shot = ROOT / "out" / f"{workflow.stem}_graph.png"
        if not shot.exists():
            sys.exit(f"There is no {shot.name} in out/: run the tests in tests/browser first.")
        with Image.open(shot) as opened:
            picture = opened.convert("RGB")
        small = picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS)
        target = workflow.with_suffix(".jpg")
        small.save(target, quality=72, optimize=True)
        print(f"{target.name}: {target.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
