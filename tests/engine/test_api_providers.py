"""Every row of the providers' table: what is sent to it, what it costs, and that the documentation says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("anthropic", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("aiohttp", reason="the test server needs aiohttp")

from engine.protocol_server import ProtocolServer, Received, Status
from engine.scenes import plain_picture
from patchmatters.backends import anthropic_chat, openai_chat
from patchmatters.backends.api.prices import price_of
from patchmatters.backends.api.provider_table import markdown
from patchmatters.backends.api.providers import PROVIDERS, Price, Provider
from patchmatters.backends.api.replies import Usage, cost_of
from patchmatters.models import QUIET, Question
from patchmatters.picture import Crop
from patchmatters.scene import Box

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
# The fields that each provider's documentation lists for a request, beyond model and messages.
_COMMON = {"max_tokens", "temperature", "top_p", "stream", "stream_options", "response_format", "seed"}
_WITHOUT_SEED = _COMMON - {"seed"}
FIELDS = {
    "openai": _COMMON - {"max_tokens"} | {"max_completion_tokens", "n", "reasoning_effort"},
    "anthropic": {"max_tokens", "temperature", "stream", "system", "output_config"},
    "zhipu": _COMMON | {"thinking", "do_sample"},
    "zai": _COMMON | {"thinking", "do_sample"},
    "openrouter": _COMMON | {"reasoning"},
    "gemini": _WITHOUT_SEED | {"reasoning_effort"},
    "mistral": _WITHOUT_SEED | {"reasoning_effort"},
    "xai": _COMMON,
    "dashscope": _COMMON | {"enable_thinking"},
    "moonshot": _WITHOUT_SEED - {"max_tokens", "temperature", "top_p"} | {"max_completion_tokens", "thinking"},
    "together": _COMMON | {"reasoning"},
    "fireworks": _COMMON | {"reasoning_effort"},
    "groq": _COMMON | {"reasoning_effort"},
    "siliconflow": _WITHOUT_SEED | {"enable_thinking"},
    "huggingface": _COMMON,
    "ollama": _COMMON | {"reasoning_effort"},
    "lmstudio": _COMMON | {"reasoning_effort"},
    "llamacpp": _COMMON | {"chat_template_kwargs"},
    "vllm": _COMMON | {"chat_template_kwargs", "n"},
    "sglang": _COMMON | {"chat_template_kwargs"},
    "koboldcpp": _COMMON | {"chat_template_kwargs"},
    "textgen": _COMMON | {"enable_thinking"},
    "jan": _COMMON | {"chat_template_kwargs"},
    "mlxvlm": _COMMON | {"enable_thinking"},
    "custom": _COMMON | {"chat_template_kwargs"},
}
each_row = pytest.mark.parametrize("row", PROVIDERS.values(), ids=lambda row: row.name)


def _model(row: Provider, url: str, **settings: Any) -> Any:
    name = row.models[0].name if row.models else "some-model"
    if row.protocol == "anthropic":
        return anthropic_chat.create_uncached(anthropic_chat.AnthropicSettings(model=name, base_url=url, **settings))
    chosen = openai_chat.OpenAISettings(provider=row.name, model=name, base_url=url, **settings)
    return openai_chat.create_uncached(chosen)


def _questions() -> list[Question]:
    crop = Crop("digest", Box(0, 0, 320, 240), plain_picture())
    seen = [Question(f"q{n}", "Describe.", (crop,), temperature=0.7, seed=n) for n in range(3)]
    return [*seen, Question("json", "Compare.", prefix="You compare.", schema=SCHEMA)]


def _answered(row: Provider, server: ProtocolServer, **settings: Any) -> list[str]:
    return [answer.text for answer in _model(row, server.url, **settings).answer(_questions(), QUIET)]


def _words(row: Provider) -> dict[str, Any]:
    """What switches thinking off at the row's first model."""
    return dict(row.model(row.models[0].name if row.models else "some-model").extra)


@each_row
def test_a_row_sends_what_its_documentation_lists_and_nothing_else(row: Provider) -> None:
    with ProtocolServer(lambda received: "A red house.") as server:
        assert _answered(row, server) == ["A red house."] * 4
    assert not server.violations
    for received in server.received:
        assert set(received.body) - {"model", "messages"} <= FIELDS[row.name]
        assert received.choices <= row.max_choices
        for name, value in _words(row).items():
            sent = received.body[name]
            assert {**sent, **value} == sent if isinstance(value, dict) else sent == value


@each_row
def test_thinking_is_left_to_the_model_where_a_person_wants_it(row: Provider) -> None:
    with ProtocolServer(lambda received: "A red house.") as server:
        _answered(row, server, thinking="on")
    for received in server.received:
        if row.protocol == "openai":
            assert not set(_words(row)) & set(received.body)
        assert received.body.get("max_tokens", received.body.get("max_completion_tokens")) >= 512 + 2048


@each_row
def test_words_against_thinking_are_left_out_where_they_are_refused(row: Provider) -> None:
    words = list(_words(row))

    def script(received: Received) -> str | Status:
        refused = next((name for name in words if name in received.body), "")
        if refused and not (refused == "output_config" and "format" in received.body[refused]):
            return Status(400, {"error": {"message": f"Unrecognized request argument supplied: {refused}"}})
        return "A red house."

    with ProtocolServer(script) as server:
        assert _answered(row, server, concurrency=1) == ["A red house."] * 4
    assert sum(any(name in received.body for name in words) for received in server.received) <= max(len(words), 1)


def test_an_answer_with_and_one_without_thoughts_are_kept_apart() -> None:
    off, on = (_model(PROVIDERS["vllm"], "http://127.0.0.1:9/v1", thinking=value) for value in ("off", "on"))
    assert off.identity() != on.identity()
    assert off.identity()["extra"] == {"chat_template_kwargs": {"enable_thinking": False}}


def test_the_page_of_providers_is_made_from_the_table() -> None:
    page = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
    assert page == markdown(), "run scripts/make_providers.py"
    assert all(f"`{name}`" in page for name in PROVIDERS)


def test_the_longer_request_has_its_own_rate_card() -> None:
    price = PROVIDERS["anthropic"].model("claude-haiku-5-5").price
    assert price is not None
    assert cost_of(Usage(100_000, 1000), price) == pytest.approx(0.1 * 0.1 + 0.0005)
    assert cost_of(Usage(100_001, 1000), price) == pytest.approx(0.100001 * 0.5 + 0.0025)
    assert Price(1.0, 2.0).card(10**9) == Price(1.0, 2.0)


def test_the_tables_prices_are_those_of_the_package() -> None:
    pytest.importorskip("genai_prices", reason="the package genai-prices is not installed (optional extra: prices)")
    known = 0
    for row in PROVIDERS.values():
        for model in row.models:
            if model.price is not None:
                published = price_of(row, model)
                assert published is not None
                assert (published.input, published.output) == (model.price.input, model.price.output), model.name
                assert (published.beyond, bool(published.long)) == (model.price.beyond, bool(model.price.long)), (
                    model.name
                )
                known += 1
    assert known >= 13
    gemini = PROVIDERS["gemini"]
    assert price_of(gemini, gemini.model("gemini-2.5-flash")) is not None  # which the table does not price


def test_the_words_are_json() -> None:
    for row in PROVIDERS.values():
        assert json.loads(json.dumps(dict(row.extra))) == row.extra
