"""A secret that is rotated, here or on the server: seen exactly, sent exactly, and nothing else with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import airbyte_local
import anyio
import httpx
import pytest
from airbyte_local import LocalAirbyte
from dagster_managed_elements.airbyte import AirbyteInstance, AirbyteSource, EnvVar
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result, check

PASSWORD, ROTATED, OTHER = "correct-horse-battery", "staple-of-the-new-year", "another-secret-altogether"
VAULT, UI = "dynamic-credential-0001", "typed-by-somebody-else"
PIECE = 8


class Vault:
    """A client whose every call makes a new credential: calling it in vain is a fault by itself."""

    def __init__(self) -> None:
        self.calls = 0

    def read(self) -> str:
        self.calls += 1
        return f"{VAULT}-{self.calls}"


class Bench:
    """One module at one server, with a state in a file beside it."""

    def __init__(self, server: LocalAirbyte, api: str, folder: Path) -> None:
        self.server, self.api, self.vault = server, api, Vault()
        self.file = folder / "state" / "airbyte.json"
        self.state = f"file://{self.file}"

    def elements(self, *, version: int = 1) -> list[Element]:
        tunnel = {
            "tunnel_method": "SSH_PASSWORD_AUTH",
            "tunnel_host": "bastion",
            "tunnel_port": 22,
            "tunnel_user": "airbyte",
            "tunnel_user_password": Secret.call(self.vault.read, reference="tunnel", version=version),
        }
        shop = {"host": "shop.internal", "port": 5432, "database": "shop", "username": "airbyte"}
        return [
            AirbyteSource("shop", "Postgres", {**shop, "password": EnvVar("SHOP"), "tunnel_method": tunnel}),
            AirbyteSource("crm", "Postgres", {**shop, "password": EnvVar("CRM")}),
        ]

    def checked(self, elements: Sequence[Element], **how: Any) -> Plan:
        (result,) = anyio.run(check, [self._of(elements)], Options(state=self.state, **how))
        assert result.error is None, result.error
        return result.plan

    def applied(self, elements: Sequence[Element], **how: Any) -> Plan:
        async def go() -> list[Result]:
            options = Options(decide=_agree, **{"state": self.state, **how})
            return await apply([self._of(elements)], options, anyio.Event())

        (result,) = anyio.run(go)
        assert result.error is None, result.error
        assert result.report.ok, result.report
        return result.plan

    def _of(self, elements: Sequence[Element]) -> Reconciler:
        return Reconciler(AirbyteInstance(url=self.server.url, api=self.api), elements)

    def edit(self, name: str, configuration: dict[str, Any]) -> None:
        """By somebody else, in the UI."""
        listed = {"workspaceId": self.server.workspace_id}
        rows = httpx.post(f"{self.server.url}/api/v1/sources/list", json=listed, verify=False).json()["sources"]
        (id_,) = (row["sourceId"] for row in rows if row["name"] == name)
        body = {"sourceId": id_, "connectionConfiguration": configuration}
        answer = httpx.post(f"{self.server.url}/api/v1/sources/partial_update", json=body, verify=False)
        assert answer.status_code == 200, answer.text

    def secrets_sent(self) -> set[str]:
        """Which of those that the tests know were in a request since the last look."""
        sent = " ".join(exchange.request_bytes.decode() for exchange in self.server.requests)
        self.server.forget_requests()
        return {secret for secret in (PASSWORD, ROTATED, OTHER, VAULT) if secret in sent}


async def _agree(_plan: Plan) -> Policy:
    return Policy(allow_all=True)


def shown(plan: Plan) -> list[tuple[str, tuple[str, ...], str]]:
    return [(entry.key.name, field.path, field.why) for entry in plan.entries for field in entry.fields]


@pytest.fixture
def bench(airbyte_local, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP", PASSWORD)
    monkeypatch.setenv("CRM", OTHER)
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "k" * 64)
    return lambda api: Bench(airbyte_local, api, tmp_path)


@pytest.mark.parametrize("api", ["config", "public"])
def test_only_a_secret_that_changed_is_said_and_sent(bench, api, monkeypatch):
    bench = bench(api)
    bench.applied(bench.elements())
    assert bench.secrets_sent() == {PASSWORD, OTHER, VAULT}
    assert bench.vault.calls == 1
    assert bench.checked(bench.elements()).entries == ()

    monkeypatch.setenv("SHOP", ROTATED)
    rotated = [("shop", ("password",), "changed-in-code")]
    assert shown(bench.checked(bench.elements())) == rotated
    assert bench.secrets_sent() == set()
    assert shown(bench.applied(bench.elements())) == rotated
    assert bench.secrets_sent() == {ROTATED}
    assert bench.checked(bench.elements(), versions="asked").entries == ()

    bench.edit("crm", {"password": UI})
    assert bench.checked(bench.elements()).entries == ()
    theirs = [("crm", ("password",), "changed-on-server")]
    assert shown(bench.checked(bench.elements(), versions="asked")) == theirs
    bench.server.forget_requests()
    assert shown(bench.applied(bench.elements(), versions="asked")) == theirs
    assert bench.secrets_sent() == {OTHER}
    assert bench.checked(bench.elements(), versions="asked").entries == ()
    assert bench.vault.calls == 1

    renewed = [("shop", ("tunnel_method", "tunnel_user_password"), "changed-in-code")]
    assert shown(bench.checked(bench.elements(version=2))) == renewed
    assert bench.vault.calls == 1
    bench.applied(bench.elements(version=2))
    assert (bench.vault.calls, bench.secrets_sent()) == (2, {VAULT})
    assert bench.checked(bench.elements(version=2), versions="asked").entries == ()
    text = bench.file.read_text()
    for secret in (PASSWORD, ROTATED, OTHER, f"{VAULT}-1", f"{VAULT}-2", "shop.internal", "bastion"):
        for start in range(len(secret) - PIECE + 1):
            assert secret[start : start + PIECE] not in text
    assert bench.file.stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
def test_drift_checks_and_jobs_see_a_secret_that_somebody_changed_on_the_server(bench):
    from dagster import Definitions
    from dagster_managed_elements.definitions import build_drift_checks, build_reconcile_job

    bench = bench("config")
    bench.applied(bench.elements())
    instance = AirbyteInstance(url=bench.server.url)
    reconciler = Reconciler(instance, bench.elements(), name="shop", state=bench.state)

    def said(reconciler: Reconciler, **how: Any) -> str:
        checks = build_drift_checks(reconciler, **how)
        job = Definitions(asset_checks=checks).resolve_implicit_global_asset_job_def()
        (found,) = job.execute_in_process().get_asset_check_evaluations()
        return found.description

    assert said(reconciler) == "shop: in sync"
    bench.edit("crm", {"password": UI})
    assert said(reconciler) == "shop: 1 changed: crm (source)"
    assert said(reconciler, secrets="local") == "shop: in sync"
    assert said(Reconciler(instance, bench.elements(), name="shop")) == "shop: in sync", "nothing is recorded"
    bench.server.forget_requests()
    assert build_reconcile_job(reconciler, secrets="local").execute_in_process().success
    assert bench.secrets_sent() == set()
    assert build_reconcile_job(reconciler).execute_in_process().success
    assert bench.secrets_sent() == {OTHER}
    assert said(reconciler) == "shop: in sync"
    with pytest.raises(DeclarationError, match="one of local, server"):
        build_drift_checks(reconciler, secrets="nowhere")


def test_a_secret_that_was_adopted_is_unknown_until_it_is_trusted(bench, monkeypatch):
    bench = bench("config")
    bench.applied(bench.elements(), state=None)
    bench.server.forget_requests()

    def untold(plan: Plan) -> list[str]:
        return [".".join((notice.key.name, *notice.path)) for notice in plan.notices if "secret" in notice.code]

    every = ["shop.password", "shop.tunnel_method.tunnel_user_password", "crm.password"]
    plan = bench.checked(bench.elements())
    assert (plan.entries, untold(plan)) == ((), every)
    bench.applied(bench.elements())
    assert untold(bench.checked(bench.elements())) == every
    bench.applied(bench.elements(), trust_secrets=True)
    assert untold(bench.checked(bench.elements())) == []
    assert bench.secrets_sent() == set()
    bench.edit("crm", {"password": UI})
    monkeypatch.setenv("SHOP", ROTATED)
    assert shown(bench.checked(bench.elements(), versions="asked")) == [
        ("shop", ("password",), "changed-in-code"),
        ("crm", ("password",), "changed-on-server"),
    ]
    assert bench.vault.calls == 1


def test_an_airbyte_that_tells_no_versions_is_said_to(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP", PASSWORD)
    monkeypatch.setenv("CRM", OTHER)
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "k" * 64)
    with airbyte_local.server(tmp_path / "old", airbyte_version="1.6") as server:
        bench = Bench(server, "config", tmp_path)
        bench.applied(bench.elements())
        plan = bench.checked(bench.elements(), versions="asked")
        assert plan.entries == ()
        (notice,) = [each for each in plan.notices if each.code == "no-version"]
        assert "told no version of 3 of 3 secrets" in notice.text
        monkeypatch.setenv("SHOP", ROTATED)
        assert shown(bench.checked(bench.elements())) == [("shop", ("password",), "changed-in-code")]
        assert [each for each in server.requests if "includeSecretCoordinates" in each.query] == []


def test_of_what_nobody_asked_for_no_version_is_read(bench):
    bench = bench("config")
    bench.applied(bench.elements())
    asked = [each for each in bench.server.requests if "includeSecretCoordinates" in each.query]
    assert len(asked) == 2
    bench.server.forget_requests()
    bench.checked(bench.elements())
    assert [each for each in bench.server.requests if each.method == "GET" and "public" in each.path] == []
    document = json.loads(bench.file.read_text())
    assert (document["format"], document["version"]) == ("dagster-me state", 1)
