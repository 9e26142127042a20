"""Ways in: every legal cell lets in who should be let in, illegal ones are refused, tokens die when they should."""

from __future__ import annotations

import base64
import json

import httpx
import pytest
from airbyte_local import NoSuchAirbyte, server

CLIENT_CELLS = ("1.5", "1.6", "1.8", "2.0", "cloud")
BASIC_CELLS = ("1.5", "1.6", "1.8", "2.0")


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def credentials(api, **changes):
    return {"client_id": api.server.client_id, "client_secret": api.server.client_secret, **changes}


def buy(api, **changes):
    return api.client.post(f"{api.server.public_url}/applications/token", json=credentials(api, **changes))


@pytest.mark.parametrize(
    ("version", "auth", "legal"),
    [
        ("0.50", "client", "none, basic"),
        ("cloud", "none", "client"),
        ("cloud", "basic", "client"),
        ("2.0", "oidc", "none, basic, client"),
        ("1.4", "none", "0.50, 1.5, 1.6, 1.8, 2.0, cloud, 9.9"),
    ],
)
def test_a_cell_that_nobody_can_have_is_refused_with_those_there_are(version, auth, legal):
    with pytest.raises(NoSuchAirbyte, match=legal), server(airbyte_version=version, auth=auth):
        pass


def test_without_a_word_it_is_2_0_without_auth_and_cloud_with_credentials(serve):
    assert serve("2.0").public("GET", "sources").status == 200
    cloud = serve("cloud", log_in=False)
    assert cloud.public("GET", "sources").status == 401
    assert buy(cloud).status_code == 200


@pytest.mark.parametrize("version", ["1.5", "1.6", "1.8", "2.0"])
def test_without_auth_there_is_no_token_route(serve, version):
    api = serve(version)
    for path in ("/api/v1/applications/token", "/api/public/v1/applications/token"):
        assert api.client.post(path, json=credentials(api)).status_code == 404


@pytest.mark.parametrize("version", CLIENT_CELLS)
def test_a_token_opens_both_apis(serve, version):
    api = serve(version, auth="client")
    assert api.public("GET", "sources").status == 200
    if version != "cloud":
        assert api.ask("sources/list", workspaceId=api.workspace).status == 200


@pytest.mark.parametrize(
    ("version", "seconds"), [("1.5", 180), ("1.6", 900), ("1.8", 900), ("2.0", 900), ("cloud", 900)]
)
def test_a_token_says_who_it_is_for_and_how_long_it_lives(serve, version, seconds):
    api = serve(version, auth="client", log_in=False, clock=lambda: 1_000_000.0)
    bought = buy(api).json()
    assert (bought["token_type"], bought["expires_in"]) == ("Bearer", seconds)
    said = claims(bought["access_token"])
    assert (said["aud"], said["exp"]) == ("airbyte-server", 1_000_000 + seconds)
    assert {"iss", "sub", "roles"} <= set(said)


@pytest.mark.parametrize("version", CLIENT_CELLS)
def test_a_token_dies_of_old_age(serve, version):
    now = [1_000.0]
    api = serve(version, auth="client", token_seconds=60, clock=lambda: now[0])
    now[0] += 59
    assert api.public("GET", "sources").status == 200
    now[0] += 1
    assert api.public("GET", "sources").status == 401
    api.log_in()
    assert api.public("GET", "sources").status == 200


def test_a_forged_token_is_none(serve):
    api = serve("2.0", auth="client")
    head, body, signature = api.client.headers["authorization"].removeprefix("Bearer ").split(".")
    other = base64.urlsafe_b64encode(json.dumps({"exp": 9e9, "jti": "x"}).encode()).decode().rstrip("=")
    for token in (f"{head}.{other}.{signature}", f"{head}.{body}.", "x", ".", f"{head}.{body}.é"):
        headers = {"authorization": f"Bearer {token}".encode()}
        assert api.client.get("/api/public/v1/sources", headers=headers).status_code == 401


