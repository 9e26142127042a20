"""A thousand objects on every version, whatever its pages do: all of them, or a refusal; never a wrong picture."""

from __future__ import annotations

import airbyte_local
import anyio
import pytest
from dagster_managed_elements.airbyte import AirbyteInstance, AirbyteManagedElementReconciler, AirbyteSource
from dagster_managed_elements.engine.errors import ApiError
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.reconciling import Options, check

WAYS = [
    *(("config", version) for version in ("0.50", "1.5", "1.6", "1.8", "2.0")),
    *(("public", version) for version in ("1.5", "2.0")),
]
MANY = 1000


def declared() -> list[AirbyteSource]:
    return [AirbyteSource(f"source-{n}", "Sample Data", {"count": 10}) for n in range(MANY)]


def seeded(server: airbyte_local.LocalAirbyte) -> None:
    configuration = {"count": 10}
    server.seed(
        sources=[{"name": "source-{n}", "type": "Sample Data", "configuration": configuration, "count": MANY}]
    )
    server.forget_requests()


def checked(server: airbyte_local.LocalAirbyte, api: str):
    instance = AirbyteInstance(url=server.url, api=api)
    reconciler = AirbyteManagedElementReconciler(instance, elements=declared())
    (result,) = anyio.run(check, [reconciler], Options(settings=Settings(concurrency=10)))
    return result


@pytest.mark.wide("config-2.0", "public-1.6")
@pytest.mark.parametrize(("api", "version"), WAYS)
def test_a_thousand_objects_are_all_seen(api, version):
    with airbyte_local.server(airbyte_version=version, auth="none", log_bodies=False) as server:
        seeded(server)
        result = checked(server, api)
        assert result.error is None
        assert result.plan.entries == ()
        assert len(server.requests) <= 50


@pytest.mark.wide("config-2.0-status", "public-2.0-status")
@pytest.mark.parametrize(
    "fault",
    [
        {"action": "pages-shuffled"},
        {"action": "pages-repeat-skip"},
        {"action": "status", "status": 503, "times": 1, "after": 2},
        {"action": "cut-body", "times": 1, "after": 1},
        {"action": "pages-capped", "size": 20},
    ],
    ids=lambda fault: fault["action"],
)
@pytest.mark.parametrize(
    ("api", "version"), [("config", "2.0"), ("config", "0.50"), ("config", "1.8"), ("public", "2.0")]
)
def test_pages_that_misbehave_are_read_completely_or_refused(api, version, fault):
    with airbyte_local.server(airbyte_version=version, auth="none", log_bodies=False) as server:
        seeded(server)
        match = "^/api/public/v1/sources" if api == "public" else "sources/list"
        server.fault(match, **fault)
        result = checked(server, api)
        assert isinstance(result.error, ApiError) or (result.error is None and result.plan.entries == ())
        if fault["action"] not in {"pages-shuffled", "pages-repeat-skip"}:
            assert result.error is None
