"""What a picture costs on a GPU, with models of the real sizes: `python -m benchmarks.gpu [--tiny] [--minutes 8]`.

Builds LLaVA-1.5-7B, Qwen3-VL-4B and BLIP-large with random weights on the device (bf16; see `gpu_models`), downloads
nothing, and prints a table: picture to caption with all stages against one call after another, tokens and candidates a
second by batch size, statements a second by matching and by asking yes or no, peak memory of the device, 4-bit weights
where the package bitsandbytes is installed, and what it costs when ComfyUI takes the weights off the device and they
are wanted again. When the minutes are over, the rest is said to be not measured.

Random weights speak no language: a captioner reads every question and writes `--tokens` tokens, and the engine goes on
with sentences of `benchmarks.engine` in their place. `--tiny` runs the same code with tiny sizes, in fp32 on the CPU.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.candidates import BOXES
from benchmarks.engine import sample_text
from benchmarks.gpu_models import BLIP, LLAVA, QWEN, OneByOne, Sizes, build, captioner, parameters_of, scorer_weights
from benchmarks.yes_no import STATEMENTS
from patchmatters.backends.blip import MatchingScorer
from patchmatters.backends.judge import judge_by
from patchmatters.backends.local.batches import is_out_of_memory
from patchmatters.backends.local.devices import choose_device
from patchmatters.backends.local.loading import WeightOptions
from patchmatters.backends.local.scoring import ScorerWeights
from patchmatters.backends.transformers_chat import TransformersChat, TransformersSettings, check_weight_options
from patchmatters.backends.transformers_chat import create as open_chat
from patchmatters.models import QUIET, Answer, ChatModel, Monitor, Question, WrappedChat, derive_seed
from patchmatters.picture import Crop
from patchmatters.pipeline import caption_pictures
from patchmatters.scene import Box

BATCHES = (1, 4, 15, 30, 60)  # rows decoded together; 15 are the patches of a picture with three candidates each
FEW = (1, 4)  # of them, with tiny sizes
MANY = 100  # sentences on one crop


@dataclass(frozen=True)
class Line:
    """One line of the table; `figure` says why there is none where there is none."""

    what: str
    figure: str
    peak: str = ""


@dataclass
class Bench:
    """What all measurements share: the device, the length of answers, the lines so far, and when to stop."""

    device: Any
    tiny: bool
    tokens: int
    until: float
    lines: list[Line] = field(default_factory=list)

    @property
    def precision(self) -> str:
        return "fp32" if self.tiny else "bf16"

    @property
    def batches(self) -> Sequence[int]:
        return FEW if self.tiny else BATCHES

    @property
    def pictures(self) -> int:
        """How many are captioned together."""
        return 2 if self.tiny else 4

    @property
    def dtype(self) -> Any:
        import torch

        return torch.float32 if self.tiny else torch.bfloat16

    def measure(self, what: str, work: Callable[[], Any], told: Callable[[float, Any], str]) -> tuple[float, Any]:
        """Time one piece of work, and add what `told(seconds, its result)` says. (0, None) where it was not done."""
        if time.monotonic() > self.until:
            self.lines.append(Line(what, "not measured (the minutes were over)"))
            return 0.0, None
        self._reset_peak()
        try:
            result, seconds = self._timed(work)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self.lines.append(Line(what, "not measured (memory ran out)"))
            return 0.0, None
        self.lines.append(Line(what, told(seconds, result), self._peak()))
        return seconds, result

    def _timed(self, work: Callable[[], Any]) -> tuple[Any, float]:
        self.wait()
        start = time.perf_counter()
        result = work()
        self.wait()
        return result, time.perf_counter() - start

    def wait(self) -> None:
        """Until the device has done all that it was told."""
        import torch

        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def _reset_peak(self) -> None:
        import torch

        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)

    def _peak(self) -> str:
        import torch

        return f"{torch.cuda.max_memory_allocated(self.device) / 2**30:.1f} GB" if self.device.type == "cuda" else ""


@dataclass(frozen=True)
class Speaking(WrappedChat):
    """Takes the time that the model takes for as many tokens, and says sentences that the engine can work with.

    `alone`: one call after another.
    """

    model: ChatModel
    tokens: int
    alone: bool = False

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        asked = [replace(one, max_new_tokens=min(one.max_new_tokens, self.tokens)) for one in questions]
        for group in [[one] for one in asked] if self.alone else [asked]:
            self.model.answer(group, monitor)
        return [Answer(sample_text(question)) for question in questions]


def main(arguments: Sequence[str] | None = None) -> list[Line]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="tiny sizes, to see that it runs")
    parser.add_argument("--tokens", type=int, default=96, help="length of every answer (default: 96)")
    parser.add_argument("--minutes", type=float, default=8.0, help="when to stop (default: 8)")
    parser.add_argument("--device", default="auto", help='"cuda:1", "cpu" ... (default: the first GPU)')
    options = parser.parse_args(arguments)
    device = choose_device(options.device)
    if device.type == "cpu" and not options.tiny:
        parser.error("there is no GPU here: --tiny runs the same code with tiny sizes on the CPU")
    if device.type == "cpu":
        _on_one_thread()
    bench = Bench(device, options.tiny, options.tokens, time.monotonic() + 60 * options.minutes)
    with tempfile.TemporaryDirectory() as folder:
        measure_all(bench, Path(folder))
    print(table(bench))
    return bench.lines


def _on_one_thread() -> None:
    """Threads that wait for one another on a busy machine cost more than tiny sizes do."""
    import torch

    torch.set_num_threads(1)


def measure_all(bench: Bench, folder: Path) -> None:
    with built(bench, BLIP) as (plan, module):
        if module is None:
            return
        scorer = scorer_weights(plan, module, folder / "blip")
        measure_matching(bench, scorer)
        for number, sizes in enumerate((LLAVA, QWEN)):
            measure_captioner(bench, sizes, scorer, folder / str(number))


@contextmanager
def built(bench: Bench, sizes: Sizes) -> Iterator[tuple[Any, Any]]:
    """The plan and the module of a model, None where it does not fit; gone from the device after the block."""
    import torch

    torch.manual_seed(0)
    plan = (sizes.tiny if bench.tiny else sizes.real)()
    _, module = bench.measure(
        f"{sizes.name}: built on the device", lambda: build(plan, bench.device, bench.dtype),
        lambda seconds, made: f"{parameters_of(made) / 1e6:.3g} million parameters in {seconds:.1f} s",
    )  # fmt: skip
    yield plan, module
    del module
    gc.collect()
    if bench.device.type == "cuda":
        torch.cuda.empty_cache()


def measure_matching(bench: Bench, weights: ScorerWeights) -> None:
    """Sentences a second against a crop that was not seen before."""
    crop = _crop(0)
    sentences = list(itertools.islice(itertools.cycle(STATEMENTS), MANY))
    sentences = [f"{sentence} {number}" for number, sentence in enumerate(sentences)]  # no two are the same
    MatchingScorer(weights).score(crop, sentences[:2])  # the first call prepares more than it does
    _compare(
        bench, "BLIP-large: 20 statements on one crop", lambda: MatchingScorer(weights).score(crop, sentences[:20]),
        lambda: OneByOne(weights).score(crop, sentences[:20]), 20, "statements",
    )  # fmt: skip
    bench.measure(
        f"BLIP-large: {MANY} statements on one crop", lambda: MatchingScorer(weights).score(crop, sentences),
        lambda seconds, scores: f"{len(scores) / seconds:.0f} statements a second",
    )  # fmt: skip


def measure_captioner(bench: Bench, sizes: Sizes, scorer: ScorerWeights, folder: Path) -> None:
    with built(bench, sizes) as (plan, module):
        if module is None:
            return
        model = captioner(plan, module, folder, bench.precision)
        _captions([_photo(9)], Speaking(model, 2), MatchingScorer(scorer))  # the first prepares more than it does
        measure_captions(bench, sizes.name, model, scorer)
        for rows in bench.batches:
            measure_batch(bench, sizes.name, captioner(plan, module, folder, bench.precision, rows), rows)
        measure_yes_no(bench, sizes.name, model)
        measure_eviction(bench, sizes.name, module)
        if sizes is QWEN:
            measure_4_bit(bench, sizes.name, module, folder)


def measure_captions(bench: Bench, name: str, model: TransformersChat, weights: ScorerWeights) -> None:
    """Picture to caption, all stages, this project's way and one call after another."""
    together, alone = Speaking(model, bench.tokens), Speaking(model, bench.tokens, alone=True)
    _compare(
        bench, f"{name} with BLIP-large: picture to caption",
        lambda: _captions([_photo(0)], together, MatchingScorer(weights)),
        lambda: _captions([_photo(0)], alone, OneByOne(weights)), 1, "pictures",
    )  # fmt: skip
    photos = [_photo(number) for number in range(bench.pictures)]
    bench.measure(
        f"{name} with BLIP-large: {bench.pictures} pictures together",
        lambda: _captions(photos, together, MatchingScorer(weights)),
        lambda seconds, told: f"{seconds / len(told):.2f} s a picture",
    )


