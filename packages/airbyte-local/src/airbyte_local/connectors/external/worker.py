"""Starts connectors' commands as processes that end for certain. Run by path; stdlib alone, any Python >= 3.10.

    python -I worker.py SOCKET IDLE_SECONDS [DISTRIBUTION SCRIPT]

With a script, its entry point is loaded once and a command is a fork of what is loaded; without one, or where that
cannot be, a command is executed. The socket brings four descriptors a command: an order, control, stdout, stderr.
A command has a supervisor: it makes the private folder, says `started PID FOLDER` and `exit CODE` on control, and
ends the command with all that came of it when the other side of control is closed, by a cancellation or because the
server is gone. A command without a supervisor has nothing on disk. This is one file because it runs in Pythons that
know nothing of ours.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib.metadata
import json
import os
import random
import select
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

PARENT_DEATH_SIGNAL, CHILD_SUBREAPER = 1, 36  # of Linux' prctl
SWEEP_SECONDS = 5.0
LOAD_SECONDS = 240
FOLDER = "{folder}"
ENDING: list[int] = []  # the exit code, once a fork has one
Order = dict[str, Any]
Entry = Callable[[], object] | None


def main() -> object:
    orders = socket.socket(fileno=int(sys.argv[1]))
    orders.set_inheritable(False)
    idle = float(sys.argv[2])
    atexit.register(leave)  # the first to come is the last to be called
    entry = load(*sys.argv[3:5]) if len(sys.argv) > 3 else None
    generators = [generator for generator in gc.get_objects() if issubclass(type(generator), random.Random)]
    gc.freeze()  # a fork shares what nobody touches
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors are not waited for
    while True:
        if not select.select([orders], [], [], idle)[0]:
            if not is_busy():
                orders.shutdown(socket.SHUT_RD)  # the next order fails at its sender; those before it are done
            continue
        descriptors = list(socket.recv_fds(orders, 1, 4)[1])
        if len(descriptors) < 4:
            return 0  # the server wants nothing any more, or is gone
        if os.fork() == 0:
            orders.close()
            arguments = supervise(*descriptors)  # returns only in the command's own process
            reseed(generators)
            return perform(arguments, entry)
        for descriptor in descriptors:
            os.close(descriptor)


def load(distribution: str, script: str) -> Entry:
    """The function behind a console script; None where a fork of it would not be safe, or it does not load."""
    if sys.platform != "linux":
        return None  # frameworks of macOS do not survive a fork
    signal.alarm(LOAD_SECONDS)  # deadly, where loading never ends
    try:
        points = importlib.metadata.distribution(distribution).entry_points
        found = next(point for point in points if point.group == "console_scripts" and point.name == script).load()
    except BaseException:  # noqa: BLE001 - executed, it says by itself what is wrong
        return None
    finally:
        signal.alarm(0)
    return found if threading.active_count() == 1 else None


def is_busy() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def supervise(order_fd: int, control_fd: int, out: int, err: int) -> list[str]:
    """Fork; return in the new process, ready to be the command. In this one see it to its end, and exit."""
    os.setsid()
    prctl(CHILD_SUBREAPER, 1)  # what the command leaves behind, in whatever session, becomes a child of ours
    control = socket.socket(fileno=control_fd)
    with open(order_fd, "rb") as file:
        order: Order = json.load(file)
    try:
        folder = make_folder(order["files"])
    except OSError as error:
        tell(control, f"failed {error.strerror}")
        os._exit(0)
    ears, mouth = os.pipe()
    os.set_blocking(mouth, False)
    signal.set_wakeup_fd(mouth)
    signal.signal(signal.SIGCHLD, hear)
    supervisor = os.getpid()
    command = os.fork()
    if command == 0:
        become_command(supervisor, (out, err, control_fd, ears, mouth))
        return settle(order, folder)
    try:
        for descriptor in (out, err):
            os.close(descriptor)
        with contextlib.suppress(OSError):
            os.setpgid(command, command)  # as the command itself does: whichever of the two comes first
        tell(control, f"started {command} {folder}")
        code = wait(command, control, ears, order["grace"])
        sweep(command)
        shutil.rmtree(folder, ignore_errors=True)
        tell(control, f"exit {code}")
    finally:
        os._exit(0)


def make_folder(files: dict[str, str]) -> str:
    """The private folder of a command, with *files* in it."""
    folder = tempfile.mkdtemp(prefix="airbyte-local-")  # 0700
    try:
        for name, content in files.items():
            descriptor = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # noqa: PTH118
            with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 - a descriptor, no path
                file.write(content)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def hear(*_: object) -> None:
    """Let the signal through to the wake-up descriptor."""


def become_command(supervisor: int, descriptors: tuple[int, ...]) -> None:
    os.setpgid(0, 0)
    prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != supervisor:
        os._exit(1)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for place, descriptor in enumerate((nothing, *descriptors[:2])):
        os.dup2(descriptor, place)
    for descriptor in (nothing, *descriptors):
        os.close(descriptor)


def settle(order: Order, folder: str) -> list[str]:
    """Live in *folder*, in the environment of the order; the arguments, which may name the folder."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(order["environment"])
    if order["private"]:
        os.umask(0o077)
        os.environ["TMPDIR"] = folder
        tempfile.tempdir = None  # what was found before the fork
    return [argument.replace(FOLDER, folder) for argument in order["arguments"]]


