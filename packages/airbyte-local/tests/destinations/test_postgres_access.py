"""Getting into PostgreSQL: what a check finds out, and that no message has a secret."""

from __future__ import annotations

import socket

import pytest
from airbyte_local.connectors.destinations.postgres import guarded
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed


@pytest.fixture
def store(stores):
    return stores.make("postgres")


def failing(store, **more):
    store.configuration |= more
    with pytest.raises(ConnectorFailed) as caught:
        store.check()
    return str(caught.value)


def test_a_check_makes_nothing_that_stays(store):
    store.configuration["schema"] = "not yet there"
    store.check()
    assert store.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'not%'") == []


def test_a_wrong_password_is_said_without_it(store):
    said = failing(store, password="wr0ng-s3cret")
    assert "password authentication failed" in said
    assert "wr0ng-s3cret" not in said


def test_a_database_that_is_not_there_is_named(store):
    assert '"nowhere" does not exist' in failing(store, database="nowhere")


def test_a_server_that_is_not_there_is_named(store):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert f"port {port}" in failing(store, port=port)
    with pytest.raises(ConnectorCrashed):
        store.open()


def test_a_user_who_may_not_write_is_told(store):
    store.execute("CREATE ROLE guest LOGIN PASSWORD 'guest-pw'")
    assert "permission denied" in failing(store, username="guest", password="guest-pw")
    with pytest.raises(ConnectorFailed, match="permission denied"):
        store.sync({"id": 1})


def test_a_user_who_may_only_write_to_one_schema_can(store):
    store.execute("CREATE ROLE writer LOGIN PASSWORD 'writer-pw'")
    store.execute("CREATE SCHEMA landing AUTHORIZATION writer")
    store.configuration |= {"username": "writer", "password": "writer-pw", "schema": "landing"}
    store.check()
    store.sync({"id": 1})
    assert store.rows(namespace="landing") == [{"id": 1}]


@pytest.mark.parametrize("method", ["SSH_KEY_AUTH", "SSH_PASSWORD_AUTH"])
def test_a_tunnel_is_refused(store, method):
    said = failing(
        store, tunnel_method={"tunnel_method": method, "ssh_key": "s3cret", "tunnel_user_password": "s3cret"}
    )
    assert method in said
    assert "s3cret" not in said
    store.configuration["tunnel_method"] = {"tunnel_method": "NO_TUNNEL"}
    store.check()


def test_raw_tables_alone_are_refused(store):
    assert "disable_type_dedupe" in failing(store, disable_type_dedupe=True)


def test_encryption_is_insisted_on_where_it_is_asked_for(store):
    assert "SSL" in failing(store, ssl_mode={"mode": "require"})
    store.configuration["ssl_mode"] = {"mode": "disable"}
    store.check()
    assert "SSL" in failing(store, ssl_mode=None, ssl=True)


def test_certificates_are_handed_on_and_their_files_do_not_stay(store, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", None)
    said = failing(
        store,
        ssl_mode={
            "mode": "verify-full",
            "ca_certificate": "no certificate",
            "client_certificate": "none either",
            "client_key": "s3cret-key",
            "client_key_password": "s3cret-pw",
        },
    )
    assert "s3cret" not in said
    assert [path for path in tmp_path.rglob("*") if "airbyte-local-" in path.name] == []


def test_the_drivers_parameters_do_not_disturb(store):
    store.configuration["jdbc_url_params"] = "connectTimeout=5&prepareThreshold=0&x"
    store.check()


def test_an_error_that_quotes_a_secret_is_masked(store):
    with pytest.raises(ConnectorFailed) as caught, guarded(["s3cret"]):
        store.execute('SELECT * FROM "s3cret"')
    assert "s3cret" not in str(caught.value)
    assert "***" in str(caught.value)


def test_an_error_that_quotes_a_value_does_not_quote_it(store):
    with pytest.raises(ConnectorFailed) as caught, guarded([]):
        store.execute("SELECT 'private'::integer")
    assert "private" not in str(caught.value)
    assert "22P02" in str(caught.value)


def test_a_constraint_of_the_user_fails_the_job_and_names_the_column(store):
    store.sync()
    store.execute("ALTER TABLE users ALTER COLUMN name SET NOT NULL")
    sink = store.open()
    sink.write(0, {"id": 1}, 1)
    with pytest.raises(ConnectorFailed, match=r"public\.users\.name"):
        sink.finish()
    sink.abort()
    assert store.rows() == []


def test_a_connection_that_is_cut_may_be_tried_again(store):
    sink = store.open()
    sink.write(0, {"id": 1}, 1)
    store.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'airbyte-local'")
    with pytest.raises(ConnectorCrashed):
        sink.finish()
    sink.abort()
    store.sync({"id": 2})
    assert store.rows() == [{"id": 2}]


def test_what_a_job_waits_for_at_the_server_is_given_up_when_it_is_cancelled(store):
    """Somebody else has the table locked; the job hangs until it is told to stop."""
    import threading

    from airbyte_local.connectors.cancelling import Cancelled

    store.sync({"id": 1})
    sink = store.open()
    sink.write(0, {"id": 2}, 1)
    store.execute("BEGIN")
    store.execute("LOCK TABLE users")
    caught: list[BaseException] = []

    def finish() -> None:
        try:
            sink.finish()
        except BaseException as error:  # noqa: BLE001
            caught.append(error)

    thread = threading.Thread(target=finish)
    thread.start()
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass"
    while not store.execute(waiting):
        assert thread.is_alive()
    store.cancellation.cancel()
    thread.join(30)
    store.execute("ROLLBACK")
    assert [type(error) for error in caught] == [Cancelled]
    sink.abort()
    assert store.rows() == [{"id": 1}]
