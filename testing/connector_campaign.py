"""What is promised of every connector's configuration, asked of the library in every way that connectors are met.

Each promise that is not kept is a `Miss`: which connector, where, and what was seen. None is hidden.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any, Literal, TypeAlias

import anyio
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.secrets import sounds_secret
from dagster_managed_elements.engine.values import walk
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result, check
from dagster_managed_elements.rendering import notices, text
from dagster_managed_elements.rendering.documents import Verb, document
from dagster_managed_elements.rendering.markdown import comment
from dagster_managed_elements.rendering.sections import Section

from testing.connector_cases import Case, Path, bases, cases, found, is_secret, parts, put, said, without
from testing.corpus import Connector
from testing.drawing import SECRET, Schema, identical
from testing.registry_airbyte import SERVERS, Registry, Server, registry

Promise: TypeAlias = Literal["masked", "in sync", "seen", "sent", "told", "refused"]


@dataclass(frozen=True, slots=True, order=True)
class Miss:
    """A *promise* that was not kept of a *connector*, at a path, as far as there is one."""

    connector: str
    promise: Promise
    where: str


def campaign(
    folder: FilePath, server: Server, connectors: Sequence[Connector], *, turns: int = 1, served: bool = False
) -> list[Miss]:
    """All promises: of what is created, in sync, changed, deleted.

    With as many *turns* as there are servers, each asks for its part of them, and all of them for everything.
    """
    turn = SERVERS.index(server)
    numbered = ((one, number, base) for one in connectors for number, base in enumerate(bases(one)))
    whole = {
        f"{one} #{number}": (one, base) for one, number, base in numbered if number % turns in {0, turn % turns}
    }
    listed = ((number, case) for one in connectors for number, case in enumerate(cases(one), len(one.name)))
    changed = {f"{case.connector} {number}": case for number, case in listed if number % turns == turn % turns}
    misses: list[Miss] = []
    with registry(folder / "created", server, connectors, served=served) as there:
        misses += _refused(there, whole)
        misses += _created(there, whole)
    with registry(folder / "held", server, connectors, served=served) as there:
        there.hold((one, name, base) for name, (one, base) in whole.items())
        misses += _in_sync(there, whole)
    with registry(folder / "changed", server, connectors, served=served) as there:
        there.hold((case.connector, name, case.before) for name, case in changed.items())
        misses += _changed(there, changed)
    return sorted(set(misses))


Whole: TypeAlias = Mapping[str, tuple[Connector, Schema]]


def _created(there: Registry, whole: Whole) -> Iterator[Miss]:
    result = applied(there, [there.element(one, name, base) for name, (one, base) in whole.items()])
    assert result.error is None, result.error
    yield from leaks(shown(result, "apply"), whole.values())
    held = there.held()
    for name, (one, base) in whole.items():
        if name not in held or not identical(held[name], base):
            yield Miss(str(one), "sent", "as it is created")


def _refused(there: Registry, whole: Whole) -> Iterator[Miss]:
    """By the check, since secrets are of a wrong type, and by a server that says again what it was sent."""
    wrong = {name: _wrapped(base) for name, (_, base) in whole.items()}
    broken = checked(there, [there.element(one, name, wrong[name]) for name, (one, _) in whole.items()])
    assert there.server.public or broken.error is not None
    refusing = replace(there, refuses=True)
    failed = applied(refusing, [there.element(one, name, base) for name, (one, base) in whole.items()])
    assert failed.report is not None, failed.error
    assert {outcome.status for outcome in failed.report.outcomes} == {"failed"}
    yield from leaks(shown(broken, "check") + shown(failed, "apply"), whole.values())


def _wrapped(base: Schema) -> Schema:
    for path in secrets(base):
        base = put(base, path, {"value": found(base, path)})
    return base


def _in_sync(there: Registry, whole: Whole) -> Iterator[Miss]:
    result = checked(there, [there.element(one, name, base) for name, (one, base) in whole.items()])
    assert result.plan is not None, result.error
    for entry in result.plan.entries:
        yield Miss(
            str(whole[entry.key.name][0]), "in sync", ", ".join(_dotted(field.path) for field in entry.fields)
        )
    doomed = checked(there, [], delete=True)
    assert doomed.plan is not None
    assert len(doomed.plan.entries) == len(whole)
    yield from leaks(shown(result, "check") + shown(doomed, "check"), whole.values())


def _changed(there: Registry, changed: Mapping[str, Case]) -> Iterator[Miss]:
    result = applied(there, [there.element(case.connector, name, case.after) for name, case in changed.items()])
    assert result.error is None, result.error
    assert result.plan is not None
    assert result.report is not None
    yield from leaks(
        shown(result, "apply"),
        [(case.connector, side) for case in changed.values() for side in (case.before, case.after)],
    )
    entries = {entry.key.name: entry for entry in result.plan.entries}
    announced = defaultdict[str, str](str)
    for consequence in result.plan.consequences:
        announced[consequence.key.name] += consequence.text
    refused = {outcome.step.key.name for outcome in result.report.outcomes if outcome.status == "failed"}
    held, bodies = there.held(), dict(there.bodies())
    for name, case in changed.items():
        where = f"{case.what} {_generic(case.path)}"
        seen = {field.path for field in entries[name].fields} if name in entries else set[Path]()
        differing = set(differences(case.connector.spec, case.before, case.after))
        optional = defaults_gone(case, differing) if there.server.tells_defaults else set[Path]()
        guessed = seen if there.server.is_known else set(map(_listed, seen))
        if not differing - optional <= guessed <= differing:
            yield Miss(str(case.connector), "seen", where)
        if name in refused:
            yield Miss(str(case.connector), "refused", where)
        elif not identical(without_all(held[name], optional - seen), without_all(case.after, optional - seen)):
            yield Miss(str(case.connector), "sent", where)
        for path in secrets(bodies.get(name)):
            is_changed = any(path[: len(one)] == one for one in seen)
            if not is_changed and _dotted(path) not in announced[name]:
                yield Miss(str(case.connector), "told", where)


def leaks(printed: str, of: Iterable[tuple[Connector, Schema]]) -> Iterator[Miss]:
    """The secrets of drawn configurations that were *printed*."""
    tokens = set(re.findall(f"{SECRET}[0-9a-f]{{16}}", printed))
    if not tokens and SECRET in printed:
        raise AssertionError("a part of a secret was printed")
    for connector, configuration in of if tokens else ():
        for path in secrets(configuration):
            if any(token in str(found(configuration, path)) for token in tokens):
                yield Miss(str(connector), "masked", _generic(path))


def secrets(value: Any) -> Iterator[Path]:
    """Where in *value* secrets stand that were drawn."""
    return (path for path, leaf in walk(value) if isinstance(leaf, str) and SECRET in leaf)


def differences(schema: Schema, before: Any, after: Any, path: Path = ()) -> Iterator[Path]:
    """The paths at which a check shows two configurations to differ: where one side has nothing, and at lists
    whole. Of a secret only that it is there can be told.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            if key in before and key in after:
                yield from differences(schema, before[key], after[key], (*path, key))
            else:
                yield (*path, key)
    elif not identical(_blanked(schema, before, path), _blanked(schema, after, path)):
        yield path


