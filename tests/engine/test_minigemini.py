"""Mini-Gemini: parity with the authors' implementation, and what is refused.

The references were recorded from the original code with tiny random weights; where they are missing, checkpoints made
on the spot show the rest.
"""

# ruff: noqa: E402 -- torch and transformers are optional: without them this module is skipped, with the reason.

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evaluation.bank import shared_dir

torch = pytest.importorskip("torch", reason="Mini-Gemini runs on torch, which is not installed")
pytest.importorskip("transformers", reason="Mini-Gemini's language model needs transformers, which is not installed")

from engine.tiny_minigemini import HIDDEN, random_vision, require_sentencepiece, write_tiny_minigemini
from patchmatters.backends.minigemini import checkpoint, is_minigemini, load
from patchmatters.backends.minigemini.checkpoint import open_checkpoint, vision_shape
from patchmatters.backends.minigemini.model import MiniGemini, load_vision
from patchmatters.backends.minigemini.vision import clip_views, map_part, windows_of
from patchmatters.weights.model_files import PROJECTOR

REFERENCES = shared_dir() / "minigemini"
EXACT = 1e-5  # the true port is within 3e-6; the smallest mistake that the references were tried with makes 2.5e-5


@pytest.fixture(autouse=True, scope="module")
def _offline_on_one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    os.environ["HF_HUB_OFFLINE"] = "1"
    yield
    torch.set_num_threads(threads)


@dataclass
class Recorded:
    """What the original implementation computed, and our model of the same checkpoint."""

    tensors: dict[str, Any]
    question: str
    model: MiniGemini
    pixels: Any


@pytest.fixture(scope="module", params=["llama", "gemma"])
def recorded(request: pytest.FixtureRequest) -> Recorded:
    from safetensors.torch import load_file

    folder = REFERENCES / request.param
    if not (folder / "reference.safetensors").is_file():
        pytest.skip(f"the recorded references are not at {folder}")
    require_sentencepiece(folder / "checkpoint")
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    model = load(folder / "checkpoint", dtype=torch.float32)
    with Image.open(REFERENCES / "image.png") as picture:
        pixels = model.preprocess(picture)
    return Recorded(load_file(folder / "reference.safetensors"), meta["question"], model, pixels)


def largest_difference(one: Any, other: Any) -> float:
    assert one.shape == other.shape
    return (one - other).abs().max().item()


class TestParity:
    def test_pixels_are_identical(self, recorded: Recorded) -> None:
        assert torch.equal(recorded.pixels, recorded.tensors["pixel_values_aux"])
        assert torch.equal(clip_views(recorded.pixels, recorded.model.vision.shape), recorded.tensors["pixel_values"])

    def test_token_ids_are_identical(self, recorded: Recorded) -> None:
        before, after = recorded.model.prompt_ids(recorded.question)
        assert [*before, -200, *after] == recorded.tensors["input_ids"][0].tolist()

    def test_both_towers_agree(self, recorded: Recorded) -> None:
        vision = recorded.model.vision
        with torch.inference_mode():
            clip = vision.clip(clip_views(recorded.pixels, vision.shape))
            whole_map = map_part(vision.convnext(recorded.pixels), (0, 0), 1)
        assert largest_difference(clip, recorded.tensors["clip_features"]) <= EXACT
        assert largest_difference(whole_map, recorded.tensors["aux_features"]) <= EXACT

    def test_image_tokens_agree(self, recorded: Recorded) -> None:
        tokens = recorded.model.encode(recorded.pixels)
        assert largest_difference(tokens, recorded.tensors["image_features"][0]) <= EXACT

    def test_logits_agree_at_every_position(self, recorded: Recorded) -> None:
        with torch.inference_mode():
            logits = recorded.model.language_model(inputs_embeds=prompt_with_image(recorded)).logits
        assert largest_difference(logits, recorded.tensors["logits"]) <= EXACT

    def test_greedy_tokens_are_identical(self, recorded: Recorded) -> None:
        prompt = prompt_with_image(recorded)
        found = recorded.model.language_model.generate(
            inputs_embeds=prompt, attention_mask=torch.ones(prompt.shape[:2]), max_new_tokens=12, do_sample=False
        )
        assert found.tolist() == recorded.tensors["greedy_ids"].tolist()


