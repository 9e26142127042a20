"""A place as Python source: one module, or a package with a file for each group of what is there. Pure.

The same place is the same text, whatever order a server answers in; what changed there changes its own lines.
"""

from __future__ import annotations

import builtins
import keyword
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dagster_managed_elements.engine.adoption import Adopted, Adoption, digest, slug
from dagster_managed_elements.engine.elements import key_of
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.writing.expressions import Expressions
from dagster_managed_elements.writing.layout import WIDTH, Bracketed, Item, Labelled, assigned
from dagster_managed_elements.writing.literals import comment_text

MARK: Final = "# Written by `dagster-me export"
"""How the first line of every file begins that an export may overwrite."""

_ADVICE: Final = "which writes it anew. Take out this line once you edit it."
_SHARED: Final = "shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a place is had from: an *attribute*, which may have dots, of a module of the user's; and how the export
    was asked for, in the words of its *command*.
    """

    module: str
    attribute: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaring:
    """What the declarations of a place are written with: the *module* of their names, and its *reconciler*."""

    module: str
    reconciler: str


def module_text(adoption: Adoption, origin: Origin, declaring: Declaring) -> str:
    """All of it in one module."""
    names = variable_names(adoption.adopted, _reserved(origin, declaring))
    written = Expressions(declaring.module, names, adoption.variables)
    bodies = [
        assigned(names[key_of(adopted.element)], written.element(adopted.element)) for adopted in adoption.adopted
    ]
    listed = [names[key] for key in _alone(adoption.adopted, written.referred)]
    ending = _reconciler(written, origin, declaring, [*listed])
    return _file([*_header(origin), *_about(adoption)], _imports(written.imported, {}, origin), [*bodies, ending])


def package_texts(adoption: Adoption, origin: Origin, declaring: Declaring) -> dict[str, str]:
    """By file name: one for each group, one for what is shared, and `__init__.py` with the reconciler."""
    names = variable_names(adoption.adopted, _reserved(origin, declaring))
    homes = _homes(adoption.adopted, _reserved(origin, declaring))
    stems = sorted(set(homes.values()), key=lambda stem: (stem != _SHARED, stem))
    writers = {stem: Expressions(declaring.module, names, adoption.variables) for stem in stems}
    bodies: dict[str, list[str]] = defaultdict(list)
    for adopted in adoption.adopted:
        stem = homes[key_of(adopted.element)]
        bodies[stem].append(assigned(names[key_of(adopted.element)], writers[stem].element(adopted.element)))
    referred = {key for written in writers.values() for key in written.referred}
    texts: dict[str, str] = {}
    unpacked: list[str] = []
    for stem in stems:
        listed: list[Item] = [names[key] for key in _alone(adoption.adopted, referred) if homes[key] == stem]
        if listed:
            unpacked.append(stem)
            bodies[stem].append(assigned("elements", Bracketed("[", listed, "]")))
        elsewhere: dict[str, set[str]] = defaultdict(set)
        for key in writers[stem].referred:
            if homes[key] != stem:
                elsewhere[f".{homes[key]}"].add(names[key])
        imports = _imports(writers[stem].imported, elsewhere, None)
        texts[f"{stem}.py"] = _file([*_header(origin)], imports, bodies[stem])
    whole = Expressions(declaring.module, names, ())
    ending = _reconciler(whole, origin, declaring, [f"*{stem}.elements" for stem in unpacked])
    imports = _imports(whole.imported, {".": set(unpacked)} if unpacked else {}, origin)
    return {"__init__.py": _file([*_header(origin), *_about(adoption)], imports, [ending]), **texts}


def variable_names(adopted: Iterable[Adopted], reserved: Collection[str]) -> dict[Key, str]:
    """By key, in order: the name and the kind of each as an identifier. One that is taken gets a digest."""
    names: dict[Key, str] = {}
    taken = {*reserved, *keyword.kwlist, *keyword.softkwlist, *vars(builtins)}
    for key in (key_of(entry.element) for entry in adopted):
        name, kind = slug(key.name, of=key), slug(key.kind, of=key)
        if name[:1].isdecimal():
            name = f"{kind}_{name}"
        elif not (name == kind or name.startswith(f"{kind}_") or name.endswith(f"_{kind}")):
            name = f"{name}_{kind}"
        names[key] = f"{name}_{digest(key)}" if name in taken else name
        taken.add(names[key])
    return names


def _reserved(origin: Origin, declaring: Declaring) -> set[str]:
    return {
        "reconciler",
        "elements",
        "mappers",
        "json",
        _instance_name(origin).partition(".")[0],
        declaring.reconciler,
    }


def _instance_name(origin: Origin) -> str:
    """As the module calls it: another word than its own where they are the same."""
    first, dot, rest = origin.attribute.partition(".")
    return (
        f"given_{first}{dot}{rest}" if first in {"reconciler", "elements", "mappers", "json"} else origin.attribute
    )


def _homes(adopted: Sequence[Adopted], reserved: Collection[str]) -> dict[Key, str]:
    """The file of each, by its group, or that of what it refers to."""
    groups: dict[Key, str] = {}
    for entry in adopted:
        of_parts = (groups.get(key_of(part), "") for part in entry.element.parts())
        groups[key_of(entry.element)] = entry.group or next(filter(None, of_parts), "")
    stems: dict[str, str] = {"": _SHARED}
    for group in sorted(set(groups.values()) - {""}):
        key = Key("group", group)
        stem = slug(group, of=key)
        taken = {*reserved, *stems.values(), *keyword.kwlist}
        stems[group] = f"of_{stem}_{digest(key)}" if stem in taken or stem[:1].isdecimal() else stem
    return {key: stems[group] for key, group in groups.items()}


def _alone(adopted: Iterable[Adopted], referred: Collection[Key]) -> Iterator[Key]:
    """Those that are not declared along with another."""
    return (key for key in (key_of(entry.element) for entry in adopted) if key not in referred)


def _reconciler(written: Expressions, origin: Origin, declaring: Declaring, listed: list[Item]) -> str:
    name = written.name(declaring.module, declaring.reconciler)
    elements = Labelled("elements", "=", Bracketed("[", listed, "]"))
    return assigned("reconciler", Bracketed(f"{name}(", [_instance_name(origin), elements], ")"))


def _header(origin: Origin) -> Iterator[str]:
    yield f"{MARK}{comment_text(origin.command)}`, {_ADVICE}"


def _about(adoption: Adoption) -> Iterator[str]:
    if adoption.variables:
        yield "#"
        yield "# Its secrets are read from these environment variables:"
        yield from (f"#   {variable.name}" for variable in adoption.variables)
    if adoption.notices:
        yield "#"
        yield "# What it does not declare:"
        for notice in adoption.notices:
            path = "".join(f", {step}" for step in notice.path)
            yield comment_text(f"#   {notice.key.name}{path}: {notice.text}")


def _imports(
    imported: Mapping[str, Iterable[str]], elsewhere: Mapping[str, Iterable[str]], origin: Origin | None
) -> list[str]:
    """In groups: of the standard library, of the library, of the user's own, of the same package."""
    plain = [f"import {module}" for module, names in sorted(imported.items()) if not names]
    libraries = [_import(module, names) for module, names in sorted(imported.items()) if names]
    own: list[str] = []
    if origin is not None:
        first, alias = origin.attribute.partition(".")[0], _instance_name(origin).partition(".")[0]
        own = [_import(origin.module, [first if first == alias else f"{first} as {alias}"])]
    near = [_import(module, names) for module, names in sorted(elsewhere.items())]
    return ["\n".join(group) for group in (plain, libraries, own, near) if group]


def _import(module: str, names: Iterable[str]) -> str:
    listed = sorted(names, key=lambda name: (not name.isupper(), name[:1].islower(), name))
    line = f"from {module} import {', '.join(listed)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in listed), ")"])


def _file(head: Iterable[str], imports: Sequence[str], bodies: Sequence[str]) -> str:
    return "\n\n".join(["\n".join(head), *imports, *bodies]) + "\n"
