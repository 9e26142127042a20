"""No spelling of a secret, and no spelling of that spelling, comes through what a server is quoted with."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from dagster_managed_elements.api.redaction import MASK, redact
from hypothesis import given
from hypothesis import strategies as st


def url_lower(text: str) -> str:
    return "".join(part.lower() if part.startswith("%") else part for part in _escapes(quote(text, safe="")))


def _escapes(text: str) -> list[str]:
    pieces = []
    while text:
        size = 3 if text[0] == "%" else 1
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def slashed(text: str) -> str:
    return json.dumps(text)[1:-1].replace("/", "\\/")


def for_scripts(text: str) -> str:
    quoted = json.dumps(text)[1:-1]
    return quoted.replace("<", "\\u003c").replace(">", "\\u003E").replace("&", "\\u0026").replace("'", "\\u0027")


def python_bytes_safe(text: str) -> str:
    return ascii(text)[1:-1]


SPELLINGS = {
    "json": lambda text: json.dumps(text)[1:-1],
    "json, letters as they are": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json, slashes escaped": slashed,
    "json for scripts": for_scripts,
    "html": html.escape,
    "html, decimal": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "html, hexadecimal": lambda text: "".join(f"&#x{ord(letter):x};" for letter in text),
    "url": lambda text: quote(text, safe=""),
    "url, slashes as they are": quote,
    "url, lower case": url_lower,
    "form": quote_plus,
    "python": lambda text: repr(text)[1:-1],
    "python, ascii": python_bytes_safe,
    "nothing": str,
}
SECRET = "p<&\"ä\n/ +%\\x'\U0001f600>$"
CONTEXT = st.sampled_from(
    ["", "a", '"', "'", "\n", " at ", '{"password": "', "<p>", "?x=1&y=", "100% ", "C:\\dir\\", "ü"]
)
SECRETS = st.text(
    st.sampled_from("abcn0ux41\\\"'<>&;%+/ \n\täß\U0001f600{}#=") | st.characters(codec="utf-8"),
    min_size=4,
    max_size=30,
).filter(lambda text: len(text.strip()) >= 4 and not set(text) & set("*"))


def composed(text: str, names: list[str]) -> str:
    for name in names:
        text = SPELLINGS[name](text)
    return text


@pytest.mark.parametrize("second", SPELLINGS)
@pytest.mark.parametrize("first", SPELLINGS)
def test_a_secret_is_blanked_in_every_spelling_of_every_spelling(first, second):
    spelled = composed(SECRET, [first, second])
    assert redact(f"before {spelled} after", [SECRET]) == f"before {MASK} after"


@given(SECRETS, CONTEXT, CONTEXT, st.lists(st.sampled_from(list(SPELLINGS)), max_size=3))
def test_what_was_spelled_together_with_what_stands_around_it_is_blanked(secret, before, after, names):
    echoed = composed(f"{before}{secret}{after}", names)
    assert MASK in redact(echoed, [secret])
    # Nothing of the secret stands between what was around it: reading all of it back shows none.
    assert composed(secret, names) not in redact(echoed, [secret])


@given(
    SECRETS, st.text(max_size=7), st.text(max_size=7), st.sampled_from([str, SPELLINGS["json"], quote, html.escape])
)
def test_a_secret_in_base64_is_blanked_wherever_it_begins(secret, before, after, spell):
    for text in (secret, json.dumps(secret)[1:-1]):
        raw = f"{before}{text}{after}".encode("utf-8", "replace")
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            echoed = spell(encode(raw).decode())
            assert redact(f"key {echoed} bad", [secret]).startswith(f"key {MASK}")
        wrapped = spell(base64.encodebytes(raw).decode().strip())
        assert MASK in redact(wrapped, [secret]) or len(secret) < 8


def test_base64_is_blanked_whole_since_its_ends_hold_parts_of_letters():
    for before in ("", "u", "us", "user:"):
        pair = base64.b64encode(f"{before}hunter2".encode()).decode()
        assert redact(f"Basic {pair} was refused", ["hunter2"]) == f"Basic {MASK} was refused"


KEY = (
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBKcwggSjAgEAAoIBAQ+/\nAg==\n-----END PRIVATE KEY-----\n"
)
ACCOUNT = {"type": "service_account", "private_key": KEY, "key": {"id": "4f2a/9c", "n": [123456, None, True, "a"]}}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("line", [line for line in KEY.splitlines() if line])
def test_each_line_of_a_secret_is_blanked_by_itself(line, spelling):
    assert redact(f"bad line {SPELLINGS[spelling](line)}.", [KEY]) == f"bad line {MASK}."


@pytest.mark.parametrize("joined", [" ", "", "\r\n", "\\n", "<br>", "\n    "])
def test_a_key_whose_lines_are_broken_otherwise_is_blanked(joined):
    echoed = redact(f"bad key: {joined.join(KEY.splitlines())}", [KEY])
    assert not any(line in echoed for line in KEY.splitlines())


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    "write",
    [
        json.dumps,
        lambda value: json.dumps(value, separators=(",", ":")),
        lambda value: json.dumps(value, indent=2),
        lambda value: json.dumps(value, sort_keys=True),
        lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        lambda value: json.dumps(dict(reversed(value.items()))),
    ],
)
@pytest.mark.parametrize("kept", [json.dumps, lambda value: json.dumps(value, indent=4) + "\n"])
def test_a_secret_that_is_json_is_blanked_however_it_is_written_again(kept, write, spelling):
    echoed = redact(f"cannot read {SPELLINGS[spelling](write(ACCOUNT))} as a key", [kept(ACCOUNT)])
    for part in ("BEGIN", "MIIEvQ", "AQ+/", "Ag==", "4f2a", "123456", "service_account"):
        assert part not in echoed
    if list(json.loads(write(ACCOUNT))) == sorted(ACCOUNT) or list(json.loads(write(ACCOUNT))) == list(ACCOUNT):
        assert echoed == f"cannot read {MASK} as a key"


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("part", ["4f2a/9c", KEY, "123456"])
def test_what_stands_in_a_secret_that_is_json_is_a_secret(part, spelling):
    for kept in (json.dumps(ACCOUNT), json.dumps({"inner": json.dumps(ACCOUNT)}), json.dumps([ACCOUNT])):
        assert redact(f"no such key: {SPELLINGS[spelling](part)}!", [kept]) == f"no such key: {MASK}!"


@pytest.mark.parametrize("secret", ["a", "7", "ab", "pw1", "<", "ä", "é!", " "])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_of_a_short_secret_the_whole_text_gives_way_to_one_mask(secret, spelling):
    assert redact(f"The p{SPELLINGS[spelling](secret)}ssword is refused", [secret]) == MASK
    assert redact("ÖÖÖ", [secret]) == "ÖÖÖ"


@pytest.mark.parametrize("secret", ["a", "7", "ab", "pw1", "<", "ä", "é!"])
@pytest.mark.parametrize("around", ["{}", "{}:", "u:{}", "us:{}", "use:{}", '{{"user":"u","key":"{}"}}'])
def test_of_a_short_secret_in_base64_the_whole_text_gives_way(secret, around):
    raw = around.format(secret).encode()
    for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw), base64.b64encode(raw).rstrip(b"=")):
        for spell in (str, quote, SPELLINGS["json, slashes escaped"], SPELLINGS["html, decimal"]):
            assert redact(f"Öö: Ö {spell(encoded.decode())} Ö", [secret, "other"]) == MASK


@pytest.mark.parametrize("text", ["ÖÖÖ dXNlcjpwYXNz ÖÖÖ", "a request of 9f8e7d6c", "0123456789abcdef"])
def test_base64_without_a_short_secret_and_what_merely_looks_like_it_are_left_alone(text):
    assert redact(text, ["#!", "~"]) == text


def test_a_secret_that_holds_another_is_blanked_whole():
    assert redact("abcdefgh", ["bcde", "abcdefgh"]) == MASK
    assert redact("xabcdefgh", ["abcde", "defgh"]) == f"x{MASK}"


def test_a_secret_that_overlaps_itself_is_blanked_to_its_end():
    assert redact("ababababa", ["ababa"]) == MASK


@pytest.mark.parametrize(
    "text", ["nothing here", "", "100% of a&b; \\ \\u12 %zz &nope; &#xffffff; \\Uffffffff", "a+b", "ü\ud800"]
)
def test_text_without_secrets_is_left_alone(text):
    assert redact(text, ["hush", "", MASK, "*"]) == text


def test_of_an_endless_text_no_part_of_a_secret_is_left_at_its_cut():
    secret = "correct horse battery staple"
    for before in range(65_536 - len(secret), 65_537):
        echoed = redact("-" * before + secret, [secret])
        assert set(echoed.replace(MASK, "").removesuffix("...")) == {"-"}
        echoed = redact(f"{secret}{'-' * (before - len(secret))}{secret}{secret}", [secret])
        assert set(echoed.replace(MASK, "").removesuffix("...")) <= {"-"}


def test_of_many_secrets_each_is_blanked():
    secrets = [f"secret-{number:04}" for number in range(500)]
    text = " ".join(secrets[::7])
    assert redact(text, secrets) == " ".join([MASK] * len(secrets[::7]))
    assert redact(quote(text), secrets).replace(MASK, "").replace("%20", "") == ""


@given(st.text(), st.lists(SECRETS, max_size=3))
def test_whatever_a_server_says_is_read_and_no_secret_is_left_in_it(text, secrets):
    echoed = redact(text, secrets)
    assert not any(secret in echoed for secret in secrets)


@given(st.lists(SECRETS, min_size=1, max_size=4), st.text(max_size=20))
def test_no_secret_survives_in_a_json_echo(secrets, text):
    echoed = redact(json.dumps({"message": text, "sent": secrets}), secrets)
    assert not any(json.dumps(secret)[1:-1] in echoed for secret in secrets)
