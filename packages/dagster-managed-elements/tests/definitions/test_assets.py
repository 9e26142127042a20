"""What assets are made of a declaration: their keys, names, groups and metadata, with nobody asked."""

from __future__ import annotations

import inspect
import re
import sys
from contextlib import asynccontextmanager
from importlib.util import module_from_spec, spec_from_file_location
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.definitions.utils import DISALLOWED_NAMES
from dagster_managed_elements import DeclarationError, EnvVar, Unauthorized, Unreachable
from dagster_managed_elements.airbyte import (
    EXCLUDED,
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteResource,
    AirbyteSource,
    AirbyteSyncMode,
    airbyte_resource,
    build_connection_assets,
    load_assets_from_connections,
)
from dagster_managed_elements.airbyte.assets import following_of
from dagster_managed_elements.definitions import Job, StreamProps, SyncedConnection, SyncTranslator
from dagster_managed_elements.definitions.assets import Building, build_assets
from dagster_managed_elements.definitions.following import Following
from dagster_managed_elements.definitions.translating import output_name

FULL = AirbyteSyncMode.full_refresh_overwrite()
NOWHERE = AirbyteInstance(url="http://127.0.0.1:9")
SHOP = AirbyteSource("shop", "Postgres", {"host": "db", "password": EnvVar("NOT_SET")})
LAKE = AirbyteDestination("lake", "airbyte/destination-snowflake", {"database": "RAW", "schema": "PUBLIC"})


def connection(name="shop to lake", streams=("orders",), **more) -> AirbyteConnection:
    config = streams if isinstance(streams, dict) else dict.fromkeys(streams, FULL)
    return AirbyteConnection(name, SHOP, LAKE, config, **more)


def specs(*connections, **more) -> dict[str, dg.AssetSpec]:
    found = build_connection_assets(NOWHERE, connections, **more)
    return {spec.key.to_user_string(): spec for definition in found for spec in definition.specs}


def test_assets_are_built_where_dagster_has_no_longer_what_several_at_once_stand_on(monkeypatch):
    monkeypatch.setitem(sys.modules, "dagster_managed_elements.definitions.loaded_assets", None)
    spec = spec_from_file_location("assets_anew", inspect.getfile(build_connection_assets))
    anew = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "assets_anew", anew)
    spec.loader.exec_module(anew)
    assert len(anew.build_connection_assets(NOWHERE, [connection()])) == 1


def test_each_connection_is_a_multi_asset_with_an_asset_a_stream():
    built = build_connection_assets(NOWHERE, [connection(streams=["orders", "people"]), connection("b", ["c"])])
    assert [sorted(key.path for key in definition.keys) for definition in built] == [
        [["orders"], ["people"]],
        [["c"]],
    ]
    assert all(definition.can_subset for definition in built)
    assert [re.sub("[0-9a-f]{8}$", "*", definition.op.name) for definition in built] == [
        "airbyte_sync_shop_to_lake_*",
        "airbyte_sync_b_*",
    ]


class Behind(SyncTranslator):
    def __init__(self, first: str) -> None:
        self.first = first

    def get_asset_spec(self, props):
        return super().get_asset_spec(props).replace_attributes(key=[self.first, props.stream_name])


@pytest.mark.parametrize(
    "built",
    [
        lambda place: build_connection_assets(NOWHERE, [connection(prefix=place)]),
        lambda place: build_connection_assets(NOWHERE, [connection(streams=[place])]),
        lambda place: build_connection_assets(NOWHERE, [connection()], translator=Behind(place)),
        lambda place: build_connection_assets(NOWHERE, [connection()], key_prefix=place),
        lambda place: [
            load_assets_from_connections(
                NOWHERE, [connection()], connection_to_asset_key_fn=lambda _told, table: dg.AssetKey([place, table])
            )
        ],
    ],
    ids=["prefix", "streams", "translator", "key_prefix", "function"],
)
def test_connections_of_one_name_at_two_instances_stand_in_one_code_location(built):
    defs = dg.Definitions(assets=[*built("eu"), *built("us")])
    dg.Definitions.validate_loadable(defs)
    assert len(list(defs.resolve_asset_graph().get_all_asset_keys())) == 2


