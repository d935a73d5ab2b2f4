"""`gatherum explain`: how a pipeline would run, and how it ran."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from gatherum.cli.options import debug_option, pipeline_options, setting_options


@click.command(short_help="Show how a pipeline runs.")
@pipeline_options
@click.option("--execute", is_flag=True, help="Run the pipeline, and show what every operator did.")
@click.option("--format", "shape", type=click.Choice(["tree", "json"]), default="tree", show_default=True)
@setting_options("memory_limit", "threads", "engine", "on_bad")
@debug_option
def command(words: tuple[str, ...], execute: bool, shape: str, **inputs: Any) -> None:
    """Shows the plan of a pipeline before and after the optimizer, the rules that changed it, and the engine that is
    chosen; with --execute also what every operator did. A figure that is not known is shown as '?'.
    """
    from gatherum.api.explain import explain_query
    from gatherum.api.progress import Progress
    from gatherum.cli.inputs import prepare_query
    from gatherum.cli.reports import report_skipped

    query = prepare_query(words, **inputs)
    with Progress(query.coverage, query.sources.values(), query.settings.progress):
        explained = explain_query(query, execute)
    if shape == "json":
        import orjson

        click.echo(orjson.dumps(explained, option=orjson.OPT_INDENT_2, default=str).decode())
    else:
        click.echo("\n".join(_text(explained)))
    report_skipped(query.coverage)


def _text(explained: Mapping[str, Any]) -> list[str]:
    from gatherum.cli.figures import count, duration, plural, size
    from gatherum.cli.operators import estimate_lines, operator_lines, plan_lines
    from gatherum.cli.terminal import heading

    lines = [f"{heading('engine')} {explained['engine'] or 'not chosen'}: {explained['why']}"]
    for name, source in explained["sources"].items():
        lines.append(f"{heading('source')} {name}: {count(source['rows'])} rows, {size(source['bytes'])}; can use "
                     f"{', '.join(source['accepts']) or 'nothing'} of what the plan asks")
    lines += ["", heading("plan as written"), *plan_lines(explained["plan"], sys.stdout)]
    for fired in explained["rules"]:
        lines += ["", heading(f"rule {fired['rule']}: before"), *plan_lines(fired["before"], sys.stdout),
                  heading(f"rule {fired['rule']}: after"), *plan_lines(fired["after"], sys.stdout)]
    lines += ["", heading("plan after the optimizer"), *plan_lines(explained["optimizedPlan"], sys.stdout)]
    stats = explained.get("executionStats")
    if stats is None:
        return [*lines, "", heading("operators"), *estimate_lines(explained["operators"], sys.stdout)]
    lines += ["", f"{heading('execution')} {plural(stats['rows'], 'row')} in {duration(stats['seconds'])}, planned in "
                  f"{duration(stats['planningSeconds'])}"]
    return lines + operator_lines(stats["operators"], explained["engine"], sys.stdout)
