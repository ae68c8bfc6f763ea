"""Statements as captioners write them, told as sentences of a caption."""

from __future__ import annotations

import pytest
from PIL import Image

from engine.scenes import captioner
from evaluation.bank.prose import faults_of
from patchmatters.aggregate.tell import Told, common_words, tell_places
from patchmatters.backends.scripted import ScriptedChat
from patchmatters.language.claims import is_about_picture, is_guess, is_mood, parts_of, put_together
from patchmatters.language.dispute import find_dispute
from patchmatters.language.pronouns import introduced, with_name, without_dangling
from patchmatters.language.prose import as_prose, has_verb, in_mid_sentence, is_bare
from patchmatters.language.sentences import statements_of
from patchmatters.models import Question
from patchmatters.pipeline import caption_pictures
from patchmatters.scene import Basis, Box


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("A red truck parked on a pier.", "There is a red truck parked on a pier."),
        ("Two horses galloping in the snow.", "There are two horses galloping in the snow."),
        ("Background: A teal curtain and a brick wall.", "There is a teal curtain and a brick wall."),
        ("Sky: The sky is pale.", "The sky is pale."),
        ("This image shows a red truck.", "There is a red truck."),
        ("This close-up, first-person photograph captures a duel in a room.", "There is a duel in a room."),
        ("The woman in the photo shows a card.", "The woman shows a card."),
        ("A partial view of a man holding a cup.", "There is a man holding a cup."),
        ("The main focus is on a man, who waves.", "There is a man, who waves."),
        ("The focus is sharp throughout.", "The focus is sharp throughout."),
        ("A dog sleeps on a sofa.", "A dog sleeps on a sofa."),
        (
            "A woman standing and singing into a microphone while wearing a black dress.",
            "There is a woman standing and singing into a microphone while wearing a black dress.",
        ),
        (
            "A kitchen corner with white shelves filled with rows of drinking glasses.",
            "There is a kitchen corner with white shelves filled with rows of drinking glasses.",
        ),
        (
            "A group of people gathered in a restaurant, with a woman performing for them.",
            "There is a group of people gathered in a restaurant, with a woman performing for them.",
        ),
        ("A table setting with food and drinks", "There is a table setting with food and drinks"),
        ("A pair of signals mounted on a pole.", "There is a pair of signals mounted on a pole."),
        ("A car, which is red, parked by a wall.", "There is a car, which is red, parked by a wall."),
        ("The edge of a reddish bag beside a seat back.", "There is a reddish bag beside a seat back."),
        ("The top part of a banana hanging on a board.", "There is a banana hanging on a board."),
        ("The water darkens towards the bottom.", "The water darkens towards the bottom."),
        ("The interior of a vehicle with leather seats.", "There is the interior of a vehicle with leather seats."),
        ("The bananas hanging from a board.", "The bananas are hanging from a board."),
        ("On the wall, two round clocks.", "On the wall, there are two round clocks."),
        ("motorcycle with a white wall tire", "There is a motorcycle with a white wall tire"),
        ("orange umbrella on the sand", "There is an orange umbrella on the sand"),
        ("snow on the roofs", "There is snow on the roofs"),
        ("arafed view of a building with black awnings", "There is a building with black awnings"),
        ("an arafed horse in a field", "There is a horse in a field"),
        ("There is a close up of a tire.", "There is a tire."),
        ("There is a blurred view of green hills.", "There are green hills."),
        ("A close up of a tire on the pavement.", "There is a tire on the pavement."),
        (
            "Part of a man on a bench. His hat is brown.",
            "There is a man on a bench. His hat is brown.",
        ),
        ("Someone with folded arms sitting on a bench.", "There is someone with folded arms sitting on a bench."),
        ("A thin cable stretches diagonally across the image.", "A thin cable stretches diagonally."),
        ("A boat hangs in the picture on the wall.", "A boat hangs in the picture on the wall."),
        ("Part of the wall is covered in moss.", "Part of the wall is covered in moss."),
        ("Stainless steel shelves are mounted on the wall.", "Stainless steel shelves are mounted on the wall."),
    ],
)
def test_a_statement_becomes_a_sentence_with_a_verb(said: str, told: str) -> None:
    assert as_prose(said) == told
    assert has_verb(told)


