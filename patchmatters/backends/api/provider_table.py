"""The table of providers as a page of the documentation; a test keeps the page equal to the code."""

from __future__ import annotations

import json

from .providers import PROVIDERS, Provider

_HEAD = """# Providers

Made from `patchmatters/backends/api/providers.py` by `python scripts/make_providers.py`; a test compares them. A row
with a source names where its address and words were found, in November 2026; its other columns are those in common use
and were not all checked. A row without one was not looked up: its address and words
are those in common use. A model that is not named here works too: it is asked like its provider's others, and a
setting that it refuses is left out after the first refusal.

*Likeliest words* is how many are asked for, with their log-probabilities, where a statement is put to yes or no. Those
of OpenAI, Together, xAI and Fireworks stand in their SDKs or interface descriptions; the others were not looked up, and
5 is a try. A server that refuses or ignores it is asked for a list of verdicts instead.

*Thinking off* is what is sent with every request, unless `--thinking on`; `per model` stands for words that only some
models of the provider take. A row without a model of its own takes the first that the server lists, those that see
before the others and embedding models never. A local server needs no key; a key for another address is named after it
(see [API models](api-models.md)).
"""
_COLUMNS = (
    "provider", "`--provider`", "address", "key variable", "first model", "answers per request", "JSON answers", "seed",
    "token limit", "longest edge", "picture bytes", "likeliest words", "thinking off", "source",
)  # fmt: skip


def markdown() -> str:
    lines = [_line(_COLUMNS), _line(["--"] * len(_COLUMNS)), *(_line(_cells(row)) for row in PROVIDERS.values())]
    return _HEAD + "\n" + "\n".join(lines) + "\n"


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Provider) -> list[str]:
    return [
        row.title,
        f"`{row.name}`",
        f"`{row.base_url}`" if row.base_url else "yours",
        f"`{row.key_variable}`" if row.key_variable else "none",
        f"`{row.models[0].name}`" if row.models else "listed",
        str(row.max_choices),
        row.schema,
        "yes" if row.seed else "no",
        f"`{row.token_limit}`",
        str(row.longest_edge),
        str(row.max_image_bytes),
        str(row.top_logprobs or "no"),
        _thinking(row),
        row.source,
    ]


def _thinking(row: Provider) -> str:
    if row.extra:
        return f"`{json.dumps(dict(row.extra))}`"
    return "per model" if any(model.extra for model in row.models) else "-"
