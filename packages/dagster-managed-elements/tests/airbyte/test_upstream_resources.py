"""The attributes are those of dagster-airbyte 0.29; a slow test of the door holds them against the real one."""

from types import SimpleNamespace

import pytest
from dagster_managed_elements.airbyte import (
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteResource,
    airbyte_resource,
)
from dagster_managed_elements.airbyte.resources.upstream import adopt
from dagster_managed_elements.engine.errors import DeclarationError

REQUESTS = {"request_max_retries": 3, "request_retry_delay": 0.25, "request_timeout": 15}
LEGACY = {
    "host": "airbyte.internal",
    "port": "8000",
    "username": None,
    "password": None,
    "use_https": False,
    "forward_logs": True,
    "request_additional_params": {},
    "api_base_url": "http://airbyte.internal:8000/api/v1",
    **REQUESTS,
}
WORKSPACE = {
    "rest_api_base_url": "http://airbyte.internal/api/public/v1",
    "configuration_api_base_url": "http://airbyte.internal/api/v1",
    "workspace_id": "w",
    "client_id": None,
    "client_secret": None,
    "username": None,
    "password": None,
    **REQUESTS,
}
CLOUD_RESOURCE = {"client_id": "i", "client_secret": "s", "api_base_url": "https://api.airbyte.com/v1", **REQUESTS}
CLOUD_WORKSPACE = {
    "rest_api_base_url": "https://api.airbyte.com/v1",
    "configuration_api_base_url": "https://cloud.airbyte.com/api/v1",
    "workspace_id": "w",
    "client_id": "i",
    "client_secret": "s",
    **REQUESTS,
}
ASKED = {"request_timeout": 15, "max_attempts": 4}


class EnvVar(str):  # noqa: SLOT000 - as theirs
    """As Dagster's: its value is the variable's name, and it is never to be printed."""

    __module__ = "dagster._config.field_utils"

    @property
    def env_var_name(self):
        return str.__str__(self)

    def __str__(self):
        raise RuntimeError("attempted to retrieve the variable directly")


EnvVar.__qualname__ = "EnvVar"


@pytest.mark.parametrize(
    ("attributes", "instance"),
    [
        (LEGACY, AirbyteInstance(url="http://airbyte.internal:8000", **ASKED)),
        (
            {
                **LEGACY,
                "port": None,
                "use_https": True,
                "username": "u",
                "password": "p",
                "request_additional_params": {
                    "headers": {"X-A": "1"},
                    "verify": False,
                    "proxies": {"http": "http://no", "https": "http://proxy:1"},
                },
            },
            AirbyteInstance(
                url="https://airbyte.internal",
                username="u",
                password="p",
                headers={"X-A": "1"},
                verify=False,
                proxy="http://proxy:1",
                **ASKED,
            ),
        ),
        (WORKSPACE, AirbyteInstance(url="http://airbyte.internal", workspace="w", api="config", **ASKED)),
        (
            {**WORKSPACE, "username": "u", "password": "p"},
            AirbyteInstance(
                url="http://airbyte.internal", workspace="w", api="config", username="u", password="p", **ASKED
            ),
        ),
        (
            CLOUD_RESOURCE,
            AirbyteInstance(url="https://api.airbyte.com", api="public", client_id="i", client_secret="s", **ASKED),
        ),
        (
            CLOUD_WORKSPACE,
            AirbyteInstance(
                url="https://api.airbyte.com",
                api="public",
                workspace="w",
                client_id="i",
                client_secret="s",
                **ASKED,
            ),
        ),
    ],
)
def test_each_of_dagsters_resources_stands_for_an_instance(attributes, instance):
    adopted = adopt(SimpleNamespace(**attributes))
    assert adopted is not None
    assert adopted.airbyte_instance() == instance


PARAMS = {
    "nothing": ({}, {}),
    "None for each": ({"headers": None, "verify": None, "proxies": None}, {}),
    "a header": ({"headers": {"X-A": "1"}}, {"headers": {"X-A": "1"}}),
    "no checking": ({"verify": False}, {"verify": False}),
    "an authority": ({"verify": "ca.pem"}, {"verify": "ca.pem"}),
    "a proxy of the scheme": ({"proxies": {"http": "http://p:1", "https": "http://q"}}, {"proxy": "http://p:1"}),
    "a proxy of the host": (
        {"proxies": {"http": "http://q", "http://airbyte.internal": "http://p:1"}},
        {"proxy": "http://p:1"},
    ),
    "a proxy of everything": ({"proxies": {"all": "http://p:1"}}, {"proxy": "http://p:1"}),
    "a proxy of others": ({"proxies": {"https": "http://q", "all://other": "http://q"}}, {}),
}
WAYS = {
    "AirbyteResource": lambda params: AirbyteResource(
        host="airbyte.internal", port="8000", request_additional_params=params
    ),
    "airbyte_resource": lambda params: airbyte_resource.configured(
        {"host": "airbyte.internal", "port": "8000", "request_additional_params": params}
    ),
    "Dagster's own": lambda params: adopt(SimpleNamespace(**{**LEGACY, "request_additional_params": params})),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", PARAMS)
def test_additional_parameters_mean_the_same_however_the_resource_is_given(way, case):
    params, expected = PARAMS[case]
    instance = WAYS[way](params).airbyte_instance()
    plain = AirbyteInstance(url="http://airbyte.internal:8000", **expected)
    assert (instance.headers, instance.verify, instance.proxy) == (plain.headers, plain.verify, plain.proxy)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("unknown", ["auth", "cert", "cookies", "timeout"])
def test_an_additional_parameter_that_cannot_be_passed_on_is_named(way, unknown):
    resource = WAYS[way]({"verify": False, unknown: "x"})
    with pytest.raises(DeclarationError, match=f"request_additional_params: {unknown} cannot be passed on; only"):
        resource.airbyte_instance()


def test_variables_of_the_environment_are_read_when_a_run_connects(monkeypatch):
    given = {
        "configuration_api_base_url": EnvVar("URL"),
        "client_id": EnvVar("ID"),
        "client_secret": EnvVar("SECRET"),
    }
    adopted = adopt(SimpleNamespace(**{**WORKSPACE, **given}))
    with pytest.raises(DeclarationError, match="The environment variable URL is not set"):
        adopted.airbyte_instance()
    for name, value in (("URL", "https://a.example/api/v1"), ("ID", "i"), ("SECRET", "s")):
        monkeypatch.setenv(name, value)
    instance = adopted.airbyte_instance()
    assert (instance.url, instance.client_id, instance.client_secret) == ("https://a.example", "i", "s")


def test_an_address_of_another_form_is_told():
    strange = {"configuration_api_base_url": "http://gateway/airbyte-config"}
    with pytest.raises(DeclarationError, match="must end in /api/v1"):
        adopt(SimpleNamespace(**{**WORKSPACE, **strange})).airbyte_instance()


@pytest.mark.parametrize("other", [None, "http://localhost:8000", object(), SimpleNamespace(host="h"), {}])
def test_anything_else_is_refused_with_what_would_do(other):
    assert adopt(other) is None
    with pytest.raises(DeclarationError, match=f"of dagster-airbyte, not {type(other).__name__}$"):
        AirbyteManagedElementReconciler(other)


@pytest.mark.parametrize("attributes", [LEGACY, WORKSPACE, CLOUD_RESOURCE, CLOUD_WORKSPACE])
def test_a_reconciler_takes_them_as_they_are(attributes):
    AirbyteManagedElementReconciler(SimpleNamespace(**attributes))
