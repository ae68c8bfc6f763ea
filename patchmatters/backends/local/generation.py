"""The decode core: rows of a prefilled causal language model, decoded together, each with a seed of its own.

It knows nothing of images, chat templates or model families, and takes no part in loading. Whoever has a causal
language model of transformers (or a module with the same forward signature) uses it so:

    core = DecodeCore(model)  # or DecodeCore(model.language_model)
    state = core.prefill(inputs_embeds=..., attention_mask=...)  # or input_ids=, pixel_values=, ...; a row per prompt
    rows = [Row("top-left, candidate 1", prompt=0, limit=512, sampling=Sampling(seed, 0.7, 1.0)), ...]
    core.continue_rows(state, rows, stops, watch)  # repeats the prompts' state for their rows and decodes them
    text = tokenizer.decode(rows[0].tokens, skip_special_tokens=True)

k candidates of a prompt are k rows with the same `prompt`: the prompt is prefilled once, its cache repeated k times.
Questions that share an instruction: `core.prefill_tokens(prompts)` prefills the common beginning of all of them once.
To survive running out of memory, hand prefill and rows to `batches.decode_in_batches` instead.

Promise: in fp32 a row's text depends on its prompt and seed only. In half precision rounding differs with the shape
of the batch, so the same text is promised for the same seed, batch, device and precision only.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ...models import Monitor
from .roomy_cache import make_room
from .sampling import Sampling, draw_tokens
from .shared_prompts import attending, share_prompts
from .wording import in_words, name_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Row:
    """One text being decoded.

    `prompt` is the index of its prompt, `read` the length of that prompt in tokens once it was read. `tokens` grows
    while it is decoded, without the stop token; `finished` is set when it ended, `problem` when it cannot be continued.
    A row that was interrupted is continued from its tokens.
    """

    name: str
    prompt: int
    limit: int
    sampling: Sampling = field(default_factory=Sampling)
    tokens: list[int] = field(default_factory=list)
    finished: bool = False
    problem: str = ""
    read: int = 0

    @property
    def open(self) -> bool:
        """Whether there is more to decode."""
        return not (self.finished or self.problem)


class Watch(Protocol):
    """Is told of every token; may raise to end the work (a cancel), after which the rows keep what they have."""

    def step(self, rows: Sequence[Row]) -> None:
        """These rows got one more token, or ended."""


Read_contra = TypeVar("Read_contra", contravariant=True)


class Continues(Protocol[Read_contra]):
    """Goes on with what was read of prompts; what `batches.decode_in_batches` needs."""

    def continue_rows(
        self, state: Read_contra, rows: Sequence[Row], stops: Collection[int], watch: Watch, prompts: Sequence[int] = ()
    ) -> None:
        """As `DecodeCore.continue_rows`."""
        ...


class MonitorWatch:
    """Tells a Monitor: polls it once per token, hands it the text so far, and says when a row is done.

    `decode` turns token ids into text. Only the last few tokens are decoded again at each step, so that a long text
    does not cost the square of its length.
    """

    def __init__(self, monitor: Monitor, decode: Callable[[Sequence[int]], str]) -> None:
        self._monitor, self._decode = monitor, decode
        self._told: dict[int, tuple[int, str]] = {}  # id of row -> (tokens settled, their text)

    def step(self, rows: Sequence[Row]) -> None:
        self._monitor.poll()
        for row in rows:
            self._monitor.partial(row.name, self._text(row))
            if not row.open:
                self._told.pop(id(row), None)
                self._monitor.advance(row.name)

    def _text(self, row: Row) -> str:
        settled, text = self._told.get(id(row), (0, ""))
        tail = self._decode(row.tokens[settled:])
        # A tail is settled only at a line end: anywhere else a tokenizer may still join what comes next.
        if len(row.tokens) - settled >= 16 and tail.endswith("\n"):
            self._told[id(row)] = (len(row.tokens), text + tail)
        return text + tail


@dataclass
class State:
    """What a model remembers of the rows it has read. Mutable: the core extends it in place.

    `cache` is transformers' Cache; `logits` (rows, vocabulary) follow the last token read; `mask` (rows, length) is 1
    where a token was read and 0 where there is padding; `following` (rows,) is the position of the next token.
    """

    cache: Any
    logits: Tensor
    mask: Tensor
    following: Tensor

    def select(self, rows: Sequence[int]) -> None:
        """Keep these rows in this order; an index may occur more than once."""
        import torch

        index = torch.tensor(list(rows), device=self.mask.device)
        self.cache.reorder_cache(index)
        self.logits, self.mask, self.following = self.logits[index], self.mask[index], self.following[index]


def join(states: Sequence[State]) -> State:
    """One state of all rows, the shorter ones padded on the left, where attention does not look.

    Only for caches whose layers keep all tokens side by side (see `can_join`).
    """
    import torch

    if len(states) == 1:
        return states[0]
    longest = max(state.mask.shape[1] for state in states)
    first = states[0].cache
    for number, layer in enumerate(first.layers):
        parts = [state.cache.layers[number] for state in states]
        layer.keys = torch.cat([_padded(part.keys, longest, 2) for part in parts])
        layer.values = torch.cat([_padded(part.values, longest, 2) for part in parts])
    return State(
        first,
        torch.cat([state.logits for state in states]),
        torch.cat([_padded(state.mask, longest, 1) for state in states]),
        torch.cat([state.following for state in states]),
    )


def can_join(state: State) -> bool:
    """Whether the cache is of plain layers, which padding on the left does not change."""
    from transformers.cache_utils import DynamicLayer

    layers: Sequence[Any] = getattr(state.cache, "layers", None) or ()
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)


def _padded(values: Tensor, length: int, dimension: int) -> Tensor:
    """Zeros before the values along a dimension, up to `length`."""
    import torch

    shape = list(values.shape)
    shape[dimension] = length - values.shape[dimension]
    return torch.cat([values.new_zeros(shape), values], dimension) if shape[dimension] else values


class DecodeCore:
    """A causal language model, read and continued in batches.

    `model` is called with `input_ids` or `inputs_embeds`, `attention_mask`, `position_ids`, its cache and whatever
    else `prefill` was given, and returns an object with `logits` and the cache. `position_axes` is 3
    for models with multimodal rotary positions (Qwen-VL), which find the positions of a prompt themselves; `decoder`
    is then the inner module that receives them.
    """

    def __init__(self, model: Any, position_axes: int = 1, decoder: Any = None) -> None:
        self._model = model
        self._axes = position_axes
        self._decoder = decoder

    @cached_property
    def _known(self) -> Collection[str]:
        return inspect.signature(self._model.forward).parameters

    @property
    def _last_only(self) -> dict[str, int]:
        """Models that can compute the logits of the last token alone are asked to: prompts are long."""
        return {"logits_to_keep": 1} if "logits_to_keep" in self._known else {}

    @property
    def _cache_name(self) -> str:
        """What the model calls its cache, both as an input and as an output: transformers 5.24 renamed it."""
        return "cache" if "cache" in self._known else "past_key_values"

    def _ask(self, **inputs: Any) -> Any:
        with in_words(name_of(self._model), "model"):
            return self._model(**inputs)

    def prefill(self, *, attention_mask: Tensor, **inputs: Any) -> State:
        """Read left-padded prompts, one row each, with whatever inputs the model takes (pixels, embeddings ...)."""
        import torch

        positions = attention_mask.long().cumsum(-1).sub_(1).clamp_(min=0)
        seen: list[Tensor] = []
        with torch.inference_mode(), _listening(self._decoder, seen):
            output = self._ask(
                attention_mask=attention_mask,
                **({"position_ids": positions} if self._axes == 1 else {}),
                **inputs,
                **self._last_only,
                use_cache=True,
            )
        used = seen[0] if seen else positions
        following = used.amax((0, 2) if used.ndim == 3 else 1) + 1
        return State(getattr(output, self._cache_name), output.logits[:, -1], attention_mask, following)

    def prefill_tokens(self, prompts: Sequence[Sequence[int]]) -> State:
        """Read prompts given as token ids, their common beginning only once. One row per prompt, none empty.

        The texts that follow are the same as without the sharing. The padding lies between the common beginning and
        the rest. Where a layer forgets (sliding windows shorter than the prompts, recurrent states), distances in the
        cache matter, so that nothing is shared.
        """
        shared = common_beginning(prompts)
        if len(prompts) == 1 or shared == 0:
            return self._prefill_padded(prompts)
        state = self._prefill_padded([prompts[0][:shared]])
        if _forgets(state.cache, max(map(len, prompts))):
            return self._prefill_padded(prompts)
        self._share(state)
        state.select([0] * len(prompts))
        self.extend(state, [prompt[shared:] for prompt in prompts])
        return state

    def _share(self, state: State) -> None:
        """Keep what was read once for all rows that will continue it, or at least let the cache grow in place."""
        if not share_prompts(state.cache, self._model.config):
            make_room(state.cache)

    def _prefill_padded(self, prompts: Sequence[Sequence[int]]) -> State:
        ids, mask = _left_padded(prompts, self._device)
        return self.prefill(attention_mask=mask, input_ids=ids, **self._text_positions(mask))

    def _text_positions(self, mask: Tensor) -> dict[str, Tensor]:
        """Text has the same position on every axis; said explicitly, since the model may remember another picture's."""
        if self._axes == 1:
            return {}
        return {"position_ids": mask.cumsum(-1).sub_(1).clamp_(min=0)[None].expand(self._axes, -1, -1)}

    @property
    def _device(self) -> Any:
        return next(self._model.parameters()).device

    def extend(self, state: State, tokens: Sequence[Sequence[int]]) -> None:
        """Read more tokens of every row; rows of different lengths are padded on the left, unseen by attention."""
        import torch

        ids, mask = _left_padded(tokens, state.mask.device)
        steps = mask.cumsum(-1).sub_(1).clamp_(min=0)
        positions = state.following[:, None] + steps
        state.mask = torch.cat([state.mask, mask], 1)
        with torch.inference_mode(), attending(state.cache, self._model.config):
            output = self._ask(
                input_ids=ids,
                attention_mask=state.mask,
                position_ids=positions if self._axes == 1 else positions[None].expand(self._axes, -1, -1),
                use_cache=True,
                **{self._cache_name: state.cache},
                **self._last_only,
            )
        state.logits = output.logits[:, -1]
        state.following = state.following + mask.sum(1)

    def weigh(self, state: State, tokens: Sequence[Sequence[int]]) -> Tensor:
        """(continuations, vocabulary): the logits after each of these continuations of a state of one row.

        Where a layer forgets, padding would push something out of its window, so that lengths are read by themselves.
        """
        import torch

        if not _forgets(state.cache, state.mask.shape[1] + max(map(len, tokens))):
            self._share(state)
            return self._continued(state, tokens)
        found: dict[int, Tensor] = {}
        for length in {len(one) for one in tokens}:
            numbers = [number for number, one in enumerate(tokens) if len(one) == length]
            logits = self._continued(copy.deepcopy(state), [tokens[number] for number in numbers])
            found.update(zip(numbers, logits, strict=True))
        return torch.stack([found[number] for number in range(len(tokens))])

    def _continued(self, state: State, tokens: Sequence[Sequence[int]]) -> Tensor:
        state.select([0] * len(tokens))
        self.extend(state, tokens)
        return state.logits

    def continue_rows(
        self, state: State, rows: Sequence[Row], stops: Collection[int], watch: Watch, prompts: Sequence[int] = ()
    ) -> None:
        """Decode the open rows to their end. `state` has one row per prompt; `Row.prompt` says which is whose.

        `prompts` are the numbers of the prompts in `state`, where they are not 0, 1, 2 ...
        Rows that already have tokens (they were interrupted) read those first and go on where they were; either all
        rows have some or none has. A row that ends leaves the batch.
        """
        active = [row for row in rows if row.open]
        if not active:
            return
        self._share(state)
        state.select([prompts.index(row.prompt) if prompts else row.prompt for row in active])
        for row, length in zip(active, state.mask.sum(1).tolist(), strict=True):
            row.read = length
        if any(row.tokens for row in active):
            self.extend(state, [row.tokens for row in active])
        while True:
            add_tokens(state.logits, active, stops)
            watch.step(active)
            left = [number for number, row in enumerate(active) if row.open]
            if not left:
                return
            if len(left) < len(active):
                state.select(left)
                active = [active[number] for number in left]
            self.extend(state, [row.tokens[-1:] for row in active])


