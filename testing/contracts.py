"""Airbyte's own interface descriptions as a check of what was really sent and answered.

The descriptions stay outside the repository (`../shared/contracts`): tests that need them are skipped, visibly,
where they are absent, and fail where `CI=true`. They do not tell the whole truth: see LIES, and `_truthful`.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "contracts" / "airbyte"
FORMATS = FormatChecker(formats=["uuid"])
# Properties that are declared as required and that no server sends: (schema, property).
LIES = {
    ("InstanceConfigurationResponse", "defaultWorkspaceId"),
    ("InstanceConfigurationResponse", "licenseStatus"),  # there is none without a licence
    ("AirbyteStream", "json_schema"),  # the property is called jsonSchema
    ("ConnectionStatusRead", "lastSyncJobStatus"),  # of 0.50: before the first job, and without a schedule
    ("ConnectionStatusRead", "lastSuccessfulSync"),
    ("ConnectionStatusRead", "nextSync"),
}
# Properties that are null, whatever is declared, once the object is deleted.
NULLS = {
    ("SourceRead", "connectionConfiguration"),
    ("DestinationRead", "connectionConfiguration"),
    ("SourceResponse", "configuration"),
    ("DestinationResponse", "configuration"),
}
# Which contract describes the versions that people name; Cloud is the Public API of the newest of them.
FILES = {"0.50": "0.50", "1.5": "1.5.0", "1.6": "1.6.0", "1.8": "1.8.0", "2.0": "2.0.0", "cloud": "2.0.0"}


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """The description of one version, its lies taken out; paths without a parameter first."""

    version: str
    paths: dict[str, Any]
    schemas: dict[str, Any]


def require_contract(version: str) -> Contract:
    """The contract of *version*; skips the test where there is none, fails it in CI."""
    file = FOLDER / f"{version}.json"
    if not file.exists():
        reason = f"needs {file}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return load(file)


@functools.cache
def load(file: Path) -> Contract:
    described = json.loads(file.read_text())
    schemas = described["components"]["schemas"]
    for name, lie in LIES:
        if name in schemas:
            schemas[name]["required"] = [each for each in schemas[name].get("required", []) if each != lie]
    for name, null in NULLS:
        if null in (properties := schemas.get(name, {}).get("properties", {})):
            properties[null] = {"anyOf": [properties[null], {"type": "null"}]}
    for schema in schemas.values():
        if "properties" in schema and "required" in schema:  # some require what they do not have: misspelt names
            schema["required"] = [each for each in schema["required"] if each in schema["properties"]]
    if "MapperConfiguration" in schemas:  # its branches are not exclusive
        schemas["MapperConfiguration"]["anyOf"] = schemas["MapperConfiguration"].pop("oneOf")
    paths = dict(sorted(described["paths"].items(), key=lambda entry: entry[0].count("{")))
    return Contract(version=file.stem, paths=paths, schemas=_truthful(schemas))


def check_exchange(
    contract: Contract,
    path: str,
    request_json: Any,
    status: int | None,
    response_json: Any,
    method: str = "POST",
) -> list[str]:
    """What is wrong with a request to either API and its answer; empty where nothing is.

    *path* is as sent (`/api/v1/sources/list`, `/api/public/v1/sources/<id>`, on Cloud `/v1/sources/<id>`). Status
    is None where no answer came. Answers of 400 and more are checked for the shapes that the server really has, not
    for those that the contract declares.
    """
    operation = _operation(contract, path, method)
    if operation is None:
        return [] if status in {404, 405} else [f"{path}: not in the contract of {contract.version}"]
    found = [f"{path} request: {text}" for text in _request_violations(contract, operation, request_json)]
    if status is None:
        return found
    if status >= 400:
        return found + [f"{path} {status}: {text}" for text in _refusal_violations(contract, response_json)]
    declared = operation["responses"].get(str(status))
    if declared is None:
        return [*found, f"{path}: status {status} is not among {sorted(operation['responses'])}"]
    schema = declared.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        empty = response_json is None
        return found if empty else [*found, f"{path} {status}: a body where none is declared"]
    return found + [f"{path} {status}: {text}" for text in _violations(contract, schema, response_json)]


def _operation(contract: Contract, path: str, method: str) -> Any:
    described = path.removeprefix("/api") if path.startswith("/api/") else f"/public{path}"
    if described.startswith("/public/"):
        return next(
            (each[method.lower()] for each in _methods(contract, described) if method.lower() in each), None
        )
    methods = contract.paths.get(described)
    return None if methods is None else next(iter(methods.values()))


def _methods(contract: Contract, path: str) -> Iterator[Any]:
    """The entries whose template fits, those without a parameter first."""
    parts = path.split("/")
    for template, methods in contract.paths.items():
        wanted = template.split("/")
        if len(wanted) == len(parts) and all(
            each.startswith("{") or each == part for each, part in zip(wanted, parts, strict=True)
        ):
            yield methods


def _request_violations(contract: Contract, operation: Any, body: Any) -> Iterator[str]:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    a_form = body is None and len(content) > 1
    return iter(()) if schema is None or a_form else _violations(contract, schema, body)


def _refusal_violations(contract: Contract, body: Any) -> Iterator[str]:
    """The shapes of section 1.3; what is no JSON comes from a proxy in between."""
    if body is None:
        return
    versions = {"exceptionClassName", "message"} if contract.version.startswith(("0.", "1.")) else {"errorId"}
    shapes = (versions, {"status", "type", "title", "detail"}, {"message", "_links", "_embedded"})
    if not (isinstance(body, dict) and any(shape <= set(body) for shape in shapes)):
        yield f"no shape of an error that {contract.version} has: {json.dumps(body)[:200]}"


def _violations(contract: Contract, schema: Any, value: Any) -> Iterator[str]:
    for error in _validator(contract, json.dumps(schema)).iter_errors(value):
        yield f"{error.json_path}: {error.message[:300]}"


@functools.cache
def _validator(contract: Contract, schema: str) -> Draft202012Validator:
    return _following(contract)(_truthful(json.loads(schema)), format_checker=FORMATS)


@functools.cache
def _following(contract: Contract) -> type[Draft202012Validator]:
    """References are all to schemas of the contract: looked up as such they cost nothing."""

    def follow(validator: Draft202012Validator, reference: str, value: Any, _: Any) -> Iterator[ValidationError]:
        return validator.descend(value, contract.schemas[reference.removeprefix("#/components/schemas/")])

    return validators.extend(Draft202012Validator, {"$ref": follow})


def _truthful(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema; objects said to be closed gain fields with every release, so none is."""
    if isinstance(schema, list):
        return [_truthful(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _truthful(value) for key, value in schema.items()}
    if found.get("additionalProperties") is False:
        del found["additionalProperties"]
    if found.get("nullable") is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
        if isinstance(found.get("enum"), list):
            found["enum"] = [*found["enum"], None]
    return found
