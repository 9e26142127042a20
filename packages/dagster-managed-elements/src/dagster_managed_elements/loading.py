"""`package.module[:attribute,attribute.nested]` into reconcilers, each object once, in the order they are written.

What is wrong with a user's module is said in one line with the user's own file and line, as a DeclarationError.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.kinds import Instance
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.tracebacks import described, raised_by_user
from dagster_managed_elements.types import ManagedElementReconciler


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A reconciler, and the path it was found at: `package.module:attribute`."""

    path: str
    reconciler: ManagedElementReconciler


def load(target: str, directory: Path | None = None) -> list[Loaded]:
    """The reconcilers *target* names, importable from *directory*, by default the current one.

    Raises DeclarationError where there is none, or where the module cannot be imported.
    """
    name, colon, attributes = target.partition(":")
    module = import_module(name, directory)
    if colon:
        return _distinct(_named(module, path.strip()) for path in attributes.split(","))
    if found := reconcilers_of(module):
        return found
    raise DeclarationError(_nothing_found(module))


def reconcilers_of(module: ModuleType) -> list[Loaded]:
    """Every reconciler in *module*; one that has several names is listed once, by a public one if it has any."""
    named = [
        Loaded(path=f"{module.__name__}:{name}", reconciler=value)
        for name, value in vars(module).items()
        if isinstance(value, ManagedElementReconciler)
    ]
    public = {id(loaded.reconciler): loaded for loaded in reversed(named) if ":_" not in loaded.path}
    return _distinct(public.get(id(loaded.reconciler), loaded) for loaded in named)


def load_file(file: Path) -> list[Loaded]:
    """The reconcilers in *file*, a module or the `__init__.py` of a package, under a name that no other has.

    Raises DeclarationError where it cannot be imported. No bytecode is kept of it.
    """
    name = f"_{file.parent.name if file.name == '__init__.py' else file.stem}_{len(sys.modules)}"
    folder = [str(file.parent)] if file.name == "__init__.py" else None
    spec = spec_from_file_location(name, file, submodule_search_locations=folder)
    if spec is None or spec.loader is None:
        raise DeclarationError(f"{file} is no Python module.")
    module = module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise DeclarationError(described(error)) from error
    finally:
        sys.dont_write_bytecode = before
        for other in [imported for imported in sys.modules if imported == name or imported.startswith(f"{name}.")]:
            del sys.modules[other]
    return reconcilers_of(module)


def load_instance(target: str, directory: Path | None = None) -> tuple[str, Instance]:
    """The instance that *target* names, `package.module:attribute`, or that of the reconciler it names; and where.

    Raises DeclarationError where it is neither, or cannot be imported.
    """
    name, colon, path = target.partition(":")
    if not colon or not path:
        raise DeclarationError(f"Say which instance of it is meant: {name}:airbyte, say.")
    module = import_module(name, directory)
    value: Any = module
    for depth, part in enumerate(parts := path.split(".")):
        value = _attribute(module, value, ".".join(parts[:depth]), part)
    if isinstance(value, Reconciler):
        return f"{target}.instance", value.instance
    if not isinstance(value, Instance):
        more = " Pass it to a reconciler, and name that." if not isinstance(value, (type, ModuleType)) else ""
        raise DeclarationError(
            f"{module.__name__}:{path} is {_what(value)}, neither an instance nor a reconciler.{more}"
        )
    return target, value


def _distinct(found: Iterable[Loaded]) -> list[Loaded]:
    seen: dict[int, Loaded] = {}
    for loaded in found:
        seen.setdefault(id(loaded.reconciler), loaded)
    return list(seen.values())


def import_module(name: str, directory: Path | None = None) -> ModuleType:
    """Import *name* with *directory* first on the path, so that no package elsewhere of that name wins."""
    _check_name(name)
    folder = str((directory or Path.cwd()).resolve())
    if sys.path[:1] != [folder]:
        sys.path.insert(0, folder)
    importlib.invalidate_caches()
    _check_free(name.partition(".")[0], folder)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not raised_by_user(error):
            raise DeclarationError(_not_there(name, error, folder)) from error
        raise DeclarationError(described(error)) from error
    except (Exception, SystemExit) as error:
        raise DeclarationError(described(error)) from error


