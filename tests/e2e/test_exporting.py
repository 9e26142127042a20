"""`dagster-me export` against a local Airbyte: what is there as a module, of which the next check is empty."""

from __future__ import annotations

import ast
import difflib
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import airbyte_local
import pytest
from click.testing import CliRunner
from dagster_managed_elements.cli import main

from testing.populated import HOSTILE, SECRET, Populated, populate, stream

SHOP = """
import os
from dagster_managed_elements.airbyte import AirbyteInstance, AirbyteManagedElementReconciler

airbyte = AirbyteInstance(url={url!r}, api={api!r}{more})
reconciler = AirbyteManagedElementReconciler(airbyte)
number = 3
"""
BIN = Path(sys.executable).parent
READS = re.compile(r"/(list\w*|get|instance_configuration|search|published|get_full_specification)$")


MODULES = {"shop", "warehouse", "made"}


@dataclass
class Place:
    folder: Path
    server: airbyte_local.LocalAirbyte
    populated: Populated

    def shop(self, api: str = "config", more: str = "", url: str = "") -> None:
        (self.folder / "shop.py").write_text(SHOP.format(url=url or self.server.url, api=api, more=more))

    def run(self, *words: str):
        for name in [name for name in sys.modules if name.partition(".")[0] in MODULES]:
            del sys.modules[name]
        self.server.forget_requests()
        return CliRunner().invoke(main, words)

    def export(self, *words: str, output: str = "warehouse.py"):
        return self.run("export", "--instance", "shop:airbyte", "-o", output, *words)

    def text(self, name: str = "warehouse.py") -> str:
        return (self.folder / name).read_text()

    def changed_lines(self, before: str, name: str = "warehouse.py") -> list[str]:
        lines = difflib.unified_diff(before.splitlines(), self.text(name).splitlines(), lineterm="", n=0)
        return [line for line in list(lines)[2:] if not line.startswith("@@")]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with airbyte_local.server(airbyte_version="2.0") as server:
        place = Place(tmp_path, server, Populated(server, "2.0"))
        place.shop()
        yield place
    for name in [name for name in sys.modules if name.partition(".")[0] in MODULES]:
        del sys.modules[name]


def test_what_is_exported_is_what_is_there(place: Place, monkeypatch):
    populate(place.populated, sources=9, connections=6)
    result = place.export()
    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        ["Wrote warehouse.py.", "Checked: nothing differs from what is there."],
    )
    variables = re.findall(r'EnvVar\(\s*"(\w+)"', place.text())
    assert f"note: {len(variables)} secrets are read from variables to be set" in result.stderr
    assert re.findall(r"^#   (\w+)$", place.text(), re.MULTILINE) == sorted(variables)
    assert SECRET not in place.text() + result.output
    for name in variables:
        monkeypatch.setenv(name, "ab" * 16)  # as a key of a mapper may be
    checked = place.run("check", "-m", "warehouse", "--exit-code")
    assert (checked.exit_code, checked.stdout.splitlines()[-1]) == (0, "No diff found.")


@pytest.mark.slow
def test_exporting_asks_the_more_for_more_connectors_alone_and_writes_nothing(place: Place):
    populate(place.populated, sources=6, connections=3)
    place.export()
    asked = [exchange.path for exchange in place.server.requests]
    populate_more = Populated(place.server, "2.0")
    for count in range(20):
        populate_more.actor("source", f"one more {count}", "Sample Data", {"count": 1 + count})
    place.export()
    assert [exchange.path for exchange in place.server.requests] == asked or sorted(
        exchange.path for exchange in place.server.requests
    ) == sorted(asked)
    assert {path for path in asked if not READS.search(path)} == set()
    assert len(asked) == 45


