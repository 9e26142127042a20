"""What runs and assets of Dagster's say about themselves."""

from collections.abc import Callable, Mapping
from typing import Any

from dagster import ExecuteInProcessResult


def told(result: ExecuteInProcessResult, shown: Callable[[Mapping[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """How a run ended; *shown* picks from the metadata of what it has made."""
    made = [event.materialization for event in result.get_asset_materialization_events()]
    failed = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    return {
        "success": result.success,
        "materialized": {each.asset_key.to_user_string(): shown(each.metadata) for each in made},
        "failures": [each.error.message.strip() for each in failed if each.error is not None],
    }


def plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they are, of a specification or of what was made; a schema as its columns with their types."""
    values = {name: getattr(value, "value", value) for name, value in metadata.items()}
    schemas = {name: getattr(value, "schema", value) for name, value in values.items()}
    return {
        name: {column.name: column.type for column in value.columns} if hasattr(value, "columns") else value
        for name, value in schemas.items()
    }
