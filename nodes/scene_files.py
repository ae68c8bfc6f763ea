"""Scenes to and from JSON files in ComfyUI's own folders."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comfy_api.latest import io

from ..patchmatters.basics.json_files import read_text
from ..patchmatters.basics.whole_files import write_whole
from ..patchmatters.scene_json import attach_picture, dump_scenes, load_scenes
from .types import SCENES, SceneBatch, SceneSocket, pictures_from_image, ui_json

if TYPE_CHECKING:
    from torch import Tensor

_NO_FILE = "There is no Scene file yet: save one with Save Scene, or put its JSON file into the input folder."
_IN_OUTPUT = " [output]"  # the host's own way to name a file of its output folder
_LISTED = ("*.json", "*/*.json")  # deeper files can be named by hand; a whole output tree is too long to walk


class SaveScene(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_SaveScene",
            display_name="Save Scene",
            category=SCENES,
            description="Writes Scenes to a JSON file in the output folder: every patch, description, statement, score "
            "and the caption, without the pixels.",
            search_aliases=["export", "json", "dump"],
            inputs=[
                SceneSocket.Input("scene", tooltip="Scenes of any stage."),
                io.String.Input(
                    "filename_prefix",
                    default="patchmatters/scene",
                    tooltip="Start of the file name, with folders inside the output folder; a counter is added.",
                ),
            ],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def validate_inputs(cls, filename_prefix: str | None = None) -> bool | str:
        """Before anything runs, because what leads here may have been paid for."""
        try:
            if filename_prefix is not None:
                _require_name(filename_prefix)
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def execute(cls, scene: SceneBatch, filename_prefix: str) -> io.NodeOutput:
        path = _next_path(filename_prefix)
        write_whole(path, dump_scenes(scene).encode())
        return io.NodeOutput(ui=ui_json({"scene_files": [path.relative_to(_folder("output")).as_posix()]}))


class LoadScene(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        files = list(_scene_files())
        return io.Schema(
            node_id="PatchMatters_LoadScene",
            display_name="Load Scene",
            category=SCENES,
            description="Reads Scenes from a JSON file of Save Scene or of the command line.",
            search_aliases=["import", "json"],
            inputs=[
                io.Image.Input(
                    "image",
                    optional=True,
                    tooltip="The pictures from which the Scenes were made, in order: needed to score, crop or draw.",
                ),
                io.Combo.Input(
                    "scene_file",
                    options=files,
                    default=files[0] if files else None,
                    tooltip="A JSON file of the input folder, or with [output] of the output folder.",
                ),
            ],
            outputs=[SceneSocket.Output("scene", tooltip="The Scenes, as far as they had come when they were saved.")],
        )

    @classmethod
    def validate_inputs(cls, scene_file: str | None = None) -> bool | str:
        """A file that is there will do, listed or not; the list may be older than the file."""
        if not scene_file:
            return _NO_FILE
        try:
            found = scene_path(scene_file).is_file()
        except ValueError as error:
            return str(error)
        return found or f"There is no {scene_file}: put a Scene's JSON file into the input folder, or save one."

    @classmethod
    def fingerprint_inputs(cls, scene_file: str | None = None, **_: Any) -> str:
        """The file's content, so that a file that was written anew is read anew; of a name over a link nothing."""
        if not scene_file:
            return ""
        return hashlib.blake2b(scene_path(scene_file).read_bytes(), digest_size=16).hexdigest()

    @classmethod
    def execute(cls, scene_file: str | None = None, image: Tensor | None = None) -> io.NodeOutput:
        if not scene_file:
            raise ValueError(_NO_FILE)
        scenes = load_scenes(read_text(scene_path(scene_file), "choose a JSON file of Save Scene"))
        if image is None:
            return io.NodeOutput(SceneBatch(scenes))
        pictures = pictures_from_image(image)
        if len(pictures) != len(scenes):
            raise ValueError(
                f"{scene_file} holds {len(scenes)} Scenes, but {len(pictures)} pictures are connected: connect those "
                "from which the Scenes were made."
            )
        return io.NodeOutput(SceneBatch(map(attach_picture, scenes, pictures)))


def scene_path(name: str) -> Path:
    """The file that a workflow calls `name`, inside the input folder or, with " [output]", the output folder.

    ValueError for a name that leads out of that folder, or that is no JSON file.
    """
    kind = "output" if name.endswith(_IN_OUTPUT) else "input"
    path = inside(_folder(kind), name.removesuffix(_IN_OUTPUT))
    if path.suffix.lower() != ".json":
        raise ValueError(f"{name!r} is not a JSON file: choose a file of Save Scene.")
    return path


def inside(folder: Path, name: str) -> Path:
    """`name` in `folder`; ValueError where it leads out of it.

    Compared as written, as the host does, so that a folder that is itself a link goes on working.
    """
    path = Path(normpath(folder / name))
    if not path.is_relative_to(folder):
        raise ValueError(f"{name!r} leads out of ComfyUI's folders: give a path inside them.")
    return path


def _next_path(prefix: str) -> Path:
    """A file of the output folder that does not exist yet: prefix, counter, .json."""
    import folder_paths

    output = _require_name(prefix)
    folder, name, counter, _, _ = folder_paths.get_save_image_path(prefix, str(output))
    return Path(folder) / f"{name}_{counter:05}_.json"


def _require_name(prefix: str) -> Path:
    """The output folder. ValueError for a prefix that leads out of it or names no file."""
    output = _folder("output")
    if not inside(output, prefix).relative_to(output).name.strip(". "):
        raise ValueError(f"filename_prefix {prefix!r} names no file: give a name, such as patchmatters/scene.")
    return output


def _folder(kind: str) -> Path:
    import folder_paths

    return Path(normpath(Path(folder_paths.get_directory_by_type(kind)).absolute()))


def _scene_files() -> Iterator[str]:
    """Names of the JSON files in the input and output folders, newest first."""
    for kind, mark in (("input", ""), ("output", _IN_OUTPUT)):
        folder = _folder(kind)
        found = [path for pattern in _LISTED for path in folder.glob(pattern)]
        for path in sorted(found, key=lambda path: (-path.stat().st_mtime, path.name)):
            yield path.relative_to(folder).as_posix() + mark
