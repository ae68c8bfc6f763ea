"""docs/architecture.md against the code: its rooms are all, know what they may, and what is registered is there."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from patchmatters.backends import CHAT_MODELS, SCORERS, Backend, scorers_by_architecture
from patchmatters.backends.api.providers import PROVIDERS
from patchmatters.backends.local.kinds import Kind, kind_of
from patchmatters.basics.prompt_forms import FORMS as PROMPT_FORMS
from patchmatters.commands.cli import _parser
from patchmatters.folder.command_options import OUTPUTS, STYLES
from patchmatters.generate.json_prompts import _WRITERS
from patchmatters.options import options_of
from patchmatters.pipeline import DEFAULT, PRESETS, STAGES
from patchmatters.witnesses.named import WITNESSES

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "patchmatters"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
HOST = frozenset({"comfy", "comfy_api", "comfy_extras", "comfy_execution", "folder_paths", "nodes", "server"})
MADE = frozenset({"__pycache__", "node_modules", "out", "build", "dist", "shared"})
DOORS = frozenset({"backends.base", "folder.rows", "language.clean"})  # for scripts outside: it lies elsewhere
FILES = frozenset({"__init__.py"})  # at the top; the rest there are what tools look for by name


@dataclass(frozen=True)
class Import:
    """One import statement of the engine: where it stands, and what of the engine or elsewhere it asks for."""

    file: Path
    line: int
    target: str  # "language.similarity.Similarity" of the engine; "/torch" elsewhere

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.target}"


def _tree() -> list[str]:
    """The lines of the page's tree of rooms."""
    (tree,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return tree.splitlines()


def _named(line: str) -> list[str]:
    """The files and folders that a line of the tree begins with."""
    (start,) = re.findall(r"^ *((?:[\w.]+(?:/|\.py) ?)+)", line)
    return start.split()


def _rooms() -> list[str]:
    """The rooms of the engine, in the order of the tree."""
    inside = (line for line in _tree() if line.startswith("  "))
    return [name.removesuffix("/").removesuffix(".py") for line in inside for name in _named(line)]


def _rows() -> list[list[str]]:
    """The cells of the table of what may be new."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in rows[2:]]


def _paths(text: str) -> list[str]:
    return [name for name in re.findall(r"`([\w./]+/[\w./]*)`", text) if not name.endswith("yours.py")]


# --- rooms -----------------------------------------------------------------------------------------------------------


def _in_repository(names: set[str]) -> set[str]:
    """Those of the names that git does not ignore; all of them in a copy without git."""
    if not shutil.which("git"):
        return names
    asked = ["git", "check-ignore", "--", *sorted(names)]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return names - set(done.stdout.splitlines())


def test_every_room_of_the_engine_stands_in_the_tree_and_the_other_way_round() -> None:
    rooms = {path.name for path in ENGINE.iterdir() if (path / "__init__.py").is_file()}
    modules = {path.stem for path in ENGINE.glob("*.py") if not path.stem.startswith("__")}
    assert sorted(_rooms()) == sorted(rooms | modules)


def test_every_folder_at_the_top_stands_in_the_tree_and_the_other_way_round() -> None:
    outside = {name for line in _tree() if not line.startswith(" ") for name in _named(line)}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    kept = _in_repository({name for name in folders - MADE if not name.endswith(".egg-info")})
    assert outside == {f"{name}/" for name in kept} | FILES


def test_the_files_that_the_page_names_are_there() -> None:
    (figure,) = re.findall(r"^```mermaid\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    drawn = [name for name in re.findall(r"[\w/]+(?:\.py|/)", figure) if not name.startswith("<")]
    folders = [ENGINE, ROOT, *(path for path in ENGINE.iterdir() if path.is_dir())]
    lost = [name for name in drawn if not any((folder / name).exists() for folder in folders)]
    written = [name for name in _paths(PAGE) if name != "patchmatters/backends/parrot.py"]
    lost += [name for name in written if not any((folder / name).exists() for folder in (ROOT, ENGINE))]
    assert drawn
    assert written
    assert lost == []


# --- who knows whom --------------------------------------------------------------------------------------------------


def _imports() -> Iterator[Import]:
    """All imports of the engine, inside functions too, but for those that only a type checker reads."""
    for file in ENGINE.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in _read_at_run_time(tree):
            if isinstance(node, ast.Import):
                yield from (Import(file, node.lineno, f"/{alias.name}") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (Import(file, node.lineno, target) for target in _targets(file, node))


def _read_at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _read_at_run_time(child)


def _targets(file: Path, node: ast.ImportFrom) -> Iterator[str]:
    if not node.level:
        yield f"/{node.module}"
        return
    folder = file.parent
    for _ in range(node.level - 1):
        folder = folder.parent
    inside = [*folder.relative_to(ENGINE).parts, *([node.module] if node.module else [])]
    yield from (".".join([*inside, alias.name]) for alias in node.names)


def test_the_engine_imports_no_comfyui_and_nothing_of_the_rest_of_the_pack() -> None:
    beside = {path.name for path in ROOT.iterdir() if path.is_dir() and path != ENGINE}
    elsewhere = [one for one in _imports() if one.target.startswith("/")]
    assert elsewhere
    assert [str(one) for one in elsewhere if one.target[1:].partition(".")[0] in HOST | beside] == []


def test_a_room_knows_only_those_above_it() -> None:
    """So no two know each other, not by way of others either."""
    place = {name: number for number, name in enumerate(_rooms())}
    wrong, counted = [], 0
    for one in _imports():
        here, there = (name.partition(".")[0] for name in (_module(one.file), one.target))
        if there == here or not {here, there} <= place.keys() or _module(one.file) in DOORS:
            continue  # its own room; the package itself, its entrance, or what is not of the engine
        counted += 1
        if place[there] > place[here]:
            wrong.append(str(one))
    assert counted > 100
    assert wrong == []


def test_nobody_inside_goes_through_a_door_for_scripts_outside() -> None:
    assert [str(one) for one in _imports() if one.target.startswith(tuple(DOORS))] == []
    assert all((ENGINE / f"{door.replace('.', '/')}.py").is_file() for door in DOORS)


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ENGINE).with_suffix("").parts)


def test_nodes_are_imported_by_nobody_and_import_no_evaluation() -> None:
    for file in (ROOT / "nodes").glob("*.py"):
        named = re.findall(r"^\s*(?:from|import) ([\w.]+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert not [name for name in named if re.match(r"\.*(?:evaluation|benchmarks|tests|scripts)\b", name)], file


# --- tables ----------------------------------------------------------------------------------------------------------


def test_a_new_part_takes_two_files_at_most() -> None:
    rows = _rows()
    for new, write, line, _ in rows:
        tables = set(_paths(line)) or {"the same file"}
        written = {name for name in _paths(write) if not re.search(r"(?:beside|like) `" + re.escape(name), write)}
        own = {"a file of its own"} if write.startswith(("a module", "`write_")) or "a class in" in write else written
        assert len(own | tables) <= 2, new
    assert [row[0] for row in rows] == [
        "captioner", "scorer", "witness", "service", "file of `folder`", "form of `scale`", "caption style",
        "prompt form", "stage", "node",
    ]  # fmt: skip


def test_the_tables_that_the_page_names_are_where_it_says() -> None:
    file = ""
    for _, _, line, _ in _rows():
        file = next(iter(_paths(line)), file)
        (table,) = re.findall(r"`([A-Z_]{3,})`", line)
        assert re.search(rf"^{table}\b.*=", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), (table, file)


@pytest.mark.parametrize("table", [CHAT_MODELS, SCORERS, WITNESSES], ids=["captioners", "scorers", "witnesses"])
def test_every_line_leads_to_settings_a_factory_and_a_sentence(table: Mapping[str, Backend]) -> None:
    for name, line in table.items():
        module = import_module(line.module, "patchmatters.backends")
        assert options_of(line.settings_class()) is not None, name
        assert callable(getattr(module, line.factory)), name
        assert line.help, name


def _factories(folder: str) -> set[str]:
    """The modules of a room that make something of settings: `create...(settings` or `recorded...(settings`."""
    made = re.compile(r"^def (?:create\w*|recorded\w*)\(\s*settings: ", re.MULTILINE)
    files = (ENGINE / folder).glob("*.py")
    return {file.stem for file in files if made.search(file.read_text(encoding="utf-8"))}


def test_what_can_be_made_is_registered_once() -> None:
    registered = [(line.module, line.factory) for table in (CHAT_MODELS, SCORERS, WITNESSES) for line in table.values()]
    assert len(set(registered)) == len(registered)
    here = {module.rpartition(".")[2] for module, _ in registered}
    nodes_only = {"clip_chat", "detectors"}  # what only ComfyUI can hand in, and what a witness and a node look through
    assert (_factories("backends") | _factories("witnesses")) - here <= nodes_only


def test_weights_belong_to_one_scorer_and_are_listed_as_scorers(tmp_path: Path) -> None:
    declared = [name for line in SCORERS.values() for name in line.architectures()]
    assert len(set(declared)) == len(declared) >= 5
    assert set(scorers_by_architecture()) == set(declared)
    for name in declared:
        (tmp_path / "config.json").write_text(f'{{"architectures": ["{name}"]}}', encoding="utf-8")
        assert kind_of(tmp_path) is Kind.SCORER


def test_services_have_one_row_each() -> None:
    assert {row.protocol for row in PROVIDERS.values()} <= set(CHAT_MODELS)
    assert len({row.title for row in PROVIDERS.values()}) == len(PROVIDERS)


def test_every_writer_is_registered_once_and_is_an_option() -> None:
    lines = [(output.module, output.writer) for output in OUTPUTS.values()]
    assert len(set(lines)) == len(lines)
    written = {
        name for file in (ENGINE / "folder").glob("*.py")
        for name in re.findall(r"^def (write_\w+)\(\s*target: Path, entries: ", file.read_text(encoding="utf-8"), re.M)
    }  # fmt: skip
    assert written == {writer for _, writer in lines}
    helped = _parser("builtin").format_help() + _help_of("folder")
    assert all(f"--{name} FILE" in helped for name in OUTPUTS)
    assert all(name in helped for name in STYLES)


def _help_of(command: str) -> str:
    (commands,) = (action for action in _parser("builtin")._actions if isinstance(action.choices, dict))
    found: str = commands.choices[command].format_help()
    return found


def test_every_prompt_form_has_a_writer() -> None:
    assert list(_WRITERS) == list(PROMPT_FORMS)


def test_the_stages_are_parts_of_every_preset() -> None:
    assert all(options_of(type(getattr(PRESETS[DEFAULT], stage))) for stage in STAGES)


def test_every_node_is_registered_once() -> None:
    """Read, not imported: the nodes need ComfyUI."""
    registry = ast.parse((ROOT / "nodes" / "registry.py").read_text(encoding="utf-8"))
    tables = {ast.unparse(node.targets[0]): node.value for node in registry.body if isinstance(node, ast.Assign)}
    table = tables["NODE_CLASS_MAPPINGS"]
    assert isinstance(table, ast.Dict)
    placed = [ast.unparse(value) for value in table.values]
    hidden = re.findall(r"\w+", ast.unparse(tables["_INSIDE_EXPANSIONS"]))
    classes = [
        name for file in (ROOT / "nodes").glob("*.py")
        for name in re.findall(r"^class (\w+)\(io\.ComfyNode\)", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]  # fmt: skip
    assert sorted(placed + hidden) == sorted(classes)
    assert len({ast.literal_eval(key) for key in table.keys if key is not None}) == len(placed)
