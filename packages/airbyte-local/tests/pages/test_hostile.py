"""Names, messages and configurations that want to be something else; and secrets, which are on no page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import httpx
import pytest

RTL = "\u202egnp.exe\u202c \u05d0\u05d1\u05d2"
TEMPLATE = "{{ 7 * 7 }}{% raw %}</title><!--"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    TEMPLATE,
    "javascript:alert(1)",
    RTL,
    "x" * 256,
    "a\x00b\x1b[31mc",
]
SECRETS = {
    "Postgres": {
        "host": "h",
        "port": 5432,
        "database": "d",
        "username": "u",
        "password": "hidden-password",
        "tunnel_method": {
            "tunnel_method": "SSH_KEY_AUTH",
            "tunnel_host": "t",
            "tunnel_port": 22,
            "tunnel_user": "u",
            "ssh_key": "hidden-ssh-key",
        },
    },
    "GitHub": {
        "credentials": {"option_title": "PAT Credentials", "personal_access_token": "hidden-token"},
        "repositories": ["a/b"],
    },
    "Stripe": {
        "account_id": "acct_1",
        "client_secret": "hidden-client-secret",
        "start_date": "2020-01-01T00:00:00Z",
    },
    "Sample Data": {"count": 1, "unknown": {"password": "not-known-as-a-secret"}},
}


def paths_of(api) -> list[str]:
    """Every page there is of what is there."""
    found = ["/", "/sources", "/destinations", "/definitions", "/diff"]
    with api.server.world.store.transaction() as session:
        workspaces = [each.id for each in session.workspaces.all()]
        for kind in ("source", "destination"):
            found += [f"/{kind}s/{each}" for each in session.actors.ids(kind, workspaces, deleted=True)]
        found += [f"/connections/{each}" for each in session.connections.ids(workspaces, deleted=True)]
    return found


class Elements(HTMLParser):
    """The elements of a page, and the texts with the elements that they are in."""

    VOID = frozenset({"meta", "link", "input", "img"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, list[tuple[str, dict[str, str | None]]]]] = []
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        self.texts.append((data, list(self._open)))


KNOWN = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "link",
        "script",
        "body",
        "a",
        "header",
        "div",
        "img",
        "span",
        "small",
        "nav",
    ),
    *(
        "form",
        "label",
        "select",
        "option",
        "button",
        "main",
        "p",
        "h1",
        "h2",
        "h3",
        "section",
        "code",
        "pre",
        "footer",
    ),
    *(
        "input",
        "b",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "bdi",
        "time",
        "dl",
        "dt",
        "dd",
        "details",
    ),
    *("summary", "ul", "li", "strong", "ol", "noscript", "article", "ins", "del"),
}


def assert_harmless(page: str, name: str) -> None:
    elements = Elements(page)
    for tag, attributes in elements.found:
        assert tag in KNOWN
        assert not [attribute for attribute in attributes if attribute.startswith("on") or attribute == "style"]
        assert (tag == "script") == ("defer" in attributes)
        for each in ("href", "src", "action", "data-events", "data-log"):
            assert attributes.get(each, "/")[:1] in {"/", "#", "?"}
    for text, around in elements.texts:
        if RTL in text:
            assert any(tag in {"bdi", "title"} or "dir" in attributes for tag, attributes in around), around[-1]
    assert name != TEMPLATE or "7 * 7" in page or "49" not in page


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_only_a_name_on_every_page(read, api, past, name):
    source = api.ok(
        "sources/create",
        name=name,
        workspaceId=api.workspace,
        sourceDefinitionId=api.definition("source", "E2E Testing"),
        connectionConfiguration={
            "type": "CONTINUOUS_FEED",
            "max_messages": 1,
            "mock_catalog": {
                "type": "SINGLE_STREAM",
                "stream_name": name,
                "stream_schema": json.dumps({"type": "object", "properties": {name: {"type": name}}}),
            },
        },
    )
    made = api.connection(
        source["sourceId"], name=name, prefix=name, namespaceDefinition="customformat", namespaceFormat=name
    )
    api.server.seed(workspaces=[{"name": name}])
    job = past.job(made["connectionId"], "failed", failures=[name])
    with past.journal(job.id) as journal:
        journal.say(name, level="error", source="source")
    change = {"action": "create", "kind": name, "name": name, "fields": [{"path": [name], "after": name}]}
    place = {
        "place": name,
        "changes": [change],
        "error": {"message": name},
        "notices": [{"name": name, "text": name}],
    }
    body = {
        "module": name,
        "document": {"version": 1, "places": [place]},
        "in_sync": [{"kind": name, "name": name}],
    }
    httpx.put(f"{api.server.url}/_local/diff", json=body, trust_env=False, verify=False).raise_for_status()
    for path in paths_of(api):
        answer = read.get(path)
        assert answer.status_code == 200
        assert_harmless(answer.text, name)
        assert len(answer.text) < 400_000
    search = read.client.get("/", params={"q": name, "show": name, "workspace": name})
    assert_harmless(search.text, name)
    plain = read.get(f"/jobs/{job.id}/attempts/0/log")
    assert plain.headers["content-type"].startswith("text/plain")


def test_no_secret_is_on_any_page(read, api):
    secrets = []
    for type_name, configuration in SECRETS.items():
        api.server.seed(sources=[{"name": type_name, "type": type_name, "configuration": configuration}])
        secrets += re.findall(r"hidden-[a-z-]+", json.dumps(configuration))
    assert len(secrets) == 4
    pages = {path: read.get(path).text for path in paths_of(api)}
    for path, page in pages.items():
        assert not [secret for secret in secrets if secret in page], path
        assert "secret_coordinate" not in page
        assert "airbyte_workspace_" not in page
    assert sum(page.count("**********") for page in pages.values()) == len(secrets)
    assert sum("not-known-as-a-secret" in page for page in pages.values()) == 1, "as the API shows it"


def test_a_secret_stays_one_where_the_specification_no_longer_says_so(read, api):
    (source,) = api.server.seed(sources=[{"name": "s", "type": "Stripe", "configuration": SECRETS["Stripe"]}])[
        "sources"
    ]
    other = api.definition("source", "Sample Data")
    with api.server.world.store.transaction() as session:
        actor = session.actors.get(source)
        assert "_secret" in json.dumps(actor.configuration)
        session.actors.save(replace(actor, definition_id=other))
    page = read.get(f"/sources/{source}").text
    assert "airbyte_workspace_" not in page
    assert "**********" in page


def test_a_schema_that_is_none_breaks_no_page(read, api):
    source = api.source()["sourceId"]
    found = api.ok("sources/discover_schema", sourceId=source)["catalog"]["streams"][0]
    for schema in ({}, {"properties": []}, {"properties": {"a": 1, "b": {"type": None}, "c": {"type": ["null"]}}}):
        config = {**found["config"], "selected": True, "fieldSelectionEnabled": False}
        stream = {**found["stream"], "jsonSchema": schema}
        made = api.connection(source)
        with api.server.world.store.transaction() as session:
            connection = session.connections.get(made["connectionId"])
            details = {**connection.details, "streams": [{"stream": stream, "config": config}]}
            session.connections.save(replace(connection, details=details))
        assert read.get(f"/connections/{made['connectionId']}").status_code == 200
