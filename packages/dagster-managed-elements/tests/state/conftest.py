"""Stores of every sort, each empty; S3 is moto's, in a thread of this process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster_managed_elements.state.opening import open_store
from dagster_managed_elements.state.stores import Store

SORTS = ["file", "memory", pytest.param("s3", marks=pytest.mark.slow)]


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a server that speaks S3, with the bucket `states`."""
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
    yield address
    server.stop()


@pytest.fixture
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """What a process needs to reach that server."""
    address = request.getfixturevalue("s3")
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }


@pytest.fixture(params=SORTS)
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"{uuid.uuid4().hex}/state.json"
    if request.param != "s3":
        return f"file://{tmp_path / name}" if request.param == "file" else f"memory://{name}"
    for variable, value in request.getfixturevalue("environment").items():
        monkeypatch.setenv(variable, value)
    return f"s3://states/{name}"


@pytest.fixture
def store(url: str) -> Store:
    return open_store(url)
