"""The caption of a Scene as a trainer wants it: long, short or as tags, with trigger words, within a length.

Every form comes from the Scene alone, so that another one costs no model call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from ..generate.clauses import Clause, clauses_of_caption, clauses_of_text
from ..generate.fit import SENTENCES, TAGS, FitSettings, fit, joined, written
from ..generate.phrases import shortened
from ..language.sentences import split_sentences
from ..scene import Scene
from .command_options import LONG, STYLES
from .exclusions import Dropped, topics_of, without_topics

_WORDS, _TOKENS = "words", "tokens"
_CLIP = "openai/clip-vit-large-patch14"


@dataclass(frozen=True)
class FormSettings:
    """How captions are written.

    `styles` are written in this order, each a line of its own. `trigger`, `prefix` and `suffix` stand around every one,
    as they are. `max_words` and `max_tokens` (0: no limit) hold for the whole line; tokens are those of `tokenizer`, a
    folder or a name. A short caption has at most `short_words`. `replacements` are (old, new) texts; a sentence that a
    pattern of `drop` matches is left out, and so is what is about one of `exclude` ("hair, eye colour").
    """

    styles: tuple[str, ...] = (LONG,)
    trigger: str = ""
    prefix: str = ""
    suffix: str = ""
    max_words: int = 0
    max_tokens: int = 0
    tokenizer: str = ""
    short_words: int = 40
    replacements: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()
    exclude: str = ""

    def __post_init__(self) -> None:
        """ValueError for what cannot be, before a picture is asked about."""
        for style in self.styles:
            if style not in STYLES:
                raise ValueError(f"There is no style {style!r}; choose among: {', '.join(STYLES)}.")
        if not self.styles:
            raise ValueError(f"No style is chosen; choose among: {', '.join(STYLES)}.")
        for name in ("max_words", "max_tokens", "short_words"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, but must be at least 0 (no limit).")
        topics_of(self.exclude)
        for pattern in self.drop:
            _compiled(pattern)


@dataclass(frozen=True)
class Written:
    """The captions of a picture, one a style, and what was left out for the sake of a topic or a pattern."""

    texts: tuple[str, ...]
    dropped: tuple[Dropped, ...] = field(default=())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out, in words."""
        return tuple(f"Left out, because it is about {one.topic}: {one.text}" for one in self.dropped)


def write_captions(scene: Scene, settings: FormSettings) -> Written:
    """The captions of a composed Scene.

    RuntimeError where the tokenizer cannot be had; ValueError where trigger, prefix and suffix alone are too long, or
    where everything that the Scene tells was to be left out.
    """
    clauses = clauses_of_caption(scene)
    kept, dropped = _selected(clauses, settings)
    if not kept:
        raise ValueError(f"All that is told of {scene.image.name!r} was to be left out: exclude less.")
    return Written(tuple(_line(kept, style, settings) for style in settings.styles), dropped)


def write_text(text: str, settings: FormSettings) -> Written:
    """As `write_captions`, from a plain text: a caption that was there before. Of an empty one nothing is made."""
    kept, dropped = _selected(clauses_of_text(text), settings)
    if not kept:
        return Written(("",) * len(settings.styles), dropped)
    return Written(tuple(_line(kept, style, settings) for style in settings.styles), dropped)


def _selected(clauses: Sequence[Clause], settings: FormSettings) -> tuple[tuple[Clause, ...], tuple[Dropped, ...]]:
    changed = tuple(replace(clause, text=_replaced(clause.text, settings.replacements)) for clause in clauses)
    kept, dropped = [], []
    for clause in filter(lambda one: one.text.strip(), changed):
        text, gone = _without_matches(clause.text, settings.drop)
        dropped += gone
        if text:
            kept.append(replace(clause, text=text))
    if not settings.exclude:
        return tuple(kept), tuple(dropped)
    left, about = without_topics(kept, topics_of(settings.exclude))
    return left, (*dropped, *about)


def _replaced(text: str, replacements: Sequence[tuple[str, str]]) -> str:
    for old, new in replacements:
        text = text.replace(old, new)
    return text


