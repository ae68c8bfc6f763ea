"""The command; see the package."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from PIL import Image

from benchmarks.likeness.arms import ARMS, LAYOUT, REGIONAL, Row, table, text_of
from benchmarks.likeness.comfy import Comfy, Slots, check_slots, filled, ids_of, with_regions
from benchmarks.likeness.measures import (
    boxes_found,
    colour_likeness,
    embedding_likeness,
    layout_likeness,
    statements_found,
    words_found,
)
from patchmatters.backends import SCORERS, backend
from patchmatters.basics.prompt_forms import FORMS, IDEOGRAM
from patchmatters.picture import Crop, open_picture, picture_digest
from patchmatters.scene import Box, Detection, Scene
from patchmatters.scene_json import attach_picture, dump_scenes, load_scenes
from patchmatters.witnesses.reader import Line

Figure = Callable[[Scene, Image.Image], float | None]  # (the reference's Scene with its picture, a made picture)


def main(arguments: Sequence[str] | None = None) -> int:
    options, rows, status = _parser().parse_args(arguments), list[Row](), 0
    try:
        for row in compared(options):
            rows.append(row)  # one by one: what was made before a failure is still told
    except (ValueError, RuntimeError, OSError) as error:
        print(error, file=sys.stderr)
        status = 2
    if options.out and rows:
        (Path(options.out) / "rows.json").write_text(json.dumps([asdict(row) for row in rows], indent=1), "utf-8")
    if rows:
        print(table(rows))
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.likeness", description=__doc__)
    parser.add_argument("scenes", nargs="+", metavar="SCENE.json", help="composed Scenes, of one picture each")
    parser.add_argument("--photo", action="append", required=True, help="the reference of each Scene, in order")
    parser.add_argument("--workflow", required=True, help="a text-to-image workflow in the API format")
    parser.add_argument("--prompt", action="append", required=True, metavar="NODE.INPUT", help="where the prompt goes")
    parser.add_argument("--seed", action="append", required=True, metavar="NODE.INPUT", help="where the seed goes")
    parser.add_argument("--seeds", type=int, default=2, help="pictures per arm and reference (default: 2)")
    parser.add_argument("--arms", nargs="+", default=ARMS, choices=ARMS, help="what is compared (default: all)")
    parser.add_argument("--form", default=IDEOGRAM, choices=FORMS, help=f"of the layout (default: {IDEOGRAM})")
    parser.add_argument("--comfy", default="http://127.0.0.1:8188", metavar="URL", help="the ComfyUI that runs it")
    parser.add_argument("--patience", type=float, default=600.0, metavar="S", help="seconds per picture at most")
    parser.add_argument("--clip", help="folder of a CLIP: adds CLIP-I")
    parser.add_argument("--dino", help="folder of a DINO: adds its likeness")
    parser.add_argument("--detector", help="folder of a detector: adds the share of objects found in their places")
    parser.add_argument("--ocr", action="store_true", help="adds the share of words that are read again")
    parser.add_argument("--scorer", default="builtin", choices=tuple(SCORERS), help="scores the kept statements")
    parser.add_argument("--out", help="a folder for the pictures and rows.json")
    return parser


def compared(options: argparse.Namespace) -> Iterator[Row]:
    """One row per reference, arm and seed."""
    workflow = json.loads(Path(options.workflow).read_text(encoding="utf-8"))
    slots = Slots(ids_of(options.prompt), ids_of(options.seed))
    check_slots(workflow, slots)
    comfy, figures = Comfy(options.comfy, options.patience), _figures(options)
    for scene in _references(options):
        for arm in options.arms:
            make = _prompts(arm, scene, workflow, slots, comfy, options.form)
            for seed in range(1, options.seeds + 1):
                picture = comfy.pictures(make(seed))[0]
                _keep(picture, options.out, f"{Path(scene.image.name).stem}_{arm}_{seed}.png")
                found = {name: figure(scene, picture) for name, figure in figures.items()}
                yield Row(scene.image.name, arm, seed, {name: one for name, one in found.items() if one is not None})


def _prompts(arm: str, scene: Scene, workflow: dict, slots: Slots, comfy: Comfy, form: str) -> Callable[[int], dict]:
    if arm == REGIONAL:
        name = comfy.upload("likeness_scene.json", dump_scenes([scene]).encode())
        return lambda seed: with_regions(workflow, slots, name, seed)
    return partial(filled, workflow, slots, text_of(arm, scene, form if arm == LAYOUT else IDEOGRAM))


def _references(options: argparse.Namespace) -> Iterator[Scene]:
    if len(options.photo) != len(options.scenes):
        raise ValueError(f"{len(options.scenes)} Scenes need as many --photo, not {len(options.photo)}.")
    for file, photo in zip(options.scenes, options.photo, strict=True):
        scenes = load_scenes(Path(file).read_text(encoding="utf-8"))
        if len(scenes) != 1:
            raise ValueError(f"{file} holds {len(scenes)} Scenes: give files of one Scene each.")
        yield attach_picture(scenes[0], open_picture(photo))


def _figures(options: argparse.Namespace) -> dict[str, Figure]:
    scorer = backend(SCORERS, options.scorer)
    score = scorer.create(scorer.settings_class()())
    figures: dict[str, Figure] = {
        "colours": lambda scene, picture: colour_likeness(scene.picture, picture),
        "light and dark": lambda scene, picture: layout_likeness(scene.picture, picture),
        f"statements ({options.scorer})": lambda scene, picture: statements_found(scene, picture, score),
    }
    for name, folder in (("CLIP-I", options.clip), ("DINO", options.dino)):
        if folder:
            likeness = embedding_likeness(Path(folder))
            figures[name] = lambda scene, picture, alike=likeness: alike(scene.picture, picture)
    figures |= {"words read again": _word_figure()} if options.ocr else {}
    return figures | ({"objects in place": _object_figure(options.detector)} if options.detector else {})


def _word_figure() -> Figure:
    from patchmatters.witnesses.text import create

    reader = create().reader  # what a reference says is read once

    def lines(picture: Image.Image) -> tuple[Line, ...]:
        return reader.lines(Crop(picture_digest(picture), Box(0, 0, *map(float, picture.size)), picture))

    return lambda scene, picture: words_found(lines(scene.picture), lines(picture))


def _object_figure(folder: str) -> Figure:
    from patchmatters.backends.detectors import DetectorSettings, create

    detector = create(DetectorSettings(model=folder))

    def found(picture: Image.Image) -> list[Detection]:
        return [
            Detection(one.box.normalised(*picture.size), one.label, one.score) for one in detector.detect([picture])[0]
        ]

    return lambda scene, picture: boxes_found(found(scene.picture), found(picture))


def _keep(picture: Image.Image, folder: str | None, name: str) -> None:
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        picture.save(Path(folder) / name)


if __name__ == "__main__":
    sys.exit(main())
