"""A local Airbyte in this process that has the connectors of the whole registry, asked with or without a socket.

What a request goes through is real on both sides, from the library's kinds to the server's store; without a socket
only the network between them is a call.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import httpx
from airbyte_local.connectors.definitions import TYPES, ActorDefinition
from airbyte_local.connectors.imitated import Imitated
from airbyte_local.handlers.actors import ActorHandlers
from airbyte_local.http.answers import Request
from airbyte_local.http.auth import choose_auth
from airbyte_local.http.faults import Faults
from airbyte_local.http.request_log import RequestLog
from airbyte_local.jobs.world import Call, World, deployment_of, open_world
from airbyte_local.model import configurations
from airbyte_local.model.errors import NotFound
from airbyte_local.model.vocabulary import DESTINATION, SOURCE, Vocabulary
from airbyte_local.serving.front import answered
from airbyte_local.serving.lifecycle import Life, listen
from airbyte_local.serving.lifecycle import Server as ServingServer
from dagster_managed_elements.airbyte import AirbyteDestination, AirbyteInstance, AirbyteSource, refusals
from dagster_managed_elements.airbyte.kinds import kinds_of
from dagster_managed_elements.airbyte.specs.given import freeze
from dagster_managed_elements.airbyte.workspaces import open_gateway
from dagster_managed_elements.api.client import ClientOptions, open_client
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.kinds import Instance, Session, Settings

from testing.corpus import Connector

WORDS: Mapping[str, Vocabulary] = {"source": SOURCE, "destination": DESTINATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A way in which connectors may be met: which of Airbyte's APIs, and what that one, or the user, tells of them.

    *is_given*: the user gives their specifications (`specs=`). *is_known*: they are those of the table that the
    library brings, not of somebody's own. *merges*: the server can change a part of a configuration.
    """

    name: str
    public: bool = False
    is_given: bool = False
    is_known: bool = True
    merges: bool = True

    @property
    def tells_defaults(self) -> bool:
        return self.is_given or not self.public


SERVERS = (
    Server(name="Config API"),
    Server(name="Config API, whole updates only", merges=False),
    Server(name="Public API with specs=", public=True, is_given=True),
    Server(name="Public API", public=True),
    Server(name="Public API, not in the table", public=True, is_known=False),
)
_WHOLE_ONLY = ("instance_configuration", "sources/partial_update", "destinations/partial_update")


class _Directory:
    """The connectors of one kind, as `airbyte_local.connectors.definitions.Directory` has them."""

    def __init__(self, kind: str, definitions: Mapping[str, ActorDefinition]) -> None:
        self._kind, self._definitions = kind, definitions

    def all(self) -> list[ActorDefinition]:
        return list(self._definitions.values())

    def get(self, definition_id: str) -> ActorDefinition:
        if definition_id not in self._definitions:
            raise NotFound(type=TYPES[self._kind], id=definition_id)
        return self._definitions[definition_id]


@dataclass(frozen=True, kw_only=True)
class _World(World):
    directories: Mapping[str, _Directory] = field(default_factory=dict)

    def definitions(self, session: Any, kind: Any) -> Any:
        del session
        return self.directories[kind]


