"""For the reference: the table of a class's parameters has those too that a base class tells of."""

from __future__ import annotations

from typing import Any

from griffe import Class, DocstringParameter, DocstringSectionParameters, Extension, Module


class InheritedParameters(Extension):
    def on_package(self, *, pkg: Module, **_: Any) -> None:
        for cls in _classes(pkg):
            if (own := _table(cls)) is None:
                continue
            told: dict[str, DocstringParameter] = {}
            for relative in [*reversed(cls.mro()), cls]:
                if (table := _table(relative)) is not None:
                    told.update({parameter.name.lstrip("*"): parameter for parameter in table.value})
            own.value = [told[parameter.name] for parameter in cls.parameters if parameter.name in told]


def _classes(of: Module | Class) -> list[Class]:
    inside = [
        member for member in of.members.values() if not member.is_alias and (member.is_module or member.is_class)
    ]
    return [
        *(member for member in inside if member.is_class),
        *(deep for member in inside for deep in _classes(member)),
    ]


def _table(cls: Class) -> DocstringSectionParameters | None:
    sections = cls.docstring.parsed if cls.docstring else []
    return next((section for section in sections if isinstance(section, DocstringSectionParameters)), None)
