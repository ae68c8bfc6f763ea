"""Downloading a model's folder: seen, cancellable, resumable, and never taken for complete before it is.

Files go into `NAME.part` and are checked against the size and digest that the hub states; the folder gets its name
only when all are there. Only what transformers reads is fetched, and no weights but safetensors. Of a model that was
published as pickles only (many of before 2023, OpenAI's CLIP among them) the weights come from the conversion that the
hub's own converter has proposed for it, as transformers does.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import HTTPResponse
from pathlib import Path
from typing import IO, Any

from ..models import Monitor
from .model_files import PART

log = logging.getLogger(__name__)

_WANTED = re.compile(r"[\w.-]+\.(?:json|jinja|txt|model)|(?!consolidated|open_clip)[\w.-]+\.safetensors")
_CONVERTER, _CONVERSION = "SFconvertbot", "Adding `safetensors` variant of this model"
_CHUNK = 2**20
STEP = 2**24  # bytes per step of the progress bar
_TIMEOUT = 30  # seconds without a byte
_LOOK_S = 0.1  # between two looks at the cancel button
_REVISION = ".revision"


@dataclass(frozen=True)
class RemoteFile:
    """A file as the hub lists it. `sha256` is empty where the hub states none (small files), `revision` where it is
    that of the listing."""

    name: str
    size: int
    sha256: str = ""
    revision: str = ""


@dataclass(frozen=True)
class Listing:
    """The wanted files of a model at one revision (a commit hash)."""

    model: str
    revision: str
    files: tuple[RemoteFile, ...]


def download_model(model: str, root: Path, monitor: Monitor) -> Path:
    """The folder `root/ORGANISATION/NAME` with the model of this id, downloaded.

    RuntimeError, in a sentence, when offline, when there is no such model, when it is gated, or when the connection
    breaks: what was fetched is kept, and fetched no more when it is started again. ValueError for a model without
    safetensors.
    """
    _require_online(model)
    target = root / model
    with _alone(target, monitor):
        return target if target.is_dir() else _downloaded(model, target, monitor)


@contextmanager
def _alone(target: Path, monitor: Monitor) -> Iterator[None]:
    """Hold the folder's lock: a second download of the same model, in any process, waits and then finds it there."""
    from filelock import FileLock, Timeout

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RuntimeError(_explained(target.name, error)) from error
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    while not lock.is_locked:
        monitor.poll()
        with suppress(Timeout):
            lock.acquire(timeout=_LOOK_S)
    try:
        yield
    finally:
        lock.release()


def _downloaded(model: str, target: Path, monitor: Monitor) -> Path:
    part = target.with_name(target.name + PART)
    listing = list_model(model)
    try:
        part.mkdir(parents=True, exist_ok=True)
        _keep_revision(part, " ".join(dict.fromkeys([listing.revision, *(file.revision for file in listing.files)])))
        progress = _Progress(monitor, sum(file.size for file in listing.files))
        for file in listing.files:
            _fetch(listing, file, part, progress)
    except (urllib.error.URLError, OSError) as error:
        raise RuntimeError(_explained(model, error)) from error
    (part / _REVISION).unlink()
    part.replace(target)
    return target


def list_model(model: str) -> Listing:
    """What there is to fetch of a model. RuntimeError and ValueError as `download_model`."""
    _require_online(model)
    try:
        return _list(model)
    except (urllib.error.URLError, OSError) as error:
        raise RuntimeError(_explained(model, error)) from error


def _require_online(model: str) -> None:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise RuntimeError(
            f"{model} is not on this machine and HF_HUB_OFFLINE is set: put its folder into a model folder, or unset "
            "the variable to download it."
        )


def _explained(model: str, error: OSError) -> str:
    """What went wrong, and what to do."""
    status = getattr(error, "code", None)
    if status in (401, 403):
        return (
            f"{model} may not be downloaded without permission: accept its licence on its page and set HF_TOKEN, or "
            "check the name."
        )
    if status == 404:
        return f"There is no model {model} to download: check the name."
    reason = getattr(error, "reason", None) or error
    return (
        f"{model} could not be downloaded ({reason}): check the connection and start again (what was fetched is "
        "kept), or put its folder into a model folder."
    )


