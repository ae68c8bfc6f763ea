"""The witness that reads: what is written in the picture against what captions say is written there.

It confirms what it reads as well, puts right what it reads otherwise, and contradicts that there is no text where there
is. Where something is told that it did not read it looks closer; what it reads badly, or not at all, it says nothing
of: letters may be too small, hidden or drawn by hand. Whatever stands in the picture is told in quotation marks, as
words in it.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..language.places import place_of
from ..language.quotes import Quote, denies_writing, is_all_about, is_near, plain, quotes_of, tells_of_writing
from ..options import Options, option
from ..picture import Crop
from ..scene import Box, Ruling, Testimony, union_of
from .base import Offer
from .matching import Compared, Match, compare_writing, is_cjk, is_misread_as
from .reader import SURE, Line, Reader

NAME = "ocr"
_SEEN = 0.2  # share of a line that lies in a crop from which on one who sees the crop may read of it
_WHOLE = 0.9  # ... and from which on all of it
_LETTERS = 3  # the shortest writing that is added, in letters or digits; Chinese: one less
_LETTERS_OF_WORD = 4  # of a word of which one letter may be hidden
_KEPT = 64  # pictures of which it is kept what was read after listening
_GAP = 0.9  # heights of a letter between lines of one notice
_BELOW, _BESIDE = 2.0, 1.4  # how many times as high a line of it may be as the one above it, and as the one beside it


@dataclass(frozen=True)
class TextSettings(Options):
    """What the reading witness adds, and how thoroughly it reads."""

    add_text: bool = option(
        True, "Tell large and surely read words that no description tells, as words in the picture."
    )
    max_text: int = option(
        24, "The most words that are added to a caption; of a page full of text only its first are told.",
        minimum=1, maximum=1000,
    )  # fmt: skip
    min_height: float = option(
        0.02, "Words are added only if their letters are at least this share (0 to 1) of the picture's shorter side.",
        minimum=0.0, maximum=1.0, step=0.005, advanced=True,
    )  # fmt: skip
    tiles: int = option(
        3,
        "How many parts of a picture are read again: of a large one those with the finest detail, at their own "
        "resolution; of a small one the quarters where writing is told of that was not read, enlarged. Each takes half "
        "a second to a second on one core.",
        minimum=0,
        maximum=64,
        advanced=True,
    )


def create(settings: TextSettings = TextSettings()) -> TextWitness:
    """The reading witness. RuntimeError where rapidocr is not installed, before anything is captioned."""
    from importlib.util import find_spec

    if find_spec("rapidocr") is None or find_spec("onnxruntime") is None:
        raise RuntimeError(
            'Reading text needs the packages rapidocr and onnxruntime: run "pip install rapidocr onnxruntime", '
            "or leave the witness out."
        )
    return TextWitness(settings, Reader(settings.tiles))


@dataclass(frozen=True)
class TextWitness:
    """Reads each picture once and holds what captions quote against it. Made by `create`."""

    settings: TextSettings = field(default_factory=TextSettings)
    reader: Reader = field(default_factory=Reader)
    name: str = NAME
    _attended: OrderedDict[str, tuple[Line, ...]] = field(
        default_factory=OrderedDict, init=False, repr=False, compare=False
    )

    def attend(self, picture: Crop, told: Sequence[tuple[Box, Sequence[str]]]) -> None:
        """Look closer where writing is told of that was not read, and take for unsure the lines of which two tell
        another outer letter: it may be hidden."""
        self._attended.pop(picture.digest, None)
        said = Counter(word for _, statements in told for word in _quoted_words(statements))
        if not said:
            return
        lines = self.reader.lines(picture)
        unread = [box for box, statements in told if _is_any_unread(statements, lines, box)]
        if unread:
            lines = self.reader.closer(picture, unread)
        doubted = _doubted(lines, said)
        self._attended[picture.digest] = tuple(line.doubted() if line in doubted else line for line in lines)
        while len(self._attended) > _KEPT:
            self._attended.popitem(last=False)

    def _lines(self, image: Crop) -> tuple[Line, ...]:
        return self._attended.get(image.digest) or self.reader.lines(image)

    def testify(self, image: Crop, statements: Sequence[str]) -> list[tuple[Testimony, ...]]:
        return [self._of(image, statement) for statement in statements]

    def _of(self, image: Crop, statement: str) -> tuple[Testimony, ...]:
        quotes, denies = quotes_of(statement), denies_writing(statement)
        if not quotes and not denies:
            return ()
        lines = [line for line in self._lines(image) if line.box.coverage_by(image.box) >= _SEEN]
        if denies and not quotes:
            return _of_denial(lines, image)
        return _of_quotes(statement, quotes, lines, image)

    def volunteer(self, picture: Crop, told: Sequence[str]) -> list[Offer]:
        """The notices of the picture that are large, sure and told nowhere, the largest first while words are left."""
        if not self.settings.add_text:
            return []
        known = plain(" ".join(told))
        doubtful = [plain(quote.text) for text in told for quote in quotes_of(text)]
        least = self.settings.min_height * min(picture.size)
        lines = [line for line in self._lines(picture) if _is_sure(line) and line.height >= least]
        fresh = [one for one in _notices(lines) if not _is_known(one, known) and not _is_disputed(one, doubtful)]
        return _offers(fresh, self.settings.max_text, picture)


# --- what several say ------------------------------------------------------------------------------------------------


def _quoted_words(statements: Sequence[str]) -> Iterator[str]:
    return (plain(word) for text in statements for quote in quotes_of(text) for word in quote.text.split())


def _is_any_unread(statements: Sequence[str], lines: Sequence[Line], look: Box) -> bool:
    """Whether a look tells of writing that was not read in it, or not wholly."""
    seen = [line for line in lines if line.box.coverage_by(look) >= _SEEN]
    quotes = {quote.text for text in filter(tells_of_writing, statements) for quote in quotes_of(text)}
    return any(compare_writing(quote, seen).match in (Match.MISSING, Match.PARTLY) for quote in quotes)


def _doubted(lines: Sequence[Line], said: Mapping[str, int]) -> set[Line]:
    """The lines with a word at one of their ends of which two tell the same other outer letter."""
    return {line for line in lines for read, backwards in _outer_words(line) if _is_disputed_end(read, said, backwards)}


def _outer_words(line: Line) -> tuple[tuple[str, bool], ...]:
    """The last word of a line, and the first; the latter is to be read backwards."""
    read = [word for token in line.tokens if (word := plain(token.text))]
    if not read or min(len(read[0]), len(read[-1])) < _LETTERS_OF_WORD:
        return ()
    return (read[-1], False), (read[0], True)


def _is_disputed_end(read: str, said: Mapping[str, int], backwards: bool) -> bool:
    """Whether the word is told but for its outer letter, and two tell it, or a word like it, with that other letter."""
    outer, rest = (0, slice(1, None)) if backwards else (-1, slice(None, -1))
    like = {word: often for word, often in said.items() if is_misread_as(word, read)}
    others = {word[outer] for word in like if word[rest] == read[rest] and word != read}
    return any(sum(often for word, often in like.items() if word[outer] == letter) > 1 for letter in others)


# --- about what is said ----------------------------------------------------------------------------------------------


def _of_denial(lines: Sequence[Line], image: Crop) -> tuple[Testimony, ...]:
    """ "There is no text." where a line is surely read, and wholly in sight."""
    seen = [line for line in lines if _is_sure(line) and line.box.coverage_by(image.box) >= _WHOLE]
    if not seen:
        return ()
    clear = max(seen, key=lambda line: line.height)
    return (Testimony(NAME, "text", Ruling.CONTRADICTED, clear.score, f"reads {_quoted(clear.text)}", clear.box),)


def _of_quotes(statement: str, quotes: tuple[Quote, ...], lines: Sequence[Line], image: Crop) -> tuple[Testimony, ...]:
    """One word for the whole statement: every piece of writing in it is right, or some of it can be put right."""
    asserted = tells_of_writing(statement)
    cut = [line for line in lines if line.box.coverage_by(image.box) < _WHOLE]
    found = [_completed(quote, compare_writing(quote.text, lines, cut), cut) for quote in quotes]
    used = [line for one in found for line in one.lines]
    box = union_of(line.box for line in used) if used else None
    strength = round(min((one.score for one in found if one.score), default=0.0), 3)
    evidence = f"reads {_quoted(' '.join(line.text for line in dict.fromkeys(used)))}"
    matches = {one.match for one in found}
    if matches == {Match.FOUND}:
        wholly = strength >= SURE and is_all_about(statement, quotes)
        return (Testimony(NAME, "text", Ruling.CONFIRMED, strength, evidence, box, wholly=wholly),)
    if not asserted:
        return ()
    if Match.OTHER in matches:
        better = _put_right(statement, quotes, found)
        return (Testimony(NAME, "text", Ruling.CONTRADICTED, strength, evidence, box, better),)
    return ()


def _completed(quote: Quote, compared: Compared, cut_lines: Sequence[Line]) -> Compared:
    """Whole words where the edge of the crop cuts the line, so that the captioner could not see their ends."""
    if compared.match is not Match.FOUND:
        return compared
    cut = [line for line in compared.lines if line in cut_lines]
    if not cut or is_cjk(quote.text) or len(compared.lines) > 1 or not _is_sure(cut[0]):
        return compared
    words = [plain(token.text) for token in cut[0].tokens]
    said = [plain(word) for word in quote.text.split()]
    completed = [_completion(word, words) for word in said]
    if completed == said or None in completed:
        return compared
    texts = [next(token.text for token in cut[0].tokens if plain(token.text) == word) for word in completed]
    return Compared(Match.OTHER, tuple(texts), compared.lines, compared.score)


def _completion(said: str, words: Sequence[str]) -> str | None:
    """The word that was read and begins or ends like what was said; the same word where it is whole."""
    if said in words:
        return said
    return next((word for word in words if len(said) >= 2 and (word.startswith(said) or word.endswith(said))), None)


def _put_right(statement: str, quotes: Sequence[Quote], found: Sequence[Compared]) -> str:
    for quote, one in reversed(list(zip(quotes, found, strict=True))):
        if one.match is Match.OTHER:
            statement = statement[: quote.start] + _safe(" ".join(one.words)) + statement[quote.end :]
    return statement


def _is_sure(line: Line) -> bool:
    return line.score >= SURE and all(token.score >= SURE for token in line.tokens)


# --- what nobody said ------------------------------------------------------------------------------------------------


def _notices(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that belong together, in their order: below one another, alike in height, with little between them."""
    notices: list[list[Line]] = []
    for line in lines:
        home = next((one for one in reversed(notices) if _belongs(line, one[-1])), None)
        if home is None:
            notices.append([line])
        else:
            home.append(line)
    return notices


