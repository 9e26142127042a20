"""What a user's module exposes: elements at an Airbyte, however that Airbyte is given."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, Protocol, runtime_checkable

from dagster_managed_elements.airbyte.elements import AirbyteConnection
from dagster_managed_elements.airbyte.instance import AirbyteInstance
from dagster_managed_elements.airbyte.resources.upstream import UpstreamResource, adopt
from dagster_managed_elements.engine.elements import Element, plain
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Instance, Session, Settings
from dagster_managed_elements.reconciler import Reconciler


@runtime_checkable
class AirbyteResourceLike(Protocol):
    """A Dagster resource that says which instance it stands for, once Dagster has resolved its configuration."""

    def airbyte_instance(self) -> AirbyteInstance: ...


@dataclass(frozen=True, eq=False)
class DeferredInstance(Instance):
    """An instance whose address is known only when it is needed: a resource configured from the environment. It is
    that of whoever else was given this very resource.
    """

    resource: AirbyteResourceLike

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeferredInstance) and other.resource is self.resource

    def __hash__(self) -> int:
        return id(self.resource)

    @asynccontextmanager
    async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
        async with self.resource.airbyte_instance().connect(settings) as session:
            yield session

    def airbyte_instance(self) -> AirbyteInstance:
        """Raises DeclarationError where the environment does not have what it takes."""
        return self.resource.airbyte_instance()

    def told(self, *names: str) -> Any:
        """What the resource, or that of Dagster's which it stands for, says under the first of *names* that it has;
        a `Secret` where the environment says it, and None where there is nothing of the kind.
        """
        given = self.resource.resource if isinstance(self.resource, UpstreamResource) else self.resource
        return next((plain(getattr(given, name)) for name in names if hasattr(given, name)), None)


class AirbyteManagedElementReconciler(Reconciler):
    """What a module exposes for `dagster-me`: connections, with their sources and destinations, at an Airbyte.

    Args:
        airbyte: An `AirbyteInstance`, a configured `airbyte_resource`, an `AirbyteResource`, or one of the
            resources and workspaces of Dagster's own dagster-airbyte.
        connections: What is to be there, each with its source, its destination and its tags.
        delete_unmentioned_resources: Whether what else is in the workspace is deleted, once the user has agreed;
            tags and connectors only of the sorts of which one is declared. "owned": only what this reconciler
            created or adopted, as the state knows, and nobody else declares.
        elements: Sources, destinations, tags, connectors and the workspace itself, that no connection has.
        policy: What may be destroyed without being asked about.
        state: The URL of what is remembered between runs: `file://`, `s3://`, `gs://` or `az://`.
        name: By which the state knows what is this reconciler's; no other one has it.

    Raises:
        DeclarationError: Where *airbyte* is something else, or an element is none.
    """

    def __init__(
        self,
        airbyte: Any,
        connections: Sequence[AirbyteConnection] = (),
        delete_unmentioned_resources: bool | Literal["owned"] = False,  # noqa: FBT001, FBT002 - upstream's third positional parameter
        *,
        elements: Sequence[Element] = (),
        policy: Policy | None = None,
        state: str | None = None,
        name: str = "",
    ) -> None:
        super().__init__(
            instance_of(airbyte),
            (*(elements or ()), *(connections or ())),
            delete_unmentioned_resources=delete_unmentioned_resources,
            policy=policy,
            state=state,
            name=name,
        )

    def build_assets(self, **how: Any) -> Sequence[Any]:
        """The assets of its connections in Dagster, as `build_connection_assets` makes them: what a component asks
        for. Raises ImportError where Dagster is not there.

        Args:
            **how: Keywords of that function.
        """
        return import_module("dagster_managed_elements.airbyte").build_connection_assets(self, **how)


def instance_of(airbyte: Any) -> Instance:
    """DeclarationError where *airbyte* is nothing that says which Airbyte is meant."""
    if isinstance(airbyte, Instance):
        return airbyte
    if isinstance(airbyte, AirbyteResourceLike):
        return DeferredInstance(airbyte)
    if (adopted := adopt(airbyte)) is not None:
        return DeferredInstance(adopted)
    text = (
        "airbyte= wants an AirbyteInstance, the airbyte_resource or AirbyteResource of "
        "dagster_managed_elements.airbyte, or an AirbyteResource, AirbyteWorkspace, AirbyteCloudResource or "
        f"AirbyteCloudWorkspace of dagster-airbyte, not {type(airbyte).__name__}"
    )
    raise DeclarationError(text)
