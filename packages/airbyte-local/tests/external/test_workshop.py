"""Which connector acts for a definition, as somebody sees it who asks the server."""

from __future__ import annotations

import contextlib
import json
import sys

import pytest
from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.external.choices import Choices
from airbyte_local.connectors.external.environments import Environments
from airbyte_local.connectors.external.pins import find_pin
from airbyte_local.connectors.external.workshop import Workshop

MANIFEST = {
    "version": "6.0.0",
    "type": "DeclarativeSource",
    "spec": {
        "type": "Spec",
        "connection_specification": {
            "type": "object",
            "required": ["key"],
            "additionalProperties": False,
            "properties": {"key": {"type": "string", "airbyte_secret": True}},
        },
    },
}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "connectors"


@pytest.fixture
def install(folder, index, fakes):
    """`install("github")`: as `airbyte-local install`, without a package index."""

    def install(name):
        Environments(folder, uv=index.find).install(find_pin(name), fakes.worker, Cancellation(), lambda _: None)

    return install


@pytest.fixture
def api(serve, folder):
    return serve("2.0", connectors=folder, retry_seconds=())


@pytest.fixture
def eager(serve, folder, index, monkeypatch):
    """A server whose connectors are installed by their first use, by the uv of the test."""
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", f"{index.path.parent}:/usr/bin:/bin")
    return serve("2.0", connectors=folder, installs=True)


def specification(api, definition_id):
    body = {"sourceDefinitionId": definition_id, "workspaceId": api.workspace}
    return api.ok("source_definition_specifications/get", body)["connectionSpecification"]


def custom(api, image, tag="0.1.0"):
    body = {"name": "Mine", "dockerRepository": image, "dockerImageTag": tag, "documentationUrl": ""}
    made = api.ok("source_definitions/create_custom", {"workspaceId": api.workspace, "sourceDefinition": body})
    return made["sourceDefinitionId"]


def source(api, definition_id, **configuration):
    return api.ok(
        "sources/create",
        name="s",
        workspaceId=api.workspace,
        sourceDefinitionId=definition_id,
        connectionConfiguration=configuration,
    )["sourceId"]


def streams(api, source_id):
    found = api.ok("sources/discover_schema", sourceId=source_id)
    assert found["jobInfo"]["succeeded"], found["jobInfo"]
    return [entry["stream"]["name"] for entry in found["catalog"]["streams"]]


GITHUB = {
    "credentials": {"option_title": "PAT Credentials", "personal_access_token": "t"},
    "repositories": ["a/b"],
}


def test_what_is_built_in_stays_until_the_real_one_is_wanted(api, install, folder):
    install("faker")
    definition_id = api.definition("source", "Sample Data")
    assert specification(api, definition_id)["title"] == "Sample Data source"
    Choices(folder).prefer("airbyte/source-faker", "7.2.1")
    assert specification(api, definition_id)["title"] == "the real one"
    assert streams(api, source(api, definition_id)) == ["things"]
    Choices(folder).forget("airbyte/source-faker")
    assert specification(api, definition_id)["title"] == "Sample Data source"


def test_a_real_one_that_is_wanted_and_gone_says_so(api, folder):
    Choices(folder).prefer("airbyte/source-faker", "7.2.1")
    source_id = source(api, api.definition("source", "Sample Data"))
    found = api.ok("sources/check_connection", sourceId=source_id)
    assert found["status"] == "failed"
    assert "airbyte-local install faker" in found["message"]


def test_a_custom_definition_with_the_image_of_an_installed_one_runs_it(api, install):
    definition_id = custom(api, "airbyte/source-faker")
    assert specification(api, definition_id)["title"] == "Sample Data source"
    install("faker")
    assert specification(api, definition_id)["title"] == "the real one"
    assert streams(api, source(api, definition_id)) == ["things"]


