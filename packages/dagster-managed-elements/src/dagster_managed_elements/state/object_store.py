"""State in a bucket, by obstore: S3, Google Cloud Storage, Azure, memory for tests. Every write is conditional."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

from dagster_managed_elements.engine.errors import DeclarationError, StateError
from dagster_managed_elements.state.stores import LARGEST, MOST, Moved, Store, Stored

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Bucket

_PATIENCE: Final[dict[str, Any]] = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}
_TIMEOUTS: Final[dict[str, Any]] = {"timeout": "20s", "connect_timeout": "5s"}
_TRIES: Final = 5
_ENDPOINTS: Final = (
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT",
    "AZURE_STORAGE_ENDPOINT",
    "AZURE_ENDPOINT",
    "GOOGLE_BASE_URL",
)
_memory: dict[str, Any] = {}
_memory_lock = Lock()


def open_object_store(url: str, scheme: str, bucket: str, key: str) -> Store:
    """Raises DeclarationError where obstore is not installed, or knows nothing of such a bucket."""
    try:
        from obstore.exceptions import BaseError
        from obstore.store import MemoryStore
    except ImportError:
        text = "State outside of a file needs obstore: pip install obstore, or the extra `state`."
        raise DeclarationError(text) from None
    if scheme == "memory":
        with _memory_lock:
            return ObjectStore(url, _memory.setdefault(bucket, MemoryStore()), key or "state.json")
    try:
        opened = _opened(f"{scheme}://{bucket}")
    except (BaseError, ValueError) as error:
        raise DeclarationError(f"The state {url} cannot be opened: {_said(error)}") from None
    return ObjectStore(url, opened, key)


def _opened(bucket: str) -> Any:
    """With what the environment says of who asks, and where; without TLS only where that names such an address."""
    from obstore import store

    plain = any(os.environ.get(name, "").startswith("http://") for name in _ENDPOINTS)
    from_url = cast("Any", store).from_url
    return from_url(bucket, client_options={**_TIMEOUTS, "allow_http": plain}, retry_config=_PATIENCE)


class ObjectStore:
    """See `Store`. *bucket* is where the object named *key* lies."""

    def __init__(self, url: str, bucket: Bucket, key: str) -> None:
        self._url, self._bucket, self._key = url, bucket, key

    @property
    def url(self) -> str:
        return self._url

    def read(self, suffix: str = "") -> Stored | None:
        from obstore.exceptions import BaseError

        try:
            found = self._bucket.get(f"{self._key}{suffix}")
            if found.meta["size"] > LARGEST:
                raise StateError(f"The state {self._url}{suffix} cannot be read: it is larger than any.")
            return Stored(bytes(found.bytes()), _tag(found.meta))
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise StateError(f"The state {self._url}{suffix} cannot be read: {_said(error)}") from None

    def names(self, suffix: str) -> list[str]:
        from obstore.exceptions import BaseError

        found: list[str] = []
        try:
            listed = cast("Any", self._bucket).list(f"{self._key}{suffix}".rstrip("/"), chunk_size=1000)
            for rows in listed:
                found += [str(row["path"]).rpartition("/")[2] for row in rows]
                if len(found) > MOST:
                    text = f"There are more than {MOST:,} objects in {self._url}{suffix}; move the oldest away."
                    raise StateError(text)
        except FileNotFoundError:
            return []
        except (BaseError, OSError) as error:
            raise StateError(f"The state {self._url}{suffix} cannot be read: {_said(error)}") from None
        return found

    def write(self, data: bytes, replacing: str | None, suffix: str = "") -> str:
        for _ in range(_TRIES):
            if (tag := self._put(data, replacing, suffix)) is not None:
                return tag
        raise StateError(
            f"The state {self._url} cannot be written: {self._key}{suffix} is said to be there, and is not."
        )

    def _put(self, data: bytes, replacing: str | None, suffix: str) -> str | None:
        """None where it was refused for something that is not there (any more): it may be tried again."""
        from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

        try:
            mode: Any = "create" if replacing is None else json.loads(replacing)
            return _tag(self._bucket.put(f"{self._key}{suffix}", data, mode=mode))
        except FileNotFoundError as error:
            if replacing is None:
                raise StateError(f"The state {self._url}{suffix} cannot be written: {_said(error)}") from None
            raise Moved(f"The state {self._url} was taken away meanwhile.") from None
        except (AlreadyExistsError, PreconditionError):
            # A write of which the answer was lost and that was sent again finds itself in its way.
            there = self.read(suffix)
            if there is not None and there.data == data:
                return there.tag
            # S3 refuses (409) one of two that come at once, whatever becomes of the other.
            if there is None and replacing is None:
                return None
            raise Moved(f"The state {self._url} was written by somebody else meanwhile.") from None
        except (BaseError, OSError) as error:
            raise StateError(f"The state {self._url}{suffix} cannot be written: {_said(error)}") from None


def _tag(known: Any) -> str:
    """What a conditional write names: Google goes by the version, the others by the tag."""
    return json.dumps({name: known[name] for name in ("e_tag", "version") if known.get(name) is not None})


def _said(error: Exception) -> str:
    """The first line: what follows repeats the request."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return f"{first.rstrip('.')}."