def _check_name(name: str) -> None:
    if all(part.isidentifier() for part in name.split(".")):
        return
    file = Path(name or ".")
    dotted = ".".join((*file.parent.parts, file.stem)).strip("./")
    hint = f" Give it with dots: {dotted}" if file.suffix == ".py" or len(file.parts) > 1 else ""
    message = f"{name!r} is not the name of a module.{hint}"
    raise DeclarationError(message)


def _check_free(top: str, folder: str) -> None:
    """A module of this name that is already imported, from elsewhere, would win over the one in *folder*."""
    here = PathFinder.find_spec(top, [folder])
    taken = getattr(sys.modules.get(top), "__file__", None)
    if top not in sys.modules or here is None or not here.origin:
        return
    if taken is None or Path(taken).resolve() != Path(here.origin).resolve():
        message = (
            f"The module {top} in {folder} cannot be imported: {taken or 'a built-in module'} has that name. "
            "Rename yours."
        )
        raise DeclarationError(message)


def _not_there(name: str, error: ModuleNotFoundError, folder: str) -> str:
    parent, _, last = name.rpartition(".")
    missing = error.name or name
    text = f"There is no module {missing} in {folder} or among the installed packages."
    if last == "py" and parent in sys.modules:
        return f"{name} is a file. Give the module's name: {parent}"
    if missing == name and parent in sys.modules and not hasattr(sys.modules[parent], "__path__"):
        return f"{parent} is a module, not a package. To select {last} in it, write {parent}:{last}"
    around = getattr(sys.modules.get(missing.rpartition(".")[0]), "__path__", [folder])
    near = _nearest(missing.rpartition(".")[2], [module.name for module in iter_modules(around)])
    return text + (near or " Name another folder with --working-directory.")


def _named(module: ModuleType, path: str) -> Loaded:
    if not path:
        message = f"An attribute is missing after the colon: {module.__name__}:reconciler, say."
        raise DeclarationError(message)
    value: Any = module
    for depth, name in enumerate(parts := path.split(".")):
        value = _attribute(module, value, ".".join(parts[:depth]), name)
    if not isinstance(value, ManagedElementReconciler):
        message = f"{module.__name__}:{path} is {_what(value)}, not a reconciler.{_remedy(value)}"
        raise DeclarationError(message)
    return Loaded(path=f"{module.__name__}:{path}", reconciler=value)


def _attribute(module: ModuleType, owner: Any, where: str, name: str) -> Any:
    try:
        return getattr(owner, name)
    except Exception as error:
        if isinstance(error, AttributeError) and not raised_by_user(error):
            raise DeclarationError(_no_attribute(module, owner, where, name)) from error
        raise DeclarationError(described(error)) from error


def _no_attribute(module: ModuleType, owner: object, where: str, name: str) -> str:
    public = [public_name for public_name in dir(owner) if not public_name.startswith("_")]
    here = f"{module.__name__}:{where}" if where else module.__name__
    return f"{here} has no attribute {name!r}.{_nearest(name, public) or _listed(module)}"


def _nearest(name: str, candidates: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, candidates, n=3, cutoff=0.6)
    return f" Nearest: {', '.join(near)}." if near else ""


def _listed(module: ModuleType) -> str:
    names = [loaded.path.partition(":")[2] for loaded in reconcilers_of(module)]
    return f" Its reconcilers: {', '.join(names)}." if names else " It has no reconciler at all."


def _what(value: object) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, ModuleType):
        return "a module"
    if inspect.isroutine(value):
        return "a function"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _remedy(value: object) -> str:
    if isinstance(value, type) and issubclass(value, ManagedElementReconciler):
        return " Make an instance of it."
    return " Pass it to a reconciler, and name that." if isinstance(value, Element) else ""


def _nothing_found(module: ModuleType) -> str:
    elements = [name for name, value in vars(module).items() if isinstance(value, Element)]
    hint = (
        f" Pass what it declares ({', '.join(elements[:3])}{' ...' if len(elements) > 3 else ''}) to one."
        if elements
        else " Assign one to a variable of the module."
    )
    return f"The module {module.__name__} has no reconciler.{hint}"
