import pytest
from dagster_managed_elements.airbyte.connection_fields import read_fields, words_of
from dagster_managed_elements.airbyte.wire import (
    Actor,
    Catalog,
    Connection,
    Definition,
    Job,
    Stream,
    Workspace,
    read_actor,
    read_catalog,
    read_connection,
    read_definition,
    read_job,
    read_list,
    read_specification,
    read_text,
    read_workspace,
)
from dagster_managed_elements.engine.errors import ServerFault

CONNECTION = {"connectionId": "c", "name": "n", "sourceId": "s", "destinationId": "d"}


@pytest.mark.parametrize("side", ["source", "destination"])
def test_both_sides_are_read_into_the_same_values(side):
    body = {
        f"{side}Id": "1",
        f"{side}DefinitionId": "2",
        "name": "n",
        "connectionConfiguration": {"a": None},
        "isVersionOverrideApplied": True,
        "workspaceId": "w",
    }
    actor = Actor(id="1", definition_id="2", name="n", configuration={"a": None}, is_version_override_applied=True)
    assert read_actor(side, body, "at") == actor
    definition = {f"{side}DefinitionId": "2", "name": "N", "dockerRepository": "r", "dockerImageTag": "t"}
    assert read_definition(side, definition, "at") == Definition(
        id="2", name="N", docker_repository="r", docker_image_tag="t"
    )


def test_null_empty_and_missing_are_one_and_the_same():
    catalog = {"streams": [{"stream": {"name": "x"}, "config": {}}]}
    nulls = {"streams": [{"stream": {"name": "x", "namespace": None, "defaultCursorField": None}, "config": None}]}
    for one, other in [(catalog, nulls), (None, {"streams": None}), ({}, {"streams": []})]:
        plain, odd = read_catalog(one, "at"), read_catalog(other, "at")
        assert [row.stream.name for row in plain.streams] == [row.stream.name for row in odd.streams]
        assert [row.stream.default_cursor_field for row in odd.streams] == [[] for _ in plain.streams]
    nothing = read_connection({**CONNECTION, "prefix": None, "status": None, "syncCatalog": None}, "at")
    assert (nothing.status, nothing.sync_catalog) == ("active", Catalog())
    for api in ("config", "public"):
        nulls = dict.fromkeys(words_of(api))
        assert read_fields(nulls, "at", api) == read_fields({}, "at", api)


def test_what_a_server_adds_is_ignored_in_values_and_kept_in_raw():
    stream = {"name": "x", "isSparkling": True, "supportedSyncModes": ["full_refresh", "unheard_of"]}
    config = {"syncMode": "unheard_of", "destinationSyncMode": "append", "mappers": [{"id": "m"}], "raw": "odd"}
    (row,) = read_catalog({"streams": [{"stream": stream, "config": config}]}, "at").streams
    assert row.stream == Stream(name="x", supported_sync_modes=["full_refresh", "unheard_of"], raw=stream)
    assert row.config.sync_mode == "unheard_of"
    assert row.config.raw == config
    assert read_workspace({"workspaceId": "w", "name": "n", "x": 1}, "at") == Workspace(workspace_id="w", name="n")


def test_a_connection_is_read_with_its_streams():
    catalog = {"streams": [{"stream": {"name": "x"}, "config": {"selected": True}}]}
    connection = read_connection({**CONNECTION, "syncCatalog": catalog, "created_at": 1}, "at")
    assert connection.sync_catalog.streams[0].config.selected is True
    bare = Connection(connection_id="c", name="n", source_id="s", destination_id="d")
    assert read_connection(CONNECTION, "at") == bare


def test_a_specification_without_anything_is_empty():
    assert read_specification({"sourceDefinitionId": "d"}, "at").connection_specification == {}


@pytest.mark.parametrize(
    ("body", "job"),
    [
        (None, Job()),
        ({"succeeded": True}, Job()),
        ({}, Job()),
        ({"succeeded": False}, Job(succeeded=False)),
        ({"succeeded": False, "failureReason": {"externalMessage": "no"}}, Job(succeeded=False, failure="no")),
        (
            {"succeeded": False, "failureReason": {"externalMessage": " ", "internalMessage": "in"}},
            Job(succeeded=False, failure="in"),
        ),
    ],
)
def test_a_job_says_how_it_went_in_the_connectors_words(body, job):
    assert read_job(body, "at") == job


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: read_workspace([], "at"), "expected an object, got list"),
        (lambda: read_workspace({"name": "n"}, "at"), "missing required field `workspaceId`"),
        (lambda: read_workspace({"workspaceId": 5, "name": "n"}, "at"), r"got `int` - at `\$.workspaceId`"),
        (lambda: read_actor("source", {"name": "n"}, "at"), "expected a text at `sourceId`"),
        (lambda: read_actor("source", {"sourceId": "s", "sourceDefinitionId": 4}, "at"), "`sourceDefinitionId`"),
        (lambda: read_connection({**CONNECTION, "syncCatalog": 1}, "at"), "^at.syncCatalog: "),
        (lambda: read_catalog({"streams": {}}, "at"), "expected a list at `streams`"),
        (lambda: read_catalog({"streams": [{"stream": {}}]}, "at"), r"^at.streams\[0\].stream: .* `name`"),
        (lambda: read_list("text", "rows", "at"), "expected an object, got str"),
        (lambda: read_text({"id": 3}, "id", "at"), "expected a text at `id`"),
    ],
)
def test_a_body_of_the_wrong_shape_is_a_server_fault_of_one_line_with_its_path(read, message):
    with pytest.raises(ServerFault, match=message) as caught:
        read()
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("at")
    assert "the answer is not what Airbyte promises" in str(caught.value)