def _open(path: str, start: int = 0) -> HTTPResponse:
    """The hub's answer to a GET, from byte `start`. The token goes to the hub only, not to where it redirects."""
    from huggingface_hub import constants, get_token

    request = urllib.request.Request(f"{constants.ENDPOINT}/{path}", headers={"User-Agent": "patchmatters"})
    token = get_token()
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    if start:
        request.add_header("Range", f"bytes={start}-")
    answer: HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT)
    return answer


def _list(model: str) -> Listing:
    revision, files = _files_of(model)
    if any(_is_weights(file) for file in files):
        return Listing(model, revision, files)
    converted, more = _converted(model)
    weights = tuple(replace(file, revision=converted) for file in more if _is_weights(file))
    if not weights:
        raise ValueError(f"{model} publishes no safetensors: choose another model, or convert it yourself.")
    return Listing(model, revision, files + weights)


def _files_of(model: str, revision: str = "") -> tuple[str, tuple[RemoteFile, ...]]:
    """The commit of a revision (that of the main branch), and what is wanted of its files."""
    with _open(f"api/models/{model}{revision and '/revision/' + revision}?blobs=true") as answer:
        told = json.load(answer)
    return told["sha"], tuple(_remote(one) for one in told["siblings"] if _WANTED.fullmatch(one["rfilename"]))


def _converted(model: str) -> tuple[str, tuple[RemoteFile, ...]]:
    """The revision and the files of the hub's own conversion to safetensors, none where nobody has asked for one."""
    with _open(f"api/models/{model}/discussions?p=0") as answer:
        known = json.load(answer).get("discussions", [])
    for one in known:
        proposed = one.get("isPullRequest") and one.get("status") == "open" and one.get("title") == _CONVERSION
        if proposed and (one.get("author") or {}).get("name") == _CONVERTER:
            return _files_of(model, f"refs%2Fpr%2F{int(one['num'])}")
    return "", ()


def _is_weights(file: RemoteFile) -> bool:
    return file.name.endswith(".safetensors")


def _remote(entry: dict[str, Any]) -> RemoteFile:
    return RemoteFile(entry["rfilename"], int(entry["size"]), (entry.get("lfs") or {}).get("sha256", ""))


def _keep_revision(part: Path, revision: str) -> None:
    """Forget what was fetched of another revision: halves of two files do not make one."""
    marker = part / _REVISION
    if marker.is_file() and marker.read_text(encoding="utf-8") != revision:
        for path in part.iterdir():
            path.unlink()
    marker.write_text(revision, encoding="utf-8")


class _Progress:
    """Bytes as steps of a monitor; polls it with every chunk."""

    def __init__(self, monitor: Monitor, total: int) -> None:
        self._monitor, self._bytes, self._told = monitor, 0, 0
        monitor.begin("download", max(1, total // STEP))

    def add(self, count: int, name: str) -> None:
        self._monitor.poll()
        self._bytes += count
        while self._told < self._bytes // STEP:
            self._told += 1
            self._monitor.advance(name)


def _fetch(listing: Listing, file: RemoteFile, part: Path, progress: _Progress) -> None:
    """Fetch what is missing of a file, and check the whole."""
    path = part / file.name
    have = path.stat().st_size if path.is_file() else 0
    if have > file.size:
        path.unlink()
        have = 0
    progress.add(have, file.name)
    if have < file.size or not path.is_file():
        with _open(f"{listing.model}/resolve/{file.revision or listing.revision}/{file.name}", have) as answer:
            resumed = have > 0 and answer.status == 206
            with path.open("ab" if resumed else "wb") as out:
                for chunk in _chunks(answer):
                    out.write(chunk)
                    progress.add(len(chunk), file.name)
    _check(path, file)


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _check(path: Path, file: RemoteFile) -> None:
    """OSError unless the file is as the hub states; a wrong one is removed, a short one is kept to be resumed."""
    size = path.stat().st_size
    if size < file.size:
        raise OSError(f"the connection ended within {file.name}")
    if size != file.size or (file.sha256 and _digest(path) != file.sha256):
        path.unlink()
        raise OSError(f"{file.name} arrived damaged")


def _digest(path: Path) -> str:
    state = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in _chunks(file):
            state.update(chunk)
    return state.hexdigest()
