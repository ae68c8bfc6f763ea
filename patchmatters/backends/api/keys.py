"""Keys: from environment variables only, each bound to one origin, and cut out of every message.

A key belongs to an origin (scheme, host and port), not to a choice in a workflow. The origin of a provider's row has
that row's variable. Any other origin has the variable that is named after it (`named_variable`), or the one that the
user wrote for it into a small file outside any workflow:

    {"https://llm.example.com": "MY_LLM_KEY"}

The file names variables; it holds no key. Its path is `PATCHMATTERS_KEYS`, or keys.json in the user's configuration
folder for patchmatters.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import quote

from .addresses import Address, read_address
from .providers import PROVIDERS

PREFIX = "PATCHMATTERS_KEY_"
REDACTED = "[key removed]"
_SHORTEST = 6  # characters; cutting shorter values out of messages would garble them
# Secrets that the SDKs would read by themselves: never sent from here, but a message must not hold them either.
_OTHERS = ("ANTHROPIC_AUTH_TOKEN", "OPENAI_ADMIN_KEY", "OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS")
_TOKEN = re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{12,}|(?<=Bearer )[A-Za-z0-9._~+/-]{12,}=*")


def own_variables() -> dict[str, str]:
    """The variable of each provider's origin."""
    return {read_address(row.base_url).origin: row.key_variable for row in PROVIDERS.values() if row.key_variable}


def key_variable(address: Address) -> str | None:
    """The environment variable that holds the key of an address, or None where no name can be made for it.

    ValueError where the user's file of keys is unreadable or gives away a provider's own variable.
    """
    return own_variables().get(address.origin) or _written(address) or named_variable(address)


def key_for(address: Address) -> str | None:
    """The key of an address, or None where there is none."""
    variable = key_variable(address)
    return (os.environ.get(variable) or "").strip() or None if variable else None


def named_variable(address: Address) -> str | None:
    """PATCHMATTERS_KEY_HTTPS_LLM_EXAMPLE_COM for https://llm.example.com; a port is added at the end.

    A dot becomes one underscore and a hyphen two, so that no two hosts share a name. None for IPv6 and for hosts with
    an underscore, whose name would be another's too: write those into the file.
    """
    if ":" in address.host or "_" in address.host:
        return None
    host = address.host.replace("-", "__").replace(".", "_").upper()
    port = address.origin.rpartition(":")[2] if address.origin.count(":") > 1 else ""
    return f"{PREFIX}{address.scheme.upper()}_{host}" + (f"_{port}" if port else "")


def keys_file() -> Path:
    """Where the user may name variables for origins."""
    if named := os.environ.get("PATCHMATTERS_KEYS"):
        return Path(named)
    if os.name == "nt":
        return Path(os.environ.get("APPDATA") or Path.home()) / "patchmatters" / "keys.json"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "patchmatters" / "keys.json"


def _written(address: Address) -> str | None:
    entries = _read_keys_file()
    found = {read_address(url).origin: variable for url, variable in entries.items()}.get(address.origin)
    if found in own_variables().values():
        raise ValueError(
            f"{keys_file()} gives {found} to {address.origin}, but that key belongs to its own provider: put the key "
            "of this host into another variable."
        )
    return found


def _read_keys_file() -> dict[str, str]:
    path = keys_file()
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise ValueError(f"{path} cannot be read: it must be a JSON object of base URL and variable name.") from None
    if not isinstance(entries, dict) or not all(isinstance(name, str) for name in entries.values()):
        raise ValueError(f"{path} must be a JSON object of base URL and variable name.")
    return entries


def redact(text: str) -> str:
    """The text without any key that this process knows, and without what has the shape of one."""
    for secret in sorted(_secrets(), key=len, reverse=True):
        for form in {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}:
            text = text.replace(form, REDACTED)
    return _TOKEN.sub(REDACTED, text)


def _secrets() -> set[str]:
    try:
        written = set(_read_keys_file().values())
    except ValueError:  # said where the file is used; here it must not hide the message that is being cleaned
        written = set()
    names = {*own_variables().values(), *_OTHERS, *written, *(name for name in os.environ if name.startswith(PREFIX))}
    values = {os.environ.get(name, "").strip() for name in names}
    return {value for value in values if len(value) >= _SHORTEST}
