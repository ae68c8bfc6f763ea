"""Filtering: score statements against the picture and decide which may be said (METHOD section 3).

The paper keeps what was agreed on unasked, and all else above one fixed score. Here that is the preset "paper". By
default the picture itself says what a score is worth: what descriptions agree on is mostly true, so its scores are the
measure. What was said once must reach their median, and what falls far below it is dropped even where it was agreed
on. Unlike a fixed score, that fits any scorer, picture and captioner (`benchmarks.truth` measures what it brings).
"""

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
MEASURE = 3  # agreed statements with a score: fewer are no measure
_UNSCORED = "said once, and there is no scorer to check it"
_CANNOT_JUDGE = "said once, and the scorer cannot judge it"


@dataclass(frozen=True)
class FilterSettings:
    """Which statements are kept. `keep_score` is the paper's; `check_whole` False and the others 0 are too."""

    keep_score: float = option(
        0.3,
        "A statement said once, or the best of rivals, is kept if its score for the picture (0 to 1) is above this.",
        minimum=0.0,
        maximum=1.0,
        step=0.01,
    )
    check_whole: bool = option(
        True,
        "Score the whole-image caption too. The paper does not: there the regions correct it at the end.",
        advanced=True,
    )
    confirm: float = option(
        0.5,
        "What was said once must also score like what the descriptions of the picture agree on: not below this "
        "quantile of those scores (0 to 1; 0.5 is their median). 0: keep_score alone decides, as in the paper.",
        minimum=0.0,
        maximum=1.0,
        step=0.05,
    )
    veto: float = option(
        0.7,
        "What was agreed on is dropped all the same where it scores below this share (0 to 1) of the median of all "
        "that was agreed on. 0: never, as in the paper.",
        minimum=0.0,
        maximum=1.0,
        step=0.05,
    )

    __post_init__ = check_options

    @property
    def asks_agreed(self) -> bool:
        """Whether what was agreed on is scored."""
        return self.confirm > 0 or self.veto > 0


PAPER = FilterSettings(check_whole=False, confirm=0.0, veto=0.0)


@dataclass(frozen=True)
class _Bars:
    """Scores beside `keep_score` that statements of one Scene must reach: said once, and agreed on."""

    once: float = 0.0
    agreed: float = 0.0


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
            if statement.verdict in _asked_verdicts(patch, settings):
                crop = crop_of(scene, _scored_box(scene, patch, statement))
                asked.setdefault(crop, []).append(_Place(patch.name, number))
    return asked


def _asked_verdicts(patch: Patch, settings: FilterSettings) -> tuple[Verdict, ...]:
    """What is scored. Across patches agreement is of descriptions that were filtered before."""
    agreed = (Verdict.SAME,) if settings.asks_agreed and patch.role is not Role.REGION else ()
    return (Verdict.CONTRADICTORY, Verdict.UNIQUE, *agreed)


def _bars(scene: Scene, scores: Mapping[_Place, float | None], settings: FilterSettings) -> _Bars:
    """What the scores of the agreed statements of a Scene demand of all others; nothing where there are too few."""
    statements = {patch.name: patch.statements for patch in _patches(scene)}
    agreed = sorted(
        score
        for place, score in scores.items()
        if score is not None and statements[place.patch][place.statement].verdict is Verdict.SAME
    )
    if len(agreed) < MEASURE:
        return _Bars()
    median = agreed[len(agreed) // 2]
    once = agreed[min(int(settings.confirm * len(agreed)), len(agreed) - 1)] if settings.confirm else 0.0
    return _Bars(once, settings.veto * median)


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
    bars = _bars(scene, scores, settings)
    changed = [_filter_patch(patch, scores, scorer, settings, bars) for patch in _patches(scene)]
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
    patch: Patch, scores: Mapping[_Place, float | None], scorer: Scorer | None, settings: FilterSettings, bars: _Bars
) -> Patch:
    whole = patch.role is Role.WHOLE
    scored = [
        replace(statement, score=score, bar=None if score is None else _bar(statement, whole, settings, bars))
        for number, statement in enumerate(patch.statements)
        for score in (scores.get(_Place(patch.name, number)),)
    ]
    if whole:
        return replace(patch, statements=tuple(_decided_whole(statement, settings) for statement in scored))
    chosen = _chosen_rivals(scored, settings.keep_score)
    alone = scorer is None and len(patch.passages) == 1
    decided = [
        replace(statement, kept=True, reason="the only passage, unscored")
        if alone
        else _decided(statement, number in chosen, scorer, settings)
        for number, statement in enumerate(scored)
    ]
    return replace(patch, statements=tuple(decided))


