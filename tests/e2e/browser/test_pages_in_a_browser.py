"""The pages in a real browser: what a person sees, clicks and types."""

from __future__ import annotations

import re

import pytest
from airbyte_local import server
from playwright.sync_api import expect

from testing.browser import FAILING, SLOW, connect, put, shown


def test_the_cereals_appear_and_are_moved_by_a_click(airbyte_local, cereals, opened):
    page = opened(airbyte_local.url)
    shown(page, "No connections yet")
    cereals("apply", "--module", "cereals:reconciler")
    page.get_by_role("link", name="download-cereals").click()
    shown(page, "Nothing has run yet")
    page.get_by_role("button", name="Sync now").click()
    page.locator(".glance .status.succeeded").wait_for()
    assert page.locator(".glance .big").inner_text().startswith("16")
    assert page.locator("#history tbody tr").count() == 1
    assert page.locator("#streams tbody tr").inner_text().split()[-1] == "16"
    assert page.locator(".log li").count() >= 1
    (file,) = airbyte_local.local.rglob("*.jsonl")
    assert len(file.read_text().splitlines()) == 16


@pytest.mark.slow
def test_a_running_job_counts_its_log_grows_and_it_can_be_cancelled(local, opened):
    page = opened(f"{local.url}/connections/{connect(local, **SLOW)}")
    page.get_by_role("button", name="Sync now").click()
    page.locator(".glance .status.running").wait_for()
    expect(page.locator(".glance .big")).to_have_text(re.compile(r"^\s*\d{2,}\s*read"), timeout=20_000)
    page.locator(".log li").first.wait_for()
    listed = opened(local.url)
    listed.locator("tbody .status.running").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.locator(".glance .status.cancelled").wait_for()
    listed.locator("tbody .status.cancelled").wait_for()
    page.get_by_role("button", name="Sync now").wait_for()


@pytest.mark.slow
def test_a_log_is_shown_line_by_line_while_it_is_written(local, opened):
    from airbyte_local.jobs.logs import Journal
    from airbyte_local.model.records import Attempt

    connection = connect(local)
    with local.world.store.transaction() as session:
        job = session.jobs.add(connection, "sync", at=1, details={"streams": []})
        session.jobs.set_status(job.id, "running", at=1)
        session.jobs.save_attempt(Attempt(job_id=job.id, number=0, status="running", created_at=1, updated_at=1))
    page = opened(f"{local.url}/connections/{connection}")
    with Journal(local.data, job.id, 0) as journal:
        for n in range(3):
            journal.say(f"line <b>{n}</b>")
            shown(page, f"line <b>{n}</b>")
    assert page.locator(".log li").count() == 3


def test_a_failed_job_says_why(local, opened):
    page = opened(f"{local.url}/connections/{connect(local, **FAILING)}")
    page.get_by_role("button", name="Sync now").click()
    said = page.locator(".notice.bad")
    said.wait_for()
    assert "The configuration asks for an exception after 3 records." in said.inner_text()
    page.locator("#history .status.failed").wait_for()
    page.locator(".log .error").first.wait_for()


def test_everything_works_without_a_script(local, opened):
    page = opened(local.url, java_script_enabled=False)
    connect(local)
    page.reload()
    page.get_by_role("link", name="users to json").click()
    page.get_by_role("button", name="Sync now").click()
    for _ in range(100):
        if page.locator(".glance .status.succeeded").count():
            break
        page.reload()
    assert page.locator(".glance .big").inner_text().startswith("3")
    assert page.locator(".log li").count() >= 1


def test_the_diff_changes_on_the_open_page(local, opened):
    page = opened(f"{local.url}/diff")
    shown(page, "Nothing has been compared yet")
    put(local, {"module": "mine", "error": "mine.py, line 3: it is broken"})
    shown(page, "it is broken")
    put(local, {"module": "mine", "document": {"version": 1, "places": []}})
    shown(page, "What is declared is here")


@pytest.mark.slow
def test_a_page_says_that_the_server_is_gone_and_goes_on_when_it_is_back(local, opened):
    connection = connect(local)
    page = opened(f"{local.url}/connections/{connection}")
    page.locator(".live-state").wait_for(state="hidden")
    local.stop()
    shown(page, "The server does not answer")
    opened.complaints.clear()  # the browser's own, of an address that does not answer
    local.start()
    page.locator(".live-state").wait_for(state="hidden")
    opened.complaints.clear()
    page.reload()
    page.get_by_role("button", name="Sync now").click()
    page.locator(".glance .status.succeeded").wait_for()


@pytest.mark.slow
def test_a_form_that_is_older_than_the_server_says_so(local, opened):
    page = opened(f"{local.url}/connections/{connect(local)}", java_script_enabled=False)
    local.restart()
    page.get_by_role("button", name="Sync now").click()
    shown(page, "reload it")
    opened.complaints.clear()  # the browser's own, of a 403


@pytest.mark.slow
@pytest.mark.parametrize("auth", ["client", pytest.param("basic", marks=pytest.mark.slow)])
def test_who_may_come_in_is_asked_for_by_the_browser(tmp_path, opened, auth):
    with server(tmp_path / "airbyte", auth=auth) as local:
        pair = ("airbyte", "password") if auth == "basic" else (local.client_id, local.client_secret)
        page = opened(local.url, http_credentials=dict(zip(("username", "password"), pair, strict=True)))
        shown(page, "No connections yet")
        connect(local)
        page.get_by_role("link", name="users to json").wait_for()


@pytest.mark.slow
def test_the_workspace_that_was_chosen_stays_chosen(local, opened):
    local.seed(workspaces=[{"name": "sales"}], sources=[{"name": "mine", "workspace": "sales"}, {"name": "theirs"}])
    page = opened(local.url)
    page.get_by_label("Workspace").select_option(label="sales")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Sources").click()
    page.get_by_role("link", name="mine").wait_for()
    assert page.get_by_role("link", name="theirs").count() == 0
