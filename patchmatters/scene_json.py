"""Scenes as JSON: versioned, exact both ways, and strict about what it does not know.

The form is that of the dataclasses in `scene`, field by field; the picture itself is not part of it.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from . import scene as scene_module
from .basics.json_files import parse_json
from .basics.plain_text import json_safe
from .picture import picture_digest
from .scene import Patch, Scene, Stage

if TYPE_CHECKING:
    from PIL.Image import Image

FORMAT = "patchmatters.scene"
VERSION = 1
_LONG = 10**40  # Python refuses to write an integer of more than 4300 digits
_EDGE = 1.0  # pixels that a box may stand out of its picture, for those who round
_NOT_STORED = frozenset({"picture"})
# Fields that files of earlier packs lack: they load with their default.
_LATER: Mapping[type, frozenset[str]] = {
    scene_module.Statement: frozenset({"support", "testimony", "said"}),
    scene_module.Scene: frozenset({"problem"}),
    scene_module.Passage: frozenset({"model"}),
}


def dump_scenes(scenes: Sequence[Scene]) -> str:
    """The Scenes as a JSON text, indented for people."""
    body = {"format": FORMAT, "version": VERSION, "scenes": [encode_scene(scene) for scene in scenes]}
    return json_safe(json.dumps(body, ensure_ascii=False, allow_nan=False, indent=1))


def load_scenes(text: str) -> tuple[Scene, ...]:
    """The Scenes of a JSON text, without pictures (see `attach_picture`).

    ValueError, saying where and what, for text that is not JSON, another format, a later version, an unknown or
    missing field, a value of another kind, and a Scene that does not hang together.
    """
    body = parse_json(text, "The Scene file")
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise ValueError(f'This is not a Scene file: "format" is not "{FORMAT}".')
    _check_version(body.get("version"))
    if body.keys() - {"format", "version", "scenes"}:
        raise ValueError(
            f"Unknown fields in the Scene file: {', '.join(sorted(body.keys() - {'format', 'version', 'scenes'}))}."
        )
    scenes = body.get("scenes")
    if not isinstance(scenes, list):
        raise ValueError(f"scenes must be a list, not {_kind(scenes)}.")
    return tuple(decode_scene(scene, f"scenes[{number}]") for number, scene in enumerate(scenes))


def _check_version(version: Any) -> None:
    if type(version) is not int or version < VERSION:
        raise ValueError(f'This is not a Scene file: its "version" is {_kind(version)}, not the number {VERSION}.')
    if version > VERSION:
        raise ValueError(
            f"This Scene file is of version {version}, and versions up to {VERSION} are read here: update the pack."
        )


def encode_scene(scene: Scene) -> dict[str, Any]:
    """One Scene as JSON's own kinds, field by field, without its picture."""
    encoded: dict[str, Any] = _encode(scene)
    return encoded


def decode_scene(value: Any, where: str = "scene") -> Scene:
    """The Scene of what `encode_scene` gave. ValueError as in `load_scenes`, naming `where`."""
    scene: Scene = _decode(value, Scene, where)
    check_scene(scene, where)
    return scene


def attach_picture(scene: Scene, picture: Image) -> Scene:
    """The Scene with its picture (upright RGB). ValueError where it is another picture than the one described."""
    if (picture.width, picture.height) != (scene.image.width, scene.image.height):
        raise ValueError(
            f"The Scene of {scene.image.name!r} is of a picture of {scene.image.width}x{scene.image.height} pixels, "
            f"not {picture.width}x{picture.height}: connect the picture it was made from."
        )
    if picture_digest(picture) != scene.image.digest:
        raise ValueError(f"The Scene of {scene.image.name!r} is of another picture: connect the one it was made from.")
    return replace(scene, picture=picture)


def check_scene(scene: Scene, where: str = "scene") -> None:
    """ValueError, saying where, for a Scene whose parts do not fit together: names, indices, boxes, stage."""
    patches = (*scene.first_level, *scene.regions)
    names = [patch.name for patch in patches]
    if len(set(names)) != len(names):
        raise ValueError(f"{where} has two patches of one name.")
    if not scene.patches:
        raise ValueError(f"{where} has no patches: it was not made by Divide into Patches.")
    if scene.image.width < 1 or scene.image.height < 1:
        raise ValueError(f"{where}.image has no size.")
    by_name = {patch.name: patch for patch in patches}
    for number, detection in enumerate(scene.detections):
        _check_box(detection.box, scene.image, f"{where}, detection {number}")
    for patch in patches:
        _check_box(patch.box, scene.image, f"{where}, patch {patch.name!r}")
        _check_patch(patch, by_name, f"{where}, patch {patch.name!r}")
    for sentence in scene.caption:
        _check_basis(sentence, by_name, f"{where}, caption")
    described = (Stage.DESCRIBED, Stage.COMPARED, Stage.FILTERED)
    if scene.stage in described and not any(patch.passages for patch in patches):
        raise ValueError(f"{where} is {scene.stage.value}, but no patch has a passage.")
    if scene.stage is Stage.COMPOSED and not scene.caption and not scene.problem:
        raise ValueError(f"{where} is composed, but has no caption.")


