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
from gatherum.types.values import Document

ROWS_SHOWN: Final = 10


def show_query(title: str, purpose: str, openers: Mapping[str, Open], source: str, pipeline: Sequence[Document],
               settings: Settings) -> None:
    """Runs a pipeline over one of the sources and shows all there is to see."""
    click.echo(f"\n{heading(title)}: {purpose}\n{source}.aggregate([")
    click.echo("".join(f"  {value_text(stage)},\n" for stage in pipeline) + "])\n")
    query = prepare(openers, source, pipeline, settings)
    with Progress(query.coverage, query.sources.values(), settings.progress), Result(query) as result:
        reading = iter(result)
        first = list(itertools.islice(reading, ROWS_SHOWN))
        rows = len(first) + sum(1 for _ in reading)
    write_table(first, sys.stdout)
    shown = f", of which {len(first)} are shown" if rows > len(first) else ""
    click.echo(f"{plural(rows, 'row')}{shown}, in {duration(query.seconds)}; engine {query.engine}: {query.why}\n")
    click.echo("\n".join(operator_lines(described(query), query.engine, sys.stdout)))
