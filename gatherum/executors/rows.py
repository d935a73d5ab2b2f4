"""Runs plans on the reference interpreter, straight from the documents of the sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gatherum.plan.nodes import Node, Scan
from gatherum.plan.protocols import Request
from gatherum.plan.render import subplans
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
        self._watched: dict[int, OperatorMetrics] = {}
        self._running: list[OperatorMetrics] = []
        self._beside: dict[int, list[Node]] = {}

    def run(self, plan: Node) -> Batches:
        """The rows of a plan, in order."""
        run = Run(self._open, self.variables, watch=self)
        try:
            yield from interpret(plan, run)
        finally:
            self.metrics = self._tree(plan)

    def _open(self, scan: Scan) -> Batches:
        request = Request(scan.fields, scan.filter, scan.limit)
        for partition in self.sources[scan.source].partitions(request):
            for batch in partition.documents(request):
                self.cancellation.check()
                yield batch

    def made(self, node: Node, batches: Batches) -> Batches:
        """As `Watch.made`: times and counts the rows; what a node runs beside its inputs is noted."""
        metrics = self._of(node)
        metrics.begin()
        while True:
            reader = self._running[-1] if self._running else None
            self._running.append(metrics)
            try:
                with metrics.timed():
                    batch = next(batches, None)
            finally:
                self._running.pop()
            if reader is not None and reader.node is not None and not _reads(reader.node, node):
                self._note_beside(reader.node, node)
            if batch is None:
                return
            metrics.give(len(batch))
            if next(node.inputs(), None) is None:
                metrics.take(len(batch))
            self._hand_over(reader, node, batch)
            yield batch

    def held(self, node: Node, batches: Batches) -> Batches:
        """As `Watch.held`: the rows were counted when they were made, and now go to the node that reads them."""
        for batch in batches:
            self._hand_over(self._running[-1] if self._running else None, node, batch)
            yield batch

    def holds(self, node: Node, size: int) -> None:
        """As `Watch.holds`."""
        self._of(node).hold(size)

    def _of(self, node: Node) -> OperatorMetrics:
        return self._watched.setdefault(id(node), OperatorMetrics.of(node, "rows"))

    def _hand_over(self, reader: OperatorMetrics | None, node: Node, batch: list[Document]) -> None:
        if reader is not None and reader.node is not None and _reads(reader.node, node):
            reader.take(len(batch))

    def _note_beside(self, reader: Node, node: Node) -> None:
        """A plan that is run for each row has other nodes than the one it was made of; it is noted once."""
        known = self._beside.setdefault(id(reader), [])
        if all(other is not node for other in known):
            known.append(node)

    def _tree(self, plan: Node) -> OperatorMetrics:
        """The figures of a plan, the last operator outermost."""
        root = self._of(plan)
        left = [root]
        while left:
            metrics = left.pop()
            node = metrics.node
            assert node is not None
            metrics.inputs = [self._of(each) for each in node.inputs()]
            metrics.subplans = self._subplans(node)
            left += [*metrics.inputs, *metrics.subplans.values()]
        return root

    def _subplans(self, node: Node) -> dict[str, OperatorMetrics]:
        """What a node ran beside its inputs: its subplans, and what was made of them for single rows."""
        named = {id(plan): name for name, plan in subplans(node)}
        run = self._beside.get(id(node), [])
        below = {id(each) for root in run for each in root.walk() if each is not root}
        found: dict[str, OperatorMetrics] = {}
        for number, root in enumerate(each for each in run if id(each) not in below):
            found[named.get(id(root)) or f"part {number + 1}"] = self._of(root)
        return found


def _reads(reader: Node, node: Node) -> bool:
    return any(node is each for each in reader.inputs())