def _check_box(box: scene_module.Box, image: scene_module.ImageRef, where: str) -> None:
    if box.right < box.left or box.bottom < box.top:
        raise ValueError(f"{where} has an inverted box.")
    if min(box.left, box.top) < -_EDGE or box.right > image.width + _EDGE or box.bottom > image.height + _EDGE:
        raise ValueError(f"{where} has a box outside its picture ({box!r} in {image.width}x{image.height} pixels).")


def _check_patch(patch: Patch, by_name: dict[str, Patch], where: str) -> None:
    for number, statement in enumerate(patch.statements):
        if any(not 0 <= source < len(patch.passages) for source in statement.sources):
            raise ValueError(f"{where}, statement {number} names a passage that is not there.")
        if any(not 0 <= rival < len(patch.statements) for rival in statement.rivals):
            raise ValueError(f"{where}, statement {number} names a rival that is not there.")
    for member in patch.members:
        if member not in by_name:
            raise ValueError(f"{where} names the patch {member!r}, which is not there.")
    for sentence in patch.sentences:
        _check_basis(sentence, by_name, where)


def _check_basis(sentence: scene_module.Sentence, by_name: dict[str, Patch], where: str) -> None:
    for basis in sentence.basis:
        patch = by_name.get(basis.patch)
        if patch is None or not 0 <= basis.statement < len(patch.statements):
            raise ValueError(
                f"{where}: a sentence rests on {basis.patch!r} statement {basis.statement}, which is not there."
            )


def _encode(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        fields = [field.name for field in dataclasses.fields(value) if field.name not in _NOT_STORED]
        return {name: _encode(getattr(value, name)) for name in fields}
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The field types of a dataclass; those not stored are left out."""
    names = {field.name for field in dataclasses.fields(kind)} - _NOT_STORED
    scope = {**vars(scene_module), "Image": object}
    return {name: hint for name, hint in get_type_hints(kind, globalns=scope).items() if name in names}


def _decode(value: Any, kind: Any, where: str) -> Any:
    """`value` as `kind`; ValueError naming `where` for anything else."""
    if get_origin(kind) in (Union, types.UnionType):
        return (
            None
            if value is None
            else _decode(value, next(one for one in get_args(kind) if one is not type(None)), where)
        )
    if get_origin(kind) is tuple:
        return _decode_tuple(value, get_args(kind), where)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _decode_object(value, kind, where)
    if issubclass(kind, Enum):
        return _decode_enum(value, kind, where)
    return _decode_plain(value, kind, where)


def _decode_tuple(value: Any, items: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{where} must be a list, not {_kind(value)}.")
    if items[-1] is Ellipsis:
        return tuple(_decode(item, items[0], f"{where}[{number}]") for number, item in enumerate(value))
    if len(value) != len(items):
        raise ValueError(f"{where} must have {len(items)} entries, not {len(value)}.")
    return tuple(_decode(item, kind, f"{where}[{n}]") for n, (item, kind) in enumerate(zip(value, items, strict=True)))


def _decode_object(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{where} must be an object, not {_kind(value)}.")
    hints = _hints(kind)
    unknown, missing = sorted(value.keys() - hints.keys()), sorted(_needed(kind) - value.keys())
    if unknown:
        raise ValueError(f"{where} has unknown fields: {', '.join(unknown)}.")
    if missing:
        raise ValueError(f"{where} lacks: {', '.join(missing)}.")
    return kind(**{name: _decode(value[name], hints[name], f"{where}.{name}") for name in hints if name in value})


@cache
def _needed(kind: type) -> frozenset[str]:
    """The fields that every file has; those of `_LATER` came after the first version."""
    return frozenset(_hints(kind)) - _LATER.get(kind, frozenset())


def _decode_enum(value: Any, kind: type[Enum], where: str) -> Enum:
    known = {member.value: member for member in kind}
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{where} is {value!r}; known are: {', '.join(known)}.")
    return known[value]


def _decode_plain(value: Any, kind: type, where: str) -> Any:
    if kind is float:
        number = _float(value)
        if not math.isfinite(number):
            raise ValueError(f"{where} must be a finite number, not {_kind(value)}.")
        return number
    if type(value) is not kind:
        raise ValueError(f"{where} must be {kind.__name__}, not {_kind(value)}.")
    return value


def _float(value: Any) -> float:
    """A number of JSON; infinity where it is none, or larger than any float."""
    try:
        return float(value) if type(value) in (int, float) else math.inf
    except OverflowError:
        return math.inf


def _kind(value: Any) -> str:
    if type(value) is int and abs(value) > _LONG:
        return "a number with very many digits"
    return "nothing" if value is None else f"{value!r:.40}"
