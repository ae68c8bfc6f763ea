"""Captions into files as trainers read them: beside the pictures, or with the pictures in a folder of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comfy_api.latest import io

from ..patchmatters.basics.whole_files import whole_file, write_whole
from ..patchmatters.folder.command_options import LONG, STYLES
from ..patchmatters.folder.forms import FormSettings
from ..patchmatters.folder.one_by_one import ENDINGS, Caption, Place, captions_of, keep_captions
from ..patchmatters.folder.sidecars import Existing
from .load_image_folder import host_folder
from .scene_files import inside
from .types import DATASETS, FolderSocket, SceneBatch, SceneSocket, pictures_from_image, ui_json

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor


# Optional sockets that could be widgets stand last, where saved workflows do not count them.
_NAME = io.String.Input("name", optional=True, force_input=True, tooltip="From Load Image Folder: the pictures' names.")


def _sockets() -> list[io.Input]:
    return [
        io.String.Input("caption", force_input=True, tooltip="The captions, one per picture."),
        FolderSocket.Input("place", optional=True, tooltip="From Load Image Folder: where the pictures are."),
        io.Image.Input(
            "image",
            optional=True,
            tooltip="The pictures, to be saved as PNG beside their captions. Not needed where the captions go "
            "beside the pictures themselves.",
        ),
        SceneSocket.Input(
            "scene",
            optional=True,
            tooltip="The captions' Scenes: they let the surest sentences stay in a short caption, and are kept "
            "in the folder's state for other forms later.",
        ),
    ]


def _texts() -> list[io.Input]:
    return [
        io.String.Input(
            "folder",
            default="captions",
            tooltip="A folder in the output folder, where no place is connected.",
        ),
        io.String.Input(
            "filename_prefix", default="picture", tooltip="Start of the file names, where no name is connected."
        ),
        io.String.Input("trigger", default="", tooltip="Trigger words, first in every caption."),
        io.String.Input("prefix", default="", tooltip="Written before every caption."),
        io.String.Input("suffix", default="", tooltip="Written after every caption."),
        io.Int.Input("max_words", default=0, min=0, max=10000, tooltip="Longest caption, in words. 0: no limit."),
        io.String.Input(
            "exclude_about",
            default="",
            tooltip='What captions are not to speak of, because a LoRA is to learn it: "hair, eye colour".',
        ),
    ]


def _choices() -> list[io.Input]:
    return [
        io.Combo.Input("style", options=list(STYLES), default=LONG, tooltip="All sentences, the surest few, or tags."),
        io.Combo.Input("ending", options=list(ENDINGS), default=ENDINGS[0], tooltip="Ending of the caption files."),
        io.Combo.Input(
            "existing",
            options=[one.value for one in Existing],
            default=Existing.SKIP.value,
            tooltip="What to do where a picture has a caption file of another origin. append adds a line, "
            "which trainers take for a variant.",
        ),
    ]


class SaveCaptions(io.ComfyNode):
    """Takes lists as lists, because captions, names and pictures belong together by their order."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_SaveCaptions",
            display_name="Save Captions",
            category=DATASETS,
            description="Writes a caption file for each picture, as trainers read them. With place and name from Load "
            "Image Folder, under the pictures' own names; with pictures alone, both into a folder of the output "
            "folder.",
            search_aliases=["save text", "sidecar", "dataset", "training", "lora", "txt"],
            is_input_list=True,
            is_output_node=True,
            inputs=[*_sockets(), *_texts(), *_choices(), _NAME],
            outputs=[],
        )

    @classmethod
    def validate_inputs(cls, folder: str, filename_prefix: str) -> bool | str:
        try:
            inside(host_folder("output"), f"{folder}/{filename_prefix}")
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def execute(
        cls,
        caption: Sequence[str],
        place: Sequence[Place] = (),
        name: Sequence[str] = (),
        image: Sequence[Tensor] = (),
        scene: Sequence[SceneBatch] = (),
        **widgets: Any,
    ) -> io.NodeOutput:
        options = {key: values[0] for key, values in widgets.items()}
        pictures = list(chain.from_iterable(map(pictures_from_image, image or ())))
        scenes = list(chain.from_iterable(scene or ()))
        for what, entries in (("names", name), ("pictures", pictures), ("Scenes", scenes)):
            if entries and len(entries) != len(caption):
                raise ValueError(
                    f"There are {len(caption)} captions, but {len(entries)} {what}: connect those that belong together."
                )
        form = _form(options)
        made = [
            Caption(key, text, one)
            for key, text, one in zip(
                name or [""] * len(caption), caption, scenes or [None] * len(caption), strict=True
            )
        ]
        written = (
            _save_in_place(place[0], made, pictures, form, options)
            if place and name
            else list(_save_anew(made, pictures, form, options))
        )
        return io.NodeOutput(ui=ui_json({"caption_files": [path.name for path in written]}))


def _form(options: dict[str, Any]) -> FormSettings:
    return FormSettings(
        styles=(options["style"],),
        exclude=options["exclude_about"],
        **{name: options[name] for name in ("trigger", "prefix", "suffix", "max_words")},
    )


def _save_in_place(
    place: Place, captions: Sequence[Caption], pictures: Sequence[Image], form: FormSettings, options: dict[str, Any]
) -> list[Path]:
    """Captions under the pictures' own names; the pictures too, where they go to a folder of their own."""
    for one in captions:
        inside(place.root, one.key)
    if place.out is not None:
        for one, picture in zip(captions, pictures, strict=False):
            _save_picture(picture, (place.out / one.key).with_suffix(".png"))
    return keep_captions(place, captions, form, options["ending"], Existing(options["existing"]))


def _save_anew(
    captions: Sequence[Caption], pictures: Sequence[Image], form: FormSettings, options: dict[str, Any]
) -> Iterator[Path]:
    """Pictures and captions under new names with a counter, in a folder of the output folder."""
    import folder_paths

    if not pictures:
        raise ValueError("Captions need the pictures they belong to: connect place and name, or image.")
    output = host_folder("output")
    prefix = f"{options['folder'].strip() or '.'}/{options['filename_prefix']}"
    inside(output, prefix)
    folder, start, counter, _, _ = folder_paths.get_save_image_path(prefix, str(output))
    for number, (one, picture) in enumerate(zip(captions, pictures, strict=True), counter):
        path = Path(folder) / f"{start}_{number:05}_{options['ending']}"
        _save_picture(picture, path.with_suffix(".png"))
        write_whole(path, "\n".join(captions_of(one, form).texts).encode())
        yield path


def _save_picture(picture: Image, path: Path) -> None:
    with whole_file(path) as file:
        picture.save(file, format="PNG", compress_level=4)
