"""Runs plans on the reference interpreter, straight from the documents of the sources."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from gatherum.plan.nodes import Node, Scan
from gatherum.plan.protocols import Request
from gatherum.rows.interpreter import Run, interpret
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
        self._stack: list[_Watched] = []
        self._roots: list[OperatorMetrics] = []

    def run(self, plan: Node) -> Batches:
        """The rows of a plan, in order."""
        run = Run(self._open, self.variables, watch=self._watch)
        try:
            yield from interpret(plan, run)
        finally:
            self.metrics = self._roots[0] if self._roots else None

    def _open(self, scan: Scan) -> Batches:
        request = Request(scan.fields, scan.filter, scan.limit)
        for partition in self.sources[scan.source].partitions(request):
            for batch in partition.documents(request):
                self.cancellation.check()
                yield batch

    def _watch(self, node: Node, batches: Batches) -> Batches:
        return iter(_Watched(OperatorMetrics(type(node).__name__, engine="rows"), batches, self))

    def enter(self, watched: _Watched) -> float:
        """Begins a stretch of time of one operator; the time of the operators that it asks is theirs."""
        if self._stack:
            parent = self._stack[-1].metrics
            if all(known is not watched.metrics for known in parent.inputs):
                parent.inputs.append(watched.metrics)
        elif not self._roots:
            self._roots.append(watched.metrics)
        self._stack.append(watched)
        return time.perf_counter()

    def leave(self, started: float, batch: list[Document] | None) -> None:
        """Ends the stretch."""
        watched = self._stack.pop()
        seconds = time.perf_counter() - started
        rows = len(batch) if batch is not None else 0
        own = seconds - watched.below
        watched.below = 0.0
        watched.metrics.count(0, rows, own)
        if self._stack:
            parent = self._stack[-1]
            parent.below += seconds
            parent.metrics.rows_in = (parent.metrics.rows_in or 0) + rows
        if watched.metrics.name in ("Scan", "Documents"):
            watched.metrics.rows_in = watched.metrics.rows_out


class _Watched:
    """The batches of one node, timed and counted."""

    def __init__(self, metrics: OperatorMetrics, batches: Batches, executor: RowsExecutor) -> None:
        self.metrics = metrics
        self.below = 0.0
        self._batches = batches
        self._executor = executor

    def __iter__(self) -> Batches:
        while True:
            started = self._executor.enter(self)
            batch: Any = None
            try:
                batch = next(self._batches, None)
            finally:
                self._executor.leave(started, batch)
            if batch is None:
                return
            yield batch
