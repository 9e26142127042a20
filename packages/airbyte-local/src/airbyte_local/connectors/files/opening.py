"""The file that a configuration means, opened and unpacked, and read as its format wants it."""

from __future__ import annotations

import contextlib
import json
import lzma
import zipfile
import zlib
from collections.abc import Generator
from typing import BinaryIO
from urllib.parse import parse_qs, urlencode, urlsplit

from airbyte_local.connectors.files import local
from airbyte_local.connectors.files.addresses import shown
from airbyte_local.connectors.files.formats import FORMATS, Table
from airbyte_local.connectors.files.remote import remote
from airbyte_local.connectors.files.streams import on_disk, unpacked
from airbyte_local.connectors.protocol import ConnectorFailed, Surroundings
from airbyte_local.model.json_values import Json, is_object


@contextlib.contextmanager
def opened(configuration: Json, around: Surroundings) -> Generator[Table]:
    """Within the block the table can be asked.

    Raises:
        ConnectorFailed: the configuration or the file does not work.
        ConnectorCrashed: the way there failed, or the file changed; another try may succeed.
    """
    form = FORMATS.get(configuration["format"])
    if form is None:
        raise ConnectorFailed(
            f"The local File source reads {', '.join(FORMATS)}; {configuration['format']} is not among them"
        )
    options = _options(configuration)
    url = _address(configuration["url"])
    with _plainly(url), contextlib.ExitStack() as stack:
        stream = stack.enter_context(_stored(configuration["provider"], url, around))
        name = url.partition("?")[0].rpartition("/")[2]
        stream = stack.enter_context(unpacked(stream, name, around.cancellation))
        if form.seeks:
            stream = stack.enter_context(on_disk(stream, around.cancellation))
        yield form.table(stream, options, around.cancellation)


@contextlib.contextmanager
def _plainly(url: str) -> Generator[None]:
    """What the layers below say in words of their own."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ConnectorFailed(f"{shown(url)!r} cannot be unpacked: {error}") from error
    except OSError as error:
        raise ConnectorFailed(f"{shown(url)!r} could not be read: {error.strerror or error}") from error


def _options(configuration: Json) -> Json:
    try:
        options = json.loads(configuration.get("reader_options") or "{}")
    except ValueError as error:
        raise ConnectorFailed(f"reader_options is no valid JSON: {error}") from error
    if not is_object(options):
        raise ConnectorFailed("reader_options must be a JSON object")
    return options


def _address(url: str) -> str:
    """Links to a page about a file are to the file, where that can be had."""
    parts = urlsplit(url)
    if parts.netloc == "docs.google.com" and parts.path.lower().startswith("/spreadsheets/"):
        raise ConnectorFailed(f"{shown(url)!r} is a Google Sheet, which the Google Sheets source reads")
    query = parse_qs(parts.query)
    if parts.netloc.endswith(("dropbox.com",)) and query.get("dl") == ["0"]:
        return parts._replace(query=urlencode({**query, "dl": "1"}, doseq=True)).geturl()
    return url


def _stored(provider: Json, url: str, around: Surroundings) -> contextlib.AbstractContextManager[BinaryIO]:
    match provider["storage"]:
        case "local":
            return local.opened(around.local_root, url)
        case "HTTPS":
            # Imported here: it brings an HTTP client, a tenth of the memory of a server at rest.
            from airbyte_local.connectors.files.fetching import fetched

            return fetched(url, user_agent=bool(provider.get("user_agent")), cancellation=around.cancellation)
        case _:
            return remote(provider, url, around.cancellation)
