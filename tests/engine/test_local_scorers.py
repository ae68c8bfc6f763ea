"""Image-text scorers of local weights: as the models' own forward passes say, each crop looked at once."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

pytest.importorskip("torch", reason="local models need torch")
pytest.importorskip("transformers", reason="local models need transformers")

import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as LISTED

from engine import tiny_families, tiny_models
from patchmatters.backends import CHAT_MODELS, SCORERS, blip, similarity_scorers
from patchmatters.backends.judge import VerdictScorer, asked, judge_by
from patchmatters.backends.local.clauses import pieces_of, score_by_pieces
from patchmatters.backends.local.scoring import ScorerSettings
from patchmatters.backends.scorer_choice import scorer_for_path
from patchmatters.backends.scripted import ScriptedChat
from patchmatters.backends.transformers_chat import TransformersSettings, create
from patchmatters.models import QUIET, Answer, Outcome, Question, Scorer
from patchmatters.picture import Crop
from patchmatters.pipeline import caption_pictures
from patchmatters.scene import Box

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
PHOTO = Image.frombytes("RGB", (40, 30), random.Random(0).randbytes(40 * 30 * 3)).resize((200, 150))
ROUNDING = 1e-5  # float32 summed in another order, as each processor does; CLIP's scores stretch a cosine by five
CROP = Crop("photo", Box(0, 0, 200, 150), PHOTO)
OTHER = Crop("photo", Box(50, 20, 120, 150), PHOTO)
SENTENCES = ("a red dog sits on the grass.", "the sky is blue", "a man holds a ball and a woman stands near the tree")
LONG = "a man holds a ball, and a woman stands near the tree with a small black cat under the table, and " * 2
JUDGES = ("llava", "llava_next", "qwen2_5_vl", "qwen3_vl", "idefics3")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    root, built = tmp_path_factory.mktemp("scorers"), {}

    def folder(name: str) -> Path:
        if name not in built:
            torch.manual_seed(0)
            built[name] = (tiny_models.CAPTIONERS | tiny_models.SCORERS | tiny_families.FAMILIES)[name](root / name)
        return built[name]

    return folder


def _open(folder: Path) -> Any:
    line = SCORERS[scorer_for_path(folder)]
    return line.create(line.settings_class()(model=str(folder), device="cpu"))


def _reference_blip(module: Any, pixels: Any, processor: Any, sentence: str) -> float:
    """Two calls of the whole model, as the authors do; [ENC] in the first place for matching, as in LAVIS."""
    inputs = processor.tokenizer(sentence, return_tensors="pt")
    matching = inputs["input_ids"].clone()
    matching[:, 0] = processor.tokenizer.convert_tokens_to_ids("[ENC]")
    rest = {"attention_mask": inputs["attention_mask"], "pixel_values": pixels}
    itm = module(input_ids=matching, use_itm_head=True, **rest).itm_score.softmax(1)[0, 1]
    itc = module(input_ids=inputs["input_ids"], use_itm_head=False, **rest).itm_score[0, 0]
    return float((itm + itc) / 2)


def _reference_blip2(module: Any, pixels: Any, processor: Any, sentence: str) -> float:
    inputs = processor.tokenizer(sentence, return_tensors="pt")
    given = {"input_ids": inputs["input_ids"], "attention_mask": inputs["attention_mask"], "pixel_values": pixels}
    itm = module(**given, use_image_text_matching_head=True).logits_per_image.softmax(1)[0, 1]
    itc = module(**given, use_image_text_matching_head=False).logits_per_image[0, 0]
    return float((itm + itc) / 2)


def _reference_clip(module: Any, pixels: Any, processor: Any, sentence: str) -> float:
    inputs = processor.tokenizer(sentence, return_tensors="pt")
    output = module(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], pixel_values=pixels)
    cosine = output.logits_per_image[0, 0] / module.logit_scale.exp()
    return float(((cosine - 0.15) / 0.2).clamp(0, 1))


def _reference_siglip(module: Any, pixels: Any, processor: Any, sentence: str) -> float:
    inputs = processor.tokenizer(sentence, return_tensors="pt", padding="max_length", max_length=16)
    return float(module(input_ids=inputs["input_ids"], pixel_values=pixels).logits_per_image[0, 0].sigmoid())


def _reference_siglip2(module: Any, pixels: Any, processor: Any, sentence: str) -> float:
    seen = processor.image_processor(images=[PHOTO], return_tensors="pt")
    inputs = processor.tokenizer(sentence, return_tensors="pt", padding="max_length", max_length=32)
    return float(module(input_ids=inputs["input_ids"], **seen).logits_per_image[0, 0].sigmoid())


REFERENCES = {
    "blip": _reference_blip,
    "blip2": _reference_blip2,
    "clip": _reference_clip,
    "siglip": _reference_siglip,
    "siglip2": _reference_siglip2,
}


@pytest.mark.parametrize("name", REFERENCES)
def test_scores_are_those_of_the_model_itself(folders: Callable[[str], Path], name: str) -> None:
    scorer = _open(folders(name))
    scores = scorer.score(CROP, SENTENCES)
    weights = scorer.weights
    with weights.lend() as module, torch.inference_mode():
        if name == "clip":  # random weights give cosines near 0: bring them into the calibrated range
            module.visual_projection.weight.copy_(module.text_projection.weight[:, :16])
            scorer = similarity_scorers.SimilarityScorer(weights)
            scores = scorer.score(CROP, SENTENCES)
        pixels = weights.pixels(CROP, module)
        wanted = [REFERENCES[name](module, pixels, weights.processor, sentence) for sentence in SENTENCES]
    assert scores == pytest.approx(wanted, abs=ROUNDING)
    assert [scorer.score(CROP, [sentence])[0] for sentence in SENTENCES] == pytest.approx(scores, abs=ROUNDING)


@pytest.mark.parametrize("name", REFERENCES)
def test_a_crop_is_encoded_once(folders: Callable[[str], Path], name: str) -> None:
    scorer = _open(folders(name))
    with scorer.weights.lend() as module:
        calls: list[int] = []
        hook = module.vision_model.register_forward_pre_hook(lambda *given: calls.append(1))
        scorer.score(CROP, SENTENCES)
        scorer.score(CROP, [*SENTENCES, LONG])
        scorer.score(OTHER, SENTENCES)
        hook.remove()
    assert len(calls) == 2


@pytest.mark.parametrize("name", REFERENCES)
def test_many_sentences_and_none(folders: Callable[[str], Path], name: str) -> None:
    scorer: Scorer = _open(folders(name))
    assert scorer.score(CROP, []) == []
    many = [f"{one} {two} {three}" for one in ("a", "the") for two in tiny_models.WORDS[2:22] for three in ("is", "on")]
    scores = scorer.score(CROP, many)
    assert len(scores) == 80 and all(0.0 <= score <= 1.0 for score in scores)
    assert scorer.score(CROP, many[::-1]) == pytest.approx(scores[::-1], abs=ROUNDING)


@pytest.mark.parametrize("name", REFERENCES)
def test_a_long_sentence_is_scored_by_all_of_its_clauses(folders: Callable[[str], Path], name: str) -> None:
    scorer = _open(folders(name))
    window = blip.WINDOW if "blip" in name else 32 if name == "siglip2" else 16
    pieces = pieces_of(LONG, scorer.weights.tokens, window)
    assert len(pieces) > 1
    assert scorer.score(CROP, [LONG])[0] == pytest.approx(min(scorer.score(CROP, pieces)), abs=ROUNDING)


@given(st.text(alphabet="ab ,;", max_size=80).filter(str.strip), st.integers(1, 9))
def test_pieces_hold_every_word_and_fit(sentence: str, window: int) -> None:
    pieces = pieces_of(sentence, lambda text: len(text.split()), window)
    assert " ".join(pieces).split() == sentence.split()
    assert all(len(piece.split()) <= window for piece in pieces)


def test_each_piece_is_scored_once() -> None:
    asked: list[str] = []

    def score(pieces: Sequence[str]) -> list[float]:
        asked.extend(pieces)
        return [1 / len(piece) for piece in pieces]

    found = score_by_pieces(["a b", "a b, c d e", "a b"], lambda text: len(text.split()), 3, score)
    assert asked == ["a b", "a b,", "c d e"]
    assert found == [1 / 3, 1 / 5, 1 / 3]


@pytest.mark.parametrize("family", JUDGES)
def test_the_judge_looks_once_and_says_what_single_readings_say(folders: Callable[[str], Path], family: str) -> None:
    judge = judge_by(create(TransformersSettings(str(folders(family)), device="cpu")))
    single = [judge.score(CROP, [sentence])[0] for sentence in SENTENCES]
    towers = {"llava": "vision_tower", "llava_next": "vision_tower", "idefics3": "vision_model"}
    with judge.chat.residence.lend(0) as module:
        calls: list[int] = []
        tower = getattr(module.model, towers.get(family, "visual"))
        hook = tower.register_forward_pre_hook(lambda *given: calls.append(1))
        together = judge.score(CROP, SENTENCES)
        hook.remove()
    assert calls == [1]
    assert together == pytest.approx(single, abs=ROUNDING)
    assert len({round(score, 6) for score in together}) == len(SENTENCES)
    assert all(0.0 <= score <= 1.0 for score in together)


def _accepted(module: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs that a model takes; its `generate` refuses others, such as `token_type_ids` of transformers 4."""
    known = inspect.signature(module.forward).parameters
    return {name: value for name, value in inputs.items() if name in known}


