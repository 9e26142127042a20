"""Low-code connectors over the Public API: found, validated by their manifest, their secrets known from it."""

from __future__ import annotations

from typing import Any

import airbyte_local
import anyio
import httpx
import pytest
from dagster_managed_elements.airbyte import AirbyteInstance, AirbyteManagedElementReconciler, AirbyteSource
from dagster_managed_elements.airbyte.public_api.bodies import read_low_code
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.reconciler import Options, apply, check

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
    return httpx.post(path, json={"name": "Our Things", "manifest": manifest}).raise_for_status().json()["id"]


def reconcilers(server: airbyte_local.LocalAirbyte, source: AirbyteSource) -> list[AirbyteManagedElementReconciler]:
    return [AirbyteManagedElementReconciler(AirbyteInstance(url=server.url, api="public"), elements=[source])]


def checked(server: airbyte_local.LocalAirbyte, source: AirbyteSource) -> Any:
    (result,) = anyio.run(check, reconcilers(server, source), Options())
    return result


def applied(server: airbyte_local.LocalAirbyte, source: AirbyteSource) -> None:
    async def agree(_plan: Plan) -> Policy:
        return Policy(allow_all=True)

    async def go() -> Any:
        return await apply(reconcilers(server, source), Options(decide=agree), anyio.Event())

    (result,) = anyio.run(go)
    assert result.error is None, result.error
    assert result.report.ok, result.report
    assert checked(server, source).plan.entries == ()


def source(of: str, **configuration: Any) -> AirbyteSource:
    return AirbyteSource("things", of, configuration)


@pytest.mark.parametrize("spelt", ["Our Things", "our things", "id"])
def test_a_low_code_connector_is_found_by_name_and_by_id(airbyte_local, spelt):
    identity = build(airbyte_local)
    of = identity if spelt == "id" else spelt
    applied(airbyte_local, source(of, passphrase="p-secret"))
    applied(airbyte_local, source(of, passphrase="p-secret", pages=3))
    (found,) = httpx.get(f"{airbyte_local.public_url}/sources").json()["data"]
    assert found["definitionId"] == identity


def test_its_manifest_tells_what_is_secret_and_what_is_wrong(airbyte_local):
    build(airbyte_local)
    plan = checked(airbyte_local, source("Our Things", passphrase="p-secret")).plan
    assert "p-secret" not in repr(plan)
    assert not [notice for notice in plan.notices if notice.code == "not-validated"]
    said = str(checked(airbyte_local, source("Our Things", pages="three")).error).splitlines()
    assert len(said) == 2
    assert any("passphrase" in line for line in said)
    assert any("pages" in line for line in said)


def test_both_names_are_offered_where_one_is_misspelt(airbyte_local):
    build(airbyte_local)
    said = str(checked(airbyte_local, source("Our Thing", passphrase="x")).error)
    assert "Did you mean 'Our Things'?" in said


@pytest.mark.parametrize("manifest", [{"version": "6.0.0", "type": "DeclarativeSource", "streams": []}, "a: text"])
def test_without_a_specification_in_its_manifest_nothing_is_validated_and_that_is_said(manifest):
    found = read_low_code({"id": "i", "name": "n", "manifest": manifest, "version": 1}, "at")
    assert found.specification.is_partial


@pytest.mark.parametrize("version", ["0.50", "1.5", "1.6", "1.8", "2.0"])
def test_a_version_that_has_no_such_list_is_none_the_worse(version):
    with airbyte_local.server(airbyte_version=version, auth="none") as server:
        applied(server, AirbyteSource("people", "Sample Data", {"count": 10}))
