"""Local captioners of every family, end to end through the engine, with tiny models of the real architectures."""

from __future__ import annotations

import json
import random
import shutil
import socket
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("torch", reason="local models need torch")
pytest.importorskip("transformers", reason="local models need transformers")

import torch
import transformers

from engine import tiny_models
from patchmatters.backends.local import batches, devices, memory
from patchmatters.backends.local.loading import require_transformers
from patchmatters.backends.transformers_chat import TransformersChat, TransformersSettings, create
from patchmatters.describe import DescribeSettings, describe
from patchmatters.divide import divide
from patchmatters.models import QUIET, Answer, Outcome, Question, QuietMonitor, derive_seed
from patchmatters.picture import Crop
from patchmatters.pipeline import caption_pictures
from patchmatters.scene import Box
from patchmatters.semantic_filter import CompareSettings, compare

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
OLD = int(transformers.__version__.split(".")[0]) < 5
HAS_TORCHVISION = transformers.utils.is_torchvision_available()
FAMILIES = tuple(tiny_models.CAPTIONERS)
# The tower that turns pixels into image tokens, by family; it must run once per patch.
TOWERS = {
    "llava": "model.vision_tower",
    "llava_next": "model.vision_tower",
    "qwen2_5_vl": "model.visual",
    "qwen3_vl": "model.visual",
    "idefics3": "model.vision_model",
    "smolvlm": "model.vision_model",
    "blip2": "vision_model",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Each family's tiny model, built once."""
    root, built = tmp_path_factory.mktemp("models"), {}

    def folder(family: str) -> Path:
        if family == "smolvlm" and OLD and not HAS_TORCHVISION:
            pytest.skip("SmolVLM's processor of transformers 4 needs torchvision")
        if family == "smolvlm" and not transformers.utils.is_num2words_available():
            pytest.skip("SmolVLM's processor needs num2words")
        if family not in built:
            torch.manual_seed(0)
            build = tiny_models.CAPTIONERS.get(family, tiny_models.text_model)
            built[family] = build(root / family)
        return built[family]

    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A found folder never touches the network: any attempt to connect fails the test."""

    def refuse(*arguments: object, **more: object) -> None:
        raise AssertionError(f"the network was used: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def _photo(width: int = 200, height: int = 150) -> Image.Image:
    return Image.frombytes("RGB", (40, 30), random.Random(0).randbytes(40 * 30 * 3)).resize((width, height))


PHOTO = _photo()
BOXES = (Box(0, 0, 200, 150), Box(0, 0, 100, 75), Box(60, 0, 200, 75), Box(0, 50, 90, 150))


def _questions(candidates: int = 3, tokens: int = 12, temperature: float = 0.7) -> list[Question]:
    """One question for the first box, `candidates` for each of the others, as Describe asks."""
    return [
        Question(
            f"patch {number}, candidate {one}", "describe this image in detail", (Crop("photo", box, PHOTO),),
            temperature=temperature, max_new_tokens=tokens, seed=derive_seed(0, number, one),
        )
        for number, box in enumerate(BOXES)
        for one in range(candidates if number else 1)
    ]  # fmt: skip


def _open(folder: Path, **settings: Any) -> TransformersChat:
    return create(TransformersSettings(str(folder), device="cpu", **settings))


def _texts(answers: Sequence[Answer]) -> list[str]:
    assert all(answer.outcome is Outcome.ANSWER for answer in answers), answers
    return [answer.text for answer in answers]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_gives_the_same_text_in_any_batch(folders: Callable[[str], Path], family: str) -> None:
    model, questions = _open(folders(family)), _questions()
    together = _texts(model.answer(questions, QUIET))
    alone = [_texts(model.answer([question], QUIET))[0] for question in questions]
    shuffled = list(range(len(questions)))
    random.Random(1).shuffle(shuffled)
    mixed = _texts(_open(folders(family), batch_size=4).answer([questions[one] for one in shuffled], QUIET))
    assert together == alone == [mixed[shuffled.index(number)] for number in range(len(questions))]


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "blip_captioner"])
def test_greedy_text_is_that_of_transformers_generate(folders: Callable[[str], Path], family: str) -> None:
    model = _open(folders(family))
    questions = _questions(1, temperature=0.0)
    ours = _texts(model.answer(questions, QUIET))
    with model.residence.lend(0) as module:
        for question, text in zip(questions, ours, strict=True):
            inputs = model.speech.eyes.encode([model.speech.prompt(question)], nested=family != "blip2")
            inputs.pop("token_type_ids", None)
            length = inputs["input_ids"].shape[1]
            said = module.generate(**inputs, do_sample=False, max_new_tokens=question.max_new_tokens)[0]
            answer = said[length:] if length < len(said) else said
            assert text == model.speech.tokenizer.decode(answer, skip_special_tokens=True).strip()


@contextmanager
def _count_rows(module: Any, name: str) -> Any:
    """The number of calls of a part of a model."""
    calls: list[int] = []
    part = module.get_submodule(name)
    hook = part.register_forward_pre_hook(lambda *given, **more: calls.append(1), with_kwargs=True)
    yield calls
    hook.remove()


@pytest.mark.parametrize("family", TOWERS)
def test_candidates_share_the_tower_and_the_reading_of_the_prompt(folders: Callable[[str], Path], family: str) -> None:
    model = _open(folders(family))
    with model.residence.lend(0) as module:
        read: list[int] = []
        language = module.get_decoder()

        def note(part: Any, args: Any, kwargs: dict[str, Any]) -> None:
            given = kwargs.get("inputs_embeds")
            given = kwargs.get("input_ids") if given is None else given
            read.append(given.shape[0] * given.shape[1])

        hook = language.register_forward_pre_hook(note, with_kwargs=True)
        with _count_rows(module, TOWERS[family]) as calls:
            model.answer(_questions(1, tokens=1), QUIET)
            single, read[:] = (len(calls), sum(read)), []
            calls.clear()
            model.answer(_questions(5, tokens=1), QUIET)
        hook.remove()
    assert (len(calls), sum(read)) == single


def test_the_whole_method_runs_with_a_local_model(folders: Callable[[str], Path]) -> None:
    model = _open(folders("llava"))
    scenes = caption_pictures([PHOTO], model, text_model=None, names=["photo"])
    assert scenes[0].caption_text
    assert scenes[0].records[0].model == "llava"


def test_a_text_model_reads_a_shared_instruction_once_and_says_the_same(folders: Callable[[str], Path]) -> None:
    model = _open(folders("text"))
    questions = [
        Question(f"q{number}", f"passages : {words}", prefix="compare the same and unique passages " * 8,
                 temperature=0.7, top_p=0.9, max_new_tokens=16, seed=number)
        for number, words in enumerate(("a red dog", "the sky is blue and the sun", "a man", "a boat on the sea near"))
    ]  # fmt: skip
    with model.residence.lend(0) as module:
        read: list[int] = []
        hook = module.register_forward_pre_hook(
            lambda part, args, kwargs: read.append(kwargs["input_ids"].shape[0]), with_kwargs=True
        )
        together = _texts(model.answer(questions, QUIET))
        hook.remove()
    assert read[:2] == [1, 4]  # the instruction in one row, then the rest of all four
    assert together == [_texts(model.answer([question], QUIET))[0] for question in questions]


def test_a_vision_model_also_answers_about_text(folders: Callable[[str], Path]) -> None:
    for family in ("llava", "qwen2_5_vl", "qwen3_vl", "idefics3"):
        model = _open(folders(family))
        text = Question("text", "compare a dog and a cat", temperature=0.0, max_new_tokens=8)
        alone = model.answer([text], QUIET)[0]
        # The picture's positions, which Qwen-VL remembers, must not reach a question about text.
        mixed = model.answer([*_questions(1), text], QUIET)[-1]
        assert mixed.text == alone.text


class Watching(QuietMonitor):
    """Counts what a Monitor is told, and cancels at a poll if it shall."""

    def __init__(self, cancel_at: int | None = None, cancel_after_done: int | None = None) -> None:
        self.polls, self.done, self.partials = 0, [], []
        self._at, self._after = cancel_at, cancel_after_done

    def poll(self) -> None:
        self.polls += 1
        if self.polls == self._at or (self._after is not None and len(self.done) >= self._after):
            raise Cancelled

    def advance(self, name: str) -> None:
        self.done.append(name)

    def partial(self, name: str, text: str) -> None:
        self.partials.append((name, text))


class Cancelled(BaseException):
    """Not an Exception, as ComfyUI's own."""


def test_progress_is_told_for_every_token(folders: Callable[[str], Path]) -> None:
    monitor, questions = Watching(), _questions(2, tokens=6)
    answers = _open(folders("llava")).answer(questions, monitor)
    assert sorted(monitor.done) == sorted(question.name for question in questions)
    for question, answer in zip(questions, answers, strict=True):
        told = [text for name, text in monitor.partials if name == question.name]
        assert told[-1].strip() == answer.text
        assert len(told) in (answer.output_tokens, answer.output_tokens + 1)


def test_cancelling_stops_within_one_token_and_leaves_the_model_usable(folders: Callable[[str], Path]) -> None:
    model, monitor = _open(folders("llava")), Watching(cancel_at=4)
    with pytest.raises(Cancelled):
        model.answer(_questions(2, tokens=200), monitor)
    assert monitor.polls == 4
    assert _texts(model.answer(_questions(1), QUIET))


def test_what_was_complete_before_a_cancel_is_not_asked_again(folders: Callable[[str], Path]) -> None:
    model, questions = _open(folders("llava"), batch_size=1), _questions(1)
    with pytest.raises(Cancelled):
        model.answer(questions, Watching(cancel_after_done=2))
    second = Watching()
    answers = model.answer(questions, second)
    assert len({name for name, _ in second.partials}) == len(questions) - 2
    assert len(second.done) == len(questions)
    assert _texts(answers) == _texts(_open(folders("llava")).answer(questions, QUIET))


def test_memory_that_runs_out_halves_the_batch(
    folders: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model, questions = _open(folders("llava_next")), _questions()
    wanted = _texts(model.answer(questions, QUIET))
    with model.residence.lend(0) as module:
        forward, calls = module.forward, []

        def scarce(*args: Any, **inputs: Any) -> Any:
            calls.append(len(inputs["input_ids"]))
            if len(calls) > 4 and calls[-1] > 3:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return forward(*args, **inputs)

        monkeypatch.setattr(module, "forward", scarce)
        with caplog.at_level("WARNING", logger=batches.__name__):
            assert _texts(model.answer(questions, QUIET)) == wanted
    assert "Memory ran out" in caplog.text


def test_the_global_random_state_is_left_alone(folders: Callable[[str], Path]) -> None:
    model = _open(folders("llava"))
    model.answer(_questions(1), QUIET)
    before = torch.get_rng_state()
    model.answer(_questions(1), QUIET)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_precision_is_that_of_the_settings_and_repeats_itself(folders: Callable[[str], Path], precision: str) -> None:
    model = _open(folders("llava"), precision=precision)
    first, again = (_texts(model.answer(_questions(), QUIET)) for _ in range(2))
    assert first == again
    with model.residence.lend(0) as module:
        assert module.dtype is {"bf16": torch.bfloat16, "fp32": torch.float32}[precision]


def test_attention_is_that_of_the_settings(folders: Callable[[str], Path]) -> None:
    texts = []
    for attention in ("sdpa", "eager"):
        model = _open(folders("llava"), attention=attention)
        texts.append(_texts(model.answer(_questions(1, temperature=0.0), QUIET)))
        with model.residence.lend(0) as module:
            assert module.config._attn_implementation == attention
    assert texts[0] == texts[1]


@pytest.mark.parametrize("size", [(1, 1), (1, 600), (3, 2), (1000, 7)])
@pytest.mark.parametrize("family", ["qwen2_5_vl", "llava_next", "idefics3"])
def test_slivers_of_a_picture_are_seen(folders: Callable[[str], Path], family: str, size: tuple[int, int]) -> None:
    photo = _photo(1000, 600)
    question = Question("sliver", "describe", (Crop("photo", Box(0, 0, *size), photo),), max_new_tokens=2)
    assert _open(folders(family)).answer([question], QUIET)[0].outcome is Outcome.ANSWER


def test_a_hundred_megapixels_are_scaled_down_first(folders: Callable[[str], Path]) -> None:
    photo = Image.new("RGB", (10_000, 10_000), (90, 120, 30))
    question = Question("large", "describe", (Crop("large", Box(0, 0, 10_000, 10_000), photo),), max_new_tokens=2)
    model = _open(folders("qwen2_5_vl"), max_pixels=20_000)
    answer = model.answer([question], QUIET)[0]
    assert answer.outcome is Outcome.ANSWER
    assert answer.input_tokens < 100


def test_a_prompt_longer_than_the_window_is_a_failure_of_that_question(tmp_path: Path) -> None:
    model = _open(tiny_models.text_model(tmp_path / "short", max_position_embeddings=40))
    long = Question("long", "dog " * 60, max_new_tokens=8)
    fits = Question("fits", "dog", max_new_tokens=80, temperature=0.0)
    first, second = model.answer([long, fits], QUIET)
    assert first.outcome is Outcome.FAILURE and "at most 40" in first.detail
    assert second.outcome is Outcome.ANSWER and second.output_tokens < 40


# --- bad input: each a sentence that says what to do, before minutes are spent ---------------------------------------


def _broken(folders: Callable[[str], Path], tmp_path: Path, break_it: Callable[[Path], object]) -> Path:
    """A copy of a good model with something wrong."""
    folder = tmp_path / "broken"
    shutil.copytree(folders("llava"), folder)
    break_it(folder)
    return folder


def _cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def _only_pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04K\x01.")


def _missing_shard(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))


def _no_template(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()


def _unknown_type(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "frobnicator"}))


