"""The page's modules as one plain script, because a page that was opened from a file may not import modules.

Each module becomes a function that returns its exports, in the order in which they need each other. Only the forms that
`web/` uses are understood; any other import or export is an error, found by the tests and never by a reader.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ENTRY, SCRIPT = "report/page.mjs", "page/page.js"
STYLES = ("css/inspector.css", "report/report.css")
_IMPORT = re.compile(r'^import \{([\w\s,]+)\} from "(\.[^"]+)";?$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|class|const|let) (\w+))", re.MULTILINE)
_UNKNOWN = re.compile(r"^\s*(?:import|export)\b(?!\()", re.MULTILINE)


def web_folder() -> Path:
    """The folder of the pages' files: beside the engine, or inside it where it was installed as a package.

    RuntimeError where it is neither.
    """
    engine = Path(__file__).resolve().parents[1]
    for folder in (engine / "web", engine.parent / "web"):
        if (folder / ENTRY).is_file():
            return folder
    raise RuntimeError(f"The page's files are missing beside {engine}: install the pack again.")


def bundle(web: Path, entry: str = ENTRY) -> str:
    """One script that defines the modules that `entry` needs, and starts it on the element called "page"."""
    modules = _Modules(web)
    modules.add(entry)
    parts = [_wrapped(name, code) for name, code in modules.code.items()]
    start = f'modules[{json.dumps(entry)}].start(document.getElementById("page"));'
    return "\n".join(['"use strict";', "(() => {", "const modules = {};", *parts, start, "})();", ""])


@dataclass
class _Modules:
    """Modules by name, each after those that it imports."""

    web: Path
    code: dict[str, str] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        if name in self.code:
            return
        if name in self._open:
            raise RuntimeError(f"{name} imports itself ({' -> '.join(self._open)}): this cannot be one script.")
        self._open.append(name)
        text = (self.web / name).read_text(encoding="utf-8")
        for found in _IMPORT.finditer(text):
            self.add(_resolved(name, found[2]))
        self._open.pop()
        self.code[name] = text


def _resolved(name: str, wanted: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), wanted))


def _wrapped(name: str, text: str) -> str:
    """The module as a function of its own, so that equal names of two modules do not meet."""
    exports = _EXPORT.findall(text)
    body = _EXPORT.sub("", _IMPORT.sub(lambda found: _taken(name, found), text))
    body = body.replace("import.meta.url", f"new URL({json.dumps(name)}, document.baseURI).href")
    if unknown := _UNKNOWN.search(body):
        line = body[unknown.start() :].strip().splitlines()[0]
        raise RuntimeError(f"{name} has a form of import or export that cannot be one script: {line}")
    return f"modules[{json.dumps(name)}] = (() => {{\n{body}\nreturn {{ {', '.join(exports)} }};\n}})();"


def _taken(name: str, found: re.Match[str]) -> str:
    return f"const {{{found[1]}}} = modules[{json.dumps(_resolved(name, found[2]))}];"


def page_files(web: Path) -> Mapping[str, bytes]:
    """The files of the page by their names in the report. `css/inspector.css` is where the inspector looks for it."""
    files = {SCRIPT: bundle(web).encode()}
    return files | {style: (web / style).read_bytes() for style in STYLES}
