"""Widgets generated from the engine's settings: a default, range or tooltip is written once, in the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from comfy_api.latest import io

from ..patchmatters.options import NamedOption, options_of

Settings = TypeVar("Settings")


def widgets_for(*settings: type) -> list[io.Input]:
    """One V3 input per option of the settings classes, in their order, but lists to choose from after all others.

    Options that came later stand last and are optional, so that what was saved before them runs with their defaults.
    """
    named = [one for settings_class in settings for one in options_of(settings_class)]
    found = []
    for one in sorted(named, key=lambda one: (one.spec.later, bool(one.spec.choices))):
        found.append(_widget(one))
        found[-1].optional = found[-1].optional or one.spec.later
    return found


def settings_from(settings: type[Settings], values: Mapping[str, Any]) -> Settings:
    """The settings object from a node's keyword arguments; a name that is no option is left out.

    ValueError for a value outside its range.
    """
    names = {named.name for named in options_of(settings)}
    return settings(**{name: value for name, value in values.items() if name in names})


def _widget(named: NamedOption) -> io.Input:
    if named.spec.choices:
        return io.Combo.Input(named.name, options=list(named.spec.choices), **_common(named))
    return _BUILDERS[named.kind](named)


def _common(named: NamedOption) -> dict[str, Any]:
    return {"default": named.default, "tooltip": named.spec.help, "advanced": named.spec.advanced or None}


def _boolean(named: NamedOption) -> io.Input:
    return io.Boolean.Input(named.name, **_common(named))


def _integer(named: NamedOption) -> io.Input:
    # Explicitly no control: the frontend randomises every input called "seed" that does not say so, and a random
    # seed means that nothing is ever taken from the cache.
    return io.Int.Input(named.name, **_common(named), **_whole_range(named), control_after_generate=False)


def _whole_range(named: NamedOption) -> dict[str, int | None]:
    spec = named.spec
    limits = {"min": spec.minimum, "max": spec.maximum, "step": spec.step}
    return {name: None if value is None else int(value) for name, value in limits.items()}


def _number(named: NamedOption) -> io.Input:
    spec = named.spec
    return io.Float.Input(named.name, **_common(named), min=spec.minimum, max=spec.maximum, step=spec.step)


def _text(named: NamedOption) -> io.Input:
    return io.String.Input(named.name, **_common(named), multiline=named.spec.multiline)


_BUILDERS = {bool: _boolean, int: _integer, float: _number, str: _text}
