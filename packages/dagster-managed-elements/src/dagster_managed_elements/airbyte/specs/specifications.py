"""What a connector's specification says of a configuration: what is secret, what is a default, what is wrong.

Pure. A configuration goes in and comes out; none of these functions alters what it was given, and no message or
repr of theirs shows a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from dagster_managed_elements.airbyte.specs.schemas import (
    Schema,
    applying,
    below,
    branches,
    chosen,
    constant,
    elements,
    parts,
    properties,
    same,
    walk_beside,
)
from dagster_managed_elements.airbyte.specs.validation import fits, remarks, validate
from dagster_managed_elements.engine.secrets import Secret, sounds_secret
from dagster_managed_elements.engine.values import ABSENT, SECRET_MASK, Masked, Path, at, replaced, walk

__all__ = [
    "believe_masks",
    "is_chosen_anew",
    "mask",
    "mask_allowed",
    "mask_by_name",
    "remarks",
    "stand_ins_allowed",
    "trim",
    "validate",
    "wrap",
]

_FLAG = "airbyte_secret"
_INJECTED = "__injected_"

SECRET_PLACEHOLDER = "secret_placeholder"
"""What Airbyte takes a stored secret for where it validates an update that does not have it (SecretsHelpers)."""


def wrap(configuration: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The declared side: every value the specification calls secret as a `Secret`, the mask as `Masked`.

    Secret is what *any* branch of the schema calls so, since Airbyte masks by path and not by branch; and what
    merely carries the word `airbyte_secret`, be it false (JsonSecretsProcessor). A null is the same as nothing.
    """
    return _marked(configuration, schema, lambda value, _: _secret(value))