def test_a_token_of_one_server_does_not_open_another(serve):
    first, second = serve("2.0", auth="client"), serve("2.0", auth="client", log_in=False)
    assert second.client.get("/api/public/v1/sources", headers=first.client.headers).status_code == 401


def test_tokens_outlive_a_restart(serve):
    api = serve("2.0", auth="client")
    api.server.restart()
    assert api.public("GET", "sources").status == 200


def test_a_token_can_be_made_to_expire_between_two_requests(serve):
    api = serve("2.0", auth="client")
    api.server.fault("", "tokens-expire", after=2, times=1)
    assert [api.public("GET", "sources").status for _ in range(4)] == [200, 200, 401, 401]
    api.log_in()
    assert api.public("GET", "sources").status == 200


def test_every_token_can_be_made_good_for_so_many_requests(serve):
    api = serve("2.0", auth="client", log_in=False)
    api.server.fault("^/api/public/v1/sources", "tokens-expire", token_requests=2)
    for _ in range(2):
        api.log_in()
        assert [api.public("GET", "sources").status for _ in range(3)] == [200, 200, 401]


@pytest.mark.parametrize("version", ["1.5", "1.6", "1.8", "2.0"])
def test_the_config_route_takes_json_only_and_tells_no_more_than_the_token(serve, version):
    api = serve(version, auth="client", log_in=False)
    assert set(api.client.post("/api/v1/applications/token", json=credentials(api)).json()) == {"access_token"}
    assert api.client.post("/api/v1/applications/token", data=credentials(api)).status_code == 401


@pytest.mark.parametrize("version", CLIENT_CELLS)
def test_the_public_route_takes_forms_at_its_exact_address(serve, version):
    api = serve(version, auth="client", log_in=False)
    form = {**credentials(api), "grant_type": "client_credentials"}
    address = f"{api.server.public_url}/applications/token"
    assert api.client.post(address, data=form).json()["token_type"] == "Bearer"
    assert api.client.post(f"{address}?x=1", data=form).status_code == 401


@pytest.mark.parametrize("version", BASIC_CELLS)
def test_the_server_itself_takes_basic_since_1_0(serve, version):
    api = serve(version, auth="basic", username="me@example.com", password="right")
    assert api.public("GET", "sources").status == 401
    assert api.client.get("/api/public/v1/sources").headers["www-authenticate"].startswith("Bearer ")
    api.client.auth = httpx.BasicAuth("me@example.com", "right")
    assert api.public("GET", "sources").status == 200
    assert api.ask("sources/list", workspaceId=api.workspace).status == 200


def test_a_proxy_takes_basic_before_and_guards_health_too(serve):
    api = serve("0.50", auth="basic")
    for path in ("/api/v1/health", "/api/public/v1/health", "/api/public/v1/sources"):
        refused = api.client.get(path)
        assert (refused.status_code, refused.headers["content-type"]) == (401, "text/html")
        assert refused.headers["www-authenticate"].startswith("Basic ")
    api.client.auth = httpx.BasicAuth("airbyte", "password")
    assert api.client.get("/api/v1/health").json() == {"available": True}


@pytest.mark.parametrize(
    ("version", "auth"), [("0.50", "basic"), ("2.0", "basic"), ("2.0", "client"), ("cloud", "client")]
)
def test_the_doors_for_tests_stay_open(serve, version, auth):
    api = serve(version, auth=auth, log_in=False)
    (api.server.files / "a.csv").write_text("a\n1\n")
    assert api.client.get("/_local/health").json()["version"] == api.server.version
    assert api.client.get("/_local/files/a.csv").text == "a\n1\n"


@pytest.mark.parametrize("auth", ["basic", "client"])
def test_the_instance_says_that_it_has_users(serve, auth):
    api = serve("2.0", auth=auth, log_in=False)
    assert api.client.get("/api/v1/instance_configuration").json()["auth"]["mode"] == "simple"
