"""The shapes of documents as a table for people, and as a document for programs."""

from __future__ import annotations

import sys
from typing import Any

import click

from gatherum.cli.figures import plural
from gatherum.cli.shapes import Shape, Shapes
from gatherum.cli.tables import write_table
from gatherum.cli.terminal import heading, printable


def as_dict(shapes: Shapes) -> dict[str, Any]:
    """Everything known, as plain values."""
    fields = [{"field": shape.path, "types": _types(shape), "null": shape.types.get("null", 0), "missing": missing,
               "exceptions": [{"type": name, **shape.first[name]._asdict()} for name in shape.minorities]}
              for shape, missing in shapes.described()]
    return {"records": shapes.documents, "fields": fields, "notes": shapes.notes()}


def _types(shape: Shape) -> dict[str, int]:
    return {name: count for name, count in shape.types.items() if name != "null"}


def show_shapes(shapes: Shapes) -> None:
    """Writes a line for each path, then the first value of each type that is not a path's usual one."""
    rows, exceptions = [], []
    for shape, missing in shapes.described():
        types = ", ".join(f"{name} {count:,}" for name, count in _types(shape).items())
        rows.append({"field": shape.path, "types": types, "null": shape.types.get("null", 0),
                     **({} if missing is None else {"missing": missing})})
        for name in shape.minorities:
            file, record, value = shape.first[name]
            exceptions.append(printable(f"  {shape.path}: {name} in {file}, record {record:,}: {value}"))
    write_table(rows, sys.stdout)
    lines = [plural(shapes.documents, "record")]
    if exceptions:
        lines += ["", heading("the first of each type that is not the usual one"), *exceptions]
    notes = [printable(note) for note in shapes.notes()]
    click.echo("\n".join([*lines, "", *notes] if notes else lines))
