"""Files in S3, Google Cloud Storage, Azure Blob Storage and behind SSH, through fsspec and its drivers.

As the vendor's connector does, SSH and SCP are read over SFTP, and no key of this machine's user is tried.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Generator
from typing import Any, BinaryIO
from urllib.parse import quote

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.extras import imported
from airbyte_local.connectors.files.streams import BLOCK, as_stream
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed
from airbyte_local.model.json_values import Json, is_object

SECONDS = 60
SECRET = ("service_account_json", "aws_secret_access_key", "sas_token", "shared_key", "password")


def _s3(provider: Json) -> Json:
    key, secret = provider.get("aws_access_key_id"), provider.get("aws_secret_access_key")
    limits = {"config_kwargs": {"connect_timeout": SECONDS, "read_timeout": SECONDS}}
    return {"key": key, "secret": secret, **limits} if key and secret else {"anon": True, **limits}


def _gcs(provider: Json) -> Json:
    account = provider.get("service_account_json")
    if not account:
        return {"token": "anon"}
    try:
        token = json.loads(account)
    except ValueError:
        token = None
    if not is_object(token):  # a text would be the path of a file to the driver
        raise ConnectorFailed("service_account_json is no JSON object")
    return {"token": token}


def _azure(provider: Json) -> Json:
    """With both keys the shared one: it opens the whole account."""
    account = {"account_name": provider["storage_account"]}
    if shared := provider.get("shared_key"):
        return {**account, "account_key": shared}
    if token := provider.get("sas_token"):
        return {**account, "sas_token": token}
    return {**account, "anon": True}


def _sftp(provider: Json) -> Json:
    port = provider.get("port") or "22"
    if not str(port).isdecimal():
        raise ConnectorFailed(f"{port!r} is no number of a port")
    limits = dict.fromkeys(("timeout", "banner_timeout", "auth_timeout"), SECONDS)
    password = {"password": provider["password"]} if provider.get("password") else {}
    return {
        "host": provider["host"],
        "port": int(port),
        "username": provider["user"],
        **password,
        "look_for_keys": False,
        "allow_agent": False,
        **limits,
    }


# The storage of a configuration: protocol of fsspec, options of its driver.
DRIVERS: dict[str, tuple[str, Callable[[Json], Json]]] = {
    "S3": ("s3", _s3),
    "GCS": ("gcs", _gcs),
    "AzBlob": ("abfs", _azure),
    **dict.fromkeys(("SSH", "SCP", "SFTP"), ("sftp", _sftp)),
}


@contextlib.contextmanager
def remote(provider: Json, url: str, cancellation: Cancellation) -> Generator[BinaryIO]:
    """Raises ConnectorFailed where the file is not there or may not be read, ConnectorCrashed for other trouble."""
    protocol, options = DRIVERS[provider["storage"]]
    fsspec = imported("fsspec", "remote")
    path = url.rpartition("://")[2]
    with _named(provider, path, cancellation):
        given = options(provider)
        driver = fsspec.filesystem(protocol, skip_instance_cache=True, **given)
        file: Any = driver.open(f"/{path}" if protocol == "sftp" else path, "rb")
    pieces = _pieces(file, provider, path, cancellation)
    with contextlib.closing(pieces), as_stream(pieces) as stream:
        yield stream


def _pieces(file: Any, provider: Json, path: str, cancellation: Cancellation) -> Generator[bytes]:
    with _named(provider, path, cancellation), file:
        while piece := file.read(BLOCK):
            yield piece


@contextlib.contextmanager
def _named(provider: Json, path: str, cancellation: Cancellation) -> Generator[None]:
    """What the driver says, without the secrets that it was given."""
    storage = provider["storage"]
    try:
        yield
    except (ConnectorFailed, ConnectorCrashed):
        raise
    except FileNotFoundError:
        raise ConnectorFailed(f"{path!r} does not exist in {storage}") from None
    except PermissionError:
        raise ConnectorFailed(f"{storage} forbids to read {path!r}") from None
    except ImportError:
        raise ConnectorFailed(f"{storage} has no driver here: pip install 'airbyte-local[remote]'") from None
    except Exception as error:  # noqa: BLE001 - each driver has errors of its own
        cancellation.raise_if_requested()
        told = _masked(str(error) or type(error).__name__, provider)
        raise ConnectorCrashed(f"{path!r} could not be read from {storage}: {told}") from None


def _masked(text: str, provider: Json) -> str:
    for secret in (provider[name] for name in SECRET if provider.get(name)):
        text = text.replace(secret, "**********").replace(quote(secret, safe=""), "**********")
    return text
