"""What an element holds as Python expressions, and which names they need. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from importlib import import_module
from types import ModuleType
from typing import Any, cast

from dagster_managed_elements.engine.adoption import Spelled, Spelling, Variable
from dagster_managed_elements.engine.elements import Element, key_of
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.writing.layout import Bracketed, Expression, Item, Labelled
from dagster_managed_elements.writing.literals import number_literal, text_literal


class Expressions:
    """Writes values of one file. *module* is where its names come from, *names* those of its elements; *imported*
    grows with what was written.
    """

    def __init__(self, module: str, names: Mapping[Key, str], variables: Iterable[Variable]) -> None:
        self.imported: dict[str, set[str]] = {}
        self.referred: set[Key] = set()
        self._module, self._names = module, names
        self._public = vars(import_module(module))
        self._variables = {f"env:{variable.name}": variable for variable in variables}

    def element(self, element: Element) -> Expression:
        """The call that makes it, with every argument by its name."""
        return Bracketed(f"{self._class(type(element))}(", [*self._given(element, positional=False)], ")")

    def value(self, value: Any) -> Expression:  # noqa: PLR0911 - one for each sort of value
        """TypeError for what is no plain value, and says for itself no way to write it."""
        match value:
            case Element():
                self.referred.add(key := key_of(value))
                return self._names[key]
            case Secret():
                return self._secret(value)
            case Spelling():
                return self._spelled(value, value.spelled())
            case Enum():
                return f"{self._class(type(value))}.{value.name}"
            case None | bool():
                return repr(value)
            case str():
                return text_literal(value)
            case int() | float():
                return number_literal(value)
            case Mapping():
                named = cast("Mapping[Any, Any]", value).items()
                return Bracketed(
                    "{", [Labelled(self.value(key), ": ", self.value(inner)) for key, inner in named], "}"
                )
            case list():
                return Bracketed("[", [self.value(inner) for inner in cast("list[Any]", value)], "]")
            case tuple():
                items = [self.value(inner) for inner in cast("tuple[Any, ...]", value)]
                return Bracketed("(", items, ")", is_tuple=True)
            case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
                return Bracketed(f"{self._class(type(value))}(", [*self._given(value, positional=True)], ")")
            case _:
                raise TypeError(type(value).__name__)

    def name(self, module: str, name: str) -> str:
        """*name*, which is imported from *module*."""
        self.imported.setdefault(module, set()).add(name.partition(".")[0])
        return name

    def _given(self, value: Any, *, positional: bool) -> Iterator[Item]:
        for own in dataclasses.fields(value):
            given = getattr(value, own.name)
            is_needed = own.default is dataclasses.MISSING and own.default_factory is dataclasses.MISSING
            if positional and is_needed and not own.kw_only:
                yield self.value(given)
            elif is_needed or not _is(given, own):
                yield Labelled(own.name, "=", self.value(given))

    def _secret(self, secret: Secret) -> Expression:
        variable = self._variables[secret.reference]
        arguments: list[Item] = [text_literal(variable.name)]
        if variable.as_type is not str:
            made = variable.as_type
            module, name = getattr(made, "__module__", ""), getattr(made, "__qualname__", "")
            arguments.append(name if module == "builtins" else self._dotted(module.partition(".")[0], name))
        return Bracketed(f"{self.name(self._secrets_home, 'EnvVar')}(", arguments, ")")

    @property
    def _secrets_home(self) -> str:
        return self._module if "EnvVar" in self._public else "dagster_managed_elements"

    def _dotted(self, module: str, name: str) -> str:
        self.imported.setdefault(module, set())
        return f"{module}.{name}"

    def _spelled(self, value: object, spelled: Spelled) -> Expression:
        home, _, rest = spelled.name.partition(".")
        of = type(value)
        name = f"{self._class(of)}.{rest}" if home == of.__name__ and rest else self._class(of)
        if spelled.arguments is None:
            return name
        return Bracketed(f"{name}(", [self.value(argument) for argument in spelled.arguments], ")")

    def _class(self, of: type[Any]) -> str:
        """Its name as users import it: from the public module, or from a module among the names of that."""
        if self._public.get(of.__name__) is of:
            return self.name(self._module, of.__name__)
        for name, inner in self._public.items():
            if isinstance(inner, ModuleType) and inner.__name__ == of.__module__ and name in self._listed:
                return self.name(self._module, f"{name}.{of.__name__}")
        return self.name(of.__module__, of.__name__)

    @property
    def _listed(self) -> Iterable[str]:
        return cast("Iterable[str]", self._public.get("__all__", ()))


def _is(given: Any, own: dataclasses.Field[Any]) -> bool:
    """Whether it is what the field has by default."""
    if own.default is not dataclasses.MISSING:
        return given is own.default or (type(given) is type(own.default) and bool(given == own.default))
    factory = cast("Any", own.default_factory)
    return bool(given == factory())
