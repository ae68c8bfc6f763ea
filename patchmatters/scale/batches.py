"""Captioning inside a pipeline of somebody else: a class for `map_batches`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .captioner import Captioner
from .parts import columns_of, part_schema
from .settings import ScaleSettings
from .sources import Item, item_at

_PATH, _BYTES, _KEY = "path", "bytes", "key"


class CaptionBatches:
    """A batch of pictures in, a batch of captions out; made once for each actor, which loads the models once.

        dataset.map_batches(CaptionBatches, fn_constructor_args=[settings], batch_size=16, concurrency=4, num_gpus=1)

    A batch is columns by name: `path` (a path or an address that pyarrow opens) or `bytes`, and perhaps `key`. What
    comes out are the columns of a part (`part_schema`): a picture that fails is a row with its `error`.
    """

    def __init__(self, settings: ScaleSettings = ScaleSettings()) -> None:  # noqa: B008  frozen
        self.captioner = Captioner(settings)

    def __call__(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """ValueError for a batch without a column of paths or bytes."""
        names = [name for name in (_BYTES, _PATH) if name in batch]
        if not names:
            raise ValueError(f"The batch has the columns {', '.join(batch)}, but needs one called {_PATH} or {_BYTES}.")
        count = len(batch[names[0]])
        rows = [columns_of(row) for row in self.captioner.rows(self._item(batch, number) for number in range(count))]
        return {name: [row[name] for row in rows] for name in part_schema().names}

    @staticmethod
    def _item(batch: Mapping[str, Sequence[Any]], number: int) -> Item:
        values = {name: batch[name][number] for name in (_BYTES, _PATH, _KEY) if name in batch}
        path = str(values.get(_PATH) or f"row {number}")
        key = str(values.get(_KEY, path))
        if (content := values.get(_BYTES)) is not None:
            return Item(key, path, bytes(content))
        return item_at(key, path)