def test_what_is_imitated_gives_way_to_the_real_one(api, install):
    definition_id = api.definition("source", "GitHub")
    source_id = source(api, definition_id, **GITHUB)
    assert specification(api, definition_id)["title"] == "GitHub source, imitated"
    assert api.ok("sources/check_connection", sourceId=source_id)["status"] == "succeeded"
    imitated = streams(api, source_id)
    install("github")
    assert specification(api, definition_id)["title"] == "the real one"
    assert streams(api, source_id) == ["things"] != imitated  # not those that were discovered before


def test_what_is_only_imitated_moves_no_data_and_says_what_would(api, folder):
    source_id = source(api, api.definition("source", "GitHub"), **GITHUB)
    connection_id = api.connection(source_id)["connectionId"]
    job = api.server.sync(connection_id)
    (reason,) = failures(api, job)
    assert f"airbyte-local install github --data {folder.parent}" in reason


def failures(api, job):
    attempts = api.ok("jobs/get", id=job.id)["attempts"]
    return [
        failure["externalMessage"]
        for attempt in attempts
        for failure in attempt["attempt"]["failureSummary"]["failures"]
    ]


def test_the_rows_of_a_real_one_arrive(api, install):
    install("hardcoded-records")
    source_id = source(api, api.definition("source", "Hardcoded Records"))
    destination = api.destination(destination_path="/local/out")
    connection_id = api.connection(source_id, destinationId=destination["destinationId"])["connectionId"]
    assert api.server.sync(connection_id).status == "succeeded"
    (line,) = (api.server.local / "out" / "_airbyte_raw_things.jsonl").read_text().splitlines()
    assert json.loads(line)["_airbyte_data"] == {"real": True}


def test_one_that_is_neither_built_in_nor_imitated_has_a_specification_until_it_is_installed(api):
    definition_id = api.definition("source", "Hardcoded Records")
    assert specification(api, definition_id)["properties"]["count"]["default"] == 1000
    source_id = source(api, definition_id)
    for path in ("check_connection", "discover_schema"):
        assert "airbyte-local install hardcoded-records" in json.dumps(
            api.ok(f"sources/{path}", sourceId=source_id)
        )


def test_the_first_use_installs_where_it_may(eager, index, folder):
    definition_id = eager.definition("source", "GitHub")
    source_id = source(eager, definition_id, **GITHUB)
    assert specification(eager, definition_id)["title"] == "GitHub source, imitated"
    assert index.asked == []
    assert streams(eager, source_id) == ["things"]
    assert specification(eager, definition_id)["title"] == "the real one"
    assert len(index.asked) == 2
    assert "airbyte-source-github 2.7.1" in (folder / "airbyte-source-github-2.7.1.log").read_text()


def test_an_installation_that_fails_is_the_answer_of_a_check(eager, index):
    index.behave("sys.stderr.write('no route to the index\\n'); sys.exit(2)")
    source_id = source(eager, eager.definition("source", "GitHub"), **GITHUB)
    found = eager.ok("sources/check_connection", sourceId=source_id)
    assert found["status"] == "failed"
    assert "no route to the index" in found["message"]


