"""Makes the table of facts about connectors that the library ships: ids, names, images and paths of secrets.

    python -m testing.connector_facts

Facts only: nothing of a connector's schema but where its secrets are, and which of them nothing can stand in for.
`tests/contract/test_connector_facts.py` holds the table against the corpus.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft7Validator

from testing.corpus import CORPUS

AIRBYTE = "packages/dagster-managed-elements/src/dagster_managed_elements/airbyte/specs"
TABLE = Path(__file__).resolve().parents[1] / AIRBYTE / "connector_facts.jsonl"


STAND_INS = ("**********", "secret_placeholder")
"""What Airbyte shows and validates in place of a secret."""


def secrets(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where secrets are, and of what sort one is: strict, where what Airbyte puts in its place is invalid there, or
    only masked, where the flag is there and says false: Airbyte masks it, and does not know the mask again.
    """
    if not isinstance(schema, dict):
        return
    if "airbyte_secret" in schema:
        is_free = all(Draft7Validator(schema).is_valid(text) for text in STAND_INS)
        is_secret = schema["airbyte_secret"] in (True, "true")
        yield path, ("secrets" if is_free else "strict") if is_secret else "masked"
    for name, inner in (schema.get("properties") or {}).items():
        yield from secrets(inner, (*path, name))
    yield from secrets(schema.get("items"), (*path, "*"))
    for word in ("oneOf", "anyOf", "allOf"):
        for branch in schema.get(word) or ():
            yield from secrets(branch, path)


def table() -> str:
    lines: list[str] = []
    for line in CORPUS.read_text().splitlines():
        row = json.loads(line)
        facts = {"kind": row["kind"], "id": row["id"], "name": row["name"], "image": row["repository"]}
        found = sorted(set(secrets(row["spec"])))
        for sort, held in (("secrets", {"secrets", "strict"}), ("strict", {"strict"}), ("masked", {"masked"})):
            if paths := list(dict.fromkeys(path for path, one in found if one in held)):
                facts[sort] = paths
        lines.append(json.dumps(facts, separators=(",", ":"), ensure_ascii=False))
    return "\n".join(sorted(lines)) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
