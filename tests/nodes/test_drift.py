"""What people read says what the nodes are: schemas, help pages, languages and workflows, compared with one another."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PACK = Path(__file__).resolve().parents[2]
DOCS = PACK / "web" / "docs"
REMEDY = "run scripts/make_locales.py, and translate in locales/<language>/translations.json what it says is lacking"
CHINESE = re.compile("[\u3000-\u9fff\uff00-\uffef]")
LANGUAGES = sorted(path.parent.name for path in (PACK / "locales").glob("*/translations.json"))
each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="session")
def locales() -> Any:
    spec = importlib.util.spec_from_file_location("make_locales", PACK / "scripts" / "make_locales.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def placed(part: Callable[[str], Any], folders: Path) -> list[Any]:
    """The nodes that people place."""
    return list(part("nodes.registry").NODE_CLASS_MAPPINGS.values())


def _stored(language: str, name: str) -> Any:
    return json.loads((PACK / "locales" / language / name).read_text(encoding="utf-8"))


def _pages(language: str | None) -> dict[str, str]:
    """Help pages by node id, in English for None."""
    found = DOCS.glob("*.md") if language is None else DOCS.glob(f"*/{language}.md")
    return {
        path.stem if language is None else path.parent.name: path.read_text(encoding="utf-8") for path in sorted(found)
    }


def test_english_is_what_the_schemas_say(locales: Any, placed: list[Any]) -> None:
    wanted = locales.node_texts(placed, lambda text: text, names=False)
    assert _stored("en", "nodeDefs.json") == wanted, REMEDY


def test_chinese_is_there() -> None:
    assert "zh" in LANGUAGES


@each_language
def test_a_language_translates_everything_and_nothing_else(locales: Any, placed: list[Any], language: str) -> None:
    known, wanted = locales.read_translations(language), locales.english_texts(placed)
    assert [text for text in wanted if not known.get(text)] == [], REMEDY
    assert [text for text in known if text not in wanted] == [], "take these out of translations.json"
    for name, content in locales.locale_files(placed, known).items():
        assert _stored(language, name) == content, REMEDY


@each_language
def test_a_translation_has_the_places_of_the_english_text(locales: Any, language: str) -> None:
    known = locales.read_translations(language)
    for text in locales.english_words().values():
        assert sorted(re.findall(r"\{\w+\}", known[text])) == sorted(re.findall(r"\{\w+\}", text)), text


def test_every_node_has_a_help_page_and_every_page_a_node(placed: list[Any]) -> None:
    titles = {node.GET_SCHEMA().node_id: f"# {node.GET_SCHEMA().display_name}" for node in placed}
    assert {node: text.splitlines()[0] for node, text in _pages(None).items()} == titles


@each_language
def test_help_pages_of_a_language_say_the_same(language: str, placed: list[Any]) -> None:
    names = _stored(language, "nodeDefs.json")
    english, pages = _pages(None), _pages(language)
    assert list(pages) == list(english)
    for node, text in pages.items():
        assert text.splitlines()[0] == f"# {names[node]['display_name']}"
        assert _named(text) == _named(english[node]), f"{node}: the pages name different things"
        assert _lists(text) == _lists(english[node]), f"{node}: the pages have different lists or tables"


def _named(page: str) -> set[str]:
    """What a page writes as code: names of inputs, folders, variables."""
    return set(re.findall(r"`([^`]+)`", page.replace("\n  ", " ")))


def _lists(page: str) -> tuple[int, int]:
    return len(re.findall(r"^[-*] ", page, re.MULTILINE)), len(re.findall(r"^\|", page, re.MULTILINE))


def test_a_page_explains_inputs_that_are_there(placed: list[Any]) -> None:
    """Where a page lists something by a name that looks like an input, the pack has such an input or output."""
    known = {
        name.rsplit(".", 1)[-1]
        for node in placed
        for name in (*_input_names(node), *(one.id for one in node.GET_SCHEMA().outputs))
    }
    for node, page in _pages(None).items():
        listed = {name for name in re.findall(r"^[-*] `(\w+)`", page, re.MULTILINE) if name.islower()}
        assert listed <= known, f"{node}: {listed - known}"


def _input_names(node: Any) -> list[str]:
    """Names of all inputs, those of the choices of an input too."""
    offered = node.GET_NODE_INFO_V1()["input"]
    return [
        *re.findall(r'"(\w+)": \[', json.dumps({group: offered.get(group, {}) for group in ("required", "optional")}))
    ]


def test_every_node_is_shown_in_a_workflow_by_its_own_names(placed: list[Any]) -> None:
    known = {node.GET_SCHEMA().node_id: set(_input_names(node)) for node in placed}
    shown = set()
    for path in sorted((PACK / "workflows").glob("*.json")):
        for node in json.loads(path.read_text(encoding="utf-8"))["nodes"]:
            if not node["type"].startswith("PatchMatters_"):
                continue
            assert node["type"] in known, f"{path.name}: {node['type']}"
            shown.add(node["type"])
            for slot in node["inputs"]:
                assert slot["name"].rsplit(".", 1)[-1] in known[node["type"]], f"{path.name}: {slot['name']}"
    assert set(known) - shown == set()


def test_every_workflow_has_a_picture() -> None:
    for path in (PACK / "workflows").glob("*.json"):
        assert path.with_suffix(".jpg").is_file(), path.name


# The engine's knowledge of Chinese, and what tests it.
IN_CHINESE = (
    "patchmatters/language/chinese.json",
    "tests/data/language_bank.json",
    "tests/engine/test_chinese.py",
    "tests/engine/test_language_bank.py",
    "tests/engine/test_tongue.py",
)


def test_chinese_is_only_in_locales_and_pages() -> None:
    folders = ("nodes", "patchmatters", "scripts", "web", "tests", "workflows", "subgraphs", "benchmarks", "evaluation")
    found = [
        path
        for one in folders
        for path in (PACK / one).rglob("*")
        if path.suffix in (".py", ".js", ".mjs", ".css", ".json")
    ]
    for path in found:
        if "node_modules" in path.parts or path.relative_to(PACK).as_posix() in IN_CHINESE:
            continue
        assert not CHINESE.search(path.read_text(encoding="utf-8")), path
