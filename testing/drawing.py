"""Configurations drawn from a connector's JSON Schema: valid ones, with secrets that can be looked for.

Much faster than a strategy that knows all of JSON Schema: it knows what connectors' schemas are made of, and
`fitting` holds each drawn value against the schema.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeAlias

import jsonschema
from jsonschema_rs import Draft7Validator

Schema: TypeAlias = dict[str, Any]

SECRET = "c0ffee5ec2e7"
"""What every drawn secret has in it: digits and letters to f, which each pattern of a secret leaves room for."""

FLAG = "airbyte_secret"
_TRIES = 60


class Undrawable(ValueError):
    """No value was found that the schema takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawer:
    """Draws values with *chance*. Of optional settings *share* is given; of a choice the branch whose number
    *choose* says, told how many there are, unless nothing valid comes of that.
    """

    chance: Random
    share: float = 1.0
    choose: Callable[[int], int] | None = None

    def configuration(self, schema: Schema) -> Schema:
        """Raises Undrawable."""
        return self.value({**schema, "type": "object"})

    def value(self, schema: Schema, *, unlike: Sequence[Any] = ()) -> Any:
        """Something *schema* takes, and none of *unlike*; its default only where there is no other.

        Raises Undrawable.
        """
        fits = fitting(schema)
        fallback: list[Any] = []
        freely = replace(self, choose=None)  # of what was chosen nothing may be valid
        for attempt in range(_TRIES):
            drawn = (self if attempt < _TRIES / 2 else freely)._any(schema)
            if not fits(drawn) or any(identical(drawn, other) for other in unlike):
                continue
            if "default" not in schema or not identical(drawn, schema["default"]):
                return drawn
            fallback.append(drawn)
        if fallback:
            return fallback[0]
        raise Undrawable(str(schema)[:200])

    def _any(self, schema: Schema) -> Any:
        if "const" in schema:
            return schema["const"]
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return self.chance.choice(schema["enum"])
        listed = [branch for word in ("oneOf", "anyOf") for branch in schema.get(word) or ()]
        if branches := [branch for branch in listed if branch.get("type") != "null"]:  # null is as good as nothing
            branch = self._branch(branches)
            if kind_of(branch) == "object" or "properties" in schema:
                return {**self._object(schema), **self._object(branch)}
            return self._any(branch)
        draw = {
            "object": self._object,
            "array": self._array,
            "integer": self._integer,
            "number": lambda schema: self._integer(schema) + self.chance.choice([0, 0.5]),
            "boolean": lambda _: self.chance.random() < 0.5,
        }.get(kind_of(schema), self._text)
        return draw(schema)

    def _branch(self, branches: Sequence[Schema]) -> Schema:
        return self.chance.choice(branches) if self.choose is None else branches[self.choose(len(branches))]

    def _object(self, schema: Schema) -> Schema:
        properties = schema.get("properties") or {}
        required = [name for name in schema.get("required") or () if isinstance(name, str)]
        given: Schema = {}
        for name, inner in properties.items():
            if name in required or self.chance.random() < self.share:
                with suppress(*() if name in required else (Undrawable,)):  # it may be left out
                    given[name] = self.value(inner)
        lacking = {name: self._text({}) for name in required if name not in properties}
        more = schema.get("additionalProperties")
        free = {f"key{number}": self.value(more) for number in (1, 2)} if isinstance(more, dict) and more else {}
        inner = [branch for branch in schema.get("allOf") or () if isinstance(branch, dict)]
        return {**free, **lacking, **given, **{k: v for part in inner for k, v in self._object(part).items()}}

    def _array(self, schema: Schema) -> list[Any]:
        items = schema.get("items")
        inner = items if isinstance(items, dict) else {}
        wanted = max(2, schema.get("minItems", 0)) if self.share else max(1, schema.get("minItems", 0))
        drawn: list[Any] = []
        for _ in range(min(wanted, schema.get("maxItems", wanted))):
            with suppress(Undrawable):  # an enumeration that has no more
                drawn.append(self.value(inner, unlike=drawn))
        return drawn

    def _integer(self, schema: Schema) -> int:
        least = int(schema.get("minimum", schema.get("exclusiveMinimum", 0)))
        least += "exclusiveMinimum" in schema
        return self.chance.randint(least, int(schema.get("maximum", max(least, 1000) + 9000)))

    def _text(self, schema: Schema) -> str:
        if FLAG in schema:
            return self._secret(schema)
        pattern, form = schema.get("pattern"), schema.get("format")
        if isinstance(pattern, str):
            texts = [text for text in _texts(self.chance) if re.search(pattern, text)]
            return self.chance.choice(texts) if texts else ""
        if form in _FORMATS:
            return _moment(self.chance).strftime(_FORMATS[form])
        return f"text {self.chance.randint(0, 10**6)}"

    def _secret(self, schema: Schema) -> str:
        """With the token in it, and a number that no other one has."""
        bare = f"{SECRET}{self.chance.getrandbits(64):016x}"
        spellings = (bare, f"live_{bare}", f"sk_live_{bare}")
        pattern = schema.get("pattern")
        return next((text for text in spellings if not pattern or re.search(pattern, text)), bare)


