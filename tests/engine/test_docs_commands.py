"""What the README and the docs tell to type works on a fresh clone: no data beside it, nothing but its requirements.

Every command of a code block, and every one within a sentence, is in one of the two tables below; a new one is sorted
into them, or the first test fails.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PIL import Image

from patchmatters.backends import CHAT_MODELS, Backend
from patchmatters.commands.cli import _parser, main
from patchmatters.language.embeddings import EmbeddingSimilarity
from patchmatters.language.similarity import LexicalSimilarity
from patchmatters.pipeline import PRESETS
from patchmatters.scene import Statement, Verdict
from patchmatters.semantic_filter import FilterSettings, keep

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:python3?|pip|ruff|git|npm) [^`]+)`")
_SHELL = ("", "sh", "bash")


@dataclass(frozen=True)
class Quick:
    """Takes less than ten seconds: its exit status, and a pattern of what it says or prints."""

    says: str
    status: frozenset[int] = field(default=frozenset({0}))


MISSING = frozenset({1})  # data that is in no clone: said in a sentence
CAPTION = Quick("The picture|image|blue|orange")

QUICK: Mapping[str, Quick] = {
    "python -m patchmatters caption PHOTO... [--backend NAME] [--scorer NAME] [--preset careful|paper|fast|thorough]": (
        CAPTION
    ),
    'python -m patchmatters folder PHOTOS --trigger "sks cat" --report report/': Quick("1 "),
    "python -m patchmatters scene OUT.json": Quick("Caption"),
    "python -m patchmatters caption PHOTO --scene scene.json": CAPTION,
    "python -m patchmatters prompt scene.json --photo PHOTO --form ideogram --report": Quick("high_level_description"),
    "python -m patchmatters folder photos/ --report report/": Quick("1 "),
    "python -m patchmatters report scenes.jsonl.gz report/": Quick("report"),
    "python -m evaluation.bank": Quick("There is no bank at .*--bank", MISSING),
    "python -m evaluation.bank.conflicts": Quick("There is no .*--shared", MISSING),
    "python -m evaluation.score out --own --references REFERENCES.json": Quick(
        "pip install pycocoevalcap|CIDEr", frozenset({0, 2})
    ),
}

_ENVIRONMENT = "makes an environment of its own, with pip"
_INSTALLS = "installs packages from an index"
_KEY, _DOWNLOAD = "needs a key", "downloads a model"
_MINUTES = "measures for minutes"
ELSEWHERE: Mapping[str, str] = {
    "python3 scripts/caption.py": f"{_ENVIRONMENT}; test_caption_script.py runs it without",
    "python3 scripts/test.py": "runs these tests",
    "python scripts/test.py": "runs these tests",
    "cd ComfyUI/custom_nodes": "needs a ComfyUI; tests/host installs the pack there",
    "git clone https://github.com/patch-matters/comfyui-patchmatters": "needs the network",
    "pip install -r comfyui-patchmatters/requirements.txt": _INSTALLS,
    "python -m patchmatters scale SOURCE TARGET --workers 4": "four processes; test_scale.py runs it",
    "python -m patchmatters scale photos/ parts/ --workers 4": "four processes; test_scale.py runs it",
    "python -m patchmatters scale s3://bucket/shards/ s3://bucket/captions/ --engine ray --address auto --workers 64 "
    "--backend openai --base-url http://vllm.internal:8000/v1 --model Qwen/Qwen3-VL-8B-Instruct": "needs a cluster",
    'pip install "patchmatters[scale]"': _INSTALLS,
    'pip install "patchmatters[ocr]"': _INSTALLS,
    'pip install "patchmatters[local]"': _INSTALLS,
    'pip install "patchmatters[prices]"': _INSTALLS,
    "pip install sentencepiece protobuf": _INSTALLS,
    "pip install pycocoevalcap": _INSTALLS,
    "python -m pip install openai": _INSTALLS,
    "python -m pip install anthropic": _INSTALLS,
    "ruff check .": "scripts/test.py runs it before these tests",
    'python -m patchmatters caption PHOTO --backend parrot --phrase "Pretty Polly."': "runs below, with its backend",
    'python -m patchmatters folder photos --backend openai --provider openrouter --trigger "sks cat"': _KEY,
    "while python -m patchmatters folder photos --backend anthropic --batch-api; [ $? -eq 3 ]; do sleep 600; done": (
        f"{_KEY}; test_folder_batch_api.py runs it against a server of its own"
    ),
    "python -m patchmatters caption photo.jpg --backend transformers --model llava-hf/llava-v1.6-mistral-7b-hf "
    "--scorer Salesforce/blip-itm-large-coco": _DOWNLOAD,
    "python -m patchmatters caption PHOTO.jpg --witness ocr": "needs the extra ocr; test_witness_text.py reads with it",
    "python -m patchmatters caption PHOTO.jpg --witness ocr --witness detector=DETECTOR_FOLDER": _DOWNLOAD,
    "python scripts/make_models_page.py": "writes docs/models.md; test_local_families.py compares them",
    "python scripts/make_providers.py": "writes docs/providers.md; test_api_providers.py compares them",
    "python3 scripts/test_transformers.py": f"{_ENVIRONMENT}, one for each release",
    "python scripts/test_transformers.py": f"{_ENVIRONMENT}, one for each release",
    "python -m evaluation": f"{_MINUTES}; test_truth_table.py runs it with fewer scenes",
    "python -m evaluation.tables.limits --scenes 300": _MINUTES,
    "python -m evaluation.tables.witnesses worlds --scenes 60 --simulated usual": _MINUTES,
    "python -m evaluation.tables.witnesses text --pictures 60": f"{_MINUTES}, with the extra ocr",
    "python -m evaluation.tables.witnesses text --lettering FOLDER...": "needs photographs and the extra ocr",
    "python -m evaluation.tables.witnesses captioners --scenes 14": _MINUTES,
    "python -m evaluation.tables.witnesses each --scenes 60": f"{_MINUTES}, with the extra ocr",
    "python -m evaluation.tables.witnesses each --bank BANK.json": "needs photographs and the extra ocr",
    "python -m evaluation.tables.witnesses time PHOTO.jpg": "needs the extra ocr",
    "python -m benchmarks.api_concurrency": _MINUTES,
    "python -m benchmarks.candidates": _MINUTES,
    "python -m benchmarks.data_sets": _MINUTES,
    "python -m benchmarks.data_sets --pictures 100 --ways folder local-1 local-2 ray-1 ray-2": _MINUTES,
    "python -m benchmarks.engine": _MINUTES,
    "python -m benchmarks.fit_prompt": "needs ComfyUI's Python",
    "python -m benchmarks.gpu": "needs a GPU; test_gpu_benchmark.py runs it with tiny sizes",
    "python -m benchmarks.itm_scoring": _MINUTES,
    "python -m benchmarks.likeness a.json b.json --photo a.jpg --photo b.jpg --workflow t2i_api.json "
    "--prompt 6.text --seed 3.seed --seeds 4 --form ideogram --clip CLIP_FOLDER --dino DINO_FOLDER "
    "--detector DETECTOR_FOLDER --ocr --out out/likeness": "needs a running ComfyUI: tests/host/test_likeness.py",
    "python -m benchmarks.minigemini_vision": _MINUTES,
    "python -m benchmarks.prefix_reuse": _MINUTES,
    "python -m benchmarks.similarity_cost": "needs the bank of photographs and the extra embeddings",
}


def commands_of(page: str) -> Iterator[str]:
    """The commands of a page: of its shell blocks a line each, comments left out, and those within sentences."""
    for language, text in _BLOCK.findall(page):
        if language in _SHELL:
            for line in text.replace("\\\n", " ").splitlines():
                yield " ".join(re.sub(r"(?:^|\s)#.*", "", line).split())
    for found in _INLINE.findall(_BLOCK.sub("", page)):
        yield " ".join(found.split())


def told() -> dict[str, str]:
    """Every command of the docs, with the page that tells it first."""
    found: dict[str, str] = {}
    for page in PAGES:
        for command in filter(None, commands_of(page.read_text(encoding="utf-8"))):
            found.setdefault(command, page.name)
    return found


def test_every_command_is_sorted_and_told() -> None:
    known = {*QUICK, *ELSEWHERE}
    lacking = {command: page for command, page in told().items() if command not in known}
    assert not lacking, "sort these into QUICK or, with the reason, into ELSEWHERE"
    assert known <= set(told()), "no page tells these any more"
    assert not QUICK.keys() & ELSEWHERE.keys()


@pytest.mark.parametrize("command", sorted(command for command in ELSEWHERE if command.startswith("python")))
def test_what_is_not_run_here_is_there(command: str) -> None:
    _, *words = shlex.split(command)
    if words[0] != "-m":
        assert (ROOT / words[0]).is_file()
    elif words[1] != "pip":
        assert importlib.util.find_spec(words[1]) is not None


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the commands name, and no shared data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATCHMATTERS_SHARED", str(tmp_path / "absent"))
    picture = Image.new("RGB", (320, 240), "darkblue")
    picture.paste("orange", (160, 0, 320, 120))
    for place in (Path("PHOTOS"), Path("photos")):
        place.mkdir(exist_ok=True)
        picture.save(place / "a.jpg")
    picture.save("PHOTO", "JPEG")
    Path("REFERENCES.json").write_text(json.dumps({"PHOTO": ["Blue and orange."]}), encoding="utf-8")
    return tmp_path


@pytest.fixture
def scenes(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What one command of a page leaves for the next."""
    for file in ("OUT.json", "scene.json", "out/PHOTO.json"):
        assert main(["caption", "PHOTO", "--preset", "fast", "--scene", file]) == 0
    assert main(["folder", "photos", "--preset", "fast", "--sidecar", "none", "--scenes", "scenes.jsonl.gz"]) == 0
    capsys.readouterr()


