"""Low-code connectors over the Public API: found, validated by their manifest, their secrets known from it."""

from __future__ import annotations

from typing import Any

import airbyte_local
import anyio
import httpx
import pytest
from dagster_managed_elements.airbyte import (
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    Secret,
)
from dagster_managed_elements.airbyte.public_api.bodies import read_low_code
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.reconciling import Options, check

from testing.proxies import spoiling

SCHEMA = {
    "type": "object",
    "required": ["passphrase"],
    "properties": {
        "passphrase": {"type": "string", "airbyte_secret": True},
        "pages": {"type": "integer", "default": 10},
    },
}
MANIFEST = {
    "version": "6.0.0",
    "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["things"]},
    "streams": [{"type": "DeclarativeStream", "name": "things", "primary_key": ["id"]}],
    "spec": {"type": "Spec", "connection_specification": SCHEMA},
}


def build(server: airbyte_local.LocalAirbyte, manifest: Any = MANIFEST) -> str:
    """A connector as the Builder publishes it."""
    path = f"{server.public_url}/workspaces/{server.workspace_id}/definitions/declarative_sources"
    return (
        httpx.post(path, json={"name": "Our Things", "manifest": manifest}, verify=False)
        .raise_for_status()
        .json()["id"]
    )


def reconcilers(url: str, source: AirbyteSource) -> list[AirbyteManagedElementReconciler]:
    return [AirbyteManagedElementReconciler(AirbyteInstance(url=url, api="public"), elements=[source])]


def checked(url: str, source: AirbyteSource) -> Any:
    (result,) = anyio.run(check, reconcilers(url, source), Options())
    return result


def applied(url: str, source: AirbyteSource) -> None:
    async def agree(_plan: Plan) -> Policy:
        return Policy(allow_all=True)

    async def go() -> Any:
        return await apply(reconcilers(url, source), Options(decide=agree), anyio.Event())

    (result,) = anyio.run(go)
    assert result.error is None, result.error
    assert result.report.ok, result.report
    assert checked(url, source).plan.entries == ()


def source(of: str, **configuration: Any) -> AirbyteSource:
    return AirbyteSource("things", of, configuration)


@pytest.mark.parametrize("spelt", ["Our Things", "our things", "id"])
def test_a_low_code_connector_is_found_by_name_and_by_id(airbyte_local, spelt):
    identity = build(airbyte_local)
    of = identity if spelt == "id" else spelt
    applied(airbyte_local.url, source(of, passphrase="p-secret"))
    applied(airbyte_local.url, source(of, passphrase="p-secret", pages=3))
    (found,) = httpx.get(f"{airbyte_local.public_url}/sources", verify=False).json()["data"]
    assert found["definitionId"] == identity


def test_its_manifest_tells_what_is_secret_and_what_is_wrong(airbyte_local):
    build(airbyte_local)
    plan = checked(airbyte_local.url, source("Our Things", passphrase="p-secret")).plan
    assert "p-secret" not in repr(plan)
    assert not [notice for notice in plan.notices if notice.code == "not-validated"]
    said = str(checked(airbyte_local.url, source("Our Things", pages="three")).error).splitlines()
    assert len(said) == 2
    assert any("passphrase" in line for line in said)
    assert any("pages" in line for line in said)


def test_both_names_are_offered_where_one_is_misspelt(airbyte_local):
    build(airbyte_local)
    said = str(checked(airbyte_local.url, source("Our Thing", passphrase="x")).error)
    assert "Did you mean 'Our Things'?" in said


@pytest.mark.parametrize("manifest", [{"version": "6.0.0", "type": "DeclarativeSource", "streams": []}, "a: text"])
def test_without_a_specification_in_its_manifest_nothing_is_validated_and_that_is_said(manifest):
    found = read_low_code({"id": "i", "name": "n", "manifest": manifest, "version": 1}, "at")
    assert found.specification.is_partial


@pytest.mark.parametrize("version", ["0.50", "1.5", "1.6", "1.8", "2.0"])
def test_a_version_that_has_no_such_list_is_none_the_worse(version):
    with airbyte_local.server(airbyte_version=version, auth="none") as server:
        applied(server.url, AirbyteSource("people", "Sample Data", {"count": 10}))


STRICT = {
    "pattern": ({"pattern": "^sk_"}, "sk_live_hush"),
    "length": ({"minLength": 20}, "hush-hush-hush-hush-hush"),
    "enum": ({"enum": ["hush-a", "hush-b"]}, "hush-a"),
    "format": ({"format": "date"}, "2026-01-01"),
}


@pytest.mark.slow
@pytest.mark.wide("format")
@pytest.mark.parametrize("restriction", STRICT)
@pytest.mark.parametrize("wrap", [str, Secret.literal])
def test_with_a_changed_field_of_a_connector_nobody_knows_its_secrets_go_along(airbyte_local, wrap, restriction):
    """What the server puts in place of a secret it is not sent may be refused, and nobody can tell beforehand."""
    demands, value = STRICT[restriction]
    secret = {"type": "string", "airbyte_secret": True, **demands}
    schema = {"type": "object", "properties": {"api_key": secret, "pages": {"type": "integer"}}}
    build(airbyte_local, {**MANIFEST, "spec": {"type": "Spec", "connection_specification": schema}})

    def untold(path: str, said: bytes) -> bytes:
        """The manifest without its specification."""
        return said.replace(b'"spec"', b'"unspecific"') if "declarative_sources" in path else said

    def source(pages: int) -> AirbyteSource:
        return AirbyteSource("mine", "Our Things", {"api_key": wrap(value), "pages": pages})

    with spoiling(airbyte_local.url, untold) as url:
        applied(url, source(1))
        plan = checked(url, source(2)).plan
        (said,) = [consequence.text for consequence in plan.consequences if consequence.code == "secret-resent"]
        assert said.startswith(
            "mine (source): its secret api_key is sent again, since Airbyte may lose or refuse it"
        )
        assert value not in repr(plan)
        applied(url, source(2))
    (sent,) = [request.request for request in airbyte_local.requests if request.method == "PATCH"]
    assert sent["configuration"] == {"api_key": value, "pages": 2}
