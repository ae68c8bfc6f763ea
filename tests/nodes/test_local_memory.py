"""Local weights under ComfyUI's own model management, in its own process."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("transformers", reason="local models need transformers")

from engine import tiny_models

Part = Callable[[str], Any]


SHORT = {"max_new_tokens": 16, "candidates": 2}


@pytest.fixture
def llm(comfy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models/LLM, and nothing loaded."""
    import comfy.model_management as management
    import folder_paths

    monkeypatch.setattr(folder_paths, "models_dir", str(tmp_path / "models"))
    management.unload_all_models()
    (tmp_path / "models" / "LLM").mkdir(parents=True)
    return tmp_path / "models" / "LLM"


@pytest.fixture
def llava(llm: Path) -> Path:
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    return tiny_models.llava(llm / "tiny" / "llava")


@pytest.fixture
def loaded() -> Iterator[Callable[[], list[str]]]:
    """The classes of the models that the host holds on its device."""
    import comfy.model_management as management

    def names() -> list[str]:
        return [type(one.model.model).__name__ for one in management.current_loaded_models if one.model is not None]

    yield names
    management.unload_all_models()


def _model(nodes: dict[str, Any], **widgets: Any) -> Any:
    chosen = {"model": "tiny/llava", "device": "default", "keep_loaded": True, "precision": "fp32"} | widgets
    return nodes["PatchMatters_LocalModel"].execute(**chosen).args[0]


def _described(nodes: dict[str, Any], photo: Any, model: Any, **widgets: Any) -> Any:
    scene = nodes["PatchMatters_Divide"].execute(image=photo).args[0]
    return _through(nodes["PatchMatters_Describe"], scene=scene, chat_model=model, **SHORT | widgets)


def _through(node: Any, **inputs: Any) -> Any:
    """The one batch of Scenes that a node gives which takes lists."""
    return node.execute(**{name: [value] for name, value in inputs.items()}).args[0][0]


def test_folders_and_well_known_models_are_offered(nodes: dict[str, Any], llava: Path) -> None:
    tiny_models.blip_itm(llava.parent / "blip")
    tiny_models.yolos(llava.parent / "yolos")

    def options(node: str) -> list[str]:
        (model,) = (one for one in nodes[f"PatchMatters_{node}"].GET_SCHEMA().inputs if one.id == "model")
        return model.options

    assert nodes["PatchMatters_LocalModel"].validate_inputs(model="tiny/llava") is True
    assert options("LocalModel")[:2] == ["tiny/llava", "HuggingFaceTB/SmolVLM-256M-Instruct"]  # what needs least first
    assert "llava-hf/llava-1.5-7b-hf" in options("LocalModel")
    judges = ["chat model as judge", "chat model as judge, one list per crop"]
    assert options("Scorer")[:4] == ["built-in", *judges, "tiny/blip"]
    assert options("Detect")[0] == "tiny/yolos"


def test_every_registered_folder_is_searched(
    nodes: dict[str, Any], llm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: Part
) -> None:
    import folder_paths

    monkeypatch.setitem(folder_paths.folder_names_and_paths, "LLM", ([str(llm), str(tmp_path / "disk")], set()))
    assert part("nodes.memory").model_roots() == [llm, tmp_path / "disk"]


def test_weights_are_loaded_with_the_first_question_and_stay(
    nodes: dict[str, Any], llava: Path, photo: Any, loaded: Callable[[], list[str]]
) -> None:
    model = _model(nodes)
    assert loaded() == []
    _described(nodes, photo, model)
    assert loaded() == ["LocalWeights"]
    _described(nodes, photo, model, seed=1)
    assert loaded() == ["LocalWeights"]


