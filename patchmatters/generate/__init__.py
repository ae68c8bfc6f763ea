"""From caption to picture: prompts that fit a text encoder, prompts for regions, and what neighbours' nodes read."""

from __future__ import annotations

from .budget import BudgetSettings, Encoder, token_limits
from .clauses import Clause, clauses_of_caption, clauses_of_sentences, clauses_of_text
from .detailer import detailer_prompt
from .fit import FitSettings, Fitted, fit, fit_report
from .regional import RegionalPrompt, RegionalSettings, regional_prompts

__all__ = [
    "BudgetSettings",
    "Clause",
    "Encoder",
    "FitSettings",
    "Fitted",
    "RegionalPrompt",
    "RegionalSettings",
    "clauses_of_caption",
    "clauses_of_sentences",
    "clauses_of_text",
    "detailer_prompt",
    "fit",
    "fit_report",
    "regional_prompts",
    "token_limits",
]
