"""How a family's pictures and prompts reach the decode core.

`CORE_FAMILIES` share one shape: a forward pass that takes what the processor gives, and goes on from a cache with
tokens alone. BLIP-2 needs its parts put together. Every other family goes through transformers' own `generate`, one
prompt at a time with all its candidates: slower, and right for whatever the family does in between.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ...picture import Crop
from .dialogue import brings_its_start
from .families import is_fast
from .generation import Continues, DecodeCore, Row, State, Watch, add_tokens, can_join, common_beginning, join
from .wording import in_words, last_part, name_of

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor


@dataclass(frozen=True)
class Prompt:
    """A rendered text and the crops that it speaks of, in their order."""

    text: str
    crops: tuple[Crop, ...] = ()


@dataclass(frozen=True)
class Eyes:
    """A processor, and how a crop becomes the picture that it is given."""

    processor: Any
    load: Callable[[Crop], Image]

    def encode(self, prompts: Sequence[Prompt], *, nested: bool = True) -> dict[str, Tensor]:
        """The processor's tensors for these prompts, padded on the left.

        `nested` for processors that take several pictures a prompt.
        """
        tokenizer = self.processor.tokenizer
        tokenizer.padding_side = "left"
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        texts = [prompt.text for prompt in prompts]
        special = {} if self._framed(texts[0]) else {"add_special_tokens": False}
        pictures: list[Any] = [[self.load(crop) for crop in prompt.crops] for prompt in prompts]
        if not nested:
            pictures = [picture for several in pictures for picture in several]
        with in_words(last_part(tokenizer.name_or_path), "processor"):
            found = self.processor(images=pictures, text=texts, return_tensors="pt", padding=True, **special)
        return {
            name: value
            for name, value in found.items()
            if hasattr(value, "is_floating_point") and name != "labels"  # what PaliGemma would be trained on
        }

    def tokenize(self, text: str) -> list[int]:
        """The token ids of a rendered prompt, one mark for each picture."""
        ids: list[int] = self.processor.tokenizer(text, add_special_tokens=self._framed(text))["input_ids"]
        return ids

    def _framed(self, text: str) -> bool:
        """Whether the tokenizer has to add its start token, because the template did not write it."""
        return not brings_its_start(text, self.processor.tokenizer)


class Route(Continues[Any], Protocol):
    """Reads prompts with pictures and continues them."""

    def read(self, prompts: Sequence[Prompt]) -> Any:
        """The model's state after these prompts, one row each."""
        ...


class Weighing(Route, Protocol):
    """A route that also says how each prompt would go on."""

    def weigh(self, prompts: Sequence[Prompt]) -> Tensor:
        """(prompts, vocabulary): the logits of the first word of each answer."""
        ...


def decode_core(model: Any) -> DecodeCore:
    """The core for a model: Qwen-VL and its kin have positions along three axes and find them themselves."""
    inner: Any = getattr(model, "model", None)
    if hasattr(inner, "get_rope_index"):
        return DecodeCore(model, position_axes=3, decoder=inner.language_model)
    return DecodeCore(model)


def picture_route(model: Any, eyes: Eyes, model_type: str) -> Route:
    """The way in which a model of this type is asked about pictures."""
    import transformers

    if is_fast(model_type, transformers.__version__):
        return CoreRoute(model, eyes)
    if model_type == "blip-2" and model.config.use_decoder_only_language_model:
        return Blip2Route(model, eyes)
    return GenerateRoute(model, eyes)


class TextRoute:
    """Prompts without pictures: what they have in common is read once."""

    def __init__(self, model: Any, tokenize: Callable[[str], list[int]]) -> None:
        self._tokenize = tokenize
        self._core = decode_core(model)
        self.continue_rows = self._core.continue_rows

    def read(self, prompts: Sequence[Prompt]) -> State:
        return self._core.prefill_tokens([self._tokenize(prompt.text) for prompt in prompts])


# Where a family lays pictures beside one another: along which dimension of which tensor, if not the first.
_BESIDE: Mapping[str, Mapping[str, int]] = {"minicpmv4_6": {"pixel_values": -1}}


