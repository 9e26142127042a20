"""References to what exists at an Airbyte and nobody declares."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from dagster_managed_elements.engine.elements import Element, key_of
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import Key

SOURCE_DEFINITION: Final = "source definition"
DESTINATION_DEFINITION: Final = "destination definition"
LOW_CODE_CONNECTOR: Final = "low-code connector"

Existing: TypeAlias = Literal[
    "source", "destination", "source definition", "destination definition", "low-code connector"
]


def existing(kind: Existing, name: str) -> Key:
    """What is at that Airbyte and nobody declares, to be referred to like a declared element.

    It is never changed, and not deleted by *delete_unmentioned_resources* as long as something refers to it; that
    there is exactly one is looked at in every check.

    Args:
        kind: A source, a destination, a definition of either, or a low-code connector.
        name: Under which it is there.

    Raises:
        DeclarationError: Where nothing of that kind can be referred to, or the name is none.
    """
    if kind not in get_args(Existing):
        raise DeclarationError(f"existing() knows {', '.join(get_args(Existing))}, not {kind!r}.")
    if not (isinstance(name, str) and name.strip()):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise DeclarationError(f"existing({kind!r}, ...) wants the name of one, not {name!r}.")
    return Key(kind, name)


def reference(value: Element | Key) -> Key:
    """The key of an element, or of what exists."""
    return value if isinstance(value, Key) else key_of(value)
