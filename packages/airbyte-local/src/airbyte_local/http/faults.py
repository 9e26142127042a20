"""Faults on demand: which request is answered badly, and how. Carrying them out is the front's work."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from airbyte_local.http.answers import Answer
from airbyte_local.model.json_values import Json, bean, dumps

Action = Literal[
    "latency",
    "status",
    "lost-after-commit",
    "lost-before-late-commit",
    "cut-body",
    "pages-shuffled",
    "pages-repeat-skip",
    "pages-capped",
    "tokens-expire",
    "die",
]


PREFIXES = ("", "/api/v1/", "/api/public/v1/", "/v1/")


class FaultMisspelt(ValueError):
    """A rule that cannot mean anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule: for requests whose path matches, do *action*.

    *match* is the beginning of a path, with or without
    `/api/v1/` or `/api/public/v1/` ("sources/create", "connections/"); one that
    begins with `^` is a regular expression over the whole path. The first *after* matching requests pass, the next
    *times* (all, where None) are hit. *commit*: for `status` and `die`, let the request do its work first.
    """

    match: str = ""
    action: Action
    method: str | None = None
    times: int | None = None
    after: int = 0
    base_ms: float = 0.0  # latency: per request
    per_item_ms: float = 0.0  # latency: per element of the longest list in the answer
    status: int = 503
    body: Any = None  # status: JSON, or a text sent as it is (an HTML page)
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    retry_after: int | None = None
    size: int = 20  # pages-capped: rows of a page at most
    token_requests: int = 0  # tokens-expire: a token that was used so often is good for nothing any more
    seconds: float = 1.0  # lost-before-late-commit: how late
    commit: bool = False

    def __post_init__(self) -> None:
        if self.action not in get_args(Action):
            raise FaultMisspelt(f"action {self.action!r} is none of {', '.join(get_args(Action))}")
        if self.match.startswith("^"):
            try:
                re.compile(self.match)
            except re.error as error:
                raise FaultMisspelt(f"match {self.match!r} is no regular expression: {error}") from error

    def matches(self, method: str, path: str) -> bool:
        if self.method is not None and self.method.upper() != method:
            return False
        if self.match.startswith("^"):
            return re.search(self.match, path) is not None
        return any(path.removeprefix(prefix).startswith(self.match) for prefix in PREFIXES)

    def answer(self) -> Answer:
        """What the `status` action sends in place of the real answer."""
        is_text = isinstance(self.body, str)
        content = b"" if self.body is None else (self.body if is_text else dumps(self.body)).encode()
        kind = "text/html" if is_text else "application/json"
        headers = {"content-type": kind, **self.headers}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        return Answer(status=self.status, content=content, headers=headers)

    def read(self) -> Json:
        return bean(**asdict(self))


def fault_from(rule: Mapping[str, Any]) -> Fault:
    """A rule as JSON says it.

    Raises:
        FaultMisspelt: an unknown property, or no action.
    """
    known = {each.name for each in fields(Fault)}
    unknown = sorted(set(rule) - known)
    if unknown or "action" not in rule:
        raise FaultMisspelt(
            f"a fault has an action and knows {', '.join(sorted(known))}; not {', '.join(unknown) or 'none'}"
        )
    return Fault(**rule)


class Faults:
    """The rules in force and how often each has matched. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[tuple[Fault, list[int]]] = []

    def put(self, rules: Iterable[Fault]) -> None:
        """Replace all rules, counts included."""
        with self._lock:
            self._rules = [(rule, [0]) for rule in rules]

    def add(self, rule: Fault) -> None:
        with self._lock:
            self._rules.append((rule, [0]))

    def all(self) -> list[Fault]:
        return [rule for rule, _ in self._rules]

    def hitting(self, method: str, path: str) -> list[Fault]:
        """The faults for this request, in the order of the rules; counts it."""
        hits: list[Fault] = []
        with self._lock:
            for rule, count in self._rules:
                if not rule.matches(method, path):
                    continue
                count[0] += 1
                number = count[0] - rule.after
                if number > 0 and (rule.times is None or number <= rule.times):
                    hits.append(rule)
        return hits
