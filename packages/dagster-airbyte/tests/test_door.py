"""Every name leads to dagster_managed_elements.airbyte, and what is not there says where it is."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
from dagster_airbyte import version
from dagster_managed_elements import airbyte, types, utils

NAMES = {
    "dagster_airbyte": {
        "AirbyteConnection",
        "AirbyteDestination",
        "AirbyteDestinationNamespace",
        "AirbyteInstance",
        "AirbyteManagedElementReconciler",
        "AirbyteResource",
        "AirbyteSource",
        "AirbyteSyncMode",
        "__version__",
        "airbyte_resource",
        "load_assets_from_connections",
    },
    "dagster_airbyte.managed": {
        "AirbyteConnection",
        "AirbyteDestination",
        "AirbyteDestinationNamespace",
        "AirbyteManagedElementReconciler",
        "AirbyteSource",
        "AirbyteSyncMode",
        "load_assets_from_connections",
    },
    "dagster_airbyte.managed.types": {
        "AirbyteConnection",
        "AirbyteDestination",
        "AirbyteDestinationNamespace",
        "AirbyteSource",
        "AirbyteSyncMode",
    },
    "dagster_airbyte.managed.reconciliation": {
        "AirbyteConnection",
        "AirbyteConnectionMetadata",
        "AirbyteDestination",
        "AirbyteDestinationNamespace",
        "AirbyteManagedElementReconciler",
        "AirbyteSource",
        "AirbyteSyncMode",
        "ManagedElementDiff",
        "ManagedElementError",
        "ManagedElementReconciler",
        "SECRET_MASK_VALUE",
        "UNSET",
        "diff_dicts",
        "is_key_secret",
        "load_assets_from_connections",
    },
    "dagster_airbyte.resources": {"AirbyteResource", "airbyte_resource"},
    "dagster_airbyte.legacy_resources": {"AirbyteResource", "airbyte_resource"},
}


@pytest.mark.parametrize("path", NAMES)
def test_every_name_is_that_of_the_library(path):
    module = import_module(path)
    assert set(module.__all__) == NAMES[path]
    for name in NAMES[path]:
        of = next(each for each in (version, airbyte, types, utils) if hasattr(each, name))
        assert getattr(module, name) is getattr(of, name)


@pytest.mark.parametrize("path", NAMES)
def test_a_name_that_is_not_ours_says_which_package_has_it(path):
    module = import_module(path)
    with pytest.raises(ImportError, match=r"Dagster's own package of this name: pip install 'dagster-airbyte<1'"):
        module.airbyte_assets  # noqa: B018 - looking it up is the test
    assert not hasattr(module, "__wrapped__")


@pytest.mark.parametrize("path", ["dagster_airbyte", "dagster_airbyte.managed"])
def test_importing_a_name_that_is_not_ours_says_so_too(path):
    with pytest.raises(ImportError, match=r"cannot import name 'airbyte_sync_op'.*pip install 'dagster-airbyte<1'"):
        exec(f"from {path} import airbyte_sync_op")


def test_importing_the_door_does_not_import_dagster():
    code = "import sys, dagster_airbyte, dagster_airbyte.managed.reconciliation; print('dagster' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
