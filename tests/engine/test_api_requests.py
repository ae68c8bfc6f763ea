"""What the backends send: recorded from real requests, and held to the SDKs' own types and the published limits."""

from __future__ import annotations

import base64
import io
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("openai", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("anthropic", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("aiohttp", reason="the test server needs aiohttp")

from anthropic.types import ImageBlockParam, TextBlockParam
from anthropic.types import message_create_params as anthropic_params
from openai.types.chat import ChatCompletionContentPartParam
from openai.types.chat import completion_create_params as openai_params
from pydantic import TypeAdapter

from engine.api_speaker import speak
from engine.protocol_server import Fault, ProtocolServer, Received, Status
from engine.scenes import plain_picture
from patchmatters.backends import anthropic_chat, openai_chat
from patchmatters.backends.api.encoding import CropEncoder, encode
from patchmatters.backends.api.providers import PROVIDERS
from patchmatters.backends.scripted import ScriptedScorer
from patchmatters.models import QUIET, Outcome, Question, QuietMonitor
from patchmatters.picture import Crop, picture_digest
from patchmatters.pipeline import PRESETS, caption_pictures
from patchmatters.scene import Box, Detection, Scene
from timed import wait_until, within

BOXES = (Detection(Box(110, 20, 530, 220), "house", 0.9), Detection(Box(300, 150, 420, 300), "tree", 0.8))
# The fields that Zhipu's own SDK sends beyond OpenAI's (zai-sdk 0.2.3, chat.completions.create).
ZHIPU_FIELDS = {"do_sample", "thinking"}
MODELS = [
    ("anthropic", "claude-sonnet-5-5"),
    ("anthropic", "claude-sonnet-4-6"),
    ("openai", "gpt-4o-2024-11-20"),
    ("openai", "gpt-6-luna"),
    ("zhipu", "glm-4v-plus-0111"),
    ("zhipu", "glm-4.6v"),
    ("ollama", "qwen2.5vl"),
    ("vllm", "Qwen/Qwen2.5-VL-7B-Instruct"),
]


def _noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 80).convert("RGB")


def _crop(picture: Image.Image) -> Crop:
    return Crop(picture_digest(picture), Box(0, 0, *picture.size), picture)


def _model(provider: str, name: str, url: str, **settings: Any) -> Any:
    if provider == "anthropic":
        return anthropic_chat.create_uncached(anthropic_chat.AnthropicSettings(model=name, base_url=url, **settings))
    chosen = openai_chat.OpenAISettings(provider=provider, model=name, base_url=url, **settings)
    return openai_chat.create_uncached(chosen)


def _run(provider: str, name: str, **settings: Any) -> tuple[list[Received], Scene]:
    """All stages about one large, noisy picture, which does not compress."""
    with ProtocolServer(speak, routes={"/v1/models": {"data": []}}) as server:
        model = _model(provider, name, server.url, **settings)
        picture = _noise(2600, 1950)
        boxes = [
            Detection(Box(*(4 * edge for edge in (box.left, box.top, box.right, box.bottom))), label, 0.9)
            for box, label in ((entry.box, entry.label) for entry in BOXES)
        ]
        scorer = ScriptedScorer(lambda crop, sentence: 0.9)
        # The paper's preset asks all the questions that there are, that about the main objects too.
        (scene,) = caption_pictures([picture], model, scorer, model, [boxes], PRESETS["paper"], names=["photo"])
        assert not server.violations
        return server.received, scene


@pytest.fixture(scope="module", params=MODELS, ids="-".join)
def recorded(request: pytest.FixtureRequest) -> tuple[str, str, list[Received], Scene]:
    return (*request.param, *_run(*request.param))


def test_all_stages_run_and_are_counted(recorded: Any) -> None:
    provider, name, received, scene = recorded
    assert "red house" in scene.caption_text
    assert not scene.failures
    records = [record for record in scene.records if record.stage != "filter"]  # that one is the scorer's
    assert sum(record.calls for record in records) == sum(one.choices for one in received)
    assert all(record.input_tokens for record in records)
    price = PROVIDERS[provider].model(name).price
    for record in records:
        known = price is not None or PROVIDERS[provider].local
        assert (record.cost is not None) == known
        if price is not None:
            expected = (record.input_tokens * price.input + record.output_tokens * price.output) / 1e6
            assert record.cost == pytest.approx(expected)


def test_bodies_are_of_the_sdks_own_types(recorded: Any) -> None:
    provider, name, received, _ = recorded
    assert len(received) >= 9
    for one in received:
        assert one.body["model"] == name
        check = _check_anthropic if provider == "anthropic" else _check_openai
        own_words = set(PROVIDERS[provider].extra)
        check(dict(one.body), own_words | (ZHIPU_FIELDS if provider == "zhipu" else set()))


def _check_openai(body: dict[str, Any], more: set[str]) -> None:
    fields = openai_params.CompletionCreateParamsStreaming.__annotations__.keys()
    fields |= openai_params.CompletionCreateParamsBase.__annotations__.keys()
    assert set(body) <= fields | more
    content = body["messages"][0]["content"]
    for part in [] if isinstance(content, str) else content:
        TypeAdapter(ChatCompletionContentPartParam).validate_python(part, strict=False)
    TypeAdapter(openai_params.CompletionCreateParamsStreaming).validate_python(body)
    if body.get("response_format", {}).get("type") == "json_schema":
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", body["response_format"]["json_schema"]["name"])
        _check_strict_schema(body["response_format"]["json_schema"]["schema"])


def _check_anthropic(body: dict[str, Any], more: set[str]) -> None:
    fields = anthropic_params.MessageCreateParamsBase.__annotations__.keys() | {"stream"}
    assert set(body) - fields <= {"temperature"}  # gone from the types, and still taken by Claude 4.6 and older
    for part in body["messages"][0]["content"]:
        TypeAdapter(ImageBlockParam | TextBlockParam).validate_python(part)
    for block in body.get("system", []):
        TypeAdapter(TextBlockParam).validate_python(block)
        assert block["cache_control"] == {"type": "ephemeral"}
    TypeAdapter(anthropic_params.MessageCreateParamsStreaming).validate_python(body)
    if "format" in body.get("output_config", {}):
        _check_strict_schema(body["output_config"]["format"]["schema"])


def _check_strict_schema(schema: Mapping[str, Any]) -> None:
    """Both providers want every object closed and every property required."""
    if schema.get("type") == "object":
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == set(schema["properties"])
        for inner in schema["properties"].values():
            _check_strict_schema(inner)
    if schema.get("type") == "array":
        _check_strict_schema(schema["items"])


def test_sampling_is_what_the_model_takes(recorded: Any) -> None:
    provider, name, received, _ = recorded
    for one in received:
        body = one.body
        if name in ("claude-sonnet-5-5", "gpt-6-luna"):  # both answer 400 to any temperature
            assert not {"temperature", "top_p"} & set(body)
        elif provider == "anthropic":
            assert "temperature" in body
            assert "top_p" not in body  # not both at once
        elif provider == "zhipu":
            assert 0 < body["temperature"] < 1
            assert 0 < body.get("top_p", 0.5) < 1
        else:
            assert body["temperature"] in (0.2, 0.6, 0.7)
        assert ("max_completion_tokens" in body) == (provider == "openai")
        assert ("n" in body) <= (provider in ("openai", "vllm"))
    describing = [one for one in received if one.images and one.choices == 3]
    assert bool(describing) == (provider in ("openai", "vllm"))


# Longest edge in pixels and bytes of a picture, as the providers publish them.
PUBLISHED = {"anthropic": (8000, 5 * 2**20), "openai": (2048, 20 * 2**20), "zhipu": (6000, 5 * 2**20)}


def test_pictures_keep_to_the_published_limits(recorded: Any) -> None:
    provider, _, received, _ = recorded
    edge, size = PUBLISHED.get(provider, (1536, 4 * 2**20))
    pictures = [picture for one in received for picture in _pictures(one.body)]
    assert len(pictures) >= 6
    for content in pictures:
        assert len(content) <= size
        with Image.open(io.BytesIO(base64.b64decode(content))) as opened:
            assert opened.format == "JPEG"
            assert max(opened.size) <= min(edge, PROVIDERS[provider].longest_edge)
    bodies = [sum(len(picture) for picture in _pictures(one.body)) for one in received]
    assert max(bodies) < 32 * 2**20


def _pictures(body: Mapping[str, Any]) -> list[str]:
    content = body["messages"][0]["content"]
    found = []
    for part in [] if isinstance(content, str) else content:
        if part["type"] == "image_url":
            found.append(part["image_url"]["url"].removeprefix("data:image/jpeg;base64,"))
        elif part["type"] == "image":
            found.append(part["source"]["data"])
    return found


def test_the_shared_instruction_comes_first() -> None:
    received, _ = _run("custom", "m")
    comparing = [one for one in received if "numbered passages" in one.prompt]
    assert len(comparing) >= 2
    starts = {one.prompt.partition("\n\nPassages:")[0] for one in comparing}
    assert len(starts) == 1


def test_thinking_gets_room_where_it_cannot_be_switched_off() -> None:
    received, _ = _run("anthropic", "claude-sonnet-5-5")
    describing = next(one for one in received if one.prompt.startswith("Describe"))
    assert describing.body["max_tokens"] == 512 + PROVIDERS["anthropic"].model("claude-sonnet-5-5").thinking
    assert describing.body["output_config"]["effort"] == "low"


# --- pictures on the wire ---


def test_each_crop_is_encoded_once() -> None:
    picture = plain_picture()
    crops = [Crop("a", Box(0, 0, 320 + n, 240), picture) for n in range(5)]
    questions = [Question(f"{n}-{m}", f"text {m}", (crop,)) for n, crop in enumerate(crops) for m in range(4)]
    with ProtocolServer() as server:
        model = _model("custom", "m", server.url)
        model.answer(questions, QUIET)
        model.answer(questions, QUIET)
    assert len(server.received) == 40
    assert model.encoder.encoded == 5


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (10, 8), (5000, 20), (1, 1), (1568, 1568)])
def test_a_crop_keeps_its_shape_within_the_limits(size: tuple[int, int]) -> None:
    made = encode(_crop(_noise(*size)), 1568, 3_750_000)
    assert max(made.width, made.height) <= 1568
    assert len(made.data) * 3 // 4 <= 3_750_000 + 2
    assert made.width / made.height == pytest.approx(size[0] / size[1], rel=0.05, abs=0.05 * size[0] / size[1] + 1)
    if max(size) < 1568 and min(size) / max(size) > 0.1:
        assert min(made.width, made.height) >= 32


