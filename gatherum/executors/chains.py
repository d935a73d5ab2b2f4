"""Chains of operators that treat rows by themselves: one for each thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from gatherum.errors import GatherumError
from gatherum.kernels.columns.batch import Batch
from gatherum.physical.lower import Step
from gatherum.physical.operator import Operator, push_through
from gatherum.runtime.metrics import OperatorMetrics


class Chains:
    """A chain of operators for each thread that asks; `make` makes an operator for one thread."""

    def __init__(self, make: Callable[[Step], Operator], steps: tuple[Step, ...]) -> None:
        self.make = make
        self.steps = steps
        self.local = threading.local()
        self.made: list[list[Operator]] = []

    def push(self, batch: Batch) -> list[Batch]:
        """What the chain makes of a batch; the error of the first row that has one."""
        chain = getattr(self.local, "chain", None)
        if chain is None:
            chain = self.local.chain = [self.make(step) for step in self.steps]
            self.made.append(chain)
        try:
            return push_through(chain, batch)
        except GatherumError:
            self.raise_first(batch, None)
            raise

    def settled(self, batch: Batch) -> list[Batch]:
        """As `push`, with nothing left to be made by the thread that takes the batches."""
        return [made.settled() for made in self.push(batch)]

    def raise_first(self, batch: Batch, last: Step | None) -> None:
        """Sends ever smaller halves of the rows through fresh operators, so that the first row's error is the one
        raised."""
        steps = [*self.steps, last] if last is not None else [*self.steps]
        while batch.rows > 1:
            half = batch.slice(0, batch.rows // 2)
            try:
                push_through([self.make(step) for step in steps], half)
                batch = batch.slice(half.rows, batch.rows)
            except GatherumError:
                batch = half
        push_through([self.make(step) for step in steps], batch)

    def close(self) -> list[OperatorMetrics]:
        """Ends the chains; what all of them counted, operator by operator."""
        totals: list[OperatorMetrics] = []
        for operators in self.made:
            for i, operator in enumerate(operators):
                if i == len(totals):
                    totals.append(ended(operator))
                else:
                    totals[i].merge(ended(operator))
        return totals


def ended(operator: Operator) -> OperatorMetrics:
    """What an operator counted, which is closed."""
    with operator.metrics.timed():
        operator.describe()
        operator.close()
    return operator.metrics