def test_a_name_of_whatever_kind_is_a_text_and_no_code(place: Place):
    populate(place.populated, sources=len(HOSTILE), connections=len(HOSTILE))
    assert place.export().exit_code == 0
    tree = ast.parse(place.text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert texts >= set(HOSTILE)
    assert {type(statement) for statement in tree.body} == {ast.ImportFrom, ast.Assign}
    assert [statement.module for statement in tree.body if isinstance(statement, ast.ImportFrom)] == [
        "dagster_managed_elements.airbyte",
        "shop",
    ]
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert called <= {
        *(f"Airbyte{name}" for name in ("Source", "Destination", "Connection", "Stream", "Tag")),
        *(f"AirbyteSchedule.{name}" for name in ("manual", "basic", "cron")),
        *("mappers.Hashing", "mappers.AesEncryption", "EnvVar", "AirbyteManagedElementReconciler"),
    }
    assert place.text().isprintable() is False  # line breaks, and nothing else
    assert all(line.isprintable() for line in place.text().split("\n"))


MADE = """
from shop import airbyte
from dagster_managed_elements.airbyte import *

SPEC = {"type": "object", "required": ["key"], "properties": {"key": {"type": "string", "airbyte_secret": True}}}
STREAM = {"type": "DeclarativeStream", "name": "things", "primary_key": ["id"]}
MANIFEST = {
    "version": "6.0.0",
    "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["things"]},
    "streams": [STREAM],
    "spec": {"type": "Spec", "connection_specification": SPEC},
}
image = AirbyteSourceDefinition("Our CRM", docker_repository="registry.example/crm", docker_image_tag="1.4.0")
low = AirbyteLowCodeConnector("Ours", manifest=MANIFEST)
lakes = AirbyteDestinationDefinition("Our lake", docker_repository="registry.example/lake", docker_image_tag="2")
things = AirbyteSource("things", low, {"key": EnvVar("THINGS")})
crm, lake = AirbyteSource("crm", image, {"region": "eu"}), AirbyteDestination("lake", lakes, {"path": "/"})
tag = AirbyteTag("critical", color="#FF0000")
made = AirbyteManagedElementReconciler(airbyte, elements=[crm, things, lake, tag])
"""


@pytest.mark.parametrize("api", ["config", pytest.param("public", marks=pytest.mark.slow)])
def test_connectors_that_somebody_added_are_exported_with_what_is_made_of_them(place: Place, monkeypatch, api):
    (place.folder / "made.py").write_text(MADE)
    monkeypatch.setenv("THINGS", SECRET)
    place.shop(api)
    applied = place.run("apply", "-m", "made", "--yes")
    assert applied.exit_code == 0, applied.output
    monkeypatch.delenv("THINGS")
    result = place.export()
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (
        0,
        "Checked: nothing differs from what is there.",
    ), result.output
    declared = re.findall(r"^\w+ = Airbyte(\w+)\(", place.text(), re.MULTILINE)
    kinds = ("DestinationDefinition", "Destination", "LowCodeConnector", "SourceDefinition", "Source", "Tag")
    assert {*declared} == {*kinds, "ManagedElementReconciler"}
    assert (declared.count("Source"), "manifest=" in place.text(), SECRET in place.text()) == (2, True, False)


ALSO = ("--also", "workspace", "--also", "source definition", "--also", "destination definition")
HOOK = "https://hooks.slack.com/services/T0/B0/0123456789"


@pytest.mark.slow
@pytest.mark.parametrize("api", ["config", "public"])
def test_what_everybody_has_is_exported_where_it_is_asked_for(place: Place, monkeypatch, api):
    populate(place.populated, sources=4, connections=2)
    tell = {"sendOnSuccess": {"notificationType": ["slack"], "slackConfiguration": {"webhook": HOOK}}}
    id_ = place.server.workspace_id
    body = {"workspaceId": id_, "email": "data@shop.example", "notificationSettings": tell}
    place.populated.call("workspaces/update", **body)
    place.shop(api)
    assert place.export().exit_code == 0
    without = place.text()
    result = place.export(*ALSO)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (
        0,
        "Checked: nothing differs from what is there.",
    ), result.output
    written = ast.unparse(ast.parse(place.text()))
    assert "'success': AirbyteNotification(email=False, webhook=EnvVar(" in written
    assert ("email='data@shop.example'" in written) == (api == "config"), "which the Public API does not tell"
    for side in ("source", "destination"):
        used = set(re.findall(rf"{side}_type='(.+?)'", written))
        pinned = re.findall(rf"Airbyte{side.title()}Definition\(name='(.+?)', docker_image_tag='.+?'\)", written)
        assert (set(pinned), len(pinned)) == (used, len(used))
    assert not re.search(r"AirbyteWorkspace|Definition\(", without)
    assert HOOK not in place.text() + result.output
    for name in re.findall(r"^#   (\w+)$", place.text(), re.MULTILINE):
        monkeypatch.setenv(name, HOOK if name.endswith("WEBHOOK") else "ab" * 16)
    checked = place.run("check", "-m", "warehouse", "--exit-code")
    assert (checked.exit_code, checked.stdout.splitlines()[-1]) == (0, "No diff found."), checked.output


def test_of_a_kind_that_nobody_has_nothing_is_exported(place: Place):
    result = place.export("--also", "spaceship")
    said = "Error: There is no spaceship that everybody has; name one of workspace, source definition, "
    assert (result.exit_code, result.stderr[: len(said)]) == (2, said)
    assert not (place.folder / "warehouse.py").exists()


@pytest.mark.slow
def test_what_changed_there_changes_its_own_lines(place: Place):
    populate(place.populated, sources=9, connections=6)
    place.export()
    before = place.text()
    again = place.export()
    assert again.stdout.splitlines()[0] == "warehouse.py is up to date."
    call, ids = place.populated.call, place.populated.ids
    call("connections/update", connectionId=ids["connection", "sync 0"], prefix="other_")
    place.populated.actor("source", "AAA", "Sample Data", {"count": 5, "seed": 8})
    assert place.export().exit_code == 0
    assert place.changed_lines(before) == [
        *(
            "+AAA_source = AirbyteSource(".replace("AAA", "aaa"),
            '+    name="AAA",',
            '+    source_type="Sample Data",',
        ),
        *('+    source_configuration={"count": 5, "seed": 8},', "+)", "+"),
        *('-    prefix="p_",', '+    prefix="other_",', "+        aaa_source,"),
    ]


@pytest.mark.slow
def test_each_drift_changes_the_lines_that_say_so_and_no_other(place: Place):
    populate(place.populated, sources=9, connections=6)
    place.export()
    call, ids, workspace = place.populated.call, place.populated.ids, place.server.workspace_id

    def after(path: str, **body: object) -> list[str]:
        before = place.text()
        call(path, **body)
        assert place.export().exit_code == 0
        return place.changed_lines(before)

    connection = ids["connection", "sync 0"]
    assert after("connections/update", connectionId=connection, status="inactive") == ['+    status="inactive",']
    hourly = {"scheduleType": "basic", "scheduleData": {"basicSchedule": {"units": 7, "timeUnit": "hours"}}}
    assert after("connections/update", connectionId=connection, **hourly) == [
        '+    schedule=AirbyteSchedule.basic(7, "hours"),',
    ]
    (tag,) = (each for each in call("tags/list", workspaceId=workspace) if each["name"] == "critical")
    recoloured = {"tagId": tag["tagId"], "workspaceId": workspace, "name": "critical", "color": "0000FF"}
    assert [line[:1] for line in after("tags/update", **recoloured)] == ["-", "+"]
    source = ids["source", HOSTILE[2]]
    configured = {"count": 77, "seed": -1}
    assert [
        line[:1] for line in after("sources/partial_update", sourceId=source, connectionConfiguration=configured)
    ] == [
        "-",
        "+",
    ]
    rotated = {"sourceId": ids["source", HOSTILE[1]], "connectionConfiguration": {"client_secret": f"{SECRET}-new"}}
    assert after("sources/partial_update", **rotated) == []


def test_a_package_has_a_file_for_each_connector_and_keeps_its_form(place: Place):
    populate(place.populated, sources=7, connections=4)
    (place.folder / "warehouse").mkdir()  # as a large one makes it by itself
    result = place.export(output="warehouse")
    assert result.exit_code == 0, result.output
    files = sorted(file.name for file in (place.folder / "warehouse").iterdir())
    expected = ["__init__.py", "file_csv_json_excel_feather_parquet.py", "postgres.py", "s3.py", "sample_data.py"]
    assert files == [*expected, "shared.py", "stripe.py"]
    assert result.stdout.splitlines()[-1] == "Checked: nothing differs from what is there."
    for (kind, _name), id_ in list(place.populated.ids.items()):
        if kind == "connection":
            place.populated.call("connections/delete", connectionId=id_)
    for (kind, name), id_ in list(place.populated.ids.items()):
        if (kind, name) == ("source", HOSTILE[1]):
            place.populated.call("sources/delete", sourceId=id_)
    again = place.export(output="warehouse")
    assert "Removed warehouse/stripe.py, of which nothing is there any more." in again.stdout.splitlines()
    assert again.exit_code == 0
    assert sorted(file.name for file in (place.folder / "warehouse").iterdir()) == [*expected, "shared.py"]


def test_one_key_comes_with_what_it_refers_to(place: Place):
    populate(place.populated, sources=9, connections=6)
    assert place.export("sync 0").exit_code == 0
    assert (
        re.findall(r"^    name=(.*),$", place.text(), re.MULTILINE)
        == [
            repr(HOSTILE[0]).replace("'it\\'s \"quoted\"'", "'it\\'s \"quoted\"'"),
            '"Warehouse"',
            '"sync 0"',
        ]
        or 'name="sync 0"' in place.text()
    )
    assert place.text().count("AirbyteSource(") == 1
    wrong = place.export("sync 00")
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "Error: There is nothing named 'sync 00' that could be exported. Nearest: sync 0.\n",
    )


