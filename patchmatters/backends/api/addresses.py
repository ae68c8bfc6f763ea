"""Where requests go: a base URL taken apart strictly, so that nothing which merely looks like a host passes for it.

A shared workflow may name any URL. What browsers forgive (user names, backslashes, numbers for hosts, trailing dots)
is refused here, and what is left is written anew, so that there is one reading of an address.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

_SHAPE = re.compile(r"\A(https?)://([^/?#]*)(/[A-Za-z0-9._~/-]*)?\Z", re.I)
_LABEL = re.compile(r"\A(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_NUMERIC = re.compile(r"\A(?:\d+|0x[0-9a-f]*)\Z")  # a host that ends so is read as an IPv4 address by some
_PORTS = {"http": 80, "https": 443}
# What a server listens on that takes requests from everywhere; a client that is told so means this machine.
_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
# Endpoints that people copy into base_url.
_ENDPOINT = {
    "openai": re.compile(r"/(?:chat/completions|completions|chat|responses|models|embeddings|generate|tags|show)\Z"),
    "anthropic": re.compile(r"/(?:v1/)?(?:messages|models)\Z"),
}
_SHARED = ipaddress.ip_network("100.64.0.0/10")  # private overlays such as Tailscale
_ADVICE = "write it like http://127.0.0.1:8080/v1 or https://host.example/v1"

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Iterable[str]]


@dataclass(frozen=True)
class Address:
    """A base URL in its one spelling. `host` is a lower-case name, a dotted quad, or IPv6 without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port: what a key is bound to. The scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    @property
    def url(self) -> str:
        return self.origin + self.path

    @property
    def ip(self) -> IpAddress | None:
        """The host as a number, where it is one."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None


def read_address(url: str) -> Address:
    """The address in a base URL. ValueError, saying how to write it, for whatever has a second reading."""
    text = url.strip()
    shape = _SHAPE.match(text)
    if not text.isascii() or shape is None:
        raise ValueError(f"The base URL {_shown(text)} is not a plain http(s) address: {_ADVICE}.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"The base URL {_shown(text)} has a port or host that cannot be read: {_ADVICE}.") from None
    if "@" in parts.netloc:
        raise ValueError("The base URL holds a user name or password: leave it out; keys come from the environment.")
    scheme = parts.scheme.lower()
    host = _host((parts.hostname or "").lower(), bracketed=parts.netloc.startswith("["), shown=_shown(text))
    return Address(scheme, _HERE.get(host, host), port or _PORTS[scheme], (shape[3] or "").rstrip("/"))


def as_base(address: Address, own_path: str, protocol: str, *, has_other_api: bool) -> Address:
    """The address with the path that requests are put after.

    An endpoint that was copied along goes. Where only the host was given, `own_path` is the provider's own (or /v1);
    also instead of /api, where the server is one of those that speak another language there (Ollama, LM Studio).
    """
    path = _ENDPOINT[protocol].sub("", address.path)
    if has_other_api and re.fullmatch(r"/api(?:/v\d)?", path):
        path = ""
    return replace(address, path=path or own_path)


def _shown(text: str) -> str:
    """The URL for a message, without what might be a password."""
    return repr(text.rpartition("@")[2][:120] if "@" in text else text[:120])


def _host(host: str, *, bracketed: bool, shown: str) -> str:
    if bracketed:
        return str(ipaddress.IPv6Address(host)) if _is_ipv6(host) else _refuse(shown)
    labels = host.split(".")
    if not all(_LABEL.match(label) for label in labels):
        return _refuse(shown)
    if _NUMERIC.match(labels[-1]):
        return str(ipaddress.IPv4Address(host)) if _is_dotted_quad(host) else _refuse(shown)
    return host


def _refuse(shown: str) -> str:
    raise ValueError(f"The base URL {shown} has no host that can be read in one way only: {_ADVICE}.")


def _is_ipv6(host: str) -> bool:
    try:
        return not ipaddress.IPv6Address(host).scope_id
    except ValueError:
        return False


def _is_dotted_quad(host: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def resolve(host: str, port: int) -> Iterable[str]:
    """The numbers behind a host name. OSError where it has none."""
    return {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}


def require_safe(address: Address, resolver: Resolver = resolve) -> None:
    """Raise ValueError for plain HTTP to anything but loopback and private addresses.

    Pictures and keys would cross the network readable. A host name is looked up; each of its addresses must be
    private. RuntimeError where the name cannot be looked up.
    """
    if address.scheme == "https":
        return
    if not is_private(address, resolver):
        raise ValueError(
            f"{address.origin} is plain HTTP to a public address, which anybody on the way can read: use https://, or "
            "a server on this machine or in the local network."
        )


def is_private(address: Address, resolver: Resolver = resolve) -> bool:
    """Whether an address is on this machine or in a private network."""
    if address.ip is not None:
        return _private(address.ip)
    try:
        numbers = [ipaddress.ip_address(number.partition("%")[0]) for number in resolver(address.host, address.port)]
    except (OSError, UnicodeError):
        raise RuntimeError(f"The host {address.host} is not known: check the base URL and the network.") from None
    return bool(numbers) and all(_private(number) for number in numbers)


def _private(number: IpAddress) -> bool:
    """Loopback or private; not link-local, where cloud machines keep their credentials."""
    mapped = number.ipv4_mapped if isinstance(number, ipaddress.IPv6Address) else None
    if mapped is not None:
        return _private(mapped)
    if number.is_unspecified or number.is_link_local or number.is_multicast or number.is_reserved:
        return number.is_loopback
    return number.is_loopback or number.is_private or number in _SHARED
