"""Stages that get all batches of a list at once, because only then is it known whether every picture failed.

The host calls a node once per entry of a list, and what one call raises ends the whole run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from ..patchmatters.running.each_picture import problems_of, require_one
from ..patchmatters.scene import Scene
from .progress import tell_on_node
from .retry import note_unfinished
from .types import SceneBatch

Lists = Mapping[str, Sequence[Any]]  # a node's inputs as a node with `is_input_list` gets them
Call = dict[str, Any]
_PLAIN = (str, int, float, bool, type(None))
ALL_WELL = "Every picture has been dealt with."  # takes the place of an earlier run's warning


def calls_of(lists: Lists) -> list[Call]:
    """The inputs of each call that the host would make: a shorter list goes on with its last value."""
    empty = [name for name, values in lists.items() if not values]
    if empty:
        raise ValueError(f"The list that is connected to {', '.join(empty)} is empty: connect at least one entry.")
    longest = max(map(len, lists.values()), default=0)
    return [{name: values[min(number, len(values) - 1)] for name, values in lists.items()} for number in range(longest)]


def through_stage(stage: Callable[..., Sequence[Scene]], lists: Lists) -> list[SceneBatch]:
    """Every batch of the list `scene` through `stage(scenes, **others)`; those with the same others in one call.

    A picture that was given up is told on the node; RuntimeError where every one was.
    """
    calls = calls_of(lists)
    done: dict[int, SceneBatch] = {}
    for numbers in _alike(calls):
        others = {name: value for name, value in calls[numbers[0]].items() if name != "scene"}
        batches = [calls[number]["scene"] for number in numbers]
        made = iter(stage(tuple(chain.from_iterable(batches)), **others))
        done |= {n: SceneBatch(islice(made, len(batch))) for n, batch in zip(numbers, batches, strict=True)}
    ordered = [done[number] for number in range(len(calls))]
    scenes = [scene for batch in ordered for scene in batch]
    note_unfinished(scenes, lists.get("chat_model", ()))
    report_problems(scenes)
    return ordered


def _alike(calls: Sequence[Call]) -> list[list[int]]:
    """Numbers of the calls, those together that differ in their Scenes only."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number, call in enumerate(calls):
        others = [(name, call[name]) for name in sorted(call) if name != "scene"]
        key = tuple((name, value if isinstance(value, _PLAIN) else id(value)) for name, value in others)
        groups.setdefault(key, []).append(number)
    return list(groups.values())


def report_problems(scenes: Sequence[Scene]) -> None:
    """Tell on the running node which pictures were given up. RuntimeError where every one was."""
    require_one(scenes)
    tell_on_node(problems_of(scenes), ALL_WELL)
