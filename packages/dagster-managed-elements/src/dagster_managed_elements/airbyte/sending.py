"""What leaves for the server: secrets read at the last moment, and remembered so that no message repeats them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from dagster_managed_elements.airbyte.wire import Json, Side
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import SECRET_MASK, Masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A body ready to be sent, and the secret texts in it."""

    body: dict[str, Any] = field(repr=False)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


def revealed(body: Json) -> Outgoing:
    """*body* with each Secret read (once) and each Masked put as the mask."""
    secrets: set[str] = set()
    opened = {name: _open(value, secrets) for name, value in body.items()}
    return Outgoing(body=opened, secrets=frozenset(secrets))


def holds_mask(value: Any) -> bool:
    """Whether the mask stands somewhere in a *value* to be sent; only a whole update understands it as "keep"."""
    if isinstance(value, Mapping):
        return any(holds_mask(inner) for inner in cast("Mapping[str, Any]", value).values())
    if isinstance(value, (list, tuple)):
        return any(holds_mask(inner) for inner in cast("list[Any]", value))
    return value == SECRET_MASK


def refuse_mask(side: Side, name: str, configuration: Any) -> None:
    """Raises DeclarationError where a create or a merge would store the mask as the secret itself."""
    if holds_mask(configuration):
        raise DeclarationError(
            f"The {side} {name!r} cannot be written with a masked secret: ten asterisks would be stored as the "
            "secret itself. Give its real value."
        )


def _open(value: Any, secrets: set[str]) -> Any:
    if isinstance(value, Secret):
        read = value.read()
        secrets.update(_texts(read))
        return read
    if isinstance(value, Masked):
        return SECRET_MASK
    if isinstance(value, Mapping):
        return {name: _open(inner, secrets) for name, inner in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_open(inner, secrets) for inner in cast("list[Any]", value)]
    return value


def _texts(value: Any) -> set[str]:
    """What of a secret value could be read in a message: its texts and numbers, at any depth."""
    if isinstance(value, Mapping):
        return {text for inner in cast("Mapping[str, Any]", value).values() for text in _texts(inner)}
    if isinstance(value, (list, tuple)):
        return {text for inner in cast("list[Any]", value) for text in _texts(inner)}
    return set() if value is None or isinstance(value, bool) else {str(value)}
