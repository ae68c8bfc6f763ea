"""Write what the browser reads in `locales/`, from the nodes as they are: `python scripts/make_locales.py`.

English comes from the schemas. Another language comes from its `translations.json`, which maps every English text, and
every name, to its own: so a text that changes in the code lacks its translation, and says so here and in the tests.
Needs ComfyUI's Python, and COMFYUI_PATH where ComfyUI is not in the home folder.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCALES = ROOT / "locales"
WORDS = ROOT / "web" / "js" / "words.js"
CATEGORY_ROOT = "PatchMatters"
Json = dict[str, Any]
Translate = Callable[[str], str | None]


def main() -> None:
    nodes = load_nodes()
    write(LOCALES / "en" / "nodeDefs.json", node_texts(nodes, lambda text: text, names=False))
    lacking = 0
    for language in languages():
        known = read_translations(language)
        wanted = english_texts(nodes)
        for text in [text for text in wanted if text not in known]:
            lacking += 1
            print(f"{language} lacks: {text}")
        for text in [text for text in known if text not in wanted]:
            print(f"{language} no longer needs: {text}")
        for name, content in locale_files(nodes, known).items():
            write(LOCALES / language / name, content)
    sys.exit(1 if lacking else 0)


def load_nodes() -> list[Any]:
    """The pack's nodes for people, from ComfyUI's own loader's point of view and without a server."""
    comfy = Path(os.environ.get("COMFYUI_PATH") or Path.home() / "ComfyUI")
    if not (comfy / "comfy_api").is_dir():
        sys.exit(f"There is no ComfyUI at {comfy}: set COMFYUI_PATH.")
    sys.path.insert(0, str(comfy))
    name = "patchmatters_pack"
    spec = importlib.util.spec_from_file_location(name, ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
    if spec is None or spec.loader is None:
        sys.exit("The pack cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    args = importlib.import_module("comfy.cli_args").args
    args.cpu = True
    spec.loader.exec_module(module)
    return list(importlib.import_module(f"{name}.nodes.registry").NODE_CLASS_MAPPINGS.values())


def languages() -> list[str]:
    """The languages that have translations."""
    return sorted(path.parent.name for path in LOCALES.glob("*/translations.json"))


def read_translations(language: str) -> dict[str, str]:
    return json.loads((LOCALES / language / "translations.json").read_text(encoding="utf-8"))


def locale_files(nodes: list[Any], known: Mapping[str, str]) -> dict[str, Json]:
    """The two files of a language by their names."""
    words = {word: known.get(text) for word, text in english_words().items()}
    categories = {one: known.get(one) for one in categories_of(nodes)}
    main_texts = {"nodeCategories": without_none(categories), "patchmatters": without_none(words)}
    return {"nodeDefs.json": node_texts(nodes, known.get, names=True), "main.json": main_texts}


def english_texts(nodes: list[Any]) -> dict[str, None]:
    """Everything that has to be translated, each text once."""
    found: dict[str, None] = {}

    def note(text: str) -> str:
        found[text] = None
        return text

    node_texts(nodes, note, names=True)
    return found | dict.fromkeys((*categories_of(nodes), *english_words().values()))


def node_texts(nodes: list[Any], translate: Translate, names: bool) -> Json:
    """What `nodeDefs.json` holds; `names` says whether inputs and outputs are named otherwise than in the code."""
    made = {}
    for node in nodes:
        schema = node.GET_SCHEMA()
        if schema.is_dev_only:
            continue
        outputs = enumerate(schema.outputs)
        texts = {
            "display_name": escaped(translate(schema.display_name)),
            "description": escaped(translate(schema.description)),
            "inputs": {key_of(name): slot(name, text, translate, names) for name, text in inputs_of(node)},
            "outputs": {
                str(number): slot(one.display_name or one.id, one.tooltip, translate, names) for number, one in outputs
            },
        }
        made[schema.node_id] = without_none(texts)
    return made


def slot(name: str, tooltip: str, translate: Translate, names: bool) -> Json:
    named = {"name": escaped(translate(name))} if names else {}
    return without_none(named | {"tooltip": escaped(translate(tooltip))})


def inputs_of(node: Any) -> Iterator[tuple[str, str]]:
    """(name, tooltip) of every input.

    Those of a choice that opens further inputs follow it, under one name for all choices; where their texts differ
    from choice to choice they are left to the schema, since a locale has only one text for them.
    """
    offered = node.GET_NODE_INFO_V1()["input"]
    for group in ("required", "optional"):
        for name, spec in offered.get(group, {}).items():
            yield name, options_of(spec).get("tooltip", "")
            yield from inner_inputs(name, options_of(spec).get("options", []))


def options_of(spec: Sequence[Any]) -> Mapping[str, Any]:
    """What is said of an input beside its type."""
    return spec[1] if len(spec) > 1 else {}


def inner_inputs(outer: str, choices: list[Any]) -> Iterator[tuple[str, str]]:
    texts: dict[str, set[str]] = {}
    for choice in choices:
        for group in choice.get("inputs", {}).values() if isinstance(choice, Mapping) else ():
            for name, spec in group.items():
                texts.setdefault(f"{outer}.{name}", set()).add(options_of(spec).get("tooltip", ""))
    yield from ((name, found.pop()) for name, found in texts.items() if len(found) == 1)


def categories_of(nodes: list[Any]) -> list[str]:
    """The parts of the categories, but for the pack's own name."""
    parts = [part for node in nodes for part in node.GET_SCHEMA().category.split("/")]
    return [part for part in dict.fromkeys(parts) if part != CATEGORY_ROOT]


def english_words() -> dict[str, str]:
    """The words of the view in Inspect Scene."""
    found = re.search(r"ENGLISH = (\{.*?\n\});", WORDS.read_text(encoding="utf-8"), re.DOTALL)
    if found is None:
        raise ValueError(f"{WORDS.name} has no table ENGLISH.")
    return json.loads(found[1])


def key_of(name: str) -> str:
    """A name as the frontend looks it up: a dot would lead deeper."""
    return name.replace(".", "_")


def escaped(text: str | None) -> str | None:
    """A text in the frontend's message syntax, in which some characters mean more than themselves."""
    return text and re.sub(r"[{}@|$]", lambda found: f"{{'{found[0]}'}}", text)


def without_none(table: Json) -> Json:
    return {name: value for name, value in table.items() if value not in (None, "", {})}


def write(path: Path, content: Json) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_text(content), encoding="utf-8", newline="\n")


def as_text(content: Json) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    main()
