"""A Scene to look at: the pictures with the boxes and names of their patches, and a view to explore in the browser."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from comfy_api.latest import io

from ..patchmatters.scene import Scene
from ..patchmatters.scene_json import dump_scenes
from ..patchmatters.views.overlay import draw_overlay
from .types import SCENES, ComfyMonitor, SceneBatch, SceneSocket, image_from_pictures, ui_json

if TYPE_CHECKING:
    from PIL.Image import Image

VIEW_KEY = "patchmatters_scenes"  # what the browser's extension reads from the node's output
_FOLDER = "patchmatters"
_LONGEST = 1280  # pixels: twice what the view is wide on a screen, so that it stays sharp when zoomed in


class Inspect(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_Inspect",
            display_name="Inspect Scene",
            category=SCENES,
            description="Shows on the node where every sentence of the caption comes from: patches, candidates, "
            "statements and scores. Also draws patches, regions and detections onto the pictures.",
            search_aliases=["preview", "overlay", "debug", "bounding box", "draw", "trace", "explain"],
            inputs=[SceneSocket.Input("scene", tooltip="Scenes of any stage, with their pictures.")],
            outputs=[io.Image.Output("overlay", tooltip="The pictures with boxes and names drawn on them.")],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, scene: SceneBatch) -> io.NodeOutput:
        monitor = ComfyMonitor()
        overlays, views = [], []
        for one in scene:
            monitor.poll()
            overlays.append(draw_overlay(one))
            views.append(_view_files(one))
        return io.NodeOutput(image_from_pictures(overlays), ui=ui_json({VIEW_KEY: views}))


def _view_files(scene: Scene) -> dict[str, dict[str, str]]:
    """Names of two temporary files that the browser fetches: the Scene as JSON, and its picture without boxes.

    Files, because a message to the browser is kept in the host's history for ever: 200 bytes instead of the whole
    Scene. The same Scene has the same files, so that running again adds none.
    """
    content = dump_scenes([scene]).encode("utf-8", "replace")  # half a surrogate pair must not end the run
    return {
        "scene": _written(_named(content, ".json"), content),
        "picture": _drawn(_named(scene.image.digest.encode(), ".jpg"), scene.picture),
    }


def _named(content: bytes, suffix: str) -> str:
    return f"view_{hashlib.blake2b(content, digest_size=12).hexdigest()}{suffix}"


def _written(name: str, content: bytes) -> dict[str, str]:
    (_folder() / name).write_bytes(content)
    return _reference(name)


def _drawn(name: str, picture: Image | None) -> dict[str, str]:
    path = _folder() / name
    if picture is not None and not path.exists():
        small = picture.copy()
        small.thumbnail((_LONGEST, _LONGEST))
        small.save(path, quality=88)
    return _reference(name)


def _reference(name: str) -> dict[str, str]:
    """The file as the host's /view takes it."""
    return {"filename": name, "subfolder": _FOLDER, "type": "temp"}


def _folder() -> Path:
    import folder_paths

    folder = Path(folder_paths.get_temp_directory(), _FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
