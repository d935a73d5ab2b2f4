"""Operators that treat every row by itself: filter, and those whose shape only the meaning knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gatherum.kernels.buffers import array_of
from gatherum.kernels.columns.batch import Batch, batch_of
from gatherum.kernels.evaluate import SHOWN
from gatherum.physical.operator import Operator, QueryContext
from gatherum.plan.nodes import Filter, Node, Shared
from gatherum.plan.render import node_line
from gatherum.rows.interpreter import Run, interpret


class FilterOperator(Operator):
    """Keeps the rows for which the predicate is true."""

    def __init__(self, node: Filter, context: QueryContext) -> None:
        super().__init__(node, context)
        self.predicate = self.evaluation.compile(node.predicate)

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        yield batch.filter(array_of(self.predicate.mask(batch)))


class MeaningOperator(Operator):
    """Carries a node out by its interpretation over documents, one batch at a time."""

    def __init__(self, node: Any, context: QueryContext, why: str) -> None:
        super().__init__(node, context)
        self.metrics.engine, self.metrics.why = "rows", why
        self.alone: Node = node.rebuild(lambda _: Shared())

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        self.evaluation.fill(node_line(self.alone)[:SHOWN], batch.rows)
        run = Run(lambda scan: [], self.context.variables, [batch.documents()])
        made = [row for rows in interpret(self.alone, run) for row in rows]
        limit = self.context.made_rows
        for start in range(0, len(made), limit):
            yield batch_of(made[start:start + limit], batch.ordinal + start)
