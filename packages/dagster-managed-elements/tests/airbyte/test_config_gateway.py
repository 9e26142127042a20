import json
import os
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import anyio
import httpx
import jsonschema_rs
import pytest
from dagster_managed_elements.airbyte.config_api.gateway import ConfigGateway
from dagster_managed_elements.airbyte.gateways import ConnectionDraft
from dagster_managed_elements.airbyte.wire import Workspace
from dagster_managed_elements.airbyte.workspaces import open_gateway
from dagster_managed_elements.api.client import ClientOptions, open_client
from dagster_managed_elements.api.requests import Basic
from dagster_managed_elements.engine.errors import (
    ApiError,
    DeclarationError,
    Invalid,
    Lost,
    ServerFault,
    Unauthorized,
    Unclear,
)
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import SECRET_MASK, Masked

FAKER = "dfd88b22-b603-4c3d-aad7-3701784586b1"
POSTGRES = "decd338e-5647-4c0b-adf4-da0e75f5a750"
LOCAL_JSON = "a625d593-bba5-4a1c-a53d-2d246268a816"
CONTRACT = Path(__file__).parents[4].parent / "shared" / "contracts" / "airbyte" / "2.0.0.json"


class Hurry:
    async def __call__(self, seconds):
        await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def gateway_to(server, **options):
    chosen = ClientOptions(
        **{
            "timeout": 30,
            "in_flight": 10,
            "base_url": server.url,
            "trust_env": False,
            "service": "Airbyte",
            **options,
        }
    )
    async with open_client(chosen, sleep=Hurry()) as client:
        yield (await open_gateway(client))[0]


@pytest.fixture
async def gateway(airbyte_local):
    async with gateway_to(airbyte_local) as opened:
        yield opened


def asked(server, path):
    return [request for request in server.requests if request.path == f"/api/v1/{path}"]


@pytest.mark.parametrize("side", ["source", "destination"])
async def test_connectors_and_specifications_are_asked_once(airbyte_local, gateway, side):
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(gateway.definitions, side)
    definition = (await gateway.definitions(side))[0]
    assert definition.docker_repository.startswith(f"airbyte/{side}-")
    for _ in range(2):
        specification = await gateway.specification(side, definition.id)
    assert specification.connection_specification["properties"]
    assert bool(specification.supported_destination_sync_modes) is (side == "destination")
    assert len(asked(airbyte_local, f"{side}_definitions/list_for_workspace")) == 1
    assert len(asked(airbyte_local, f"{side}_definition_specifications/get")) == 1


@pytest.mark.parametrize("side", ["source", "destination"])
async def test_the_specification_of_an_object_is_that_of_its_version(airbyte_local, gateway, side):
    (actor,) = airbyte_local.seed(**{f"{side}s": [{"name": "a"}]})[f"{side}s"]
    (found,) = await gateway.actors(side)
    assert await gateway.specification_of(side, actor) == await gateway.specification(side, found.definition_id)


async def test_250_sources_are_read_in_few_full_pages(airbyte_local, gateway):
    ids = airbyte_local.seed(sources=[{"name": "s{n}", "count": 250}])["sources"]
    assert sorted(actor.id for actor in await gateway.actors("source")) == sorted(ids)
    pages = asked(airbyte_local, "sources/list_paginated")
    assert len(pages) <= 4
    assert {page.request["pagination"]["pageSize"] for page in pages} == {100}


@pytest.mark.parametrize("action", ["pages-shuffled", "pages-repeat-skip"])
async def test_pages_that_repeat_and_skip_lose_nothing(airbyte_local, gateway, action):
    ids = airbyte_local.seed(sources=[{"name": "s{n}", "count": 120}])["sources"]
    airbyte_local.fault("sources/list_paginated", action, times=6)
    assert sorted(actor.id for actor in await gateway.actors("source")) == sorted(ids)


async def test_a_deleted_connection_is_not_listed(airbyte_local, gateway):
    ids = airbyte_local.seed(
        sources=[{"name": "s"}],
        destinations=[{"name": "d"}],
        connections=[{"name": "c{n}", "source": "s", "destination": "d", "count": 2}],
    )["connections"]
    await gateway.delete_connection(ids[0])
    (left,) = await gateway.connections()
    assert (left.connection_id, left.name) == (ids[1], "c1")
    assert left.sync_catalog.streams[0].stream.name == "users"


def deprecated(request):
    row = {"connectionId": "1", "name": "n", "sourceId": "s", "destinationId": "d", "status": "deprecated"}
    first = json.loads(request.content)["pagination"]["rowOffset"] == 0
    return httpx.Response(200, json={"connections": [row] if first else []})


async def test_a_deprecated_connection_that_is_listed_after_all_is_dropped():
    options = ClientOptions(
        timeout=30, in_flight=10, base_url="http://a.example", transport=httpx.MockTransport(deprecated)
    )
    async with open_client(options) as client:
        gateway = ConfigGateway(client, Workspace(workspace_id="w", name="W"))
        assert list(await gateway.connections()) == []


