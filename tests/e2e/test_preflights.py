"""What would not work is found by trying it on the server, before anything is written and only when asked for.

And a saved plan of a real server holds, or says what moved.
"""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest
from airbyte_local import LocalAirbyte
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteSource,
    AirbyteSyncMode,
)
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.errors import DeclarationError, PlanMoved, PreflightFailed
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.saving import read_promise, save
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.surveying import Scope
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result, check

FULL = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
WRITES = ("/create", "/update", "/partial_update", "/delete")


@pytest.fixture
def csv(airbyte_local: LocalAirbyte) -> str:
    airbyte_local.files.mkdir(parents=True, exist_ok=True)
    (airbyte_local.files / "t.csv").write_text("name,calories\nOats,100\n")
    return f"{airbyte_local.url}/_local/files/t.csv"


def of(url: str, streams: Sequence[str] = ("t",)) -> AirbyteConnection:
    configuration = {
        "url": url,
        "format": "csv",
        "dataset_name": "t",
        "provider": {"storage": "HTTPS", "user_agent": False},
    }
    destination = AirbyteDestination("out", "Local JSON", {"destination_path": "/local/out"})
    return AirbyteConnection(
        "sync", AirbyteSource("shop", "File", configuration), destination, dict.fromkeys(streams, FULL)
    )


def planned(server: LocalAirbyte, *elements: object, api: str = "config", **how: object) -> Result:
    of_ = [Reconciler(AirbyteInstance(url=server.url, api=api), elements)]  # type: ignore[arg-type]
    options = Options(preflight=how.pop("preflight", 30.0), settings=Settings(timeout=10), **how)  # type: ignore[arg-type]
    (result,) = anyio.run(check, of_, options)
    return result


def applied(server: LocalAirbyte, *elements: object, **how: object) -> Result:
    async def decide(_plan: Plan) -> Policy:
        return Policy(allow_all=True)

    async def go() -> Result:
        of_ = [Reconciler(AirbyteInstance(url=server.url, api="config"), elements)]  # type: ignore[arg-type]
        options = Options(decide=decide, settings=Settings(timeout=10), **how)  # type: ignore[arg-type]
        (result,) = await apply(of_, options, anyio.Event())
        return result

    return anyio.run(go)


def asked(server: LocalAirbyte) -> list[str]:
    return [exchange.path for exchange in server.requests]


def test_what_works_is_tried_and_nothing_is_written(airbyte_local: LocalAirbyte, csv: str):
    assert planned(airbyte_local, of(csv), preflight=None).error is None
    assert not [path for path in asked(airbyte_local) if "check_connection" in path or "scheduler" in path]
    result = planned(airbyte_local, of(csv))
    assert result.error is None
    tried = [path.rpartition("scheduler/")[2] for path in asked(airbyte_local) if "scheduler/" in path]
    assert sorted(tried) == ["destinations/check_connection", "sources/check_connection", "sources/discover_schema"]
    assert not [path for path in asked(airbyte_local) if path.endswith(WRITES)]


def test_streams_of_a_source_that_is_not_there_yet_are_verified(airbyte_local: LocalAirbyte, csv: str):
    result = planned(airbyte_local, of(csv, ["tt"]))
    assert isinstance(result.error, PreflightFailed)
    (problem,) = result.error.problems
    assert (problem.key.name, problem.path) == ("sync", ("streams", "tt"))
    assert problem.message == "the source 'shop' has no such stream; it has t"


def test_a_source_that_does_not_work_is_found_before_a_write(airbyte_local: LocalAirbyte, csv: str):
    wrong = csv.replace("t.csv", "absent.csv")
    result = applied(airbyte_local, of(wrong), preflight=30.0)
    assert isinstance(result.error, PreflightFailed)
    assert "shop: its connector says: " in str(result.error)
    assert "nothing was written" in str(result.error)
    assert not [path for path in asked(airbyte_local) if path.endswith(WRITES)]
    assert applied(airbyte_local, of(csv), preflight=30.0).error is None
    changed = planned(airbyte_local, of(wrong))
    assert "shop: its connector says: " in str(changed.error)
    assert any(path.endswith("sources/check_connection_for_update") for path in asked(airbyte_local))


def test_a_secret_that_is_a_function_is_not_called(airbyte_local: LocalAirbyte):
    called: list[str] = []
    secret = Secret.call(lambda: called.append("!"), reference="vault:1")
    configuration = {"host": "db", "port": 5432, "database": "d", "username": "u", "password": secret}
    result = planned(airbyte_local, AirbyteSource("db", "Postgres", configuration))
    assert (result.error, called) == (None, [])
    assert result.plan is not None
    assert [notice.code for notice in result.plan.notices if notice.key.name == "db"].count("not-tried") == 1


def test_what_does_not_answer_in_time_is_said_of_each(airbyte_local: LocalAirbyte, csv: str):
    result = planned(airbyte_local, of(csv), preflight=0.0)
    assert isinstance(result.error, PreflightFailed)
    assert {problem.key.name for problem in result.error.problems} == {"shop", "out", "sync"}
    assert "shop: it was not tried within 0 seconds" in str(result.error)


def test_it_is_said_that_the_public_api_cannot(airbyte_local: LocalAirbyte, csv: str):
    result = planned(airbyte_local, of(csv), api="public")
    assert isinstance(result.error, DeclarationError)
    assert "leave --preflight out" in str(result.error)


def test_a_saved_plan_of_a_real_server_holds_until_somebody_changes_something(
    airbyte_local: LocalAirbyte, csv: str
):
    password = "correct-horse-battery"
    configuration = {"host": "db", "port": 5432, "database": "d", "username": "u", "password": password}
    elements = (of(csv), AirbyteSource("db", "Postgres", configuration))

    def saved() -> bytes:
        shown = planned(airbyte_local, *elements, preflight=None).shown
        assert shown is not None
        return save([shown])

    first = saved()
    assert first == saved()
    assert not [piece for at in range(len(password) - 7) if (piece := password[at : at + 8]).encode() in first]
    done = applied(airbyte_local, *elements, promise=read_promise(first))
    assert done.report is not None
    assert done.report.ok
    assert isinstance(applied(airbyte_local, *elements, promise=read_promise(first)).error, PlanMoved)
    nothing = saved()
    assert (
        planned(airbyte_local, *elements, preflight=None).plan
        == applied(airbyte_local, *elements, promise=read_promise(nothing)).plan
    )


def test_destroy_leaves_the_server_as_it_was(airbyte_local: LocalAirbyte, csv: str):
    applied(airbyte_local, of(csv))
    other = AirbyteDestination("other", "Local JSON", {"destination_path": "/local/other"})
    applied(airbyte_local, other)
    gone = applied(airbyte_local, of(csv), scope=Scope(destroy=True))
    assert gone.report is not None
    assert gone.report.ok
    left = planned(airbyte_local, of(csv), other, preflight=None)
    assert left.plan is not None
    assert sorted(entry.key.name for entry in left.plan.entries) == ["out", "shop", "sync"]
