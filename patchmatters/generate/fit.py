"""Choosing the parts of a caption that fit a budget of tokens: whole sentences, the surest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from ..options import Options, option
from .budget import Count, encoder_name
from .clauses import Clause
from .escape import escaped
from .pieces import in_pieces
from .tags import tags_of

SENTENCES, TAGS = "sentences", "tags"
_ENDS = ",.;:!?\u3002\uff01\uff1f\uff0c\uff1b\uff1a\u3001\u2026"
_OPEN = " ,;\uff0c\uff1b\u3001"  # what a text that was left out in part must not end with
_QUOTES = "\"')]\u201d\u2019\u300d\u300f"


@dataclass(frozen=True)
class FitSettings(Options):
    """What is written around the caption, and how the caption is written."""

    trigger: str = option("", "Trigger words of a LoRA or an embedding: always kept, first, written as they are.")
    prefix: str = option("", "Written before the caption, such as a style: always kept, written as it is.")
    suffix: str = option("", "Written after the caption: always kept, written as it is.")
    escape: bool = option(
        True,
        "Write the caption's parentheses so that they are shown to the encoder and not read as weights. Off for a text "
        "with weights of its own. Trigger words, prefix and suffix are never changed.",
        advanced=True,
    )
    style: str = option(
        SENTENCES,
        "Sentences as they are, or tags: phrases with commas between them, without articles and places, for models "
        "trained on tags.",
        choices=(SENTENCES, TAGS),
    )


@dataclass(frozen=True)
class Fitted:
    """A prompt that fits: its text, the parts kept and left out in reading order, and tokens used and allowed."""

    text: str
    kept: tuple[Clause, ...]
    left_out: tuple[Clause, ...]
    used: Mapping[str, int]
    limits: Mapping[str, int]


def fit(
    clauses: Sequence[Clause], count: Count, limits: Mapping[str, int], settings: FitSettings = FitSettings()
) -> Fitted:
    """The prompt with as many whole parts as the limits allow, chosen by worth and told in their order.

    `count` says how many tokens a text takes in each encoder; an encoder without a limit is not asked to fit. A part
    that is too long by itself, such as a list of tags, is taken apart at its commas (see `pieces`); one that is too
    long for what is left is passed over for a smaller one. ValueError where the words around the caption are over a
    limit by themselves, where no part fits, and where there is nothing to say at all.
    """
    whole = _Page(tuple(clauses), settings, limits, _Memory(count))
    _check_frame(whole)
    page, cut = whole.taken_apart()
    kept = page.filled(page.trimmed(page.estimated()))
    _check_content(page, kept)
    return Fitted(
        page.text(kept),
        tuple(clause for number, clause in enumerate(page.clauses) if number in kept),
        _left_out(page, kept, cut),
        page.used(kept),
        dict(limits),
    )


def fit_each(
    captions: Sequence[Sequence[Clause]],
    count: Count,
    limits: Mapping[str, int],
    settings: FitSettings = FitSettings(),
) -> tuple[Fitted, ...]:
    """Every caption as by `fit`. One without parts, as of a picture that was given up, keeps its place."""
    return tuple(fit(one, count, limits, settings) if one else _frame(count, limits, settings) for one in captions)


def frame_of(settings: FitSettings) -> str:
    """What stands around every caption."""
    return joined([settings.trigger, settings.prefix, settings.suffix])


def _frame(count: Count, limits: Mapping[str, int], settings: FitSettings) -> Fitted:
    text = frame_of(settings)
    _check_frame(_Page((), settings, limits, _Memory(count)))
    return Fitted(text, (), (), count(text), dict(limits))


def _left_out(page: _Page, kept: set[int], cut: Sequence[Clause]) -> tuple[Clause, ...]:
    passed_over = [clause for number, clause in enumerate(page.clauses) if number not in kept]
    return tuple(sorted([*passed_over, *cut], key=lambda clause: clause.sentence))


def fit_report(fitted: Fitted) -> str:
    """What was left out, in words for people, and how much of each budget is used."""
    lines = [f"{encoder_name(name)}: {_usage(fitted, name)}" for name in fitted.used]
    if not fitted.left_out:
        return "\n".join([*lines, "Nothing was left out."])
    total = len(fitted.left_out) + len(fitted.kept)
    lines.append(f"Left out {len(fitted.left_out)} of {total} parts of the caption:")
    return "\n".join([*lines, *(f"- {one.place + ': ' if one.place else ''}{one.text}" for one in fitted.left_out)])


def _usage(fitted: Fitted, name: str) -> str:
    limit = fitted.limits.get(name)
    return f"{fitted.used[name]} tokens, no limit asked" if limit is None else f"{fitted.used[name]} of {limit} tokens"


class _Memory:
    """A count that is asked once per text."""

    def __init__(self, count: Count) -> None:
        self._count, self._known = count, dict[str, Mapping[str, int]]()

    def __call__(self, text: str) -> Mapping[str, int]:
        if text not in self._known:
            self._known[text] = self._count(text)
        return self._known[text]


@dataclass(frozen=True)
class _Page:
    """A prompt in the making. Parts are known by their number; a choice of parts is a set of numbers.

    `pieces` are those that are no whole part: of equal worth they come after whole ones.
    """

    clauses: tuple[Clause, ...]
    settings: FitSettings
    limits: Mapping[str, int]
    count: _Memory
    pieces: frozenset[int] = frozenset()
    by_worth: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        order = sorted(
            range(len(self.clauses)), key=lambda number: (self.clauses[number].worth, number in self.pieces, number)
        )
        object.__setattr__(self, "by_worth", tuple(order))

    def text(self, kept: Iterable[int]) -> str:
        settings = self.settings
        body = written((self.clauses[number] for number in sorted(kept)), settings)
        return joined([settings.trigger, settings.prefix, body, settings.suffix])

    def taken_apart(self) -> tuple[_Page, list[Clause]]:
        """The same with parts that no page could hold in pieces, and what had to be cut off those."""
        small, cut, numbers = list[Clause](), list[Clause](), set[int]()
        for clause in self.clauses:
            if self.holds(clause.text):
                small.append(clause)
                continue
            pieces, rest = in_pieces(clause, self.holds)
            numbers |= set(range(len(small), len(small) + len(pieces)))
            small += pieces
            cut += rest
        return replace(self, clauses=tuple(small), pieces=frozenset(numbers)), cut

    def holds(self, text: str) -> bool:
        """Whether a text would fit with what stands around it, and nothing else."""
        settings = self.settings
        body = written([Clause(text, 0)], settings)
        return self.fits(self.count(joined([settings.trigger, settings.prefix, body, settings.suffix])))

    def used(self, kept: Iterable[int]) -> Mapping[str, int]:
        return self.count(self.text(kept))

    def fits(self, used: Mapping[str, int]) -> bool:
        return all(used.get(name, 0) <= limit for name, limit in self.limits.items())

    def cost(self, number: int, kept: Iterable[int]) -> Mapping[str, int]:
        """About how many tokens a part adds to those kept: its words, the mark before it, and a place not yet told."""
        clause, tags = self.clauses[number], self.settings.style == TAGS
        begun = any(self.clauses[other].sentence == clause.sentence for other in kept)
        mark = "" if not any(True for _ in kept) else "; " if clause.place or tags else " "
        if begun and not (clause.place or tags):
            mark, clause = clause.mark, replace(clause, end="")  # its sentence has its end already
        part = self.count(f"{mark}{written([replace(clause, place='')], self.settings)}")
        if not clause.place or tags or begun:
            return part
        place = self.count(f"{clause.place}.")
        return {name: tokens + place.get(name, 0) for name, tokens in part.items()}

    def estimated(self) -> set[int]:
        """The parts that should fit by their own lengths; much cheaper than counting every choice as a whole."""
        return self._taken(set(), self.used(()))

    def _taken(self, kept: set[int], used: Mapping[str, int]) -> set[int]:
        for number in self.by_worth:
            cost = {} if number in kept else self.cost(number, kept)
            total = {name: used[name] + cost.get(name, 0) for name in used}
            if cost and self.fits(total):
                kept, used = {*kept, number}, total
        return kept

    def trimmed(self, kept: set[int]) -> set[int]:
        """Without the least parts until the prompt as a whole is in the budget."""
        while kept and not self.fits(self.used(kept)):
            kept = kept - {max(kept, key=self.by_worth.index)}
        return kept

    def filled(self, kept: set[int]) -> set[int]:
        """With what the true length of the prompt leaves room for after all."""
        for number in self.by_worth:
            if number in kept:
                continue
            used, cost = self.used(kept), self.cost(number, kept)
            near = {name: tokens + cost.get(name, 0) for name, tokens in used.items()}
            if self.fits(near) and self.fits(self.used({*kept, number})):
                kept = {*kept, number}
        return kept


def written(clauses: Iterable[Clause], settings: FitSettings) -> str:
    """The parts as the caption's text, in the order given."""
    if settings.style == TAGS:
        tags = [tag for clause in clauses for tag in tags_of(clause.text)]
        text = ", ".join(dict.fromkeys(tags))
    else:
        sentences = groupby(clauses, key=lambda clause: (clause.sentence, clause.place))
        text = joined(_sentence(place, list(group)) for (_, place), group in sentences)
    text = text.rstrip(_OPEN)
    return escaped(text) if settings.escape else text


