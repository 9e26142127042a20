"""Names of Dagster's own package that come late, or not at all: what to use in their place, in a sentence."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.abc import MetaPathFinder
from typing import Any, Final, NoReturn

from dagster_managed_elements import airbyte

_DAGSTERS = (
    "Ops, workspaces and assets of what nobody declares are in Dagster's own package of this name: "
    "pip install 'dagster-airbyte<1' for it, and import managed elements from dagster_managed_elements.airbyte."
)
_ASSETS = "load_assets_from_connections returns what takes its place, and build_connection_assets a plain list."
_PLACE = (
    "For managed elements say AirbyteInstance(url=..., client_id=..., client_secret=..., workspace=...), for Cloud "
    "with the url https://api.airbyte.com. For what nobody declares use Dagster's own package of this name: "
    "pip install 'dagster-airbyte<1'."
)
_STEPS = (
    "What upstream's reconciler was made of is not here: AirbyteManagedElementReconciler(...).check() returns what "
    "differs, .apply() what was changed."
)
_OBSERVED = "What Airbyte has is compared, not shown as objects: AirbyteManagedElementReconciler(...).check()."
_BASES = (
    "Connectors need no class of their own: AirbyteSource(name, 'Postgres', {...}) does, and so does "
    "PostgresSource(name, ...) of dagster_airbyte.managed.generated.sources."
)
_DEPRECATION = "Managed elements are not deprecated here."

_SENTENCES: Final[Mapping[str, tuple[str, ...]]] = {
    _ASSETS: ("AirbyteManagedElementCacheableAssetsDefinition",),
    _PLACE: (
        "AirbyteCloudResource",
        "AirbyteCloudWorkspace",
        "AirbyteWorkspace",
        "BaseAirbyteResource",
        "BaseAirbyteWorkspace",
        "airbyte_cloud_resource",
    ),
    _STEPS: (
        "OPTIONAL_STREAM_SETTINGS",
        "conn_dict",
        "diff_connections",
        "diff_destinations",
        "diff_sources",
        "gen_configured_stream_json",
        "is_basic_normalization_operation",
        "reconcile_config",
        "reconcile_connections_post",
        "reconcile_connections_pre",
        "reconcile_destinations",
        "reconcile_normalization",
        "reconcile_sources",
    ),
    _OBSERVED: ("InitializedAirbyteConnection", "InitializedAirbyteDestination", "InitializedAirbyteSource"),
    _BASES: ("GeneratedAirbyteDestination", "GeneratedAirbyteSource"),
    _DEPRECATION: ("MANAGED_ELEMENTS_DEPRECATION_MSG",),
}
_RESOURCES: Final = frozenset({"AirbyteResource", "airbyte_resource"})
_LOADING: Final = frozenset({"load_assets_from_connections"})
_LATE: Final[Mapping[str, frozenset[str]]] = {
    "dagster_airbyte": _RESOURCES | _LOADING,
    "dagster_airbyte.legacy_resources": _RESOURCES,
    "dagster_airbyte.managed": _LOADING,
    "dagster_airbyte.managed.reconciliation": _LOADING | {"AirbyteConnectionMetadata"},
    "dagster_airbyte.resources": _RESOURCES,
}
_BY_NAME: Final = {name: sentence for sentence, names in _SENTENCES.items() for name in names}


def served(module: str, name: str) -> Any:
    """What needs Dagster comes when it is asked for; the rest is refused."""
    return getattr(airbyte, name) if name in _LATE[module] else refuse(module, name)


def refuse(module: str, name: str) -> NoReturn:
    """Raises ImportError for a public name, which `from module import name` shows as it is; AttributeError for
    others: Python and its tools ask modules for names of their own.
    """
    if name.startswith("_"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
    sentence = _BY_NAME.get(name, _DAGSTERS)
    raise ImportError(f"cannot import name {name!r} from {module!r}. {sentence}", name=module)


class _Modules(MetaPathFinder):
    """Asked last, for modules of Dagster's own package: their names are refused before anything of them is used."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        del path, target
        package, _, rest = fullname.partition(".")
        if package == __package__ and not rest.rpartition(".")[2].startswith("_"):
            raise ModuleNotFoundError(f"No module named {fullname!r} here. {_DAGSTERS}", name=fullname)


def refuse_modules() -> None:
    if not any(isinstance(finder, _Modules) for finder in sys.meta_path):
        sys.meta_path.append(_Modules())
