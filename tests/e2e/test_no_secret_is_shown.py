"""No secret, nor any eight characters of one, in anything that is printed, logged or written, whatever goes wrong.

Every command is run against an Airbyte that echoes what it was sent, headers and all, in each error. What is there
at the end is walked: all of the folder in which the state lies, whatever is in it, and everything that was said.
"""

from __future__ import annotations

import base64
import html
import json
import re
import sys
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from click.testing import CliRunner
from dagster_managed_elements.cli import main
from dagster_managed_elements.state.locks import Lease
from dagster_managed_elements.state.opening import open_store

from testing.proxies import Proxy, Said, proxied

PIECE = 8
LINES = [base64.b64encode(bytes((7 * row + column) % 251 for column in range(48))).decode() for row in range(6)]
PEM = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *LINES, "-----END RSA PRIVATE KEY-----"]) + "\n"
ACCOUNT = {
    "type": "service_account",
    "project_id": "winter-owl-7731",
    "private_key_id": "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "private_key": PEM.replace("RSA ", "").replace(LINES[0], LINES[0][::-1]),
    "client_email": "robot@winter-owl-7731.gserviceacc0unt",
}
SECRETS = {
    "ACCOUNT": json.dumps(ACCOUNT, indent=2),
    "PEM": PEM,
    "BASE64": base64.b64encode(bytes(range(200, 245))).decode(),
    "UNICODE": "пароль-超秘密の鍵-🗝️-ßtraße",
    "URL": "p@ss:w/rd?with&special=chars%41+#<x>",
    "LOGIN": "quiet-heron-8842",
    "ADMIN": "tr0ub4dor&3-of-the-admin",
    "VAULT": "hvs.CAESIJ4-from-the-vault-0042",
    "KEY": "0123456789fedcba" * 4,
}
FRAMES = [f"-----{word} {kind}PRIVATE KEY-----" for word in ("BEGIN", "END") for kind in ("", "RSA ")]
"""What every key begins and ends with: no piece of a secret."""
MODULE = """
import logging, os, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
from dagster_managed_elements import Policy
from dagster_managed_elements.airbyte import *

def vault():
    if os.environ.get("VAULT_FAILS"):
        raise RuntimeError("vault said no to " + os.environ["VAULT"])
    return os.environ["VAULT"]

airbyte = AirbyteInstance(url={url!r}, api={api!r}, username="airbyte", password=EnvVar("ADMIN"))
db = dict(host="db.internal", port=5432, database="shop", username=EnvVar("LOGIN"))
tunnel = dict(tunnel_method="SSH_KEY_AUTH", tunnel_host="bastion", tunnel_port=22, tunnel_user="u")
sheet = AirbyteSource("sheet", "Google Sheets", dict(spreadsheet_id="https://docs.google.com/spreadsheets/d/1",
    credentials=dict(auth_type="Service", service_account_info=Secret.env("ACCOUNT"))))
shop = AirbyteSource("shop", "Postgres", dict(db, password=EnvVar("UNICODE"),
    tunnel_method=dict(tunnel, ssh_key=Secret.file("key.pem")),
    jdbc_url_params=Secret.format("ssl=true&password={{}}", EnvVar("URL"))))
stripe = AirbyteSource("stripe", "Stripe", dict(account_id="acct_1",
    client_secret=Secret.call(vault, reference="vault/" + os.environ.get("VERSION", "1"))))
lake = AirbyteDestination("lake", "S3", dict(s3_bucket_name="b", s3_bucket_path="p", s3_bucket_region="eu-west-1",
    format=dict(format_type="CSV", flattening="No flattening"), access_key_id="AKIAIOSFODNN7LITERAL",
    secret_access_key=EnvVar("BASE64")))
mine = AirbyteManagedElementReconciler(airbyte, elements=[sheet, shop, stripe, lake], name="team")
"""


