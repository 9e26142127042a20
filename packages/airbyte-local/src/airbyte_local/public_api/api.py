"""The Public API: every route in one table, and the way from request to answer. No rule of Airbyte lives here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from airbyte_local.handlers import tags as shared_tags
from airbyte_local.handlers.transactions import Run, between, within
from airbyte_local.http.adaptation import fitted, fitted_shape
from airbyte_local.http.answers import Answer, Request, refusal_answer, success, unknown_route
from airbyte_local.http.bodies import Kind, Shape
from airbyte_local.jobs.world import Call, Errand, World
from airbyte_local.model.errors import Refusal
from airbyte_local.model.vocabulary import DESTINATION, SOURCE, Vocabulary
from airbyte_local.public_api import (
    bodies,
    connections,
    declarative,
    definitions,
    jobs,
    streams,
    tags,
    workspaces,
)
from airbyte_local.public_api.actors import PublicActors
from airbyte_local.public_api.definitions import PublicDefinitions
from airbyte_local.public_api.problems import translated
from airbyte_local.public_api.requests import read_path, read_posted, read_query

HEALTHY = Answer(status=200, content=b"Successful operation", headers={"content-type": "text/plain"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicRoute:
    method: str
    path: str  # a template: `sources/{sourceId}`
    run: Run
    body: Shape | None = None  # None: a body, if any, is not read
    query: Shape = field(default_factory=dict[str, Kind])
    status: int = 200

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def get(path: str, handler: Callable[[Call], Any], query: Shape | None = None) -> PublicRoute:
    return PublicRoute(method="GET", path=path, run=within(handler), query=query or {})


def sent(method: str, path: str, handler: Callable[[Call], Any], body: Shape) -> PublicRoute:
    return PublicRoute(method=method, path=path, run=within(handler), body=body)


def running(method: str, path: str, handler: Callable[[Errand], Any], body: Shape) -> PublicRoute:
    return PublicRoute(method=method, path=path, run=between(handler), body=body)


def delete(path: str, handler: Callable[[Call], Any], status: int = 204) -> PublicRoute:
    return PublicRoute(method="DELETE", path=path, run=within(handler), status=status)


def unimplemented(method: str, path: str) -> PublicRoute:
    """What a self-managed server has a route for, and nothing behind it."""
    return PublicRoute(method=method, path=path, run=lambda _world, _body: None, status=501)


def actor_routes(words: Vocabulary) -> tuple[PublicRoute, ...]:
    shapes, actors, own = bodies.PublicActorBodies(words), PublicActors(words=words), PublicDefinitions(words=words)
    each = f"{words.plural}/{{{words.id}}}"
    all_definitions = f"workspaces/{{workspaceId}}/definitions/{words.plural}"
    definition = f"{all_definitions}/{{definitionId}}"
    return (
        get(words.plural, actors.list_all, bodies.OF_WORKSPACES),
        sent("POST", words.plural, actors.create, shapes.create),
        get(each, actors.get, bodies.COORDINATES),
        sent("PUT", each, actors.put, shapes.put),
        sent("PATCH", each, actors.patch, shapes.patch),
        delete(each, actors.delete),
        get(all_definitions, own.list_all),
        sent("POST", all_definitions, own.create, bodies.DEFINITION_CREATE),
        get(definition, own.get),
        sent("PUT", definition, own.put, bodies.DEFINITION_PUT),
        delete(definition, own.delete, 200),
    )


LOW_CODE = "workspaces/{workspaceId}/definitions/declarative_sources"
ROUTES: tuple[PublicRoute, ...] = (
    get("health", lambda _: None),
    get("workspaces", workspaces.list_all, bodies.OF_WORKSPACES),
    sent("POST", "workspaces", workspaces.create, bodies.WORKSPACE_CREATE),
    get("workspaces/{workspaceId}", workspaces.get),
    sent("PATCH", "workspaces/{workspaceId}", workspaces.patch, bodies.WORKSPACE_PATCH),
    delete("workspaces/{workspaceId}", workspaces.delete),
    unimplemented("PUT", "workspaces/{workspaceId}/oauthCredentials"),
    unimplemented("POST", "sources/initiateOAuth"),
    *actor_routes(SOURCE),
    *actor_routes(DESTINATION),
    PublicRoute(method="GET", path="streams", run=between(streams.list_all), query=bodies.STREAMS),
    get("connections", connections.list_all, bodies.CONNECTIONS),
    running("POST", "connections", connections.create, bodies.CONNECTION_CREATE),
    get("connections/{connectionId}", connections.get),
    running("PATCH", "connections/{connectionId}", connections.patch, bodies.CONNECTION),
    delete("connections/{connectionId}", connections.delete),
    get("jobs", jobs.list_all, bodies.JOBS),
    running("POST", "jobs", jobs.create, bodies.JOB_CREATE),
    get("jobs/{jobId}", jobs.get),
    PublicRoute(method="DELETE", path="jobs/{jobId}", run=between(jobs.cancel)),
    get("tags", tags.list_all, bodies.TAGS),
    sent("POST", "tags", shared_tags.create, bodies.TAG_CREATE),
    get("tags/{tagId}", tags.get),
    sent("PATCH", "tags/{tagId}", shared_tags.update, bodies.TAG_PATCH),
    delete("tags/{tagId}", tags.delete),
    get(LOW_CODE, declarative.list_all),
    sent("POST", LOW_CODE, declarative.create, bodies.DECLARATIVE_CREATE),
    get(f"{LOW_CODE}/{{definitionId}}", declarative.get),
    sent("PUT", f"{LOW_CODE}/{{definitionId}}", declarative.put, bodies.DECLARATIVE_PUT),
    delete(f"{LOW_CODE}/{{definitionId}}", declarative.delete, 200),
    get("connector_definitions", definitions.list_connectors, bodies.CONNECTORS),
)


def answer(world: World, request: Request) -> Answer:
    """Blocking: it runs in a thread."""
    found = _matched(world, request)
    if found is None:
        return unknown_route()
    route, parameters = found
    if route.path == "health":
        return HEALTHY
    try:
        asked = {
            **read_query(fitted_shape(route.query, world.profile), request.query),
            **({} if route.body is None else read_posted(fitted_shape(route.body, world.profile), request.content)),
            **read_path(parameters),
        }
        return success(route.status, fitted(route.run(world, asked), world.profile))
    except Refusal as refusal:
        told = translated(refusal, world.profile)
        return refusal_answer(told, profile=world.profile, path=request.path)


def _matched(world: World, request: Request) -> tuple[PublicRoute, dict[str, str]] | None:
    parts = request.path.removeprefix(world.profile.public_prefix).split("/")
    for route in ROUTES:
        if route.method == request.method and not {route.name, route.path} & world.profile.absent:
            parameters = _parameters(route.path.split("/"), parts)
            if parameters is not None:
                return route, parameters
    return None


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
