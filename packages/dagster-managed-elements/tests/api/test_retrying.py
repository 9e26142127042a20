import pytest
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.api.retrying import Untrusted, limit, pause, repeats
from dagster_managed_elements.engine.errors import (
    Conflict,
    Invalid,
    Lost,
    Missing,
    RateLimited,
    ServerFault,
    Unauthorized,
    Unreachable,
)
from hypothesis import given
from hypothesis import strategies as st

READ = Request(path="/list")
CREATE = Request(path="/create", effect="create")


@pytest.mark.parametrize(
    ("error", "read", "create"),
    [
        (Unreachable(), True, True),
        (RateLimited(status=429), True, True),
        (Lost(), True, False),
        (ServerFault(status=500), True, False),
        (ServerFault(status=503), True, False),
        (ServerFault(status=501), False, False),
        (ServerFault(status=200), False, False),
        (ServerFault(status=302), False, False),
        (Untrusted(), False, False),
        (Invalid(status=422), False, False),
        (Missing(status=404), False, False),
        (Conflict(status=409), False, False),
        (Unauthorized(status=401), False, False),
        (KeyError("a bug"), False, False),
    ],
)
def test_a_request_is_repeated_only_where_that_cannot_do_its_work_twice(error, read, create):
    assert repeats(READ, error) is read
    assert repeats(CREATE, error) is create


@pytest.mark.parametrize(
    ("error", "answered", "attempts"),
    [
        (Unreachable(), False, 2),
        (Unreachable(), True, 5),
        (ServerFault(status=500), True, 3),
        (ServerFault(status=503), True, 5),
        (RateLimited(), False, 5),
        (None, True, 5),
    ],
)
def test_an_error_is_worth_as_many_attempts_as_help(error, answered, attempts):
    assert limit(error, 5, answered=answered) == attempts
    assert limit(error, 1, answered=answered) == 1


def test_the_pause_doubles_up_to_half_a_minute():
    assert [pause(attempt, None, 1.0) for attempt in (1, 2, 3, 7, 8, 5000)] == [0.5, 1.0, 2.0, 30.0, 30.0, 30.0]


def test_half_of_the_pause_is_drawn():
    assert pause(3, None, 0.0) == pause(3, None, 1.0) / 2


def test_what_the_server_asks_for_is_waited():
    assert pause(1, RateLimited(retry_after=17.0), 0.0) == 17.0
    assert pause(1, RateLimited(retry_after=0.0), 0.0) == 0.0


def test_a_server_cannot_make_us_wait_for_hours():
    assert pause(1, RateLimited(retry_after=86400.0), 0.0) == 120.0


@given(st.integers(min_value=1), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_a_pause_is_never_longer_than_its_limit(attempt, chance):
    assert 0 < pause(attempt, None, chance) <= 30.0
