"""Airbyte as a Dagster resource: what `configured` fixed becomes an instance, or one line that says why not."""

from __future__ import annotations

from dataclasses import fields

import pytest

pytest.importorskip("dagster")

from dagster import DagsterInstance, EnvVar, Field, ResourceParam, job, op
from dagster_managed_elements.airbyte import (
    AirbyteInstance,
    AirbyteInstanceResource,
    AirbyteManagedElementReconciler,
    AirbyteResource,
    airbyte_resource,
)
from dagster_managed_elements.definitions.drift import of_one_instance
from dagster_managed_elements.engine.errors import DeclarationError

UNCONFIGURED = "airbyte_resource needs a configuration: airbyte_resource.configured({...})."
UNSET = "airbyte_resource: The environment variable NOT_SET is not set."


def test_what_is_configured_is_the_instance(monkeypatch):
    monkeypatch.setenv("HOST_OF_AIRBYTE", "airbyte.example")
    resource = airbyte_resource.configured({"host": {"env": "HOST_OF_AIRBYTE"}, "port": 8000, "use_https": True})
    assert resource.airbyte_instance().url == "https://airbyte.example:8000"


def test_a_function_may_configure_from_what_has_a_default():
    resource = airbyte_resource.configured(
        lambda config: {"host": f"{config['name']}.example"}, config_schema={"name": Field(str, default_value="a")}
    )
    assert resource.airbyte_instance().url == "http://a.example"


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (airbyte_resource, UNCONFIGURED),
        (airbyte_resource.configured({"host": {"env": "NOT_SET"}}), UNSET),
        (AirbyteResource(host=EnvVar("NOT_SET")), UNSET.replace("airbyte_resource", "AirbyteResource")),
        (
            airbyte_resource.configured(lambda config: {"host": config}, config_schema={"host": str}),
            UNCONFIGURED,
        ),
    ],
)
def test_what_is_missing_is_told_in_one_line(resource, reason):
    with pytest.raises(DeclarationError) as told:
        resource.airbyte_instance()
    assert str(told.value) == reason


def test_a_wrong_value_is_told_by_its_place():
    with pytest.raises(DeclarationError, match=r"^airbyte_resource: .*port_number") as told:
        airbyte_resource.configured({"host": "localhost", "port_number": 1}).airbyte_instance()
    assert "\n" not in str(told.value)


RESOURCES = {
    "airbyte_resource": airbyte_resource.configured({"host": "localhost"}),
    "AirbyteResource": AirbyteResource(host="localhost"),
    "AirbyteResource from the environment": AirbyteResource(
        host=EnvVar("HOST"), username="me", password=EnvVar("PASSWORD")
    ),
}


@pytest.mark.parametrize("way", RESOURCES)
def test_reading_a_resource_makes_no_dagster_instance(way, monkeypatch):
    monkeypatch.setenv("HOST", "localhost")
    monkeypatch.setenv("PASSWORD", "secret")

    def refused(*_args, **_more):
        pytest.fail("a Dagster instance was made, which takes a second")

    monkeypatch.setattr(DagsterInstance, "__init__", refused)
    assert RESOURCES[way].airbyte_instance().url == "http://localhost"


def test_every_field_of_a_resource_may_come_from_the_environment(monkeypatch):
    named = {"host": "a.example", "port": "8000", "client_id": "i", "client_secret": "s", "workspace": "w"}
    for name, value in named.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("TIMEOUT", "7")
    monkeypatch.setenv("HEADER", "h")
    resource = AirbyteResource(
        **{name: EnvVar(name.upper()) for name in named},
        request_timeout=EnvVar.int("TIMEOUT"),
        request_additional_params={"headers": {"X-A": EnvVar("HEADER")}},
    )
    instance = resource.airbyte_instance()
    assert instance.url == "http://a.example:8000"
    assert (instance.client_id, instance.client_secret, instance.workspace) == ("i", "s", "w")
    assert (instance.request_timeout, instance.headers) == (7, (("X-A", "h"),))


def test_an_instance_is_a_resource_whose_texts_come_from_the_environment_when_they_are_needed(monkeypatch):
    resource = AirbyteInstanceResource(
        url=EnvVar("URL_OF_AIRBYTE"), client_id="me", client_secret=EnvVar("SECRET_OF_AIRBYTE"), max_attempts=2
    )
    with pytest.raises(DeclarationError, match="AirbyteInstanceResource: The environment variable URL_OF_AIRBYTE"):
        resource.airbyte_instance()
    reconciler = AirbyteManagedElementReconciler(resource, [])
    monkeypatch.setenv("URL_OF_AIRBYTE", "https://airbyte.example")
    monkeypatch.setenv("SECRET_OF_AIRBYTE", "hush")
    expected = AirbyteInstance(url="https://airbyte.example", client_id="me", client_secret="hush", max_attempts=2)
    assert resource.airbyte_instance() == expected == reconciler.instance.airbyte_instance()
    assert "hush" not in repr(resource)


def test_an_op_is_given_the_instance():
    seen = []

    @op
    def take(airbyte: ResourceParam[AirbyteInstance]) -> None:
        seen.append(airbyte)

    @job(resource_defs={"airbyte": AirbyteInstanceResource(url="http://localhost:8000")})
    def given() -> None:
        take()

    given.execute_in_process()
    assert seen == [AirbyteInstance(url="http://localhost:8000")]


def test_it_has_the_parameters_of_an_instance():
    own = set(AirbyteInstanceResource.model_fields)
    assert {field.name for field in fields(AirbyteInstance)} - own == {"specs"}
    assert own - {field.name for field in fields(AirbyteInstance)} == {"certificates"}


def test_who_is_given_one_resource_has_one_instance():
    resource = AirbyteInstanceResource(url="http://localhost:8000")
    one, same = (AirbyteManagedElementReconciler(resource, name=name) for name in ("one", "same"))
    other = AirbyteManagedElementReconciler(AirbyteInstanceResource(url="http://localhost:8000"), name="other")
    assert list(of_one_instance({"one": one, "other": other, "same": same}).values()) == [
        {"one": one, "same": same},
        {"other": other},
    ]