def reseed(generators: list[random.Random]) -> None:
    """Else each fork would draw the numbers of the one before."""
    for generator in [*generators, sys.modules.get("numpy.random")]:
        with contextlib.suppress(Exception):
            generator.seed()  # pyright: ignore[reportOptionalMemberAccess]


def perform(arguments: list[str], entry: Entry) -> object:
    if entry is not None:
        sys.argv = arguments
        ENDING.append(answer(entry))
        return ENDING[0]
    for name in ("SIGPIPE", "SIGXFSZ"):  # Python ignores them, and a program would inherit that
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvp(arguments[0], arguments)  # noqa: S606 - no shell is the point
    except OSError as error:
        return f"{arguments[0]}: {error.strerror}"


def answer(entry: Callable[[], object]) -> int:
    """The exit code that its script would end with."""
    try:
        code = entry()
    except SystemExit as told:
        code = told.code
    except BaseException as failed:  # noqa: BLE001 - as the interpreter does it
        sys.excepthook(type(failed), failed, failed.__traceback__)
        return 1
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    sys.stderr.write(f"{code}\n")
    return 1


def leave() -> None:
    """Threads and exit handlers are done; to take apart what is loaded would take longer than most commands."""
    if ENDING:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(ENDING[0])


def wait(command: int, control: socket.socket, ears: int, grace: float) -> int:
    """The exit code of the command; once control is closed it is told to end, after *grace* seconds made to."""
    deadline: float | None = None
    while True:
        code = reap(command)
        if code is not None:
            return code
        if deadline is None:
            heard = select.select([control, ears], [], [])[0]
            if control in heard:
                kill_group(command, signal.SIGTERM)
                deadline = time.monotonic() + grace
        else:
            select.select([ears], [], [], max(0.01, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                kill_group(command, signal.SIGKILL)
        if select.select([ears], [], [], 0)[0]:
            os.read(ears, 4096)


def reap(command: int) -> int | None:
    """Bury whoever has died; the code of *command* where it is among them, negative for a signal."""
    code: int | None = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == command:
                code = os.waitstatus_to_exitcode(status)
    return code


def sweep(command: int) -> None:
    """Kill what is left of the group, and on Linux whatever else came of the command."""
    kill_group(command, signal.SIGKILL)
    until = time.monotonic() + SWEEP_SECONDS
    while time.monotonic() < until:
        try:
            if os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return
        for pid in children():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


def children() -> list[int]:
    try:
        with open(f"/proc/{os.getpid()}/task/{os.getpid()}/children", encoding="ascii") as file:  # noqa: PTH123
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def kill_group(group: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(group, number)


def tell(control: socket.socket, text: str) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        control.sendall(f"{text}\n".encode())


def prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())  # pyright: ignore[reportArgumentType] - an entry point's own answer, as its script would give it
