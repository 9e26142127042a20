"""The documentation as `make docs` builds it: whole, from nowhere but its own folder, readable on a phone."""

from __future__ import annotations

import html
import os
import re
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from airbyte_local.cli import main as airbyte_local
from dagster_managed_elements.cli import main as dagster_me

from testing.browser import PHONE, is_wide

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make docs` builds, in an environment of its own: that of the tests is left as it is."""
    folder = tmp_path_factory.mktemp("site")
    make = ["make", "docs", "VENV=.venv-docs", f"SITE={folder}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MAKE"))}
    done = subprocess.run(make, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def pages(site: Path) -> list[str]:
    found = sorted(str(page.relative_to(site)) for page in site.rglob("*.html") if page.name != "404.html")
    assert len(found) > 10
    return found


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    loads = re.compile(
        r"<(?:link|script|img|iframe|source|video|audio)\b[^>]*?(?:href|src)=[\"']?(?:https?:)?//[^>]*>"
    )
    elsewhere = [found[0] for page in pages(site) for found in loads.finditer((site / page).read_text())]
    styles = [sheet for sheet in site.rglob("*.css") if re.search(r"url\([\"']?(?:https?:)?//", sheet.read_text())]
    assert (elsewhere, styles) == ([], [])


@pytest.mark.parametrize("of", ["server", "disk"])
def test_a_browser_that_reads_every_page_asks_no_other_host(opened: Any, site: Path, address: str, of: str) -> None:
    start = address if of == "server" else site.as_uri()
    page = opened(f"{start}/index.html")
    page.set_default_timeout(120_000)  # two pages of the reference are long, and the machine may be busy
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in pages(site):
        page.goto(f"{start}/{name}")
        page.evaluate("new Promise((done) => requestIdleCallback(done))")  # its scripts have run
    assert len(asked) > len(pages(site))
    assert [url for url in asked if not url.startswith((start, "data:", "blob:"))] == []


def test_no_page_has_to_be_moved_sideways_on_a_phone(opened: Any, site: Path, address: str) -> None:
    page = opened(f"{address}/index.html", **PHONE)
    page.set_default_timeout(120_000)
    wide = [name for name in pages(site) if page.goto(f"{address}/{name}") and is_wide(page)]
    assert wide == []


@pytest.mark.parametrize("of", ["server", "disk"])
def test_the_search_box_finds_a_class_by_its_name(opened: Any, site: Path, address: str, of: str) -> None:
    page = opened(f"{address if of == 'server' else site.as_uri()}/index.html")
    page.get_by_role("textbox", name="Search").click()
    page.keyboard.type("AirbyteStream", delay=20)
    page.locator(".md-search-result__item", has_text="AirbyteStream").first.wait_for()


def test_every_parameter_that_a_docstring_tells_of_has_its_line(site: Path) -> None:
    shown = (site / "reference-airbyte.html").read_text()
    _, _, connection = shown.partition('id="dagster_managed_elements.airbyte.AirbyteConnection"')
    section = connection.partition("<h3")[0]
    for name in ("name", "source", "stream_config", "tags", "schedule", "protect", "ignore", "renamed_from"):
        assert f"<b><code>{name}</code></b>" in section


def test_every_option_of_every_command_is_shown(site: Path) -> None:
    shown = html.unescape((site / "reference-commands.html").read_text())
    for name, group in {"dagster-me": dagster_me, "airbyte-local": airbyte_local}.items():
        for verb, command in group.commands.items():
            _, _, section = shown.partition(f">{name} {verb}<a")
            section = re.split(r"<h[23]", section)[0]
            for option in command.params:
                if option.param_type_name == "option":
                    assert option.opts[0] in section, (name, verb, option.opts)