# What an answer may begin with: words, or letters of a tokenizer of letters, of which the space is left out.
YES_NO = (("yes", "no"), ("yY", "nN"))


@pytest.mark.parametrize("family", ["gemma3", "gemma3n", "qwen3_5", "ovis2", "glm4v", "internvl", "mllama"])
def test_the_judge_weighs_yes_against_no_whatever_a_family_remembers(
    folders: Callable[[str], Path], family: str
) -> None:
    """Windows that slide, states that recur, pictures beside the text: as the model's own head says, one by one."""
    if family not in LISTED:
        pytest.skip(f"transformers {transformers.__version__} does not have {family}")
    if family == "gemma3n":
        pytest.importorskip("timm", reason="the tower of gemma3n needs timm: python scripts/test_transformers.py")
    judge = judge_by(create(TransformersSettings(str(folders(family)), device="cpu")))
    chat = judge.chat
    yes, no = (chat.speech.tokenizer(words)["input_ids"] for words in YES_NO[family == "qwen3_5"])
    wanted = []
    with chat.residence.lend(0) as module:
        for sentence in SENTENCES:
            prompt = chat.speech.prompt(Question("", asked(sentence), (CROP,)))
            told = module.generate(
                **_accepted(module, chat.speech.eyes.encode([prompt])), do_sample=False, max_new_tokens=1,
                output_logits=True, return_dict_in_generate=True,
            ).logits[0][0].softmax(-1)  # fmt: skip
            wanted.append(float(told[yes].sum() / (told[yes].sum() + told[no].sum())))
    assert judge.score(CROP, SENTENCES) == pytest.approx(wanted, abs=1e-4)


