"""Stage 4: merge upwards until one caption describes the whole image (METHOD section 4)."""

from .compose import ComposeSettings, compose, compose_each
from .merge import MergeSettings, merge

__all__ = ["ComposeSettings", "MergeSettings", "compose", "compose_each", "merge"]
