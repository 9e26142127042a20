"""A fault of an integration is told with its traceback, and no secret in it, which errors of Python quote."""

from __future__ import annotations

import pytest

PASSWORD = "pässword-that-nobody/may see"
MODULE = """
import sys
from toyworld import Session, Things, asynccontextmanager, dataclass

class Faulty(Things):
    async def create(self, declared, ids):
        held = [reveal(value) for value in declared.fields["config"].values() if isinstance(value, Secret)]
        {fault}

@dataclass(frozen=True, eq=False)
class Broken(Instance):
    @asynccontextmanager
    async def connect(self, settings):
        yield Session(place="broken", kinds=[Faulty("source", {{}})])

mine = Reconciler(Broken(), [Source("shop", config={{"password": {secret}}})])
"""
FAULTS = {
    "int": "int(held[0])",
    "key": "{}[held[0]]",
    "cause": "raise RuntimeError(f'cannot send {held[0]!r}') from ValueError({'password': held[0]})",
    "ascii": "held[0].encode('ascii')",
    "locals": "1 / 0",
    "note": "error = RuntimeError('no'); error.args = (held,); raise error",
}
SECRETS = {
    "env": 'EnvVar("SHOP")',
    "literal": "Secret.literal(" + repr(PASSWORD) + ")",
    "function": f"Secret.call(lambda: {PASSWORD!r}, reference='vault/1')",
    "format": 'Secret.format("{}&more", EnvVar("SHOP"))',
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_in_the_traceback_of_a_fault(project, monkeypatch, fault, secret):
    monkeypatch.setenv("SHOP", PASSWORD)
    project.write(MODULE.format(fault=FAULTS[fault], secret=SECRETS[secret]))
    told = project.run("apply", "-m", "mine")
    assert told.exit_code == 70
    assert "Traceback" in told.stderr
    assert "mine.py" in told.stderr
    pieces = {PASSWORD[start : start + 8] for start in range(len(PASSWORD) - 7)}
    assert [piece for piece in pieces if piece in told.stdout + told.stderr] == []
