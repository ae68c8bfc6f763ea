"""The witnesses by name: what the command's --witness takes. Adding one is a file in this folder and a line here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from ..backends import Backend, backend
from .base import Witness

WITNESSES: Mapping[str, Backend] = {
    "ocr": Backend("..witnesses.text", "TextSettings", "create", "reads text; needs rapidocr"),
    "detector": Backend("..witnesses.objects", "ObjectSettings", "create", "a detector's folder: counts and colours"),
}


def witnesses_named(wanted: Sequence[str], settings: Mapping[str, Mapping[str, Any]] = {}) -> tuple[Witness, ...]:
    """The witnesses of "NAME" or "NAME=MODEL", each with its own of the settings by name.

    ValueError for a name that is not known, for a witness named twice, and for a model where none is taken or wanted;
    RuntimeError where what it needs is not installed.
    """
    names = [one.partition("=")[0] for one in wanted]
    if len(set(names)) < len(names):
        raise ValueError(f"A witness is named twice ({', '.join(names)}): name each once.")
    return tuple(_witness(one, settings) for one in wanted)


def _witness(wanted: str, settings: Mapping[str, Mapping[str, Any]]) -> Witness:
    name, mark, model = wanted.partition("=")
    if name not in WITNESSES:
        raise ValueError(f"There is no witness {name!r}; choose among: {', '.join(WITNESSES)}.")
    line = backend(WITNESSES, name)
    kind = line.settings_class()
    takes_model = any(field.name == "model" for field in fields(kind))
    if bool(model) is not takes_model:
        remedy = f'write "{name}=FOLDER"' if takes_model else f'write "{name}" alone'
        raise ValueError(f"The witness {name!r} takes {'a' if takes_model else 'no'} model: {remedy}.")
    given = dict(settings.get(name, {})) | ({"model": model} if mark else {})
    witness: Witness = line.create(kind(**given))
    return witness
