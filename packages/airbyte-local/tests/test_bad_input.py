"""Whatever is sent, the answer is one of the vendor's: never a bug of ours."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
from airbyte_local.config_api.api import PREFIX, ROUTES, answer
from airbyte_local.handlers.seeding import seed
from airbyte_local.http.answers import Request
from airbyte_local.http.bodies import SCALARS
from airbyte_local.jobs.world import Deployment, open_world
from airbyte_local.public_api import api as public_api
from airbyte_local.public_api.api import ROUTES as PUBLIC_ROUTES
from airbyte_local.versions.profiles import PROFILES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    opened = open_world(tmp_path_factory.mktemp("world"), Deployment(), url="http://127.0.0.1:1")
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def ids(world):
    made = seed(
        world,
        {
            "sources": [{"name": "s"}],
            "destinations": [{"name": "d"}],
            "connections": [{"source": "s", "destination": "d"}],
        },
    )
    with world.store.transaction() as session:
        made["workspaces"] = [session.workspaces.all()[0].id]
    return made


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_what_is_no_number_is_no_json(api, number):
    ends = f'"sourceId": "{api.source()["sourceId"]}", "destinationId": "{api.destination()["destinationId"]}"'
    content = f'{{{ends}, "status": "active", "resourceRequirements": {{"cpu_limit": {number}}}}}'
    assert api.client.post("/api/v1/connections/create", content=content).status_code == 400


def test_a_body_without_a_bottom_is_no_json(api):
    content = '{"a":' * 100_000
    for path in ("/api/v1/jobs/get", "/api/public/v1/jobs"):
        assert api.client.post(path, content=content).status_code == 400


def bodies(shape, ids):
    """Bodies that mostly fit *shape*, with ids that mostly exist."""
    known = {
        "workspaceId": ids["workspaces"],
        "workspaceIds": ids["workspaces"],
        "sourceId": ids["sources"],
        "destinationId": ids["destinations"],
        "connectionId": ids["connections"],
        "sourceDefinitionId": ["decd338e-5647-4c0b-adf4-da0e75f5a750", "778daa7c-feaf-4db6-96f3-70fd645acc77"],
        "destinationDefinitionId": ["a625d593-bba5-4a1c-a53d-2d246268a816"],
    }

    def values(name, kind):
        if isinstance(kind, list):
            return st.lists(values(name, kind[0]), max_size=3)
        if isinstance(kind, str):
            return scalar(name, kind)
        return objects(kind)

    def scalar(name, kind):
        match kind:
            case "uuid":
                return st.sampled_from(known.get(name, ids["workspaces"])) | st.uuids().map(str)
            case "text":
                return st.text(max_size=8)
            case "whole":
                return st.integers(-3, 100)
            case "flag":
                return st.booleans()
            case "object":
                return st.dictionaries(st.sampled_from(["host", "port", "url", "format"]), JSON, max_size=3)
            case _:
                return st.sampled_from(kind.split("|")) if kind not in SCALARS else JSON

    def objects(shape):
        required = {
            name.rstrip("!"): values(name.rstrip("!"), kind) for name, kind in shape.items() if name[-1] == "!"
        }
        optional = {name: values(name, kind) for name, kind in shape.items() if name[-1] != "!"}
        return st.fixed_dictionaries(required, optional=optional)

    return objects(shape)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.body], ids=lambda route: route.path)
@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_body_that_fits_is_answered_as_the_vendor_would(world, ids, route, data):
    body = data.draw(bodies(route.body, ids))
    given_answer = answer(
        world, Request(method="POST", path=PREFIX + route.path, headers={}, content=encoded(body))
    )
    assert given_answer.status in {route.status, 400, 404, 409, 422, 500}


@settings(max_examples=200)
@given(
    route=st.sampled_from(ROUTES),
    content=JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=20),
)
def test_any_bytes_are_answered(world, route, content):
    given_answer = answer(
        world, Request(method=route.method, path=PREFIX + route.path, headers={}, content=content)
    )
    assert given_answer.status in {route.status, 400, 404, 422, 500}


def asked(prefix, ids, route, data):
    """A request to the Public API that mostly fits, as its front end gets it."""
    known = {"definitionId": ["778daa7c-feaf-4db6-96f3-70fd645acc77", "decd338e-5647-4c0b-adf4-da0e75f5a750"]}
    path = route.path
    for name in re.findall(r"\{(\w+)\}", path):
        these = known.get(name) or ids.get(f"{name.removesuffix('Id')}s") or ids["workspaces"]
        chosen = data.draw(st.sampled_from(these) | st.uuids().map(str) | st.text("xy%é-", min_size=1, max_size=3))
        path = path.replace(f"{{{name}}}", quote(chosen))
    query = data.draw(bodies(route.query, ids) | st.dictionaries(st.sampled_from(list(route.query) or ["x"]), JSON))
    body = data.draw(bodies(route.body, ids) | JSON) if route.body is not None else None
    return Request(
        method=route.method,
        path=prefix + path,
        query=urlencode(query, doseq=True),
        headers={},
        content=b"" if body is None else encoded(body),
    )


@pytest.mark.wide("2.0")
@pytest.mark.parametrize("version", ["0.50", "2.0", "cloud"])
@pytest.mark.parametrize("route", PUBLIC_ROUTES, ids=lambda route: route.name)
@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_request_to_the_public_api_is_answered_as_the_vendor_would(world, ids, version, route, data):
    profile = PROFILES[version]
    told = public_api.answer(
        replace(world, deployment=replace(world.deployment, profile=profile)),
        asked(profile.public_prefix, ids, route, data),
    )
    assert told.status in {route.status, 400, 403, 404, 409, 422, 500}


def encoded(body):
    return json.dumps(body).encode()