def test_without_keep_loaded_they_leave_after_the_last_patch_not_after_each(
    nodes: dict[str, Any], llava: Path, photo: Any, loaded: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    import comfy.model_management as management

    tiny_models.blip_itm(llava.parent / "blip")
    unloads: list[int] = []
    unload = management.unload_model_and_clones
    monkeypatch.setattr(
        management, "unload_model_and_clones", lambda *given, **more: (unloads.append(1), unload(*given, **more))
    )
    described = _described(nodes, photo, _model(nodes, keep_loaded=False))
    assert (loaded(), len(unloads)) == ([], 1)
    scorer = nodes["PatchMatters_Scorer"].execute(model="tiny/blip", keep_loaded="no").args[0]
    compared = nodes["PatchMatters_Compare"].execute(scene=described, level="within patches").args[0]
    scored = _through(nodes["PatchMatters_Filter"], scene=compared, scorer=scorer)
    crops = {patch.name for patch in scored[0].patches for one in patch.statements if one.score is not None}
    assert len(crops) > 1  # several patches were scored, with one unloading
    assert (loaded(), len(unloads)) == ([], 2)


def test_pressure_evicts_a_model_as_a_whole_and_it_comes_back(
    nodes: dict[str, Any], llava: Path, photo: Any, loaded: Callable[[], list[str]]
) -> None:
    import comfy.model_management as management

    model = _model(nodes)
    before = _described(nodes, photo, model)
    (held,) = management.current_loaded_models
    assert held.model.partially_unload(None, 1) == 0
    management.free_memory(1e30, held.device)
    assert loaded() == []
    assert _described(nodes, photo, model) == before
    assert loaded() == ["LocalWeights"]


def test_all_of_a_model_is_on_the_device_while_it_is_lent(nodes: dict[str, Any], llava: Path) -> None:
    model = _model(nodes)
    with model.residence.lend(0) as module:
        places = {one.device for one in (*module.parameters(), *module.buffers())}
    assert places == {model.residence.device}


def test_dropping_the_node_frees_the_weights(nodes: dict[str, Any], llava: Path, photo: Any) -> None:
    import comfy.model_management as management

    model = _model(nodes)
    _described(nodes, photo, model)
    with model.residence.lend(0) as module:
        watched = weakref.ref(module)
    del model, module
    gc.collect()
    management.cleanup_models_gc()
    gc.collect()
    assert watched() is None


def test_a_cancel_stops_within_one_token_and_the_next_run_goes_on(
    nodes: dict[str, Any], llava: Path, photo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import comfy.model_management as management

    model = _model(nodes)
    with model.residence.lend(0) as module:
        calls: list[int] = []

        def note(*given: Any, **more: Any) -> None:
            calls.append(1)
            if len(calls) == 5:
                management.interrupt_current_processing()

        hook = module.register_forward_pre_hook(note, with_kwargs=True)
        with pytest.raises(management.InterruptProcessingException):
            _described(nodes, photo, model, max_new_tokens=200)
        hook.remove()
    assert len(calls) == 5  # the pass in which the cancel came is the last
    assert _described(nodes, photo, model)


def test_the_judge_shares_the_captioners_weights(
    nodes: dict[str, Any], llava: Path, photo: Any, loaded: Callable[[], list[str]]
) -> None:
    model = _model(nodes)
    judge = nodes["PatchMatters_Scorer"].execute(model="chat model as judge", chat_model=model).args[0]
    compared = (
        nodes["PatchMatters_Compare"].execute(scene=_described(nodes, photo, model), level="within patches").args[0]
    )
    _through(nodes["PatchMatters_Filter"], scene=compared, scorer=judge)
    assert loaded() == ["LocalWeights"]
    lists = "chat model as judge, one list per crop"
    assert nodes["PatchMatters_Scorer"].execute(model=lists, chat_model=model).args[0].name.endswith("(verdicts)")
    for how in ("chat model as judge", lists):
        with pytest.raises(ValueError, match="connect a captioner to chat_model"):
            nodes["PatchMatters_Scorer"].execute(model=how)


def test_boxes_of_the_detector_fit_divide(nodes: dict[str, Any], llm: Path, photo: Any) -> None:
    tiny_models.yolos(llm / "yolos")
    boxes = (
        nodes["PatchMatters_Detect"]
        .execute(image=photo, model="yolos", device="cpu", keep_loaded=False, min_score=0.0, max_boxes=3)
        .args[0]
    )
    assert [len(row) for row in boxes] == [3]
    assert set(boxes[0][0]) == {"x", "y", "width", "height", "label", "score"}
    scene = nodes["PatchMatters_Divide"].execute(image=photo, bboxes=boxes).args[0]
    assert scene[0].detections


def test_quantised_weights_are_dropped_because_they_cannot_be_moved(part: Part, comfy: Path) -> None:
    import torch

    built: list[weakref.ref] = []

    def load() -> Any:
        module = torch.nn.Module()
        built.append(weakref.ref(module))
        return module

    residence = part("nodes.memory").ComfyResidence(load, torch.device("cpu"), 0, False, False)
    with part("nodes.memory").borrowed(SimpleNamespace(residence=residence)):
        for _ in range(2):
            with residence.lend(0):
                pass
        assert len(built) == 1 and built[0]() is not None
    gc.collect()
    assert built[0]() is None


@pytest.mark.parametrize(
    ("node", "folder", "named"),
    [
        ("LocalModel", "llava-v1.6-mistral-7b-hf", "llava-hf/llava-v1.6-mistral-7b-hf"),
        ("LocalModel", "Qwen/Qwen3-VL-4B-Instruct", "Qwen/Qwen3-VL-4B-Instruct"),
        ("LocalModel", "mine", "somebody/mine"),
        ("Scorer", "blip-itm-large-coco", "Salesforce/blip-itm-large-coco"),
        ("Detect", "rtdetr_r50vd_coco_o365", "PekingU/rtdetr_r50vd_coco_o365"),
        ("CountObjects", "yolos-small", "hustvl/yolos-small"),
    ],
)
def test_a_model_of_a_shared_workflow_that_is_here_by_another_name_is_accepted(
    nodes: dict[str, Any], llm: Path, node: str, folder: str, named: str
) -> None:
    made = {"LocalModel": tiny_models.llava, "Scorer": tiny_models.blip_itm}.get(node, tiny_models.yolos)
    made(llm / folder)
    accepts = nodes[f"PatchMatters_{node}"].validate_inputs
    assert accepts(model=named) is True
    assert accepts(model=None) is True, "a link, whose value is not known yet"
    assert accepts(model="nobody/else") == (
        "There is no model 'nobody/else' in models/LLM: put its folder there, or choose one of the list."
    )


def test_the_scorers_own_ways_are_accepted(nodes: dict[str, Any], llm: Path) -> None:
    assert nodes["PatchMatters_Scorer"].validate_inputs(model="built-in") is True
    assert nodes["PatchMatters_Scorer"].validate_inputs(model="chat model as judge") is True
