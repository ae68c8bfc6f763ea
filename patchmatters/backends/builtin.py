"""The built-in captioner and scorer: what can be measured in a picture, as plain sentences that are true.

No weights, no network, the same text for the same picture everywhere. It describes colours and where they lie, light,
contrast, sharpness, grain, texture and layout. It names no objects: it cannot know a cat from a cushion.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from ..models import Answer, Monitor, Outcome, Question
from ..options import Options, option
from ..picture import Crop

if TYPE_CHECKING:
    from .builtin_facts.facts import Claim
    from .builtin_facts.measure import Measures

# What the sentences are about: a part of the picture as such. Such a statement is true of its own crop only, and does
# not contradict one with the same subject about another crop.
FRAME_SUBJECTS: frozenset[str] = frozenset({
    "accent", "background", "balance", "brightness", "centre", "colour", "contrast", "corner", "depth", "edges",
    "focus", "format", "grain", "horizon", "hue", "hues", "layout", "light", "lighting", "palette", "picture",
    "saturation", "sharpness", "symmetry", "texture", "third", "tone", "tones",
})  # fmt: skip

_KEPT_MEASURES = 64  # crops; about 45 kB each
_LEFT_OUT = 0.5  # share of the sentences that temperature 1 leaves out
_MOST_LEFT_OUT = 0.7
_NO_PICTURE = (
    "The built-in captioner only describes pictures and cannot work on text: "
    "leave chat_model unconnected at this stage."
)
_ONE_PICTURE = "The built-in captioner describes one picture at a time, not {count}: ask about each by itself."


@dataclass(frozen=True)
class BuiltinSettings(Options):
    """Settings of the built-in captioner and scorer."""

    max_sentences: int = option(
        9,
        "The most sentences in one description. The built-in captioner measures colours, light, sharpness and layout; "
        "it names no objects. (The scorer does not use this.)",
        minimum=1,
        maximum=30,
        step=1,
    )


@dataclass
class _Measured:
    """The measures of the crops seen last, by picture digest and pixels: figures only, never the picture."""

    found: OrderedDict[tuple[str, tuple[int, int, int, int]], Measures] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def of(self, crop: Crop) -> Measures:
        from .builtin_facts.measure import measure

        key = (crop.digest, crop.pixels)
        with self.lock:
            if key in self.found:
                self.found.move_to_end(key)
                return self.found[key]
        measures = measure(crop)
        with self.lock:
            self.found[key] = measures
            while len(self.found) > _KEPT_MEASURES:
                self.found.popitem(last=False)
        return measures


_MEASURED = _Measured()  # shared, so that the scorer need not measure again what the captioner has described


@dataclass(frozen=True)
class BuiltinCaptioner:
    """Describes a picture by what can be measured in it; names no objects.

    At temperature 0 it says all that is clearly true, the most important `max_sentences` of it. Above, each seed leaves
    out other facts and words them in another way; what is said is as true.
    """

    settings: BuiltinSettings = field(default_factory=BuiltinSettings)
    name: str = "builtin"
    sees_images: bool = True
    follows_instructions: bool = False

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        return [self._one(question, monitor) for question in questions]

    def _one(self, question: Question, monitor: Monitor) -> Answer:
        monitor.poll()
        answer = self._describe(question)
        if answer.outcome is Outcome.ANSWER:
            monitor.partial(question.name, answer.text)
        monitor.advance(question.name)
        return answer

    def _describe(self, question: Question) -> Answer:
        from .builtin_facts.facts import claims_of

        if not question.images:
            return Answer("", Outcome.FAILURE, _NO_PICTURE)
        if len(question.images) > 1:
            return Answer("", Outcome.FAILURE, _ONE_PICTURE.format(count=len(question.images)))
        claims = claims_of(_MEASURED.of(question.images[0]))
        return Answer(" ".join(_told(claims, self.settings.max_sentences, question.temperature, question.seed)))


@dataclass(frozen=True)
class BuiltinScorer:
    """Measures sentences of the built-in captioner's vocabulary against a crop, in any usual wording.

    A sentence outside the vocabulary ("A dog sits on the grass.") scores None: this scorer cannot judge it.
    """

    name: str = "builtin"

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        from .builtin_facts.facts import score

        measures = _MEASURED.of(image)
        return [score(measures, sentence) for sentence in sentences]


def create_captioner(settings: BuiltinSettings) -> BuiltinCaptioner:
    """The captioner that needs no weights."""
    return BuiltinCaptioner(settings)


def create_scorer(settings: BuiltinSettings) -> BuiltinScorer:
    """The scorer that needs no weights; it has nothing to set."""
    return BuiltinScorer()


def _told(claims: Sequence[Claim], most: int, temperature: float, seed: int) -> list[str]:
    """The claims that one answer makes, as sentences: the most important ones, or at a temperature a draw of them."""
    if temperature <= 0.0:
        return [claim.words() for claim in _most_important(claims, most)]
    draw = random.Random(seed)
    share = min(_MOST_LEFT_OUT, _LEFT_OUT * temperature)
    first, *others = _most_important(claims, len(claims))
    kept = [claim for claim in others if draw.random() >= share]
    chosen = _most_important([first, *kept], most)
    rest = chosen[1:]
    draw.shuffle(rest)
    return [claim.words(draw.randrange(4)) for claim in (first, *rest)]


def _most_important(claims: Sequence[Claim], most: int) -> list[Claim]:
    """At most `most` claims, in their order. The first, of the dominant colour, always stays."""
    from .builtin_facts.facts import rank

    facts = [claim.fact for claim in claims]
    ranked = sorted(range(len(claims)), key=lambda at: (rank(claims[at], facts[:at].count(facts[at])), at))
    return [claims[at] for at in sorted(ranked[:most])]
