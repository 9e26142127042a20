"""Faults on demand: what the asker sees, and what the server has done meanwhile."""

from __future__ import annotations

import http.client
import json
import select
import time

import httpx
import pytest
from airbyte_local import Fault
from airbyte_local.http.faults import FaultMisspelt, Faults, fault_from

FAKER = "dfd88b22-b603-4c3d-aad7-3701784586b1"


def create(api, name):
    body = {"workspaceId": api.workspace, "sourceDefinitionId": FAKER, "name": name, "connectionConfiguration": {}}
    return api.client.post("/api/v1/sources/create", json=body)


def test_an_answer_lost_after_the_commit_leaves_the_object_there(api):
    api.server.fault("sources/create", "lost-after-commit", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        create(api, "lost")
    assert api.names("sources") == ["lost"]
    exchange = next(request for request in api.server.requests if request.path.endswith("sources/create"))
    assert (exchange.status, exchange.delivered, exchange.fault) == (200, False, "lost-after-commit")
    assert exchange.response["name"] == "lost"


def test_an_answer_lost_before_a_late_commit_lets_the_object_appear_later(api):
    api.server.fault("sources/create", "lost-before-late-commit", seconds=0.3, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        create(api, "late")
    assert api.names("sources") == []
    deadline = time.monotonic() + 5
    while api.names("sources") != ["late"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_late_is_done_once_it_is_settled(api):
    api.server.settle()
    api.server.fault("sources/create", "lost-before-late-commit", seconds=600, times=2)
    for name in ("late", "later"):
        with pytest.raises(httpx.RemoteProtocolError):
            create(api, name)
    assert api.names("sources") == []
    api.server.settle()
    assert sorted(api.names("sources")) == ["late", "later"]
    api.server.settle()


@pytest.mark.parametrize("retry_after", [None, 7])
def test_a_refusal_comes_with_or_without_retry_after(api, retry_after):
    api.server.fault("sources/create", "status", status=429, retry_after=retry_after, times=1)
    first, second = create(api, "a"), create(api, "b")
    assert (first.status_code, first.headers.get("retry-after")) == (429, retry_after and str(retry_after))
    assert second.status_code == 200
    assert api.names("sources") == ["b"]


def test_a_gateway_may_say_502_after_the_commit(api):
    api.server.fault("sources/create", "status", status=502, body="<html>Bad Gateway</html>", commit=True, times=1)
    answer = create(api, "there")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert api.names("sources") == ["there"]


def test_a_proxy_may_answer_200_with_a_page(api):
    api.server.fault("sources/list_paginated", "status", status=200, body="<html>Sign in</html>")
    answer = api.client.post("/api/v1/sources/list_paginated", json={})
    assert (answer.status_code, answer.text) == (200, "<html>Sign in</html>")


def test_a_cut_body_is_shorter_than_it_says(api):
    create(api, "a")
    api.server.fault("sources/list", "cut-body", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message"):
        api.client.post("/api/v1/sources/list", json={"workspaceId": api.workspace})


@pytest.mark.slow
def test_latency_grows_with_the_items_of_the_answer(api):
    api.server.seed(sources=[{"name": "s{n}", "count": 20}])
    api.server.fault("^.*/(sources|destinations)/list$", "latency", per_item_ms=6_000)  # two minutes for twenty
    mine = {"workspaceId": api.workspace}
    asking = http.client.HTTPConnection("127.0.0.1", api.server.port, timeout=30)
    headers = {"Content-Type": "application/json"}
    asking.request("POST", "/api/v1/sources/list", json.dumps(mine), headers)
    overtaking = [api.ok("destinations/list", mine)["destinations"] for _ in range(20)]
    answered, _, _ = select.select([asking.sock], [], [], 0)
    api.server.restart()  # nobody waits for the two minutes
    assert (answered, asking.getresponse().status) == ([], 503)
    asking.close()
    assert overtaking == [[]] * 20


def test_shuffled_pages_repeat_and_skip(api):
    ids = set(api.server.seed(sources=[{"name": "s{n}", "count": 60}])["sources"])
    api.server.fault("sources/list_paginated", "pages-shuffled")
    page = {"workspaceIds": [api.workspace], "pagination": {"pageSize": 20}}
    seen = []
    for offset in (0, 20, 40):
        page["pagination"]["rowOffset"] = offset
        seen += [source["sourceId"] for source in api.ok("sources/list_paginated", page)["sources"]]
    assert len(seen) == 60
    assert len(set(seen)) < 60
    assert set(seen) < ids


def test_repeating_pages_show_one_row_twice_and_the_last_never(api):
    api.server.seed(sources=[{"name": "s{n}", "count": 5}])
    whole = {"workspaceIds": [api.workspace], "pagination": {"pageSize": 5}}
    ids = [source["sourceId"] for source in api.ok("sources/list_paginated", whole)["sources"]]
    api.server.fault("sources/list_paginated", "pages-repeat-skip")
    seen = []
    for offset in (0, 2, 4):
        body = {"workspaceIds": [api.workspace], "pagination": {"pageSize": 2, "rowOffset": offset}}
        seen.append([source["sourceId"] for source in api.ok("sources/list_paginated", body)["sources"]])
    assert seen == [ids[0:2], ids[1:3], ids[3:5]]


@pytest.mark.parametrize("commit", [False, True])
def test_a_server_that_dies_refuses_connections_and_comes_back_with_what_it_had(api, commit):
    api.server.fault("sources/create", "die", after=2, times=1, commit=commit)
    assert [create(api, name).status_code for name in "ab"] == [200, 200]
    with pytest.raises(httpx.RemoteProtocolError):
        create(api, "c")
    with pytest.raises(httpx.ConnectError):
        create(api, "d")
    port = api.server.port
    api.server.restart()
    assert api.server.port == port
    assert sorted(api.names("sources")) == (["a", "b", "c"] if commit else ["a", "b"])


def test_a_killed_server_starts_again_on_the_same_port_and_data(api):
    create(api, "a")
    api.server.kill()
    with pytest.raises(httpx.TransportError):
        api.client.get("/api/v1/health")
    api.server.start()
    assert api.names("sources") == ["a"]


def test_rules_match_by_path_method_and_expression(api):
    api.server.faults(
        {"match": "/api/v1/health", "method": "POST", "action": "status", "status": 418},
        {"match": r"^/api/v1/(sources|destinations)/get$", "action": "status", "status": 599},
    )
    assert api.client.get("/api/v1/health").status_code == 200
    assert api.ask("sources/get").status == 599
    assert api.ask("sources/list").status == 500
    api.server.faults()
    assert api.ask("sources/get").status == 500


def test_the_first_requests_pass_and_the_next_are_hit():
    assert _hits(Fault(match="", action="status", after=2, times=2), 6) == [0, 0, 1, 1, 0, 0]
    assert _hits(Fault(match="", action="status"), 3) == [1, 1, 1]


def _hits(rule, number):
    faults = Faults()
    faults.put([rule])
    return [len(faults.hitting("POST", "/x")) for _ in range(number)]


@pytest.mark.parametrize(
    "rule",
    [{}, {"action": "explode"}, {"action": "die", "when": 3}, {"action": "die", "match": "^("}],
    ids=["no action", "unknown action", "unknown property", "no expression"],
)
def test_a_rule_that_means_nothing_is_refused(rule):
    with pytest.raises(FaultMisspelt):
        fault_from(rule)


def test_a_rule_reads_as_it_was_written():
    rule = Fault(match="x", action="status", status=500, body={"a": 1}, headers={"x": "y"})
    assert fault_from(rule.read()) == rule
