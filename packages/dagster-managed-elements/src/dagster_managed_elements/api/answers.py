"""What an answer means, by pure functions. Which error it is follows from its status, never from its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeAlias, cast
from urllib.parse import urljoin

import msgspec

from dagster_managed_elements.api.addresses import Address, printable
from dagster_managed_elements.api.redaction import redact
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.engine.errors import (
    ApiError,
    Conflict,
    Invalid,
    Lost,
    Missing,
    RateLimited,
    ServerFault,
    Unauthorized,
    Unclear,
)

ErrorReader: TypeAlias = Callable[[Any], str]
"""Of an integration: what the decoded body of a failure says, as a sentence."""

NO_WHOLE_ANSWER: Final = frozenset({502, 503, 504})
"""Said by something in front of the server, or by a server going down: it may have done the work."""

_PASSED_ON: Final = frozenset({401, 403, 429, 500})
"""With these a page of HTML may well come from what stands in front of the right server."""

_EMPTY: Final = frozenset({201, 204})
"""With these a write may well be answered by nothing; with others that comes from what knows nothing of it."""

_TOO_LARGE: Final = "the request is larger than the server, or a proxy before it, takes; raise its limit there"

_NO_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    401: Unauthorized,
    403: Unauthorized,
    404: Missing,
    410: Missing,
    409: Conflict,
    423: Conflict,
    429: RateLimited,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole HTTP answer. *headers* are had by their names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = field(default=b"", repr=False)

    @property
    def is_html(self) -> bool:
        kind = self.headers.get("content-type", "")
        return "html" in kind or self.body.lstrip()[:15].lower().startswith((b"<!doctype", b"<html"))


def plain_sentence(decoded: Any) -> str:
    """What most JSON APIs fail with: a text, or one under `message`, `detail` or `error`; else all of it."""
    if isinstance(decoded, str):
        return decoded
    body = cast("Mapping[str, Any]", decoded) if isinstance(decoded, Mapping) else dict[str, Any]()
    told = (body.get(name) for name in ("message", "detail", "error"))
    text = next((value for value in told if isinstance(value, str) and value.strip()), "")
    return text or msgspec.json.encode(decoded).decode()


def decipher(
    request: Request,
    answer: Answer,
    address: Address,
    *,
    now: datetime,
    secrets: frozenset[str] = frozenset(),
    anonymous: bool = False,
    sentence: ErrorReader = plain_sentence,
) -> Any:
    """The JSON in *answer*, None for an empty one; the ApiError it means where it is no success. *anonymous*: the
    request said not who asks. *sentence* reads what the body of a failure says.
    """
    url, known_secrets = address.url(request.path), request.secrets | secrets
    if not 200 <= answer.status < 300:
        failure = _failure(request, answer, url, now=now, said=said(answer, known_secrets, sentence))
        raise _unnamed(failure) if anonymous and answer.status == 401 else failure
    if not answer.body.strip():
        if request.effect != "read" and answer.status not in _EMPTY:
            raise Unclear(f"{request.method} {url}: the answer is empty ({answer.status})", status=answer.status)
        return None
    if answer.is_html:
        message = f"{request.method} {url}: this is not an API answer: HTML page; is the URL right?"
        raise _no_answer(request)(message, method=request.method, url=url, status=answer.status)
    try:
        return msgspec.json.decode(answer.body)
    except RecursionError:
        raise unusable(request, url, "is JSON that nests too deep to be read") from None
    except msgspec.ValidationError:
        raise unusable(request, url, "is JSON with a number too large to be read") from None
    except _NO_JSON:
        raise _unreadable(request, answer, url) from None


def unusable(request: Request, url: str, why: str) -> ApiError:
    """A whole answer that cannot be read: the next would be no better."""
    return _no_answer(request)(f"{request.method} {url}: the answer {why}", method=request.method, url=url)


def _no_answer(request: Request) -> type[ApiError]:
    """What an answer of success that is none of the API's means: a write may have been done."""
    return ServerFault if request.effect == "read" else Unclear


