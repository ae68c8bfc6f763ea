"""Captioning more pictures than one process can: a shard in, a part out, the part whole or not at all.

caption_shard(shard, "s3://bucket/captions/", settings)     # one shard, by whatever engine calls it
python -m patchmatters scale SOURCE TARGET --engine ray     # all of them
dataset.map_batches(CaptionBatches, fn_constructor_args=[settings], ...)  # inside a pipeline of your own
"""

from .batches import CaptionBatches
from .settings import ScaleSettings
from .shard import Outcome, caption_shard
from .sources import Shard, SourceOptions, shards_of

__all__ = ["CaptionBatches", "Outcome", "ScaleSettings", "Shard", "SourceOptions", "caption_shard", "shards_of"]
