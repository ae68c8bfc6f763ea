"""A layout as the structured prompt of an image model, by the format that the model's makers publish.

ideogram: `docs/prompting.md` and `caption_verifier.py` of ideogram-oss/ideogram4, and core's Build JSON Prompt.
flux3: docs.bfl.ai, FLUX 3 Image, "Bounding boxes". fibo: the pydantic models of the package bria-vgl 0.8.0.
elements: what core's Create Bounding Boxes gives and takes, from which core's own nodes make the prompts of MOSS-Image,
FLUX 3 and Ideogram. A format that could not be verified from its makers' documentation is not written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..basics.prompt_forms import ELEMENTS, FIBO, FLUX3, FORMS, IDEOGRAM, PLAIN
from ..language.places import place_of
from .layout import TEXT, Element, Layout, grid_box
from .palette import MOST, Colour, codes, names
from .phrases import same_words, shortened

_SUMMARY_WORDS = 200  # of FIBO's short_description
_CODE = re.compile(r"#[0-9A-F]{6}")
_ID = re.compile(r"[a-z][a-z0-9_]*_[1-9][0-9]*")
_BRACKETS = str.maketrans("<>[]{}", "()()()")  # marks by which FLUX 3 tells ids and the table from the text
_LARGE, _SMALL = 0.25, 0.04  # shares of the picture

Fields = dict[str, Any]


@dataclass(frozen=True)
class JsonPrompt:
    """A prompt in one form. `trace` says for each field which statements and detections gave it, `left_out` what of the
    Scene it does not hold, `unstated` which fields the format demands and nothing in the Scene fills: they are empty.
    """

    form: str
    text: str
    trace: Mapping[str, tuple[tuple[str, int], ...]]
    left_out: tuple[str, ...]
    unstated: tuple[str, ...] = ()


def json_prompt(layout: Layout, form: str) -> JsonPrompt:
    """The prompt of a layout. ValueError for an unknown form; RuntimeError where it breaks the format's own rules."""
    if form not in _WRITERS:
        raise ValueError(f"There is no form {form!r}: choose one of {', '.join(FORMS)}.")
    write, check, places = _WRITERS[form]
    text, unstated = write(layout)
    wrong = check(text)
    if wrong:
        raise RuntimeError(f"The {form} prompt is not valid ({'; '.join(wrong[:3])}): report this Scene.")
    left_out = [f"{one.what}: {one.why}" for one in layout.left_out]
    if form in (FLUX3, PLAIN) and layout.palette:
        left_out.append(f"palettes: {form} takes no colour codes")
    return JsonPrompt(form, text, _trace(layout, places), tuple(left_out), unstated)


def faults(form: str, text: str) -> list[str]:
    """What is wrong with a prompt by the rules of its form; empty for a valid one."""
    if form not in _WRITERS:
        raise ValueError(f"There is no form {form!r}: choose one of {', '.join(FORMS)}.")
    return _WRITERS[form][1](text)


def prompt_report(prompt: JsonPrompt) -> str:
    """For people: where each field comes from, what was left out, and what nothing in the Scene says."""
    lines = [f"{prompt.form}: {len(prompt.text)} characters"]
    lines += [f"- {field}: {_sources(origins)}" for field, origins in prompt.trace.items()]
    lines += ["Left out:", *(f"- {one}" for one in prompt.left_out)] if prompt.left_out else ["Nothing was left out."]
    if prompt.unstated:
        lines.append(f"Empty, because nothing in the Scene says it: {', '.join(prompt.unstated)}.")
    return "\n".join(lines)


def _sources(origins: Sequence[tuple[str, int]]) -> str:
    found = [f"{'detection' if patch == 'detections' else patch + ', statement'} {n + 1}" for patch, n in origins]
    return "; ".join(found) or "no statement"


def _trace(layout: Layout, places: tuple[str, str, str]) -> dict[str, tuple[tuple[str, int], ...]]:
    """`places`: what the form calls the summary, the background and element number N."""
    summary, background, element = places
    found = {summary: layout.summary_origins, background: layout.background_origins} if summary else {}
    return found | {element.format(n): one.origins for n, one in enumerate(layout.elements)}


