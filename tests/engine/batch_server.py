"""A local server that speaks the batch interfaces of OpenAI and Anthropic as they are documented.

It checks what arrives as strictly as `protocol_server` checks single questions, and answers nothing by itself: a test
says when a batch ends, how, and what becomes of each of its questions. Both providers' results come in another order
than the questions, OpenAI's failures and unreached questions in a file of their own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from aiohttp import web

from engine.local_server import LocalServer
from engine.protocol_server import Received, Violation, checked, whole_body

UNREACHED = "unreached"  # the batch expired, or was cancelled, before this question
UNREADABLE = "unreadable"  # a line of the results that is no JSON


@dataclass(frozen=True)
class Refused:
    """A question that failed with this status."""

    status: int
    message: str
    kind: str = "invalid_request_error"


Fate = Callable[[Received], "list[str] | str | Refused"]


@dataclass
class Batch:
    """A batch that was handed in: its questions by custom_id."""

    name: str
    protocol: str
    questions: dict[str, Received]
    metadata: Mapping[str, str]
    status: str = "in_progress"
    errors: list[dict[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)  # of answers
    others: list[str] = field(default_factory=list)  # of OpenAI's error file


@dataclass
class BatchServer(LocalServer):
    """`batches` by name, in the order in which they were handed in; `handed_in` counts each custom_id."""

    batches: dict[str, Batch] = field(default_factory=dict)
    handed_in: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    lose_answers: int = 0  # so many batches are made without the client hearing of it
    port: int = 0
    _files: dict[str, str] = field(default_factory=dict)

    @property
    def open(self) -> list[Batch]:
        return [batch for batch in self.batches.values() if batch.status == "in_progress"]

    def finish(self, fate: Fate, status: str = "") -> None:
        """End every batch that is open: `fate` says what becomes of each question."""
        for batch in self.open:
            for key, received in reversed(list(batch.questions.items())):
                _LINES[batch.protocol](batch, key, received, fate(received))
            batch.status = status or ("completed" if batch.protocol == "openai" else "ended")

    def fail(self, message: str) -> None:
        """OpenAI's validation turns every open batch down."""
        for batch in self.open:
            batch.status, batch.errors = "failed", [{"code": "invalid", "message": message}]

    # --- the server ---

    def application(self) -> web.Application:
        app = web.Application(client_max_size=300 * 2**20)
        app.router.add_post("/v1/files", self._upload)
        app.router.add_get("/v1/files/{name}/content", self._content)
        app.router.add_post("/v1/batches", self._openai_create)
        app.router.add_get("/v1/batches", self._listed)
        app.router.add_get("/v1/batches/{name}", self._shown)
        app.router.add_post("/v1/messages/batches", self._anthropic_create)
        app.router.add_get("/v1/messages/batches", self._listed)
        app.router.add_get("/v1/messages/batches/{name}", self._shown)
        app.router.add_get("/v1/messages/batches/{name}/results", self._results)
        return app

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("purpose") != "batch":
            return self._violated("purpose")
        name = f"file-{len(self._files)}"
        self._files[name] = form["file"].file.read().decode()
        return web.json_response({"id": name, "object": "file", "bytes": 1, "created_at": 1, "filename": "a.jsonl",
                                  "purpose": "batch", "status": "processed"})  # fmt: skip

    async def _openai_create(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("completion_window") != "24h" or body.get("endpoint") != "/v1/chat/completions":
            return self._violated("completion_window or endpoint")
        rows = [json.loads(line) for line in self._files[body["input_file_id"]].split("\n")]
        if any((row["method"], row["url"]) != ("POST", body["endpoint"]) for row in rows):
            return self._violated("method or url of a line")
        questions = [(row["custom_id"], row["body"]) for row in rows]
        return self._create(request, "openai", questions, body.get("metadata") or {})

    async def _anthropic_create(self, request: web.Request) -> web.Response:
        body = await request.json()
        questions = [(row["custom_id"], row["params"]) for row in body["requests"]]
        if any(not 1 <= len(key) <= 64 or not key.replace("-", "").replace("_", "").isalnum() for key, _ in questions):
            return self._violated("a custom_id")
        return self._create(request, "anthropic", questions, {})

    def _create(
        self, request: web.Request, protocol: str, questions: list[tuple[str, Any]], metadata: Mapping[str, str]
    ) -> web.Response:
        keys = [key for key, _ in questions]
        if len(keys) != len(set(keys)) or any("stream" in body for _, body in questions):
            return self._violated("a custom_id twice, or a stream")
        try:
            read = {key: checked(protocol, body, request.headers) for key, body in questions}
        except Violation as violation:
            return self._violated(str(violation))
        self.handed_in.update(keys)
        batch = Batch(f"batch_{len(self.batches)}", protocol, read, metadata)
        self.batches[batch.name] = batch
        if self.lose_answers:
            self.lose_answers -= 1
            request.transport.close()
        return web.json_response(self._told(batch))

    async def _shown(self, request: web.Request) -> web.Response:
        batch = self.batches.get(request.match_info["name"])
        if batch is None:
            error = {"type": "not_found_error", "message": "no such batch"}
            return web.json_response({"type": "error", "error": error}, status=404)
        return web.json_response(self._told(batch))

    async def _listed(self, request: web.Request) -> web.Response:
        rows = [self._told(batch) for batch in reversed(self.batches.values())]
        return web.json_response({"object": "list", "data": rows, "has_more": False, "first_id": None, "last_id": None})

    async def _content(self, request: web.Request) -> web.Response:
        batch, _, kind = request.match_info["name"].rpartition("-")
        found = self.batches[batch]
        return web.Response(text="\n".join(found.lines if kind == "output" else found.others) + "\n")

    async def _results(self, request: web.Request) -> web.Response:
        lines = self.batches[request.match_info["name"]].lines
        return web.Response(text="\n".join(lines) + "\n", content_type="application/x-jsonl")

    def _told(self, batch: Batch) -> dict[str, Any]:
        return _openai_told(batch) if batch.protocol == "openai" else _anthropic_told(batch, self.url)

    def _violated(self, what: str) -> web.Response:
        self.violations.append(what)
        return web.json_response({"error": {"message": what, "type": "invalid_request_error"}}, status=400)


def _openai_told(batch: Batch) -> dict[str, Any]:
    done, failed = len(batch.lines), len(batch.others)
    return {
        "id": batch.name, "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h",
        "created_at": 1, "input_file_id": "file-0", "status": batch.status, "metadata": dict(batch.metadata),
        "output_file_id": f"{batch.name}-output" if done else None,
        "error_file_id": f"{batch.name}-error" if failed else None,
        "errors": {"object": "list", "data": batch.errors} if batch.errors else None,
        "request_counts": {"total": len(batch.questions), "completed": done, "failed": failed},
    }  # fmt: skip


def _anthropic_told(batch: Batch, url: str) -> dict[str, Any]:
    now = datetime.now(timezone.utc).isoformat()
    ended = batch.status == "ended"
    counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    return {
        "id": batch.name, "type": "message_batch", "processing_status": batch.status, "created_at": now,
        "expires_at": now, "ended_at": now if ended else None, "archived_at": None, "cancel_initiated_at": None,
        "results_url": f"{url}/messages/batches/{batch.name}/results" if ended else None,
        "request_counts": counts | {"succeeded" if ended else "processing": len(batch.questions)},
    }  # fmt: skip


def _openai_line(batch: Batch, key: str, received: Received, fate: list[str] | str | Refused) -> None:
    line: dict[str, Any] = {"id": f"batch_req_{key[:6]}", "custom_id": key, "response": None, "error": None}
    if isinstance(fate, list):
        line["response"] = {"status_code": 200, "request_id": "r", "body": whole_body(received, fate)}
        batch.lines.append(json.dumps(line))
    elif isinstance(fate, Refused):
        error = {"error": {"message": fate.message, "type": fate.kind}}
        line["response"] = {"status_code": fate.status, "request_id": "r", "body": error}
        batch.others.append(json.dumps(line))
    elif fate == UNREADABLE:
        batch.lines.append(json.dumps(line)[:40])
    else:
        line["error"] = {"code": "batch_expired", "message": "This request could not be executed before the end."}
        batch.others.append(json.dumps(line))


def _anthropic_line(batch: Batch, key: str, received: Received, fate: list[str] | str | Refused) -> None:
    if isinstance(fate, list):
        result: dict[str, Any] = {"type": "succeeded", "message": whole_body(received, fate)}
    elif isinstance(fate, Refused):
        error = {"type": fate.kind, "message": fate.message}
        result = {"type": "errored", "error": {"type": "error", "error": error}}
    else:
        result = {"type": "expired" if fate == UNREACHED else "canceled"}
    line = json.dumps({"custom_id": key, "result": result})
    batch.lines.append(line[:40] if fate == UNREADABLE else line)


_LINES = {"openai": _openai_line, "anthropic": _anthropic_line}
