"""Documents as a table for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from io import StringIO
from typing import Any

import orjson

from gatherum.types.extended_json import encode
from gatherum.types.values import MISSING, Document, Value, is_number

WIDEST_CELL = 60


def cell(value: Value) -> str:
    """A value in one line: numbers and strings plainly, dates in ISO 8601, everything else as Extended JSON."""
    if value is MISSING:
        return ""
    if isinstance(value, str):
        text = value
    elif isinstance(value, dt.datetime):
        text = value.isoformat(sep=" ", timespec="milliseconds" if value.microsecond else "seconds")
    elif is_number(value) or type(value).__name__ == "ObjectId":
        text = str(value)
    else:
        text = orjson.dumps(encode(value, "relaxed")).decode()
    text = text.replace("\n", "\\n")
    return text if len(text) <= WIDEST_CELL else text[:WIDEST_CELL - 1] + "…"


def table_of(rows: Sequence[Document]) -> Any:
    """A rich table of documents: a column for each field, in the order of first appearance."""
    from rich.table import Table
    from rich.text import Text

    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in names:
        numeric = all(is_number(row[name]) for row in rows if row.get(name) is not None)
        table.add_column(Text(name), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*[Text(cell(row.get(name, MISSING))) for name in names])
    return table


def render_table(rows: Sequence[Document], *, more: bool = False, width: int = 160) -> str:
    """The table as plain text; `more` says that there are further rows."""
    if not rows:
        return "(no rows)"
    from rich.console import Console

    out = StringIO()
    Console(file=out, width=width, color_system=None).print(table_of(rows))
    text = "\n".join(line.rstrip() for line in out.getvalue().splitlines())
    return text + ("\n… and more rows" if more else "")
