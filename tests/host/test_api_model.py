"""API Captioner on a real ComfyUI server, against a local server that speaks the protocols."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="the test server needs aiohttp")

from engine.api_speaker import speak
from engine.protocol_server import ProtocolServer, Received, Weighed
from host.comfy_server import Host, Server, prepare_base
from host.graphs import OURS, Prompt, add, pictures
from timed import wait_until, within

KEYS = {
    "OPENAI_API_KEY": "sk-openai-0123456789abcdef",
    "ANTHROPIC_API_KEY": "sk-claude-0123456789abcdef",
    "OPENROUTER_API_KEY": "sk-router-0123456789abcdef",
    "OPENAI_CUSTOM_HEADERS": "Authorization: Bearer sk-header-0123456789abcdef",
}
OWN_KEY = "own-key-0123456789abcdef"


@pytest.fixture(scope="module")
def api() -> Iterator[ProtocolServer]:
    with ProtocolServer(speak) as running:
        yield running


@pytest.fixture(autouse=True)
def untouched(api: ProtocolServer) -> None:
    api.script, api.delay_s = speak, 0.0
    api.received.clear()


@pytest.fixture(scope="module")
def comfy(host: Host, api: ProtocolServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with keys in its environment; one of them for the address 127.0.0.1 and the test server's port."""
    for package in ("openai", "anthropic"):
        found = subprocess.run([host.python, "-c", f"import {package}"], capture_output=True, check=False)
        if found.returncode:
            pytest.skip(f"the host's Python lacks the package {package} (optional extra: api)")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        patch.setenv(f"PATCHMATTERS_KEY_HTTP_127_0_0_1_{api.port}", OWN_KEY)
        with Server(host, prepare_base(tmp_path_factory.mktemp("comfy-api"), host)) as running:
            yield running


def _captioner(prompt: Prompt, title: str, url: str, **more: Any) -> Prompt:
    # A model that the list does not have, as in a workflow that was saved long ago, and one that was typed.
    chosen = {
        "provider": title,
        "provider.base_url": url,
        "provider.model": "gone",
        "provider.other_model": "some-model",
    }
    widgets = {"concurrency": 8, "timeout_s": 60.0, "retries": 1, "max_edge": 0, "stream": True, "cache": False}
    return add(prompt, "captioner", f"{OURS}ApiModel", **chosen, **{**widgets, "cache_mb": 64} | more)


def _graph(server: Server, title: str, url: str, **more: Any) -> Prompt:
    """One picture, captioned by all stages; the picture is saved with the graph in it, and so is the Scene."""
    prompt = _captioner(pictures(server, 1), title, url, **more)
    prompt = add(prompt, "enhance", f"{OURS}EnhanceCaption", image=["load0", 0], chat_model=["captioner", 0], seed=1,
                 preset="careful")  # fmt: skip
    prompt = add(prompt, "texts", "PreviewAny", source=["enhance", 0])
    prompt = add(prompt, "scene", f"{OURS}SaveScene", scene=["enhance", 1], filename_prefix="api/scene")
    return add(prompt, "save", "SaveImage", images=["load0", 0], filename_prefix="api/picture")


def test_a_graph_runs_and_nothing_that_it_writes_holds_a_key(comfy: Server, api: ProtocolServer) -> None:
    run = comfy.run(_graph(comfy, "custom server", api.url))
    assert not run.node_errors
    assert run.status == "success", run.message
    assert "red house" in run.outputs["texts"]["text"][0]
    assert not api.violations
    assert {received.headers["authorization"] for received in api.received} == {f"Bearer {OWN_KEY}"}
    written = list((comfy.base / "output").rglob("*.*"))
    assert {path.suffix for path in written} >= {".png", ".json"}
    texts = [path.read_bytes().decode("latin-1") for path in written]
    texts += [json.dumps(comfy.get("/history")), json.dumps(comfy.get("/object_info")), comfy.log_text()]
    assert any("some-model" in text for text in texts)  # the graph is in the picture
    assert not any("0123456789abcdef" in text for text in texts)


