"""Make the README's pictures in `docs/` from the real frontend: `python scripts/make_pictures.py`.

Starts a ComfyUI of its own (COMFYUI_PATH) and a headless Chromium; needs what the tests in tests/browser need. The
caption shown is written by a script over real stages (tests/host/harbour.py): no weights are needed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser.conftest import WEIGHTS, find_playwright  # noqa: E402
from host.comfy_server import Host, Server, find_host, prepare_base  # noqa: E402
from host.harbour import PICTURE, SCENE, write_harbour  # noqa: E402
from host.workflow_files import save_scenes, workflow  # noqa: E402

DOCS = ROOT / "docs"
LONGEST, LARGEST = 1600, 150_000  # pixels and bytes of a picture


def main() -> None:
    host = find_host()
    node, playwright = shutil.which("node"), find_playwright()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not (isinstance(host, Host) and node and playwright and chromium):
        sys.exit(f"This needs ComfyUI ({host}), node ({node}), playwright-core ({playwright}), Chromium ({chromium}).")
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        base = prepare_base(Path(folder), host)
        write_harbour(base / "input")
        for name in WEIGHTS:
            (base / "models" / name).parent.mkdir(parents=True, exist_ok=True)
            (base / "models" / name).touch()
        with Server(host, base) as server:
            save_scenes(server)
            plan = {"url": server.url, "chromium": chromium, "playwright": str(playwright), "shots": folder}
            shoot(node, Path(folder), plan)
        for shot in sorted(Path(folder).glob("shot_*.png")):
            keep(shot, DOCS / f"{shot.stem.removeprefix('shot_')}.jpg")


def shoot(node: str, folder: Path, plan: dict[str, object]) -> None:
    """Let the browser take one picture after the other into the folder."""
    script = ROOT / "tests" / "browser" / "make_pictures.mjs"
    graph = {"graph": str(workflow("caption_step_by_step")), "picture": PICTURE, "scene": SCENE}
    for name in ("inspector", "inspector_light", "graph", "templates", "help"):
        path = folder / "plan.json"
        path.write_text(json.dumps({**plan, **graph, "name": name}), encoding="utf-8")
        subprocess.run([node, script, path], check=True, timeout=300)


def keep(shot: Path, target: Path) -> None:
    """A picture small enough for a README."""
    with Image.open(shot) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((LONGEST, LONGEST))
    for quality in (88, 80, 70, 60, 50):
        picture.save(target, quality=quality, optimize=True)
        if target.stat().st_size <= LARGEST:
            break
    print(f"{target.name}: {picture.width}x{picture.height}, {target.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
