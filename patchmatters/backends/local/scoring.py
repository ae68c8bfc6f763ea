"""What the scorers of local weights have in common: settings, loading, and one encoding per crop."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...models import QUIET, Monitor
from ...options import Options, option
from ...picture import Crop
from ...weights.model_files import ModelFiles, inspect_folder
from ...weights.model_names import find_model
from .devices import PlainResidence, Residence, ResidenceFactory, choose_device, choose_dtype
from .loading import PRECISIONS, WeightOptions, load_module, require_transformers
from .memory import check_fits, require_free, weight_bytes
from .pictures import fitted
from .processors import load_processor
from .routes import placed

if TYPE_CHECKING:
    from torch import Tensor

MAX_PIXELS = 1_048_576  # scorers look at 224 to 384 pixels a side: a larger crop is reduced before it is copied about
_KEPT_CROPS = 32  # encodings of a picture's patches and regions, about 2 MB each
_SENTENCES = 64  # in one batch


@dataclass(frozen=True)
class ScorerSettings(Options):
    """A local image-text scorer."""

    model: str = option("", "Folder of the scorer, its name below a model folder, or its id on Hugging Face.")
    precision: str = option("auto", "Number format. auto: bf16 or fp16 on a GPU, fp32 on the CPU.", choices=PRECISIONS)
    device: str = option("auto", 'Where to compute: "auto", "cpu", "cuda", "cuda:1", "mps" or "xpu".', advanced=True)


@dataclass(frozen=True)
class ScorerWeights:
    """A scorer's files and where its weights live."""

    files: ModelFiles
    residence: Residence

    @cached_property
    def processor(self) -> Any:
        return load_processor(self.files)

    def tokens(self, sentence: str) -> int:
        """The length of a sentence in tokens, its frame included."""
        return len(self.processor.tokenizer(sentence)["input_ids"])

    def pixels(self, crop: Crop, module: Any) -> Tensor:
        """(1, 3, height, width), as the model's own image processor makes them."""
        return self.picture(crop, module)["pixel_values"]

    def picture(self, crop: Crop, module: Any) -> dict[str, Tensor]:
        """All that the model's own image processor makes of a crop: pixels, or patches with their mask and shape."""
        found = self.processor.image_processor(images=[fitted(crop.load(), MAX_PIXELS)], return_tensors="pt")
        return placed(found, module)

    @contextmanager
    def lend(self) -> Iterator[Any]:
        import torch

        with self.residence.lend(_WORKING_BYTES) as module, torch.inference_mode():
            yield module


_WORKING_BYTES = 512 * 2**20  # activations of one crop and a batch of sentences, of the largest of these models


def open_scorer(
    settings: ScorerSettings,
    classes: Sequence[str],
    residence: ResidenceFactory = PlainResidence,
    roots: Sequence[Path] = (),
    monitor: Monitor = QUIET,
) -> ScorerWeights:
    """The weights of a scorer whose architecture is one of `classes`. Files are checked here, and loaded at first use.

    ValueError for a folder that is another model, RuntimeError where a download fails.
    """
    device = choose_device(settings.device)
    files = inspect_folder(find_model(settings.model, roots, monitor))
    name = next((one for one in files.architectures if one in classes), None)
    if name is None:
        raise ValueError(
            f"{files.folder} is a {', '.join(files.architectures) or 'model without a name'}, and this scorer needs a "
            f"{' or '.join(classes)}: choose another model or another scorer."
        )
    options = WeightOptions(settings.precision)
    dtype = choose_dtype(settings.precision, device)
    needed = weight_bytes(files, options, dtype)
    check_fits(files, needed, device)

    def load() -> Any:
        require_free(files, needed, choose_device("cpu"))
        return load_module(getattr(require_transformers(), name), files, options, dtype, device)

    return ScorerWeights(files, residence(load, device, needed, True))


class CropMemory:
    """The encodings of the crops that were scored last: a picture's patches are scored within and across patches."""

    def __init__(self) -> None:
        self._known: OrderedDict[Crop, Tensor] = OrderedDict()

    def get(self, crop: Crop, encode: Callable[[], Tensor], device: Any) -> Tensor:
        """The encoding on `device`, made where it is not known; kept in main memory."""
        if crop not in self._known:
            self._known[crop] = encode().cpu()
            if len(self._known) > _KEPT_CROPS:
                self._known.popitem(last=False)
        self._known.move_to_end(crop)
        return self._known[crop].to(device)


def in_batches(sentences: Sequence[str], score: Callable[[list[str]], list[float]]) -> list[float]:
    """The scores of all sentences, a batch of bounded size at a time. Shortest first, so that little is padding."""
    order = sorted(range(len(sentences)), key=lambda number: len(sentences[number]))
    found = [0.0] * len(sentences)
    for start in range(0, len(order), _SENTENCES):
        part = order[start : start + _SENTENCES]
        for number, value in zip(part, score([sentences[number] for number in part]), strict=True):
            found[number] = value
    return found
