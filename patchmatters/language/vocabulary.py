"""What the words of captions mean to one another: values of attributes, synonyms, and words about the picture itself.

Everything is a table of text, read once at import. `VALUES` says of a word which attribute it gives a value to, on
which scale, and in which groups of that scale it lies: two words of a scale contradict each other when they share no
group. A word may lie in several groups ("teal" is blue and green) and on several scales ("short": height and length).
The tables were written from general knowledge of English; no source was copied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from .morphology import word_set


@dataclass(frozen=True, slots=True)
class Value:
    """What a word says on one scale of one attribute: "crimson" is in group "red" of scale "hue" of "colour"."""

    attribute: str
    scale: str
    groups: frozenset[str]

    def excludes(self, other: Value | Quantity) -> bool:
        """Whether both cannot be true of one thing at once."""
        if isinstance(other, Quantity) or self.scale != other.scale or not self.groups.isdisjoint(other.groups):
            return False
        return not any((one, two) in TOGETHER for one in self.groups for two in other.groups)


@dataclass(frozen=True, slots=True)
class Quantity:
    """How many: at least `low`, at most `high`. Same shape as a Value."""

    low: float
    high: float
    attribute: str = "number"
    scale: str = "count"

    def excludes(self, other: Value | Quantity) -> bool:
        """Whether no number lies in both."""
        return isinstance(other, Quantity) and (self.high < other.low or other.high < self.low)


# One scale a line: `attribute, scale: group | group | ...`. A group is called by its first word. An underscore joins
# the words of a phrase. A line that begins with "+" adds a group to the scale above it.
_SCALES = """
colour, hue: red crimson scarlet ruby cherry maroon burgundy vermilion reddish rusty rust coral
+ orange amber caramel honey tangerine apricot peach copper rust golden orangish coral terracotta
+ yellow golden gold blonde blond lemon mustard cream amber yellowish ochre chartreuse
+ gold golden bronze brass golden_brown
+ green emerald lime olive mint teal turquoise aqua jade greenish khaki lush sage chartreuse
+ blue navy azure cobalt indigo turquoise teal cyan aqua sapphire bluish blueish cerulean
+ purple violet lavender lilac magenta mauve plum indigo fuchsia purplish maroon burgundy
+ pink rose rosy magenta fuchsia salmon coral pinkish peach mauve
+ brown tan beige chestnut bronze chocolate khaki copper rust brownish maroon auburn brunette mahogany tawny
+ brown golden_brown amber caramel honey ochre taupe hazel
+ beige tan cream khaki ivory sandy
+ black ebony blackish
+ white ivory cream whitish snow_white pearl
+ gray grey silver charcoal slate grayish greyish ashen silvery taupe
+ silver silvery chrome metallic
colour, palette: monochrome monochromatic grayscale greyscale sepia colorless | colorful multicolored vibrant rainbow
brightness, shade: light pale pastel bright brightly vivid vibrant luminous well_lit sunlit brilliant
+ dark darkened deep dim dimly gloomy shadowy dull darker
+ unlit lightless
brightness, degree: brighter lighter brightest lightest | darker dimmer darkest dimmest
light, quality: soft diffused diffuse gentle subdued | harsh glaring intense
light, source: natural | artificial
light, lamp: lit illuminated alight glowing lighted well_lit brightly_lit lit_up | unlit dark extinguished
power: on turned_on switched_on powered_on | off turned_off switched_off powered_off
size, extent: large big huge enormous oversize giant gigantic massive vast immense oversized spacious
+ large expansive sizable great
+ small little tiny miniature undersized minute miniscule compact mini petite minuscule diminutive cramped modest
+ medium midsize moderate average medium_sized mid_sized
size, compared: larger bigger largest biggest greater | smaller smallest littler tiniest tinier
size, height: tall high towering lofty taller higher tallest highest | short low shorter lower shortest lowest
size, length: long lengthy longer longest elongated | short brief shorter shortest
size, width: wide broad wider widest | narrow narrower slim tight narrowest
size, thickness: thick thicker chunky dense | thin slim slender thinner sparse
size, depth: deep | shallow
size, weight: heavy heavier | light lightweight lighter
size, build: fat chubby overweight plump obese stocky | thin slim skinny slender lean
side, horizontal: left leftmost leftward lefthand | right rightmost rightward righthand | center middle central centre
side, vertical: top upper topmost uppermost | bottom lower bottommost lowest base | middle center central
side, depth: front forefront foreground frontmost | back rear background backdrop behind backmost hind
+ middle center midground
side, over: above over atop on_top_of on overhead | below under beneath underneath on_bottom_of
side, before: in_front_of front before | behind in_back_of in_rear_of back rear
side, containment: inside within in interior | outside exterior
side, edge: center middle central | edge corner edges corners border periphery
side, face: side sides | top | bottom | front | back rear
side, distance: near nearby close closer closest beside next_to adjacent | far distant farther afar away faraway further
side, vertically: up upward upwards upright upside | down downward downwards
side, direction: forward forwards ahead | backward backwards reverse
side, approach: toward towards to into | away from out_of
side, compass: north northern | south southern | east eastern | west western
side, orientation: horizontal horizontally | vertical vertically upright | diagonal diagonally slanted
pose, posture: standing stand stood upright
+ sitting sit seated sat perched seat
+ lying lie reclining recline sprawled lounging lounge laying lying_down reclined
+ kneeling kneel knelt | crouching crouch crouched squatting squat squatted hunched
+ walking walk strolling stroll marching march wandering | running run jogging jog sprinting sprint gallop galloping
+ riding ride | driving drive | pushing push | jumping jump leaping leap mid_air | climbing climb
+ swimming swim | flying fly soaring soar in_flight airborne | surfing surf | skiing ski | skating skate skateboarding
+ sleeping sleep asleep napping nap | crawling crawl | dancing dance | floating float | falling fall | hanging hang
+ leaning lean | repairing repair fixing fix | bending bend bent_over | snowboarding snowboard | swinging
pose, grip: holding hold carrying carry gripping grip clutching clutch grasping grasp
+ throwing throw tossing toss hurling | dropping drop releasing | catching catch | kicking kick | pushing push
+ riding ride | hitting hit striking
pose, activity: eating eat chewing devouring dining grazing graze | drinking drink sipping sip | sleeping sleep asleep
+ singing sing speaking speak talking talk | cooking cook | reading read | writing write | dancing dance | fighting
+ swimming swim | surfing surf | running run | skiing ski | skating skate skateboarding | crying
pose, attention: looking look looking_at watching watch gazing gaze staring stare observing observe facing
+ ignoring ignore | sleeping sleep asleep | jumping jump
pose, gaze: looking_at facing facing_toward facing_towards | looking_away looking_away_from facing_away turned_away
pose, transport: riding ride | pushing push | walking walk | carrying carry | repairing repair fixing fix
pose, arms: crossed folded | raised uncrossed outstretched stretched spread lifted waving | lowered hanging
pose, vertical: raised lifted | lowered
heading: facing_left facing_to_the_left facing_the_left pointing_left pointing_to_the_left pointing_leftward
+ facing_right facing_to_the_right facing_the_right pointing_right pointing_to_the_right pointing_rightward
+ pointing_up pointing_upward pointing_upwards pointing_straight_up
+ pointing_down pointing_downward pointing_downwards pointing_straight_down
pose, expression: smiling smile grinning grin laughing laugh happy cheerful joyful joyous beaming
+ frowning frown crying cry sad unhappy angry upset scowling weeping gloomy | neutral serious stern expressionless
state, opening: open opened ajar wide_open unlocked | closed close shut locked sealed
state, filling: full filled crowded packed loaded stocked overflowing busy crammed
+ empty vacant unoccupied bare deserted
state, occupancy: occupied | vacant unoccupied empty
state, moisture: wet damp soaked soaking moist rainy drenched | dry arid dried parched
state, cleanness: clean spotless pristine clear immaculate | dirty muddy dusty filthy stained grimy soiled messy
state, order: tidy neat neatly organized orderly uncluttered | messy cluttered untidy disorganized chaotic disheveled
state, age: young youthful younger juvenile baby newborn | old elderly aged older senior | adult mature grown
state, newness: new brand_new modern contemporary newly futuristic sleek
+ old antique vintage ancient traditional old_fashioned weathered worn retro
state, motion: parked stationary stopped still idle halted motionless | moving driving rolling speeding in_motion racing
state, flight: landing descending | takeoff taking_off departing ascending
state, focus: blurred blurry out_of_focus hazy unfocused fuzzy soft | sharp crisp focused in_focus clear detailed
state, sight: visible seen noticeable apparent | invisible hidden concealed obscured unseen
state, reading: legible readable | illegible unreadable
state, temperature: hot warm heated | cold cool chilly icy freezing frozen frosty
state, calm: calm peaceful serene tranquil quiet relaxed still placid
+ rough stormy chaotic turbulent choppy noisy hectic restless agitated tense wild
state, bustle: lively bustling busy crowded vibrant energetic noisy hectic | quiet deserted empty dull lifeless tranquil
state, ease: relaxed calm casual comfortable | tense nervous anxious stressed uncomfortable
state, formality: casual casually informal informally | formal formally elegant elegantly
state, simplicity: simple plain minimalist minimalistic minimal basic unadorned
+ ornate complex elaborate intricate decorative decorated fancy complicated
state, comfort: cozy cosy inviting welcoming warm homey | unwelcoming cold uninviting sterile
state, curvature: straight | curved bent crooked winding twisted curly wavy | flat level
state, flatness: flat level even | bumpy uneven hilly curved raised steep
state, shape: round circular oval rounded spherical curved | square rectangular boxy squarish | triangular pointed
state, surface: smooth polished sleek | rough textured coarse bumpy rugged jagged grainy
state, hardness: hard firm rigid solid | soft fluffy plush cushioned flexible
state, gloss: shiny glossy reflective polished gleaming | matte dull
state, passage: transparent clear see_through translucent | opaque
state, ripeness: ripe ripened | unripe raw | rotten spoiled moldy overripe
state, freshness: fresh freshly | rotten stale spoiled moldy wilted withered
state, cooking: cooked grilled baked roasted fried toasted | raw uncooked
state, wholeness: intact whole complete undamaged | broken damaged cracked shattered torn incomplete
state, repair: maintained well_maintained well_kept pristine
+ dilapidated neglected rundown run_down crumbling abandoned
state, sleep: awake alert | asleep sleeping
state, life: alive living | dead
state, folding: extended unfolded unfurled open outstretched deployed spread | retracted folded furled closed tucked
state, attachment: attached connected fastened mounted | detached disconnected separate separated removed loose
state, cover: covered | uncovered bare exposed
state, dress: dressed clothed | naked nude shirtless
state, hair: shaven beardless | bearded
state, feet: barefoot | booted
state, reality: real | fake artificial toy
state, ground: paved | unpaved dirt
state, growth: lush leafy blooming blossoming | bare barren withered leafless
state, slope: steep | gentle flat
state, speed: fast quick rapid quickly | slow slowly
state, loudness: loud noisy | quiet silent soft hushed
state, company: alone solitary | together accompanied
state, similarity: same identical matching similar | different distinct varying mismatched
state, commonness: common typical ordinary usual standard normal
+ rare unusual uncommon unique extraordinary remarkable special exotic atypical
state, lateness: early earlier | late later
state, goodness: good great nice excellent fine pleasant | bad poor terrible awful unpleasant
state, presence: present | absent missing
state, beginning: starting start beginning begin | stopping stop ending end finishing finish
state, safety: safe safely | dangerous unsafe hazardous
state, public: public | private
state, strength: strong | weak
state, beauty: beautiful attractive pretty | ugly
state, wealth: luxurious expensive fancy | cheap shabby
state, reach: high_up | low_down
state, arrival: arriving entering | leaving departing exiting
state, sense: busy occupied engaged | idle
state, completeness: fully completely entirely | partially partly barely
state, contact: together joined | apart separated
state, centering: centered | off_center
state, symmetry: symmetrical symmetric balanced | asymmetrical asymmetric unbalanced lopsided
state, contrast: high_contrast | low_contrast
state, aging: fresh new | faded worn
state, sweetness: sweet | sour bitter salty savory
state, tameness: tame domestic domesticated | wild feral
state, turning: clockwise | counterclockwise
material: wooden wood oak timber bamboo pine
+ metal metallic steel iron stainless aluminum chrome brass copper tin silver bronze stainless_steel
+ plastic vinyl polycarbonate acrylic | glass crystal | stone rock granite marble cobblestone slate | brick bricks
+ concrete cement asphalt | leather suede | fabric cloth cotton denim silk wool woolen knit velvet linen canvas textile
+ paper cardboard | rubber | ceramic porcelain clay | tiled tile | carpeted carpet | grassy grass | sandy sand | dirt
+ rusty rusted
pattern: striped stripes | plaid checkered checked gingham tartan | spotted dotted polka speckled | floral flowered
+ plain solid unpatterned patternless
pattern, presence: patterned printed
+ plain solid unpatterned patternless
time of day: day daytime daylight morning afternoon noon midday sunlight
+ night nighttime midnight nightfall evening | evening dusk sunset twilight sundown | dawn sunrise daybreak morning
+ dusk dawn twilight
weather, sky: clear sunny cloudless sunlit sunshine fair mostly_clear mostly_sunny partly_cloudy partly_sunny
+ cloudy overcast clouded gray rainy stormy mostly_cloudy partly_cloudy partly_sunny | foggy misty hazy overcast
weather, fall: rainy raining drizzling stormy | snowy snowing | sunny cloudless dry
weather, wind: windy breezy gusty | still windless calm
season: summer summery | winter wintry | spring springtime | autumn fall autumnal
place, cover: indoors indoor interior inside | outdoors outdoor exterior outside
place, settlement: urban city downtown metropolitan suburban | rural countryside rustic country | suburban suburb
place, use: residential domestic home | commercial industrial business
number, order: first 1st | second 2nd | third 3rd | fourth 4th | fifth 5th | last final
number, share: all every each entire whole | some half few | none
number, many: more most | fewer fewest less least
"""

# Groups of different names that may be true of one thing at the same time, although their scale is the same.
_TOGETHER = """
sitting riding; sitting driving; riding driving; standing leaning; standing surfing; standing riding
riding surfing; crouching surfing; crouching riding; standing skiing; crouching skiing; standing skating
crouching skating; riding skating; lying sleeping; flying jumping; running jumping; kneeling crouching
standing bending; leaning bending; crouching bending; walking pushing; standing pushing; sitting floating
swimming floating; lying floating; hanging swinging; sitting swinging; standing snowboarding; crouching snowboarding
skiing jumping; skating jumping; surfing jumping; leaning riding; standing hanging; walking climbing; flying floating
standing repairing; kneeling repairing; crouching repairing; sitting repairing; standing dancing; jumping dancing
falling jumping; falling flying; riding jumping; straight flat; holding swinging
"""


def _read_scales(table: str) -> Iterator[tuple[str, str, list[str]]]:
    """Attribute, scale and words of each group."""
    attribute = scale = ""
    for line in filter(None, map(str.strip, table.splitlines())):
        groups = line
        if line.startswith("+"):
            groups = line[1:]
        else:
            head, groups = line.split(":", 1)
            attribute, _, name = head.partition(",")
            scale = f"{attribute}/{name.strip() or attribute}"
        for group in groups.split("|"):
            yield attribute, scale, group.split()


def _build_values() -> dict[str, tuple[Value, ...]]:
    groups: dict[str, dict[tuple[str, str], set[str]]] = defaultdict(lambda: defaultdict(set))
    for attribute, scale, members in _read_scales(_SCALES):
        for word in members:
            groups[word][attribute, scale].add(members[0])
    return {
        word: tuple(Value(attribute, scale, frozenset(names)) for (attribute, scale), names in scales.items())
        for word, scales in groups.items()
    }


VALUES: dict[str, tuple[Value, ...]] = _build_values()

TOGETHER: frozenset[tuple[str, str]] = frozenset(
    pair
    for entry in _TOGETHER.replace("\n", ";").split(";")
    if len(names := entry.split()) == 2
    for pair in ((names[0], names[1]), (names[1], names[0]))
)

MANY = float("inf")
CARDINALS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty
""".split()  # noqa: SIM905

