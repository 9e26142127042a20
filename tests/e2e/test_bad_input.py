"""Whatever is wrong: one line a user can act on, no traceback, no write, the code that says whose fault it is."""

from __future__ import annotations

import socket

import pytest
from airbyte_local import server

PROLOGUE = """\
from dagster_managed_elements.airbyte import (
    AirbyteConnection, AirbyteDestination, AirbyteInstance, AirbyteManagedElementReconciler, AirbyteSource,
    AirbyteSyncMode, EnvVar,
)

airbyte = AirbyteInstance(url={url!r}{more})
source = AirbyteSource("people", {source_type!r}, {configuration!r})
files = AirbyteDestination("files", "Local JSON", {{"destination_path": "/local/out"}})
streams = {{{streams}}}
sync = AirbyteConnection("sync", source, files, streams)
reconciler = AirbyteManagedElementReconciler(airbyte, [sync])
"""


def module(url: str, **more) -> str:
    given = {
        "source_type": "Sample Data",
        "configuration": {"count": 10},
        "streams": '"users": AirbyteSyncMode.FULL_REFRESH_OVERWRITE',
        "more": "",
        **more,
    }
    return PROLOGUE.format(url=url, **given)


def refused(answer, code: int) -> list[str]:
    """The lines a user is told, once it is sure that it ended as it should."""
    assert answer.returncode == code, answer
    assert "Traceback" not in answer.stderr
    assert "ExceptionGroup" not in answer.stderr
    return [line for line in answer.stderr.splitlines() if line.strip()]


def test_an_unknown_connector_is_told_with_the_nearest_names(airbyte_local, dagster_me):
    dagster_me.module("sync", module(airbyte_local.url, source_type="Sampel Data"))
    (line,) = refused(dagster_me("check", "-m", "sync"), 2)
    assert line == "Error: people.type: There is no source connector 'Sampel Data'. Did you mean 'Sample Data'?"


def test_an_unknown_stream_is_told_with_the_nearest_names(airbyte_local, dagster_me):
    dagster_me.module("sync", module(airbyte_local.url))
    assert dagster_me.here("apply", "-m", "sync").returncode == 0
    dagster_me.module("sync", module(airbyte_local.url, streams='"user": AirbyteSyncMode.FULL_REFRESH_APPEND'))
    (line,) = refused(dagster_me.here("check", "-m", "sync"), 2)
    assert line.startswith("Error: sync.streams.user: the source 'people' has no such stream; it has users")


def test_an_unknown_stream_of_a_new_source_fails_its_connection_and_says_so(airbyte_local, dagster_me):
    dagster_me.module("sync", module(airbyte_local.url, streams='"user": AirbyteSyncMode.FULL_REFRESH_APPEND'))
    answer = dagster_me.here("apply", "-m", "sync")
    assert answer.returncode == 3
    said = answer.stdout + answer.stderr
    assert "the source 'people' has no such stream; it has users" in said
    assert "2 done, 1 failed" in said


@pytest.mark.slow
def test_an_unsupported_mode_is_told_with_the_supported_ones(airbyte_local, dagster_me):
    dagster_me.module("sync", module(airbyte_local.url))
    dagster_me.here("apply", "-m", "sync")
    dagster_me.module(
        "sync", module(airbyte_local.url, streams='"users": AirbyteSyncMode.INCREMENTAL_APPEND_DEDUP')
    )
    (line,) = refused(dagster_me.here("check", "-m", "sync"), 2)
    assert line.endswith("the destination cannot write it as append_dedup, only as append, overwrite")


def test_a_missing_field_a_wrong_type_and_a_wrong_connector_are_told_all_at_once(airbyte_local, dagster_me):
    text = module(
        airbyte_local.url, source_type="Postgres", configuration={"host": 5, "databse": "d", "port": 5432}
    )
    text = text.replace('"Local JSON"', '"Local Jsno"')
    dagster_me.module("sync", text)
    lines = refused(dagster_me.here("check", "-m", "sync"), 2)
    said = "\n".join(lines)
    assert "people.host" in said
    assert "people.username" in said
    assert "people.database" in said
    assert "databse" in said
    assert "files.type: There is no destination connector 'Local Jsno'. Did you mean 'Local JSON'" in said
    assert len(lines) >= 4


def test_one_name_declared_twice_differently_is_refused(airbyte_local, dagster_me):
    text = module(airbyte_local.url)
    text += (
        'twin = AirbyteConnection("more", AirbyteSource("people", "Sample Data", {"count": 11}), files, streams)\n'
    )
    text += "reconciler = AirbyteManagedElementReconciler(airbyte, [sync, twin])\n"
    dagster_me.module("sync", text)
    (line,) = refused(dagster_me.here("check", "-m", "sync"), 2)
    assert line == "Error: people: two different sources are declared with this name"


def test_one_name_twice_on_the_server_is_refused_with_both_ids(airbyte_local, dagster_me):
    ids = airbyte_local.seed(sources=[{"name": "people", "count": 2}])["sources"]
    dagster_me.module("sync", module(airbyte_local.url))
    (line,) = refused(dagster_me.here("check", "-m", "sync"), 2)
    assert all(id_ in line for id_ in ids)


