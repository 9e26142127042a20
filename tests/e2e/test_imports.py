"""What starting costs: nobody pays for Dagster who did not ask for it."""

from __future__ import annotations

import functools
import subprocess
import sys

import pytest

HELP = """\
from click.testing import CliRunner
from dagster_managed_elements.cli import main
assert CliRunner().invoke(main, ['--help']).exit_code == 0
"""
HEAVY = ("dagster", "pydantic", "starlette", "uvicorn", "airbyte_local")


@functools.cache
def imported_by(code: str) -> set[str]:
    program = f"{code}\nimport sys\nprint(*sorted(name for name, module in sys.modules.items() if module))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(ran.stdout.splitlines()[-1].split())


def imported(code: str) -> set[str]:
    return {name.split(".")[0] for name in imported_by(code)}


@pytest.mark.parametrize(
    "code",
    [
        "import dagster_managed_elements.airbyte",
        "import dagster_airbyte",
        "import dagster_managed_elements",
        "import dagster_managed_elements.definitions",
        HELP,
    ],
)
def test_dagster_is_not_imported_unless_asked_for(code):
    assert not imported(code) & set(HEAVY)


def test_the_command_line_does_not_import_http_to_print_its_help():
    assert "httpx" not in imported(HELP)


def test_a_check_loads_neither_what_is_remembered_nor_what_draws_on_a_terminal(airbyte_local, tmp_path):
    (tmp_path / "declared.py").write_text(
        "from dagster_managed_elements.airbyte import AirbyteInstance, AirbyteManagedElementReconciler\n"
        f"reconciler = AirbyteManagedElementReconciler(AirbyteInstance(url={airbyte_local.url!r}), [])\n"
    )
    code = HELP.replace("['--help']", repr(["check", "-d", str(tmp_path), "-m", "declared"]))
    loaded = {name.removeprefix("dagster_managed_elements.") for name in imported_by(code)}
    assert {"httpx", "reconciling"} <= loaded
    unneeded = ("rich", "pygments", "state.", "engine.undoing", "engine.execution", "engine.saving", "applying")
    assert sorted(name for name in loaded if name.startswith(unneeded)) == []


def test_the_lazy_names_are_dagsters_own_kind():
    from dagster import ConfigurableResource, ResourceDefinition
    from dagster_managed_elements.airbyte import AirbyteResource, airbyte_resource

    assert isinstance(airbyte_resource, ResourceDefinition)
    assert issubclass(AirbyteResource, ConfigurableResource)


def test_what_makes_assets_comes_when_it_is_asked_for():
    from dagster_managed_elements.airbyte import build_connection_assets, load_assets_from_connections
    from dagster_managed_elements.definitions import StreamProps, SyncTranslator

    assert all(map(callable, (build_connection_assets, load_assets_from_connections, SyncTranslator, StreamProps)))


def test_reading_a_resource_does_not_import_dagsters_storages():
    code = (
        "from dagster_managed_elements.airbyte import airbyte_resource\n"
        "airbyte_resource.configured({'host': 'localhost'}).airbyte_instance()"
    )
    assert not imported(code) & {"sqlalchemy", "alembic", "grpc"}
