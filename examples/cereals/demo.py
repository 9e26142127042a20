"""What a newcomer sees in a minute: a local Airbyte, the seed page's example checked, applied, checked and synced.

Every command printed after a `$` is really run, as it stands, in a folder that is gone afterwards.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).parent / "dagster-me"
START_SECONDS = 20.0
SYNC_SECONDS = 60.0
FIRST_ROWS = 3


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, local_airbyte(Path(folder) / "airbyte") as port:
        url = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "AIRBYTE_PORT": str(port),
            "AIRBYTE_PASSWORD": "password",
            "CEREALS_URL": f"{url}/_local/files/cereals.csv",
        }
        tell("What does examples/cereals/cereals.py declare that this Airbyte does not have?")
        dagster_me("check", environment)
        tell("Create it.")
        dagster_me("apply", environment)
        tell("Is anything left to do?")
        dagster_me("check", environment)
        tell(f"Airbyte read the columns from the real file: {', '.join(columns(url))}.")
        tell("Move the rows, as the button Sync now does: POST /api/v1/connections/sync.")
        sync(url)
        tell("The first rows of what Local JSON wrote:")
        print_rows(Path(folder) / "airbyte" / "local" / "cereals_out.json" / "_airbyte_raw_cereals.jsonl")
        tell("Now somebody changes the source in the UI, and we look again.")
        change_in_the_ui(url)
        dagster_me("check", environment)
        tell("Put it back. Nothing but the changed field is sent.")
        dagster_me("apply", environment)
        dagster_me("check", environment)
        tell("To go on by yourself: dagster-me serve, and your own module. See README.md.")
    return 0


@contextmanager
def local_airbyte(data: Path) -> Generator[int]:
    """`dagster-me serve` for as long as the block lasts, with the cereals published."""
    port = free_port()
    (data / "files").mkdir(parents=True)
    shutil.copy(HERE / "files" / "cereals.csv", data / "files")
    print(f"$ dagster-me serve --port {port}", flush=True)
    process = subprocess.Popen([COMMAND, "serve", "--port", str(port), "--data", data])
    try:
        wait_for(f"http://127.0.0.1:{port}/api/v1/health", process)
        yield port
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if answers(url):
            return
        time.sleep(0.05)
    raise SystemExit("The local Airbyte did not start; what it said is above.")


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


def tell(sentence: str) -> None:
    print(f"\n# {sentence}", flush=True)


def dagster_me(verb: str, environment: dict[str, str]) -> None:
    print(f"$ dagster-me {verb} --module cereals:reconciler", flush=True)
    subprocess.run([COMMAND, verb, "--module", "cereals:reconciler"], cwd=HERE, env=environment, check=True)


def ask(url: str, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = httpx.post(f"{url}/api/v1/{endpoint}", json=body, trust_env=False)
    answer.raise_for_status()
    return answer.json()


def workspace(url: str) -> str:
    organization = "00000000-0000-0000-0000-000000000000"
    found = ask(url, "workspaces/list_by_organization_id", {"organizationId": organization})
    return found["workspaces"][0]["workspaceId"]


def columns(url: str) -> list[str]:
    (connection,) = ask(url, "connections/list", {"workspaceId": workspace(url)})["connections"]
    (stream,) = connection["syncCatalog"]["streams"]
    return list(stream["stream"]["jsonSchema"]["properties"])


def sync(url: str) -> None:
    (connection,) = ask(url, "connections/list", {"workspaceId": workspace(url)})["connections"]
    job = ask(url, "connections/sync", {"connectionId": connection["connectionId"]})["job"]
    deadline = time.monotonic() + SYNC_SECONDS
    while job["status"] not in {"succeeded", "failed", "cancelled"} and time.monotonic() < deadline:
        time.sleep(0.05)
        job = ask(url, "jobs/get_light", {"id": job["id"]})["job"]
    if job["status"] != "succeeded":
        raise SystemExit(f"The sync is {job['status']}; what was said is at {url}")
    print(f"{job['aggregatedStats']['recordsCommitted']} rows moved.", flush=True)


def print_rows(file: Path) -> None:
    with file.open(encoding="utf-8") as lines:
        for line in itertools.islice(lines, FIRST_ROWS):
            print(json.dumps(json.loads(line)["_airbyte_data"]), flush=True)


def change_in_the_ui(url: str) -> None:
    (source,) = ask(url, "sources/list", {"workspaceId": workspace(url)})["sources"]
    changed = {"sourceId": source["sourceId"], "connectionConfiguration": {"provider": {"user_agent": True}}}
    ask(url, "sources/partial_update", changed)


if __name__ == "__main__":
    sys.exit(main())
