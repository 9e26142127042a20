"""Fingerprints of secrets, made with a key that is kept out of the state: without it none can be guessed back.

Each is of one secret at one place: two that are equal do not look so.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path as FilePath
from typing import Any, Final

from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.saving import ShownPlan
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import mapped, walk

VARIABLE: Final = "DAGSTER_ME_STATE_KEY"
FILE_VARIABLE: Final = "DAGSTER_ME_STATE_KEY_FILE"
_SHORTEST: Final = 32
_MAKE_ONE: Final = "make one with `openssl rand -hex 32`"


class FingerprintKey:
    """The key itself, which nothing prints."""

    def __init__(self, text: str) -> None:
        self._key = blake2b(text.encode("utf-8", "surrogatepass"), person=b"dagster-me state").digest()

    @property
    def check(self) -> str:
        """A fingerprint of nothing secret: by it one key is told from another."""
        return self.digest("which key is this")[:16]

    def digest(self, *what: Any) -> str:
        """Of JSON values, whatever the order of what maps hold."""
        text = json.dumps(mapped(what, _written), sort_keys=True, default=repr)
        return blake2b(text.encode(), key=self._key, digest_size=32).hexdigest()


def _written(leaf: Any) -> Any:
    return str.__str__(leaf) if isinstance(leaf, str) else leaf


def find_key(environment: Mapping[str, str] = os.environ) -> FingerprintKey | None:
    """The key of *environment*, None where it has none. Raises DeclarationError where it may not be used."""
    text, path = environment.get(VARIABLE), environment.get(FILE_VARIABLE)
    if text and path:
        raise DeclarationError(f"{VARIABLE} and {FILE_VARIABLE} both give the key; set one of them.")
    if path:
        text = _of_file(FilePath(path).expanduser())
    if not text:
        return None
    if len(text) < _SHORTEST:
        where = FILE_VARIABLE if path else VARIABLE
        raise DeclarationError(f"The key of {where} is too short to be safe from guessing; {_MAKE_ONE}.")
    return FingerprintKey(text)


def _of_file(path: FilePath) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read()
    except OSError as error:
        raise DeclarationError(f"The key file {path} cannot be read: {error.strerror}.") from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise DeclarationError(f"The key file {path} can be read by others; run `chmod 600 {path}`.")
    try:
        text = data.decode().strip()
    except UnicodeDecodeError:
        raise DeclarationError(f"The key file {path} is no text; {_MAKE_ONE}.") from None
    if not text:
        raise DeclarationError(f"The key file {path} is empty; {_MAKE_ONE}.")
    return text


def fingerprinted(shown: ShownPlan) -> ShownPlan:
    """*shown* with a fingerprint for each element of which secrets are to be sent, where there is a key. Raises
    DeclarationError where that may not be used.
    """
    if (key := find_key()) is None:
        return shown
    sent: dict[str, str] = {}
    for entry in shown.plan.entries:
        read = [
            (changed.path, path, _read(leaf))
            for changed in entry.fields
            for path, leaf in walk(changed.after)
            if isinstance(leaf, Secret) and leaf.cheap
        ]
        if read:
            sent[str(entry.key)] = key.digest("plan", shown.plan.place, str(entry.key), read)
    return replace(shown, sent=sent, key=key.check)


def _read(secret: Secret) -> Any:
    try:
        return secret.read()
    except DeclarationError:
        return None  # it is a problem of its own where it may not be missing


def reference_of(secret: Secret, key: FingerprintKey | None) -> str:
    """Where *secret* comes from, as it may be recorded; of one made of others only what tells it from another."""
    source, _, name = secret.reference.partition(":")
    if secret.parts:
        parts = " ".join(reference_of(part, key) for part in secret.parts)
        return f"{source.split()[0]} {key.digest(secret.reference)[:16] if key else parts}"
    return source if source == "file" else f"{source}:{name}" if name else source
