"""Fit Prompt to Encoder with core's own tokenizers, and its prompts read back by core's own weight parser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

CAPTION = " ".join(
    f"A small dog ({colour}) sleeps on a sofa. At the top left: a {colour} lamp glows; the wall is {colour}. "
    f"On the right, a {colour} cat looks at the dog from behind a curtain. The floor is made of {colour} oak."
    for colour in ("red", "green", "blue", "white", "black", "brown", "grey", "pink")
)
TOKENIZERS = {  # what people load -> core's tokenizer class
    "SD 1.5": ("comfy.sd1_clip", "SD1Tokenizer"),
    "SDXL": ("comfy.sdxl_clip", "SDXLTokenizer"),
    "Flux": ("comfy.text_encoders.flux", "FluxTokenizer"),
    "SD3": ("comfy.text_encoders.sd3_clip", "SD3Tokenizer"),
    "Qwen-Image": ("comfy.text_encoders.qwen_image", "QwenImageTokenizer"),
}
each_clip = pytest.mark.parametrize("kind", list(TOKENIZERS))


@pytest.fixture(scope="session")
def clips(comfy: Any) -> Callable[[str], Any]:
    """`clips("Flux")`: core's CLIP with its own tokenizer and no weights; what it cannot do here is encode."""
    import importlib

    from comfy.sd import CLIP
    from comfy.sd1_clip import SD1ClipModel

    made: dict[str, Any] = {}

    def clip(kind: str) -> Any:
        if kind not in made:
            module, name = TOKENIZERS[kind]
            made[kind] = CLIP(no_init=True)
            made[kind].tokenizer = getattr(importlib.import_module(module), name)()
            made[kind].tokenizer_options = {}
            made[kind].cond_stage_model = SD1ClipModel.__new__(SD1ClipModel)
        return made[kind]

    return clip


@pytest.fixture(scope="session")
def fit(nodes: dict[str, Any]) -> Callable[..., tuple[str, str]]:
    """`fit(caption, clip, windows=2)`: the prompt and the report, other widgets at their defaults."""
    node = nodes["PatchMatters_FitPrompt"]
    defaults = {one.id: one.default for one in node.GET_SCHEMA().inputs if getattr(one, "default", None) is not None}

    def run(caption: Any, clip: Any, **widgets: Any) -> tuple[str, str]:
        inputs = {"caption": caption, "clip": clip, **defaults | widgets}
        prompts, reports = node.EXECUTE_NORMALIZED(**{name: [value] for name, value in inputs.items()}).args
        return prompts[0], reports[0]

    return run


@pytest.fixture(scope="session")
def encoders(part: Callable[[str], Any]) -> Any:
    return part("nodes.encoders")


def inner_tokenizers(clip: Any) -> dict[str, Any]:
    """Core's tokenizer of each encoder: named after it, with "clip_" before CLIP's."""
    found = vars(clip.tokenizer)
    return {name.removeprefix("clip_"): one for name, one in found.items() if hasattr(one, "tokenizer")}


@each_clip
@settings(deadline=None, max_examples=12)
@given(
    text=st.lists(st.sampled_from([*CAPTION.split(), "unbelievably", "f/2.8", "\u6625"]), max_size=150).map(" ".join)
)
def test_tokens_are_counted_as_core_counts_them(clips: Any, encoders: Any, kind: str, text: str) -> None:
    """Against the tokenizer inside, without core's windows, padding, start and end."""
    clip = clips(kind)
    plain = text.replace("(", "").replace(")", "")
    counted = encoders.counter(clip, encoders.encoders_of(clip))(plain)
    assert set(counted) == set(inner_tokenizers(clip))
    template = getattr(clip.tokenizer, "llama_template", "{}")
    for name, tokenizer in inner_tokenizers(clip).items():
        ids, empty = (tokenizer.tokenizer(template.format(one))["input_ids"] for one in (plain, ""))
        assert counted[name] == len(ids) - len(empty)


@pytest.mark.parametrize(
    ("kind", "windows"),
    [
        ("SD 1.5", {"l": 75}),
        ("SDXL", {"g": 75, "l": 75}),
        ("Flux", {"l": 75, "t5xxl": None}),
        ("SD3", {"g": 75, "l": 75, "t5xxl": None}),
        ("Qwen-Image", {"qwen25_7b": None}),
    ],
)
def test_windows_are_those_of_core(clips: Any, encoders: Any, kind: str, windows: dict[str, int | None]) -> None:
    assert {one.name: one.window for one in encoders.encoders_of(clips(kind))} == windows