def _without_matches(text: str, patterns: Sequence[str]) -> tuple[str, list[Dropped]]:
    """A part of a caption without its sentences that a pattern matches."""
    kept, dropped = [], []
    for sentence in split_sentences(text) if patterns else ():
        hit = next((pattern for pattern in patterns if _compiled(pattern).search(sentence)), None)
        if hit is None:
            kept.append(sentence)
        else:
            dropped.append(Dropped(sentence, f"/{hit}/"))
    return (" ".join(kept), dropped) if dropped else (text, [])


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"--drop {pattern!r} is not a pattern ({error}): write a regular expression.") from None


def _line(clauses: Sequence[Clause], style: str, settings: FormSettings) -> str:
    """One caption on one line."""
    around = FitSettings(
        trigger=settings.trigger,
        prefix=settings.prefix,
        suffix=settings.suffix,
        escape=False,
        style=TAGS if STYLES[style].as_tags else SENTENCES,
    )
    limits = _limits(style, settings)
    if not limits:
        text = joined((settings.trigger, settings.prefix, written(clauses, around), settings.suffix))
    else:
        text = _fitted(clauses, around, limits, settings)
    return " ".join(text.split())


def _limits(style: str, settings: FormSettings) -> dict[str, int]:
    own = STYLES[style].words
    words = [limit for limit in (settings.max_words, getattr(settings, own) if own else 0) if limit]
    return ({_WORDS: min(words)} if words else {}) | ({_TOKENS: settings.max_tokens} if settings.max_tokens else {})


def _fitted(clauses: Sequence[Clause], around: FitSettings, limits: Mapping[str, int], settings: FormSettings) -> str:
    """As many whole parts as the limits allow, the surest first; where not one fits, the beginning of the surest."""
    count = _counter(settings.tokenizer, needs_tokens=_TOKENS in limits)
    frame = count(joined((around.trigger, around.prefix, around.suffix)))
    if over := next((name for name, limit in limits.items() if frame[name] > limit), None):
        raise ValueError(
            f"Trigger, prefix and suffix take {frame[over]} {over} alone, and {limits[over]} are allowed: shorten "
            "them, or allow more."
        )
    beginning = _beginning(min(clauses, key=lambda clause: clause.worth), around, count, limits)
    if beginning is not None:
        return joined((around.trigger, around.prefix, written([beginning], around), around.suffix))
    return fit(clauses, count, limits, around).text


def _beginning(
    best: Clause, around: FitSettings, count: Callable[[str], Mapping[str, int]], limits: Mapping[str, int]
) -> Clause | None:
    """The longest beginning of a part that fits where the part itself does not; None where it does."""

    def fits(clause: Clause) -> bool:
        used = count(joined((around.trigger, around.prefix, written([clause], around), around.suffix)))
        return all(used[name] <= limit for name, limit in limits.items())

    if fits(best):
        return None
    for words in range(len(best.text.split()) - 1, 0, -1):
        shorter = replace(best, text=shortened(best.text, words), place="")
        if fits(shorter):
            return shorter
    return replace(best, text="", place="")


def _counter(tokenizer: str, *, needs_tokens: bool) -> Callable[[str], Mapping[str, int]]:
    if not needs_tokens:
        return lambda text: {_WORDS: len(text.split())}
    tokens = load_tokenizer(tokenizer)
    return lambda text: {_WORDS: len(text.split()), _TOKENS: len(tokens(text, add_special_tokens=False)["input_ids"])}


@lru_cache(maxsize=2)
def load_tokenizer(name: str) -> Any:
    """The tokenizer of a folder or a name. RuntimeError, with the way out, where it cannot be had."""
    try:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(name or _CLIP, trust_remote_code=False)
    except ImportError as error:
        raise RuntimeError(f"--max-tokens needs transformers ({error}): install it, or use --max-words.") from None
    except (OSError, ValueError) as error:
        raise RuntimeError(
            f"There is no tokenizer {name or _CLIP!r} ({str(error).splitlines()[0]}): name a model's folder with "
            "--tokenizer, or use --max-words."
        ) from None
