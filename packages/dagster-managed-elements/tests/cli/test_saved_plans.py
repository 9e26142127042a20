"""A saved plan is applied as it was shown, or refused with what moved since."""

from __future__ import annotations

import json

import pytest

MODULE = """
import json, os, pathlib
SERVER = pathlib.Path("server.json")

class Kept(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.keep()
    def pop(self, *given):
        super().pop(*given)
        self.keep()
    def keep(self):
        SERVER.write_text(json.dumps([[*key, value] for key, value in self.items()], default=lambda _: "**"))

there = json.loads(SERVER.read_text()) if SERVER.exists() else []
store = Kept()
def masked(value):
    if isinstance(value, dict):
        return {key: masked(inner) for key, inner in value.items()}
    return Masked() if value == "**" else value

dict.update(store, {(kind, name): masked(value) for kind, name, value in there})
toy = Toy(place=os.environ.get("PLACE", "toy"), store=store)
"""
TWO = (
    MODULE
    + """
elements = [
    Source("shop", config={"url": "http://x", "password": Secret.literal("hunter2hunter2")}),
    Source("other", config={"url": "http://y"}),
]
reconciler = Reconciler(toy, elements)
"""
)


def server(project, *rows):
    (project.folder / "server.json").write_text(json.dumps(rows))


def saved(project, source=TWO, *arguments):
    project.write(source)
    result = project.run("check", "-m", "mine", "--save", "plan.json", *arguments)
    assert result.exit_code == 0, result.output
    return (project.folder / "plan.json").read_text()


def applied(project, *arguments):
    forget()
    return project.run("apply", "plan.json", "-m", "mine", *arguments)


def forget():
    import sys

    sys.modules.pop("mine", None)


def written(project):
    file = project.folder / "server.json"
    return sorted(name for _, name, _ in json.loads(file.read_text())) if file.exists() else []


def test_a_saved_plan_is_applied_and_then_no_longer_holds(project):
    text = saved(project)
    assert "hunter2" not in text
    assert json.loads(text)["format"] == "dagster-me plan"
    assert applied(project).exit_code == 0
    assert written(project) == ["other", "shop"]
    again = applied(project)
    assert again.exit_code == 3
    assert "shop (source) is there by now on the server; other (source) is there by now" in again.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"http://x"', '"http://z"', "the declaration of shop (source) changed"),
        ('Secret.literal("hunter2hunter2")', 'EnvVar("HOME")', "the declaration of shop (source) changed"),
        ('Source("other"', 'Source("third"', "the declaration of other (source) is gone"),
    ],
)
def test_a_plan_is_refused_where_the_code_moved(project, old, new, said):
    saved(project)
    project.write(TWO.replace(old, new))
    result = applied(project)
    assert result.exit_code == 3
    assert result.stderr.count("\n") == 1
    assert said in result.stderr
    assert written(project) == []


def test_a_plan_is_refused_where_the_server_moved_and_names_what_did(project):
    server(project, ["source", "shop", {"type": "File", "config": {"url": "http://old", "password": "p"}}])
    saved(project, TWO.replace('Secret.literal("hunter2hunter2")', '"p"'))
    server(project, ["source", "shop", {"type": "File", "config": {"url": "http://older", "password": "p"}}])
    result = applied(project)
    assert (result.exit_code, written(project)) == (3, ["shop"])
    assert "nothing was written: shop (source) changed on the server. Check and save it anew." in result.stderr


@pytest.mark.parametrize("how", [[], ["--destroy"]])
def test_a_plan_holds_nothing_of_a_secret_that_the_server_shows(project, how):
    texts = set()
    for shown in ("first-of-the-shop", "second-of-the-shop"):
        config = {"url": "http://old", "password": shown}
        server(project, *(["source", name, {"type": "File", "config": config}] for name in ("shop", "undeclared")))
        texts.add(saved(project, TWO, *how))
        forget()
    assert len(texts) == 1


def test_a_plan_is_refused_where_what_nobody_declares_and_goes_changed(project):
    row = ["source", "mine", {"type": "File", "config": {"url": "http://old"}}]
    server(project, row)
    saved(project, TWO.replace("toy, elements", "toy, elements, delete_unmentioned_resources=True"))
    row[2]["config"]["url"] = "http://older"
    server(project, row)
    result = applied(project, "--yes")
    assert (result.exit_code, written(project)) == (3, ["mine"])
    assert "nothing was written: what is there of mine (source), or why it goes, changed. Check" in result.stderr


def test_a_plan_is_refused_at_another_server(project, monkeypatch):
    saved(project)
    monkeypatch.setenv("PLACE", "elsewhere")
    result = applied(project)
    assert (result.exit_code, written(project)) == (3, [])
    assert "another server or workspace: toy, and the module is of elsewhere" in result.stderr


def test_what_nobody_was_shown_is_no_part_of_the_plan(project):
    """Something that became different since would be changed with it."""
    rows = [["source", "other", {"type": "File", "config": {"url": "http://y"}}]]
    server(project, *rows)
    saved(project)
    rows[0][2]["config"]["url"] = "http://moved"
    server(project, *rows)
    result = applied(project)
    assert "other (source) changed on the server" in result.stderr


