"""The modules of `web/js` run in Node: they touch the page only where they are asked to."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
Evaluate = Callable[[str, Any], Any]


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("there is no node")
    return found


@pytest.fixture(scope="session")
def evaluate(node: str, tmp_path_factory: pytest.TempPathFactory) -> Evaluate:
    """`evaluate(body, data)`: what a module's body returns that has `data` and imports from "./js/" or "./report/"."""
    folder = tmp_path_factory.mktemp("modules")
    for part in ("js", "report"):
        shutil.copytree(ROOT / "web" / part, folder / part)
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")

    def run(body: str, data: Any) -> Any:
        imports = "\n".join(line for line in body.splitlines() if line.startswith("import "))
        rest = "\n".join(line for line in body.splitlines() if not line.startswith("import "))
        reading = 'import fs from "node:fs"\nconst data = JSON.parse(fs.readFileSync("data.json", "utf8"))'
        answer = f"fs.writeFileSync('answer.json', JSON.stringify((() => {{ {rest} }})()))"
        (folder / "case.js").write_text(f"{imports}\n{reading}\n{answer}\n", encoding="utf-8")
        (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")
        done = subprocess.run([node, "case.js"], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads((folder / "answer.json").read_text(encoding="utf-8"))

    return run
