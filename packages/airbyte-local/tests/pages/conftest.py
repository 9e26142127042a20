"""A local Airbyte with something to see, and a reader of its pages that asks as a browser does."""

from __future__ import annotations

import contextlib
import html
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from airbyte_local import LocalAirbyte
from airbyte_local.jobs.logs import Journal
from airbyte_local.model.records import Attempt, Job, StreamStats

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SECONDS = 20.0


class Reader:
    """Asks one server for pages."""

    def __init__(self, server: LocalAirbyte, client: httpx.Client) -> None:
        self.server = server
        self.client = client

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=headers)

    def text(self, path: str) -> str:
        """What a person reads on a page that is there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer
        without = re.sub(r"<script.*?</script>|<head>.*?</head>", " ", answer.text, flags=re.DOTALL)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without)).split())

    def token(self, path: str = "/") -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.get(path).text)
        assert found, f"no form on {path}"
        return found[1]

    def post(self, path: str, form: dict[str, str], **headers: str) -> httpx.Response:
        return self.client.post(path, data=form, headers=headers)

    @contextlib.contextmanager
    def events(self, path: str, **headers: str) -> Iterator[Iterator[tuple[str, str]]]:
        """(name, data) of what the server sends, as long as the block lasts."""
        wanted = {"accept": "text/event-stream", **headers}
        with self.client.stream("GET", path, headers=wanted) as answer:
            assert answer.status_code == 200, answer.read()
            yield _events(answer)


def _events(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    name = data = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data = line.removeprefix("data: ")
        elif not line and name:
            yield name, data
            name = data = ""


class Past:
    """Puts jobs into the store as if they had run."""

    def __init__(self, server: LocalAirbyte) -> None:
        self.server = server

    def job(
        self, connection_id: str, status: str, *, at: int | None = None, failures: Any = (), **stats: int
    ) -> Job:
        at = int(time.time()) - 3600 if at is None else at
        with self.server.world.store.transaction() as session:
            job = session.jobs.add(connection_id, "sync", at=at, details={"streams": [{"name": "users"}]})
            if status != "pending":
                session.jobs.set_status(job.id, "running", at=at)
            if status in {"succeeded", "failed", "cancelled", "incomplete"}:
                session.jobs.set_status(job.id, status, at=at + 65)
            found = session.jobs.get(job.id)
        if status != "pending":
            self.attempt(job.id, 0, "running" if status == "running" else status, failures=failures, **stats)
        return found

    def attempt(self, job_id: int, number: int, status: str, *, failures: Any = (), **stats: int) -> None:
        said = tuple({"externalMessage": failure, "failureOrigin": "source"} for failure in failures)
        streams = (StreamStats(name="users", **stats),)
        with self.server.world.store.transaction() as session:
            session.jobs.save_attempt(
                Attempt(
                    job_id=job_id,
                    number=number,
                    status=status if status in {"running", "succeeded"} else "failed",
                    created_at=1,
                    updated_at=2,
                    streams=streams,
                    failures=said,
                )
            )

    def journal(self, job_id: int, number: int = 0) -> Journal:
        return Journal(self.server.data, job_id, number)


@pytest.fixture
def read(api) -> Iterator[Reader]:
    with httpx.Client(
        base_url=api.server.url, timeout=10, trust_env=False, headers=BROWSER, verify=False
    ) as client:
        yield Reader(api.server, client)


@pytest.fixture
def reader_of() -> Iterator[Callable[[LocalAirbyte], Reader]]:
    """A reader of another server than that of `read`."""
    with contextlib.ExitStack() as stack:

        def make(server: LocalAirbyte) -> Reader:
            client = httpx.Client(base_url=server.url, timeout=10, trust_env=False, headers=BROWSER, verify=False)
            return Reader(server, stack.enter_context(client))

        yield make


@pytest.fixture
def past(api) -> Past:
    return Past(api.server)


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Waits for something that happens by itself."""

    def wait(there: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + SECONDS
        while not (found := there()):
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.01)
        return found

    return wait
