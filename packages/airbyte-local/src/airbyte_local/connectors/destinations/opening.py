"""Getting ready to write typed tables: which they are, what is there already, and that no two streams share one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airbyte_local.connectors.destinations.naming import folded, quoted
from airbyte_local.connectors.destinations.shaping import Engine, fitted
from airbyte_local.connectors.destinations.tables import planned
from airbyte_local.connectors.destinations.typed_sink import TypedSink
from airbyte_local.connectors.protocol import ConnectorFailed, Surroundings, Target


def open_tables(
    engine: Engine, targets: Sequence[Target], places: Sequence[tuple[str, str]], around: Surroundings
) -> TypedSink:
    """A sink for *targets*, each in its schema and table of *places*. The engine is closed where this raises."""
    try:
        _require_distinct(targets, places, folds_case=engine.dialect.folds_case)
        with engine.guarded():
            tables = [
                fitted(replace(planned(target, schema, name, engine.dialect), database=engine.database), engine)
                for target, (schema, name) in zip(targets, places, strict=True)
            ]
        return TypedSink(engine, tables, around.cancellation)
    except BaseException:
        engine.close()
        raise


def _require_distinct(targets: Sequence[Target], places: Sequence[tuple[str, str]], *, folds_case: bool) -> None:
    owners: dict[str, Target] = {}
    for target, place in zip(targets, places, strict=True):
        table = quoted(*place)
        if (owner := owners.setdefault(folded(table) if folds_case else table, target)) is not target:
            raise ConnectorFailed(
                f"Two streams would write to one table, {table}: {owner.name!r} and {target.name!r}"
            )
