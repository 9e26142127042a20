"""What servers answered, kept to be answered again: a place that can be compared with offline.

Whoever talks to a server asks here first, and tells what was answered. Nothing secret gets in: an integration takes
that out of what it tells.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from dagster_managed_elements.engine import errors
from dagster_managed_elements.engine.errors import ApiError, DeclarationError
from dagster_managed_elements.engine.secrets import masked_beside
from dagster_managed_elements.engine.values import SECRET_MASK, Masked, mapped

VERSION: Final = 1


@dataclass(slots=True)
class Recording:
    """By request, each answer, or the error that it was. Where one *is replayed* nobody is asked."""

    answers: dict[tuple[str, str, str], Any] = field(default_factory=dict[tuple[str, str, str], Any])
    is_replayed: bool = False

    def keep(self, base: str, request: str, body: Any, answer: Any) -> None:
        self.answers[base, request, _text(body)] = {"answer": answer}

    def keep_error(self, base: str, request: str, body: Any, error: ApiError) -> None:
        self.answers[base, request, _text(body)] = {"error": type(error).__name__, "status": error.status}

    def replay(self, base: str, request: str, body: Any) -> Any:
        """What was answered. The ApiError that it was; DeclarationError for what was not asked then."""
        bases = {known for known, _, _ in self.answers}
        own = base if base in bases or len(bases) != 1 else next(iter(bases))
        found = self.answers.get((own, request, _text(body)))
        if found is None:
            raise DeclarationError(
                f"The snapshot does not have what this comparison takes: {request} was not asked then; take "
                "another."
            )
        if "error" in found:
            kind = getattr(errors, str(found["error"]), ApiError)
            raise kind(f"{request}: as it was when the snapshot was taken", status=found["status"])
        return found["answer"]

    def mask(self, declared: Mapping[str, Sequence[Any]]) -> None:
        """Take out what is a secret by what is *declared*, values of fields by the name of what they are of: a
        server that does not know it for one tells it.
        """
        for known in self.answers.values():
            if "answer" in known:
                known["answer"] = mapped(_masked(known["answer"], declared), _written)

    def document(self) -> str:
        """As JSON, the same for the same answers."""
        rows = [
            {"at": base, "request": request, **({"body": json.loads(body)} if body else {}), **found}
            for (base, request, body), found in sorted(self.answers.items(), key=lambda item: item[0])
        ]
        return json.dumps({"snapshot": VERSION, "answers": rows}, indent=1, ensure_ascii=False) + "\n"


def read_recording(text: str) -> Recording:
    """What `Recording.document` wrote, to be replayed. DeclarationError for anything else."""
    try:
        document = json.loads(text)
        version = document["snapshot"]
        rows = cast("list[dict[str, Any]]", document["answers"])
        answers = {
            (row["at"], row["request"], _text(row.get("body"))): row
            if "answer" in row
            else {**row, "status": row["status"]}
            for row in rows
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DeclarationError("It is no snapshot of `dagster-me snapshot`.") from None
    if version != VERSION:
        raise DeclarationError(
            f"It is a snapshot of version {version}, and only {VERSION} can be read; take another."
        )
    return Recording(answers=answers, is_replayed=True)


def _masked(value: Any, declared: Mapping[str, Sequence[Any]]) -> Any:
    """In each row of a name that is declared, whatever is of the shape of a field that is.

    Walked by hand, since it is a row's name, not the path to a leaf, that tells what is secret in all of it.
    """
    if isinstance(value, list):
        return [_masked(row, declared) for row in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    row = cast("Mapping[str, Any]", value)
    beside = declared.get(name, ()) if isinstance(name := row.get("name"), str) else ()
    told = {key: _masked(inner, declared) for key, inner in row.items()}
    for fields in beside:
        told = masked_beside({key: masked_beside(inner, fields) for key, inner in told.items()}, fields)
    return told


def _written(leaf: Any) -> Any:
    return SECRET_MASK if isinstance(leaf, Masked) else leaf


def _text(body: Any) -> str:
    return "" if body is None else json.dumps(body, sort_keys=True)