async def test_a_source_lives_its_life(airbyte_local, gateway):
    secret = {"host": "h", "port": 5432, "database": "d", "username": "u", "password": Secret.literal("hush")}
    identity = await gateway.create_actor("source", POSTGRES, "pg", secret)
    (actor,) = await gateway.actors("source")
    assert (actor.id, actor.name, actor.configuration["password"]) == (identity, "pg", SECRET_MASK)
    assert airbyte_local.stored("source", identity)["password"] == "hush"

    await gateway.update_actor("source", identity, "pg2", {"host": "h2"}, whole=False)
    assert airbyte_local.stored("source", identity)["host"] == "h2"
    assert airbyte_local.stored("source", identity)["password"] == "hush"

    whole = {"host": "h3", "port": 5432, "database": "d", "username": "u", "password": Masked()}
    await gateway.update_actor("source", identity, "pg3", whole, whole=True)
    assert airbyte_local.stored("source", identity) == {**whole, "password": "hush"}

    await gateway.delete_actor("source", identity)
    await gateway.delete_actor("source", identity)
    assert list(await gateway.actors("source")) == []


async def test_deleting_what_is_not_there_is_success(gateway):
    nobody = "11111111-2222-3333-4444-555555555555"
    await gateway.delete_actor("source", nobody)
    await gateway.delete_actor("destination", nobody)
    await gateway.delete_connection(nobody)


async def test_a_mask_is_never_stored_as_a_secret(airbyte_local, gateway):
    (identity,) = airbyte_local.seed(sources=[{"name": "s"}])["sources"]
    for held in (Masked(), SECRET_MASK, Secret.literal(SECRET_MASK)):
        with pytest.raises(DeclarationError, match="ten asterisks"):
            await gateway.create_actor("source", POSTGRES, "pg", {"password": held})
        with pytest.raises(DeclarationError, match="ten asterisks"):
            await gateway.update_actor("source", identity, "pg", {"password": held}, whole=False)
    assert asked(airbyte_local, "sources/create") == asked(airbyte_local, "sources/partial_update") == []


async def test_a_secret_the_server_echoes_is_not_repeated(airbyte_local, gateway):
    airbyte_local.fault("sources/create", "status", status=422, body={"message": 'bad: {"password":"h\\"ush"}'})
    with pytest.raises(Invalid) as caught:
        await gateway.create_actor("source", POSTGRES, "pg", {"password": Secret.literal('h"ush')})
    assert "ush" not in f"{caught.value} {caught.value.body}"


@pytest.mark.parametrize("action", ["lost-after-commit", "cut-body"])
async def test_a_create_whose_answer_is_lost_is_sent_once(airbyte_local, gateway, action):
    airbyte_local.fault("sources/create", action, times=1)
    with pytest.raises(Lost):
        await gateway.create_actor("source", FAKER, "once", {})
    assert [actor.name for actor in await gateway.actors("source")] == ["once"]
    assert len(asked(airbyte_local, "sources/create")) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_reads_and_updates_are_repeated(airbyte_local, gateway, status):
    (identity,) = airbyte_local.seed(sources=[{"name": "s"}])["sources"]
    airbyte_local.fault("sources/", "status", status=status, times=1)
    assert len(await gateway.actors("source")) == 1
    airbyte_local.fault("sources/", "status", status=status, times=1)
    with nullcontext() if status == 429 else pytest.raises(Unclear, match="the next attempt was answered"):
        await gateway.update_actor("source", identity, "t", {}, whole=False)
    assert [actor.name for actor in await gateway.actors("source")] == ["t"]


async def test_a_connection_lives_its_life(airbyte_local, gateway):
    seeded = airbyte_local.seed(sources=[{"name": "s"}], destinations=[{"name": "d"}])
    source, destination = seeded["sources"][0], seeded["destinations"][0]
    catalog = await gateway.discover(source)
    users = next(row for row in catalog.streams if row.stream.name == "users")
    draft = ConnectionDraft(
        name="c",
        source_id=source,
        destination_id=destination,
        catalog_id=catalog.catalog_id,
        streams=[users],
    )
    identity = await gateway.create_connection(draft)
    await gateway.update_connection(identity, ConnectionDraft(name="renamed"))
    (connection,) = await gateway.connections()
    assert (connection.connection_id, connection.name) == (identity, "renamed")
    assert [row.stream.name for row in connection.sync_catalog.streams] == ["users"]
    await gateway.delete_connection(identity)
    assert list(await gateway.connections()) == []
    assert [request.path for request in airbyte_local.requests if "web_backend" in request.path] == []


async def test_a_source_is_discovered_once_until_it_changes(airbyte_local, gateway):
    (identity,) = airbyte_local.seed(sources=[{"name": "s"}])["sources"]
    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(gateway.discover, identity)
    (only,) = asked(airbyte_local, "sources/discover_schema")
    assert only.request == {"sourceId": identity, "disable_cache": False}
    await gateway.update_actor("source", identity, "s", {}, whole=False)
    await gateway.discover(identity)
    assert len(asked(airbyte_local, "sources/discover_schema")) == 2