@each_clip
@pytest.mark.parametrize("style", ["sentences", "tags"])
@settings(deadline=None, max_examples=6)
@given(windows=st.integers(1, 2), tokens=st.integers(20, 200), prefix=st.sampled_from(["", "(best quality:1.2), film"]))
def test_core_reads_the_prompt_in_the_windows_allowed(
    clips: Any, fit: Any, kind: str, style: str, windows: int, tokens: int, prefix: str
) -> None:
    clip = clips(kind)
    prompt, report = fit(
        CAPTION, clip, windows=windows, tokens=tokens, prefix=prefix, suffix="35mm", trigger="ohwx", style=style
    )
    assert prompt.startswith("ohwx, " + prefix)
    assert prompt.endswith("35mm")
    empty = clip.tokenize("", return_word_ids=True)
    for name, pieces in clip.tokenize(prompt, return_word_ids=True).items():
        if len(pieces[0]) == 77 and name in ("l", "g"):
            assert len(pieces) <= windows
        else:
            used = sum(1 for piece in pieces for entry in piece if entry[2])
            assert used - sum(1 for piece in empty[name] for entry in piece if entry[2]) <= tokens
    assert "Left out" in report


def test_the_longest_encoder_alone_may_be_asked(clips: Any, fit: Any) -> None:
    short, _ = fit(CAPTION, clips("Flux"))
    long, report = fit(CAPTION, clips("Flux"), encoders="longest encoder")
    assert len(long) > 2 * len(short)
    assert "no limit asked" in report


def test_an_embedding_and_weights_in_the_prefix_are_counted(clips: Any, encoders: Any) -> None:
    """Words with weights are groups of their own, which core does not break at the end of a window."""
    clip = clips("SD 1.5")
    text = "(one two three four five six:1.1) " * 14
    assert len(clip.tokenize(text)["l"]) == 2
    assert encoders.counter(clip, encoders.encoders_of(clip))(text)["l"] > 75


texts = st.lists(
    st.sampled_from(["(", ")", "((", "\\", "\\(", ":1.3)", "red", "dog.", "embedding:x", "(a:2)"]), max_size=12
).map(" ".join)


@settings(deadline=None)
@given(text=texts)
def test_every_word_of_a_caption_has_weight_one(part: Callable[[str], Any], comfy: Any, text: str) -> None:
    from comfy.sd1_clip import escape_important, token_weights, unescape_important

    escaped = part("patchmatters.generate.escape").escaped(text)
    read = token_weights(escape_important(escaped), 1.0)
    assert {weight for _, weight in read} <= {1.0}
    plain = text.replace("\\(", "(").replace("embedding:", "embedding :")  # what came escaped is read as it was meant
    assert "".join(unescape_important(piece) for piece, _ in read) == plain


@each_clip
def test_core_gives_every_token_of_a_fitted_caption_weight_one(clips: Any, fit: Any, kind: str) -> None:
    caption = "A (very:1.4) red ((dog)) sleeps :) on a sofa (brown. The embedding:xyz wall is white)."
    prompt, _ = fit(caption, clips(kind))
    assert prompt.count("(") == caption.count("(")
    assert {entry[1] for pieces in clips(kind).tokenize(prompt).values() for piece in pieces for entry in piece} == {
        1.0
    }


def test_scenes_give_a_prompt_each(nodes: dict[str, Any], clips: Any, composed: tuple[Any, ...]) -> None:
    node = nodes["PatchMatters_FitPrompt"]
    prompts, reports = node.EXECUTE_NORMALIZED(
        caption=[composed[1]], clip=[clips("SD 1.5")], trigger=[""], prefix=[""], suffix=[""], escape=[True],
        style=["sentences"], windows=[1], tokens=[256], encoders=["every encoder"],
    ).args  # fmt: skip
    assert len(prompts) == len(reports) == 2
    for prompt, scene in zip(prompts, composed[1], strict=True):
        assert prompt
        assert len(clips("SD 1.5").tokenize(prompt)["l"]) == 1
        assert len(clips("SD 1.5").tokenize(scene.caption_text)["l"]) > 1


@pytest.mark.parametrize(
    ("caption", "widgets", "says"),
    [
        ("A dog.", {"prefix": "word " * 80}, "take 80 tokens in CLIP-L, but the budget is 75"),
        ("", {}, "nothing to write"),
        ("x1y2z3" * 100 + ".", {}, "No sentence of the caption fits into 75 tokens in CLIP-L"),
        ("A dog.", {"windows": 0}, "windows is 0, but must be at least 1"),
    ],
)
def test_what_cannot_fit_is_a_sentence(clips: Any, fit: Any, caption: str, widgets: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        fit(caption, clips("SD 1.5"), **widgets)


def test_an_empty_caption_leaves_the_prefix(clips: Any, fit: Any) -> None:
    assert fit("", clips("SD 1.5"), prefix="a photo")[0] == "a photo"


@pytest.mark.parametrize(
    ("clip", "says"), [(None, "connect Load CLIP instead"), (object(), "not one that only writes text")]
)
def test_a_clip_that_cannot_encode_is_refused(fit: Any, clip: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        fit("A dog.", clip)


def test_a_scene_without_a_caption_names_the_remedy(fit: Any, clips: Any, described: Any) -> None:
    with pytest.raises(ValueError, match="put Compose Caption before it"):
        fit(described, clips("SD 1.5"))
