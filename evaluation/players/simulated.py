"""A captioner and a scorer that know the truth and err at given rates: where the miniatures can't go.

Errors come in two sorts. Those of a moment differ between candidates; stubborn ones come back whenever the same part
of a picture is looked at, and agreement between candidates cannot find them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from evaluation.judge.claims import FALSITIES, judge
from evaluation.worlds.language import (
    NAME_MAIN,
    PLACES,
    Claim,
    Seen,
    background_sentence,
    main_objects,
    seen_in,
    sentence,
)
from evaluation.worlds.scenes import BACKGROUNDS, COLOURS, DOTS, SHAPES, World
from patchmatters.models import Answer, Monitor, Question
from patchmatters.picture import Crop
from patchmatters.scene import Box


@dataclass(frozen=True)
class CaptionerErrors:
    """Rates, 0 to 1. Those below `missed` are at temperature 0.7, and go with the temperature; `floor` of them stay.

    `missed` is by the diameter in pixels of the resized view: up to 12, up to 24, above.
    """

    missed: tuple[float, float, float] = (0.3, 0.15, 0.06)
    detail_missed: float = 0.2
    kind: float = 0.05
    colour: float = 0.04
    detail: float = 0.06
    count: float = 0.08
    place: float = 0.05
    invented: float = 0.45  # things a view that are not there
    stubborn: float = 0.3  # share of all errors
    floor: float = 0.25

    def at(self, temperature: float) -> float:
        return self.floor + (1 - self.floor) * temperature / 0.7


ERRORS: Mapping[str, CaptionerErrors] = {
    "usual": CaptionerErrors(),
    "strong": CaptionerErrors((0.15, 0.06, 0.02), 0.1, 0.02, 0.015, 0.03, 0.04, 0.02, 0.15),
    "weak": CaptionerErrors((0.5, 0.3, 0.15), 0.35, 0.12, 0.1, 0.15, 0.2, 0.12, 1.0),
    "stubborn": CaptionerErrors(stubborn=0.8),
}


@dataclass(frozen=True)
class SimulatedCaptioner:
    """Describes crops of known worlds (by the digest of their picture), with errors. Captioners of another `mind` have
    other stubborn errors."""

    worlds: Mapping[str, World]
    errors: CaptionerErrors = CaptionerErrors()
    mind: str = ""
    name: str = "simulated captioner"
    sees_images: bool = True
    follows_instructions: bool = False

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        answers = []
        for question in questions:
            monitor.poll()
            answers.append(Answer(self._describe(question)))
            monitor.advance(question.name)
        return answers

    def _describe(self, question: Question) -> str:
        crop = question.images[0]
        world = self.worlds[crop.digest]
        if question.text == NAME_MAIN:
            return main_objects(world, crop.box)
        told = _Telling(self.errors, question, crop, self.mind)
        claims = [told.claim(seen, number) for number, seen in enumerate(seen_in(world, crop.box))]
        sentences = [sentence(claim) for claim in (*filter(None, claims), *told.inventions())]
        return " ".join([told.background(world), *sentences])


class _Telling:
    """One description: draws every error either anew or, where it is stubborn, always alike for this crop."""

    def __init__(self, errors: CaptionerErrors, question: Question, crop: Crop, mind: str) -> None:
        self.errors, self.heat = errors, errors.at(question.temperature)
        self._moment = f"{mind}{question.seed} {crop!r}"
        self._always = f"always {mind}{crop!r}"

    def _source(self, what: str) -> random.Random:
        stubborn = random.Random(f"{self._always} {what} stubborn").random() < self.errors.stubborn
        return random.Random(f"{self._always if stubborn else self._moment} {what}")

    def _errs(self, what: str, rate: float) -> random.Random | None:
        """What to draw the error from, where there is one."""
        source = self._source(what)
        return source if source.random() < rate else None

    def background(self, world: World) -> str:
        source = self._errs("background", self.errors.colour * self.heat)
        return f"The background is {source.choice(list(BACKGROUNDS))}." if source else background_sentence(world)

    def claim(self, seen: Seen, number: int) -> Claim | None:
        """What is said of a thing; None where it is missed."""
        errors, heat, what = self.errors, self.heat, f"thing {number}"
        size = 0 if seen.pixels <= 12 else 1 if seen.pixels <= 24 else 2
        if self._errs(f"{what} missed", errors.missed[size]):
            return None
        claim = self._without_details(seen.claim, what)
        if source := self._errs(f"{what} kind", errors.kind * heat):
            claim = replace(claim, kind=source.choice(list(SHAPES)))
        if source := self._errs(f"{what} colour", errors.colour * heat):
            claim = replace(claim, colour=source.choice(list(COLOURS)))
        if source := self._errs(f"{what} detail", errors.detail * heat):
            claim = source.choice((replace(claim, dot=source.choice(DOTS)), replace(claim, striped=not claim.striped)))
        if claim.size == "small" and (source := self._errs(f"{what} count", errors.count * heat)):
            claim = replace(claim, count=max(1, claim.count + source.choice((-1, 1))))
        if source := self._errs(f"{what} place", errors.place * heat):
            claim = replace(claim, place=source.choice(list(PLACES.values())))
        return claim

    def _without_details(self, claim: Claim, what: str) -> Claim:
        rate = self.errors.detail_missed
        return replace(
            claim,
            dot="" if self._errs(f"{what} dot", rate) else claim.dot,
            striped=claim.striped and not self._errs(f"{what} stripes", rate),
        )

    def inventions(self) -> list[Claim]:
        found = []
        for number, rate in enumerate((self.errors.invented * self.heat * 0.8, self.errors.invented * self.heat * 0.2)):
            if source := self._errs(f"invention {number}", rate):
                found.append(
                    Claim(
                        source.choice(list(SHAPES)), source.choice(list(COLOURS)), source.choice(("", "", "small")),
                        place=source.choice(list(PLACES.values())),
                    )
                )  # fmt: skip
        return found


@dataclass(frozen=True)
class ScorerErrors:
    """Mean scores of true sentences and of false ones by their kind, and the spread around them."""

    true: float = 0.62
    false: Mapping[str, float] = field(
        default_factory=lambda: {"object": 0.22, "attribute": 0.32, "count": 0.4, "place": 0.4}
    )
    spread: float = 0.15


SCORERS: Mapping[str, ScorerErrors] = {
    "usual": ScorerErrors(),
    "strong": ScorerErrors(false={"object": 0.1, "attribute": 0.15, "count": 0.2, "place": 0.2}, spread=0.08),
    "weak": ScorerErrors(true=0.55, false=dict.fromkeys(FALSITIES, 0.42), spread=0.2),
    "blind": ScorerErrors(true=0.5, false=dict.fromkeys(FALSITIES, 0.5), spread=0.2),
}


@dataclass(frozen=True)
class SimulatedScorer:
    """Scores sentences about crops of known worlds: the judge's word, with noise."""

    worlds: Mapping[str, World]
    errors: ScorerErrors = field(default_factory=ScorerErrors)
    name: str = "simulated scorer"

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        world = self.worlds[image.digest]
        frame = image.box.normalised(world.side, world.side)
        return [self._score(image, text, world, frame) for text in sentences]

    def _score(self, image: Crop, text: str, world: World, frame: Box) -> float:
        told = judge(text, world, frame).told
        falsities = [kind for one in told for kind in one.false]
        mean = min((self.errors.false[kind] for kind in falsities), default=self.errors.true)
        noise = random.Random(f"{image!r} {text}").gauss(0.0, self.errors.spread)
        return min(max(mean + noise, 0.0), 1.0)
