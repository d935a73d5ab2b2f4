"""`gatherum run`: a pipeline over files."""

from __future__ import annotations

from typing import Any

import click

from gatherum.cli.options import debug_option, output_options, pipeline_options, setting_options


@click.command(short_help="Run a pipeline over files.")
@pipeline_options
@output_options
@click.option("--max-time-ms", metavar="MS", type=click.FloatRange(min=0),
              help="End the query after so many milliseconds, with exit code 124.")
@setting_options()
@click.option("--stats", is_flag=True, help="Tell on standard error what the query did.")
@debug_option
def command(words: tuple[str, ...], output_format: str | None, output: str | None, canonical: bool, lossy: bool,
            stats: bool, **inputs: Any) -> None:
    """Runs an aggregation pipeline over files and writes its rows.

    PIPELINE is an array of stages, or a single stage, as JSON or as mongosh takes it; '-' reads it from standard
    input, and -f FILE from a file. SOURCE is a file, a directory, a glob, or '-' for standard input; several are read
    one after the other. json and csv are written as people read them; to keep every type, write --canonical json, bson,
    parquet or arrow.

    \b
    gatherum run '[{$match: {status: "A"}}, {$sortByCount: "$item"}]' orders.ndjson
    gatherum run -f pipeline.js data/*.parquet -o result.csv
    zcat log.gz | gatherum run '{$sample: {size: 3}}' -
    """
    from gatherum.api.progress import Progress
    from gatherum.api.result import Result
    from gatherum.cli.inputs import prepare_query
    from gatherum.cli.output import Output
    from gatherum.cli.reports import report_skipped

    target = Output(output_format, output, canonical, lossy)
    query = prepare_query(words, **inputs)
    with Progress(query.coverage, query.sources.values(), query.settings.progress) as progress, \
            Result(query) as result:
        rows = target.write(result, progress)
    if stats:
        from gatherum.cli.reports import report_stats

        report_stats(query, rows)
    report_skipped(query.coverage)
