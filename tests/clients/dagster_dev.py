"""`dagster dev` as a user starts it, and what its web page asks it for."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from .conftest import Client, child_environment

START_SECONDS = RUN_SECONDS = 600.0
PATIENT = {"DAGSTER_GRPC_TIMEOUT_SECONDS": "600"}
"""A machine that does much at once starts a process in a minute."""
OVER = {"SUCCESS", "FAILURE", "CANCELED"}
LOCATIONS = """{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } }
                                      ... on PythonError { message } } }"""
LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } ... on RunConfigValidationInvalid
  { errors { message } } } }"""
RUN = """query($id: ID!) { runOrError(runId: $id) { ... on Run { status
  eventConnection { events { __typename ... on MessageEvent { message stepKey }
  ... on ExecutionStepFailureEvent { error { message } failureMetadata { description } } } } } } }"""
CHECK = """query($key: AssetKeyInput!, $name: String!)
  { assetCheckExecutions(assetKey: $key, checkName: $name, limit: 1)
  { status evaluation { success severity description metadataEntries { label __typename
    ... on MarkdownMetadataEntry { mdStr } ... on TextMetadataEntry { text } ... on IntMetadataEntry { intValue }
  } } } }"""


@dataclass(frozen=True, slots=True)
class Dagster:
    """A webserver with one code location."""

    url: str
    home: Path

    def ask(self, query: str, **variables: Any) -> Any:
        body = {"query": query, "variables": variables}
        answer = httpx.post(f"{self.url}/graphql", json=body, timeout=120, trust_env=False).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def run(self, job: str, *, assets: Sequence[str] = (), checks: Sequence[str] = ()) -> tuple[str, str]:
        """How a run of *job* ended, and what it said: of all of it, or of some assets and of the drift checks of
        some.
        """
        (repository,) = self.ask(LOCATIONS)["repositoriesOrError"]["nodes"]
        selector: dict[str, Any] = {
            "repositoryLocationName": repository["location"]["name"],
            "repositoryName": repository["name"],
            "jobName": job,
        }
        if assets or checks:
            selector["assetSelection"] = [{"path": key.split("/")} for key in assets]
            selector["assetCheckSelection"] = [
                {"assetKey": {"path": key.split("/")}, "name": "drift"} for key in checks
            ]
        launched = self.ask(LAUNCH, params={"selector": selector, "runConfigData": "{}"})["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        deadline = time.monotonic() + RUN_SECONDS
        while time.monotonic() < deadline:
            run = self.ask(RUN, id=launched["run"]["runId"])["runOrError"]
            if run["status"] in OVER:
                return run["status"], "\n".join(map(_said, run["eventConnection"]["events"]))
            time.sleep(0.5)
        raise AssertionError(f"{job} is still {run['status']}")

    def check(self, asset: str) -> Mapping[str, Any]:
        """How the last drift check of *asset* ended, and its metadata by their labels."""
        (execution,) = self.ask(CHECK, key={"path": asset.split("/")}, name="drift")["assetCheckExecutions"]
        found = execution["evaluation"]
        entries = {each["label"]: _value(each) for each in found.pop("metadataEntries")}
        return {**found, "status": execution["status"], "metadata": entries}


def _said(event: Mapping[str, Any]) -> str:
    told = [event.get("message", "")]
    told += [(event.get("error") or {}).get("message", "")]
    told += [(event.get("failureMetadata") or {}).get("description") or ""]
    return " ".join(filter(None, told))


def _value(entry: Mapping[str, Any]) -> Any:
    return next(value for name, value in entry.items() if name not in {"label", "__typename"})


@contextmanager
def dagster_dev(client: Client, folder: Path, file: str, **environment: str) -> Generator[Dagster]:
    """`dagster dev -f FILE` in *folder*, once its code location is loaded; ended as by Ctrl-C."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    home = client.home / f"dagster_home_{port}"
    home.mkdir()
    words = [client.python, "-m", "dagster", "dev", "-f", file, "-h", "127.0.0.1", "-p", str(port)]
    environment = child_environment(home, **PATIENT, **environment)
    with (home / "dagster.yaml").open("a") as settings:
        settings.write("code_servers:\n  local_startup_timeout: 600\nnux:\n  enabled: false\n")
    log = home / "dev.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            here = Dagster(f"http://127.0.0.1:{port}", home)
            _wait(here, process, log)
            yield here
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(here: Dagster, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if here.ask(LOCATIONS)["repositoriesOrError"].get("nodes"):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise AssertionError(f"dagster dev did not start:\n{log.read_text()[-4000:]}")
