"""Documents: a source of constant documents."""

from __future__ import annotations

from collections.abc import Iterator

from gatherum.kernels.columns.batch import Batch, batch_of, first_ordinal
from gatherum.physical.operator import QueryContext
from gatherum.plan.nodes import Documents
from gatherum.rows.interpreter import Run, interpret


def document_batches(node: Documents, context: QueryContext) -> Iterator[Batch]:
    """The documents in batches, numbered as the morsels of one partition."""
    run = Run(lambda scan: [], context.variables)
    documents = [row for rows in interpret(node, run) for row in rows]
    rows = context.made_rows
    for number, start in enumerate(range(0, len(documents), rows)):
        yield batch_of(documents[start:start + rows], first_ordinal(0, number))
