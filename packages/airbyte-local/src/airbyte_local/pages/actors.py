"""Sources and destinations, configurations masked as the API's answers are; and the connectors there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from airbyte_local.connectors.external.workshop import availability
from airbyte_local.jobs.world import World
from airbyte_local.model import configurations as cfg
from airbyte_local.model.json_values import Json, is_list, is_object
from airbyte_local.model.vocabulary import Vocabulary
from airbyte_local.pages.listings import Query, asked, listing, outlook
from airbyte_local.store.database import Session

PAGE = 200
SAID = {"runs": "", "installable": "does not run yet: ", "imitated": "only imitated here: "}


def actor_list(words: Vocabulary, world: World, session: Session, query: Query) -> Json:
    here, wanted = outlook(session, query), asked(query)
    directory = world.definitions(session, words.kind)

    def rows(ids: list[str]) -> list[Json]:
        counts = session.connections.count_by_actor(ids)
        return [
            {
                "actor": actor,
                "workspace": here.name_of(actor.workspace_id),
                "type_name": directory.get(actor.definition_id).name,
                "connections": counts.get(actor.id, 0),
            }
            for actor in session.actors.whole(ids)
        ]

    lines = session.actors.lines(words.kind, here.ids)
    needle = wanted.text.casefold()
    found = [
        line
        for line in lines
        if needle in line.name.casefold() or needle in directory.get(line.definition_id).name.casefold()
    ]
    shown = listing(found, wanted, rows, total=len(lines), size=PAGE)
    return {"outlook": here, "words": words, "list": shown}


def actor_page(words: Vocabulary, world: World, session: Session, _query: Query, actor_id: str) -> Json:
    """Deleted ones too.

    Raises:
        NotFound: nobody knows the id.
    """
    actor = session.actors.find(words, actor_id)
    definition = world.definitions(session, words.kind).get(actor.definition_id)
    newest = session.catalogs.newest(actor.id) if words.kind == "source" else None
    catalog = session.catalogs.get(newest[0]) if newest else None
    shown = cfg.mask(definition.connector.spec(), actor.configuration) if actor.configuration else None
    found = {
        "id": actor.id,
        "name": actor.name,
        "deleted": actor.tombstone,
        "definition": definition,
        "created_at": actor.created_at,
        "settings": list(_leaves(shown, ())) if shown else [],
        "connections": session.connections.of_actor(actor.id),
        "streams": [stream["name"] for stream in catalog.streams] if catalog else None,  # None: never discovered
        "discovered_at": newest[1] if newest else None,
    }
    return {"outlook": outlook(session, {"workspace": actor.workspace_id}), "words": words, "actor": found}


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[Json]:
    # What the store keeps in the place of a secret stays one, also where the specification no longer says so.
    if cfg.is_reference(value):
        yield {"path": path, "value": cfg.MASK, "secret": True}
    elif is_object(value) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif is_list(value) and value and any(is_object(inner) or is_list(inner) for inner in value):
        for position, inner in enumerate(value, start=1):
            yield from _leaves(inner, (*path, str(position)))
    else:
        yield {"path": path, "value": _text(value), "secret": value == cfg.MASK}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if is_list(value):
        return ", ".join(_text(inner) for inner in value) or "(empty list)"
    return "(empty)" if value in ("", {}) else str(value)


def connector_list(world: World, session: Session, query: Query) -> Json:
    """Those that run here first, then by name."""
    here = outlook(session, query)
    rows: list[Json] = []
    for kind in ("source", "destination"):
        used = Counter(line.definition_id for line in session.actors.lines(kind, here.ids))
        for definition in world.definitions(session, kind).all():
            standing, found = availability(definition.repository, definition.connector)
            shown = {"runs": standing == "runs", "how": SAID[standing] + found, "used": used[definition.id]}
            rows.append({"definition": definition, **shown})
    rows.sort(key=lambda row: (not row["runs"], row["definition"].name.casefold()))
    return {"outlook": here, "rows": rows}