def test_without_uv_what_is_imitated_stays_imitated(eager, index, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    source_id = source(eager, eager.definition("source", "GitHub"), **GITHUB)
    assert eager.ok("sources/check_connection", sourceId=source_id)["status"] == "succeeded"
    assert index.asked == []


def declarative(api, manifest=MANIFEST):
    path = f"workspaces/{api.workspace}/definitions/declarative_sources"
    return api.made(path, name="Mine", manifest=manifest)["id"]


def test_a_manifest_without_its_runner_is_configured_and_not_run(api):
    definition_id = declarative(api)
    assert specification(api, definition_id)["required"] == ["key"]
    source_id = source(api, definition_id, key="k-123456")
    assert streams(api, source_id) == []
    found = api.ok("sources/check_connection", sourceId=source_id)
    assert (found["status"], "airbyte-local install declarative-manifest" in found["message"]) == ("failed", True)


def test_a_manifest_runs_in_the_shared_runner_under_its_own_specification(api, install, index):
    index.connect("""
        if command == "spec":
            say("SPEC", connectionSpecification={"title": "generic"})
        elif command == "check":
            configuration = given("config")
            manifest = configuration.pop("__injected_declarative_manifest")
            schema = manifest["spec"]["connection_specification"]
            fine = configuration == {"key": "k-123456"} and schema["additionalProperties"] is True
            say("CONNECTION_STATUS", status="FAILED", message=f"k-123456 {fine} {sorted(schema)}")
        else:
            say("CATALOG", streams=[{"name": given("config")["__injected_declarative_manifest"]["version"]}])
    """)
    index.behave("")
    install("declarative-manifest")
    definition_id = declarative(api)
    assert specification(api, definition_id) == MANIFEST["spec"]["connection_specification"]
    source_id = source(api, definition_id, key="k-123456")
    found = api.ok("sources/check_connection", sourceId=source_id)["message"]
    assert found == "********** True ['additionalProperties', 'properties', 'required', 'type']"
    assert streams(api, source_id) == ["6.0.0"]
    path = f"workspaces/{api.workspace}/definitions/declarative_sources/{definition_id}"
    api.made(path, "PUT", manifest={**MANIFEST, "version": "7.0.0"})
    assert streams(api, source_id) == ["7.0.0"]  # what the manifest before it had is stale


def test_the_specification_of_a_manifest_may_be_elsewhere_in_it(api):
    manifest = {
        "spec": {"$ref": "#/definitions/spec"},
        "definitions": {"spec": MANIFEST["spec"]},
    }
    assert specification(api, declarative(api, manifest))["required"] == ["key"]
    assert "required" not in specification(api, declarative(api, {"spec": {"$ref": "#/nowhere"}}))


def test_a_command_acts_for_the_image_it_was_registered_for(api, folder, fakes):
    script = fakes.script(
        """
        if sys.argv[2] == "spec":
            say("SPEC", connectionSpecification={"type": "object", "required": ["a"], "properties": {"a": {}}})
        else:
            say("CATALOG", streams=[{"name": sys.argv[1] + str(given("config")["a"])}])
        """,
        "source-acme",
    )
    mine, other = custom(api, "acme/source-x"), custom(api, "acme/source-y")
    with contextlib.closing(Workshop(folder)) as workshop:
        workshop.register("acme/source-x", (str(script), "--fast"))
    assert "required" not in specification(api, other)
    assert specification(api, mine)["required"] == ["a"]
    assert streams(api, source(api, mine, a=1)) == ["--fast1"]
    api.refused(
        422,
        "sources/create",
        name="s",
        workspaceId=api.workspace,
        sourceDefinitionId=mine,
        connectionConfiguration={},
    )


def test_a_file_that_is_not_read_here_is_read_once_the_command_that_is_said_was_run(api, install, folder):
    given = {"dataset_name": "t", "format": "parquet", "url": "b/t", "provider": {"storage": "S3"}}
    source_id = source(api, api.definition("source", "File"), **given)
    said = api.ok("sources/check_connection", sourceId=source_id)
    command = f"airbyte-local install source-file --data {folder.parent}"
    assert (said["status"], command in said["message"]) == ("failed", True)
    install("source-file")
    Choices(folder).prefer("airbyte/source-file", "0.6.0")  # as the command does
    assert api.ok("sources/check_connection", sourceId=source_id)["status"] == "succeeded"
    assert streams(api, source_id) == ["things"]


def test_what_was_decided_survives_a_restart(api, install, folder):
    install("faker")
    Choices(folder).prefer("airbyte/source-faker", "7.2.1")
    api.server.restart()
    assert specification(api, api.definition("source", "Sample Data"))["title"] == "the real one"


def test_choices_that_are_no_json_are_none(folder):
    folder.mkdir()
    (folder / "chosen.json").write_text("{")
    assert not Choices(folder).prefers("airbyte/source-faker")
    Choices(folder).prefer("airbyte/source-faker", "7.2.1")
    assert Choices(folder).prefers("airbyte/source-faker")
