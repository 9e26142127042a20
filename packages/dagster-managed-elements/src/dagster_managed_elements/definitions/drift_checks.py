"""Asset checks that fail where what is there is not what is declared: one read a place, a check for each connection
and one for each reconciler. Dagster reads the annotations of what it calls, so they are not put off here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final, TypeAlias, cast

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckKey,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    Definitions,
    In,
    Nothing,
    Out,
    RepositoryDefinition,
    RetryPolicy,
    op,
)

from dagster_managed_elements.definitions.drift import (
    TWICE,
    Drift,
    Finding,
    Reconcilers,
    Severities,
    Unknown,
    closure,
    declared,
    find_drift,
    named,
    of_one_instance,
    pool_of,
    weights,
)
from dagster_managed_elements.definitions.filling import ConnectionOf, Filled, connection_of, filled
from dagster_managed_elements.definitions.translating import input_name
from dagster_managed_elements.definitions.triggers import Location, filled_in, location_of, repository_of, starters
from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.reconciler import Reconciler, SecretsFrom, versions_of
from dagster_managed_elements.reconciling import Versions

CHECK: Final = "drift"
Assets: TypeAlias = "Iterable[AssetsDefinition | AssetSpec | Iterable[AssetsDefinition | AssetSpec]]"


class DriftUnknown(ManagedElementsError):
    """Some place could not be looked at, so that nobody can say whether it drifted."""


def unknown_drift(places: Iterable[Unknown]) -> DriftUnknown:
    said = "; ".join(f"{place.name}: {place.error}" for place in places)
    return DriftUnknown(f"Whether there is drift is not known: {said}")


def build_drift_checks(
    reconcilers: Reconcilers,
    *,
    assets: Assets = (),
    connection_of: ConnectionOf = connection_of,
    on: Mapping[str, AssetKey] | None = None,
    severities: Severities | None = None,
    secrets: SecretsFrom = "server",
    blocking: bool = False,
    pool: str | None = None,
    concurrency: int = Settings().concurrency,
    retry_policy: RetryPolicy | None = None,
) -> list[AssetChecksDefinition]:
    """Asset checks named `drift`: one on each asset that a connection fills, which says whether that connection,
    its source, its destination and all else it refers to are as declared; and one for each reconciler, which says
    it of all its elements, and what is there that nobody declares.

    All checks of an instance are one op: it looks once, and writes nothing. In a run that materialises too, the
    checks wait for all assets of the instance, and where a sync fails none of them runs: schedule them by
    themselves, and block where all connections stand or fall together.

    Args:
        reconcilers: Whose declarations; several by their names, or as a mapping of names.
        assets: What connections fill, such as `build_connection_assets` or `load_assets_from_connections` made;
            assets of no declared connection get no check. Of a connection that fills none of them, the code
            location tells what else starts it.
        connection_of: The name of the connection that fills an asset; by itself its metadata tells.
        on: At which asset the check of a reconciler stands, by its name; by itself at `managed_elements/<name>`,
            which `build_reconciler_assets` makes.
        severities: What other than the default a sort of finding is; None lets the check pass.
        secrets: "server" finds those too that somebody else changed there, by a read for each element of which the
            state knows a version; "local" does without.
        blocking: Whether nothing downstream of an asset is materialised in a run in which its check fails as an
            error.
        pool: The concurrency pool of the ops; `{instance}` in it stands for the instance, so that each has its own.
        concurrency: How many requests an op has in flight at most.
        retry_policy: Of the ops: a place that cannot be reached is looked at again.

    Raises:
        DeclarationError: Where a reconciler has no name or one that is taken, *severities* has another sort,
            *secrets* is another word, *assets* has what is none, or reconcilers of several instances declare the
            connection that fills an asset: its name does not tell which of them it is.
    """
    given = named(reconcilers)
    weighed, versions = weights(severities), versions_of(secrets, "where recorded")
    specs = [spec for asset in assets for spec in _specs(asset)]
    fills = filled(given, specs, connection_of, remedy=_ONE_BY_ONE)
    ops: list[AssetChecksDefinition] = []
    settings = Settings(concurrency=concurrency)
    for key, group in of_one_instance(given).items():
        targets = list(_targets(group, fills, on or {}))
        ops.append(
            _checks(
                group,
                targets,
                partial(_filled_in, given=given, fills=fills, connection_of=connection_of),
                weighed,
                settings,
                versions=versions,
                blocking=blocking,
                pool=pool_of(pool, key),
                retry_policy=retry_policy,
            )
        )
    return ops


def _specs(asset: object) -> Iterator[AssetSpec]:
    """Of what is iterable, such as what `load_assets_from_connections` returns, those of all that is in it."""
    if isinstance(asset, AssetSpec):
        yield asset
    elif isinstance(asset, AssetsDefinition):
        yield from asset.specs
    elif isinstance(asset, Iterable) and not isinstance(asset, str):
        for inner in cast("Iterable[object]", asset):
            yield from _specs(inner)
    else:
        raise DeclarationError(f"assets= takes assets and their specs, not {type(asset).__name__}.")


_ONE_BY_ONE: Final = "call build_drift_checks once for each reconciler, with the assets of its own"
_BY_FUNCTION: Final = "call find_double_triggers once for each, with a connection_of= that knows its assets"


def build_reconciler_assets(reconcilers: Reconcilers) -> list[AssetSpec]:
    """An asset for each reconciler, in the group `managed_elements`, for its check to be seen at. Nothing makes it:
    it stands for what is declared.

    Args:
        reconcilers: As given to `build_drift_checks`.

    Raises:
        DeclarationError: Where a reconciler has no name or one that is taken.
    """
    return [
        AssetSpec(reconciler_key(name), group_name="managed_elements", description=_OWN, kinds={"python"})
        for name in named(reconcilers)
    ]


_OWN: Final = "All that is declared there; its check says whether it is as declared, and what is there besides."


def reconciler_key(name: str) -> AssetKey:
    return AssetKey(["managed_elements", name])


def find_double_triggers(
    defs: Definitions | RepositoryDefinition,
    reconcilers: Reconcilers,
    *,
    connection_of: ConnectionOf = connection_of,
) -> list[Finding]:
    """The connections that have a schedule at their server, as declared or as observed, and are materialised by an
    enabled schedule or automation condition of *defs* too. Enabled is what is so by its default status: what was
    turned on or off in Dagster's UI, the drift checks know.

    Looks at each place once, and writes nothing.

    Args:
        defs: What Dagster starts, of one code location.
        reconcilers: As given to `build_drift_checks`.
        connection_of: The name of the connection that fills an asset; None for an asset that none fills.

    Raises:
        ManagedElementsError: Where a place cannot be looked at.
        DeclarationError: Where reconcilers of several instances declare the connection that fills an asset.
    """
    repository = repository_of(defs)
    given = named(reconcilers)
    fills = filled_in(repository, given, connection_of, remedy=_BY_FUNCTION)
    findings: list[Finding] = []
    for found in find_drift(given, starters(Location(repository), given, lambda: fills)).values():
        if isinstance(found, Unknown):
            raise found.error
        findings += (finding for finding in found.findings if finding.sort == TWICE)
    return findings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A check: at which asset it stands, whose it is, and of which element, of all if None."""

    asset: AssetKey
    reconciler: str
    root: Key | None = None

    @property
    def key(self) -> AssetCheckKey:
        return AssetCheckKey(self.asset, CHECK)


