"""A chat model behind HTTP: all questions at once under one limit, each answered, refused or failed by itself."""

from __future__ import annotations

import asyncio
import logging
import random
import time
import weakref
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, TypeVar

from ...basics.unicode import well_formed
from ...models import QUIET, Answer, Monitor, Outcome, Question
from ...options import Options, option
from ...picture import Crop
from .addresses import is_private, require_safe
from .bounded import TooLarge
from .client import NO_KEY, STATUSES, Gate, Line, Switchboard, errors_of, http_client, load_sdk
from .driving import Post, drive, spawn
from .encoding import CropEncoder, EncodedCrop
from .keys import key_for
from .models import default_model, sees_images
from .patience import PATIENCE, Patience, Pulse, within
from .prices import price_of
from .providers import FREE, PROVIDERS, Model, Price
from .replies import Choice, Reply, answer_of, priced
from .troubles import (
    DATA_URI,
    Target,
    Trouble,
    blind,
    broken_off,
    cut,
    key_of,
    not_json,
    of_complaint,
    oversized,
    slow,
    target_of,
    told,
    told_inside,
    unreachable,
)
from .wire import LOGPROBS, Asking, CutOff, ErrorInBody, Unreadable, Wire

log = logging.getLogger(__name__)

Keep = Callable[[int, Answer], None]
Talked = TypeVar("Talked")

_UNNAMED = "first model"
_PARTIAL_S = 0.1  # between two progress reports of one question
_FEW = 2  # requests at once that a local server starts with: many answer one after the other
_PAUSE_S = 0.5  # before an answer that was cut off is asked for again, doubled each time, with jitter
# Settings that a request can do without; a model that refuses one is asked again without it.
OPTIONAL = (
    *("temperature", "top_p", "seed", "n", "response_format", "stream_options", "reasoning_effort", "thinking"),
    *("output_config", "max_completion_tokens", "max_tokens", "do_sample", "cache_control", "reasoning"),
    *("chat_template_kwargs", "enable_thinking", "think", "stream", "top_logprobs", "logprobs"),
)


@dataclass(frozen=True)
class ApiSettings(Options):
    """Settings that every API backend has. The classes of the backends put provider, model and base_url before them."""

    concurrency: int = option(
        8,
        "Most requests in flight at once; a server on this machine or nearby starts with 2, and gets more if it keeps "
        "up.",
        minimum=1,
        maximum=256,
    )
    timeout_s: float = option(
        180.0, "Longest wait for an answer, in seconds, with all its retries; it starts anew with every word of it.",
        minimum=1.0, maximum=3600.0, advanced=True,
    )  # fmt: skip
    retries: int = option(
        3, "How often a request is sent again after an error that may pass (rate limit, overload, broken connection).",
        minimum=0, maximum=10, advanced=True,
    )  # fmt: skip
    max_edge: int = option(
        0, "Longest edge of a crop as it is sent, in pixels; 0: the most that the provider looks at.",
        minimum=0, maximum=8000, advanced=True,
    )  # fmt: skip
    stream: bool = option(
        True, "Receive answers word by word: shows progress, and keeps slow answers from timing out.", advanced=True
    )
    cache: bool = option(True, "Keep answers on disk, so that a rerun asks only for what is missing.", advanced=True)
    cache_mb: int = option(
        256, "Size limit of the answers on disk, in MiB; the least used go first.",
        minimum=1, maximum=65536, advanced=True,
    )  # fmt: skip
    thinking: str = option(
        "off",
        "Whether the model may think before it answers. off: the server is asked, in its own words, to do without; on: "
        "it is left to the model, which gets more room, takes longer and costs more.",
        choices=("off", "on"), advanced=True, later=True,
    )  # fmt: skip


@dataclass
class _Learned:
    """What this model taught while it was asked. Changed on the event loop only, except for `seeing`."""

    left_out: set[str] = field(default_factory=set)
    one_choice: bool = False
    seeing: bool | None = None


