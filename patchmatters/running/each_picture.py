"""Every picture ends by itself: one that cannot be captioned keeps its place, says why, and costs no other anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec

from ..scene import Scene

All = ParamSpec("All")
Rest = ParamSpec("Rest")
Stage = Callable[Concatenate[Sequence[Scene], Rest], tuple[Scene, ...]]

_NAMED = 3  # problems that an error tells in full: a batch of hundreds mostly has one


def spares_given_up(stage: Stage[Rest]) -> Stage[Rest]:
    """The stage, asked only about Scenes without a `problem`; the others pass by as they are, in their places."""

    @wraps(stage)
    def spared(scenes: Sequence[Scene], /, *args: Rest.args, **named: Rest.kwargs) -> tuple[Scene, ...]:
        if not any(scene.problem for scene in scenes):
            return stage(scenes, *args, **named)
        going = [scene for scene in scenes if not scene.problem]
        done = iter(stage(going, *args, **named) if going else ())
        return tuple(scene if scene.problem else next(done) for scene in scenes)

    return spared


def or_error(stage: Callable[All, tuple[Scene, ...]]) -> Callable[All, tuple[Scene, ...]]:
    """The stage, but RuntimeError, with what was wrong, where every picture was given up."""

    @wraps(stage)
    def ended(*args: All.args, **named: All.kwargs) -> tuple[Scene, ...]:
        return require_one(stage(*args, **named))

    return ended


def require_one(scenes: Sequence[Scene]) -> tuple[Scene, ...]:
    """The same Scenes. RuntimeError, with what was wrong, where every one of them was given up."""
    if scenes and all(scene.problem for scene in scenes):
        raise RuntimeError(problems_of(scenes))
    return tuple(scenes)


def problems_of(scenes: Sequence[Scene]) -> str:
    """What was wrong with the pictures that were given up, for people; empty where none was."""
    problems = list(dict.fromkeys(scene.problem for scene in scenes if scene.problem))
    if not problems or len(scenes) == 1:
        return "".join(problems)
    given_up = sum(bool(scene.problem) for scene in scenes)
    more = f" And {len(problems) - _NAMED} more." if len(problems) > _NAMED else ""
    return f"{given_up} of {len(scenes)} pictures have no caption. {' '.join(problems[:_NAMED])}{more}"