@pytest.mark.parametrize("title", ["OpenAI", "Claude", "OpenRouter", "custom server"])
def test_a_shared_workflow_gets_no_key_for_its_own_address(comfy: Server, title: str) -> None:
    with ProtocolServer(speak) as stranger:
        run = comfy.run(_graph(comfy, title, stranger.url))
        assert run.status == "success", run.message
        arrived = json.dumps([[dict(received.headers), received.body] for received in stranger.received])
    assert "0123456789abcdef" not in arrived
    assert "authorization" not in arrived
    assert len(stranger.received) >= 10  # candidates in one request where the provider can


def test_a_url_that_merely_looks_like_a_provider_is_an_error(comfy: Server, api: ProtocolServer) -> None:
    run = comfy.run(_graph(comfy, "OpenAI", f"http://api.openai.com@127.0.0.1:{api.port}/v1"))
    assert run.status == "error"
    assert "base URL holds a user name" in run.message
    assert not api.received


def test_a_cancel_stops_the_requests_within_a_second(comfy: Server, api: ProtocolServer) -> None:
    """The first answer comes at once, so that there is progress to cancel at; the others take half a minute."""

    def script(received: Received) -> list[str]:
        api.delay_s = 30.0
        return speak(received)

    api.script = script
    prompt = _captioner(pictures(comfy, 1), "custom server", api.url, concurrency=4)
    prompt = add(prompt, "divide", f"{OURS}Divide", image=["load0", 0])
    widgets = {"instruction": "Describe.", "candidates": 3, "temperature": 0.7, "seed": 5}
    prompt = add(prompt, "describe", f"{OURS}Describe", scene=["divide", 0], chat_model=["captioner", 0], **widgets)
    prompt = add(prompt, "look", f"{OURS}Inspect", scene=["describe", 0])
    run = comfy.run(_with_defaults(comfy, prompt), interrupt_at="describe")
    assert run.status == "interrupted"
    assert run.interrupted_after is not None
    assert run.interrupted_after < within(1.0, 15.0)
    wait_until(lambda: api.in_flight == 0)


def _with_defaults(server: Server, prompt: Prompt) -> Prompt:
    """The prompt with every required widget that it leaves out at its default."""
    info = server.get("/object_info")
    return {
        name: {**spec, "inputs": {**_defaults(info[spec["class_type"]]), **spec["inputs"]}}
        for name, spec in prompt.items()
    }


def _defaults(info: Mapping[str, Any]) -> dict[str, Any]:
    specs = {name: spec[1] for name, spec in info["input"].get("required", {}).items() if len(spec) > 1}
    return {name: options["default"] for name, options in specs.items() if "default" in options}


def test_a_rerun_after_an_error_asks_only_for_what_is_missing(comfy: Server, api: ProtocolServer) -> None:
    from engine.protocol_server import Fault

    failing = True

    def script(received: Received) -> list[str] | Fault:
        fails = failing and received.images and received.images[0] == (96, 96) and received.body["temperature"] == 0.2
        return Fault.BAD_REQUEST if fails else speak(received)

    api.script = script
    graph = _graph(comfy, "custom server", api.url, max_edge=1000)
    first = comfy.run(graph)
    assert first.status == "error"
    assert "whole" in first.message
    described = sum(1 for received in api.received if received.images)
    failing = False
    api.received.clear()
    assert comfy.run(graph).status == "success"
    assert described == 13
    assert sum(1 for received in api.received if received.images) == 1


def _is_green(received: Received) -> bool:
    """Whether the question shows a part of the second of `pictures`."""
    from PIL import Image

    parts = [part for part in received.body["messages"][-1]["content"] if part["type"] == "image_url"]
    data = base64.b64decode(parts[0]["image_url"]["url"].partition(",")[2])
    with Image.open(io.BytesIO(data)) as picture:
        red, green, _ = picture.convert("RGB").getpixel((picture.width - 2, picture.height - 2))
    return red < 100 < green


