"""Facet: several pipelines over the same rows."""

from __future__ import annotations

from collections.abc import Iterator

from gatherum.plan.nodes import Facet
from gatherum.rows.interpreter import Run, interpret, interprets
from gatherum.types.values import Document


@interprets(Facet)
def facet(node: Facet, run: Run) -> Iterator[list[Document]]:
    """One document, with the rows of every branch; the input is read once."""
    rows = list(run.batches(node.input))
    run.holds(node, rows)
    branch_run = Run(run.open, run.variables, rows, run.watch)
    yield [{name: [row for batch in interpret(branch, branch_run) for row in batch]
            for name, branch in zip(node.names, node.branches, strict=True)}]