def test_two_of_one_name_are_left_out_with_what_depends_on_them_and_said(place: Place):
    made = place.populated
    made.actor("destination", "lake", "Local JSON", {"destination_path": "/local/lake"})
    made.actor("source", "twin", "Sample Data", {"count": 1})
    made.connection("to lake", "twin", "lake", stream("users"))
    first = made.ids["source", "twin"]
    second = made.call(
        "sources/create",
        workspaceId=place.server.workspace_id,
        name="twin",
        sourceDefinitionId=made.call("sources/get", sourceId=first)["sourceDefinitionId"],
        connectionConfiguration={"count": 2},
    )["sourceId"]
    result = place.export()
    ids = ", ".join(sorted([first, second]))
    said = [
        f"twin: this source is left out: there are 2 of this name ({ids}); rename all but one",
        "to lake: this connection is left out: its source is left out",
    ]
    assert (result.exit_code, result.stderr.splitlines()) == (0, [f"note: {line}" for line in said])
    assert [f"#   {line}" for line in said] == place.text().splitlines()[3:5]
    assert "twin" not in place.text().split("\n\n", 1)[1]


@pytest.mark.slow
def test_what_somebody_else_wrote_stays(place: Place):
    place.populated.actor("source", "people", "Sample Data", {"count": 1})
    (place.folder / "warehouse.py").write_text("mine = 1\n")
    refused = place.export()
    assert (refused.exit_code, place.text()) == (2, "mine = 1\n")
    assert refused.stderr == (
        "Error: warehouse.py is not overwritten: its first line is not that of an export, so it is yours. "
        "Name another file, or give --force.\n"
    )
    assert place.export("--force").exit_code == 0
    (place.folder / "warehouse.py").write_text(edited := place.text().split("\n", 1)[1])
    assert (place.export().exit_code, place.text()) == (2, edited)
    (place.folder / "models").mkdir()
    (place.folder / "models" / "mine.py").write_text("")
    folder = place.export(output="models")
    assert folder.stderr == (
        "Error: models is a folder that no export has written; name another, or give --force.\n"
    )
    own = place.export(output="shop.py")
    assert own.stderr == "Error: shop.py is where the instance stands, which would be lost; name another file.\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--instance", "shop"), "Say which instance of it is meant: shop:airbyte, say."),
        (("--instance", "shop:number"), "shop:number is an int, neither an instance nor a reconciler."),
        (("--instance", "shop:airbite"), "shop has no attribute 'airbite'. Nearest: airbyte."),
        (("--instance", "shop:airbyte", "-o", "ware-house.py"), "'ware-house.py' is no name of a Python module;"),
        (("--instance", "shop:airbyte", "-o", "no/house.py"), "no/house.py cannot be written: there is no folder"),
    ],
)
def test_what_goes_wrong_is_one_line(place: Place, words, told):
    result = place.run("export", *words)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"Error: {told}")
    assert place.server.requests == []