def _bar(statement: Statement, whole: bool, settings: FilterSettings, bars: _Bars) -> float | None:
    """What its score must reach: more where there is more doubt.

    The whole-image caption was sampled coolly, and is as little in doubt as what was agreed on. What several passages
    say and others contradict lies between that and what was said once.
    """
    if whole:
        return bars.agreed if settings.veto else None
    if len(statement.sources) == 1:
        return bars.once
    return (bars.once + bars.agreed) / 2 if statement.verdict is Verdict.CONTRADICTORY else bars.agreed


def _decided_whole(statement: Statement, settings: FilterSettings) -> Statement:
    """A statement of the whole-image caption: without a score nothing can be held against it yet."""
    score, bar = statement.score, statement.bar
    if score is None:
        return replace(statement, kept=True, reason="whole-image caption, corrected by the regions at the end")
    kept = score > settings.keep_score if bar is None else score >= bar
    limit = f"above {settings.keep_score:.2f}" if bar is None else f"at least {bar:.2f}"
    reason = f"whole-image caption, score {score:.2f} is {'' if kept else 'not '}{limit}"
    return replace(statement, kept=kept, reason=reason)


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


def _passes(statement: Statement, keep_score: float) -> bool:
    """Whether a score is above `keep_score`, as the paper asks, and reaches the statement's own bar."""
    return statement.score is not None and statement.score > keep_score and statement.score >= (statement.bar or 0.0)


def _limit(statement: Statement, keep_score: float) -> str:
    """The limit that a score passed or not, in words: the paper's is not reached by equality, a bar is."""
    bar = statement.bar or 0.0
    return f"above {keep_score:.2f}" if bar <= keep_score else f"at least {bar:.2f}"


def _good_enough(statement: Statement, statements: Sequence[Statement], keep_score: float) -> bool:
    if statement.score is not None:
        return _passes(statement, keep_score)
    return all(len(statement.sources) > len(statements[rival].sources) for rival in statement.rivals)


def _decided(statement: Statement, chosen: bool, scorer: Scorer | None, settings: FilterSettings) -> Statement:
    decide = _DECISIONS[statement.verdict]
    kept, reason = decide(statement, chosen, scorer, settings.keep_score)
    return replace(statement, kept=kept, reason="; ".join(filter(None, (statement.reason, reason))))


def _decide_same(statement: Statement, *_: object) -> tuple[bool, str]:
    said = f"said in {len(statement.sources)} passages"
    if statement.score is None:
        return True, said
    bar = statement.bar or 0.0
    kept = statement.score >= bar
    return kept, f"{said}, score {statement.score:.2f} is {'not below' if kept else 'below'} {bar:.2f}"


def _decide_refused(*_: object) -> tuple[bool, str]:
    return False, ""


def _decide_unique(statement: Statement, chosen: bool, scorer: Scorer | None, keep_score: float) -> tuple[bool, str]:
    if statement.score is None:
        return False, _UNSCORED if scorer is None else _CANNOT_JUDGE
    kept = _passes(statement, keep_score)
    return kept, f"said once, score {statement.score:.2f} is {'' if kept else 'not '}{_limit(statement, keep_score)}"


def _decide_rival(statement: Statement, chosen: bool, scorer: Scorer | None, keep_score: float) -> tuple[bool, str]:
    if statement.score is None:
        return chosen, "said by more passages than its rivals" if chosen else "contradicted, and unscored"
    limit = _limit(statement, keep_score)
    if chosen:
        return True, f"best of its rivals, score {statement.score:.2f} is {limit}"
    if _passes(statement, keep_score):
        return False, f"score {statement.score:.2f}, but a rival scores higher"
    return False, f"contradicted, score {statement.score:.2f} is not {limit}"


_DECISIONS: Mapping[Verdict, Callable[..., tuple[bool, str]]] = {
    Verdict.SAME: _decide_same,
    Verdict.CONTRADICTORY: _decide_rival,
    Verdict.UNIQUE: _decide_unique,
    Verdict.REFUSED: _decide_refused,
}
