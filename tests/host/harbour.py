"""The example picture captioned by a script: real stages over written answers and scores, with errors to be caught.

A captioner of real weights is nowhere needed for it, and the Scene has all that people look for in the inspector:
agreed statements, one of them wrong, rivals of which one is kept, statements said once that the picture confirms or
does not, overlapping patches.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from patchmatters.backends.scripted import ScriptedChat, ScriptedScorer
from patchmatters.detections import read_detections
from patchmatters.models import Question
from patchmatters.picture import Crop, open_picture
from patchmatters.pipeline import caption_pictures
from patchmatters.scene import Scene
from patchmatters.scene_json import dump_scenes

PICTURES = Path(__file__).resolve().parents[2] / "pictures"
PICTURE, SCENE = "harbour.png", "harbour_scene.json"

CANDIDATES: Mapping[str, tuple[str, ...]] = {
    "whole image": (
        "A fishing boat lies on calm water at sunset, and a lighthouse stands on dark rocks. "
        "The sun hangs low over the horizon. A sailor waves from the boat.",
    ),
    "top-left": (
        "Six dark birds glide across the sky. The sky fades from deep blue to orange. A grainy haze lies over the sky. "
        "A kite hangs between the birds.",
        "Three dark birds glide across the sky. The sky fades from deep blue to orange. The birds fly in pairs.",
        "Six dark birds glide across the sky. The sky fades from deep blue to orange. The birds fly in pairs. "
        "A plane leaves a white trail.",
    ),
    "top-right": (
        "The lighthouse has red and white bands. The lamp room glows pale yellow. The roof of the lighthouse is red. "
        "A flag flies from the roof.",
        "The lighthouse has red and white bands. The lamp room glows pale yellow. The roof of the lighthouse is blue. "
        "A dark gallery runs around the lamp room.",
        "The lighthouse has red and white bands. The roof of the lighthouse is red. "
        "A dark gallery runs around the lamp room. Gulls sit on the railing.",
    ),
    "bottom-left": (
        "The hull of the boat is teal. The white cabin has two lit windows. A black mast rises behind the cabin. "
        "Two anglers stand on the deck.",
        "The hull of the boat is black. The white cabin has two lit windows. A black mast rises behind the cabin. "
        "Two anglers stand on the deck. The ripples on the water are dark blue.",
        "The hull of the boat is teal. The white cabin has three lit windows. A black mast rises behind the cabin. "
        "A thin rope runs from the mast to the bow.",
    ),
    "bottom-right": (
        "The lighthouse has red and white bands. The dark rocks slope into the sea. "
        "The reflections of the sun lie golden on the water. A wooden pier leads to the rocks.",
        "The dark rocks slope into the sea. The reflections of the sun lie golden on the water. The rocks are bare.",
        "The lighthouse has red and white bands. The dark rocks slope into the sea. "
        "The water darkens towards the bottom. Green moss covers the rocks.",
    ),
}
SCORES: Mapping[str, float] = {  # by a word of the sentence: what a good scorer would say of this picture
    "kite": 0.06, "sailor": 0.08, "plane": 0.09, "haze": 0.34, "Three dark": 0.27, "Six dark": 0.74, "flag": 0.12,
    "Gulls": 0.18, "roof of the lighthouse is red": 0.88, "roof of the lighthouse is blue": 0.15,
    "gallery": 0.71, "anglers": 0.07, "hull of the boat is teal": 0.83, "hull of the boat is black": 0.41,
    "three lit": 0.22, "two lit": 0.79,
    "rope": 0.78, "ripples": 0.71, "pier": 0.11, "moss": 0.14, "bare": 0.57, "darkens": 0.74, "pale yellow": 0.8,
    "reflections": 0.86, "pairs": 0.52,
}  # fmt: skip
OTHERWISE = 0.66


def write_harbour(folder: Path) -> Scene:
    """Write the picture and its Scene into a folder, as a ComfyUI's input folder has them, and return the Scene."""
    picture = open_picture(PICTURES / "harbour.jpg")
    picture.save(folder / PICTURE)  # without loss: the Scene knows its picture by every pixel
    scene = harbour_scene(picture)
    (folder / SCENE).write_text(dump_scenes([scene]), encoding="utf-8")
    return scene


def harbour_scene(picture: Image.Image) -> Scene:
    boxes = json.loads((PICTURES / "harbour.json").read_text(encoding="utf-8"))
    (scene,) = caption_pictures(
        [picture],
        ScriptedChat(_answer, name="scripted captioner", follows_instructions=False),
        ScriptedScorer(_score, name="scripted scorer"),
        detections=read_detections(boxes, 1),
        names=["harbour"],
    )
    return scene


def _answer(question: Question) -> str:
    patch = next(name for name in CANDIDATES if name in question.name)
    number = int(question.name.rsplit(" ", 1)[1]) if "candidate" in question.name else 1
    texts = CANDIDATES[patch]
    return texts[min(number, len(texts)) - 1]


def _score(crop: Crop, sentence: str) -> float:
    score = next((score for words, score in SCORES.items() if words in sentence), OTHERWISE)
    return round(score + zlib.crc32(repr(crop.box).encode()) % 7 / 200, 2)  # a little different in every crop