def test_a_picture_that_does_not_compress_is_made_to_fit() -> None:
    made = encode(_crop(_noise(900, 700)), 2048, 60_000)
    assert len(made.data) * 3 // 4 <= 60_002


def test_the_encoder_forgets_the_pictures_of_long_ago() -> None:
    encoder = CropEncoder(512, 10**6)
    made = encoder(_crop(plain_picture(64, 64, "red")))
    assert encoder(_crop(plain_picture(64, 64, "red"))) is made
    assert encoder.encoded == 1


# --- models that cannot see ---

_SHOWN = {
    "ollama": ("/api/show", {"capabilities": ["completion"]}),
    "lmstudio": ("/api/v0/models", {"data": [{"id": "m", "type": "llm"}]}),
    "llamacpp": ("/props", {"modalities": {"vision": False}}),
    "openrouter": ("/v1/models", {"data": [{"id": "m", "architecture": {"input_modalities": ["text"]}}]}),
}


@pytest.mark.parametrize("provider", _SHOWN)
def test_a_blind_model_is_told_before_anything_is_asked(provider: str) -> None:
    path, shown = _SHOWN[provider]
    routes = {"/v1/models": {"data": [{"id": "m"}]}, path: shown}
    with ProtocolServer(routes=routes) as server:
        model = _model(provider, "m", server.url)
        with pytest.raises(RuntimeError, match=r"photo: top-left.*m at .* reads text only.*choose a vision model"):
            model.answer([Question("photo: top-left", "Describe.", (_crop(plain_picture()),))], QUIET)
        assert not server.received
        assert model.answer([Question("q", "Compare.")], QUIET)[0].text


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (400, "m is not a multimodal model"),
        (404, "No endpoints found that support image input"),
        (500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
        (400, "this model is missing data required for image input"),
        (422, "messages[0]: unknown variant `image_url`, expected `text`"),
    ],
)
def test_a_blind_model_is_told_from_its_error(status: int, message: str) -> None:
    refused = Status(status, {"error": {"message": message}}, {"retry-after-ms": "10"})
    with ProtocolServer(lambda received: refused) as server:
        model = _model("custom", "m", server.url, concurrency=2, retries=1)
        questions = [Question(f"photo: patch {n}", f"{n}", (_crop(plain_picture()),)) for n in range(30)]
        with pytest.raises(RuntimeError, match=r"photo: patch \d+: The model m at .* reads text only"):
            model.answer(questions, QUIET)
    assert len(server.received) <= 6