def kind_of(schema: Schema) -> str:
    kind = schema.get("type")
    listed = [one for one in kind if one != "null"] if isinstance(kind, list) else [kind]
    if listed and isinstance(listed[0], str):
        return listed[0]
    return "object" if "properties" in schema else "string"


def identical(one: Any, other: Any) -> bool:
    """Equal as JSON is: true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(identical(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(identical, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


_VALIDATORS: dict[int, tuple[Schema, Callable[[Any], bool]]] = {}


def fitting(schema: Schema) -> Callable[[Any], bool]:
    """Whether a value is valid."""
    if id(schema) not in _VALIDATORS:
        bare = {word: value for word, value in schema.items() if word != "$schema"}
        try:
            fits = Draft7Validator(bare, validate_formats=False).is_valid
        except ValueError:
            fits = jsonschema.Draft7Validator(bare).is_valid  # slow, and passes over what is no schema
        _VALIDATORS[id(schema)] = (schema, fits)  # kept with it, so that its identity is nobody else's
    return _VALIDATORS[id(schema)][1]


_FORMATS = {"date": "%Y-%m-%d", "date-time": "%Y-%m-%dT%H:%M:%SZ"}
_MOMENTS = (
    *("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%S.123Z", "%Y-%m-%dT%H:%M:%S"),
    *("%Y-%m-%d %H:%M:%S", "%d-%m-%Y", "%Y-%m", "%b %d, %Y %I:%M:%S AM", "%m/%d/%Y %H:%M", "%Y%m%dT%H%M%SZ"),
)


def _moment(chance: Random) -> datetime:
    return datetime(2015, 1, 1) + timedelta(seconds=chance.randint(0, 3 * 10**8))  # noqa: DTZ001 - only its text counts


def _texts(chance: Random) -> list[str]:
    """Texts of all the forms that patterns ask for."""
    moment = _moment(chance)
    digits = "".join(chance.choices(string.digits[1:], k=10))
    name = "".join(chance.choices(string.ascii_lowercase, k=8))
    identity = "-".join("".join(chance.choices("abcdef123456789", k=size)) for size in (8, 4, 4, 4, 12))
    return [
        *(moment.strftime(form) for form in _MOMENTS),
        *(digits, digits[:1], digits[:2], digits[:4], digits[:8], f"{digits[:2]}.{digits[2]}", f"-{digits[0]}"),
        *(
            name,
            f"{name}/{name}",
            f"{name}.example.com",
            f"{name}.freshdesk.com",
            f"data/{name}",
            f"{name}={digits}",
        ),
        *(f"https://{name}.example.com", f"https://{name}.example.com/{digits}"),
        *(
            f"https://drive.google.com/{name}",
            f"{name}.snowflakecomputing.com",
            f"Sev{digits[0]}",
            "Sev1",
            "Custom",
        ),
        *("true", "false", "ascending", "popular", identity.replace("-", "")[:24]),
        f"https://{identity}-{name}.apps.astra.datastax.com",
    ]