def prompt_with_image(recorded: Recorded) -> Any:
    before, after = recorded.model.prompt_ids(recorded.question)
    return recorded.model.spliced(before, recorded.model.encode(recorded.pixels), after)[None]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A tiny checkpoint of one's own wishes: made fresh, so that a test may spoil it."""
    return lambda **wishes: write_tiny_minigemini(tmp_path_factory.mktemp("tiny-mgm"), **wishes)


@pytest.fixture
def pixels() -> Callable[[int], Any]:
    return lambda side: torch.randn((1, 3, side, side), generator=torch.Generator().manual_seed(1))


class TestTowers:
    """The towers, against transformers' own modules with the same weights."""

    def test_clip_is_the_clip_of_transformers(self, tiny: Callable[..., Path], pixels: Callable[[int], Any]) -> None:
        from transformers import CLIPVisionConfig, CLIPVisionModel

        sizes = {"hidden_size": 64, "intermediate_size": 96, "image_size": 28, "patch_size": 7}
        config = CLIPVisionConfig(**sizes, num_hidden_layers=3, num_attention_heads=1)
        theirs = CLIPVisionModel(config).eval()
        prefix = "model.vision_tower.vision_tower."
        if not hasattr(theirs, "vision_model"):  # later releases of transformers have one level less
            prefix += "vision_model."
        weights = {name: value for name, value in random_vision().items() if name.startswith(prefix)}
        theirs.load_state_dict({name.removeprefix(prefix): value for name, value in weights.items()})
        ours = load_vision(open_checkpoint(tiny()), torch.float32)
        with torch.inference_mode():
            expected = theirs(pixels(28), output_hidden_states=True).hidden_states[-2][:, 1:]
            assert largest_difference(ours.clip(pixels(28)), expected) <= EXACT

    def test_convnext_is_the_convnext_of_transformers(
        self, tiny: Callable[..., Path], pixels: Callable[[int], Any]
    ) -> None:
        from transformers import ConvNextConfig, ConvNextModel

        ours = load_vision(open_checkpoint(tiny()), torch.float32)
        theirs = ConvNextModel(ConvNextConfig(hidden_sizes=[4, 8, 12, 16], depths=[1, 1, 2, 1])).eval()
        missing = theirs.load_state_dict(renamed_for_transformers(random_vision()), strict=False).missing_keys
        assert set(missing) == {"layernorm.weight", "layernorm.bias"}  # a norm after the trunk, which is not used
        with torch.inference_mode():
            values = theirs.embeddings(pixels(64))
            for stage, found in zip(theirs.encoder.stages, ours.convnext(pixels(64)), strict=True):
                values = stage(values)
                assert largest_difference(found, values) <= EXACT


def renamed_for_transformers(weights: dict[str, Any]) -> dict[str, Any]:
    pairs = (
        ("model.vision_tower_aux.", ""), ("vision_stem.0.", "embeddings.patch_embeddings."),
        ("vision_stem.1.", "embeddings.layernorm."), ("vision_stages.", "encoder.stages."),
        (".downsample.", ".downsampling_layer."), (".blocks.", ".layers."), (".gamma", ".layer_scale_parameter"),
        (".conv_dw.", ".dwconv."), (".norm.", ".layernorm."), (".mlp.fc", ".pwconv"),
    )  # fmt: skip
    tower = {name: value for name, value in weights.items() if name.startswith("model.vision_tower_aux.")}
    for published, theirs in pairs:
        tower = {name.replace(published, theirs): value for name, value in tower.items()}
    return tower