def _checks(
    reconcilers: Mapping[str, Reconciler],
    targets: Sequence[_Target],
    fillers: Callable[[RepositoryDefinition], Filled],
    severities: Severities,
    settings: Settings,
    *,
    versions: Versions,
    blocking: bool,
    pool: str | None,
    retry_policy: RetryPolicy | None,
) -> AssetChecksDefinition:
    # Of the keys Dagster would make names itself, which need not be any, nor different ones.
    names = {target: input_name(target.asset) for target in targets}
    specs = {
        f"{names[target]}_{CHECK}": AssetCheckSpec(
            CHECK, asset=target.asset, blocking=blocking, description=_description(target)
        )
        for target in targets
    }

    @op(
        name=input_name(AssetKey([f"drift_{next(iter(reconcilers))}"])),  # whatever other calls make
        ins={name: In(_NOTHING) for name in names.values()},
        out={name: Out(None, is_required=False) for name in specs},
        pool=pool,
        retry_policy=retry_policy,
    )
    def drift(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        selected = context.selected_asset_check_keys
        wanted = [target for target in targets if target.key in selected]
        location = location_of(context.op_execution_context)
        started = (
            starters(location, reconcilers, lambda: fillers(location.repository)) if location is not None else None
        )
        found = find_drift(reconcilers, started, versions=versions, settings=settings)
        elements = {name: declared(reconciler.elements) for name, reconciler in reconcilers.items()}

        @cache
        def concerned(reconciler: str, root: Key) -> frozenset[Key]:
            return closure([root], elements[reconciler])

        unknown: dict[str, Unknown] = {}
        for target in wanted:
            match found[target.reconciler]:
                case Unknown() as place:
                    unknown[target.reconciler] = place
                case drift:
                    own = drift
                    if target.root is not None:
                        own = own.of(target.root.name, concerned(target.reconciler, target.root))
                    yield _result(target, own, severities)
        if unknown:
            raise unknown_drift(unknown.values()) from next(iter(unknown.values())).error

    return AssetChecksDefinition.create(
        node_def=drift,
        resource_defs={},
        keys_by_input_name={name: target.asset for target, name in names.items()},
        check_specs_by_output_name=specs,
        can_subset=True,
    )


_NOTHING: Any = Nothing


def _filled_in(
    repository: RepositoryDefinition, given: Mapping[str, Reconciler], fills: Filled, connection_of: ConnectionOf
) -> Filled:
    """What fills an asset there, whether it has a check or not: what *fills* those that have one, fills the others
    that are made with them. Of an element that fills none of them, nobody said which are its own: its name tells.
    """
    beside: dict[AssetKey, tuple[str, Key]] = {}
    for asset, (name, root) in fills.items():
        if (made := repository.assets_defs_by_key.get(asset)) is not None:
            beside |= {spec.key: (name, root) for spec in made.specs if connection_of(spec) == root.name}
    told = set(fills.values())
    by_name = filled_in(repository, given, connection_of)
    return {**{asset: filler for asset, filler in by_name.items() if filler not in told}, **beside, **fills}


def _result(target: _Target, drift: Drift, severities: Severities) -> AssetCheckResult:
    severity = drift.severity(severities)
    return AssetCheckResult(
        passed=severity is None,
        asset_key=target.asset,
        check_name=CHECK,
        severity=severity or AssetCheckSeverity.ERROR,
        description=f"{drift.name}: {drift.summary}",
        metadata=drift.metadata(),
    )


def _targets(
    reconcilers: Mapping[str, Reconciler],
    fills: Filled,
    on: Mapping[str, AssetKey],
) -> Iterator[_Target]:
    own = {name: on.get(name, reconciler_key(name)) for name in reconcilers}
    for name, asset in own.items():
        yield _Target(asset=asset, reconciler=name)
    for asset, (name, root) in fills.items():
        if name in reconcilers and asset not in own.values():
            yield _Target(asset=asset, reconciler=name, root=root)


def _description(target: _Target) -> str:
    if target.root is None:
        return f"Whether everything {target.reconciler} declares is as declared."
    return f"Whether {target.root}, and what it refers to, is as declared."
