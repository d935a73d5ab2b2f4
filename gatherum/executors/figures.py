"""The metrics of one fragment, put together as its parts end."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gatherum.kernels.columns.batch import Batch
from gatherum.physical.lower import Fragment
from gatherum.plan.nodes import Node
from gatherum.plan.render import subplans
from gatherum.runtime.metrics import OperatorMetrics


class Figures:
    """What the operators of a fragment did, whether they came to be run or not."""

    def __init__(self, fragment: Fragment) -> None:
        steps = [*fragment.chain, *([fragment.last] if fragment.last is not None else [])]
        self._input, self._chain = fragment.input, fragment.chain
        self._steps = [OperatorMetrics.of(step.node) for step in steps]
        self._unions = [OperatorMetrics.of(union, "columnar") for union in fragment.unions]
        self._source = OperatorMetrics("") if isinstance(fragment.input, tuple) else \
            OperatorMetrics.of(fragment.input, "columnar")
        self._passed: defaultdict[int, OperatorMetrics] = defaultdict(lambda: OperatorMetrics(""))
        self._parts: dict[int, OperatorMetrics] = {}
        self._lock = threading.Lock()

    def read(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches of a source, timed and counted; several threads may each read some."""
        pending = iter(batches)
        metrics = OperatorMetrics("")
        metrics.begin()
        try:
            while True:
                with metrics.timed():
                    batch = next(pending, None)
                if batch is None:
                    return
                metrics.take(batch.rows)
                metrics.give(batch.rows)
                yield batch
        finally:
            with self._lock:
                self._source.merge(metrics)

    def passed(self, number: int, batch: Batch) -> None:
        """Counts a batch of one of the fragments that are read."""
        self._passed[number].take(batch.rows)
        self._passed[number].give(batch.rows)

    def part(self, fragment: Fragment, metrics: OperatorMetrics | None) -> None:
        """Adds the figures of a fragment that is read."""
        if metrics is not None:
            self._parts[id(fragment)] = metrics

    def chain(self, metrics: Sequence[OperatorMetrics]) -> None:
        """Adds the figures of the chain."""
        for mine in self._steps[:len(self._chain)]:
            mine.begin()
        for mine, counted in zip(self._steps, metrics, strict=False):
            mine.merge(counted)

    def last(self, metrics: OperatorMetrics) -> None:
        """Adds the figures of the last operator."""
        self._steps[-1].merge(metrics)

    def tree(self, beside: Mapping[int, Sequence[OperatorMetrics]]) -> OperatorMetrics:
        """The figures, the last operator outermost; `beside` are those of plans that an operator read beside its
        input, by the identity of its node."""
        below = self._source
        if isinstance(self._input, tuple):
            below = self._united([self._parts.get(id(part)) or Figures(part).tree({}) for part in self._input])
        for metrics in self._steps:
            metrics.inputs = [below]
            if metrics.node is not None:
                metrics.subplans.update(_named(metrics.node, beside.get(id(metrics.node), ())))
            below = metrics
        return below

    def _united(self, parts: Sequence[OperatorMetrics]) -> OperatorMetrics:
        """The figures of the highest union; each has passed on the rows of all parts that it stands above."""
        below, so_far = parts[0], self._passed[0]
        for number, union in enumerate(self._unions, 1):
            so_far.merge(self._passed[number])
            union.merge(so_far)
            union.inputs = [below, parts[number]]
            below = union
        return below


def _named(node: Node, read: Sequence[OperatorMetrics]) -> dict[str, OperatorMetrics]:
    names = {id(plan): name for name, plan in subplans(node)}
    return {names.get(id(metrics.node)) or f"part {number + 1}": metrics for number, metrics in enumerate(read)}