def measure_batch(bench: Bench, name: str, model: TransformersChat, rows: int) -> None:
    questions = _questions(rows, bench.tokens)
    bench.measure(
        f"{name}: {rows} candidates of {bench.tokens} tokens at a time", lambda: model.answer(questions, QUIET),
        lambda seconds, told: f"{_written(told) / seconds:.0f} tokens, {rows / seconds:.2f} candidates a second",
    )  # fmt: skip


def measure_yes_no(bench: Bench, name: str, model: TransformersChat) -> None:
    judge, crop = judge_by(model), _crop(0)
    _compare(
        bench, f"{name}: 20 statements asked yes or no", lambda: judge.score(crop, STATEMENTS),
        lambda: [judge.score(crop, [one])[0] for one in STATEMENTS], len(STATEMENTS), "statements",
    )  # fmt: skip


def measure_eviction(bench: Bench, name: str, module: Any) -> None:
    """ComfyUI moves weights to main memory when another model needs the place, and back when they are wanted."""
    size = sum(one.nbytes for one in module.parameters()) / 1e9

    def told(seconds: float, moved: Any) -> str:
        return f"{seconds:.2f} s for {size:.3g} GB"

    bench.measure(f"{name}: weights leave the device", lambda: module.to("cpu"), told)
    bench.measure(f"{name}: weights come back", lambda: module.to(bench.device), told)