class ApiChat:
    """A ChatModel over one provider. It holds no key: that is read from the environment when a batch is asked."""

    sees_images = True
    follows_instructions = True

    def __init__(self, wire: Wire, provider: str, model: str, base_url: str, settings: ApiSettings) -> None:
        """RuntimeError where the SDK is missing, ValueError for an address or model that cannot be."""
        row = PROVIDERS[provider]
        chosen = model.strip() or (row.models[0].name if row.models and not base_url.strip() else "")
        self.target = target_of(row, base_url, chosen)
        address = self.target.address
        self.settings, self._wire, self.sdk = settings, wire, load_sdk(wire.sdk)
        self.name = f"{chosen or _UNNAMED} ({row.title}{'' if not base_url.strip() else ', ' + address.origin})"
        self.sees_images = row.model(chosen).images
        self.encoder = CropEncoder(settings.max_edge or row.longest_edge, row.max_image_bytes)
        self._learned = _Learned()
        self._switchboard = Switchboard()
        weakref.finalize(self, spawn, self._switchboard.close).atexit = False

    def __repr__(self) -> str:
        return f"ApiChat({self.name})"

    @property
    def weighs_words(self) -> bool:
        """Whether log-probabilities are asked for: the provider may give them, and has not refused them."""
        return bool(self.target.provider.top_logprobs) and not LOGPROBS & self._learned.left_out

    def identity(self, monitor: Monitor = QUIET) -> Mapping[str, object]:
        """What an answer depends on besides its question: the key of a cache. No secret is in it.

        Where no model was named, the server is asked for its first: RuntimeError where it cannot be reached.
        """
        require_safe(self.target.address)
        self._find_model(key_for(self.target.address), monitor)
        return {
            "url": self.target.address.url,
            "model": self.target.model,
            "protocol": self.target.provider.protocol,
            "longest_edge": self.encoder.longest_edge,
            "extra": {} if self.settings.thinking == "on" else dict(self.model().extra),
            "thinking": self.settings.thinking,
        }

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        """See ChatModel."""
        return self.answer_each(questions, monitor, lambda number, answer: None)

    def answer_each(self, questions: Sequence[Question], monitor: Monitor, keep: Keep) -> list[Answer]:
        """As `answer`, and `keep(number, answer)` is called in this thread as soon as each question is settled.

        ValueError for an address that must not be asked; RuntimeError, with the way out, where nothing can be asked
        at all: no key, no server, no such model, or a model that cannot see asked about pictures.
        """
        if not questions:
            return []
        require_safe(self.target.address)
        key = self._key()
        self._find_model(key, monitor)
        self._require_eyes(questions, key, monitor)

        async def main(post: Post) -> list[Answer]:
            line = await self._switchboard.line(key, self._open_line)
            return await _Batch(self, line, questions, monitor, keep, post).run()

        return drive(main, monitor.poll)

    def _open_line(self, key: str | None) -> Line:
        row, settings = self.target.provider, self.settings
        headers = row.headers if self.target.at_home else ()
        http = http_client(self.sdk, self.target.address, key, settings.concurrency, headers)
        client = self._wire.open(self.sdk, self.target, key or NO_KEY, http, settings.retries)
        few = _FEW if is_private(self.target.address) else settings.concurrency
        gate = Gate(settings.concurrency, min(few, settings.concurrency))
        return Line(asyncio.get_running_loop(), key, http, client, gate, Pulse())

    def _key(self) -> str | None:
        return key_of(self.target)

    def _find_model(self, key: str | None, monitor: Monitor) -> None:
        if not self.target.model:
            found = default_model(self.target, key, monitor)
            self.target = replace(self.target, model=found)
            self.name = self.name.replace(_UNNAMED, found, 1)

    def _require_eyes(self, questions: Sequence[Question], key: str | None, monitor: Monitor) -> None:
        """Refuse pictures for a model that is known to be blind, before anything is asked."""
        with_image = next((question for question in questions if question.images), None)
        if with_image is None:
            return
        if self._learned.seeing is None:
            self._learned.seeing = sees_images(self.target, key, monitor)
        if self._learned.seeing is False:
            raise RuntimeError(f"{with_image.name}: {blind(self.target).detail}.")

    def price(self) -> Price | None:
        """What the model costs; nothing on a local server at a private address, None where it is unknown."""
        row = self.target.provider
        if row.local and is_private(self.target.address):
            return FREE
        return price_of(row, self.model())

    def model(self) -> Model:
        return self.target.provider.model(self.target.model)

    def body_alone(self, question: Question, left_out: Collection[str] = ()) -> dict[str, Any]:
        """The body of a request for one answer in one piece, as words alone, without the settings that are left out."""
        question = replace(question, words=())
        images = tuple(map(self.encoder, question.images))
        row, thinks = self.target.provider, self.settings.thinking == "on"
        return self._wire.body(Asking(question, images, row, self.model(), 1, False, frozenset(left_out), thinks))

    def talk(self, work: Callable[[Any], Coroutine[Any, Any, Talked]], monitor: Monitor) -> Talked:
        """What `work` makes of the SDK's client, on the event loop of all requests.

        ValueError for an address that must not be asked; RuntimeError without a key. What `work` raises goes on.
        """
        require_safe(self.target.address)
        key = self._key()
        self._find_model(key, monitor)

        async def main(post: Post) -> Talked:
            return await work((await self._switchboard.line(key, self._open_line)).client)

        return drive(main, monitor.poll)


