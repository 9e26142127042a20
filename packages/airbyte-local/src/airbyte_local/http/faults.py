"""Faults on demand: which request is answered badly, and how. Carrying them out is the front's work."""

from __future__ import annotations

import re
import threading
import warnings
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
DAY = 24 * 3600
MANY = 2**31
# What is a number -> whether a whole one, the least and the most.
NUMBERS: Mapping[str, tuple[type[float], float, float]] = {
    "times": (int, 0, MANY),
    "after": (int, 0, MANY),
    "base_ms": (float, 0, DAY * 1000),
    "per_item_ms": (float, 0, DAY * 1000),
    "status": (int, 200, 599),
    "retry_after": (int, 0, MANY),
    "size": (int, 0, MANY),
    "token_requests": (int, 0, MANY),
    "seconds": (float, 0, DAY),
}
UNSET = {"times", "retry_after"}
MOST_STEPS = 10_000_000
LONGEST = 300
"""Characters of a path that a regular expression is held against: those of the APIs are shorter."""


class FaultMisspelt(ValueError):
    """A rule that cannot mean anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule: for requests whose path matches, do *action*.

    *match* is the beginning of a path, with or without
    `/api/v1/` or `/api/public/v1/` ("sources/create", "connections/"); one that
    begins with `^` is a regular expression over the whole path, a plain one that no path takes long to be held
    against. The first *after* matching requests pass, the next
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
        for name, (kind, low, high) in NUMBERS.items():
            value: Any = getattr(self, name)
            is_number = isinstance(value, (int, kind)) and not isinstance(value, bool)
            if not (low <= value <= high if is_number else value is None and name in UNSET):
                raise FaultMisspelt(f"{name} {value!r} is no {kind.__name__} from {low} to {high}")
        texts: tuple[Any, ...] = (self.match, self.method or "", *self.headers, *self.headers.values())
        if not all(isinstance(text, str) and re.fullmatch(r"[\t -~]*", text) for text in texts):
            raise FaultMisspelt("match, method and headers are lines of printable ASCII")
        if self.match.startswith("^"):
            _check_expression(self.match)

    def matches(self, method: str, path: str) -> bool:
        if self.method is not None and self.method.upper() != method:
            return False
        if self.match.startswith("^"):
            return re.match(self.match, path[:LONGEST]) is not None
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
    known = {field.name for field in fields(Fault)}
    unknown = sorted(set(rule) - known)
    if unknown or "action" not in rule:
        raise FaultMisspelt(
            f"a fault has an action and knows {', '.join(sorted(known))}; not {', '.join(unknown) or 'none'}"
        )
    try:
        return Fault(**rule)
    except (TypeError, AttributeError) as error:
        raise FaultMisspelt(f"a property has a value that it cannot have: {error}") from error


def _check_expression(expression: str) -> None:
    """Refuse what may take more than MOST_STEPS for one path: Python's own search cannot be interrupted.

    A repeated group, a lookaround or a reference backward may take exponentially long; else each repetition may end
    anywhere in the path, and each choice doubles what there is to try.
    """
    repeats, choices = len(re.findall(r"[*+{]", expression)), len(re.findall(r"[?|]", expression))
    steps = LONGEST**repeats * 2**choices
    if re.search(r"\)[*+?{]|\(\?|\\[1-9]", expression) or steps > MOST_STEPS:
        raise FaultMisspelt(f"match {expression!r} could take too long; use fewer repetitions, and none of a group")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python may read otherwise one day
            re.compile(expression)
    except (re.error, OverflowError) as error:
        raise FaultMisspelt(f"match {expression!r} is no regular expression: {error}") from error


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