def _sentence(place: str, parts: Sequence[Clause]) -> str:
    """ "At the top left: a; b." from its parts, or the sentence itself where it has no place."""
    if not place:
        return "".join(one.text + one.mark for one in parts[:-1]) + parts[-1].text + parts[-1].end
    return f"{place}{', ' if len(parts) == 1 else ': '}{'; '.join(one.text for one in parts)}."


def joined(parts: Iterable[str]) -> str:
    """The parts that say something, with a comma between them where none of them ends with a mark."""
    text = ""
    for part in filter(None, map(str.strip, parts)):
        link = "" if not text else " " if (text.rstrip(_QUOTES) or text)[-1] in _ENDS else ", "
        text = f"{text}{link}{part}"
    return text


def _check_frame(page: _Page) -> None:
    used = page.used(())
    for name, limit in page.limits.items():
        if used.get(name, 0) > limit:
            raise ValueError(
                f"Trigger words, prefix and suffix take {used[name]} tokens in {encoder_name(name)}, but the budget is "
                f"{limit}: shorten them, or raise windows or tokens."
            )


def _check_content(page: _Page, kept: set[int]) -> None:
    if page.text(kept):
        return
    if not page.clauses:
        raise ValueError(
            "There is nothing to write: the caption, trigger words, prefix and suffix are all empty; connect a caption."
        )
    allowed = " and ".join(f"{limit} tokens in {encoder_name(name)}" for name, limit in page.limits.items())
    raise ValueError(f"No sentence of the caption fits into {allowed}: raise windows or tokens.")