def test_parts_put_together_are_the_statement_and_guesses_are_parts() -> None:
    text = "A gray suitcase lies open, revealing a diamond pattern, suggesting that somebody travels."
    main, *others = parts_of(text)
    assert "".join([main, *others]) == text
    assert [is_guess(part) for part in others] == [False, True]
    assert put_together(main, others[:1]) == "A gray suitcase lies open, revealing a diamond pattern."


@pytest.mark.parametrize(
    "said", ["The overall atmosphere is calm.", "Overall, it is a quiet scene.", "The mood is sad."]
)
def test_moods_are_known(said: str) -> None:
    assert is_mood(said)


def test_sentences_about_the_picture_are_known() -> None:
    assert is_about_picture("The image has a black border.")
    assert not is_about_picture("The dominant colour is grey.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('The aircraft has the registration "A 57" on its side.', 'The number "A-67" is written on its side.'),
        ("The walkway along the wall is made of wood.", "The stairs along the wall are metal."),
        ("The bench has dark brown slats.", "The seat is made of green boards."),
        ('A sign reads "SALE".', 'There is a sign that says "SAFE".'),
        ('The text "\u611a\u56ed\u8def" is visible.', 'A sign says "\u6109\u56ed\u8def".'),
        ("The bus displays the number two on its front.", 'The front of the bus shows a "3".'),
        ("The runner wears the number fifty-seven.", "The runner's bib reads 67."),
        ('The door has a plate that reads "One".', 'The plate on the door reads "2".'),
    ],
)
def test_statements_that_are_alike_dispute_by_their_values(one: str, other: str) -> None:
    assert find_dispute(one, other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The runner wears the number fifty-seven.", "The runner's bib reads 57."),
        ("One of the men wears number 7.", "The man wears the number seven."),
        ("Two lines of text are on the sign, which reads 10.", "The sign reads 10."),
        ("Two men wait below the clock.", "The clock shows 10."),
        ('A sign reads "EXIT".', 'A sign reads "NO ENTRY".'),  # two signs
        ('The cut sign reads "PARKI".', 'A sign reads "Parking".'),
        ('A sign reads "EXIT".', "A sign hangs there."),
        ("A number one of us can read is on the bus.", "The bus shows a 57."),
    ],
)
def test_numbers_and_writing_that_agree_or_are_two_things_are_no_dispute(one: str, other: str) -> None:
    assert find_dispute(one, other) is None


def test_two_things_at_two_sides_are_no_dispute() -> None:
    assert find_dispute("A man in a red shirt is on the left.", "A man in a blue shirt is on the right.") is None


def told_of(boxes: tuple[Box, ...], *texts: str) -> list[Told]:
    return [Told(text, (Basis("a", number),), boxes) for number, text in enumerate(texts)]


def test_after_another_place_the_place_is_told_again() -> None:
    box = Box(0, 0, 50, 50)
    told = told_of(
        (box, box), "The texture is busiest at the bottom.", "The palette contains grey.", "The light is dim."
    )
    assert [sentence.text for sentence in tell_places(told, 100, 100)] == [
        "At the top left, the texture is busiest at the bottom.",
        "At the top left, the palette contains grey.",
        "The light is dim there.",
    ]


def test_what_opens_with_its_place_is_told_there_and_a_long_sentence_about_the_frame_opens_with_there() -> None:
    told = told_of(
        (Box(50, 50, 100, 100),),
        "A dog sleeps on a rug.",
        "On the left, a bright lamp glows.",  # of the part: the middle of the picture
        "The background consists of tall green bushes with a few dry stems.",
    )
    told += told_of((Box(0, 0, 100, 100),), "At the bottom right, a cup stands.")
    assert [sentence.text for sentence in tell_places(told, 100, 100)] == [
        "At the bottom right, a dog sleeps on a rug.",
        "There, the background consists of tall green bushes with a few dry stems.",
        "A cup stands.",
        "At the bottom center, a bright lamp glows.",
    ]


