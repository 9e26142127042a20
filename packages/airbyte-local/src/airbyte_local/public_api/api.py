"""The Public API: every route in one table, and the way from request to answer. No rule of Airbyte lives here."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from airbyte_local.handlers import connections as shared_connections
from airbyte_local.handlers import tags as shared_tags
from airbyte_local.handlers.actors import ActorHandlers
from airbyte_local.http.answers import Answer, Request, refusal_answer, success
from airbyte_local.http.bodies import Kind, Shape, parse, read_kind, read_value
from airbyte_local.http.routing import Route, between, fitted, fitted_shape, matched, within
from airbyte_local.jobs.world import Call, World
from airbyte_local.model.errors import Crashed, Missing, Refusal, Unbound
from airbyte_local.model.json_values import Json, is_list
from airbyte_local.model.vocabulary import DESTINATION, SOURCE, Vocabulary
from airbyte_local.public_api import bodies, connections, declarative, definitions, jobs, streams, workspaces
from airbyte_local.public_api.actors import PublicActors
from airbyte_local.public_api.answers import translated
from airbyte_local.public_api.definitions import PublicDefinitions

NUMBERED = {"jobId"}
HEALTHY = Answer(status=200, content=b"Successful operation", headers={"content-type": "text/plain"})


def get(path: str, handler: Callable[[Call], Any], query: Shape | None = None) -> Route:
    return within("GET", path, handler, query=query)


def delete(path: str, handler: Callable[[Call], Any], status: int = 204) -> Route:
    return within("DELETE", path, handler, status=status)


def unimplemented(method: str, path: str) -> Route:
    """What a self-managed server has a route for, and nothing behind it."""
    return Route(method=method, path=path, run=lambda _world, _body: None, status=501)


def actor_routes(words: Vocabulary) -> tuple[Route, ...]:
    shapes, actors, own = bodies.PublicActorBodies(words), PublicActors(words=words), PublicDefinitions(words=words)
    each = f"{words.plural}/{{{words.id}}}"
    all_definitions = f"workspaces/{{workspaceId}}/definitions/{words.plural}"
    definition = f"{all_definitions}/{{definitionId}}"
    return (
        get(words.plural, actors.list_all, bodies.OF_WORKSPACES),
        within("POST", words.plural, actors.create, shapes.create),
        get(each, actors.get, bodies.COORDINATES),
        within("PUT", each, actors.put, shapes.put),
        within("PATCH", each, actors.patch, shapes.patch),
        delete(each, ActorHandlers(words=words).delete),
        get(all_definitions, own.list_all),
        within("POST", all_definitions, own.create, bodies.DEFINITION_CREATE),
        get(definition, own.get),
        within("PUT", definition, own.put, bodies.DEFINITION_PUT),
        delete(definition, own.delete, 200),
    )


LOW_CODE = "workspaces/{workspaceId}/definitions/declarative_sources"
ROUTES: tuple[Route, ...] = (
    get("health", lambda _: None),
    get("organizations", workspaces.organizations),
    get("workspaces", workspaces.list_all, bodies.OF_WORKSPACES),
    within("POST", "workspaces", workspaces.create, bodies.WORKSPACE_CREATE),
    get("workspaces/{workspaceId}", workspaces.get),
    within("PATCH", "workspaces/{workspaceId}", workspaces.patch, bodies.WORKSPACE_PATCH),
    delete("workspaces/{workspaceId}", workspaces.delete),
    unimplemented("PUT", "workspaces/{workspaceId}/oauthCredentials"),
    unimplemented("POST", "sources/initiateOAuth"),
    *actor_routes(SOURCE),
    *actor_routes(DESTINATION),
    between("GET", "streams", streams.list_all, query=bodies.STREAMS),
    get("connections", connections.list_all, bodies.CONNECTIONS),
    between("POST", "connections", connections.create, bodies.CONNECTION_CREATE),
    get("connections/{connectionId}", connections.get),
    between("PATCH", "connections/{connectionId}", connections.patch, bodies.CONNECTION),
    delete("connections/{connectionId}", shared_connections.delete),
    get("jobs", jobs.list_all, bodies.JOBS),
    between("POST", "jobs", jobs.create, bodies.JOB_CREATE),
    get("jobs/{jobId}", jobs.get),
    between("DELETE", "jobs/{jobId}", jobs.cancel),
    get("tags", workspaces.tags, bodies.TAGS),
    within("POST", "tags", shared_tags.create, bodies.TAG_CREATE),
    get("tags/{tagId}", shared_tags.get),
    within("PATCH", "tags/{tagId}", shared_tags.update, bodies.TAG_PATCH),
    delete("tags/{tagId}", shared_tags.delete),
    get(LOW_CODE, declarative.list_all),
    within("POST", LOW_CODE, declarative.create, bodies.DECLARATIVE_CREATE),
    get(f"{LOW_CODE}/{{definitionId}}", declarative.get),
    within("PUT", f"{LOW_CODE}/{{definitionId}}", declarative.put, bodies.DECLARATIVE_PUT),
    delete(f"{LOW_CODE}/{{definitionId}}", declarative.delete, 200),
    get("connector_definitions", definitions.list_connectors, bodies.CONNECTORS),
)


def answer(world: World, request: Request) -> Answer:
    """Blocking: it runs in a thread."""
    profile = world.profile
    match matched(ROUTES, request, profile.public_prefix, profile.absent):
        case Answer() as refused:
            return refused
        case route, parameters:
            pass
    if route.path == "health":
        return HEALTHY
    try:
        asked = {
            **_read_query(fitted_shape(route.query, profile), request.query),
            **({} if route.body is None else _read_posted(fitted_shape(route.body, profile), request.content)),
            **_read_path(parameters),
        }
        return success(route.status, fitted(route.run(world, asked), profile))
    except Refusal as refusal:
        return refusal_answer(translated(refusal, profile), profile=profile, path=request.path)


def _read_path(parameters: Mapping[str, str]) -> Json:
    """Every parameter is an id, taken as text and parsed late, where a malformed one crashes the vendor's server.

    Raises:
        Crashed: it is no id.
        Unbound: it is no number, and names a job.
    """
    found: Json = {}
    for name, text in parameters.items():
        try:
            found[name] = _parameter("whole", name, [text]) if name in NUMBERED else str(uuid.UUID(text))
        except ValueError as error:  # noqa: PERF203 - there are two at most
            raise Crashed(message=f"IllegalArgumentException: Invalid UUID string: {text}") from error
    return found


def _read_query(shape: Shape, query: str) -> Json:
    """Raises:
    Unbound: a value of another type, or a required one that is missing.
    """
    given = parse_qs(query)
    found: Json = {}
    for name, kind in shape.items():
        key = name.rstrip("!")
        if key in given:
            found[key] = _parameter(kind, key, given[key])
        elif name.endswith("!"):
            raise Unbound(message=f"Required QueryValue [{key}] not specified")
    return found


def _read_posted(shape: Shape, content: bytes) -> Json:
    """Raises:
    Unbound: no JSON, or JSON that does not fit the vendor's models.
    """
    try:
        return read_value(shape, parse(content))
    except Missing as error:
        raise Unbound(message=f"Failed to convert argument [{error.text}]: must not be null") from error
    except Unbound as error:
        raise Unbound(message=f"Failed to convert argument [{error.message}]") from error


def _parameter(kind: Kind, name: str, given: list[str]) -> Any:
    if is_list(kind):  # repeated, or between commas
        return [_parameter(kind[0], name, [text]) for line in given for text in line.split(",") if text]
    text = given[0]
    value: Any = {"true": True, "false": False}.get(text.lower(), text) if kind == "flag" else text
    try:
        return read_kind(kind, value, name, [])
    except Unbound as error:
        raise Unbound(message=f"Failed to convert argument [{name}] for value [{text}]") from error
