import pytest
from dagster_managed_elements.airbyte import AirbyteInstance
from dagster_managed_elements.airbyte.servers.api_roots import ApiRoot, api_root_of
from dagster_managed_elements.engine.errors import DeclarationError

HOST = "http://localhost:8000"
CLOUD = ApiRoot(base="https://api.airbyte.com", public_roots=("/v1",))


@pytest.mark.parametrize(
    ("url", "api", "api_root"),
    [
        (HOST, "auto", ApiRoot(base=HOST)),
        (f"{HOST}/", "auto", ApiRoot(base=HOST)),
        (f"{HOST}/api/v1/", "auto", ApiRoot(base=HOST)),
        (f"{HOST}/airbyte", "auto", ApiRoot(base=f"{HOST}/airbyte")),
        (f"{HOST}/api/public/v1", "auto", ApiRoot(base=HOST, public_roots=("/api/public/v1",))),
        (f"{HOST}/api/public/v1", "config", ApiRoot(base=HOST)),
        (f"{HOST}/v1", "auto", ApiRoot(base=HOST, public_roots=("/v1", "/api/public/v1"))),
        (HOST, "public", ApiRoot(base=HOST, public_roots=("/api/public/v1", "/v1"))),
        (f"{HOST}/api/v1", "public", ApiRoot(base=HOST, public_roots=("/api/public/v1", "/v1"))),
        ("http://u:p@localhost:8000/api/v1", "auto", ApiRoot(base="http://u:p@localhost:8000")),
        ("https://api.airbyte.com", "auto", CLOUD),
        ("https://api.airbyte.com/v1", "auto", CLOUD),
        ("https://cloud.airbyte.com", "auto", CLOUD),
        ("https://cloud.airbyte.com/api/v1", "public", CLOUD),
        ("https://cloud.airbyte.com", "config", ApiRoot(base="https://cloud.airbyte.com")),
    ],
)
def test_a_url_leads_to_an_api(url, api, api_root):
    assert api_root_of(url, api) == api_root


def test_tokens_are_handed_out_where_the_api_is():
    assert api_root_of(HOST).token_paths == ("/api/v1/applications/token",)
    assert CLOUD.token_paths == ("/v1/applications/token",)
    both = ("/api/public/v1/applications/token", "/v1/applications/token")
    assert api_root_of(HOST, "public").token_paths == both


def test_what_is_no_url_is_a_declaration_error():
    with pytest.raises(DeclarationError):
        api_root_of("localhost:8000")


def test_a_password_without_a_name_is_refused_where_it_is_written():
    with pytest.raises(DeclarationError, match="password= needs username="):
        AirbyteInstance(url="http://localhost:8000", password="p")