def test_the_first_sentence_of_a_place_says_it_and_what_is_about_the_frame_is_said_of_there() -> None:
    told = told_of(
        (Box(0, 0, 50, 50),), "In the corner, a lamp glows.", "A red truck parked on a pier.", "The light is dim."
    )
    told += told_of((), "A dog sleeps.")
    assert [sentence.text for sentence in tell_places(told, 100, 100)] == [
        "A dog sleeps.",
        "At the top left, there is a red truck parked on a pier.",
        "In the corner, a lamp glows.",
        "The light is dim there.",
    ]


def test_without_a_scorer_a_picture_of_which_nothing_is_borne_out_keeps_its_caption() -> None:
    texts = {
        "whole image": ["A red kite flies."],
        "top-left": ["Milk boils.", "Seven pens.", "Old snow."],
        "top-right": ["One mat.", "Some birds.", "It rains."],
        "bottom-left": ["The clock ticks.", "Ice melts.", "Two maps."],
        "bottom-right": ["Bread.", "One key.", "Old books."],
    }

    def reply(question: Question) -> str:
        patch, candidate = question.name.split(": ", 1)[1].rsplit(", candidate ", 1)
        return texts[patch][int(candidate) - 1]

    chat = ScriptedChat(reply, sees_images=True, follows_instructions=False)
    (scene,) = caption_pictures([Image.new("RGB", (640, 480))], chat)
    assert scene.caption_text == "A red kite flies."
    assert "nothing of the picture is borne out" in scene.whole.statements[0].reason


@pytest.mark.parametrize(
    "told",
    ["Six dark birds glide across the sky.", "Two ferries chug past the pier.", "Thick vines clamber over the wall."],
)
def test_a_verb_that_no_table_knows_is_a_verb_after_many(told: str) -> None:
    assert as_prose(told) == told


@pytest.mark.parametrize("told", ["Two lamps visible behind the sofa.", "Two shelves built into the wall."])
def test_what_only_looks_like_a_verb_gets_one(told: str) -> None:
    assert as_prose(told).startswith("There are ")


@pytest.mark.parametrize(
    "told",
    [
        "Above the clock, a steep roof of dark wood projects from the facade.",
        'A pink charm in the shape of the letter "L" and a black lanyard hang on its left side.',
        "Six bells of bronze hang in a row along a curved beam.",
        "A small lamp on a rod lights the wall.",
        "At the top left, six bells of bronze hang in a row.",
        "A window above the shelf lets natural light into the room.",
        "Trees with lush green foliage fill the right side.",
        "Two thick vertical poles, one dark and one light gray, stand by the road.",
        "A man in a black shirt raises his hand to his face.",
        "A climbing vine with blue blossoms decorates the pillar.",
        "A brown rain pipe winds down the wall between the vines and the window.",
        "The dark structure contrasts with the white sky.",
        "A keychain shaped like the number 7 hangs on the left.",
        "Thin wires run between the rails.",
        "An audience watches from pale stone steps.",
    ],
)
def test_no_sentence_with_a_verb_gets_another(told: str) -> None:
    assert as_prose(told) == told


@pytest.mark.parametrize(
    "said",
    [
        "A wall with white lines.",
        "A lively event with a woman singing while the audience watches.",
        "A man who wears a hat.",
        "A street scene with a sign that reads a name and has an arrow.",
        "Power lines above a street.",
        "A fruit stand with apples.",
        "Two people sitting.",
    ],
)
def test_plurals_and_hanging_clauses_are_no_verbs(said: str) -> None:
    assert not has_verb(said)


@pytest.mark.parametrize("said", ["Ein rotes Auto in der Sonne.", "Una casa blanca en la playa.", "Un chien noir."])
def test_other_languages_get_no_english_words(said: str) -> None:
    assert as_prose(said) == said


