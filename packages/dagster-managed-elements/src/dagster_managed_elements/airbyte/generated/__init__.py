"""Upstream's classes for connectors, `PostgresSource` and so on, each made the moment it is asked for.

Upstream generated them from specifications of 2023. Here the name of a class names the connector, its keyword
arguments are the configuration, and what these may be is the live server's to say, at every check.
"""

from __future__ import annotations

from typing import Any

from dagster_managed_elements.airbyte.elements import AirbyteDestination, AirbyteSource
from dagster_managed_elements.airbyte.specs.choices import Choice


class Connector(type):
    """A class of upstream's. Calling it makes an `AirbyteSource` or `AirbyteDestination`; what is nested in it
    is a `Choice`, whatever its name.
    """

    element: type[AirbyteSource | AirbyteDestination]
    connector: str

    def __new__(mcs, name: str, bases: tuple[type, ...], fields: dict[str, Any]) -> Connector:
        if bases:
            base = bases[0].__name__
            raise TypeError(f"{base} cannot be derived from; write a function that returns {base}(...)")
        return super().__new__(mcs, name, bases, fields)

    def __call__(cls, name: str, **configuration: Any) -> AirbyteSource | AirbyteDestination:
        """Every keyword is a setting of the connector; one that is None is not set, as upstream had it."""
        return cls.element(
            name, cls.connector, {key: value for key, value in configuration.items() if value is not None}
        )

    def __getattr__(cls, name: str) -> type[Choice]:
        if not _is_title(name):
            raise AttributeError(f"{cls.__name__} has no attribute {name!r}", name=name, obj=cls)
        made = type(name, (Choice,), {"label": name, "__module__": cls.__module__})
        setattr(cls, name, made)
        return made


def connector_class(module: str, name: str, element: type[AirbyteSource | AirbyteDestination]) -> Connector:
    """The class *name* of *module*. Raises ImportError, which `from module import name` shows as it is, where that
    names no connector; AttributeError for what Python and its tools ask of modules.
    """
    side = element.kind.capitalize()
    connector = name.removesuffix(side)
    if not (name[:1].isalpha() or _is_title(name)):
        raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
    if not _is_title(name) or connector in {"", name}:
        text = (
            f"cannot import name {name!r} from {module!r}; a class in it is named for its connector: Postgres{side}"
        )
        raise ImportError(text, name=module)
    return Connector(name, (), {"element": element, "connector": connector, "__module__": module})


def _is_title(name: str) -> bool:
    """Whether a class may be called so: `Postgres`, and `_100ms` for what begins with a digit."""
    return name[:1].isupper() or (name[:1] == "_" and name[1:2].isdigit())
