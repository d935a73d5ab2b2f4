"""Runs plans on the reference interpreter, straight from the documents of the sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gatherum.plan.nodes import Node, Scan
from gatherum.plan.protocols import Request
from gatherum.rows.interpreter import Run, interpret
from gatherum.rows.meter import Meter
from gatherum.runtime.cancel import Cancellation
from gatherum.runtime.metrics import OperatorMetrics
from gatherum.types.values import Document, Value

Batches = Iterator[list[Document]]


class RowsExecutor:
    """One execution; `metrics` holds the operators' figures when the rows have been read."""

    def __init__(self, sources: Mapping[str, Any], variables: Mapping[str, Value], cancellation: Cancellation) -> None:
        self.sources = sources
        self.variables = variables
        self.cancellation = cancellation
        self.metrics: OperatorMetrics | None = None

    def run(self, plan: Node) -> Batches:
        """The rows of a plan, in order."""
        meter = Meter()
        try:
            yield from interpret(plan, Run(self._open, self.variables, watch=meter))
        finally:
            self.metrics = meter.tree(plan)

    def _open(self, scan: Scan) -> Batches:
        request = Request(scan.fields, scan.filter, scan.limit)
        for partition in self.sources[scan.source].partitions(request):
            for batch in partition.documents(request):
                self.cancellation.check()
                yield batch
