"""What can go wrong with a request, told as what happened and what to do next; and what is worth asking again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...basics.unicode import well_formed
from ...models import Outcome
from .addresses import Address, as_base, read_address
from .keys import key_for, key_variable, redact
from .providers import Provider
from .shapes import text

DATA_URI = "data URI"  # the one setting that is no field: some servers take base64 alone
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


def target_of(provider: Provider, base_url: str, model: str = "") -> Target:
    """A model at a provider, or at another address that was given. ValueError for an address that cannot be."""
    url = base_url.strip() or provider.base_url
    if not url:
        raise ValueError(f"The {provider.title} needs a base URL: put it into base_url, like http://127.0.0.1:8080/v1.")
    own_path = read_address(provider.base_url).path if provider.base_url else "/v1"
    address = as_base(read_address(url), own_path, provider.protocol, has_other_api=provider.local)
    return Target(provider, address, model)


def key_of(target: Target) -> str | None:
    """The key for a target's address, None where it needs none. RuntimeError where the provider's own is not set."""
    key, row = key_for(target.address), target.provider
    if key is None and row.key_variable and target.at_home:
        raise RuntimeError(f"{row.title} needs a key: set {target.key_advice} and start the program again.")
    return key


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
_TOO_LONG = _Advice(
    "{name} has too little room for the question{said}: lower max_edge or max_new_tokens, or give the "
    "model a larger context"
)
_REDIRECT = _Advice("{name} sends requests on to another address: put the final address into base_url", fatal=True)
_SERVER = _Advice("{name} failed with status {status}{said}: run again later, when only what is missing is asked")
_OTHER = _Advice("{name} answered with status {status}{said}: check the base URL and the model")

_BLIND = re.compile(
    r"(?:does ?n[o']t|do not|not|n't) (?:support|accept|have|take)\w*[^.]{0,40}(?:image|vision|visual|multi-?modal)"
    r"|(?:image|vision|multi-?modal)[^.]{0,60}(?:not (?:support|allow|enabl|available)|unsupported|only supported)"
    r"|support(?:s)? image input|mmproj|(?:not|isn't) an? (?:multi-?modal|vision)|missing data required for image"
    r"|at most 0 image"
    r"|unknown variant [`'\"]?image_url|text-?only",
    re.I,
)
_FILTERED = re.compile(r"\b(?:content_policy_violation|content_filter|contentFilter|1301)\b")
_CONTEXT = re.compile(
    r"context (?:size|length|window)|max(?:imum)?[_ ](?:model|context)[_ ]?len(?:gth)?|maximum model length|"
    r"prompt (?:is )?too long|context too long",
    re.I,
)
_QUOTA = re.compile(r"\b(?:insufficient_quota|credit balance|1113)\b")
_GRAMMAR = re.compile(r"grammar|json[_ ]?schema|response_?format|structured output|guided decoding", re.I)
_LOGPROBS = re.compile(r"log_?probs", re.I)
_NO_URI = re.compile(r"base64[- ]?encoded|data[- ]?ur[il]|(?:illegal|invalid) base64", re.I)
# Settings that servers complain of in words of their own, and with whatever status.
_KNOWN_BY: Mapping[str, re.Pattern[str]] = {"response_format": _GRAMMAR, "logprobs": _LOGPROBS, DATA_URI: _NO_URI}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_UNSUPPORTED = re.compile(
    r"unsupported|not support|n't support|deprecated|unrecogni[sz]ed|unexpected|unknown|not permitted|extra inputs|"
    r"not allowed|cannot both|only the default|must be|invalid|not available|not enabled",
    re.I,
)


@dataclass(frozen=True)
class Complaint:
    """An error as a server told it: its status, or the one that it wrote into the body, and the error object."""

    status: int
    body: Mapping[str, Any]
    passing: bool = False  # it came with status 200 or in a stream: the SDK has not asked again

    @property
    def said(self) -> str:
        return message_in(self.body)


def told(body: Any, status: int) -> Complaint:
    """The complaint in the body of an error status; errors are wrapped in "error" or stand alone, in a list or not."""
    if isinstance(body, Sequence) and not isinstance(body, str) and body:
        body = body[0]
    if isinstance(body, Mapping) and isinstance(body.get("error"), (Mapping, str)):
        body = body["error"]
    return Complaint(status, body if isinstance(body, Mapping) else {"message": text(body)})


def told_inside(body: Mapping[str, Any]) -> Complaint:
    """The complaint that came with status 200; a code that is no HTTP status means a failure that may pass."""
    code = next((int(body[name]) for name in ("code", "status") if re.fullmatch(r"[45]\d\d", str(body.get(name)))), 0)
    if not code:
        code = 400 if re.search(r"invalid|bad_?request|exceed", f"{body.get('type')} {body.get('code')}", re.I) else 503
    return Complaint(code, body, passing=code in (408, 409, 429) or code >= 500)


def of_complaint(complaint: Complaint, target: Target, sent: Sequence[str], *, has_image: bool) -> Trouble:
    """The trouble behind a server's error. `sent` names the settings of the request that it can do without."""
    status, body, said = complaint.status, complaint.body, complaint.said
    whole = f"{said} {text(body.get('code'))} {text(body.get('type'))}"
    if has_image and status in (400, 404, 415, 422, 500, 501) and _BLIND.search(said):
        return blind(target, said)
    if parameter := _refused(complaint, sent):
        return Trouble(f"{target.name} does not take {parameter}{_quoted(said)}", parameter=parameter)
    if status in (400, 422) and _FILTERED.search(whole):
        return Trouble(
            f"{target.name} refused the question by its content filter: use another picture or provider",
            outcome=Outcome.REFUSAL,
        )
    advice = _STATUS.get(status) or (_REDIRECT if 300 <= status < 400 else _SERVER if status >= 500 else _OTHER)
    if _QUOTA.search(whole):
        advice, complaint = _STATUS[402], replace(complaint, passing=False)
    elif _CONTEXT.search(said):
        advice, complaint = _TOO_LONG, replace(complaint, passing=False)
    return _filled(advice, complaint, target)


