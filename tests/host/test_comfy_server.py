"""The harness itself, with a server that is no ComfyUI: many may start side by side, and none is taken for another."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from host import comfy_server
from host.comfy_server import Host, Server, free_port

_STAND_IN = """
import http.server, json, socketserver, sys

class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"system": {"argv": sys.argv}}).encode())

port = int(sys.argv[sys.argv.index("--port") + 1])
try:
    socketserver.TCPServer(("127.0.0.1", port), Answers).serve_forever()
except OSError:
    sys.exit(f"Port {port} is already in use on address 127.0.0.1.")
"""


def server(tmp_path: Path, name: str) -> Server:
    (tmp_path / name).mkdir()
    (tmp_path / "main.py").write_text(_STAND_IN, encoding="utf-8")
    return Server(Host(tmp_path, sys.executable), tmp_path / name)


def test_a_port_that_another_server_has_taken_is_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with server(tmp_path, "first") as first:
        taken = int(first.url.rpartition(":")[2])
        ports = iter([taken, taken, free_port()])
        monkeypatch.setattr(comfy_server, "free_port", lambda: next(ports))
        with server(tmp_path, "second") as second:
            assert second.url != first.url
            assert str(second.base) in second.get("/system_stats")["system"]["argv"]
        assert str(first.base) in first.get("/system_stats")["system"]["argv"]
        assert first.process.poll() is None
    assert second.process.poll() is not None