QUANTITIES: dict[str, Quantity] = {
    **{word: Quantity(number, number) for number, word in enumerate(CARDINALS)},
    "no": Quantity(0, 0), "none": Quantity(0, 0), "single": Quantity(1, 1), "lone": Quantity(1, 1),
    "solitary": Quantity(1, 1), "only_one": Quantity(1, 1), "just_one": Quantity(1, 1), "both": Quantity(2, 2),
    "pair": Quantity(2, 2), "a_pair_of": Quantity(2, 2), "a_couple_of": Quantity(2, 3), "a_couple": Quantity(2, 3),
    "couple": Quantity(2, 3), "a_trio_of": Quantity(3, 3), "trio": Quantity(3, 3), "duo": Quantity(2, 2),
    "several": Quantity(3, MANY), "double": Quantity(2, 2), "dual": Quantity(2, 2),
    "triple": Quantity(3, 3), "a_few": Quantity(2, 4), "few": Quantity(1, 4), "multiple": Quantity(2, MANY),
    "various": Quantity(2, MANY), "some": Quantity(1, MANY), "many": Quantity(5, MANY), "numerous": Quantity(5, MANY),
    "countless": Quantity(10, MANY), "lots_of": Quantity(4, MANY), "a_lot_of": Quantity(4, MANY),
    "plenty_of": Quantity(4, MANY), "a_group_of": Quantity(2, MANY), "a_bunch_of": Quantity(2, MANY),
    "a_number_of": Quantity(2, MANY), "a_variety_of": Quantity(2, MANY), "a_series_of": Quantity(2, MANY),
    "a_row_of": Quantity(2, MANY), "a_set_of": Quantity(2, MANY), "a_collection_of": Quantity(2, MANY),
    "a_dozen": Quantity(10, 14), "dozen": Quantity(12, 12), "dozens_of": Quantity(20, MANY),
    "hundreds_of": Quantity(100, MANY), "thirty": Quantity(30, 30), "forty": Quantity(40, 40),
    "fifty": Quantity(50, 50), "sixty": Quantity(60, 60), "hundred": Quantity(100, 100),
    "a_hundred": Quantity(100, 100), "a_crowd_of": Quantity(5, MANY), "crowd": Quantity(5, MANY),
}  # fmt: skip

