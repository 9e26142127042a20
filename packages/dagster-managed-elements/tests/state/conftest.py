"""Stores of every sort, each empty. S3 is moto's and Google's a stand-in, in threads of this process; Azure's is
Azurite, in a process of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster_managed_elements.state.opening import open_store
from dagster_managed_elements.state.stores import Store

from testing.azurite import azure_storage
from testing.google_storage import google_storage

MINUTES = pytest.mark.timeout(400)  # the first installs Azurite
SLOW_BUCKETS = [
    pytest.param("s3", marks=pytest.mark.slow),
    pytest.param("az", marks=[pytest.mark.slow, MINUTES]),
]
SCHEMES = ["file", "memory", "gs", *SLOW_BUCKETS]


@pytest.fixture(scope="session")
def s3() -> Iterator[dict[str, str]]:
    """What a process needs to reach a server that speaks S3, with the bucket `states`."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client: Any = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="states")
    yield {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }
    server.stop()


@pytest.fixture(scope="session")
def gs() -> Iterator[dict[str, str]]:
    with google_storage() as (address, _):
        yield {"GOOGLE_BASE_URL": address, "GOOGLE_BEARER_TOKEN": "test"}


@pytest.fixture(scope="session")
def az() -> Iterator[dict[str, str]]:
    with azure_storage("states") as environment:
        yield environment


@pytest.fixture
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """The URL of a bucket that can be reached, by its scheme."""

    def reached(scheme: str) -> str:
        for variable, value in request.getfixturevalue(scheme).items():
            monkeypatch.setenv(variable, value)
        return f"{scheme}://states"

    return reached


@pytest.fixture(params=SCHEMES)
def url(request: pytest.FixtureRequest, tmp_path: Path, bucket: Callable[[str], str]) -> str:
    name = f"{uuid.uuid4().hex}/state.json"
    match request.param:
        case "file":
            return f"file://{tmp_path / name}"
        case "memory":
            return f"memory://{name}"
        case scheme:
            return f"{bucket(scheme)}/{name}"


@pytest.fixture
def store(url: str) -> Store:
    return open_store(url)
