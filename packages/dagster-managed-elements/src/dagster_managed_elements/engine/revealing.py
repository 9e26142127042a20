"""Which secrets an operation sends, told by whoever reads them to send them; and each function called once a run.

A kind may have to send more than changed, or less than was planned: what is remembered as sent is what was read.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from dagster_managed_elements.engine.changes import Declared, FieldChange, Update
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import Later, Path, replaced, walk


class Reads:
    """What the secrets of one run held: several elements may share one, and a vault may make a new value a call."""

    def __init__(self) -> None:
        self._values: dict[int, tuple[Secret, Any]] = {}

    def once(self, secret: Secret) -> Any:
        if (known := self._values.get(id(secret))) is None:
            known = self._values[id(secret)] = (secret, secret.read())
        return known[1]


class SentSecrets:
    """The secrets that one operation sent, *by_path*: where they are declared; nothing in it prints a value."""

    def __init__(self, reads: Reads) -> None:
        self.by_path: dict[Path, Secret] = {}
        self._reads = reads

    def declared(self, declared: Declared) -> Declared:
        """*declared* with each secret noted once it is sent."""
        fields = {name: self._noted(value, (name,)) for name, value in declared.fields.items()}
        return replace(declared, fields=fields)

    def update(self, change: Update, declared: Declared) -> Update:
        """*change* of what is *declared*, with each secret noted once it is sent, wherever a kind takes it from."""
        fields = tuple(self._field(changed) for changed in change.fields)
        return replace(change, declared=self.declared(declared), fields=fields)

    def _field(self, changed: FieldChange) -> FieldChange:
        return replace(changed, after=self._noted(changed.after, changed.path))

    def _noted(self, value: Any, path: Path) -> Any:
        """*value* itself where it holds no secret."""
        noted: dict[Path, Any] = {}
        for where, leaf in walk(value):
            if isinstance(leaf, Secret):
                noted[where] = self._secret(leaf, (*path, *where))
            elif isinstance(leaf, Later):
                inner = self._noted(leaf.value, (*path, *where))
                if inner is not leaf.value:
                    noted[where] = replace(leaf, value=inner)
        return replaced(value, noted)

    def _secret(self, secret: Secret, path: Path) -> Secret:
        once = self._once(secret)

        def note() -> None:
            self.by_path[path] = once

        return replace(once, note=note)

    def _once(self, secret: Secret) -> Secret:
        """*secret* so that it, or all that it is made of, is read once."""
        join = secret.join
        if join is None:
            return replace(secret, read=partial(self._reads.once, secret))
        parts = tuple(self._once(part) for part in secret.parts)
        return replace(secret, parts=parts, read=lambda: join([part.read() for part in parts]))
