"""Pictures of a folder, a few at a time: with their names, and going on where the last run stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from comfy_api.latest import io
from comfy_execution.graph_utils import ExecutionBlocker

from ..patchmatters.folder.one_by_one import Place, next_pictures
from ..patchmatters.folder.sources import SourceSettings
from ..patchmatters.picture import open_picture
from .scene_files import inside
from .types import DATASETS, FolderSocket, image_from_pictures

IN_OUTPUT = " [output]"  # the host's own way to name what is in its output folder
_HERE = "."


class LoadImageFolder(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        folders = [_HERE, *_subfolders()]
        return io.Schema(
            node_id="PatchMatters_LoadImageFolder",
            display_name="Load Image Folder",
            category=DATASETS,
            description="Loads the next pictures of a folder that have no caption yet. Queue it as often as there are "
            "pictures, or run it without end: each run takes the next, and a run that was broken off is no loss. Every "
            "format that Pillow reads, each picture in its own size, with its name.",
            search_aliases=["load folder", "batch", "dataset", "training", "caption folder"],
            inputs=[
                io.String.Input(
                    "captions_in",
                    default="",
                    tooltip="A folder in the output folder for the captions, with the same folders below. Empty: "
                    "beside the pictures.",
                ),
                io.Int.Input(
                    "pictures", default=1, min=1, max=64, tooltip="So many pictures a run. They lie in memory together."
                ),
                io.Boolean.Input("recursive", default=False, tooltip="Look into folders in the folder too."),
                io.Boolean.Input(
                    "skip_captioned",
                    default=True,
                    tooltip="Pass over pictures that have a caption file from elsewhere. An empty one counts as none.",
                ),
                io.Boolean.Input(
                    "retry",
                    default=False,
                    tooltip="Take up pictures that were loaded in an earlier run, and whose captions were never saved.",
                ),
                io.Combo.Input(
                    "folder",
                    options=folders,
                    default=_HERE,
                    tooltip="A folder in the input folder, or with [output] in the output folder. A dot is the input "
                    "folder itself.",
                ),
            ],
            outputs=[
                io.Image.Output("image", is_output_list=True, tooltip="The pictures: a list, each in its own size."),
                io.String.Output("name", is_output_list=True, tooltip="Their names, with the folders below this one."),
                FolderSocket.Output("place", tooltip="Where they are, for Save Captions."),
                io.Int.Output("left", tooltip="How many wait after these."),
            ],
        )

    @classmethod
    def validate_inputs(cls, folder: str, captions_in: str = "") -> bool | str:
        """A folder that is there will do, listed or not."""
        try:
            found = folder_of(folder).is_dir()
            inside(host_folder("output"), captions_in)
        except ValueError as error:
            return str(error)
        return found or f"There is no folder {folder}: make it in the input folder and put pictures into it."

    @classmethod
    def fingerprint_inputs(cls, **_: Any) -> float:
        """Every run takes the next pictures, so nothing is taken from the cache."""
        return float("nan")

    @classmethod
    def execute(
        cls, folder: str, captions_in: str, pictures: int, recursive: bool, skip_captioned: bool, retry: bool
    ) -> io.NodeOutput:
        out = inside(host_folder("output"), captions_in.strip()) if captions_in.strip() else None
        place = Place(folder_of(folder), out)
        found = next_pictures(place, SourceSettings(recursive), pictures, skip_captioned=skip_captioned, retry=retry)
        if not found.pictures:
            return io.NodeOutput(*[ExecutionBlocker(_finished(folder, found.begun))] * 4)
        images = [image_from_pictures([open_picture(picture.path)]) for picture in found.pictures]
        return io.NodeOutput(images, [picture.key for picture in found.pictures], place, found.left)


def _finished(folder: str, begun: int) -> str:
    rest = f" {begun} were begun and not finished: switch retry on for them." if begun else ""
    return f"All pictures of {folder} are captioned.{rest}"


def folder_of(name: str) -> Path:
    """The folder that a workflow calls `name`. ValueError for a name that leads out of the host's folders."""
    return inside(host_folder("output" if name.endswith(IN_OUTPUT) else "input"), name.removesuffix(IN_OUTPUT))


def host_folder(kind: str) -> Path:
    """The host's input or output folder."""
    from os.path import normpath

    import folder_paths

    return Path(normpath(Path(folder_paths.get_directory_by_type(kind)).absolute()))


def _subfolders() -> Iterator[str]:
    """Folders to choose: two levels deep, as a whole tree is too long to walk."""
    for kind, mark in (("input", ""), ("output", IN_OUTPUT)):
        root = host_folder(kind)
        found = (path for pattern in ("*/", "*/*/") for path in root.glob(pattern) if path.is_dir())
        for path in sorted(found):
            if not any(part.startswith(".") for part in path.relative_to(root).parts):
                yield path.relative_to(root).as_posix() + mark