def elements_of(layout: Layout) -> list[Fields]:
    """The elements as core's Create Bounding Boxes gives them: type, bbox [top, left, bottom, right] of 1000, text,
    desc and color_palette. Also what core's other layout nodes (Build JSON Prompt, FLUX 3, MOSS-Image) read.
    """
    return [_element(one, layout) for one in layout.elements]


def _element(element: Element, layout: Layout) -> Fields:
    fields: Fields = {"type": element.kind, "bbox": list(grid_box(element.box, layout.width, layout.height))}
    if element.kind == TEXT:
        fields["text"] = element.text
    fields["desc"] = element.desc
    palette = codes(element.palette)[:MOST]
    return fields | ({"color_palette": palette} if palette else {})


def _compact(fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


# --- ideogram ---------------------------------------------------------------------------------------------------------


def _ideogram(layout: Layout) -> tuple[str, tuple[str, ...]]:
    caption: Fields = {"high_level_description": layout.summary} if layout.summary else {}
    inside = {"background": layout.background, "elements": elements_of(layout)}
    unstated = () if layout.background else ("compositional_deconstruction.background",)
    return _compact(caption | {"compositional_deconstruction": inside}), unstated


def _ideogram_faults(text: str) -> list[str]:
    caption, wrong = _object(text)
    inside = caption.get("compositional_deconstruction")
    if wrong or not isinstance(inside, dict):
        return wrong or ["compositional_deconstruction is missing"]
    wrong += _keys(
        "the prompt", caption, ("high_level_description", "style_description", "compositional_deconstruction")
    )
    if list(inside) != ["background", "elements"] or not isinstance(inside["background"], str):
        return [*wrong, "compositional_deconstruction must have a background in words, then elements"]
    return wrong + [fault for n, one in enumerate(inside["elements"]) for fault in _element_faults(n, one)]


def _element_faults(number: int, element: Fields) -> list[str]:
    kind = element.get("type")
    order = (
        ("type", "bbox", "text", "desc", "color_palette") if kind == TEXT else ("type", "bbox", "desc", "color_palette")
    )
    where = f"element {number}"
    wrong = [] if kind in ("obj", TEXT) else [f"{where} has the type {kind!r}"]
    wrong += _keys(where, element, order) + _box_faults(where, element.get("bbox"))
    lacking = [name for name in order[:-1] if name not in element]
    wrong += [f"{where} lacks {', '.join(lacking)}"] if lacking else []
    palette = element.get("color_palette", [])
    if len(palette) > MOST or not all(isinstance(code, str) and _CODE.fullmatch(code) for code in palette):
        wrong.append(f"{where} has a palette that is not at most {MOST} codes #RRGGBB in capitals")
    return wrong


def _keys(where: str, fields: Fields, order: Sequence[str]) -> list[str]:
    """The fields must be some of `order`, in that order."""
    return (
        [] if list(fields) == [name for name in order if name in fields] else [f"{where} has the fields {list(fields)}"]
    )


def _box_faults(where: str, box: Any) -> list[str]:
    if not isinstance(box, list) or len(box) != 4 or not all(type(edge) is int and 0 <= edge <= 1000 for edge in box):
        return [f"{where} has the box {box}, but four whole numbers from 0 to 1000 are expected"]
    return [] if box[0] < box[2] and box[1] < box[3] else [f"{where} has an empty or turned box {box}"]


def _object(text: str) -> tuple[Fields, list[str]]:
    try:
        found = json.loads(text)
    except ValueError as error:
        return {}, [f"it is not JSON ({error})"]
    return (found, []) if isinstance(found, dict) else ({}, ["it is not a JSON object"])


# --- flux3 ------------------------------------------------------------------------------------------------------------


def _flux3(layout: Layout) -> tuple[str, tuple[str, ...]]:
    """A paragraph in which each element is named by its id, then the table of boxes."""
    ids = _ids(layout.elements)
    table = [
        {"id": name, "bbox": list(grid_box(one.box, layout.width, layout.height)), "desc": _coloured(one)}
        for name, one in zip(ids, layout.elements, strict=True)
    ]
    said = [part.translate(_BRACKETS) for part in (layout.summary, layout.background) if part]
    cited = [f"{' '.join(name.split('_')[:-1])} <{name}>" for name in ids]
    caption = " ".join([*said, *([f"In the picture: {', '.join(cited)}."] if cited else [])])
    return (f"{caption}\n{json.dumps(table, ensure_ascii=False)}" if table else caption), ()


def _ids(elements: Sequence[Element]) -> list[str]:
    """Lower-case names with a number: dog_1, dog_2, traffic_light_1."""
    counts: dict[str, int] = {}
    found = []
    for one in elements:
        bare = re.sub(r"[^a-z0-9]+", "_", "text" if one.kind == TEXT else one.name.lower()).strip("_")
        name = bare if bare[:1].isalpha() else "obj"
        counts[name] = counts.get(name, 0) + 1
        found.append(f"{name}_{counts[name]}")
    return found


def _coloured(element: Element) -> str:
    """The description with what the table has no field for: the text to be read, and colours that no word names."""
    read_text = (
        f' Reads "{element.text}".' if element.text and same_words(element.text) not in same_words(element.desc) else ""
    )
    named = [one for one in element.palette[:2] if not _names_colour(element.desc, one)]
    mainly = f" Mainly {names(named)}." if len(named) == len(element.palette[:2]) and named else ""
    return (element.desc + read_text + mainly).translate(_BRACKETS)


def _names_colour(text: str, colour: Colour) -> bool:
    return colour.name.split()[-1] in text.lower().split()


def _flux3_faults(text: str) -> list[str]:
    caption, found, table = text.rpartition("\n")
    if not found:
        return [] if "<" not in text else ["an id is cited that has no row"]
    try:
        rows = json.loads(table)
    except ValueError as error:
        return [f"the table of boxes is not JSON ({error})"]
    ids = [row.get("id") for row in rows]
    wrong = [f"{one!r} is no id" for one in ids if not isinstance(one, str) or not _ID.fullmatch(one)]
    wrong += ["two rows have one id"] if len(set(map(str, ids))) < len(ids) else []
    wrong += [
        f"row {n} has the fields {list(row)}" for n, row in enumerate(rows) if list(row) != ["id", "bbox", "desc"]
    ]
    wrong += [fault for n, row in enumerate(rows) for fault in _box_faults(f"row {n}", row.get("bbox"))]
    return wrong if re.findall(r"<([^<>]*)>", caption) == ids else [*wrong, "the ids cited are not those of the table"]


# --- fibo -------------------------------------------------------------------------------------------------------------


def _fibo(layout: Layout) -> tuple[str, tuple[str, ...]]:
    texts = [one for one in layout.elements if one.kind == TEXT]
    objects = [one for one in layout.elements if one.kind != TEXT]
    fields: Fields = {
        "short_description": shortened(layout.summary, _SUMMARY_WORDS),
        "objects": [_fibo_object(one, layout) for one in objects],
        "background_setting": layout.background,
        "lighting": {"conditions": "", "direction": ""},
        "aesthetics": {
            "composition": _composition(layout),
            "color_scheme": names(layout.palette),
            "mood_atmosphere": "",
        },
        "text_render": [_fibo_text(one, layout) for one in texts],
        "context": "",
    }
    return _compact(fields), tuple(_empty(fields))


def _fibo_object(element: Element, layout: Layout) -> Fields:
    fields = {
        "description": element.desc,
        "location": _location(element, layout),
        "relationship": "",
        "relative_size": _size(element, layout),
    }
    return fields | ({"shape_and_color": f"Mainly {names(element.palette[:2])}"} if element.palette else {})


def _fibo_text(element: Element, layout: Layout) -> Fields:
    return {
        "text": element.text,
        "location": _location(element, layout),
        "size": _size(element, layout),
        "color": names(element.palette[:1]),
        "font": "",
        "appearance_details": element.desc,
    }


def _location(element: Element, layout: Layout) -> str:
    place = place_of(element.box, layout.width, layout.height)
    return (
        re.sub(r"^(?:at|in|on) the ", "", place).replace("top ", "top-").replace("bottom ", "bottom-")
        or "whole picture"
    )


def _size(element: Element, layout: Layout) -> str:
    share = element.box.area / (layout.width * layout.height)
    return "large within frame" if share >= _LARGE else "small" if share <= _SMALL else "medium"


def _composition(layout: Layout) -> str:
    """Where the elements stand, as measured from their boxes."""
    return "; ".join(dict.fromkeys(f"{one.name} {_location(one, layout)}" for one in layout.elements[:8]))


def _empty(fields: Any, path: str = "") -> list[str]:
    """The names of the fields that hold no words, each once, whatever the element."""
    if isinstance(fields, dict):
        found = [name for key, value in fields.items() for name in _empty(value, f"{path}.{key}".strip("."))]
    elif isinstance(fields, list):
        found = [name for value in fields for name in _empty(value, path)]
    else:
        found = [path] if fields == "" else []
    return list(dict.fromkeys(found))


# Every field of bria-vgl's models that must be there, by where it stands; all of them are texts.
_FIBO_TEXTS = MappingProxyType(
    {
        "": ("short_description", "background_setting", "context"),
        "lighting": ("conditions", "direction"),
        "aesthetics": ("composition", "color_scheme", "mood_atmosphere"),
    }
)


def _fibo_faults(text: str) -> list[str]:
    prompt, wrong = _object(text)
    for part, wanted in _FIBO_TEXTS.items():
        fields = prompt.get(part) if part else prompt
        wrong += [f"{part or 'the prompt'} lacks {name}" for name in wanted if not _is_text(fields, name)]
    rows = (
        ("objects", ("description", "location", "relationship")),
        ("text_render", ("text", "location", "size", "color", "font")),
    )
    for part, wanted in rows:
        for number, row in enumerate(prompt.get(part) or ()):
            wrong += [f"{part} {number} lacks {name}" for name in wanted if not _is_text(row, name)]
    if not wrong and len(prompt["short_description"].split()) > _SUMMARY_WORDS:
        wrong.append(f"short_description has more than {_SUMMARY_WORDS} words")
    return wrong


def _is_text(fields: Any, name: str) -> bool:
    return isinstance(fields, dict) and isinstance(fields.get(name), str)


# --- plain ------------------------------------------------------------------------------------------------------------


def _plain(layout: Layout) -> tuple[str, tuple[str, ...]]:
    """Sentences for a model without boxes: the summary, the background, then each element with its place in words."""
    told = same_words(f"{layout.summary} {layout.background}")
    placed = [_placed(one, layout) for one in layout.elements if same_words(one.desc) not in told]
    return " ".join(filter(None, [layout.summary, layout.background, *placed])) or layout.caption, ()


def _placed(element: Element, layout: Layout) -> str:
    place = place_of(element.box, layout.width, layout.height)
    desc = element.desc if element.desc.endswith((".", "!", "?")) else f"{element.desc}."
    if not place:
        return desc[:1].upper() + desc[1:]
    return f"{place[:1].upper()}{place[1:]}: {desc}"


def _plain_faults(text: str) -> list[str]:
    return [] if text.strip() else ["it is empty"]


# --- elements ---------------------------------------------------------------------------------------------------------


def _elements(layout: Layout) -> tuple[str, tuple[str, ...]]:
    return _compact(elements_of(layout)), ()


def _elements_faults(text: str) -> list[str]:
    try:
        found = json.loads(text)
    except ValueError as error:
        return [f"it is not JSON ({error})"]
    if not isinstance(found, list):
        return ["it is not a list of elements"]
    return [fault for number, one in enumerate(found) for fault in _element_faults(number, one)]


Writer = Callable[[Layout], tuple[str, tuple[str, ...]]]
_WRITERS: Mapping[str, tuple[Writer, Callable[[str], list[str]], tuple[str, str, str]]] = MappingProxyType(
    {
        IDEOGRAM: (
            _ideogram,
            _ideogram_faults,
            ("high_level_description", "compositional_deconstruction.background", "elements[{}]"),
        ),
        FLUX3: (_flux3, _flux3_faults, ("caption", "caption (background)", "boxes[{}]")),
        FIBO: (_fibo, _fibo_faults, ("short_description", "background_setting", "element {}")),
        PLAIN: (_plain, _plain_faults, ("summary", "background", "element {}")),
        ELEMENTS: (_elements, _elements_faults, ("", "", "elements[{}]")),
    }
)
