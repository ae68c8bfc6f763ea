"""Objects that captions name and that are not there: like CHAIR (arXiv 1809.02156), without its Python 2 and NLTK.

CHAIR_i is the share of the named objects that are not in the picture, CHAIR_s the share of captions that name at
least one such object, and recall the share of the objects in the pictures that the captions name. What is there comes
from annotations; an object counts once per caption, however often it is named and however many there are.

Where it is not the published figure, and where it errs:

- The published objects are those of COCO's boxes and those of its five human captions. Here they are those of the
  file alone: what nobody annotated (a table under a plate) counts as invented. Its code counts each mention.
- Only words in the table are seen. A lighthouse that is not there is not counted unless it is a label of the file.
- Words are matched, meanings are not: a mouse may be the animal, a poster of a dog is a dog, and a sign that bears a
  name is a bear. An orange is seen in the plural only, because it is mostly a colour. Just "no", "without" and "not"
  right before an object (with or without an article) deny it.
- Whether a caption that was cut short invents less is not asked: read recall beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from patchmatters.language.morphology import lemma
from patchmatters.language.sentences import words

from .captions import name_of, read_json

Phrase = tuple[str, ...]
Vocabulary = Mapping[Phrase, str]  # phrase of words in the singular -> label, or "" for what is no object

# COCO's 80 labels, each with other names for the same thing.
_COCO = """
    person: man, woman, boy, girl, child, kid, baby, toddler, infant, lady, gentleman, guy, adult, teenager, human,
        individual, pedestrian, passenger, driver, rider, cyclist, biker, motorcyclist, skier, snowboarder, surfer,
        skater, skateboarder, player, athlete, pitcher, batter, umpire, referee, chef, worker, farmer, vendor, waiter,
        waitress, officer, policeman, soldier, firefighter, spectator, tourist, customer, shopper, student, crowd,
        audience, bride, groom, mother, father, son, daughter
    bicycle: bike, tricycle
    car: automobile, sedan, suv, minivan, van, taxi, taxicab, jeep, hatchback, limousine
    motorcycle: motorbike, moped, motor scooter, dirt bike, motor bike
    airplane: plane, aircraft, airliner, jetliner, jet, biplane
    bus: minibus
    train: locomotive, tram, streetcar
    truck: lorry, pickup, pick up truck, firetruck
    boat: ship, sailboat, canoe, kayak, yacht, ferry, rowboat, motorboat, speedboat, dinghy, barge, gondola
    traffic light: traffic signal, stoplight, stop light
    fire hydrant: hydrant
    stop sign:
    parking meter:
    bench:
    bird: seagull, gull, pigeon, dove, duck, duckling, goose, swan, parrot, owl, eagle, hawk, sparrow, ostrich,
        penguin, flamingo, peacock, pelican, heron, crow, rooster
    cat: kitten, kitty, tabby
    dog: puppy, pup, poodle, bulldog, retriever, terrier, dachshund, labrador, hound, corgi
    horse: pony, foal, mare, stallion, colt
    sheep: lamb, ewe
    cow: cattle, bull, calf, ox, heifer
    elephant:
    bear:
    zebra:
    giraffe:
    backpack: rucksack, knapsack
    umbrella: parasol
    handbag: purse, hand bag
    tie: necktie, bowtie
    suitcase: luggage
    frisbee: flying disc, flying disk
    skis: ski
    snowboard:
    sports ball: ball
    kite:
    baseball bat: bat
    baseball glove: mitt, catcher mitt
    skateboard:
    surfboard: surf board
    tennis racket: racket, racquet, tennis racquet
    bottle:
    wine glass: wine glasses, wineglass, wineglasses, goblet
    cup: mug, teacup
    fork:
    knife:
    spoon:
    bowl:
    banana:
    apple:
    sandwich: burger, hamburger, cheeseburger
    orange:
    broccoli:
    carrot:
    hot dog: hotdog
    pizza:
    donut: doughnut
    cake: cupcake, cheesecake
    chair: armchair, stool, recliner
    couch: sofa, loveseat
    potted plant: houseplant, house plant, pot plant
    bed:
    dining table: table, desk
    toilet:
    tv: tvs, television, monitor
    laptop:
    mouse:
    remote: remote control, remote controller, wii controller, wii remote, wiimote
    keyboard:
    cell phone: phone, cellphone, smartphone, mobile phone
    microwave: microwave oven
    oven: stove, toaster oven
    toaster:
    sink: washbasin
    refrigerator: fridge
    book:
    clock:
    vase:
    scissors:
    teddy bear: teddy, stuffed bear
    hair drier: hair dryer, hairdryer, blow dryer
    toothbrush:
"""
# Phrases with such a word in them that name another thing, or none.
_OTHERS = """
    train track, train station, train platform, bus stop, bus station, bus shelter, car park, car seat, bird eye,
    toilet paper, orange juice, apple juice, apple pie, banana bread, carrot cake, pizza box, flower bed, river bed,
    truck bed, table cloth, table tennis, phone booth, phone number, ski resort, ski slope, ski lift, ski jacket,
    ski boot, ski goggles, ski pole, ski mask, jet ski, mouse pad, chair lift, ball game, ball field, bed sheet,
    book shelf, book case, cup holder, record player, dvd player, cd player, media player, keyboard instrument,
    remote area, remote location, remote beach, remote island, water bottle cap, bottle cap, hot dog bun, egg cup,
    boat ramp, boat house, dog house, dog food, cat food, bird house, bird bath, bird feeder, human figure
