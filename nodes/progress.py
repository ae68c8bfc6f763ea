"""What the browser shows under a running node: the stage, the patch, and the text as it is written."""

from __future__ import annotations

import logging
import sys
import time
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)

EVENT = "patchmatters.progress"  # what web/js/progress.js listens to
_INTERVAL_S = 0.1  # ten times a second is as fast as people read, and costs nothing beside a token
_TAIL = 280  # characters: the four lines that are shown


def _send(message: dict[str, Any]) -> None:
    server = host_server()
    if server is not None:
        server.send_sync(EVENT, message, server.client_id)


def host_server() -> Any:
    """The host's server; None where this is not the host's process, which has imported it long before any node runs."""
    return getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)


def _running_node() -> str | None:
    """The id of the node that people see running: of an expanded node's inner one, the node they placed."""
    from comfy_execution.progress import get_progress_state
    from comfy_execution.utils import get_executing_context

    context = get_executing_context()
    if context is None or host_server() is None:
        return None
    return str(get_progress_state().dynprompt.get_display_node_id(context.node_id))


_warned: set[str] = set()


def tell_on_node(warning: str, all_well: str) -> None:
    """Show a warning on the running node, in the host's own text under its widgets; without one, that all is well.

    The host keeps such a text until another comes, so `all_well` is told only where a warning stands.
    """
    node = _running_node()
    if warning:
        log.warning("%s", warning)
    if node is None or not (warning or node in _warned):
        return
    (_warned.add if warning else _warned.discard)(node)
    host_server().send_progress_text(warning or all_well, node, host_server().client_id)


@dataclass
class ProgressNote:
    """Tells the browser what a node does. Made in the node's own `execute`, from which it takes the node's id.

    Without a server (in tests, in the command) it says nothing. Messages that come too fast are left out.
    """

    stage: str = ""
    total: int = 0
    done: int = 0
    _node: str | None = field(default_factory=_running_node)
    _told_at: float = float("-inf")

    def begin(self, stage: str, total: int) -> None:
        self.stage, self.total, self.done = stage, total, 0
        self._tell("", "", at_once=True)

    def advance(self, name: str) -> None:
        self.done += 1
        self._tell(name, "", at_once=self.done >= self.total)

    def partial(self, name: str, text: str) -> None:
        self._tell(name, text)

    def _tell(self, name: str, text: str, at_once: bool = False) -> None:
        now = time.monotonic()
        if self._node is None or not (at_once or now - self._told_at >= _INTERVAL_S):
            return
        self._told_at = now
        tail = text if len(text) <= _TAIL else f"\u2026{text[-_TAIL:]}"
        numbers = {"done": self.done, "total": self.total}
        _send({"node": self._node, "stage": self.stage, "name": name, "text": tail, **numbers})
