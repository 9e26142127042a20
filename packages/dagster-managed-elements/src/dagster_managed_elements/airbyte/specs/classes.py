"""Connectors' specifications as Python: the text of a typed class for each. Pure.

A class is named for the connector's image and a class nested in it for the title of a choice, as upstream's
generated classes were, so that the names of `airbyte.generated` and these agree. The text is the same on every run,
whatever order a server has its keys in, and such that a formatter leaves it alone.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from types import NoneType
from typing import Any, Final, TypeAlias, cast
from unicodedata import normalize

from dagster_managed_elements.airbyte.specs.connectors import squashed
from dagster_managed_elements.airbyte.specs.schemas import (
    Schema,
    branches,
    constant,
    constants,
    object_in,
    properties,
)
from dagster_managed_elements.airbyte.structures import WIRE_NAME
from dagster_managed_elements.airbyte.wire import Definition, Side

_WIDTH: Final = 88
_PROSE: Final = 74
"""Narrow enough that the quotes always fit behind it."""

_HEAD: Final = "@dataclass(frozen=True, kw_only=True, repr=False)\nclass {}(TypedConfiguration):"
_IMPORTS: Final[Mapping[str, Sequence[str]]] = {
    "collections.abc": ("Mapping", "Sequence"),
    "dataclasses": ("dataclass", "field"),
    "typing": ("Any", "Literal", "Union"),
    "dagster_managed_elements.airbyte.typed": ("UNSET", "Secret", "TypedConfiguration", "Unset"),
}
_SCALARS: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_RESERVED: Final = frozenset(
    (*(name for names in _IMPORTS.values() for name in names), *_SCALARS.values(), "of", "List", "Dict", "Optional")
)
"""What neither a class nor a field is called: the annotations beside it mean something else by it."""


@dataclass(frozen=True, slots=True)
class Described:
    """A connector, and the schema of what it is configured with."""

    side: Side
    definition: Definition
    schema: Schema


@dataclass(frozen=True, slots=True)
class _Brackets:
    """`name[items]`, or of a call `name(items)`; a union without a name where it fits into a line."""

    name: str
    items: tuple[_Type, ...]
    ends: str = "[]"

    def __str__(self) -> str:
        if self.name == "Union":
            return " | ".join(map(str, self.items))
        return f"{self.name}{self.ends[0]}{', '.join(map(str, self.items))}{self.ends[1]}"


_Type: TypeAlias = "str | _Brackets"


def module_text(connectors: Iterable[Described]) -> str:
    """What a file that has a class for each of *connectors* holds below its first lines."""
    classes: dict[str, str] = {}
    for connector in sorted(connectors, key=_place):
        name = class_name(connector.side, connector.definition)
        if name in classes:  # of another vendor's image, or of a fork
            name = _identifier(_pascal(f"{connector.definition.name} {connector.side}"), classes)
        classes[name] = _Writer(name, connector).text()
    body = "\n\n\n".join(classes.values())
    return f"from __future__ import annotations\n\n{_imports(body)}\n\n\n{body}\n"


def _place(connector: Described) -> tuple[bool, str, str]:
    return (connector.side != "source", connector.definition.name.casefold(), connector.definition.id)


def class_name(side: Side, definition: Definition) -> str:
    """`AzureBlobStorageSource` for airbyte/source-azure-blob-storage. What the Builder made has no image of its own
    and is named as it is.
    """
    image = definition.docker_repository.rpartition("/")[2].removeprefix(f"{side}-")
    words = re.split(r"[\W_]+", definition.name if image in {"", "declarative-manifest"} else image)
    return _identifier("".join(word.capitalize() for word in (*words, side)))


class _Writer:
    """Writes one connector. Classes nested in its own are collected on the way, by name."""

    def __init__(self, name: str, connector: Described) -> None:
        self._name, self._connector = name, connector
        self._schema = _without_choice(_whole(connector.schema))
        self._taken = {name, *_attributes(properties(self._schema)).values()}
        self._nested: dict[str, str] = {}

    def text(self) -> str:
        of = self._connector
        image = f" ({of.definition.docker_repository})" if of.definition.docker_repository else ""
        about = [f"Configuration of the {of.side} {_prose(of.definition.name + image)}."]
        declared = self._fields(self._schema, "    ", is_choice=False)
        head = "\n".join([_HEAD.format(self._name), *_docstring(about, "    ")])
        nested = (f"{textwrap.indent(_HEAD.format(name), '    ')}\n{body}" for name, body in self._nested.items())
        known = {"_side": of.side, "_name": of.definition.name, "_image": of.definition.docker_repository}
        says = "\n".join(f"    {name} = {_written(value)}" for name, value in known.items() if value)
        return "\n\n".join([head, says, *nested, *(["\n".join(declared)] if declared else [])])

    def _fields(self, schema: Schema, indent: str, *, is_choice: bool) -> list[str]:
        """What is required first, then as the connector orders its settings."""
        required = _required(schema)
        named = sorted(properties(schema).items(), key=lambda item: (item[0] not in required, *_order(*item)))
        # A choice is told by its constants. Where none of them is required, it is by one that is not.
        by_optional = is_choice and not any(name in required for name in constants(schema))
        attributes = _attributes(properties(schema))
        lines: list[str] = []
        for name, inner in named:
            only = _literals(constant(inner)) if name in required or by_optional else []
            is_shown = only and "airbyte_secret" not in inner
            default = only[0] if is_shown else "" if name in required else "UNSET"
            types = [*self._types(name, inner), *([] if name in required else ["Unset"])]
            wire_name = None if attributes[name] == name else name
            lines += _declaration(f"{indent}{attributes[name]}: ", _union(types), default, wire_name)
            lines += _docstring(_about(inner, name), indent)
        return lines

    def _types(self, name: str, schema: Schema, *, title: str = "") -> list[_Type]:
        """What a value of the setting *name* may be; *title* is that of the choice where it is one."""
        schema = _whole(schema)
        found: list[_Type] = []
        if "airbyte_secret" in schema:
            found = ["Secret", *(["None"] if "null" in _kinds(schema) else [])]
        elif alternatives := branches(schema):
            base = {key: schema[key] for key in ("type", "properties", "required") if key in schema}
            for number, branch in enumerate(alternatives, 1):
                found += self._types(
                    name, _joined(base, branch), title=_label(branch) or f"{_spoken(name)} {number}"
                )
        elif (allowed := _allowed(schema)) and len(literals := _literals(allowed)) == len(allowed):
            found = [_Brackets("Literal", tuple(literals)), *(["Secret"] if len(literals) > 1 else [])]
        else:
            found = [one for kind in _kinds(schema) for one in self._of_kind(kind, name, schema, title)]
        return sorted(dict.fromkeys(found), key=lambda one: (one == "None", one == "Secret"))

    def _of_kind(self, kind: str, name: str, schema: Schema, title: str) -> list[_Type]:
        if kind == "object" and properties(schema):
            return [self._class(name, title or _title(schema) or _spoken(name), schema)]
        if kind == "object":
            values = schema.get("additionalProperties")
            inner = self._types(name, cast("Schema", values)) if isinstance(values, Mapping) else ["Any"]
            return [_Brackets("Mapping", ("str", _union(inner)))]
        if kind == "array":
            items = object_in(schema.get("items")) or object_in(schema.get("item"))
            entry = _title(items) or f"{_title(schema) or _spoken(name)}Entry"
            return [_Brackets("Sequence", (_union(self._types(name, items, title=entry)),))]
        if kind in _SCALARS:
            return [_SCALARS[kind], "Secret"]
        return ["None" if kind == "null" else "Any"]

    def _class(self, name: str, title: str, schema: Schema) -> str:
        """The name of a nested class; one text has one name, and one name one text."""
        declared = self._fields(schema, "        ", is_choice=True)
        about = _docstring([_prose(title), *_about(schema, title)], "        ")
        body = "\n".join([*about, *(["", *declared] if declared else [])])
        known = {**dict.fromkeys(self._taken), **self._nested}
        spelt = [_identifier(_pascal(text), self._taken) for text in (title, f"{_spoken(name)} {title}")]
        wanted = next((one for one in spelt if self._nested.get(one, body) == body), _identifier(spelt[-1], known))
        self._nested[wanted] = body
        return f"{self._name}.{wanted}"


def _whole(schema: Schema) -> Schema:
    """*schema* with what its allOf says."""
    inner = [cast("Schema", part) for part in _listed(schema, "allOf") if isinstance(part, Mapping)]
    schema = {key: value for key, value in schema.items() if key != "allOf"} if inner else schema
    for part in inner:
        schema = _joined(schema, _whole(part))
    return schema


def _without_choice(schema: Schema) -> Schema:
    """The whole configuration as one class, although it may be a choice itself: with the settings of all its
    branches, of which those are required that every branch asks for.
    """
    alternatives = [_joined(schema, branch) for branch in branches(schema)]
    if not alternatives:
        return schema
    names = dict.fromkeys(name for branch in alternatives for name in properties(branch))
    said = {
        name: [properties(branch)[name] for branch in alternatives if name in properties(branch)] for name in names
    }
    named = {name: {"anyOf": forms} if len(forms) > 1 else forms[0] for name, forms in said.items()}
    return {"properties": named, "required": sorted(set[str].intersection(*map(_required, alternatives)))}


def _joined(base: Schema, branch: Schema) -> Schema:
    named = {**properties(base), **properties(branch)}
    required = sorted(_required(base) | _required(branch))
    return {**base, **branch, **({"properties": named, "required": required} if named else {})}


def _listed(schema: Schema, word: str) -> list[Any]:
    found = schema.get(word)
    return cast("list[Any]", found) if isinstance(found, list) else []


def _required(schema: Schema) -> set[str]:
    return {name for name in _listed(schema, "required") if isinstance(name, str)}


def _kinds(schema: Schema) -> list[str]:
    kind = schema.get("type")
    if not kind and properties(schema):
        return ["object"]
    return [str(one) for one in (cast("list[Any]", kind) if isinstance(kind, list) else [kind])]


def _allowed(schema: Schema) -> list[Any]:
    return constant(schema) or _listed(schema, "enum")


def _literals(values: Iterable[Any]) -> list[str]:
    """Those of *values* that a Literal can have, as they are written."""
    return list(dict.fromkeys(_written(value) for value in values if isinstance(value, (str, bool, int, NoneType))))


def _written(value: Any) -> str:
    """As a formatter quotes it."""
    text = repr(value)
    return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in text else text


def _title(schema: Schema) -> str:
    title = schema.get("title")
    return title if isinstance(title, str) else ""


def _label(branch: Schema) -> str:
    """What a choice is called: what upstream took for it, else a constant by which it is told."""
    option = constants(branch).get("option_title") or _title(branch)
    return str(option or next((value for _, value in sorted(constants(branch).items())), ""))


def _order(name: str, schema: Schema) -> tuple[float, str]:
    order = schema.get("order")
    return (order if isinstance(order, (int, float)) else math.inf, name)


def _pascal(title: str) -> str:
    """As upstream made a class's name of a title: `HTTPSPublicWeb` of "HTTPS: Public Web"."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"\W+", title))


