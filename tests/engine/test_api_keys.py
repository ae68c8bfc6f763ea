"""No key reaches a host that it is not meant for, and none shows in a message, a log, a Scene or a cache."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("openai", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("anthropic", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("aiohttp", reason="the test server needs aiohttp")

from engine.protocol_server import ProtocolServer, Received, Status
from engine.scenes import plain_picture
from patchmatters.backends import anthropic_chat, openai_chat
from patchmatters.backends.api import addresses, keys
from patchmatters.backends.api.addresses import read_address, require_safe
from patchmatters.backends.api.models import list_models
from patchmatters.backends.api.providers import PROVIDERS
from patchmatters.describe import DescribeSettings, describe
from patchmatters.divide import divide
from patchmatters.models import QUIET, Question
from patchmatters.scene_json import dump_scenes

SECRETS = {
    **{row.key_variable: f"sk-{name}-0123456789abcdef" for name, row in PROVIDERS.items() if row.key_variable},
    "ANTHROPIC_AUTH_TOKEN": "auth-token-0123456789abcdef",
    "OPENAI_ADMIN_KEY": "sk-admin-0123456789abcdef",
    "OPENAI_CUSTOM_HEADERS": "Authorization: Bearer sk-header-0123456789abcdef\nX-Team: team-header-0123456789",
    "ANTHROPIC_CUSTOM_HEADERS": "X-Api-Key: sk-header-0123456789abcdef",
    "OPENAI_ORG_ID": "org-0123456789",
    "OPENAI_PROJECT_ID": "proj-0123456789",
    "PATCHMATTERS_KEY_HTTPS_LLM_EXAMPLE_COM": "friend-key-0123456789",
    "PATCHMATTERS_KEY_HTTP_MY_SERVER_LAN_8000": "lan-key-0123456789",
}
_FRAGMENTS = ("0123456789", "Bearer")


@pytest.fixture(autouse=True)
def full_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every key that a careless client could pick up."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PATCHMATTERS_KEYS", str(tmp_path / "no-keys.json"))


@pytest.fixture
def everywhere_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every host name leads to this machine, so that a request to a look-alike really arrives."""
    real = socket.getaddrinfo

    def here(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        known = name is None or name[:1].isdigit() or ":" in name
        return real(name if known else "127.0.0.1", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", here)


@dataclass(frozen=True)
class Way:
    """One way in which a shared workflow might try to get at a key."""

    name: str
    url: Callable[[int], str]
    provider: str = "custom"
    refused: bool = False


_OPEN_WAYS = [
    Way("a custom URL", lambda port: f"http://127.0.0.1:{port}/v1"),
    Way("OpenAI's name with another URL", lambda port: f"http://127.0.0.1:{port}/v1", "openai"),
    Way("Zhipu's name with another URL", lambda port: f"http://127.0.0.1:{port}/v1", "zhipu"),
    Way("OpenRouter's name with another URL", lambda port: f"http://127.0.0.1:{port}/v1", "openrouter"),
    Way("Claude's name with another URL", lambda port: f"http://127.0.0.1:{port}/v1", "anthropic"),
    Way("a provider's host with another scheme and port", lambda port: f"http://api.openai.com:{port}/v1", "openai"),
    Way("a provider's host as a subdomain", lambda port: f"http://api.openai.com.evil.example:{port}/v1"),
    Way("a hyphen for a dot", lambda port: f"http://api-openai.com:{port}/v1"),
    Way("a hyphen for a dot of a host with a key", lambda port: f"http://my-server.lan:{port}/v1"),
    Way("another port of a host with a key", lambda port: f"http://my.server.lan:{port}/v1"),
    Way("another scheme of a host with a key", lambda port: f"http://llm.example.com:{port}/v1"),
    Way("capitals", lambda port: f"HTTP://API.OPENAI.COM:{port}/v1"),
    Way("IPv6 that means IPv4", lambda port: f"http://[::ffff:127.0.0.1]:{port}/v1"),
]
_CLOSED_WAYS = [
    Way("a provider as user name", lambda port: f"http://api.openai.com@127.0.0.1:{port}/v1", refused=True),
    Way(
        "a provider as user name and password", lambda port: f"http://api.openai.com:443@127.0.0.1:{port}", refused=True
    ),
    Way("a backslash", lambda port: f"http://127.0.0.1:{port}\\@api.openai.com/v1", refused=True),
    Way("a fragment", lambda port: f"http://127.0.0.1:{port}/v1#@api.openai.com/", refused=True),
    Way("a query", lambda port: f"http://127.0.0.1:{port}/v1?host=api.openai.com", refused=True),
    Way("a trailing dot", lambda port: f"http://api.openai.com.:{port}/v1", "openai", refused=True),
    Way("one decimal number", lambda port: f"http://2130706433:{port}/v1", refused=True),
    Way("a hexadecimal number", lambda port: f"http://0x7f.0.0.1:{port}/v1", refused=True),
    Way("a short number", lambda port: f"http://127.1:{port}/v1", refused=True),
    Way("a wide letter", lambda port: f"http://api\uff0eopenai.com:{port}/v1", refused=True),
    Way("an encoded letter", lambda port: f"http://%61pi.openai.com:{port}/v1", refused=True),
    Way("a line break", lambda port: f"http://127.0.0.1:{port}/v1\r\nX-Key: 1", refused=True),
]


def _model(way: Way, port: int) -> Any:
    if way.provider == "anthropic":
        settings = anthropic_chat.AnthropicSettings(model="claude-sonnet-4-6", base_url=way.url(port), retries=0)
        return anthropic_chat.create_uncached(settings)
    settings = openai_chat.OpenAISettings(provider=way.provider, model="m", base_url=way.url(port), retries=0)
    return openai_chat.create_uncached(settings)


def _ask(model: Any) -> Any:
    scenes = divide([plain_picture()], names=["photo"])
    return describe(scenes, model, DescribeSettings(candidates=1))


def _key_in(received: Received) -> str:
    """The key as it arrived: Anthropic's older SDKs have a header of their own for it."""
    return received.headers.get("authorization") or received.headers["x-api-key"]


def _everything_that_arrived(server: ProtocolServer) -> str:
    chats = [(received.path, dict(received.headers), received.prompt) for received in server.received]
    return json.dumps([chats, server.other_requests, server.violations])


@pytest.mark.parametrize("way", _OPEN_WAYS, ids=lambda way: way.name)
@pytest.mark.usefixtures("everywhere_is_here")
def test_no_key_reaches_a_host_that_it_is_not_meant_for(way: Way) -> None:
    with ProtocolServer() as server:
        model = _model(way, server.port)
        assert _ask(model)[0].whole.passages
        server.routes = {"/v1/models": {"data": [{"id": "m"}]}}
        assert list_models(model.target, keys.key_for(model.target.address))
        arrived = _everything_that_arrived(server)
    assert len(server.received) >= 5
    assert not any(fragment in arrived for fragment in _FRAGMENTS), arrived


@pytest.mark.parametrize("way", _CLOSED_WAYS, ids=lambda way: way.name)
@pytest.mark.usefixtures("everywhere_is_here")
def test_what_merely_looks_like_a_host_is_refused(way: Way) -> None:
    with ProtocolServer() as server:
        with pytest.raises(ValueError, match="base URL") as caught:
            _ask(_model(way, server.port))
        assert not server.received
        assert not server.other_requests
    assert "0123456789" not in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_a_redirect_takes_no_key_along(status: int, protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first host has a key of its own; the second must not even be asked."""
    with ProtocolServer() as second, ProtocolServer() as first:
        target = f"{second.origin}/v1/{'chat/completions' if protocol == 'openai' else 'messages'}"
        first.script = lambda received: Status(status, {}, {"Location": target})
        variable = f"PATCHMATTERS_KEY_HTTP_127_0_0_1_{first.port}"
        monkeypatch.setenv(variable, "first-key-0123456789")
        way = Way("", lambda port: f"http://127.0.0.1:{port}/v1", "custom" if protocol == "openai" else "anthropic")
        with pytest.raises(RuntimeError, match="sends requests on to another address: put the final address"):
            _ask(_model(way, first.port))
        assert _key_in(first.received[0]).endswith("first-key-0123456789")
        assert not second.received
        assert not second.other_requests


def test_a_proxy_of_the_environment_sees_no_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    with ProtocolServer() as proxy, ProtocolServer() as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.origin)
        assert _ask(_model(_OPEN_WAYS[0], server.port))
        assert not proxy.received
        assert not proxy.other_requests


# --- the right key does arrive ---


def test_the_key_that_is_named_for_a_host_arrives_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with ProtocolServer() as server:
        monkeypatch.setenv(f"PATCHMATTERS_KEY_HTTP_127_0_0_1_{server.port}", "own-key-0123456789")
        for provider in ("custom", "vllm", "anthropic"):
            _ask(_model(Way("", _OPEN_WAYS[0].url, provider), server.port))
    assert {_key_in(received).removeprefix("Bearer ") for received in server.received} == {"own-key-0123456789"}
    sent = set().union(*(received.headers for received in server.received))
    assert not any(name.startswith(("openai-", "x-team", "x-stainless-o", "x-stainless-a")) for name in sent)


def test_the_file_of_keys_names_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    monkeypatch.setenv("PATCHMATTERS_KEYS", str(path))
    monkeypatch.setenv("MY_BOX", "box-key-0123456789")
    path.write_text(json.dumps({"https://box.example:8443/v1": "MY_BOX"}))
    assert keys.key_for(read_address("https://box.example:8443")) == "box-key-0123456789"
    assert keys.key_for(read_address("https://box.example")) is None
    assert keys.key_for(read_address("http://box.example:8443")) is None
    assert keys.redact("said box-key-0123456789") == f"said {keys.REDACTED}"
    path.write_text(json.dumps({"https://box.example": "OPENAI_API_KEY"}))
    with pytest.raises(ValueError, match="belongs to its own provider"):
        keys.key_for(read_address("https://box.example"))


def test_each_provider_has_its_own_key_at_its_own_origin_only() -> None:
    for row in PROVIDERS.values():
        if row.key_variable:
            own = read_address(row.base_url)
            assert keys.key_for(own) == SECRETS[row.key_variable]
            for other in (f"http://{own.host}", f"https://{own.host}:8443", f"https://www.{own.host}"):
                assert keys.key_for(read_address(other)) is None


def test_a_missing_key_is_told_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHIPUAI_API_KEY")
    model = openai_chat.create_uncached(openai_chat.OpenAISettings(provider="zhipu"))
    with pytest.raises(RuntimeError, match="Zhipu needs a key: set the environment variable ZHIPUAI_API_KEY"):
        model.answer([Question("q", "text")], QUIET)


hosts = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]([a-z0-9-]{0,6}[a-z0-9])?){0,3}\Z")


@given(st.lists(st.tuples(st.sampled_from(["http", "https"]), hosts, st.integers(1, 65535)), min_size=2, max_size=6))
def test_no_two_origins_share_a_variable(parts: list[tuple[str, str, int]]) -> None:
    found: dict[str, str] = {}
    for scheme, host, port in parts:
        try:
            address = read_address(f"{scheme}://{host}:{port}")
        except ValueError:
            continue
        name = keys.named_variable(address)
        if name is not None:
            assert found.setdefault(name, address.origin) == address.origin


@given(st.text(max_size=40), st.text(max_size=40))
def test_an_address_is_read_in_one_way_or_not_at_all(host: str, path: str) -> None:
    try:
        address = read_address(f"http://{host}/{path}")
    except ValueError:
        return
    assert read_address(address.url) == address
    assert address.host.isascii()
    assert "@" not in address.url


# --- where pictures may go unencrypted ---


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.1.2.3", "192.168.1.20", "172.16.0.9", "100.100.1.2", "[::1]", "[fd00::5]", "0.0.0.0", "[::]"],
)
def test_plain_http_to_private_addresses_is_fine(host: str) -> None:
    require_safe(read_address(f"http://{host}:8000/v1"))


@pytest.mark.parametrize("host", ["8.8.8.8", "169.254.169.254", "172.32.0.1", "[2606:4700::1111]", "[::ffff:8.8.8.8]"])
def test_plain_http_to_anything_else_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"plain HTTP to a public address.*use https"):
        require_safe(read_address(f"http://{host}:8000/v1"))
    require_safe(read_address(f"https://{host}:8000/v1"))


def test_every_address_of_a_name_must_be_private() -> None:
    address = read_address("http://box.lan:8000")
    require_safe(address, lambda host, port: ["192.168.1.5", "fd00::5"])
    with pytest.raises(ValueError, match="public address"):
        require_safe(address, lambda host, port: ["192.168.1.5", "8.8.8.8"])
    with pytest.raises(RuntimeError, match=r"box\.lan is not known"):
        require_safe(address, _unknown)


def _unknown(host: str, port: int) -> Iterator[str]:
    raise OSError("no such host")


# --- what people and files get to see ---


def _echo(received: Received) -> Status:
    """A server that repeats the key in its complaint, as some do."""
    return Status(400, {"error": {"message": f"bad request of {received.headers['authorization']}"}})


def test_no_key_in_errors_logs_scenes_and_caches(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("PATCHMATTERS_CACHE", str(tmp_path / "answers.sqlite"))
    with ProtocolServer() as server:
        monkeypatch.setenv(f"PATCHMATTERS_KEY_HTTP_127_0_0_1_{server.port}", "own-key-0123456789")
        settings = openai_chat.OpenAISettings(provider="custom", model="m", base_url=server.url)
        model = openai_chat.create(settings)
        (scene,) = _ask(model)
        server.script = _echo
        with pytest.raises(RuntimeError, match="rejected the question") as caught:
            describe(divide([plain_picture(333, 222)], names=["other"]), model, DescribeSettings(candidates=1))
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    told = [
        str(caught.value),
        repr(model),
        repr(model.model),
        repr(vars(model.model)),
        caplog.text,
        dump_scenes([scene]),
    ]
    assert "own-key" not in "".join(told)
    assert b"own-key" not in written
    assert keys.REDACTED in str(caught.value)


def test_the_address_resolver_is_the_hosts_own() -> None:
    assert set(addresses.resolve("localhost", 80)) <= {"127.0.0.1", "::1"}
