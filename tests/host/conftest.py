"""The real server, started once for all tests that want it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from host.comfy_server import Host, Server, find_host, prepare_base


@pytest.fixture(scope="session")
def host() -> Host:
    pytest.importorskip("aiohttp", reason="the client of the test server needs aiohttp")
    found = find_host()
    if isinstance(found, str):
        pytest.skip(found)
    return found


@pytest.fixture(scope="session")
def server(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(host, prepare_base(tmp_path_factory.mktemp("comfy"), host)) as running:
        yield running


@pytest.fixture(scope="session")
def keeping_server(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that keeps results however little memory is free; the default one drops those of expanded nodes."""
    base = prepare_base(tmp_path_factory.mktemp("keeping"), host)
    with Server(host, base, extra=["--cache-classic"]) as running:
        yield running