# Words that deny, and phrases that do.
NEGATORS = word_set(
    """
    not no never without none neither nor nobody no_one nothing nowhere lack lacking absent absence hardly devoid_of
    free_of no_longer lacks
    """
)

_MORE_PHRASES = """
made_of made_out_of close_up in_the_middle_of at_least as_well_as such_as as_if as_though in_order_to rather_than
instead_of due_to horizon_line o_clock
""".split()  # noqa: SIM905


def _build_phrases() -> dict[str, dict[str, tuple[tuple[str, ...], ...]]]:
    """First word -> second word -> the phrases that begin with them, longest first."""
    found: dict[str, dict[str, list[tuple[str, ...]]]] = defaultdict(lambda: defaultdict(list))
    for name in (*VALUES, *QUANTITIES, *NEGATORS, *_MORE_PHRASES):
        if "_" in name:
            first, second, *rest = name.split("_")
            found[first][second].append((first, second, *rest))
    return {
        first: {second: tuple(sorted(phrases, key=len, reverse=True)) for second, phrases in following.items()}
        for first, following in found.items()
    }


PHRASES: dict[str, dict[str, tuple[tuple[str, ...], ...]]] = _build_phrases()

# Words of one meaning for the comparison of statements; each line is called by its first word. Kinds ("man" is a
# person) come after a colon: a man is a person of a kind, so that "man" and "person" share more than "man" and "bus".
_SYNONYMS = """
person people individual human someone somebody folk pedestrian figure
man: person male
gentleman: person male
guy: person male
woman: person female
lady: person female
boy: person male child
girl: person female child
child: person child
kid: person child
toddler: person child
baby: person child
player: person
rider: person
surfer: person
skier: person
customer: person
image photo photograph picture snapshot shot scene
couch sofa settee
car automobile sedan
vehicle
airplane plane aircraft jet aeroplane airliner
motorcycle motorbike bike
bicycle bike cycle
boat ship vessel
truck lorry
train locomotive
bus coach
phone cellphone smartphone telephone
tv television
laptop notebook
computer
road street roadway
sidewalk pavement walkway footpath path
building structure
house home
forest wood woods
ocean sea
water
mountain hill
rock stone boulder
bag handbag purse
backpack rucksack
suitcase luggage baggage
cup mug
glass
dish plate
food meal
rug carpet mat
curtain drape
picture_frame frame
trash garbage rubbish
bin trashcan
refrigerator fridge
stove oven cooker
counter countertop
hat cap
shirt tshirt top blouse
jacket coat
trousers pants jeans
sneaker shoe
dog puppy canine
cat kitten feline
horse pony
cow cattle
sheep lamb
bird
animal creature
flower blossom bloom
tree
plant
grass lawn
field meadow
fence railing
sign signboard
light lamp
setting environment surroundings
atmosphere mood ambiance ambience
background backdrop
area region zone
design style
show depict feature display present portray capture
suggest indicate imply
wear dress clothe
place position locate situate
hold carry grip clutch
look gaze stare watch
ride
eat feed_on
contain include comprise consist
fill
cover
surround enclose
adorn decorate
stand
sit seat perch
lie recline rest
large big huge enormous giant massive gigantic vast
small little tiny compact miniature
gray grey silver
beautiful lovely pretty attractive
old elderly aged
bright vibrant vivid
calm serene peaceful tranquil quiet relaxed
lively bustling busy
several multiple various numerous many
near nearby close beside adjacent
many lot
overcast cloudy
indoor indoors inside interior
outdoor outdoors outside exterior
blurred blurry
casual informal
kid child
city town urban
"""


