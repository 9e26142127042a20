"""The plug-in contract: a Kind observes and changes one sort of element, an Instance is what kinds talk to.

Four methods are required; a kind without quirks writes nothing else. Kinds act on fields, never on Elements.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeAlias, cast

from dagster_managed_elements.engine.adoption import AdoptContext, Adopted, not_adopted
from dagster_managed_elements.engine.changes import (
    Change,
    Create,
    Declared,
    Delete,
    FieldChange,
    Observed,
    Pair,
    Replace,
    Update,
)
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import Consequence, Notice, Problem
from dagster_managed_elements.engine.recording import Recording
from dagster_managed_elements.engine.values import ABSENT, Fields, Ids, Key, Later, Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveContext:
    """What a kind may know while it resolves: what exists now, and what will change before it.

    Args:
        ids: Of what exists now, of this kind and of those before it: others may not have been read yet.
        coming: What will change before it.
        facts: Those that resolving gave to declared elements of kinds before.
        broken: The keys whose own problems are already reported; a reference to one is no further problem.
        observed: What exists now, as it was observed, while a plan is made.
    """

    ids: Ids
    coming: Mapping[Key, Change] = field(default_factory=dict[Key, Change])
    facts: Mapping[Key, Any] = field(default_factory=dict[Key, Any])
    broken: frozenset[Key] = frozenset()
    observed: Mapping[Key, Observed] = field(default_factory=dict[Key, Observed])


class Kind(ABC):
    """How one sort of element is observed and changed.

    Attributes:
        name: Its word, that of the elements' `kind`.
        fixed: Fields that cannot be changed in place: a difference there is a Replace.
        lifted: Fields that are shown without their own name, what they hold standing in their place.
        quiet: Fields that are shown only where they differ.
        create_first: Whether a replacement is made under an interim name before the old object is deleted, and then
            given its own: where it cannot be made nothing is lost. For objects that can be renamed; needs `rename`,
            and room for an interim name, some 100 characters.
        takes_over: Whether a replacement has of the old object what nobody declares: so it has the fields that
            are ignored and differ as a whole.
        longest_name: How many characters the server has room for.
        on_demand: Whether it is looked at only where something of its kind is declared or referred to, and deleted
            only where something of it is declared: most declarations say nothing of such things, and mean nothing
            by it.
        universal: Whether every place has it, so that it is adopted only where its kind is asked for.
        element: What declares one, where its attributes are called as the fields are: then what is there can be
            exported.
    """

    name: ClassVar[str]
    fixed: ClassVar[frozenset[str]] = frozenset()
    lifted: ClassVar[frozenset[str]] = frozenset()
    quiet: ClassVar[frozenset[str]] = frozenset()
    create_first: ClassVar[bool] = False
    takes_over: ClassVar[bool] = False
    longest_name: ClassVar[int | None] = None
    on_demand: ClassVar[bool] = False
    universal: ClassVar[bool] = False
    element: ClassVar[type[Element] | None] = None

    def expect(self, declared: Sequence[Declared]) -> None:
        """Hear what will be looked for before anything is read: what else will be needed of the server can be asked
        for meanwhile, and long lists in fewer rounds. Nothing that `observe` returns may depend on it.

        Args:
            declared: All of this kind.
        """
        del declared

    @abstractmethod
    async def observe(self) -> Sequence[Observed]:
        """Everything of this kind there is: complete, or an ApiError."""

    @abstractmethod
    async def create(self, declared: Declared, ids: Ids) -> str:
        """Make it and return its id. Raises Lost where no answer came, Partial where it exists unfinished.

        Args:
            declared: What is to be made.
            ids: Of what exists by now, for references.
        """

    @abstractmethod
    async def update(self, change: Update, ids: Ids) -> None:
        """Send what `change.fields` names, and nothing else.

        Args:
            change: What differs.
            ids: Of what exists by now, for references.
        """

    @abstractmethod
    async def delete(self, observed: Observed) -> None:
        """Delete it; that it is gone already is success.

        Args:
            observed: What is to go.
        """

    async def resolve(self, pairs: Sequence[Pair], context: ResolveContext) -> Sequence[Pair | Problem | Notice]:
        """Make both sides of each pair comparable and validate the declared one. Must be idempotent.

        Args:
            pairs: All of this kind. One of what is observed alone that is not given back is never deleted.
            context: What exists now, and what will change before.
        """
        del context
        return pairs

    async def preflight(
        self, change: Create | Update | Replace, context: ResolveContext
    ) -> Sequence[Problem | Notice]:
        """Try what *change* would write on the server, before anything is written. Must write nothing itself.

        Args:
            change: What is to be tried, resolved.
            context: What exists, and all that will change with it.

        Raises:
            DeclarationError: Where nothing of the kind can be tried there at all.
        """
        del change, context
        return ()

    async def find(self, name: str) -> Sequence[Observed]:
        """Look again for objects of a name, after a create whose answer was lost.

        Args:
            name: Under which it was created.
        """
        return [observed for observed in await self.observe() if observed.name == name]

    def elsewhere(self, name: str) -> str:
        """Of which other kind there is one of a name, that this one has come across; "" where it has not.

        Args:
            name: One that is none of this kind.
        """
        del name
        return ""

    async def complete(self, id_: str, declared: Declared, ids: Ids) -> None:
        """Do what `create` does after its first request, of an object that was found to be there: by an earlier run
        that was cut off, or since the answer was lost. It may have been done before.

        Args:
            id_: That of the object.
            declared: What it is to be.
            ids: Those of all that exists by now, by key.

        Raises:
            Partial: Where the object is there, and not all of that was done.
        """
        del id_, declared, ids

    @property
    def adopts(self) -> bool:
        """Whether elements can be made of what is there."""
        return self.element is not None or type(self).adopt is not Kind.adopt

    def is_own(self, observed: Observed) -> bool:
        """Whether somebody made it for this place, and not everybody has it: it is adopted without being asked for.

        Args:
            observed: What is there.
        """
        del observed
        return True

    async def adopt(self, observed: Sequence[Observed], context: AdoptContext) -> Sequence[Adopted | Notice]:
        """An element for each, such that a check of it finds no difference, in this order; or why there is none.

        Args:
            observed: What is there of this kind.
            context: What the kinds before it have adopted, and names for secrets.
        """
        return [self._adopted(found, context) for found in observed]

    def _adopted(self, observed: Observed, context: AdoptContext) -> Adopted | Notice:
        kind = cast("type[Element]", self.element)
        try:
            element = context.plain(kind, observed.key, observed.fields)
        except KeyError as lacking:
            return not_adopted(observed.key, f"it refers to a {lacking.args[0].kind} that is left out")
        except DeclarationError as error:
            return not_adopted(observed.key, str(error))
        context.elements[observed.ref] = element
        return Adopted(element=element)

    async def versions(self, ids: Sequence[str]) -> Mapping[str, Mapping[Path, str]]:
        """The server's own word for the version of each secret, by id and by the path it is declared at: another
        one each time that anybody writes it. Costs a read each, so it is asked only of objects that were written,
        and where somebody wants to know. What no version is told of is left out.

        Args:
            ids: Of the objects that are asked about.
        """
        del ids
        return {}

    def interim_note(self, declared: Declared) -> str:
        """A word (a to z) for the interim name of a replacement, read again by whoever ends it.

        Args:
            declared: What takes the place.
        """
        del declared
        return ""

    def serves(self, begun: Update, change: Replace) -> bool:
        """Whether what an earlier run made for a replacement has all that this takes over of the old object as that
        is by now: somebody may have changed it since. Where it has not, it is deleted, and made anew. Pure.

        Args:
            begun: What still differs of it, by what is declared.
            change: The replacement.
        """
        del begun, change
        return True

    async def rename(self, id_: str, declared: Declared) -> None:
        """Give the object that was created under an interim name its own, now that the old one is gone.

        Args:
            id_: That of the object.
            declared: What it is to be.
        """
        raise NotImplementedError(f"{type(self).__name__}.create_first needs rename")

    def timetable(self, fields: Fields) -> str:
        """By which one the server starts what it is by itself; "" where only who asks for it gets it.

        Args:
            fields: One side of a pair, or a side with what the other adds to it.
        """
        del fields
        return ""

    def replaces(self, change: Update) -> bool:
        """Whether this change cannot be done in place.

        Args:
            change: What differs.
        """
        return any(changed.path[0] in self.fixed for changed in change.fields)

    def consequences(self, change: Change) -> Iterable[Consequence]:
        """What a change does beside what its fields say. Pure.

        Args:
            change: One of this kind.
        """
        match change:
            case Delete(cause=None):
                yield Consequence(change.key, "delete", f"{change.key} is deleted")
            case Delete(cause=cause):
                yield Consequence(change.key, "cascade", f"{change.key} is deleted, since it depends on {cause}")
            case Replace(cause=None):
                yield Consequence(change.key, "replace", f"{change.key} is deleted and created anew")
            case Replace(cause=cause):
                yield Consequence(change.key, "replace", f"{change.key} is deleted and created anew, with {cause}")
            case _:
                return

    def show(self, change: Change) -> Iterable[FieldChange]:
        """The fields of a change as the user reads them. Pure.

        Args:
            change: One of this kind.
        """
        whole = isinstance(change, (Create, Delete))
        for changed in change.fields:
            if not (whole and changed.path[0] in self.quiet):
                yield from self._lift(changed)

    def shown(self, path: Path) -> Path:
        """A path as the user reads it.

        Args:
            path: As it is within the fields.
        """
        return path[1:] if path and path[0] in self.lifted else path

    def _lift(self, changed: FieldChange) -> Iterable[FieldChange]:
        path = self.shown(changed.path)
        present = changed.before if changed.after is ABSENT else changed.after
        present = present.value if isinstance(present, Later) else present
        if path or not isinstance(present, Mapping):
            yield replace(changed, path=path or changed.path)
            return
        for key, value in cast("Mapping[str, Any]", present).items():
            sides = (value, ABSENT) if changed.after is ABSENT else (ABSENT, value)
            yield FieldChange((key,), *sides, changed.why)


Kinds: TypeAlias = Mapping[str, Kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a run talks to servers.

    Args:
        timeout: Seconds to wait for an answer of a request to begin or go on.
        concurrency: How many operations may be in flight at once.
        patience: Seconds for which a create whose answer was lost is looked for.
        refresh_catalogs: Whether what a server only remembers of another system, and a declaration depends on, is
            found out anew.
        recording: What servers answer is kept in it; one that is replayed answers in their place, and no
            credentials are read.

    Raises:
        DeclarationError: Where one of these is not more than 0; a patience of 0 looks once.
    """

    timeout: float = 30.0
    concurrency: int = 10
    patience: float = 60.0
    refresh_catalogs: bool = False
    recording: Recording | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Raises DeclarationError: a server would be waited for without an end, or not at all."""
        given = {name: cast("object", getattr(self, name)) for name in ("timeout", "concurrency", "patience")}
        for name, value in given.items():
            if not (isinstance(value, (int, float)) and 0 <= value < math.inf) or (
                value == 0 and name != "patience"
            ):
                raise DeclarationError(f"{name}= wants a number more than 0, not {value!r}.")
        if not isinstance(given["concurrency"], int):
            raise DeclarationError(f"concurrency= wants a whole number, not {self.concurrency!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A connection to one place, for one run.

    Args:
        place: The identity of the account or workspace: reconcilers of one place are observed once and planned
            together.
        kinds: The kinds there are, referred-to first.
        host: Places of one host share the limit of operations in flight.
        notices: What was worth saying of how it was found.
        identity: The place in state, where what is said of it may change while it stays the same.
        classes: Writes typed classes for what these elements are configured with, or what is named, as Python,
            where the integration has some; raises DeclarationError where it does not know what is named.
        module: The module from which declarations take their names.
        reconciler: The name in it of what takes elements.
    """

    place: str
    kinds: Sequence[Kind]
    host: str = ""
    notices: Sequence[Notice] = ()
    classes: Callable[[Sequence[Element], Sequence[str]], Awaitable[str]] | None = None
    module: str = "dagster_managed_elements"
    reconciler: str = "Reconciler"
    identity: str = ""

    @property
    def lasting(self) -> str:
        """Its *identity*, where it has one that is not its *place*."""
        return self.identity or self.place


class Instance(ABC):
    """What kinds talk to. Hashable, and bound to no event loop until it is connected."""

    @abstractmethod
    def connect(self, settings: Settings) -> AbstractAsyncContextManager[Session]:
        """Open a session for one run.

        Args:
            settings: How the run is made.

        Raises:
            ApiError: Where the server cannot be reached, or does not let one in.
            DeclarationError: Where what the instance says cannot be right.
        """
