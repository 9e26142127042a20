"""What a module declares beside what a local server has, compared again whenever one of the two has changed.

The server is known by HTTP alone: `/_local/revision` changes with what it has, `/_local/diff` takes what differs.
Whatever goes wrong here is said in a line, here and on the server's page, and never ends the server.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

from dagster_managed_elements.cli.screen import Screen

SECONDS: Final = 1.0
"""Between two reads of whether something has changed."""
_ANSWER_SECONDS: Final = 10.0
_START_SECONDS: Final = 0.1
_WORDS: Final = {"create": "to create", "update": "to change", "replace": "to replace", "delete": "to delete"}
Found = dict[str, Any]


class Monitor:
    """Compares by a thread for as long as the block lasts."""

    def __init__(self, module: str, directory: Path, *, host: str, port: int, seconds: float = SECONDS) -> None:
        self.module, self.directory = module, directory.resolve()
        self.host, self.port = _reachable(host), port
        self._seconds = seconds
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._screen = Screen()
        self._said = ""
        self._thread = threading.Thread(target=self._run, name="dagster-me watch", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._stop.set()
            if self._child is not None:
                self._child.kill()
        self._thread.join()

    def _run(self) -> None:
        while self._ask("GET", "/_local/revision") is None:
            if self._stop.wait(_START_SECONDS):
                return
        looked_at: str | None = None
        known: dict[str, int] = {}
        while not self._stop.is_set():
            revision = self._ask("GET", "/_local/revision")
            files = self._changed_at(known)
            if revision is not None and (revision, files) != (looked_at, known):
                found = self._check()
                if self._stop.is_set() or not self._show(found):
                    return
                # As they were before or when they were read: what changed since then is looked at again.
                looked_at, known = revision, {**files, **found.get("files", {})}
            self._stop.wait(self._seconds)

    def _check(self) -> Found:
        """What one check finds; `error` where it found nothing."""
        with tempfile.TemporaryDirectory() as folder:
            result = Path(folder) / "result.json"
            command = [sys.executable, "-m", "dagster_managed_elements.cli.check_process"]
            command += [self.module, str(self.directory), str(result)]
            with self._lock:
                if self._stop.is_set():
                    return {}
                # A session of its own: Ctrl-C is for the server, which ends this one.
                self._child = subprocess.Popen(  # noqa: S603 - our own module
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            code = self._child.wait()
            with contextlib.suppress(OSError, ValueError):
                return self._of_this_server(json.loads(result.read_text(encoding="utf-8")))
        return {"error": f"{self.module} ended the check of it with code {code}. dagster-me check says more."}

    def _of_this_server(self, found: Found) -> Found:
        """Without the places that are elsewhere; where all of them are, that is the error."""
        document: Found | None = found.get("document")
        if document is None:
            return found
        places: list[Found] = document["places"]
        here = [place for place in places if not place["place"] or self._is_here(place["place"])]
        if places and not here:
            there = places[0]["place"].partition(" ")[0]
            text = (
                f"{self.module} is about {there}, not about this server. Give its instance the address {self.url}."
            )
            return {"error": text, "files": found["files"]}
        return {**found, "document": {**document, "places": here}}

    def _is_here(self, place: str) -> bool:
        with contextlib.suppress(ValueError):
            address = urlsplit(place.partition(" ")[0])
            port = address.port or (443 if address.scheme == "https" else 80)
            host = address.hostname or ""
            return port == self.port and (host == self.host or (_is_loopback(host) and _is_loopback(self.host)))
        return False

    def _show(self, found: Found) -> bool:
        """Put it on the page, and say it. False: this server has no page for it."""
        kept = {name: found[name] for name in ("document", "in_sync", "error") if found.get(name) is not None}
        status = self._ask("PUT", "/_local/diff", {"module": self.module, **kept})
        if status is None:
            return True  # it is ending, or has ended
        problem = self._problem(found)
        if status == 413:
            problem = (
                problem or f"What differs is too much for a page. dagster-me check --module {self.module} says it."
            )
        elif status != 200:
            self._screen.note("this server has no page for what differs")
            return False
        said = problem or f"{self.module}: {_summary(found)} See {self.url}/diff"
        if said != self._said:
            self._said = said
            (self._screen.error if problem else self._screen.result)(said)
        return True

    def _problem(self, found: Found) -> str | None:
        if found.get("error"):
            return str(found["error"]).splitlines()[0]
        errors = [place["error"] for place in found["document"]["places"] if place["error"]]
        return f"{self.module}: {errors[0]['message']}" if errors else None

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer: of a GET its text, of a PUT its status; None where the server does not answer well."""
        connection = HTTPConnection(self.host, self.port, timeout=_ANSWER_SECONDS)
        content = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, content, {"content-type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()
        if method == "PUT":
            return answer.status
        return text if answer.status == 200 else ""

    def _changed_at(self, files: Iterable[str]) -> dict[str, int]:
        """When each file was changed last; those beside the module too, since it may be written only now."""
        found: dict[str, int] = {}
        for file in {*files, *(str(file) for file in self.directory.glob("*.py"))}:
            with contextlib.suppress(OSError):
                found[file] = Path(file).stat().st_mtime_ns
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _summary(found: Found) -> str:
    actions = [change["action"] for place in found["document"]["places"] for change in place["changes"]]
    counted = [f"{actions.count(action)} {words}" for action, words in _WORDS.items() if action in actions]
    return f"{', '.join(counted)}." if counted else "in sync."


def _reachable(host: str) -> str:
    """Where a server can be asked that listens on *host*."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - that is what is translated here


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
