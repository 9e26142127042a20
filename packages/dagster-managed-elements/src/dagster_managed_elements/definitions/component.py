"""What `defs.yaml` says as definitions: a module's reconcilers, their assets, drift checks and jobs.

Nothing is asked of a server while it is loaded. Pydantic reads the annotations, so they are not put off here.
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, cast

from dagster import (
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetsDefinition,
    Component,
    ComponentLoadContext,
    DefaultScheduleStatus,
    Definitions,
    JobDefinition,
    Model,
    ResolutionContext,
    Resolvable,
    Resolver,
    RetryPolicy,
    ScheduleDefinition,
)
from dagster.components import Scaffolder, ScaffoldRequest, scaffold_component, scaffold_with
from pydantic import BaseModel, Field

from dagster_managed_elements.definitions.drift import Severities, Sort, of_one_instance, told_apart, worded
from dagster_managed_elements.definitions.drift_automation import build_drift_schedule
from dagster_managed_elements.definitions.drift_checks import build_drift_checks, build_reconciler_assets
from dagster_managed_elements.definitions.filling import CONNECTION
from dagster_managed_elements.definitions.reconciling import build_reconcile_job
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import Allowable
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.loading import Loaded, load
from dagster_managed_elements.reconciler import Reconciler

Weight: TypeAlias = Literal["error", "warn", "ignore"]


def _beside(context: ResolutionContext, path: str) -> Path:
    return context.resolve_source_relative_path(path)


class AssetOptions(Model, Resolvable):
    """How assets are made of what is declared.

    Attributes:
        snapshot: A file that `dagster-me snapshot` wrote, as seen from `defs.yaml`: it tells streams and columns.
        streams: By connection, the streams that its source has, where it is declared with patterns; one with a
            namespace as `[namespace, name]`.
        key_prefix: Before the key of each.
        group_name: Of all; by itself each connection has a group of its name.
        retries: How often a sync that fails is tried again.
        poll_interval: Seconds between two looks at a sync.
        pool: The concurrency pool of the syncs, one for all instances.
    """

    snapshot: Annotated[Path, Resolver(_beside, model_field_type=str)] | None = None
    streams: dict[str, list[str | list[str]]] = {}  # noqa: RUF012 - pydantic copies it
    key_prefix: str | list[str] | None = None
    group_name: str | None = None
    retries: int | None = None
    poll_interval: float | None = None
    pool: str | None = None

    def of(self, connections: Container[str]) -> dict[str, Any]:
        """As a reconciler of these *connections* takes them; what is not given is left out."""
        streams = {
            name: [stream if isinstance(stream, str) else tuple(stream) for stream in listed]
            for name, listed in self.streams.items()
            if name in connections
        }
        how = {
            "snapshot": self.snapshot,
            "streams": streams or None,
            "key_prefix": self.key_prefix,
            "group_name": self.group_name,
            "retry_policy": None if self.retries is None else RetryPolicy(max_retries=self.retries),
            "poll_interval": self.poll_interval,
            "pool": self.pool,
        }
        return {name: value for name, value in how.items() if value is not None}


class DriftOptions(Model, Resolvable):
    """How drift is looked for.

    Attributes:
        blocking: Whether nothing downstream of an asset is materialised in a run in which its check fails as an
            error; where a sync of the instance fails, none of its checks runs.
        changed: How grave it is where something is not as declared.
        missing: How grave it is where something is not there.
        invalid: How grave it is where what is declared cannot be right.
        undeclared: How grave it is where something is there that nobody declares.
        double_trigger: How grave it is where a connection is started by its server and by Dagster too.
        schedule: When the checks run by themselves, as cron; none if left out. Turned on from the start.
        pool: The concurrency pool of the checks; `{instance}` in it stands for the instance.
        concurrency: How many requests a look at an instance has in flight at most.
    """

    blocking: bool = False
    changed: Weight = "error"
    missing: Weight = "error"
    invalid: Weight = "error"
    undeclared: Weight = "warn"
    double_trigger: Weight = "warn"
    schedule: str | None = None
    pool: str | None = None
    concurrency: int = Settings().concurrency

    def severities(self) -> Severities:
        said: Mapping[Sort, Weight] = {
            "changed": self.changed,
            "missing": self.missing,
            "invalid": self.invalid,
            "undeclared": self.undeclared,
            "double trigger": self.double_trigger,
        }
        return {sort: _SEVERITIES[weight] for sort, weight in said.items()}


class ReconcileOptions(Model, Resolvable):
    """The job that applies what is declared.

    Attributes:
        allow: Which destruction passes with nobody there to ask, such as `delete`; by itself none.
        max_changes: The share of what is there of which more is not changed at once.
        schedule: When it runs by itself, as cron; none if left out. Turned on from the start.
        pool: The concurrency pool of its steps; `{instance}` in it stands for the instance.
        concurrency: How many requests a step has in flight at most.
    """

    allow: list[Allowable] = []  # noqa: RUF012 - pydantic copies it
    max_changes: float | None = None
    schedule: str | None = None
    pool: str | None = None
    concurrency: int = Settings().concurrency


_SEVERITIES: Mapping[Weight, AssetCheckSeverity | None] = {
    "error": AssetCheckSeverity.ERROR,
    "warn": AssetCheckSeverity.WARN,
    "ignore": None,
}


class ScaffoldParams(BaseModel):
    """What `dg scaffold defs` takes."""

    module: str | None = Field(
        default=None, description="The module that has the reconcilers; one is written if it is left out."
    )


class ManagedElementsScaffolder(Scaffolder[ScaffoldParams]):
    """Writes a `defs.yaml` that loads, and where no module is named one beside it."""

    @classmethod
    def get_scaffold_params(cls) -> type[ScaffoldParams]:
        return ScaffoldParams

    def scaffold(self, request: ScaffoldRequest[ScaffoldParams]) -> None:
        module = request.params.module
        if module is None:
            module = worded(f"{request.target_path.name}_elements")
            (Path(request.target_path) / f"{module}.py").write_text(_MODULE, encoding="utf-8")
        scaffold_component(request, {"module": module, "drift": {"schedule": "0 6 * * *"}})


_MODULE = '''"""What is to be there; `dagster-me check -m <this module>` says what differs."""

from dagster_managed_elements.airbyte import AirbyteInstance, AirbyteManagedElementReconciler

airbyte = AirbyteInstance(url="http://localhost:8000")

# Of a connection with "*" no server is asked which streams that is: `assets:` in defs.yaml says it, by `snapshot:`
# or `streams:`.
reconciler = AirbyteManagedElementReconciler(airbyte, connections=[])
'''


@scaffold_with(ManagedElementsScaffolder)
class ManagedElementsComponent(Component, Model, Resolvable):
    """A module's managed elements: an asset for each table that its connections fill, checks that fail where
    something drifted, and jobs.

    Attributes:
        module: The module that has the reconcilers, as `dagster-me` takes it: `package.module[:attr,attr.nested]`.
            It may stand beside `defs.yaml`. A reconciler without a `name=` is called like its module.
        assets: How assets are made; with false there are none, and only drift is watched.
        drift: How drift is looked for; null for not at all.
        reconcile: The job that applies what is declared; none if it is left out.
    """

    module: str
    assets: bool | AssetOptions = True
    drift: DriftOptions | None = DriftOptions()
    reconcile: ReconcileOptions | None = None

    def build_defs(self, context: ComponentLoadContext) -> Definitions:
        """Raises DeclarationError where the module cannot be loaded, or has no reconciler that can be planned."""
        reconcilers = self._reconcilers(context.path)
        self._refuse_unknown(reconcilers.values())
        assets: list[AssetsDefinition] = []
        own = build_reconciler_assets(reconcilers)
        checks: list[AssetChecksDefinition] = []
        schedules: list[ScheduleDefinition] = []
        jobs: list[JobDefinition] = []
        word = worded(next(iter(reconcilers)))
        # What assets of others there are to be started is told by names, of which all instances have to be asked.
        groups = of_one_instance(reconcilers).values() if self.assets else [reconcilers]
        for group in groups:
            filled = list(self.build_assets(group)) if self.assets else []
            assets += filled
            if (drift := self.drift) is not None:
                checks += build_drift_checks(
                    group,
                    assets=filled,
                    severities=drift.severities(),
                    blocking=drift.blocking,
                    pool=drift.pool,
                    concurrency=drift.concurrency,
                )
        if self.drift is not None and self.drift.schedule is not None:
            schedules.append(
                build_drift_schedule(
                    checks, name=f"{word}_drift", cron_schedule=self.drift.schedule, default_status=_ON
                )
            )
        if (reconcile := self.reconcile) is not None:
            policy = Policy(allowed=frozenset(reconcile.allow), max_changes=reconcile.max_changes)
            job = build_reconcile_job(
                reconcilers,
                name=f"{word}_reconcile",
                guard=policy,
                pool=reconcile.pool,
                concurrency=reconcile.concurrency,
            )
            jobs.append(job)
            if reconcile.schedule is not None:
                schedules.append(ScheduleDefinition(job=job, cron_schedule=reconcile.schedule, default_status=_ON))
        return Definitions(assets=[*own, *assets], asset_checks=checks, schedules=schedules, jobs=jobs)

    def build_assets(self, reconcilers: Mapping[str, Reconciler]) -> Sequence[AssetsDefinition]:
        """The assets of what the reconcilers of one instance declare; asked of each instance. Override it to have
        them otherwise.

        Args:
            reconcilers: Those of the instance, by their names.
        """
        options = self.assets if isinstance(self.assets, AssetOptions) else AssetOptions()
        found: list[AssetsDefinition] = []
        for reconciler in reconcilers.values():
            build = cast(
                "Callable[..., Sequence[AssetsDefinition]] | None", getattr(reconciler, "build_assets", None)
            )
            found += build(**options.of(_connections(reconciler))) if build is not None else ()
        return found

    def _refuse_unknown(self, reconcilers: Iterable[Reconciler]) -> None:
        streams = self.assets.streams if isinstance(self.assets, AssetOptions) else {}
        if unknown := sorted(streams.keys() - set(chain.from_iterable(map(_connections, reconcilers)))):
            said = f"which is no connection that {self.module} declares"
            raise DeclarationError(f"streams: speaks of {', '.join(unknown)}, {said}.")

    def _reconcilers(self, folder: Path) -> dict[str, Reconciler]:
        found = load(self.module, folder if folder.is_dir() else folder.parent)
        nameless = sum(not _name(loaded) for loaded in found)
        return told_apart((_name(loaded) or _path_name(loaded, nameless), loaded.reconciler) for loaded in found)


def _connections(reconciler: Reconciler) -> set[str]:
    """By their names; a source may be called like one."""
    return {element.name for element in reconciler.elements if element.kind == CONNECTION}


def _name(loaded: Loaded) -> str:
    return getattr(loaded.reconciler, "name", "")


def _path_name(loaded: Loaded, nameless: int) -> str:
    """That of its module, which no other component has; behind it its own where several there have no name."""
    module, _, attribute = loaded.path.partition(":")
    return re.sub(r"\W", "_", module if nameless == 1 else f"{module}_{attribute}")


_ON = DefaultScheduleStatus.RUNNING
