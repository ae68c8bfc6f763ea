"""The providers, one row each: where they are, whose key they take, what they can do, and what it costs.

Facts and prices are those of the providers' own documentation in November 2026; the limits of pictures are theirs too.
A model that is not listed works: it is asked like its provider's others, and a setting that it refuses is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

_SNAPSHOT = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2})\Z")  # gpt-4o-2024-11-20, claude-haiku-4-5-20251001


class Listing(str, Enum):
    """How a server tells its models, and whether they see images."""

    OPENAI = "openai"  # GET models: names only
    ANTHROPIC = "anthropic"  # GET models: capabilities.image_input
    OLLAMA = "ollama"  # POST /api/show: capabilities
    LM_STUDIO = "lm studio"  # GET /api/v0/models: type "vlm"
    LLAMA_CPP = "llama.cpp"  # GET /props: modalities.vision
    OPENROUTER = "openrouter"  # GET models: architecture.input_modalities
    MISTRAL = "mistral"  # GET models: capabilities.vision
    MOONSHOT = "moonshot"  # GET models: supports_image_in


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens, of short requests where there are two rate cards.

    `cached` is for input read from the provider's prompt cache, `written` into it.
    """

    input: float
    output: float
    cached: float | None = None
    written: float | None = None
    beyond: int = 0  # requests with more input tokens than this cost what `long` says; 0: one price for all
    long: Price | None = None

    def card(self, tokens: int) -> Price:
        """The rate card of a request with so many input tokens."""
        return self.long if self.long is not None and tokens > self.beyond else self


