"""Filtering: score statements against the picture and decide which may be said (METHOD section 3).

The paper keeps what was agreed on unasked, and all else above one fixed score. Here that is the preset "paper". By
default the picture itself says what a score is worth: what descriptions agree on is mostly true, so its scores are the
measure. What was said once must reach their median, and what falls far below it is dropped even where it was agreed
on. Unlike a fixed score, that fits any scorer, picture and captioner (`evaluation` measures what it brings).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..language.quotes import tells_only_of_writing
from ..models import QUIET, ChatModel, Monitor, Scorer
from ..options import Options, option
from ..picture import Crop
from ..running.ask import crop_of
from ..running.each_picture import or_error, spares_given_up
from ..scene import Box, Patch, Role, Scene, Stage, Statement, Verdict, require_stage
from ..witnesses import Witness, hear, is_confirmed, is_contradicted, ruled
from ..witnesses.second_look import Doubt, doubts_of, look_again
from ..witnesses.text import NAME as READER
from .measure import Measured, Place, measure

_GIVES: Mapping[Stage, Stage] = {
    Stage.COMPARED: Stage.FILTERED,
    Stage.COMPARED_ACROSS: Stage.FILTERED_ACROSS,
}
MEASURE = 3  # agreed statements with a score: fewer are no measure
CLEARLY = 1.05  # times another score: what is nearer tells less than a passage more, or a look at the whole
_UNSCORED = "said once, and there is no scorer to check it"
_ALL_THERE_IS = "whole-image caption; nothing of the picture is borne out, so it is told as it is"
_FILTERED = "kept within its patch"
_UNSUPPORTED = "no other part of the picture bears it out"
_CANNOT_JUDGE = "said once, and the scorer cannot judge it"
_UNREAD = "nothing like it is read there, and a score tells little of writing"


@dataclass(frozen=True)
class FilterSettings(Options):
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

    support: float = option(
        0.5,
        "A statement that other parts of the picture bear out by this much (0 to 1) counts as agreed on, and without a "
        "scorer only such statements are kept. 0: support is not asked for, as in the paper.",
        minimum=0.0,
        maximum=1.0,
        step=0.05,
        later=True,
    )
    second_looks: int = option(
        6,
        "With a chat_model: how many doubts of a picture are asked about once more, one short question each: rivals, "
        "and what scores near its limit. 0: none, as in the paper.",
        minimum=0,
        maximum=64,
        later=True,
    )

    def unsupported(self, statement: Statement) -> bool:
        """Whether support was measured, and is too little, and no witness confirms it."""
        return not is_confirmed(statement) and statement.support is not None and statement.support < self.support

    def supported(self, statement: Statement) -> bool:
        """Whether support was measured, and is enough, or a witness confirms the statement."""
        return is_confirmed(statement) or (
            self.support > 0 and statement.support is not None and statement.support >= self.support
        )

    @property
    def asks_agreed(self) -> bool:
        """Whether what was agreed on is scored."""
        return self.confirm > 0 or self.veto > 0


PAPER = FilterSettings(check_whole=False, confirm=0.0, veto=0.0, support=0.0, second_looks=0)


@dataclass(frozen=True)
class _Bars:
    """Scores beside `keep_score` that statements of one Scene must reach: said once, and agreed on.

    `measured_by_all` is the number of scores where too few were of agreed statements, so that all were the measure.
    """

    once: float = 0.0
    agreed: float = 0.0
    measured_by_all: int = 0


@spares_given_up
def filter_each(
    scenes: Sequence[Scene],
    scorer: Scorer | None = None,
    settings: FilterSettings = FilterSettings(),
    monitor: Monitor = QUIET,
    witnesses: Sequence[Witness] = (),
    looker: ChatModel | None = None,
) -> tuple[Scene, ...]:
    """The Scenes with every statement scored where it has to be, and kept or not, with the reason.

    Without a scorer what other parts of the picture bear out is kept, or, where that was not measured, what was agreed
    on; of rivals the best backed; and where that leaves nothing, the whole-image caption. The Scene says so. Witnesses
    are heard first, and their word goes before the score: `witnesses.rule` says how. `looker`, if it follows
    instructions, is asked about what is still in doubt after scoring. A picture for which the scorer gives no numbers
    is given up. ValueError for a Scene without compared statements.
    """
    for scene in scenes:
        require_stage(
            scene, "Filter Statements", _GIVES, "needs compared statements: put Compare Statements before it."
        )
    scenes = [hear(scene, _patches(scene), witnesses, _scored_box, monitor) for scene in scenes]
    if any(one.name == READER for one in witnesses):
        scenes = [_with_unread(scene) for scene in scenes]
    crops = [_crops(scene, settings) if scorer else {} for scene in scenes]
    measured = measure(scenes, crops, scorer, monitor)
    scores = [one.scores for one in measured]
    if looker is not None and looker.follows_instructions and settings.second_looks:
        doubts = [_doubts(*pair, settings) for pair in zip(scenes, scores, strict=True)]
        scenes = look_again(scenes, doubts, settings.second_looks, looker, monitor)
    return tuple(_filter_scene(scene, found, scorer, settings) for scene, found in zip(scenes, measured, strict=True))


filter_statements = or_error(filter_each)


def _with_unread(scene: Scene) -> Scene:
    """The Scene of which the statements say so that tell of nothing but writing which no witness found."""
    if scene.stage is not Stage.COMPARED:  # what regions hold was filtered before
        return scene

    return scene.with_patches(
        replace(patch, statements=tuple(map(_with_unread_said, patch.statements))) for patch in _patches(scene)
    )


def _with_unread_said(one: Statement) -> Statement:
    found = any(word.about == "text" for word in one.testimony)
    if found or one.verdict is Verdict.REFUSED or not tells_only_of_writing(one.text):
        return one
    return replace(one, reason="; ".join(filter(None, (one.reason, _UNREAD))))


def _is_unread(statement: Statement) -> bool:
    return statement.reason.endswith(_UNREAD)


def _doubts(scene: Scene, scores: Mapping[Place, float | None], settings: FilterSettings) -> list[Doubt]:
    """What is asked about once more, of all patches of the Scene's level but the whole image."""
    bar = max(settings.keep_score, _bars(scene, scores, settings).once)
    found: list[Doubt] = []
    for patch in _patches(scene):
        if patch.role is not Role.WHOLE:
            known = {place.statement: score for place, score in scores.items() if place.patch == patch.name}
            found += doubts_of(patch, patch.box, known, bar)
    return found


