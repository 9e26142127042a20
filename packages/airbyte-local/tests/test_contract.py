"""The route table against Airbyte's own description of 2.0, and against what the README says of it."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from airbyte_local.config_api import ROUTES

PACKAGE = Path(__file__).resolve().parents[1]
CONTRACTS = PACKAGE.parents[1] / "tests" / "contract" / "contracts.py"


@pytest.fixture(scope="module")
def contracts():
    if "contracts" not in sys.modules:
        spec = importlib.util.spec_from_file_location("contracts", CONTRACTS)
        sys.modules["contracts"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["contracts"])
    return sys.modules["contracts"]


@pytest.fixture(scope="module")
def contract(contracts):
    return contracts.require_contract("2.0.0")


def operation(contract, route):
    return contract.paths[f"/v1/{route.path}"][route.method.lower()]


def resolved(contract, schema):
    while "$ref" in schema:
        schema = contract.schemas[schema["$ref"].rpartition("/")[2]]
    return schema


def test_every_route_is_in_the_contract_with_its_method_and_status(contract):
    for route in ROUTES:
        assert str(route.status) in operation(contract, route)["responses"], route.path


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_a_route_reads_what_the_contract_declares_and_requires_what_it_requires(contract, route):
    declared = operation(contract, route).get("requestBody")
    if route.body is None:
        assert declared is None
        return
    wrong = list(differences(contract, route.body, declared["content"]["application/json"]["schema"], ""))
    assert wrong == []


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


def readme_table():
    rows = (PACKAGE / "README.md").read_text().rpartition("| faithful | shape only | absent |")[2].splitlines()[2:]
    columns = zip(*(row.split("|")[1:4] for row in rows if row), strict=True)
    return [set(re.findall("`([^`]+)`", " ".join(column))) for column in columns]


def test_the_readme_lists_just_the_routes_there_are():
    faithful, shape_only, absent = readme_table()
    assert faithful | shape_only == {route.path for route in ROUTES}
    assert not (faithful & shape_only)
    assert not (absent & (faithful | shape_only))


def test_the_readme_lists_every_endpoint_of_the_contract(contract):
    everything = {path.removeprefix("/v1/") for path in contract.paths if path.startswith("/v1/")}
    assert set().union(*readme_table()) == everything


def test_a_wrong_exchange_is_seen(contracts, contract):
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
    assert any("a body where none" in text for text in check(good, 204, {}, "/api/v1/sources/delete"))
    assert check({}, 200, {}, "/api/v1/workspaces/list") != []
    assert check({}, 404, None, "/api/v1/workspaces/list") == []


def test_a_missing_contract_is_a_visible_skip_and_a_failure_in_ci(contracts, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"nowhere\.json"):
        contracts.require_contract("nowhere")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception):
        contracts.require_contract("nowhere")
    assert os.environ["CI"] == "true"