FREE = Price(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Model:
    """What is known about one model.

    `samples` is False where it refuses temperature and top_p. `thinking` tokens are added to a question's limit where
    thinking cannot be switched off, because it counts against the limit. `extra` goes into every request as it is.
    """

    name: str
    price: Price | None = None
    images: bool = True
    samples: bool = True
    thinking: int = 0
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Provider:
    """One row of the table.

    `key_variable` is the environment variable of its key, empty for a server without one. The first of `models` is
    the default; a local server has none: there the first model that it lists is taken. `max_choices` answers can be
    had in one request (`n`). `schema` is the response_format that holds an answer to a JSON schema, or empty.
    `open_sampling` says that temperature and top_p must lie inside 0 to 1, ends excluded. `longest_edge` (pixels) and
    `max_image_bytes` (before base64) are the most that the provider looks at or takes. `headers` are sent beyond the
    usual ones. `extra` switches thinking off in the server's own words, for every model that has none of its own; what
    a model refuses is left out. `top_logprobs` is how many of the likeliest tokens it gives at each place, 0 for none;
    where its documentation says nothing it is tried with few. `counted_logprobs` says that the number stands in
    `logprobs` itself. `prices` is the provider's name in the package genai-prices. `source` is where the facts are
    from.
    """

    name: str
    title: str
    base_url: str
    key_variable: str = ""
    protocol: str = "openai"
    models: tuple[Model, ...] = ()
    listing: Listing = Listing.OPENAI
    local: bool = False
    max_choices: int = 1
    schema: str = "json_schema"
    seed: bool = True
    open_sampling: bool = False
    one_sampler: bool = False
    token_limit: str = "max_tokens"
    data_uri: bool = True
    longest_edge: int = 2048
    max_image_bytes: int = 3_750_000
    headers: tuple[str, ...] = ()
    caching: str = "common prefix"
    extra: Mapping[str, object] = field(default_factory=dict)
    top_logprobs: int = 5
    counted_logprobs: bool = False
    prices: str = ""
    source: str = ""

    def model(self, name: str) -> Model:
        """The row of a model by its exact name, with or without the date of a snapshot; a bare row if there is none."""
        rows = {row.name: row for row in self.models}
        row = rows.get(name) or rows.get(_SNAPSHOT.sub("", name)) or Model(name)
        return replace(row, name=name, extra={**self.extra, **row.extra})


# Thinking off, in the words of each family; where it cannot be switched off, at its least.
_NO_EFFORT = {"reasoning_effort": "none"}
_NOT_ENABLED = {"enable_thinking": False}
_TEMPLATE = {"chat_template_kwargs": {"enable_thinking": False}}  # the variable of Qwen's, GLM's and Gemma's templates
_GPT = {"reasoning_effort": "none"}
_GLM = {"thinking": {"type": "disabled"}}
_CLAUDE = {"output_config": {"effort": "low"}}
_CLAUDE_THINKING = 2048  # tokens; an effort of "low" stays well below

_OPENAI_MODELS = (
    Model(
        "gpt-6-luna", Price(0.10, 0.50, 0.01, 0.125, 272_000, Price(0.20, 0.75, 0.02, 0.25)), samples=False, extra=_GPT
    ),
    Model(
        "gpt-6-sol", Price(2.00, 10.00, 0.20, 2.50, 272_000, Price(4.00, 15.00, 0.40, 5.00)), samples=False, extra=_GPT
    ),
    Model("gpt-4o", Price(2.50, 10.00, 1.25)),
    Model("gpt-4o-mini", Price(0.15, 0.60, 0.075)),
    Model("gpt-4.1", Price(2.00, 8.00, 0.50)),
    Model("gpt-4.1-mini", Price(0.40, 1.60, 0.10)),
    Model("gpt-3.5-turbo", images=False),
)
_CLAUDE_MODELS = (
    Model(
        "claude-haiku-5-5",
        Price(0.10, 0.50, 0.01, 0.125, 100_000, Price(0.50, 2.50, 0.05, 0.625)),
        samples=False,
        thinking=_CLAUDE_THINKING,
        extra=_CLAUDE,
    ),
    Model(
        "claude-sonnet-5-5",
        Price(2.00, 10.00, 0.10, 2.50),
        samples=False,
        thinking=_CLAUDE_THINKING,
        extra=_CLAUDE,
    ),
    Model("claude-opus-5-5", Price(4.00, 20.00, 0.20, 5.00), samples=False, thinking=_CLAUDE_THINKING, extra=_CLAUDE),
    Model("claude-sonnet-5", Price(2.00, 10.00, 0.20, 2.50), samples=False, thinking=_CLAUDE_THINKING, extra=_CLAUDE),
    Model("claude-opus-5", Price(5.00, 25.00, 0.50, 6.25), samples=False, thinking=_CLAUDE_THINKING, extra=_CLAUDE),
    Model("claude-sonnet-4-6", Price(3.00, 15.00, 0.30, 3.75)),
    Model("claude-haiku-4-5", Price(1.00, 5.00, 0.10, 1.25)),
)
_GLM_MODELS = (
    Model("glm-4.6v", extra=_GLM),
    Model("glm-4.6v-flash", extra=_GLM),
    Model("glm-4.5v", extra=_GLM),
    Model("glm-4v-plus-0111"),
    Model("glm-4v-plus"),
    Model("glm-4.6", images=False, extra=_GLM),
)
_ZAI_MODELS = (
    Model("glm-4.6v", Price(0.30, 0.90, 0.05), extra=_GLM),
    Model("glm-4.5v", Price(0.60, 1.80), extra=_GLM),
    Model("glm-4.6", images=False, extra=_GLM),
)
_ROUTER_MODELS = (
    Model("z-ai/glm-4.6v"),
    Model("openai/gpt-4o"),
    Model("anthropic/claude-sonnet-4.6"),
    Model("qwen/qwen2.5-vl-72b-instruct"),
)

_ROWS = (
    Provider(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        models=_OPENAI_MODELS,
        max_choices=16,
        token_limit="max_completion_tokens",
        headers=("openai-organization", "openai-project"),
        caching="automatic",
        prices="openai",
        source="platform.openai.com/docs",
        top_logprobs=20,
    ),
    Provider(
        "anthropic",
        "Claude",
        "https://api.anthropic.com",
        "ANTHROPIC_API_KEY",
        protocol="anthropic",
        models=_CLAUDE_MODELS,
        listing=Listing.ANTHROPIC,
        seed=False,
        one_sampler=True,
        longest_edge=1568,
        caching="marked",
        prices="anthropic",
        source="platform.claude.com/docs",
        top_logprobs=0,
    ),
    Provider(
        "zhipu",
        "Zhipu",
        "https://open.bigmodel.cn/api/paas/v4",
        "ZHIPUAI_API_KEY",
        models=_GLM_MODELS,
        schema="json_object",
        open_sampling=True,
        data_uri=False,
        prices="zhipuai",
        source="docs.bigmodel.cn",
    ),
    Provider(
        "zai",
        "Z.ai",
        "https://api.z.ai/api/paas/v4",
        "ZAI_API_KEY",
        models=_ZAI_MODELS,
        schema="json_object",
        open_sampling=True,
        data_uri=False,
        prices="zai",
        source="docs.z.ai",
    ),
    Provider(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        models=_ROUTER_MODELS,
        listing=Listing.OPENROUTER,
        extra={"reasoning": {"enabled": False}},
        prices="openrouter",
        source="openrouter.ai/docs",
        top_logprobs=20,
    ),
    Provider(
        "gemini",
        "Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
        models=(Model("gemini-3.8-flash"), Model("gemini-3.5-flash"), Model("gemini-2.5-flash")),
        seed=False,
        extra=_NO_EFFORT,
        prices="google",
        source="ai.google.dev/gemini-api/docs/openai",
    ),
    Provider(
        "mistral",
        "Mistral",
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        models=(Model("mistral-small-latest"), Model("mistral-medium-latest"), Model("pixtral-large-latest")),
        listing=Listing.MISTRAL,
        seed=False,  # its name there is random_seed
        extra=_NO_EFFORT,
        prices="mistral",
    ),
    Provider(
        "xai",
        "xAI",
        "https://api.x.ai/v1",
        "XAI_API_KEY",
        prices="x-ai",
        top_logprobs=8,
    ),
    Provider(
        "dashscope",
        "DashScope",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "DASHSCOPE_API_KEY",
        models=(Model("qwen-vl-max"), Model("qwen-vl-plus")),
        schema="json_object",
        extra=_NOT_ENABLED,
        source="help.aliyun.com, compatibility of OpenAI with DashScope",
    ),
    Provider(
        "moonshot",
        "Moonshot",
        "https://api.moonshot.ai/v1",
        "MOONSHOT_API_KEY",
        models=(
            Model("kimi-k2.6", samples=False),
            Model("kimi-k2.5", samples=False),
            Model("moonshot-v1-32k-vision-preview"),
        ),
        listing=Listing.MOONSHOT,
        schema="json_object",
        seed=False,
        token_limit="max_completion_tokens",
        extra=_GLM,
        prices="moonshotai",
        source="platform.kimi.ai/docs",
    ),
    Provider(
        "together",
        "Together",
        "https://api.together.ai/v1",
        "TOGETHER_API_KEY",
        extra={"reasoning": {"enabled": False}},
        prices="together",
        top_logprobs=20,
        counted_logprobs=True,
    ),
    Provider(
        "fireworks",
        "Fireworks",
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_API_KEY",
        extra=_NO_EFFORT,
        prices="fireworks",
        source="docs.fireworks.ai/guides/reasoning",
    ),
    Provider(
        "groq",
        "Groq",
        "https://api.groq.com/openai/v1",
        "GROQ_API_KEY",
        models=(Model("qwen/qwen3.6-27b"), Model("meta-llama/llama-4-scout-17b-16e-instruct")),
        schema="json_object",
        extra=_NO_EFFORT,
        max_image_bytes=2_800_000,  # a request with pictures in base64 may have 4 MB in all
        prices="groq",
        source="console.groq.com/docs/vision",
        top_logprobs=0,  # refused for every model
    ),
    Provider(
        "siliconflow",
        "SiliconFlow",
        "https://api.siliconflow.cn/v1",
        "SILICONFLOW_API_KEY",
        schema="json_object",
        seed=False,
        extra=_NOT_ENABLED,
        source="docs.siliconflow.cn/docs/api/chat-completions-post",
    ),
    Provider(
        "huggingface",
        "Hugging Face",
        "https://router.huggingface.co/v1",
        "HF_TOKEN",
    ),
    Provider(
        "ollama",
        "Ollama",
        "http://127.0.0.1:11434/v1",
        listing=Listing.OLLAMA,
        local=True,
        longest_edge=1536,
        extra=_NO_EFFORT,
        source="docs.ollama.com/api/openai-compatibility",
        top_logprobs=20,
    ),
    Provider(
        "lmstudio",
        "LM Studio",
        "http://127.0.0.1:1234/v1",
        listing=Listing.LM_STUDIO,
        local=True,
        longest_edge=1536,
        extra=_NO_EFFORT,
        source="lmstudio.ai/docs",
    ),
    Provider(
        "llamacpp",
        "llama.cpp server",
        "http://127.0.0.1:8080/v1",
        listing=Listing.LLAMA_CPP,
        local=True,
        longest_edge=1536,
        extra=_TEMPLATE,
        top_logprobs=20,
    ),
    Provider(
        "vllm",
        "vLLM",
        "http://127.0.0.1:8000/v1",
        local=True,
        max_choices=16,
        longest_edge=1536,
        extra=_TEMPLATE,
        source="docs.vllm.ai, Reasoning Outputs",
        top_logprobs=20,
    ),
    Provider(
        "sglang",
        "SGLang",
        "http://127.0.0.1:30000/v1",
        local=True,
        longest_edge=1536,
        extra=_TEMPLATE,
        top_logprobs=20,
    ),
    Provider(
        "koboldcpp",
        "KoboldCpp",
        "http://127.0.0.1:5001/v1",
        local=True,
        longest_edge=1536,
        extra=_TEMPLATE,
    ),
    Provider(
        "textgen",
        "text-generation-webui",
        "http://127.0.0.1:5000/v1",
        local=True,
        longest_edge=1536,
        extra=_NOT_ENABLED,
    ),
    Provider("jan", "Jan", "http://127.0.0.1:1337/v1", local=True, longest_edge=1536, extra=_TEMPLATE),
    Provider(
        "mlxvlm",
        "mlx-vlm",
        "http://127.0.0.1:8080/v1",
        local=True,
        longest_edge=1536,
        extra=_NOT_ENABLED,
    ),
    Provider("custom", "custom server", "", longest_edge=1536, extra=_TEMPLATE),
)

PROVIDERS: Mapping[str, Provider] = {row.name: row for row in _ROWS}


def providers_of(protocol: str) -> tuple[str, ...]:
    """The names of the providers that speak a protocol, "openai" or "anthropic"."""
    return tuple(name for name, row in PROVIDERS.items() if row.protocol == protocol)
