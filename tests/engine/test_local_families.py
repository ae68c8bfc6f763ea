"""Every family that transformers knows is decided upon, and those with a tiny model here are captioned with."""

from __future__ import annotations

import importlib.util
import itertools
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

pytest.importorskip("torch", reason="local models need torch")
pytest.importorskip("transformers", reason="local models need transformers")

import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as LISTED

from engine import tiny_families, tiny_models
from patchmatters.backends.local.dialogue import without_places
from patchmatters.backends.local.families import FAMILIES, Way, is_fast, verdict
from patchmatters.backends.local.routes import CoreRoute, GenerateRoute
from patchmatters.backends.transformers_chat import TransformersChat, TransformersSettings, create
from patchmatters.models import QUIET, Outcome, Question, derive_seed
from patchmatters.picture import Crop
from patchmatters.scene import Box

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
ROOT = Path(__file__).resolve().parents[2]
HAS_TORCHVISION = transformers.utils.is_torchvision_available()
NEED_TORCHVISION = ("mistral3", "pixtral", "cohere2_vision", "lfm2_vl", "llama4", "perception_lm", "molmo2")
NEED_TIMM = ("fast_vlm", "perception_lm", "gemma3n")
BROKEN = {"llama4": "5.24.0"}  # by a fault of that version of transformers
TYPES = {"joycaption": "llava", "pixtral": "llava", "kosmos2": "kosmos-2"}  # where a builder is not called as its type
FIXED_PROMPT = ("paligemma", "florence2", "kosmos2", "git")
NOISE = [
    Image.frombytes("RGB", (40, 30), random.Random(one).randbytes(40 * 30 * 3)).resize((200, 150)) for one in (0, 1)
]
BOXES = (Box(0, 0, 200, 150), Box(0, 0, 100, 75), Box(60, 0, 200, 75), Box(100, 75, 200, 150))  # two of one shape


@pytest.mark.parametrize("model_type", sorted(LISTED))
def test_every_family_that_transformers_lists_is_decided_upon(model_type: str) -> None:
    found = verdict(model_type)
    assert found.way is not Way.UNDECIDED, f"look at {model_type} and put it into local/families.py"
    assert (found.way is Way.REFUSED) == (": choose " in found.instead)


def test_the_page_of_models_is_that_of_the_code() -> None:
    script = _script("make_models_page")
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), "run python scripts/make_models_page.py"


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("model_type", sorted(name for name, found in FAMILIES.items() if found.way is Way.REFUSED))
def test_a_refused_family_says_what_to_use_instead(tmp_path: Path, model_type: str) -> None:
    if model_type == "mistral4":
        pytest.skip("a language model: it may read, and refuses pictures as every language model does")
    folder = tiny_models.text_model(tmp_path / "refused")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": model_type}))
    with pytest.raises(ValueError, match=f"of the type {model_type}.* choose "):
        _open(folder)


# --- one tiny model of each family, end to end -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], TransformersChat]:
    """Each family's tiny model, built and opened once."""
    root, opened = tmp_path_factory.mktemp("families"), {}

    def model(family: str) -> TransformersChat:
        if family not in opened:
            _require(family)
            torch.manual_seed(0)
            opened[family] = _open(tiny_families.FAMILIES[family](root / family))
        return opened[family]

    return model


def _require(family: str) -> None:
    if TYPES.get(family, family) not in LISTED:
        pytest.skip(f"transformers {transformers.__version__} does not have {family}")
    if family in NEED_TORCHVISION and not HAS_TORCHVISION:
        pytest.skip(f"the processor of {family} needs torchvision: python scripts/test_transformers.py")
    if family in NEED_TIMM:
        pytest.importorskip("timm", reason=f"the tower of {family} needs timm: python scripts/test_transformers.py")
    if BROKEN.get(family) == transformers.__version__:
        pytest.skip(f"transformers {transformers.__version__} itself fails with {family}")


def _open(folder: Path, **settings: object) -> TransformersChat:
    return create(TransformersSettings(str(folder), device="cpu", **settings))


def _questions(photo: Image.Image = NOISE[0], text: str = "describe this image in detail") -> list[Question]:
    return [
        Question(f"patch {number}, candidate {one}", text, (Crop("photo", box, photo),), temperature=2.0,
                 max_new_tokens=10, seed=derive_seed(0, number, one))
        for number, box in enumerate(BOXES)
        for one in range(3)
    ]  # fmt: skip


def _texts(model: TransformersChat, questions: list[Question]) -> list[str]:
    answers = model.answer(questions, QUIET)
    assert all(answer.outcome is Outcome.ANSWER for answer in answers), answers
    return [answer.text for answer in answers]


def _first_logits(model: TransformersChat, question: Question) -> torch.Tensor:
    """What the model's head gives for the first word of an answer."""
    seen: list[torch.Tensor] = []
    with model.residence.lend(0) as module:
        hook = module.get_output_embeddings().register_forward_hook(lambda part, given, told: seen.append(told[:, -1]))
        model.answer([replace(question, max_new_tokens=1)], QUIET)
        hook.remove()
    return seen[0]