def _belongs(line: Line, before: Line) -> bool:
    low, high = sorted((line.height, before.height))
    across = min(line.box.right, before.box.right) - max(line.box.left, before.box.left)
    down = min(line.box.bottom, before.box.bottom) - max(line.box.top, before.box.top)
    if across > 0:
        return high <= _BELOW * low and -down <= _GAP * high
    return down > 0 and high <= _BESIDE * low and -across <= _GAP * high


def _is_known(notice: Sequence[Line], known: str) -> bool:
    return all(plain(line.text) in known for line in notice)


def _is_disputed(notice: Sequence[Line], told: Sequence[str]) -> bool:
    """Whether a line is told nearly so, and was not put right: then nobody knows which of the two it is."""
    return any(is_near(plain(line.text), one) for line in notice for one in told if one != plain(line.text))


def _offers(notices: Sequence[Sequence[Line]], most: int, picture: Crop) -> list[Offer]:
    offers = []
    for notice in sorted(notices, key=lambda one: -max(line.height for line in one)):
        text = _safe(" ".join(line.text for line in notice))
        if not _tells(text):
            continue
        shown = _first_words(text, most)
        if not shown:
            break
        most -= _length(shown)
        offers.append(_offer(notice, shown, picture, cut=shown != text))
    return offers


