import pytest
from dagster_managed_elements.api.addresses import Address, printable, read_address
from dagster_managed_elements.engine.errors import DeclarationError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://localhost:8000", Address(base="http://localhost:8000", host="localhost:8000")),
        ("http://localhost:8000/", Address(base="http://localhost:8000", host="localhost:8000")),
        (" https://a.example/root/ ", Address(base="https://a.example/root", host="a.example")),
        ("http://[::1]:8000", Address(base="http://[::1]:8000", host="[::1]:8000")),
        (
            "https://jane:p%40ss@a.example/x?token=t#f",
            Address(base="https://a.example/x", host="a.example", user=("jane", "p@ss")),
        ),
    ],
)
def test_a_url_is_read_without_what_must_not_be_printed(url, address):
    assert read_address(url) == address


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "//a.example", "ftp://a.example", "http://", "http://a:99999", "http://[::1"]
)
def test_a_url_that_names_no_http_server_is_a_declaration_error(url):
    with pytest.raises(DeclarationError, match="The URL"):
        read_address(url)


@pytest.mark.parametrize("url", ["ftp://jane:hush@a.example", "jane:hush@a.example", "http://jane:hush@a:99999"])
def test_the_error_about_a_url_does_not_show_its_password(url):
    with pytest.raises(DeclarationError) as caught:
        read_address(url)
    assert "hush" not in str(caught.value)


def test_the_repr_of_an_address_does_not_show_its_password():
    assert "hush" not in repr(read_address("http://jane:hush@a.example"))


def test_a_printable_url_has_no_user_info_and_no_query():
    assert printable("https://u:hush@a.example/login?code=hush#hush") == "https://a.example/login"
    assert "hush" not in printable("http://[hush")
