"""Which stream is meant: names and namespaces of any characters, and names that are misspelt."""

from __future__ import annotations

import ast

import airbyte_local
import anyio
import pytest
from dagster_managed_elements.airbyte import (
    EXCLUDED,
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)
from dagster_managed_elements.airbyte.kinds.connections import ConnectionKind
from dagster_managed_elements.airbyte.near_names import NearNames, likeness
from dagster_managed_elements.airbyte.stream_names import label_of, named, spelt
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.adoption import AdoptContext
from dagster_managed_elements.engine.changes import FieldChange
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import ABSENT, Ref
from dagster_managed_elements.reconciling import Options, check
from hypothesis import given
from hypothesis import strategies as st

from testing.airbyte_catalogs import DESTINATION, SOURCE, Offering, Resolved, stream

FULL, APPEND = AirbyteSyncMode.FULL_REFRESH_OVERWRITE, AirbyteSyncMode.FULL_REFRESH_APPEND
PARTS = st.text(alphabet='ab."\\ ', max_size=4)
NAMES = PARTS | st.tuples(PARTS, PARTS)
APART = [(("x", "c.d"), ("x.c", "d")), ("x.c", ("x", "c")), (("", "c"), ("x", "c")), ('"a"', "a")]


@given(NAMES)
def test_a_label_names_the_stream_it_was_made_of(name):
    assert named(label_of(name)) == name
    assert ast.literal_eval(spelt(name)) == name


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("orders", "orders"),
        (("north", "orders"), "north.orders"),
        ("c.d", '"c.d"'),
        (("x", "c.d"), 'x."c.d"'),
        (("x.c", "d"), '"x.c".d'),
        (("", "orders"), ".orders"),
        ('say "no"', '"say ""no"""'),
    ],
)
def test_a_part_that_holds_a_dot_stands_in_quotes(name, label):
    assert label_of(name) == label


def as_found(name, mode):
    namespace, plain = ("", name) if isinstance(name, str) else name
    return stream(plain, namespace or None, mode=mode)


@pytest.mark.parametrize(("one", "other"), APART)
def test_two_streams_whose_joined_names_are_alike_stay_apart(one, other):
    offered = [as_found(one, FULL), as_found(other, APPEND)]
    stored = Offering([], {"namespaceDefinition": "source", "syncCatalog": {"streams": offered}})
    same = Resolved(stored, {one: FULL, other: APPEND})
    assert (same.problems, same.fields) == ([], [])
    changed = Resolved(stored, {one: FULL, other: FULL})
    assert changed.fields == [FieldChange(("streams", label_of(other)), APPEND, FULL)]


MODES = st.sampled_from([FULL, APPEND])


NAMESPACES = PARTS.filter(lambda part: part == "" or part.strip())  # a blank one is the destination's default


@given(st.dictionaries(st.tuples(NAMESPACES, PARTS), st.tuples(MODES, MODES), min_size=1, max_size=4))
def test_each_stream_is_compared_with_itself_whatever_it_and_the_others_are_called(sides):
    rows = [stream(name, namespace or None, mode=there) for (namespace, name), (_, there) in sides.items()]
    stored = {"namespaceDefinition": "source", "syncCatalog": {"streams": rows}}
    found = Resolved(Offering([], stored), {pair: declared for pair, (declared, _) in sides.items()})
    assert found.fields == [
        FieldChange(("streams", label_of(pair)), there, declared)
        for pair, (declared, there) in sides.items()
        if declared != there
    ]


def test_what_the_source_offers_is_configured_as_the_connection_has_the_same_stream():
    chosen = stream("c.d", "x", cursor=["chosen"])
    gateway = Offering([stream("c.d", "x"), stream("d", "x.c")], {"syncCatalog": {"streams": [chosen]}})
    found = Resolved(gateway, {("x", "c.d"): FULL, ("x.c", "d"): FULL})
    assert found.fields == [FieldChange(("streams", '"x.c".d'), ABSENT, FULL)]
    entries = found.declared.facts.entries
    assert [entries[label].config.cursor_field for label in ('x."c.d"', '"x.c".d')] == [["chosen"], []]


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("orders", 'has this stream in several namespaces; name one of ("", "orders"), ("north", "orders")'),
        ("north.orders", 'has no such stream; it has ("north", "orders"), ("", "orders")'),
        ("USERS", "has no such stream; capitals matter: it has users"),
        (("NORTH", "orders"), 'has no such stream; capitals matter: it has ("north", "orders")'),
        ("usres", "has no such stream; it has users"),
        ("zzz", 'has no such stream; it has ("", "orders"), ("north", "orders"), users'),
    ],
)
def test_a_name_that_fits_none_or_several_is_answered_with_what_to_write(declared, said):
    gateway = Offering([stream("orders"), stream("orders", "north"), stream("users", "north")])
    (problem,) = Resolved(gateway, {declared: FULL}).problems
    assert problem == f"streams.{label_of(declared)}: the source 'shop' {said}"


def test_a_stream_of_another_namespace_than_the_declared_one_is_shown_with_its_own():
    rows = [
        stream("customers", "sales", mode=AirbyteSyncMode.INCREMENTAL_APPEND, cursor=["id"]),
        stream("users", "sales"),
    ]
    stored = Offering([stream("customers", "public"), stream("users", "sales")], {"syncCatalog": {"streams": rows}})
    found = Resolved(stored, {("public", "customers"): FULL, "users": FULL})
    assert [field.path[1] for field in found.fields] == ["public.customers", "sales.customers"]
    (item,) = found.items
    texts = [consequence.text for consequence in ConnectionKind(stored).consequences(item)]
    assert any("its stream sales.customers is synced no more" in text for text in texts)


