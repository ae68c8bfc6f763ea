"""Rows and Scenes as scripts: a page that was opened from a file may run files beside it, but not fetch them."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..jobs.rows import Row
from ..scene import Scene
from ..scene_json import dump_scenes
from .pictures import Shown

_LEVEL = 6
_PER_FOLDER = 1000


def scene_name(number: int) -> str:
    """The address of a picture's Scene."""
    return f"scenes/{number // _PER_FOLDER:04d}/{number:07d}.js"


def scene_script(name: str, scene: Scene) -> bytes:
    """A script that hands the page the Scene's text, compressed: a fifth of it."""
    packed = base64.b64encode(zlib.compress(dump_scenes([scene]).encode("utf-8", "replace"), _LEVEL)).decode()
    return f"patchmattersScene({json.dumps(name)}, {json.dumps(packed)});\n".encode()


@dataclass(frozen=True)
class Line:
    """What the grid knows of a picture, as a line of JSON (see `Row` in web/report/rows.mjs), and its files."""

    key: str
    text: str
    files: frozenset[str]


def line_of(row: Row, shown: Shown, scene: str | None) -> Line:
    """The picture's line; `scene` is the address of its Scene, None where there is none."""
    files = frozenset(filter(None, (shown.thumb, shown.picture, scene)))
    return Line(row.key, _json(_fields(row, shown, scene)), files)


def _fields(row: Row, shown: Shown, scene: str | None) -> dict[str, Any]:
    patches = () if row.scene is None else (*row.scene.first_level, *row.scene.regions)
    decided = [statement.kept for patch in patches for statement in patch.statements if statement.kept is not None]
    failures = () if row.scene is None else [failure.message for failure in row.scene.failures]
    return {
        **{name: getattr(row, name) for name in ("key", "path", "error", "calls", "tokens", "usd", "seconds")},
        **{"text": row.caption, "warnings": [*row.warnings, *failures]},
        **{"statements": len(decided), "dropped": decided.count(False)},
        **{"thumb": shown.thumb, "picture": shown.picture, "scene": scene},
    }


def _json(value: Any) -> str:
    """JSON that is also JavaScript; letters stay letters unless a file name in it is no Unicode."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text


def rows_script(report_id: str, ending: str, lines: Sequence[Line]) -> bytes:
    """The script that the page reads its rows from. Parsed as JSON, which browsers do faster than JavaScript."""
    about = f'"id":{json.dumps(report_id)},"ending":{json.dumps(ending)}'
    body = f'{{{about},"rows":[\n' + ",\n".join(line.text for line in lines) + "\n]}"
    return f"globalThis.patchmattersReport = JSON.parse({json.dumps(body, ensure_ascii=False)});\n".encode(
        "utf-8", "backslashreplace"
    )
