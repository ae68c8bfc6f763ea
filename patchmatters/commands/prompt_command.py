"""`python -m patchmatters prompt SCENE.json`: a saved Scene as the structured prompt of an image model."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..basics.json_files import read_text
from ..basics.plain_text import plain
from ..basics.prompt_forms import FORMS, IDEOGRAM
from ..jobs.terminal import complain, say

if TYPE_CHECKING:
    from ..scene import Scene

PROMPT_HELP = (
    "Print the prompt of each Scene of a file, one after the other with an empty line between. A form that is not "
    "listed is not written, because its format could not be verified: --form elements gives what ComfyUI's own nodes "
    "make the prompts of FLUX 3 and MOSS-Image from."
)


def add_prompt_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(run=write_prompts, verbose=False)
    parser.add_argument("file", metavar="SCENE.json", help="a Scene file, as caption --scene and Save Scene write it")
    parser.add_argument("--form", default=IDEOGRAM, choices=FORMS, help=f"whose prompt (default: {IDEOGRAM})")
    parser.add_argument(
        "--photo",
        action="append",
        default=[],
        metavar="PHOTO",
        help="the photo that the Scene was made from, to measure its colours; once per Scene of the file, in order",
    )
    parser.add_argument("--most-elements", type=int, default=24, metavar="INT", help="elements at most (default: 24)")
    parser.add_argument("--words", type=int, default=60, metavar="INT", help="words per element at most (default: 60)")
    parser.add_argument("--report", action="store_true", help="say on stderr where each field comes from")


def write_prompts(options: argparse.Namespace) -> int:
    """Print the prompts. ValueError, in a sentence that says what to do, for a file or a photo that will not do."""
    from ..generate import LayoutSettings, json_prompt, layout_of, prompt_report

    settings = LayoutSettings(most_elements=options.most_elements, words=options.words)
    prompts = [json_prompt(layout_of(scene, settings), options.form) for scene in _scenes(options)]
    if options.report:
        complain("\n\n".join(map(prompt_report, prompts)))
    say("\n\n".join(plain(prompt.text) for prompt in prompts))
    return 0


def _scenes(options: argparse.Namespace) -> list[Scene]:
    from ..picture import open_picture
    from ..scene_json import attach_picture, load_scenes

    scenes = load_scenes(read_text(options.file, "give the file that --scene wrote"))
    if options.photo and len(options.photo) != len(scenes):
        raise ValueError(
            f"{options.file} holds {len(scenes)} Scenes, but {len(options.photo)} photos are given: give one --photo "
            "for each, in order, or none."
        )
    pictures = map(open_picture, options.photo)
    return [attach_picture(*pair) for pair in zip(scenes, pictures, strict=True)] if options.photo else list(scenes)