@pytest.mark.parametrize("family", tiny_families.FAMILIES)
def test_a_family_captions(models: Callable[[str], TransformersChat], family: str) -> None:
    model, questions = models(family), _questions()
    together = _texts(model, questions)
    alone = [_texts(model, [question])[0] for question in questions]
    assert together == alone, "a text depends on what is asked beside it"
    assert len(set(together)) > 1, "candidates do not differ by their seeds"
    first = _first_logits(model, questions[0])
    other_picture = _first_logits(model, _questions(NOISE[1])[0])
    assert not torch.equal(first, other_picture), "the picture does not reach the model"
    asked = _first_logits(model, _questions(text="a red boat is on the sea . is the dog under the table ?")[0])
    assert torch.equal(asked, first) == (family in FIXED_PROMPT), "what is asked does not reach the model"
    special = set(model.speech.tokenizer.all_special_tokens) - set(tiny_models.WORDS)
    assert not any(token in text for token in special for text in together)
    assert all(answer.output_tokens <= 4 for answer in model.answer([replace(questions[0], max_new_tokens=4)], QUIET))


@pytest.mark.parametrize("family", tiny_families.FAMILIES)
def test_a_family_goes_the_way_that_the_table_says(models: Callable[[str], TransformersChat], family: str) -> None:
    model = models(family)
    fast = is_fast(model.files.model_type, transformers.__version__)
    assert fast or verdict(model.files.model_type).way is Way.GENERATE or transformers.__version__.startswith("4.")
    wanted = CoreRoute if fast else GenerateRoute
    with model.residence.lend(0) as module:
        assert type(model.speech.route(module, pictured=True, poll=QUIET.poll)) is wanted


def _greedy(model: TransformersChat) -> list[str]:
    return _texts(model, [replace(question, temperature=0.0) for question in _questions()[::3]])


@pytest.mark.parametrize(
    "family", [name for name in tiny_families.FAMILIES if verdict(TYPES.get(name, name)).way is Way.FAST]
)
def test_the_fast_way_says_what_transformers_generate_says(
    models: Callable[[str], TransformersChat], family: str
) -> None:
    model = models(family)
    with model.residence.lend(0) as module:
        for question, text in zip(_questions()[::3], _greedy(model), strict=True):
            inputs = model.speech.eyes.encode([model.speech.prompt(question)])
            inputs.pop("token_type_ids", None) if family not in ("gemma3", "paligemma") else None
            length, stops = inputs["input_ids"].shape[1], model.speech.stops(module)
            said = module.generate(**inputs, do_sample=False, max_new_tokens=question.max_new_tokens)[0]
            said = list(itertools.takewhile(lambda token: token not in stops, said[length:].tolist()))  # noqa: B023
            assert text == model.speech.tokenizer.decode(said, skip_special_tokens=True).strip()


# --- whatever a processor, template or model raises ------------------------------------------------------------------


def test_a_processor_without_torchvision_says_what_to_install(tmp_path: Path) -> None:
    if HAS_TORCHVISION or transformers.__version__.startswith("4."):
        pytest.skip("torchvision is installed, or a version of transformers whose processor can do without it")
    model = _open(tiny_families.mistral3(tmp_path / "mistral3"))
    with pytest.raises(RuntimeError, match=r"mistral3 needs (the package )?torchvision"):
        model.answer(_questions()[:1], QUIET)


def test_a_value_that_a_processor_lacks_is_taken_from_the_configuration(tmp_path: Path) -> None:
    folder = tiny_families.llava_onevision(tmp_path / "onevision")
    path = folder / "processor_config.json"
    told = json.loads(path.read_text())
    wanted = _greedy(_open(folder))
    path.write_text(json.dumps({key: value for key, value in told.items() if key != "num_image_tokens"}))
    assert _greedy(_open(folder)) == wanted


def _raise_in_template(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{{ raise_exception('Only one picture is supported') }}")


def _damage_processor(folder: Path) -> None:
    path = folder / "processor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"patch_size": "fourteen"}))


def _damage_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("[]")


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (_raise_in_template, "The chat template of llava failed .*Only one picture is supported.*choose another model"),
        (_damage_processor, "The processor of llava failed .*Download them again"),
        (_damage_tokenizer, "cannot be loaded .*download the model's small files again"),
    ],
)
def test_whatever_is_raised_is_a_sentence(tmp_path: Path, break_it: Callable[[Path], None], says: str) -> None:
    folder = tiny_models.llava(tmp_path / "llava")
    break_it(folder)
    with pytest.raises(RuntimeError, match=says):
        _open(folder).answer(_questions()[:1], QUIET)


def test_places_in_the_picture_are_no_words() -> None:
    told = "<grounding>An image of<phrase> a dog</phrase><object><patch_index_0044><patch_index_0863></object> here."
    assert without_places(told) == "An image of a dog here."
    assert without_places("a cat <loc0012><loc_3> sits <seg001>") == "a cat sits"
    assert without_places("kept  as it\nis") == "kept  as it\nis"
