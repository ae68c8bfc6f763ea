"""A folder picture by picture, for those who caption in steps of their own: who is next, and what became of it.

The account is the same state file as that of the command, so that one may go on where the other stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..jobs.rows import Row, row_of_scene
from ..scene import Scene
from .forms import FormSettings, Written, write_captions, write_text
from .plan import Orders, fingerprint_of, make_plan, write_pending
from .sidecars import Existing, Sidecars, is_captioned, text_to_write
from .sources import Picture, SourceSettings, find_pictures
from .state import NAME, Pending, State, Status

ENDINGS = (".txt", ".caption")
_EMPTY = "Its caption is empty."
_BEGUN = "It was begun, and no caption of it has been saved."


@dataclass(frozen=True)
class Place:
    """A folder of pictures, and the folder that their captions go to in the same order (None: beside them)."""

    root: Path
    out: Path | None = None

    @property
    def state_path(self) -> Path:
        return (self.out or self.root) / NAME

    def picture(self, key: str) -> Picture:
        return Picture(key, str(self.root / key))


@dataclass(frozen=True)
class Next:
    """The pictures that are next. `left` wait after these; `begun` were begun before and not finished."""

    pictures: tuple[Picture, ...]
    left: int
    begun: int


@dataclass(frozen=True)
class Caption:
    """What is said of a picture: its Scene where there is one, else a text."""

    key: str
    text: str
    scene: Scene | None = None


def next_pictures(place: Place, sources: SourceSettings, most: int, *, skip_captioned: bool, retry: bool) -> Next:
    """The next pictures without a caption; they count as begun until `keep_captions` has theirs.

    `retry` takes up those that were begun. ValueError where there are no pictures at all.
    """
    found = find_pictures([str(place.root)], sources).pictures
    pictures = [one for one in found if not (skip_captioned and _has_other_caption(one, place))]
    existing = Existing.SKIP if skip_captioned else Existing.OVERWRITE
    with State(place.state_path) as state:
        make_plan(pictures, state, Orders(Sidecars(ENDINGS[0], place.out), FormSettings(), "", existing, retry=retry))
        keys = state.take(most)
        for key in keys:
            state.failed(key, _BEGUN)
        counts = state.counts()
    taken = set(keys)
    chosen = tuple(picture for picture in pictures if picture.key in taken)
    return Next(chosen, counts[Status.WAITING], counts[Status.FAILED] - len(keys))


def _has_other_caption(picture: Picture, place: Place) -> bool:
    return any(is_captioned(Sidecars(ending, place.out).path(picture)) for ending in ENDINGS[1:])


def keep_captions(
    place: Place, captions: Sequence[Caption], form: FormSettings, ending: str, existing: Existing
) -> list[Path]:
    """Write the captions in a form, and enter them as done, or as failed where they are empty; the files written.

    ValueError where a picture has a caption file and `existing` is "error", RuntimeError where one cannot be written.
    """
    sidecars = Sidecars(ending, place.out)
    orders = Orders(sidecars, form, "", existing)
    with State(place.state_path) as state:
        written = (_keep(place.picture(one.key), one, state, orders) for one in captions)
        return [path for path in written if path is not None]


def _keep(picture: Picture, caption: Caption, state: State, orders: Orders) -> Path | None:
    path = orders.sidecars.path(picture)
    state.want([picture.key])
    own = state.known([picture.key])[picture.key].form is not None
    if path is None or (is_captioned(path) and not own and orders.existing is Existing.SKIP):
        return None
    if not caption.text.strip():  # it was given up; an empty caption file would count as one that is done
        state.failed(picture.key, (caption.scene and caption.scene.problem) or _EMPTY)
        return None
    if is_captioned(path) and not own and orders.existing is Existing.ERROR:
        raise ValueError(f"{path} is there already: choose skip, overwrite or append.")
    made = captions_of(caption, orders.form)
    row = _row(picture, caption, made)
    existing = Existing.OVERWRITE if own and orders.existing is not Existing.APPEND else orders.existing
    pending = Pending(str(path), text_to_write(path, made.texts, existing))
    state.done(picture.key, row, fingerprint_of(picture.path), orders.settings, pending, orders.form_digest)
    write_pending(picture.key, pending, state)
    return path


def captions_of(caption: Caption, form: FormSettings) -> Written:
    """The caption in a form."""
    return write_text(caption.text, form) if caption.scene is None else write_captions(caption.scene, form)


def _row(picture: Picture, caption: Caption, made: Written) -> Row:
    if caption.scene is not None:
        return row_of_scene(picture.key, picture.path, caption.scene, 0.0)
    return Row(picture.key, picture.path, caption.text, warnings=made.warnings)
