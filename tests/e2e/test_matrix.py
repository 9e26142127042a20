"""The same work in every Airbyte people run: each version, each API, each way in, from one table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import airbyte_local
import anyio
import pytest
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSchedule,
    AirbyteSource,
    AirbyteSyncMode,
)
from dagster_managed_elements.reconciling import Options, check

from testing.airbytes import PARAMETERS, Cell, Workload
from testing.connection_fields import declared_in
from testing.contracts import check_exchange, require_contract

FULL, APPEND = AirbyteSyncMode.FULL_REFRESH_OVERWRITE, AirbyteSyncMode.FULL_REFRESH_APPEND


def cereals(server: airbyte_local.LocalAirbyte) -> list[AirbyteConnection]:
    server.files.mkdir(parents=True, exist_ok=True)
    (server.files / "cereals.csv").write_text("name,calories\nOats,100\n")
    configuration = {
        "url": f"{server.url}/_local/files/cereals.csv",
        "format": "csv",
        "provider": {"storage": "HTTPS", "user_agent": False},
        "dataset_name": "cereals",
    }
    source = AirbyteSource("cereals-csv", "File", configuration)
    destination = AirbyteDestination("local-json", "Local JSON", {"destination_path": "/local/cereals_out.json"})
    return [AirbyteConnection("download-cereals", source, destination, {"cereals": FULL})]


def forty(
    mode: AirbyteSyncMode, *, host: str = "db", options: str | None = None, **fields: Any
) -> list[AirbyteConnection]:
    """Forty elements: 18 sources with secrets, 4 destinations, 18 connections of those *fields*."""
    lakes = [
        AirbyteDestination(f"lake-{n}", "Local JSON", {"destination_path": f"/local/lake-{n}"}) for n in range(4)
    ]
    made: list[AirbyteConnection] = []
    for n in range(18):
        configuration = {
            "host": host,
            "port": 5432,
            "database": f"d{n}",
            "username": "u",
            "password": f"secret-{n}",
        }
        configuration |= {"jdbc_url_params": options} if options else {}
        source = AirbyteSource(f"shop-{n}", "Postgres", configuration)
        made.append(
            AirbyteConnection(f"sync-{n}", source, lakes[n % 4], {"orders": mode, "customers": FULL}, **fields)
        )
    return made


ELSEWHERE = AirbyteDestination("elsewhere", "Local JSON", {"destination_path": "/local/elsewhere"})


def violations(workload: Workload) -> set[str]:
    """What of all that was sent and answered is not as Airbyte describes it."""
    contract = require_contract(workload.cell.contract)
    return {
        violation
        for request in workload.server.requests
        for violation in check_exchange(
            contract, request.path, request.request, request.status, request.response, method=request.method
        )
    }


@pytest.fixture(params=PARAMETERS)
def cell(request: pytest.FixtureRequest) -> Cell:
    return request.param


@pytest.fixture
def workload(cell: Cell):
    with airbyte_local.server(airbyte_version=cell.version, auth=cell.auth) as server:
        yield Workload(cell, server)


def test_the_seed_page_and_forty_elements_in_every_airbyte(cell: Cell, workload: Workload):
    require_contract(cell.contract)
    tree = [entry.key.name for entry in workload.converge(cereals(workload.server)).entries]
    assert tree == ["cereals-csv", "local-json", "download-cereals"]

    assert len(workload.converge(forty(FULL)).entries) == 40
    changed = workload.converge(forty(APPEND, host="db2"))
    assert {(entry.action, entry.key.kind) for entry in changed.entries} == {
        ("update", "source"),
        ("update", "connection"),
    }
    assert len(changed.entries) == 36
    workload.converge(forty(APPEND, host="db2", options="x=1"))
    workload.converge(forty(APPEND, host="db2"))
    sources = [
        request for request in workload.server.requests if request.request and "secret-0" in str(request.request)
    ]
    assert len(sources) == 1

    assert violations(workload) == set()


@pytest.mark.slow
def test_forty_elements_with_every_field_of_a_connection_declared_in_every_airbyte(cell: Cell, workload: Workload):
    """And all of them moved to another destination, which makes them anew."""
    require_contract(cell.contract)
    declared = declared_in(cell)
    tags = len(declared.get("tags", ()))
    assert len(workload.converge(forty(FULL, **declared)).entries) == 40 + tags
    changed = {**declared, "prefix": "erp_", "status": "active", "schedule": AirbyteSchedule.manual()}
    entries = workload.converge(forty(FULL, **changed)).entries
    assert {(entry.action, entry.key.kind) for entry in entries} == {("update", "connection")}
    assert [len(entry.fields) for entry in entries] == [3] * 18
    assert workload.plan(forty(FULL)).entries == ()
    moved = [replace(sync, destination=ELSEWHERE) for sync in forty(FULL, **declared)]
    actions = {(entry.action, entry.key.kind) for entry in workload.converge(moved).entries}
    assert actions == {("create", "destination"), ("replace", "connection")}
    assert violations(workload) == set()


def test_a_secret_that_nothing_can_stand_in_for_goes_with_whatever_changes_in_every_airbyte(workload: Workload):
    """Paystack's keys begin with `sk_`; neither the mask nor Airbyte's own placeholder does."""

    def pay(name: str = "pay", **more) -> list[AirbyteSource]:
        configuration = {"secret_key": "sk_live_abc", "start_date": "2026-01-01T00:00:00Z"}
        renamed = {"renamed_from": "pay"} if name != "pay" else {}
        return [AirbyteSource(name, "Paystack", {**configuration, **more}, **renamed)]

    def stored() -> dict:
        (row,) = [
            request
            for request in workload.server.requests[::-1]
            if request.request and "sk_live_abc" in str(request.request)
        ][:1]
        return row.request.get("configuration") or row.request["connectionConfiguration"]

    workload.converge(pay(note="odd"))
    for changed in (
        pay(start_date="2026-02-02T00:00:00Z", note="odd"),
        pay(lookback_window_days=3, note="odd"),
        pay(),
    ):
        workload.server.forget_requests()
        plan = workload.converge(changed)
        assert [consequence.code for consequence in plan.consequences] == ["secret-resent"]
        assert "secret_key is sent again" in plan.consequences[0].text
        assert stored()["secret_key"] == "sk_live_abc"
    workload.converge(pay(name="renamed"))


@pytest.mark.wide("public")
@pytest.mark.parametrize("api", ["config", "public"])
def test_an_airbyte_of_the_future_with_words_nobody_knows_works(api: str):
    with airbyte_local.server(airbyte_version="9.9", auth="none") as server:
        work = Workload(Cell("9.9", api, "none"), server)
        assert len(work.converge(cereals(server)).entries) == 3
        assert len(work.converge(forty(FULL)).entries) == 40
        work.converge(forty(APPEND, host="db2"))


def test_an_airbyte_of_the_future_without_what_is_needed_is_told_in_one_line():
    absent = ["sources/list_paginated", "sources/list"]
    with airbyte_local.server(airbyte_version="9.9", auth="none", absent=absent) as server:
        instance = AirbyteInstance(url=server.url)
        reconciler = AirbyteManagedElementReconciler(instance, cereals(server))
        (result,) = anyio.run(check, [reconciler], Options())
        (line,) = str(result.error).splitlines()
        assert "9.9" in line
        assert "sources/list" in line


@pytest.mark.parametrize("api", ["config", "public"])
@pytest.mark.parametrize("requests", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3, 5, 8, 13))])
def test_a_token_that_expires_in_the_middle_is_renewed_unnoticed(api: str, requests: int):
    with airbyte_local.server(airbyte_version="2.0", auth="client") as server:
        server.fault("", "tokens-expire", token_requests=requests)
        work = Workload(Cell("2.0", api, "client"), server)
        assert len(work.converge(cereals(server)).entries) == 3
        creates = [
            request.path for request in server.requests if request.status == 200 and "create" in request.path
        ]
        assert len(creates) == len(set(creates))
