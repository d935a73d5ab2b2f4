"""Counts and times what the nodes of an interpreted plan do."""

from __future__ import annotations

from gatherum.errors import failing_in
from gatherum.plan.nodes import Node, Shared
from gatherum.plan.render import subplans
from gatherum.rows.batches import Batches
from gatherum.runtime.metrics import OperatorMetrics
from gatherum.types.values import Document


class Meter:
    """A `Watch` that keeps the metrics of every node; `tree` puts them together when the rows have been read."""

    def __init__(self) -> None:
        self._counted: dict[int, OperatorMetrics] = {}
        self._running: list[tuple[Node, OperatorMetrics]] = []
        self._beside: dict[int, list[Node]] = {}

    def made(self, node: Node, batches: Batches) -> Batches:
        """As `Watch.made`; a node that is run by another one without being its input is noted as its subplan."""
        metrics = self._of(node)
        metrics.begin()
        while True:
            reader = self._running[-1][0] if self._running else None
            self._running.append((node, metrics))
            try:
                with metrics.timed(), failing_in(node):
                    batch = next(batches, None)
            finally:
                self._running.pop()
            if reader is not None and not _reads(reader, node):
                self._note_beside(reader, node)
            if batch is None:
                return
            metrics.give(len(batch))
            if next(node.inputs(), None) is None:
                metrics.take(len(batch))
            self._hand_over(node, batch)
            yield batch

    def held(self, node: Node, batches: Batches) -> Batches:
        """As `Watch.held`: the rows were counted when they were made, and now go to the node that reads them."""
        for batch in batches:
            self._hand_over(node, batch)
            yield batch

    def holds(self, node: Node, size: int) -> None:
        """As `Watch.holds`."""
        self._of(node).hold(size)

    def _of(self, node: Node) -> OperatorMetrics:
        found = self._counted.get(id(node))
        if found is None:
            found = self._counted[id(node)] = OperatorMetrics.of(node, "rows")
        return found

    def _hand_over(self, node: Node, batch: list[Document]) -> None:
        if self._running:
            reader, metrics = self._running[-1]
            if _reads(reader, node):
                metrics.take(len(batch))

    def _note_beside(self, reader: Node, node: Node) -> None:
        known = self._beside.setdefault(id(reader), [])
        if all(other is not node for other in known):
            known.append(node)

    def tree(self, plan: Node) -> OperatorMetrics:
        """The metrics of a plan, the last operator outermost."""
        root = self._of(plan)
        left: list[tuple[Node, OperatorMetrics]] = [(plan, root)]
        while left:
            node, metrics = left.pop()
            inputs, beside = [*node.inputs()], self._subplans(node)
            metrics.inputs = [self._of(each) for each in inputs]
            metrics.subplans = {name: self._of(each) for name, each in beside.items()}
            left += [(each, self._of(each)) for each in (*inputs, *beside.values())]
        return root

    def _subplans(self, node: Node) -> dict[str, Node]:
        """What a node ran beside its inputs; of a subplan that is run in parts, what is read and what is run for each
        row."""
        run = self._beside.get(id(node), [])
        names = {id(plan): name for name, plan in subplans(node)}
        below = {id(each) for root in run for each in root.walk() if each is not root}
        found: dict[str, Node] = {}
        for root in run:
            if id(root) not in below:
                per_row = any(isinstance(each, Shared) for each in root.walk())
                found[names.get(id(root)) or ("each row" if per_row else "read")] = root
        return found


def _reads(reader: Node, node: Node) -> bool:
    return any(node is each for each in reader.inputs())