def _failure(request: Request, answer: Answer, url: str, *, now: datetime, said: str) -> ApiError:
    facts: dict[str, Any] = {"method": request.method, "url": url, "status": answer.status}
    if 300 <= answer.status < 400:
        return ServerFault(_redirected(request, answer, url), **facts)
    kind = _kind(request, answer.status)
    facts |= {"body": said, "retry_after": retry_after(answer.headers, now)}
    if answer.is_html and answer.status not in NO_WHOLE_ANSWER | _PASSED_ON:
        facts["body"] += "; is the URL right?"
    if answer.status == 413:
        return kind(f"{request.method} {url}: {_TOO_LARGE} (413)", **facts)
    if answer.status == 403:
        plain = f"{request.method} {url}: these credentials may not do this (403)"
        return kind(_with(plain, facts["body"]), **facts)
    return kind(**facts)


def _unnamed(refusal: ApiError) -> ApiError:
    """Credentials cannot have been refused where there were none."""
    message = f"{refusal.method} {refusal.url}: the server asks for credentials, and none were given (401)"
    return Unauthorized(message, method=refusal.method, url=refusal.url, status=401, body=refusal.body)


def _kind(request: Request, status: int) -> type[ApiError]:
    if status in NO_WHOLE_ANSWER and not request.repeatable:
        return Lost
    if status >= 500 or status < 200:
        return ServerFault
    return _BY_STATUS.get(status, Invalid)


def _redirected(request: Request, answer: Answer, url: str) -> str:
    """Redirects are not followed: a POST would become a GET, and credentials would go to another host."""
    location = answer.headers.get("location")
    target = printable(urljoin(url, location)) if location else "nowhere"
    return (
        f"{request.method} {url}: redirects to {target} ({answer.status}). "
        "Give the address it redirects to, or what it takes to pass a login page there."
    )


def _unreadable(request: Request, answer: Answer, url: str) -> ApiError:
    """JSON that breaks off is a lost answer; anything else was never an answer of the API."""
    facts: dict[str, Any] = {"method": request.method, "url": url, "status": answer.status}
    if answer.body.lstrip()[:1] in {b"{", b"["} or "json" in answer.headers.get("content-type", ""):
        return Lost(f"{request.method} {url}: the answer broke off after {len(answer.body)} bytes", **facts)
    message = f"{request.method} {url}: this is not an API answer: no JSON; is the URL right?"
    return _no_answer(request)(message, **facts)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110 10.2.3: seconds or a date), None without one."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{0,9})?", value):
        return float(value)
    when = _moment(value)
    return None if when is None else max(0.0, (when - now).total_seconds())


def _moment(value: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=timezone.utc)


def said_date(headers: Mapping[str, str]) -> datetime | None:
    """The time by the server's clock (RFC 9110 6.6.1), None where it does not say."""
    return _moment(headers.get("date", ""))


def said(answer: Answer, secrets: frozenset[str], sentence: ErrorReader = plain_sentence) -> str:
    """What the server itself says is wrong, in one line without *secrets*; "" where it says nothing."""
    if not answer.body.strip():
        return ""
    if answer.is_html:
        title = re.search(rb"<title[^>]*>(.*?)</title>", answer.body, re.IGNORECASE | re.DOTALL)
        return _line(redact(f"an HTML page, '{_text(title[1])}'" if title else "an HTML page", secrets))
    try:
        decoded = msgspec.json.decode(answer.body)
    except _NO_JSON:
        decoded = _text(answer.body)
    return _line(redact(sentence(decoded), secrets))


def _text(body: bytes) -> str:
    return body.decode("utf-8", errors="replace")


def _line(text: str) -> str:
    return " ".join(text.split())


def _with(message: str, detail: str) -> str:
    return f"{message}: {detail}" if detail else message
