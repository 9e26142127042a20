"""What servers answered, kept to be answered again: a picture of a place that can be compared with offline.

Whoever talks to a server hears here first, and tells what he heard. Nothing secret gets in: an integration takes
that out of what it tells.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final, cast

from dagster_managed_elements.engine import errors
from dagster_managed_elements.engine.errors import ApiError, DeclarationError

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


def _text(body: Any) -> str:
    return "" if body is None else json.dumps(body, sort_keys=True)