class CoreRoute:
    """One left-padded batch through the model's own forward pass: pictures and prompts are read once."""

    def __init__(self, model: Any, eyes: Eyes) -> None:
        self._model, self._eyes = model, eyes
        self._core = decode_core(model)
        self.continue_rows = self._core.continue_rows

    def read(self, prompts: Sequence[Prompt]) -> State:
        """Prompts of one shape are read together, others by themselves and then padded into one batch.

        Reading a padded prompt of thousands of image tokens costs as much as reading a real one of that length.
        """
        encoded = [self._eyes.encode([prompt]) for prompt in prompts]
        groups, beside = _of_one_shape(encoded), _BESIDE.get(self._model.config.model_type, {})
        states = [
            self._core.prefill(**placed(_stacked([encoded[one] for one in group], beside), self._model))
            for group in groups
        ]
        if len(states) > 1 and not can_join(states[0]):
            return self._core.prefill(**placed(self._eyes.encode(prompts), self._model))
        state = join(states)
        order = [one for group in groups for one in group]
        if order != sorted(order):
            state.select([order.index(one) for one in range(len(prompts))])
        return state

    def weigh(self, prompts: Sequence[Prompt]) -> Tensor:
        """(prompts, vocabulary): the logits of the first word of each answer, for prompts about the same pictures.

        What they have in common, the pictures above all, is read once.
        """
        first = self._eyes.encode(prompts[:1])
        ids = first["input_ids"][0].tolist()
        full, shared = _with_beginning_of_first(ids, [self._eyes.tokenize(prompt.text) for prompt in prompts])
        if len(prompts) == 1 or _image_token(self._model.config) in ids[shared:]:  # the template puts the text first
            return self.read(prompts).logits
        cut = {
            name: value[:, :shared] if value.shape == first["input_ids"].shape else value
            for name, value in first.items()
        }
        state = self._core.prefill(**placed(cut, self._model))
        return self._core.weigh(state, [prompt[shared:] for prompt in full])


