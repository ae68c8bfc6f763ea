"""What a model costs: by the package genai-prices where it is installed (it is kept up to date), else by the table."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from .providers import Model, Price, Provider

_PARTS = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")


@cache
def _package() -> ModuleType | None:
    try:
        return import_module("genai_prices")
    except ImportError:
        return None


@cache
def _published(provider: str, model: str) -> Price | None:
    """The package's price; None where it has none, or none by tokens."""
    package = _package()
    if package is None:
        return None
    try:
        found = package.calc_price(package.Usage(input_tokens=1, output_tokens=1), model, provider_id=provider)
    except LookupError:
        return None
    parts = [getattr(found.model_price, name, None) for name in _PARTS]
    if parts[0] is None or parts[1] is None:
        return None
    starts = {tier.start for part in parts for tier in getattr(part, "tiers", ())}
    card = Price(*(_at(part, 0) for part in parts))
    if not starts:
        return card
    beyond = min(starts)
    return Price(
        card.input, card.output, card.cached, card.written, beyond, Price(*(_at(part, beyond + 1) for part in parts))
    )


def _at(part: Any, tokens: int) -> Any:
    """A part of a price at so many input tokens, as a number; None where it has none."""
    if part is None:
        return None
    base = getattr(part, "base", part)
    steps = sorted((tier.start, tier.price) for tier in getattr(part, "tiers", ()))
    return float(next((price for start, price in reversed(steps) if tokens > start), base))


def price_of(provider: Provider, model: Model) -> Price | None:
    """US dollars per million tokens; None where nobody says."""
    published = _published(provider.prices, model.name) if provider.prices else None
    return published or model.price
