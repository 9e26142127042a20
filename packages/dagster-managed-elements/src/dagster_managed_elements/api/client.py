"""The one place that opens sockets: requests out, decoded answers or ApiErrors back.

A client lives within one run and one event loop. It logs what it sent and how that went: no body, no header.
"""

from __future__ import annotations

import logging
import os
import random
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, cast
from urllib.request import getproxies, proxy_bypass

import anyio
import httpx
import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from dagster_managed_elements.api.addresses import Address, read_address
from dagster_managed_elements.api.answers import Answer, ErrorReader, decipher, plain_sentence, said_date, unusable
from dagster_managed_elements.api.faults import translate
from dagster_managed_elements.api.lanes import Lanes, open_lanes
from dagster_managed_elements.api.requests import Anonymous, Basic, Credentials, Reply, Request, sendable
from dagster_managed_elements.api.retrying import (
    Endless,
    exhausted,
    goes_on,
    hides,
    leaves_doubt,
    limit,
    patience,
    pause,
    repeats,
    whole,
)
from dagster_managed_elements.api.transports import make_transport
from dagster_managed_elements.engine.errors import ApiError, DeclarationError, Unclear, Unreachable
from dagster_managed_elements.engine.recording import Recording

_log = logging.getLogger("dagster_managed_elements.api")

_CONNECT_TIMEOUT: Final = 10.0
_KEEP_ALIVE: Final = 2.0
"""Seconds an idle connection is kept: shorter than servers keep theirs (uvicorn 5), so that none is used
at the moment the server closes it, which would make a create look lost."""

_ENCODINGS: Final = "gzip, deflate"
"""Of answers; httpx unpacks them."""

_LARGEST_ANSWER: Final = 512 * 2**20

_OWN_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_REQUESTS_CERTIFICATES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_MOST_RENEWALS: Final = 30
"""Of one request's credentials, where other requests pass in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """What a client is made from. A value: nothing in it is bound to an event loop.

    *base_url* may carry `user:password@`. *credentials* given here win. *timeout* is in seconds, for an answer to
    begin and between two parts of it; all of one attempt has at most three times as long. *verify* is True, False
    or the path of certificate authorities' file or folder; True means those of the environment too, unless
    *trust_env* is False. *proxy* is the URL of one, used in place of those of the environment. *service* is the
    server's name in messages. *in_flight* bounds the requests under way at a time, *largest_answer* the bytes of
    one answer, unpacked.
    *read_error* makes a sentence of what a failure's JSON says. *transport* replaces the network in tests. What is
    read goes into the *recording*, freed of secrets by *redact*; from one that is replayed it comes.
    """

    base_url: str = field(repr=False)
    timeout: float
    in_flight: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    credentials: Credentials = field(default=Anonymous(), repr=False)
    verify: bool | str = True
    trust_env: bool = True
    proxy: str | None = field(default=None, repr=False)
    attempts: int = 5
    largest_answer: int = _LARGEST_ANSWER
    service: str = "the server"
    user_agent: str = "dagster-managed-elements"
    read_error: ErrorReader = plain_sentence
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)
    recording: Recording | None = field(default=None, repr=False)
    redact: Callable[[Any], Any] = field(default=lambda answer: answer, repr=False)


@asynccontextmanager
async def open_client(
    options: ClientOptions,
    *,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    chance: Callable[[], float] = random.random,
    within: Callable[[float], anyio.CancelScope] = anyio.move_on_after,
) -> AsyncGenerator[Client, None]:
    """A client for one run; DeclarationError where the URL, a header, the proxy or the certificates cannot be used.

    *sleep* and *chance* (a draw from [0, 1)) are what waiting between attempts is made of; *within* bounds one, in
    seconds.
    """
    address = read_address(options.base_url)
    sendable(options.headers)
    proxy = _proxy(options, address)
    make = partial(
        make_transport,
        address.base,
        verify=_verification(options, address),
        proxy=proxy,
        keep_alive=_KEEP_ALIVE,
    )
    given = options.transport
    async with open_lanes(make if given is None else lambda: given) as lanes:
        yield Client(lanes, options, address, proxy=proxy, sleep=sleep, chance=chance, within=within)


def _verification(options: ClientOptions, address: Address) -> ssl.SSLContext:
    """Made once, for every connection."""
    if not address.encrypted:
        # Reading the certificate store costs time, and no redirect to https is followed.
        return httpx.create_ssl_context(verify=False)
    variable, verify = _trusted(options)
    if isinstance(verify, bool):
        return httpx.create_ssl_context(verify=verify, trust_env=options.trust_env)
    folder = Path(verify).is_dir()
    try:
        return ssl.create_default_context(cafile=None if folder else verify, capath=verify if folder else None)
    except (OSError, ssl.SSLError) as error:
        raise DeclarationError(f"The certificate file {verify}{variable} cannot be used: {error}.") from None


def _trusted(options: ClientOptions) -> tuple[str, bool | str]:
    """Whom to trust, and which variable says so: those of `requests` count where httpx's own are not set."""
    if options.verify is True and options.trust_env and not any(map(os.environ.get, _OWN_CERTIFICATES)):
        for name in _REQUESTS_CERTIFICATES:
            if path := os.environ.get(name):
                return f" of {name}", path
    return "", options.verify