@pytest.mark.parametrize("as_list", [False, True])
def test_one_refused_picture_keeps_its_place_and_is_asked_again(
    comfy: Server, api: ProtocolServer, as_list: bool
) -> None:
    from engine.protocol_server import Fault

    refuses = True

    def script(received: Received) -> list[str] | Fault:
        return Fault.BAD_REQUEST if refuses and received.images and _is_green(received) else speak(received)

    api.script = script
    prompt = _captioner(pictures(comfy, 3), "custom server", api.url, max_edge=1001 + as_list)
    if as_list:
        prompt = add(prompt, "list", "RebatchImages", images=["batch", 0], batch_size=1)
    prompt = add(prompt, "enhance", f"{OURS}EnhanceCaption", image=["list" if as_list else "batch", 0],
                 chat_model=["captioner", 0], seed=1, preset="fast")  # fmt: skip
    prompt = add(prompt, "texts", "PreviewAny", source=["enhance", 0])
    first = comfy.run(prompt)
    assert first.status == "success", first.message
    assert [bool(text.strip()) for text in first.outputs["texts"]["text"]] == [True, False, True]
    refuses = False
    api.received.clear()
    again = comfy.run(prompt)
    assert [bool(text.strip()) for text in again.outputs["texts"]["text"]] == [True, True, True]
    asked = [received for received in api.received if received.images]
    assert asked
    assert all(map(_is_green, asked)), "what was answered was paid once"
    api.received.clear()
    assert comfy.run(prompt).status == "success"
    assert not api.received


def test_the_list_of_a_local_server_is_read_when_the_browser_asks(comfy: Server) -> None:
    """No server runs on the usual ports here: the list holds the one entry that always works."""
    info = comfy.get(f"/object_info/{OURS}ApiModel")[f"{OURS}ApiModel"]
    (kind, options) = info["input"]["required"]["provider"]
    assert kind == "COMFY_DYNAMICCOMBO_V3"
    by_title = {option["key"]: option["inputs"]["required"] for option in options["options"]}
    assert {"OpenAI", "Claude", "Zhipu", "OpenRouter", "Ollama", "LM Studio", "vLLM", "custom server"} <= set(by_title)
    assert by_title["Ollama"]["model"][1]["options"][0] == "(its first model)"
    assert "gpt-4o" in by_title["OpenAI"]["model"][1]["options"]
    assert not any("key" in name for inputs in by_title.values() for name in inputs)


# --- the button that asks for models ---