def _offer(notice: Sequence[Line], text: str, picture: Crop, *, cut: bool) -> Offer:
    box = union_of(line.box for line in notice)
    place = place_of(box, *picture.size) or "across the picture"
    begins = "begin the text" if cut else "are written"
    sentence = (
        f'The words "{text}" {begins} {place}.' if _length(text) > 1 else f'The word "{text}" is written {place}.'
    )
    strength = round(min(line.score for line in notice), 3)
    return Offer(
        sentence,
        Testimony(NAME, "text", Ruling.CONFIRMED, strength, f"reads {_quoted(text)}", box, wholly=True),
    )


def _tells(text: str) -> bool:
    """Whether writing is more than letters: at least half of it words of four letters, or of three capitals or digits.

    What else is read are parts of words that something hides, and strokes that look like letters.
    """
    if is_cjk(text):
        return len(plain(text)) >= _LETTERS - 1
    if not _is_writing(text):
        return False
    words = [word for word in text.split() if plain(word)]
    telling = sum(len(plain(word)) > _LETTERS - (word == word.upper()) for word in words)
    return 2 * telling >= max(1, len(words))


def _is_writing(text: str) -> bool:
    """Whether there are two letters that differ: bars and rings are read as one letter again and again."""
    return len(set(plain(text))) > 1


def _length(text: str) -> int:
    """Words of a text; a Chinese or Japanese character is one half."""
    return -(-len(plain(text)) // 2) if is_cjk(text) else len(text.split())


def _first_words(text: str, most: int) -> str:
    if _length(text) <= most:
        return text
    return text[: 2 * most] if is_cjk(text) else " ".join(text.split()[:most])


def _safe(text: str) -> str:
    """Writing as it may stand between quotation marks in one sentence: no such marks and no sentence's end in it."""
    plain_marks = "".join("'" if letter in '"\u201c\u201d\u201e\u00ab\u00bb' else letter for letter in text)
    words = plain_marks.split()
    return " ".join([*(word.rstrip(".!?\u3002\uff01\uff1f") or word for word in words[:-1]), *words[-1:]]).rstrip(
        ".!?\u3002 "
    )


def _quoted(text: str) -> str:
    shown = _safe(text)
    return f'"{shown if len(shown) <= 80 else shown[:77] + "..."}"'
