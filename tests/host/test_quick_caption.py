"""Quick Caption on a real ComfyUI server: the small models come from a hub on 127.0.0.1 at the first run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from engine.model_hub import Hub, serving
from host.comfy_server import PACK, Host, Server, prepare_base
from host.graphs import OURS, add, ids, pictures
from host.workflow_files import api_prompt, read_workflow, workflow
from patchmatters.backends.local.kinds import SMALL_CAPTIONER, SMALL_SCORER

_BUILD = """
import json, sys, pathlib, torch
torch.set_num_threads(1)
from tests.engine import tiny_models
root = pathlib.Path(sys.argv[1])
for name in ("llava", "siglip"):
    torch.manual_seed(0)
    getattr(tiny_models, name)(root / name)
# A random model seldom ends by itself: a few words end an answer.
path = root / "llava" / "generation_config.json"
path.write_text(json.dumps(json.loads(path.read_text()) | {"eos_token_id": [2, *range(12, 90, 6)]}))
"""


MEAGRE = {"on_failure": "continue"}  # a tiny model's answers are nonsense, and some are empty


@pytest.fixture(scope="module")
def hub(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Tiny real models in the place of the small ones, built by the host's own transformers."""
    root = tmp_path_factory.mktemp("hub")
    environment = os.environ | {"PYTHONPATH": str(PACK), "HF_HUB_OFFLINE": "1"}
    command = [host.python, "-c", _BUILD, str(root)]
    built = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=300)
    if "No module named" in built.stderr:
        pytest.skip(f"the host cannot build the tiny models: {built.stderr.strip().splitlines()[-1]}")
    assert built.returncode == 0, built.stderr[-2000:]
    with serving({SMALL_CAPTIONER: root / "llava", SMALL_SCORER: root / "siglip"}) as state:
        yield state


@pytest.fixture(scope="module")
def server(host: Host, hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, which downloads from that hub."""
    base = prepare_base(tmp_path_factory.mktemp("quick"), host)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", hub.address)
        patch.setenv("HF_HUB_OFFLINE", "0")
        with Server(host, base) as running:
            yield running


def test_the_template_downloads_the_small_models_once_and_captions(server: Server, hub: Hub) -> None:
    prompt = api_prompt(read_workflow(workflow("start_here")), server.get("/object_info"))
    (quick,) = ids(prompt, "QuickCaption")
    assert prompt[quick]["inputs"]["model"] == "small"
    prompt[quick]["inputs"] |= MEAGRE
    first = server.run(prompt, timeout_s=500)
    assert (first.status, first.node_errors) == ("success", {}), first.message
    (caption,) = ids(prompt, "PreviewAny")
    assert first.outputs[caption]["text"][0].strip()
    models = server.base / "models" / "LLM"
    assert (models / SMALL_CAPTIONER / "model.safetensors").is_file()
    assert (models / SMALL_SCORER / "model.safetensors").is_file()
    assert {"download"} <= {note["stage"] for note in first.told if note["node"] == quick}
    asked = len(hub.asked)
    second = server.run(prompt)
    assert (second.status, second.outputs[caption]) == ("success", first.outputs[caption])
    assert len(hub.asked) == asked


def test_a_model_that_is_neither_here_nor_well_known_is_refused(server: Server) -> None:
    given = {"model": "somebody/unknown", "preset": "fast", "seed": 0} | MEAGRE
    prompt = add(pictures(server, 1), "quick", f"{OURS}QuickCaption", image=["batch", 0], **given)
    run = server.run(add(prompt, "caption", "PreviewAny", source=["quick", 0]))
    assert run.status == "invalid"
    assert "There is no model 'somebody/unknown'" in str(run.node_errors)
