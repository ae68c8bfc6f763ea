"""The kinds of words that reading a statement goes by: what begins, carries on and ends a phrase."""

from __future__ import annotations

from .morphology import word_set
from .sentences import FUNCTION_WORDS
from .vocabulary import NEGATORS, QUANTITIES

STOPS = frozenset(",;:.!?()\u3001\u3002")
SENTENCE_ENDS = frozenset(".!?\u3002")
DETERMINERS = word_set("a an the this that these those his her its their my our your some any each every another whose")
COPULAS = word_set(
    """
    is are was were be been being am appear appears appeared seem seems seemed looks remains remain feels becomes stays
    made_of made_out_of
    """
)
RELATIVES = word_set("which who that")
PRONOUNS = word_set("it they he she")
CONJUNCTIONS = word_set("and or but while whereas as when where because although though so yet if than then")
PREPOSITIONS = word_set(
    """
    of in on at to from by for with without within into onto upon about against between among through during before
    after over under across along around toward towards off out up down near via per like behind beside above below
    beneath underneath inside outside next in_front_of on_top_of next_to atop in_back_of amid amidst despite including
    out_of looking_at facing away_from such_as
    """
)
# Finite verbs of captions; a word in -ing or -ed after a noun is taken for a verb anyhow.
VERBS = word_set(
    """
    has have had having shows show features feature displays display depicts captures capture includes include contains
    adds add creates create gives give provides provide suggests suggest indicates indicate implies evoke evokes casts
    consists leads lead reads says makes make stretches stretch surrounds surround lines fills covers cover reveals
    wears wear rests faces extends emphasize emphasizes enhances enhance contributes contribute conveys convey paints
    highlights allows allow serves serve comes come goes go falls shines shine dominate prevails prevail spreads
    meets rises reaches occupies tends flows drifts grows arrives can could may might must will would should does do
    did supports complements dominates overlooks contain include imply depict occupy overlook surround reveal extend
    consist complement
    """
)
# Verbs whose form in -s is rarely a plural: "the bus waits".
_ACTS = word_set(
    """
    wait stay sleep eat speak move grow glow float follow enjoy prepare perform pose pull bring take keep meet join
    lift throw catch touch pass cross enter leave belong exist happen occur begin seem become lack need want try use
    """
)
# Words of the vocabulary that may also be the noun itself: "a light", "the left", "a glass of water".
ALSO_NOUNS = word_set(
    """
    light glass metal wood stone brick concrete leather paper cardboard rubber rock granite marble grass dirt sand
    carpet tile fabric cloth cotton silk wool plastic steel iron gold silver bronze copper chrome orange peach rose
    cream rust square oval top bottom left right front back rear center centre middle edge corner edges corners
    border base foreground background backdrop interior exterior inside outside day daytime night nighttime morning
    afternoon evening noon dusk dawn sunset sunrise daylight sunlight sunshine city country spring summer winter
    fall autumn seat adult baby toy couple pair crowd dozen trio duo home business stripes dark medium north south
    east west lime olive mint bamboo pine oak denim slate charcoal chocolate lemon cherry plum bricks newborn senior
    juvenile salmon khaki whole half side
    """
)
ASIDE = word_set("not also too very quite rather just only even still already again ever really more most much well")
# After a preposition these say where something is: "on the left side".
PLACES = word_set(
    "side corner part edge half area portion section end left right top bottom center centre middle front back rear "
    "foreground background hand third quarter"
)
# "the color of the bus", "a group of people": what is said of these is said of what follows "of".
THROUGH = word_set(
    "color colour shade tone group bunch couple pair piece kind type row series variety number lot set crowd image "
    "photo photograph picture snapshot shot view scene close_up"
)
# "The bus has a red color": what is said of these is said of their owner too.
QUALITIES = word_set("color shade tone hue size shape style design look appearance state position finish expression")
# "The image shows a bus": a statement about the bus.
SHOWING = word_set("show depict feature display present portray capture include contain reveal focus have illustrate")
DEPICTIONS = word_set(
    "image photo photograph picture snapshot shot view scene close_up illustration painting drawing collage screenshot"
)
# "Another man": some thing that is told apart from one named before.
OTHERS = word_set("another other others one second former latter")

# What is said of the sky is said of the weather.
SKY = word_set("sky weather day cloud condition afternoon morning")
# These speak of the weather wherever they stand.
WEATHER_WORDS = word_set("sunny overcast cloudy rainy snowy foggy cloudless stormy raining snowing")
# These and the time of day speak of the whole picture, whatever noun they stand at.
PLACE_WORDS = word_set("indoor indoors outdoor outdoors urban rural")
EVERYWHERE = frozenset(("time of day", "season"))
# Scales whose words need the very same words around them: a man may hold one thing and look at another.
ALIGNED_ONLY = word_set(
    """
    side/over side/before side/containment side/vertically side/direction side/approach side/distance side/face
    side/edge power/power pose/attention pose/gaze pose/transport pose/activity pose/grip number/share number/many
    number/order state/beginning state/presence state/completeness state/similarity
    """
)


def _kinds_of_words() -> dict[str, str]:
    """The kind of each word that is known by itself; later lines win."""
    table: dict[str, str] = dict.fromkeys(FUNCTION_WORDS - QUANTITIES.keys(), "aside")
    for kind, members in (
        ("verb", VERBS), ("verb", {f"{act}s" for act in _ACTS}),
        ("preposition", PREPOSITIONS), ("conjunction", CONJUNCTIONS), ("relative", RELATIVES),
        ("pronoun", PRONOUNS), ("determiner", DETERMINERS - {"that", "whose"}), ("copula", COPULAS),
        ("negator", NEGATORS), ("aside", ASIDE - {"not"}), ("stop", STOPS),
    ):  # fmt: skip
        table.update(dict.fromkeys(members, kind))
    table["there"] = "there"
    return table


KINDS: dict[str, str] = _kinds_of_words()