class TestHighResolution:
    """HD: 4 crops and the whole, each mined by itself, against mining the whole map at once."""

    @pytest.fixture
    def vision(self, tiny: Callable[..., Path]) -> Any:
        folder = tiny(image_size_aux=128, image_grid=2, image_global=True)
        return load_vision(open_checkpoint(folder), torch.float32)

    def test_views_are_the_crops_in_reading_order_then_the_whole(
        self, vision: Any, pixels: Callable[[int], Any]
    ) -> None:
        picture = pixels(128)
        views = clip_views(picture, vision.shape)
        low = enlarged(picture, 56)
        assert torch.equal(views[1:2], low[:, :, :28, 28:])
        assert torch.equal(views[2:3], low[:, :, 28:, :28])
        assert torch.equal(views[4:], enlarged(low, 28))

    def test_a_part_of_the_map_is_the_whole_map_cut(self, vision: Any, pixels: Callable[[int], Any]) -> None:
        with torch.inference_mode():
            maps = vision.convnext(pixels(128))
        whole = torch.cat([enlarged(one, 32) for one in maps], dim=1)
        for row in range(2):
            for column in range(2):
                cut = whole[:, :, 16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
                assert torch.equal(map_part(maps, (row, column), 2), cut)

    def test_tokens_equal_those_of_the_whole_map_at_once(self, vision: Any, pixels: Callable[[int], Any]) -> None:
        picture = pixels(128)
        with torch.inference_mode():
            clip = vision.clip(clip_views(picture, vision.shape))
            whole = torch.cat([enlarged(one, 32) for one in vision.convnext(picture)], dim=1)
            parts = [enlarged(whole, 16), *(half for row in whole.chunk(2, 2) for half in row.chunk(2, 3))]
            mined = [plainly_mined(vision, clip[view], part) for view, part in zip((4, 0, 1, 2, 3), parts, strict=True)]
            expected = vision.projector(torch.cat(mined))
            found = vision(picture)
        assert found.shape == (5 * 16, HIDDEN)
        assert largest_difference(found, expected) <= EXACT

    def test_without_the_whole_there_are_the_crops_only(
        self, tiny: Callable[..., Path], vision: Any, pixels: Callable[[int], Any]
    ) -> None:
        folder = tiny(image_size_aux=128, image_grid=2, image_global=False)
        crops_only = load_vision(open_checkpoint(folder), torch.float32)
        with torch.inference_mode():
            assert largest_difference(crops_only(pixels(128)), vision(pixels(128))[16:]) <= EXACT


def enlarged(values: Any, side: int) -> Any:
    return torch.nn.functional.interpolate(values, size=(side, side), mode="bilinear", align_corners=False)


def plainly_mined(vision: Any, tokens: Any, part: Any) -> Any:
    """Patch info mining as the paper writes it: for each token, softmax over the places of its window."""
    rows = []
    for number, token in enumerate(tokens):
        top, left = 4 * (number // 4), 4 * (number % 4)
        window = part[0, :, top : top + 4, left : left + 4].flatten(1).T
        weights = torch.softmax(vision.key(window) @ vision.query(token) / token.numel() ** 0.5, 0)
        rows.append(token + weights @ vision.value(window))
    return torch.stack(rows)


def test_windows_are_cut_in_reading_order() -> None:
    places = torch.arange(64.0).reshape(1, 1, 8, 8)
    windows = windows_of(places, 2)[..., 0]
    assert windows.shape == (4, 16)
    assert windows[1, :5].tolist() == [4, 5, 6, 7, 12]


@pytest.mark.parametrize("size", [(90, 40), (40, 91), (64, 64), (1, 300)])
def test_a_picture_is_padded_to_a_centred_square_of_the_mean_colour(
    size: tuple[int, int], tiny_model: MiniGemini
) -> None:
    white = tiny_model.preprocess(Image.new("RGB", size, "white"))[0]
    assert white.shape == (3, 64, 64)
    middle, corner = white[:, 32, 32], white[:, 0, 0]
    assert middle.min() > 1.9 or min(size) == 1  # a line one pixel wide is washed out
    padded = size[0] != size[1]
    assert (corner.abs().max() < 0.02) == padded


@pytest.fixture(scope="module")
def tiny_model(tiny: Callable[..., Path]) -> MiniGemini:
    return load(tiny(), dtype=torch.float32)


class TestLanguageModels:
    @pytest.mark.parametrize("kind", ["Llama", "Gemma", "Mixtral"])
    def test_it_computes_what_transformers_computes(self, kind: str, tiny: Callable[..., Path]) -> None:
        import transformers

        folder = tiny(kind=kind)
        ours = load(folder, dtype=torch.float32).language_model
        config = transformers.AutoConfig.from_pretrained(folder / "language")
        config.hidden_act = ours.config.hidden_act  # which transformers 5 changes for Gemma; tested below
        cls = getattr(transformers, f"{kind}ForCausalLM")
        theirs = cls.from_pretrained(folder / "language", config=config, dtype=torch.float32)
        ids = torch.tensor([[1, 40, 41, 42]])
        with torch.inference_mode():
            assert largest_difference(ours(ids).logits, theirs(ids).logits) <= EXACT

    def test_gemma_keeps_the_activation_of_its_config(self, tiny: Callable[..., Path]) -> None:
        model = load(tiny(kind="Gemma"), dtype=torch.float32).language_model
        assert model.config.hidden_act == "gelu"

    def test_no_weight_is_left_unread(self, tiny_model: MiniGemini) -> None:
        assert not any(weight.is_meta for weight in [*tiny_model.parameters(), *tiny_model.buffers()])

    def test_the_default_precision_is_the_published_one(self, tiny: Callable[..., Path]) -> None:
        model = load(tiny())
        assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
        with Image.new("RGB", (50, 40), "teal") as picture:
            assert model.encode(model.preprocess(picture)).dtype == torch.bfloat16


_Q = "What is it?"
_PROMPTS = [
    (
        {"kind": "Llama", "vocabulary": 300},
        "<s>A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, "
        "detailed, and polite answers to the user's questions. USER: ",
        f"\n{_Q} ASSISTANT:",
    ),
    (
        {"kind": "Gemma"},
        "<s><start_of_turn>user\n",
        f"\n{_Q}<end_of_turn>\n<start_of_turn>model\n",
    ),
    ({"kind": "Mixtral"}, "<s>[INST] ", f"\n{_Q} [/INST]"),
    (
        {"kind": "Llama", "vocabulary": 64000},
        "<s><|im_start|>system\nAnswer the questions.<|im_end|><|im_start|>user\n",
        f"\n{_Q}<|im_end|><|im_start|>assistant\n",
    ),
    (
        {"kind": "Llama", "vocabulary": 128256},
        "<s><|start_header_id|>system<|end_header_id|>\n\nYou are a helpful language and vision assistant. You are "
        "able to understand the visual content that the user provides, and assist the user with a variety of tasks "
        "using natural language.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
        f"\n{_Q}<|eot_id|><|start_header_id|>system<|end_header_id|>\n\n",
    ),
]


class TestPrompts:
    @pytest.mark.parametrize(("wishes", "before", "after"), _PROMPTS)
    def test_each_language_model_is_asked_as_it_was_trained(
        self, wishes: dict[str, Any], before: str, after: str, tiny: Callable[..., Path]
    ) -> None:
        model = load(tiny(**wishes))
        first, second = (model.tokenizer.decode(ids) for ids in model.prompt_ids(_Q))
        assert (first, second) == (before, after)

    def test_a_question_without_a_picture_is_one_text(self, tiny_model: MiniGemini) -> None:
        text = tiny_model.tokenizer.decode(tiny_model.script.text_ids(_Q))
        assert text.endswith(f"questions. USER: {_Q} ASSISTANT:")


class TestRefusals:
    """A folder that is no captioner, in a sentence that names what is wrong."""

    def test_another_model(self, tiny: Callable[..., Path]) -> None:
        folder = tiny()
        (folder / "config.json").write_text('{"model_type": "llava"}', encoding="utf-8")
        with pytest.raises(ValueError, match=r"no Mini-Gemini.*mm_vision_tower_aux"):
            load(folder)

    def test_a_look_alike_of_another_width(self, tiny: Callable[..., Path]) -> None:
        with pytest.raises(ValueError, match=r"only looks like a Mini-Gemini .*mm_hidden_size is 192.*64 wide"):
            load(tiny(mm_hidden_size=192))

    def test_another_projector(self, tiny: Callable[..., Path]) -> None:
        with pytest.raises(ValueError, match="mm_projector_type is 'linear'"):
            load(tiny(mm_projector_type="linear"))

    def test_an_unknown_language_model(self, tiny: Callable[..., Path]) -> None:
        with pytest.raises(ValueError, match=r"unknown kind .*MGMPhiForCausalLM"):
            load(tiny(architectures=["MGMPhiForCausalLM"]))

    def test_a_config_that_says_too_little(self, tiny: Callable[..., Path]) -> None:
        with pytest.raises(ValueError, match="does not say its image_size_aux"):
            load(tiny(image_size_aux=None))

    def test_a_picture_that_cannot_be_cut(self, tiny: Callable[..., Path]) -> None:
        with pytest.raises(ValueError, match="image_size_aux of 96"):
            load(tiny(image_size_aux=96, image_grid=2))

    def test_a_projector_of_the_first_stage(self, tiny: Callable[..., Path]) -> None:
        folder = tiny()
        (folder / "model.safetensors").rename(folder / PROJECTOR)
        with pytest.raises(ValueError, match="only a projector from the first stage"):
            load(folder)

    def test_weights_that_may_carry_code(self, tiny: Callable[..., Path]) -> None:
        folder = tiny()
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
        with pytest.raises(ValueError, match="safetensors"):
            load(folder)

    def test_a_shard_that_was_not_downloaded(self, tiny: Callable[..., Path]) -> None:
        folder = tiny()
        index = {"weight_map": {"lm_head.weight": "model-00001-of-00002.safetensors"}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
        with pytest.raises(ValueError, match=r"model-00001-of-00002\.safetensors of 1 .* missing"):
            load(folder)

    def test_a_file_that_was_cut_off(self, tiny: Callable[..., Path]) -> None:
        weights = tiny() / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-5000])
        with pytest.raises(ValueError, match="cut off"):
            load(weights.parent)

    def test_no_tokenizer(self, tiny: Callable[..., Path]) -> None:
        folder = tiny()
        (folder / "tokenizer.json").unlink()
        with pytest.raises(ValueError, match="has no tokenizer"):
            load(folder)

    def test_a_tokenizer_that_needs_a_package_which_is_not_there(
        self, tiny: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tiny()
        (folder / "tokenizer.json").rename(folder / "tokenizer.model")
        monkeypatch.setitem(checkpoint._TOKENIZER_PACKAGES, "nowhere.to_be_found", "that-package")
        with pytest.raises(RuntimeError, match=r'run "pip install .*that-package"'):
            load(folder)

    def test_a_tokenizer_that_is_damaged(self, tiny: Callable[..., Path]) -> None:
        folder = tiny()
        (folder / "tokenizer.json").unlink()
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 493443\n"
        (folder / "tokenizer.model").write_text(pointer, encoding="utf-8")
        require_sentencepiece(folder)
        with pytest.raises(RuntimeError, match=r"tokenizer.model of .* cannot be read"):
            load(folder)

    @pytest.mark.parametrize(
        ("name", "shape", "complaint"),
        [
            ("model.mm_projector.2.bias", None, "missing: model.mm_projector.2.bias"),
            ("model.vision_tower_aux.vision_stages.2.blocks.0.gamma", None, "lacks .*stages.2.blocks.0.gamma"),
            ("model.vision_tower_aux.head.weight", (3, 3), "unexpected: model.vision_tower_aux.head.weight"),
            ("model.vlm_uni_query_projector.1.weight", (64, 60), "of another shape: model.vlm_uni_query_projector"),
        ],
    )
    def test_vision_weights_that_do_not_fit_are_named(
        self, name: str, shape: tuple[int, ...] | None, complaint: str, tiny: Callable[..., Path]
    ) -> None:
        folder = tiny()
        change_weight(folder, name, None if shape is None else torch.zeros(shape))
        with pytest.raises(ValueError, match=complaint):
            load(folder)

    def test_a_language_model_that_is_incomplete(self, tiny: Callable[..., Path]) -> None:
        folder = tiny()
        change_weight(folder, "model.layers.1.mlp.up_proj.weight", None)
        with pytest.raises(RuntimeError, match=r"lacks 1 weights .*layers.1.mlp.up_proj"):
            load(folder)


def change_weight(folder: Path, name: str, value: Any) -> None:
    """Put a tensor into a checkpoint, or take it out (None)."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    tensors.pop(name, None)
    if value is not None:
        tensors[name] = value
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def test_a_checkpoint_is_known_by_its_second_tower() -> None:
    assert is_minigemini({"mm_vision_tower_aux": "somewhere"})
    assert not is_minigemini({"model_type": "llava", "mm_vision_tower": "somewhere"})


def test_sizes_are_read_off_the_tensors(tiny: Callable[..., Path]) -> None:
    shape = vision_shape(open_checkpoint(tiny(image_size_aux=128, image_grid=2, image_global=True)))
    assert (shape.clip_side, shape.window, shape.tokens) == (28, 4, 5 * 16)
    assert shape.stage_depths == (1, 1, 2, 1)
