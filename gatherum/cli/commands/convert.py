"""`gatherum convert`: files from one format into another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from gatherum.cli.options import debug_option, input_format_option, setting_options


@click.command(short_help="Convert files into another format.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("-o", "--output", metavar="TARGET", required=True,
              help="The file to write, compressed where its name ends in .gz, .bz2 or .zst; '-' is standard output.")
@click.option("--format", "output_format", metavar="FORMAT", help="The format to write: json, jsonl, csv, tsv, "
              "parquet, arrow or bson. Default: by the suffix of the target.")
@input_format_option
@click.option("--canonical", is_flag=True, help="Write json and jsonl as canonical Extended JSON, which wraps "
              "every number.")
@click.option("--lossy", is_flag=True, help="Write what the format cannot hold as it can, rather than refuse.")
@setting_options()
@debug_option
def command(sources: tuple[str, ...], output: str, output_format: str | None, input_format: str | None,
            canonical: bool, lossy: bool, settings: Mapping[str, Any]) -> None:
    """Writes all records of the sources, one after the other, into one file. What would not be read back from it as
    it is, with its type, is refused, and nothing is written, unless --lossy allows it; only longs that fit 32 bits
    become ints in csv and tsv.

    json and jsonl are Extended JSON, relaxed where that keeps a value's type: a long that fits 32 bits is written as
    {"$numberLong": "5"}, and with --lossy as 5. A cell of csv and tsv holds null, an integer (an int or a long by its
    size), a double, a boolean, a date, or a string that does not look like one of these. An empty cell is null, or
    what --csv-empty names, in what is read and in what is written.

    Symbols and undefined values, which BSON has given up, are read as strings and nulls.
    """
    from gatherum.api.progress import Progress
    from gatherum.api.query import prepare
    from gatherum.api.result import Result
    from gatherum.cli.figures import plural
    from gatherum.cli.inputs import Given, openers
    from gatherum.cli.output import Output
    from gatherum.cli.reports import report_skipped
    from gatherum.cli.terminal import say
    from gatherum.runtime.settings import Settings

    chosen = Settings.resolve(**settings)
    given = Given([], sources)
    target = Output(output_format, output, canonical, lossy, exact=not lossy, csv_empty=chosen.csv_empty)
    query = prepare(openers(given, (), input_format), given.main, [], chosen)
    with Progress(query.coverage, query.sources.values(), chosen.progress) as progress, Result(query) as result:
        rows = target.write(result, progress)
    say(f"{plural(rows, 'row')} written to {'standard output' if target.path is None else target.path}")
    report_skipped(query.coverage)
