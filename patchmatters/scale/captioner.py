"""Pictures in, rows out: one captioner with its models, kept by a worker for as long as it lives."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..jobs.rows import Row, row_of_error, row_of_scene
from ..picture import open_picture
from ..pipeline import caption_each
from .settings import ScaleSettings
from .sources import Item

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..scene import Scene


@dataclass
class Captioner:
    """The models of the settings. Rows come in the order of the pictures, and every picture has one.

    A picture that fails is a row with its error. `outages` counts the failures for want of answers, so that the caller
    can tell a shard of broken pictures from one that nobody answered.
    """

    settings: ScaleSettings
    outages: int = 0

    def __post_init__(self) -> None:
        self.job = self.settings.job()

    def rows(self, items: Iterable[Item]) -> Iterator[Row]:
        """One row an item, a batch of them in memory at a time."""
        source = iter(items)
        while batch := list(islice(source, self.settings.batch)):
            yield from self._rows_of_batch(batch)

    def _rows_of_batch(self, items: Sequence[Item]) -> list[Row]:
        start = time.perf_counter()
        rows: dict[int, Row] = {}
        opened: dict[int, Image] = {}
        for number, item in enumerate(items):
            try:
                opened[number] = open_item(item)
            except ValueError as error:
                rows[number] = row_of_error(item.key, item.path, str(error), preset=self.settings.preset)
        for number, result in self._scenes(opened, items).items():
            rows[number] = self._row(items[number], result, (time.perf_counter() - start) / len(items))
        return [rows[number] for number in range(len(items))]

    def _row(self, item: Item, result: Scene | Exception, seconds: float) -> Row:
        if not isinstance(result, Exception) and not result.problem:
            return row_of_scene(item.key, item.path, result, seconds, self.settings.preset)
        self.outages += not isinstance(result, ValueError)
        problem = str(result) if isinstance(result, Exception) else result.problem
        return row_of_error(item.key, item.path, problem, seconds, self.settings.preset)

    def _scenes(self, opened: dict[int, Image], items: Sequence[Item]) -> dict[int, Scene | Exception]:
        """Caption together, or, where that fails, one by one, so that each failure is one picture's."""
        if not opened:
            return {}
        try:
            scenes = self._caption([*opened.values()], [items[number].key for number in opened])
        except (ValueError, RuntimeError) as error:
            if len(opened) > 1:
                each = (self._scenes({number: picture}, items) for number, picture in opened.items())
                return {number: result for found in each for number, result in found.items()}
            return dict.fromkeys(opened, error)
        return dict(zip(opened, scenes, strict=True))

    def _caption(self, pictures: Sequence[Image], names: Sequence[str]) -> Sequence[Scene]:
        job = self.job
        return caption_each(
            pictures, job.chat_model, job.scorer, job.text_model, (), job.preset, names=names,
            witnesses=job.witnesses, other_captioners=job.others,
        )  # fmt: skip


def open_item(item: Item) -> Image:
    """The picture of an item, as every command opens it: from a file. ValueError, naming the item, for none."""
    if item.content is None:
        raise ValueError(item.problem)
    with tempfile.TemporaryDirectory(prefix="patchmatters-") as folder:
        file = Path(folder, f"picture{Path(item.path).suffix}")
        file.write_bytes(item.content)
        try:
            return open_picture(file)
        except ValueError as error:
            raise ValueError(str(error).replace(str(file), item.path)) from None
