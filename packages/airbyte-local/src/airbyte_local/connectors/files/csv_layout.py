"""Which cell of a row belongs to which column, and rows made as wide as all are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airbyte_local.connectors.files.csv_options import Columns, CsvOptions
from airbyte_local.connectors.protocol import ConnectorFailed

Cells = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    width: int
    places: dict[str, int]  # by the name of a column, in order


def laid_out(header: Cells | None, first: Cells | None, options: CsvOptions) -> Layout:
    """*first* is the first row of data, if there is one.

    Raises:
        ConnectorFailed: no column has a name, or one that an option names is none.
    """
    if options.names is not None:
        names = list(options.names)
    elif header is not None:
        names = _distinct(header)
    elif first is not None:
        names = [str(place) for place in range(len(first))]
    else:
        raise ConnectorFailed("The file is empty: no columns to parse")
    count = len(names) if first is None else len(first)
    nameless = max(count - len(names), 0) if options.numbered else 0
    places = {name: nameless + place for place, name in enumerate(names)}
    if options.used is not None:
        used = _named("usecols", options.used, names)
        places = {name: place for name, place in places.items() if name in used}
    if options.index is not None:
        index = _named("index_col", options.index, names)
        places = {name: place for name, place in places.items() if name not in index}
    return Layout(width=max(count, len(names)), places=places)


def _named(option: str, columns: Columns, names: list[str]) -> set[str]:
    found: set[str] = set()
    for each in columns:
        known = each in names if isinstance(each, str) else -len(names) <= each < len(names)
        if not known:
            raise ConnectorFailed(f"reader_options do not fit: {option} {each!r} is no column; there are {names}")
        found.add(each if isinstance(each, str) else names[each])
    return found


def _distinct(header: Cells) -> list[str]:
    """As pandas does it: a, a.1, a.2 (passing over what another column is called), and a name for nameless ones."""
    titles = [name or f"Unnamed: {place}" for place, name in enumerate(header)]
    seen: dict[str, int] = {}
    found: list[str] = []
    for title in titles:
        name, count = title, seen.get(title, 0)
        while count:
            seen[title] = count + 1
            name = f"{title}.{count}"
            count = count + 1 if name in titles else seen.get(name, 0)
        seen[name] = seen.get(name, 0) + 1
        found.append(name)
    return found


def fitted(rows: Iterator[Cells], layout: Layout, options: CsvOptions) -> Iterator[Cells]:
    """Rows as wide as the layout.

    Raises:
        ConnectorFailed: one is wider.
    """
    width = layout.width
    for number, row in enumerate(rows):
        if len(row) == width:
            yield row
        elif not row and not options.blank_lines:
            continue
        elif len(row) <= width:
            yield row + [""] * (width - len(row))
        elif options.used is not None:
            yield row[:width]
        elif not options.lenient:
            raise ConnectorFailed(f"Row {number + 1} has {len(row)} values where {width} were expected")
