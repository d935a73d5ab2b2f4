"""`gatherum schema`: the fields of files, and their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from gatherum.cli.options import debug_option, input_format_option, setting_options


@click.command(short_help="Show the fields of files, and their types.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@input_format_option
@click.option("--format", "shape", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Read only the first N records.")
@setting_options("on_bad", "csv_empty", "progress")
@debug_option
def command(sources: tuple[str, ...], input_format: str | None, shape: str, limit: int | None,
            settings: Mapping[str, Any]) -> None:
    """Shows every field of the sources: how many values of which type there are, how many are null, and in how many
    records the field is missing. For each type that is not a field's usual one, it names the first record that has it.

    Names go into documents by dots and into arrays by [], as in items[].price, whose missing values are counted among
    the items. Everything is read, unless there is a --limit, and little is kept.
    """
    import orjson

    from gatherum.api.progress import Progress
    from gatherum.cli.reading import open_each, readable_records
    from gatherum.cli.reports import report_skipped
    from gatherum.cli.schema_table import as_dict, show_shapes
    from gatherum.cli.shapes import Shapes
    from gatherum.plan.protocols import Coverage
    from gatherum.runtime.settings import Settings

    chosen = Settings.resolve(**settings)
    coverage = Coverage()
    shapes = Shapes()
    opened = open_each(sources, input_format, chosen, coverage)
    with Progress(coverage, opened, chosen.progress):
        for source in opened:
            left = None if limit is None else limit - shapes.documents
            if left == 0:
                break
            for number, document in enumerate(readable_records(source, left, shapes.leave_out), 1):
                shapes.add(document, source.name, number)
    if shape == "json":
        click.echo(orjson.dumps(as_dict(shapes), option=orjson.OPT_INDENT_2).decode())
    else:
        show_shapes(shapes)
    report_skipped(coverage)
