"""What buckets did to those who keep a state or a lock in one, as others reported it, and what it does here."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.errors import StateError
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result, check
from dagster_managed_elements.state import object_store
from dagster_managed_elements.state.locks import Lease, holder_of, read_lock
from dagster_managed_elements.state.opening import open_store
from dagster_managed_elements.state.stores import Store
from obstore.exceptions import AlreadyExistsError, GenericError, PermissionDeniedError, PreconditionError
from obstore.store import MemoryStore

from testing.memory_world import MemoryInstance, Node, Server

Put = Callable[..., Any]


@dataclass
class Bucket:
    """*trouble* does what becomes of each write, by what does it and what it is given."""

    inner: MemoryStore = field(default_factory=MemoryStore)
    trouble: Callable[..., Any] | None = None
    puts: int = 0

    def get(self, key: str) -> Any:
        return self.inner.get(key)

    def put(self, key: str, data: bytes, *, mode: Any) -> Any:
        self.puts += 1
        if self.trouble is None:
            return self.inner.put(key, data, mode=mode)
        return self.trouble(self.inner.put, key, data, mode)


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "k" * 40)
    return uuid.uuid4().hex


@pytest.fixture
def bucket(name: str) -> Bucket:
    return object_store._memory.setdefault(name, Bucket())


@pytest.fixture
def store(name: str, bucket: Bucket) -> Store:
    assert bucket.puts == 0
    return open_store(f"memory://{name}")


def sent_twice(put: Put, key: str, data: bytes, mode: Any) -> Any:
    """The answer to the first was lost, and the client asked again by itself."""
    put(key, data, mode=mode)
    return put(key, data, mode=mode)


def test_a_lock_that_meets_itself_since_its_answer_was_lost_is_held_and_let_go(
    bucket: Bucket, store: Store
) -> None:
    bucket.trouble = sent_twice
    lease, other = Lease(store), Lease(store)
    assert lease.take() is None
    assert other.take() is not None
    lease.renew(early=True)
    tag = store.write(b"one", None)
    store.write(b"two", tag)
    lease.release()
    assert holder_of(read_lock(store), store.url) is None
    assert other.take() is None


def refused_at_first(times: int) -> Callable[..., Any]:
    """As S3 answers (409) where a delete, or another create, is under way."""
    left = [times]

    def trouble(put: Put, key: str, data: bytes, mode: Any) -> Any:
        if mode == "create" and left[0]:
            left[0] -= 1
            raise AlreadyExistsError("409 Conflict: ConditionalRequestConflict")
        return put(key, data, mode=mode)

    return trouble


def test_a_create_refused_for_something_that_is_not_there_is_made_again(bucket: Bucket, store: Store) -> None:
    bucket.trouble = refused_at_first(2)
    assert Lease(store).take() is None
    bucket.trouble = refused_at_first(2)
    assert store.write(b"one", None)


def test_one_that_is_refused_for_nothing_again_and_again_is_one_line(bucket: Bucket, store: Store) -> None:
    bucket.trouble = refused_at_first(1_000)
    with pytest.raises(StateError, match=r"\.lock is said to be there, and is not\.$"):
        Lease(store).take()
    assert bucket.puts < 10


def test_a_lock_that_is_free_and_can_never_be_written_is_one_line(bucket: Bucket, store: Store) -> None:
    """A proxy made another tag of it (a weak one), so no condition is ever met."""
    Lease(store).take()
    lease = Lease(store)
    store.write(b'{"token": ""}', getattr(read_lock(store), "tag", None), ".lock")

    def trouble(put: Put, key: str, data: bytes, mode: Any) -> Any:
        if mode != "create":
            raise PreconditionError("412 Precondition Failed")
        return put(key, data, mode=mode)

    bucket.trouble = trouble
    with pytest.raises(StateError, match="is free and cannot be taken"):
        lease.take()
    assert bucket.puts < 20


@pytest.mark.parametrize("heeded", ["neither", "create", "update"])
def test_a_bucket_that_takes_no_notice_of_conditions_is_no_place_for_a_lock(
    bucket: Bucket, store: Store, heeded: str
) -> None:
    def trouble(put: Put, key: str, data: bytes, mode: Any) -> Any:
        sort = "create" if mode == "create" else "update"
        return put(key, data, mode=mode if sort == heeded else "overwrite")

    bucket.trouble = trouble
    for _ in range(2):  # nor is it later
        with pytest.raises(StateError, match="is no place for a lock"):
            Lease(store).take()
    server = Server()
    assert "is no place for a lock" in str(applied(store.url, server, Node("a")).error)
    assert server.writes == []


def test_conditions_are_tried_out_once_and_not_at_every_apply(bucket: Bucket, store: Store) -> None:
    lease = Lease(store)
    lease.take()
    lease.release()
    before = bucket.puts
    again = Lease(store)
    again.take()
    again.release()
    assert bucket.puts - before == 2


def applied(url: str, server: Server, *elements: Node) -> Result:
    (result,) = anyio.run(apply, [Reconciler(MemoryInstance(server), elements)], Options(state=url), anyio.Event())
    return result


def checked(url: str, server: Server, *elements: Node) -> Result:
    (result,) = anyio.run(check, [Reconciler(MemoryInstance(server), elements)], Options(state=url))
    return result


TOKEN = Secret.literal("what-the-state-never-holds")
PAGE = b"<!DOCTYPE html><html><body>Sign in</body></html>"


@pytest.mark.parametrize("suffix", ["", ".lock"])
def test_a_proxys_page_in_the_place_of_a_state_is_written_over_by_nobody(
    bucket: Bucket, store: Store, suffix: str
) -> None:
    server = Server()
    applied(store.url, server, Node("a"))
    before, writes = store.read(), len(server.writes)

    @dataclass
    class Page(Bucket):
        def get(self, key: str) -> Any:
            paged, there = MemoryStore(), self.inner.get(key)
            if not key.endswith(f".json{suffix}"):
                return there
            paged.put(key, PAGE)
            return paged.get(key)

    name = store.url.removeprefix("memory://")
    object_store._memory[name] = Page(bucket.inner)
    assert "cannot be read" in str(applied(store.url, server, Node("a", color=2)).error)
    object_store._memory[name] = bucket
    assert (store.read(), len(server.writes)) == (before, writes)
    assert checked(store.url, server, Node("a", color=2)).error is None


def test_credentials_that_expire_meanwhile_lose_no_report_and_the_next_apply_makes_nothing_twice(
    bucket: Bucket, store: Store
) -> None:
    server = Server()
    applied(store.url, server, Node("a", token=TOKEN))

    def trouble(put: Put, key: str, data: bytes, mode: Any) -> Any:
        if server.writes[1:]:
            raise GenericError("ExpiredToken: The provided token has expired.")
        return put(key, data, mode=mode)

    bucket.trouble = trouble
    two = [Node("a", token=TOKEN, color=2), Node("b", token=TOKEN)]
    result = applied(store.url, server, *two)
    assert result.report is not None
    assert result.report.ok
    assert str(result.error) == (
        f"What was applied could not be remembered: The state {store.url} cannot be written: "
        "ExpiredToken: The provided token has expired."
    )
    bucket.trouble = None
    ids = sorted(server.rows)
    assert len(ids) == 2
    lock = read_lock(store)
    assert lock is not None
    store.write(b'{"token": ""}', lock.tag, ".lock")  # or two minutes later
    again = applied(store.url, server, *two)
    assert again.error is None
    assert again.plan is not None
    # What may have been sent is sent again, once: nobody wrote down that it arrived.
    assert [(entry.action, entry.key.name) for entry in again.plan.entries] == [("update", "b")]
    assert sorted(server.rows) == ids
    assert checked(store.url, server, *two).plan.is_empty


def test_who_may_only_read_may_check(bucket: Bucket, store: Store) -> None:
    server = Server()
    applied(store.url, server, Node("a", token=TOKEN))

    def trouble(*_given: Any) -> Any:
        raise PermissionDeniedError("403 Forbidden")

    bucket.trouble = trouble
    result = checked(store.url, server, Node("a", token=Secret.literal("another-one-by-now")))
    assert result.error is None
    assert [(entry.key.name, [field.why for field in entry.fields]) for entry in result.plan.entries] == [
        ("a", ["changed-in-code"])
    ]
    refused = applied(store.url, server, Node("a"), Node("b"))
    assert "403 Forbidden" in str(refused.error)
    assert len(server.writes) == 1


def test_a_lock_that_somebody_deleted_by_hand_is_made_anew(bucket: Bucket, store: Store) -> None:
    server = Server()
    applied(store.url, server, Node("a"))
    bucket.inner.delete("state.json.lock")
    assert applied(store.url, server, Node("a", color=2)).error is None
    assert json.loads(getattr(read_lock(store), "data", b""))["token"] == ""
