"""The decode core: whatever is decoded together, each row says what it would have said alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import examples
from patchmatters.backends.local import generation, shared_prompts
from patchmatters.backends.local.batches import chunks, decode_in_batches
from patchmatters.backends.local.generation import DecodeCore, Row, common_beginning
from patchmatters.backends.local.memory import row_bytes
from patchmatters.backends.local.sampling import Sampling, draw_tokens, uniform

torch = pytest.importorskip("torch", reason="local models need torch")
pytest.importorskip("transformers", reason="local models need transformers")

torch.set_num_threads(1)
STOPS = {5, 6}
VOCABULARY = 120


class Quiet:
    def step(self, rows: Sequence[Row]) -> None:
        pass


def _model(name: str = "Llama", **changes: Any) -> Any:
    import transformers

    torch.manual_seed(3)
    sizes = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": VOCABULARY, "tie_word_embeddings": False,
    }  # fmt: skip
    config = getattr(transformers, f"{name}Config")(**(sizes | changes))
    model = getattr(transformers, f"{name}ForCausalLM")(config).eval()
    model.lm_head.weight.data.mul_(30)
    return model


@pytest.fixture(scope="module")
def model() -> Any:
    return _model()


def _prompts(count: int = 5, shared: int = 20, grow: int = 4) -> list[list[int]]:
    random_ = random.Random(7)

    def ids(length: int) -> list[int]:
        return [random_.randrange(8, VOCABULARY) for _ in range(length)]

    beginning = ids(shared)
    return [beginning + ids(3 + grow * number) for number in range(count)]


def _rows(numbers: Sequence[int], candidates: int = 3, limit: int = 20, temperature: float = 0.7) -> list[Row]:
    return [
        Row(f"{number}.{one}", number, limit, Sampling(10 * number + one, temperature, 0.9 if one else 1.0))
        for number in numbers
        for one in range(candidates)
    ]


def _decode(model: Any, rows: list[Row], prompts: Sequence[Sequence[int]], size: int = 100) -> dict[str, list[int]]:
    core = DecodeCore(model)
    decode_in_batches(
        core, rows, lambda numbers: core.prefill_tokens([prompts[one] for one in numbers]), STOPS, Quiet(), size
    )
    return {row.name: row.tokens for row in rows}


def test_a_row_does_not_depend_on_the_batch_or_its_order(model: Any) -> None:
    prompts = _prompts()
    together = _decode(model, _rows(range(5)), prompts)
    alone: dict[str, list[int]] = {}
    for number in range(5):
        for row in _rows([number]):
            alone |= _decode(model, [row], prompts)
    backwards = _decode(model, _rows([4, 2, 0, 3, 1])[::-1], prompts, size=4)
    assert together == alone == backwards
    assert len({tuple(tokens) for tokens in together.values()}) > 10  # candidates differ from one another


def test_greedy_rows_say_what_transformers_generate_says(model: Any) -> None:
    prompts = _prompts()
    ours = _decode(model, _rows(range(5), 1, temperature=0.0), prompts)
    for number, prompt in enumerate(prompts):
        ids = torch.tensor([prompt])
        said = model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=20, eos_token_id=list(STOPS),
            pad_token_id=0,
        )[0, len(prompt) :].tolist()  # fmt: skip
        assert ours[f"{number}.0"] == [token for token in said if token not in STOPS]


def test_sampling_leaves_the_global_random_state_alone(model: Any) -> None:
    before = torch.get_rng_state()
    _decode(model, _rows([0]), _prompts(1))
    assert torch.equal(before, torch.get_rng_state())


def test_a_common_beginning_is_read_once(model: Any) -> None:
    read: list[int] = []
    hook = model.register_forward_pre_hook(
        lambda module, args, kwargs: read.append(kwargs["input_ids"].numel()), with_kwargs=True
    )
    prompts = _prompts(5, shared=30, grow=0)
    _decode(model, _rows(range(5), 1, limit=1), prompts)
    hook.remove()
    assert read == [30, 5 * 3]


def test_a_window_that_forgets_is_not_shared() -> None:
    model = _model("Mistral", sliding_window=16)
    prompts = _prompts(4, shared=24)
    together = _decode(model, _rows(range(4), 1), prompts)
    alone: dict[str, list[int]] = {}
    for number in range(4):
        alone |= _decode(model, _rows([number], 1), prompts)
    assert together == alone


class Scarce(torch.nn.Module):
    """A model on a device that runs out of memory with more than `most` rows, after `patience` calls."""

    def __init__(self, model: Any, most: int, patience: int = 0, message: str = "CUDA out of memory") -> None:
        super().__init__()
        self.model, self.most, self.patience, self.message = model, most, patience, message
        self.config = model.config
        self.read: list[tuple[int, ...]] = []

    def forward(self, input_ids: Any = None, **inputs: Any) -> Any:
        self.read.append(tuple(input_ids.shape))
        if len(self.read) > self.patience and len(input_ids) > self.most:
            raise torch.OutOfMemoryError(self.message)
        return self.model(input_ids=input_ids, **inputs)


def test_out_of_memory_halves_the_batch_and_goes_on_from_the_tokens_there_are(model: Any) -> None:
    prompts = _prompts()
    scarce = Scarce(model, most=4, patience=10)
    rows = _rows(range(5))
    assert _decode(scarce, rows, prompts) == _decode(model, _rows(range(5)), prompts)
    # 9 tokens were there when memory ran out: they are read again as prompts are, not drawn again one by one.
    replayed = [columns for count, columns in scarce.read[11:] if columns == 9]
    assert replayed
    single_steps = sum(count for count, columns in scarce.read if columns == 1)
    assert single_steps <= 15 * 20


@pytest.mark.parametrize("message", ["CUDA out of memory", "DefaultCPUAllocator: can't allocate memory: you tried"])
def test_a_row_that_never_fits_says_so_and_the_others_go_on(model: Any, message: str) -> None:
    prompts = [[9] * 8, [9] * 80]

    class Narrow(Scarce):
        def forward(self, input_ids: Any = None, **inputs: Any) -> Any:
            if inputs["attention_mask"].shape[1] > 60:
                raise RuntimeError(message)
            return self.model(input_ids=input_ids, **inputs)

    rows = _rows([0, 1], 1, limit=5)
    _decode(Narrow(model, 99), rows, prompts)
    assert rows[0].finished and not rows[0].problem
    assert "memory ran out" in rows[1].problem and "choose" in rows[1].problem


def test_another_error_is_not_taken_for_lack_of_memory(model: Any) -> None:
    class Broken(Scarce):
        def forward(self, input_ids: Any = None, **inputs: Any) -> Any:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1"):
        _decode(Broken(model, 99), _rows([0]), _prompts(1))


def test_cancelling_stops_within_one_token(model: Any) -> None:
    calls: list[int] = []

    class Cancel(BaseException):
        pass

    class Impatient:
        def step(self, rows: Sequence[Row]) -> None:
            calls.append(len(rows))
            if len(calls) == 4:
                raise Cancel

    rows = _rows([0, 1])
    core = DecodeCore(model)
    with pytest.raises(Cancel):
        core.continue_rows(core.prefill_tokens(_prompts(2)), rows, STOPS, Impatient())
    assert max(len(row.tokens) for row in rows) == 4
    assert _decode(model, _rows([0]), _prompts(2))  # the model is usable afterwards


@pytest.mark.parametrize(("temperature", "top_p"), [(0.7, 1.0), (1.3, 0.9), (0.2, 0.5)])
def test_draws_follow_the_distribution(temperature: float, top_p: float) -> None:
    logits = torch.linspace(-2, 2, 12)[torch.randperm(12, generator=torch.Generator().manual_seed(1))]
    count = 20_000
    samplings = [Sampling(seed, temperature, top_p) for seed in range(count)]
    drawn = draw_tokens(logits.expand(count, -1), samplings, [0] * count)
    wanted = torch.softmax(logits / temperature, -1)
    ranked, order = wanted.sort(descending=True)
    ranked[ranked.cumsum(-1) - ranked > top_p] = 0
    wanted = torch.zeros(12).scatter(0, order, ranked / ranked.sum())
    measured = torch.bincount(torch.tensor(drawn), minlength=12) / count
    assert (measured - wanted).abs().sum() / 2 < 0.02


@given(st.integers(0, 2**63 - 1), st.integers(0, 10_000))
def test_a_draw_is_a_fixed_number_from_0_to_1(seed: int, step: int) -> None:
    assert 0.0 <= uniform(seed, step) < 1.0
    assert uniform(seed, step) == uniform(seed, step)


def test_logits_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(RuntimeError, match="bf16 or fp32"):
        draw_tokens(torch.full((1, 4), float("nan")), [Sampling()], [0])


@settings(max_examples=examples(50))
@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.integers(1, 9))
def test_chunks_keep_every_row_once_and_their_size(prompts: list[int], size: int) -> None:
    rows = [Row(str(number), prompt, 5) for number, prompt in enumerate(sorted(prompts))]
    found = chunks(rows, size)
    assert [row for chunk in found for row in chunk] == rows
    assert all(1 <= len(chunk) <= size for chunk in found)


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=5))
def test_a_common_beginning_leaves_something_to_read(prompts: list[list[int]]) -> None:
    shared = common_beginning(prompts)
    assert shared < min(map(len, prompts))
    assert len({tuple(prompt[:shared]) for prompt in prompts}) == 1


def test_rows_of_unequal_length_and_limits_end_by_themselves(model: Any) -> None:
    rows = [Row(str(limit), 0, limit, Sampling(limit, 0.7)) for limit in (1, 7, 3)]
    _decode(model, rows, _prompts(1))
    assert all(row.finished and 0 <= len(row.tokens) <= row.limit for row in rows)


@pytest.mark.parametrize("name", ["Llama", "Mistral", "Qwen2", "Qwen3", "Gemma", "OPT"])
def test_prompts_kept_once_give_the_tokens_of_prompts_repeated(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    changes: dict[str, Any] = {"Mistral": {"sliding_window": None}, "Gemma": {"head_dim": 8}, "Qwen3": {"head_dim": 8}}
    opt = {"ffn_dim": 64, "word_embed_proj_dim": 32, "max_position_embeddings": 256}
    model = _model(name, **(opt if name == "OPT" else changes.get(name, {})))
    prompts = _prompts()
    states: list[Any] = []
    real = DecodeCore.extend
    monkeypatch.setattr(
        DecodeCore, "extend", lambda self, state, tokens: (states.append(state), real(self, state, tokens))[1]
    )
    once = _decode(model, _rows(range(5)), prompts)
    assert all(len(layer.prompt_keys) <= 5 for layer in states[-1].cache.layers)  # 15 rows, at most 5 prompts
    before = model.config._attn_implementation
    monkeypatch.setattr(generation, "share_prompts", lambda past, config: False)
    assert _decode(model, _rows(range(5)), prompts) == once
    assert all(not hasattr(layer, "prompt_keys") for layer in states[-1].cache.layers)
    assert model.config._attn_implementation == before == "sdpa"


def test_a_decoder_that_is_not_known_to_share_is_decoded_all_the_same() -> None:
    model = _model("StableLm")
    prompts = _prompts()
    together = _decode(model, _rows(range(5), 2), prompts)
    alone = [_decode(model, [row], prompts) for number in range(5) for row in _rows([number], 2)]
    assert together == {name: tokens for one in alone for name, tokens in one.items()}


def test_prompts_that_attention_did_not_look_at_are_an_error_not_a_text(model: Any) -> None:
    core = DecodeCore(model)
    state = core.prefill_tokens(_prompts(1))
    assert shared_prompts.share_prompts(state.cache, model.config)
    own = torch.zeros(1, 2, 1, 8)
    with (
        pytest.raises(RuntimeError, match='choose the attention "eager"'),
        shared_prompts.attending(state.cache, model.config),
    ):
        state.cache.update(own, own, 0)  # as a decoder would that hands other tensors to its attention


def test_layers_with_sizes_of_their_own_are_reckoned_by_the_largest() -> None:
    """Gemma 3n's configuration lists a size for each layer."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": VOCABULARY}

    def bytes_of(**changes: Any) -> int:
        config = SimpleNamespace(**sizes, **changes)
        return row_bytes(SimpleNamespace(get_text_config=lambda: config), 2, 100, 20)

    one = bytes_of(intermediate_size=64, num_key_value_heads=2)
    assert bytes_of(intermediate_size=[16, 64], num_key_value_heads=[1, 2]) == one
    usual = bytes_of(intermediate_size=128, num_key_value_heads=2)  # four times the width, where nothing is said
    assert bytes_of(intermediate_size=[], num_key_value_heads=2) == bytes_of(num_key_value_heads=2) == usual
