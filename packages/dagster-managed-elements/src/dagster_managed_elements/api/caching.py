"""Answers kept for one run: what was asked is not asked again, not even by those who ask at the same time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import anyio

from dagster_managed_elements.engine.errors import ApiError

Question = TypeVar("Question", bound=Hashable)
Reply = TypeVar("Reply")


class Cache(Generic[Question, Reply]):
    """Replies by question. An ApiError is a reply too: asking again would take as long and fail alike."""

    def __init__(self) -> None:
        self._replies: dict[Question, Reply | ApiError] = {}
        self._locks: dict[Question, anyio.Lock] = {}

    async def get(self, question: Question, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        """The reply to *question*; only the first to need it calls *ask*, the others wait."""
        async with self._locks.setdefault(question, anyio.Lock(fast_acquire=True)):
            if question not in self._replies:
                self._replies[question] = await _outcome(ask)
            reply = self._replies[question]
        if isinstance(reply, ApiError):
            raise reply
        return reply

    def forget(self, question: Question) -> None:
        self._replies.pop(question, None)


async def _outcome(ask: Callable[[], Awaitable[Reply]]) -> Reply | ApiError:
    try:
        return await ask()
    except ApiError as error:
        return error
