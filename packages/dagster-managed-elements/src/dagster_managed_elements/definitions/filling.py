"""Which connection fills which asset, as far as the assets tell: by the name of the connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from dagster import AssetKey, AssetSpec

from dagster_managed_elements.engine.elements import Element, key_of
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.reconciler import Reconciler

ConnectionOf: TypeAlias = Callable[[AssetSpec], "str | None"]
Filled: TypeAlias = Mapping[AssetKey, tuple[str, Key]]
"""By whose element each asset is filled: the name of the reconciler, and the element."""


def connection_of(spec: AssetSpec) -> str | None:
    """The name of the connection that fills an asset; None where none does. Our assets, and those of Dagster's own
    integrations, have it in their metadata, as `<integration>/connection_name`.
    """
    found: list[Any] = [value for name, value in spec.metadata.items() if name.endswith("/connection_name")]
    return str(getattr(found[0], "value", found[0])) if found else None


def filled(
    reconcilers: Mapping[str, Reconciler],
    specs: Iterable[AssetSpec],
    connection_of: ConnectionOf = connection_of,
    *,
    remedy: str = "",
) -> Filled:
    """An asset that may be filled by several elements, at different instances, is left out where there is no
    *remedy* to name.

    Raises:
        DeclarationError: With the *remedy*, for such an asset.
    """
    roots = {name: _roots(reconciler.elements) for name, reconciler in reconcilers.items()}
    found: dict[AssetKey, tuple[str, Key]] = {}
    for spec in specs:
        connection = connection_of(spec)
        called = [(name, own[connection]) for name, own in roots.items() if connection and connection in own]
        fillers = [(name, root) for name, root in called if root.kind == CONNECTION] or called
        if len({reconcilers[name].instance for name, _ in fillers}) > 1:
            if remedy:
                raise DeclarationError(
                    f"{' and '.join(name for name, _ in fillers)} each declare {connection!r}, which fills the "
                    f"asset {spec.key.to_user_string()}: {remedy}."
                )
        elif fillers:
            found.setdefault(spec.key, fillers[0])
    return found


def _roots(elements: Iterable[Element]) -> Mapping[str, Key]:
    """By its name each element that no other one has as a part: a connection is one, its source is none. Of several
    that are called the same it is the connection, and else one that has parts.
    """
    elements = list(elements)
    parts = {key_of(part) for element in elements for part in element.parts()}
    roots = [element for element in elements if key_of(element) not in parts]
    roots.sort(key=lambda element: (element.kind == CONNECTION, bool(element.parts())))
    return {element.name: key_of(element) for element in roots}


CONNECTION: Final = "connection"
"""The kind of what the metadata of an asset calls `connection_name`, at integrations that have several kinds."""
