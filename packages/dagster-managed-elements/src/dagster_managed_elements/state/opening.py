"""Which store a URL names. Nothing is read here, nothing is made."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote, urlsplit

from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.state.stores import Store

_SCHEMES: Final = ("file", "s3", "gs", "az", "memory")


def open_store(url: str) -> Store:
    """Raises DeclarationError where *url* names no state, or one that lacks what it takes."""
    parts = urlsplit(url)
    scheme, separator, where = url.partition("://")
    if parts.scheme not in _SCHEMES or not separator:
        hint = f"; for a file give file://{url}" if url and not separator else ""
        text = f"A state is at file://, s3://, gs://, az:// or memory://, not {_printable(url)!r}{hint}."
        raise DeclarationError(text)
    if parts.username or parts.password or parts.query:
        text = f"The URL of a state has no credentials and no parameters ({_printable(url)})"
        raise DeclarationError(f"{text}; the environment has them.")
    named = where if scheme in {"file", "memory"} else parts.path.strip("/")
    if not named.strip("/") or where.endswith("/"):
        text = f"The state {url} names no object; give one, such as {url.rstrip('/')}/state.json."
        raise DeclarationError(text)
    if scheme == "file":
        from dagster_managed_elements.state.file_store import FileStore

        return FileStore(url, unquote(where))
    from dagster_managed_elements.state.object_store import open_object_store

    return open_object_store(url, scheme, parts.netloc, unquote(parts.path).strip("/"))


def _printable(url: str) -> str:
    """*url* without what may be a password in it."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2].partition('?')[0]}" if separator else url
