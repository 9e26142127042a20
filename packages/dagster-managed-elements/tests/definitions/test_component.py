"""What `defs.yaml` says, as definitions."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import dagster_managed_elements
import pytest
import yaml
from dagster import AssetCheckSeverity, AssetKey, Definitions
from dagster.components.core.component_tree import ComponentTreeException
from dagster.components.testing import create_defs_folder_sandbox
from dagster_managed_elements.definitions.component import ManagedElementsComponent, ScaffoldParams

# Of Dagster's own, when it loads a component.
pytestmark = pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")

MODULE = """
import dagster as dg
from dagster_managed_elements import Reconciler
from testing.memory_world import MemoryInstance, Node, Server

class WithAssets(Reconciler):
    def build_assets(self):
        @dg.asset(metadata={"memory/connection_name": "one"})
        def table() -> None: ...
        return [table]

here = WithAssets(MemoryInstance(Server()), [Node("one")])
there = Reconciler(MemoryInstance(Server(), "there"), [Node("two")], name="elsewhere")
"""


@pytest.fixture
def load():
    """`load(text, attributes)`: the definitions of a component that has them, its module beside its `defs.yaml`."""

    def loaded(
        text: str = MODULE, module: str = "of_fleet", folder: str = "fleet", **attributes: Any
    ) -> Definitions:
        with create_defs_folder_sandbox() as sandbox:
            path = sandbox.scaffold_component(
                component_cls=ManagedElementsComponent,
                defs_path=folder,
                defs_yaml_contents={
                    "type": "dagster_managed_elements.ManagedElementsComponent",
                    "attributes": {"module": module, **attributes},
                },
            )
            (path / f"{module}.py").write_text(text)
            with sandbox.load_component_and_build_defs(defs_path=path) as (component, defs):
                assert isinstance(component, ManagedElementsComponent)
                defs.get_repository_def()
                return defs

    known, path = set(sys.modules), [*sys.path]
    yield loaded
    sys.path[:] = path
    for name in set(sys.modules) - known:
        if name.startswith("of_fleet"):
            del sys.modules[name]


def test_a_module_becomes_assets_checks_and_jobs(load):
    defs = load(
        drift={"schedule": "0 6 * * *", "blocking": True, "undeclared": "ignore"},
        reconcile={"allow": ["delete"], "schedule": "0 7 * * *"},
    )
    repository = defs.get_repository_def()
    keys = {key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()}
    checks = {key.asset_key.to_user_string() for key in repository.asset_graph.asset_check_keys}
    assert keys == {"table", "managed_elements/of_fleet", "managed_elements/elsewhere"} == checks
    assert {schedule.name: schedule.cron_schedule for schedule in repository.schedule_defs} == {
        "of_fleet_drift": "0 6 * * *",
        "of_fleet_reconcile_schedule": "0 7 * * *",
    }
    assert all(repository.asset_graph.get(key).blocking for key in repository.asset_graph.asset_check_keys)


FLEET = """
import dagster as dg
from dagster_managed_elements import Reconciler
from testing.memory_world import MemoryInstance, Node, Server

class Filling(Reconciler):
    def build_assets(self):
        return [dg.AssetsDefinition(specs=[dg.AssetSpec(self.name, metadata={"memory/connection_name": "one"})])]

north = Filling(MemoryInstance(Server(), "north"), [Node("one")], name="north")
south = Filling(MemoryInstance(Server(), "south"), [Node("one")], name="south")
"""


def test_assets_are_checked_by_the_instance_that_fills_them(load):
    graph = load(FLEET).get_repository_def().asset_graph
    checks = {key.asset_key.to_user_string() for key in graph.asset_check_keys}
    assert checks == {"north", "south", "managed_elements/north", "managed_elements/south"}


def test_two_reconcilers_of_one_name_are_refused(load):
    with pytest.raises(ComponentTreeException) as raised:
        load(FLEET.replace('name="south"', 'name="north"'))
    assert "Two reconcilers are called 'north'" in "".join(traceback.format_exception(raised.value))


def test_only_drift_is_watched_where_nothing_else_is_said(load):
    repository = load(assets=False).get_repository_def()
    assert {key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()} == {
        "managed_elements/of_fleet",
        "managed_elements/elsewhere",
    }
    assert (repository.schedule_defs, [job.name for job in repository.get_all_jobs()]) == ([], ["__ASSET_JOB"])


@pytest.mark.parametrize("wrong", [{"drift": {"blockin": True}}, {"reconcile": {"allow": ["blockin"]}}])
def test_an_option_that_does_not_exist_is_refused(load, wrong):
    with pytest.raises(ComponentTreeException) as raised:
        load(**wrong)
    assert "blockin" in "".join(traceback.format_exception(raised.value))


def test_how_grave_drift_is_can_be_said_in_yaml(load):
    defs = load(drift={"missing": "warn"})
    result = defs.get_repository_def().get_job("__ASSET_JOB").execute_in_process()
    found = {each.asset_key: each for each in result.get_asset_check_evaluations()}
    assert found[AssetKey("table")].severity == AssetCheckSeverity.WARN
    assert not found[AssetKey("table")].passed


def test_what_is_scaffolded_names_the_module_that_was_named():
    with create_defs_folder_sandbox() as sandbox:
        path = scaffolded(sandbox, "fleet", module="of_mine:reconciler")
        told = yaml.safe_load((path / "defs.yaml").read_text())
        assert told["attributes"]["module"] == "of_mine:reconciler"
        assert list(path.glob("*.py")) == []


@pytest.mark.usefixtures("load")
def test_what_is_scaffolded_loads_twice_in_one_project():
    with create_defs_folder_sandbox() as sandbox:
        repositories = []
        for folder in ("of_fleet_1", "of_fleet_2"):
            path = scaffolded(sandbox, folder)
            assert [file.name for file in path.glob("*.py")] == [f"{folder}_elements.py"]
            with sandbox.load_component_and_build_defs(defs_path=path) as (_, defs):
                repositories.append(defs)
        repository = Definitions.merge(*repositories).get_repository_def()
    assert {key.asset_key.to_user_string() for key in repository.asset_graph.asset_check_keys} == {
        "managed_elements/of_fleet_1_elements",
        "managed_elements/of_fleet_2_elements",
    }


WORKSPACE = """
from dagster_managed_elements.airbyte import *

