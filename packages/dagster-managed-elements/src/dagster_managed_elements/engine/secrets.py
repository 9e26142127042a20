"""Secrets: where their values come from, whether one changed, and how one is kept from being shown.

Nothing in here prints, and no error holds what was read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path as FilePath
from typing import Any, Final, Literal, TypeAlias, cast

from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError
from dagster_managed_elements.engine.values import (
    ABSENT,
    SECRET_MASK,
    Masked,
    Path,
    leaves,
    mapped,
    nests_too_deep,
    unsendable,
    walk,
)

_LITERAL: Final = "literal"
Reader: TypeAlias = Callable[[], Any]
AsType: TypeAlias = Callable[[str], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Secret:
    """A value that may be written and is never read back, printed or logged.

    It prints as the mask within lists, elements and other values. Text cannot be made of it, neither by `str`,
    nor in an f-string, nor by `print`: the mask would be stored as the secret. `Secret.format` does what was meant.

    Made by `Secret.literal`, `.env`, `.file`, `.call`, `.format` or `.holding`.

    Args:
        reference: Where it comes from; what two secrets are compared by.
        read: Fetches it.
        cheap: Whether it may be read at every check, as a literal, an environment variable or a file; any other is
            called only when its value is about to be sent.
        optional: Whether it reads as None where it is not there, and is then as if nobody had declared it.
        parts: The secrets that it is made of.
        join: Makes it of their values.
        note: Called by who sends what it read, as `reveal` does: by that it is known what a server was given.
        as_type: What makes a value of its text, where it is one.
    """

    reference: str
    read: Reader = field(repr=False)
    cheap: bool = True
    optional: bool = False
    parts: tuple[Secret, ...] = field(default=(), repr=False)
    join: Callable[[Sequence[Any]], Any] | None = field(default=None, repr=False)
    note: Callable[[], None] = field(default=lambda: None, repr=False)
    as_type: AsType = field(default=str, repr=False)

    def __post_init__(self) -> None:
        """Reading raises ManagedElementsError and nothing else, whatever reads."""
        # What others are made of, and what stands in the module, is looked at where a path can be said.
        seen = self.is_literal or bool(self.parts)
        read = partial(_read, self.reference, self.read, is_seen=seen, optional=self.optional)
        object.__setattr__(self, "read", read)

    @classmethod
    def literal(cls, value: Any) -> Secret:
        """A secret written in the module itself, or found at a path the connector says is secret.

        Args:
            value: What is secret. A variable, or what holds one, is what that variable's secret is.
        """
        if not nests_too_deep(value):  # that is told where a path can be said
            value = mapped(value, secret_of)
            if isinstance(value, Secret):
                return value
            if holds_secret(value):
                return cls.holding(value)
        return cls(reference=_LITERAL, read=lambda: value)

    @classmethod
    def env(cls, variable: str, as_type: AsType = str, *, optional: bool = False) -> Secret:
        """What an environment variable holds; reading it raises DeclarationError where it is not set, or empty.

        Args:
            variable: Its name.
            as_type: Makes a value of its text: `int`, `float`, `bool` (true or false, 1 or 0) or a function that
                raises ValueError where it cannot.
            optional: Whether the setting is left out where the variable is not set, or empty.
        """
        return cls(
            reference=f"env:{variable}",
            read=lambda: _from_environment(variable, as_type, optional=optional),
            optional=optional,
            as_type=as_type,
        )

    @classmethod
    def file(cls, path: str | FilePath, *, optional: bool = False) -> Secret:
        """The text of a file, without a byte order mark and its last line break, else byte for byte.

        Reading it raises DeclarationError where it is not there, empty or not UTF-8.

        Args:
            path: Where the file is.
            optional: Whether the setting is left out where the file is not there, or empty.
        """
        return cls(
            reference=f"file:{path}", read=lambda: _from_file(FilePath(path), optional=optional), optional=optional
        )

    @classmethod
    def call(cls, function: Reader, *, reference: str, version: str | int | None = None) -> Secret:
        """What a function returns, say from a vault. Never called in a check, once in an apply that sends it.

        Args:
            function: Returns the value. Reading the secret raises DeclarationError where it raises, or returns what
                is no JSON value.
            reference: Which secret it is.
            version: Of what it holds. A rotation cannot be seen without calling the function: another version, or
                reference, than that of the record of what was last written tells it. Where no such record is kept,
                a new one changes nothing by itself.
        """
        named = reference if version in {None, ""} else f"{reference}#{version}"
        return cls(reference=f"call:{named}", read=function, cheap=False)

    @classmethod
    def format(cls, template: str, *values: Any, **named: Any) -> Secret:
        """A text around secrets, secret as a whole: `Secret.format("ssl=true&password={}", EnvVar("PASSWORD"))`.

        Optional where one of its secrets is.

        Args:
            template: The text, with braces where the values go, as `str.format` has them.
            *values: What goes in the places without a name.
            **named: What goes in the places with one.

        Raises:
            DeclarationError: Where places and values do not match.
        """
        _refuse_misfits(template, len(values), named)
        given = [secret_of(value) for value in (*values, *named.values())]

        def filled(read: Iterator[Any]) -> str:
            texts = [next(read) if isinstance(value, Secret) else value for value in given]
            return template.format(*texts[: len(values)], **dict(zip(named, texts[len(values) :], strict=True)))

        # The text may hold the rest of a secret: only that it is another one may be told by the reference.
        digest = sha256(repr((template, list(named), given)).encode("utf-8", "backslashreplace")).hexdigest()
        return cls._made(given, filled, name=f"format:{digest[:12]}")

    @classmethod
    def holding(cls, value: Any) -> Secret:
        """All of a value that holds secrets as one: the whole is secret where it stands.

        Args:
            value: A mapping or a list.
        """

        def filled(read: Iterator[Any]) -> Any:
            return mapped(value, lambda leaf: next(read) if isinstance(leaf, Secret) else leaf)

        return cls._made(leaves(value), filled, name="holding")

    @classmethod
    def _made(cls, values: Iterable[Any], fill: Callable[[Iterator[Any]], Any], *, name: str) -> Secret:
        parts = tuple(value for value in values if isinstance(value, Secret))

        def join(read: Sequence[Any]) -> Any:
            lacking = any(value is None and part.optional for value, part in zip(read, parts, strict=True))
            return None if lacking else fill(iter(read))

        return cls(
            reference=" ".join([name, *(str(part.reference) for part in parts)]),
            read=lambda: join([part.read() for part in parts]),
            cheap=all(part.cheap for part in parts),
            optional=any(part.optional for part in parts),
            parts=parts,
            join=join,
        )

    @property
    def is_literal(self) -> bool:
        """Whether its value stands in the user's module: known without reading anything."""
        return self.reference == _LITERAL

    @property
    def is_absent(self) -> bool:
        """Whether it is optional and not there. A function is not called to find out."""
        return self.optional and self.cheap and self.read() is None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        same = self.reference == other.reference and self.parts == other.parts
        return same and (not self.is_literal or self.read() == other.read())

    def __hash__(self) -> int:
        return hash(self.reference)

    def __repr__(self) -> str:
        return SECRET_MASK

    def __str__(self) -> str:
        raise DeclarationError(_NO_TEXT)

    def __format__(self, _how: str) -> str:
        raise DeclarationError(_NO_TEXT)


