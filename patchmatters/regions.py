"""Regions: groups of overlapping patches, each of which is described once (METHOD section 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from .scene import Passage, Patch, Role, Scene, union_of


def side_neighbours(patches: Sequence[Patch]) -> list[tuple[int, int]]:
    """Pairs of indices of patches whose cells share a side; of parts without a cell, all pairs."""
    if patches and all(patch.cell is None for patch in patches):
        return list(combinations(range(len(patches)), 2))
    at = {patch.cell: number for number, patch in enumerate(patches)}
    pairs = []
    for number, patch in enumerate(patches):
        row, column = patch.cell or (0, 0)
        for cell in ((row, column + 1), (row + 1, column)):
            if cell in at:
                pairs.append((number, at[cell]))
    return pairs


def overlap_groups(patches: Sequence[Patch], overlap_iou: float) -> list[tuple[int, ...]]:
    """Connected groups of side neighbours whose IoU exceeds `overlap_iou`, as indices; a patch alone is a group.

    Every patch is in exactly one group. Ordered by the first member.
    """
    group_of: dict[int, tuple[int, ...]] = {number: (number,) for number in range(len(patches))}
    for a, b in side_neighbours(patches):
        if group_of[a] != group_of[b] and patches[a].box.iou(patches[b].box) > overlap_iou:
            united = tuple(sorted({*group_of[a], *group_of[b]}))
            group_of.update(dict.fromkeys(united, united))
    return sorted(set(group_of.values()))


def overlap_regions(scene: Scene, overlap_iou: float) -> tuple[Patch, ...]:
    """One region per group of overlapping spatial patches, with their descriptions as passages.

    A region of which no more than one member has a description carries that description already: it goes on alone.
    """
    return tuple(
        _region([scene.patches[number] for number in group]) for group in overlap_groups(scene.patches, overlap_iou)
    )


def _region(members: Sequence[Patch]) -> Patch:
    described = [patch for patch in members if patch.sentences]
    return Patch(
        "region " + " + ".join(patch.name for patch in members),
        Role.REGION,
        union_of(patch.box for patch in members),
        members=tuple(patch.name for patch in members),
        passages=tuple(Passage(patch.description, patch.name) for patch in described),
        sentences=described[0].sentences if len(described) == 1 else (),
    )


def described_regions(scene: Scene) -> tuple[Patch, ...]:
    """What has a description of its own after merging, in reading order.

    The regions once overlapping patches are merged, before that the spatial patches; those without a description
    are left out.
    """
    return tuple(region for region in (scene.regions or scene.patches) if region.sentences)
