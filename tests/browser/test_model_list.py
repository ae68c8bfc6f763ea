"""The button of API Captioner that asks for a server's models, in the real frontend."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("aiohttp", reason="the test server needs aiohttp")

from browser.conftest import Browser
from engine.protocol_server import ProtocolServer
from host.comfy_server import Server

SHOTS = Path(__file__).resolve().parents[2] / "out"
LISTED = ["text-embedding-nomic-embed-text-v1.5", "llama-3.1-8b-instruct", "qwen2.5-vl-7b", "bge-m3"]
OFFERED = ["(its first model)", "qwen2.5-vl-7b", "llama-3.1-8b-instruct"]  # those that see first, no embeddings


@pytest.mark.parametrize("vue", [False, True], ids=["classic", "nodes 2.0"])
def test_the_models_of_a_server_are_offered_when_the_button_is_pressed(
    browser: Browser, frontend: Server, tmp_path: Path, vue: bool
) -> None:
    SHOTS.mkdir(exist_ok=True)
    routes = {"/v1/models": {"object": "list", "data": [{"id": name} for name in LISTED]}}
    with ProtocolServer(routes=routes) as server, ProtocolServer() as empty:
        tools = {"chromium": browser.chromium, "playwright": str(browser.playwright), "shot": str(SHOTS)}
        wanted = {"url": frontend.url, "vue": vue, "server": server.url, "down": empty.url}
        plan = tmp_path / "plan.json"
        plan.write_text(json.dumps({**tools, **wanted}), encoding="utf-8")
        script = Path(__file__).with_name("model_list.mjs")
        done = subprocess.run([browser.node, script, plan], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout)
    assert (seen["problems"], seen["external"]) == ([], [])
    assert seen["before"][-1]["name"] == "list_models" and seen["before"][-1]["label"] == "Refresh models"
    assert seen["offered"] == OFFERED and seen["chosen"] == OFFERED[0]
    assert seen["label"] == "Refresh models (2)"
    assert "gpt-4o" in seen["elsewhere"]["model"]["values"]
    assert "qwen2.5-vl-7b" not in seen["elsewhere"]["model"]["values"]
    values = {one["name"]: one["value"] for one in seen["again"]}
    assert values["provider.model"] == "qwen2.5-vl-7b" and values["concurrency"] == 5
    assert len(seen["saved"]) == len(seen["again"]) - 1 and None not in seen["saved"]
    (node,) = seen["prompt"].values()
    assert "list_models" not in node["inputs"] and node["inputs"]["provider.model"] == "qwen2.5-vl-7b"
    assert "has no list of models (status 404)" in seen["told"]
    assert seen["labelAfter"] == "Refresh models"
