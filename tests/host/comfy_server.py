"""A real ComfyUI with this pack in it, on a free port and in a folder of its own, and a client that runs prompts.

The user's ComfyUI is only read: models, custom nodes, inputs, outputs and settings all live in a temporary base folder.
`COMFYUI_PATH` names the checkout (default: ComfyUI in the home folder), `COMFYUI_PYTHON` its interpreter.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PACK = Path(__file__).resolve().parents[2]
PACK_FOLDER = "patchmatters"  # the folder that the registry makes: the project's name
FOLDERS = ("custom_nodes", "input", "models", "output", "temp", "user")
PORTS_TRIED = 3
TAKEN = "is already in use on address"  # ComfyUI's words
END = {"execution_success": "success", "execution_error": "error", "execution_interrupted": "interrupted"}


@dataclass(frozen=True)
class Host:
    """A ComfyUI checkout and the Python that can run it."""

    path: Path
    python: str


def find_host() -> Host | str:
    """The host to test on, or a sentence that says why there is none."""
    path = Path(os.environ.get("COMFYUI_PATH") or Path.home() / "ComfyUI")
    if not (path / "main.py").is_file():
        return f"there is no ComfyUI at {path}: set COMFYUI_PATH"
    python = find_python(path)
    if python is None:
        return f"no Python with torch was found for {path}: set COMFYUI_PYTHON"
    return Host(path, python)


def find_python(comfy: Path) -> str | None:
    """COMFYUI_PYTHON, else the checkout's virtual environment, else one in the home folder, else this Python."""
    if os.environ.get("COMFYUI_PYTHON"):
        return os.environ["COMFYUI_PYTHON"]
    tail = Path("Scripts/python.exe") if os.name == "nt" else Path("bin/python")
    for folder in (comfy / ".venv", comfy / "venv", Path.home() / "comfyvenv"):
        if (folder / tail).exists():
            return str(folder / tail)
    return sys.executable if importlib.util.find_spec("torch") else None


