"""The Public API against the local Airbyte: the same elements, and what this API cannot tell or do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import httpx
import pytest
from airbyte_local import LocalAirbyte, server
from dagster_managed_elements.airbyte import (
    EXCLUDED,
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
    AirbyteTag,
)
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.changes import FieldChange
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.secrets import Resent
from dagster_managed_elements.engine.values import ABSENT
from dagster_managed_elements.reconciling import Options, Result, check

FULL = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
APPEND = AirbyteSyncMode.FULL_REFRESH_APPEND
PEOPLE = AirbyteSource("people", "Sample Data", {"count": 10})
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})
LAKE = AirbyteDestination(
    "lake", "Postgres", {"host": "h", "port": 5432, "database": "d", "schema": "public", "username": "u"}
)
SHOP = {"host": "db", "port": 5432, "database": "shop", "username": "me", "password": "p-secret"}


def postgres(**more: Any) -> AirbyteSource:
    return AirbyteSource("shop", "Postgres", {**SHOP, **more})


def connection(streams, source=PEOPLE, destination=FILES, **more) -> AirbyteConnection:
    return AirbyteConnection("sync", source, destination, streams, **more)


class Public:
    """check and apply through the Public API of one local Airbyte."""

    def __init__(self, server: LocalAirbyte) -> None:
        self.server = server

    def _of(self, elements, specs) -> list[AirbyteManagedElementReconciler]:
        instance = AirbyteInstance(url=self.server.url, api="public", specs=specs)
        connections = [element for element in elements if isinstance(element, AirbyteConnection)]
        others = [element for element in elements if not isinstance(element, AirbyteConnection)]
        return [AirbyteManagedElementReconciler(instance, connections, elements=others)]

    def check(self, *elements, specs=(), force=False) -> Result:
        (result,) = anyio.run(check, self._of(elements, specs), Options(resent=Resent(every=force)))
        return result

    def plan(self, *elements, **more) -> Plan:
        result = self.check(*elements, **more)
        assert result.error is None, result.error
        return result.plan

    def problems(self, *elements, **more) -> list[str]:
        return str(self.check(*elements, **more).error).splitlines()

    def apply(self, *elements, force=False, specs=()) -> Result:
        async def agree(_plan: Plan) -> Policy:
            return Policy(allow_all=True)

        async def go() -> list[Result]:
            options = Options(decide=agree, resent=Resent(every=force), settings=Settings(patience=3))
            return await apply(self._of(elements, specs), options, anyio.Event())

        self.server.forget_requests()
        (result,) = anyio.run(go)
        return result

    def applied(self, *elements, **more) -> list[tuple[str, str, Any]]:
        """Apply; the check that follows is empty. The writes that it took."""
        result = self.apply(*elements, **more)
        assert result.error is None, result.error
        assert result.report.ok, result.report
        written = self.writes()
        assert self.plan(*elements).entries == ()
        return written

    def writes(self) -> list[tuple[str, str, Any]]:
        return [
            (request.method, request.path.split("?")[0].removeprefix("/api/public/v1/"), request.request)
            for request in self.server.requests
            if request.method != "GET"
        ]


@pytest.fixture
def public(airbyte_local: LocalAirbyte) -> Public:
    return Public(airbyte_local)


def fields(plan: Plan) -> list[FieldChange]:
    return [change for entry in plan.entries for change in entry.fields]


def test_what_was_applied_is_in_sync_and_no_config_api_is_asked(public):
    written = public.applied(connection({"users": FULL, "products": AirbyteSyncMode.INCREMENTAL_APPEND}))
    made = [(method, path) for method, path, _ in written]
    assert sorted(made[:2]) == [("POST", "destinations"), ("POST", "sources")]
    assert made[2:] == [("POST", "connections")]
    assert all(request.path.startswith("/api/public/v1/") for request in public.server.requests)
    public.apply(connection({"users": FULL, "products": AirbyteSyncMode.INCREMENTAL_APPEND}))
    assert public.writes() == []


def test_an_unchanged_connection_is_not_discovered(public):
    public.applied(connection({"users": FULL}))
    public.server.forget_requests()
    public.plan(connection({"users": FULL}))
    assert not any("/streams" in request.path for request in public.server.requests)


def test_a_changed_field_is_patched_alone(public):
    public.applied(postgres())
    ((method, path, body),) = public.applied(postgres(host="db2"))
    assert (method, path.split("/")[0]) == ("PATCH", "sources")
    assert body == {"name": "shop", "configuration": {"host": "db2"}}


def test_a_removed_key_is_put_with_the_mask_and_the_secret_stays(public):
    public.applied(postgres(jdbc_url_params="x=1"))
    ((method, _, body),) = public.applied(postgres())
    assert method == "PUT"
    assert body["configuration"]["password"] == "**********"
    (source,) = public.plan(postgres(password="rotated"), force=True).entries
    assert [change.path for change in source.fields] == [("password",)]


def test_secrets_are_known_from_facts_where_no_specification_is_told(public):
    public.applied(postgres())
    plan = public.plan(postgres(password="another"))
    assert plan.entries == ()
    assert {notice.code for notice in plan.notices} == {"secret-unknown", "not-validated"}


@pytest.fixture
def own(public):
    """A connector that is in no table of facts, and says of nothing that it is secret."""
    definition = {
        "name": "Ours",
        "dockerRepository": "ours/source-ours",
        "dockerImageTag": "1.0.0",
        "documentationUrl": "https://example.org",
    }
    httpx.post(
        f"{public.server.url}/api/v1/source_definitions/create_custom",
        json={"workspaceId": public.server.workspace_id, "sourceDefinition": definition},
        verify=False,
    ).raise_for_status()
    return lambda name="ours", **configuration: AirbyteSource(name, "Ours", configuration)


SOUNDING = {
    "api_key": "hush-1",
    "clientSecret": "hush-2",
    "auth": {"type": "basic", "password": "hush-3"},
    "tokens": ["hush-4"],
    "secrets": {"a": "hush-5", "on": True},
    "accounts": [{"name": "n", "private_key": "hush-6"}],
}


def test_of_an_unknown_connector_what_sounds_secret_is_compared_and_never_shown(public, own):
    plain = {"host": "db", "keyspace": "k", "token_count": 3}
    declared = own(**SOUNDING, **plain)
    first = public.plan(declared)
    assert "hush" not in repr(first)
    assert "db" in repr(first)
    public.applied(declared)
    changed = own(
        **{**SOUNDING, "api_key": "hush-other", "accounts": [{"name": "m", "private_key": "hush-7"}]}, **plain
    )
    plan = public.plan(changed)
    assert [change.path for change in fields(plan)] == [("api_key",), ("accounts",)]
    assert "hush" not in repr(plan.entries)
    public.applied(changed)
    removed = public.plan(own(**plain))
    assert len(fields(removed)) == len(SOUNDING)
    assert "hush" not in repr(removed.entries)
    public.applied(own(**plain))


def test_that_secrets_are_masked_by_name_is_said_once(public, own):
    plan = public.plan(own(), own("other"), postgres(), PEOPLE)
    (notice,) = [notice for notice in plan.notices if notice.code == "masked-by-name"]
    assert "of Ours are" in notice.text
    known = public.plan(postgres(), PEOPLE)
    assert "masked-by-name" not in {notice.code for notice in known.notices}


def test_what_nobody_declares_is_deleted_without_its_secrets_being_shown(public, own):
    public.applied(own(**SOUNDING))
    instance = AirbyteInstance(url=public.server.url, api="public")
    alone = AirbyteManagedElementReconciler(instance, [], delete_unmentioned_resources=True)
    (result,) = anyio.run(check, [alone], Options())
    (entry,) = result.plan.entries
    assert entry.action == "delete"
    assert "hush" not in repr(entry.fields)


def test_that_nothing_is_validated_is_said_once(public):
    notices = [notice for notice in public.plan(postgres(), PEOPLE).notices if notice.code == "not-validated"]
    assert len(notices) == 1
    assert "Postgres, Sample Data" in notices[0].text


def test_a_given_specification_is_validated_against(public, tmp_path):
    spec = {
        "type": "object",
        "required": ["host"],
        "properties": {"host": {"type": "string"}, "port": {"type": "integer"}},
    }
    said = public.problems(postgres(port="x"), specs={"source-postgres": {"connectionSpecification": spec}})
    assert [line.partition(":")[0] for line in said] == ["shop.port"]
    file = tmp_path / "spec.json"
    file.write_text('{"type": "SPEC", "spec": {"connectionSpecification": {"required": ["tenant"]}}}')
    (line,) = public.problems(postgres(), specs={"Postgres": file})
    assert "tenant" in line


@pytest.mark.parametrize("mode", [AirbyteSyncMode.INCREMENTAL_OVERWRITE, AirbyteSyncMode.FULL_REFRESH_APPEND_DEDUP])
def test_modes_this_api_has_no_name_for_are_refused_before_any_write(public, mode):
    (line,) = public.problems(connection({"users": mode}))
    assert line.startswith(f"sync.streams.users: Airbyte's Public API has no name for {mode.name}")
    assert public.writes() == []


DEDUP = AirbyteSyncMode.INCREMENTAL_APPEND_DEDUP
APART = (
    "its source and its destination cannot sync it as INCREMENTAL_APPEND_DEDUP, "
    "only as FULL_REFRESH_APPEND, FULL_REFRESH_OVERWRITE, INCREMENTAL_APPEND"
)


def test_modes_that_both_ends_cannot_do_together_are_refused_before_any_write(public):
    public.applied(connection({"users": FULL}))
    public.server.forget_requests()
    result = public.apply(connection({"users": DEDUP}, tags=[AirbyteTag("daily")]))
    assert str(result.error) == f"sync.streams.users: {APART}"
    assert public.writes() == []


def test_modes_that_a_new_source_turns_out_not_to_have_fail_before_its_connections_write(public):
    result = public.apply(connection({"users": DEDUP}))
    (failed,) = [outcome for outcome in result.report.outcomes if outcome.status == "failed"]
    assert (str(failed.step), APART in failed.reason) == ("create sync (connection)", True)
    assert not any(path == "connections" for _, path, _ in public.writes())


@pytest.mark.slow
@pytest.mark.parametrize("version", ["0.50", "1.5", "1.6", "1.8", "2.0", "9.9"])
@pytest.mark.parametrize("mode", [FULL, APPEND, AirbyteSyncMode.INCREMENTAL_APPEND, DEDUP])
def test_modes_are_refused_where_the_server_would_and_nowhere_else(version, mode):
    with server(airbyte_version=version, auth="none") as running:
        public = Public(running)
        public.applied(PEOPLE, FILES)
        declared = connection({"users": mode})
        assert public.problems(declared) == ([f"sync.streams.users: {APART}"] if mode == DEDUP else ["None"])
        if mode != DEDUP:
            public.applied(declared)


def test_streams_are_asked_for_once_a_source_and_connector_of_a_destination(public):
    others = [
        AirbyteDestination(f"files {number}", "Local JSON", {"destination_path": "/o"}) for number in range(3)
    ]
    syncs = [AirbyteConnection(end.name, PEOPLE, end, {"users": FULL}) for end in (*others, LAKE)]

    def asked() -> int:
        return sum("/streams" in request.path for request in public.server.requests)

    assert public.apply(*syncs).report.ok
    assert asked() == 2
    public.server.forget_requests()
    (said,) = public.problems(
        *(AirbyteConnection(end.name, PEOPLE, end, {"users": DEDUP}) for end in (others[0], LAKE))
    )
    assert (said, asked()) == (f"files 0.streams.users: {APART}", 2)
    public.server.forget_requests()
    assert len(public.plan(*(replace(sync, stream_config={"users": APPEND}) for sync in syncs)).entries) == 4
    assert asked() == 2


def test_a_change_of_one_stream_sends_all_of_them_as_they_are(public):
    public.applied(connection({"users": FULL, "products": FULL}))
    changed = connection({"users": APPEND, "products": FULL})
    assert fields(public.plan(changed)) == [
        FieldChange(
            ("streams", "users"), AirbyteSyncMode.FULL_REFRESH_OVERWRITE, AirbyteSyncMode.FULL_REFRESH_APPEND
        )
    ]
    ((method, _, body),) = public.applied(changed)
    assert method == "PATCH"
    assert set(body) == {"configurations"}
    modes = {row["name"]: row["syncMode"] for row in body["configurations"]["streams"]}
    assert modes == {"users": "full_refresh_append", "products": "full_refresh_overwrite"}


def test_a_stream_left_out_is_deselected(public):
    public.applied(connection({"users": FULL, "products": FULL}))
    smaller = connection({"users": FULL})
    assert fields(public.plan(smaller)) == [
        FieldChange(("streams", "products"), AirbyteSyncMode.FULL_REFRESH_OVERWRITE, ABSENT)
    ]
    public.applied(smaller)


def test_a_connection_without_streams_is_refused_since_this_api_would_choose_some(public):
    line = "streams: Airbyte's Public API takes no streams at all for a choice of its own"
    assert line in public.problems(connection({}))[0]
    public.applied(connection({"users": FULL}))
    assert line in public.problems(connection({}))[0]


@pytest.mark.parametrize("left", [{"users": EXCLUDED}, {"*": EXCLUDED}, {"*": FULL, "?*": EXCLUDED}])
def test_so_is_one_whose_streams_are_all_excluded(public, left):
    public.applied(connection({"users": FULL}))
    (problem,) = public.problems(connection(left))
    assert "takes no streams at all for a choice of its own" in problem


def test_an_unknown_stream_of_a_source_that_exists_is_told_before_any_write(public):
    public.applied(PEOPLE, FILES)
    (line,) = public.problems(connection({"usres": FULL}))
    assert line.startswith("sync.streams.usres: the source 'people' has no such stream; it has users")


def test_an_unknown_stream_of_a_new_source_fails_before_its_connections_write(public):
    result = public.apply(connection({"usres": FULL}))
    assert [(str(outcome.step), outcome.status) for outcome in result.report.outcomes][-1] == (
        "create sync (connection)",
        "failed",
    )
    assert not any(path == "connections" for _, path, _ in public.writes())


def test_a_chosen_cursor_and_key_are_sent_and_compared(public):
    mode = AirbyteSyncMode.incremental_append_dedup("updated_at", ["id"])
    ((*_, body),) = [
        each for each in public.applied(connection({"orders": mode}, postgres(), LAKE)) if each[1] == "connections"
    ]
    (row,) = body["configurations"]["streams"]
    assert (row["cursorField"], row["syncMode"]) == (["updated_at"], "incremental_deduped_history")
    other = AirbyteSyncMode.incremental_append_dedup("note", ["id"])
    assert [change.path for change in fields(public.plan(connection({"orders": other}, postgres(), LAKE)))] == [
        ("streams", "orders", "cursor")
    ]
    public.applied(connection({"orders": other}, postgres(), LAKE))


def in_ui(public: Public, endpoint: str, **body: Any) -> Any:
    """Through the other API, as the UI does it."""
    answer = httpx.post(
        f"{public.server.url}/api/v1/connections/{endpoint}", json=body, verify=False
    ).raise_for_status()
    return answer.json()


def test_a_cursor_the_source_defines_is_compared_and_never_sent(public):
    declared = connection({"users": AirbyteSyncMode.incremental_append("updated_at")})
    (*_, (_, path, body)) = public.applied(declared)
    assert (path, body["configurations"]["streams"]) == (
        "connections",
        [{"name": "users", "syncMode": "incremental_append"}],
    )
    (found,) = in_ui(public, "list", workspaceId=public.server.workspace_id)["connections"]
    (row,) = found["syncCatalog"]["streams"]
    assert row["config"]["cursorField"] == ["updated_at"]
    row["config"]["cursorField"] = ["created_at"]
    in_ui(public, "update", connectionId=found["connectionId"], syncCatalog=found["syncCatalog"])
    assert fields(public.plan(declared)) == [
        FieldChange(("streams", "users", "cursor"), ["created_at"], ["updated_at"])
    ]
    ((_, _, body),) = public.applied(declared)
    assert all("cursorField" not in row for row in body["configurations"]["streams"])


@pytest.mark.parametrize("cursor", ["created_at", ["updated_at", "day"], "no"])
def test_a_cursor_other_than_the_sources_own_is_refused_in_check(public, cursor):
    public.applied(PEOPLE, FILES)
    (line,) = public.problems(connection({"users": AirbyteSyncMode.incremental_append(cursor)}))
    assert line == "sync.streams.users: the source itself defines its cursor, updated_at; leave cursor_field out"


@pytest.mark.parametrize("namespace", ["raw_${SOURCE_NAMESPACE}"])
def test_namespace_and_prefix_are_managed_once_declared(public, namespace):
    public.applied(connection({"users": FULL}, destination_namespace=namespace, prefix="p_"))
    changed = connection({"users": FULL}, destination_namespace=namespace, prefix="")
    ((_, _, body),) = public.applied(changed)
    assert body == {"prefix": ""}


BASIC = {"scheduleType": "basic", "scheduleData": {"basicSchedule": {"timeUnit": "hours", "units": 6}}}


def cron(expression: str, zone: str) -> dict[str, Any]:
    return {
        "scheduleType": "cron",
        "scheduleData": {"cron": {"cronExpression": expression, "cronTimeZone": zone}},
    }


@pytest.mark.parametrize(
    ("schedule", "named"),
    [
        (BASIC, "its schedule (every 6 hours)"),
        (cron("0 0 3 * * ?", "Europe/Berlin"), "its schedule (0 0 3 * * ? Europe/Berlin)"),
        pytest.param(
            cron("0 0 3 ? * MON-FRI", "America/New_York"),
            "its schedule (0 0 3 ? * MON-FRI America/New_York)",
            marks=pytest.mark.slow,
        ),
        (cron("0 0 3 ? * MON-FRI", "UTC"), None),
        pytest.param(cron("0 0 3 L * ?", "UTC"), None, marks=pytest.mark.slow),
        pytest.param(cron("0 15 10 ? * 6#3 2030", "UTC"), None, marks=pytest.mark.slow),
        ({"scheduleType": "manual"}, None),
    ],
)
def test_a_schedule_that_a_replacement_would_lose_is_named_and_any_other_carried_over(public, schedule, named):
    public.applied(connection({"users": FULL}), LAKE)
    root = f"{public.server.url}/api/v1/connections"
    (found,) = httpx.post(f"{root}/list", json={"workspaceId": public.server.workspace_id}, verify=False).json()[
        "connections"
    ]
    httpx.post(
        f"{root}/update", json={"connectionId": found["connectionId"], **schedule}, verify=False
    ).raise_for_status()
    moved = (connection({"users": FULL}, PEOPLE, LAKE), FILES)
    (replaced,) = [
        consequence.text for consequence in public.plan(*moved).consequences if consequence.code == "replace"
    ]
    assert ("its schedule" in replaced) == (named is not None)
    assert named is None or named in replaced
    assert "what the Public API does not show of it" in replaced
    public.applied(*moved)
    (after,) = httpx.post(f"{root}/list", json={"workspaceId": public.server.workspace_id}, verify=False).json()[
        "connections"
    ]
    kept = schedule if named is None else {"scheduleType": "manual"}
    assert {name: after.get(name) for name in kept} == kept


def test_a_create_whose_answer_is_lost_leaves_exactly_one_object(public):
    public.server.fault("^/api/public/v1/sources", "lost-after-commit", method="POST")
    result = public.apply(PEOPLE)
    assert [outcome.status for outcome in result.report.outcomes] == ["done"]
    assert len([each for each in public.writes() if each[1] == "sources"]) == 1
    public.server.faults()
    assert public.plan(PEOPLE).entries == ()


def test_no_secret_is_in_a_plan_or_an_error(public):
    plan = public.plan(postgres())
    assert SHOP["password"] not in repr(plan)
    public.server.fault(
        "^/api/public/v1/sources",
        "status",
        method="POST",
        status=422,
        body={"data": {"message": "p-secret is bad"}},
    )
    result = public.apply(postgres())
    assert SHOP["password"] not in repr(result)
    assert "is bad" in result.report.outcomes[0].reason


def test_a_mask_is_not_put_where_nobody_can_tell_that_the_choice_around_it_stayed(public):
    def tunnel(**method: Any) -> AirbyteSource:
        return postgres(tunnel_method={"tunnel_host": "t", "tunnel_port": 22, "tunnel_user": "u", **method})

    key = {"tunnel_method": "SSH_KEY_AUTH", "ssh_key": "k-secret"}
    public.applied(tunnel(**key, note="x"))
    ((method, _, body),) = public.applied(tunnel(**key))
    assert method == "PUT"
    assert body["configuration"]["tunnel_method"]["ssh_key"] == "k-secret"
    assert body["configuration"]["password"] == "**********"
