"""Declared Airbyte connections as Dagster's assets: by upstream's function, and by one that takes what is new."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, Final, cast

from dagster import AssetKey, AssetsDefinition, AssetSpec, AutomationCondition, FreshnessPolicy, RetryPolicy

from dagster_managed_elements.airbyte.declared_syncs import known_streams, synced_connection
from dagster_managed_elements.airbyte.elements import AirbyteConnection
from dagster_managed_elements.airbyte.instance import AirbyteInstance
from dagster_managed_elements.airbyte.reconciliation import DeferredInstance, instance_of
from dagster_managed_elements.airbyte.resources.dagster import AirbyteResourceDefinition
from dagster_managed_elements.airbyte.snapshots import read_snapshot
from dagster_managed_elements.airbyte.stream_names import StreamName
from dagster_managed_elements.definitions.assets import Building, build_assets
from dagster_managed_elements.definitions.following import Following
from dagster_managed_elements.definitions.ports import StreamProps, SyncedConnection
from dagster_managed_elements.definitions.translating import SyncTranslator, cleaned
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.kinds import Instance
from dagster_managed_elements.engine.secrets import Secret, reveal
from dagster_managed_elements.reconciler import Reconciler

if TYPE_CHECKING:
    from dagster_managed_elements.definitions.loaded_assets import LoadedAssets


@dataclass(frozen=True, slots=True, kw_only=True)
class AirbyteConnectionMetadata:
    """What upstream's callables are told of a connection.

    Args:
        name: Of the connection.
        stream_prefix: Of its tables.
        stream_data: Its streams, as `{"stream": {"name": ..., "namespace": ...}}`.
        destination: Its destination, as `{"name": ..., "destinationName": ...}`.
        has_basic_normalization: Always False: no Airbyte that is still kept has it.
    """

    name: str
    stream_prefix: str = ""
    stream_data: Sequence[Mapping[str, Any]] = ()
    destination: Mapping[str, Any] = field(default_factory=dict[str, Any])
    has_basic_normalization: bool = False


def build_connection_assets(
    airbyte: Any,
    connections: Iterable[AirbyteConnection] | None = None,
    *,
    translator: SyncTranslator | None = None,
    key_prefix: str | Sequence[str] | None = None,
    group_name: str | None = None,
    owners: Sequence[str] | None = None,
    tags: Mapping[str, str] | None = None,
    deps: Iterable[Any] | None = None,
    automation_condition: AutomationCondition[Any] | None = None,
    freshness_policy: FreshnessPolicy | None = None,
    io_manager_key: str | None = None,
    retry_policy: RetryPolicy | None = None,
    pool: str | None = None,
    op_tags: Mapping[str, Any] | None = None,
    streams: Mapping[str, Sequence[StreamName]] | None = None,
    snapshot: str | PathLike[str] | None = None,
    poll_interval: float | None = None,
    cancel_on_termination: bool | None = None,
    forward_logs: bool | None = None,
) -> list[AssetsDefinition]:
    """Assets of declared connections, one multi-asset each with an asset for each stream. No server is asked.

    Args:
        airbyte: Which Airbyte syncs them: a reconciler, or what one takes.
        connections: Those that are wanted; by itself all of the reconciler.
        translator: Makes the spec of each asset.
        key_prefix: Before the key of each.
        group_name: Of all; by itself each connection has a group of its name.
        owners: Of all, beside what the translator says, as all that follow.
        tags: Of all.
        deps: Upstream of all.
        automation_condition: Of all.
        freshness_policy: Of all.
        io_manager_key: What loads a table where another asset takes it as an argument.
        retry_policy: Of each sync that fails.
        pool: Whose limit counts for each sync.
        op_tags: Of the op that syncs.
        streams: By connection, the streams that its source has, where it is declared with patterns.
        snapshot: A file that `dagster-me snapshot` wrote, which tells streams and columns.
        poll_interval: Seconds between two looks at a sync, 10 by itself.
        cancel_on_termination: Whether a sync is cancelled with its run, True by itself.
        forward_logs: Whether a run logs what its sync does, True by itself.

    Raises:
        DeclarationError: Where an asset cannot be told from the declaration, or would be there twice.
    """
    upstream = list(deps or ())
    own = {
        "group_name": group_name,
        "automation_condition": automation_condition,
        "freshness_policy": freshness_policy,
    }
    replaced = {name: value for name, value in own.items() if value is not None}

    def change(_props: StreamProps, spec: AssetSpec) -> AssetSpec:
        loose: Any = spec
        if owners or tags or upstream:
            loose = loose.merge_attributes(owners=owners or ..., tags=tags or ..., deps=upstream or ...)
        return loose.replace_attributes(**replaced) if replaced else loose

    building = Building(
        translator=translator or SyncTranslator(),
        change=change,
        key_prefix=_prefix(key_prefix),
        io_manager_key=lambda _connection: io_manager_key,
        retry_policy=retry_policy,
        pool=pool,
        op_tags=op_tags,
        following=following_of(airbyte, poll_interval, cancels=cancel_on_termination, forwards_logs=forward_logs),
    )
    return build_assets(synced_connections(airbyte, connections, streams=streams, snapshot=snapshot), building)


def load_assets_from_connections(  # noqa: PLR0917 - upstream's signature
    airbyte: Any,
    connections: Iterable[AirbyteConnection],
    key_prefix: str | Sequence[str] | None = None,
    create_assets_for_normalization_tables: bool | None = None,  # noqa: FBT001 - upstream's fourth positional
    connection_to_group_fn: Callable[[str], str | None] | None = cleaned,
    connection_meta_to_group_fn: Callable[[AirbyteConnectionMetadata], str | None] | None = None,
    io_manager_key: str | None = None,
    connection_to_io_manager_key_fn: Callable[[str], str | None] | None = None,
    connection_to_asset_key_fn: Callable[[AirbyteConnectionMetadata, str], AssetKey] | None = None,
    connection_to_freshness_policy_fn: Callable[[AirbyteConnectionMetadata], Any] | None = None,
    *,
    streams: Mapping[str, Sequence[StreamName]] | None = None,
    snapshot: str | PathLike[str] | None = None,
) -> LoadedAssets:
    """Assets of declared connections, by upstream's name and parameters, as one object for
    `Definitions(assets=[...])`; iterating over it gives each multi-asset. No server is asked, and that what is
    declared is applied is for a check to say.

    Args:
        airbyte: Which Airbyte syncs them: a reconciler, or what one takes.
        connections: Those that are wanted.
        key_prefix: Before the key of each asset.
        create_assets_for_normalization_tables: Ignored, with a warning: there is no normalization any more.
        connection_to_group_fn: The group of a connection's assets, by its name.
        connection_meta_to_group_fn: The same, by more than its name.
        io_manager_key: What loads a table where another asset takes it as an argument.
        connection_to_io_manager_key_fn: The same, by the name of a connection.
        connection_to_asset_key_fn: The key of a table, behind *key_prefix*.
        connection_to_freshness_policy_fn: The freshness policy of a connection's assets.
        streams: By connection, the streams that its source has, where it is declared with patterns.
        snapshot: A file that `dagster-me snapshot` wrote, which tells streams and columns.

    Raises:
        DeclarationError: Where an asset cannot be told from the declaration, or would be there twice, and where two
            parameters say the same thing.
    """
    # Dagster has no public name for what it stands on: whoever does without it does not need it to be there.
    from dagster_managed_elements.definitions.loaded_assets import LoadedAssets

    if create_assets_for_normalization_tables is not None:
        warnings.warn(_NO_NORMALIZATION, UserWarning, stacklevel=2)
    if io_manager_key and connection_to_io_manager_key_fn:
        raise DeclarationError("Give io_manager_key= or connection_to_io_manager_key_fn=, not both.")
    by_name = connection_to_group_fn if connection_to_group_fn is not cleaned else None
    if by_name and connection_meta_to_group_fn:
        raise DeclarationError("Give connection_to_group_fn= or connection_meta_to_group_fn=, not both.")
    found = synced_connections(airbyte, connections, streams=streams, snapshot=snapshot)
    metadata = {connection.name: _metadata(connection) for connection in found}

    def change(props: StreamProps, spec: AssetSpec) -> AssetSpec:
        told = metadata[props.connection_name]
        attributes: dict[str, Any] = {}
        if connection_meta_to_group_fn is not None:
            attributes["group_name"] = connection_meta_to_group_fn(told)
        elif connection_to_group_fn is not cleaned:
            attributes["group_name"] = connection_to_group_fn and connection_to_group_fn(told.name)
        if connection_to_asset_key_fn is not None:
            attributes["key"] = connection_to_asset_key_fn(told, props.table_name)
        policy = connection_to_freshness_policy_fn and connection_to_freshness_policy_fn(told)
        if policy is not None:
            attributes["freshness_policy" if isinstance(policy, FreshnessPolicy) else _LEGACY_POLICY] = policy
        return cast("Any", spec).replace_attributes(**attributes) if attributes else spec

    building = Building(
        change=change,
        key_prefix=_prefix(key_prefix),
        io_manager_key=connection_to_io_manager_key_fn or (lambda _connection: io_manager_key),
        following=following_of(airbyte),
    )
    return LoadedAssets(build_assets(found, building))


_NO_NORMALIZATION = (
    "create_assets_for_normalization_tables= is ignored: normalization left Airbyte in 1.0, and there are no "
    "assets for its tables; leave it out."
)
_LEGACY_POLICY = "legacy_freshness_policy"


def synced_connections(
    airbyte: Any,
    connections: Iterable[AirbyteConnection] | None = None,
    *,
    streams: Mapping[str, Sequence[StreamName]] | None = None,
    snapshot: str | PathLike[str] | None = None,
) -> list[SyncedConnection]:
    """Declared connections as Dagster's room takes them, whoever makes something of them.

    Args:
        airbyte: A reconciler, or what one takes.
        connections: Those that are wanted; by itself all of the reconciler.
        streams: By connection, the streams that its source has, where it is declared with patterns.
        snapshot: A file that `dagster-me snapshot` wrote.

    Raises:
        DeclarationError: Where what a connection syncs cannot be told.
    """
    given = _instance(airbyte)
    instance = given.airbyte_instance if isinstance(given, DeferredInstance) else lambda: given
    wanted = _declared(airbyte) if connections is None else _listed(connections)
    known = dict(read_snapshot(given, snapshot)) if snapshot is not None else {}
    known |= {name: known_streams(listed) for name, listed in (streams or {}).items()}
    if unknown := (streams or {}).keys() - {connection.name for connection in wanted}:
        raise DeclarationError(f"streams= speaks of {', '.join(sorted(unknown))}, which is no connection here.")
    return [synced_connection(connection, instance, known.get(connection.name)) for connection in wanted]


def _declared(airbyte: Any) -> list[AirbyteConnection]:
    if not isinstance(airbyte, Reconciler):
        raise DeclarationError("connections= is missing: only a reconciler has some of its own.")
    return [element for element in airbyte.elements if isinstance(element, AirbyteConnection)]


def _listed(connections: object) -> list[AirbyteConnection]:
    text = "connections= wants AirbyteConnections in a list, not {}."
    if not isinstance(connections, Iterable) or isinstance(connections, (str, Mapping)):
        raise DeclarationError(text.format(type(cast("object", connections)).__name__))
    listed = list(cast("Iterable[object]", connections))
    for connection in listed:
        if not isinstance(connection, AirbyteConnection):
            raise DeclarationError(text.format(type(connection).__name__))
    return cast("list[AirbyteConnection]", listed)


def _instance(airbyte: Any) -> AirbyteInstance | DeferredInstance:
    """A resource may be configured from an environment that only a run has: it is asked when it is needed."""
    instance: Instance = airbyte.instance if isinstance(airbyte, Reconciler) else instance_of(airbyte)
    if isinstance(instance, (AirbyteInstance, DeferredInstance)):
        return instance
    raise DeclarationError(f"Assets are synced by an Airbyte, not by {type(instance).__name__}.")


def _prefix(key_prefix: str | Sequence[str] | None) -> Sequence[str]:
    return [key_prefix] if isinstance(key_prefix, str) else list(key_prefix or ())


_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "poll_interval": ("poll_interval",),
    "cancels": ("cancel_sync_on_run_termination", "cancel_on_termination"),
    "forwards_logs": ("forward_logs",),
    "poll_timeout": ("poll_timeout",),
}
"""What resources call it, ours and those of dagster-airbyte."""


def following_of(
    airbyte: Any,
    poll_interval: float | None = None,
    *,
    cancels: bool | None = None,
    forwards_logs: bool | None = None,
) -> Callable[[], Following]:
    """What is not given is what the resource says, and else what is usual. A run asks, as it does for the instance;
    what can be told to be wrong before raises DeclarationError at once.
    """
    instance = _instance(airbyte)
    given = {"poll_interval": poll_interval, "cancels": cancels, "forwards_logs": forwards_logs}
    own: dict[str, Any] = {name: value for name, value in given.items() if value is not None}

    def following() -> Following:
        said = {name: reveal(value) for name, value in _said(instance).items()}
        return Following(**{**{name: value for name, value in said.items() if value is not None}, **own})

    if _is_plain(instance):
        following()
    return following


def _is_plain(instance: AirbyteInstance | DeferredInstance) -> bool:
    """Whether a resource, where there is one, says how syncs are followed without an environment."""
    if isinstance(instance, DeferredInstance) and isinstance(instance.resource, AirbyteResourceDefinition):
        return False
    return not any(isinstance(value, Secret) for value in _said(instance).values())


def _said(instance: AirbyteInstance | DeferredInstance) -> Mapping[str, Any]:
    if isinstance(instance, AirbyteInstance):
        return {}
    if isinstance(definition := instance.resource, AirbyteResourceDefinition):
        configured = definition.configuration()
        return {name: configured.get(words[0]) for name, words in _WORDS.items()}
    return {name: instance.told(*words) for name, words in _WORDS.items()}


def _metadata(connection: SyncedConnection) -> AirbyteConnectionMetadata:
    """Of a connection with streams; of one without nobody asks."""
    first = next(iter(connection.streams), None)
    return AirbyteConnectionMetadata(
        name=connection.name,
        stream_prefix=first.stream_prefix if first else "",
        stream_data=[
            {"stream": {"name": props.stream_name, "namespace": props.namespace}} for props in connection.streams
        ],
        destination={"name": first.destination_name, "destinationName": first.destination_type} if first else {},
    )
