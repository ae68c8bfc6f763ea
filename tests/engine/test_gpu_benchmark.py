"""The prepared measurements for a GPU: the models have the published sizes, and all of it runs with tiny ones."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="local models need torch")
pytest.importorskip("transformers", reason="local models need transformers")

import torch

from benchmarks import gpu
from benchmarks.gpu_models import BLIP, LLAVA, QWEN, Sizes, build, parameters_of

torch.set_num_threads(1)


@pytest.mark.parametrize("sizes", [LLAVA, QWEN, BLIP], ids=lambda sizes: sizes.name)
def test_a_model_has_as_many_parameters_as_the_published_one(sizes: Sizes) -> None:
    module = build(sizes.real(), torch.device("meta"), torch.bfloat16)
    assert parameters_of(module) == pytest.approx(sizes.parameters, rel=0.005)
    assert {one.dtype for one in module.parameters()} == {torch.bfloat16}


def test_every_measurement_runs_with_tiny_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    lines = {line.what: line.figure for line in gpu.main(["--tiny", "--tokens", "4", "--device", "cpu"])}
    told = capsys.readouterr().out
    assert "tiny sizes: the figures mean nothing" in told
    assert all(f"| {what} | {figure} |" in told for what, figure in lines.items())
    assert {what for what, figure in lines.items() if "not measured" in figure} == {"Qwen3-VL-4B in 4 bit"}
    for name in ("LLaVA-1.5-7B", "Qwen3-VL-4B"):
        assert "times as long" in lines[f"{name} with BLIP-large: picture to caption, one call after another"]
        assert "candidates a second" in lines[f"{name}: 4 candidates of 4 tokens at a time"]
        assert "statements a second" in lines[f"{name}: 20 statements asked yes or no"]
        assert " s for " in lines[f"{name}: weights come back"]


def test_what_is_not_measured_in_time_says_so() -> None:
    lines = gpu.main(["--tiny", "--minutes", "0", "--device", "cpu"])
    assert [line.figure for line in lines] == ["not measured (the minutes were over)"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_real_sizes_are_for_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gpu.main([])
    assert "--tiny runs the same code" in capsys.readouterr().err
