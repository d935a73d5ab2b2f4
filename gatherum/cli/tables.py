"""Documents as a table for people, as wide as the terminal, or as wide as it needs to be elsewhere."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from typing import IO, Final

from gatherum.cli.terminal import coloured, printable
from gatherum.types.values import MISSING, Document, Value

UNLIMITED: Final = 100_000
LEAST_CELL: Final = 12
"""A column may be cut down to this width before columns are left out."""
_GAP: Final = 3


def terminal_width(stream: IO[str]) -> int:
    """The width of the terminal that a stream goes to; without bound where it goes elsewhere."""
    return shutil.get_terminal_size().columns if stream.isatty() else UNLIMITED


def write_table(rows: Sequence[Document], stream: IO[str]) -> None:
    """Writes a table; says which columns were left out, if the terminal is too narrow for all."""
    if not rows:
        return
    from rich.console import Console

    from gatherum.api.table import table_of

    width = terminal_width(stream)
    rows = [{printable(name): _printable(value) for name, value in row.items()} for row in rows]
    shown, left_out = _fitting(rows, width)
    table = table_of([{name: row[name] for name in shown if name in row} for row in rows] if left_out else rows)
    for column in table.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    text = io.StringIO()
    Console(file=text, width=width, force_terminal=coloured(stream), highlight=False).print(table)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    if left_out:
        lines.append(f"… and {len(left_out)} more columns: {', '.join(left_out)}")
    stream.write("\n".join([*lines, ""]))


def _printable(value: Value) -> Value:
    """A string on one line; other values are shown as JSON, which has escapes of its own."""
    return printable(value.replace("\n", "\\n")) if isinstance(value, str) else value


def _fitting(rows: Sequence[Document], width: int) -> tuple[list[str], list[str]]:
    """The columns that fit the width, at least one, and the others."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if width >= UNLIMITED:
        return names, []
    from gatherum.api.table import cell

    used = 0
    for place, name in enumerate(names):
        widest = max(len(name), *(len(cell(row.get(name, MISSING))) for row in rows))
        used += min(widest, LEAST_CELL) + (_GAP if place else 0)
        if used > width and place:
            return names[:place], names[place:]
    return names, []