def mask(configuration: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The observed side: `Masked` wherever the server masks, and wherever it should have and did not."""
    return _marked(configuration, schema, _unseen)


def believe_masks(
    declared: Mapping[str, Any], observed: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both sides, where the server masks what no specification at hand calls secret: it knows better."""
    masked = {path: Masked() for path, leaf in walk(observed) if leaf == SECRET_MASK}
    beside = {path: _secret(found) for path in masked if (found := at(declared, path)) is not ABSENT}
    return replaced(declared, beside), replaced(observed, masked)


def mask_by_name(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Every value as a `Secret` whose key, or one above it, sounds like a secret's: of a connector of which nothing
    else is known. Its value still counts where both sides have one.
    """
    marks = {
        path: _secret(leaf)
        for path, leaf in walk(configuration)
        if isinstance(leaf, (str, int, float)) and not isinstance(leaf, bool) and any(map(sounds_secret, path))
    }
    return replaced(configuration, marks)


def trim(observed: Mapping[str, Any], declared: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """*observed* without what nobody needs to declare: defaults, nulls and what the server injects.

    A default counts where the branch it stands in is the declared one or the schema's own default: the constant
    that names another branch is a choice somebody made, and stays.
    """
    return _trimmed(observed, declared, [schema])


def mask_allowed(path: Path, observed: Mapping[str, Any], declared: Mapping[str, Any], schema: Schema) -> bool:
    """Whether sending the mask at *path* in a whole update keeps the secret that is there.

    Only where the server itself just returned the mask at that very path, no array lies on it, the oneOf branch
    is unchanged, and the mask is valid there; else Airbyte stores ten asterisks, or answers 422.
    """
    if not path or not _is_flagged_through(path, observed, declared, schema):
        return False
    return at(observed, path) == SECRET_MASK


def is_chosen_anew(path: Path, observed: Mapping[str, Any], declared: Mapping[str, Any], schema: Schema) -> bool:
    """Whether a choice on the way to *path* is declared otherwise than it is there: a merge would take what stands
    at *path* from one branch into the other.
    """
    said: list[Schema] = [schema]
    before: Any = observed
    after: Any = declared
    for key in path:
        here = [part for inner in said for part in applying(inner, after)]
        for alternatives in map(branches, here):
            if list(map(id, chosen(alternatives, before))) != list(map(id, chosen(alternatives, after))):
                return True
        said = elements(here) if isinstance(after, (list, tuple)) else below(here, key)
        before, after = at(before, (key,)), at(after, (key,))
    return False


def stand_ins_allowed(path: Path, declared: Mapping[str, Any], schema: Schema) -> bool:
    """Whether a secret at *path* may be left out of a merge: Airbyte validates the whole, with a text of its own
    or the mask in place of each secret it was not sent again.
    """
    here: list[Schema] = [schema]
    value: Any = declared
    for key in path:
        said = [part for inner in here for part in applying(inner, value)]
        is_list = isinstance(value, (list, tuple))
        here = elements(said) if is_list else below(said, key)
        value = value[int(key)] if is_list else value[key]
    secret = [leaf for leaf in here if any(_FLAG in part for part in parts(leaf))]
    return all(fits(text, leaf) for leaf in secret for text in (SECRET_MASK, SECRET_PLACEHOLDER))


def _marked(configuration: Mapping[str, Any], schema: Schema, mark: Callable[[Any, bool], Any]) -> dict[str, Any]:
    """*configuration* without nulls, and with *mark* put on what is flagged: on the value and whether it is so."""
    marks: dict[Path, Any] = {}
    for name, whole in configuration.items():
        said = below(parts(schema), name)
        for path, value, here in walk_beside(whole, said, (name,), into=lambda here: not _flags(here)):
            if value is None and isinstance(at(configuration, path[:-1]), Mapping):
                marks[path] = ABSENT
            elif flags := _flags(here):
                marks[path] = mark(value, any(flag is not False for flag in flags))
    return replaced(configuration, marks)


def _flags(said: Sequence[Schema]) -> list[Any]:
    return [part[_FLAG] for part in said if _FLAG in part]


def _secret(value: Any) -> Any:
    if isinstance(value, (Secret, Masked)):
        return value
    if value == SECRET_MASK:
        return Masked()
    return Secret.literal(value)


def _unseen(value: Any, is_flagged: bool) -> Any:  # noqa: FBT001 - one of two marks, called by position
    """Flagged `false`, yet masked by Airbyte; a server that does not may well show it."""
    return Masked() if is_flagged or value == SECRET_MASK else value


def _trimmed(observed: Mapping[str, Any], declared: Mapping[str, Any], schemas: Iterable[Schema]) -> dict[str, Any]:
    sure, unsure = _known(observed, declared, schemas)
    kept: dict[str, Any] = {}
    for key, value in observed.items():
        said = below(sure, key) + [inner for inner in below(unsure, key) if not constant(inner)]
        if key in declared:
            kept[key] = _beside(value, declared[key], said)
        elif not (key.startswith(_INJECTED) or value is None or any(_is_default(value, inner) for inner in said)):
            kept[key] = value
    return kept


def _beside(observed: Any, declared: Any, schemas: list[Schema]) -> Any:
    if isinstance(observed, Mapping) and isinstance(declared, Mapping):
        return _trimmed(cast("Mapping[str, Any]", observed), cast("Mapping[str, Any]", declared), schemas)
    if isinstance(observed, list) and isinstance(declared, (list, tuple)):
        rows, beside = cast("list[Any]", observed), cast("list[Any]", declared)
        if len(rows) == len(beside):
            inside = elements(part for schema in schemas for part in parts(schema))
            return [_beside(row, other, inside) for row, other in zip(rows, beside, strict=True)]
    return cast("Any", observed)


def _known(
    observed: Mapping[str, Any], declared: Mapping[str, Any], schemas: Iterable[Schema]
) -> tuple[list[Schema], list[Schema]]:
    """The schemas *observed* is under: those that hold for *declared* or by default too, and the others."""
    sure: list[Schema] = []
    unsure: list[Schema] = []
    for schema in schemas:
        expected = declared or schema.get("default")
        agreed = [schema]
        if isinstance(expected, Mapping):
            agreed += applying(schema, expected, certain=True)
        for part in applying(schema, observed):
            (sure if any(part is one for one in agreed) else unsure).append(part)
    return sure, unsure


def _is_default(value: Any, schema: Schema) -> bool:
    if "default" in schema and same(value, schema["default"]):
        return True
    if only := constant(schema):
        return same(value, only[0])
    if isinstance(value, Mapping) and (properties(schema) or branches(schema)):
        return not _trimmed(cast("Mapping[str, Any]", value), {}, [schema])
    return False


def _is_flagged_through(path: Path, observed: Any, declared: Any, schema: Schema) -> bool:
    """Follow *path* on both sides and in the schema at once, by the ways on which Airbyte restores secrets."""
    said = [schema]
    for key in path:
        if not (isinstance(observed, Mapping) and isinstance(declared, Mapping)):
            return False
        before, after = cast("Mapping[str, Any]", observed), cast("Mapping[str, Any]", declared)
        if key not in before or key not in after:
            return False
        found: list[Schema] = []
        for part in said:
            alternatives = () if "anyOf" in part else branches(part)
            was, now = chosen(alternatives, before), chosen(alternatives, after)
            if [id(one) for one in was] != [id(one) for one in now] or len(now) > 1:
                return False
            found += [inner for one in (part, *now) if (inner := properties(one).get(key)) is not None]
        observed, declared, said = before[key], after[key], found
    return bool(said) and all(leaf.get(_FLAG) is True and fits(SECRET_MASK, leaf) for leaf in said)
