"""What one apply leaves to know of one place, from before its first write to its end. Nothing here does input.

Before the first write everything that may be sent is marked as not confirmed, and its old record is kept aside:
where the process ends at any instant after that, the next run sends those secrets again. As soon as an operation
has ended, what it sent is confirmed, what it did not send has its old record back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Any, Final

from dagster_managed_elements.engine.changes import Create, Declared, Delete, Memory, Pair, Replace, Update
from dagster_managed_elements.engine.errors import StateError
from dagster_managed_elements.engine.findings import Notice
from dagster_managed_elements.engine.kinds import Kinds
from dagster_managed_elements.engine.planning import Operation, Step
from dagster_managed_elements.engine.reports import Outcome, Report
from dagster_managed_elements.engine.secrets import Secret, SecretRecord
from dagster_managed_elements.engine.surveying import Survey
from dagster_managed_elements.engine.values import ABSENT, Key, Masked, Path, Ref, at, replaced, walk
from dagster_managed_elements.state.documents import Known, PlaceState, Tombstone
from dagster_managed_elements.state.fingerprints import FILE_VARIABLE, VARIABLE, FingerprintKey, reference_of

_DOUBTFUL: Final = SecretRecord(reference="", confirmed=False)
_FORMER: Final = SecretRecord(reference="")
"""Of a secret that is none of the declaration any more: the server may have it still, and it may change unseen."""
NO_KEY: Final = (
    f"no key for fingerprints was given ({VARIABLE} or {FILE_VARIABLE}): that a variable, a file or a literal has "
    "another value than was sent cannot be seen"
)


NO_VERSION: Final = (
    "the server told no version of {} when they were last written, or they were not written since: that somebody "
    "else changed one there cannot be seen"
)


class Remembered:
    """What is known of one place: *state*, as it would be written now.

    *today* is the day (UTC) that is put down of what is removed.

    Without a *key* nothing is fingerprinted. With *anew* what was, with another key, is forgotten. Raises
    StateError where the key is another one and that was not asked for.
    """

    def __init__(
        self,
        place: str,
        state: PlaceState,
        key: FingerprintKey | None,
        *,
        anew: bool = False,
        today: date | None = None,
    ) -> None:
        self._place, self._key = place, key
        self._today = today or datetime.now(timezone.utc).date()
        if key is not None and state.key not in {None, key.check}:
            if not anew:
                text = f"The key of {VARIABLE} is not the one that the state of {place} was written with"
                remedy = "apply once with --trust-secrets or --include-all-secrets to go on with another"
                raise StateError(f"{text}; give that one, or {remedy}.")
            state = _without_fingerprints(state)
        self._old = state
        self._objects = dict(state.objects)
        self._refs = {Key(ref.kind, known.name): ref for ref, known in self._objects.items() if known.name}
        self._begun = set(state.begun)
        self._before: Mapping[Ref, Known] = {}
        self._made: dict[Step, Ref] = {}
        self._mentioned: Mapping[str, frozenset[Key]] = {}
        self._kinds: Kinds = {}
        self._stones = {stone.key: stone for stone in state.tombstones}

    @property
    def key(self) -> FingerprintKey | None:
        return self._key

    @property
    def state(self) -> PlaceState:
        key = self._key.check if self._key else self._old.key
        stones = tuple(sorted(self._stones.values(), key=lambda stone: str(stone.key)))
        return replace(
            self._old,
            key=key,
            objects=dict(self._objects),
            begun=frozenset(self._begun),
            tombstones=stones,
        )

    def memory(self) -> Memory:
        return Memory(
            ids={key: ref.id for key, ref in self._refs.items()},
            secrets={
                (ref, path): record
                for ref, known in self._objects.items()
                for path, record in known.secrets.items()
                if record != _FORMER
            },
            owners={ref: known.owners for ref, known in self._objects.items()},
            protected=frozenset(ref for ref, known in self._objects.items() if known.protected),
            begun=frozenset(self._begun),
            sign=self._signed,
        )

    def masked(self, ref: Ref, at_: Path, value: Any, shown: Callable[[Path], Path] = tuple) -> Any:
        """*value*, which stands *at_* a path as it is *shown*, with all that is recorded as secret in it as the
        variable that it came from, or else masked.
        """
        secrets: dict[Path, Any] = {}
        for path, record in self._objects.get(ref, Known()).secrets.items():
            where, (source, _, name) = shown(path), record.reference.partition(":")
            inner = where[len(at_) :]
            if where[: len(at_)] == at_ and (leaf := at(value, inner)) is not ABSENT and leaf is not None:
                as_type = leaf.as_type if isinstance(leaf, Secret) else str
                kept = leaf if isinstance(leaf, Secret) else Masked()
                secrets[inner] = Secret.env(name, as_type) if source == "env" and name else kept
        return replaced(value, secrets)

    def notices(self, survey: Survey, *, versions: bool) -> Iterator[Notice]:
        """Said once, however many secrets there are; *versions* says whether the server was asked for theirs."""
        yield from self._risen(survey)
        place, secrets = Key("state", survey.plan.place), list(_masked(survey.pairs))
        if self._key is None and any(secret.cheap for _, _, secret in secrets):
            yield Notice(place, (), "no-key", NO_KEY)
        records = (self._objects.get(ref, Known()).secrets.get(path) for ref, path, _ in secrets)
        unversioned = sum(record is None or record.version is None for record in records)
        if versions and unversioned:
            yield Notice(place, (), "no-version", NO_VERSION.format(f"{unversioned} of {len(secrets)} secrets"))

    def _risen(self, survey: Survey) -> Iterator[Notice]:
        """Of what was removed on purpose: that it is there again, or declared again."""
        removing = {declared.key for declared in survey.declared if declared.removal is not None}
        there = {pair.observed.key for pair in survey.pairs if pair.declared is None and pair.observed is not None}
        coming = {entry.key for entry in survey.plan.entries if entry.action == "create"}
        for key, stone in self._stones.items():
            if key in removing or key not in there | coming:
                continue
            again = "is declared again" if key in coming else "is there again, and not declared"
            text = f"it was removed on {stone.on} ({stone.reason}), and {again}"
            yield Notice(key, (), "removed", text)

    def _buried(self, removed: Iterable[Declared]) -> None:
        """Why each of *removed* went is remembered when its line has left the code."""
        for declared in removed:
            if declared.removal is not None and declared.removal.reason and declared.key not in self._stones:
                self._stones[declared.key] = Tombstone(
                    key=declared.key, reason=declared.removal.reason, on=str(self._today)
                )

    def begin(
        self,
        survey: Survey,
        mentioned: Mapping[str, frozenset[Key]],
        kinds: Kinds,
        *,
        goes_back: bool = False,
    ) -> None:
        """Adopt what is declared and there, and mark what *survey* has its plan send. *mentioned* are the keys that
        each named reconciler of the run declares. What *goes_back* makes no secret a former one.
        """
        self._mentioned, self._kinds = mentioned, kinds
        self._adopt(survey, goes_back=goes_back)
        there = {pair.observed.key for pair in survey.pairs if pair.observed is not None}
        self._buried(declared for declared in survey.declared if declared.key not in there)
        self._before = dict(self._objects)
        for operation in survey.plan.operations:
            match operation.change:
                case Update() as change:
                    self._doubt(change)
                case Create() | Replace() as change:
                    self._begun.add(change.key)
                case Delete():
                    pass

    def note(self, operation: Operation, outcome: Outcome, versions: Mapping[Path, str]) -> None:
        """What became of one operation; *versions* are those that the server has of what was sent."""
        change, verb = operation.change, operation.step.verb
        if verb == "delete":
            if outcome.status == "done" and not isinstance(change, Create):
                self._drop(change.observed.ref)
                if isinstance(change, Delete) and change.declared is not None:
                    self._buried([change.declared])
        elif isinstance(change, Update):
            self._updated(change, outcome, versions)
        elif not isinstance(change, Delete):
            self._created(operation.step, change, outcome, versions)

    def _created(
        self, step: Step, change: Create | Replace, outcome: Outcome, versions: Mapping[Path, str]
    ) -> None:
        if outcome.id is None:
            if not outcome.sent:
                self._begun.discard(change.key)
            return
        done = outcome.status == "done"
        # What is made under an interim name has its own, and its old object's place, once it is given that.
        interim = (
            isinstance(change, Replace) and step.verb == "create" and self._kinds[change.key.kind].create_first
        )
        ref = Ref(change.key.kind, outcome.id)
        known = self._objects.get(ref, Known())
        sent = self._sent(ref, outcome, versions) if done else dict.fromkeys(outcome.sent, _DOUBTFUL)
        known = replace(
            known,
            name=known.name if interim else change.key.name,
            owners=owners_of(change.key, self._mentioned),
            protected=change.declared.protect,
            secrets={**known.secrets, **sent},
        )
        self._record(ref, known)
        if done and not interim:
            self._begun.discard(change.key)
            self._made[step] = ref

    def end(self, operations: Iterable[Operation], report: Report) -> None:
        """What was never begun is as it was. What was made and is there twice, or not at all, is not known."""
        for operation, outcome in zip(operations, report.outcomes, strict=True):
            if outcome.status == "skipped":
                self.note(operation, outcome, {})
            elif outcome.status != "done" and outcome.step in self._made:
                self._drop(self._made[outcome.step])

    def untrusted(self, survey: Survey) -> dict[Ref, dict[Path, Secret]]:
        """Where a declared secret stands beside one that the server has, and nothing known compares the two."""
        found: dict[Ref, dict[Path, Secret]] = {}
        for ref, path, secret in _masked(survey.pairs):
            known = self._objects.get(ref)
            record = known.secrets.get(path) if known else None
            told = record not in (None, _FORMER) and (
                not record.confirmed or not secret.cheap or record.fingerprint is not None or self._key is None
            )
            if known is not None and not told:
                found.setdefault(ref, {})[path] = secret
        return found

    def trust(self, ref: Ref, secrets: Mapping[Path, Secret], versions: Mapping[Path, str]) -> None:
        """Take what is declared for what the server has. No function is called: its reference has to do."""
        known = self._objects[ref]
        signed = {
            path: replace(self._signed(ref, path, secret), version=versions.get(path))
            for path, secret in secrets.items()
        }
        self._objects[ref] = replace(known, secrets={**known.secrets, **signed})

    def _adopt(self, survey: Survey, *, goes_back: bool) -> None:
        mentioned = self._mentioned
        for pair in survey.pairs:
            declared, observed = pair.declared, pair.observed
            if observed is None:
                continue
            ref = observed.ref
            if declared is None:
                if (known := self._objects.get(ref)) is not None:
                    kept = known.owners - mentioned.keys()
                    # Who was the last to declare it may still have to delete it.
                    self._objects[ref] = replace(known, owners=kept or known.owners)
                continue
            known = self._objects.get(ref, Known())
            owners = (known.owners - mentioned.keys()) | owners_of(declared.key, mentioned)
            paths = {path for path, leaf in walk(declared.fields) if isinstance(leaf, Secret)}
            known = replace(
                known,
                name=declared.key.name,
                owners=owners or known.owners,
                protected=declared.protect,
                secrets={
                    path: record if goes_back or path in paths else _FORMER
                    for path, record in known.secrets.items()
                },
            )
            self._record(ref, known)

    def _record(self, ref: Ref, known: Known) -> None:
        """No other object has its name, and it has no other."""
        if (old := self._objects.get(ref)) is not None and self._refs.get(Key(ref.kind, old.name)) == ref:
            del self._refs[Key(ref.kind, old.name)]
        if known.name:
            key = Key(ref.kind, known.name)
            if (other := self._refs.get(key)) is not None:
                self._drop(other)
            self._refs[key] = ref
        self._objects[ref] = known
        self._stones.pop(Key(ref.kind, known.name), None)

    def _drop(self, ref: Ref) -> None:
        known = self._objects.pop(ref, None)
        if known is not None and self._refs.get(Key(ref.kind, known.name)) == ref:
            del self._refs[Key(ref.kind, known.name)]

    def _doubt(self, change: Update) -> None:
        ref = change.observed.ref
        known = self._objects.get(ref, Known())
        # A kind may send more than changed: then the server has another version, of the same value.
        secrets = {path: replace(record, version=None) for path, record in known.secrets.items()}
        for changed in change.fields:
            for inner, leaf in walk(changed.after):
                if isinstance(leaf, Secret):
                    secrets[(*changed.path, *inner)] = _DOUBTFUL
        self._objects[ref] = replace(known, secrets=secrets)

    def _updated(self, change: Update, outcome: Outcome, versions: Mapping[Path, str]) -> None:
        ref = change.observed.ref
        known, old = self._objects[ref], self._before.get(ref, Known()).secrets
        if outcome.status == "done":
            sent = self._sent(ref, outcome, versions)
            old = {path: record for path, record in old.items() if not _is_overwritten(path, change)}
        else:
            sent = dict.fromkeys(outcome.sent, _DOUBTFUL)
        self._objects[ref] = replace(known, secrets={**old, **sent})

    def _sent(self, ref: Ref, outcome: Outcome, versions: Mapping[Path, str]) -> dict[Path, SecretRecord]:
        return {
            path: SecretRecord(
                reference=reference_of(secret, self._key),
                fingerprint=self._fingerprint(ref, path, secret.read()),
                version=versions.get(path),
            )
            for path, secret in outcome.sent.items()
        }

    def _signed(self, ref: Ref, path: Path, secret: Secret) -> SecretRecord:
        fingerprint = self._fingerprint(ref, path, secret.read()) if secret.cheap and self._key else None
        return SecretRecord(reference=reference_of(secret, self._key), fingerprint=fingerprint)

    def _fingerprint(self, ref: Ref, path: Path, value: Any) -> str | None:
        return self._key.digest(self._place, ref.kind, ref.id, path, value) if self._key else None


def owners_of(key: Key, mentioned: Mapping[str, frozenset[Key]]) -> frozenset[str]:
    return frozenset(name for name, keys in mentioned.items() if key in keys)


def _is_overwritten(path: Path, change: Update) -> bool:
    """Whether *change* sends what is no secret where there was one."""
    sent = (
        at(changed.after, path[len(changed.path) :])
        for changed in change.fields
        if path[: len(changed.path)] == changed.path
    )
    return any(leaf is not ABSENT and not isinstance(leaf, (Secret, Masked)) for leaf in sent)


def _masked(pairs: Iterable[Pair]) -> Iterator[tuple[Ref, Path, Secret]]:
    """Every declared secret of which the server shows only that it has one."""
    for pair in pairs:
        if pair.declared is not None and pair.observed is not None:
            for path, leaf in walk(pair.declared.fields):
                if isinstance(leaf, Secret) and isinstance(at(pair.observed.fields, path), Masked):
                    yield pair.observed.ref, path, leaf


def _without_fingerprints(state: PlaceState) -> PlaceState:
    def unsigned(record: SecretRecord) -> SecretRecord:
        return replace(record, fingerprint=None)

    objects = {
        ref: replace(known, secrets={path: unsigned(record) for path, record in known.secrets.items()})
        for ref, known in state.objects.items()
    }
    return replace(state, objects=objects)
