"""What is taken over of a sync state, in each of the forms that Airbyte keeps one in."""

from __future__ import annotations

from typing import Any

import pytest
from dagster_managed_elements.airbyte.kinds.sync_states import streams_in, taken_over
from dagster_managed_elements.engine.errors import ManagedElementsError, ServerFault

ORDERS, USERS = ("shop", "orders"), ("", "users")


def row(name: str, state: Any = None, **more: str) -> dict[str, Any]:
    return {"streamDescriptor": {"name": name, **more}, "streamState": state or {"cursor": 1}}


ROWS = [row("orders", namespace="shop"), row("users")]
SHARED = {"lsn": 5}


@pytest.mark.parametrize(
    ("state", "names", "expected"),
    [
        ({"stateType": "not_set"}, [USERS], None),
        ({"stateType": "of tomorrow"}, [USERS], None),
        ({"stateType": "stream", "streamState": ROWS}, [USERS], {"stateType": "stream", "streamState": ROWS[1:]}),
        ({"stateType": "stream", "streamState": ROWS}, [("", "orders")], None),
        ({"stateType": "stream", "streamState": None}, [USERS], None),
        (
            {"stateType": "global", "globalState": {"shared_state": SHARED, "streamStates": ROWS}},
            [ORDERS],
            {"stateType": "global", "globalState": {"shared_state": SHARED, "streamStates": ROWS[:1]}},
        ),
        ({"stateType": "global", "globalState": {"shared_state": SHARED, "streamStates": ROWS}}, [], None),
        ({"stateType": "legacy", "state": {"users": 1}}, [USERS], {"stateType": "legacy", "state": {"users": 1}}),
        ({"stateType": "legacy"}, [USERS], None),
    ],
)
def test_of_a_state_that_is_taken_over_which_is_of_the_streams_that_go_on(state, names, expected):
    assert taken_over({"connectionId": "c", **state}, names, "at") == expected


def test_what_cannot_be_divided_is_taken_over_whole_or_not_at_all():
    legacy = {"stateType": "legacy", "state": {"users": 1}}
    with pytest.raises(ManagedElementsError, match="in one piece"):
        taken_over(legacy, [USERS], "at", is_whole=False)


def test_the_streams_of_a_state_are_told_in_each_form():
    assert streams_in({"streamState": ROWS}, "at") == [ORDERS, USERS]
    assert streams_in({"globalState": {"streamStates": ROWS}}, "at") == [ORDERS, USERS]
    assert streams_in({"stateType": "not_set"}, "at") == []


def test_an_answer_that_is_no_state_is_a_fault_of_the_server():
    with pytest.raises(ServerFault, match="not what Airbyte promises"):
        taken_over({"stateType": "stream", "streamState": [1]}, [USERS], "at")
