"""What is told on standard error when a query has ended: what was skipped, and what it did."""

from __future__ import annotations

import sys
from typing import Final

import click

from gatherum.api.query import Query
from gatherum.cli.failures import PARTIAL
from gatherum.cli.figures import plural
from gatherum.cli.terminal import say, warn
from gatherum.plan.protocols import Coverage

SKIPPED_SHOWN: Final = 5


def report_skipped(coverage: Coverage) -> None:
    """Ends the command with the exit code of a partial result, having said what was skipped, if anything was."""
    count = coverage.skipped_count
    if not count:
        return
    warn(f"the result is partial: {plural(count, 'record')} could not be read")
    for record in coverage.skipped[:SKIPPED_SHOWN]:
        say(f"  {record.file}, {record.place} (byte {record.offset}): {record.reason}")
    if count > SKIPPED_SHOWN:
        say(f"  and {count - SKIPPED_SHOWN:,} more")
    click.get_current_context().exit(PARTIAL)


def report_stats(query: Query, rows: int) -> None:
    """Tells the figures of a query that has ended, and of each of its operators."""
    from gatherum.api.explain import described
    from gatherum.cli.figures import duration, size
    from gatherum.cli.operators import operator_lines

    read = query.coverage
    say(f"{plural(rows, 'row')} in {duration(query.seconds)}, planned in {duration(query.planning)}; read "
        f"{plural(read.rows, 'row')}, {size(read.bytes)}; the process held {size(peak_memory())}")
    say(f"engine: {query.engine} ({query.why})")
    say("\n".join(operator_lines(described(query), query.engine, sys.stderr)))


def peak_memory(children: bool = False) -> int:
    """The most bytes of memory that this process ever held, or that one of its ended `children` did."""
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF)
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
