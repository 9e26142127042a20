"""What a campaign of faults draws from a seed: declarations, what somebody chooses in the UI, and faults."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationDefinition,
    AirbyteDestinationNamespace,
    AirbyteLowCodeConnector,
    AirbyteNotification,
    AirbyteResourceRequirements,
    AirbyteSchedule,
    AirbyteSource,
    AirbyteSourceDefinition,
    AirbyteStream,
    AirbyteSyncMode,
    AirbyteTag,
    AirbyteWorkspace,
    mappers,
)
from dagster_managed_elements.engine.elements import Element

from testing.airbytes import Cell
from testing.connection_fields import EXAMPLES

WRITES = ("POST", "PATCH", "PUT", "DELETE")
HTML = "<!doctype html><html><head><title>Please sign in</title></head></html>"
MODES = (AirbyteSyncMode.FULL_REFRESH_OVERWRITE, AirbyteSyncMode.FULL_REFRESH_APPEND)

Actor = tuple[str, int]
"""The connector, and which of its configurations."""


def sample(number: int) -> dict[str, Any]:
    return {"count": 10 + number}


def pokemon(number: int) -> dict[str, Any]:
    return {"pokemon_name": ("ditto", "luxray", "snorlax")[number]}


def postgres(number: int) -> dict[str, Any]:
    """The password stays: that a masked one was changed nobody sees who does not ask to have it sent."""
    return {"host": "db", "port": 5432, "database": f"d{number}", "username": "u", "password": "secret"}


def path(number: int) -> dict[str, Any]:
    return {"destination_path": f"/local/{number}"}


def objects(number: int) -> dict[str, Any]:
    return {"bucket": f"b{number}", "streams": [{"name": "files", "format": {"filetype": "csv"}}]}


SOURCES = {"Sample Data": sample, "PokeAPI": pokemon, "Postgres": postgres}
STREAMS = {
    "Sample Data": ("users", "products"),
    "PokeAPI": ("pokemon",),
    "Postgres": ("orders", "customers"),
    "S3": ("files",),
}
DESTINATIONS = {"Local JSON": path, "Local CSV": path}

COLUMNS = {
    "users": ("id", "name", "updated_at"),
    "products": ("id", "make", "updated_at"),
    "pokemon": ("id", "name"),
    **dict.fromkeys(("orders", "customers"), ("id", "note")),
}
"""Some of the columns of each stream, what is a mapper's of it among them: the second."""
OTHERS = {"pokemon": ("weight",), "orders": ("updated_at",), "customers": ("updated_at",)}
"""All the others, where they are few."""
CURSORS = dict.fromkeys(("orders", "customers"), ("id", "note"))
"""What may be the cursor of a stream, where its source does not say it."""
KEYS = {"files": ("data", "_ab_source_file_last_modified")}
WIDE = "wide"
"""With this in a seed more is drawn: settings of streams, a source of objects, choices between two runs."""
CONFIGURED = {"source": {**SOURCES, "S3": objects}, "destination": DESTINATIONS}
COLORS = ("A6A6A6", "FF5733", "33FF57")
IMAGE = "me/reader"
PAGE = "https://me.example/reader"
MADE_OF = {"reading": "Ours", "looking": "Theirs"}
"""Sources of low-code connectors, and of which."""
KINDS = (
    "source definition",
    "destination definition",
    "low-code connector",
    "source",
    "destination",
    "tag",
    "connection",
    "workspace",
)
OWN_WORDS = {
    "source definition": "source_definitions",
    "destination definition": "destination_definitions",
    "low-code connector": "(connector_builder_projects|declarative_source_definitions)",
    "workspace": "workspaces",
}
"""What requests of the Config API call a kind, where it is not the kind's plural."""


def manifest(number: int) -> dict[str, Any]:
    token = {"type": "object", "properties": {"token": {"type": "string"}}}
    return {
        "version": "6.48.0",
        "streams": [{"type": "DeclarativeStream", "name": f"s{number}"}],
        "spec": {"type": "Spec", "connection_specification": token},
    }


def made_of(number: int) -> dict[str, Any]:
    return {"token": f"t{number}"}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A value of a connection's field: as it is declared, and as the store has it then, in Config API words."""

    declared: Any
    stored: Mapping[str, Any]
    is_public: bool = True


