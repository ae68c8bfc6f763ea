"""Who plays: the trained miniatures or the simulation, each with a perfect writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evaluation.worlds.scenes import World
from patchmatters.models import ChatModel, Scorer
from patchmatters.witnesses import Witness

from .remember import Bill, RememberedChat, RememberedScorer
from .simulated import ERRORS, SCORERS, SimulatedCaptioner, SimulatedScorer
from .writer import perfect_writer

WEIGHTS = Path(__file__).with_name("weights")


@dataclass(frozen=True)
class Cast:
    """Who plays: the captioner, the scorer, the writer of the rows with an LLM, who is heard before the scorer, and who
    answers second looks, None for none."""

    captioner: ChatModel
    scorer: Scorer
    writer: ChatModel
    bill: Bill = field(default_factory=Bill)
    witnesses: tuple[Witness, ...] = ()
    looker: ChatModel | None = None


def miniatures() -> Cast:
    """The trained captioner and scorer, through the backends that users run."""
    captioner, scorer = _load()
    bill = Bill()
    return Cast(RememberedChat(captioner, bill), RememberedScorer(scorer, bill), perfect_writer(), bill)


def _load() -> tuple[ChatModel, Scorer]:
    import torch

    from patchmatters.backends import blip, transformers_chat

    torch.set_num_threads(1)
    settings = transformers_chat.TransformersSettings(model=str(WEIGHTS / "captioner"), device="cpu")
    scorer = blip.create(blip.ScorerSettings(model=str(WEIGHTS / "scorer"), device="cpu"))
    return transformers_chat.create(settings), scorer


def simulation(known: Mapping[str, World], captioner: str, scorer: str) -> Cast:
    """A captioner and a scorer that know worlds by their pictures' digests, and err as `ERRORS` and `SCORERS` say."""
    return Cast(SimulatedCaptioner(known, ERRORS[captioner]), SimulatedScorer(known, SCORERS[scorer]), perfect_writer())
