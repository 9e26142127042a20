"""The Config API: every route in one table, and the way from request to answer. No rule of Airbyte lives here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from airbyte_local.config_api import bodies
from airbyte_local.handlers import (
    builder,
    connections,
    definitions,
    discovery,
    instance,
    jobs,
    operations,
    states,
    tags,
    web_backend,
    workspaces,
)
from airbyte_local.handlers.actors import ActorHandlers
from airbyte_local.handlers.discovery import CheckHandlers
from airbyte_local.http.answers import Answer, Request, framework_answer, refusal_answer, success
from airbyte_local.http.bodies import Shape, read_body
from airbyte_local.http.routing import Route, between, fitted, fitted_shape, matched, within
from airbyte_local.jobs.world import Call, Errand, World
from airbyte_local.model.errors import NotFound, Refusal
from airbyte_local.model.vocabulary import DESTINATION, SOURCE, Vocabulary

PREFIX = "/api/v1/"


def post(path: str, handler: Callable[[Call], Any], body: Shape | None, status: int = 200) -> Route:
    return within("POST", path, handler, body, status=status)


def running(path: str, handler: Callable[[Errand], Any], body: Shape) -> Route:
    return between("POST", path, handler, body)


def actor_routes(words: Vocabulary) -> tuple[Route, ...]:
    """Sources and destinations have the same routes under two names."""
    shapes = bodies.ActorBodies(words)
    actors, checks = ActorHandlers(words=words), CheckHandlers(words=words)
    own = definitions.DefinitionHandlers(words=words)
    updating = partial(checks.check_offered, updates=True)
    plural, single, by_both = words.plural, words.kind, shapes.by_definition_and_workspace
    # fmt: off
    return (
        post(f"{plural}/create", actors.create, shapes.create),
        post(f"{plural}/update", actors.update, shapes.update),
        post(f"{plural}/partial_update", actors.partial_update, shapes.partial_update),
        post(f"{plural}/get", actors.get, shapes.by_id),
        post(f"{plural}/list", actors.list_by_cursor, bodies.ACTORS_BY_CURSOR),
        post(f"{plural}/list_paginated", actors.list_paginated, bodies.OF_WORKSPACES),
        post(f"{plural}/search", actors.search, bodies.SEARCH),
        post(f"{plural}/delete", actors.delete, shapes.by_id, 204),
        post(f"{plural}/clone", actors.clone, shapes.clone),
        post(f"{plural}/upgrade_version", actors.upgrade_version, shapes.by_id, 204),
        running(f"{plural}/check_connection", checks.check, shapes.by_id),
        running(f"{plural}/check_connection_for_update", updating, shapes.update),
        running(f"scheduler/{plural}/check_connection", checks.check_offered, shapes.offered),
        post(f"{single}_definitions/list", own.list_all, None),
        post(f"{single}_definitions/list_latest", own.list_all, None),
        post(f"{single}_definitions/list_for_workspace", own.list_for_workspace, bodies.DEFINITIONS),
        post(f"{single}_definitions/list_private", own.list_private, bodies.BY_WORKSPACE),
        post(f"{single}_definitions/get", own.get, shapes.by_definition),
        post(f"{single}_definitions/get_for_workspace", own.get_for_scope, by_both),
        post(f"{single}_definitions/get_for_scope", own.get_for_scope, bodies.DEFINITION_SCOPE),
        post(f"{single}_definitions/create_custom", own.create_custom, shapes.create_custom),
        post(f"{single}_definitions/update", own.update, shapes.update_definition),
        post(f"{single}_definitions/delete", own.delete, shapes.by_definition, 204),
        post(f"{single}_definitions/grant_definition", own.grant, bodies.DEFINITION_SCOPE),
        post(f"{single}_definitions/revoke_definition", own.revoke, bodies.DEFINITION_SCOPE, 204),
        post(f"{single}_definition_specifications/get", own.specification, by_both),
        post(f"{single}_definition_specifications/get_for_{single}", own.spec_of_actor, shapes.by_id),
    )
    # fmt: on


LOW_CODE = "declarative_source_definitions"
OF_SOURCES = bodies.ActorBodies(SOURCE)
ROUTES: tuple[Route, ...] = (
    within("GET", "health", instance.health),
    within("GET", "instance_configuration", instance.configuration),
    post("users/get", instance.user, bodies.BY_USER),
    post("organizations/get", instance.organization, bodies.BY_ORGANIZATION),
    post("organizations/list_by_user_id", instance.organizations, bodies.OF_USER),
    post("workspaces/list", workspaces.list_all, None),
    post("workspaces/list_all_paginated", workspaces.list_paginated, bodies.OF_WORKSPACES),
    post("workspaces/list_by_organization_id", workspaces.list_by_organization_id, bodies.OF_ORGANIZATION),
    post("workspaces/list_by_user_id", workspaces.list_all, bodies.OF_USER),
    post("workspaces/list_paginated", workspaces.list_paginated, bodies.OF_WORKSPACES),
    post("workspaces/get", workspaces.get, bodies.WORKSPACE_GET),
    post("workspaces/get_by_slug", workspaces.get_by_slug, bodies.BY_SLUG),
    post("workspaces/get_by_connection_id", workspaces.get_by_connection_id, bodies.BY_CONNECTION),
    post("workspaces/create", workspaces.create, bodies.WORKSPACE_CREATE),
    post("workspaces/create_if_not_exist", workspaces.create_if_not_exist, bodies.WORKSPACE_CREATE_WITH_ID),
    post("workspaces/update", workspaces.update, bodies.WORKSPACE_UPDATE),
    post("workspaces/update_name", workspaces.update_name, bodies.WORKSPACE_UPDATE_NAME),
    post("workspaces/delete", workspaces.delete, bodies.BY_WORKSPACE, 204),
    *actor_routes(SOURCE),
    running("sources/discover_schema", discovery.discover_schema, bodies.DISCOVER),
    running("scheduler/sources/discover_schema", discovery.discover_offered, OF_SOURCES.offered),
    post("sources/most_recent_source_actor_catalog", discovery.most_recent_catalog, OF_SOURCES.by_id),
    *actor_routes(DESTINATION),
    post("connections/create", connections.create, bodies.CONNECTION_CREATE),
    post("connections/update", connections.update, bodies.CONNECTION_UPDATE),
    post("connections/get", connections.get, bodies.BY_CONNECTION),
    post("connections/list", partial(connections.list_of_workspace, deleted=False), bodies.BY_WORKSPACE),
    post("connections/list_all", partial(connections.list_of_workspace, deleted=True), bodies.BY_WORKSPACE),
    post("connections/list_paginated", connections.list_paginated, bodies.CONNECTIONS_OF_WORKSPACES),
    post("connections/list_by_actor_definition", connections.list_by_actor_definition, bodies.BY_ACTOR_DEFINITION),
    post("connections/search", connections.search, bodies.SEARCH),
    post("connections/delete", connections.delete, bodies.BY_CONNECTION, 204),
    running("connections/sync", jobs.sync, bodies.BY_CONNECTION),
    running("connections/reset", jobs.clearing("reset_connection"), bodies.BY_CONNECTION),
    running("connections/reset/stream", jobs.clearing("reset_connection"), bodies.STREAMS_OF_CONNECTION),
    running("connections/clear", jobs.clearing("clear"), bodies.BY_CONNECTION),
    running("connections/clear/stream", jobs.clearing("clear"), bodies.STREAMS_OF_CONNECTION),
    running("connections/refresh", jobs.refresh, bodies.REFRESH),
    post("connections/status", jobs.statuses, bodies.BY_CONNECTIONS),
    post("jobs/list", jobs.list_all, bodies.JOBS),
    post("jobs/list_for_workspaces", jobs.list_all, bodies.JOBS_OF_WORKSPACES),
    post("jobs/get", jobs.get, bodies.BY_JOB),
    post("jobs/get_light", jobs.get_light, bodies.BY_JOB),
    post("jobs/get_without_logs", partial(jobs.get, logs=False), bodies.BY_JOB),
    post("jobs/get_last_replication_job", jobs.get_last_replication_job, bodies.BY_CONNECTION),
    running("jobs/cancel", jobs.cancel, bodies.BY_JOB),
    running("web_backend/connections/get", web_backend.get, bodies.WEB_BACKEND_GET),
    post("web_backend/connections/create", web_backend.create, bodies.WEB_BACKEND_CREATE),
    post("web_backend/connections/update", web_backend.update, bodies.WEB_BACKEND_UPDATE),
    post("web_backend/connections/list", web_backend.list_by_cursor, bodies.WEB_BACKEND_LIST),
    post("web_backend/connections/status_counts", web_backend.status_counts, bodies.BY_WORKSPACE),
    post("connector_builder_projects/create", builder.create, bodies.PROJECT_CREATE, 201),
    post("connector_builder_projects/update", builder.update, bodies.PROJECT_UPDATE, 204),
    post("connector_builder_projects/delete", builder.delete, bodies.BY_PROJECT, 204),
    post("connector_builder_projects/list", builder.list_all, bodies.PROJECTS),
    post("connector_builder_projects/get_with_manifest", builder.get_with_manifest, bodies.BY_PROJECT),
    post("connector_builder_projects/publish", builder.publish, bodies.PROJECT_PUBLISH),
    post(f"{LOW_CODE}/create_manifest", builder.create_manifest, bodies.MANIFEST_CREATE, 201),
    post(f"{LOW_CODE}/update_active_manifest", definitions.activate_manifest, bodies.MANIFEST_VERSION, 204),
    post(f"{LOW_CODE}/list_manifests", definitions.list_manifests, bodies.BY_MANIFESTS),
    post("operations/check", operations.check, operations.OPERATOR),
    post("operations/create", operations.create, operations.OPERATION),
    post("operations/update", operations.update, bodies.OPERATION_UPDATE),
    post("operations/list", operations.list_of_connection, bodies.BY_CONNECTION),
    post("operations/get", operations.get, bodies.BY_OPERATION),
    post("operations/delete", operations.delete, bodies.BY_OPERATION, 204),
    post("state/get", states.get, bodies.BY_CONNECTION),
    post("state/create_or_update", states.create_or_update, bodies.STATE_UPDATE),
    post("state/create_or_update_safe", states.create_or_update_safe, bodies.STATE_UPDATE),
    post("tags/list", tags.list_of_workspace, bodies.BY_WORKSPACE),
    post("tags/create", tags.create, bodies.TAG_CREATE),
    post("tags/update", tags.update, bodies.TAG),
    post("tags/delete", tags.delete, bodies.TAG_DELETE),
)


def answer(world: World, request: Request) -> Answer:
    """Blocking: it runs in a thread."""
    profile = world.profile
    match matched(ROUTES, request, PREFIX, profile.absent):
        case Answer() as refused:
            return refused
        case route, _:
            pass
    try:
        body = {} if route.body is None else read_body(fitted_shape(route.body, profile), request.content)
        return success(route.status, fitted(route.run(world, body), profile))
    except Refusal as refusal:
        if isinstance(refusal, NotFound) and profile.unknown_ids == "forbidden":
            return framework_answer(403, request.path, "Forbidden")
        return refusal_answer(refusal, profile=profile, path=request.path)
