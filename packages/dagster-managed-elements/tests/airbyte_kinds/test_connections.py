"""Connections against the local Airbyte: streams, modes, what is discovered and what is left as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteSchedule,
    AirbyteSource,
    AirbyteSyncMode,
    existing,
)
from dagster_managed_elements.airbyte.kinds.connections import ConnectionKind
from dagster_managed_elements.engine.changes import FieldChange
from dagster_managed_elements.engine.errors import DeclarationError, PlanRefused
from dagster_managed_elements.engine.values import ABSENT

FULL = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
APPEND = AirbyteSyncMode.FULL_REFRESH_APPEND
PEOPLE = AirbyteSource("people", "Sample Data", {"count": 10})
SHOP = AirbyteSource(
    "shop", "Postgres", {"host": "h", "port": 5432, "database": "d", "username": "u", "password": "p"}
)
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})
MIRRORED = AirbyteDestinationNamespace.SAME_AS_SOURCE
LAKE = AirbyteDestination(
    "lake", "Postgres", {"host": "h", "port": 5432, "database": "d", "schema": "public", "username": "u"}
)


def connection(streams, source=PEOPLE, destination=FILES, **more) -> AirbyteConnection:
    return AirbyteConnection("sync", source, destination, streams, **more)


def of_connection(plan) -> list[FieldChange]:
    return [change for entry in plan.entries if entry.key.kind == "connection" for change in entry.fields]


def streams_of(workspace) -> dict[str, dict]:
    (found,) = workspace.connections()
    return {row["stream"]["name"]: row["config"] for row in found["syncCatalog"]["streams"]}


def set_in_ui(workspace, **fields) -> None:
    (found,) = workspace.connections()
    workspace.call("connections/update", connectionId=found["connectionId"], **fields)


def test_a_new_connection_with_its_source_is_verified_when_the_source_exists(workspace):
    plan = workspace.plan(connection({"users": FULL}))
    assert [entry.key.name for entry in plan.entries] == ["people", "files", "sync"]
    assert [(notice.code, notice.text) for notice in plan.notices] == [
        ("later", "verified once people (source) is created")
    ]
    workspace.applied(connection({"users": FULL}))
    assert list(streams_of(workspace)) == ["users"]
    assert [endpoint for endpoint, _ in workspace.written][-1] == "connections/create"


def test_an_unknown_stream_of_a_new_source_fails_that_connection_only(workspace):
    result = workspace.apply(connection({"usres": FULL}))
    assert {str(outcome.step): outcome.status for outcome in result.report.outcomes} == {
        "create people (source)": "done",
        "create files (destination)": "done",
        "create sync (connection)": "failed",
    }
    assert "'people' has no such stream; it has users" in result.report.outcomes[-1].reason
    assert workspace.connections() == []


def test_an_unknown_stream_of_a_source_that_exists_is_a_problem_before_any_write(workspace):
    workspace.applied(PEOPLE, FILES)
    (said,) = workspace.problems(connection({"usres": FULL}))
    assert said.startswith("sync.streams.usres: the source 'people' has no such stream; it has users")


def test_an_unchanged_connection_is_never_discovered(workspace):
    workspace.applied(connection({"users": FULL, "products": FULL}))
    workspace.server.forget_requests()
    workspace.plan(connection({"users": FULL, "products": FULL}))
    assert workspace.asked("discover_schema") == 0


def test_a_stream_the_stored_catalog_lacks_costs_one_discovery_without_a_connection_id(workspace):
    workspace.applied(connection({"users": FULL}))
    workspace.server.forget_requests()
    plan = workspace.plan(connection({"users": FULL, "products": APPEND}))
    assert of_connection(plan) == [
        FieldChange(("streams", "products"), ABSENT, AirbyteSyncMode.FULL_REFRESH_APPEND)
    ]
    discovered = [request.request for request in workspace.server.requests if "discover" in request.path]
    (asked,) = discovered
    assert "connectionId" not in asked
    workspace.applied(connection({"users": FULL, "products": APPEND}))


def test_a_change_of_mode_is_one_line_and_leaves_the_other_streams_as_they_are(workspace):
    workspace.applied(connection({"users": FULL, "products": FULL}))
    (before,) = workspace.connections()
    by_hand = before["syncCatalog"]
    for row in by_hand["streams"]:
        row["config"] |= {"fieldSelectionEnabled": True, "selectedFields": [{"fieldPath": ["id"]}]}
    set_in_ui(workspace, syncCatalog=by_hand)
    plan = workspace.plan(connection({"users": APPEND, "products": FULL}))
    assert of_connection(plan) == [
        FieldChange(
            ("streams", "users"), AirbyteSyncMode.FULL_REFRESH_OVERWRITE, AirbyteSyncMode.FULL_REFRESH_APPEND
        )
    ]
    workspace.applied(connection({"users": APPEND, "products": FULL}))
    ((endpoint, body),) = workspace.written
    assert endpoint == "connections/update"
    assert set(body) == {"connectionId", "syncCatalog"}
    assert [config["selectedFields"] for config in streams_of(workspace).values()] == [[{"fieldPath": ["id"]}]] * 2


def test_a_stream_selected_in_the_ui_is_drift_and_a_stream_left_out_is_deselected(workspace):
    workspace.applied(connection({"users": FULL, "products": FULL}))
    plan = workspace.plan(connection({"users": FULL}))
    assert of_connection(plan) == [
        FieldChange(("streams", "products"), AirbyteSyncMode.FULL_REFRESH_OVERWRITE, ABSENT)
    ]
    workspace.applied(connection({"users": FULL}))
    assert list(streams_of(workspace)) == ["users"]


def test_what_is_not_declared_stays_as_it_was_set_in_the_ui(workspace):
    workspace.applied(connection({"users": FULL}))
    chosen = {
        "status": "inactive",
        "scheduleType": "basic",
        "scheduleData": {"basicSchedule": {"timeUnit": "hours", "units": 6}},
        "prefix": "ui_",
        "namespaceDefinition": "destination",
    }
    set_in_ui(workspace, **chosen)
    assert workspace.plan(connection({"users": FULL})).entries == ()
    workspace.applied(connection({"users": APPEND}))
    (after,) = workspace.connections()
    assert {name: after[name] for name in chosen} == chosen


@pytest.mark.parametrize(
    ("namespace", "shown", "sent"),
    [
        (AirbyteDestinationNamespace.SAME_AS_SOURCE, "SAME_AS_SOURCE", ("source", None)),
        (AirbyteDestinationNamespace.DESTINATION_DEFAULT, "DESTINATION_DEFAULT", ("destination", None)),
        ("raw_${SOURCE_NAMESPACE}", "raw_${SOURCE_NAMESPACE}", ("customformat", "raw_${SOURCE_NAMESPACE}")),
    ],
)
def test_namespace_and_prefix_are_managed_once_declared(workspace, namespace, shown, sent):
    workspace.applied(connection({"users": FULL}, destination_namespace="old", prefix="old_"))
    changed = connection({"users": FULL}, destination_namespace=namespace, prefix="")
    assert str(namespace) == shown
    assert of_connection(workspace.plan(changed)) == [
        FieldChange(("destination namespace",), "old", namespace),
        FieldChange(("prefix",), "old_", ""),
    ]
    workspace.applied(changed)
    (after,) = workspace.connections()
    assert after["namespaceDefinition"] == sent[0]
    assert sent[1] is None or after["namespaceFormat"] == sent[1]


def test_a_cursor_and_a_key_the_source_defines_are_no_difference(workspace):
    mode = AirbyteSyncMode.incremental_append(cursor_field="updated_at")
    workspace.applied(connection({"users": mode}))
    assert workspace.plan(connection({"users": AirbyteSyncMode.INCREMENTAL_APPEND})).entries == ()
    other = AirbyteSyncMode.incremental_append(cursor_field="created_at")
    workspace.server.forget_requests()
    (said,) = workspace.problems(connection({"users": other}))
    assert said == "sync.streams.users: the source itself defines its cursor, updated_at; leave cursor_field out"


def test_a_cursor_and_a_key_the_user_chooses_are_sent_and_compared(workspace):
    mode = AirbyteSyncMode.incremental_append_dedup("updated_at", ["id"])
    workspace.applied(connection({"orders": mode}, SHOP, LAKE))
    assert streams_of(workspace)["orders"]["cursorField"] == ["updated_at"]
    other = AirbyteSyncMode.incremental_append_dedup("note", ["id"])
    assert of_connection(workspace.plan(connection({"orders": other}, SHOP, LAKE))) == [
        FieldChange(("streams", "orders", "cursor"), ["updated_at"], ["note"])
    ]
    workspace.applied(connection({"orders": other}, SHOP, LAKE))


def test_a_cursor_chosen_in_the_ui_stays_where_none_is_declared(workspace):
    workspace.applied(connection({"orders": AirbyteSyncMode.incremental_append("updated_at")}, SHOP, LAKE))
    bare = connection({"orders": AirbyteSyncMode.INCREMENTAL_APPEND}, SHOP, LAKE)
    assert workspace.plan(bare).entries == ()
    dedup = connection({"orders": AirbyteSyncMode.INCREMENTAL_APPEND_DEDUP}, SHOP, LAKE)
    workspace.applied(dedup)
    assert streams_of(workspace)["orders"]["cursorField"] == ["updated_at"]


@pytest.mark.parametrize(
    ("streams", "source", "destination", "said"),
    [
        (
            {"cereals": AirbyteSyncMode.INCREMENTAL_APPEND},
            None,
            FILES,
            "the source cannot read it as incremental, only as full_refresh",
        ),
        (
            {"users": AirbyteSyncMode.INCREMENTAL_APPEND_DEDUP},
            PEOPLE,
            FILES,
            "the destination cannot write it as append_dedup, only as append, overwrite",
        ),
        (
            {"orders": AirbyteSyncMode.INCREMENTAL_APPEND},
            SHOP,
            LAKE,
            "an incremental sync of it needs a cursor_field; its fields are id, note, updated_at",
        ),
        (
            {"orders": AirbyteSyncMode.incremental_append("nope")},
            SHOP,
            LAKE,
            "it has no field nope to be its cursor; its fields are id, note, updated_at",
        ),
    ],
)
def test_what_a_stream_cannot_do_is_said_before_any_write(workspace, streams, source, destination, said):
    if source is None:
        (workspace.server.files).mkdir(exist_ok=True)
        (workspace.server.files / "c.csv").write_text("a,b\n1,2\n")
        configuration = {
            "url": f"{workspace.server.url}/_local/files/c.csv",
            "format": "csv",
            "dataset_name": "cereals",
            "provider": {"storage": "HTTPS"},
        }
        source = AirbyteSource("csv", "File", configuration)
    workspace.applied(source, destination)
    (line,) = workspace.problems(connection(streams, source, destination))
    assert line.endswith(said)


def test_a_mode_the_destination_cannot_do_is_refused_at_check_for_a_new_source_too(workspace):
    (line,) = workspace.problems(connection({"users": AirbyteSyncMode.INCREMENTAL_APPEND_DEDUP}))
    assert line == "sync.streams.users: the destination cannot write it as append_dedup, only as append, overwrite"


@pytest.mark.parametrize("is_source_there", [True, False])
def test_a_destination_that_nobody_declares_is_held_to_what_it_can_do_too(workspace, is_source_there):
    duck = AirbyteDestination("duck", "DuckDB", {"destination_path": "/local/x.duckdb"})
    workspace.applied(FILES, duck, *([PEOPLE] if is_source_there else []))
    impossible = {"users": AirbyteSyncMode.INCREMENTAL_APPEND_DEDUP}
    capitals = {"users": FULL, "Users": FULL}
    for destination, streams, said in [
        (FILES, impossible, "the destination cannot write it as append_dedup, only as append, overwrite"),
        (
            duck,
            capitals,
            "the source 'people' has no such stream" if is_source_there else "not tell capitals apart",
        ),
    ]:
        declared = workspace.problems(connection(streams, destination=destination))
        assert said in declared[0]
        assert (
            workspace.problems(connection(streams, destination=existing("destination", destination.name)))
            == declared
        )


def test_destinations_that_nobody_declares_cost_a_read_for_each_connector(workspace):
    others = [replace(FILES, name=f"files {number}") for number in range(3)]
    workspace.applied(PEOPLE, *others)
    ends = [existing("destination", destination.name) for destination in others]
    syncs = [
        AirbyteConnection(f"{end.name} {mode}", PEOPLE, end, {"users": mode})
        for end in ends
        for mode in (FULL, APPEND)
    ]
    asked = "destination_definition_specifications/get"
    assert workspace.apply(*syncs).report.ok
    assert workspace.asked(asked) == 1
    workspace.server.forget_requests()
    workspace.plan(PEOPLE)
    assert workspace.asked(asked) == 0


def test_one_name_in_two_namespaces_must_be_told_apart(workspace):
    source = AirbyteSource("shop", "Postgres", {**SHOP.source_configuration, "schemas": ["north", "south"]})
    workspace.applied(source, LAKE)
    (said,) = workspace.problems(connection({"orders": FULL}, source, LAKE))
    assert said.endswith('several namespaces; name one of ("north", "orders"), ("south", "orders")')
    mirrored = {"destination_namespace": MIRRORED}
    both = connection({("north", "orders"): FULL, ("south", "orders"): APPEND}, source, LAKE, **mirrored)
    workspace.applied(both)
    changed = connection({("north", "orders"): FULL, ("south", "orders"): FULL}, source, LAKE, **mirrored)
    assert of_connection(workspace.plan(changed)) == [
        FieldChange(
            ("streams", "south.orders"), AirbyteSyncMode.FULL_REFRESH_APPEND, AirbyteSyncMode.FULL_REFRESH_OVERWRITE
        )
    ]


def test_leaving_incremental_names_the_loss_of_state_and_is_refused_unless_agreed(workspace):
    workspace.applied(connection({"users": AirbyteSyncMode.INCREMENTAL_APPEND}))
    plan = workspace.plan(connection({"users": FULL}))
    assert [(consequence.code, consequence.destructive) for consequence in plan.consequences] == [
        ("state-lost", True)
    ]
    refused = workspace.apply(connection({"users": FULL}), agree=False)
    assert "sync state of its stream users is lost" in str(refused.error)
    assert workspace.writes() == []


INCREMENTAL = AirbyteSyncMode.incremental_append("updated_at")
DEDUPED = AirbyteSyncMode.incremental_append_dedup("updated_at", ["id"])


@pytest.mark.parametrize(
    ("before", "after", "means"),
    [
        (INCREMENTAL, DEDUPED, "state-kept"),
        (DEDUPED, INCREMENTAL, "state-kept"),
        (INCREMENTAL, AirbyteSyncMode.incremental_append("id"), "reread"),
        (FULL, INCREMENTAL, "reread"),
        (FULL, APPEND, None),
        (INCREMENTAL, FULL, "state-lost"),
        (DEDUPED, APPEND, "state-lost"),
        (INCREMENTAL, None, "deselected"),
    ],
)
def test_a_change_of_a_stream_says_what_becomes_of_its_state(workspace, before, after, means):
    orders = {"customers": FULL}
    workspace.applied(connection({"orders": before, **orders}, SHOP, LAKE))
    left = {} if after is None else {"orders": after}
    plan = workspace.plan(connection({**left, **orders}, SHOP, LAKE))
    assert [consequence.code for consequence in plan.consequences] == ([] if means is None else [means])
    assert all(consequence.destructive == (consequence.code == "state-lost") for consequence in plan.consequences)


def test_replacing_a_source_replaces_its_connections_and_keeps_what_the_ui_chose(workspace):
    workspace.applied(connection({"users": FULL}))
    set_in_ui(
        workspace,
        status="inactive",
        prefix="ui_",
        scheduleType="basic",
        scheduleData={"basicSchedule": {"timeUnit": "hours", "units": 6}},
    )
    other = AirbyteSource("people", "PokeAPI", {"pokemon_name": "ditto"})
    replaced = connection({"pokemon": FULL}, other)
    plan = workspace.plan(replaced)
    assert [(entry.action, entry.key.name, entry.cause and entry.cause.name) for entry in plan.entries] == [
        ("replace", "people", None),
        ("replace", "sync", "people"),
    ]
    assert [str(operation.step) for operation in plan.operations] == [
        "create people (source)",
        "create sync (connection)",
        "delete sync (connection)",
        "delete people (source)",
        "update sync (connection)",
        "update people (source)",
    ]
    workspace.applied(replaced)
    (after,) = workspace.connections()
    assert (after["status"], after["prefix"], after["scheduleType"]) == ("inactive", "ui_", "basic")


def test_an_unmanaged_connection_on_a_replaced_source_is_shown_as_deleted_with_it(workspace):
    workspace.applied(PEOPLE, FILES)
    source, destination = workspace.actors("source")[0], workspace.actors("destination")[0]
    workspace.server.seed(
        connections=[
            {
                "name": "theirs",
                "source": source["sourceId"],
                "destination": destination["destinationId"],
                "streams": ["users"],
            }
        ]
    )
    plan = workspace.plan(AirbyteSource("people", "PokeAPI", {"pokemon_name": "ditto"}), FILES)
    assert [(entry.action, entry.key.name) for entry in plan.entries] == [
        ("replace", "people"),
        ("delete", "theirs"),
    ]
    assert {consequence.code for consequence in plan.consequences if consequence.destructive} == {
        "replace",
        "cascade",
    }


KEPT = AirbyteConnection("kept", PEOPLE, FILES, {"users": FULL}, protect=True)
OTHER_PEOPLE = AirbyteSource("people", "PokeAPI", {"pokemon_name": "ditto"})
OTHER_FILES = AirbyteDestination("files", "Local CSV", {"destination_path": "/local/out"})


@pytest.mark.parametrize(
    ("after", "delete"),
    [
        ([replace(KEPT, source=OTHER_PEOPLE, stream_config={"pokemon": FULL})], False),
        ([replace(KEPT, destination=OTHER_FILES)], False),
        ([replace(KEPT, source=replace(PEOPLE, name="others"))], True),
        ([replace(KEPT, destination=replace(FILES, name="others"))], True),
        ([KEPT, OTHER_PEOPLE], False),
    ],
)
def test_what_is_protected_goes_with_nothing_whatever_is_agreed_to(workspace, after, delete):
    workspace.applied(KEPT)
    before = workspace.connections()
    result = workspace.apply(*after, delete=delete)
    assert isinstance(result.error, (PlanRefused, DeclarationError))
    assert workspace.writes() == []
    assert workspace.connections() == before


def test_a_connection_that_is_made_anew_keeps_the_catalog_that_the_ui_shows_what_it_does_not_sync_by(workspace):
    workspace.applied(connection({"users": FULL}))
    (before,) = workspace.connections()
    workspace.applied(connection({"users": FULL}, destination=LAKE))
    (after,) = workspace.connections()
    assert after["connectionId"] != before["connectionId"]
    assert after["sourceCatalogId"] == before["sourceCatalogId"]
    shown = workspace.call("web_backend/connections/get", connectionId=after["connectionId"])
    assert [row["stream"]["name"] for row in shown["syncCatalog"]["streams"]] == ["users", "products", "purchases"]


def test_moving_a_connection_to_another_destination_is_a_replacement(workspace):
    workspace.applied(connection({"users": FULL}), LAKE)
    plan = workspace.plan(connection({"users": FULL}, PEOPLE, LAKE), FILES)
    (entry,) = plan.entries
    assert (entry.action, [change.path for change in entry.fields]) == ("replace", [("destination",)])
    workspace.applied(connection({"users": FULL}, PEOPLE, LAKE), FILES)


@pytest.mark.parametrize(
    ("source", "is_there", "code", "text"),
    [
        (replace(PEOPLE, name="others"), True, "state-kept", "what others (source) has of before then is not read"),
        (
            replace(PEOPLE, name="others"),
            False,
            "state-kept",
            "what others (source) has of before then is not read",
        ),
        (replace(SHOP, name="others"), False, "state-lost", "since another connector reads it from then on"),
        (replace(SHOP, name=PEOPLE.name), False, "state-lost", "since another connector reads it from then on"),
    ],
)
def test_only_the_same_connector_goes_on_from_where_another_source_was_read(
    workspace, source, is_there, code, text
):
    since = {"users": AirbyteSyncMode.incremental_append("updated_at")}
    workspace.applied(connection({"users": AirbyteSyncMode.INCREMENTAL_APPEND}, PEOPLE))
    if is_there:
        workspace.applied(source)
    plan = workspace.plan(connection(since, source))
    said = {
        consequence.code: consequence.text
        for consequence in plan.consequences
        if consequence.code.startswith("state-")
    }
    assert list(said) == [code]
    assert text in said[code]


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        ({"destination_namespace": MIRRORED}, {}, ["public.orders to orders in the default namespace"]),
        ({}, {"destination_namespace": MIRRORED}, ["orders in the default namespace to public.orders"]),
        (
            {},
            {"destination_namespace": "x_${SOURCE_NAMESPACE}", "prefix": "y_"},
            ["orders in the default namespace to x_public.y_orders"],
        ),
        ({"prefix": "y_"}, {"prefix": ""}, ["y_orders to orders"]),
        ({"destination_namespace": "public"}, {"destination_namespace": MIRRORED}, []),
        ({}, {"status": "inactive"}, []),
    ],
)
def test_a_table_is_said_to_move_only_where_it_does(workspace, before, after, moves):
    default = {"destination_namespace": AirbyteDestinationNamespace.DESTINATION_DEFAULT}
    workspace.applied(connection({"orders": FULL}, SHOP, LAKE, **{**default, **before}))
    plan = workspace.plan(connection({"orders": FULL}, SHOP, LAKE, **{**default, **after}))
    said = [consequence.text.partition("moves from ")[2].partition(";")[0] for consequence in plan.consequences]
    assert said == moves


def test_a_deletion_loses_a_sync_state_only_where_there_is_one(workspace):
    since = AirbyteSyncMode.INCREMENTAL_APPEND
    workspace.applied(connection({"users": since}), replace(connection({"users": FULL}), name="whole"))
    plan = workspace.plan(PEOPLE, FILES, delete=True)
    assert sorted(consequence.text for consequence in plan.consequences) == [
        "sync (connection) is deleted; its sync state is lost",
        "whole (connection) is deleted",
    ]


def test_normalize_data_never_differs_when_left_out_and_is_refused_when_asked_for(workspace):
    workspace.applied(connection({"users": FULL}))
    assert workspace.plan(connection({"users": FULL}, normalize_data=False)).entries == ()
    (said,) = workspace.problems(connection({"users": FULL}, normalize_data=True))
    assert said == (
        "sync.normalize data: normalization left Airbyte in 1.0, and this one is 2.0.0; leave normalize_data out"
    )


def test_a_source_that_cannot_be_discovered_is_a_problem_of_its_connection(workspace):
    broken = AirbyteSource("people", "PokeAPI", {"pokemon_name": "fail:discover"})
    workspace.applied(broken, FILES)
    (said,) = workspace.problems(connection({"pokemon": FULL}, broken))
    assert said.startswith("sync.streams: Airbyte could not discover the streams")


def test_a_stream_that_appears_with_a_changed_source_is_verified_after_the_change(workspace):
    workspace.applied(connection({("public", "orders"): FULL}, SHOP, LAKE, destination_namespace=MIRRORED))
    wider = AirbyteSource("shop", "Postgres", {**SHOP.source_configuration, "schemas": ["public", "more"]})
    streams = {("public", "orders"): FULL, ("more", "orders"): FULL}
    wanted = connection(streams, wider, LAKE, destination_namespace=MIRRORED)
    plan = workspace.plan(wanted)
    assert [(entry.action, entry.key.name) for entry in plan.entries] == [("update", "shop"), ("update", "sync")]
    assert [notice.code for notice in plan.notices if notice.code == "later"] == ["later"]
    workspace.applied(wanted)


def test_streams_nobody_can_know_are_said_to_be_so_where_their_connection_is_taken_along(workspace):
    workspace.applied(connection({"users": FULL}))
    plan = workspace.plan(
        connection({"users": FULL}, AirbyteSource("people", "PokeAPI", {"pokemon_name": "ditto"}))
    )
    assert [(entry.key.name, list(entry.fields)) for entry in plan.entries][1] == ("sync", [])
    assert [(notice.key.name, notice.path, notice.code) for notice in plan.notices] == [
        ("sync", ("streams",), "later")
    ]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"prefix": "x_"},
        {"destination_namespace": "${SOURCE_NAMESPACE}_raw"},
        {"destination_namespace": "raw", "prefix": "x_"},
    ],
)
def test_a_deletion_shows_the_keys_that_the_create_showed(workspace, more):
    made = connection({"users": FULL}, **more)
    created = {field.path for field in of_connection(workspace.plan(made))}
    workspace.applied(made)
    deleted = {field.path for field in of_connection(workspace.plan(delete=True))}
    assert deleted == created


def test_no_prefix_is_shown_as_none_and_compared_as_none(workspace):
    workspace.applied(connection({"users": FULL}))
    assert of_connection(workspace.plan(connection({"users": FULL}, prefix=""))) == []
    set_in_ui(workspace, prefix="ui_")
    assert of_connection(workspace.plan(connection({"users": FULL}))) == []
    workspace.applied(connection({"users": FULL}, prefix=None))
    assert of_connection(workspace.plan(connection({"users": FULL}, prefix="x_"))) == [
        FieldChange(("prefix",), None, "x_")
    ]


def test_a_key_chosen_in_the_ui_stays_where_none_is_declared(workspace):
    keyed = AirbyteSyncMode.incremental_append_dedup("updated_at", ["id"])
    workspace.applied(connection({"orders": keyed, "customers": APPEND}, SHOP, LAKE))
    (before,) = workspace.connections()
    by_hand = before["syncCatalog"]
    for row in by_hand["streams"]:
        row["stream"]["sourceDefinedPrimaryKey"] = []
        row["config"]["primaryKey"] = [["note"]] if row["stream"]["name"] == "orders" else []
    set_in_ui(workspace, syncCatalog=by_hand)
    bare = {"orders": AirbyteSyncMode.INCREMENTAL_APPEND_DEDUP, "customers": APPEND}
    assert workspace.plan(connection(bare, SHOP, LAKE)).entries == ()
    other = {**bare, "orders": AirbyteSyncMode.incremental_append_dedup("note")}
    workspace.applied(connection(other, SHOP, LAKE))
    assert streams_of(workspace)["orders"]["primaryKey"] == [["note"]]
    assert streams_of(workspace)["orders"]["cursorField"] == ["note"]
    workspace.applied(connection({**bare, "orders": AirbyteSyncMode.INCREMENTAL_APPEND}, SHOP, LAKE))
    assert streams_of(workspace)["orders"]["primaryKey"] == [["note"]]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"schedule": AirbyteSchedule.basic(6)}, "every 6 hours"),
        ({"schedule": AirbyteSchedule.basic(6), "status": "active"}, "every 6 hours"),
        ({"schedule": AirbyteSchedule.basic(6), "status": "inactive"}, ""),
        ({"schedule": AirbyteSchedule.manual()}, ""),
        ({}, ""),
    ],
)
def test_airbyte_starts_a_connection_that_has_a_schedule_and_is_not_paused(fields, told):
    kind = object.__new__(ConnectionKind)
    assert kind.timetable(fields) == told