def test_a_local_server_without_a_named_model_gives_its_first_that_sees() -> None:
    routes = {
        "/v1/models": {"data": [{"id": "llama"}, {"id": "qwen-vl"}]},
        "/api/v0/models": {"data": [{"id": "llama", "type": "llm"}, {"id": "qwen-vl", "type": "vlm"}]},
    }
    with ProtocolServer(routes=routes) as server:
        model = _model("lmstudio", "", server.url)
        model.answer([Question("q", "text")], QUIET)
    assert server.received[0].body["model"] == "qwen-vl"
    assert "qwen-vl" in model.name


# --- progress and cancel ---


class Cancelled(BaseException):
    """What a host raises to interrupt; no Exception."""


class Cancelling(QuietMonitor):
    def __init__(self, after_s: float) -> None:
        self.at = time.monotonic() + after_s
        self.threads: set[int] = set()
        self.advanced: list[str] = []

    def advance(self, name: str) -> None:
        self.threads.add(threading.get_ident())
        self.advanced.append(name)

    def poll(self) -> None:
        self.threads.add(threading.get_ident())
        if time.monotonic() >= self.at:
            raise Cancelled


@pytest.mark.parametrize("what", [Fault.SLOW, "silence", "retrying"])
@pytest.mark.parametrize("provider", ["custom", "anthropic"])
def test_a_cancel_closes_every_request_within_a_second(what: Any, provider: str) -> None:
    limited = Status(429, {"error": {"message": "slow down"}}, {"retry-after": "30"})
    script = {"silence": "A house.", "retrying": limited}.get(what, what)
    with ProtocolServer(lambda received: script, delay_s=30.0 if what == "silence" else 0.0) as server:
        model = _model(provider, "m", server.url, concurrency=8)
        started = time.monotonic()
        with pytest.raises(Cancelled):
            model.answer([Question(f"q{n}", f"{n}") for n in range(40)], Cancelling(0.6))
        assert time.monotonic() - started < within(1.6, 15.0)
        wait_until(lambda: server.in_flight == 0)
        asked = len(server.received)
        server.script, server.delay_s = lambda received: "A house.", 0.0
        assert model.answer([Question("another", "another")], QUIET)[0].text
        assert len(server.received) == asked + 1  # nothing of what was cancelled came before or beside it


