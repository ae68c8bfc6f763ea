"""The host stays alive, and captions stay with their pictures, while a model's server fails and people interrupt."""

from __future__ import annotations

import pytest

pytest.importorskip("psutil", reason="the memory of the host is read with psutil")

from host.comfy_server import Host, Server, prepare_base
from host.soak import soak


def test_faults_and_interrupts_kill_nothing_and_mix_nothing_up(
    host: Host, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Half a minute of what `python tests/host/soak.py --minutes 30` does."""
    with Server(host, prepare_base(tmp_path_factory.mktemp("soak"), host)) as server:
        report = soak(server, 30.0)
    assert report.deaths == 0, server.log_text()[-4000:]
    assert not report.wrong
    assert report.captions > 0
    assert report.runs.keys() <= {"success", "error", "interrupted"}