lake = AirbyteDestination("lake", "Local JSON", {{"destination_path": "/local"}})
shop = AirbyteConnection(
    "shop",
    AirbyteSource("shop", "File", {{}}),
    lake,
    {{"orders": AirbyteSyncMode.full_refresh_append()}},
    prefix="{0}_",
)
{0} = AirbyteManagedElementReconciler(AirbyteInstance(url="http://{0}.example"), [shop], name="{0}")
"""


def test_two_components_may_have_connections_of_one_name(load):
    defs = Definitions.merge(*(load(WORKSPACE.format(place), module=f"of_fleet_{place}") for place in ("eu", "us")))
    Definitions.validate_loadable(defs)
    assert {key.asset_key.to_user_string() for key in defs.get_repository_def().asset_graph.asset_check_keys} == {
        "eu_orders",
        "us_orders",
        "managed_elements/eu",
        "managed_elements/us",
    }


WIDE = """
from dagster_managed_elements.airbyte import *

lake = AirbyteDestination("lake", "Local JSON", {"destination_path": "/local"})
wide = AirbyteConnection(
    "wide", AirbyteSource("shop", "File", {}), lake, {"*": AirbyteSyncMode.full_refresh_append()}
)
shop = AirbyteManagedElementReconciler(AirbyteInstance(url="http://shop.example"), [wide], name="shop")
other = AirbyteManagedElementReconciler(
    AirbyteInstance(url="http://other.example"), [AirbyteSource("wide", "File", {})], name="other"
)
"""


def test_what_assets_are_made_of_can_be_said_in_yaml(load):
    told = yaml.safe_load((Path(__file__).parent / "children" / "wide.yaml").read_text())
    defs = load(WIDE, assets=told["attributes"]["assets"])
    graph = defs.resolve_asset_graph()
    synced = {key.to_user_string() for key in graph.get_all_asset_keys() if key.path[0] == "raw"}
    assert synced == {"raw/shop/orders", "raw/shop/people"}
    (definition,) = {defs.get_repository_def().assets_defs_by_key[AssetKey(key.split("/"))] for key in synced}
    assert (definition.op.retry_policy.max_retries, definition.op.pool) == (2, "airbyte")
    assert graph.get(AssetKey(["raw", "shop", "orders"])).group_name == "lake"


@pytest.mark.parametrize(
    ("assets", "said"),
    [
        (True, "give streams={'wide'"),
        ({"snapshot": "airbyte.json"}, "of_fleet_files/airbyte.json cannot be read"),
        (
            {"streams": {"wide": ["orders"]}, "pool": "airbyte/{instance}"},
            "pool= of assets is a name as it is, without {instance}",
        ),
        (
            {"streams": {"shop": ["orders"]}},
            "streams: speaks of shop, which is no connection that of_fleet declares",
        ),
        (
            {"streams": {"wider": ["orders"]}},
            "streams: speaks of wider, which is no connection that of_fleet declares",
        ),
    ],
)
def test_assets_that_cannot_be_made_say_what_they_lack(load, assets, said):
    with pytest.raises(ComponentTreeException) as raised:
        load(WIDE, folder="of_fleet_files", assets=assets)
    assert said in "".join(traceback.format_exception(raised.value))


def scaffolded(sandbox: Any, folder: str, module: str | None = None) -> Path:
    return sandbox.scaffold_component(
        component_cls=ManagedElementsComponent,
        defs_path=folder,
        scaffold_params=ScaffoldParams(module=module).model_dump(),
    )


def test_the_component_is_found_in_the_package_once_dagster_is_there():
    assert "ManagedElementsComponent" in dir(dagster_managed_elements)
    assert dagster_managed_elements.ManagedElementsComponent is ManagedElementsComponent
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = dagster_managed_elements.Nothing