_NO_TEXT: Final = (
    "A secret cannot be made part of a text, where the mask would be stored in its place. Give it as it is, or "
    'write Secret.format("ssl=true&password={}", EnvVar("NAME")); to look at a declaration, print its repr().'
)


def _refuse_misfits(template: str, count: int, named: Mapping[str, Any]) -> None:
    marks = [f"\0{number}\0" for number in range(count + len(named))]
    try:
        filled = template.format(*marks[:count], **dict(zip(named, marks[count:], strict=True)))
    except (LookupError, ValueError, AttributeError, TypeError):
        filled = ""
    if any(mark not in filled for mark in marks) or not marks:
        # Raised without the text, which may hold the rest of a secret.
        raise DeclarationError(
            f"Secret.format: the text needs one place, such as {{}}, for each of its {len(marks)} values, and no "
            "other; a brace of its own is written twice."
        )


def EnvVar(variable: str, as_type: AsType = str, *, optional: bool = False) -> Secret:  # noqa: N802 - Dagster's word
    """A secret from an environment variable, read when needed, never printed; the same as `Secret.env`.

    Args:
        variable: Its name.
        as_type: Makes a value of its text: `int`, `float`, `bool` (true or false, 1 or 0) or a function that raises
            ValueError where it cannot.
        optional: Whether the setting is left out where the variable is not set, or empty.
    """
    return Secret.env(variable, as_type, optional=optional)