def test_one_stream_declared_by_both_of_its_names_is_a_problem():
    gateway = Offering([stream("orders", "north")])
    (problem,) = Resolved(gateway, {"orders": FULL, ("north", "orders"): FULL}).problems
    assert problem == 'streams.orders: it is declared as ("north", "orders") already'


def test_a_bare_name_beside_one_of_another_namespace_is_not_said_to_be_declared_as_what_nobody_declared():
    gateway = Offering([stream("orders", "north")])
    bare, pair = Resolved(gateway, {"orders": FULL, ("south", "orders"): FULL}).problems
    assert (
        bare
        == 'streams.orders: the source \'shop\' has this stream in one namespace only; name it ("north", "orders")'
    )
    assert pair.startswith("streams.south.orders: the source 'shop' has no such stream")


SEVERAL = (
    "there are several streams of this name, and Airbyte's Public API tells their namespaces since 1.8 only; "
    'use api="config"'
)


@pytest.mark.parametrize(
    ("declared", "refused"),
    [
        ({"customers": FULL}, []),
        ({"customers": FULL, "orders": FULL}, ["streams.orders"]),
        ({("", "orders"): FULL}, ["streams..orders"]),
        ({"*": FULL}, ["streams.orders"]),
        ({"*": FULL, "ord*": EXCLUDED}, []),
    ],
)
def test_of_streams_that_no_namespace_tells_apart_none_is_chosen(declared, refused):
    offered = [{"streamName": name} for name in ("orders", "customers", "orders")]
    found = Resolved(Offering(offered, api="public"), declared)
    assert found.problems == [f"{path}: {SEVERAL}" for path in refused]


@pytest.mark.parametrize("declared", [{"customers": FULL}, {"orders": FULL, "customers": FULL}, {"*": FULL}])
def test_a_connection_with_streams_that_no_namespace_tells_apart_is_not_compared(declared):
    modes = {"customers": "overwrite", "orders": "overwrite"}
    rows = [
        {"name": name, "syncMode": f"full_refresh_{mode}"} for name, mode in [*modes.items(), ("orders", "append")]
    ]
    gateway = Offering([], {"configurations": {"streams": rows}}, api="public")
    assert Resolved(gateway, declared).problems == [f"streams.orders: {SEVERAL}"]


def test_a_connection_with_streams_that_no_namespace_tells_apart_is_not_exported():
    rows = [{"name": "orders", "syncMode": f"full_refresh_{mode}"} for mode in ("overwrite", "append")]
    kind = ConnectionKind(Offering([], {"configurations": {"streams": rows}}, api="public"))
    context = AdoptContext(elements={Ref("source", "s"): SOURCE, Ref("destination", "d"): DESTINATION})

    async def adopted():
        return await kind.adopt(await kind.observe(), context)

    left_out, _untold = anyio.run(adopted)
    assert left_out.text == f"this connection is left out: orders: {SEVERAL}"


@pytest.mark.wide("1.6")
@pytest.mark.parametrize("version", ["0.50", "1.6", "1.8"])
def test_namespaces_are_declared_where_the_api_tells_them(version):
    config = {"host": "h", "port": 5432, "database": "d", "username": "u", "schemas": ["north", "south"]}
    source, lake = (
        AirbyteSource("shop", "Postgres", config),
        AirbyteDestination("lake", "Local JSON", {"destination_path": "/local/o"}),
    )
    mirrored = {"destination_namespace": AirbyteDestinationNamespace.SAME_AS_SOURCE}

    def reconciler(api, streams):
        connection = AirbyteConnection("sync", source, lake, streams, **mirrored)
        return AirbyteManagedElementReconciler(AirbyteInstance(url=server.url, api=api), [connection])

    def said(streams):
        (result,) = anyio.run(check, [reconciler("public", streams)], Options())
        return str(result.error) if result.error else None

    both = {("north", "orders"): FULL, ("south", "orders"): APPEND}
    with airbyte_local.server(airbyte_version=version, auth="none") as server:
        (made,) = anyio.run(lambda: apply([reconciler("config", both)], Options(), anyio.Event()))
        assert made.report.ok, made.report
        if version == "1.8":
            assert said(both) is None
            return
        untold = "sync.streams.north.orders.namespace: Airbyte's Public API has this since 1.8, and this one is"
        several, namespace = said({("north", "orders"): FULL}).splitlines()
        assert several == f"sync.streams.orders: {SEVERAL}"
        assert namespace.startswith(untold)
        assert said({("*", "*"): FULL}) == said({"customers": FULL}) == several


@pytest.mark.parametrize("name", [("a", "b", "c"), ("a",), 3, ("a", None)])
def test_what_is_no_name_of_a_stream_is_refused_in_one_line(name):
    ends = AirbyteSource("s", "Postgres"), AirbyteDestination("d", "Postgres")
    with pytest.raises(DeclarationError, match=r"stream_config is by a name or by \(namespace, name\), not by"):
        AirbyteConnection("c", *ends, {name: FULL})


def test_the_search_for_near_names_is_bounded_however_many_there_are_and_are_misspelt():
    compared: list[tuple[str, str]] = []

    def counted(one: str, other: str) -> float:
        compared.append((one, other))
        return likeness(one, other)

    names = NearNames([f"table_{number:05}" for number in range(6_000)], likeness=counted)
    assert names.near("tabel_01234")[0] == "table_01234"
    assert len(compared) <= 16
    for number in range(3_000):
        names.near(f"tabel_{number:05}")
    assert len(compared) <= 50 * 16
    assert names.spelt_like("TABLE_05999") == ["table_05999"]