def test_without_a_file_the_module_is_all_of_standard_output(place: Place):
    place.populated.actor("source", "people", "Sample Data", {"count": 1})
    result = place.run("export", "--instance", "shop:reconciler")
    assert result.exit_code == 0
    ast.parse(result.stdout)
    assert "from shop import reconciler as given_reconciler" in result.stdout
    assert "AirbyteManagedElementReconciler(\n    given_reconciler.instance,\n" in result.stdout
    assert result.stderr == "note: Checked: nothing differs from what is there.\n"


MEDDLING = """
import httpx
from contextlib import asynccontextmanager
from dataclasses import dataclass
from dagster_managed_elements import Instance
from dagster_managed_elements.airbyte import AirbyteInstance

@dataclass(frozen=True)
class Meddling(Instance):
    @asynccontextmanager
    async def connect(self, settings):
        async with AirbyteInstance(url="{url}").connect(settings) as session:
            yield session
        body = {{"connectionId": "{connection}", "prefix": "meddled_"}}
        httpx.post("{url}/api/v1/connections/update", json=body).raise_for_status()

airbyte = Meddling()
"""


def test_what_differs_after_all_is_said_and_is_no_success(place: Place):
    made = place.populated
    made.actor("destination", "lake", "Local JSON", {"destination_path": "/local/lake"})
    made.actor("source", "people", "Sample Data", {"count": 1})
    id_ = made.connection("to lake", "people", "lake", stream("users"), prefix="p_")
    (place.folder / "shop.py").write_text(MEDDLING.format(url=place.server.url, connection=id_))
    result = place.export()
    assert result.exit_code == 1
    assert "Checked" not in result.stdout
    moves = "the table of its stream users moves from meddled_users to p_users; meddled_users stays as it is"
    assert result.stderr.splitlines() == [
        "~ to lake:",
        "  ~ prefix: meddled_ -> p_",
        f"! to lake (connection): {moves}",
        "Error: What was written is not what is there: the above differs. Please report it.",
    ]


