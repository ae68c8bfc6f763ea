"""Letting a model write, and believing only what rests on its sources.

The same care for every text a model writes here: an unreadable answer is asked for once more, then given up; a
sentence without a basis is refused; what the answer lost is told after it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..language.basis import has_basis, tells, trace
from ..language.conflict import find_conflict
from ..language.sentences import content_words, split_sentences
from ..language.similarity import LexicalSimilarity, containment
from ..models import ChatModel, Monitor, Question
from ..running.ask import Reply, ask
from ..scene import Basis, Sentence, Statement
from .foreign import foreign_words

log = logging.getLogger(__name__)

TRIES = 2
# A box as the question writes it: who recites it recites the question, and says nothing of the picture.
_BOX = re.compile(r"\[\s*\d*\.?\d+(?:\s*,\s*\d*\.?\d+){3}\s*\]")
NEAREST = 0.9  # share of the greatest nearness from which on a statement counts as one of the nearest
BROUGHT_BACK = 0.5  # share of a sentence's unreliable words that dropped statements have, from which on it tells those


@dataclass(frozen=True)
class Sources:
    """What a written text may rest on.

    `texts` are the passages or descriptions shown to the model, `kept` the statements that the text should tell and
    `dropped` those that it must not bring back. `trusted` are texts that were checked before.
    """

    texts: tuple[str, ...]
    kept: tuple[tuple[Basis, Statement], ...]
    dropped: tuple[Statement, ...] = ()
    trusted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """A model's text for one task: its sentences that rest on the sources, those that were refused, every reply.

    No sentence at all means that the model gave nothing that can be used.
    """

    sentences: tuple[Sentence, ...] = ()
    refused: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()


def write_all(
    model: ChatModel,
    questions: Callable[[int, int], Question],
    sources: Sequence[Sources],
    monitor: Monitor,
) -> list[Written]:
    """One text per entry of `sources`. `questions(task, attempt)` gives the question of a task and a try, from 0."""
    results = [Written() for _ in sources]
    for attempt in range(TRIES):
        waiting = [task for task, result in enumerate(results) if not result.sentences]
        replies = ask(model, [questions(task, attempt) for task in waiting], monitor)
        for task, reply in zip(waiting, replies, strict=True):
            results[task] = _checked(reply, sources[task], results[task].replies)
    return results


def _checked(reply: Reply, sources: Sources, earlier: Sequence[Reply]) -> Written:
    replies = (*earlier, reply)
    if reply.problem:
        log.warning("%s: %s.", reply.question.name, reply.problem)
        return Written(replies=replies)
    sentences = split_sentences(reply.text)
    good = [sentence for sentence in sentences if _may_be_said(sentence, sources)]
    return Written(
        sentences=tuple(Sentence(sentence, trace(sentence, sources.kept)) for sentence in good),
        refused=tuple(sentence for sentence in sentences if sentence not in good),
        replies=replies,
    )


def _may_be_said(sentence: str, sources: Sources) -> bool:
    """Whether a sentence rests on the sources, contradicts nothing kept and brings back nothing dropped."""
    if _BOX.search(sentence) or not has_basis(sentence, sources.texts) or foreign_words(sentence, sources.texts):
        return False
    kept = [statement.text for _, statement in sources.kept]
    if _refuted(sentence, kept):
        return False
    return not _brings_back(sentence, sources)


def _brings_back(sentence: str, sources: Sources) -> bool:
    """Whether a sentence tells what only dropped statements say: half of its words that nothing reliable has."""
    reliable = " ".join([*(statement.text for _, statement in sources.kept), *sources.trusted])
    own = [word for word in content_words(sentence) if containment(word, reliable) < 1.0]
    dropped = " ".join(statement.text for statement in sources.dropped)
    return bool(own) and containment(" ".join(own), dropped) >= BROUGHT_BACK


def _refuted(sentence: str, kept: Sequence[str]) -> bool:
    """Whether one of the kept statements nearest to a sentence says otherwise."""
    if not kept:
        return False
    similarity = LexicalSimilarity()
    nearness = similarity.matrix([sentence], kept)[0]
    limit = max(similarity.rival, NEAREST * max(nearness))
    near = [statement for value, statement in zip(nearness, kept, strict=True) if value >= limit]
    return any(find_conflict(sentence, statement, same_extent=False) for statement in near)


def lost(sentences: Sequence[Sentence], kept: Sequence[tuple[Basis, Statement]]) -> list[tuple[Basis, Statement]]:
    """The kept statements that the written sentences do not tell."""
    text = " ".join(sentence.text for sentence in sentences)
    return [(basis, statement) for basis, statement in kept if not tells(text, statement.text)]
