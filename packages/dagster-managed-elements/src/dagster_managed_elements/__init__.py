"""Config as code for data movers: declare it in typed Python, check it, apply it, watch it for drift."""

import sys
from typing import TYPE_CHECKING, Any

from dagster_managed_elements.deferred import deferred
from dagster_managed_elements.engine.adoption import AdoptContext, Adopted, Spelled
from dagster_managed_elements.engine.changes import (
    Change,
    Create,
    Declared,
    Delete,
    FieldChange,
    Observed,
    Pair,
    Replace,
    Update,
)
from dagster_managed_elements.engine.elements import Element, removed
from dagster_managed_elements.engine.errors import (
    ApiError,
    Conflict,
    DeclarationError,
    Invalid,
    Lost,
    ManagedElementsError,
    Missing,
    Partial,
    PlanMoved,
    PlanRefused,
    PreflightFailed,
    RateLimited,
    ServerFault,
    StateError,
    Unauthorized,
    Unreachable,
)
from dagster_managed_elements.engine.findings import Consequence, Notice, Problem
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Instance, Kind, ResolveContext, Session, Settings
from dagster_managed_elements.engine.secrets import EnvVar, Secret, reveal
from dagster_managed_elements.engine.values import ABSENT, UNSET, Ids, Key, Later, Masked, Named, Ref
from dagster_managed_elements.reconciler import ApplyFailed, ApplyInterrupted, Reconciler
from dagster_managed_elements.types import (
    SANITIZE_KEY_EXACT_MATCHES,
    SANITIZE_KEY_KEYWORDS,
    SECRET_MASK_VALUE,
    DiffData,
    ManagedElementCheckResult,
    ManagedElementDiff,
    ManagedElementError,
    ManagedElementReconciler,
    ModifiedDiffData,
    is_key_secret,
)

if TYPE_CHECKING:
    from dagster_managed_elements.definitions.component import ManagedElementsComponent as ManagedElementsComponent

__all__ = [
    "ABSENT",
    "SANITIZE_KEY_EXACT_MATCHES",
    "SANITIZE_KEY_KEYWORDS",
    "SECRET_MASK_VALUE",
    "UNSET",
    "AdoptContext",
    "Adopted",
    "ApiError",
    "ApplyFailed",
    "ApplyInterrupted",
    "Change",
    "Conflict",
    "Consequence",
    "Create",
    "DeclarationError",
    "Declared",
    "Delete",
    "DiffData",
    "Element",
    "EnvVar",
    "FieldChange",
    "Ids",
    "Instance",
    "Invalid",
    "Key",
    "Kind",
    "Later",
    "Lost",
    "ManagedElementCheckResult",
    "ManagedElementDiff",
    "ManagedElementError",
    "ManagedElementReconciler",
    "ManagedElementsError",
    "Masked",
    "Missing",
    "ModifiedDiffData",
    "Named",
    "Notice",
    "Observed",
    "Pair",
    "Partial",
    "PlanMoved",
    "PlanRefused",
    "Policy",
    "PreflightFailed",
    "Problem",
    "RateLimited",
    "Reconciler",
    "Ref",
    "Replace",
    "ResolveContext",
    "Secret",
    "ServerFault",
    "Session",
    "Settings",
    "Spelled",
    "StateError",
    "Unauthorized",
    "Unreachable",
    "Update",
    "is_key_secret",
    "removed",
    "reveal",
]


_COMPONENT = "ManagedElementsComponent"


def __getattr__(name: str) -> Any:
    """What `defs.yaml` names, and needs Dagster."""
    return deferred(__name__, {_COMPONENT: "definitions.component"}, name)


def __dir__() -> list[str]:
    """With the component where Dagster is there to look for one: only then can it be imported for nothing."""
    return [*globals(), *([_COMPONENT] if "dagster" in sys.modules else [])]
