"""Settings as frozen dataclasses whose fields describe themselves.

One description of an option serves everybody who has to show it: the ComfyUI widgets, the command line and the
error messages. A stage or a backend declares its settings with `option` and never repeats a default or a range.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import MISSING, dataclass
from typing import Any


@dataclass(frozen=True)
class OptionSpec:
    """What `option` recorded about one field.

    `help` says what the value does and its unit. `minimum` and `maximum` are inclusive. `choices` are exact values.
    `multiline` asks for a text area. `advanced` options hide behind "show advanced". `later` options came after people
    had saved workflows: their widgets stand last and may be missing.
    """

    help: str
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    multiline: bool = False
    advanced: bool = False
    later: bool = False


def option(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    step: float | None = None,
    choices: Sequence[str] = (),
    multiline: bool = False,
    advanced: bool = False,
    later: bool = False,
) -> Any:
    """A dataclass field with its default, range and explanation; the type comes from the annotation."""
    spec = OptionSpec(help, minimum, maximum, step, tuple(choices), multiline, advanced, later)
    return dataclasses.field(default=default, metadata={"option": spec})


class Options:
    """The base of a settings class: its options are checked whenever one is made."""

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class NamedOption:
    """One option of a settings class: its name, default and specification. The default's type is the option's."""

    name: str
    default: Any
    spec: OptionSpec

    @property
    def kind(self) -> type:
        """bool, int, float or str."""
        return type(self.default)


def options_of(settings: type) -> tuple[NamedOption, ...]:
    """The options of a settings class, in their declared order."""
    return tuple(
        NamedOption(field.name, field.default, field.metadata["option"])
        for field in dataclasses.fields(settings)
        if "option" in field.metadata and field.default is not MISSING
    )


def check_options(settings: Any) -> None:
    """Raise ValueError for the first option that is of another kind, outside its range or not among its choices."""
    for named in options_of(type(settings)):
        _check(named, getattr(settings, named.name))


def _check(named: NamedOption, value: Any) -> None:
    spec = named.spec
    numeric = named.kind in (int, float)
    if numeric and (isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value)):
        raise ValueError(f"{named.name} must be a number, not {value!r}.")
    if named.kind is str and not isinstance(value, str):
        raise ValueError(f"{named.name} must be text, not {value!r}.")
    if spec.minimum is not None and value < spec.minimum:
        raise ValueError(f"{named.name} is {value}, but must be at least {spec.minimum}.")
    if spec.maximum is not None and value > spec.maximum:
        raise ValueError(f"{named.name} is {value}, but must be at most {spec.maximum}.")
    if spec.choices and value not in spec.choices:
        raise ValueError(f"{named.name} is {value!r}; choose one of: {', '.join(spec.choices)}.")