def test_an_op_keeps_its_name_where_a_stream_joins():
    names = {
        build_connection_assets(NOWHERE, [connection(streams=streams)])[0].op.name
        for streams in (["orders"], ["orders", "people"], ["people", "orders"])
    }
    assert len(names) == 1


def test_a_reconciler_gives_its_own_connections():
    reconciler = AirbyteManagedElementReconciler(NOWHERE, [connection(prefix="raw_")])
    (definition,) = build_connection_assets(reconciler)
    assert definition.keys == {dg.AssetKey(["raw_orders"])}


def test_the_spec_tells_what_the_declaration_does():
    told = connection(
        prefix="raw_",
        tags=["nightly"],
        destination_namespace="${SOURCE_NAMESPACE}_raw",
        streams={("eu", "orders"): AirbyteSyncMode.incremental_append("at")},
    )
    (spec,) = specs(told, owners=["team:data"], tags={"tier": "1"}, deps=["upstream"]).values()
    assert spec.key == dg.AssetKey(["raw_orders"])
    assert spec.description == ("The stream orders of shop, which the connection shop to lake syncs to lake.")
    assert spec.group_name == "shop_to_lake"
    assert spec.kinds == {"airbyte", "snowflake"}
    assert spec.owners == ["team:data"]
    assert (spec.tags["nightly"], spec.tags["tier"]) == ("", "1")
    assert [dep.asset_key for dep in spec.deps] == [dg.AssetKey("upstream")]
    assert spec.metadata == {
        "dagster/table_name": "RAW.eu_raw.raw_orders",
        "dagster/storage_kind": "snowflake",
        "airbyte/connection_name": "shop to lake",
        "airbyte/stream_name": "orders",
        "airbyte/stream_namespace": "eu",
        "airbyte/stream_prefix": "raw_",
        "airbyte/sync_mode": "INCREMENTAL_APPEND",
    }


@pytest.mark.parametrize(
    ("connector", "kinds"),
    [
        ("x" * 80, {"airbyte", "x" * 63}),
        (f"{'x' * 62}_acme warehouse", {"airbyte", "x" * 62}),
        ("注文", {"airbyte"}),
    ],
)
def test_a_connector_of_any_name_is_a_kind_that_dagster_takes(connector, kinds):
    lake = AirbyteDestination("lake", connector, {})
    (spec,) = specs(AirbyteConnection("c", SHOP, lake, {"orders": FULL})).values()
    assert spec.kinds == kinds


@pytest.mark.parametrize(
    ("namespace", "stream", "table"),
    [
        (AirbyteDestinationNamespace.DESTINATION_DEFAULT, "orders", "RAW.PUBLIC.orders"),
        (AirbyteDestinationNamespace.SAME_AS_SOURCE, ("eu", "orders"), "RAW.eu.orders"),
        (AirbyteDestinationNamespace.SAME_AS_SOURCE, ("", "orders"), "RAW.PUBLIC.orders"),
        (AirbyteDestinationNamespace.SAME_AS_SOURCE, "orders", None),
        ("fixed", ("eu", "orders"), "RAW.fixed.orders"),
    ],
)
def test_the_table_is_where_the_namespace_says(namespace, stream, table):
    (spec,) = specs(connection(streams=[stream], destination_namespace=namespace)).values()
    assert spec.metadata.get("dagster/table_name") == table


def test_a_stream_given_by_its_name_alone_has_a_namespace_that_nobody_told():
    same = AirbyteDestinationNamespace.SAME_AS_SOURCE
    told = specs(
        connection(streams={"*": FULL}, destination_namespace=same), streams={"shop to lake": ["a", ("", "b")]}
    )
    assert [spec.metadata.get("dagster/table_name") for spec in told.values()] == [None, "RAW.PUBLIC.b"]