def test_a_statement_is_asked_about_without_its_full_stop() -> None:
    assert asked("A dog sits. ") == "Does this picture show: A dog sits? Answer yes or no."


def test_what_cannot_judge_is_refused(folders: Callable[[str], Path]) -> None:
    with pytest.raises(ValueError, match="cannot judge sentences: connect a vision-language model that chats"):
        judge_by(create(TransformersSettings(str(folders("blip_captioner")), device="cpu")))
    with pytest.raises(ValueError, match="cannot judge sentences"):
        judge_by(SCORER_LESS)


SCORER_LESS = CHAT_MODELS["builtin"].create(CHAT_MODELS["builtin"].settings_class()())


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ('{"verdicts": [0.9, 0, 1]}', [0.9, 0.0, 1.0]),
        ('Sure:\n```json\n{"verdicts": [true, "no", "0.25"]}\n```', [1.0, 0.0, 0.25]),
        ('{"verdicts": [0.9, 2, "perhaps"]}', [0.9, None, None]),
        ('{"verdicts": [0.9]}', [None] * 3),  # another length: whose verdict is whose cannot be said
        ('{"verdicts": "all"}', [None] * 3),
        ("I would say so.", [None] * 3),
    ],
)
def test_a_service_gives_its_verdicts_in_one_answer(text: str, scores: list[float | None]) -> None:
    questions: list[Question] = []

    def answer(question: Question) -> str:
        questions.append(question)
        return text

    judge = judge_by(ScriptedChat(answer))
    assert isinstance(judge, VerdictScorer) and judge.score(CROP, []) == []
    assert judge.score(CROP, SENTENCES) == scores
    assert len(questions) == 1 and questions[0].images == (CROP,) and questions[0].temperature == 0.0
    assert all(f"{number}. {one}" in questions[0].text for number, one in enumerate(SENTENCES, 1))


def test_long_lists_of_verdicts_are_asked_in_parts_and_a_failure_gives_no_score() -> None:
    def answer(question: Question) -> Answer | str:
        count = len(question.text.splitlines())
        if count < 40:
            return Answer("", Outcome.FAILURE, "the server is gone")
        return str({"verdicts": [0.5] * count})

    assert judge_by(ScriptedChat(answer)).score(CROP, ["a dog"] * 45) == [0.5] * 40 + [None] * 5


def test_a_folder_tells_which_scorer_it_is_for(folders: Callable[[str], Path], tmp_path: Path) -> None:
    names = {name: scorer_for_path(folders(name)) for name in (*REFERENCES, "llava")}
    assert names == {
        "blip": "blip", "blip2": "blip", "clip": "similarity", "siglip": "similarity",
        "siglip2": "similarity", "llava": "judge"
    }  # fmt: skip
    text = tiny_models.text_model(tmp_path / "text")
    with pytest.raises(ValueError, match="cannot score: choose a Blip"):
        scorer_for_path(text)


def test_another_model_is_refused_by_name(folders: Callable[[str], Path]) -> None:
    with pytest.raises(ValueError, match="is a CLIPModel, and this scorer needs a BlipForImageTextRetrieval"):
        blip.create(ScorerSettings(str(folders("clip")), device="cpu"))


def test_the_whole_method_runs_with_a_captioner_and_a_scorer(folders: Callable[[str], Path]) -> None:
    chat = CHAT_MODELS["transformers"].create(TransformersSettings(str(folders("llava")), device="cpu"))
    scenes = caption_pictures([PHOTO], chat, scorer=_open(folders("blip")), monitor=QUIET)
    assert scenes[0].caption_text
    scored = [one for patch in scenes[0].patches for one in patch.statements if one.score is not None]
    assert scored and all("score" in one.reason for one in scored)
