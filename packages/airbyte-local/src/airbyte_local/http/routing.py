"""The routes of either API as a table: which there are, what each reads of a request, and which one is meant.

Bodies and answers are fitted to a version: what it does not know is left out, what it alone has is put in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from airbyte_local.http.answers import Answer, Request, unknown_route
from airbyte_local.http.bodies import Kind, Shape
from airbyte_local.jobs.world import Call, Errand, World
from airbyte_local.model.json_values import Form, Json, is_list, is_object
from airbyte_local.versions.profiles import Profile

Run = Callable[[World, Json], Any]
NOTHING: frozenset[str] = frozenset()
BODIED = {"POST", "PUT", "PATCH"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    method: str
    path: str  # below the prefix of its API; a template: `sources/{sourceId}`
    run: Run
    body: Shape | None = None  # None: a body, if any, is not read
    query: Shape = field(default_factory=dict[str, Kind])
    status: int = 200

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def within(
    method: str,
    path: str,
    handler: Callable[[Call], Any],
    body: Shape | None = None,
    *,
    query: Shape | None = None,
    status: int = 200,
) -> Route:
    """Of a handler that runs in one transaction."""

    def run(world: World, asked: Json) -> Any:
        with world.store.transaction() as session:
            return handler(Call(world=world, session=session, body=asked))

    return Route(method=method, path=path, run=run, body=body, query=query or {}, status=status)


def between(
    method: str,
    path: str,
    handler: Callable[[Errand], Any],
    body: Shape | None = None,
    *,
    query: Shape | None = None,
) -> Route:
    """Of a handler that runs a connector: it opens its transactions itself."""
    run: Run = lambda world, asked: handler(Errand(world=world, body=asked))  # noqa: E731 - a value of the route
    return Route(method=method, path=path, run=run, body=body, query=query or {})


def matched(
    routes: Iterable[Route], request: Request, prefix: str, absent: frozenset[str]
) -> tuple[Route, dict[str, str]] | Answer:
    """The route that is meant, and the parameters in its path; the refusal where there is none.

    JSON comes as JSON alone: what a web page may send unasked to any address is a form or a text.
    """
    parts = request.path.removeprefix(prefix).split("/")
    methods: set[str] = set()
    for route in routes:
        parameters = _parameters(route.path.split("/"), parts)
        if parameters is None or {route.name, route.path} & absent:
            continue
        if route.method == request.method:
            kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
            is_json = kind == "application/json" or request.method not in BODIED
            return (route, parameters) if is_json else Answer(status=415)
        methods.add(route.method)
    return Answer(status=405, headers={"allow": ", ".join(sorted(methods))}) if methods else unknown_route()


def _parameters(template: list[str], parts: list[str]) -> dict[str, str] | None:
    if len(template) != len(parts):
        return None
    found: dict[str, str] = {}
    for wanted, part in zip(template, parts, strict=True):
        if wanted.startswith("{"):
            found[wanted.strip("{}")] = unquote(part)
        elif wanted != part:
            return None
    return found


def fitted(value: Any, profile: Profile) -> Any:
    if not (profile.lacks or profile.adds):
        return value  # the latest version pays nothing for the others
    return _fitted(value, profile)


def _fitted(value: Any, profile: Profile) -> Any:
    if is_list(value):
        return [_fitted(inner, profile) for inner in value]
    if not is_object(value):
        return value
    name = value.name if isinstance(value, Form) else ""
    lacks = profile.lacks.get(name, NOTHING)
    if name in profile.bare:
        return _fitted(value[profile.bare[name]], profile)
    found = {key: _fitted(inner, profile) for key, inner in value.items() if key not in lacks}
    for key, more in profile.adds.get(name, {}).items():
        found[key] = _joined(found.get(key), more(found) if callable(more) else more)
    return found


def _joined(value: Any, more: Any) -> Any:
    """A list keeps what it has: a client may have sent back what was put in before."""
    if is_list(value) and is_list(more):
        return value + [item for item in more if item not in value]
    return more


def fitted_shape(shape: Shape, profile: Profile) -> Shape:
    """What a request may say to this version; anything else is not read, as everything unknown."""
    if not (profile.lacks or profile.kinds):
        return shape
    return _shape(shape, profile)


def _shape(shape: Shape, profile: Profile) -> dict[str, Kind]:
    form = shape.name if isinstance(shape, Form) else ""
    lacks, kinds = profile.lacks.get(form, NOTHING), profile.kinds.get(form, {})
    replaced = {name.rstrip("!") for name in kinds}
    left = {key: _kind(kind, profile) for key, kind in shape.items() if key.rstrip("!") not in lacks | replaced}
    return {**left, **kinds}


def _kind(kind: Kind, profile: Profile) -> Kind:
    if isinstance(kind, Mapping):
        return _shape(kind, profile)
    return [_kind(kind[0], profile)] if is_list(kind) else kind
