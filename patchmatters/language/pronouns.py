"""Names instead of pronouns: a sentence that can stand alone may be kept, moved and told alone.

"A woman sits on a bench. She wears an orange tunic." are two claims, and the second one points at the first. Where the
noun is clear it takes the pronoun's place: "The woman wears an orange tunic." Where it is not, the caller leaves the
sentence with the one before it. No word is used but those of the text and "the"; after "they" of one person the verb
is put in the singular.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .clause import ACTS, clause_of, describes, is_plural
from .grammar import KINDS
from .morphology import lemma, word_set
from .prose import article_for, without_lead_place, without_view
from .reading import read
from .sentences import LEAD_INS, words
from .similarity import meaning_of

_SUBJECT = {"he": "male", "she": "female", "it": "thing", "they": "many"}
_OBJECT = {"him": "male", "her": "female", "it": "thing", "them": "many"}
_POSSESSIVE = {"his": "male", "her": "female", "its": "thing", "their": "any"}
_MALE = word_set("man boy gentleman guy father son husband groom king waiter businessman policeman male")
_FEMALE = word_set("woman girl lady mother daughter wife bride queen waitress businesswoman female")
_EITHER = word_set(
    "person individual someone child baby toddler kid singer performer player rider driver pilot chef cook worker "
    "guest musician speaker skier surfer skateboarder student teacher officer pedestrian customer visitor adult "
    "teenager athlete"
)
_PEOPLE = _MALE | _FEMALE | _EITHER
# "They are" cannot become "the man are"; what is many stands in the plural.
_MANY = word_set("people men women children persons individuals")
_NO_NAMES = word_set(
    "it he she they this that these those there one other others image picture photo photograph scene view background "
    "foreground left right top bottom middle center side corner part portion front back close"
    " everything something anything nothing everyone nobody subject focus rest day night weather time there"
)
_PRONOUN = re.compile(r"\b(it|its|he|him|his|she|her|they|them|their)\b(?!')", re.IGNORECASE)
# After "her" as an object comes the end of a phrase, after the possessive its noun.
_PHRASE_ENDS = re.compile(r"\s*(?:[,.;:]|is\b|are\b|there\b|stands?\b|sits?\b|and\b|\Z)", re.IGNORECASE)
# This "it" points at nothing: such a sentence stands alone.
_IMPERSONAL = re.compile(
    r"it (?:is|was|looks like|appears to be|seems to be) (?:an? )?(?:\w+ )?(?:day|night|daytime|nighttime|morning|"
    r"evening|afternoon|raining|snowing|sunny|cloudy|overcast|foggy|misty|windy|dark outside|winter|summer|autumn|"
    r"spring|sunset|sunrise|dusk|dawn)\b"
    r"|it (?:is|seems|appears) (?:\w+ )?(?:likely|possible|probable|clear|unclear|evident) that\b",
    re.IGNORECASE,
)
# It may also be what the whole picture is of, or an act.
_UNCLEAR = re.compile(r"it (?:might|may|could|must) be\b", re.IGNORECASE)
# "A tower with a clock. Its face ...": of which of the two?
_OF_TWO = re.compile(r"\bwith (?:an?|one)\b", re.IGNORECASE)
_THERE = re.compile(r"\Athere (?:is|are)\s+", re.IGNORECASE)
_ANOTHER_TOO = re.compile(r"\band (?:an?|the|one|two|another|some)\b")


def with_name(sentence: str, before: Sequence[str]) -> str | None:
    """The sentence with the noun in place of its opening pronoun; None where there is none, or its noun is unclear.

    `before` are the sentences of the same text that precede it, the last one nearest.
    """
    found = _PRONOUN.search(sentence)
    if found is None or not LEAD_INS.issuperset(words(sentence[: found.start()])):
        return None
    if _IMPERSONAL.match(sentence):
        return sentence
    pronoun = found.group().lower()
    possessive = _is_possessive(pronoun, sentence[found.end() :])
    kinds = _POSSESSIVE if possessive else _SUBJECT if pronoun in _SUBJECT else _OBJECT
    name = _name(kinds[pronoun], before)
    if not name and pronoun in ("they", "them"):
        return _with_somebody(sentence, found, before)
    if pronoun == "its" and before and _OF_TWO.search(before[-1]):
        return None
    if not name or _UNCLEAR.match(sentence):
        return None
    article = "The" if found.start() == 0 else "the"
    ending = ("'" if name.endswith("s") else "'s") if possessive else ""
    return f"{sentence[: found.start()]}{article} {name}{ending}{sentence[found.end() :]}"


_THEIR_ACT = re.compile(r"\s+([a-z]+)\b")
# Cups may be red and stand there, but not wear a hat.
_OF_SOMEBODY = re.compile(
    r"\s+(?:(?:are|were) (?:wear|hold|look|smil|walk|carry|rid|play|fac|talk|danc|eat|drink|read|clap)ing|"
    r"(?:wear|hold|look|smile|walk|carry|ride|play|talk|dance|eat|drink|read|clap)\b)",
    re.IGNORECASE,
)
_OF_ONE = {"are": "is", "were": "was", "have": "has", "do": "does", "go": "goes"}


def _with_somebody(sentence: str, found: re.Match[str], before: Sequence[str]) -> str | None:
    """The sentence whose "they" or "them" is one person, whom the sentence before calls by no sex: its verb is put in
    the singular. None where that is unclear."""
    name = _subject(before[-1]) if before else ""
    if name not in _EITHER or _ANOTHER_TOO.search(before[-1]):
        return None
    if _names_several(before[-1]) and not _OF_SOMEBODY.match(sentence[found.end() :]):
        return None
    article = "The" if found.start() == 0 else "the"
    start, rest = f"{sentence[: found.start()]}{article} {name}", sentence[found.end() :]
    if found.group().lower() == "them":
        return start + rest
    act = _THEIR_ACT.match(rest)
    singular = _singular_of(act.group(1)) if act else ""
    return f"{start} {singular}{rest[act.end() :]}" if act and singular else None


def _names_several(sentence: str) -> bool:
    reading = read(sentence)
    return any(
        is_plural(token) and not meaning_of(lemma(token)).isdisjoint(reading.present) for token in reading.tokens
    )


def _singular_of(act: str) -> str:
    """ "wear" as "wears"; "" for what may be no verb."""
    if act in _OF_ONE:
        return _OF_ONE[act]
    if lemma(act) != act or act not in ACTS:
        return ""
    if act.endswith("y") and act[-2] not in "aeiou":
        return f"{act[:-1]}ies"
    return f"{act}es" if act.endswith(("s", "sh", "ch", "x", "z", "o")) else f"{act}s"


_ANOTHER = re.compile(
    r"\A((?:(?:at|on|in) the [a-z ]+, )?(?:there (?:is|are) )?)(another) ((?:[\w-]+ ?){1,4})", re.IGNORECASE
)


def introduced(sentence: str, before: Sequence[str]) -> str:
    """The sentence with "a" for "another" where nothing of that name was told before it.

    A woman may be a person who was told before, but no man.
    """
    found = _ANOTHER.match(sentence)
    if found is None:
        return sentence
    named = [meaning_of(lemma(word)) for word in words(found.group(3)) if _is_noun(word)]
    told = {meaning_of(lemma(word)) for text in before for word in words(text)}
    if any(one <= other or other <= one for one in named for other in told):
        return sentence
    article = article_for(found.group(3))
    if found.group(2)[0].isupper():
        article = article.capitalize()
    return f"{found.group(1)}{article} {sentence[found.start(3) :]}"


_BESIDE = re.compile(
    r"\s+(?:right |just |directly )?(?:next to|beside|near|behind|in front of|above|below|around|under|close to|"
    r"on top of)\s+(it|him|her|them)\b(?=\s*(?:[.,;:]|is\b|are\b|has\b|have\b|stands?\b|sits?\b|and\b|\Z))",
    re.IGNORECASE,
)


def without_dangling(text: str) -> str:
    """A text without the places beside something that it does not name: "A coat hangs on a chair next to him."."""
    for found in reversed(list(_BESIDE.finditer(text))):
        if not _may_be_meant(found.group(1).lower(), text[: found.start()]):
            text = text[: found.start()] + text[found.end() :]
    return text


def _may_be_meant(pronoun: str, before: str) -> bool:
    """Whether anything in the text before a pronoun may be what it points at; the subject is not beside itself."""
    said = words(before)
    if pronoun in ("him", "her"):
        return any(word in _PEOPLE and _fits(word, _OBJECT[pronoun]) for word in said)
    if pronoun == "them":
        return "and" in said or any(map(is_plural, said))
    clause = clause_of(_THERE.sub("", before))
    return any(map(_is_noun, clause.words[clause.head + 1 :]))


def _is_noun(word: str) -> bool:
    return word.isalpha() and not (word in KINDS or describes(word) or lemma(word) in ACTS)


def _is_possessive(pronoun: str, rest: str) -> bool:
    if pronoun == "her":
        return _PHRASE_ENDS.match(rest) is None
    return pronoun in _POSSESSIVE


def _name(kind: str, before: Sequence[str]) -> str:
    """The noun that a pronoun of that kind points at: the subject of the sentence before, or the nearest person."""
    for sentence in reversed(before):
        subject = _subject(sentence)
        if subject and _fits(subject, kind):
            return subject
        if kind in ("male", "female"):
            people = [word for word in words(sentence) if word in _PEOPLE and _fits(word, kind)]
            if people:
                return people[0]
        if kind in ("thing", "many"):
            return ""  # a thing named farther back may be any of many
    return ""


def _subject(sentence: str) -> str:
    """The noun of the subject as it stands in the sentence, "" where that is unclear."""
    reading = read(without_view(sentence))
    head = reading.head
    if not head or head in _NO_NAMES or reading.about_frame:
        return ""
    noun = next((token for token, base in zip(reading.tokens, reading.lemmas, strict=True) if base == head), "")
    noun = _in_opening(noun, sentence)
    if not noun or re.search(rf"['\u2019]s? {re.escape(noun)}\b", sentence, re.IGNORECASE):  # its owner is meant
        return ""
    return noun


def _in_opening(noun: str, sentence: str) -> str:
    """The noun, if it stands before the verb of the sentence; the noun before the verb, if that was taken for one.

    After "there is", several things may be meant: then it is in doubt, and "".
    """
    bare = without_lead_place(without_view(sentence))
    phrase = _THERE.sub("", bare)
    if phrase != bare and _ANOTHER_TOO.search(phrase):
        return ""
    clause = clause_of(phrase)
    end = clause.verb if clause.verb >= 0 else len(clause.words)
    if clause.head < 0 or noun in clause.words[:end]:
        return noun if clause.head >= 0 else ""
    return clause.words[clause.head] if noun in clause.words[end : end + 1] else ""


def _fits(noun: str, kind: str) -> bool:
    plural = noun in _MANY or (lemma(noun) != noun and noun.endswith("s"))
    if kind == "many":
        return plural
    if kind == "any":
        return plural or noun in _PEOPLE
    if kind == "thing":
        return not plural and noun not in _PEOPLE
    return noun in _EITHER or noun in (_MALE if kind == "male" else _FEMALE)
