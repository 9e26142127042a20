"""Both route tables against Airbyte's own description of each version, and against what the README says of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from airbyte_local.config_api.api import ROUTES
from airbyte_local.http.auth import TOKEN_ROUTE
from airbyte_local.http.routing import fitted_shape
from airbyte_local.public_api.api import ROUTES as PUBLIC_ROUTES
from airbyte_local.versions.profiles import PROFILES

from testing import contracts

PACKAGE = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def contract():
    return contracts.require_contract("2.0.0")


VERSIONS = ("0.50", "1.5", "1.6", "1.8", "2.0")


# What was left out of the descriptions that are kept for tests.
UNDESCRIBED = {"users/get"}


def described(version):
    return contracts.require_contract(contracts.FILES[version])


def resolved(contract, schema):
    while "$ref" in schema:
        schema = contract.schemas[schema["$ref"].rpartition("/")[2]]
    return schema


def paths(version):
    """Template of the contract -> the routes that *version* has there."""
    found = {}
    for route in ROUTES:
        if route.path not in PROFILES[version].absent | UNDESCRIBED:
            found.setdefault(f"/v1/{route.path}", []).append(route)
    for route in PUBLIC_ROUTES:
        if not {route.path, route.name} & (PROFILES[version].absent | UNDESCRIBED):
            found.setdefault(f"/public/v1/{route.path}", []).append(route)
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_every_route_is_in_the_contract_with_its_method_and_status(version):
    contract = described(version)
    for path, routes in paths(version).items():
        for route in routes:
            declared = contract.paths[path][route.method.lower()]["responses"]
            assert route.status == 501 or str(route.status) in declared, path


@pytest.mark.parametrize("version", VERSIONS)
def test_a_route_that_is_left_out_is_not_in_the_contract(version):
    left_out = {f"/v1/{route.path}" for route in ROUTES} | {f"/public/v1/{route.path}" for route in PUBLIC_ROUTES}
    assert not (left_out - set(paths(version))) & set(described(version).paths)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_route_reads_what_the_contract_declares_and_requires_what_it_requires(version):
    contract, wrong = described(version), []
    for path, routes in paths(version).items():
        for route in routes:
            declared = contract.paths[path][route.method.lower()].get("requestBody")
            if (route.body is None) != (declared is None) and route.status != 501:
                wrong.append(f"{path}: a body on one side only")
            elif route.body is not None:
                shape = fitted_shape(route.body, PROFILES[version])
                schema = declared["content"]["application/json"]["schema"]
                wrong += [f"{path}{text}" for text in differences(contract, shape, schema, "")]
    assert set(wrong) == {f"/v1/{text}" for text in (*MISSPELT.get(version, ()), *UNCHECKED)}


# What the contract requires, and a server does without.
UNCHECKED = (
    "sources/create.name: required on one side only",
    "destinations/create.name: required on one side only",
    "connections/create.status: required on one side only",
    "web_backend/connections/create.status: required on one side only",
    "connections/list_paginated.userId: required, and not read",
)
# The contract requires `dockerImageag`, which is no property.
TYPO = ("destination_definitions/update.dockerImageTag!: required on one side only",)
MISSPELT = {"0.50": TYPO, "1.5": TYPO, "1.6": TYPO}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_public_route_reads_the_query_that_the_contract_declares(version):
    contract = described(version)
    for route in PUBLIC_ROUTES:
        if {route.path, route.name} & (PROFILES[version].absent | UNDESCRIBED):
            continue
        declared = contract.paths[f"/public/v1/{route.path}"][route.method.lower()].get("parameters", ())
        said = {each["name"] + ("!" if each.get("required") else "") for each in declared}
        assert set(fitted_shape(route.query, PROFILES[version])) == said, route.name


def differences(contract, shape, schema, path):
    """Properties that we read and the contract has not, and required ones that are not the same on both sides."""
    schema = resolved(contract, schema)
    required = {name for name in schema.get("required", ()) if name in schema["properties"]}
    for name, kind in shape.items():
        key, inner = name.rstrip("!"), f"{path}.{name}"
        if key not in schema["properties"]:
            yield f"{inner}: not in the contract"
            continue
        if name.endswith("!") != (key in required):
            yield f"{inner}: required on one side only"
        yield from _below(contract, kind, resolved(contract, schema["properties"][key]), inner)
    read = {name.rstrip("!") for name in shape}
    yield from (f"{path}.{name}: required, and not read" for name in required - read)


def _below(contract, kind, schema, path):
    if isinstance(kind, list) and schema.get("type") == "array":
        kind, schema = kind[0], resolved(contract, schema["items"])
    if isinstance(kind, Mapping) and "properties" in schema:
        yield from differences(contract, kind, schema, path)
    elif isinstance(kind, str) and "|" in kind and set(kind.split("|")) != set(schema.get("enum", ())):
        yield f"{path}: {kind} is not {schema.get('enum')}"


def readme_table(api):
    """(faithful, shape only, absent) of *api*."""
    text = (PACKAGE / "README.md").read_text().partition(f"### Every endpoint of the {api}")[2].partition("### ")[0]
    rows = text.partition("| faithful | shape only | absent |")[2].splitlines()[2:]
    columns = zip(*(row.split("|")[1:4] for row in rows if row), strict=True)
    return [set(re.findall("`([^`]+)`", " ".join(column))) for column in columns]


HERE = {
    "Config API": {route.path for route in ROUTES} | {TOKEN_ROUTE},
    "Public API": {route.name for route in PUBLIC_ROUTES} | {f"POST {TOKEN_ROUTE}"},
}


@pytest.mark.parametrize("api", HERE)
def test_the_readme_lists_just_the_routes_there_are(api):
    faithful, shape_only, absent = readme_table(api)
    assert faithful | shape_only == HERE[api]
    assert not (faithful & shape_only)
    assert not (absent & (faithful | shape_only))


def test_the_readme_lists_every_endpoint_of_the_contract(contract):
    config = {path.removeprefix("/v1/") for path in contract.paths if path.startswith("/v1/")}
    assert set().union(*readme_table("Config API")) == config | PROFILES["2.0"].absent | UNDESCRIBED
    public = {
        f"{method.upper()} {path.removeprefix('/public/v1/')}"
        for path, methods in contract.paths.items()
        for method in methods
        if path.startswith("/public/v1/") and method != "parameters"
    }
    assert set().union(*readme_table("Public API")) == public


def test_a_wrong_exchange_is_seen(contract):
    good = {"sourceId": "11111111-1111-1111-1111-111111111111"}

    def check(request, status, response, path="/api/v1/sources/get"):
        return contracts.check_exchange(contract, path, request, status, response)

    assert check(good, 404, {"errorId": "x"}) == []
    assert check(good, None, None) == []
    assert any("is a required property" in text for text in check({}, None, None))
    assert any("is not a 'uuid'" in text for text in check({"sourceId": "x"}, None, None))
    assert any("'workspaceId' is a required property" in text for text in check(good, 200, {}))
    assert any("no shape of an error" in text for text in check(good, 404, {"error": "x"}))
    assert check(good, 204, None) == ["/api/v1/sources/get: status 204 is not among ['200', '404', '422']"]
    assert check(good, 404, {"_links": {}, "_embedded": {}, "message": "x"}) == []
    public = f"/api/public/v1/sources/{good['sourceId']}"
    assert contracts.check_exchange(contract, public, None, 204, None, "DELETE") == []
    assert contracts.check_exchange(contract, public.removeprefix("/api/public"), None, 204, None, "DELETE") == []
    assert contracts.check_exchange(contract, public, None, 200, {}, "DELETE") != []
    assert contracts.check_exchange(contract, public, {}, None, None, "PUT") != []
    assert contracts.check_exchange(contract, public, {}, 200, {}, "POST") != []
    assert any("a body where none" in text for text in check(good, 204, {}, "/api/v1/sources/delete"))
    assert check({}, 200, {}, "/api/v1/workspaces/list") != []
    assert check({}, 404, None, "/api/v1/workspaces/list") == []


def test_a_missing_contract_is_a_visible_skip_and_a_failure_in_ci(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"nowhere\.json"):
        contracts.require_contract("nowhere")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception):
        contracts.require_contract("nowhere")
    assert os.environ["CI"] == "true"
