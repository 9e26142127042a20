"""The destinations that tests sync into, by name."""

from __future__ import annotations

from testing.syncs.raw_landings import Landing, LocalCsv, LocalJson, Sqlite
from testing.syncs.typed_landings import DuckDB, Postgres

LANDINGS: dict[str, type[Landing]] = {
    "Local JSON": LocalJson,
    "Local CSV": LocalCsv,
    "SQLite": Sqlite,
    "DuckDB": DuckDB,
    "Postgres": Postgres,
}
SQL = [name for name, kind in LANDINGS.items() if "append_dedup" in kind.modes]