def _proxy(options: ClientOptions, address: Address) -> httpx.Proxy | None:
    """The one that is given, or that of the environment. The user info goes to it and nowhere else: not into a
    message either.
    """
    if options.proxy is not None:
        given = read_address(options.proxy)
        return httpx.Proxy(given.base, auth=given.user)
    known = getproxies() if options.trust_env else {}
    found = known.get(httpx.URL(address.base).scheme) or known.get("all")
    if not found or _is_straight(address, known.get("no", "")):
        return None
    return _proxy_of_environment(found if "://" in found else f"http://{found}")


def _proxy_of_environment(url: str) -> httpx.Proxy:
    """That at *url*; no message quotes what stands before the host, nor what httpx makes of it."""
    says = f"The proxy of the environment cannot be used: {url.rpartition('@')[2]!r}"
    try:
        proxy = httpx.Proxy(url)
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None or not proxy.url.host:
        raise DeclarationError(f"{says} is no address like http://proxy.example:3128.")
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise DeclarationError(f"{says} is one of SOCKS, which needs the package socksio (httpx[socks]).")
    return proxy


def _is_straight(address: Address, listed: str) -> bool:
    """Whether *listed* says to use no proxy: beside what Python itself reads there, an entry may name a scheme
    (`http://` or `all://`) and begin with a `*`.
    """
    url = httpx.URL(address.base)
    hosts = {address.host, url.host}
    for entry in listed.lower().split(","):
        scheme, _, name = entry.strip().rpartition("://")
        if scheme not in {"", "all", url.scheme}:
            continue
        if name in hosts or (name.startswith("*") and any(host.endswith(name[1:]) for host in hosts)):
            return True
    return any(map(proxy_bypass, hosts))