def is_lasting(status: int, body: Any) -> bool:
    """Whether a failed request would fail again as it is, although its status says that it may pass."""
    said = told(body, status).said
    return any(known.search(said) for known in (_BLIND, _GRAMMAR, _CONTEXT, _LOGPROBS))


def blind(target: Target, said: str = "") -> Trouble:
    """A model that cannot see was shown a picture."""
    return Trouble(
        f"The model {target.model} at {target.name} reads text only{_quoted(said)}: choose a vision model for "
        "descriptions, and use this one for comparing and writing",
        fatal=True,
    )


def _filled(advice: _Advice, complaint: Complaint, target: Target) -> Trouble:
    detail = advice.text.format(
        name=target.name,
        model=target.model,
        key=target.key_advice,
        status=complaint.status,
        said=_quoted(complaint.said),
    )
    return Trouble(detail, fatal=advice.fatal, incomplete=complaint.passing)


def _quoted(said: str) -> str:
    plain = " ".join(_UNPRINTABLE.sub(" ", well_formed(said)).split())
    return f" ({plain[:_QUOTED]})" if plain and not plain.startswith("<") else ""


def message_in(body: Mapping[str, Any]) -> str:
    """The words of an error object, whatever shape they have; OpenRouter's upstream words stand behind its own."""
    found = next((_words(body[name]) for name in ("message", "detail", "error", "msg") if body.get(name)), "")
    metadata = body.get("metadata")
    upstream = _words(metadata.get("raw")) if isinstance(metadata, Mapping) else ""
    return f"{found}: {upstream}" if found and upstream else found or upstream


def _words(value: Any, depth: int = 4) -> str:
    """A text, or the texts of FastAPI's list of `{"loc": ["body", "seed"], "msg": "..."}` and what wraps it."""
    if isinstance(value, str) or not depth:
        return text(value)
    if isinstance(value, Mapping):
        place = ".".join(str(part) for part in _listed(value.get("loc")) if part != "body")
        inner = [_words(value[name], depth - 1) for name in ("message", "msg", "detail", "error") if value.get(name)]
        return ": ".join(filter(None, (place, *inner[:1])))
    return "; ".join(filter(None, (_words(one, depth - 1) for one in _listed(value)[:5])))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _refused(complaint: Complaint, sent: Sequence[str]) -> str:
    """The setting of the request that the error is about, or an empty text."""
    said = complaint.said
    for name, words in _KNOWN_BY.items():
        if name in sent and complaint.status in (400, 415, 422, 500, 501) and words.search(said):
            return name
    if complaint.status not in (400, 422):
        return ""
    named = text(complaint.body.get("param")).partition(".")[0]
    if named in sent and not _CONTEXT.search(said):
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


def oversized(target: Target, why: str) -> Trouble:
    return Trouble(
        f"the answer of {target.name} is no answer of a chat model ({why}): check base_url, or use another server"
    )