def test_progress_comes_in_the_calling_thread_once_per_question() -> None:
    monitor = Cancelling(60.0)
    with ProtocolServer() as server:
        _model("vllm", "m", server.url).answer(
            [Question(f"q{n}", "same", temperature=0.7, seed=n) for n in range(20)], monitor
        )
    assert monitor.threads == {threading.get_ident()}
    assert sorted(monitor.advanced) == sorted(f"q{n}" for n in range(20))


def test_partial_texts_are_shown_while_they_arrive() -> None:
    class Watching(QuietMonitor):
        texts: list[str] = []

        def partial(self, name: str, text: str) -> None:
            self.texts.append(f"{name}: {text}")

    with ProtocolServer() as server:
        _model("custom", "m", server.url).answer([Question("q", "text")], Watching())
    assert Watching.texts
    assert all("q: A red house stands on a hill.".startswith(text) for text in Watching.texts)


def test_calls_from_several_threads_share_one_limit() -> None:
    with ProtocolServer(delay_s=0.05) as server:
        model = _model("custom", "m", server.url, concurrency=5)
        calls = [
            threading.Thread(target=model.answer, args=([Question(f"{n}", f"{m} {n}") for n in range(12)], QUIET))
            for m in range(4)
        ]
        for call in calls:
            call.start()
        for call in calls:
            call.join(20)
    assert len(server.received) == 48
    assert server.most_in_flight <= 5


def test_refusals_are_no_answers_even_as_plain_text() -> None:
    with ProtocolServer(lambda received: "I'm sorry, but I can't assist with that request.") as server:
        (answer,) = _model("custom", "m", server.url).answer([Question("q", "text")], QUIET)
    assert answer.outcome is Outcome.REFUSAL
