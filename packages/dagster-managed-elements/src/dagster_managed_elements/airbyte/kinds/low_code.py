"""Low-code connectors: a manifest under versions that only grow, one of which is in use.

What was published stays: a change of the manifest is one more version. Sources made of it are not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, cast

from dagster_managed_elements.airbyte.connector_elements import AirbyteLowCodeConnector
from dagster_managed_elements.airbyte.gateways import LONGEST_NAME, Gateway
from dagster_managed_elements.airbyte.kinds.definitions import taken_along
from dagster_managed_elements.airbyte.manifests import specification, stream_names
from dagster_managed_elements.airbyte.references import LOW_CODE_CONNECTOR, SOURCE_DEFINITION
from dagster_managed_elements.airbyte.registries import Limits, LowCode
from dagster_managed_elements.airbyte.wire import Specification, Unreadable
from dagster_managed_elements.engine.adoption import AdoptContext, Adopted, not_adopted
from dagster_managed_elements.engine.changes import (
    Change,
    Create,
    Declared,
    Delete,
    FieldChange,
    Observed,
    Pair,
    Update,
)
from dagster_managed_elements.engine.findings import Consequence, Notice, Problem
from dagster_managed_elements.engine.kinds import Kind, ResolveContext
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import ABSENT, Ids, Path, equal, leaves

MANIFEST, VERSION, DESCRIPTION = "manifest", "active version", "description"
_NO_PROJECT: Final = (
    "the Builder of this workspace has no project of it: it was built in another workspace of the organization, "
    "or its project was deleted"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LowCodeFacts:
    """What resolving found: what the declared manifest says of a configuration, and whether the declared version is
    there to be put into use.
    """

    specification: Specification | None = None
    is_published: bool = False


class LowCodeKind(Kind):
    name: ClassVar[str] = LOW_CODE_CONNECTOR
    longest_name: ClassVar[int | None] = LONGEST_NAME
    on_demand: ClassVar[bool] = True

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._imaged: set[str] = set()

    def elsewhere(self, name: str) -> str:
        return SOURCE_DEFINITION if name in self._imaged else ""

    async def observe(self) -> Sequence[Observed]:
        definitions = await self._gateway.definitions("source")  # which the registry asks for, too
        self._imaged = {
            known.name for known in definitions if isinstance(known, Unreadable) or not known.is_low_code
        }
        return [
            Observed(
                kind=self.name,
                name=connector.name,
                id=connector.id,
                fields={VERSION: connector.version},
                raw=connector,
            )
            for connector in await self._gateway.registry.low_code()
        ]

    async def adopt(self, observed: Sequence[Observed], context: AdoptContext) -> Sequence[Adopted | Notice]:
        """With the manifest that is in use."""
        found: list[Adopted | Notice] = []
        for there in observed:
            connector = cast("LowCode", there.raw)
            if connector.project is None or connector.version is None:
                found.append(not_adopted(there.key, _NO_PROJECT))
                continue
            published = await self._gateway.registry.published(connector, connector.version)
            element = AirbyteLowCodeConnector(there.name, manifest=published.manifest)
            context.elements[there.ref] = element
            found.append(Adopted(element=element, group=there.name))
        return found

    async def find(self, name: str) -> Sequence[Observed]:
        self._gateway.registry.forget()
        return await super().find(name)

    async def resolve(self, pairs: Sequence[Pair], context: ResolveContext) -> Sequence[Pair | Problem | Notice]:
        """What is not declared and was built in another workspace is kept back: it is not deleted from here."""
        del context
        if not pairs:
            return []
        limits = await self._gateway.registry.limits()
        found: list[Pair | Problem | Notice] = []
        for pair in pairs:
            if pair.declared is None:
                found += [pair] if pair.observed and cast("LowCode", pair.observed.raw).project else []
            else:
                found += await self._resolved(pair.declared, pair.observed, limits)
        return found

    async def _resolved(
        self, declared: Declared, observed: Observed | None, limits: Limits
    ) -> Sequence[Pair | Problem]:
        known: Specification | None = None
        if (manifest := declared.fields.get(MANIFEST)) is not None:
            if lacking := list(_lacking(declared, manifest)):
                return lacking
            known = specification(manifest)
        declared = replace(declared, facts=LowCodeFacts(specification=known))
        if refused := list(_refused(declared, observed, limits)):
            return refused
        if observed is None:
            return [Pair(declared, None)]
        return await self._compared(declared, observed)

    async def _compared(self, declared: Declared, observed: Observed) -> Sequence[Pair | Problem]:
        connector, registry = cast("LowCode", observed.raw), self._gateway.registry
        if connector.project is None or connector.version is None:
            return [Problem(declared.key, (), f"{_NO_PROJECT}; it cannot be changed from here")]
        wanted, manifest = declared.fields.get(VERSION, connector.version), declared.fields.get(MANIFEST)
        fields: dict[str, Any] = {**observed.fields, DESCRIPTION: declared.fields.get(DESCRIPTION)}
        if manifest is not None:
            fields[MANIFEST] = (await registry.published(connector, connector.version)).manifest
        versions = [wanted] if wanted == connector.version else await registry.versions(connector)
        is_published = VERSION in declared.fields and wanted in versions
        if manifest is None and not is_published:
            listed = ", ".join(map(str, sorted(versions)))
            return [Problem(declared.key, (VERSION,), f"version {wanted} was not published, only {listed}")]
        if manifest is not None and is_published:
            there = await registry.published(connector, wanted) if wanted != connector.version else None
            if not equal(there.manifest if there else fields[MANIFEST], manifest):
                return [_taken(declared, wanted)]
        facts = replace(cast("LowCodeFacts", declared.facts), is_published=is_published)
        return [Pair(replace(declared, facts=facts), replace(observed, fields=fields))]

    async def create(self, declared: Declared, ids: Ids) -> str:
        del ids
        fields = declared.fields
        return await self._gateway.registry.create_low_code(
            declared.key.name,
            fields[MANIFEST],
            version=fields.get(VERSION, 1),
            description=fields.get(DESCRIPTION, ""),
        )

    async def update(self, change: Update, ids: Ids) -> None:
        del ids
        changed, fields = {field.path[0] for field in change.fields}, change.declared.fields
        registry, connector = self._gateway.registry, cast("LowCode", change.observed.raw)
        if "name" in changed:
            await registry.rename_low_code(connector, change.declared.key.name)
        if _publishes(change):
            await registry.publish(
                connector, fields[MANIFEST], version=fields.get(VERSION), description=fields.get(DESCRIPTION, "")
            )
        elif VERSION in changed:
            await registry.activate(connector, fields[VERSION])

    async def delete(self, observed: Observed) -> None:
        await self._gateway.registry.delete_low_code(cast("LowCode", observed.raw))

    def consequences(self, change: Change) -> Iterable[Consequence]:
        for consequence in super().consequences(change):
            yield taken_along(consequence, "source") if isinstance(change, Delete) else consequence
        if isinstance(change, Update) and _publishes(change) and cast("LowCode", change.observed.raw).has_draft:
            text = f"{change.key}: what is in Airbyte's Builder of it and was not published is lost"
            yield Consequence(change.key, "draft-lost", text)

    def show(self, change: Change) -> Iterable[FieldChange]:
        """Of a new one the names of its streams; of a changed one what differs, inside of lists too."""
        for changed in super().show(change):
            before, after = changed.before, changed.after
            if isinstance(change, Create) and changed.path == (MANIFEST,):
                yield FieldChange(("streams",), ABSENT, stream_names(after))
            elif isinstance(before, list) and isinstance(after, list):
                yield from _between(changed.path, before, after)
            else:
                yield changed


def _publishes(change: Update) -> bool:
    """Whether it takes a new version; one that is there already is put into use."""
    facts = cast("LowCodeFacts", change.declared.facts)
    changed = {field.path[0] for field in change.fields} & {MANIFEST, VERSION}
    return bool(changed) and not facts.is_published


def _lacking(declared: Declared, manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """What Airbyte fails on, and says nothing of."""
    if not isinstance(manifest.get("version"), str):
        text = "a manifest needs the version of the CDK that it is written for, such as version: 6.48.0"
        yield Problem(declared.key, (MANIFEST, "version"), text)
    if any(isinstance(leaf, Secret) for leaf in leaves(manifest)):
        text = "everybody can read a manifest; what is secret belongs into the configuration of its sources"
        yield Problem(declared.key, (MANIFEST,), text)
    if specification(manifest) is None:
        text = "a manifest needs spec: with a connection_specification: what a source of it is configured with"
        yield Problem(declared.key, (MANIFEST, "spec"), text)


def _refused(declared: Declared, observed: Observed | None, limits: Limits) -> Iterator[Problem]:
    if VERSION in declared.fields and limits.active_versions is not None:
        yield Problem(declared.key, (VERSION,), limits.active_versions)
    elif limits.low_code is not None:
        yield Problem(declared.key, (), limits.low_code)
    elif observed is None and MANIFEST not in declared.fields:
        yield Problem(declared.key, (MANIFEST,), "there is no low-code connector of this name; a new one needs it")
    if observed is not None and declared.key.name != observed.name and limits.low_code_renames is not None:
        yield Problem(declared.key, ("name",), limits.low_code_renames)


def _taken(declared: Declared, version: int) -> Problem:
    text = (
        f"version {version} was published with another manifest, and what was published does not change; leave "
        "active_version out to publish this one under the next number"
    )
    return Problem(declared.key, (VERSION,), text)


def _inside(path: Path, before: list[Any], after: list[Any]) -> Iterator[FieldChange]:
    """What differs between two lists, item by item: by the names of the items where all have one, in one order."""
    names = [_names(before), _names(after)]
    is_named = all(names) and [n for n in names[0] if n in names[1]] == [n for n in names[1] if n in names[0]]
    is_in_pairs = len(before) == len(after) and all(isinstance(item, Mapping) for item in (*before, *after))
    if not (is_named or is_in_pairs):
        yield FieldChange(path, before, after)
        return
    sides = [
        dict(zip(name if is_named else map(str, range(len(side))), side, strict=True))
        for name, side in zip(names, (before, after), strict=True)
    ]
    yield from _between(path, sides[0], sides[1])


def _between(path: Path, before: Any, after: Any) -> Iterator[FieldChange]:
    if equal(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        old, new = cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", after)
        for key in {**old, **new}:
            yield from _between((*path, key), old.get(key, ABSENT), new.get(key, ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _inside(path, cast("list[Any]", before), cast("list[Any]", after))
    else:
        yield FieldChange(path, before, after)


def _names(items: list[Any]) -> list[str]:
    """The names of all *items*, none where one has none or two have the same."""
    found = [cast("Mapping[str, Any]", item).get("name") for item in items if isinstance(item, Mapping)]
    names = [name for name in found if isinstance(name, str)]
    return names if len(set(names)) == len(items) else []
