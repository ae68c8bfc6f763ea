"""A statement as a sentence of a caption: with a verb, and without words about the picture as a picture.

Captioners answer in headings and noun phrases ("**Sky:** A pale sky.", "A close-up of a red truck parked on a pier").
Only the words "there is" and "there are" are added, "is" or "are" where the noun is known ("The bananas are hanging
from a board.") and an article where a terse captioner left it out, so nothing can be invented.
"""

from __future__ import annotations

import re
from collections.abc import Container, Set

from .chinese import is_chinese, without_picture
from .claims import parts_of, without_lead_in
from .clause import ACTS, Clause, clause_of, describes, is_plural
from .grammar import DETERMINERS, KINDS, PREPOSITIONS
from .morphology import lemma, word_set
from .sentences import content_words, split_sentences, words
from .vocabulary import CONCEPTS, QUANTITIES, VALUES

_LABEL = re.compile(r"\A(?:[A-Z][\w'/&-]*(?:\s+(?:and|of|the|in|on|[\w'-]+)){0,3}):\s+(?=\S)")
_KINDS_OF_VIEW = r"(?:arafed|partial|close|close-up|closer|cropped|blurred|blurry|detailed|small|large|upper|lower)"
# Words for the view itself, which go wherever they open a statement ...
_OF_VIEW = rf"(?:(?:an?|the)\s+)?(?:{_KINDS_OF_VIEW}\s+)*(?:view|close[- ]?up|glimpse)\s+of\s+(?=\S)"
_VIEW = re.compile(rf"\A{_OF_VIEW}", re.IGNORECASE)
_THERE_IS_VIEW = re.compile(rf"\Athere is\s+(?={_OF_VIEW})", re.IGNORECASE)
# ... and for a part of a thing, as a crop cuts it: only before a thing that is new, where no verb tells of the part.
_CUT = re.compile(
    rf"\A(?:(?:an?|the)\s+)?(?:(?:{_KINDS_OF_VIEW}|top|bottom|left|right|far)\s+)*"
    r"(?:(?:portion|part|section|side|edge|corner|end)|(?<=\bupper\s)half|(?<=\blower\s)half)\s+of\s+"
    r"(?=(?:an?|two|three|several|some|someone)\b)",
    re.IGNORECASE,
)
_ARAFED = re.compile(r"\A(?:(an?)\s+)?(?:arafed|araffe|arafe)\s+", re.IGNORECASE)  # a slip of BLIP's, no word
# Not "the picture on the wall", and not what is told of a thing: "A man is in the image."
_IN_PICTURE = re.compile(
    r"(?<!\bis)(?<!\bare),?\s+(?:in|within|across|throughout)\s+(?:the|this)\s+"
    r"(?:(?:image|photo|photograph|snapshot)\b|picture(?=\s*(?:[.,;]|\Z)))",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"\A((?:on|in|at|to|above|below|behind|beside|near|under|next to|along|around|between|beneath)\b[^,;:.]{1,80}),\s+",
    re.IGNORECASE,
)
# Of these "a dot" and "two lines" are more usual than the act.
_ALSO_THINGS = word_set(
    "dot line frame top cap cover lead support feature share show fall rest walk run point light form display drape "
    "start end turn bend curve span pass drink dance ride drive drip spill cross"
)
_PRONOUNS = word_set("someone somebody something everyone nobody nothing")
_OPENERS = word_set(
    "a an one two three four five six seven eight nine ten several some many few various multiple numerous part another"
)
_MANY_OF = re.compile(r"\A(?:a\s+)?(?:few|couple of|number of|variety of|lot of|lots of|dozen|handful of)\b")
# English for sure, also of other languages' words for "in" and "a".
_ENGLISH = word_set(
    "the of with on and by behind near under over from to against above below next covered filled at through"
)
# What has no number and so no article.
_MASSES = word_set(
    """
    snow grass water sand food light sunlight smoke steam foliage greenery vegetation furniture equipment lettuce bread
    rice cheese meat soil dirt mud gravel moss ivy ice fog mist rain dust rust wood metal glass stone concrete paper
    cardboard plastic fabric cloth leather hair fur skin wool traffic graffiti text writing lettering clothing luggage
    jewelry scenery machinery artwork wallpaper carpet flooring lighting stitching sky ground coffee tea beer wine
    juice milk butter cream sauce salad parsley cilantro garlic pasta chicken beef fish fruit wheat hay straw bamboo
    paint tape wire rope string foam bark debris trash garbage rubble scaffolding brickwork landscaping shrubbery
    """
)
_SETTINGS = word_set("setting scene environment view background atmosphere")
_KNOWN: tuple[Container[str], ...] = (KINDS, VALUES, QUANTITIES, _PRONOUNS, _MASSES)


def as_prose(statement: str) -> str:
    """The statement without a label and words about the picture, with a verb, its first letter a capital."""
    if is_chinese(statement):
        return without_picture(statement)
    bare = without_lead_in(_LABEL.sub("", statement, count=1))
    sentences = [_with_verb(one) for one in split_sentences(_IN_PICTURE.sub("", bare))]
    return " ".join(_capital(one) for one in sentences) or statement


def has_verb(text: str) -> bool:
    """Whether a clause has a finite verb of its own, outside relative clauses."""
    return clause_of(text).verb >= 0


def has_act(text: str) -> bool:
    """Whether a text tells what somebody or something does: "A rope hangs from the rail."."""
    acts = ((word, lemma(word)) for word in words(text))
    return any(base in ACTS and (word.endswith("ing") or base not in _ALSO_THINGS) for word, base in acts)


