"""Scenes in words, for people: which statement was kept, which was not, and why."""

from __future__ import annotations

from collections.abc import Iterator

from ..scene import Patch, Scene, Statement

_MARKS = {True: "+", False: "-", None: "?"}


def filter_report(scene: Scene) -> str:
    """Every statement of every patch with verdict, score and reason: + kept, - dropped, ? not yet filtered."""
    lines: list[str] = []
    for patch in (*scene.first_level, *scene.regions):
        if patch.statements:
            lines += [f"{patch.name}: {len(patch.kept)} of {len(patch.statements)} statements kept"]
            lines += [f"  {_statement_line(statement)}" for statement in patch.statements]
    return "\n".join(lines) or "No statements yet."


def scene_report(scene: Scene) -> str:
    """The whole Scene for people: picture, patches with their passages and statements, caption, cost, warnings."""
    return "\n".join(_scene_lines(scene))


def _scene_lines(scene: Scene) -> Iterator[str]:
    image = scene.image
    yield f"{image.name}  {image.width}x{image.height} pixels, {scene.stage.value}"
    for detection in scene.detections:
        yield f"  detected {detection.label or 'object'} ({detection.score:.2f}) at {detection.box!r}"
    for patch in (*scene.first_level, *scene.regions):
        yield from _patch_lines(patch)
    if scene.caption:
        yield "\nCaption"
        for sentence in scene.caption:
            basis = ", ".join(f"{basis.patch} #{basis.statement + 1}" for basis in sentence.basis)
            yield f"  {sentence.text}  [{basis or 'no statement'}]"
    if scene.problem:
        yield f"\nNo caption: {scene.problem}"
    yield from _cost_lines(scene)
    yield from (f"\nWarning: {warning}" for warning in scene.warnings)
    yield from (f"\nFailed: {failure.message}" for failure in scene.failures)


def _patch_lines(patch: Patch) -> Iterator[str]:
    labels = f" ({', '.join(patch.labels)})" if patch.labels else ""
    yield f"\n{patch.name}{labels}  {patch.box!r}"
    for passage in patch.passages:
        yield f"  {passage.source}: {passage.text}"
    for number, statement in enumerate(patch.statements, 1):
        yield f"  #{number} {_statement_line(statement)}"
    if patch.sentences:
        yield f"  => {patch.description}"


def _statement_line(statement: Statement) -> str:
    score = "" if statement.score is None else f" {statement.score:.2f}"
    reason = f"  ({statement.reason})" if statement.reason else ""
    return f"{_MARKS[statement.kept]} {statement.verdict.value}{score}: {statement.text}{reason}"


def _cost_lines(scene: Scene) -> Iterator[str]:
    if scene.records:
        yield "\nAnswers"
    for record in scene.records:
        tokens = "" if record.output_tokens is None else f", {record.input_tokens} + {record.output_tokens} tokens"
        cost = "" if record.cost is None else f", ${record.cost:.4f}"
        yield f"  {record.stage}: {record.calls} by {record.model}{tokens}{cost}"