@dataclass(frozen=True, eq=False)
class Registry(Instance):
    """The server with its connectors, and the way to it that a `Reconciler` takes. *sent* are the bodies of its
    writes, in order. With *refuses* it refuses every write, and says again what it was sent.
    *url* is where it is served, if it is.
    """

    server: Server
    world: _World
    specs: Mapping[str, Any]
    ids: Mapping[Connector, str]
    sent: list[tuple[str, Any]] = field(default_factory=list)
    refuses: bool = False
    url: str = ""

    def element(self, connector: Connector, name: str, configuration: Any) -> Element:
        of = AirbyteSource if connector.kind == "source" else AirbyteDestination
        return of(name, self.ids[connector], configuration)

    def hold(self, rows: Iterable[tuple[Connector, str, Any]]) -> None:
        """Have the server hold sources and destinations: connector, name, configuration with its secrets."""
        with self.world.store.transaction() as session:
            workspace = session.workspaces.all()[0].id
            for connector, name, configuration in rows:
                words = WORDS[connector.kind]
                body = {"workspaceId": workspace, "name": name, words.definition_id: self.ids[connector]}
                call = Call(
                    world=self.world, session=session, body={**body, "connectionConfiguration": configuration}
                )
                ActorHandlers(words=words).create(call)

    def held(self) -> dict[str, Any]:
        """What a connector would get, by the name of each source and destination: secrets and all."""
        with self.world.store.transaction() as session:
            workspace = session.workspaces.all()[0].id
            actors = [actor for kind in WORDS for actor in session.actors.of_workspaces(kind, [workspace])]
            return {
                actor.name: configurations.hydrate(actor.configuration, session.actors.secret) for actor in actors
            }

    def bodies(self) -> Iterator[tuple[str, Any]]:
        """What was last sent of each source and destination, by its name."""
        for _, body in self.sent:
            if "name" in body:
                yield body["name"], body.get("connectionConfiguration", body.get("configuration"))

    @asynccontextmanager
    async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
        if self.url and not self.refuses:
            instance = AirbyteInstance(
                url=self.url, api="public" if self.server.public else "config", specs=self.specs
            )
            async with instance.connect(settings) as session:
                yield session
            return
        options = ClientOptions(
            base_url="http://registry",
            timeout=settings.timeout,
            in_flight=settings.concurrency,
            service="Airbyte",
            read_error=refusals.sentence,
            transport=_Called(self),
        )
        roots = (self.world.profile.public_prefix.rstrip("/"),) if self.server.public else ()
        async with open_client(options) as client:
            gateway, _ = await open_gateway(client, public_roots=roots, specs=freeze(self.specs))
            yield Session(place="registry", kinds=kinds_of(gateway), host="registry")


@dataclass(frozen=True)
class _Called(httpx.AsyncBaseTransport):
    """Requests answered by a call."""

    registry: Registry

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        asked = Request(
            method=request.method,
            path=request.url.path,
            query=request.url.query.decode(),
            headers=dict(request.headers),
            content=content,
        )
        if _writes(asked):
            self.registry.sent.append((f"{asked.method} {asked.path}", json.loads(content or b"null")))
            if self.registry.refuses:
                return httpx.Response(
                    422, json={"message": f"Errors: {content.decode()}", "detail": content.decode()}
                )
        answer = answered(self.registry.world, asked)
        return httpx.Response(answer.status, content=answer.content, headers=dict(answer.headers))


def _writes(asked: Request) -> bool:
    if asked.path.startswith("/api/public/"):
        return asked.method != "GET"
    return asked.path.endswith(("/create", "/update", "/partial_update", "/delete"))


@contextmanager
def registry(
    folder: Path, server: Server, connectors: Iterable[Connector], *, served: bool = False
) -> Iterator[Registry]:
    """A *server* with these *connectors*, its state in *folder*; at an address, where it is to be *served*."""
    listed = tuple(connectors)
    ids = {one: one.id if server.is_known else str(uuid.uuid5(uuid.NAMESPACE_OID, one.id)) for one in listed}
    deployment = deployment_of("2.0", "none", () if server.merges else _WHOLE_ONLY)
    opened = open_world(folder, deployment, url="http://registry")
    definitions = {
        kind: {
            ids[one]: ActorDefinition(
                kind=one.kind,
                id=ids[one],
                name=one.name,
                repository=one.repository if server.is_known else one.repository.replace("airbyte/", "ours/"),
                tag=one.tag,
                stand_in=Imitated(specification=one.spec),
                workshop=opened.workshop,
            )
            for one in listed
            if one.kind == kind
        }
        for kind in WORDS
    }
    world = _World(
        **{named.name: getattr(opened, named.name) for named in fields(World)},
        directories={kind: _Directory(kind, of) for kind, of in definitions.items()},
    )
    specs = {ids[one]: one.spec for one in listed} if server.is_given else {}
    try:
        with _served(world) if served else nullcontext("") as url:
            yield Registry(server, world, specs, ids, url=url)
    finally:
        world.workers.stop()
        world.workshop.close()
        world.store.close()


@contextmanager
def _served(world: World) -> Iterator[str]:
    """Its address."""
    listener = listen("127.0.0.1", 0)
    life = Life(
        world,
        faults=Faults(),
        log=RequestLog(bodies=False),
        auth=choose_auth(world.deployment),
        die=lambda: None,
    )
    serving = ServingServer(life.config())
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    serving.up.wait()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        serving.end(first=lambda: None)
        thread.join()
