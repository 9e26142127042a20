"""Adopts a place: everything that is there, read until it is known to be everything, as elements. Writes nothing.

What cannot be declared is left out, with what depends on it, and each is said.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from dagster_managed_elements.engine.adoption import AdoptContext, Adopted, Adoption, not_adopted
from dagster_managed_elements.engine.changes import Observed
from dagster_managed_elements.engine.elements import key_of, reachable
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import Notice
from dagster_managed_elements.engine.kinds import Kind, Session
from dagster_managed_elements.engine.observing import observe
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.succession import read_interim
from dagster_managed_elements.engine.values import Fields, Key, Masked, Ref, is_sendable, replaced, walk


async def adopt(session: Session, also: Collection[str] = ()) -> Adoption:
    """Of the kinds *also* what everybody has, too.

    Raises ApiError where the place cannot be read, DeclarationError where nothing of it, or of such a kind, can be
    declared.
    """
    kinds = [kind for kind in session.kinds if kind.adopts and (not kind.universal or kind.name in also)]
    if not kinds:
        raise DeclarationError(f"What is at {session.place} cannot be written as Python.")
    known = [kind.name for kind in session.kinds if kind.adopts and kind.on_demand]
    if unknown := sorted(set(also) - set(known)):
        raise DeclarationError(f"There is no {unknown[0]} that everybody has; name one of {', '.join(known)}.")
    reading = await observe([kind for kind in kinds if not kind.on_demand], (), exhaustive=True)
    objects = [*reading.objects]
    for kind in kinds:
        objects += await _asked(kind) if kind.on_demand else ()
    context = AdoptContext()
    adopted: list[Adopted] = []
    notices = list(session.notices)
    for kind in kinds:
        mine = [observed for observed in objects if observed.kind == kind.name]
        sound, odd = _declarable(observed for observed in mine if kind.name in also or kind.is_own(observed))
        notices += odd
        for found in await kind.adopt(sound, context):
            if isinstance(found, Notice):
                notices.append(found)
            else:
                adopted.append(found)
    return Adoption(
        adopted=adopted,
        variables=sorted(context.variables.values(), key=lambda variable: variable.name),
        notices=notices,
    )


def chosen(adoption: Adoption, wanted: Sequence[str]) -> Adoption:
    """What of it is *wanted*, each by its name or as `kind:name`, with all that it refers to. DeclarationError for
    what is not there.
    """
    elements = {key_of(adopted.element): adopted.element for adopted in adoption.adopted}
    kept: set[Key] = set()
    for said in wanted:
        named = [key for key in elements if said == f"{key.kind}:{key.name}"] or [
            key for key in elements if said == key.name
        ]
        if not named:
            known = {spelling for key in elements for spelling in (key.name, f"{key.kind}:{key.name}")}
            near = difflib.get_close_matches(said, sorted(known), n=1)
            raise DeclarationError(_none_of(said, adoption) + (f" Nearest: {near[0]}." if near else ""))
        kept.update(map(key_of, reachable(elements[key] for key in named)))
    return Adoption(
        adopted=[adopted for adopted in adoption.adopted if key_of(adopted.element) in kept],
        variables=[variable for variable in adoption.variables if variable.key in kept],
        notices=[notice for notice in adoption.notices if notice.key in kept or notice.code == "untold"],
    )


def _none_of(said: str, adoption: Adoption) -> str:
    for notice in adoption.notices:
        if said in (notice.key.name, f"{notice.key.kind}:{notice.key.name}"):
            return f"{said} cannot be exported: {notice.text}."
    return f"There is nothing named {said!r} that could be exported."


async def declared_again(
    session: Session, going: Sequence[Observed], known: Mapping[Ref, Key]
) -> Mapping[Ref, Fields]:
    """The fields that would declare each of what is *going*, as its kind says, or else as it is there; secrets as
    environment variables, and what it points at, by the names that are *known*, as references.
    """
    found: dict[Ref, Fields] = {}
    context = AdoptContext(elements=dict(known))
    if going:
        for kind in (kind for kind in session.kinds if kind.on_demand and kind.adopts and not kind.universal):
            context.elements |= {
                observed.ref: observed.key for observed in await _asked(kind) if observed.ref not in known
            }
    for kind in session.kinds:
        for one in (observed for observed in going if observed.kind == kind.name):
            fields = _as_it_is(one, kind, context)
            if kind.adopts and one.fault is None:
                # Whatever an integration makes of it: what is going goes all the same.
                with suppress(Exception):
                    adopted = [entry for entry in await kind.adopt([one], context) if isinstance(entry, Adopted)]
                    fields = adopted[0].element.fields() if adopted else fields
            found[one.ref] = fields
            context.elements[one.ref] = one.key
    return found


def _as_it_is(observed: Observed, kind: Kind, context: AdoptContext) -> Fields:
    fields = observed.fields
    secret = {
        path: context.secret(observed.key, kind.shown(path))
        for path, leaf in walk(fields)
        if isinstance(leaf, (Masked, Secret))
    }
    return replaced(fields, secret)


async def _asked(kind: Kind) -> Sequence[Observed]:
    """Nothing where the server is too old for such things."""
    try:
        return await kind.observe()
    except DeclarationError:
        return ()


def _declarable(objects: Iterable[Observed]) -> tuple[list[Observed], list[Notice]]:
    """Those that an element can stand for, by name, and why the others cannot."""
    named: dict[Key, list[Observed]] = defaultdict(list)
    for observed in objects:
        named[observed.key].append(observed)
    sound: list[Observed] = []
    notices: list[Notice] = []
    for key, group in sorted(named.items(), key=lambda item: item[0].name):
        if why := next(_against(key, group), None):
            notices.append(not_adopted(key, why))
        else:
            sound += group
    return sound, notices


def _against(key: Key, group: Sequence[Observed]) -> Iterator[str]:
    for observed in group:
        if observed.fault is not None:
            yield f"it cannot be read: {observed.fault}"
    if not key.name.strip():
        yield f"it has no name ({group[0].id})"
    if not is_sendable(key.name):
        yield "its name has half a character in it (a lone surrogate)"
    if read_interim(key.name) is not None:
        yield "it was made for a replacement that was cut off; apply what was applied then again"
    if len(group) > 1:
        ids = ", ".join(sorted(observed.id for observed in group))
        yield f"there are {len(group)} of this name ({ids}); rename all but one"
