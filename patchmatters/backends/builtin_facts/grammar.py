"""Words to claims and back: the slots of a sentence, and the reader that is forgiving about wording."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from . import colours
from .places import PLACE_PHRASES, PLACES, POSITIONS

LONGEST = 400  # characters; a longer piece is no sentence of this vocabulary
_AND = re.compile("(?:, and |, | and )")


@dataclass(frozen=True)
class Slot:
    """A blank in a sentence: the pattern of its words, how to read them (None: they mean nothing) and how to say it."""

    pattern: str
    read: Callable[[str], str | None]
    say: Callable[[str], str]


def word_slot(words: Mapping[str, Sequence[str]]) -> Slot:
    """A slot of a few values: value -> the ways to say it, the first being the one that is used."""
    values = {way: value for value, ways in words.items() for way in ways}
    ordered = sorted(values, key=lambda way: (-len(way), way))
    pattern = "|".join(re.escape(way) for way in ordered)
    return Slot(f"(?:{pattern})", values.get, lambda value: words[value][0])


def list_slot(pattern: str, read: Callable[[str], str | None], say: Callable[[str], str]) -> Slot:
    """A slot of several values, "red, white and blue": its value is what `read` makes of each, with commas."""

    def read_all(words: str) -> str | None:
        found = [read(part) for part in _AND.split(words)]
        return ", ".join(filter(None, found)) if all(found) else None

    return Slot(rf"{pattern}(?:{_AND.pattern}{pattern})*", read_all, say)


def _colour_pattern() -> str:
    word = "(?:" + "|".join(sorted((re.escape(word) for word in colours.colour_words()), key=len, reverse=True)) + ")"
    return rf"(?:{word}(?:[ -]{word}){{0,3}})"


def _read_colour(words: str) -> str | None:
    found = colours.read_colour(words)
    return found.words if found else None


def _say_colours(value: str) -> str:
    names = value.split(", ")
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _place_ways(place: str) -> tuple[str, ...]:
    nouns = [place, place.replace(" ", "-")] if " " in place else [place]
    if place == "centre":
        nouns.append("middle")
    ends = ("", " corner") if " " in place else ("", " half", " side", " third", " edge")
    ways = [
        f"{lead} {noun}{end}" for noun in nouns for end in ends for lead in ("at the", "in the", "on the", "along the")
    ]
    return (PLACE_PHRASES[place], *ways, *(("towards the bottom", "near the bottom") if place == "bottom" else ()))


def _zone_ways(place: str) -> tuple[str, ...]:
    if place == "centre":
        return ("centre", "middle")
    ends = ("corner",) if " " in place else ("third", "side", "half", "edge")
    return (*(f"{place} {end}" for end in ends), place)


_COLOUR = _colour_pattern()
_PLACE = word_slot({place: _place_ways(place) for place in PLACES})
_ACCENT = rf"{_COLOUR}(?: {_PLACE.pattern})?"
_ONE_ACCENT = re.compile(rf"(?P<colour>{_COLOUR})(?: (?P<place>{_PLACE.pattern}))?")


def _read_accent(words: str) -> str | None:
    match = _ONE_ACCENT.fullmatch(words)
    colour = _read_colour(match["colour"]) if match else None
    if match is None or colour is None:
        return None
    place = _PLACE.read(match["place"]) if match["place"] else None
    return f"{colour} at {place}" if place else colour


def _say_accents(value: str) -> str:
    """With its verb, which must agree: "hue is red on the left", "hues are red and blue"."""
    parts = [one.partition(" at ") for one in value.split(", ")]
    said = [f"{colour} {PLACE_PHRASES[place]}" if place else colour for colour, _, place in parts]
    return f"{'hue is' if len(said) == 1 else 'hues are'} {_say_colours(', '.join(said))}"


SLOTS: Mapping[str, Slot] = MappingProxyType(
    {
        "colour": Slot(_COLOUR, _read_colour, str),
        "colours": list_slot(_COLOUR, _read_colour, _say_colours),
        "place": _PLACE,
        "zone": word_slot({place: _zone_ways(place) for place in PLACES}),
        "source": word_slot({place: (f"the {place}", place) for place in PLACES}),
        "target": word_slot({place: (f"the {place}", place) for place in PLACES}),
        "accents": list_slot(_ACCENT, _read_accent, _say_accents),
        "fraction": word_slot(
            {
                "about a quarter": ("about a quarter", "a quarter", "around a quarter", "roughly a quarter"),
                "about a third": ("about a third", "a third", "around a third", "roughly a third"),
                "about half": ("about half", "half", "around half", "roughly half"),
                "about two thirds": ("about two thirds", "two thirds", "around two thirds", "roughly two thirds"),
                "about three quarters": ("about three quarters", "three quarters", "around three quarters"),
                "nearly all": ("nearly all", "almost all", "all"),
            }
        ),
        "down": word_slot({name: (down, down.replace("about ", "")) for name, (down, _, _) in POSITIONS.items()}),
        "across": word_slot(
            {name: (across, across.replace("about ", "")) for name, (_, across, _) in POSITIONS.items()}
        ),
        "tone": word_slot(
            {
                "very dark": ("very dark",),
                "dark": ("dark",),
                "fairly dark": ("fairly dark", "rather dark", "quite dark", "somewhat dark"),
                "medium": ("medium", "of medium brightness", "neither dark nor bright"),
                "fairly bright": ("fairly bright", "rather bright", "quite bright", "somewhat bright"),
                "bright": ("bright", "light"),
                "very bright": ("very bright", "very light"),
            }
        ),
        "light": word_slot(
            {
                "dim": ("dim", "low", "weak", "subdued", "dark"),
                "bright": ("bright", "strong", "plentiful"),
            }
        ),
        "contrast": word_slot(
            {
                "low": ("low", "soft", "weak", "flat", "gentle"),
                "medium": ("medium", "moderate"),
                "high": ("high", "strong", "hard"),
            }
        ),
        "saturation": word_slot(
            {
                "low": ("low", "muted", "subdued", "dull", "desaturated", "soft"),
                "moderate": ("moderate", "medium", "moderately saturated"),
                "high": ("high", "vivid", "strong", "saturated", "intense", "rich", "bright"),
            }
        ),
        "warmth": word_slot({"warm": ("warm",), "cool": ("cool", "cold"), "neutral": ("neutral", "balanced")}),
        "sharpness": word_slot(
            {
                "sharp": ("sharp throughout", "sharp", "crisp", "high", "sharp everywhere"),
                "soft": ("soft", "blurred", "blurry", "low", "soft throughout", "out of focus"),
            }
        ),
        "texture": word_slot(
            {
                "smooth": ("mostly smooth", "smooth", "even", "plain", "very smooth"),
                "busy": ("busy", "dense", "rich", "fine and dense", "detailed", "rough"),
            }
        ),
        "grain": word_slot(
            {
                "fine": ("fine", "fine but visible", "visible", "light", "slight"),
                "strong": ("strong", "coarse", "heavy", "pronounced"),
                "invisible": ("not visible", "invisible", "absent"),
            }
        ),
        "layout": word_slot(
            {
                "panoramic": ("panoramic", "very wide"),
                "horizontal": ("horizontal", "wide", "in landscape format", "landscape"),
                "square": ("square",),
                "vertical": ("vertical", "upright", "tall", "in portrait format", "portrait"),
            }
        ),
    }
)
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiou])")
_BLANK = re.compile(r"\{(\w+)\}")
_PLAIN = (
    (re.compile(r"\bgray"), "grey"),
    (re.compile(r"color"), "colour"),
    (re.compile(r"\bcenter\b"), "centre"),
    (re.compile(r"\bisn['\u2019]?t\b"), "is not"),
    (re.compile(r"\baren['\u2019]?t\b"), "are not"),
    (
        re.compile(
            r"\b(?:the|this) (?:whole |entire )?(?:image|photo|photograph|picture|crop|frame|scene|shot|view)\b"
        ),
        "the picture",
    ),
    (re.compile(r"^(?:overall|generally|mostly|in general|here),? "), ""),
    (re.compile(r"(?<!^),? (?:of|in|across|throughout|over|within) the picture\b"), ""),
    (re.compile(r"(?<=\w),? overall$"), ""),
)
_SENTENCE_END = re.compile(r"[.!?;\n]+(?:\s|$)|[\n;]+")
_JOINED = re.compile(r",? (?:and|but|while|whereas) |, ")


def plain(text: str) -> str:
    """A sentence in lower case, one spelling and single spaces, without end marks, quotes or "of the image"."""
    words = unicodedata.normalize("NFKC", text).lower().replace("*", " ").replace('"', " ")
    words = " ".join(words.split()).strip(" .,:!?;-'")
    for pattern, instead in _PLAIN:
        words = pattern.sub(instead, words)
    return words.strip()


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern with {slots} as a regular expression with a group for each slot."""
    return re.compile(_BLANK.sub(lambda blank: f"(?P<{blank[1]}>{SLOTS[blank[1]].pattern})", pattern))


def say(template: str, fields: Mapping[str, str]) -> str:
    """A template with its slots filled in and its first letter large."""
    text = template.format(**{slot: SLOTS[slot].say(value) for slot, value in fields.items()})
    text = _ARTICLE.sub(r"\1n ", text)
    return text[0].upper() + text[1:]


def sentences(text: str) -> list[str]:
    """The sentences of a text, each made plain; empty ones and overlong ones left out."""
    pieces = (plain(piece) for piece in _SENTENCE_END.split(text))
    return [piece for piece in pieces if piece and len(piece) <= LONGEST]


def parts(sentence: str) -> list[str]:
    """The parts of a plain sentence that joins several claims."""
    return [part for part in (plain(part) for part in _JOINED.split(sentence)) if part]
