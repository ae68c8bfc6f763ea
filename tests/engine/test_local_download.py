"""Downloads of models from a hub that runs in the test: seen, resumed, checked, and complete or not there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.model_hub import SendingHandler, at_address
from patchmatters.backends.local.kinds import Kind, kind_of, offered
from patchmatters.models import QUIET, QuietMonitor
from patchmatters.weights import download
from patchmatters.weights.model_files import find_folders, inspect_folder
from patchmatters.weights.model_names import find_model

hub = pytest.importorskip("huggingface_hub", reason="downloads need huggingface_hub")
pytest.importorskip("huggingface_hub.constants")  # an attribute of it only once it is imported
MODEL = "someone/tiny-model"


def _safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1000], "data_offsets": [0, 4000]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(4000)


class Hub:
    """A hub with one model, which counts what it sends and can break off."""

    def __init__(self) -> None:
        self.files = {
            "config.json": b'{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}',
            "model.safetensors": _safetensors(),
            "pytorch_model.bin": b"pickled",
            "README.md": b"# read me",
            "onnx/model.onnx": b"other",
        }
        self.sha, self.status = "a" * 40, 200
        self.converted: Hub | None = None  # the files of the hub's own conversion to safetensors
        self.break_after: int | None = None
        self.sent: list[tuple[str, int]] = []
        self.ranges: list[str] = []

    def proposals(self) -> dict[str, Any]:
        """What the hub lists as discussions: one by somebody else, and the converter's."""
        names = [{"num": 6, "author": {"name": "somebody"}}, {"num": 7, "author": {"name": "SFconvertbot"}}]
        shared = {"title": "Adding `safetensors` variant of this model", "status": "open", "isPullRequest": True}
        return {"discussions": [shared | one for one in names]}

    def listing(self) -> dict[str, Any]:
        siblings = [
            {
                "rfilename": name,
                "size": len(content),
                **({"lfs": {"sha256": hashlib.sha256(content).hexdigest()}} if name.endswith(".safetensors") else {}),
            }
            for name, content in self.files.items()
        ]
        return {"sha": self.sha, "siblings": siblings}


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    state = Hub()

    class Handler(SendingHandler):
        def do_GET(self) -> None:
            if state.status != 200:
                self.send_error(state.status)
            elif state.converted and "/discussions" in self.path:
                self.send(json.dumps(state.proposals()).encode())
            elif state.converted and "/refs%2Fpr%2F7" in self.path:
                self.send(json.dumps(state.converted.listing()).encode())
            elif state.converted and f"/resolve/{state.converted.sha}/" in self.path:
                self.send(state.converted.files[self.path.rsplit("/", 1)[1]])
            elif self.path.startswith("/api/models/"):
                self.send(json.dumps(state.listing()).encode())
            else:
                self._file(self.path.rsplit("/", 1)[1])

        def _file(self, name: str) -> None:
            content, wanted = state.files[name], self.headers.get("Range")
            start = int(wanted.split("=")[1].rstrip("-")) if wanted else 0
            if wanted:
                state.ranges.append(wanted)
            state.sent.append((name, len(content) - start))
            self.send(content[start:], 206 if wanted else 200, state.break_after)

    with at_address(Handler) as address:
        monkeypatch.setattr(hub.constants, "ENDPOINT", address)
        monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", False)
        yield state


class Steps(QuietMonitor):
    def __init__(self) -> None:
        self.begun: list[tuple[str, int]] = []
        self.steps = 0

    def begin(self, stage: str, total: int) -> None:
        self.begun.append((stage, total))

    def advance(self, name: str) -> None:
        self.steps += 1


def test_a_model_is_fetched_into_its_own_folder_and_then_found(remote: Hub, tmp_path: Path) -> None:
    folder = find_model(MODEL, [tmp_path])
    assert folder == tmp_path / "someone" / "tiny-model"
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    assert inspect_folder(folder).parameters == 1000
    remote.status = 500  # from now on any request fails
    assert find_model(MODEL, [tmp_path]) == folder
    assert find_model("tiny-model", [folder.parent]) == folder