def _spoken(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip()


def _attributes(names: Iterable[str]) -> dict[str, str]:
    """What the field of each setting is called."""
    found: dict[str, str] = {}
    for name in sorted(names):
        found[name] = _identifier(name, found.values())
    return found


def _identifier(name: str, taken: Collection[str] = ()) -> str:
    """*name*, or what is nearest to it that Python allows and nothing else is called."""
    name = "".join(letter if f"a{letter}".isidentifier() else "_" for letter in normalize("NFKC", name))
    name = name.lstrip("_") if name.startswith("__") else name  # which Python would mangle
    name = name if name.isidentifier() else f"_{name}"
    while keyword.iskeyword(name) or name in _RESERVED or name in taken:
        name += "_"
    return name


def _about(schema: Schema, name: str) -> list[str]:
    """What an editor shows of a setting: its description, and its default where that may be shown."""
    title = _title(schema)
    told = [_prose(schema.get("description") or ("" if squashed(title) == squashed(name) else title))]
    default = schema.get("default")
    if "airbyte_secret" not in schema and isinstance(default, (str, int, float)) and default != "":
        told.append(f"By default {_prose(_written(default))}.")
    return [text for text in told if text]


def _prose(text: Any) -> str:
    """One line without markup and without what would end a docstring."""
    plain = unescape(re.sub(r"<[^<>]*>", "", text)) if isinstance(text, str) else ""
    shown = "".join(letter if letter.isprintable() else " " for letter in plain)
    return " ".join(shown.replace("\\", "\\\\").replace('"', "'").split())


def _docstring(paragraphs: Sequence[str], indent: str) -> list[str]:
    wrapped = [textwrap.wrap(text, _PROSE, break_long_words=False, break_on_hyphens=False) for text in paragraphs]
    lines = [line for paragraph in wrapped for line in ("", *paragraph)][1:]
    text = "\n".join([f'"""{lines[0]}', *lines[1:], '"""']) if len(lines) > 1 else f'"""{"".join(lines)}"""'
    return textwrap.indent(text, indent).splitlines() if lines else []


def _union(types: Sequence[_Type]) -> _Type:
    return types[0] if len(types) == 1 else _Brackets("Union", tuple(types))


def _declaration(name: str, annotation: _Type, default: str, wire_name: str | None) -> list[str]:
    """The lines of a field. What is broken into several ends in a comma, so that no formatter, however long its
    lines, joins them.
    """
    given = [f"default={default}"] if default else []
    named = [f'metadata={{"{WIRE_NAME}": {_written(wire_name)}}}'] if wire_name is not None else []
    call = _Brackets("field", (*given, *named), "()")
    value = f" = {call}" if named else f" = {default}" if default else ""
    line = f"{name}{annotation}"
    if len(line + value) > _WIDTH and len(f"{line} = field(") <= _WIDTH and (named or default not in {"", "UNSET"}):
        return _exploded(f"{line} = ", call, "")
    return _exploded(name, annotation, value)


def _exploded(before: str, code: _Type, after: str, *, always: bool = False) -> list[str]:
    line = f"{before}{code}{after}"
    if isinstance(code, str) or (len(line) <= _WIDTH and not always):
        return [line]
    indent = before[: len(before) - len(before.lstrip())]
    only = len(code.items) == 1  # without a comma behind it: the one inside has to do
    comma = "" if only and code.ends == "[]" else ","
    inner = [line for item in code.items for line in _exploded(f"{indent}    ", item, comma, always=only)]
    return [f"{before}{code.name}{code.ends[0]}", *inner, f"{indent}{code.ends[1]}{after}"]


def _imports(body: str) -> str:
    """What *body* uses of `_IMPORTS`."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    lines: list[str] = []
    for module, names in _IMPORTS.items():
        wanted = [name for name in names if name in used]
        line = f"from {module} import {', '.join(wanted)}"
        if len(line) > _WIDTH:
            line = "\n".join([f"from {module} import (", *(f"    {name}," for name in wanted), ")"])
        lines += [line] if wanted else []
    return "\n".join([*lines[:-1], "", lines[-1]])
