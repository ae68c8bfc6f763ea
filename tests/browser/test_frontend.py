"""Every workflow opens in the real frontend without a complaint; those that need no weights run there to the end."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from browser.conftest import Browser
from host.comfy_server import Server
from host.workflow_files import WORKFLOWS, api_prompt, needs_weights, read_workflow

SHOTS = Path(__file__).resolve().parents[2] / "out"
Visits = dict[str, Any]
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
each_renderer = pytest.mark.parametrize("vue", [False, True], ids=["classic", "nodes 2.0"])


@pytest.fixture(scope="session")
def visit(browser: Browser, frontend: Server, tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Visits]:
    """`visit(vue)`: all workflows opened in one browser, each seen once; screenshots go to the ignored out/ folder."""
    seen: dict[bool, Visits] = {}

    def visit_all(vue: bool) -> Visits:
        if vue not in seen:
            seen[vue] = _drive(browser, frontend, vue, tmp_path_factory.mktemp("plan") / "plan.json")
        return seen[vue]

    return visit_all


def _drive(browser: Browser, frontend: Server, vue: bool, plan: Path) -> Visits:
    SHOTS.mkdir(exist_ok=True)
    shutil.rmtree(frontend.base / "output" / "training", ignore_errors=True)  # each run takes what is not done yet
    work = [{"path": str(path), "run": not needs_weights(read_workflow(path))} for path in WORKFLOWS]
    wanted = {"url": frontend.url, "vue": vue, "shots": str(SHOTS), "workflows": work}
    tools = {"chromium": browser.chromium, "playwright": str(browser.playwright)}
    plan.write_text(json.dumps(wanted | tools), encoding="utf-8")
    script = Path(__file__).with_name("open_workflows.mjs")
    done = subprocess.run([browser.node, script, plan], capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def _of(visits: Visits, path: Path) -> dict[str, Any]:
    return next(one for one in visits["workflows"] if one["stem"] == path.stem)


@each_renderer
def test_no_extension_fails_and_nothing_leaves_the_machine(visit: Callable[[bool], Visits], vue: bool) -> None:
    assert visit(vue)["problems"] == []
    assert visit(vue)["external"] == []


@each_renderer
@each_workflow
def test_a_workflow_opens_without_a_complaint(visit: Callable[[bool], Visits], path: Path, vue: bool) -> None:
    seen = _of(visit(vue), path)
    assert (seen["missing"], seen["messages"]) == ([], [])


@each_renderer
@each_workflow
def test_no_node_lies_on_another(visit: Callable[[bool], Visits], path: Path, vue: bool) -> None:
    seen = _of(visit(vue), path)
    assert seen["overlaps"] == []
    assert seen.get("after", seen)["overlaps"] == []


@each_workflow
def test_the_server_is_asked_what_the_tests_ask_it(
    visit: Callable[[bool], Visits], frontend: Server, path: Path
) -> None:
    """The frontend reads the file as the small converter of the host tests does."""
    frontends = {
        node: {"class_type": spec["class_type"], "inputs": _serverside(spec["inputs"])}
        for node, spec in _of(visit(False), path)["prompt"].items()
    }
    assert frontends == api_prompt(read_workflow(path), frontend.get("/object_info"))


def _serverside(inputs: dict[str, Any]) -> dict[str, Any]:
    """Without the texts that Preview as Text shows, which its frontend sends along."""
    return {name: value for name, value in inputs.items() if not name.startswith("preview")}


@each_renderer
@pytest.mark.parametrize(
    "path", [path for path in WORKFLOWS if not needs_weights(read_workflow(path))], ids=lambda path: path.stem
)
def test_a_workflow_without_weights_runs_and_shows_its_texts(
    visit: Callable[[bool], Visits], path: Path, vue: bool
) -> None:
    seen = _of(visit(vue), path)
    assert seen["run"] == {"status": "success", "message": ""}
    assert seen["after"]["texts"]
    assert all(len(text) > 40 for text in seen["after"]["texts"].values())
