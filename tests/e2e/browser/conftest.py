"""A real Chromium, without a window, and a local Airbyte for it to look at."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airbyte_local import LocalAirbyte, server

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

CONTRAST = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const seen = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((each) => each / 255);
  };
  const over = (above, below) => above.slice(0, 3).map((each, n) => each * above[3] + below[n] * (1 - above[3]));
  const light = (colour) => {
    const [r, g, b] = colour.map((each) => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    if (!element) return seen("Canvas").slice(0, 3);
    return over(seen(getComputedStyle(element).backgroundColor), ground(element.parentElement));
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, style = getComputedStyle(element);
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest(":disabled")) continue;
    const below = ground(element), ink = over(seen(style.color), below);
    const [one, other] = [light(ink), light(below)].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) found.push(`${walker.currentNode.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return [found, light(ground(document.body))];
}
"""
"""(texts that are too faint to read, how light the page is), by https://www.w3.org/TR/WCAG21/#contrast-minimum."""


# Not of the whole session: as long as Playwright is there, no other test of this process can run a loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Skips where there is none; in CI there must be one."""
    if not shutil.which(CHROMIUM):
        message = f"no {CHROMIUM}: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Any]:
    """`opened(url)`: a page of a browser of its own, which has nothing to complain of in the end."""
    complaints: list[str] = []
    with contextlib.ExitStack() as stack:

        def open_(url: str, **how: Any) -> Any:
            context = browser.new_context(**how)
            stack.callback(context.close)
            context.set_default_timeout(20_000)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.goto(url)
            return page

        open_.complaints = complaints
        yield open_
    assert complaints == []


@pytest.fixture
def faint_texts() -> Any:
    """`faint_texts(page)`: the texts that are hard to read, and how light the page is."""
    return lambda page: page.evaluate(CONTRAST)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalAirbyte]:
    """A server that tries a job once."""
    with server(tmp_path / "airbyte", retry_seconds=()) as running:
        yield running
