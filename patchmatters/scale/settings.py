"""What every worker needs to know to caption alike: plain values, which can be sent anywhere."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import __version__
from ..jobs.job_options import Job, job_of
from ..pipeline import DEFAULT

_OWNED = "."  # in the name of an option of a stage or of the backend: "describe.candidates", "backend.model"


@dataclass(frozen=True)
class ScaleSettings:
    """Models and settings of a run.

    `options` are those that differ from the preset's and the backend's own, by owner and name: {"stages.seed": 7,
    "describe.candidates": 5, "backend.model": "gpt-5-mini"}. `scorer` None takes the one called like the backend;
    `witness` names those that are heard before it, as --witness does, and `also` further captioners, as --also does.
    `batch` pictures' questions go out together. `version` is the pack's where the run was started.
    """

    backend: str = "builtin"
    scorer: str | None = None
    preset: str = DEFAULT
    llm_free: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    witness: tuple[str, ...] = ()
    batch: int = 8
    version: str = __version__
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """ValueError for what cannot be, before a worker starts."""
        if self.batch < 1:
            raise ValueError(f"batch is {self.batch}, but at least one picture must be captioned at a time.")

    def job(self) -> Job:
        """The models, loaded. RuntimeError where this machine has another version of the pack, or lacks something."""
        if self.version != __version__:
            raise RuntimeError(
                f"This worker has version {__version__} of the pack, and the run was started with {self.version}: "
                "install the same version on every machine."
            )
        return job_of(self.namespace())

    def namespace(self) -> argparse.Namespace:
        """The settings as the options of a command."""
        named = {"backend": self.backend, "scorer": self.scorer, "preset": self.preset, "llm_free": self.llm_free}
        return argparse.Namespace(**named, witness=list(self.witness), also=list(self.also), **self.options)

    def digest(self) -> str:
        """A digest of all that captions depend on."""
        from ..folder.command import settings_digest

        return settings_digest(self.namespace(), {})


def settings_of(options: argparse.Namespace) -> ScaleSettings:
    """The settings of a command's options (see `job_options`)."""
    given = {name: value for name, value in vars(options).items() if _OWNED in name}
    return ScaleSettings(
        options.backend, options.scorer, options.preset, options.llm_free, given, tuple(options.witness), options.batch,
        also=tuple(options.also),
    )  # fmt: skip