def test_streams_of_one_name_stand_behind_their_namespaces():
    assert set(specs(connection(streams=[("eu", "orders"), ("us", "orders"), "people"]))) == {
        "eu/orders",
        "us/orders",
        "people",
    }


def test_names_that_dagster_refuses_get_outputs_that_nothing_else_has():
    names = ["a b", "a-b", "a/b", "a_b", "注文", "Ünï", "", "1", "config", "a.b", *sorted(DISALLOWED_NAMES)]
    (definition,) = build_connection_assets(NOWHERE, [connection(streams=names)])
    assert {key.path[0] for key in definition.keys} == set(names)
    outputs = [name for name, _ in definition.keys_by_output_name.items()]
    assert len(set(outputs)) == len(set(names))
    dg.Definitions(assets=[definition]).get_repository_def()


def test_names_that_are_alike_once_cleaned_are_told_apart():
    of = {"integration": "airbyte", "connection_name": "c", "source_name": "s", "destination_name": "d"}
    named = [output_name(StreamProps(stream_name=name, **of)) for name in ("a_b", "a b", "a-b", "type")]
    assert named[0] == "a_b"
    assert len(set(named)) == 4
    assert all(re.fullmatch("[A-Za-z0-9_]+", name) for name in named)


def test_what_is_upstream_may_have_any_name():
    (definition,) = build_connection_assets(
        NOWHERE, [connection()], deps=["crm/orders", ["a", "b"], ["a_b"], "注文"]
    )
    graph = dg.Definitions(assets=[definition]).resolve_asset_graph()
    parents = graph.get(dg.AssetKey("orders")).parent_keys
    assert parents == {dg.AssetKey(path) for path in (["crm/orders"], ["a", "b"], ["a_b"], ["注文"])}


def test_two_streams_of_one_asset_are_refused_with_what_to_do():
    with pytest.raises(DeclarationError, match=r"orders of the connection 'a' and orders of .*'b'.*key_prefix"):
        specs(connection("a"), connection("b"))
    with pytest.raises(DeclarationError, match="would be one asset"):
        specs(connection("a"), connection("a"))
    assert set(specs(connection("a"), connection("b", prefix="b_"))) == {"orders", "b_orders"}


@pytest.mark.parametrize("streams", [{"*": FULL}, {"raw_*": FULL, "raw_x": EXCLUDED}])
def test_a_pattern_says_what_it_needs(streams):
    with pytest.raises(DeclarationError, match=r"streams=\{'shop to lake': \[\.\.\.\]\}.*dagster-me snapshot"):
        specs(connection(streams=streams))


def test_patterns_come_to_the_streams_that_are_given():
    told = connection(streams={"raw_*": FULL, "raw_secret": EXCLUDED, "people": FULL})
    given = {"shop to lake": ["raw_a", ("eu", "raw_b"), "raw_secret", "other", "people"]}
    assert set(specs(told, streams=given)) == {"raw_a", "raw_b", "people"}
    with pytest.raises(DeclarationError, match="streams= speaks of elsewhere"):
        specs(told, streams={**given, "elsewhere": []})


class Renaming(SyncTranslator):
    def get_asset_spec(self, props):
        spec = super().get_asset_spec(props)
        deps = ["crm"] if props.stream_name == "people" else []
        return spec.replace_attributes(key=["lake", props.table_name], deps=deps)


def test_a_translator_changes_what_it_likes():
    told = specs(connection(streams=["orders", "people"]), translator=Renaming(), key_prefix="eu")
    assert {key: [dep.asset_key.to_user_string() for dep in spec.deps] for key, spec in told.items()} == {
        "eu/lake/orders": [],
        "eu/lake/people": ["crm"],
    }


class Chained(SyncTranslator):
    def get_asset_spec(self, props):
        spec = super().get_asset_spec(props)
        return spec if props.stream_name == "orders" else spec.replace_attributes(deps=["orders", "crm"])