def _build_concepts() -> dict[str, tuple[str, ...]]:
    concepts: dict[str, tuple[str, ...]] = {}
    for line in filter(None, map(str.strip, _SYNONYMS.splitlines())):
        word, mark, kinds = line.partition(":")
        if mark:
            concepts[word] = tuple(kinds.split())
        else:
            members = line.split()
            for member in members:
                concepts.setdefault(member, (members[0],))
    return concepts


CONCEPTS: dict[str, tuple[str, ...]] = _build_concepts()

# Words that say nothing about what is seen; they weigh little when statements are compared.
FILLERS = word_set(
    """
    image photo photograph picture snapshot shot scene view show depict feature display present portray capture
    suggest indicate imply overall atmosphere mood seem appear visible see include contain consist typical common
    style element key various different distinct setting create add give provide make convey sense touch likely
    possibly probably moment part side area item object appearance description modify global incorporate detail
    """
)

# The frame itself: what changes with the crop, so that two crops cannot contradict each other about it.
# What every part of a picture has more or less of.
MEASURED: frozenset[str] = word_set(
    """
    color colour hue tone tint shade palette coloring colouring accent
    light lighting illumination brightness exposure contrast saturation luminance
    sharpness focus blur grain noise texture detail symmetry balance
    """
)
FRAME_NOUNS: frozenset[str] = MEASURED | word_set(
    """
    picture image photo photograph snapshot shot scene view crop frame framing close-up closeup portrait landscape
    screenshot illustration painting drawing collage shadow highlight depth resolution quality clarity
    layout composition arrangement perspective angle viewpoint aspect format orientation
    horizon horizon_line background foreground backdrop midground
    half third quarter edge corner centre center middle border margin side top bottom left right area region part
    atmosphere mood ambiance ambience aesthetic style feel overall impression
    """
)
# "light" is an object when one of these words says which: a traffic light, a ceiling light.
LIGHT_OBJECTS = word_set(
    """
    traffic street ceiling neon string christmas tail head brake landing flash pendant signal warning tv television
    stage lamp wall lantern indicator fairy porch pedestrian decorative hanging
    """
)

ANIMATE = word_set(
    """
    person man woman boy girl child kid toddler baby adult guy lady gentleman individual people figure player rider
    surfer skier skater snowboarder customer passenger pedestrian cyclist driver chef cook waiter worker officer group
    crowd family couple friend student teacher tourist athlete batter pitcher catcher skateboarder
    dog cat horse cow sheep elephant giraffe zebra bear bird puppy kitten animal lion tiger goat pig duck goose
    monkey teddy doll fish shark dolphin rabbit deer pony lamb calf
    """
)