def _ask(server: Server, question: object) -> tuple[int, Any]:
    """Status and answer of the route that web/js/model_list.js asks."""
    request = urllib.request.Request(
        f"{server.url}/patchmatters/models",
        data=(question if isinstance(question, str) else json.dumps(question)).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_models_of_a_server_are_listed_vision_first_and_no_embeddings(comfy: Server, api: ProtocolServer) -> None:
    names = ["bge-m3", "llama-3.1-8b-instruct", "text-embedding-3-small", "qwen2.5-vl-7b"]
    api.routes = {"/v1/models": {"object": "list", "data": [{"id": name} for name in names]}}
    api.other_requests.clear()
    status, told = _ask(comfy, {"provider": "custom server", "base_url": api.url})
    assert (status, told["listed"]) == (200, 2)
    assert told["models"] == ["(its first model)", "qwen2.5-vl-7b", "llama-3.1-8b-instruct"]
    keys = {headers.get("Authorization") for path, headers in api.other_requests if path == "/v1/models"}
    assert keys == {f"Bearer {OWN_KEY}"}
    status, told = _ask(comfy, {"provider": "OpenAI", "base_url": api.url})  # suggestions stay in front
    assert (status, told["models"][0], told["models"][-1]) == (200, "gpt-6-luna", "llama-3.1-8b-instruct")
    assert not any("sk-openai" in json.dumps(headers) for _, headers in api.other_requests)


@pytest.mark.parametrize(
    ("question", "status", "problem"),
    [
        ({"provider": "Ollama"}, 502, "Ollama at http://127.0.0.1:11434 cannot be reached: start it"),
        ({"provider": "Zhipu"}, 502, "Zhipu needs a key: set the environment variable ZHIPUAI_API_KEY"),
        ({"provider": "custom server"}, 400, "needs a base URL"),
        ({"provider": "custom server", "base_url": "http://8.8.8.8/v1"}, 400, "plain HTTP to a public address"),
        ({"provider": "nobody"}, 400, "There is no provider 'nobody'"),
        ({"provider": 1}, 400, "provider and base_url are texts"),
        ([], 400, "Ask with a JSON object"),
        ("{", 400, "Ask with a JSON object"),
    ],
)
def test_why_there_is_no_list_is_said(comfy: Server, question: object, status: int, problem: str) -> None:
    found, told = _ask(comfy, question)
    assert found == status and problem in told["problem"]


# --- the service as judge ---


@pytest.mark.parametrize("model", ["chat model as judge", "chat model as judge, one list per crop"])
def test_a_service_judges_what_it_said(comfy: Server, api: ProtocolServer, model: str) -> None:
    def script(received: Received) -> Any:
        if received.prompt.startswith("Does this picture show:"):
            return Weighed((("Yes", {"Yes": 0.6, " yes": 0.3, "No": 0.1}),))
        if received.prompt.startswith("Look at the picture and judge"):
            return _list(received)
        return speak(received)

    api.script = script
    prompt = _captioner(pictures(comfy, 1), "custom server", api.url, max_edge=1010 + len(model))
    prompt = add(prompt, "scorer", f"{OURS}Scorer", model=model, chat_model=["captioner", 0])
    prompt = add(prompt, "enhance", f"{OURS}EnhanceCaption", image=["load0", 0], chat_model=["captioner", 0],
                 scorer=["scorer", 0], seed=1, preset="careful")  # fmt: skip
    prompt = add(prompt, "texts", "PreviewAny", source=["enhance", 0])
    run = comfy.run(prompt)
    assert run.status == "success", run.message
    assert "red house" in run.outputs["texts"]["text"][0]
    assert not api.violations
    asked = [received.prompt for received in api.received]
    one_by_one = [text for text in asked if text.startswith("Does this picture show:")]
    lists = [text for text in asked if text.startswith("Look at the picture and judge")]
    assert bool(one_by_one) is (model == "chat model as judge") and bool(lists) is not bool(one_by_one)


def test_a_cancel_stops_the_judging_within_a_second(comfy: Server, api: ProtocolServer) -> None:
    """The first question is answered at once, so that there is progress to cancel at; the others take half a minute."""

    def script(received: Received) -> Any:
        if not received.prompt.startswith("Does this picture show:"):
            return speak(received)
        api.delay_s = 30.0
        return Weighed((("Yes", {"Yes": 0.9, "No": 0.1}),))

    api.script = script
    prompt = _captioner(pictures(comfy, 1), "custom server", api.url, max_edge=1003)
    prompt = add(prompt, "divide", f"{OURS}Divide", image=["load0", 0])
    prompt = add(prompt, "describe", f"{OURS}Describe", scene=["divide", 0], chat_model=["captioner", 0])
    prompt = add(prompt, "compare", f"{OURS}Compare", scene=["describe", 0])
    prompt = add(prompt, "scorer", f"{OURS}Scorer", model="chat model as judge", chat_model=["captioner", 0])
    prompt = add(prompt, "filter", f"{OURS}Filter", scene=["compare", 0], scorer=["scorer", 0])
    prompt = add(prompt, "look", f"{OURS}Inspect", scene=["filter", 0])
    run = comfy.run(_with_defaults(comfy, prompt), interrupt_at="filter")
    assert run.status == "interrupted"
    assert run.interrupted_after is not None and run.interrupted_after < within(1.0, 15.0)


def _list(received: Received) -> str:
    return json.dumps({"verdicts": [0.9] * len(re.findall(r"^\d+\. ", received.prompt, re.M))})
