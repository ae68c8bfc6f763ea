"""Local captioners and language models through transformers: weights on this machine, nothing leaves it.

The pictures and the prompt of a patch are read once for all its candidates, patches are decoded together as far as
memory allows, and questions that share an instruction share its reading.

Same seed, same text: in fp32 whatever else is asked beside it; in half precision for the same questions on the same
device, since rounding differs with the shape of a batch (batch_size 1 makes it independent of the other questions).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..models import QUIET, Answer, Monitor, Outcome, Question
from ..options import Options, option
from ..weights.model_files import ModelFiles, inspect_folder
from ..weights.model_names import find_model
from .local.batches import decode_in_batches
from .local.devices import (
    PlainResidence,
    Residence,
    ResidenceFactory,
    check_weight_options,
    choose_device,
    choose_dtype,
)
from .local.dialogue import without_places
from .local.generation import MonitorWatch, Row
from .local.loading import ATTENTION, PRECISIONS, QUANTISATION, WeightOptions, require_readable
from .local.memory import check_fits, most_rows, require_free, row_bytes, rows_that_fit, weight_bytes
from .local.routes import Prompt
from .local.sampling import Sampling
from .local.speech import Speech, speech_for


@dataclass(frozen=True)
class TransformersSettings(Options):
    """A local model and how it is run."""

    model: str = option("", "Folder of the model, its name below a model folder, or its id on Hugging Face.")
    precision: str = option("auto", "Number format. auto: bf16 or fp16 on a GPU, fp32 on the CPU.", choices=PRECISIONS)
    quantisation: str = option(
        "none", "Hold the weights in fewer bits; needs the package bitsandbytes and a GPU.", choices=QUANTISATION
    )
    attention: str = option(
        "auto", "How attention is computed. auto lets transformers choose; flash needs the package flash_attn.",
        choices=ATTENTION, advanced=True,
    )  # fmt: skip
    max_pixels: int = option(
        1_048_576, "Pictures with more pixels than this are scaled down before the model sees them.",
        minimum=1024, maximum=100_000_000, step=1024, advanced=True,
    )  # fmt: skip
    batch_size: int = option(
        0, "Texts generated at a time; 0: as many as free memory allows.", minimum=0, maximum=256, advanced=True
    )
    device: str = option("auto", 'Where to compute: "auto", "cpu", "cuda", "cuda:1", "mps" or "xpu".', advanced=True)

    @property
    def weights(self) -> WeightOptions:
        return WeightOptions(self.precision, self.attention, self.quantisation)


def create(
    settings: TransformersSettings,
    residence: ResidenceFactory = PlainResidence,
    roots: Sequence[Path] = (),
    monitor: Monitor = QUIET,
) -> TransformersChat:
    """The chat model of these settings. Files are checked here; weights are loaded with the first question.

    `residence` decides where the weights live, `roots` are the folders in which `settings.model` is looked for.
    ValueError for settings and folders that cannot work, RuntimeError where a download fails.
    """
    device = choose_device(settings.device)
    check_weight_options(settings.weights, device)
    files = inspect_folder(find_model(settings.model, roots, monitor))
    require_readable(files, settings.quantisation, device.type != "cpu")
    speech = speech_for(files, settings.weights, settings.max_pixels)
    dtype = choose_dtype(settings.precision, device)
    needed = weight_bytes(files, settings.weights, dtype)
    check_fits(files, needed, device)
    quantised = settings.quantisation != "none"

    def load() -> Any:
        require_free(files, needed, device if quantised else choose_device("cpu"))
        return speech.load(dtype, device)

    home = residence(load, device, needed, not quantised)
    return TransformersChat(files, settings, home, speech)


@dataclass
class _Job:
    """Questions that are asked in one go: their distinct prompts, and one row per question."""

    prompts: list[Prompt]
    rows: list[Row]


class TransformersChat:
    """A chat model of local weights. They are loaded when the first question comes."""

    def __init__(self, files: ModelFiles, settings: TransformersSettings, residence: Residence, speech: Speech) -> None:
        self.files, self.settings, self.residence, self.speech = files, settings, residence, speech
        self.name = files.name
        self.sees_images = speech.sees_images
        self.follows_instructions = speech.follows_instructions
        self._kept: dict[tuple[object, ...], Answer] = {}  # answers that were complete when a stage was cancelled

    def __repr__(self) -> str:
        return f"TransformersChat({self.name!r})"

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        """One answer per question. ValueError for pictures to a model that cannot see.

        When the work is cancelled, complete answers are kept, and not asked again if it is started once more.
        """
        self._require_eyes(questions)
        answers = dict(self._kept)
        waiting = [question for question in questions if _key(question) not in answers]
        for question in questions:
            if question not in waiting:
                monitor.advance(question.name)
        for pictured in (True, False):
            group = [question for question in waiting if bool(question.images) is pictured]
            if group:
                answers.update(self._answer_group(group, monitor))
        self._kept.clear()
        return [answers[_key(question)] for question in questions]

    def _require_eyes(self, questions: Sequence[Question]) -> None:
        if not self.sees_images and any(question.images for question in questions):
            raise ValueError(
                f"{self.name} is a language model and cannot see images: choose a vision-language model for them."
            )

    def _answer_group(self, questions: Sequence[Question], monitor: Monitor) -> dict[tuple[object, ...], Answer]:
        """Answers by key. Questions of a group all have pictures, or none has."""
        job = self._job(questions)
        watch = MonitorWatch(monitor, self._text)
        try:
            self._decode(job, watch, monitor)
        finally:
            done = {
                _key(question): self._answer(row)
                for question, row in zip(questions, job.rows, strict=True)
                if not row.open
            }
            self._kept.update({key: answer for key, answer in done.items() if answer.outcome is Outcome.ANSWER})
        return done

    def _job(self, questions: Sequence[Question]) -> _Job:
        numbers: dict[Prompt, int] = {}
        rows = [
            Row(
                question.name,
                prompt=numbers.setdefault(self.speech.prompt(question), len(numbers)),
                limit=question.max_new_tokens,
                sampling=Sampling(question.seed, question.temperature, question.top_p),
            )
            for question in questions
        ]
        return _Job(list(numbers), rows)

    def _decode(self, job: _Job, watch: MonitorWatch, monitor: Monitor) -> None:
        monitor.poll()
        lengths = self.speech.lengths(job.prompts)
        config, device = self.speech.config, self.residence.device
        window = getattr(config.get_text_config(), "max_position_embeddings", None) or max(lengths) + 2**20
        for row in job.rows:
            _keep_in_window(row, lengths[row.prompt], window)
        pictured = bool(job.prompts[0].crops)
        aside = self.speech.picture_bytes(self.itemsize) if pictured else 0
        per_row = row_bytes(config, self.itemsize, max(lengths), max(row.limit for row in job.rows))
        with self.residence.lend(aside + per_row * min(len(job.rows), most_rows(device))) as module:
            route = self.speech.route(module, pictured=pictured, poll=monitor.poll)
            decode_in_batches(
                route,
                job.rows,
                lambda numbers: route.read([job.prompts[number] for number in numbers]),
                self.speech.stops(module),
                watch,
                self.settings.batch_size or rows_that_fit(per_row, self.residence.free_bytes() - aside, device),
            )

    @property
    def itemsize(self) -> int:
        """Bytes of one value of the cache."""
        return choose_dtype(self.settings.precision, self.residence.device).itemsize

    def _text(self, tokens: Sequence[int]) -> str:
        return without_places(self.speech.tokenizer.decode(tokens, skip_special_tokens=True))

    def _answer(self, row: Row) -> Answer:
        if row.problem:
            return Answer("", Outcome.FAILURE, row.problem)
        return Answer(self._text(row.tokens).strip(), input_tokens=row.read or None, output_tokens=len(row.tokens))


def _keep_in_window(row: Row, length: int, window: int) -> None:
    """No position beyond those that the model knows: shorten the answer, or say that the prompt is too long."""
    if length >= window:
        row.problem = (
            f"its prompt has {length} tokens and the model reads at most {window}: choose fewer candidates, fewer "
            "pixels, or a model with a longer window"
        )
    row.limit = min(row.limit, window - length)


def _key(question: Question) -> tuple[object, ...]:
    """What an answer depends on: everything but the name of the question."""
    return (
        question.prompt,
        question.images,
        question.temperature,
        question.top_p,
        question.max_new_tokens,
        question.seed,
    )
