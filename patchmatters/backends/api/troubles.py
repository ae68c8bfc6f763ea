"""What can go wrong with a request, told as what happened and what to do next; and what is worth asking again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..base import Outcome
from .addresses import Address, read_address
from .keys import key_variable, redact
from .providers import Provider
from .replies import text

_QUOTED = 200  # characters of a server's own message


@dataclass(frozen=True)
class Target:
    """Whom a request goes to: the provider's row, the address, and the model by name."""

    provider: Provider
    address: Address
    model: str

    @property
    def name(self) -> str:
        return f"{self.provider.title} at {self.address.origin}"

    @property
    def at_home(self) -> bool:
        """Whether the address is the provider's own."""
        return bool(self.provider.base_url) and read_address(self.provider.base_url).origin == self.address.origin

    @property
    def key_advice(self) -> str:
        variable = key_variable(self.address)
        return f"the environment variable {variable}" if variable else "the file of key variables (see README)"


class Trouble(Exception):
    """A question without an answer: why, in words that say what to do next.

    `fatal` troubles would befall every other question too. `parameter` names a setting that the model refuses, and
    that is left out from then on. `incomplete` answers were cut off on their way and may be asked for again.
    """

    def __init__(
        self,
        detail: str,
        *,
        outcome: Outcome = Outcome.FAILURE,
        fatal: bool = False,
        parameter: str = "",
        incomplete: bool = False,
    ) -> None:
        super().__init__(redact(detail))
        self.outcome, self.fatal, self.parameter, self.incomplete = outcome, fatal, parameter, incomplete

    @property
    def detail(self) -> str:
        return str(self)


@dataclass(frozen=True)
class _Advice:
    """What a status means. `{name}`, `{model}`, `{key}`, `{said}` are filled in."""

    text: str
    fatal: bool = False


_STATUS: Mapping[int, _Advice] = {
    400: _Advice("{name} rejected the question{said}: change the model or the settings that it names"),
    401: _Advice("{name} does not accept the key{said}: set {key} to a valid key", fatal=True),
    402: _Advice("{name} wants to be paid first{said}: add credit to the account", fatal=True),
    403: _Advice("{name} does not let this key use {model}{said}: choose another model, or check {key}", fatal=True),
    404: _Advice("{name} does not know the model {model}{said}: choose a model that it lists, and check the base URL",
                 fatal=True),
    405: _Advice("{name} speaks no chat protocol under this path{said}: the base URL usually ends in /v1", fatal=True),
    408: _Advice("{name} gave up waiting, again and again: try later, or lower concurrency"),
    413: _Advice("{name} finds the request too large{said}: lower max_edge"),
    422: _Advice("{name} rejected the question{said}: change the model or the settings that it names"),
    429: _Advice("{name} limits how fast it may be asked{said}: lower concurrency, or run again later, when only what "
                 "is missing is asked"),
    529: _Advice("{name} is overloaded: run again later, when only what is missing is asked"),
}  # fmt: skip
_REDIRECT = _Advice("{name} sends requests on to another address: put the final address into base_url", fatal=True)
_SERVER = _Advice("{name} failed with status {status}{said}: run again later, when only what is missing is asked")
_OTHER = _Advice("{name} answered with status {status}{said}: check the base URL and the model")

_BLIND = re.compile(
    r"(?:does ?n[o']t|do not|not|n't) (?:support|accept|have|take)\w*[^.]{0,40}(?:image|vision|visual|multi-?modal)"
    r"|(?:image|vision|multi-?modal)[^.]{0,60}(?:not (?:support|allow|enabl|available)|unsupported|only supported)"
    r"|support(?:s)? image input|mmproj|(?:not|isn't) an? (?:multi-?modal|vision)|missing data required for image"
    r"|unknown variant [`'\"]?image_url|text-?only",
    re.I,
)
_FILTERED = re.compile(r"\b(?:content_policy_violation|content_filter|contentFilter|1301)\b")
_QUOTA = re.compile(r"\b(?:insufficient_quota|credit balance|1113)\b")
_UNSUPPORTED = re.compile(
    r"unsupported|not support|n't support|deprecated|unrecogni[sz]ed|unexpected|unknown|not permitted|extra inputs|"
    r"not allowed|cannot both|only the default|must be|invalid|not available|not enabled",
    re.I,
)