def test_a_table_may_be_upstream_of_another_of_its_connection():
    (definition,) = build_connection_assets(
        NOWHERE, [connection(streams=["orders", "lines"])], translator=Chained()
    )
    graph = dg.Definitions(assets=[definition]).resolve_asset_graph()
    assert graph.get(dg.AssetKey("lines")).parent_keys == {dg.AssetKey("orders"), dg.AssetKey("crm")}
    assert graph.get(dg.AssetKey("orders")).parent_keys == set()


def test_upstreams_function_has_upstreams_parameters():
    asset = load_assets_from_connections(
        AirbyteResource(host="localhost", port="8000"),
        (each for each in [connection(prefix="raw_"), connection("2", ["people"])]),
        key_prefix=["lake"],
        connection_to_group_fn=lambda name: f"g_{name[0]}",
        connection_to_asset_key_fn=lambda told, table: dg.AssetKey([told.name[:4], table]),
        connection_to_freshness_policy_fn=lambda _told: None,
        connection_to_io_manager_key_fn=lambda _name: "io",
    )
    graph = dg.Definitions(assets=[asset], resources={"io": dg.mem_io_manager}).resolve_asset_graph()
    assert {key.to_user_string(): graph.get(key).group_name for key in graph.get_all_asset_keys()} == {
        "lake/shop/raw_orders": "g_s",
        "lake/2/people": "g_2",
    }
    assert [len(definition.keys) for definition in asset] == [1, 1]


def test_an_address_from_the_environment_is_read_by_a_run_alone():
    resource = AirbyteResource(host=dg.EnvVar("NO_SUCH_HOST"), port="8000")
    (definition,) = build_connection_assets(AirbyteManagedElementReconciler(resource, [connection()]))
    result = dg.materialize([definition], raise_on_error=False)
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert "NO_SUCH_HOST is not set" in failed.step_failure_data.user_failure_data.description


WORDS = {"poll_interval": 60.0, "forward_logs": False}
ENDPOINTS = {"configuration_api_base_url": "http://a/api/v1", "rest_api_base_url": "http://a", "workspace_id": "w"}
RESOURCES = {
    "ours": AirbyteResource(host="a", cancel_sync_on_run_termination=False, **WORDS),
    "configured": airbyte_resource.configured({"host": "a", "cancel_sync_on_run_termination": False, **WORDS}),
    "theirs": SimpleNamespace(
        host="a", port="1", use_https=False, cancel_sync_on_run_termination=False, poll_timeout=None, **WORDS
    ),
    "workspace": SimpleNamespace(**ENDPOINTS, cancel_on_termination=False, poll_timeout=None, **WORDS),
}


@pytest.mark.parametrize("within", [lambda resource: resource, AirbyteManagedElementReconciler])
@pytest.mark.parametrize("resource", RESOURCES)
def test_what_a_resource_says_of_its_syncs_is_heeded(resource, within):
    said = following_of(within(RESOURCES[resource]))()
    assert said == Following(poll_interval=60, cancels=False, forwards_logs=False)
    here = following_of(within(RESOURCES[resource]), 5, cancels=True)()
    assert here == Following(poll_interval=5, cancels=True, forwards_logs=False)


def test_a_resource_that_gives_a_sync_so_long_gives_it_no_longer():
    workspace = SimpleNamespace(**ENDPOINTS, poll_timeout=3600)
    assert following_of(workspace)() == Following(poll_timeout=3600)


def test_what_is_wrong_with_it_is_told_when_it_is_built_and_what_the_environment_says_by_a_run(monkeypatch):
    with pytest.raises(DeclarationError, match="poll_interval= wants seconds"):
        build_connection_assets(AirbyteResource(host="a", poll_interval=0), [connection()])
    told = following_of(SimpleNamespace(**ENDPOINTS, poll_timeout=dg.EnvVar.int("SECONDS")))
    monkeypatch.setenv("SECONDS", "60")
    assert told() == Following(poll_timeout=60)