def secret_of(value: Any) -> Any:
    """*value*, or the Secret that it is in Dagster's words.

    Dagster's EnvVar and IntEnvVar are subclasses of str and int whose *value* is the variable's name, so they
    would be sent as that name. They are recognised by class name: dagster itself is not imported for it.
    """
    kind = cast("type[object]", type(value))
    if not kind.__module__.startswith("dagster.") or kind.__name__ not in {"EnvVar", "IntEnvVar"}:
        return value
    return Secret.env(value.env_var_name, str if kind.__name__ == "EnvVar" else int)


def reveal(value: Any) -> Any:
    """The value with every secret in it read; for what is about to be sent, and nothing else.

    Args:
        value: Any value; it stays as it is.
    """
    return mapped(value, _revealed)


def _revealed(leaf: Any) -> Any:
    if not isinstance(leaf, Secret):
        return leaf
    leaf.note()
    return leaf.read()


def _from_environment(variable: str, as_type: AsType, *, optional: bool) -> Any:
    text = os.environ.get(variable)
    if not text:
        if optional:
            return None
        # A pipeline hands in an empty text where nobody gave it the secret.
        lack = "not set" if text is None else f"set and empty{_MAY_BE_OPTIONAL}"
        raise DeclarationError(f"The environment variable {variable} is {lack}.")
    try:
        return _as_bool(text) if as_type is bool else as_type(text)
    except ValueError:
        wanted = getattr(as_type, "__name__", "value")
    # Raised out here, since the error of a conversion quotes what it could not convert.
    raise DeclarationError(f"The environment variable {variable} does not hold a valid {wanted}.")


_MAY_BE_OPTIONAL: Final = "; optional=True leaves out what may be missing"


def _as_bool(text: str) -> bool:
    """Python takes every text for true but the empty one."""
    known = {"true": True, "1": True, "false": False, "0": False}
    if (value := known.get(text.strip().lower())) is None:
        raise ValueError
    return value


def _from_file(path: FilePath, *, optional: bool) -> str | None:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        if optional and isinstance(error, FileNotFoundError):
            return None
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DeclarationError(f"The secret file {path} cannot be read: {reason}.") from None
    if text := text.removesuffix("\r\n" if text.endswith("\r\n") else "\n"):
        return text
    if optional:
        return None
    raise DeclarationError(f"The secret file {path} is empty{_MAY_BE_OPTIONAL}.")


_collected: Final[ContextVar[set[str] | None]] = ContextVar("_collected", default=None)


@contextmanager
def collecting_secrets() -> Generator[None]:
    """Keep every text that is read as a secret within, for who has to print what may hold one."""
    token = _collected.set(set())
    try:
        yield
    finally:
        _collected.reset(token)


def collected_secrets() -> frozenset[str]:
    """What `collecting_secrets` has kept so far."""
    return frozenset(_collected.get() or ())