def test_a_plan_keeps_how_it_was_asked_for(project):
    saved(project, TWO, "--target", "shop")
    assert "cannot be given with it" in applied(project, "--target", "other").stderr
    assert applied(project).exit_code == 0
    assert written(project) == ["shop"]


def test_no_plan_is_saved_of_what_could_not_be_planned(project):
    project.write('reconciler = Reconciler(Toy(reachable=False), [Source("a")])')
    result = project.run("check", "-m", "mine", "--save", "plan.json")
    assert result.exit_code == 3
    assert "no plan was saved" in result.stderr
    assert not (project.folder / "plan.json").exists()


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"format": "dagster-me plan", "version": true}',
        b'{"format": "dagster-me plan", "version": 2}',
        b'{"format": "dagster-me plan", "version": 1}',
        b'{"format": "dagster-me plan", "version": 1, "places": [1], "asked": {}}',
        b'{"format": "dagster-me plan", "version": 1, "places": [{"place": "toy", "changes": []}], "asked": {}}',
        b'{"format": "dagster-me plan", "version": 1, "places": [], "asked": {"target": "\\u001b[31m"}}',
        b'{"format": "dagster-me plan", "version": 1, "places": [], "asked": {"target": [{}], "destroy": 1}}',
        b'{"version": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_file_that_is_no_plan_is_refused_in_one_line(project, hostile):
    project.write(TWO)
    (project.folder / "plan.json").write_bytes(hostile)
    result = applied(project)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: The plan plan.json cannot be read: ")
    assert result.stderr.count("\n") == 1
    assert result.stderr.isprintable() or result.stderr[:-1].isprintable()
    assert written(project) == []


def test_a_destructive_plan_is_asked_about_although_it_was_saved(project):
    server(project, ["source", "shop", {"type": "File", "config": {}}])
    saved(project, TWO, "--destroy")
    assert "shop (source) is deleted" in applied(project).stderr
    assert written(project) == ["shop"]
    assert applied(project, "--yes").exit_code == 0
    assert written(project) == []


SECRETS = (
    MODULE
    + """
elements = [
    Source("shop", config={"url": os.environ.get("URL", "http://x"), "password": EnvVar("SHOP")}),
    Source("other", config={"password": EnvVar("OTHER"), "token": Secret.call(lambda: "t", reference="vault/1")}),
]
reconciler = Reconciler(toy, elements)
"""
)


@pytest.fixture
def keyed(project, monkeypatch):
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "k" * 40)
    monkeypatch.setenv("SHOP", "first-of-the-shop")
    monkeypatch.setenv("OTHER", "first-of-the-other")
    return project


def test_with_a_key_a_plan_is_refused_where_a_secret_it_sends_was_rotated(keyed, monkeypatch):
    text = saved(keyed, SECRETS)
    assert "first-of" not in text
    monkeypatch.setenv("OTHER", "second-of-the-other")
    result = applied(keyed)
    assert (result.exit_code, written(keyed)) == (3, [])
    assert "nothing was written: a secret of other (source) has another value. Check and save" in result.stderr
    monkeypatch.setenv("OTHER", "first-of-the-other")
    assert applied(keyed).exit_code == 0
    assert written(keyed) == ["other", "shop"]


def test_with_a_state_one_that_was_to_be_left_alone_and_was_rotated_is_seen_too(keyed, monkeypatch):
    monkeypatch.setenv("DAGSTER_ME_STATE", f"file://{keyed.folder / 'state.json'}")
    saved(keyed, SECRETS)
    assert applied(keyed).exit_code == 0
    forget()
    monkeypatch.setenv("URL", "http://y")
    saved(keyed, SECRETS)
    monkeypatch.setenv("OTHER", "second-of-the-other")
    result = applied(keyed)
    assert result.exit_code == 3
    assert "nothing was written: a secret of other (source) has another value. Check and save" in result.stderr


def test_with_a_state_a_plan_that_sends_a_rotated_secret_is_applied(keyed, monkeypatch):
    monkeypatch.setenv("DAGSTER_ME_STATE", f"file://{keyed.folder / 'state.json'}")
    saved(keyed, SECRETS)
    assert applied(keyed).exit_code == 0
    monkeypatch.setenv("OTHER", "second-of-the-other")
    forget()
    saved(keyed, SECRETS)
    monkeypatch.setenv("OTHER", "third-of-the-other")
    assert "a secret of other (source) has another value" in applied(keyed).stderr
    monkeypatch.setenv("OTHER", "second-of-the-other")
    result = applied(keyed)
    assert result.exit_code == 0, result.stderr


def test_a_plan_that_was_saved_with_a_key_wants_it(keyed, monkeypatch):
    saved(keyed, SECRETS)
    for other in ("x" * 40, ""):
        monkeypatch.setenv("DAGSTER_ME_STATE_KEY", other)
        result = applied(keyed)
        assert (result.exit_code, written(keyed)) == (3, [])
        assert "saved with a key for fingerprints of secrets, which is not the one given now" in result.stderr


def test_without_a_key_a_rotated_secret_is_not_seen(keyed, monkeypatch):
    monkeypatch.delenv("DAGSTER_ME_STATE_KEY")
    saved(keyed, SECRETS)
    monkeypatch.setenv("OTHER", "second-of-the-other")
    assert applied(keyed).exit_code == 0
