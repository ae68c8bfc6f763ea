"""Lists and batches at the nodes: one picture that fails keeps its place, and is told on the node."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

Execute = Callable[..., tuple[Any, ...]]
STAGES = ("Describe", "Compare", "Filter", "Merge", "Compose")


@pytest.fixture
def told(pack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """(text, node) of what a host's server would show on node 7, of which 7.0.0.2 is an inner one."""
    from comfy_execution import progress
    from comfy_execution.utils import CurrentNodeContext

    texts: list[tuple[str, str]] = []
    server = SimpleNamespace(
        client_id="browser",
        send_sync=lambda *message: None,
        send_progress_text=lambda text, node, client: texts.append((text, node)),
    )
    monkeypatch.setitem(sys.modules, "server", SimpleNamespace(PromptServer=SimpleNamespace(instance=server)))
    prompt = SimpleNamespace(get_display_node_id=lambda node: node.split(".")[0])
    monkeypatch.setattr(progress, "get_progress_state", lambda: SimpleNamespace(dynprompt=prompt))
    with CurrentNodeContext("prompt", "7.0.0.2"):
        yield texts


@pytest.fixture
def refusing(part: Callable[[str], Any]) -> Callable[..., Any]:
    """`refusing(digest, ...)`: a captioner that refuses the pictures of these digests."""
    base = part("patchmatters.models")

    def make(*digests: str) -> Any:
        def reply(question: Any) -> Any:
            if question.images[0].digest in digests:
                return base.Answer("", base.Outcome.REFUSAL, "the server refused the picture")
            return "A rabbit sits on the grass. The sky is blue."

        chat = part("patchmatters.backends.scripted").ScriptedChat(reply)
        return replace(chat, follows_instructions=False)

    return make


@pytest.fixture
def divided(execute: Execute, photo: Any) -> list[Any]:
    """A list of three batches of one picture each."""
    return [execute("Divide", image=(photo * light).contiguous())[0] for light in (1.0, 0.7, 0.4)]


def through(nodes: dict[str, Any], scenes: list[Any], model: Any) -> tuple[list[str], list[Any]]:
    """Captions and batches of a list that goes through all stages, as the host calls them."""
    for name in STAGES:
        node = nodes[f"PatchMatters_{name}"]
        widgets = {one.id: one.default for one in node.GET_SCHEMA().inputs if getattr(one, "default", None) is not None}
        if not node.GET_SCHEMA().is_input_list:
            scenes = [node.EXECUTE_NORMALIZED(scene=one, **widgets).args[0] for one in scenes]
            continue
        given = {"chat_model": [model]} if name == "Describe" else {}
        outputs = node.EXECUTE_NORMALIZED(scene=scenes, **given, **{key: [one] for key, one in widgets.items()}).args
        captions, scenes = outputs if name == "Compose" else ([], outputs[0])
    return captions, scenes


def test_one_refused_picture_of_a_list_keeps_its_place(
    nodes: dict[str, Any], divided: list[Any], refusing: Callable[..., Any], told: list[tuple[str, str]]
) -> None:
    captions, batches = through(nodes, divided, refusing(divided[1][0].image.digest))
    assert [bool(one) for one in captions] == [True, False, True]
    assert [[bool(scene.problem) for scene in batch] for batch in batches] == [[False], [True], [False]]
    assert {node for _, node in told} == {"7"}
    assert told[0][0].startswith("1 of 3 pictures have no caption. No description of whole image")
    assert "the server refused the picture" in told[0][0]


def test_only_where_all_of_a_list_fail_it_is_an_error(
    nodes: dict[str, Any], divided: list[Any], refusing: Callable[..., Any]
) -> None:
    with pytest.raises(RuntimeError, match="3 of 3 pictures have no caption"):
        through(nodes, divided, refusing(*(batch[0].image.digest for batch in divided)))


def test_a_warning_goes_when_all_is_well_again(
    nodes: dict[str, Any], divided: list[Any], refusing: Callable[..., Any], told: list[tuple[str, str]]
) -> None:
    through(nodes, divided, refusing(divided[0][0].image.digest))
    told.clear()
    through(nodes, divided, refusing())
    assert [text for text, _ in told] == ["Every picture has been dealt with."]
    told.clear()
    through(nodes, divided, refusing())
    assert told == []


def test_lists_are_paired_as_the_host_pairs_them(part: Callable[[str], Any]) -> None:
    calls = part("nodes.lists").calls_of
    assert calls({"a": [1, 2, 3], "b": [4, 5], "c": [6]}) == [
        {"a": 1, "b": 4, "c": 6}, {"a": 2, "b": 5, "c": 6}, {"a": 3, "b": 5, "c": 6},
    ]  # fmt: skip
    with pytest.raises(ValueError, match="connected to b is empty"):
        calls({"a": [1], "b": []})


def test_what_follows_a_picture_that_was_given_up_stays_paired(
    execute: Execute, nodes: dict[str, Any], divided: list[Any], refusing: Callable[..., Any],
    part: Callable[[str], Any],
) -> None:  # fmt: skip
    batch = [part("nodes.types").SceneBatch(scene for one in divided for scene in one)]
    captions, (composed,) = through(nodes, batch, refusing(divided[1][0].image.digest))
    assert [bool(one) for one in captions] == [True, False, True]
    prompts, elements, boxes, summaries, grounds, reports = execute("JsonPrompt", scene=composed)
    assert [bool(one) for one in prompts] == [True, False, True]
    assert {len(rows) for rows in (elements, boxes, summaries, grounds, reports)} == {3}
    assert "the server refused the picture" in reports[1]
    rows, segs, detailer = (execute("Regions", scene=composed)[number] for number in (2, 4, 5))
    assert [bool(row) for row in rows] == [True, False, True]
    assert len(segs) == len(detailer) == 3
    assert execute("Inspect", scene=composed)[0].shape[0] == 3


def test_a_picture_that_was_given_up_is_asked_again_where_answers_are_kept(
    nodes: dict[str, Any], divided: list[Any], refusing: Callable[..., Any], told: Any, part: Callable[[str], Any]
) -> None:
    """Pressing Run again would else give what the host has in its cache; a local model gives the same again anyway."""
    runs, cache = part("nodes.retry").unfinished_runs, part("patchmatters.answer_cache")
    kept = cache.CachedChat(refusing(divided[0][0].image.digest), cache.MemoryStore())
    before = runs("7"), runs("7.0.0.2"), runs("8")
    through(nodes, divided, refusing(divided[0][0].image.digest))
    assert (runs("7"), runs("7.0.0.2"), runs("8")) == before
    through(nodes, divided, kept)
    assert (runs("7"), runs("7.0.0.2"), runs("8")) == (before[0] + 1, before[1] + 1, before[2])
    through(nodes, divided, cache.CachedChat(refusing(), cache.MemoryStore()))
    assert runs("7") == before[0] + 1
