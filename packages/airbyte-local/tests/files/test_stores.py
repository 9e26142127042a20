"""Files in stores of the cloud and behind SSH: what their drivers are given, and what is told of their trouble."""

from __future__ import annotations

from typing import ClassVar

import pytest
from airbyte_local.connectors.file import File
from airbyte_local.connectors.protocol import ConnectorFailed
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry

CSV = b"a,b\n1,x\n2,y\n"
ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def printed(error):
    """What a traceback shows of an exception and of those behind it."""
    while error is not None:
        yield str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


class Driver(MemoryFileSystem):
    """Stands where a driver of fsspec does, and remembers what it was given."""

    given: ClassVar = []
    trouble: ClassVar = None
    cachable = False

    def __init__(self, **options):
        super().__init__()
        type(self).given.append({name: value for name, value in options.items() if name != "skip_instance_cache"})

    def _open(self, path, *arguments, **options):
        if type(self).trouble is not None:
            raise type(self).trouble
        return super()._open(path, *arguments, **options)


@pytest.fixture
def driver(monkeypatch):
    """In the place of every driver, with one file."""
    for name in ("s3", "gcs", "abfs", "sftp"):
        monkeypatch.setitem(_registry, name, Driver)
    Driver.given, Driver.trouble = [], None
    MemoryFileSystem.store.clear()
    MemoryFileSystem().pipe("/bucket/folder/t.csv", CSV)
    yield Driver
    MemoryFileSystem.store.clear()


LIMITS = {"config_kwargs": {"connect_timeout": 60, "read_timeout": 60}}
SSH = {
    "host": "h", "port": 22, "username": "u", "look_for_keys": False, "allow_agent": False,
    "timeout": 60, "banner_timeout": 60, "auth_timeout": 60,
}  # fmt: skip


@pytest.mark.parametrize(
    ("storage", "provider", "given"),
    [
        ("S3", {"aws_access_key_id": "k", "aws_secret_access_key": "s"}, {"key": "k", "secret": "s", **LIMITS}),
        ("S3", {"aws_access_key_id": "k"}, {"anon": True, **LIMITS}),
        ("GCS", {"service_account_json": '{"type": "service_account"}'}, {"token": {"type": "service_account"}}),
        ("GCS", {}, {"token": "anon"}),
        ("AzBlob", {"storage_account": "a"}, {"account_name": "a", "anon": True}),
        ("AzBlob", {"storage_account": "a", "sas_token": "t"}, {"account_name": "a", "sas_token": "t"}),
        (
            "AzBlob",
            {"storage_account": "a", "sas_token": "t", "shared_key": "k"},
            {"account_name": "a", "account_key": "k"},
        ),
        ("SFTP", {"host": "h", "user": "u"}, SSH),
        (
            "SCP",
            {"host": "h", "user": "u", "port": "2222", "password": "p"},
            {**SSH, "port": 2222, "password": "p"},
        ),
        ("SSH", {"host": "h", "user": "u"}, SSH),
    ],
)
def test_a_store_is_opened_with_what_the_configuration_has(reader, driver, storage, provider, given):
    told = reader.told(reader.at("any://bucket/folder/t.csv", storage=storage, provider=provider), schema={})
    assert (told.rows, told.failure, driver.given) == (ROWS, None, [given])


@pytest.mark.parametrize(
    ("storage", "provider", "said"),
    [
        ("GCS", {"service_account_json": "{hush"}, "service_account_json is no JSON object"),
        ("GCS", {"service_account_json": '"/etc/hostname"'}, "service_account_json is no JSON object"),
        ("SFTP", {"host": "h", "user": "u", "port": "ssh"}, "'ssh' is no number of a port"),
    ],
)
def test_what_no_driver_can_use_is_said(reader, driver, storage, provider, said):
    failure = reader.told(reader.at("bucket/folder/t.csv", storage=storage, provider=provider), schema={}).failure
    assert failure == f"ConnectorFailed: {said}"


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (FileNotFoundError("x"), "ConnectorFailed: 'bucket/t.csv' does not exist in S3"),
        (PermissionError("x"), "ConnectorFailed: S3 forbids to read 'bucket/t.csv'"),
        (
            ValueError("sent hush/+key and hush%2F%2Bkey"),
            "ConnectorCrashed: 'bucket/t.csv' could not be read from S3: sent ********** and **********",
        ),
    ],
)
def test_the_trouble_of_a_driver_is_told_without_secrets(reader, driver, trouble, said):
    driver.trouble = trouble
    provider = {"aws_access_key_id": "k", "aws_secret_access_key": "hush/+key"}
    configuration = reader.at("s3://bucket/t.csv", storage="S3", provider=provider)
    assert reader.told(configuration, schema={}).failure == said
    with pytest.raises(ConnectorFailed) as raised:
        File().check(configuration, reader.around)
    assert "hush" not in "".join(printed(raised.value))


def test_a_driver_that_is_missing_is_named_with_its_extra(reader):
    failure = reader.told(reader.at("s3://bucket/t.csv", storage="S3"), schema={}).failure
    assert failure == "ConnectorFailed: S3 has no driver here: pip install 'airbyte-local[remote]'"
