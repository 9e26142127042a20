"""`airbyte-local install`, `uninstall` and `connectors`: one line for what was done, one for what cannot be."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from airbyte_local.cli import main
from airbyte_local.connectors.external.choices import Choices
from airbyte_local.connectors.external.environments import Environments
from airbyte_local.connectors.external.pins import PINS, find_pin
from click.testing import CliRunner


@pytest.fixture
def run(tmp_path, index, monkeypatch):
    """`run("install", "faker")`: exit code, stdout, stderr; the uv of the test installs."""
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", f"{index.path.parent}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        done = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
        return done.exit_code, done.stdout, done.stderr

    return run


def rows(output):
    """name -> (heading, the rest)"""
    found, heading = {}, ""
    for line in output.splitlines():
        if line and not line.startswith(" "):
            heading = line
        elif line:
            kind, rest = line.split(maxsplit=1)
            name, _, how = rest.partition("  ")
            found[kind, name] = (heading, " ".join(how.split()[1:]))
    return found


def test_a_name_is_installed_and_removed(run, tmp_path):
    folder = tmp_path / ".airbyte-local" / "connectors"
    assert run("install", "github") == (0, "Installed airbyte-source-github 2.7.1 for GitHub.\n", "")
    assert Environments(folder).find(find_pin("github")) is not None
    assert run("uninstall", "github") == (0, "GitHub is uninstalled.\n", "")
    assert Environments(folder).find(find_pin("github")) is None


def test_one_that_is_built_in_gives_way_to_the_real_one_until_it_is_removed(run, tmp_path):
    folder = tmp_path / "data" / "connectors"
    assert run("install", "faker", "file", "--data", "data")[0] == 0
    assert [Choices(folder).prefers(f"airbyte/source-{name}") for name in ("faker", "file")] == [True, True]
    run("uninstall", "faker", "--data", "data")
    assert [Choices(folder).prefers(f"airbyte/source-{name}") for name in ("faker", "file")] == [False, True]


def test_what_cannot_be_installed_is_one_line(run, index):
    names = ", ".join(pin.name for pin in PINS)
    assert run("install", "postgres") == (
        2,
        "",
        f"There is no 'postgres' to install; there are {names}. Another can be had with --image and --command.\n",
    )
    assert run("uninstall", "faker") == (2, "", "faker is not installed in .airbyte-local.\n")
    assert index.asked == []


def test_an_installation_that_fails_shows_the_end_of_its_log(run, index):
    index.behave("sys.stderr.write('no route to the index\\n'); sys.exit(2)")
    code, out, err = run("install", "stripe")
    assert (code, out) == (3, "")
    assert err.startswith("Stripe could not be installed:\n")
    assert "no route to the index\n" in err
    assert err.endswith("connectors/airbyte-source-stripe-5.14.1.log\n")


@pytest.mark.parametrize(
    "arguments", [[], ["--image", "a/source-b"], ["--command", "x"], ["faker", "--image", "a/b", "--command", "x"]]
)
def test_what_to_install_must_be_said(run, arguments):
    assert run("install", *arguments) == (
        2,
        "",
        "Name connectors to install, or give both --image and --command.\n",
    )


def test_a_command_is_registered_for_an_image(run, fakes, tmp_path):
    script = fakes.script('say("SPEC", connectionSpecification={"title": "mine"})', "source-acme")
    code, out, _ = run("install", "--image", "acme/source-x:1.0", "--command", f"{script.name} --fast 'a b'")
    assert (code, out) == (0, f"Custom definitions of acme/source-x run {script.name} --fast 'a b'.\n")
    (registered,) = Choices(tmp_path / ".airbyte-local" / "connectors").commands()
    assert registered.command[1:] == ("--fast", "a b")
    assert registered.specification == {"title": "mine"}
    code, out, _ = run("connectors")
    heading, how = rows(out)["source", "(custom)"]
    assert (heading, how) == ("Runs here", f"command: {registered.command[0]} --fast a b")
    assert run("uninstall", "acme/source-x") == (0, "acme/source-x is uninstalled.\n", "")


def test_a_path_in_a_command_is_kept_from_where_it_was_said(run, fakes, tmp_path):
    fakes.script('say("SPEC", connectionSpecification={})', "source-acme")
    assert run("install", "--image", "acme/source-x", "--command", "./source-acme")[0] == 0
    (registered,) = Choices(tmp_path / ".airbyte-local" / "connectors").commands()
    assert registered.command == (str(tmp_path / "source-acme"),)


@pytest.mark.parametrize(
    ("image", "command", "code", "message"),
    [
        ("acme/source-x", "/no/such/program", 2, "There is no program '/no/such/program'.\n"),
        ("acme/source-x", "false", 3, "The connector ended with 1 without a word.\n"),
        ("acme/destination-x", "true", 2, "Only sources run as commands; destinations are built in.\n"),
    ],
)
def test_a_command_that_cannot_act_is_one_line(run, image, command, code, message):
    assert run("install", "--image", image, "--command", command) == (code, "", message)


def test_connectors_are_listed_with_what_becomes_of_them(run):
    run("install", "github", "faker")
    code, out, err = run("connectors")
    assert (code, err) == (0, "")
    listed = rows(out)
    assert listed["source", "GitHub"] == (
        "Runs here",
        "real: airbyte-source-github 2.7.1, where the definition says 2.1.14",
    )
    assert listed["source", "Sample Data"][1].startswith("real: airbyte-source-faker 7.2.1")
    assert listed["source", "File"] == ("Runs here", "built in; the real one: airbyte-local install file")
    assert listed["source", "Stripe"] == ("Can be installed", "airbyte-local install stripe")
    assert listed["source", "Low-code connectors"][1].endswith("airbyte-local install declarative-manifest")
    assert listed["source", "MySQL"][1] == "a Java image, which needs Docker"
    assert listed["source", "MySQL"][0].startswith("Only imitated")
    assert "\x1b" not in out


def test_on_a_terminal_there_is_colour(tmp_path):
    ours, theirs = os.openpty()
    command = [sys.executable, "-c", "from airbyte_local.cli import main; main()", "connectors"]
    with subprocess.Popen(command, stdout=theirs, cwd=tmp_path):
        os.close(theirs)
        assert os.read(ours, 100).startswith(b"\x1b[32m\x1b[1mRuns here\x1b[0m")
    os.close(ours)


def test_an_installation_on_a_terminal_shows_its_newest_line(index, tmp_path):
    ours, theirs = os.openpty()
    code = "import sys; sys.modules['uv'] = None; from airbyte_local.cli import main; main()"
    environment = {**os.environ, "PATH": f"{index.path.parent}:/usr/bin:/bin"}
    command = [sys.executable, "-c", code, "install", "github"]
    shown = b""
    with subprocess.Popen(command, stdout=theirs, cwd=tmp_path, env=environment) as installing:
        os.close(theirs)
        while b"Installed" not in shown:
            shown += os.read(ours, 1000)
    os.close(ours)
    assert installing.returncode == 0
    assert "⠿\x1b[0m Asking it for its specification\r\x1b[2K" in shown.decode()


def test_the_commands_load_nothing_before_they_run():
    code = "import sys, airbyte_local.cli; print('airbyte_local.connectors' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