def _original_llava(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["LlavaLlamaForCausalLM"]}))


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda folder: (folder / "config.json").unlink(), "is no model: it has no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "download the file again"),
        (_cut, "is cut off"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"PK"), "download it again"),
        (_only_pickle, "get the safetensors version"),
        (lambda folder: (folder / "model.safetensors").unlink(), "the download is incomplete"),
        (_missing_shard, "model-00002-of-00002.safetensors of 2 weight files is missing"),
        (_no_template, "has no chat template: add"),
        (_unknown_type, "update transformers, or choose another model"),
        (_original_llava, "converted for transformers"),
    ],
)
def test_a_bad_folder_is_refused_with_what_to_do(
    folders: Callable[[str], Path], tmp_path: Path, break_it: Callable[[Path], object], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        _open(_broken(folders, tmp_path, break_it))


def test_a_text_model_refuses_a_picture(folders: Callable[[str], Path]) -> None:
    model = _open(folders("text"))
    assert not model.sees_images
    with pytest.raises(ValueError, match="cannot see images: choose a vision-language model"):
        model.answer(_questions(1), QUIET)
    with pytest.raises(ValueError, match="choose a vision-language model"):
        describe(divide([PHOTO]), model)


def test_weights_that_lack_something_are_refused(folders: Callable[[str], Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    def drop(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        tensors.pop(next(name for name in tensors if "q_proj" in name))
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})

    model = _open(_broken(folders, tmp_path, drop))
    with pytest.raises(RuntimeError, match=r"lacks 1 weights .* Download the model again"):
        model.answer(_questions(1), QUIET)


def test_no_free_memory_is_said_before_loading(folders: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1000)
    model = _open(folders("llava"))
    with pytest.raises(RuntimeError, match="are free on cpu: close other programs"):
        model.answer(_questions(1), QUIET)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"quantisation": "4-bit"}, "bitsandbytes"),
        ({"attention": "flash"}, "flash_attn"),
        ({"model": ""}, "No model is named"),
        ({"model": "no-such-model"}, "There is no model 'no-such-model'"),
    ],
)
def test_settings_that_cannot_work_say_so_before_any_download(
    folders: Callable[[str], Path], settings: dict[str, Any], says: str
) -> None:
    chosen = {"model": str(folders("llava")), "device": "cpu"} | settings
    with pytest.raises(ValueError, match=says):
        create(TransformersSettings(**chosen))


def test_a_device_that_is_not_there_is_refused() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ValueError, match="There is no device 'cuda'"):
        devices.choose_device("cuda")


def test_transformers_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transformers.__version__", "4.49.0")
    with pytest.raises(RuntimeError, match="too old for local models"):
        require_transformers()


def test_compare_survives_a_model_that_talks_nonsense(folders: Callable[[str], Path]) -> None:
    captioner, writer = _open(folders("llava")), _open(folders("text"))
    scenes = describe(divide([PHOTO]), captioner, DescribeSettings(candidates=2, max_new_tokens=16))
    compared = compare(scenes, settings=CompareSettings(max_new_tokens=64), model=writer)
    assert compared[0].warnings
    assert all(patch.statements for patch in compared[0].patches if patch.passages)