@pytest.mark.parametrize("command", QUICK)
def test_a_quick_command_does_what_the_page_says(
    command: str, scenes: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, module, *arguments = shlex.split(re.sub(r" \[.*?\]|\.\.\.", "", command))
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        sys.exit(0)
    printed = capsys.readouterr()
    said = printed.out + printed.err + (ended.value.code if isinstance(ended.value.code, str) else "")
    status = 1 if isinstance(ended.value.code, str) else ended.value.code or 0
    assert status in QUICK[command].status, said
    assert re.search(QUICK[command].says, said), said


def test_the_backend_of_the_architecture_page_works_as_it_stands(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (code,) = (text for kind, text in _BLOCK.findall(page) if kind == "python")
    (line,) = re.findall(r'`"parrot": (Backend\(.*\)),`', page)
    module = type(sys)("patchmatters.backends.parrot")
    module.__package__ = "patchmatters.backends"
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(code, vars(module))
    monkeypatch.setitem(CHAT_MODELS, "parrot", eval(line, {"Backend": Backend}))
    assert main(["caption", "PHOTO", "--backend", "parrot", "--phrase", "Pretty Polly."]) == 0
    assert "pretty Polly" in capsys.readouterr().out


def _rows(page: Path, first_column: str) -> list[list[str]]:
    """The cells of the table that begins with a column of this name."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {first_column} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


@pytest.mark.parametrize("page", ["performance.md", "api-models.md"])
def test_the_calls_of_a_preset_are_those_that_it_asks(page: str) -> None:
    told_of = set()
    for name, calls, *_ in _rows(ROOT / "docs" / page, "preset"):
        preset = re.match(r"`?(\w+)", name)[1]
        told_of.add(preset)
        least = PRESETS[preset].questions + ("with detections" in name)  # the patch of the main objects
        assert int(re.match(r"\d+", calls)[0]) == least, name
    assert told_of == set(PRESETS)


HOW = ROOT / "docs" / "how-it-decides.md"


def test_the_limits_of_both_similarities_are_those_of_the_page() -> None:
    for name, embeddings, lexical, _ in _rows(HOW, "limit"):
        field = name.strip("`")
        assert (float(embeddings), float(lexical)) == (
            getattr(EmbeddingSimilarity(), field),
            getattr(LexicalSimilarity(), field),
        )


def test_every_bar_of_the_page_is_that_of_the_filter() -> None:
    bars = {"agreed on": 0.4, "in doubt": 0.5, "said once": 0.6}
    settings = FilterSettings()
    for said, borne_out, bar in _rows(HOW, "statement"):
        verdict = Verdict.CONTRADICTORY if said.startswith("rival") else Verdict.UNIQUE
        statement = Statement("A cat.", verdict, (0,) if said.endswith("once") else (0, 1))
        for support in {"yes": (0.9,), "no": (0.1,), "either": (0.9, 0.1)}[borne_out]:
            one = replace(statement, support=support)
            found = keep._bar(one, "whole" in said, settings, keep._Bars(bars["said once"], bars["agreed on"]))
            assert found == pytest.approx(bars[bar]), (said, support)


def test_the_presets_of_the_readme_are_all() -> None:
    (listed,) = re.findall(r"\[--preset ([\w|]+)\]", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert set(listed.split("|")) == set(PRESETS)


def test_the_readme_lists_every_workflow_and_stays_short() -> None:
    listed = [name for row in _rows(ROOT / "README.md", "workflow") for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "workflows").glob("*.json"))
    assert (ROOT / "README.md").stat().st_size < 9216


def test_the_readme_lists_every_node() -> None:
    nodes = json.loads((ROOT / "locales" / "en" / "nodeDefs.json").read_text(encoding="utf-8"))
    listed = ", ".join(row[0].strip("*") for row in _rows(ROOT / "README.md", "node")).split(", ")
    assert sorted(listed) == sorted(node["display_name"] for node in nodes.values())


def test_a_command_without_a_package_says_so_in_a_sentence() -> None:
    """Torch is kept away, as where only the requirements are installed."""
    hidden = "import sys, runpy; sys.modules['torch'] = None; sys.argv = ['-m', '--steps', '1', 'see']; "
    code = f"{hidden} runpy.run_module('evaluation.training', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"This needs the Python package torch: .* scripts/test.py makes\.\n", done.stderr)


FOREIGN = {"--full_path", "--phrase"}  # of sd-scripts, and of the backend that the page on architecture writes


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The options of a command and of the commands within it."""
    for action in parser._actions:
        yield from action.option_strings
        for inner in action.choices.values() if isinstance(action, argparse._SubParsersAction) else ():
            yield from _options(inner)


def test_options_that_pages_name_are_there() -> None:
    known = {option for name in CHAT_MODELS for option in _options(_parser(name))} | FOREIGN
    for folder in ("benchmarks", "evaluation", "scripts"):
        for path in (ROOT / folder).rglob("*.py"):
            known.update(re.findall(r'"(--[a-z-]+)"', path.read_text(encoding="utf-8")))
    for page in PAGES:
        named = set(re.findall(r"(?<![\w-])--[a-z][\w-]+", page.read_text(encoding="utf-8")))
        assert named <= known, f"{page.name}: {named - known}"
