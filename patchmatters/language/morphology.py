"""Bringing the inflected forms of an English word together: "boxes" and "box", "riding" and "ride".

A light lemmatiser of rules and small tables, made for the language of captions: it need not be right about every
word, it must be quick and give the same answer for the forms of one word. Words of other languages pass through.
"""

from __future__ import annotations

from functools import lru_cache


def word_set(text: str) -> frozenset[str]:
    """The words of a table that is written as text."""
    return frozenset(text.split())


_VOWELS = frozenset("aeiou")
_LONGEST = 40  # characters; anything longer is no English word and is left as it is

# Forms that no rule reaches. Nouns first, then verbs.
_IRREGULAR: dict[str, str] = {
    "men": "man", "women": "woman", "children": "child", "people": "person", "persons": "person", "feet": "foot",
    "teeth": "tooth", "mice": "mouse", "geese": "goose", "oxen": "ox", "leaves": "leaf", "knives": "knife",
    "wolves": "wolf", "shelves": "shelf", "loaves": "loaf", "halves": "half", "calves": "calf", "scarves": "scarf",
    "hooves": "hoof", "wives": "wife", "lives": "life", "thieves": "thief", "elves": "elf", "potatoes": "potato",
    "tomatoes": "tomato", "heroes": "hero", "buses": "bus", "gases": "gas", "lenses": "lens", "cacti": "cactus",
    "firemen": "fireman", "policemen": "policeman", "businessmen": "businessman", "fishermen": "fisherman",
    "movies": "movie", "cookies": "cookie", "brownies": "brownie", "hoodies": "hoodie", "ties": "tie", "pies": "pie",
    "shoes": "shoe", "toes": "toe", "canoes": "canoe", "horseshoes": "horseshoe", "axes": "axe", "aches": "ache",
    "is": "be", "are": "be", "was": "be", "were": "be", "been": "be", "being": "be", "am": "be",
    "has": "have", "had": "have", "does": "do", "did": "do", "done": "do", "goes": "go", "went": "go", "gone": "go",
    "sat": "sit", "stood": "stand", "lay": "lie", "lain": "lie", "lying": "lie", "laying": "lie", "lies": "lie",
    "held": "hold", "wore": "wear", "worn": "wear", "ran": "run", "rode": "ride", "ridden": "ride", "ate": "eat",
    "eaten": "eat", "drank": "drink", "drunk": "drink", "flew": "fly", "flown": "fly", "flying": "fly",
    "flies": "fly", "drove": "drive", "driven": "drive", "took": "take", "taken": "take", "made": "make",
    "seen": "see", "saw": "see", "shown": "show", "shone": "shine", "slept": "sleep", "swam": "swim",
    "swum": "swim", "threw": "throw", "thrown": "throw", "caught": "catch", "leant": "lean", "knelt": "kneel",
    "hung": "hang", "kept": "keep", "built": "build", "bent": "bend", "grown": "grow", "grew": "grow",
    "written": "write", "wrote": "write", "broken": "break", "broke": "break", "worked": "work", "sang": "sing",
    "sung": "sing", "spoke": "speak", "spoken": "speak", "felt": "feel", "led": "lead", "met": "meet", "fed": "feed",
    "tying": "tie", "tied": "tie", "dying": "die", "died": "die", "dyed": "dye", "using": "use", "used": "use",
    "colour": "color", "colours": "color", "coloured": "colored", "grey": "gray", "centre": "center",
    "centres": "center", "tyre": "tire", "tyres": "tire", "aeroplane": "airplane", "theatre": "theater",
    "jewellery": "jewelry", "pyjamas": "pajamas", "moustache": "mustache", "neighbour": "neighbor",
    "harbour": "harbor", "fibre": "fiber", "metre": "meter", "kerb": "curb", "aluminium": "aluminum",
    "controlling": "control", "controlled": "control", "travelled": "travel", "travelling": "travel",
    "traveling": "travel", "modelling": "model", "modeling": "model",
}  # fmt: skip

