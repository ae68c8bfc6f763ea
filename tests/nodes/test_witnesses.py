"""Witnesses as nodes: a chain of them is a list, and the filter hears them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

Execute = Callable[..., tuple[Any, ...]]
needs_reader = pytest.mark.skipif(
    not (find_spec("rapidocr") and find_spec("onnxruntime")), reason="needs rapidocr and onnxruntime"
)


class Against:
    """Contradicts every statement that tells of a colour."""

    name = "against"

    def __init__(self, part: Callable[[str], Any]) -> None:
        self.scene = part("patchmatters.scene")

    def testify(self, image: Any, statements: list[str]) -> list[tuple[Any, ...]]:
        wrong = self.scene.Testimony(self.name, "colour", self.scene.Ruling.CONTRADICTED, 0.9, "sees none")
        return [(wrong,) if "colour" in text else () for text in statements]

    def volunteer(self, picture: Any, told: list[str]) -> list[Any]:
        return []


def test_the_filter_hears_witnesses(execute: Execute, described: Any, scorer: Any, part: Callable[[str], Any]) -> None:
    (compared,) = execute("Compare", scene=described)
    scenes, reports = execute("Filter", scene=compared, scorer=scorer, witnesses=(Against(part),))
    told = [one for scene in scenes for patch in scene.first_level for one in patch.statements if "colour" in one.text]
    assert told
    assert all(one.kept is False and "against: sees none" in one.reason for one in told)
    assert all("against: sees none" in report for report in reports)


@needs_reader
def test_a_chain_of_witnesses_is_a_list(execute: Execute) -> None:
    (first,) = execute("ReadText", max_text=5)
    (both,) = execute("ReadText", witnesses=first)
    assert [one.settings.max_text for one in both] == [5, 24]


def test_without_the_package_the_node_says_what_to_install(execute: Execute, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="pip install rapidocr onnxruntime"):
        execute("ReadText")
