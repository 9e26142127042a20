"""What can be declared of a stream beside its modes, and which streams a pattern takes in."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import product
from typing import Any

import anyio
import pytest
from dagster_managed_elements.airbyte import (
    EXCLUDED,
    AirbyteConnection,
    AirbyteDestination,
    AirbyteSource,
    AirbyteStream,
    AirbyteSyncMode,
    mappers,
)
from dagster_managed_elements.airbyte.kinds.connections import ConnectionKind
from dagster_managed_elements.airbyte.kinds.stream_patterns import expanded, is_pattern
from dagster_managed_elements.airbyte.kinds.streams import labelled
from dagster_managed_elements.airbyte.servers.server import Server
from dagster_managed_elements.airbyte.servers.versions import UNNUMBERED, profile_of, read_release
from dagster_managed_elements.airbyte.stream_names import label_of
from dagster_managed_elements.airbyte.wire import read_catalog
from dagster_managed_elements.engine.changes import FieldChange, Pair
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.kinds import ResolveContext
from dagster_managed_elements.engine.secrets import Secret
from hypothesis import example, given, settings
from hypothesis import strategies as st

from testing.airbyte_catalogs import DESTINATION, IDS, SOURCE, Offering, Resolved, stream

FULL, APPEND = AirbyteSyncMode.FULL_REFRESH_OVERWRITE, AirbyteSyncMode.FULL_REFRESH_APPEND
DEDUP = AirbyteSyncMode("incremental", "append_dedup")
COLUMNS = {
    "type": "object",
    "properties": {"id": {}, "at": {}, "a.b": {}, "address": {"properties": {"city": {}}}, "email": {}},
}


def connection(streams) -> AirbyteConnection:
    return AirbyteConnection("sync", SOURCE, DESTINATION, streams)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: AirbyteStream("full"), "sync_mode= wants an AirbyteSyncMode, not str"),
        (lambda: AirbyteStream(FULL, fields="id"), "fields= wants a list, not str"),
        (lambda: AirbyteStream(FULL, fields=[1]), "a column is a name or a list of names, not 1"),
        (lambda: AirbyteStream(FULL, fields=["a", ["a"]]), "fields= names a column twice"),
        (lambda: AirbyteStream(FULL, fields=[]), "fields= wants one column at least"),
        (lambda: AirbyteStream(FULL, fields=["a"], exclude_fields=["b"]), "give one of them"),
        (lambda: AirbyteStream(FULL, include_files="yes"), "include_files= wants True or False, not str"),
        (lambda: AirbyteStream(FULL, mappers=[3]), "mappers= wants mappers such as mappers.Hashing"),
        (
            lambda: AirbyteStream(FULL, mappers=[{"type": "x"}]),
            "mappings with the keys type and mapperConfiguration",
        ),
        (
            lambda: AirbyteStream(AirbyteSyncMode.incremental_append("at"), cursor_field="id"),
            "cursor_field= and the sync mode's own cursor_field are two",
        ),
        (
            lambda: AirbyteStream(AirbyteSyncMode.incremental_update(primary_key="id"), primary_key=["x"]),
            "primary_key= and the sync mode's own primary_key are two",
        ),
        (lambda: connection({("a", "x"): AirbyteStream(FULL, namespace="b")}), "the namespace 'b' beside the one"),
        (
            lambda: connection({("a", "x"): FULL, "x": AirbyteStream(FULL, namespace="a")}),
            "AirbyteConnection 'sync': a.x is declared twice",
        ),
        (
            lambda: connection({"x": "full"}),
            "stream_config of x wants an AirbyteSyncMode, an AirbyteStream or EXCL",
        ),
        (lambda: mappers.Hashing("id", method="SHA-3"), "method is one of MD2, MD5"),
        (lambda: mappers.FieldRenaming("id", ""), "new_field_name is a name, not ''"),
        (lambda: mappers.AesEncryption("id", key=3), "wants a text or a secret as its key, not int"),
        (mappers.Or, "Or is made of conditions"),
        (lambda: mappers.RowFiltering("x"), "RowFiltering wants a condition"),
    ],
)
def test_what_contradicts_itself_or_is_of_another_type_is_refused_where_it_is_written(make, said):
    with pytest.raises(DeclarationError) as refused:
        make()
    assert said in str(refused.value)


def test_none_is_the_same_as_not_given_and_a_mode_alone_stays_one_line():
    names = ("namespace", "cursor_field", "primary_key", "fields", "exclude_fields", "mappers", "include_files")
    assert AirbyteStream(FULL, **dict.fromkeys(names)) == AirbyteStream(FULL)
    assert connection({"x": AirbyteStream(FULL)}).fields()["streams"] == {"x": FULL}


def test_conditions_are_written_in_what_airbyte_has_and_mean_the_same():
    a, b = mappers.Equal("x", "a"), mappers.Equal("y", "b")

    def holds(condition: dict[str, Any], row: dict[str, str]) -> bool:
        """As Airbyte judges: NOT holds where none of its conditions does."""
        if condition["type"] == "EQUAL":
            return row[condition["fieldName"]] == condition["comparisonValue"]
        return not any(holds(inner, row) for inner in condition["conditions"])

    for row in [{"x": x, "y": y} for x in "ab" for y in "ab"]:
        one, other = row["x"] == "a", row["y"] == "b"
        assert holds(mappers.And(a, b).condition(), row) == (one and other)
        assert holds(mappers.Or(a, b).condition(), row) == (one or other)
        assert holds(mappers.Not(a, b).condition(), row) == (not (one or other))


def test_a_key_is_shown_by_nothing_that_holds_it():
    raw = {"type": "sealing", "mapperConfiguration": {"api_key": "s3cr3t", "field": "id"}}
    made = connection({"x": AirbyteStream(FULL, mappers=[mappers.AesEncryption("id", "s3cr3t"), raw])})
    assert "s3cr3t" not in repr(made.fields())
    assert "s3cr3t" not in repr(made)
    assert "s3cr3t" not in repr(mappers.AesEncryption("id", "s3cr3t"))
    assert made.fields()["streams"]["x"]["mappers"][1]["sealing"]["field"] == "id"


STREAMS = [("", "raw_a"), ("", "raw_tmp"), ("x", "orders"), ("y", "orders"), ("y", "tmp_z"), ("", "odd*")]


@pytest.mark.parametrize(
    ("declared", "came_to"),
    [
        ({"raw_*": FULL}, {"raw_a": FULL, "raw_tmp": FULL}),
        ({"*": FULL, "raw_a": APPEND}, {"odd*": FULL, "raw_a": APPEND, "raw_tmp": FULL, "x.orders": FULL}
         | {"y.orders": FULL, "tmp_z": FULL}),
        ({"odd*": FULL}, {"odd*": FULL}),
        ({("y", "*"): FULL}, {"y.orders": FULL, "tmp_z": FULL}),
        ({("*", "ord*"): FULL, ("y", "ord*"): APPEND}, {"x.orders": FULL, "y.orders": APPEND}),
        ({"raw_*": FULL, "*_tmp": EXCLUDED}, {"raw_a": FULL}),
        ({"raw_*": FULL, "*_tmp": FULL}, {"raw_a": FULL, "raw_tmp": FULL}),
        ({"*": EXCLUDED, "raw_*": FULL, "raw_a": EXCLUDED}, {"raw_tmp": FULL}),
        ({"RAW_*": FULL}, {"RAW_*": FULL}),
        ({"raw*": EXCLUDED, "raw_?": FULL}, {"raw_a": FULL}),
        ({"*": EXCLUDED, "[!r]*": FULL}, {"odd*": FULL, "tmp_z": FULL, "x.orders": FULL, "y.orders": FULL}),
        ({"raw_b": EXCLUDED, "raw_*": FULL}, {"raw_b": EXCLUDED, "raw_a": FULL, "raw_tmp": FULL}),
    ],
)  # fmt: skip
def test_a_pattern_takes_in_what_no_name_and_no_narrower_pattern_does(declared, came_to):
    config = {label_of(name): value for name, value in declared.items()}
    rows = [stream(name, namespace or None) for namespace, name in STREAMS]
    entries = labelled(read_catalog({"streams": rows}, "at").streams, config)
    taken = expanded(config, entries)
    assert (taken.streams, taken.clashes) == (came_to, {})


TEXTS = ["".join(letters) for length in range(5) for letters in product("abz-", repeat=length)]
FITTED = labelled(read_catalog({"streams": [stream(text) for text in TEXTS]}, "at").streams, ())
PATTERNS = st.lists(st.sampled_from(["a", "?", "*", "[ab]", "[!a]", "[a-z]"]), min_size=1, max_size=3)


@settings(max_examples=50)
@given(PATTERNS.map("".join).filter(is_pattern), PATTERNS.map("".join).filter(is_pattern))
@example("*a", "?*")
@example("[ab]*", "????*")
@example("[!a]*", "*")
def test_the_narrower_of_two_patterns_is_the_one_that_takes_in_fewer_texts_of_the_other(one, other):
    ones, others = ({text for text in TEXTS if fnmatchcase(text, pattern)} for pattern in (one, other))
    both = ones & others
    taken = expanded({one: FULL, other: APPEND}, FITTED)
    if one == other or ones == others:
        return
    if ones < others or others < ones:
        assert not taken.clashes
        assert {taken.streams[text] for text in both} <= {FULL if ones < others else APPEND}
    else:
        assert taken.clashes.keys() == both


def test_a_stream_that_several_patterns_take_in_alike_is_a_problem_unless_it_is_named():
    gateway = Offering([stream("raw_tmp")])
    (problem,) = Resolved(gateway, {"raw_*": FULL, "*_tmp": APPEND}).problems
    said = 'several patterns take it in and none is narrower: "raw_*", "*_tmp"; give it a key of its own'
    assert problem == f"streams.raw_tmp: {said}"
    assert Resolved(gateway, {"raw_*": FULL, "*_tmp": APPEND, "raw_tmp": FULL}).problems == []


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"row_*": FULL}, "streams.row_*: the source 'shop' has no stream that this takes in; it has raw_a"),
        ({"*": FULL, "raw_b": EXCLUDED}, "streams.raw_b: the source 'shop' has no such stream; it has raw_a"),
    ],
)
def test_a_pattern_that_takes_nothing_in_and_a_misspelt_exclusion_are_problems(declared, said):
    assert Resolved(Offering([stream("raw_a")]), declared).problems == [said]


def test_a_pattern_that_excludes_nothing_is_only_said_to():
    found = Resolved(Offering([stream("raw_a")]), {"*": FULL, "tmp_*": EXCLUDED})
    assert found.problems == []
    assert found.notices == ["streams.tmp_*: it excludes nothing: there is no stream that it takes in"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"fields": ["id", "at", "emial"]}, "it has no column emial; it has email"),
        (
            {"fields": ["id", "at", "address.city"]},
            "address.city is inside of the column address, and Airbyte selects",
        ),
        ({"fields": ["id", "at", ["address", "city"]]}, "address.city is inside of the column address"),
        ({"fields": ["id", "a.b", "email"]}, "its column at is its cursor, so it cannot be left out"),
        ({"exclude_fields": ["id"]}, "its column id is part of its primary key, so it cannot be left out"),
        ({"exclude_fields": ["id", "at", "a.b", "address", "email"]}, "none of its columns is left"),
        ({"exclude_fields": ["phone"]}, "it has no column phone; its fields are a.b, address, at, email, id"),
    ],
)
def test_a_choice_of_columns_that_airbyte_does_not_take_is_a_problem(more, said):
    gateway = Offering([stream("orders", schema=COLUMNS)])
    declared = AirbyteStream(DEDUP, cursor_field="at", primary_key="id", **more)
    (problem,) = Resolved(gateway, {"orders": declared}).problems
    assert said in problem


@pytest.mark.parametrize(
    ("mapper", "said"),
    [
        (mappers.AesEncryption("email", "no key"), "wants a key of 32, 48 or 64 hexadecimal digits"),
        (mappers.AesEncryption("email", "00" * 17), "wants a key of 32, 48 or 64 hexadecimal digits"),
        (
            mappers.AesEncryption("email", Secret.env("A_SHORT_KEY")),
            "wants a key of 32, 48 or 64 hexadecimal digits",
        ),
        (mappers.AesEncryption("email", Secret.env("NOT_THERE")), None),  # which is a problem of its own
        (mappers.AesEncryption("email", Secret.call(lambda: pytest.fail("read"), reference="vault")), None),
        (mappers.AesEncryption("email", "aB" * 32), None),
        (mappers.RsaEncryption("email", "-----BEGIN"), "wants a public key in hexadecimal digits"),
        (mappers.RsaEncryption("email", "30819f"), None),
    ],
)
def test_a_key_that_is_none_is_a_problem_wherever_it_may_be_read(mapper, said, monkeypatch):
    monkeypatch.setenv("A_SHORT_KEY", "abcdef")
    problems = Resolved(
        Offering([stream("orders", schema=COLUMNS)]), {"orders": AirbyteStream(FULL, mappers=[mapper])}
    )
    assert problems.problems == ([] if said is None else [f"streams.orders: its mapper encryption {said}"])


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ([mappers.Hashing("emial")], "its mapper hashing has no field emial to read; it has email"),
        (
            [mappers.Hashing("email"), mappers.FieldFiltering("email")],
            "no field email to read; it has email_hashed",
        ),
        (
            [mappers.FieldRenaming("email", "x"), mappers.RowFiltering(mappers.Not(mappers.Equal("email", "")))],
            "email",
        ),
        ([mappers.Hashing("address")], "no field address to read"),  # it is left out
        ([mappers.Hashing("email", field_name_suffix=""), mappers.AesEncryption("email", "00" * 16)], None),
        ([{"type": "shuffling", "mapperConfiguration": {}}, mappers.Hashing("whatever")], None),
        (
            [mappers.FieldRenaming("email", "id")],
            "its mapper field-renaming makes 'id' of email, which is there already",
        ),
        ([mappers.FieldRenaming("email", "email_hashed"), mappers.Hashing("id", field_name_suffix="")], None),
        (
            [mappers.FieldRenaming("email", "id_hashed"), mappers.Hashing("id")],
            "mapper hashing makes 'id_hashed' of id",
        ),
        (
            [{"type": "field-renaming", "mapperConfiguration": {"originalFieldName": "id", "newFieldName": ""}}],
            "makes '' of id, no name",
        ),
    ],
)
def test_a_mapper_of_a_field_that_is_not_there_by_then_or_that_makes_one_that_is_is_a_problem(chosen, said):
    gateway = Offering([stream("orders", schema=COLUMNS)])
    found = Resolved(gateway, {"orders": AirbyteStream(FULL, exclude_fields=["address"], mappers=chosen)})
    assert found.problems == [] if said is None else said in found.problems[0]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"exclude_fields": ["email"]}, "has no field email to read; its fields are a.b, address, at, id; it was"),
        ({"exclude_fields": ["email"], "mappers": []}, None),
        ({"fields": ["id", "email"]}, None),
        ({"exclude_fields": ["id"]}, None),  # as it is
    ],
)
def test_a_column_that_a_mapper_chosen_in_airbyte_reads_is_not_left_out_without_a_word(chosen, said):
    orders = stream("orders", schema=COLUMNS)
    rows = [{"fieldPath": [name]} for name in ("a.b", "address", "at", "email")]
    orders["config"] |= {"selected": True, "fieldSelectionEnabled": True, "selectedFields": rows}
    kept = [{"type": "hashing", "mapperConfiguration": {"targetField": "email", "fieldNameSuffix": "_h"}}]
    there = {"syncCatalog": {"streams": [{**orders, "config": {**orders["config"], "mappers": kept}}]}}
    problems = Resolved(Offering([orders], there), {"orders": AirbyteStream(FULL, **chosen)}).problems
    assert problems == [] if said is None else said in problems[0]


@pytest.mark.parametrize(
    ("version", "api", "lacks"),
    [
        (None, "config", {"mappers", "field-filtering", "include files"}),
        ("1.4.9", "public", {"fields", "mappers", "field-filtering", "include files"}),
        ("1.5.0", "config", {"field-filtering", "include files"}),
        ("1.6.0", "public", {"field-filtering", "include files"}),
        ("1.8.0", "public", set()),
    ],
)
def test_a_server_says_what_of_a_stream_came_after_its_version(version, api, lacks):
    profile = profile_of(read_release(version)) if version else UNNUMBERED
    server = Server(base="http://airbyte", version=version, profile=profile)
    found = server.lacking({"mode", "fields", "mappers", "field-filtering", "include files"}, api)
    assert found.keys() == lacks
    assert all(said.startswith(f"Airbyte's {api.capitalize()} API has this since 1.") for said in found.values())


def test_a_column_that_a_pattern_excludes_need_not_be_in_each_of_its_streams():
    bare = {"type": "object", "properties": {"id": {}}}
    gateway = Offering([stream("a", schema=COLUMNS), stream("b", schema=bare)])
    found = Resolved(gateway, {"*": AirbyteStream(FULL, exclude_fields=["email"])})
    assert found.problems == []
    assert found.declared.fields["streams"] == {
        "a": {"mode": FULL, "fields": ["a.b", "address", "at", "id"]},
        "b": {"mode": FULL, "fields": "all"},
    }


def test_a_column_that_none_of_the_streams_of_a_pattern_has_is_a_problem_of_the_pattern():
    gateway = Offering([stream("a", schema=COLUMNS), stream("b", schema=COLUMNS)])
    found = Resolved(gateway, {"*": AirbyteStream(FULL, exclude_fields=["email", "emial"])})
    assert found.problems == ["streams.*: none of the streams that it takes in has a column emial to leave out"]


def test_all_columns_and_no_choice_are_one_and_the_same():
    stored = {"syncCatalog": {"streams": [stream("orders", schema=COLUMNS)]}}
    gateway = Offering([stream("orders", schema=COLUMNS)], stored)
    every = AirbyteStream(FULL, fields=["id", "at", "a.b", "address", "email"])
    assert Resolved(gateway, {"orders": every}).items == ()
    assert Resolved(gateway, {"orders": AirbyteStream(FULL, exclude_fields=[])}).items == ()
    assert Resolved(gateway, {"orders": AirbyteStream(FULL, exclude_fields=["email"])}).fields == [
        FieldChange(("streams", "orders", "fields"), "all", ["a.b", "address", "at", "id"])
    ]


@pytest.mark.parametrize("more", [{"exclude_fields": []}, {"exclude_fields": ["email"]}, {"fields": ["id", "at"]}])
def test_what_was_resolved_once_is_resolved_again_to_the_same(more):
    stored = {"syncCatalog": {"streams": [stream("orders", schema=COLUMNS)]}}
    gateway = Offering([stream("orders", schema=COLUMNS), stream("other", schema=COLUMNS)], stored)
    kind = ConnectionKind(gateway)
    declared = AirbyteStream(FULL, mappers=[mappers.AesEncryption("id", "00ff" * 8)], **more)
    once = Resolved(gateway, {"o*": declared}).declared

    async def again() -> Pair:
        (observed,) = await kind.observe()
        (pair,) = await kind.resolve([Pair(once, observed)], ResolveContext(ids=IDS))
        return pair

    assert anyio.run(again).declared.fields == once.fields


def test_streams_of_a_source_that_does_not_exist_are_shown_as_they_are_declared():
    declared = {"*": AirbyteStream(FULL, exclude_fields=["x"]), "tmp_*": EXCLUDED, "odd[": APPEND}
    found = Resolved(Offering([]), declared, ids={})
    assert found.problems == []
    assert found.declared.fields["streams"].value == {
        "*": {"mode": FULL, "excluded fields": ["x"]},
        "tmp_*": EXCLUDED,
        "odd[": APPEND,
    }


def test_a_mapper_that_stays_keeps_its_id_and_its_masked_key_wherever_it_moves(workspace):
    workspace.applied(_sealed([mappers.Hashing("name"), mappers.AesEncryption("email", "00ff" * 8)]))
    before = _mappers(workspace)
    workspace.applied(_sealed([mappers.AesEncryption("email", "00ff" * 8), mappers.Hashing("name", "MD5")]))
    assert [mapper["id"] for mapper in _mappers(workspace)] == [mapper["id"] for mapper in before[::-1]]
    # Another change of the stream sends the mask back, and the server keeps the key.
    workspace.applied(_sealed([mappers.AesEncryption("email", "00ff" * 8), mappers.Hashing("name", "MD5")], APPEND))
    ((_, body),) = workspace.written
    sent = body["syncCatalog"]["streams"][0]["config"]["mappers"][0]
    assert (sent["id"], sent["mapperConfiguration"]["key"]) == (before[1]["id"], "**********")
    # Of none, no hashed field is left that an older server would make a mapper of.
    workspace.applied(_sealed([], APPEND))
    assert _mappers(workspace) == []


def test_a_connection_is_not_made_anew_with_the_mask_in_the_place_of_a_key(workspace):
    streams = {"users": AirbyteStream(FULL, mappers=[mappers.AesEncryption("email", "00ff" * 8)])}
    people, files = _sealed([]).source, _sealed([]).destination
    workspace.applied(AirbyteConnection("sync", people, files, streams))
    other = type(files)("other", "Local JSON", {"destination_path": "/local/other"})
    result = workspace.apply(AirbyteConnection("sync", people, other, {"users": FULL}))
    (failed,) = [each for each in result.report.outcomes if each.status == "failed"]
    assert "cannot be made anew with the mappers of its stream 'users'" in failed.reason
    assert [each["name"] for each in workspace.connections()] == ["sync"]


def test_a_stream_without_patterns_and_columns_costs_no_read_and_with_them_one(workspace):
    people, files = _sealed([]).source, _sealed([]).destination
    plain = [AirbyteConnection(f"sync {n}", people, files, {"users": FULL}) for n in range(3)]
    picked = [AirbyteConnection(f"sync {n}", people, files, {"u*": FULL}) for n in range(3)]
    named = AirbyteStream(FULL, fields=["id", "name"], mappers=[mappers.Hashing("name")])
    settled = [AirbyteConnection(f"sync {n}", people, files, {"users": named}) for n in range(3)]
    workspace.applied(*plain)

    def requests(*elements) -> int:
        workspace.server.forget_requests()
        workspace.check(*elements)
        return len(workspace.server.requests)

    cost = requests(*plain)
    assert requests(*picked) == cost + 3
    assert workspace.asked("web_backend/connections/get") == 3
    assert workspace.asked("discover_schema") == 0
    workspace.applied(*settled)
    assert requests(*settled) == cost


def test_what_a_pattern_came_to_in_the_plan_is_what_is_written_whatever_happens_meanwhile(workspace):
    shop = {"host": "h", "port": 5432, "database": "d", "username": "u", "password": "p", "schemas": ["public"]}
    source, files = AirbyteSource("shop", "Postgres", shop), _sealed([]).destination
    workspace.applied(AirbyteConnection("sync", source, files, {"orders": FULL}))

    def meanwhile() -> None:
        (there,) = workspace.actors("source")
        more = {**shop, "schemas": ["public", "audit"]}
        workspace.call("sources/update", sourceId=there["sourceId"], name="shop", connectionConfiguration=more)
        workspace.call("sources/discover_schema", sourceId=there["sourceId"], disable_cache=True)

    result = workspace.apply(AirbyteConnection("sync", source, files, {"*": FULL}), meanwhile=meanwhile)
    assert [field.path for field in result.plan.entries[0].fields] == [("streams", "customers")]
    (found,) = workspace.connections()
    streams = [(row["stream"]["namespace"], row["stream"]["name"]) for row in found["syncCatalog"]["streams"]]
    assert sorted(streams) == [("public", "customers"), ("public", "orders")]


def _sealed(chosen, mode=FULL) -> AirbyteConnection:
    people = AirbyteSource("people", "Sample Data", {"count": 10})
    files = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})
    return AirbyteConnection("sync", people, files, {"users": AirbyteStream(mode, mappers=chosen)})


def _mappers(workspace) -> list[dict[str, Any]]:
    (found,) = workspace.connections()
    return found["syncCatalog"]["streams"][0]["config"]["mappers"]


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (
            "1.8.0",
            "Airbyte 1.8.0 has no such mapper, only encryption, field-filtering, field-renaming, hashing, row-",
        ),
        ("2.0.3", "Airbyte 2.0.3 has no such mapper"),
        ("2.1.0", None),  # as new as anybody here has met, or newer
        (None, None),
    ],
)
def test_a_mapper_of_a_type_that_no_airbyte_of_that_version_has_is_refused(version, said):
    server = Server(base="", version=version)
    if said is None:
        assert server.lacking((), "public", {"shuffling", "hashing"}) == {}
    else:
        (why,) = server.lacking((), "public", {"shuffling", "hashing"}).values()
        assert why.startswith(said)