def measure_4_bit(bench: Bench, name: str, module: Any, folder: Path) -> None:
    """By the way that a user's folder goes: saved in bf16, loaded in 4 bit."""
    what = f"{name} in 4 bit"
    needed = 2 * sum(one.nbytes for one in module.parameters())
    try:
        check_weight_options(WeightOptions(quantisation="4-bit"), bench.device)
    except ValueError as error:
        bench.lines.append(Line(what, f"not measured ({error})"))
        return
    if shutil.disk_usage(folder).free < needed or time.monotonic() > bench.until:
        bench.lines.append(Line(what, "not measured (no place on the disk, or no time left)"))
        return
    module.save_pretrained(folder)
    module.to("cpu")  # its place on the device is wanted
    settings = TransformersSettings(str(folder), quantisation="4-bit", device=str(bench.device))
    model = open_chat(settings)
    bench.measure(f"{what}: folder to device", lambda: model.answer(_questions(1, 2), QUIET), lambda s, _: f"{s:.1f} s")
    measure_batch(bench, what, model, 15)


def _compare(
    bench: Bench, what: str, ours: Callable[[], Any], theirs: Callable[[], Any], count: int, things: str
) -> None:
    """Two lines: this project's way, and one call after another with how many times as long it took."""
    fast, _ = bench.measure(what, ours, lambda seconds, _: _rate(seconds, count, things))
    bench.measure(
        f"{what}, one call after another", theirs,
        lambda seconds, _: f"{_rate(seconds, count, things)}: {seconds / fast:.1f} times as long" if fast else "",
    )  # fmt: skip


def _rate(seconds: float, count: int, things: str) -> str:
    return f"{seconds:.2f} s" if count == 1 else f"{count / seconds:.3g} {things} a second"


def _captions(photos: Sequence[Image.Image], chat: ChatModel, scorer: Any) -> list[str]:
    return [scene.caption_text for scene in caption_pictures(photos, chat, scorer)]


def _photo(seed: int) -> Image.Image:
    return Image.frombytes("RGB", (64, 48), random.Random(seed).randbytes(64 * 48 * 3)).resize((640, 480))


def _crop(seed: int) -> Crop:
    return Crop(f"photo {seed}", Box(0, 0, 640, 480), _photo(seed))


def _questions(count: int, tokens: int) -> list[Question]:
    """Three candidates for each patch of as many pictures as it takes."""
    places = [(photo, box, one) for photo in range(1 + count // 15) for box in BOXES for one in range(3)]
    return [
        Question(f"candidate {number}", "Describe this image in detail.", (Crop(f"photo {at}", box, _photo(at)),),
                 temperature=0.7, max_new_tokens=tokens, seed=derive_seed(0, number, one))
        for number, (at, box, one) in enumerate(places[:count])
    ]  # fmt: skip


def _written(answers: Sequence[Answer]) -> int:
    return sum(answer.output_tokens or 0 for answer in answers)


def table(bench: Bench) -> str:
    """The lines as Markdown, with what they were measured on."""
    import torch
    import transformers

    device = torch.cuda.get_device_name(bench.device) if bench.device.type == "cuda" else str(bench.device)
    head = f"{device}, {bench.precision}, torch {torch.__version__}, transformers {transformers.__version__}" + (
        "; tiny sizes: the figures mean nothing" if bench.tiny else ""
    )
    rows = [f"| {line.what} | {line.figure} | {line.peak} |" for line in bench.lines]
    return "\n".join([head, "", "| what | measured | peak memory |", "|---|---|---|", *rows])


if __name__ == "__main__":
    main()
