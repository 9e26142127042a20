"""What a declared value has to be, found where it is written: a wrong one would be found far from there else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import Key, Unset

_WORDS: Final[Mapping[type[object], str]] = {Key: "reference by existing()"}


def require(element: Element, what: str, value: object, kind: type[object], *others: type[object]) -> None:
    """Raises DeclarationError where *value* is of none of these types."""
    if not isinstance(value, (kind, *others)):
        names = [_WORDS.get(one, one.__name__) for one in (kind, *others) if one is not Unset]
        wanted = " or ".join(f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}" for name in names)
        raise refusal(element, f"{what} wants {wanted}, not {type(value).__name__}")


def require_filled(element: Element, what: str, value: object, instead: str) -> None:
    """Raises DeclarationError, which says what to write *instead*, where *value* is a text with nothing in it."""
    if isinstance(value, str) and not value.strip():
        raise refusal(element, f"{what} is empty; {instead}")


def require_kind(element: Element, what: str, value: object, *kinds: str) -> None:
    """Raises DeclarationError where *value* refers to something of another kind, by `existing`."""
    if isinstance(value, Key) and value.kind not in kinds:
        raise refusal(element, f"{what} wants a {' or a '.join(kinds)}, not the {value.kind} {value.name!r}")


def refusal(element: Element, text: str) -> DeclarationError:
    return DeclarationError(f"{type(element).__name__} {element.name!r}: {text}.")