# Words that look inflected and are not, or whose stem is another word ("building" is a thing, not an act).
_AS_THEY_ARE = word_set(
    """
    red bed shed sled bred shred fred hundred naked sacred wicked rugged aged beloved crooked ragged wooded indeed
    king ring wing string thing spring bring sting swing ceiling building evening morning clothing painting railing
    wedding something nothing everything anything during lighting setting sibling duckling awning earring pudding
    dressing frosting icing viking sterling inning bedding rigging landing living dining parking crossing stocking
    stuffing topping seating drawing meeting beijing handling pricing darling dumpling siding flooring wing paneling
    interesting charming stunning striking
    bus gas lens plus yes this his its us as is was has glass grass dress class moss cross press chess boss
    tennis iris basis canvas atlas pancreas christmas texas series species scissors shorts trousers jeans goggles
    glasses sunglasses pants leggings pajamas headphones binoculars news always perhaps across besides afterwards
    towards upwards downwards backwards sideways indoors outdoors upstairs downstairs less unless various previous
    gorgeous delicious luxurious spacious serious curious nervous famous numerous enormous continuous outdoors mattress
    business process access express wilderness darkness brightness sharpness fitness harness sunless cloudless
    countless asparagus octopus hippopotamus virus cactus campus circus focus
    """
)

# Stems of more than one syllable that end in a silent e; those of one syllable follow a rule.
_SILENT_E = word_set(
    """
    prepar includ featur captur measur admir explor compet complet creat arrang combin examin imagin describ inspir
    requir provid divid decid resid determin textur pictur structur sculptur surpris exercis advertis practis resembl
    assembl enabl chang lung plung exchang challeng nurtur ventur acquir adher purchas chas releas increas decreas
    eras pleas rais prais immers rehears nurs rins sens guid til tir wir fir hir invit unit excit delet promot devot
    """
)


@lru_cache(maxsize=16384)
def lemma(word: str) -> str:
    """The base form of a lower-case word: "men" -> "man", "sitting" -> "sit", "leaves" -> "leaf"."""
    known = _IRREGULAR.get(word)
    if known is not None:
        return known
    if word in _AS_THEY_ARE or not 3 < len(word) <= _LONGEST or not word.isalpha():
        return word
    for ending, undo in _ENDINGS:
        if word.endswith(ending):
            return undo(word)
    return word


def _from_ing(word: str) -> str:
    return _verb(word[:-3]) if _is_stem(word[:-3]) else word


def _from_ed(word: str) -> str:
    if word.endswith("eed"):
        return word
    if word.endswith("ied"):
        return word[:-3] + "y"
    return _verb(word[:-2]) if _is_stem(word[:-2]) else word


def _from_s(word: str) -> str:
    if word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zzes")):
        return word[:-2]
    return word[:-1]


_ENDINGS = (("ing", _from_ing), ("ed", _from_ed), ("s", _from_s))


def _is_stem(stem: str) -> bool:
    return len(stem) >= 2 and any(letter in _VOWELS or letter == "y" for letter in stem)


def _verb(stem: str) -> str:
    """The verb whose -ing or -ed form leaves this stem: "sitt" -> "sit", "rid" -> "ride", "walk" -> "walk"."""
    if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "lszfaeiou":
        return stem[:-1]
    return stem + "e" if _lost_an_e(stem) else stem


def _lost_an_e(stem: str) -> bool:
    before, last = stem[-2:-1], stem[-1]
    if stem in _SILENT_E or last in "vcu" or (last == "z" and before != "z"):
        return True
    if last == "t" and before == "a" and len(stem) > 4 and stem[-3] not in "eo":
        return True  # decorating, associated; not treating, floating
    if last == "l" and before not in _VOWELS and before not in "lrw":
        return True  # handling, sparkling
    if last == "g" and before in _VOWELS | {"r", "d"}:
        return True  # staging, charging, bridging
    if last == "s" and before in _VOWELS and not stem.endswith(("us", "ss", "as", "is")):
        return True  # posing, closing
    return len(stem) <= 5 and _is_short_syllable(stem)


def _is_short_syllable(stem: str) -> bool:
    """One vowel between consonants, so that an unchanged stem must have lost its e: rid(e), shar(e), smil(e)."""
    vowels = sum(letter in _VOWELS for letter in stem)
    return vowels == 1 and len(stem) >= 2 and stem[-2] in _VOWELS and stem[-1] not in "aeiouwxy"