def of_status(error: Any, target: Target, sent: Sequence[str], *, has_image: bool) -> Trouble:
    """The trouble behind an SDK's status error. `sent` names the settings of the request that it can do without."""
    status, body = int(error.status_code), _body(error)
    said = message_in(body)
    whole = f"{said} {text(body.get('code'))} {text(body.get('type'))}"
    if has_image and status in (400, 404, 415, 422, 500, 501) and _BLIND.search(said):
        return blind(target, said)
    if status in (400, 422):
        if parameter := _refused_parameter(body, said, sent):
            return Trouble(f"{target.name} does not take {parameter}", parameter=parameter)
        if _FILTERED.search(whole):
            return Trouble(
                f"{target.name} refused the question by its content filter: use another picture or provider",
                outcome=Outcome.REFUSAL,
            )
    if _QUOTA.search(whole):
        return _filled(_STATUS[402], status, said, target)
    advice = _STATUS.get(status) or (_REDIRECT if 300 <= status < 400 else _SERVER if status >= 500 else _OTHER)
    return _filled(advice, status, said, target)


def blind(target: Target, said: str = "") -> Trouble:
    """A model that cannot see was shown a picture."""
    return Trouble(
        f"The model {target.model} at {target.name} reads text only{_quoted(said)}: choose a vision model for "
        "descriptions, and use this one for comparing and writing",
        fatal=True,
    )


def _filled(advice: _Advice, status: int, said: str, target: Target) -> Trouble:
    detail = advice.text.format(
        name=target.name, model=target.model, key=target.key_advice, status=status, said=_quoted(said)
    )
    return Trouble(detail, fatal=advice.fatal)


def _quoted(said: str) -> str:
    plain = " ".join(said.split())
    return f" ({plain[:_QUOTED]})" if plain and not plain.startswith("<") else ""


def _body(error: Any) -> Mapping[str, Any]:
    """The error object of a body, with or without its envelope."""
    body = error.body
    if isinstance(body, Mapping) and isinstance(body.get("error"), (Mapping, str)):
        body = body["error"]
    return body if isinstance(body, Mapping) else {"message": text(body)}


def message_in(body: Mapping[str, Any]) -> str:
    return text(body.get("message")) or text(body.get("detail")) or text(body.get("error"))


def _refused_parameter(body: Mapping[str, Any], said: str, sent: Sequence[str]) -> str:
    """The setting of the request that the error is about, or an empty text."""
    named = text(body.get("param")).partition(".")[0]
    if named in sent:
        return named
    if not _UNSUPPORTED.search(said):
        return ""
    return next((name for name in sent if re.search(rf"\b{re.escape(name)}\b", said)), "")


def unreachable(target: Target) -> Trouble:
    start = "start it, or correct base_url" if target.provider.local else "check the network and base_url"
    return Trouble(f"{target.name} cannot be reached: {start}", fatal=True)


def broken_off(target: Target) -> Trouble:
    return Trouble(f"the connection to {target.name} broke again and again: run again, only what is missing is asked")


def cut(target: Target) -> Trouble:
    return Trouble(
        f"the answer of {target.name} was cut off on its way: run again, only what is missing is asked",
        incomplete=True,
    )


def not_json(target: Target, content_type: str) -> Trouble:
    return Trouble(
        f"{target.name} answered with {content_type.partition(';')[0].strip() or 'something'}, no chat answer: "
        "check that base_url is the chat API (it usually ends in /v1) and that no login page is in the way",
    )


def slow(target: Target, timeout_s: float, statuses: Sequence[int]) -> Trouble:
    if 429 in statuses:
        return Trouble(
            f"{target.name} kept limiting the rate for {timeout_s:g} s: lower concurrency, or run again later"
        )
    return Trouble(
        f"{target.name} did not finish within {timeout_s:g} s: raise timeout_s, lower concurrency, or take a faster "
        "model"
    )


def in_stream(said: str, target: Target) -> Trouble:
    """A provider that reports its failure in the middle of a stream."""
    return Trouble(
        f"{target.name} failed while it wrote{_quoted(said)}: run again, only what is missing is asked", incomplete=True
    )
