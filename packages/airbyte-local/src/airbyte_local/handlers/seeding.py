"""Many objects in one go, for tests and benchmarks: by the same handlers as a request, in two transactions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airbyte_local.connectors.definitions import ActorDefinition
from airbyte_local.handlers import connections, workspaces
from airbyte_local.handlers.actors import ActorHandlers
from airbyte_local.jobs.discovery import discover_source
from airbyte_local.jobs.world import NIL_ID, Call, World
from airbyte_local.model.catalogs import proposed
from airbyte_local.model.json_values import Json
from airbyte_local.model.vocabulary import DESTINATION, SOURCE, ActorKind, Vocabulary
from airbyte_local.store.database import Session

DEFAULTS: dict[str, tuple[str, Json]] = {
    "source": ("Sample Data", {}),
    "destination": ("Local JSON", {"destination_path": "/local/out"}),
}
NO_CATALOG: tuple[str | None, list[Json]] = (None, [])
KINDS = ("workspaces", "sources", "destinations", "connections")


MOST = 100_000
"""Objects of one entry."""


class SeedMisspelt(ValueError):
    """A seed that cannot mean anything."""


def seed(world: World, plan: Mapping[str, Any]) -> dict[str, list[str]]:
    """Create what *plan* lists and return the ids, kind by kind, in the order of the plan.

    Each entry may have `count`, and then `{n}` in its texts. Names may be given twice. An actor has `name`, `type`
    (a definition's name or id), `configuration`, `workspace`; a connection has `source` and `destination` (a name
    out of this seed, or an id), `streams` (names to select; absent: all) and any property of connections/create.
    """
    unknown = set(plan) - set(KINDS)
    if unknown:
        raise SeedMisspelt(f"a seed has {', '.join(KINDS)}; not {', '.join(sorted(unknown))}")
    ids: dict[str, list[str]] = {kind: [] for kind in KINDS}
    names: dict[tuple[str, str], str] = {}
    with world.store.transaction() as session:
        for entry in _each(plan, "workspaces"):
            asked = Call(world=world, session=session, body={"organizationId": NIL_ID, **entry})
            made: str = workspaces.create(asked)["workspaceId"]
            ids["workspaces"].append(made)
            names["workspaces", entry["name"]] = made
        for words in (SOURCE, DESTINATION):
            for entry in _each(plan, words.plural):
                made = _actor(world, session, words, entry, names)
                ids[words.plural].append(made)
                names[words.plural, entry.get("name", "")] = made
    planted = list(_each(plan, "connections"))
    catalogs = _catalogs(world, {_named(names, "sources", entry["source"]) for entry in planted})
    with world.store.transaction() as session:
        ids["connections"] = [_connection(world, session, entry, names, catalogs) for entry in planted]
    return ids


def _each(plan: Mapping[str, Any], kind: str) -> Iterator[Json]:
    for entry in plan.get(kind, ()):
        properties = {key: value for key, value in entry.items() if key != "count"}
        count = entry.get("count", 1)
        if not (isinstance(count, int) and 0 <= count <= MOST):
            raise SeedMisspelt(f"count {count!r} is no number up to {MOST:,}")
        for n in range(count):
            yield {
                key: value.replace("{n}", str(n)) if isinstance(value, str) else value
                for key, value in properties.items()
            }


def _actor(
    world: World, session: Session, words: Vocabulary, entry: Json, names: Mapping[tuple[str, str], str]
) -> str:
    type_name, configuration = DEFAULTS[words.kind]
    definition = _definition(world, session, words.kind, entry.get("type", type_name))
    workspace = entry.get("workspace")
    body = {
        "name": entry.get("name", definition.name),
        words.definition_id: definition.id,
        "workspaceId": _named(names, "workspaces", workspace) if workspace else session.workspaces.all()[0].id,
        "connectionConfiguration": entry.get("configuration", configuration),
    }
    return ActorHandlers(words=words).create(Call(world=world, session=session, body=body))[words.id]


def _definition(world: World, session: Session, kind: ActorKind, type_name: str) -> ActorDefinition:
    for definition in world.definitions(session, kind).all():
        short = definition.name.partition(" (")[0]
        if type_name in {definition.id, definition.name, short, definition.repository}:
            return definition
    raise SeedMisspelt(f"no {kind} type is called {type_name!r}")


def _catalogs(world: World, source_ids: set[str]) -> dict[str, tuple[str, list[Json]]]:
    """Source id -> (catalog id, streams), each discovered as a user would have done it."""
    found: dict[str, tuple[str, list[Json]]] = {}
    for source_id in source_ids:
        discovered = discover_source(world, source_id, use_cache=True)
        if discovered.catalog is not None:
            found[source_id] = (discovered.catalog.id, discovered.catalog.streams)
    return found


def _connection(
    world: World,
    session: Session,
    entry: Json,
    names: Mapping[tuple[str, str], str],
    catalogs: Mapping[str, tuple[str, list[Json]]],
) -> str:
    source_id = _named(names, "sources", entry["source"])
    catalog_id, streams = catalogs.get(source_id, NO_CATALOG)
    wanted = entry.get("streams")
    catalog = proposed(stream for stream in streams if wanted is None or stream["name"] in wanted)
    for selected in catalog["streams"]:
        selected["config"] |= {"selected": True, "syncMode": "full_refresh", "destinationSyncMode": "overwrite"}
    body: Json = {
        "status": "active",
        "syncCatalog": catalog,
        **({"sourceCatalogId": catalog_id} if catalog_id else {}),
        **{key: value for key, value in entry.items() if key not in {"source", "destination", "streams"}},
        "sourceId": source_id,
        "destinationId": _named(names, "destinations", entry["destination"]),
    }
    return connections.create(Call(world=world, session=session, body=body))["connectionId"]


def _named(names: Mapping[tuple[str, str], str], kind: str, name_or_id: str) -> str:
    return names.get((kind, name_or_id), name_or_id)
