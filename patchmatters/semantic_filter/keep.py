"""Filtering: score statements against the picture and decide which may be said (METHOD section 3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..ask import crop_of
from ..backends.base import QUIET, Monitor, Scorer
from ..options import check_options, option
from ..picture import Crop
from ..scene import Box, Patch, Record, Role, Scene, Stage, Statement, Verdict, require_stage

_GIVES: Mapping[Stage, Stage] = {
    Stage.COMPARED: Stage.FILTERED,
    Stage.COMPARED_ACROSS: Stage.FILTERED_ACROSS,
}
_UNSCORED = "said once, and there is no scorer to check it"
_CANNOT_JUDGE = "said once, and the scorer cannot judge it"


@dataclass(frozen=True)
class FilterSettings:
    """Which statements are kept. The default is the paper's."""

    keep_score: float = option(
        0.3,
        "A statement said once, or the best of rivals, is kept if its score for the picture (0 to 1) is above this.",
        minimum=0.0,
        maximum=1.0,
        step=0.01,
    )
    check_whole: bool = option(
        False,
        "Score the whole-image caption too. The paper does not: the regions correct it at the end.",
        advanced=True,
    )

    __post_init__ = check_options


@dataclass(frozen=True)
class _Place:
    """Statement number `statement` of a patch."""

    patch: str
    statement: int


def filter_statements(
    scenes: Sequence[Scene],
    scorer: Scorer | None = None,
    settings: FilterSettings = FilterSettings(),
    monitor: Monitor = QUIET,
) -> tuple[Scene, ...]:
    """The Scenes with every statement scored where it has to be, and kept or not, with the reason.

    Agreed statements are kept unscored. Without a scorer nothing else is kept (but for rivals that most passages
    support), and the Scene says so. ValueError for a Scene without compared statements; RuntimeError for a scorer
    that gives no numbers.
    """
    for scene in scenes:
        require_stage(
            scene, "Filter Statements", _GIVES, "needs compared statements: put Compare Statements before it."
        )
    crops = [_crops(scene, settings) if scorer else {} for scene in scenes]
    monitor.begin("filter", sum(map(len, crops)))
    return tuple(
        _filter_scene(scene, _scores(scene, asked, scorer, monitor), scorer, settings)
        for scene, asked in zip(scenes, crops, strict=True)
    )


def _patches(scene: Scene) -> tuple[Patch, ...]:
    """The patches of the level at which the Scene stands."""
    return scene.first_level if scene.stage is Stage.COMPARED else scene.regions


def _crops(scene: Scene, settings: FilterSettings) -> dict[Crop, list[_Place]]:
    """What has to be scored against which crop: each crop once, with all its statements."""
    asked: dict[Crop, list[_Place]] = {}
    for patch in _patches(scene):
        if patch.role is Role.WHOLE and not settings.check_whole:
            continue
        for number, statement in enumerate(patch.statements):
            if statement.verdict in (Verdict.CONTRADICTORY, Verdict.UNIQUE):
                crop = crop_of(scene, _scored_box(scene, patch, statement))
                asked.setdefault(crop, []).append(_Place(patch.name, number))
    return asked


def _scored_box(scene: Scene, patch: Patch, statement: Statement) -> Box:
    """A unique statement across patches is held against the patch that it came from, all else against the patch."""
    if patch.role is Role.REGION and statement.verdict is Verdict.UNIQUE and statement.sources:
        return scene.patch(patch.passages[statement.sources[0]].source).box
    return patch.box


def _scores(
    scene: Scene, asked: Mapping[Crop, Sequence[_Place]], scorer: Scorer | None, monitor: Monitor
) -> dict[_Place, float | None]:
    scores: dict[_Place, float | None] = {}
    for crop, places in asked.items():
        monitor.poll()
        sentences = [scene.patch(place.patch).statements[place.statement].text for place in places]
        scores.update(zip(places, _checked_scores(scorer, crop, sentences, places[0].patch), strict=True))
        monitor.advance(places[0].patch)
    return scores


def _checked_scores(scorer: Scorer | None, crop: Crop, sentences: Sequence[str], patch: str) -> list[float | None]:
    scores = scorer.score(crop, sentences) if scorer else []
    if len(scores) != len(sentences):
        raise RuntimeError(f"The scorer gave {len(scores)} scores for {len(sentences)} sentences of {patch}.")
    if any(score is not None and not math.isfinite(score) for score in scores):
        raise RuntimeError(f"The scorer gave a score for {patch} that is not a number: try another precision.")
    return list(scores)