class Client:
    """Sends requests, repeats those that may be, and counts. Made by `open_client`."""

    def __init__(
        self,
        lanes: Lanes,
        options: ClientOptions,
        address: Address,
        *,
        proxy: httpx.Proxy | None,
        sleep: Callable[[float], Awaitable[None]],
        chance: Callable[[], float],
        within: Callable[[float], anyio.CancelScope],
    ) -> None:
        self._lanes, self._options, self._address = lanes, options, address
        self._proxy = f"{proxy.url.scheme}://{proxy.url.netloc.decode('ascii')}" if proxy else ""
        self._sleep, self._chance, self._within = sleep, chance, within
        in_url = Basic(*address.user) if address.user else options.credentials
        self._credentials = in_url if isinstance(options.credentials, Anonymous) else options.credentials
        # What need not wait for its turn goes on: to give way first is a round of the loop for each request.
        self._limiter = anyio.Semaphore(options.in_flight, fast_acquire=True)
        said = {"User-Agent": options.user_agent, "Accept": "application/json", "Accept-Encoding": _ENCODINGS}
        self._headers = _overridden(said, options.headers)
        self._answered = False
        self._passed = 0
        self.sent = 0

    @property
    def address(self) -> Address:
        return self._address

    async def send(self, request: Request) -> Any:
        """The decoded JSON of the answer, None for an empty one; raises `ApiError`.

        Unclear after an update that was answered only when it was sent again: the first may yet be carried out. And
        after a write that was refused only then: the first may have been. From a recording, what was answered then;
        DeclarationError for what was not asked, and for every write.
        """
        if (recording := self._options.recording) is None:
            return await self._repeat(request, self._proven)
        asked = (self._address.base, f"{request.method} {request.path}", request.json)
        if request.effect != "read":
            raise DeclarationError(
                f"{request.method} {request.path}: nothing is written while a snapshot is taken or read."
            )
        if recording.is_replayed:
            return recording.replay(*asked)
        try:
            answer = await self._repeat(request, self._proven)
        except ApiError as error:
            recording.keep_error(*asked, error)
            raise
        recording.keep(*asked, self._options.redact(answer))
        return answer

    async def _anonymous(self, request: Request) -> Reply:
        """For credentials that must be fetched: *request* as it is."""
        return await self._repeat(request, self._plain)

    async def _repeat(self, request: Request, attempt_once: Callable[[Request, int], Awaitable[Any]]) -> Any:
        doubts: list[BaseException] = []

        def before_sleep(state: RetryCallState) -> None:
            _tell_wait(request, state)
            if (error := _error(state)) is not None and leaves_doubt(request, error):
                doubts.append(error)

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: repeats(request, error)),
            stop=lambda state: self._enough(request, state),
            wait=lambda state: _wait(request, state, self._chance()),
            sleep=self._sleep,
            before_sleep=before_sleep,
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    answer = await attempt_once(request, attempt.retry_state.attempt_number)
                    if doubts and request.effect == "update":
                        raise Unclear(f"{doubts[0]}; the next attempt was answered")
                    return answer
        except ApiError as error:
            if hides(error, doubts):
                raise Unclear(f"{doubts[0]}; the next attempt: {error}") from error
            raise
        return None  # pragma: no cover - AsyncRetrying returns or raises within the loop

    def _enough(self, request: Request, state: RetryCallState) -> bool:
        error = _error(state)
        if request.lasting is not None and goes_on(request, error):
            spent = state.attempt_number >= self._options.attempts
            return spent or exhausted(state.attempt_number, _passed(state), request.lasting)
        enough = state.attempt_number >= limit(error, self._options.attempts, answered=self._answered)
        if enough and isinstance(error, Unreachable):
            self._answered = False  # waited for in full once: each of a hundred steps need not do so again
        return enough

    async def _proven(self, request: Request, number: int) -> Any:
        """One attempt, with other credentials where a 401 leads to some: nothing was carried out then.

        Two refusals are final, unless others had the same proof in hand: it may have run out under them all.
        """
        tries, refused, passed = 0, 0, self._passed
        while True:
            proof = sendable(await self._credentials.headers(self._anonymous))
            answer = await self._exchange(request, proof, number)
            if answer.status != 401:
                self._passed += 1
                return self._decipher(request, answer)
            tries, refused = tries + 1, 1 if self._passed > passed else refused + 1
            passed, others = self._passed, self._options.in_flight - self._limiter.value
            given_up = refused > 1 + others or tries > _MOST_RENEWALS
            if given_up or not self._credentials.renew(proof):
                return self._decipher(request, answer)

    async def _plain(self, request: Request, number: int) -> Reply:
        answer = await self._exchange(request, {}, number)
        return Reply(json=self._decipher(request, answer), date=said_date(answer.headers))

    def _decipher(self, request: Request, answer: Answer) -> Any:
        known_secrets = self._credentials.secrets() | frozenset(self._options.headers.values())
        now = datetime.now(timezone.utc)
        named = "authorization" in map(str.lower, self._options.headers)
        anonymous = isinstance(self._credentials, Anonymous) and not named
        return decipher(
            request,
            answer,
            self._address,
            now=now,
            secrets=known_secrets,
            anonymous=anonymous,
            sentence=self._options.read_error,
        )

    async def _exchange(self, request: Request, proof: Mapping[str, str], number: int) -> Answer:
        """One request and its whole answer, whatever its status; no place is held while waiting to repeat."""
        own = request.lasting if request.lasting is not None else request.timeout
        seconds = own if own is not None else self._options.timeout
        async with self._limiter:
            self.sent += 1
            began = time.monotonic()
            with self._lanes.lane() as transport:
                try:
                    answer = await self._answer(transport, request, self._asked(request, proof, seconds), seconds)
                except Endless:
                    _tell(request, Endless.__name__, began, number)
                    raise
                except httpx.RequestError as error:
                    _tell(request, type(error).__name__, began, number)
                    service, proxy = self._options.service, self._proxy
                    fault = translate(error, request, self._address, timeout=seconds, service=service, proxy=proxy)
                    raise fault from error
        _tell(request, str(answer.status), began, number)
        self._answered = True
        return answer

    def _asked(self, request: Request, proof: Mapping[str, str], seconds: float) -> httpx.Request:
        """*request* as it is sent: *seconds* may pass between any two bytes."""
        body = None if request.json is None else msgspec.json.encode(request.json)
        own = {**proof, **({"Content-Type": "application/json"} if body is not None else {})}
        # As bytes, and the URL read before: httpx takes a third of the time then to make the same of it.
        headers = [
            (name.encode("ascii"), value.encode("ascii")) for name, value in _overridden(self._headers, own).items()
        ]
        times = {"connect": min(seconds, _CONNECT_TIMEOUT), "read": seconds, "write": seconds, "pool": None}
        url = _read_url(self._address.url(request.path))
        return httpx.Request(request.method, url, headers=headers, content=body, extensions={"timeout": times})

    async def _answer(
        self, transport: httpx.AsyncBaseTransport, request: Request, asked: httpx.Request, seconds: float
    ) -> Answer:
        """The answer to what was *asked*, given up in the end: of one that drips every part comes in time."""
        most = whole(seconds)
        with self._within(most):
            response = await transport.handle_async_request(asked)
            try:
                content = await self._content(request, response)
            finally:
                await response.aclose()
            return Answer(status=response.status_code, headers=response.headers, body=content)
        url = self._address.url(request.path)
        why = f"{request.method} {url}: no whole answer within {most:g} seconds"
        raise Endless(why, method=request.method, url=url)

    async def _content(self, request: Request, response: httpx.Response) -> bytes:
        """All of it, unpacked, piece by piece: a small answer may unpack to more than there is memory."""
        content = bytearray()
        is_packed = "content-encoding" in response.headers
        # What is not packed needs none of the steps in which httpx unpacks it.
        pieces = response.aiter_bytes() if is_packed else cast("AsyncIterable[bytes]", response.stream)
        async for piece in pieces:
            content += piece
            if len(content) > self._options.largest_answer:
                why = f"is longer than {self._options.largest_answer:,} bytes; no more of it was read"
                raise unusable(request, self._address.url(request.path), why)
        return bytes(content)


