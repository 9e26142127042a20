"""A server's fault while a check plans is never a mistake in the user's module, whichever request it befalls."""

from __future__ import annotations

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
from dagster_managed_elements.cli.screen import FAILED, exit_code
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, check

from testing.proxies import Said, proxied

PAGE = b"<!doctype html><html><head><title>Sign in</title></head></html>"
FAULTS = {
    "a page": Said(200, PAGE, "text/html"),
    "a page not found": Said(404, PAGE, "text/html"),
    "not found": Said(404, b'{"message": "no such endpoint"}'),
    "half": Said(200, b'{"streams": [{"na'),
    "a list": Said(200, b'["x"]'),
    "a redirect": Said(302, b""),
    "refused": Said(403, b'{"message": "no"}'),
    "down": Said(500, b'{"message": "null"}'),
    "away": Said(503, b""),
    "slow": Said(504, PAGE, "text/html"),
}


def checked(url, api):
    """A check of a new connection between what exists: its streams are asked for."""
    mode = {"users": AirbyteSyncMode.FULL_REFRESH_OVERWRITE}
    source = AirbyteSource("people", "Sample Data", {"count": 10})
    target = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})
    instance = AirbyteInstance(url=url, api=api, max_attempts=1)
    connection = AirbyteConnection("sync", source, target, mode)
    (result,) = anyio.run(check, [Reconciler(instance, [connection])], Options())
    return result


@pytest.fixture(scope="module")
def airbyte(tmp_path_factory):
    with server(tmp_path_factory.mktemp("airbyte"), airbyte_version="1.6") as running:
        running.seed(
            sources=[{"name": "people", "type": "Sample Data", "configuration": {"count": 10}}],
            destinations=[{"name": "files"}],
        )
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("api", ["config", "public"])
def test_every_fault_of_every_request_is_the_servers_or_makes_no_difference(airbyte, api):
    with proxied(airbyte.url) as proxy:
        healthy = checked(proxy.url, api)
        paths = sorted(set(proxy.asked))
        assert healthy.error is None
        assert any(path.endswith(("/discover_schema", "/streams")) for path in paths)
        found = {}
        for path in paths:
            for name, said in FAULTS.items():
                proxy.answers = {path: said}
                found[path, name] = checked(proxy.url, api)
    for cell, result in found.items():
        if result.error is None:
            assert (cell, result.plan.entries) == (cell, healthy.plan.entries)
        else:
            assert (cell, str(result.error), exit_code(result.error)) == (cell, str(result.error), FAILED)
            assert len(str(result.error).splitlines()) == 1
    streams = [cell for cell in found if cell[0].endswith(("/discover_schema", "/streams"))]
    assert [cell for cell in streams if found[cell].error is None] == []