def is_bare(text: str) -> bool:
    """Whether a text only names what is known already: "The bananas.", "An industrial setting."."""
    main = without_lead_in(parts_of(text)[0])
    said = words(main)
    named = said[:1] == ["the"] and len(content_words(main)) < 2
    setting = said[:1] in (["a"], ["an"], ["the"]) and len(said) < 5 and said[-1] in _SETTINGS
    return (named or setting) and not has_verb(main)


def without_view(text: str) -> str:
    """A text without opening words for what shows its thing: "The upper part of a man, waving." -> "a man, waving."."""
    return _CUT.sub("", _VIEW.sub("", without_lead_in(text), count=1), count=1)


def without_lead_place(text: str) -> str:
    """A text without the place that it opens with: "On the left, a dog sleeps." -> "a dog sleeps."."""
    return _LEAD.sub("", text, count=1)


def in_mid_sentence(text: str, common: Set[str]) -> str:
    """A sentence as it goes on after a place: its first letter small where its first word is known to be no name.

    `common` are words that are known to stand in small letters.
    """
    first = next(iter(words(text)), "")
    known = first in common or describes(first) or lemma(first) in CONCEPTS or any(first in one for one in _KNOWN)
    return text[:1].lower() + text[1:] if known and not is_name(text) else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _with_verb(sentence: str) -> str:
    """A sentence without words for its view, and with a verb where it is a noun phrase."""
    sentence = _THERE_IS_VIEW.sub("", sentence, count=1)
    bare = _VIEW.sub("", _ARAFED.sub(_article_of_the_rest, sentence, count=1), count=1)
    if has_verb(bare):
        return bare
    lead = _LEAD.match(bare)
    place, phrase = (f"{lead.group(1)}, ", bare[lead.end() :]) if lead else ("", bare)
    phrase = _CUT.sub("", phrase, count=1)
    told = _told_as_there(phrase) or phrase
    return place + (told[:1].lower() + told[1:] if place and told != phrase else told)


def _article_of_the_rest(arafed: re.Match[str]) -> str:
    article = arafed.group(1) or ""
    return f"{article_for(arafed.string[arafed.end() :])} " if article else ""


def _told_as_there(phrase: str) -> str:
    """A noun phrase with a verb: "There is a dog on a sofa."; "" where it is none, or in another language."""
    clause = clause_of(phrase)
    said = clause.words
    if not said or said[0] in PREPOSITIONS or (clause.head < 0 and said[0] not in _PRONOUNS):
        return ""
    if said[0] == "the" and (participle := _participle(phrase, clause)):
        be = "are" if is_plural(said[clause.head]) else "is"
        return f"{phrase[:participle]}{be} {phrase[participle:]}"
    if said[0] == "the" and _may_act(said[1 : clause.head + 1]):
        return ""
    if not (said[0] in _OPENERS or said[0] in QUANTITIES or _is_english(said)):
        return ""
    return f"There {_be(phrase, clause)} {_with_article(phrase, clause)}"


def _may_act(phrase: tuple[str, ...]) -> bool:
    """Whether the last word of a phrase may be a verb that no table knows: "the path meanders"."""
    return len(phrase) > 1 and is_plural(phrase[-1]) and not describes(phrase[-2]) and not is_plural(phrase[-2])


def _is_english(said: tuple[str, ...]) -> bool:
    return any(word in _ENGLISH or word in _PRONOUNS or (word in VALUES and word not in PREPOSITIONS) for word in said)


def _participle(phrase: str, clause: Clause) -> int:
    """Where in the phrase the act of its noun begins ("The bananas | hanging from a board"), 0 for none."""
    following = clause.words[clause.head + 1 : clause.head + 2]
    if not following or not following[0].endswith(("ing", "ed")) or lemma(following[0]) == following[0]:
        return 0
    return phrase.lower().find(f" {following[0]}") + 1


def _be(phrase: str, clause: Clause) -> str:
    said, head = clause.words, clause.words[clause.head]
    if said[0] in _PRONOUNS:
        return "is"
    if _MANY_OF.match(phrase.lower()):
        return "are"
    if said[0] in ("a", "an", "one", "another", "part"):
        return "is"
    if said[0] in QUANTITIES and said[0] not in ("no", "some", "single", "lone"):
        return "are"
    return "are" if is_plural(head) else "is"


def _with_article(phrase: str, clause: Clause) -> str:
    """The phrase as it goes on after "There is": its first letter small where it begins no name, with an article."""
    said, head = clause.words, clause.words[clause.head]
    lowered = phrase[:1].lower() + phrase[1:] if not is_name(phrase) else phrase
    first = said[0]
    determined = first in DETERMINERS or first in QUANTITIES or first in _OPENERS or first in _PRONOUNS
    if determined or is_plural(head) or lemma(head) in _MASSES or said[clause.head + 1 : clause.head + 2] == ("and",):
        return lowered
    return f"{article_for(lowered)} {lowered}"


def article_for(phrase: str) -> str:
    """ "an" before a vowel, else "a"."""
    return "an" if phrase[:1].lower() in "aeiou" else "a"


def is_name(text: str) -> bool:
    """Whether a text opens with what keeps its capital wherever it stands: "HP", "Park Inn", "BMW's"."""
    first, *rest = text.split(maxsplit=2) or [""]
    second = rest[0] if rest else ""
    inner = any(map(str.isupper, first[1:])) or any(map(str.isdigit, first))
    return inner or (first[:1].isupper() and second[:1].isupper() and not describes(first.lower()))
