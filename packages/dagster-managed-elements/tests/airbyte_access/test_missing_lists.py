"""An answer without the list Airbyte promises is no empty list: an apply would create all there is again."""

from __future__ import annotations

import json

import pytest
from airbyte_local import server
from dagster_managed_elements import Reconciler, ServerFault
from dagster_managed_elements.airbyte import AirbyteInstance, AirbyteSource

from testing.proxies import spoiling

ANSWERS = {
    "empty": {},
    "null": {"sources": None, "destinations": None, "connections": None, "data": None},
    "a problem": {"status": 500, "title": "internal", "detail": "later"},
    "another key": {"items": []},
}
LISTS = {
    "config": ("/sources/list", "/destinations/list", "/connections/list", "/source_definitions/list"),
    "public": ("/v1/sources?", "/v1/destinations?", "/v1/connections?", "/definitions/sources"),
}
CELLS = [(api, listed, answer) for api, every in LISTS.items() for listed in every for answer in ANSWERS]


def without_list(listed, answer):
    return lambda path, said: json.dumps(answer).encode() if listed in path else said


@pytest.fixture(scope="module")
def airbyte(tmp_path_factory):
    with server(tmp_path_factory.mktemp("airbyte"), airbyte_version="1.6") as running:
        running.seed(sources=[{"name": "klaus"}])
        yield running


def klaus(url, api):
    configuration = {"dataset_name": "t", "format": "csv", "url": "/local/t.csv", "provider": {"storage": "local"}}
    source = AirbyteSource("klaus", "File", configuration)
    return Reconciler(AirbyteInstance(url=url, api=api), [source])


@pytest.mark.parametrize(("api", "listed", "answer"), CELLS)
def test_an_answer_without_its_list_is_a_fault_and_nothing_is_created(airbyte, api, listed, answer):
    airbyte.forget_requests()
    with (
        spoiling(airbyte.url, without_list(listed, ANSWERS[answer])) as url,
        pytest.raises(ServerFault, match="expected a list"),
    ):
        klaus(url, api).apply(allow_destructive=True)
    written = [asked for asked in airbyte.requests if asked.path.endswith(("/create", "/public/v1/sources"))]
    assert [asked.path for asked in written if asked.method == "POST"] == []