def spellings(value: str) -> Iterator[str]:
    """As it is, and as JSON, URLs, HTML, Python and base64 have it."""
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(value)
    yield quote_plus(value)
    yield html.escape(value)
    yield ascii(value)
    yield base64.b64encode(value.encode()).decode().rstrip("=")[:-2]


def pieces(value: str) -> set[str]:
    """Of a JSON object those of its values: how they are called is no secret."""
    if value.startswith("{"):
        return {piece for inner in list(json.loads(value).values())[1:] for piece in pieces(inner)}
    frames = {piece for frame in FRAMES for text in spellings(frame) for piece in windows(text)}
    return {piece for text in spellings(value) for piece in windows(text)} - frames


@dataclass
class World:
    """Everything that was said is kept, by what was asked."""

    folder: Path
    proxy: Proxy
    values: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    ever: set[str] = field(default_factory=lambda: {*SECRETS.values(), "AKIAIOSFODNN7LITERAL"})
    said: list[tuple[str, str]] = field(default_factory=list)

    @property
    def state(self) -> str:
        return f"file://{self.folder / 'state' / 'airbyte.json'}"

    def run(self, *words: str, code: int | None = 0, **more: str) -> str:
        sys.modules.pop("mine", None)
        (self.folder / "key.pem").write_text(self.values["PEM"])
        environment = {
            "DAGSTER_ME_STATE": self.state,
            "DAGSTER_ME_STATE_KEY": self.values["KEY"],
            **self.values,
            **more,
        }
        result = CliRunner(env=environment).invoke(main, words)
        said = result.stdout + result.stderr
        self.said.append((" ".join(words), said))
        assert code is None or result.exit_code == code, said
        return said

    def rotate(self) -> None:
        """Each but the key; of the service account the private key alone."""
        for name in ("PEM", "BASE64", "UNICODE", "URL", "VAULT"):
            self.values[name] = self.values[name].replace("e", "E").replace("A", "Z").replace("-", "=")
        self.ever |= set(self.values.values())

    def leaks(self, *, leave: AbstractSet[str] = frozenset(), files: bool = True) -> list[tuple[str, str]]:
        """Where a piece stands, and which."""
        texts = [*self.said, *((str(file), file.read_text()) for file in self.written() if files)]
        wanted = {piece for value in self.ever - leave for piece in pieces(value)}
        return [(where, piece) for where, text in texts for piece in wanted & windows(text)]

    def written(self) -> list[Path]:
        ours = {"mine.py", "key.pem"}
        return [file for file in self.folder.rglob("*") if file.is_file() and file.name not in ours]


def windows(text: str) -> set[str]:
    return {text[start : start + PIECE] for start in range(len(text) - PIECE + 1)}


def echoing(status: int, form: str, which: str) -> Callable[[str, bytes, str], Said | None]:
    """A server that quotes all it was sent, and the headers it came with."""

    def refuse(asked: str, sent: bytes, headers: str) -> Said | None:
        if not re.search(which, asked):
            return None
        text = sent.decode()
        match form:
            case "json":
                said = {"message": f"cannot do {text} with {headers}", "exceptionStack": [text, quote(text)]}
                return Said(status, json.dumps(said).encode())
            case "html":
                return Said(status, f"<html><pre>{html.escape(text)}</pre>{headers}".encode(), "text/html")
            case "job":
                why = {"internalMessage": text, "externalMessage": text, "stacktrace": text}
                job = {"succeeded": False, "failureReason": why, "logs": {"logLines": [text]}}
                body = {"status": "failed", "message": text, "jobInfo": job}
                return Said(status, json.dumps(body).encode())
            case _:
                return Said(status, sent, "text/plain")

    return refuse


