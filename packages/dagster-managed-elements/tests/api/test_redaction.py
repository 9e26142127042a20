import html
import json
from urllib.parse import quote, quote_plus

import pytest
from dagster_managed_elements.api.redaction import MASK, redact
from hypothesis import given
from hypothesis import strategies as st

SECRETS = st.text(min_size=1, max_size=30).filter(lambda text: not set(text) <= set("*"))


@pytest.mark.parametrize(
    "spell",
    [
        str,
        lambda secret: json.dumps({"password": secret}),
        lambda secret: json.dumps({"password": secret}, ensure_ascii=False),
        lambda secret: json.dumps({"message": json.dumps({"password": secret})}),
        lambda secret: f"postgres://u:{quote(secret, safe='')}@host",
        lambda secret: f"?token={quote_plus(secret)}",
        lambda secret: f"<p>{html.escape(secret)}</p>",
    ],
)
def test_a_secret_is_blanked_in_whatever_spelling_it_comes_back(spell):
    secret = 'p<&"ä\n/ +%\\x'
    assert redact(f"before {spell(secret)} after", [secret]).count(MASK) == 1


def test_the_lines_of_a_key_are_blanked_one_by_one():
    key = "-----BEGIN-----\nMIIEvQIBADANBg\n}\n"
    assert redact("bad key MIIEvQIBADANBg }", [key]) == f"bad key {MASK} }}"


def test_a_secret_that_holds_another_is_blanked_whole():
    assert redact("abcdef", ["bcd", "abcdef"]) == MASK


def test_text_without_secrets_is_left_alone():
    assert redact("nothing here", ["hush", "", MASK]) == "nothing here"


@given(st.lists(SECRETS, max_size=4), st.text(max_size=20))
def test_no_secret_survives_in_a_json_echo(secrets, text):
    echoed = redact(json.dumps({"message": text, "sent": secrets}), secrets)
    for secret in secrets:
        if len(secret) > 4:
            assert secret not in echoed.replace(MASK, "")
