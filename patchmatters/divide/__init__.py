"""Stage 1: where to look. A grid that cuts no object, cells by content, and a patch of the main objects."""

from __future__ import annotations

from .grid import CONTENT, GRID, DivideSettings, divide, merge_boxes, select_detections, spatial_patches

__all__ = [
    "CONTENT",
    "GRID",
    "DivideSettings",
    "divide",
    "merge_boxes",
    "select_detections",
    "spatial_patches",
]