def _of_one_shape(encoded: Sequence[Mapping[str, Tensor]]) -> list[list[int]]:
    """The numbers of the inputs that can be stacked, group by group."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for number, inputs in enumerate(encoded):
        groups.setdefault(tuple((name, value.shape) for name, value in inputs.items()), []).append(number)
    return list(groups.values())


def _stacked(several: Sequence[Mapping[str, Tensor]], beside: Mapping[str, int]) -> dict[str, Tensor]:
    """Inputs of one shape as one batch. A tensor of a processor counts prompts, pictures or patches first, but those
    that `beside` names do in that dimension."""
    import torch

    if len(several) == 1:
        return dict(several[0])
    return {name: torch.cat([inputs[name] for inputs in several], beside.get(name, 0)) for name in several[0]}


def _image_token(config: Any) -> int:
    """The token that stands for a part of a picture; the configuration calls it by one of two names."""
    return int(config.image_token_id if hasattr(config, "image_token_id") else config.image_token_index)


def _with_beginning_of_first(ids: list[int], plain: Sequence[Sequence[int]]) -> tuple[list[list[int]], int]:
    """All prompts with their pictures written out, and the number of tokens that they have in common.

    `ids` is the first prompt as its processor writes it, `plain` are all of them with a mark for each picture. Nothing
    is in common where the processor writes more than the pictures otherwise.
    """
    known = common_beginning(plain)
    rest = len(plain[0]) - known
    shared = len(ids) - rest
    if shared <= 0 or ids[shared:] != list(plain[0][known:]):
        return [list(prompt) for prompt in plain], 0
    return [ids[:shared] + list(prompt[known:]) for prompt in plain], shared


class Blip2Route:
    """BLIP-2 with a decoder-only language model: its pictures become embeddings, which the language model reads."""

    def __init__(self, model: Any, eyes: Eyes) -> None:
        self._model, self._eyes = model, eyes
        self._core = DecodeCore(model.language_model)
        self.continue_rows = self._core.continue_rows

    def read(self, prompts: Sequence[Prompt]) -> State:
        import torch

        inputs = placed(self._eyes.encode(prompts, nested=False), self._model)
        with torch.inference_mode():
            embeddings = self._embeddings(inputs["input_ids"], inputs["pixel_values"])
        return self._core.prefill(inputs_embeds=embeddings, attention_mask=inputs["attention_mask"])

    def _embeddings(self, ids: Tensor, pixels: Tensor) -> Tensor:
        """(prompts, length, hidden): the prompt's embeddings with the picture's queries in their places."""
        import torch

        model = self._model
        seen = model.vision_model(pixel_values=pixels).last_hidden_state
        queries = model.qformer(
            query_embeds=model.query_tokens.expand(len(seen), -1, -1),
            encoder_hidden_states=seen,
            encoder_attention_mask=torch.ones(seen.shape[:2], dtype=torch.long, device=seen.device),
        ).last_hidden_state
        words: Tensor = model.get_input_embeddings()(ids)
        projected = model.language_projection(queries.to(seen.dtype)).to(words.dtype)
        places = (ids == model.config.image_token_id)[..., None].expand_as(words)
        return words.masked_scatter(places, projected)


@dataclass(frozen=True)
class _Asked:
    """The processed inputs of each prompt."""

    inputs: tuple[Mapping[str, Any], ...]


class GenerateRoute:
    """transformers' own `generate`: one prompt at a time, its candidates in one batch, drawn by our seeds.

    A row that was interrupted by lack of memory starts again here; it draws the same tokens.
    """

    def __init__(self, model: Any, eyes: Eyes) -> None:
        self._model, self._eyes = model, eyes
        self._beside = _BESIDE.get(model.config.model_type, {})

    def read(self, prompts: Sequence[Prompt]) -> _Asked:
        known = inspect.signature(self._model.forward).parameters  # `generate` refuses what the model does not take
        asked = (placed(self._eyes.encode([prompt], nested=False), self._model) for prompt in prompts)
        return _Asked(tuple({name: value for name, value in one.items() if name in known} for one in asked))

    def continue_rows(
        self, state: _Asked, rows: Sequence[Row], stops: Collection[int], watch: Watch, prompts: Sequence[int] = ()
    ) -> None:
        for place, inputs in enumerate(state.inputs):
            number = prompts[place] if prompts else place
            asked = [row for row in rows if row.prompt == number and row.open]
            if asked:
                self._generate(inputs, asked, stops, watch)

    def weigh(self, prompts: Sequence[Prompt]) -> Tensor:
        """(prompts, vocabulary): the logits of the first word of each answer."""
        import torch

        found = []
        for inputs in self.read(prompts).inputs:
            with torch.inference_mode(), in_words(name_of(self._model), "model"):
                told = self._model.generate(
                    **inputs, do_sample=False, num_beams=1, max_new_tokens=1, return_dict_in_generate=True,
                    output_logits=True,
                )  # fmt: skip
            found.append(told.logits[0])
        return torch.cat(found)

    def _generate(self, inputs: Mapping[str, Any], rows: Sequence[Row], stops: Collection[int], watch: Watch) -> None:
        import torch

        for row in rows:
            row.tokens.clear()
        follower = _Follower(rows, stops, watch)
        with torch.inference_mode(), in_words(name_of(self._model), "model"):
            self._model.generate(
                # Whole after whole: what counts patches has many lines for one picture.
                **{name: torch.cat([value] * len(rows), self._beside.get(name, 0)) for name, value in inputs.items()},
                do_sample=False,
                num_beams=1,
                max_new_tokens=max(row.limit for row in rows) + 1,
                logits_processor=[follower.draw],
                stopping_criteria=[follower.ended],
            )
        for row in rows:
            if row.open:
                row.problem = "its own way of generating draws no candidates by seed: choose another model"


class _Follower:
    """Draws for `generate`, as its logits processor, and ends it when all rows have ended."""

    def __init__(self, rows: Sequence[Row], stops: Collection[int], watch: Watch) -> None:
        self._rows, self._stops, self._watch = rows, stops, watch
        self.draw = _Draw(self._next)
        self.ended = _Ended(rows)

    def _next(self, scores: Tensor) -> Tensor:
        """Scores (rows, vocabulary) that leave one token each; an ended row repeats its end."""
        import torch

        active = [number for number, row in enumerate(self._rows) if row.open]
        tokens = [next(iter(self._stops), 0)] * len(self._rows)
        drawn = add_tokens(scores[active], [self._rows[number] for number in active], self._stops)
        for number, token in zip(active, drawn, strict=True):
            tokens[number] = token
        self._watch.step([self._rows[number] for number in active])
        chosen = torch.tensor(tokens, device=scores.device)[:, None]
        return torch.full_like(scores, float("-inf")).scatter_(1, chosen, 0.0)


@dataclass(frozen=True)
class _Draw:
    choose: Callable[[Tensor], Tensor]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return self.choose(scores)


@dataclass(frozen=True)
class _Ended:
    rows: Sequence[Row]

    def __call__(self, input_ids: Tensor, scores: Tensor, **kwargs: Any) -> Tensor:
        import torch

        over = not any(row.open for row in self.rows)
        return torch.full((len(input_ids),), over, dtype=torch.bool, device=input_ids.device)


def placed(inputs: Mapping[str, Tensor], model: Any) -> dict[str, Tensor]:
    """Tensors on the model's device, pixels in its number format."""
    like = next(model.parameters())
    return {
        name: value.to(like.device, like.dtype) if value.is_floating_point() else value.to(like.device)
        for name, value in inputs.items()
    }


def complete(processor: Any, config: Any) -> None:
    """Some folders (LLaVA's of before 2025) do not say how many tokens a picture takes; the configuration does."""
    if getattr(processor, "patch_size", 0) is None:
        processor.patch_size = config.vision_config.patch_size
    if getattr(processor, "vision_feature_select_strategy", "") is None:
        processor.vision_feature_select_strategy = config.vision_feature_select_strategy
        processor.num_additional_image_tokens = 1  # the class token of CLIP
    if getattr(processor, "num_image_tokens", 0) is None:  # LLaVA-OneVision
        processor.num_image_tokens = (config.vision_config.image_size // config.vision_config.patch_size) ** 2
