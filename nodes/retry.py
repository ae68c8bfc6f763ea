"""Asking again for pictures that were given up: the host would take a node's result from its cache for ever.

Only of models whose answers are kept: there a second run costs what failed, and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..patchmatters.answer_cache import CachedChat
from ..patchmatters.scene import Scene

_unfinished: Counter[str] = Counter()  # runs that left something to ask again, by node


def unfinished_runs(node: str | None) -> int:
    """A node's fingerprint: another number after every run that left a picture without a caption."""
    return _unfinished[str(node)]


def note_unfinished(scenes: Sequence[Scene], models: Sequence[object]) -> None:
    """Let the running node, and the one that people see running, run again next time where pictures were given up."""
    from comfy_execution.progress import get_progress_state
    from comfy_execution.utils import get_executing_context

    context = get_executing_context()
    again = any(scene.problem for scene in scenes) and any(isinstance(model, CachedChat) for model in models)
    if context is None or not again:
        return
    state = get_progress_state()
    seen = state.dynprompt.get_display_node_id(context.node_id) if state.dynprompt else context.node_id
    _unfinished.update({str(context.node_id), str(seen)})
