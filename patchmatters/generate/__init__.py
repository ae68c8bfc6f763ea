"""From caption to picture: prompts that fit a text encoder, prompts for regions, and what neighbours' nodes read."""

from __future__ import annotations

from ..basics.prompt_forms import ELEMENTS, FORMS, IDEOGRAM
from .budget import BudgetSettings, Encoder, token_limits
from .clauses import Clause, clauses_of_caption, clauses_of_sentences, clauses_of_text
from .detailer import detailer_prompt
from .fit import FitSettings, Fitted, fit, fit_each, fit_report, frame_of
from .json_prompts import JsonPrompt, elements_of, json_prompt, prompt_report
from .layout import Element, Layout, LayoutSettings, layout_of, region_elements
from .regional import RegionalPrompt, RegionalSettings, RegionWords, region_phrases, regional_prompts

__all__ = [
    "ELEMENTS",
    "FORMS",
    "IDEOGRAM",
    "BudgetSettings",
    "Clause",
    "Element",
    "Encoder",
    "FitSettings",
    "Fitted",
    "JsonPrompt",
    "Layout",
    "LayoutSettings",
    "RegionWords",
    "RegionalPrompt",
    "RegionalSettings",
    "clauses_of_caption",
    "clauses_of_sentences",
    "clauses_of_text",
    "detailer_prompt",
    "elements_of",
    "fit",
    "fit_each",
    "fit_report",
    "frame_of",
    "json_prompt",
    "layout_of",
    "prompt_report",
    "region_elements",
    "region_phrases",
    "regional_prompts",
    "token_limits",
]
