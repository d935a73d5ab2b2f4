"""`gatherum functions`: what a pipeline may name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gatherum.cli.options import debug_option

if TYPE_CHECKING:
    from gatherum.cli.reference import Entry


@click.command(short_help="List the stages, aggregates, operators and predicates.")
@click.argument("name", required=False)
@debug_option
def command(name: str | None) -> None:
    """Lists the stages, aggregates, operators and predicates that pipelines may use, or shows the documentation of
    the one called NAME ('$' may be left out).
    """
    from gatherum.cli.reference import entries, find
    from gatherum.errors import UnsupportedError
    from gatherum.frontends.mongo.unknown import hint

    known = entries()
    if name is None:
        click.echo("\n".join(_listed(known)))
        return
    found = find(name, known)
    if not found:
        wanted = name if name.startswith("$") else f"${name}"
        raise UnsupportedError(f"there is no {wanted}{hint(wanted, [entry.name for entry in known])}")
    click.echo("\n\n".join("\n".join(_documented(entry)) for entry in found))


def _listed(known: list[Entry]) -> list[str]:
    from gatherum.cli.reference import KINDS
    from gatherum.cli.tables import terminal_width
    from gatherum.cli.terminal import heading

    longest = max(len(entry.name) for entry in known)
    width = terminal_width(sys.stdout)
    lines = []
    for kind in KINDS:
        lines += ["", heading(f"{kind}s")] if lines else [heading(f"{kind}s")]
        for entry in known:
            if entry.kind == kind:
                line = f"  {entry.name:{longest}}  {entry.summary}"
                lines.append(line if len(line) <= width else f"{line[:width - 1]}…")
    return lines


def _documented(entry: Entry) -> list[str]:
    from gatherum.cli.terminal import heading

    lines = [f"{heading(entry.name)}, {entry.kind}", "", *[f"  {usage}" for usage in entry.usage], "",
             entry.documentation]
    if entry.examples:
        lines += ["", "Examples:", *[f"  {example}" for example in entry.examples]]
    return lines