class _Batch:
    """The questions of one call, on the event loop of its thread."""

    def __init__(
        self,
        chat: ApiChat,
        line: Line,
        questions: Sequence[Question],
        monitor: Monitor,
        keep: Keep,
        post: Post,
    ) -> None:
        self._chat, self._line, self._questions = chat, line, questions
        self._monitor, self._keep, self._post = monitor, keep, post
        self._settings, self._learned, self._target = chat.settings, chat._learned, chat.target
        self._answers: dict[int, Answer] = {}
        self._fatal: Trouble | None = None
        self._fatal_for = ""  # the question that met it
        self._price = chat.price()
        self._shown: dict[int, float] = {}
        self._local = is_private(chat.target.address)

    async def run(self) -> list[Answer]:
        await asyncio.gather(*(self._ask(group) for group in self._groups()))
        if self._fatal and not any(answer.outcome is Outcome.ANSWER for answer in self._answers.values()):
            raise RuntimeError(f"{self._fatal_for}: {self._fatal.detail}.") from None
        return [self._answers[number] for number in range(len(self._questions))]

    # --- which questions go together ---

    def _groups(self) -> list[list[int]]:
        """Candidates of one another together, as many as go into one request."""
        most = 1 if self._learned.one_choice else self._target.provider.max_choices
        alike: dict[object, list[int]] = {}
        for number, question in enumerate(self._questions):
            alike.setdefault(_candidate_key(question) if most > 1 else number, []).append(number)
        return [group[start : start + most] for group in alike.values() for start in range(0, len(group), most)]

    async def _ask(self, group: list[int]) -> None:
        """Settle every question of a group, with one request where that is possible."""
        missing = await self._ask_once(group)
        if missing and len(missing) == len(group) == 1:
            return
        if missing:  # the server gave fewer answers than it was asked for: only the rest is asked for again
            self._learned.one_choice = True
            await asyncio.gather(*(self._ask_once([number]) for number in missing))

    async def _ask_once(self, group: list[int]) -> list[int]:
        """Settle what one exchange settles; the questions of the group that are still without an answer."""
        if len(group) > 1 and self._learned.one_choice:
            return group
        async with self._line.gate as place:
            if self._fatal:
                return self._settle_all(group, self._fatal)
            try:
                reply = await self._exchange(group)
            except Trouble as trouble:
                return self._after_trouble(group, trouble)
            place.answered(len(reply.complete))
        return self._settle(group, reply)

    def _after_trouble(self, group: list[int], trouble: Trouble) -> list[int]:
        if trouble.parameter == "n":
            return group
        if trouble.fatal and self._fatal is None:
            self._fatal, self._fatal_for = trouble, self._questions[group[0]].name
        return self._settle_all(group, trouble)

    # --- one exchange ---

    async def _exchange(self, group: list[int]) -> Reply:
        """A reply with at least one whole choice, within the time limit. Trouble where there is none."""
        statuses: list[int] = []
        STATUSES.set(statuses)
        patience = Patience(self._settings.timeout_s, self._line.pulse, queues=self._local)
        PATIENCE.set(patience)
        try:
            return await within(patience, self._persist(group, patience))
        except (asyncio.TimeoutError, TimeoutError):
            raise slow(self._target, self._settings.timeout_s, statuses) from None

    async def _persist(self, group: list[int], patience: Patience) -> Reply:
        """Ask until a whole choice arrives: again where it was cut off, and without what the model refuses."""
        attempt = 0
        while True:
            left_out = frozenset(self._learned.left_out)
            try:
                return await self._send(group, left_out, patience)
            except Trouble as trouble:
                if self._leave_out(trouble.parameter, left_out):
                    continue
                if not trouble.incomplete or attempt >= self._settings.retries:
                    raise
            patience.rest()
            await asyncio.sleep(_PAUSE_S * 2**attempt * random.uniform(0.75, 1.0))
            attempt += 1

    def _leave_out(self, parameter: str, left_out: frozenset[str]) -> bool:
        """Whether it is worth asking again without a setting that the model refuses; `left_out` were not sent."""
        if not parameter or parameter == "n":
            self._learned.one_choice |= parameter == "n"
            return False
        if parameter in left_out:  # it was not in the request: the server means something else, or is confused
            return False
        if parameter not in self._learned.left_out:
            log.warning("%s does not take %s: it is left out from now on.", self._target.model, parameter)
        self._learned.left_out.add(parameter)
        return True

    async def _send(self, group: list[int], left_out: frozenset[str], patience: Patience) -> Reply:
        """One request. Trouble for everything but a reply with a whole choice."""
        question = self._questions[group[0]]
        images = [await self._encoded(crop) for crop in question.images]
        asking = Asking(
            question, tuple(images), self._target.provider, self._chat.model(), len(group), self._settings.stream,
            left_out, self._settings.thinking == "on",
        )  # fmt: skip
        body = self._chat._wire.body(asking)
        try:
            reply = await self._chat._wire.send(self._line.client, body, self._partials(group, patience))
        except errors_of(self._chat.sdk, Unreadable, CutOff, ErrorInBody, TooLarge) as error:
            sent = [name for name in OPTIONAL if name in body and name not in left_out]
            sent += [DATA_URI] * asking.sends_data_uris
            raise trouble_of(error, self._chat.sdk, self._target, sent, has_image=bool(question.images)) from None
        if not reply.choices:
            raise Trouble(f"{self._target.name} sent no answer (no choices): run again, or use another model")
        if not reply.complete:
            raise cut(self._target)
        return reply

    async def _encoded(self, crop: Crop) -> EncodedCrop:
        """The crop as it is sent; encoded in another thread, so that the loop goes on."""
        encoder = self._chat.encoder
        if (found := encoder.find(crop)) is not None:
            return found
        return await asyncio.get_running_loop().run_in_executor(None, encoder, crop)

    def _partials(self, group: list[int], patience: Patience) -> Callable[[int, str], None]:
        def show(choice: int, text: str) -> None:
            patience.alive()
            now = time.monotonic()
            if choice < len(group) and now - self._shown.get(group[choice], 0.0) >= _PARTIAL_S:
                self._shown[group[choice]] = now
                name = self._questions[group[choice]].name
                self._post(lambda: self._monitor.partial(name, well_formed(text)))

        return show

    # --- what it comes to ---

    def _settle(self, group: list[int], reply: Reply) -> list[int]:
        """Hand out the whole choices of a reply; the questions that are left over."""
        choices: Sequence[Choice] = reply.complete[: len(group)]
        question = self._questions[group[0]]
        told = [answer_of(choice, question.max_new_tokens, question.words) for choice in choices]
        answers = priced(told, reply.usage, self._price)
        for number, answer in zip(group, answers, strict=False):
            self._done(number, answer)
        return group[len(answers) :]

    def _settle_all(self, group: list[int], trouble: Trouble) -> list[int]:
        for number in group:
            self._done(number, Answer("", trouble.outcome, trouble.detail))
        return []

    def _done(self, number: int, answer: Answer) -> None:
        self._answers[number] = answer

        def report() -> None:
            self._keep(number, answer)
            self._monitor.advance(self._questions[number].name)

        self._post(report)


