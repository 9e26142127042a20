import os
import subprocess
import sys

import anyio
import pytest
from airbyte_local import server as local_server
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
    EnvVar,
    Secret,
)
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.errors import DeclarationError, Unauthorized, Unreachable
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.reconciling import Options, check

TOKENS = {"client_id": "me", "client_secret": "hush"}


def elements(count=1):
    """Nothing in it discovers for long: connections between a faker and a file."""
    destination = AirbyteDestination("out", "Local JSON", {"destination_path": "/local/out.json"})
    return [
        AirbyteConnection(
            f"c{number}",
            AirbyteSource(f"s{number}", "Sample Data", {"count": 10 + number}),
            destination,
            {"users": AirbyteSyncMode.FULL_REFRESH_OVERWRITE},
        )
        for number in range(count)
    ]


def checked(instance, wanted=()):
    (result,) = anyio.run(check, [AirbyteManagedElementReconciler(instance, wanted)], Options())
    return result


def applied(instance, wanted):
    async def agree(_plan):
        return Policy(allow_all=True)

    async def go():
        options = Options(decide=agree, settings=Settings(patience=2, timeout=10))
        return await apply([AirbyteManagedElementReconciler(instance, wanted)], options, anyio.Event())

    (result,) = anyio.run(go)
    return result


def local(server, **more):
    return AirbyteInstance(**{"url": f"http://127.0.0.1:{server.port}", "trust_env": False, **more})


@pytest.mark.parametrize(
    "uses", [pytest.param(uses, marks=pytest.mark.slow if uses % 5 else ()) for uses in range(1, 31)]
)
def test_a_token_that_expires_between_any_two_requests_of_an_apply_is_not_noticed(airbyte_local, asking, uses):
    door = asking(uses)
    result = applied(local(door, **TOKENS), elements(2))
    assert result.error is None, result.error
    assert result.report.ok
    assert checked(local(door, **TOKENS), elements(2)).plan.entries == ()
    assert len(door.seen) > 30
    created = [request.path for request in airbyte_local.requests if request.path.endswith("/create")]
    assert len(created) == 5


def test_client_credentials_may_come_from_the_environment(asking, monkeypatch):
    monkeypatch.setenv("AIRBYTE_CLIENT_SECRET", "hush")
    door = asking(1000)
    given = {"client_id": Secret.literal("me"), "client_secret": EnvVar("AIRBYTE_CLIENT_SECRET")}
    assert checked(local(door, **given)).error is None
    assert door.handed == 1


def test_wrong_client_credentials_are_named(asking):
    error = checked(local(asking(1000), client_id="me", client_secret="wrong")).error
    assert isinstance(error, Unauthorized)
    assert "client_id and client_secret were refused (400): Invalid client id" in str(error)
    assert "wrong" not in str(error)


def test_a_server_without_authentication_takes_client_credentials_for_nothing(airbyte_local):
    assert checked(local(airbyte_local, **TOKENS)).error is None


def test_a_token_that_somebody_else_fetched_is_sent(asking):
    door = asking(1000)
    assert checked(local(door, token=Secret.literal(door.hand_out()))).error is None
    assert isinstance(checked(local(door, token="stale")).error, Unauthorized)


def test_a_password_and_headers_are_sent(tmp_path):
    with local_server(tmp_path, auth="basic", username="u", password="right") as guarded:
        assert checked(local(guarded, username="u", password=Secret.literal("right"))).error is None
        assert isinstance(checked(local(guarded, username="u", password="wrong")).error, Unauthorized)


def test_headers_go_with_every_request_and_are_never_shown(door):
    instance = local(door, headers={"X-Proxy-Key": Secret.literal("topsecret")})
    assert checked(instance).error is None
    assert {headers.get("x-proxy-key") for _, _, headers in door.seen} == {"topsecret"}
    assert "topsecret" not in repr(instance)


def test_a_proxy_is_gone_through_and_keeps_its_password_to_itself(door, airbyte_local):
    proxy = f"http://jane:pr0xy@127.0.0.1:{door.port}"
    instance = local(airbyte_local, proxy=Secret.literal(proxy))
    assert checked(instance).error is None
    assert all(path.startswith(f"http://127.0.0.1:{airbyte_local.port}/api/v1/") for _, path, _ in door.seen)
    assert {headers["proxy-authorization"] for _, _, headers in door.seen} == {"Basic amFuZTpwcjB4eQ=="}
    assert "pr0xy" not in repr(local(airbyte_local, proxy=proxy))


