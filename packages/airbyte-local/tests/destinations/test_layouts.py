"""What the files and tables of the built-in destinations look like: as the vendor's do, to the byte."""

from __future__ import annotations

import json
import re
import sqlite3
import uuid

import duckdb
import pytest
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed
from airbyte_local.connectors.registry import PUBLIC

A = {"id": 1, "name": 'é "a", b'}
UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def test_a_line_of_local_json(stores):
    store = stores.make("json")
    store.sync(A)
    text = (store.root / "out" / "_airbyte_raw_users.jsonl").read_text()
    data = json.dumps(A, ensure_ascii=False, separators=(",", ":"))
    pattern = f'{{"_airbyte_ab_id":"{UUID4}","_airbyte_emitted_at":1700000000123,"_airbyte_data":'
    assert re.fullmatch(re.escape(pattern).replace(re.escape(UUID4), UUID4) + re.escape(data) + "}\n", text)


@pytest.mark.parametrize(
    ("mark", "delimiter"),
    [(None, ","), ("\\u002c", ","), ("\\u003b", ";"), ("\\u007c", "|"), ("\\u0009", "\t"), ("\\u0020", " ")],
)
def test_a_line_of_local_csv(stores, mark, delimiter):
    store = stores.make("csv")
    if mark is not None:
        store.configuration["delimiter_type"] = {"delimiter": mark}
    for _ in range(2):
        store.sync(A)
    header, *lines = (store.root / "out" / "_airbyte_raw_users.csv").read_bytes().decode().split("\r\n")
    assert header == delimiter.join(["_airbyte_ab_id", "_airbyte_emitted_at", "_airbyte_data"])
    data = json.dumps(A, ensure_ascii=False, separators=(",", ":")).replace('"', '""')
    assert [re.sub(UUID4, "ID", line) for line in lines] == [
        f'ID{delimiter}1700000000123{delimiter}"{data}"'
    ] * 2 + [""]


def test_a_csv_file_with_another_delimiter_is_not_appended_to(stores, a_target):
    store = stores.make("csv")
    store.sync(A)
    store.configuration["delimiter_type"] = {"delimiter": "\\u003b"}
    with pytest.raises(ConnectorFailed, match="another header or delimiter"):
        store.open()
    store.sync(A, into=a_target(replaces=True))
    assert "_airbyte_ab_id;" in (store.root / "out" / "_airbyte_raw_users.csv").read_text()


@pytest.mark.parametrize(
    ("stream", "stem"),
    [
        ("Weird Name!", "_airbyte_raw_Weird_Name_"),
        ("a  b\t\nc", "_airbyte_raw_a_b_c"),
        ("1st", "_airbyte_raw_1st"),
        ("crème brûlée", "_airbyte_raw_creme_brulee"),
        ("../../etc/passwd", "_airbyte_raw_______etc_passwd"),
        ("日本", "_airbyte_raw___"),
        ("nul\0", "_airbyte_raw_nul_"),
        ("half\ud800", "_airbyte_raw_half_"),
        ("", "_airbyte_raw_"),
    ],
)
def test_a_file_is_called_as_the_vendors_is(files, a_target, stream, stem):
    files.sync(A, into=a_target(stream))
    assert [path.stem for path in (files.root / "out").iterdir()] == [stem]


def test_long_names_of_streams_stay_apart(files, a_target):
    sink = files.open(a_target("x" * 400), a_target("x" * 400 + "y"))
    sink.write(0, A, 1)
    sink.finish()
    assert len(list((files.root / "out").iterdir())) == 2


def test_a_file_that_does_not_end_in_a_line_is_appended_to_all_the_same(files):
    files.sync({"id": 1})
    (path,) = (files.root / "out").iterdir()
    path.write_bytes(path.read_bytes().rstrip())
    files.sync({"id": 2})
    assert files.ids() == [1, 2]


def test_an_empty_file_gets_its_header(files):
    (files.root / "out").mkdir()
    (files.root / "out" / f"_airbyte_raw_users.{ {'json': 'jsonl', 'csv': 'csv'}[files.name] }").touch()
    files.sync({"id": 1})
    assert files.ids() == [1]


def test_a_raw_table_of_sqlite(stores):
    store = stores.make("sqlite")
    store.sync(A)
    ((sql,),) = store.execute("SELECT sql FROM sqlite_master WHERE type = 'table'")
    assert re.sub(r"\s+", " ", sql) == (
        'CREATE TABLE "_airbyte_raw_users" '
        "(_airbyte_ab_id TEXT PRIMARY KEY, _airbyte_emitted_at TEXT, _airbyte_data TEXT)"
    )
    ((raw_id, emitted_at, data),) = store.execute("SELECT * FROM _airbyte_raw_users")
    assert uuid.UUID(raw_id).version == 4
    assert (emitted_at, json.loads(data)) == ("2023-11-14T22:13:20.123+00:00", A)


def test_sqlite_takes_what_the_vendors_destination_has_made(stores):
    store = stores.make("sqlite")
    with sqlite3.connect(store.root / "out.db") as database:
        database.execute(
            "CREATE TABLE _airbyte_raw_users "
            "(_airbyte_ab_id TEXT PRIMARY KEY, _airbyte_emitted_at TEXT, _airbyte_data TEXT)"
        )
        database.execute("INSERT INTO _airbyte_raw_users VALUES ('x', '2024-01-01T00:00:00', '{\"id\": 1}')")
    database.close()
    store.sync({"id": 2})
    assert store.ids() == [1, 2]