async def test_a_connector_that_cannot_discover_is_heard_once(airbyte_local, gateway):
    failed = {"jobInfo": {"succeeded": False, "failureReason": {"externalMessage": "no\nsuch file"}}}
    airbyte_local.fault("sources/discover_schema", "status", status=200, body=failed)
    (identity,) = airbyte_local.seed(sources=[{"name": "s"}])["sources"]
    for _ in range(2):
        with pytest.raises(ApiError) as caught:
            await gateway.discover(identity)
        message = f"Airbyte could not discover the streams of source {identity}: no such file"
        assert str(caught.value) == message
    assert len(asked(airbyte_local, "sources/discover_schema")) == 1


async def test_a_connector_that_repeats_a_secret_is_not_quoted_with_it(airbyte_local, gateway):
    failed = {"jobInfo": {"succeeded": False, "failureReason": {"externalMessage": "bad login u:hush@h"}}}
    airbyte_local.fault("sources/discover_schema", "status", status=200, body=failed)
    configuration = {
        "host": "h",
        "port": 5432,
        "database": "d",
        "username": "u",
        "password": Secret.literal("hush"),
    }
    identity = await gateway.create_actor("source", POSTGRES, "pg", configuration)
    with pytest.raises(ApiError, match=r"bad login u:\*{10}@h$"):
        await gateway.discover(identity)


async def test_wrong_credentials_are_named(tmp_path):
    from airbyte_local import server

    with server(tmp_path, auth="basic", username="u", password="right") as guarded:
        async with gateway_to(guarded, credentials=Basic("u", "right")) as gateway:
            assert list(await gateway.actors("source")) == []
        with pytest.raises(Unauthorized, match=r"refused these credentials \(401\)"):
            async with gateway_to(guarded, credentials=Basic("u", "wrong")):
                pytest.fail("it was let in")


async def test_a_page_from_a_proxy_is_named(airbyte_local, gateway):
    airbyte_local.fault("sources/", "status", status=200, body="<!doctype html><title>Sign in</title>")
    with pytest.raises(ServerFault, match="HTML page; is the URL right"):
        await gateway.actors("source")


async def test_an_answer_of_the_wrong_shape_is_named(airbyte_local, gateway):
    airbyte_local.fault("sources/", "status", status=200, body={"sources": "n"})
    with pytest.raises(ServerFault, match=r"list_paginated: the answer is not what Airbyte promises"):
        await gateway.actors("source")


async def test_a_server_that_dies_is_unreachable(airbyte_local, gateway):
    airbyte_local.kill()
    with pytest.raises(ApiError, match=r"Cannot reach http://127\.0\.0\.1:\d+: .*Is Airbyte running there\?"):
        await gateway.actors("source")


@pytest.fixture(scope="session")
def contract():
    if CONTRACT.exists():
        return json.loads(CONTRACT.read_text(encoding="utf-8"))
    if os.environ.get("CI") == "true":
        pytest.fail(f"the contract of Airbyte 2.0 is missing: {CONTRACT}")
    pytest.skip(f"the contract of Airbyte 2.0 is not at hand: {CONTRACT}")


def violations(contract, exchange):
    """What of a request Airbyte's description of its API does not allow, names it does not know included."""
    operation = contract["paths"][exchange.path.removeprefix("/api")][exchange.method.lower()]
    body = operation.get("requestBody")
    if body is None:
        return []
    (schema,) = (content["schema"] for content in body["content"].values())
    whole = {**schema, "components": contract["components"], "unevaluatedProperties": False}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"{exchange.path}: {error.message}" for error in validator.iter_errors(exchange.request)]


async def test_every_request_is_one_that_airbyte_describes(airbyte_local, gateway, contract):
    seeded = airbyte_local.seed(sources=[{"name": "s"}], destinations=[{"name": "d"}])
    for side in ("source", "destination"):
        definition = LOCAL_JSON if side == "destination" else FAKER
        configuration = {"destination_path": "/local/x"} if side == "destination" else {}
        await gateway.definitions(side)
        await gateway.specification(side, definition)
        await gateway.specification_of(side, seeded[f"{side}s"][0])
        identity = await gateway.create_actor(side, definition, "n", configuration)
        await gateway.update_actor(side, identity, "m", configuration, whole=True)
        await gateway.update_actor(side, identity, "o", {}, whole=False)
        await gateway.actors(side)
        await gateway.delete_actor(side, identity)
    await gateway.discover(seeded["sources"][0])
    source, destination = seeded["sources"][0], seeded["destinations"][0]
    draft = ConnectionDraft(name="c", source_id=source, destination_id=destination)
    connection = await gateway.create_connection(draft)
    await gateway.update_connection(connection, ConnectionDraft(name="d"))
    await gateway.connections()
    await gateway.delete_connection(connection)
    assert [violation for exchange in airbyte_local.requests for violation in violations(contract, exchange)] == []
    assert len({exchange.path for exchange in airbyte_local.requests}) == 23
