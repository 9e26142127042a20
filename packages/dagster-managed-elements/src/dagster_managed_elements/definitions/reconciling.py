"""Jobs that fan out, a step for each reconciler: one that fails where something drifted, one that applies what the
guard lets pass. Any executor of Dagster spreads the steps. Dagster reads the annotations of what it calls, so they
are not put off here.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from dagster import (
    DynamicOut,
    DynamicOutput,
    ExecutorDefinition,
    Failure,
    In,
    JobDefinition,
    MetadataValue,
    OpDefinition,
    OpExecutionContext,
    Out,
    RetryPolicy,
    job,
    op,
)

from dagster_managed_elements.definitions.drift import Drift, Unknown, look, named
from dagster_managed_elements.engine.concurrency import WoundUp, run_blocking
from dagster_managed_elements.engine.errors import ManagedElementsError
from dagster_managed_elements.engine.guarding import Policy, objections
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.reconciler import Options, Reconciler, Result, apply
from dagster_managed_elements.rendering.markdown import diff_block, list_block
from dagster_managed_elements.rendering.sections import Section
from dagster_managed_elements.rendering.text import outcomes, totals

Reconcilers: TypeAlias = "Reconciler | Iterable[Reconciler] | Mapping[str, Reconciler]"
