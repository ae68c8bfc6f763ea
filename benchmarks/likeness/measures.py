"""How like a reference a picture is: measures that need no weights, and those of CLIP, DINO and a detector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from patchmatters.backends.builtin_facts import colours, measure
from patchmatters.models import Scorer
from patchmatters.picture import Crop, picture_digest
from patchmatters.scene import Box, Detection, Scene
from patchmatters.witnesses.matching import SURE
from patchmatters.witnesses.matching import plain as letters_of
from patchmatters.witnesses.reader import Line

Likeness = Callable[[Image.Image, Image.Image], float]  # (reference, picture) -> 0 to 1
_MATCH = 0.5  # IoU from which two boxes are in one place
_SHORTEST = 2  # letters or digits of a word that counts


def measures(picture: Image.Image) -> measure.Measures:
    """The built-in captioner's figures of a whole picture."""
    return measure.measure(Crop(picture_digest(picture), Box(0, 0, *map(float, picture.size)), picture))


def colour_likeness(reference: Image.Image, picture: Image.Image) -> float:
    """The share of the two pictures' colours that they have in common, neighbouring names counted as one; 0 to 1."""
    one, other = (colours.blended(measures(each).total) for each in (reference, picture))
    return float(np.minimum(one / one.sum(), other / other.sum()).sum())


def layout_likeness(reference: Image.Image, picture: Image.Image) -> float:
    """How alike light and dark are spread over the frame: the correlation of 12 x 12 cells, 0 where it is negative.

    A picture of one lightness everywhere has no layout: it is like another such picture and like nothing else.
    """
    one, other = (measures(each).lightness.ravel() - measures(each).lightness.mean() for each in (reference, picture))
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    if size < 1e-9:
        return float(np.allclose(one, 0) and np.allclose(other, 0))
    return max(0.0, float(one @ other) / size)


def statements_found(scene: Scene, picture: Image.Image, scorer: Scorer) -> float | None:
    """The mean score of the reference's kept statements in their places of the picture; None where none can be scored.

    A picture of another size is scaled to the reference's.
    """
    shown = picture if picture.size == (scene.image.width, scene.image.height) else _fitted(picture, scene)
    digest, scores = picture_digest(shown), []
    for patch in scene.patches:
        said = [one.text for one in patch.kept]
        scores += scorer.score(Crop(digest, patch.box, shown), said) if said else []
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None


def _fitted(picture: Image.Image, scene: Scene) -> Image.Image:
    return picture.resize((scene.image.width, scene.image.height), Image.Resampling.LANCZOS)


def boxes_found(wanted: Sequence[Detection], found: Sequence[Detection]) -> float | None:
    """The share of the reference's detections of which the picture has one of that label in that place; None without.

    Boxes are in shares of their pictures. Each detection of the picture counts once.
    """
    left, hits = list(found), 0
    for one in wanted:
        twin = next((other for other in left if other.label == one.label and other.box.iou(one.box) >= _MATCH), None)
        if twin is not None:
            left.remove(twin)
            hits += 1
    return hits / len(wanted) if wanted else None


def words_found(reference: Sequence[Line], made: Sequence[Line]) -> float | None:
    """The share of the words surely read in the reference that are read in the picture too, each as often as it is
    there; None where nothing is surely read in the reference. Words of one letter count for nothing.
    """
    wanted = _words(line for line in reference if line.score >= SURE)
    again = wanted & _words(made)
    return again.total() / wanted.total() if wanted else None


def _words(lines: Iterable[Line]) -> Counter[str]:
    found = (letters_of(word) for line in lines for word in line.text.split())
    return Counter(word for word in found if len(word) >= _SHORTEST)


def embedding_likeness(folder: Path) -> Likeness:
    """The cosine of two pictures' embeddings by a local CLIP (CLIP-I), SigLIP or DINO, cut at 0.

    ValueError for a folder that holds no such model.
    """
    import torch
    from transformers import AutoImageProcessor, AutoModel

    try:
        model, processor = AutoModel.from_pretrained(folder).eval(), AutoImageProcessor.from_pretrained(folder)
    except OSError as error:
        raise ValueError(f"{folder} holds no picture model ({error}): give the folder of a CLIP or a DINO.") from None

    def embedded(picture: Image.Image) -> Any:
        inputs = processor(images=picture.convert("RGB"), return_tensors="pt")
        if hasattr(model, "get_image_features"):
            found = model.get_image_features(**inputs)
            found = found if isinstance(found, torch.Tensor) else found.pooler_output
        else:
            found = model(**inputs).last_hidden_state[:, 0]  # DINO: the class token
        return torch.nn.functional.normalize(found.float(), dim=-1)[0]

    def likeness(reference: Image.Image, picture: Image.Image) -> float:
        with torch.inference_mode():
            return max(0.0, float(embedded(reference) @ embedded(picture)))

    return likeness