@pytest.mark.parametrize(
    ("said", "before", "told"),
    [
        ("It looks like a cloudy day.", "Three vents rise from the roof.", "It looks like a cloudy day."),
        ("It is held in paper.", "There is cheese on the meat, and a slice of tomato under the bun.", None),
        ("It might be a train.", "The wall is painted light blue.", None),
        ("It is blurred.", "Everything behind the hand is out of focus.", None),
        ("Its face is blue.", "There is a building with a clock.", None),
        ("It has white paws.", "The main subject is a kitten on a table.", "The kitten has white paws."),
        ("Its trunk is curled.", "A large elephant stands on a square.", "The elephant's trunk is curled."),
        ("Their trousers are brown.", "The right side of a person in a dress.", "The person's trousers are brown."),
        ("They are rusty.", "Three vents rise from the roof.", "The vents are rusty."),
        ("They are wearing a shirt.", "A person is standing in a kitchen.", "The person is wearing a shirt."),
        ("They carry a toy.", "A child with bare feet plays.", "The child carries a toy."),
        ("In front of them is a counter.", "A person stands there.", "In front of the person is a counter."),
        ("They are red.", "A person holds two cups.", None),
        ("They are wet.", "A person and a dog walk.", None),
        ("They wear hats.", "A man stands.", None),
        ("They also wear a hat.", "A person walks.", None),
    ],
)
def test_only_a_noun_that_was_subject_takes_the_place_of_a_pronoun(said: str, before: str, told: str | None) -> None:
    assert with_name(said, [before]) == told
    assert statements_of(f"{before} {said}") == ([before, told] if told else [f"{before} {said}"])


@pytest.mark.parametrize(
    ("said", "before", "told"),
    [
        ("Another woman is clapping.", ["Two women sit there."], "Another woman is clapping."),
        ("Another woman is clapping.", ["A person sits there."], "Another woman is clapping."),
        ("Another woman is clapping.", ["A man sits there."], "A woman is clapping."),
        ("Another woman is clapping.", ["A car is parked."], "A woman is clapping."),
        ("At the top left, another orange bowl stands.", [], "At the top left, an orange bowl stands."),
        ("There is another apple.", ["A pear lies there."], "There is an apple."),
        ("It is another day.", [], "It is another day."),
    ],
)
def test_nothing_is_another_before_there_is_one(said: str, before: list[str], told: str) -> None:
    assert introduced(said, before) == told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Someone waves.", "someone waves."),
        ("Parallel tracks run on.", "parallel tracks run on."),
        ("Green chopped herbs are scattered.", "green chopped herbs are scattered."),
        ("Trees line the street.", "trees line the street."),
        ("Chopsticks lie on a plate.", "chopsticks lie on a plate."),
        ("Volvo trucks wait.", "Volvo trucks wait."),
        ("HP is written on the lid.", "HP is written on the lid."),
        ("Park Inn is written on a sign.", "Park Inn is written on a sign."),
    ],
)
def test_after_a_place_only_names_keep_their_capital(said: str, told: str) -> None:
    assert in_mid_sentence(said, {"chopsticks", "parallel"}) == told


def test_what_stands_in_small_letters_in_a_passage_is_no_name() -> None:
    said = "A plate with chopsticks beside Volvo's T-shirt."
    chat = ScriptedChat(lambda _: said, sees_images=True, follows_instructions=False)
    (scene,) = caption_pictures([Image.new("RGB", (640, 480))], chat)
    assert common_words(scene) == {"plate", "with", "chopsticks", "beside"}


@pytest.mark.parametrize(
    "said",
    [
        "There is no text or any other object in the image.",
        "The colors are saturated.",
        "The edges of the photo are dark.",
        "The rest of the image is blurred.",
        "The upper part of the image is dark, with a few highlights.",
        "The shallow depth of field blurs the wall.",
    ],
)
def test_sentences_about_the_photograph_are_about_the_picture(said: str) -> None:
    assert is_about_picture(said)