def _read(reference: str, read: Reader, *, is_seen: bool, optional: bool) -> Any:
    """What *read*, which may be the user's own, returns: that it fails is no fault of an integration."""
    value = _checked(reference, read, is_seen=is_seen, optional=optional)
    if (texts := _collected.get()) is not None:
        texts.update(str.__str__(leaf) for leaf in leaves(value) if isinstance(leaf, str))
    return value


def _checked(reference: str, read: Reader, *, is_seen: bool, optional: bool) -> Any:
    try:
        value = read()
    except ManagedElementsError:
        raise
    except Exception as error:  # noqa: BLE001 - raised below, out of reach of its text
        trouble = f"its function raised {type(error).__name__}; call it by itself to see why"
    else:
        if is_seen or (value is None and optional):
            return value
        if value is None or nests_too_deep(value) or not _is_json(value):
            trouble = f"its function returned {type(value).__name__}, not text or another JSON value"
        elif (odd := next(unsendable(value), None)) is None:
            return value
        else:
            trouble = f"what it holds {odd[1]}"
    raise DeclarationError(f"The secret {str(reference).removeprefix('call:')} cannot be read: {trouble}.")


def _is_json(value: Any) -> bool:
    """Bytes are none: they would be sent, and kept, in another spelling."""
    kinds = (str, int, float, Mapping, list, tuple)  # of those that hold others, only empty ones are leaves
    return all(
        (leaf is None or isinstance(leaf, kinds))
        and all(isinstance(key, str) for key in cast("tuple[object, ...]", path))
        for path, leaf in walk(value)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRecord:
    """What was known of a secret when it was last written: enough to see a change, too little to read it.

    *fingerprint* is of its value, where one could be made; *version* the server's own word for it, where it has
    one. One that is not *confirmed* was about to be sent, and nobody knows whether it was.
    """

    reference: str
    fingerprint: str | None = None
    version: str | None = None
    confirmed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """The secrets that are to be sent again although nobody knows of a change: *every* one, or those at *paths*,
    each as `written` has it.
    """

    every: bool = False
    paths: frozenset[str] = frozenset()

    def __contains__(self, where: object) -> bool:
        return self.every or where in self.paths


NONE_RESENT: Final = Resent()

Verdict: TypeAlias = Literal[
    "same", "changed", "unknown", "forced", "changed-in-code", "changed-on-server", "unconfirmed"
]


def judge(
    before: Any, after: Secret, record: SecretRecord | None, now: SecretRecord | None = None, *, force: bool
) -> Verdict:
    """What is known of the declared secret *after* beside what is observed, *before*.

    A server that masks says nothing of the value, so without a *record* of what was last written the answer is
    "unknown", which counts as equal. Beside *now*, which is what would be recorded of it today, a record tells
    another value, that of a function by its reference, and another version on the server. What a server
    shows is compared, also where *before* is a Secret by its key's name. *force* re-sends every secret the server
    holds.
    """
    if before is ABSENT or before is None:
        return "changed"
    if force:
        return "forced"
    if isinstance(before, Masked):
        return _remembered(after, record, now)
    if not after.cheap:
        return "unknown"
    shown = before.read() if isinstance(before, Secret) else before
    try:
        return "same" if shown == after.read() else "changed"
    except DeclarationError:
        return "unknown"  # one that is missing is a problem of its own, where it may not be


def _remembered(after: Secret, record: SecretRecord | None, now: SecretRecord | None) -> Verdict:
    if record is None or now is None:
        return "unknown"
    if not record.confirmed:
        return "unconfirmed"
    # Where it comes from says nothing of a value that is at hand, and all there is to say of one that is not.
    is_told = not after.cheap or (record.fingerprint is not None and now.fingerprint is not None)
    if is_told and (record.fingerprint != now.fingerprint if after.cheap else record.reference != now.reference):
        return "changed-in-code"
    if record.version is not None and now.version is not None and record.version != now.version:
        return "changed-on-server"
    return "same" if is_told else "unknown"


def masked_beside(before: Any, after: Any) -> Any:
    """*before* with the mask wherever *after* has a secret, in a list at the same place of any item: a server that
    does not know it for one shows it, and items move.
    """
    is_whole = isinstance(before, (list, Mapping))
    return _masked_beside(cast("Any", before), [after]) if is_whole and holds_secret(after) else cast("Any", before)


def _masked_beside(before: Any, beside: Sequence[Any]) -> Any:
    """Walked by hand, since it goes down several values at once."""
    if any(isinstance(after, Secret) for after in beside):
        return Masked()
    if isinstance(before, Mapping):
        maps = [cast("Mapping[str, Any]", after) for after in beside if isinstance(after, Mapping)]
        fields = cast("Mapping[str, Any]", before)
        return {
            key: _masked_beside(value, [fields_after[key] for fields_after in maps if key in fields_after])
            for key, value in fields.items()
        }
    if isinstance(before, list):
        lists = [cast("list[Any]", after) for after in beside if isinstance(after, (list, tuple))]
        secretive = [item for items in lists for item in items if holds_secret(item)]
        return [_masked_beside(value, secretive) for value in cast("list[Any]", before)]
    return before


_SOUNDS: Final = re.compile(
    r"passw|passphrase|passcode|secret|token|credential$|credentials?json|(api|access|private|ssh|signing|encryption|"
    r"account|auth|license)keys?(id)?$|^(pat|pwd|pass|key|authorization|cookie|dsn)$|connectionstring|hmac|jwt|"
    r"applicationcredentials|serviceaccountjson|signature$"
)
_SOMETHINGS_KEY: Final = re.compile(r"([A-Za-z0-9]+?)(?:[_\- ][Kk]eys?|Keys?)(?:[_\- ]?(?:id|Id|[0-9]+))?$")
_KEYS_OF_ROWS: Final = frozenset(
    (
        "primary",
        "foreign",
        "partition",
        "sort",
        "cluster",
        "clustering",
        "cursor",
        "merge",
        "unique",
        "object",
        "row",
    )
)


def sounds_secret(key: str) -> bool:
    """Whether a value under *key* is better not shown where nothing else is known: `openai_key`, `clientSecret`."""
    if _SOUNDS.search(re.sub(r"[^a-z0-9]", "", key.lower())):
        return True
    of = _SOMETHINGS_KEY.search(key)
    return of is not None and of[1].lower() not in _KEYS_OF_ROWS


def holds_secret(value: Any) -> bool:
    return any(isinstance(leaf, Secret) for leaf in leaves(value))


def unsecret(value: Any) -> Any:
    """*value* with the mask for each secret: what can be compared of it."""
    return mapped(value, lambda leaf: SECRET_MASK if isinstance(leaf, (Secret, Masked)) else leaf)


def faults(value: Any, *, may_lack: bool = False) -> Iterator[tuple[Path, str]]:
    """Where in *value* no secret can be had as declared, and why: a variable or a file that is not there (unless
    it *may lack*), or the mask, which is what is printed of a secret, within a text that would be stored with it.
    """
    for path, leaf in walk(value):
        if isinstance(leaf, Secret) and leaf.cheap:
            try:
                read = leaf.read()
            except DeclarationError as error:
                if not may_lack:
                    yield path, str(error)
            else:
                if any(_has_mask(text) for text in leaves(read)):
                    yield path, _MASK_READ
        elif _has_mask(leaf) and leaf != SECRET_MASK:
            yield path, _MASK_INSIDE


_MASK_INSIDE: Final = (
    f"holds {SECRET_MASK}, which is printed in place of a secret and would be stored; write "
    'Secret.format("...{}...", EnvVar("NAME")) instead'
)
_MASK_READ: Final = (
    f"its value, a secret, holds {SECRET_MASK}, which is printed in place of one; give the secret itself"
)


def _has_mask(value: Any) -> bool:
    return isinstance(value, str) and SECRET_MASK in value
