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
dict.update(store, {(kind, name): value for kind, name, value in there})
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
