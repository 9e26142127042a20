"""Assets of declared connections: one multi-asset each, built without asking anybody, and how it materialises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetMaterialization,
    AssetOut,
    AssetsDefinition,
    AssetSpec,
    Failure,
    MaterializeResult,
    Nothing,
    RetryPolicy,
    multi_asset,
)

from dagster_managed_elements.definitions.drift import INSTANCE
from dagster_managed_elements.definitions.following import Following, follow
from dagster_managed_elements.definitions.ports import Amounts, Job, StreamId, StreamProps, SyncedConnection
from dagster_managed_elements.definitions.translating import SyncTranslator, input_name, op_name, output_name
from dagster_managed_elements.engine.concurrency import run_blocking
from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError, Unauthorized

Materialized: TypeAlias = MaterializeResult[Any] | AssetMaterialization


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """How assets are built. *change* is given each spec of the translator's; *key_prefix* comes before its key.

    *io_manager_key* names, for a connection, what loads its tables where others take them as arguments; a run asks
    *following* how its sync is followed.
    """

    translator: SyncTranslator = field(default_factory=SyncTranslator)
    change: Callable[[StreamProps, AssetSpec], AssetSpec] = lambda _props, spec: spec
    key_prefix: Sequence[str] = ()
    io_manager_key: Callable[[str], str | None] = lambda _connection: None
    retry_policy: RetryPolicy | None = None
    pool: str | None = None
    op_tags: Mapping[str, Any] | None = None
    following: Callable[[], Following] = Following

    def __post_init__(self) -> None:
        """Raises DeclarationError for a translator of Dagster's own: it asks a stream for what it does not have.
        For a pool of `{instance}` too: where assets are made, nobody knows what instances are called.
        """
        if INSTANCE in (self.pool or ""):
            raise DeclarationError(f"pool= of assets is a name as it is, without {INSTANCE}: {self.pool!r}.")
        given = cast("object", self.translator)
        if not isinstance(given, SyncTranslator):
            name = (given if isinstance(given, type) else type(given)).__name__
            raise DeclarationError(
                f"translator= wants an object of a SyncTranslator, not {name}: derive it from SyncTranslator of "
                "dagster_managed_elements.definitions, whose get_asset_spec is told of a stream."
            )


def build_assets(
    connections: Iterable[SyncedConnection], building: Building | None = None
) -> list[AssetsDefinition]:
    """A multi-asset for each connection, with an asset for each stream that it syncs; none for one without streams.

    Args:
        connections: As an integration hands them over.
        building: How they become assets; left out, as `build_connection_assets` does with nothing else given.

    Raises:
        DeclarationError: Where two streams would be one asset.
    """
    how = building or Building()
    specs = [(connection, _specs(connection, how)) for connection in connections if connection.streams]
    _refuse_twins(specs)
    return [_built(connection, by_stream, how) for connection, by_stream in specs]


def _specs(connection: SyncedConnection, how: Building) -> dict[StreamId, AssetSpec]:
    return {props.id: _spec(props, how) for props in connection.streams}


def _spec(props: StreamProps, how: Building) -> AssetSpec:
    spec = how.change(props, how.translator.get_asset_spec(props))
    return _changed(spec, key=spec.key.with_prefix(how.key_prefix)) if how.key_prefix else spec


def _changed(spec: AssetSpec, **attributes: Any) -> AssetSpec:
    return cast("Any", spec).replace_attributes(**attributes)


def _refuse_twins(specs: Iterable[tuple[SyncedConnection, Mapping[StreamId, AssetSpec]]]) -> None:
    owners: dict[AssetKey, str] = {}
    for connection, by_stream in specs:
        for (namespace, name), spec in by_stream.items():
            owner = f"{f'{namespace}.' if namespace else ''}{name} of the connection {connection.name!r}"
            if spec.key in owners:
                raise DeclarationError(
                    f"{owners[spec.key]} and {owner} would be one asset, {spec.key.to_user_string()}; give the "
                    "connections prefixes, build each with a key_prefix of its own, or use a translator."
                )
            owners[spec.key] = owner


def _built(connection: SyncedConnection, specs: Mapping[StreamId, AssetSpec], how: Building) -> AssetsDefinition:
    names = {props.id: output_name(props) for props in connection.streams}
    streams = {output: identity for identity, output in names.items()}
    deps = {identity: list(spec.deps) for identity, spec in specs.items()}
    keys = {spec.key for spec in specs.values()}
    partitioned = {identity for identity, spec in specs.items() if spec.partitions_def is not None}

    def synced(context: AssetExecutionContext) -> Iterator[Materialized]:
        job = _run(context, connection, how.following)
        # Keys may have got a prefix since; outputs have the names that they had.
        for output, key in context.assets_def.node_keys_by_output_name.items():
            stream = streams[output]
            metadata = _moved(connection.integration, job, job.streams.get(stream))
            yield from _materialized(context, key, metadata, is_partitioned=stream in partitioned)

    synced.__annotations__ = {"context": AssetExecutionContext}  # Dagster reads it, and knows no text for it
    return multi_asset(
        name=op_name(connection.integration, connection.name, how.key_prefix, keys),
        outs={
            names[identity]: AssetOut.from_spec(
                _changed(spec, deps=[]) if deps[identity] else spec,
                dagster_type=Nothing,
                is_required=False,
                io_manager_key=how.io_manager_key(connection.name),
            )
            for identity, spec in specs.items()
        },
        ins={
            input_name(dep.asset_key): _upstream(dep)
            for listed in deps.values()
            for dep in listed
            if dep.asset_key not in keys
        },
        internal_asset_deps={
            names[identity]: {dep.asset_key for dep in listed} for identity, listed in deps.items() if listed
        }
        or None,
        can_subset=True,
        retry_policy=how.retry_policy,
        pool=how.pool,
        op_tags=how.op_tags,
    )(synced)


def _upstream(dep: AssetDep) -> AssetIn:
    """As an input that is not loaded: of a dep by itself Dagster makes a name of the key, which need not be one."""
    return AssetIn(key=dep.asset_key, partition_mapping=dep.partition_mapping, dagster_type=_NOTHING)


_NOTHING: Any = Nothing


def _materialized(
    context: AssetExecutionContext, key: AssetKey, metadata: Mapping[str, Any], *, is_partitioned: bool
) -> Iterator[Materialized]:
    """Of a sync, which moves every stream of its connection, whichever of them are selected."""
    if key in context.selected_asset_keys:
        yield MaterializeResult(asset_key=key, metadata=metadata)
        return
    of_run = context.has_partition_key or context.has_partition_key_range
    for partition in context.partition_keys if is_partitioned and of_run else [None]:
        yield AssetMaterialization(asset_key=key, metadata=metadata, partition=partition)


def _run(context: AssetExecutionContext, connection: SyncedConnection, following: Callable[[], Following]) -> Job:
    """The job, which succeeded. Failure says why it did not, or why there is none."""

    async def run(_stop: object) -> Job:
        async with connection.open() as syncs:
            return await follow(syncs, how, context.log.info)

    try:
        how = following()
        job = run_blocking(run, winds_up=False)
    except ManagedElementsError as error:
        raise Failure(str(error), allow_retries=not isinstance(error, _SAME_NEXT_TIME)) from error
    if job.status != "succeeded":
        said = f": {job.reason}" if job.reason and job.status == "failed" else "."
        raise Failure(
            f"The sync of the connection {connection.name} {_ENDS[job.status]} (job {job.id}){said}",
            metadata=_moved(connection.integration, job, None),
        )
    return job


_SAME_NEXT_TIME: Final = (DeclarationError, Unauthorized)
_ENDS: Final[Mapping[str, str]] = {"failed": "failed", "cancelled": "was cancelled"}


def _moved(integration: str, job: Job, stream: Amounts | None) -> dict[str, Any]:
    """What is known in numbers: of the stream, where the API tells of streams, and of the job."""
    told = {
        "job_id": job.id,
        "rows": stream and stream.rows,
        "bytes": stream and stream.bytes,
        "job_rows": job.total.rows,
        "job_bytes": job.total.bytes,
    }
    return {f"{integration}/{name}": value for name, value in told.items() if value is not None}
