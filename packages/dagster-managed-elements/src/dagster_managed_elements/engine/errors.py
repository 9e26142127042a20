"""Every way this library fails on purpose. Each error carries data; its text is one line that says what to do.

ManagedElementsError
+-- DeclarationError      what the user's module declares cannot be right; nothing was written
+-- PlanRefused           the plan would destroy something nobody agreed to; nothing was written
+-- PreflightFailed       the plan was tried on the server and would not work; nothing was written
+-- PlanMoved             a saved plan is no longer what would be done; nothing was written
+-- StateError            what is remembered between runs cannot be read, written or locked
+-- ApiError              the other side did not do what was asked
    +-- Unreachable       the request provably never reached the server
    +-- Lost              the request was sent, no whole answer came back: it may have been carried out
    |   +-- Unclear       an answer came that does not say whether it was; only a read tells
    +-- Unauthorized      401, 403
    +-- Missing           404, 410
    +-- Conflict          409, 423
    +-- Invalid           400, 422 and every other 4xx
    +-- RateLimited       429
    +-- ServerFault       5xx, or an answer that is not what the API promises
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dagster_managed_elements.engine.findings import Consequence, Problem

_LONGEST_BODY = 256
_MOST_REASONS = 20


class ManagedElementsError(Exception):
    """The base of every expected failure; the command line prints it as one line, without a traceback."""


class DeclarationError(ManagedElementsError):
    """What is declared cannot be right; nothing was written.

    Args:
        message: What it says; by itself, one line for each problem.
        problems: All that were found, each with its element and path.
    """

    def __init__(self, message: str = "", *, problems: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems or ())
        super().__init__(message or "\n".join(str(problem) for problem in self.problems))


class PlanRefused(ManagedElementsError):
    """The plan destroys something that nobody agreed to; nothing was written.

    Args:
        consequences: What nobody allowed.
    """

    def __init__(self, consequences: Sequence[Consequence]) -> None:
        self.consequences = tuple(consequences)
        listed = "\n".join(f"  {consequence.text}" for consequence in self.consequences)
        super().__init__(f"The plan was refused, nothing was written:\n{listed}")


class PreflightFailed(ManagedElementsError):
    """The plan was tried on the server before anything was written, and something would not work.

    Args:
        problems: All that was found, each with its element.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        said = "; ".join(str(problem) for problem in self.problems[:_MOST_REASONS])
        more = f"; and {len(self.problems) - _MOST_REASONS} more" if len(self.problems) > _MOST_REASONS else ""
        super().__init__(f"The preflight failed, nothing was written: {said}{more}")


class PlanMoved(ManagedElementsError):
    """A saved plan no longer holds; nothing was written.

    Args:
        reasons: What was changed since, an entry for each element.
    """

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        said = "; ".join(self.reasons[:_MOST_REASONS])
        more = f"; and {len(self.reasons) - _MOST_REASONS} more" if len(self.reasons) > _MOST_REASONS else ""
        super().__init__(
            f"The saved plan no longer holds, nothing was written: {said}{more}. Check and save it anew."
        )


class StateError(ManagedElementsError):
    """What is remembered between runs cannot be read, written or locked."""


class ApiError(ManagedElementsError):
    """The other side did not do what was asked.

    Args:
        message: What it says; by itself, a sentence of what follows.
        method: Of the request.
        url: Of the request.
        status: Of the answer, None where none came.
        body: What the server said, already freed of secrets by the caller; it is cut to 256 characters, so that no
            page of HTML and no configuration echoed by a server ends up in a log.
        retry_after: Seconds after which the server asks to come back.
    """

    summary: ClassVar[str] = "the request failed"

    def __init__(
        self,
        message: str = "",
        *,
        method: str = "",
        url: str = "",
        status: int | None = None,
        body: str = "",
        retry_after: float | None = None,
    ) -> None:
        self.method, self.url, self.status, self.retry_after = method, url, status, retry_after
        body = body or ""
        self.body = body if len(body) <= _LONGEST_BODY else f"{body[:_LONGEST_BODY]}..."
        super().__init__(message or self._sentence())

    def _sentence(self) -> str:
        said = f": {' '.join(self.body.split())}" if self.body else ""
        code = f" ({self.status})" if self.status else ""
        return f"{self.method} {self.url}: {self.summary}{code}{said}".strip()


class Unreachable(ApiError):
    """The request provably never reached the server."""

    summary = "the server could not be reached"


class Lost(ApiError):
    """No whole answer came back, so nobody knows whether the request was carried out."""

    summary = "no answer came back"


class Unclear(Lost):
    """What came back to a write says nothing of what became of it. The next answer would be no better."""

    summary = "the answer does not say whether it was carried out"


class Unauthorized(ApiError):
    """401 or 403: the server refused these credentials."""

    summary = "the server refused these credentials"


class Missing(ApiError):
    """404 or 410: what was asked for is not there."""

    summary = "not found"


class Conflict(ApiError):
    """409 or 423: something stands in its way."""

    summary = "the server refused it as a conflict"


class Invalid(ApiError):
    """400, 422 or another 4xx: the server refused the request as invalid."""

    summary = "the server refused the request as invalid"


class RateLimited(ApiError):
    """429: the server asks for fewer requests; *retry_after* has the seconds, where it said so."""

    summary = "the server asks for fewer requests"


class ServerFault(ApiError):
    """5xx, or an answer that is not what the API promises."""

    summary = "the server failed"


class Partial(ManagedElementsError):
    """A create that got as far as an object with an id, but not to its end; the id is kept, the create failed.

    Args:
        id: That of the object.
        message: What is not done.
    """

    def __init__(self, id: str, message: str) -> None:  # noqa: A002 - the word every API uses
        self.id = id
        super().__init__(message)
