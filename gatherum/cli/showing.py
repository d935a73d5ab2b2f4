"""Shows a query whole: what it asks, the pipeline, its first rows, and what every operator did."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import click

from gatherum.api.explain import described
from gatherum.api.inputs import Open
from gatherum.api.progress import Progress
from gatherum.api.query import prepare
from gatherum.api.result import Result
from gatherum.cli.figures import duration, plural
from gatherum.cli.operators import operator_lines
from gatherum.cli.tables import write_table
from gatherum.cli.terminal import heading
from gatherum.plan.render import value_text
from gatherum.runtime.settings import Settings
from gatherum.types.values import Document, Value

ROWS_SHOWN: Final = 10
WIDTH: Final = 98


def show_query(title: str, purpose: str, openers: Mapping[str, Open], source: str, pipeline: Sequence[Document],
               settings: Settings) -> None:
    """Runs a pipeline over one of the sources and shows all there is to see."""
    click.echo(f"\n{heading(title)}: {purpose}\n{source}.aggregate([")
    click.echo("".join(f"{line}\n" for stage in pipeline for line in wrapped(stage, "  ", ",")) + "])\n")
    query = prepare(openers, source, pipeline, settings)
    with Progress(query.coverage, query.sources.values(), settings.progress), Result(query) as result:
        reading = iter(result)
        first = list(itertools.islice(reading, ROWS_SHOWN))
        rows = len(first) + sum(1 for _ in reading)
    _show_rows(first)
    shown = f", of which {len(first)} are shown" if rows > len(first) else ""
    click.echo(f"{plural(rows, 'row')}{shown}, in {duration(query.seconds)}; engine {query.engine}: {query.why}\n")
    click.echo("\n".join(operator_lines(described(query), query.engine, sys.stdout)))


def _show_rows(rows: Sequence[Document]) -> None:
    """A table of the rows; of the one row that $facet gives, a table for each of its arrays."""
    arrays = rows[0] if len(rows) == 1 else {}
    if not arrays or not all(_are_documents(value) for value in arrays.values()):
        write_table(rows, sys.stdout)
        return
    for name, documents in arrays.items():
        click.echo(f"{name}:")
        write_table(documents[:ROWS_SHOWN], sys.stdout)
        click.echo()


def _are_documents(value: Value) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def wrapped(value: Value, start: str = "", end: str = "") -> list[str]:
    """A value as JSON between two texts: in one line if that is not too long, else with each part on lines of its own.

    >>> wrapped({"$limit": 3}, "  ", ",")
    ['  {"$limit":3},']
    """
    line = f"{start}{value_text(value)}{end}"
    if len(line) <= WIDTH or not value or not isinstance(value, dict | list):
        return [line]
    if isinstance(value, list):
        opening, closing, parts = "[", "]", [("", item) for item in value]
    else:
        opening, closing, parts = "{", "}", [(f"{value_text(name)}:", item) for name, item in value.items()]
    if len(parts) == 1:
        return wrapped(parts[0][1], f"{start}{opening}{parts[0][0]}", f"{closing}{end}")
    margin = " " * (len(start) - len(start.lstrip()))
    lines = [line for name, item in parts for line in wrapped(item, f"{margin}  {name}", ",")]
    lines[-1] = lines[-1].removesuffix(",")
    return [start + opening, *lines, f"{margin}{closing}{end}"]
