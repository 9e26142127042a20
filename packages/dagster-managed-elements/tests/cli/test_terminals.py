"""What is shown and asked on a terminal, and on no other thing."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

DESTRUCTIVE = """
store = {("source", "a"): {"type": "Old", "config": {}}}
reconciler = Reconciler(Toy(store=store), [Source("a", type="New")])
"""
QUESTION = "One consequence above has to be agreed to. Continue? [y/N] "
# Makes the terminal the controlling one, without which Ctrl-C typed there is no signal.
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """dagster-me on a pseudo terminal: all it writes, and what a user types."""

    def __init__(self, project, *arguments, **environment):
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *project.command(*arguments)],
            cwd=project.folder,
            env={**project.environment, **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.said = ""

    def read_until(self, text):
        while text not in self.said:
            try:
                more = os.read(self.ours, 4096)
            except OSError:  # Linux's way to say that the other side is closed
                break
            if not more:
                break
            self.said += more.decode()
        return self.said

    def type(self, text):
        os.write(self.ours, text.encode())

    def end(self):
        self.read_until("no such text can ever be printed")
        os.close(self.ours)
        return self.process.wait(timeout=30)


@pytest.mark.parametrize(
    ("typed", "code", "said"), [("y\n", 0, "Applied: "), ("\n", 3, "as you asked"), ("\x04", 3, "as you asked")]
)
def test_what_destroys_is_asked_about(project, typed, code, said):
    project.write(DESTRUCTIVE)
    terminal = Terminal(project, "apply", "-m", "mine")
    assert "! a (source) is deleted and created anew" in terminal.read_until(QUESTION)
    terminal.type(typed)
    assert terminal.end() == code
    assert said in terminal.said


def test_an_interruption_at_the_question_writes_nothing(project):
    project.write(DESTRUCTIVE)
    terminal = Terminal(project, "apply", "-m", "mine")
    terminal.read_until(QUESTION)
    terminal.type("\x03")
    assert terminal.end() == 130
    assert terminal.said.endswith("Interrupted; nothing was written.\r\n")


def test_yes_is_an_answer_given_before(project):
    project.write(DESTRUCTIVE)
    terminal = Terminal(project, "apply", "-m", "mine", "--yes")
    assert terminal.end() == 0
    assert "Continue?" not in terminal.said


def test_nobody_is_asked_where_no_answer_could_allow_it(project):
    project.write(DESTRUCTIVE.replace('type="New"', 'type="New", protect=True'))
    terminal = Terminal(project, "apply", "-m", "mine")
    terminal.type("y\n")
    assert terminal.end() == 3
    assert "Continue?" not in terminal.said
    assert "a (source) is declared with protect=True. Take protect away to allow it." in terminal.said


def test_changes_are_coloured_by_their_sign_unless_colour_is_not_wanted(project):
    project.write("reconciler = Reconciler(Toy(), [Source('a')])")
    coloured, plain = (
        Terminal(project, "check", "-m", "mine"),
        Terminal(project, "check", "-m", "mine", NO_COLOR="1"),
    )
    dumb = Terminal(project, "check", "-m", "mine", TERM="dumb")
    assert [coloured.end(), plain.end(), dumb.end()] == [0, 0, 0]
    assert "\x1b[32m+ a:\x1b[0m" in coloured.said
    assert plain.said.endswith("+ a:\r\n")
    assert "\x1b[3" not in plain.said
    assert dumb.said == "Found 1 managed elements, checking...\r\n+ a:\r\n"


def test_a_line_lives_while_an_apply_does(project):
    os.mkfifo(project.folder / "gate")
    project.write("reconciler = Reconciler(Toy(), [Source('slow'), Source('other')])")
    terminal = Terminal(project, "apply", "-m", "mine")
    terminal.read_until("applying 1/2  create other (source): done")
    (project.folder / "gate").write_text("go on")
    assert terminal.end() == 0
    assert terminal.said.rstrip().endswith("Applied: \x1b[32m2 done\x1b[0m.")