def _overridden(headers: Mapping[str, str], by: Mapping[str, str]) -> dict[str, str]:
    """Both, of those of one name the last; capitals do not matter in it."""
    names = {name.lower() for name in by}
    return {**{name: value for name, value in headers.items() if name.lower() not in names}, **by}


_read_url: Final = lru_cache(maxsize=128)(httpx.URL)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _wait(request: Request, state: RetryCallState, chance: float) -> float:
    error = _error(state)
    if request.lasting is not None and goes_on(request, error):
        passed = _passed(state)
        return min(patience(passed, state.idle_for), request.lasting - passed)
    return pause(state.attempt_number, error, chance)


def _passed(state: RetryCallState) -> float:
    """Seconds since the first attempt, at least those that were waited."""
    return max(state.idle_for, state.seconds_since_start or 0.0)


def _tell(request: Request, result: str, began: float, number: int) -> None:
    milliseconds = (time.monotonic() - began) * 1000
    again = f" (attempt {number})" if number > 1 else ""
    _log.debug("%s %s: %s in %.0f ms%s", request.method, request.path, result, milliseconds, again)


def _tell_wait(request: Request, state: RetryCallState) -> None:
    seconds = state.next_action.sleep if state.next_action else 0.0
    status = getattr(_error(state), "status", None)
    why = f"{type(_error(state)).__name__}{f' ({status})' if status else ''}"
    _log.info("%s %s: %s, again in %.1f s", request.method, request.path, why, seconds)