def _cron(expression: str, zone: str = "UTC") -> dict[str, Any]:
    cron = {"cron": {"cronExpression": expression, "cronTimeZone": zone}}
    return {"scheduleType": "cron", "scheduleData": cron}


_MANUAL = {"scheduleType": "manual", "scheduleData": None}
_BASIC = {"scheduleType": "basic", "scheduleData": {"basicSchedule": {"timeUnit": "hours", "units": 24}}}


def _flags(word: str, values: tuple[Any, Any] = (False, True)) -> list[Choice]:
    return [Choice(declared=flag, stored={word: value}) for flag, value in zip((False, True), values, strict=True)]


CHOICES: Mapping[str, list[Choice]] = {
    "destination_namespace": [
        Choice(declared=AirbyteDestinationNamespace.SAME_AS_SOURCE, stored={"namespace": ("source", None)}),
        Choice(
            declared=AirbyteDestinationNamespace.DESTINATION_DEFAULT, stored={"namespace": ("destination", None)}
        ),
        Choice(
            declared="raw_${SOURCE_NAMESPACE}", stored={"namespace": ("customformat", "raw_${SOURCE_NAMESPACE}")}
        ),
    ],
    "prefix": [
        Choice(declared=None, stored={"prefix": ""}),
        Choice(declared="crm_", stored={"prefix": "crm_"}),
        Choice(declared="erp_", stored={"prefix": "erp_"}),
    ],
    "schedule": [
        Choice(declared=AirbyteSchedule.manual(), stored=_MANUAL),
        Choice(declared=AirbyteSchedule.cron("0 30 6 * * ?"), stored=_cron("0 30 6 * * ?")),
        Choice(
            declared=AirbyteSchedule.cron("0 0 7 * * ?", time_zone="Europe/Berlin"),
            stored=_cron("0 0 7 * * ?", "Europe/Berlin"),
            is_public=False,
        ),
        Choice(declared=AirbyteSchedule.basic(every=24, unit="hours"), stored=_BASIC, is_public=False),
    ],
    "status": [Choice(declared=status, stored={"status": status}) for status in ("active", "inactive")],
    "non_breaking_changes": [
        Choice(declared="ignore", stored={"nonBreakingChangesPreference": "ignore"}),
        Choice(declared="disable_connection", stored={"nonBreakingChangesPreference": "disable"}),
        Choice(declared="propagate_fully", stored={"nonBreakingChangesPreference": "propagate_fully"}),
    ],
    "notify_schema_changes": _flags("notifySchemaChanges"),
    "notify_schema_changes_by_email": _flags("notifySchemaChangesByEmail"),
    "backfill": _flags("backfillPreference", ("disabled", "enabled")),
    "resource_requirements": [
        Choice(declared=None, stored={"resourceRequirements": {}}),
        Choice(
            declared=AirbyteResourceRequirements(cpu_limit="2"), stored={"resourceRequirements": {"cpu_limit": "2"}}
        ),
    ],
    "region": [
        Choice(declared="eu", stored={"geography": "eu"}),
        Choice(declared="us", stored={"geography": "us"}),
    ],
}


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A stream of a connection. What is None of it is not declared; *narrow* says whether some of its columns are
    synced and not all, *by_others* whether the others are named; *hashed* whether a column is.
    """

    mode: AirbyteSyncMode
    cursor: str | None = None
    key: str | None = None
    narrow: bool | None = None
    by_others: bool = False
    hashed: bool | None = None

    def declared(self, name: str) -> AirbyteSyncMode | AirbyteStream:
        given: dict[str, Any] = {}
        if self.cursor is not None:
            given["cursor_field"] = self.cursor
        if self.key is not None:
            given["primary_key"] = self.key
        if self.narrow is not None and (self.by_others or not self.narrow):
            given["exclude_fields"] = OTHERS[name] if self.narrow else []
        elif self.narrow:
            given["fields"] = COLUMNS[name]
        if self.hashed is not None:
            given["mappers"] = [mappers.Hashing(COLUMNS[name][1])] if self.hashed else []
        return AirbyteStream(self.mode, **given) if given else self.mode

    def settings(self, name: str) -> dict[str, Any]:
        """What is declared of it beside its mode, as `stream_settings` reads it."""
        found = {
            "cursor": None if self.cursor is None else [self.cursor],
            "key": None if self.key is None else [[self.key]],
            "columns": None if self.narrow is None else list(COLUMNS[name]) if self.narrow else "all",
            "mappers": None if self.hashed is None else [hashing(name)] if self.hashed else [],
        }
        return {f"{name}: {word}": value for word, value in found.items() if value is not None}


def hashing(stream: str) -> dict[str, Any]:
    configuration = {"targetField": COLUMNS[stream][1], "method": "SHA-256", "fieldNameSuffix": "_hashed"}
    return {"type": "hashing", "mapperConfiguration": configuration}


def stream_settings(name: str, config: Mapping[str, Any], api: str) -> dict[str, Any]:
    """Of a *config* as the store has it. The Public API takes a cursor only where the mode heeds it."""
    columns = sorted(row["fieldPath"][0] for row in config.get("selectedFields") or ())
    told = {
        "cursor": config.get("cursorField") or [],
        "key": sorted(config.get("primaryKey") or []),
        "columns": columns if config.get("fieldSelectionEnabled") else "all",
        "mappers": [
            {name: mapper[name] for name in ("type", "mapperConfiguration")}
            for mapper in config.get("mappers") or ()
        ],
    }
    idle = {"key", *(() if config["syncMode"] == "incremental" else ("cursor",))} if api == "public" else set[str]()
    return {f"{name}: {word}": value for word, value in told.items() if word not in idle}


@dataclass(frozen=True, kw_only=True)
class Sync:
    """A connection. *fields* are those that are declared, each by the number of its choice; *tags* None: not."""

    source: str
    destination: str
    streams: Mapping[str, Stream]
    fields: Mapping[str, int] = field(default_factory=dict[str, int])
    tags: tuple[str, ...] | None = None

    def settings(self) -> dict[str, Any]:
        """What is declared of it beside its ends and the modes of its streams, as the store has it."""
        found: dict[str, Any] = {}
        for name, stream in self.streams.items():
            found |= stream.settings(name)
        for attribute, number in self.fields.items():
            found |= CHOICES[attribute][number].stored
        return found if self.tags is None else {**found, "tags": sorted(self.tags)}


@dataclass(frozen=True, kw_only=True)
class Module:
    """What is declared, as plain as it can be said."""

    sources: Mapping[str, Actor]
    destinations: Mapping[str, Actor]
    tags: Mapping[str, int]
    connections: Mapping[str, Sync]
    images: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    """By kind, the connectors of an image, each by the number of its version."""
    manifests: Mapping[str, int] = field(default_factory=dict[str, int])
    made: Mapping[str, int] = field(default_factory=dict[str, int])
    """Sources of low-code connectors."""
    workspace: tuple[str, bool] | None = None
    """Its name, and whether it tells of failures by mail."""

    def names(self) -> dict[str, set[str]]:
        return {
            **{kind: set(self.images.get(kind, ())) for kind in KINDS[:2]},
            "low-code connector": set(self.manifests),
            "source": {*self.sources, *self.made},
            "destination": set(self.destinations),
            "tag": set(self.tags),
            "connection": set(self.connections),
            "workspace": set() if self.workspace is None else {self.workspace[0]},
        }

    def elements(self) -> list[Element]:
        sources = {
            name: AirbyteSource(name, connector, CONFIGURED["source"][connector](number))
            for name, (connector, number) in self.sources.items()
        }
        destinations = {
            name: AirbyteDestination(name, connector, DESTINATIONS[connector](number))
            for name, (connector, number) in self.destinations.items()
        }
        tags = {name: AirbyteTag(name, color=COLORS[number]) for name, number in self.tags.items()}
        connections: list[Element] = []
        for name, sync in self.connections.items():
            given = {attribute: CHOICES[attribute][number].declared for attribute, number in sync.fields.items()}
            if sync.tags is not None:
                given["tags"] = [tags[tag] for tag in sync.tags]
            ends = sources[sync.source], destinations[sync.destination]
            streams = {stream: each.declared(stream) for stream, each in sync.streams.items()}
            connections.append(AirbyteConnection(name, *ends, streams, **given))
        return [*connections, *sources.values(), *destinations.values(), *tags.values(), *self._connectors()]

    def _connectors(self) -> Iterator[Element]:
        for kind, of in zip(KINDS, (AirbyteSourceDefinition, AirbyteDestinationDefinition), strict=False):
            for name, number in self.images.get(kind, {}).items():
                yield of(name, docker_repository=IMAGE, docker_image_tag=f"1.{number}", documentation_url=PAGE)
        low_code = {
            name: AirbyteLowCodeConnector(name, manifest=manifest(number))
            for name, number in self.manifests.items()
        }
        yield from low_code.values()
        for name, number in self.made.items():
            yield AirbyteSource(name, low_code[MADE_OF[name]], made_of(number))
        if self.workspace is not None:
            name, by_mail = self.workspace
            yield AirbyteWorkspace(name, notifications={"failure": AirbyteNotification(email=by_mail)})


class Dice:
    """Modules and faults for one *cell*, drawn from one seed."""

    def __init__(self, seed: str, cell: Cell) -> None:
        self.random, self.cell, self.is_wide = random.Random(seed), cell, f"-{WIDE}-" in seed
        self._sources = CONFIGURED["source"] if self.is_wide else SOURCES
        self._attributes = [attribute for attribute in CHOICES if EXAMPLES[attribute].is_in(cell)]
        self.has_tags = EXAMPLES["tags"].is_in(cell)
        is_told = cell.api == "config" or cell.version in {"1.6", "1.8", "2.0", "cloud"}
        self.has = {
            **dict.fromkeys(KINDS[:2], is_told and cell.version != "cloud"),
            "low-code connector": is_told,
            "workspace": is_told,
            "tag": self.has_tags,
        }

    def module(self) -> Module:
        sources = {name: self._actor(self._sources) for name in self._some("abc", 1, 2)}
        destinations = {name: self._actor(DESTINATIONS) for name in self._some("xy", 1, 1)}
        tags = {name: self.random.randrange(3) for name in self._some("pq", 0, 2)} if self.has_tags else {}
        names = self._some(["one", "two", "three"], 1, 2)
        return Module(
            sources=sources,
            destinations=destinations,
            tags=tags,
            connections={name: self._sync(sources, destinations, tags) for name in names},
            **self._others({kind: {} for kind in KINDS[:3]}, {}),
        )

    def after(self, before: Module) -> Module:
        """Most of it as it was, some of it changed, replaced, left out or new."""
        sources = self._actors(before.sources, self._sources, "abcd")
        destinations = self._actors(before.destinations, DESTINATIONS, "xyz")
        tags = self._tags(before.tags)
        connections: dict[str, Sync] = {}
        for name, sync in before.connections.items():
            if self._is(0.12):
                continue
            drawn = self._sync(sources, destinations, tags)
            source = sync.source if sync.source in sources and self._is(0.75) else drawn.source
            is_kept = sync.destination in destinations and self._is(0.75)
            is_same = source == sync.source and sources[source][0] == before.sources[source][0]
            has_tags = sync.tags is None or set(sync.tags) <= set(tags)
            connections[name] = Sync(
                source=source,
                destination=sync.destination if is_kept else drawn.destination,
                streams=sync.streams if is_same and self._is(0.7) else self._streams(sources[source]),
                fields=sync.fields if self._is(0.5) else drawn.fields,
                tags=sync.tags if has_tags and self._is(0.6) else drawn.tags,
            )
        new = [name for name in ("one", "two", "three", "four") if name not in connections]
        if not connections or (len(connections) < 3 and self._is(0.4)):
            connections[self.random.choice(new)] = self._sync(sources, destinations, tags)
        there = {**before.images, "low-code connector": before.manifests}
        others = self._others(there, before.made)
        return Module(sources=sources, destinations=destinations, tags=tags, connections=connections, **others)

    def _others(self, there: Mapping[str, Mapping[str, int]], made: Mapping[str, int]) -> dict[str, Any]:
        """Of what fewer people declare a little: connectors, what is made of them, the workspace."""
        connectors = {kind: self._connectors(kind, there.get(kind, {})) for kind in KINDS[:3]}
        manifests = connectors.pop("low-code connector")
        kept = {name: (number + self._is(0.3)) % 3 for name, number in made.items() if MADE_OF[name] in manifests}
        if self._is(0.3):
            kept |= {name: 0 for name, of in MADE_OF.items() if of in manifests}
        told = self.has["workspace"] and self._is(0.3)
        workspace = (self.random.choice(["Default Workspace", "Analytics"]), self._is(0.5)) if told else None
        return {"images": connectors, "manifests": manifests, "made": kept, "workspace": workspace}

    def _connectors(self, kind: str, there: Mapping[str, int]) -> dict[str, int]:
        """A manifest that was published before may come again, as one more version."""
        found = {name: (number + self._is(0.5)) % 3 for name, number in there.items() if self._is(0.75)}
        if self.has[kind] and not found and self._is(0.3):
            names = MADE_OF.values() if kind == "low-code connector" else ("Reader", "Writer")
            found[self.random.choice(list(names))] = self.random.randrange(3)
        return found

    def chosen(self) -> dict[str, Any]:
        """What somebody chose in the UI, as the store has it: of the fields that this API shows."""
        shown = ["status", "schedule", "prefix", "destination_namespace", "non_breaking_changes"]
        attributes = shown if self.cell.api == "public" else self._attributes
        found: dict[str, Any] = {}
        for attribute in attributes:
            if self._is(0.4):
                found |= self.random.choice(CHOICES[attribute]).stored
        return found

    def chosen_streams(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """What somebody chose of these streams: of what this API shows and can write."""
        found: dict[str, dict[str, Any]] = {}
        for name in names if self.is_wide else ():
            config: dict[str, Any] = {}
            if self._has_columns and name in COLUMNS and self._is(0.4):
                config |= {
                    "fieldSelectionEnabled": True,
                    "selectedFields": [{"fieldPath": [c]} for c in COLUMNS[name]],
                }
            if self._has_mappers and name in COLUMNS and self._is(0.3):
                config["mappers"] = [hashing(name)]
            if self.cell.api == "config" and name in CURSORS and self._is(0.3):
                config["cursorField"] = [self.random.choice(CURSORS[name])]
            if self.cell.api == "config" and name in KEYS and self._is(0.3):
                config["primaryKey"] = [[self.random.choice(KEYS[name])]]
            found[name] = config
        return found

    def faults(self) -> list[dict[str, Any]]:
        return [rule for _ in range(self.random.randint(1, 3)) for rule in self._fault()]

    def ending(self) -> str:
        """How a run comes to its end: by itself, interrupted, killed, or beside another one of the same."""
        return self.random.choices(["whole", "interrupted", "killed", "two"], [60, 10, 15, 15])[0]

    def concurrency(self) -> int:
        return self.random.choice([1, 2, 10])

    def deletes(self) -> bool:
        return self._is(0.6)

    def _fault(self) -> Iterator[dict[str, Any]]:
        pick = self.random.choice
        if self._is(0.12):
            where = {
                "match": pick(["sources", "destinations", "connections", "tags", ""]),
                "times": pick([1, 2, 3, None]),
            }
            yield {**where, "action": pick(["pages-shuffled", "pages-repeat-skip"])}
            yield {**where, "action": "pages-capped", "size": pick([1, 2, 3])}
            return
        times, act = pick([1, 1, 1, 2, 3, None]), self._act()
        for where in self._places():
            yield {"times": times, **where, **act}

    def _routes(self) -> list[str]:
        """What the beginning of a path is, by kind."""
        if self.cell.api == "config":
            return [OWN_WORDS.get(kind, f"{kind}s") for kind in KINDS if self.has.get(kind, True)]
        return [
            f"{kind}s" for kind in ("source", "destination", "connection", "tag") if self.has.get(kind, True)
        ] + ["workspaces" for _ in range(2 * self.has["workspace"])]

    def _places(self) -> list[dict[str, Any]]:
        """Most often some write, whichever it is."""
        pick = self.random.choice
        routes = self._routes()
        kind, after = pick(routes), pick([0, 0, 1, 2, 3])
        if self._is(0.12):
            return [{"match": "", "after": self.random.randint(0, 30)}]
        if self.cell.api == "config":
            verb = pick(["(create|publish)", "(update|partial_update|create_manifest)", "delete", "list"])
            if self._is(0.55):
                kind, verb = f"({'|'.join(routes)})", "(create|publish|update|partial_update|delete)"
            return [{"match": f"^/api/v1/{kind}/{verb}", "after": after}]
        if self._is(0.12):
            return [{"match": kind, "method": "GET", "after": after}]
        whose = sorted(set(routes)) if self._is(0.5) else [kind]
        methods = WRITES if self._is(0.5) else [pick(WRITES)]
        return [{"match": name, "method": method, "after": pick([0, 0, 1])} for name in whose for method in methods]

    def _act(self) -> dict[str, Any]:
        pick = self.random.choice
        commit = self._is(0.5)
        return pick(
            [
                {"action": "status", "status": pick([400, 403, 409, 422, 429])},
                {"action": "status", "status": pick([500, 502, 503, 504]), "commit": commit},
                {"action": "status", "status": pick([500, 502, 503]), "commit": commit, "body": HTML},
                {"action": "status", "status": 200, "commit": commit, "body": pick([HTML, None])},
                {"action": "lost-after-commit"},
                {"action": "lost-before-late-commit", "seconds": pick([0.5, 10.0, 90.0])},
                {"action": "cut-body"},
            ]
        )

    def _actors(self, before: Mapping[str, Actor], of: Mapping[str, Any], names: str) -> dict[str, Actor]:
        found: dict[str, Actor] = {}
        for name, (connector, number) in before.items():
            chance = self.random.random()
            if chance < 0.5:
                found[name] = connector, number
            elif chance < 0.7:
                found[name] = connector, (number + 1) % 3
            elif chance < 0.85:
                found[name] = self._actor(of)
        new = [name for name in names if name not in before]
        if new and (not found or (len(found) < 2 and self._is(0.35))):
            found[self.random.choice(new)] = self._actor(of)
        return found or dict(before)

    def _tags(self, before: Mapping[str, int]) -> dict[str, int]:
        found = {name: (number + self._is(0.4)) % 3 for name, number in before.items() if self._is(0.75)}
        if self.has_tags and len(found) < 2 and self._is(0.4):
            found[self.random.choice([name for name in "pqr" if name not in found])] = self.random.randrange(3)
        return found

    def _actor(self, of: Mapping[str, Any]) -> Actor:
        return self.random.choice(list(of)), self.random.randrange(3)

    def _sync(
        self, sources: Mapping[str, Actor], destinations: Mapping[str, Actor], tags: Mapping[str, int]
    ) -> Sync:
        source = self.random.choice(list(sources))
        worn = tuple(self._some(sorted(tags), 0, 2)) if self.has_tags and self._is(0.6) else None
        return Sync(
            source=source,
            destination=self.random.choice(list(destinations)),
            streams=self._streams(sources[source]),
            fields={attribute: self._choice(attribute) for attribute in self._attributes if self._is(0.35)},
            tags=worn,
        )

    def _choice(self, attribute: str) -> int:
        sendable = [
            number
            for number, choice in enumerate(CHOICES[attribute])
            if choice.is_public or self.cell.api == "config"
        ]
        return self.random.choice(sendable)

    def _streams(self, source: Actor) -> dict[str, Stream]:
        drawn = {name: Stream(mode=self.random.choice(MODES)) for name in self._some(STREAMS[source[0]], 1, 2)}
        return {name: self._set(name, stream) for name, stream in drawn.items()} if self.is_wide else drawn

    def _set(self, name: str, stream: Stream) -> Stream:
        """*stream* with some of what can be declared of it; the Public API heeds a cursor of increments alone."""
        can_choose, is_read_in_parts = name in CURSORS, name in {"users", "products"} and self._is(0.3)
        cursor = self.random.choice(CURSORS[name]) if can_choose and self._is(0.5) else None
        if is_read_in_parts or (cursor and (self.cell.api == "public" or self._is(0.5))):
            stream = replace(stream, mode=AirbyteSyncMode.INCREMENTAL_APPEND)
        narrow = self._is(0.6) if self._has_columns and name in COLUMNS and self._is(0.4) else None
        has_key = self.cell.api == "config" and name in KEYS and self._is(0.5)
        return replace(
            stream,
            cursor=cursor,
            key=self.random.choice(KEYS[name]) if has_key else None,
            narrow=narrow,
            by_others=name in OTHERS and self._is(0.5),
            hashed=self._is(0.6) if self._has_mappers and name in COLUMNS and self._is(0.4) else None,
        )

    @property
    def _has_mappers(self) -> bool:
        return self.cell.version != "0.50"

    @property
    def _has_columns(self) -> bool:
        return self.cell.api == "config" or self.cell.version != "0.50"

    def _some(self, of: Any, least: int, most: int) -> list[str]:
        names = list(of)
        return sorted(self.random.sample(names, min(self.random.randint(least, most), len(names))))

    def _is(self, chance: float) -> bool:
        return self.random.random() < chance
