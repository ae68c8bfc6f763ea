"""Running somebody's text-to-image workflow on a ComfyUI by its API, with another prompt and another seed."""

from __future__ import annotations

import copy
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image

Prompt = dict[str, Any]
_POLL_S = 0.5


@dataclass(frozen=True)
class Slots:
    """Where the workflow takes what changes: ("6", "text") is input `text` of node 6."""

    prompts: tuple[tuple[str, str], ...]
    seeds: tuple[tuple[str, str], ...]


def slot(text: str) -> tuple[str, str]:
    """("6", "text") from "6.text". ValueError for anything else."""
    node, dot, name = text.partition(".")
    if not (node and dot and name):
        raise ValueError(f"{text!r} names no input: write it as NODE.INPUT, such as 6.text.")
    return node, name


def check_slots(workflow: Mapping[str, Any], slots: Slots) -> None:
    """ValueError where the workflow is not in the API format or has no such input."""
    if not all(isinstance(node, dict) and "class_type" in node for node in workflow.values()) or not workflow:
        raise ValueError("The workflow is not in the API format: use Export (API) in ComfyUI.")
    for node, name in (*slots.prompts, *slots.seeds):
        if name not in workflow.get(node, {}).get("inputs", {}):
            raise ValueError(f"The workflow has no input {node}.{name}: look it up in the exported file.")


def filled(workflow: Mapping[str, Any], slots: Slots, text: str, seed: int) -> Prompt:
    """The workflow with this prompt and seed."""
    made = copy.deepcopy(dict(workflow))
    for node, name in slots.prompts:
        made[node]["inputs"][name] = text
    for node, name in slots.seeds:
        made[node]["inputs"][name] = seed
    return made


def with_regions(workflow: Mapping[str, Any], slots: Slots, scene_file: str, seed: int) -> Prompt:
    """The workflow with Regional Conditioning of a Scene in the input folder in place of its encoded prompt.

    ValueError where the prompt goes to a node without a CLIP of its own.
    """
    made = filled(workflow, slots, "", seed)
    node = slots.prompts[0][0]
    clip = made[node]["inputs"].get("clip")
    if not isinstance(clip, list):
        raise ValueError(
            f"Node {node} has no clip input, so its prompt cannot be given by regions: leave that arm out."
        )
    made["pm_scene"] = {"class_type": "PatchMatters_LoadScene", "inputs": {"scene_file": scene_file}}
    made["pm_regional"] = {
        "class_type": "PatchMatters_RegionalConditioning",
        "inputs": _REGIONAL | {"scene": ["pm_scene", 0], "clip": clip},
    }
    for name, one in made.items():
        if name != "pm_regional":
            one["inputs"] = {
                key: ["pm_regional", 0] if value == [node, 0] else value for key, value in one["inputs"].items()
            }
    return made


def _regional_defaults() -> dict[str, Any]:
    from patchmatters.generate import BudgetSettings, FitSettings, RegionalSettings, RegionWords
    from patchmatters.options import options_of

    kinds = (RegionalSettings, FitSettings, BudgetSettings, RegionWords)
    return {one.name: one.default for kind in kinds for one in options_of(kind)}


_REGIONAL = _regional_defaults()


class Comfy:
    """A ComfyUI at an address. RuntimeError, naming what it said, where it refuses or does not answer."""

    def __init__(self, url: str, patience_s: float = 600.0) -> None:
        self.url, self.patience_s = url.rstrip("/"), patience_s

    def pictures(self, prompt: Mapping[str, Any]) -> list[Image.Image]:
        """The pictures that the prompt saves or shows, in the order of its nodes."""
        sent = self._json("/prompt", {"prompt": prompt, "client_id": uuid.uuid4().hex})
        if sent.get("node_errors"):
            raise RuntimeError(f"ComfyUI refuses the workflow: {json.dumps(sent['node_errors'])[:600]}.")
        outputs = self._finished(sent["prompt_id"])
        files = [one for node in prompt for one in outputs.get(node, {}).get("images", ())]
        if not files:
            raise RuntimeError("The workflow gave no picture: let it end in Save Image or Preview Image.")
        return [self._picture(one) for one in files]

    def _finished(self, prompt_id: str) -> Mapping[str, Any]:
        end = time.monotonic() + self.patience_s
        while time.monotonic() < end:
            run = self._json(f"/history/{prompt_id}").get(prompt_id)
            if run and run["status"]["status_str"] == "error":
                raise RuntimeError(f"ComfyUI failed: {json.dumps(run['status']['messages'][-1])[:600]}.")
            if run and run["status"]["completed"]:
                return run["outputs"]
            time.sleep(_POLL_S)
        raise RuntimeError(f"ComfyUI had no picture after {self.patience_s:g} s: raise --patience.")

    def upload(self, name: str, content: bytes) -> str:
        """Put a file into the input folder; the name that it got there."""
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
        tail = f'\r\n--{mark}\r\nContent-Disposition: form-data; name="overwrite"\r\n\r\ntrue\r\n--{mark}--\r\n'
        body = head.encode() + content + tail.encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        return json.loads(self._fetch(urllib.request.Request(f"{self.url}/upload/image", body, kind)))["name"]

    def _picture(self, file: Mapping[str, str]) -> Image.Image:
        named = {key: file[key] for key in ("filename", "subfolder", "type")}
        found = self._fetch(urllib.request.Request(f"{self.url}/view?{urllib.parse.urlencode(named)}"))
        return Image.open(BytesIO(found)).convert("RGB")

    def _json(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        return json.loads(
            self._fetch(urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}))
        )

    def _fetch(self, request: urllib.request.Request) -> bytes:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:600]
            raise RuntimeError(f"ComfyUI answers {error.code} ({said}).") from None
        except OSError as error:
            raise RuntimeError(f"There is no ComfyUI at {self.url} ({error}): start it, or give --comfy.") from None


def ids_of(slots: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple(slot(text) for text in slots)
