"""What a caption is not to speak of, because a LoRA is to learn it: statements about it are left out one by one.

A part of a caption is about a thing where it has its words (with those of its parts: a ponytail is hair), or where
its sentence embedding is near to the thing's. What can be cut out of a sentence is ("with long red hair"), and the rest
stays; no word is added, so nothing can be invented. A part too many is left out rather than one too few.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..generate.clauses import Clause
from ..language import AUTO, SIMILARITIES
from ..language.embeddings import EmbeddingSimilarity
from ..language.morphology import lemma, word_set
from ..language.reading import values_of
from ..language.sentences import FUNCTION_WORDS, content_words, words
from ..language.similarity import containment

# Cosine of MiniLM embeddings from which on a phrase is about a thing. Measured on phrases about hair, eyes, faces and
# clothes: 0.41 and less for what is about something else, but for plays on words ("an eye-catching sign": 0.44).
_NEAR = 0.42
_LEFT = 2  # content words that the rest of a sentence must have to be worth telling
_POSSESSIVE = re.compile(r"\b(?:the |a |an )?[\w-]+(?:'s|s'|\u2019s|s\u2019)\s+", re.IGNORECASE)
_BOUNDARY = re.compile(
    r",? (?=(?:with|without|wearing|while|in|on|at|by|near|beside|behind|against|under|over|and|who|which|that|whose|"
    r"from|holding|sitting|standing|looking)\b)"
)
_GOES_ALONG = re.compile(r",? ?(?:and|that|which|whose)\b")
_COLOURS, _OTHERS = frozenset({"colour", "color"}), word_set("shape size length style type kind")
_PARTS: Mapping[str, frozenset[str]] = {
    "hair": word_set(
        "hair haired hairstyle haircut hairdo ponytail pigtail braid plait bun bang fringe curl ringlet dreadlock mane"
        " lock wig afro blonde blond brunette redhead bald balding"
    ),
    "eye": word_set("eye eyed iris pupil"),
    "face": word_set(
        "face facial lip nose mouth cheek cheekbone chin eyebrow brow forehead freckle smile smiling grin dimple eye"
        " eyelash expression jaw beard bearded moustache mustache complexion frown makeup"
    ),
    "beard": word_set("beard bearded stubble goatee moustache mustache"),
    "clothing": word_set(
        "clothing clothes dressed outfit wear wearing shirt t-shirt blouse dress skirt trouser trousers pants jeans"
        " jacket coat sweater hoodie suit tie uniform shoe boot sneaker hat cap scarf glove sock vest robe gown short"
        " shorts cardigan jumper"
    ),
    "background": word_set("background backdrop behind"),
}
_ALSO: Mapping[str, str] = {"clothes": "clothing", "outfit": "clothing", "garment": "clothing", "haircut": "hair"}


@dataclass(frozen=True)
class Topic:
    """A thing that captions are not to speak of: as the user called it, its words, and whether only its colour."""

    name: str
    things: tuple[frozenset[str], ...]
    colour: bool = False


@dataclass(frozen=True)
class Dropped:
    """A part that was left out, and the topic for whose sake."""

    text: str
    topic: str


def topics_of(text: str) -> tuple[Topic, ...]:
    """The topics of "hair, eye colour, the person's face". ValueError for one without a word to go by."""
    return tuple(_topic(name.strip()) for name in re.split(r"[,;]", text) if name.strip())


def _topic(name: str) -> Topic:
    bare = _POSSESSIVE.sub("", name) or name
    found = [word for word in words(bare) if word not in FUNCTION_WORDS]
    things = [_thing(word) for word in found if word not in _COLOURS | _OTHERS]
    if not things:
        raise ValueError(
            f"--exclude-about {name!r} names no thing: write what captions shall not speak of, like 'hair'."
        )
    return Topic(name, tuple(_PARTS.get(thing, frozenset({thing})) for thing in things), not _COLOURS.isdisjoint(found))


def _thing(word: str) -> str:
    """The name of a word's thing in the table of parts, or its base form."""
    named = (name for form in (word, lemma(word)) if (name := _ALSO.get(form, form)) in _PARTS)
    return next(named, lemma(word))


def without_topics(
    clauses: Sequence[Clause], topics: Sequence[Topic]
) -> tuple[tuple[Clause, ...], tuple[Dropped, ...]]:
    """The parts of a caption that are about none of the topics, and what was left out of it."""
    kept: list[Clause] = []
    dropped: list[Dropped] = []
    judge = _Judge(topics)
    for clause in clauses:
        rest, out = judge.cut(clause.text)
        dropped += out
        if rest:
            kept.append(replace(clause, text=rest))
    return tuple(kept), tuple(dropped)


class _Judge:
    """Says what a phrase is about."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        similarity = SIMILARITIES[AUTO]()
        self._topics = topics
        self._embeddings = similarity if isinstance(similarity, EmbeddingSimilarity) else None

    def topic(self, phrase: str) -> Topic | None:
        """The first topic that a phrase is about."""
        if not content_words(phrase):
            return None
        by_words = (topic for topic in self._topics if _has_words(topic, phrase))
        return next(by_words, None) or self._near(phrase)

    def _near(self, phrase: str) -> Topic | None:
        if self._embeddings is None:
            return None
        (row,) = self._embeddings.matrix([phrase.strip(" ,")], [topic.name for topic in self._topics])
        return next((topic for topic, value in zip(self._topics, row, strict=True) if value >= _NEAR), None)

    def cut(self, sentence: str) -> tuple[str, list[Dropped]]:
        """The sentence without the phrases about a topic ("" where nothing is left), and what was cut out."""
        pieces = _phrases(sentence)
        about = [self.topic(piece) for piece in pieces]
        if not any(about):
            whole = self.topic(sentence) if len(pieces) > 1 else None
            return (sentence, []) if whole is None else ("", [Dropped(sentence, whole.name)])
        topic = next(filter(None, about))
        kept = _without(pieces, [one is not None for one in about])
        rest = _ended("".join(kept), sentence)
        if about[0] is not None or len(content_words(rest)) < _LEFT or self.topic(rest):
            return "", [Dropped(sentence, topic.name)]
        cut = "".join(piece for piece in pieces if piece not in kept).strip(" ,.")
        return rest, [Dropped(cut, topic.name)]


def _has_words(topic: Topic, phrase: str) -> bool:
    found = {form for word in words(phrase) for form in (word, lemma(word))}
    if topic.colour and not any(value.attribute == "colour" for word in found for value in values_of(word)):
        return False
    return all(
        not found.isdisjoint(forms) or (len(forms) == 1 and containment(next(iter(forms)), phrase) >= 1.0)
        for forms in topic.things
    )


def _phrases(sentence: str) -> list[str]:
    """A sentence in its head and the phrases that hang on it; joined they are the sentence."""
    starts = [0, *(match.start() for match in _BOUNDARY.finditer(sentence))]
    return [sentence[start:end] for start, end in zip(starts, [*starts[1:], len(sentence)], strict=True)]


def _without(pieces: Sequence[str], about: Sequence[bool]) -> list[str]:
    """The pieces that are about nothing excluded, and that do not hang on one that is ("and blue eyes")."""
    kept: list[str] = []
    gone = False
    for piece, out in zip(pieces, about, strict=True):
        gone = out or (gone and _GOES_ALONG.match(piece) is not None)
        if not gone:
            kept.append(piece)
    return kept


def _ended(text: str, sentence: str) -> str:
    end = sentence[-1] if sentence[-1:] in ".!?" else ""
    return text.rstrip(" ,;.") + end
