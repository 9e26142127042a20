"""Whether to send a request again, how often and after how long. Pure; the client does the waiting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.engine.errors import (
    ApiError,
    Lost,
    Missing,
    RateLimited,
    ServerFault,
    Unclear,
    Unreachable,
)

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_LONGEST_RETRY_AFTER: Final = 120.0
_LONGEST_ANSWER: Final = 120.0
"""Seconds: as long as one may take to arrive once it has begun, whatever it took to begin."""
_CUT_OFF: Final = frozenset({502, 504})
_MOST_AT_WORK: Final = 4
_SHORTEST_PATIENCE: Final = 5.0
_PASSING: Final = frozenset({500, 502, 503, 504})


class Untrusted(Unreachable):
    """TLS could not be agreed on. Nothing was sent, and trying again does not help."""


class Unproven(Unreachable):
    """The credentials could not be had, so the request was not sent. Fetching them was tried often enough."""


class Endless(Lost):
    """The answer went on past any that is one. The next would, too."""


def whole(seconds: float) -> float:
    """The seconds for all of a request and its answer, where *seconds* may pass between two bytes of it."""
    return min(3 * seconds, seconds + _LONGEST_ANSWER)


def repeats(request: Request, error: BaseException) -> bool:
    """Whether *request* may be sent again after *error*: never where that could do its work twice."""
    if isinstance(error, (Untrusted, Unproven, Endless, Unclear)):
        return False
    if isinstance(error, (Unreachable, RateLimited)):
        return True
    if isinstance(error, Lost):
        return request.repeatable
    return request.repeatable and _failed_with(error, _PASSING)


def _failed_with(error: BaseException | None, statuses: frozenset[int]) -> bool:
    return isinstance(error, ServerFault) and error.status in statuses


def leaves_doubt(request: Request, error: BaseException | None) -> bool:
    """Whether a write that is sent again after *error* may have been carried out before, in whatever order."""
    unclear = isinstance(error, Lost) or _failed_with(error, _PASSING)
    return unclear and request.effect in {"update", "delete"}


def hides(error: ApiError, doubts: Sequence[BaseException]) -> bool:
    """Whether *error* tells of the last attempt alone that it did nothing, where those before left *doubts*.

    That something is gone is true whichever attempt it was. A fault of the server is no clearer than another, but
    clearer than no answer at all.
    """
    if isinstance(error, (Lost, Missing)):
        return False
    return any(isinstance(doubt, Lost) or not isinstance(error, ServerFault) for doubt in doubts)


def goes_on(request: Request, error: BaseException | None) -> bool:
    """Whether the server is likely still at work on *request*: asked again at once, it would begin once more."""
    cut_off = isinstance(error, Lost) or _failed_with(error, _CUT_OFF)
    return request.lasting is not None and cut_off


def patience(passed: float, waited: float) -> float:
    """Seconds to wait for work that was cut off *passed* seconds after it was asked for, *waited* of them between
    attempts: as long as it took to be cut off, then each time four times what was waited so far.
    """
    return 4 * waited if waited else max(passed, _SHORTEST_PATIENCE)


def exhausted(attempt: int, passed: float, lasting: float) -> bool:
    """Whether to give up work that was cut off: each attempt may still be running on the server."""
    return attempt >= _MOST_AT_WORK or passed >= lasting


def limit(error: BaseException | None, attempts: int, *, answered: bool) -> int:
    """How many attempts *error* is worth, at most *attempts*.

    A server that has not *answered* anything in this run is more likely misspelt than starting: someone who
    mistyped a port should not wait. Nor does it count as answering once it was given up. A 500 is more often
    a bug than a hiccup.
    """
    if isinstance(error, Unreachable) and not answered:
        return min(attempts, 2)
    if isinstance(error, ServerFault) and error.status == 500:
        return min(attempts, 3)
    return attempts


def pause(attempt: int, error: BaseException | None, chance: float) -> float:
    """Seconds to wait after failed *attempt* (from 1): what the server asked for, else doubling.

    *chance* in [0, 1) spreads clients that failed together: the wait is half fixed, half drawn.
    """
    asked = error.retry_after if isinstance(error, ApiError) else None
    if asked is not None:
        return min(asked, _LONGEST_RETRY_AFTER) + chance * _FIRST_PAUSE
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempt - 1, 16))
    return longest * (1 + chance) / 2
