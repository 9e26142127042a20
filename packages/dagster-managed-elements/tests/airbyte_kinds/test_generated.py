"""Upstream's classes for connectors against the local Airbyte: what they stand for is the server's to say."""

from __future__ import annotations

import anyio
import pytest
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
    EnvVar,
)
from dagster_managed_elements.airbyte.generated.destinations import LocalJsonDestination
from dagster_managed_elements.airbyte.generated.sources import (
    CerealBowlsSource,
    FakerSource,
    FileSource,
    PostgresSource,
)
from dagster_managed_elements.reconciling import Options, check

URL = "https://files.example/cereals.csv"


def cereals(provider=None, **more):
    provider = FileSource.HTTPSPublicWeb() if provider is None else provider
    return FileSource(name="cereals", dataset_name="cereals", format="csv", url=URL, provider=provider, **more)


def test_a_class_of_upstream_is_the_element_that_its_configuration_spells_out(workspace):
    configuration = {"dataset_name": "cereals", "format": "csv", "url": URL, "provider": {"storage": "HTTPS"}}
    workspace.applied(cereals())
    assert workspace.plan(AirbyteSource("cereals", "File", configuration)).entries == ()
    (source,) = workspace.actors("source")
    assert workspace.server.stored("source", source["sourceId"]) == configuration


def test_a_connector_whose_name_begins_with_a_digit_has_a_class_too():
    from dagster_managed_elements.airbyte.generated.sources import _100msSource

    assert _100msSource("calls", management_token="t").source_type == "_100ms"
    assert _100msSource._5xx().label == "_5xx"


def test_another_choice_is_a_change_of_what_it_stands_for(workspace):
    workspace.applied(cereals())
    (entry,) = workspace.plan(cereals(FileSource.SSHSecureShell(user="me", host="h"))).entries
    assert entry.action == "update"
    assert {field.path for field in entry.fields} == {
        ("provider", "storage"),
        ("provider", "user"),
        ("provider", "host"),
    }


def test_a_secret_in_a_choice_is_sent_and_never_shown(workspace, monkeypatch):
    monkeypatch.setenv("KEY", "-----BEGIN hush-----")
    tunnel = PostgresSource.SSHKeyAuthentication(
        tunnel_host="t", tunnel_port=22, tunnel_user="me", ssh_key=EnvVar("KEY")
    )
    source = PostgresSource("shop", host="h", port=5432, database="d", username="me", tunnel_method=tunnel)
    assert "hush" not in str(workspace.plan(source))
    workspace.applied(source)
    (stored,) = workspace.actors("source")
    assert workspace.server.stored("source", stored["sourceId"])["tunnel_method"] == {
        "tunnel_method": "SSH_KEY_AUTH",
        "tunnel_host": "t",
        "tunnel_port": 22,
        "tunnel_user": "me",
        "ssh_key": "-----BEGIN hush-----",
    }


def test_a_whole_module_of_the_later_generation_converges(workspace):
    connection = AirbyteConnection(
        "numbers to disk",
        FakerSource("numbers", count=3),
        LocalJsonDestination("disk", destination_path="/local/disk"),
        {"users": AirbyteSyncMode.full_refresh_overwrite()},
    )
    workspace.applied(connection)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (CerealBowlsSource("mine", bowls=3), "mine.type: There is no source connector 'CerealBowls' among the"),
        (
            cereals(FileSource.HTTPS_PublicWeb1()),
            "cereals.provider: HTTPS_PublicWeb1 is none of the choices here, which are 'HTTPS: Public Web', 'GCS: ",
        ),
        (cereals(FileSource.SSHSecureShell(user="me")), "cereals.provider.host: is required"),
    ],
)
def test_what_names_nothing_is_one_line_in_check(workspace, source, problem):
    (told,) = workspace.problems(source)
    assert told.startswith(problem)


def test_an_api_that_tells_no_specification_asks_for_it_and_is_content_with_it(airbyte_local):
    def told(**more):
        instance = AirbyteInstance(url=f"{airbyte_local.url}/api/public/v1", **more)
        (result,) = anyio.run(check, [AirbyteManagedElementReconciler(instance, elements=[cereals()])], Options())
        return result

    assert str(told().error) == (
        "cereals.provider: this API does not tell what HTTPSPublicWeb stands for; "
        "give specs=, or write it as a dict"
    )
    branch = {"title": "HTTPS: Public Web", "properties": {"storage": {"const": "HTTPS"}}}
    schema = {"properties": {"provider": {"oneOf": [branch]}}}
    result = told(specs={"source-file": schema})
    assert result.error is None
    assert result.plan is not None
    (entry,) = result.plan.entries
    assert {"storage": "HTTPS"} in [field.after for field in entry.fields]
