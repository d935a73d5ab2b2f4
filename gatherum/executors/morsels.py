"""Morsels: how many rows of a source the operators above it take at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gatherum.kernels.columns.batch import Batch
from gatherum.physical.lower import Fragment
from gatherum.physical.operator import QueryContext
from gatherum.plan.analysis import expressions_of
from gatherum.plan.expressions import Get, Literal, MakeDocument, Variable

COMPUTED_ROWS: Final = 1 << 17
"""Where columns are computed: these stay near the processor."""
INTERPRETED_ROWS: Final = 1 << 14
"""As long as kernels are not compiled: a query can be ended between morsels."""
FEWEST_ROWS: Final = 1 << 10
PLENTY: Final = 1 << 26
"""So many bytes may be exceeded: to find the size of every batch takes longer than it is worth."""
MEMORY_SHARE: Final = 1 / 32
"""Of what a thread may hold: so much do the columns of one morsel take."""


class Morsels:
    """Cuts the batches of a fragment's source. `batch_bytes` is what one should take; None where there is plenty."""

    def __init__(self, fragment: Fragment, context: QueryContext) -> None:
        self._context = context
        self._rows = context.settings.morsel_rows
        if _computes(fragment):
            self._rows = min(self._rows, COMPUTED_ROWS)
        share = int(context.budget.limit / context.settings.threads * MEMORY_SHARE)
        self.batch_bytes = share if share < PLENTY else None

    def cut(self, batch: Batch) -> Iterator[Batch]:
        """The rows of a batch, without copying."""
        rows = self._rows if self._context.compiled() else min(self._rows, INTERPRETED_ROWS)
        if self.batch_bytes is not None:
            size = sum(column.array.nbytes for column in batch.columns.values())
            rows = min(rows, max(batch.rows * self.batch_bytes // max(size, 1), FEWEST_ROWS))
        if batch.rows <= rows:
            yield batch
            return
        for start in range(0, batch.rows, rows):
            yield batch.slice(start, rows)


def _computes(fragment: Fragment) -> bool:
    """Whether the operators make columns of those that they read, and do not only look at these."""
    if fragment.chain or fragment.last is None:
        return True
    return any(not isinstance(part, Get | Variable | Literal | MakeDocument)
               for expression in expressions_of(fragment.last.node) for part in expression.walk())