def test_a_wrong_password_is_told_as_that(dagster_me, tmp_path):
    with server(tmp_path / "data", auth="basic", username="airbyte", password="right") as locked:
        dagster_me.module("sync", module(locked.url, more=', username="airbyte", password="wrong-one"'))
        (line,) = refused(dagster_me.here("check", "-m", "sync"), 3)
        assert "refused these credentials (401)" in line
        assert "wrong-one" not in line
        dagster_me.module("sync", module(locked.url, more=', username="airbyte", password="right"'))
        assert dagster_me.here("check", "-m", "sync").returncode == 0


def test_no_server_is_told_with_its_address(dagster_me):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    dagster_me.module("sync", module(f"http://127.0.0.1:{port}"))
    (line,) = refused(dagster_me("check", "-m", "sync"), 3)
    assert f"http://127.0.0.1:{port}" in line
    assert "connection refused" in line.lower()


def test_a_page_of_a_proxy_is_told_as_no_answer_of_an_api(airbyte_local, dagster_me):
    airbyte_local.fault("", "status", status=200, body="<html><body>Please sign in</body></html>")
    dagster_me.module("sync", module(airbyte_local.url))
    (line,) = refused(dagster_me.here("check", "-m", "sync"), 3)
    assert "HTML" in line
    assert len(line) < 300


@pytest.mark.slow
def test_a_body_that_is_cut_off_is_read_again(airbyte_local, dagster_me):
    airbyte_local.fault("sources/list_paginated", "cut-body", times=1)
    dagster_me.module("sync", module(airbyte_local.url))
    answer = dagster_me.here("check", "-m", "sync")
    assert answer.returncode == 0, answer


@pytest.mark.slow
def test_a_body_that_is_always_cut_off_is_told(airbyte_local, dagster_me):
    airbyte_local.fault("sources/list_paginated", "cut-body")
    dagster_me.module("sync", module(airbyte_local.url))
    (line,) = refused(dagster_me.here("check", "-m", "sync"), 3)
    assert "sources/list_paginated" in line


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("nowhere", None, "nowhere"),
        ("broken", "import does_not_exist_either\n", "does_not_exist_either"),
        ("raising", "x = 1\ny = {}['gone']\n", "line 2"),
        ("empty", "x = 1\n", "reconciler"),
    ],
)
def test_a_module_that_cannot_be_used_is_told_by_name_and_reason(dagster_me, name, text, said):
    if text is not None:
        dagster_me.module(name, text)
    lines = refused(dagster_me.here("check", "-m", name), 2)
    assert name in lines[0]
    assert said in "\n".join(lines)


@pytest.mark.slow
def test_an_attribute_that_is_no_reconciler_or_is_missing_is_told(airbyte_local, dagster_me):
    dagster_me.module("sync", module(airbyte_local.url))
    (line,) = refused(dagster_me.here("check", "-m", "sync:source"), 2)
    assert "source" in line
    assert "AirbyteSource" in line
    (line,) = refused(dagster_me.here("check", "-m", "sync:reconcilr"), 2)
    assert "reconciler" in line


def test_a_missing_variable_is_told_by_its_name(airbyte_local, dagster_me):
    dagster_me.module(
        "sync", module(airbyte_local.url, more=', username="airbyte", password=EnvVar("NOT_SET_AT_ALL")')
    )
    (line,) = refused(dagster_me.here("check", "-m", "sync"), 2)
    assert line == "Error: The environment variable NOT_SET_AT_ALL is not set."


@pytest.mark.slow
def test_one_failing_reconciler_does_not_hide_the_others(airbyte_local, dagster_me):
    text = module(airbyte_local.url)
    text += 'other = AirbyteManagedElementReconciler(AirbyteInstance(url="http://127.0.0.1:9"), [sync])\n'
    dagster_me.module("sync", text)
    answer = dagster_me.here("check", "-m", "sync")
    assert answer.stdout.startswith("Found 2 managed elements, checking...\n")
    assert "\n+ people:\n" in answer.stdout
    assert "http://127.0.0.1:9" in answer.stderr
    assert answer.returncode == 3


@pytest.mark.slow
def test_a_destructive_apply_without_a_terminal_is_refused_unless_agreed(airbyte_local, dagster_me):
    dagster_me.module("sync", module(airbyte_local.url))
    dagster_me.here("apply", "-m", "sync")
    gone = module(airbyte_local.url) + "reconciler = AirbyteManagedElementReconciler(airbyte, [], True)\n"
    dagster_me.module("sync", gone)
    refused_answer = dagster_me.here("apply", "-m", "sync")
    assert refused_answer.returncode == 3
    assert "--yes" in refused_answer.stderr
    assert "- sync:" in refused_answer.stdout
    agreed = dagster_me.here("apply", "-m", "sync", "--yes")
    assert agreed.returncode == 0, agreed
    assert dagster_me.here("check", "-m", "sync").stdout.endswith("No diff found.\n")