def test_progress_is_told(remote: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "STEP", 1000)
    monitor = Steps()
    find_model(MODEL, [tmp_path], monitor)
    total = sum(len(remote.files[name]) for name in ("config.json", "model.safetensors"))
    assert monitor.begun == [("download", total // 1000)]
    assert monitor.steps == total // 1000


def test_a_broken_connection_is_resumed_and_never_taken_for_complete(remote: Hub, tmp_path: Path) -> None:
    remote.break_after = 1500
    with pytest.raises(RuntimeError, match="check the connection and start again"):
        find_model(MODEL, [tmp_path])
    with pytest.raises(ValueError, match="not finished: start it again"):
        inspect_folder(tmp_path / "someone" / "tiny-model.part")
    assert find_folders([tmp_path]) == {} and offered(Kind.CHAT, [tmp_path])[0] != MODEL
    remote.break_after, remote.sent = None, []
    folder = find_model(MODEL, [tmp_path])
    assert remote.ranges == ["bytes=1500-"]
    assert remote.sent == [("model.safetensors", len(_safetensors()) - 1500)]
    assert (folder / "model.safetensors").read_bytes() == _safetensors()
    assert kind_of(folder) is Kind.CHAT


def test_halves_of_two_revisions_are_not_joined(remote: Hub, tmp_path: Path) -> None:
    remote.break_after = 1500
    with pytest.raises(RuntimeError):
        find_model(MODEL, [tmp_path])
    remote.break_after, remote.sha = None, "b" * 40
    remote.files["model.safetensors"] = _safetensors()[:-4] + b"\1\2\3\4"
    folder = find_model(MODEL, [tmp_path])
    assert (folder / "model.safetensors").read_bytes().endswith(b"\1\2\3\4")


def test_a_file_with_another_digest_is_refused_and_forgotten(remote: Hub, tmp_path: Path) -> None:
    listing = remote.listing()
    listing["siblings"][1]["lfs"]["sha256"] = "0" * 64
    remote.listing = lambda: listing
    with pytest.raises(RuntimeError, match="arrived damaged"):
        find_model(MODEL, [tmp_path])
    assert not (tmp_path / "someone" / "tiny-model.part" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (404, "There is no model someone/tiny-model"),
        (401, "accept its licence"),
        (403, "set HF_TOKEN"),
        (503, "start again"),
    ],
)
def test_what_the_hub_refuses_is_explained(remote: Hub, tmp_path: Path, status: int, says: str) -> None:
    remote.status = status
    with pytest.raises(RuntimeError, match=says):
        find_model(MODEL, [tmp_path])


def test_a_model_without_safetensors_is_refused_before_anything_is_fetched(remote: Hub, tmp_path: Path) -> None:
    del remote.files["model.safetensors"]
    with pytest.raises(ValueError, match="publishes no safetensors"):
        find_model(MODEL, [tmp_path])
    assert remote.sent == []


def test_weights_that_the_hub_has_converted_are_fetched_beside_the_models_own_small_files(
    remote: Hub, tmp_path: Path
) -> None:
    del remote.files["model.safetensors"]
    remote.converted = Hub()
    remote.converted.sha, remote.converted.files["config.json"] = "c" * 40, b"{}"
    folder = find_model(MODEL, [tmp_path])
    assert (folder / "model.safetensors").read_bytes() == _safetensors()
    assert (folder / "config.json").read_bytes() == remote.files["config.json"]


def test_a_conversion_by_anybody_else_is_not_taken(remote: Hub, tmp_path: Path) -> None:
    del remote.files["model.safetensors"]
    remote.converted = Hub()
    anybody = remote.proposals()["discussions"][:1]
    remote.proposals = lambda: {"discussions": anybody}
    with pytest.raises(ValueError, match="publishes no safetensors"):
        find_model(MODEL, [tmp_path])


def test_offline_says_so(remote: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(RuntimeError, match="HF_HUB_OFFLINE is set: put its folder into a model folder"):
        find_model(MODEL, [tmp_path])
    assert remote.sent == []


def test_no_connection_at_all_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(RuntimeError, match=r"could not be downloaded .* or put its folder into a model folder"):
        find_model(MODEL, [tmp_path])


def test_a_cancel_ends_a_download_which_goes_on_later(remote: Hub, tmp_path: Path) -> None:
    class Cancelled(BaseException):
        pass

    class Impatient(QuietMonitor):
        polls = 0

        def poll(self) -> None:
            self.polls += 1
            if self.polls == 3:
                raise Cancelled

    with pytest.raises(Cancelled):
        find_model(MODEL, [tmp_path], Impatient())
    assert find_folders([tmp_path]) == {}
    assert find_model(MODEL, [tmp_path], QUIET).is_dir()


def test_names_that_would_leave_the_folder_are_no_models(tmp_path: Path) -> None:
    for name in ("../secret/model", "a/../../b", "/etc/passwd-model", "a/b/c"):
        with pytest.raises(ValueError, match="There is no model"):
            find_model(name, [tmp_path])


def test_two_downloads_at_once_fetch_the_model_once(remote: Hub, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: find_model(MODEL, [tmp_path]), range(2)))
    assert found == [tmp_path / MODEL] * 2
    assert sorted(name for name, _ in remote.sent) == sorted({name for name, _ in remote.sent})
    assert (tmp_path / MODEL / "model.safetensors").read_bytes() == _safetensors()
