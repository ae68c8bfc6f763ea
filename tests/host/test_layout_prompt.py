"""Scene -> Create Bounding Boxes -> Build JSON Prompt on the real server: every kept object once, in its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from host.comfy_server import Host, Server
from host.graphs import OURS, Prompt, add
from patchmatters.picture import picture_digest
from patchmatters.scene import Basis, Box, Detection, ImageRef, Patch, Role, Scene, Sentence, Stage, Statement, Verdict
from patchmatters.scene_json import dump_scenes

WIDTH, HEIGHT = 1280, 960
CAR, SIGN, DOG = Box(100.4, 600.2, 420.7, 880.9), Box(900.3, 80.6, 1060.1, 240.2), Box(700.5, 640.5, 820.5, 760.5)
WANTED = {  # words of an element -> its box in pixels, its type, its text and its colour
    "A red car is parked. The car has black wheels.": (CAR, "obj", None, "#C22222"),
    'A stop sign reads "STOP".': (SIGN, "text", "STOP", "#2C56AE"),
    "A brown dog sits.": (DOG, "obj", None, "#F6F6F6"),
}


def patch(name: str, box: Box, *texts: str, role: Role = Role.SPATIAL, cell: tuple[int, int] | None = None) -> Patch:
    said = tuple(Statement(text, Verdict.SAME, kept=True) for text in texts)
    told = tuple(Sentence(text, (Basis(name, number),)) for number, text in enumerate(texts))
    return Patch(name, role, box, cell, statements=said, sentences=told)


def save_street(server: Server) -> None:
    """A Scene with three detected things, one of which carries a text, and its picture, in the input folder."""
    from PIL import Image

    picture = Image.new("RGB", (WIDTH, HEIGHT), "#F6F6F6")
    picture.paste("#C22222", (100, 600, 421, 881))
    picture.paste("#2C56AE", (900, 80, 1061, 241))
    picture.save(server.base / "input" / "street.png")
    halves = (
        patch("left", Box(0, 0, 640, HEIGHT), "A red car is parked.", "The car has black wheels.", cell=(0, 0)),
        patch("right", Box(640, 0, WIDTH, HEIGHT), 'A stop sign reads "STOP".', "A brown dog sits.", cell=(0, 1)),
    )
    whole = patch("whole image", Box(0, 0, WIDTH, HEIGHT), "A street on a sunny day.", "The sky is blue.",
                  role=Role.WHOLE)  # fmt: skip
    found = (Detection(CAR, "car", 0.9), Detection(SIGN, "stop sign", 0.8), Detection(DOG, "dog", 0.7))
    image = ImageRef("street", WIDTH, HEIGHT, picture_digest(picture))
    scene = Scene(image, whole, halves, Stage.MERGED, found)
    (server.base / "input" / "street.json").write_text(dump_scenes([scene]), "utf-8")


def layout_graph(node: str, output: int) -> Prompt:
    """From the saved Scene by `node`'s output of boxes to core's JSON prompt (node "prompt")."""
    prompt = add({}, "picture", "LoadImage", image="street.png")
    prompt = add(prompt, "scene", f"{OURS}LoadScene", scene_file="street.json", image=["picture", 0])
    settings = {"most_elements": 24, "words": 60, "form": "ideogram"} if node == "JsonPrompt" else {}
    prompt = add(prompt, "ours", f"{OURS}{node}", scene=["scene", 0], **settings)
    prompt = add(prompt, "boxes", "CreateBoundingBoxes", bboxes=["ours", output], width=WIDTH, height=HEIGHT,
                 editor_state={"__value__": []}, last_incoming={"__value__": []})  # fmt: skip
    built = {"style": "none", "high_level_description": "A street.", "background": "The sky is blue."}
    keywords = {"aesthetics": "", "lighting": "", "medium": "", "color_palette": {"__value__": []}}
    prompt = add(prompt, "json", "BuildJsonPromptIdeogram", element=["boxes", 2], **built, **keywords)
    return add(prompt, "prompt", "PreviewAny", source=["json", 0])


def thousandths(box: Box) -> list[float]:
    top, bottom = (1000 * edge / HEIGHT for edge in (box.top, box.bottom))
    left, right = (1000 * edge / WIDTH for edge in (box.left, box.right))
    return [top, left, bottom, right]


@pytest.mark.parametrize(("node", "output"), [("Regions", 6), ("JsonPrompt", 2)])
def test_every_kept_object_is_in_cores_prompt_once(host: Host, server: Server, node: str, output: int) -> None:
    from patchmatters.generate.json_prompts import faults

    if not (host.path / "comfy_extras" / "nodes_json_prompt.py").exists():
        pytest.skip("this ComfyUI is older than 0.28")
    save_street(server)
    run = server.run(layout_graph(node, output))
    assert run.status == "success", run.message
    (text,) = run.outputs["prompt"]["text"]
    assert faults("ideogram", text) == []
    elements: list[dict[str, Any]] = json.loads(text)["compositional_deconstruction"]["elements"]
    assert sorted(one["desc"] for one in elements) == sorted(WANTED)
    for one in elements:
        box, kind, read_text, colour = WANTED[one["desc"]]
        assert (one["type"], one.get("text")) == (kind, read_text)
        assert one["color_palette"][0] == colour
        assert max(abs(a - b) for a, b in zip(one["bbox"], thousandths(box), strict=True)) <= 1
