"""Scoring captions from files: layouts, pairing, agreement with pictures, objects that are not there, the metrics."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.scenes import captioner, plain_picture
from evaluation.score.__main__ import References, main, metrics, split_words, tokenized
from evaluation.score.agreement import agreement, find_pictures, open_scorer
from evaluation.score.captions import common_pictures, name_of, one_each, read_texts
from evaluation.score.chair import Chair, chair, named_objects, read_objects, vocabulary_of
from patchmatters.backends.scripted import ScriptedScorer
from patchmatters.describe import describe
from patchmatters.divide import divide
from patchmatters.pipeline import PRESETS, caption_pictures
from patchmatters.scene import Scene
from patchmatters.scene_json import dump_scenes

COCO = vocabulary_of(())
TWO = {"one": "A cat sits on a bed.", "two": "A man rides a red bicycle."}


def written(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def composed(name: str) -> Scene:
    texts = {"whole image": ["A cat on a sofa."], "top-left": ["A red lamp."]}
    (scene,) = caption_pictures([plain_picture()], captioner(texts), preset=PRESETS["fast"], names=[name])
    return scene


# --- layouts ---------------------------------------------------------------------------------------------------------


def test_all_layouts_of_the_same_texts_read_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name, text in TWO.items():
        written(folder / f"{name}.txt", f"{text}\n")
    plain = written(tmp_path / "plain.json", {f"photos/{name}.JPG": text for name, text in TWO.items()})
    lists = written(tmp_path / "lists.json", {name: [text] for name, text in TWO.items()})
    records = [{"image": f"{name}.png", "said": text, "size_hw": [1, 2]} for name, text in TWO.items()]
    found = [read_texts(folder), read_texts(plain), read_texts(lists)]
    found.append(read_texts(written(tmp_path / "records.json", records), "said"))
    assert found == [{name: [text] for name, text in TWO.items()}] * 4


def test_a_picture_may_have_several_references(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in (1, 2):
        written(folder / f"one.{number}.txt", f"Text {number}.")
    records = [{"image": "one.jpg", "caption": f"Text {number}."} for number in (1, 2)]
    assert read_texts(folder) == {"one": ["Text 1.", "Text 2."]}
    assert read_texts(written(tmp_path / "records.json", records)) == read_texts(folder)


def test_names_lose_the_folder_and_the_ending_of_a_picture_only() -> None:
    assert [name_of(name) for name in ("a/b.jpg", "b.JPEG", "b", "b.v2", "b.v2.png")] == ["b", "b", "b", "b.v2", "b.v2"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("not json", "is not JSON"),
        ([], "holds no captions"),
        ({}, "holds no captions"),
        ([{"image": "one.jpg", "text": "A cat."}], "fields image and caption: name the text field"),
        ("3", "must be a list of records"),
        ({"one": 3}, "has no text for 'one'"),
        ({"one": None}, "has no text for 'one'"),
        ({"one": []}, "has no text for 'one'"),
        ({"one": ["A cat.", " . "]}, "has no words for the picture 'one': caption it again"),
        ({"format": "patchmatters.scene", "version": 9}, "update the pack"),
    ],
)
def test_what_is_no_captions_is_refused_with_a_remedy(content: object, says: str, tmp_path: Path) -> None:
    file = written(tmp_path / "captions.json", content)
    with pytest.raises(ValueError, match=says) as refused:
        read_texts(file)
    assert str(file) in str(refused.value)


def test_folders_without_captions_or_with_two_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no captions: it needs NAME\.txt files"):
        read_texts(tmp_path)
    with pytest.raises(ValueError, match="does not exist"):
        read_texts(tmp_path / "nowhere")
    (tmp_path / "one.txt").write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match="as UTF-8"):
        read_texts(tmp_path)
    written(tmp_path / "one.json", "{}")
    with pytest.raises(ValueError, match="a folder of their own"):
        read_texts(tmp_path)


# --- Scene files -----------------------------------------------------------------------------------------------------


def test_scene_files_give_the_caption_and_the_captioners_own(tmp_path: Path) -> None:
    scenes = [composed("one.jpg"), composed("two.png")]
    folder = tmp_path / "out"
    folder.mkdir()
    for scene in scenes:
        written(folder / f"{name_of(scene.image.name)}.json", dump_scenes([scene]))
    together = written(tmp_path / "all.json", dump_scenes(scenes))
    assert read_texts(folder) == read_texts(together) == {name: [scenes[0].caption_text] for name in ("one", "two")}
    assert "red lamp" in scenes[0].caption_text
    own = {name: ["A cat on a sofa."] for name in ("one", "two")}
    assert read_texts(folder, own=True) == read_texts(together, own=True) == own


def test_scenes_that_are_not_captioned_yet_are_refused(tmp_path: Path) -> None:
    divided = divide([plain_picture()], names=["one.jpg"])
    file = written(tmp_path / "one.json", dump_scenes(divided))
    with pytest.raises(ValueError, match=r"has no caption: the Scene of 'one\.jpg' is divided"):
        read_texts(file)
    with pytest.raises(ValueError, match="has no description of the whole picture"):
        read_texts(tmp_path, own=True)
    described = describe(divided, captioner({"whole image": ["A cat."]}))
    assert read_texts(written(file, dump_scenes(described)), own=True) == {"one": ["A cat."]}


def test_only_scenes_keep_the_captioners_own_caption(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="caption with --scene"):
        read_texts(written(tmp_path / "plain.json", TWO), own=True)
    folder = tmp_path / "texts"
    folder.mkdir()
    written(folder / "one.txt", "A cat.")
    with pytest.raises(ValueError, match="caption with --scene"):
        read_texts(folder, own=True)
    with pytest.raises(ValueError, match=r"plain\.json: This is not a Scene file"):
        read_texts(tmp_path)


# --- pairing ---------------------------------------------------------------------------------------------------------


def texts(*names: str) -> dict[str, list[str]]:
    return {name: ["A cat."] for name in names}


def test_captions_are_compared_on_the_pictures_that_have_references() -> None:
    assert common_pictures({"a": texts("one", "two", "more")}, texts("two", "one")) == ["one", "two"]
    assert common_pictures({"a": texts("one", "two"), "b": texts("two", "one")}, None) == ["one", "two"]


def test_a_missing_caption_is_an_error_unless_a_part_is_asked_for() -> None:
    sets = {"a": texts("one", "two"), "b": texts("two", "three")}
    with pytest.raises(ValueError, match="a has no caption for 1 of 3 pictures, the first is 'three'"):
        common_pictures(sets, None)
    assert common_pictures(sets, None, partial=True) == ["two"]
    with pytest.raises(ValueError, match="No picture has all"):
        common_pictures(sets, texts("four"), partial=True)


def test_a_picture_has_one_caption() -> None:
    with pytest.raises(ValueError, match="mine has 2 captions for 'one'"):
        one_each({"one": ["A cat.", "A dog."]}, ["one"], "mine")
    assert one_each({"one": ["A cat."], "two": ["A dog.", "Two."]}, ["one"], "mine") == {"one": "A cat."}


# --- agreement with pictures -----------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    plain_picture(64, 48, "red").save(folder / "one.png")
    plain_picture(32, 32, "blue").save(folder / "two.JPG", format="JPEG")
    written(folder / "one.txt", "no picture")
    return folder


def test_agreement_is_the_mean_over_sentences_and_then_over_pictures(pictures: Path) -> None:
    seen = []

    def measure(crop, sentence):
        seen.append((crop.size, sentence))
        return {"Zero.": 0.0, "Half.": 0.5, "One.": 1.0}.get(sentence)

    captions = {"one": "Zero. One. One. One.", "two": "Half. Who knows."}
    found = agreement(captions, find_pictures(pictures, captions), ScriptedScorer(measure, "my model"))
    assert (found.model, found.mean, found.sentences, found.unscored) == ("my model", 0.625, 6, 1)
    assert seen[0] == ((64, 48), "Zero.")
    assert seen[-1] == ((32, 32), "Who knows.")


def test_agreement_needs_pictures_and_a_scorer_that_can_judge(pictures: Path) -> None:
    with pytest.raises(ValueError, match="lacks 1 pictures, the first is 'three'"):
        find_pictures(pictures, ["one", "three"])
    with pytest.raises(ValueError, match="give the folder of the pictures"):
        find_pictures(pictures / "one.png", ["one"])
    with pytest.raises(ValueError, match="mute can judge none of the 1 sentences"):
        agreement({"one": "A cat."}, find_pictures(pictures, ["one"]), ScriptedScorer(lambda *_: None, "mute"))
    plain_picture().save(pictures / "one.jpg")
    with pytest.raises(ValueError, match="two pictures called 'one'"):
        find_pictures(pictures, ["one"])


def test_the_built_in_scorer_tells_a_true_colour_from_a_wrong_one(pictures: Path) -> None:
    scorer, files = open_scorer("builtin"), find_pictures(pictures, ["one"])
    true, false = (
        agreement({"one": f"The dominant colour is {colour}."}, files, scorer).mean for colour in ("red", "green")
    )
    assert true > 0.5 > false


def test_scorers_are_opened_by_name_or_by_folder(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no backend 'psychic'; choose one of: builtin"):
        open_scorer("psychic")
    torch = pytest.importorskip("torch", reason="local models need torch")
    pytest.importorskip("transformers", reason="local models need transformers")
    from engine import tiny_models

    torch.manual_seed(0)
    scorer = open_scorer(str(tiny_models.clip(tmp_path / "clip")))
    found = agreement({"one": "a red dog sits."}, find_pictures(pictures, ["one"]), scorer)
    assert found.model == "clip (calibrated similarity)"
    assert 0.0 <= found.mean <= 1.0


# --- objects ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caption", "objects"),
    [
        ("A cat and two dogs.", {"cat", "dog"}),
        ("Three women, a child and several people.", {"person"}),
        ("Knives, wine glasses, buses and mice lie on benches.", {"knife", "wine glass", "bus", "mouse", "bench"}),
        ("A sofa, a mug and a smartphone.", {"couch", "cup", "cell phone"}),
        ("The man's ties and a pair of skis.", {"person", "tie", "skis"}),
        ("A carpet, a cattail, a scarf and a pantry.", set()),  # car, cat, car, tv
        ("A boat tied up while training near a bookcase.", {"boat"}),  # no tie, no train, no book
        ("A hot dog on a teddy bear.", {"hot dog", "teddy bear"}),  # no dog, no bear
        ("A dog, hot and tired.", {"dog"}),
        ("A toaster oven below a microwave oven.", {"oven", "microwave"}),
        ("A bird's-eye view of train tracks with toilet paper.", set()),
        ("A slice of carrot cake.", {"cake"}),
        ("An orange wall.", set()),
        ("A bowl of oranges.", {"bowl", "orange"}),
        ("There are no people and it is without a car; not a bird, but a kite.", {"kite"}),
        ("STOP SIGN! Fire-hydrant; T-shirts.", {"stop sign", "fire hydrant"}),
        ("A fire hydra", set()),
        ("", set()),
    ],
)
def test_objects_are_found_by_whole_words(caption: str, objects: set[str]) -> None:
    assert named_objects(caption, COCO) == objects


def test_labels_of_the_file_join_the_table_or_stand_alone() -> None:
    caption = "A man stands beside two lighthouses and a polar bear."
    labels = ("Lighthouse", "polar bear", "man")
    assert named_objects(caption, vocabulary_of(labels)) == {"person", "Lighthouse", "polar bear"}
    assert named_objects(caption, vocabulary_of(labels, coco=False)) == {"man", "Lighthouse", "polar bear"}
    assert named_objects("Table tennis.", vocabulary_of(["table tennis"])) == {"table tennis"}
    assert named_objects(caption, {}) == frozenset()


def test_chair_counts_each_object_once_per_caption() -> None:
    captions = {
        "one": "A man walks a dog. The dog is brown, and the man holds a frisbee.",  # the frisbee is not there
        "two": "A cat on a sofa.",
        "three": "The sky is blue.",
    }
    objects = {"one": ["woman", "dog", "bench"], "two": ["cat", "couch", "couch"], "three": [], "other": ["bus"]}
    found = chair(captions, objects, vocabulary_of(["woman"]))
    assert found == Chair(captions=3, inventing=1, named=5, invented=1, there=5, told=4)
    assert (found.instances, found.sentences, found.recall) == (1 / 5, 1 / 3, 4 / 5)


def test_chair_of_captions_that_name_nothing_has_no_share() -> None:
    found = chair({"one": "The sky is blue."}, {"one": []}, COCO)
    assert (found.instances, found.sentences, found.recall) == (None, 0.0, None)
    with pytest.raises(ValueError, match="objects of 1 pictures are not known, the first is 'two': add them"):
        chair({"two": "A cat."}, {"one": []}, COCO)


def test_objects_come_from_a_plain_object_or_from_cocos_annotations(tmp_path: Path) -> None:
    plain = {"one.jpg": ["cat", "bed"], "two": []}
    assert read_objects(written(tmp_path / "a.json", plain)) == {"one": ("cat", "bed"), "two": ()}
    coco = {
        "images": [{"id": 7, "file_name": "one.jpg"}, {"id": 8, "file_name": "two.jpg"}],
        "annotations": [{"image_id": 7, "category_id": number} for number in (17, 65, 17)],
        "categories": [{"id": 17, "name": "cat"}, {"id": 65, "name": "bed"}],
    }
    assert read_objects(written(tmp_path / "b.json", coco)) == {"one": ("bed", "cat"), "two": ()}
    del coco["categories"][1]
    with pytest.raises(ValueError, match="looks like COCO's annotations, but 65 is missing"):
        read_objects(written(tmp_path / "b.json", coco))


@pytest.mark.parametrize("content", [["cat"], {"one": "cat"}, {"one": [3]}, {"one": [""]}, {"one": ["-"]}])
def test_other_files_of_objects_are_refused(content: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be a JSON object of picture -> list of labels"):
        read_objects(written(tmp_path / "a.json", content))


# --- metrics ---------------------------------------------------------------------------------------------------------


def references(tokens: str = "words", *, java: bool = False) -> References:
    return References({name: [text, "Something else."] for name, text in TWO.items()}, tokens, java)


def test_words_are_split_without_java() -> None:
    assert split_words("A caf\xe9's well-lit, RED door (No. 5).") == "a caf\xe9's well-lit red door no 5"
    assert tokenized({"one": ["A  cat.\nA dog ||| x"]}, "spaces") == {"one": ["A cat. A dog x"]}


@pytest.mark.parametrize("tokens", ["words", "spaces"])
def test_identical_texts_score_full_marks_and_others_do_not(tokens: str) -> None:
    pytest.importorskip("pycocoevalcap", reason="the metrics need pycocoevalcap")
    same = metrics(TWO, references(tokens))
    assert [round(same[f"BLEU-{number}"], 6) for number in (1, 2, 3, 4)] == [1.0] * 4
    other = metrics({"one": "A dog sits on a sofa.", "two": "Nothing."}, references(tokens))
    assert all(other[name] < value for name, value in same.items())
    assert "METEOR" not in same


def test_capitals_count_only_where_texts_are_split_at_spaces() -> None:
    pytest.importorskip("pycocoevalcap", reason="the metrics need pycocoevalcap")
    shouted = {name: text.upper() for name, text in TWO.items()}
    assert metrics(shouted, references())["BLEU-1"] > 0.99
    assert metrics(shouted, references("spaces"))["BLEU-1"] < 0.5


@pytest.mark.skipif(shutil.which("java") is None, reason="METEOR and the Penn Treebank tokenizer need Java")
def test_java_splits_words_and_adds_meteor() -> None:
    pytest.importorskip("pycocoevalcap", reason="the metrics need pycocoevalcap")
    found = metrics(TWO, references("ptb", java=True))
    assert round(found["BLEU-4"], 6) == round(found["METEOR"], 6) == 1.0


# --- the command -----------------------------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert left.value.code == 2
    return capsys.readouterr().err


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "captions.json", TWO)
    assert "nothing to score against" in refused(capsys, file)
    assert "--images and --scorer together" in refused(capsys, file, "--images", tmp_path)
    assert "--images and --scorer together" in refused(capsys, file, "--objects", file, "--scorer", "builtin")
    assert "must be a JSON object of picture" in refused(capsys, file, "--objects", file)
    two = written(tmp_path / "three.json", {"three": "A cat."})
    assert "no caption for 1 of 1 pictures" in refused(capsys, file, "--references", two, "--no-java")


def test_the_command_compares_captioners_without_references(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "scene.json", dump_scenes([composed("one.png")]))
    objects = written(tmp_path / "objects.json", {"one": ["couch"]})
    judged = ("--images", pictures, "--scorer", "builtin")
    told = [tmp_path / "scene.json", "--own", "--objects", objects]
    main([str(argument) for argument in told])
    heading, _, columns, *rows = capsys.readouterr().out.splitlines()
    assert (heading, columns.split()) == ("1 pictures", ["captions", "CHAIR_i", "CHAIR_s", "recall"])
    assert "scene.json (captioner alone)" in rows[0]
    assert rows[0].split()[-3:] == ["50.00", "100.00", "100.00"]
    assert "2 objects named, 1 of them not there; 1 of 1 told" in rows[2]
    red = written(tmp_path / "red.json", {"one": "The dominant colour is red."})
    main([str(argument) for argument in (red, *judged)])
    out = capsys.readouterr().out
    assert "by builtin; like CLIPScore" in out
    assert "1 sentences, 0 of them not judged" in out


def test_the_command_makes_one_table_for_each_file_of_references(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pycocoevalcap", reason="the metrics need pycocoevalcap")
    captions = written(tmp_path / "captions.json", TWO)
    files = [written(tmp_path / f"{name}.json", {name: [text]}) for name, text in TWO.items()]
    main([str(argument) for argument in (captions, "--no-java", "--references", *files)])
    out = capsys.readouterr().out
    assert out.count("without Java: no METEOR") == out.count("100.00     100.00     100.00     100.00") == 2


def test_without_the_package_the_metrics_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pycocoevalcap.bleu.bleu", None)
    with pytest.raises(RuntimeError, match="pip install pycocoevalcap"):
        metrics(TWO, references())