def _candidate_key(question: Question) -> object:
    """The same for questions that differ only in name and seed."""
    schema = None if question.schema is None else id(question.schema)
    return (
        question.text, question.prefix, question.images, schema,
        question.temperature, question.top_p, question.max_new_tokens, question.words,
    )  # fmt: skip


def trouble_of(error: Exception, sdk: ModuleType, target: Target, sent: Sequence[str], *, has_image: bool) -> Trouble:
    """What an error of an exchange means."""
    if isinstance(error, Unreadable):
        return not_json(target, str(error))
    if isinstance(error, TooLarge):
        return oversized(target, str(error))
    if isinstance(error, ErrorInBody):
        return of_complaint(told_inside(error.body), target, sent, has_image=has_image)
    if isinstance(error, sdk.APIStatusError):
        return of_complaint(told(error.body, int(error.status_code)), target, sent, has_image=has_image)
    if isinstance(error, sdk.APIConnectionError):
        return unreachable(target) if _never_connected(error) else broken_off(target)
    return cut(target)


def _never_connected(error: BaseException) -> bool:
    """Whether no connection came about: the cause is the HTTP library's ConnectError or ConnectTimeout."""
    return type(error.__cause__).__name__ in ("ConnectError", "ConnectTimeout", "UnsupportedProtocol")
