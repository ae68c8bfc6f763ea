"""Captions and references from files: texts by name of picture, whatever layout they are in.

- a folder of `NAME.txt` files (several texts of one picture: `NAME.1.txt`, `NAME.2.txt`),
- a folder of Scene files, or one of them, as `python -m patchmatters caption --scene "out/{name}.json"` writes them,
- a JSON object of name -> text or list of texts: the layout of DID-Bench's references and of its evaluation,
- a JSON list of records with the field `image` and a text field that is named.

A name is that of the picture file, without folder and ending.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from patchmatters.scene import Scene
from patchmatters.scene_json import FORMAT, load_scenes

Texts = Mapping[str, Sequence[str]]
PICTURE_ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"))


def name_of(picture: str) -> str:
    """The name of a picture by its path: "photos/one.jpg" -> "one"; a stop that begins no picture's ending stays."""
    path = Path(picture)
    return path.stem if path.suffix.lower() in PICTURE_ENDINGS else path.name


def read_texts(path: Path, field: str = "caption", *, own: bool = False) -> dict[str, list[str]]:
    """Texts by name of picture, each with a word in it. `field` is the text field of a list of records.

    `own` takes from Scene files what the captioner said of the whole picture at once, before the method: the caption
    of the captioner alone. ValueError, saying what to do, for no texts, an empty one, another layout, and for `own`
    where there are no Scene files.
    """
    if path.is_dir():
        found = _from_folder(path, own=own)
    elif path.is_file():
        found = _from_json(read_json(path), field, path, own=own)
    else:
        raise ValueError(f"{path} does not exist: give a folder of captions or a JSON file.")
    if not found:
        raise ValueError(f"{path} holds no captions: it needs NAME.txt files, Scene files, or JSON of names and texts.")
    for name, texts in found.items():
        if not texts or not all(any(map(str.isalnum, text)) for text in texts):
            raise ValueError(f"{path} has no words for the picture {name!r}: caption it again, or leave it out.")
    return found


def read_json(path: Path) -> object:
    """What a JSON file holds. ValueError where it cannot be read or is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}): check the path.") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}): write it again.") from None


def one_each(captions: Texts, names: Iterable[str], where: str) -> dict[str, str]:
    """The captions of these pictures, of which each must have just one. ValueError where one has several."""
    chosen = {name: captions[name] for name in names}
    for name, texts in chosen.items():
        if len(texts) > 1:
            raise ValueError(f"{where} has {len(texts)} captions for {name!r}: leave the one that is to be scored.")
    return {name: texts[0] for name, texts in chosen.items()}


def common_pictures(captions: Mapping[str, Texts], references: Texts | None, *, partial: bool = False) -> list[str]:
    """The names of the pictures on which all sets of captions (by their label) are compared, in order.

    Those are the pictures with references, or without references all that somebody captioned. ValueError where a set
    lacks one of them; with `partial` only the pictures that every set has count, and it is an error if there is none.
    """
    wanted = set(references) if references is not None else {name for texts in captions.values() for name in texts}
    for label, texts in captions.items():
        missing = sorted(wanted - set(texts))
        if missing and not partial:
            raise ValueError(
                f"{label} has no caption for {len(missing)} of {len(wanted)} pictures, the first is {missing[0]!r}: "
                "caption them too, or give --partial to score only what all have."
            )
    names = sorted(wanted.intersection(*captions.values()))
    if not names:
        raise ValueError("No picture has all that is compared: names must be those of the pictures, without ending.")
    return names


# --- layouts ---------------------------------------------------------------------------------------------------------


def _from_folder(folder: Path, *, own: bool) -> dict[str, list[str]]:
    plain, scenes = sorted(folder.glob("*.txt")), sorted(folder.glob("*.json"))
    if plain and scenes:
        raise ValueError(f"{folder} holds both text files and JSON files: put the captions into a folder of their own.")
    if plain and own:
        raise _no_scenes(folder)
    pairs = [(name_of(re.sub(r"\.\d+$", "", file.stem)), _text(file)) for file in plain]
    for file in scenes:
        pairs.extend(_from_scenes(file, own=own))
    return _grouped(pairs)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} cannot be read ({error}): write it again as UTF-8 text.") from None


def _from_scenes(file: Path, *, own: bool) -> list[tuple[str, str]]:
    try:
        scenes = load_scenes(_text(file))
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    return [(name_of(scene.image.name), _told(scene, file, own=own)) for scene in scenes]


def _told(scene: Scene, file: Path, *, own: bool) -> str:
    if not own and scene.caption:
        return scene.caption_text
    if own and scene.whole.passages:
        return scene.whole.passages[0].text
    missing = "description of the whole picture" if own else "caption"
    raise ValueError(f"{file} has no {missing}: the Scene of {scene.image.name!r} is {scene.stage.value}; caption it.")


def _no_scenes(path: Path) -> ValueError:
    return ValueError(f"{path} holds no Scenes, and only they keep the captioner's own caption: caption with --scene.")


def _from_json(content: object, field: str, path: Path, *, own: bool) -> dict[str, list[str]]:
    if isinstance(content, dict) and content.get("format") == FORMAT:
        return _grouped(_from_scenes(path, own=own))
    if own:
        raise _no_scenes(path)
    if isinstance(content, dict):
        pairs = list(content.items())
    elif isinstance(content, list) and all(isinstance(one, dict) and {"image", field} <= set(one) for one in content):
        pairs = [(str(one["image"]), one[field]) for one in content]
    else:
        raise ValueError(f"{path} must be a list of records with the fields image and {field}: name the text field.")
    return _grouped([(name_of(name), text) for name, told in pairs for text in _as_list(told, name, path)])


def _as_list(told: object, name: str, path: Path) -> list[str]:
    texts = told if isinstance(told, list) else [told]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{path} has no text for {name!r}: give a text or a list of texts, and name the right field.")
    return texts


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, text in pairs:
        found.setdefault(name, []).append(text)
    return found