def add_tokens(logits: Tensor, rows: Sequence[Row], stops: Collection[int]) -> list[int]:
    """Draw one token for each row, append it or end the row; the drawn tokens, stops included."""
    steps = [len(row.tokens) for row in rows]
    drawn = draw_tokens(logits, [row.sampling for row in rows], steps)
    for row, token in zip(rows, drawn, strict=True):
        if token in stops:
            row.finished = True
        else:
            row.tokens.append(token)
            row.finished = len(row.tokens) >= row.limit
    return drawn


def common_beginning(prompts: Sequence[Sequence[int]]) -> int:
    """The number of tokens with which all prompts begin, leaving at least one of each to follow."""
    shortest = min(map(len, prompts)) - 1
    differing = (at for at in range(shortest) if len({prompt[at] for prompt in prompts}) > 1)
    return next(differing, shortest)


def _left_padded(rows: Sequence[Sequence[int]], device: Any) -> tuple[Tensor, Tensor]:
    """Token ids and mask, (rows, longest), padded on the left. The id of the padding does not matter: it is masked."""
    import torch

    longest = max(map(len, rows))
    ids = [[0] * (longest - len(row)) + list(row) for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def _forgets(cache: Any, length: int) -> bool:
    """Whether some layer of a cache does not keep all of `length` tokens side by side."""
    for layer in getattr(cache, "layers", ()):
        if not hasattr(layer, "keys") or hasattr(layer, "recurrent_states"):
            return True
        if getattr(layer, "is_sliding", False) and length >= layer.sliding_window:
            return True
    return False


class _listening:
    """Collects the `position_ids` that a module is called with, while the context lasts."""

    def __init__(self, module: Any, seen: list[Tensor]) -> None:
        self._module, self._seen = module, seen

    def __enter__(self) -> None:
        self._hook = self._module and self._module.register_forward_pre_hook(self._note, with_kwargs=True)

    def _note(self, module: Any, args: Any, kwargs: dict[str, Any]) -> None:
        if kwargs.get("position_ids") is not None:
            self._seen.append(kwargs["position_ids"])

    def __exit__(self, *exception: object) -> None:
        if self._hook:
            self._hook.remove()
