"""How far captions agree with their pictures by an image-text model: like CLIPScore, and not CLIPScore itself.

The published score (arXiv 2104.08718) is 2.5 * max(cosine, 0) of one caption of one sentence. A detailed caption is
longer than CLIP's 77 tokens: here each sentence is scored by itself against the whole picture by one of the engine's
own scorers (0 to 1, see `patchmatters.backends`), averaged over the sentences of a caption and then over pictures, so
that a long caption weighs no more than a short one.

Compare only figures of one and the same model. A small detail agrees less with a whole picture than the main thing
does, so that telling more costs agreement; and a model that has filtered captions is no impartial judge of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from patchmatters.backends import SCORERS, backend
from patchmatters.language.sentences import split_sentences
from patchmatters.models import Scorer
from patchmatters.picture import Crop, image_ref, open_picture

from .captions import PICTURE_ENDINGS, name_of


@dataclass(frozen=True)
class Agreement:
    """`mean` is 0 to 1. Of all `sentences` the model could not judge `unscored`, which count for nothing."""

    model: str
    mean: float
    sentences: int
    unscored: int


def open_scorer(name: str) -> Scorer:
    """The scorer of that name, or the one that the model in a folder is for. ValueError where there is none."""
    if name in SCORERS or not Path(name).exists():
        chosen = backend(SCORERS, name)
        return chosen.create(chosen.settings_class()())
    from patchmatters.backends.scorer_choice import scorer_for_path

    chosen = SCORERS[scorer_for_path(name)]
    return chosen.create(chosen.settings_class()(model=name))


def find_pictures(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """The picture file of each name. ValueError where a name has none, or two."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: give the folder of the pictures.")
    found: dict[str, Path] = {}
    wanted = set(names)
    for file in sorted(folder.iterdir()):
        name = name_of(file.name)
        if name not in wanted or file.suffix.lower() not in PICTURE_ENDINGS:
            continue
        if name in found:
            raise ValueError(f"{folder} has two pictures called {name!r}: leave the one that was captioned.")
        found[name] = file
    if missing := sorted(wanted - set(found)):
        raise ValueError(f"{folder} lacks {len(missing)} pictures, the first is {missing[0]!r}: give their folder.")
    return found


def agreement(captions: Mapping[str, str], pictures: Mapping[str, Path], scorer: Scorer) -> Agreement:
    """The mean agreement of captions with their pictures, both by name.

    ValueError for a picture that cannot be read, and where the scorer can judge no sentence at all.
    """
    means, sentences, unscored = [], 0, 0
    for name, caption in captions.items():
        told = split_sentences(caption)
        scores = [score for score in scorer.score(_whole(pictures[name]), told) if score is not None]
        sentences, unscored = sentences + len(told), unscored + len(told) - len(scores)
        if scores:
            means.append(fmean(scores))
    if not means:
        raise ValueError(f"{scorer.name} can judge none of the {sentences} sentences: choose another scorer.")
    return Agreement(scorer.name, fmean(means), sentences, unscored)


def _whole(path: Path) -> Crop:
    picture = open_picture(path)
    ref = image_ref(picture, path.name)
    return Crop(ref.digest, ref.box, picture)
