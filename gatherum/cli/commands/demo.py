"""`gatherum demo`: what gatherum does, shown on generated data or on the user's own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from gatherum.cli.options import debug_option, setting_options

SAMPLE_ROWS: Final = 5000
LARGE: Final = 200_000
"""From so many rows on, kernels gain more than it takes to wait for them."""


@click.command(short_help="Show what gatherum does, on generated data or on your own.")
@click.option("--rows", type=click.IntRange(min=1), default=1_000_000, show_default=True, help="Orders to generate.")
@click.option("--ticks", type=click.IntRange(min=1), default=5_000_000, show_default=True, help="Ticks to generate.")
@click.option("--directory", type=click.Path(file_okay=False, path_type=Path), default="demo-data", show_default=True,
              help="Where the generated files lie. They are kept, and used again.")
@click.option("--data", metavar="GLOB", help="Describe and aggregate these files, and generate nothing.")
@setting_options()
@debug_option
def command(rows: int, ticks: int, directory: Path, data: str | None, settings: Mapping[str, Any]) -> None:
    """Generates the orders and customers of a shop and the ticks of an exchange, runs pipelines over them, and shows
    of each what it asks, its first rows, and what every operator did. With --data it shows the same for files of
    yours: their fields, their number of rows, frequent values, and the range of their numbers.
    """
    from gatherum.cli.figures import duration, size
    from gatherum.cli.reports import peak_memory
    from gatherum.runtime.settings import Settings

    start = time.perf_counter()
    chosen = Settings.resolve(**settings)
    if data is None:
        _demonstrate(rows, ticks, directory, chosen)
    else:
        _survey(data, chosen)
    others = f", and one that it started {size(peak_memory(children=True))}" if peak_memory(children=True) else ""
    click.echo(f"\nAll this took {duration(time.perf_counter() - start)}. "
               f"The process held at most {size(peak_memory())} of memory{others}.")


def _demonstrate(rows: int, ticks: int, directory: Path, settings: Any) -> None:
    from gatherum.api.inputs import opener
    from gatherum.cli.demo.pipelines import PIPELINES
    from gatherum.cli.demo_files import demo_files
    from gatherum.cli.showing import show_query
    from gatherum.cli.terminal import say
    from gatherum.kernels import compiler as kernels

    large = max(rows, ticks) >= LARGE
    if large:
        kernels.use_cache(settings.kernel_cache)
        kernels.available(settings.kernels)                 # their compilation begins beside the generation
    files = demo_files(directory, rows, ticks, settings.progress)
    if large and settings.kernels == "auto" and not kernels.available():
        say("waiting for the kernels, which are compiled once")
        kernels.available("on")
    openers = {path.stem: opener(path, path.stem) for path in files if path.suffix == ".parquet"}
    for each in PIPELINES:
        show_query(each.name, each.purpose, openers, each.source, each.pipeline, settings)
    click.echo("\nThe data lies in\n" + "\n".join(f"  {path}" for path in files))


def _survey(data: str, settings: Any) -> None:
    from gatherum.api.inputs import opener
    from gatherum.cli.inputs import collection_name
    from gatherum.cli.reading import open_each, readable_records
    from gatherum.cli.schema_table import show_shapes
    from gatherum.cli.shapes import Shapes
    from gatherum.cli.showing import show_query
    from gatherum.cli.survey import questions
    from gatherum.plan.protocols import Coverage

    sample, shapes = [], Shapes()
    for source in open_each([data], None, settings, Coverage()):
        left = SAMPLE_ROWS - len(sample)
        for number, document in enumerate(readable_records(source, left, shapes.leave_out), 1):
            shapes.add(document, source.name, number)
            sample.append(document)
    click.echo(f"The fields of the first {len(sample):,} records")
    show_shapes(shapes)
    name = collection_name(data)
    for question in questions(sample):
        show_query(question.title, question.purpose, {name: opener(data, name)}, name, question.pipeline, settings)