def _blanked(schema: Schema, value: Any, path: Path) -> Any:
    if is_secret(schema, path):
        return "secret"
    if isinstance(value, dict):
        return {key: _blanked(schema, inner, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_blanked(schema, inner, (*path, str(number))) for number, inner in enumerate(value)]
    return value


def defaults_gone(case: Case, differing: Iterable[Path]) -> set[Path]:
    """Where something is no longer declared that the schema has as its default anyhow: no difference to anybody."""
    gone = {path for path in differing if _is_gone(case, path)}
    return gone | {
        path
        for path in differing
        if case.what == "removed" and _is_gone(case, case.path) and path == case.path[: len(path)]
    }


def _is_gone(case: Case, path: Path) -> bool:
    schemas = [case.connector.spec]
    for key in path:
        schemas = said(schemas, key)
    try:
        found(case.after, path)
    except KeyError:
        return any(_is_default(part, found(case.before, path)) for schema in schemas for part in parts(schema))
    return False


def _listed(path: Path) -> Path:
    """The list at whose item a change is shown: what sounds like secrets is, alone in its list, by item."""
    number = next((number for number, key in enumerate(path) if key.isdecimal()), len(path))
    return path[:number] if any(map(sounds_secret, path[:number])) else path


def without_all(value: Any, paths: Iterable[Path]) -> Any:
    for path in paths:
        with suppress(KeyError):
            value = without(value, path)
    return value


def _is_default(schema: Schema, value: Any) -> bool:
    if "default" in schema and identical(schema["default"], value):
        return True
    if "const" in schema or len(schema.get("enum") or ()) == 1:
        return True  # it has no other value
    inside = value.items() if isinstance(value, dict) else ()
    told = [[part for one in said([schema], key) for part in parts(one)] for key, _ in inside]
    return bool(told) and all(
        any(_is_default(part, inner) for part in here) for here, (_, inner) in zip(told, inside, strict=True)
    )


def _dotted(path: Path) -> str:
    return ".".join(path)


def _generic(path: Path) -> str:
    return ".".join("*" if key.isdecimal() else key for key in path)


def shown(result: Result, verb: Verb) -> str:
    """All that a run prints, in every format, and more."""
    section = Section(of=("m:r",), place=result.place, plan=result.plan, report=result.report, error=result.error)
    lines = [*text.headed([section], several=False), *notices.summarised([section])]
    if result.report is not None:
        lines += [*text.outcomes(result.report, done=True), text.totals([result.report])]
    return "\n".join(
        [*lines, document(verb, [section], 0), comment(verb, [section]), str(result.error), repr(result)]
    )


def checked(there: Registry, elements: Sequence[Element], *, delete: bool = False) -> Result:
    reconciler = Reconciler(there, elements, delete_unmentioned_resources=delete)
    (result,) = anyio.run(check, [reconciler], Options())
    return result


def applied(there: Registry, elements: Sequence[Element]) -> Result:
    async def agree(_plan: Plan) -> Policy:
        return Policy(allow_all=True)

    async def go() -> list[Result]:
        return await apply([Reconciler(there, elements)], Options(decide=agree), anyio.Event())

    (result,) = anyio.run(go)
    return result
