"""The metrics of one fragment, put together as its parts end."""

from __future__ import annotations

import threading
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
        source = fragment.union if isinstance(fragment.input, tuple) else fragment.input
        self._source = OperatorMetrics("") if source is None else OperatorMetrics.of(source, "columnar")
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

    def passed(self, batch: Batch) -> None:
        """Counts a batch of a fragment that is read."""
        self._source.take(batch.rows)
        self._source.give(batch.rows)

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
            parts = [self._parts.get(id(part)) or Figures(part).tree({}) for part in self._input]
            if below.node is None:
                below, = parts
            else:
                below.inputs = parts
        for metrics in self._steps:
            metrics.inputs = [below]
            if metrics.node is not None:
                metrics.subplans.update(_named(metrics.node, beside.get(id(metrics.node), ())))
            below = metrics
        return below


def _named(node: Node, read: Sequence[OperatorMetrics]) -> dict[str, OperatorMetrics]:
    names = {id(plan): name for name, plan in subplans(node)}
    return {names.get(id(metrics.node)) or f"part {number + 1}": metrics for number, metrics in enumerate(read)}