def prepare_base(base: Path, host: Host) -> Path:
    """A base folder for a server: empty folders, the host's example picture, and this pack as a custom node."""
    for name in FOLDERS:
        (base / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(host.path / "input" / "example.png", base / "input")
    install_pack(base / "custom_nodes" / PACK_FOLDER)
    return base


def install_pack(target: Path) -> None:
    """Link this pack to `target`, or copy what a release would hold where links are not allowed."""
    try:
        target.symlink_to(PACK, target_is_directory=True)
    except OSError:
        target.mkdir()
        for name in ("nodes", "patchmatters", "web", "workflows", "locales", "subgraphs"):
            shutil.copytree(PACK / name, target / name)
        for name in ("__init__.py", "pyproject.toml", "requirements.txt"):
            shutil.copy(PACK / name, target)


@dataclass
class Run:
    """What one prompt did. `executed` are the nodes that really ran, in order; `cached` those that did not."""

    status: str = ""
    executed: list[str] = field(default_factory=list)
    cached: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    progress: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    node_errors: Mapping[str, Any] = field(default_factory=dict)
    interrupted_after: float | None = None
    told: list[Mapping[str, Any]] = field(default_factory=list)  # the pack's own notes under a node

    @property
    def message(self) -> str:
        """The error's text as the user sees it, empty if there was none."""
        return str((self.error or {}).get("exception_message", "")).strip()


class PortTakenError(RuntimeError):
    """Another process took the port while the server was on its way to it."""


class Server:
    """ComfyUI on a free loopback port; ended by its own process on exit. Any number may run side by side."""

    def __init__(self, host: Host, base: Path, extra: Sequence[str] = (), wait_s: float = 180) -> None:
        self.host, self.base, self.extra, self.wait_s = host, base, list(extra), wait_s
        self.log = base / "server.log"

    def __enter__(self) -> Server:
        for _ in range(PORTS_TRIED - 1):
            with contextlib.suppress(PortTakenError):
                return self._started(free_port())
        return self._started(free_port())

    def _started(self, port: int) -> Server:
        self.url = f"http://127.0.0.1:{port}"
        answers = {"PATCHMATTERS_CACHE": str(self.base / "answers.sqlite")}  # not the user's
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self._command(port),
                cwd=self.host.path,
                env=os.environ | answers,
                stdout=log,
                stderr=subprocess.STDOUT,
                **own_group(),
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _command(self, port: int) -> list[str]:
        return [
            *(self.host.python, "main.py", "--cpu", "--listen", "127.0.0.1", "--port", str(port)),
            *("--base-directory", str(self.base), "--database-url", "sqlite:///:memory:"),
            *("--disable-auto-launch", "--disable-api-nodes", *self.extra),
        ]

    def _wait(self) -> None:
        deadline = time.monotonic() + self.wait_s
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                log = self.log_text()
                wrong = PortTakenError if TAKEN in log else RuntimeError
                raise wrong(f"the server did not come up:\n{log[-4000:]}")
            time.sleep(0.25)

    def _answers(self) -> bool:
        """Whether this very server answers, and not another one that came to the port before it."""
        try:
            return str(self.base) in self.get("/system_stats")["system"]["argv"]
        except (OSError, ValueError, KeyError):
            return False

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is not None:
            return
        end_group(self.process, gently=True)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            end_group(self.process, gently=False)
            self.process.wait()

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def get(self, path: str) -> Any:
        """The JSON that the server answers to GET `path`."""
        with urllib.request.urlopen(self.url + path, timeout=30) as response:
            return json.load(response)

    def run(self, prompt: Mapping[str, Any], interrupt_at: str | None = None, timeout_s: float = 240) -> Run:
        """Run an API-format prompt to its end. `interrupt_at` cancels it as soon as that node starts."""
        return asyncio.run(asyncio.wait_for(_run(self.url, prompt, interrupt_at), timeout_s))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def own_group() -> dict[str, Any]:
    """Popen arguments by which the server can be ended without ending the tests."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def end_group(process: subprocess.Popen[bytes], gently: bool) -> None:
    with contextlib.suppress(ProcessLookupError):
        if os.name == "nt":
            process.send_signal(signal.CTRL_BREAK_EVENT) if gently else process.kill()
        else:
            # Not SIGINT: what a shell started in the background ignores it, and so would the server.
            os.killpg(process.pid, signal.SIGTERM if gently else signal.SIGKILL)


async def _run(url: str, prompt: Mapping[str, Any], interrupt_at: str | None) -> Run:
    import aiohttp

    run, client = Run(), uuid.uuid4().hex
    messages = f"{url}/ws?clientId={client}"
    async with aiohttp.ClientSession() as http, http.ws_connect(messages, max_msg_size=0) as socket_:
        async with http.post(f"{url}/prompt", json={"prompt": dict(prompt), "client_id": client}) as response:
            body = await response.json()
        run.node_errors = body.get("node_errors") or {}
        if response.status != 200:
            run.status, run.error = "invalid", body.get("error")
            return run
        await _follow(run, http, socket_, url, body["prompt_id"], interrupt_at)
    return run


async def _follow(run: Run, http: Any, socket_: Any, url: str, prompt_id: str, interrupt_at: str | None) -> None:
    """Read messages until the prompt has ended."""
    sent_at: float | None = None
    async for message in socket_:
        if not isinstance(message.data, str):  # a preview picture
            continue
        event = json.loads(message.data)
        kind, data = event["type"], event.get("data") or {}
        if data.get("prompt_id") not in (None, prompt_id):
            continue
        _note(run, kind, data)
        if interrupt_at is not None and sent_at is None and kind == "executing" and data["node"] == interrupt_at:
            sent_at = time.monotonic()
            await http.post(f"{url}/interrupt", json={"prompt_id": prompt_id})
        if run.status:
            run.interrupted_after = None if sent_at is None else time.monotonic() - sent_at
            return


def _note(run: Run, kind: str, data: Mapping[str, Any]) -> None:
    """Put one message of the server into the record of the run."""
    if kind == "execution_cached":
        run.cached = list(data["nodes"])
    elif kind == "executing" and data.get("node"):
        run.executed.append(data["node"])
    elif kind == "executed":
        run.outputs[data["node"]] = data["output"]
    elif kind == "progress":
        run.progress.setdefault(data["node"], []).append((data["value"], data["max"]))
    elif kind == "patchmatters.progress":
        run.told.append(data)
    elif kind in END and data.get("exception_type") != "ExecutionBlocked":
        run.status = END[kind]
        run.error = None if run.status == "success" else data


def real_nodes(run: Run) -> Iterator[str]:
    """Executed nodes each once, in order: the host reports a node again when its expansion has ended."""
    return iter(dict.fromkeys(run.executed))