@pytest.mark.parametrize("said", ["The image shows a red truck.", "The edges of the table are dark.", "No dog barks."])
def test_what_a_picture_shows_is_not_about_the_picture(said: str) -> None:
    assert not is_about_picture(said)


def test_a_thing_that_is_only_named_gets_no_sentence_beside_others() -> None:
    named, other = Told("The bananas.", (Basis("whole", 0),)), Told("A dog sleeps.", (Basis("whole", 1),))
    assert [sentence.text for sentence in tell_places([named, other], 100, 100)] == ["A dog sleeps."]
    assert [sentence.text for sentence in tell_places([named], 100, 100)] == ["There are the bananas."]
    assert is_bare("An industrial setting.") and not is_bare("An industrial setting with two cranes.")
    assert not is_bare("The bananas are ripe.") and not is_bare("Some bananas.")


def test_a_sentence_says_one_place() -> None:
    corner, other = Box(50, 50, 100, 100), Box(0, 0, 40, 40)
    own = Told("There is a shadow on the snow at the top left.", (Basis("a", 0),), (corner,))
    two = Told("There is a post on the left.", (Basis("a", 1),), (corner, other))
    assert [sentence.text for sentence in tell_places([own, two], 100, 100)] == [
        "There is a shadow on the snow in the center.",
        "At the bottom right and at the top left, there is a post.",
    ]


def test_faults_of_prose_are_counted_a_sentence() -> None:
    caption = "A dog on a sofa. It sleeps. The image is dark. A cat, possibly asleep, lies there. Trees stand in snow."
    assert faults_of(caption) == {
        "sentences": 5, "without verb": 1, "pronoun": 1, "about the picture": 1, "guessing": 1, "any": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("A coat hangs on a chair next to him.", "A coat hangs on a chair."),
        ("The car behind him is a red hatchback.", "The car is a red hatchback."),
        ("A white cup stands next to it.", "A white cup stands."),
        ("There is a plate behind it.", "There is a plate."),
        ("A man sits on a bench with a dog next to him.", "A man sits on a bench with a dog next to him."),
        ("A horse gallops with a dog behind it.", "A horse gallops with a dog behind it."),
        ("Two men sit with a dog in front of them.", "Two men sit with a dog in front of them."),
        ("A man stands behind her chair.", "A man stands behind her chair."),
    ],
)
def test_nothing_stands_beside_somebody_who_is_not_named(said: str, told: str) -> None:
    assert without_dangling(said) == told


def test_several_places_in_a_part_are_not_told_of_the_picture() -> None:
    box = (Box(0, 0, 40, 40),)
    two = Told("On the left, a pot stands, while on the right, there are plates.", (Basis("a", 0),), box)
    way = Told("A man walks to the left.", (Basis("a", 1),), box)
    assert [sentence.text for sentence in tell_places([two, way], 100, 100)] == [
        "At the top left, a pot stands, while there are plates.",
        "A man walks to the left.",
    ]


@pytest.mark.parametrize("said", ["The path meanders in the field.", "The lake ripples under the wind."])
def test_what_may_be_a_verb_that_no_table_knows_is_left_as_it_is(said: str) -> None:
    assert as_prose(said) == said


def test_what_is_written_is_borne_out_only_by_who_reads_the_same() -> None:
    """Three sentences that are alike but for what they quote are no agreement, and two signs are told both."""
    texts = {
        "top-left": ['A sign reads "EMERGENCY".', 'A sign reads "COFFEE".', 'A sign reads "MUSEUM".'],
        "top-right": ['A sign reads "EXIT".'] * 3,
        "bottom-left": ['A sign reads "TICKETS".'] * 3,
    }
    (scene,) = caption_pictures([Image.new("RGB", (400, 300))], captioner(texts, "A grey wall stands there."))
    assert "EXIT" in scene.caption_text
    assert "TICKETS" in scene.caption_text
    assert not any(word in scene.caption_text for word in ("EMERGENCY", "COFFEE", "MUSEUM"))