"""
_PLURAL_ONLY = frozenset({"orange"})
_DENIALS = frozenset({"no", "not", "without"})
_ARTICLES = frozenset({"a", "an", "any", "the"})


@dataclass(frozen=True)
class Chair:
    """Counts over all captions; an object counts once per caption. Shares are 0 to 1, None where nothing was counted.

    Of `captions`, `inventing` name an object that is not there; of the `named` objects `invented` are not there; of
    the objects that are `there`, `told` are named.
    """

    captions: int
    inventing: int
    named: int
    invented: int
    there: int
    told: int

    @property
    def instances(self) -> float | None:
        """CHAIR_i."""
        return self.invented / self.named if self.named else None

    @property
    def sentences(self) -> float | None:
        """CHAIR_s, of whole captions."""
        return self.inventing / self.captions if self.captions else None

    @property
    def recall(self) -> float | None:
        return self.told / self.there if self.there else None


def read_objects(path: Path) -> dict[str, tuple[str, ...]]:
    """The labels of the objects in each picture, by name of picture.

    From a JSON object of picture -> list of labels, or an annotation file of COCO (`instances_*.json`). ValueError for
    anything else.
    """
    content = read_json(path)
    if isinstance(content, dict) and {"images", "annotations", "categories"} <= set(content):
        return _from_coco(content, path)
    if not isinstance(content, dict) or not all(
        isinstance(labels, list) and all(isinstance(label, str) and words(label) for label in labels)
        for labels in content.values()
    ):
        raise ValueError(f"{path} must be a JSON object of picture -> list of labels, or COCO's instances_*.json.")
    return {name_of(picture): tuple(labels) for picture, labels in content.items()}


def _from_coco(content: Mapping[str, list[dict]], path: Path) -> dict[str, tuple[str, ...]]:
    try:
        labels = {one["id"]: str(one["name"]) for one in content["categories"]}
        found: dict[object, set[str]] = {one["id"]: set() for one in content["images"]}
        for one in content["annotations"]:
            found[one["image_id"]].add(labels[one["category_id"]])
        return {name_of(one["file_name"]): tuple(sorted(found[one["id"]])) for one in content["images"]}
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} looks like COCO's annotations, but {error} is missing: download it again.") from None


def vocabulary_of(labels: Iterable[str], *, coco: bool = True) -> Vocabulary:
    """What is looked for: the labels of a file and, with `coco`, COCO's 80 labels and other names for them."""
    known = dict(_coco_table()) if coco else {}
    for label in labels:
        known[_phrase(label)] = known.get(_phrase(label)) or label
    return known


@cache
def _coco_table() -> Vocabulary:
    table = {_phrase(other): "" for other in _OTHERS.split(",")}
    table[_phrase("carrot cake")] = "cake"
    for entry in _COCO.replace(",\n", ",").strip().splitlines():
        label, _, others = entry.strip().partition(":")
        table |= {_phrase(name): label for name in (label, *filter(str.strip, others.split(",")))}
    return table


def _phrase(text: str) -> Phrase:
    return tuple(map(_singular, words(text)))


def _singular(word: str) -> str:
    """The noun's base form; "tied" and "training" are no tie and no train."""
    return word if word.endswith(("ed", "ing")) else lemma(word)


def named_objects(caption: str, vocabulary: Vocabulary) -> frozenset[str]:
    """The labels of the objects that a caption names. Of phrases that overlap, the first and longest counts."""
    told = words(caption)
    return frozenset(label for at, label in _matches(told, vocabulary) if label and not _denied(told, at))


def _matches(told: Sequence[str], vocabulary: Vocabulary) -> Iterator[tuple[int, str]]:
    base = tuple(map(_singular, told))
    longest, at = max(map(len, vocabulary), default=0), 0
    while at < len(base):
        sizes = (size for size in range(min(longest, len(base) - at), 0, -1) if base[at : at + size] in vocabulary)
        size = next(sizes, 0)
        if size and not (size == 1 and base[at] in _PLURAL_ONLY and told[at] == base[at]):
            yield at, vocabulary[base[at : at + size]]
        at += size or 1


def _denied(told: Sequence[str], at: int) -> bool:
    before = at - 2 if at >= 2 and told[at - 1] in _ARTICLES else at - 1
    return before >= 0 and told[before] in _DENIALS


def chair(captions: Mapping[str, str], objects: Mapping[str, Collection[str]], vocabulary: Vocabulary) -> Chair:
    """CHAIR of captions by name of picture. ValueError for a picture whose objects are not known."""
    if missing := sorted(set(captions) - set(objects)):
        raise ValueError(
            f"The objects of {len(missing)} pictures are not known, the first is {missing[0]!r}: add them, with an "
            "empty list where a picture shows none."
        )
    named = {name: named_objects(caption, vocabulary) for name, caption in captions.items()}
    there = {name: {vocabulary.get(_phrase(label)) or label for label in objects[name]} for name in captions}
    invented = [len(named[name] - there[name]) for name in captions]
    return Chair(
        captions=len(captions),
        inventing=sum(map(bool, invented)),
        named=sum(map(len, named.values())),
        invented=sum(invented),
        there=sum(map(len, there.values())),
        told=sum(len(named[name] & there[name]) for name in captions),
    )