def test_rows_of_typed_tables_have_an_id_and_say_which_job_wrote_them(typed, a_target):
    typed.sync(A, into=a_target(sync_id=42))
    table = {"duckdb": "_airbyte_raw_users", "postgres": "users"}[typed.name]
    ((raw_id, meta),) = typed.execute(f"SELECT _airbyte_raw_id, _airbyte_meta FROM {table}")
    assert uuid.UUID(raw_id).version == 4
    assert (json.loads(meta) if isinstance(meta, str) else meta) == {"changes": [], "sync_id": 42}


@pytest.mark.parametrize("name", ["sqlite", "duckdb"])
def test_a_file_that_is_no_database_is_left_alone(stores, name):
    store = stores.make(name)
    path = store.root / store.configuration["destination_path"].removeprefix("/local/")
    path.write_text("a,b\n" * 1000)
    with pytest.raises((ConnectorFailed, ConnectorCrashed), match="database"):
        store.open()
    with pytest.raises(ConnectorFailed):
        store.check()
    assert path.read_text() == "a,b\n" * 1000
    path.unlink()
    path.mkdir()
    with pytest.raises(ConnectorFailed):
        store.check()


def test_duckdb_reads_no_other_file_for_a_database(stores):
    store = stores.make("duckdb")
    store.configuration["destination_path"] = "/local/rows.csv"
    (store.root / "rows.csv").write_text("id,name\n1,a\n")
    with pytest.raises(ConnectorFailed, match="no DuckDB database"):
        store.open()


@pytest.mark.parametrize("path", ["md:mine", "motherduck:mine"])
def test_motherduck_is_not_reached(stores, path):
    store = stores.make("duckdb")
    store.configuration |= {"destination_path": path, "motherduck_api_key": "s3cret"}
    for act in (store.check, store.open):
        with pytest.raises(ConnectorFailed, match="MotherDuck") as caught:
            act()
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", ["json", "csv", "sqlite", "duckdb"])
@pytest.mark.parametrize("path", ["../out", "/local/../out", "/local/link/out", "/local/file/out"])
def test_nothing_is_written_outside(stores, name, path):
    store = stores.make(name)
    (store.root / "link").symlink_to(store.root.parent)
    (store.root / "file").touch()
    store.configuration["destination_path"] = path
    for act in (store.check, store.open):
        with pytest.raises((ConnectorFailed, ConnectorCrashed)):
            act()
    assert not (store.root.parent / "out").exists()


def test_a_file_is_not_read_or_written_through_a_symbolic_link(files, a_target):
    secret = files.root.parent / "secret"
    secret.write_text("mine")
    (files.root / "out").mkdir()
    link = files.root / "out" / f"_airbyte_raw_users.{ {'json': 'jsonl', 'csv': 'csv'}[files.name] }"
    link.symlink_to(secret)
    for replaces in (True, False):
        with pytest.raises(ConnectorFailed, match="is no file"):
            files.open(a_target(replaces=replaces))
    assert secret.read_text() == "mine"


@pytest.mark.parametrize("name", ["json", "sqlite", "duckdb"])
def test_folders_are_made_where_they_are_missing(stores, name):
    store = stores.make(name)
    store.configuration["destination_path"] = "a/b/c"
    store.sync(A)
    assert (store.root / "a" / "b" / "c").exists()


def test_a_folder_that_cannot_be_written_is_found_out_by_the_check(files):
    (files.root / "out").write_text("a file")
    with pytest.raises(ConnectorFailed, match="a folder is needed"):
        files.check()


def test_the_database_can_be_read_by_anybody_afterwards(stores):
    store = stores.make("duckdb")
    store.sync(A)
    with duckdb.connect(str(store.root / "out.duckdb"), read_only=True) as database:
        assert database.execute("SELECT count(*) FROM _airbyte_raw_users").fetchall() == [(1,)]
    database.close()


def test_every_specification_is_one_that_the_vendors_configurations_fit():
    from jsonschema import Draft7Validator

    configurations = {
        "destination-local-json": {"destination_path": "/json_data"},
        "destination-csv": {"destination_path": "/csv", "delimiter_type": {"delimiter": "\\u0009"}},
        "destination-sqlite": {"destination_path": "/local/sqlite.db"},
        "destination-duckdb": {"destination_path": "md:x", "motherduck_api_key": "k", "schema": "main"},
        "destination-dev-null": {
            "test_destination": {
                "test_destination_type": "LOGGING",
                "logging_config": {
                    "logging_type": "RandomSampling",
                    "sampling_ratio": 0.5,
                    "seed": 1,
                    "max_entry_count": 10,
                },
            }
        },
        "destination-postgres": {
            "host": "h",
            "port": 5432,
            "database": "d",
            "schema": "public",
            "username": "u",
            "password": "p",
            "ssl": False,
            "ssl_mode": {"mode": "verify-ca", "ca_certificate": "c"},
            "jdbc_url_params": "a=b",
            "raw_data_schema": "airbyte_internal",
            "disable_type_dedupe": False,
            "drop_cascade": False,
            "unconstrained_number": True,
            "cdc_deletion_mode": "Soft delete",
            "tunnel_method": {"tunnel_method": "NO_TUNNEL"},
        },
    }
    found = {each.repository.removeprefix("airbyte/"): each.stand_in for each in PUBLIC}
    for image, configuration in configurations.items():
        validator = Draft7Validator(found[image].spec())
        assert [error.message for error in validator.iter_errors(configuration)] == []
        assert not validator.is_valid({})