@pytest.fixture
def world(airbyte_local, tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with proxied(airbyte_local.url) as proxy:

        def made(api: str) -> World:
            (folder / "mine.py").write_text(MODULE.format(url=proxy.url, api=api))
            return World(folder, proxy)

        yield made
    sys.modules.pop("mine", None)


WRITES = r"/(create|update|partial_update|delete)$|^(POST|PATCH|DELETE) .*/public/v1/"
CELLS = [("config", "json"), ("config", "html"), ("config", "text"), ("public", "json")]
NOBODYS = lambda *_given: None  # noqa: E731


@pytest.mark.slow
@pytest.mark.parametrize(
    ("api", "form"), [("config", "json"), ("config", "html"), ("config", "text"), ("public", "json")]
)
def test_no_piece_of_a_secret_is_shown_whatever_goes_wrong(world, api, form):
    world = world(api)
    module = ("-m", "mine")
    world.run("check", *module, "--verbose")
    world.run("plan", *module, "--output", "json", "--save", "plan.json")
    world.run("check", *module, "--output", "markdown")
    if api == "config":
        world.proxy.refuse = echoing(200, "job", r"/(check_connection|discover_schema)$")
        world.run("check", *module, "--preflight", "-v", code=3)
    for status in (422, 500):
        world.proxy.refuse = echoing(status, form, WRITES)
        said = world.run("apply", *module, "--yes", "--verbose", code=3)
        assert "failed" in said
    if form == "html":  # no answer at all: what was created is looked for, for a minute
        world.proxy.refuse = echoing(200, form, WRITES)
        world.run("apply", *module, "--yes", code=3)
    world.proxy.refuse = NOBODYS
    world.run("apply", *module, "--yes", code=3, VAULT_FAILS="yes")
    world.run("apply", *module, "--yes", "--verbose")
    world.run("apply", "plan.json", *module, code=3)
    world.run("check", *module, "--secrets=server", "-v")

    world.rotate()
    world.run("check", *module, "--secrets=server", "--output", "json", VERSION="2")
    world.proxy.refuse = echoing(422, form, WRITES)
    world.run("apply", *module, "--yes", "-v", code=3, VERSION="2")
    world.proxy.refuse = NOBODYS
    world.run("apply", *module, "--yes", "--include-all-secrets", "--output", "json", VERSION="2")
    world.run("snapshot", *module, "-o", "snapshot.json", "-v")
    world.run("check", *module, "--against", "snapshot.json")

    Lease(open_store(world.state)).take()
    world.run("apply", *module, code=3)
    world.run("unlock", "--state", world.state, "--yes")
    world.proxy.refuse = echoing(401, form, r"/list\w*$|^GET .*/(sources|workspaces)$")
    for words in (("check",), ("apply", "--yes"), ("destroy", "--yes")):
        world.run(*words, *module, "-v", code=3)
    world.run("export", "--instance", "mine:airbyte", "-o", "warehouse.py", "-v", code=3)
    world.proxy.refuse = echoing(500, form, WRITES)
    world.run("destroy", *module, "--yes", "-v", code=3, VERSION="2")
    world.proxy.refuse = NOBODYS
    world.run("check", *module, "--destroy", "--output", "json")
    assert world.leaks() == []
    names = {file.name for file in world.written()}
    assert names >= {"airbyte.json", "airbyte.json.lock", "plan.json", "snapshot.json"}
    assert any("history" in str(file) for file in world.written())

    # What Airbyte does not call secret is none to who has no declaration.
    world.run("export", "--instance", "mine:airbyte", "-o", "warehouse.py", "-v")
    world.run("snapshot", "--instance", "mine:airbyte", "-o", "all.json")
    assert world.leaks(leave={SECRETS["LOGIN"], SECRETS["URL"], world.values["URL"]}) == []
    world.said.clear()
    world.run("destroy", *module, "--yes", "-v", VERSION="2")
    assert world.leaks(files=False) == []


def test_what_looks_for_leaks_finds_them():
    told = [*(text for name, text in SECRETS.items() if name != "ACCOUNT"), *list(ACCOUNT.values())[1:]]
    for value in told:
        for text in spellings(value):
            middle = len(text) // 2
            assert pieces(value) & windows(f"an error: {text[middle - 5 : middle + 5]}")
    assert pieces(SECRETS["ACCOUNT"]) & windows(ACCOUNT["private_key"])
