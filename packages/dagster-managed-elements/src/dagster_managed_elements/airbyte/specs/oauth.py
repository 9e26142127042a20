"""Which keys of a configuration Airbyte's own OAuth set: nobody can declare those, so they are left alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from dagster_managed_elements.airbyte.specs.schemas import remembered
from dagster_managed_elements.airbyte.wire import Specification
from dagster_managed_elements.engine.values import ABSENT, SECRET_MASK, Path, at, walk

_OUTPUTS: Final = ("completeoauthoutputspecification", "completeoauthserveroutputspecification")
_TOKENS: Final = frozenset({"access_token", "refresh_token"})
_BESIDE_TOKENS: Final = _TOKENS | {"client_id", "client_secret", "token_expiry_date"}


def set_by_oauth(
    declared: Mapping[str, Any], observed: Mapping[str, Any], specification: Specification
) -> dict[Path, Any]:
    """What of *observed* OAuth set and *declared* does not speak of, by path.

    Where the API does not tell what OAuth sets, it is taken to have set tokens that are there and masked, and what
    goes with them: all of an object that has some and is not declared, and the tokens alone in one that is, unless
    what is declared there is another choice or a token itself.
    """
    if specification.is_partial:
        found = set(_by_name(declared, observed))
    else:
        found = {path for path in _paths(specification.advanced_auth) if _is_chosen(declared, specification)}
    there = {path: at(observed, path) for path in sorted(found) if at(declared, path) is ABSENT}
    return {path: value for path, value in there.items() if value is not ABSENT and value is not None}


def adopted_from_oauth(observed: Mapping[str, Any], specification: Specification) -> set[Path]:
    """The paths of what OAuth set in *observed*, of which nothing is declared yet: by what is chosen there."""
    predicate = _path(_folded(specification.advanced_auth).get("predicatekey"))
    chosen = at(observed, predicate) if predicate else ABSENT
    beside = filled({}, {predicate: chosen}) if chosen is not ABSENT else dict[str, Any]()
    return set(set_by_oauth(beside, observed, specification))


def filled(declared: Mapping[str, Any], by: Mapping[Path, Any]) -> dict[str, Any]:
    """*declared* with what stands in *by*; nothing that is declared gives way."""
    result: dict[str, Any] = dict(declared)
    for path, value in by.items():
        if (inner := at(result, path[:1])) is ABSENT or len(path) == 1:
            inner = {}
        if isinstance(inner, Mapping):
            result[path[0]] = (
                value if len(path) == 1 else filled(cast("Mapping[str, Any]", inner), {path[1:]: value})
            )
    return result


@remembered
def _paths(advanced_auth: Any) -> frozenset[Path]:
    """Of the keys that OAuth puts in, and of the one that chooses OAuth."""
    auth = _folded(advanced_auth)
    outputs = _folded(auth.get("oauthconfigspecification"))
    told = [
        _folded(told).get("pathinconnectorconfig")
        for output in _OUTPUTS
        for told in _folded(_folded(outputs.get(output)).get("properties")).values()
    ]
    return frozenset(path for path in map(_path, (*told, auth.get("predicatekey"))) if path)


def _is_chosen(declared: Mapping[str, Any], specification: Specification) -> bool:
    """Whether the declaration does not choose another way to authenticate."""
    auth = _folded(specification.advanced_auth)
    chosen = at(declared, _path(auth.get("predicatekey")) or ("",))
    return chosen is ABSENT or str(chosen).casefold() == str(auth.get("predicatevalue", chosen)).casefold()


def _by_name(declared: Mapping[str, Any], observed: Mapping[str, Any]) -> Iterator[Path]:
    masked = {path for path, leaf in walk(observed) if leaf == SECRET_MASK}
    around = {path[:-1] for path in masked if path[-1] in _TOKENS}
    whole = {path for path in around if at(declared, path) is ABSENT}
    beside = {path for path in around - whole if _is_left_to_oauth(path, declared, observed)}
    for path, _ in walk(observed):
        if (path[:-1] in beside and path[-1] in _BESIDE_TOKENS) or path[:-1] in whole:
            yield path


def _is_left_to_oauth(around: Path, declared: Mapping[str, Any], observed: Mapping[str, Any]) -> bool:
    """Whether what is declared there is no token, and, within an object that may be a choice, no other choice."""
    beside = at(declared, around)
    if not isinstance(beside, Mapping):
        return False
    given = cast("Mapping[str, Any]", beside)
    same = not around or all(value == at(observed, (*around, name)) for name, value in given.items())
    return same and given.keys().isdisjoint(_BESIDE_TOKENS)


def _path(told: Any) -> Path:
    steps = cast("list[Any]", told) if isinstance(told, list) else []
    return tuple(step for step in steps if isinstance(step, str)) if all(isinstance(s, str) for s in steps) else ()


def _folded(told: Any) -> dict[str, Any]:
    """A mapping by its keys without case and underscores: the API spells them in one way, a manifest in another."""
    fields = cast("Mapping[str, Any]", told) if isinstance(told, Mapping) else dict[str, Any]()
    return {str(key).replace("_", "").casefold(): value for key, value in fields.items()}