def _filter_scene(
    scene: Scene, scores: Mapping[_Place, float | None], scorer: Scorer | None, settings: FilterSettings
) -> Scene:
    changed = [_filter_patch(patch, scores, scorer, settings) for patch in _patches(scene)]
    filtered = replace(scene.with_patches(changed), stage=_GIVES[scene.stage])
    warnings = [
        f"{patch.name}: none of its {len(patch.statements)} statements is reliable enough to be told."
        for patch in changed
        if patch.statements and not patch.kept
    ]
    if scorer is None and any(patch.statements for patch in changed):
        warnings.append("No scorer is connected: only statements that several passages agree on were kept.")
    if scorer is not None and scores:
        told = sum(score is not None for score in scores.values())
        filtered = replace(filtered, records=(*scene.records, Record("filter", scorer.name, calls=told)))
        if told < len(scores):
            warnings.append(f"{scorer.name} could judge {told} of {len(scores)} statements.")
    return filtered.with_warnings(*warnings)


def _filter_patch(
    patch: Patch, scores: Mapping[_Place, float | None], scorer: Scorer | None, settings: FilterSettings
) -> Patch:
    scored = [
        replace(statement, score=scores.get(_Place(patch.name, number)))
        for number, statement in enumerate(patch.statements)
    ]
    chosen = _chosen_rivals(scored, settings.keep_score)
    trusted = patch.role is Role.WHOLE and not settings.check_whole
    decided = [
        _trusted(statement, patch)
        if trusted or (scorer is None and len(patch.passages) == 1)
        else _decided(statement, number in chosen, scorer, settings)
        for number, statement in enumerate(scored)
    ]
    return replace(patch, statements=tuple(decided))


def _trusted(statement: Statement, patch: Patch) -> Statement:
    """A statement of an only passage that nothing can be held against yet."""
    whole = patch.role is Role.WHOLE
    reason = "whole-image caption, corrected by the regions at the end" if whole else "the only passage, unscored"
    return replace(statement, kept=True, reason=reason)


def _chosen_rivals(statements: Sequence[Statement], keep_score: float) -> set[int]:
    """The best of each set of rivals, if it is good enough: above `keep_score`, or, unscored, of most passages."""
    rivals = [number for number, statement in enumerate(statements) if statement.verdict is Verdict.CONTRADICTORY]
    ranked = sorted(rivals, key=lambda number: (-_rank(statements[number])[0], -_rank(statements[number])[1], number))
    chosen: set[int] = set()
    for number in ranked:
        statement = statements[number]
        if chosen.isdisjoint(statement.rivals) and _good_enough(statement, statements, keep_score):
            chosen.add(number)
    return chosen


def _rank(statement: Statement) -> tuple[float, int]:
    return (-1.0 if statement.score is None else statement.score, len(statement.sources))


def _good_enough(statement: Statement, statements: Sequence[Statement], keep_score: float) -> bool:
    if statement.score is not None:
        return statement.score > keep_score
    return all(len(statement.sources) > len(statements[rival].sources) for rival in statement.rivals)


def _decided(statement: Statement, chosen: bool, scorer: Scorer | None, settings: FilterSettings) -> Statement:
    decide = _DECISIONS[statement.verdict]
    kept, reason = decide(statement, chosen, scorer, settings.keep_score)
    return replace(statement, kept=kept, reason="; ".join(filter(None, (statement.reason, reason))))


def _decide_same(statement: Statement, *_: object) -> tuple[bool, str]:
    return True, f"said in {len(statement.sources)} passages"


def _decide_refused(*_: object) -> tuple[bool, str]:
    return False, ""


def _decide_unique(statement: Statement, chosen: bool, scorer: Scorer | None, keep_score: float) -> tuple[bool, str]:
    if statement.score is None:
        return False, _UNSCORED if scorer is None else _CANNOT_JUDGE
    kept = statement.score > keep_score
    return kept, f"said once, score {statement.score:.2f} is {_relation(kept)} {keep_score:.2f}"


def _decide_rival(statement: Statement, chosen: bool, scorer: Scorer | None, keep_score: float) -> tuple[bool, str]:
    if statement.score is None:
        return chosen, "said by more passages than its rivals" if chosen else "contradicted, and unscored"
    if chosen:
        return True, f"best of its rivals, score {statement.score:.2f} is above {keep_score:.2f}"
    if statement.score > keep_score:
        return False, f"score {statement.score:.2f}, but a rival scores higher"
    return False, f"contradicted, score {statement.score:.2f} is not above {keep_score:.2f}"


def _relation(kept: bool) -> str:
    return "above" if kept else "not above"


_DECISIONS: Mapping[Verdict, Callable[..., tuple[bool, str]]] = {
    Verdict.SAME: _decide_same,
    Verdict.CONTRADICTORY: _decide_rival,
    Verdict.UNIQUE: _decide_unique,
    Verdict.REFUSED: _decide_refused,
}
