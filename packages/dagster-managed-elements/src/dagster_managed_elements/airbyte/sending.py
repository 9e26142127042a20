"""What leaves for the server: secrets read at the last moment, and remembered so that no message repeats them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dagster_managed_elements.airbyte.wire import Json, Side
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import SECRET_MASK, Masked, leaves, mapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A body ready to be sent, and the secret texts in it."""

    body: dict[str, Any] = field(repr=False)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


def revealed(body: Json) -> Outgoing:
    """*body* with each Secret read (once) and each Masked put as the mask."""
    secrets: set[str] = set()

    def opened(leaf: Any) -> Any:
        if isinstance(leaf, Secret):
            # What a secret is made of is secret by itself: a server may name the password of an address alone.
            read = leaf.read() if leaf.join is None else leaf.join([opened(part) for part in leaf.parts])
            secrets.update(_texts(read))
            return read
        return SECRET_MASK if isinstance(leaf, Masked) else leaf

    return Outgoing(body=mapped(body, opened), secrets=frozenset(secrets))


def holds_mask(value: Any) -> bool:
    """Whether the mask stands somewhere in a *value* to be sent; only a whole update understands it as "keep"."""
    return any(leaf == SECRET_MASK for leaf in leaves(value))


def refuse_mask(side: Side, name: str, configuration: Any) -> None:
    """Raises DeclarationError where a create or a merge would store the mask as the secret itself."""
    if holds_mask(configuration):
        raise DeclarationError(
            f"The {side} {name!r} cannot be written with a masked secret: ten asterisks would be stored as the "
            "secret itself. Give its real value."
        )


def _texts(value: Any) -> Iterator[str]:
    """What of a secret value could be read in a message: its texts and numbers, at any depth."""
    return (
        str(leaf) for leaf in leaves(value) if isinstance(leaf, (str, int, float)) and not isinstance(leaf, bool)
    )
