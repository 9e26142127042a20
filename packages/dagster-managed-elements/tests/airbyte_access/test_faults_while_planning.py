"""A server's fault while a check plans is never a mistake in the user's module, whichever request it befalls."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
import pytest
from airbyte_local import server
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteSource,
    AirbyteSyncMode,
)
from dagster_managed_elements.cli.screen import DONE, FAILED, exit_code
from dagster_managed_elements.reconciler import Options, Reconciler, check

from testing.proxies import Said, spoiling

PAGE = b"<!doctype html><html><head><title>Sign in</title></head></html>"
FAULTS = {
    "a page": Said(200, PAGE, "text/html"),
    "a page not found": Said(404, PAGE, "text/html"),
    "not found": Said(404, b'{"message": "no such endpoint"}'),
    "text": Said(200, b"ready", "text/plain"),
    "half": Said(200, b'{"streams": [{"na'),
    "a list": Said(200, b'["x"]'),
    "a number": Said(200, b"1"),
    "gone": Said(410, b""),
    "a redirect": Said(302, b""),
    "refused": Said(403, b'{"message": "no"}'),
    "busy": Said(409, b"{}"),
    "down": Said(500, b'{"message": "null"}'),
    "odd": Said(500, PAGE, "text/html"),
    "away": Said(503, b""),
    "slow": Said(504, PAGE, "text/html"),
    "unfit": Said(501, b""),
}
TOLERATED = {
    "config": {"/api/v1/instance_configuration", "/api/v1/workspaces/get"},
    "public": {"/definitions/sources", "/definitions/destinations"},
}
"""What need not be there: a check may do without an answer."""


@dataclass
class Asked:
    """What a check of a new connection between what exists asks, one path each."""

    url: str
    api: str

    def check(self, url):
        mode = {"users": AirbyteSyncMode.FULL_REFRESH_OVERWRITE}
        source = AirbyteSource("people", "Sample Data", {"count": 10})
        target = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})
        instance = AirbyteInstance(url=url, api=self.api, max_attempts=1)
        connection = AirbyteConnection("sync", source, target, mode)
        (result,) = anyio.run(check, [Reconciler(instance, [connection])], Options())
        return result

    def paths(self):
        with spoiling(self.url, {}) as proxy:
            result = self.check(proxy.url)
        assert result.error is None, result.error
        return sorted(set(proxy.asked))


@pytest.fixture(scope="module")
def airbyte(tmp_path_factory):
    with server(tmp_path_factory.mktemp("airbyte"), airbyte_version="1.6") as running:
        running.seed(
            sources=[{"name": "people", "type": "Sample Data", "configuration": {"count": 10}}],
            destinations=[{"name": "files"}],
        )
        yield running


@pytest.mark.parametrize("api", ["config", "public"])
def test_every_fault_of_every_request_is_the_servers(airbyte, api):
    asked = Asked(airbyte.url, api)
    paths = asked.paths()
    assert any("discover_schema" in path or path.endswith("/streams") for path in paths)
    found = {}
    for path in paths:
        for name, said in FAULTS.items():
            with spoiling(airbyte.url, {path: said}) as proxy:
                error = asked.check(proxy.url).error
            found[path, name] = DONE if error is None else exit_code(error)
            assert error is None or len(str(error).splitlines()) == 1
    tolerated = [path for path in paths if path.endswith(tuple(TOLERATED[api]))]
    allowed = {key: {FAILED, DONE} if key[0] in tolerated else {FAILED} for key in found}
    assert {key: code for key, code in found.items() if code not in allowed[key]} == {}