def test_the_public_api_says_what_it_does_not_tell(place: Place):
    populate(place.populated, sources=6, connections=4)
    place.shop("public")
    result = place.export()
    assert result.exit_code == 0
    notes = result.stderr.splitlines()
    sources = "File (CSV, JSON, Excel, Feather, Parquet), Postgres, S3, Sample Data, Stripe"
    untold = "this API does not tell what {} have by default; all that is there is declared"
    assert notes[1:3] == [
        f"note: every source: {untold.format(sources)}",
        f"note: every destination: {untold.format('Local JSON, Postgres')}",
    ]
    assert any(
        "Airbyte's Public API does not tell of a connection: notify schema changes, " in note for note in notes
    )
    assert any("is left as it is: Airbyte's Public API takes no basic schedule" in note for note in notes)


def test_a_connector_whose_version_is_not_told_is_left_out_of_an_export(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with airbyte_local.server(airbyte_version="1.5") as server:
        place = Place(tmp_path, server, Populated(server, "1.5"))
        populate(place.populated, sources=2, connections=1)
        place.shop("public")
        result = place.export("--also", "source definition", "--also", "destination definition")
        assert result.exit_code == 0, result.stderr
        untold = "this API does not tell which version of it is in use"
        assert f"Local JSON: this destination definition is left out: {untold}" in result.stderr
        assert "docker_image_tag" not in place.text()


CELLS = [(version, api) for version in ("0.50", "1.5", "1.6", "1.8", "2.0") for api in ("config", "public")]


@pytest.mark.slow
@pytest.mark.parametrize(("version", "api"), CELLS)
def test_fifty_sources_and_their_connections_are_adopted_whole(tmp_path, monkeypatch, version, api):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with airbyte_local.server(airbyte_version=version) as server:
        place = Place(tmp_path, server, Populated(server, version))
        populate(place.populated)
        place.shop(api)
        for output in ("warehouse.py", "by_connector"):
            result = place.export(output=output)
            assert result.exit_code == 0, result.output
            assert result.stdout.splitlines()[-1] == "Checked: nothing differs from what is there."
            assert SECRET not in result.output
    written = [*tmp_path.glob("by_connector/*.py"), tmp_path / "warehouse.py"]
    assert not any(SECRET in file.read_text() for file in written)
    format_ = [BIN / "ruff", "format", "--isolated", "--check", *written]
    subprocess.run(format_, check=True, capture_output=True, timeout=60)
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    typed = subprocess.run(
        [BIN / "pyright", "--pythonpath", sys.executable, *written],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert typed.returncode == 0, typed.stdout
