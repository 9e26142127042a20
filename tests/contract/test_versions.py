"""Every request the library can send, held against the descriptions of six versions of Airbyte."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, get_args

import anyio
import httpx
import jsonschema_rs
import pytest
from dagster_managed_elements.airbyte.gateways import ConnectionDraft
from dagster_managed_elements.airbyte.servers.server import NIL
from dagster_managed_elements.airbyte.servers.versions import UNNUMBERED, profile_of, read_release
from dagster_managed_elements.airbyte.wire import ConfiguredStream, Side, Stream, StreamConfig
from dagster_managed_elements.airbyte.workspaces import open_gateway
from dagster_managed_elements.api.client import ClientOptions, open_client
from dagster_managed_elements.engine.errors import ApiError, DeclarationError, Missing
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import Masked

from testing.contracts import Contract, require_contract
from testing.standins import ORGANIZATION, StandIn, identity

# The description, and what a server of it calls itself: 0.50 does not say.
VERSIONS = {"0.50": None, "1.5.0": "1.5.0", "1.6.0": "1.6.0", "1.8.0": "1.8.3", "2.0.0": "2.0.0", "head": "2.1.0"}
# Before 0.63: nothing is paged.
UNPAGED = frozenset(
    {f"{kind}s/list_paginated" for kind in ("source", "destination", "connection")}
    | {"workspaces/list_by_organization_id", "instance_configuration"}
)
# Lists by offset taken away, those that follow a cursor left.
CHAINED = frozenset({"sources/list_paginated", "destinations/list_paginated", "connections/list_paginated"})

SETTINGS = {
    "status": "inactive",
    "operationIds": [],
    "notifySchemaChanges": True,
    "notifySchemaChangesByEmail": True,
    "nonBreakingChangesPreference": "ignore",
    "backfillPreference": "disabled",
    "geography": "auto",
    "dataplaneGroupId": identity(5),
    "tags": [{"tagId": identity(6), "workspaceId": identity(0), "name": "t", "color": "ABCDEF"}],
}
CONFIG = StreamConfig(
    sync_mode="incremental",
    destination_sync_mode="append_dedup",
    cursor_field=["at"],
    primary_key=[["id"]],
    raw={"aliasName": "s", "suggested": False, "fieldSelectionEnabled": False},
)


async def no_pause(seconds: float) -> None:
    await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def gateway_to(server: StandIn, workspace: str | None = None):
    options = ClientOptions(
        timeout=30, in_flight=10, base_url="http://a.example", transport=httpx.MockTransport(server)
    )
    async with open_client(options, sleep=no_pause) as client:
        yield (await open_gateway(client, workspace))[0]


@pytest.fixture(params=VERSIONS)
def standin(request) -> StandIn:
    """Its connections have whatever this version shows of one."""
    contract = require_contract(request.param)
    shown = {
        name: value for name, value in SETTINGS.items() if name in contract.schemas["ConnectionRead"]["properties"]
    }
    return StandIn(contract, VERSIONS[request.param], only={"connections": shown})


async def do_everything(gateway: Any) -> None:
    for side in get_args(Side):
        (definition,) = await gateway.definitions(side)
        await gateway.specification(side, definition.id)
        await gateway.specification_of(side, identity(0))
        await gateway.actors(side)
        made = await gateway.create_actor(side, definition.id, "n", {"a": Secret.literal("hush")})
        await gateway.update_actor(side, made, "n", {"a": 1}, whole=False)
        await gateway.update_actor(side, made, "n", {"a": Masked()}, whole=True)
        await gateway.delete_actor(side, made)
    await gateway.discover(identity(0))
    await gateway.connections()
    draft = ConnectionDraft(
        name="c",
        source_id=identity(0),
        destination_id=identity(0),
        fields={"destination namespace": "${SOURCE_NAMESPACE}", "prefix": "p_"},
        streams=[ConfiguredStream(stream=Stream(name="s", raw={"name": "s"}), config=CONFIG)],
        catalog_id=identity(1),
        settings=(await gateway.connections())[0].settings,
    )
    made = await gateway.create_connection(draft)
    await gateway.update_connection(made, replace(draft, source_id=None, destination_id=None))
    await gateway.delete_connection(made)


def unknown_names(contract: Contract, path: str, asked: Any) -> list[str]:
    """What a request says that its description has no name for, at its top."""
    operation = next(iter(contract.paths[path.removeprefix("/api")].values()))
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return []
    whole = {**schema, "components": {"schemas": contract.schemas}, "unevaluatedProperties": False}
    return [f"{path}: {error.message}" for error in jsonschema_rs.Draft202012Validator(whole).iter_errors(asked)]


@pytest.mark.parametrize("workspace", [None, identity(0)])
async def test_every_request_and_answer_is_one_that_the_version_describes(standin, workspace):
    async with gateway_to(standin, workspace) as gateway:
        await do_everything(gateway)
    assert standin.violations == []
    for path, asked, status, _ in standin.exchanges:
        assert status < 300
        assert unknown_names(standin.contract, path, asked) == []
    assert len({path for path, *_ in standin.exchanges}) >= 21
    if workspace is None:
        asked = standin.asked("workspaces/list_by_organization_id")
        # The one that nearly every server has is asked for while the server says which it has.
        assert {each["organizationId"] for each in asked} == {NIL, ORGANIZATION}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_connection_may_have_by_the_table_the_description_has(version):
    release = read_release(VERSIONS[version])
    table = (profile_of(release) if release else UNNUMBERED).connection_fields
    assert table == set(require_contract(version).schemas["ConnectionCreate"]["properties"])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("count", [0, 1, 20, 21, 100, 101, 250])
async def test_lists_are_complete_in_every_version(version, count):
    standin = StandIn(require_contract(version), VERSIONS[version], count=count)
    async with gateway_to(standin) as gateway:
        assert {actor.id for actor in await gateway.actors("source")} == {identity(n) for n in range(count)}
        assert {connection.connection_id for connection in await gateway.connections()} == {
            identity(n) for n in range(count)
        }


@pytest.mark.parametrize(
    ("version", "absent"),
    [*((version, frozenset()) for version in VERSIONS), ("0.50", UNPAGED), ("1.6.0", UNPAGED)],
)
async def test_several_workspaces_of_which_none_is_named_are_listed_in_every_version(version, absent):
    standin = StandIn(require_contract(version), VERSIONS[version], absent, workspaces=2)
    listed = f"'workspace 0' \\({identity(0)}\\), 'workspace 1' \\({identity(1)}\\)"
    with pytest.raises(DeclarationError, match=f"has 2 workspaces; name one of them: {listed}"):
        async with gateway_to(standin):
            pytest.fail("it chose one")
    async with gateway_to(standin, "workspace 1") as gateway:
        assert gateway.workspace.workspace_id == identity(1)


@pytest.mark.parametrize("version", ["0.50", "1.5.0"])
async def test_an_airbyte_before_0_63_is_read_whole(version):
    standin = StandIn(require_contract(version), None, absent=UNPAGED, count=250)
    async with gateway_to(standin) as gateway:
        for _ in range(2):
            assert len(await gateway.actors("source")) == len(await gateway.connections()) == 250
    assert standin.violations == []
    assert len(standin.asked("sources/list_paginated")) == 1


@pytest.mark.parametrize("version", ["1.8.0", "2.0.0", "head"])
@pytest.mark.parametrize("count", [0, 20, 21, 100, 101, 250])
async def test_a_list_that_follows_a_cursor_is_never_taken_for_whole(version, count):
    standin = StandIn(require_contract(version), VERSIONS[version], absent=CHAINED, count=count)
    async with gateway_to(standin) as gateway:
        assert {actor.id for actor in await gateway.actors("source")} == {identity(n) for n in range(count)}
        assert len(await gateway.connections()) == count
    assert {each["pageSize"] for each in standin.asked("sources/list")} == {100}
    assert [text for text in standin.violations if "sources" in text] == []


@pytest.mark.parametrize("absent", [frozenset(), CHAINED, UNPAGED])
@pytest.mark.parametrize("version", ["0.50", "2.0.0"])
async def test_a_page_that_fails_once_costs_nothing(version, absent):
    paths = [f"{kind}s/{verb}" for kind in ("source", "connection") for verb in ("list", "list_paginated")]
    if version == "2.0.0":
        absent = absent & CHAINED
    standin = StandIn(require_contract(version), VERSIONS[version], absent, 250, failing=dict.fromkeys(paths, 1))
    async with gateway_to(standin) as gateway:
        assert len(await gateway.actors("source")) == len(await gateway.connections()) == 250


async def test_without_partial_updates_a_part_is_merged_into_the_whole():
    absent = UNPAGED | {"sources/partial_update"}
    configuration = {"a": {"b": 1, "password": "**********"}, "list": [1]}
    standin = StandIn(require_contract("0.50"), absent=absent, extra={"connectionConfiguration": configuration})
    async with gateway_to(standin) as gateway:
        for _ in range(2):
            await gateway.update_actor("source", identity(0), "n", {"a": {"b": 2}, "c": [3]}, whole=False)
    sent = standin.asked("sources/update")
    assert [each["connectionConfiguration"] for each in sent] == [
        {"a": {"b": 2, "password": "**********"}, "list": [1], "c": [3]}
    ] * 2
    assert len(standin.asked("sources/partial_update")) == 1


FUTURE = {
    "status": "hibernating",
    "namespaceDefinition": "by-the-moon",
    "scheduleType": "whenever",
    "supportState": {"now": "an object"},
    "releaseStage": "omega",
    "unheardOf": [{"of": 1}],
}


async def test_a_future_version_with_unknown_values_and_fields_works():
    standin = StandIn(require_contract("head"), "9.9.0", extra=FUTURE, count=21)
    async with gateway_to(standin) as gateway:
        await do_everything(gateway)
        assert len(await gateway.actors("source")) == len(await gateway.connections()) == 21


@pytest.mark.parametrize(
    ("absent", "call", "lacks"),
    [
        (CHAINED | {"sources/list"}, lambda gateway: gateway.actors("source"), "sources/list_paginated"),
        (CHAINED | {"connections/list"}, lambda gateway: gateway.connections(), "connections/list_paginated"),
        (
            frozenset({"source_definitions/list_for_workspace"}),
            lambda gateway: gateway.definitions("source"),
            "source_definitions/list_for_workspace",
        ),
    ],
)
async def test_what_a_future_version_lacks_is_said_in_one_line(absent, call, lacks):
    standin = StandIn(require_contract("head"), "9.9.0", absent=absent)
    async with gateway_to(standin) as gateway:
        for _ in range(2):
            with pytest.raises(Missing) as caught:
                await call(gateway)
            assert str(caught.value) == (
                f"Airbyte 9.9.0 at http://a.example has no {lacks} (404), which this version of "
                "dagster-managed-elements needs."
            )


async def test_a_future_version_without_a_list_of_workspaces_is_told_at_once():
    standin = StandIn(require_contract("head"), "9.9.0", absent=frozenset({"workspaces/list_by_organization_id"}))
    with pytest.raises(ApiError, match=r"^Airbyte 9\.9\.0 at .* has no workspaces/list_by_organization_id"):
        async with gateway_to(standin):
            pytest.fail("it was let in")
