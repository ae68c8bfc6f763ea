"""From a text to its sentences, statements and words, without a model.

Captions are written by models: lists with bullets, headings, lower-case sentences, sentences in quotation marks.
Splitting must never lose a word, because what is lost here can never be kept by the filter.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from ..basics.plain_text import joined
from ..basics.remembered import remembered
from . import chinese
from .chinese import content_pairs, is_chinese
from .morphology import lemma, word_set

_BULLET_SIGNS = "*+\\-\u2013\u2022\u2023\u25aa\u25cf\u25e6\u2043\u2219"
_BULLET = re.compile(rf"\s*(?:(?:\#{{1,6}}|[{_BULLET_SIGNS}]|>|\(?\d{{1,3}}[.)]|\(?[A-Za-z]\))\s+)+(?=\S)")
_SIGN = re.compile(rf"\A[{_BULLET_SIGNS}]\s+(?=\S)")
_INLINE_BULLET = re.compile(rf"[{_BULLET_SIGNS}]\Z")
_CJK_END = re.compile("[\u3002\uff01\uff1f\uff61]+[\"'\u201d\u2019\u300d\u300f\uff09\u3011]*")
_TOKEN = re.compile(r"\S+")
_CLOSERS = "\"'\u201d\u2019\u00bb)]}*_"
_OPENERS = "\"'\u201c\u2018\u00ab([{*_`#"
_ENDS = frozenset(".!?\u2026")
_LONGEST_ABBREVIATION = 12  # characters with the stops; what is longer is no abbreviation

# These never end a sentence ...
_TITLES = word_set("mr mrs ms dr prof st mt sr rev gen col sgt capt lt e.g i.e vs cf fig figs viz al")
# ... these may: only if the next word begins with a capital.
_MAY_END = word_set("etc inc ltd co corp jr ft cm mm km kg lb lbs oz ca approx a.m p.m u.s u.k u.s.a no nos")
# After an initial ("Platform B. The train") these words show that a sentence begins.
_BEGINNERS = word_set("The A An It He She They There This These Those In On At Its Their His Her")


def split_sentences(text: str) -> list[str]:
    """The sentences of a text in their order, without list bullets and numbers; none is empty, no word is lost.

    A line end always ends a sentence. Stops inside numbers, abbreviations and names do not.
    """
    sentences: list[str] = []
    for line in text.splitlines():
        body = line[match.end() :] if (match := _BULLET.match(line)) else line
        sentences.extend(_split_line(body))
    return sentences


@remembered(1024)
def _split_line(line: str) -> tuple[str, ...]:
    found: list[str] = []
    start = previous = 0
    worded = False
    for end in (*_ends_of(line), len(line)):
        worded = worded or _has_word(line[previous:end])
        previous = end
        if worded:
            found.append(_SIGN.sub("", line[start:end].strip()))
            start, worded = end, False
    rest = line[start:].strip()
    if rest and found:
        found[-1] = f"{found[-1]} {rest}"
    return tuple(found)


def _ends_of(line: str) -> list[int]:
    """The places in a line where a sentence ends, in order; pieces without a word between them are possible."""
    ends = [match.end() for match in _CJK_END.finditer(line)]
    tokens = list(_TOKEN.finditer(line))
    first = True
    for token, following in pairwise(tokens):
        if _closes(token.group(), following.group(), first):
            ends.append(token.end())
            first = True
        else:
            first = first and not _has_word(token.group())
    return sorted(set(ends))


def _closes(token: str, following: str, first: bool) -> bool:
    """Whether a sentence ends with `token`; `first` says that no other word of the sentence came before it."""
    bare = token.rstrip(_CLOSERS)
    if not bare or bare[-1] not in _ENDS:
        return False
    begins = following.lstrip(_OPENERS)
    if not begins:
        return False
    if not begins[0].isalnum():
        return _INLINE_BULLET.match(following) is not None
    stem = bare.rstrip(".!?\u2026")
    if begins[0].islower() and (bare != token or not bare.endswith(".") or bare.endswith("..")):
        return False  # "Stop!" he says; a word ... and more
    return bare[-1] != "." or not _is_abbreviation(stem, begins, first)


def _is_abbreviation(stem: str, following: str, first: bool) -> bool:
    if len(stem) > _LONGEST_ABBREVIATION:
        return False
    name = stem.lstrip(_OPENERS)
    key = name.lower()
    if key in _TITLES:
        return True
    if key in _MAY_END:
        return following[0].isdigit() if key in ("no", "nos") else following[0].islower()
    if len(name) == 1 and name.isalpha() and name != "I":
        return following.rstrip(",") not in _BEGINNERS
    return first and name.isdigit()  # "2. The cat": a number that opens a sentence belongs to it


def _has_word(piece: str) -> bool:
    """Whether a piece has a word, as `words` finds them: some signs become letters by normalising."""
    plain = piece if piece.isascii() else unicodedata.normalize("NFKC", piece)
    return any(map(str.isalnum, plain))


# --- statements -------------------------------------------------------------------------------------------------

_ANAPHORS = word_set("""
    it its itself they them their theirs themselves he him his himself she her hers herself this that these those
    such both neither either each another others
    """)
# What may come before the anaphor at the head of a sentence: "Behind it, ...", "However, they ...".
LEAD_INS = word_set("""
    and but or so yet also additionally moreover furthermore however meanwhile overall in addition to on at of behind
    beside besides above below under underneath beneath near next around inside outside within with without from by
    for front between among atop over across against along through toward towards surrounding while when as where
    although though because since if all some most many several few two three four the left right top back bottom side
    """)
_POINTING = frozenset(("this", "that", "these", "those"))
_DEPICTIONS = word_set("""
    image images photo photos photograph photographs picture pictures snapshot shot scene view illustration
    painting drawing screenshot collage close closeup
    """)
_PHRASES = frozenset(
    {("the", other) for other in ("other", "others", "former", "latter", "same")}
    | {("one", verb) for verb in ("is", "has", "was", "of", "appears", "seems", "looks")}
)
_FARTHEST = 8  # words looked at; an anaphor farther on has its antecedent in the same sentence


def statements_of(text: str) -> list[str]:
    """The sentences of a text, each able to stand alone.

    A sentence that opens with an anaphor ("It is brown.", "Behind them, ...") would attach to whatever comes before it
    in the merged text, so the noun takes the pronoun's place; where that is unclear it stays with the one before it.
    """
    return list(_statements(text))


@lru_cache(maxsize=256)
def _statements(text: str) -> tuple[str, ...]:
    """Kept, because every stage asks again for the statements of the same few passages."""
    from .pronouns import with_name  # it reads sentences, and reading rests on this module

    statements: list[str] = []
    for sentence in split_sentences(text):
        if not statements or not opens_with_anaphor(sentence):
            statements.append(sentence)
        elif named := with_name(sentence, statements):
            statements.append(named)
        else:
            statements[-1] = joined((statements[-1], sentence))
    return tuple(statements)


def joined_sentences(text: str) -> list[str]:
    """The sentences of a text as they stand, each joined to the ones that lean on it ("It is brown.")."""
    found: list[str] = []
    for sentence in split_sentences(text):
        if found and opens_with_anaphor(sentence):
            found[-1] = joined((found[-1], sentence))
        else:
            found.append(sentence)
    return found


def opens_with_anaphor(sentence: str) -> bool:
    """Whether the sentence begins by pointing at something said before: "It ...", "Next to them ...", "The other"."""
    if is_chinese(sentence):
        return chinese.opens_with_anaphor(sentence)
    opening = words(sentence[:120])[:_FARTHEST]
    for word, following in pairwise([*opening, ""]):
        if word in _POINTING:
            return following not in _DEPICTIONS
        if word in _ANAPHORS or (word, following) in _PHRASES:
            return not _names_a_thing(word, following)
        if word not in LEAD_INS:
            return False
    return False


_SINGULAR_POINTERS = frozenset(("another", "each"))
_PLURALS = word_set("people men women children feet hands")
_NO_NOUN = word_set("of is was has can will may might one side other are were have do does had would could")


def _names_a_thing(pointer: str, following: str) -> bool:
    """Whether a noun follows, so that the sentence can stand alone: "Another man sits there.", "Both horses run."

    After "another" and "each" a word in -s or -ing is an act, as one without -s is after "both".
    """
    if pointer in _SINGULAR_POINTERS:
        act = following.endswith("ing") or (following.endswith("s") and not following.endswith("ss"))
        return bool(following) and not act and following not in _NO_NOUN
    return pointer == "both" and (following in _PLURALS or following.endswith("s")) and following not in _NO_NOUN


# --- words ------------------------------------------------------------------------------------------------------

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]|\d+(?:[.,:]\d+)*(?![^\W_])|[^\W_{_CJK}]+(?:'[^\W\d_{_CJK}]+)*")
_NEGATED = {"can't": ("can", "not"), "cannot": ("can", "not"), "won't": ("will", "not"), "shan't": ("shall", "not")}
_ENDINGS = {"'s": (), "'re": ("are",), "'ve": ("have",), "'ll": ("will",), "'d": ("would",), "'m": ("am",)}
# After these, 's is "is"; after anything else it is taken for a genitive.
_TAKES_IS = word_set("it that there here he she what who where")


_STOPS = frozenset(",;:.!?()\u3001\u3002")
_WORD_OR_STOP = re.compile(rf"{_WORD.pattern}|[{''.join(sorted(_STOPS))}]")
# The same of lower-case ASCII, which is found in three quarters of the time.
_ASCII_WORD = re.compile(r"[0-9]+(?:[.,:][0-9]+)*(?![a-z0-9])|[a-z0-9]+(?:'[a-z]+)*", re.ASCII)
_ASCII_WORD_OR_STOP = re.compile(rf"{_ASCII_WORD.pattern}|[,;:.!?()]", re.ASCII)


def words(text: str) -> list[str]:
    """The lower-case words of a text.

    Compounds with a hyphen are taken apart, contractions are written out ("isn't" -> "is", "not"), the genitive 's is
    dropped, numbers such as "10:45" and "3.5" stay whole, and a Chinese or Japanese character is a word of its own.
    """
    return list(_words(text))


@remembered(4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_found(_ASCII_WORD if text.isascii() else _WORD, text))


def words_and_stops(text: str) -> list[str]:
    """The same with the punctuation marks that end a phrase as words of their own."""
    return _found(_ASCII_WORD_OR_STOP if text.isascii() else _WORD_OR_STOP, text)


def _found(pattern: re.Pattern[str], text: str) -> list[str]:
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    found: list[str] = pattern.findall(plain.lower().replace("\u2019", "'").replace("\u2018", "'"))
    if "'" not in plain and "\u2019" not in plain and "cannot" not in found:
        return found
    return [part for word in found for part in (_expanded(word) if "'" in word or word == "cannot" else (word,))]


def _expanded(word: str) -> tuple[str, ...]:
    if word in _NEGATED:
        return _NEGATED[word]
    if word.endswith("n't"):
        return (word[:-3], "not")
    base, mark, ending = word.rpartition("'")
    if ending == "s" and base in _TAKES_IS:
        return (base, "is")
    if mark + ending in _ENDINGS:
        return (*base.split("'"), *_ENDINGS[mark + ending])
    return tuple(word.split("'"))


FUNCTION_WORDS = word_set("""
    a an the this that these those some any each every either neither both all such same other another
    i me my we us our you your he him his she her hers it its they them their theirs who whom whose which what
    himself herself itself themselves there here where when while why how
    and or but nor so yet if then than as because since although though whether
    of in on at to from by for with without within into onto upon about against between among through during before
    after over under across along around toward towards off out up down near next via per like behind beside
    be is are was were been being am do does did have has had having can could may might must shall should will would
    not no also too very quite rather just only even still already again ever never really more most much well
    appear appears appeared seem seems seemed likely possibly probably perhaps apparently maybe
    """)


def content_words(text: str) -> list[str]:
    """The words of a text that carry its meaning, in their base form, in their order; repeated words stay repeated.

    Negations and prepositions are not among them: compare those with `patchmatters.language.conflict`.
    """
    return list(_content(text))


@remembered(4096)
def _content(text: str) -> tuple[str, ...]:
    if is_chinese(text):
        return (*content_pairs(text), *(word for word in words(text) if word.isascii()))
    return tuple(lemma(word) for word in words(text) if word not in FUNCTION_WORDS)
