"""The pages in a real browser: what a person sees, clicks, types, and reads on a phone."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from airbyte_local import LocalAirbyte, server
from playwright.sync_api import expect

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
FEED = {
    "type": "CONTINUOUS_FEED",
    "max_messages": 3,
    "mock_catalog": {
        "type": "SINGLE_STREAM",
        "stream_name": "users",
        "stream_schema": json.dumps({"type": "object", "properties": {"id": {"type": "integer"}}}),
    },
}
SLOW = {**FEED, "max_messages": 10_000, "message_interval_ms": 5}
FAILING = {"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 3}
HOSTILE = ["x" * 10_000, "y" * 300 + " " + "z" * 300, "<b onclick=x>" * 50, "\u202e\u05d0" * 200]


def connect(local: LocalAirbyte, name: str = "users to json", **configuration: Any) -> str:
    """The id of a connection of an E2E Testing source to Local JSON."""
    return local.seed(
        sources=[{"name": f"source of {name}", "type": "E2E Testing", "configuration": configuration or FEED}],
        destinations=[{"name": f"destination of {name}"}],
        connections=[{"name": name, "source": f"source of {name}", "destination": f"destination of {name}"}],
    )["connections"][0]


def shown(page: Any, text: str) -> None:
    """Waits until *text* is there to be seen."""
    page.get_by_text(text, exact=False).first.wait_for()


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


def test_a_log_is_shown_line_by_line_while_it_is_written(local, opened):
    from airbyte_local.jobs.logs import Journal
    from airbyte_local.store import Attempt

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


def test_a_keyboard_is_enough(local, opened):
    connect(local)
    page = opened(local.url)

    def tab_to(text: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.evaluate("""() => {
              const style = getComputedStyle(document.activeElement);
              return [document.activeElement.innerText.trim(), style.outlineStyle, style.outlineWidth];
            }""")
            if focused[0].startswith(text):
                assert focused[1:] == ["solid", "2px"], f"nobody sees that {text} has the focus"
                return
        pytest.fail(f"{text} cannot be reached")

    tab_to("Skip to the content")
    page.keyboard.press("Enter")
    tab_to("All")
    tab_to("users to json")
    page.keyboard.press("Enter")
    page.wait_for_url("**/connections/*")
    tab_to("Sync now")
    page.keyboard.press("Enter")
    page.locator(".glance .status.succeeded").wait_for()
    tab_to("all 1")
    page.keyboard.press("Enter")
    page.locator("#fields-1[open]").wait_for()


def test_what_is_open_and_what_has_the_focus_stay_so_when_news_come(local, opened):
    connection = connect(local, **SLOW)
    page = opened(f"{local.url}/connections/{connection}")
    page.locator("summary", has_text="all 1").click()
    page.locator("#fields-1-s").focus()
    httpx.post(f"{local.url}/api/v1/connections/sync", json={"connectionId": connection}, trust_env=False)
    expect(page.locator("#streams td").last).to_have_text("0", timeout=20_000)
    assert page.locator("#fields-1[open]").count() == 1
    assert page.evaluate("document.activeElement.id") == "fields-1-s"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_by_day_and_by_night(local, opened, faint_texts, scheme):
    filled(local)
    page = opened(local.url, color_scheme=scheme)
    for path in everything(local):
        page.goto(f"{local.url}{path}")
        page.wait_for_load_state("load")
        faint, lightness = faint_texts(page)
        assert faint == [], path
        assert (lightness < 0.1) == (scheme == "dark")


def test_nothing_is_wider_than_a_phone(local, opened):
    filled(local, *HOSTILE)
    page = opened(local.url, **PHONE)
    for path in everything(local):
        page.goto(f"{local.url}{path}")
        assert not is_wide(page), path
    page.set_viewport_size({"width": 1280, "height": 800})
    for path in everything(local):
        page.goto(f"{local.url}{path}")
        assert not is_wide(page), path


def test_the_diff_changes_on_the_open_page(local, opened):
    page = opened(f"{local.url}/diff")
    shown(page, "Nothing has been compared yet")
    put(local, {"module": "mine", "error": "mine.py, line 3: it is broken"})
    shown(page, "it is broken")
    put(local, {"module": "mine", "document": {"version": 1, "places": []}})
    shown(page, "What is declared is here")


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


def test_a_form_that_is_older_than_the_server_says_so(local, opened):
    page = opened(f"{local.url}/connections/{connect(local)}", java_script_enabled=False)
    local.restart()
    page.get_by_role("button", name="Sync now").click()
    shown(page, "reload it")
    opened.complaints.clear()  # the browser's own, of a 403


def test_a_client_logs_in_and_out(tmp_path, opened):
    with server(tmp_path / "airbyte", auth="client") as local:
        page = opened(f"{local.url}/sources")
        page.get_by_label("Client id").fill(local.client_id)
        page.get_by_label("Client secret").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        shown(page, "That is not the client id and secret")
        opened.complaints.clear()  # the browser's own, of a 403
        page.get_by_label("Client id").fill(local.client_id)
        page.get_by_label("Client secret").fill(local.client_secret)
        page.keyboard.press("Enter")
        page.wait_for_url("**/sources")
        shown(page, "No sources yet")
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login")


def test_basic_is_asked_for_by_the_browser(tmp_path, opened):
    credentials = {"username": "airbyte", "password": "password"}
    with server(tmp_path / "airbyte", auth="basic") as local:
        page = opened(local.url, http_credentials=credentials)
        shown(page, "No connections yet")
        connect(local)
        page.get_by_role("link", name="users to json").wait_for()


def test_the_workspace_that_was_chosen_stays_chosen(local, opened):
    local.seed(workspaces=[{"name": "sales"}], sources=[{"name": "mine", "workspace": "sales"}, {"name": "theirs"}])
    page = opened(local.url)
    page.get_by_label("Workspace").select_option(label="sales")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Sources").click()
    page.get_by_role("link", name="mine").wait_for()
    assert page.get_by_role("link", name="theirs").count() == 0


def is_wide(page: Any) -> bool:
    """Whether it must be moved sideways to be read."""
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def filled(local: LocalAirbyte, *names: str) -> None:
    """Something on every page, of which some has those names."""
    for name in ("plain", *names):
        connection = connect(local, name)
        with local.world.store.transaction() as session:
            for status in ("succeeded", "failed", "cancelled", "pending"):
                job = session.jobs.add(connection, "sync", at=1, details={"streams": [{"name": "users"}]})
                session.jobs.set_status(job.id, status, at=2)
    change = {"kind": "source", "name": names[0] if names else "s"}
    fields = [{"path": ["a", *names[:1]], "before": 1, "after": [*names]}]
    changes = [
        {**change, "action": action, "fields": fields} for action in ("create", "update", "replace", "delete")
    ]
    place = {"place": "here", "changes": changes, "consequences": [{**change, "text": "lost", "destructive": True}]}
    put(local, {"module": "m", "document": {"version": 1, "places": [place]}, "in_sync": [change]})


def everything(local: LocalAirbyte) -> list[str]:
    with local.world.store.transaction() as session:
        (workspace,) = session.workspaces.all()
        connections = session.connections.ids([workspace.id])
        sources = session.actors.ids("source", [workspace.id])
    details = [*(f"/connections/{each}" for each in connections), *(f"/sources/{each}" for each in sources)]
    return ["/", "/sources", "/destinations", "/definitions", "/diff", "/?q=nothing", *details]


def put(local: LocalAirbyte, body: dict[str, Any]) -> None:
    httpx.put(f"{local.url}/_local/diff", json=body, trust_env=False).raise_for_status()