def test_upstreams_normalization_parameter_is_warned_about_and_ignored():
    with pytest.warns(UserWarning, match="create_assets_for_normalization_tables= is ignored"):
        asset = load_assets_from_connections(NOWHERE, [connection()], None, False)
    (definition,) = asset
    assert definition.keys == {dg.AssetKey("orders")}


@pytest.mark.parametrize("wrong", [connection(), "shop", {"shop": connection()}, [SHOP], 7])
def test_what_is_no_list_of_connections_is_refused(wrong):
    with pytest.raises(DeclarationError, match="connections= wants AirbyteConnections in a list, not"):
        build_connection_assets(NOWHERE, wrong)


class Theirs:
    """Of the shape of dagster-airbyte's DagsterAirbyteTranslator."""

    def get_asset_spec(self, props):
        return dg.AssetSpec(props.table_name, metadata={"json": props.json_schema})


@pytest.mark.parametrize("translator", [Theirs(), Renaming])
def test_what_is_no_translator_is_refused(translator):
    with pytest.raises(
        DeclarationError, match=r"translator= wants an object of a SyncTranslator, not (Theirs|Ren)"
    ):
        build_connection_assets(NOWHERE, [connection()], translator=translator)


class Instant:
    """A sync that is over at once, or that may not be asked for."""

    def __init__(self, refused: Exception | None = None) -> None:
        self.refused = refused
        self.asked = 0

    @asynccontextmanager
    async def open(self):
        self.asked += 1
        if self.refused is not None:
            raise self.refused
        yield self

    async def running(self):
        return Job(id="7", status="running")

    async def read(self, job_id, *, after=None):
        del after
        return Job(id=job_id, status="succeeded")


def synced_at_once(syncs, translator=None, **how):
    streams = [
        StreamProps(stream_name=name, integration="x", connection_name="c", source_name="s", destination_name="d")
        for name in ("orders", "Order Lines")
    ]
    connection = SyncedConnection(name="c", integration="x", streams=streams, open=syncs.open)
    return build_assets([connection], Building(translator=translator or SyncTranslator(), **how))


class Parts(SyncTranslator):
    def get_asset_spec(self, props):
        parts = dg.StaticPartitionsDefinition(["a", "b", "c"])
        return super().get_asset_spec(props).replace_attributes(partitions_def=parts)


def recorded(result) -> set[tuple[str, str | None]]:
    events = result.get_asset_materialization_events()
    return {(event.asset_key.to_user_string(), event.partition) for event in events}


def test_what_else_a_sync_moves_is_recorded_of_the_partitions_of_the_run():
    built = synced_at_once(Instant(), Parts())
    assert recorded(dg.materialize(built, partition_key="b", selection=["orders"])) == {
        ("orders", "b"),
        ("Order Lines", "b"),
    }
    span = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "b"}
    assert recorded(dg.materialize(built, tags=span, selection=["orders"])) == {
        (name, part) for name in ("orders", "Order Lines") for part in "ab"
    }


@pytest.mark.parametrize("selected", [["p/orders"], None])
def test_what_is_recorded_has_the_keys_that_assets_were_given_since(selected):
    (built,) = synced_at_once(Instant())
    keys = {key: key.with_prefix("p") for key in built.keys}
    moved = built.with_attributes(asset_key_replacements=keys)
    result = dg.materialize([moved], selection=selected)
    assert recorded(result) == {("p/orders", None), ("p/Order Lines", None)}


@pytest.mark.parametrize(("refused", "asked"), [(Unauthorized("who?"), 1), (Unreachable("gone"), 3)])
def test_credentials_that_are_refused_are_not_tried_again(refused, asked):
    syncs = Instant(refused)
    built = synced_at_once(syncs, retry_policy=dg.RetryPolicy(max_retries=2))
    assert not dg.materialize(built, raise_on_error=False).success
    assert syncs.asked == asked
