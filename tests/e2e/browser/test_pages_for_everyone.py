"""The pages for everyone: by keyboard, by day and by night, on a phone, while they change."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from testing.browser import HOSTILE, PHONE, SLOW, connect, everything, filled, is_wide

pytestmark = pytest.mark.slow


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
