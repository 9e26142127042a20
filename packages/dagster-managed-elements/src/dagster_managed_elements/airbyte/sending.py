"""What leaves for the server: secrets read at the last moment, and remembered so that no message repeats them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from dagster_managed_elements.airbyte.wire import ConfiguredStream, Json, Side
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
            leaf.note()
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


def opened(
    streams: Sequence[ConfiguredStream], *, new: str | None = None
) -> tuple[list[ConfiguredStream], frozenset[str]]:
    """*streams* with the secrets of their mappers read, and those. Raises DeclarationError where *new*, a
    connection that does not exist yet, would store the mask in the place of one.
    """
    found: list[ConfiguredStream] = []
    secrets: frozenset[str] = frozenset()
    for entry in streams:
        raw = entry.config.raw
        if mappers := raw.get("mappers"):
            outgoing = revealed({"mappers": mappers})
            if new is not None and holds_mask(outgoing.body):
                raise DeclarationError(
                    f"The connection {new!r} cannot be made anew with the mappers of its stream "
                    f"{entry.stream.name!r}: Airbyte shows no secret of theirs. Declare them with mappers=, or "
                    "take them away first."
                )
            secrets |= outgoing.secrets
            entry = replace(entry, config=replace(entry.config, raw={**raw, **outgoing.body}))  # noqa: PLW2901
        found.append(entry)
    return found, secrets


def _texts(value: Any) -> Iterator[str]:
    """What of a secret value could be read in a message: its texts and numbers, at any depth."""
    return (
        str(leaf) for leaf in leaves(value) if isinstance(leaf, (str, int, float)) and not isinstance(leaf, bool)
    )