def _patches(scene: Scene) -> tuple[Patch, ...]:
    """The patches of the level at which the Scene stands."""
    return scene.first_level if scene.stage is Stage.COMPARED else scene.regions


def _crops(scene: Scene, settings: FilterSettings) -> dict[Crop, list[Place]]:
    """What has to be scored against which crop: each crop once, with all its statements."""
    asked: dict[Crop, list[Place]] = {}
    for patch in _patches(scene):
        if patch.role is Role.WHOLE and not settings.check_whole:
            continue
        for number, statement in enumerate(patch.statements):
            settled = is_contradicted(statement) or _is_unread(statement)
            if statement.verdict in _asked_verdicts(patch, settings) and not settled:
                crop = crop_of(scene, _scored_box(scene, patch, statement))
                asked.setdefault(crop, []).append(Place(patch.name, number))
    return asked


def _asked_verdicts(patch: Patch, settings: FilterSettings) -> tuple[Verdict, ...]:
    """What is scored. Across patches agreement is of descriptions that were filtered before."""
    agreed = (Verdict.SAME,) if settings.asks_agreed and patch.role is not Role.REGION else ()
    return (Verdict.CONTRADICTORY, Verdict.UNIQUE, *agreed)


def _bars(scene: Scene, scores: Mapping[Place, float | None], settings: FilterSettings) -> _Bars:
    """What the scores of the agreed statements of a Scene demand of all others.

    Where too few are agreed on, all scores are the measure: most of what captioners say is true.
    """
    statements = {patch.name: patch.statements for patch in _patches(scene)}
    given = [(statements[place.patch][place.statement], score) for place, score in scores.items() if score is not None]
    measure = sorted(score for statement, score in given if _is_measure(statement, settings))
    measured_by_all = 0
    if len(measure) < MEASURE and scene.stage is Stage.COMPARED:
        measure, measured_by_all = sorted(score for _, score in given), len(given)
    if len(measure) < MEASURE or not settings.asks_agreed:
        return _Bars()
    median = measure[len(measure) // 2]
    once = measure[min(int(settings.confirm * len(measure)), len(measure) - 1)] if settings.confirm else 0.0
    return _Bars(once, settings.veto * median, measured_by_all)


def _is_measure(statement: Statement, settings: FilterSettings) -> bool:
    """Whether a statement is as good as certain: other looks bear it out, or, unmeasured, passages agree on it."""
    if statement.support is None or not settings.support:
        return statement.verdict is Verdict.SAME
    return settings.supported(statement)


def _scored_box(scene: Scene, patch: Patch, statement: Statement) -> Box:
    """A unique statement across patches is held against the patch that it came from, all else against the patch."""
    if patch.role is Role.REGION and statement.verdict is Verdict.UNIQUE and statement.sources:
        return scene.patch(patch.passages[statement.sources[0]].source).box
    return patch.box


def _filter_scene(scene: Scene, measured: Measured, scorer: Scorer | None, settings: FilterSettings) -> Scene:
    scores = measured.scores
    if patch := measured.without_number:
        return scene.given_up(
            f"{scene.image.name}: the scorer gave a score for {patch} that is not a number: try another precision."
        )
    bars = _bars(scene, scores, settings)
    changed = [_filter_patch(patch, scores, scorer, settings, bars) for patch in _patches(scene)]
    if scorer is None and not any(patch.kept for patch in changed):
        changed = [_trusted(patch) if patch.role is Role.WHOLE else patch for patch in changed]
    filtered = replace(scene.with_patches(changed), stage=_GIVES[scene.stage])
    warnings = [
        f"{patch.name}: none of its {len(patch.statements)} statements is reliable enough to be told."
        for patch in changed
        if patch.statements and not patch.kept
    ]
    if scorer is None and any(patch.statements for patch in changed):
        warnings.append("No scorer is connected: only what other descriptions bear out was kept.")
    if bars.measured_by_all:
        warnings.append(
            f"Fewer than {MEASURE} statements were agreed on, so all {bars.measured_by_all} scores of the picture "
            "were the measure of what was said once."
        )
    if scorer is not None and scores:
        told = sum(score is not None for score in scores.values())
        filtered = replace(filtered, records=(*scene.records, measured.record(scorer)))
        if told < len(scores):
            warnings.append(f"{scorer.name} could judge {told} of {len(scores)} statements.")
    return filtered.with_warnings(*warnings)


def _trusted(whole: Patch) -> Patch:
    """The whole-image caption as it was said: where nothing is borne out, it is all that is known of the picture."""
    told = (replace(one, kept=True, reason=_ALL_THERE_IS) for one in whole.statements)
    return replace(whole, statements=tuple(map(ruled, told)))


def _filter_patch(
    patch: Patch, scores: Mapping[Place, float | None], scorer: Scorer | None, settings: FilterSettings, bars: _Bars
) -> Patch:
    whole = patch.role is Role.WHOLE
    scored = [
        replace(statement, score=score, bar=None if score is None else _bar(statement, whole, settings, bars))
        for number, statement in enumerate(patch.statements)
        for score in (scores.get(Place(patch.name, number)),)
    ]
    if whole:
        decided = [_decided_whole(statement, scorer, settings) for statement in scored]
        return replace(patch, statements=tuple(map(ruled, decided)))
    if settings.asks_agreed:
        scored = [_with_votes(statement, scored) for statement in scored]
    if patch.role is Role.REGION and scorer is None:
        scored = [replace(one, reason=_FILTERED) if one.verdict is Verdict.UNIQUE else one for one in scored]
    chosen = _chosen_rivals(scored, settings)
    alone = scorer is None and len(patch.passages) == 1
    decided = [
        replace(statement, kept=True, reason="the only passage, unscored")
        if alone
        else _decided(statement, number in chosen, scorer, settings)
        for number, statement in enumerate(scored)
    ]
    return replace(patch, statements=tuple(map(ruled, decided)))


def _bar(statement: Statement, whole: bool, settings: FilterSettings, bars: _Bars) -> float | None:
    """What its score must reach: more where there is more doubt.

    The whole-image caption was sampled coolly, and is as little in doubt as what was agreed on, and so is what other
    parts of the picture bear out. What several passages say and others contradict, or nothing else bears out, lies
    between that and what was said once.
    """
    between = (bars.once + bars.agreed) / 2
    if whole:
        return (between if settings.unsupported(statement) else bars.agreed) if settings.veto else None
    if settings.supported(statement) and statement.verdict is not Verdict.CONTRADICTORY:
        return bars.agreed
    if len(statement.sources) == 1:
        return bars.once
    return between if statement.verdict is Verdict.CONTRADICTORY or settings.unsupported(statement) else bars.agreed


def _with_votes(statement: Statement, statements: Sequence[Statement]) -> Statement:
    """The statement, whose bar is raised where a rival that more passages say scores nearly as much."""
    rivals = [statements[number] for number in statement.rivals]
    outvoting = [one.score for one in rivals if one.score is not None and len(one.sources) > len(statement.sources)]
    if statement.bar is None or not outvoting:
        return statement
    return replace(statement, bar=max(statement.bar, min(CLEARLY * max(outvoting), 1.0)))


def _decided_whole(statement: Statement, scorer: Scorer | None, settings: FilterSettings) -> Statement:
    """A statement of the whole-image caption: a scorer that cannot judge it holds nothing against it."""
    score, bar = statement.score, statement.bar
    unread = _is_unread(statement)
    if (scorer is None or unread) and settings.unsupported(statement):
        why = f"; {_UNREAD}" if unread else ""
        return replace(statement, kept=False, reason=f"whole-image caption, but {_UNSUPPORTED}{why}")
    if score is None:
        return replace(statement, kept=True, reason="whole-image caption, corrected by the regions at the end")
    kept = score > settings.keep_score if bar is None else score >= bar
    limit = f"above {settings.keep_score:.2f}" if bar is None else f"at least {bar:.2f}"
    reason = f"whole-image caption, score {score:.2f} is {'' if kept else 'not '}{limit}"
    return replace(statement, kept=kept, reason=reason)


def _chosen_rivals(statements: Sequence[Statement], settings: FilterSettings) -> set[int]:
    """The best of each set of rivals, if it is good enough: above `keep_score`, or, unscored, of most passages."""
    rivals = [number for number, statement in enumerate(statements) if statement.verdict is Verdict.CONTRADICTORY]
    ranked = sorted(rivals, key=lambda number: (-_rank(statements[number])[0], -_rank(statements[number])[1], number))
    chosen: set[int] = set()
    for number in ranked:
        statement = statements[number]
        if chosen.isdisjoint(statement.rivals) and _good_enough(statement, statements, settings):
            chosen.add(number)
    return chosen


def _rank(statement: Statement) -> tuple[float, float]:
    return (-1.0 if statement.score is None else statement.score, _backing(statement))


def _backing(statement: Statement) -> float:
    """How many passages say a statement, and, between equals, how far other looks bear it out."""
    return len(statement.sources) + (statement.support or 0.0)


def _passes(statement: Statement, keep_score: float) -> bool:
    """Whether a score is above `keep_score`, as the paper asks, and reaches the statement's own bar."""
    return statement.score is not None and statement.score > keep_score and statement.score >= (statement.bar or 0.0)


def _limit(statement: Statement, keep_score: float) -> str:
    """The limit that a score passed or not, in words: the paper's is not reached by equality, a bar is."""
    bar = statement.bar or 0.0
    return f"above {keep_score:.2f}" if bar <= keep_score else f"at least {bar:.2f}"


def _good_enough(statement: Statement, statements: Sequence[Statement], settings: FilterSettings) -> bool:
    if statement.score is not None:
        return _passes(statement, settings.keep_score)
    if settings.unsupported(statement):
        return False
    return all(_backing(statement) > _backing(statements[rival]) for rival in statement.rivals)


def _decided(statement: Statement, chosen: bool, scorer: Scorer | None, settings: FilterSettings) -> Statement:
    decide = _DECISIONS[statement.verdict]
    kept, reason = decide(statement, chosen, scorer, settings)
    return replace(statement, kept=kept, reason="; ".join(filter(None, (statement.reason, reason))))


def _decide_same(statement: Statement, _: bool, __: Scorer | None, settings: FilterSettings) -> tuple[bool, str]:
    said = f"said in {len(statement.sources)} passages"
    if statement.score is None:
        return (False, f"{said}, but {_UNSUPPORTED}") if settings.unsupported(statement) else (True, said)
    bar = statement.bar or 0.0
    kept = statement.score >= bar
    return kept, f"{said}, score {statement.score:.2f} is {'not below' if kept else 'below'} {bar:.2f}"


def _decide_refused(*_: object) -> tuple[bool, str]:
    return False, ""


def _decide_unique(
    statement: Statement, chosen: bool, scorer: Scorer | None, settings: FilterSettings
) -> tuple[bool, str]:
    keep_score = settings.keep_score
    if statement.score is None and settings.supported(statement):
        return True, "said once here, and other parts of the picture bear it out"
    if statement.score is None and statement.reason == _FILTERED:
        return True, ""
    if statement.score is None:
        return False, _why_unscored(statement, scorer)
    kept = _passes(statement, keep_score)
    return kept, f"said once, score {statement.score:.2f} is {'' if kept else 'not '}{_limit(statement, keep_score)}"


def _why_unscored(statement: Statement, scorer: Scorer | None) -> str:
    if scorer is None:
        return _UNSCORED
    return "said once" if _is_unread(statement) else _CANNOT_JUDGE


def _decide_rival(
    statement: Statement, chosen: bool, scorer: Scorer | None, settings: FilterSettings
) -> tuple[bool, str]:
    keep_score = settings.keep_score
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