def test_the_proxy_of_the_environment_counts_unless_told_otherwise(door, airbyte_local, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{door.port}")
    monkeypatch.setenv("NO_PROXY", "")
    assert checked(local(airbyte_local, trust_env=False)).error is None
    assert door.seen == []
    assert checked(local(airbyte_local, trust_env=True)).error is None
    assert door.seen


@pytest.mark.parametrize("proxy", ["127.0.0.1:3128", "ftp://x", ""])
def test_a_proxy_that_is_no_address_is_a_declaration_error(airbyte_local, proxy):
    error = checked(local(airbyte_local, proxy=proxy)).error
    assert isinstance(error, DeclarationError)


def test_a_certificate_that_nobody_vouches_for_is_refused_in_one_line(tls_door):
    error = checked(local(tls_door, url=f"https://127.0.0.1:{tls_door.port}")).error
    assert isinstance(error, Unreachable)
    assert "its TLS certificate is not trusted" in str(error)
    assert tls_door.seen == []


def test_a_certificate_is_trusted_by_its_authoritys_file_or_not_looked_at(tls_door, certificate):
    for verify in (str(certificate.authority), False):
        assert checked(local(tls_door, url=f"https://127.0.0.1:{tls_door.port}", verify=verify)).error is None


CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_private_authority_of_the_environment_is_trusted_unless_told_otherwise(
    tls_door, certificate, monkeypatch, variable
):
    for name in CERTIFICATES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(certificate.authority))
    url = f"https://127.0.0.1:{tls_door.port}"
    assert checked(AirbyteInstance(url=url)).error is None
    assert "not trusted" in str(checked(AirbyteInstance(url=url, trust_env=False)).error)


def test_the_command_trusts_a_private_authority_of_the_environment_and_says_in_a_line_that_it_lacks_one(
    tls_door, certificate, tmp_path, monkeypatch
):
    (tmp_path / "mine.py").write_text(
        "from dagster_managed_elements.airbyte import AirbyteInstance, AirbyteManagedElementReconciler\n"
        f"instance = AirbyteInstance(url='https://127.0.0.1:{tls_door.port}')\n"
        "reconciler = AirbyteManagedElementReconciler(instance, [])\n"
    )
    command = [sys.executable, "-m", "dagster_managed_elements.cli", "check", "-m", "mine"]
    for name in CERTIFICATES:
        monkeypatch.delenv(name, raising=False)

    def checked_with(**variables):
        environment = {**os.environ, **variables}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    trusting = checked_with(REQUESTS_CA_BUNDLE=str(certificate.authority))
    assert (trusting.returncode, trusting.stderr) == (0, "")
    assert trusting.stdout.endswith("\nNo diff found.\n")
    alone = checked_with()
    assert alone.returncode == 3
    (line,) = [line for line in (alone.stdout + alone.stderr).splitlines() if "TLS" in line]
    assert "its TLS certificate is not trusted" in line
    assert "Traceback" not in alone.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"client_id": "me"}, "belong together"),
        ({"client_secret": "hush"}, "belong together"),
        ({**TOKENS, "username": "u", "password": "p"}, "username= and client_id= both say who asks"),
        ({"token": "t", "username": "u"}, "username= and token= both say who asks"),
        ({**TOKENS, "token": "t"}, "client_id= and token= both say who asks"),
        ({"api": "graphql"}, "api= is one of auto, config, public, not 'graphql'"),
    ],
)
def test_who_asks_is_said_in_one_way(given, said):
    with pytest.raises(DeclarationError, match=said):
        AirbyteInstance(url="http://a.example", **given)


def test_no_secret_is_in_the_repr_of_an_instance():
    given = {"client_id": "me", "client_secret": "hush"}
    assert "hush" not in repr(AirbyteInstance(url="http://a.example", **given))
    assert "hush" not in repr(AirbyteInstance(url="http://a.example", token="hush"))
    assert "hush" not in repr(AirbyteInstance(url="http://a.example", username="u", password="hush"))


def test_an_address_that_carries_a_password_is_printed_without_it():
    assert repr(AirbyteInstance(url="http://me:hush@a.example:8000/x?key=hush")) == (
        "AirbyteInstance(url='http://a.example:8000/x', workspace=None)"
    )


WHO = {
    "username": {"password": "hush"},
    "password": {"username": "me"},
    "client_id": {"client_secret": "hush"},
    "client_secret": {"client_id": "me"},
    "token": {},
}


@pytest.mark.parametrize("name", WHO)
@pytest.mark.parametrize("text", ["of a file\n", "of Windows\r\n", "of\ntwo lines"])
@pytest.mark.parametrize("given", [str, Secret.literal])
def test_a_line_break_in_what_says_who_asks_is_told_before_anything_is_sent(airbyte_local, name, text, given):
    airbyte_local.forget_requests()
    error = checked(local(airbyte_local, **WHO[name], **{name: given(text)})).error
    assert isinstance(error, DeclarationError)
    assert str(error) == f"{name}= has a line break in it; did a file or a variable bring it along?"
    assert airbyte_local.requests == []


@pytest.mark.parametrize("root", ["/v1", "/v1/", "/api/public/v1"])
def test_clouds_root_behind_the_address_of_a_self_managed_server_leads_to_its_public_api(airbyte_local, root):
    url = f"http://127.0.0.1:{airbyte_local.port}{root}"
    result = checked(local(airbyte_local, url=url), elements())
    assert result.error is None
    assert result.plan is not None
    assert len(result.plan.entries) == 3
