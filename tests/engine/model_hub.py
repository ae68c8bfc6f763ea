"""A hub on 127.0.0.1 that serves model folders as Hugging Face's does: listings, files, and the rest of a file."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Hub:
    """Serves folders as models; can break off after some bytes of weights, and notes what is asked."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self.folders = folders
        self.address = ""
        self.break_after: int | None = None
        self.asked: list[str] = []
        self.ranges: list[str] = []

    def listing(self, model: str) -> dict[str, Any]:
        files = sorted(path for path in self.folders[model].iterdir() if path.is_file())
        return {
            "sha": "c" * 40,
            "siblings": [
                {"rfilename": path.name, "size": path.stat().st_size, "lfs": {"sha256": _digest(path)}}
                for path in files
            ],
        }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class SendingHandler(BaseHTTPRequestHandler):
    """A handler that sends whole contents, or their beginnings, and logs nothing."""

    def send(self, content: bytes, status: int = 200, limit: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:limit])

    def log_message(self, *given: Any) -> None:
        pass


@contextmanager
def at_address(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address at which a handler answers, while the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving(folders: Mapping[str, Path]) -> Iterator[Hub]:
    """The hub, while the block lasts; `address` is what HF_ENDPOINT has to be."""
    state = Hub(folders)

    class Handler(SendingHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            if self.path.startswith("/api/models/"):
                model = self.path.removeprefix("/api/models/").partition("?")[0]
                self.send(json.dumps(state.listing(model)).encode())
                return
            model, _, rest = self.path.removeprefix("/").partition("/resolve/")
            content, wanted = (state.folders[model] / rest.partition("/")[2]).read_bytes(), self.headers.get("Range")
            if wanted:
                state.ranges.append(wanted)
                self.send(content[int(wanted.split("=")[1].rstrip("-")) :], 206)
            else:
                self.send(content, limit=state.break_after if rest.endswith(".safetensors") else None)

    with at_address(Handler) as state.address:
        yield state
