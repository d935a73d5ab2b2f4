"""Facet: several pipelines over the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from gatherum.errors import InternalError
from gatherum.kernels.columns.batch import Batch, batch_of
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.fields import documents_column
from gatherum.kernels.gathering import joined_batches
from gatherum.kernels.lists import list_array
from gatherum.physical.operator import Operator, QueryContext, Signal, Snapshot, push_through
from gatherum.physical.sort import SortOperator
from gatherum.plan.nodes import Facet, Limit, Lookup, Node, Shared, Sort
from gatherum.rows.interpreter import Run, interpret
from gatherum.runtime.metrics import OperatorMetrics

if TYPE_CHECKING:
    from gatherum.physical.lower import Fragment, Step

RunPlan = Callable[[Node], Iterable[Batch]]


class FacetOperator(Operator):
    """One document, with an array of results for each branch. All branches take every batch as it comes.

    `run` gives the rows of the plans that a branch reads beside its input.
    """

    spread = "partial"

    def __init__(self, node: Facet, context: QueryContext, run: RunPlan | None = None) -> None:
        super().__init__(node, context)
        self.branches = {name: _Branch(branch, context, run)
                         for name, branch in zip(node.names, node.branches, strict=True)}

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        for branch in self.branches.values():
            branch.push(batch)
        return ()

    def absorb(self, other: FacetOperator) -> None:
        """As `Operator.absorb`."""
        for name, branch in self.branches.items():
            theirs = other.branches[name]
            branch.breaker.absorb(theirs.breaker)
            for operator, same in zip(branch.chain, theirs.chain, strict=True):
                same.describe_expressions()
                operator.metrics.merge(same.metrics)

    def finish(self) -> Iterator[Batch]:
        """As `Operator.finish`: the one document."""
        yield Batch({name: _array_of(list(branch.finish())) for name, branch in self.branches.items()}, 1)

    def _operators(self) -> Iterator[Operator]:
        """The operators that may hold something before the input ends."""
        for branch in self.branches.values():
            yield from (*branch.before, branch.breaker)

    def snapshot(self) -> Snapshot:
        """As `Operator.snapshot`."""
        held = [operator.snapshot() for operator in self._operators()]
        return Snapshot(tuple(batch for each in held for batch in each.states),
                        tuple(batch for each in held for batch in each.rows),
                        {"parts": [{"states": len(each.states), "rows": len(each.rows), "values": dict(each.values)}
                                   for each in held]})

    def restore(self, snapshot: Snapshot) -> None:
        """As `Operator.restore`."""
        states, rows = iter(snapshot.states), iter(snapshot.rows)
        for operator, part in zip(self._operators(), snapshot.values["parts"], strict=True):
            operator.restore(Snapshot(tuple(next(states) for _ in range(part["states"])),
                                      tuple(next(rows) for _ in range(part["rows"])), part["values"]))

    def close(self) -> None:
        """As `Operator.close`."""
        for branch in self.branches.values():
            for operator in branch.chain:
                operator.close()

    def describe(self) -> None:
        """As `Operator.describe`, with what the branches did."""
        super().describe()
        for name, branch in self.branches.items():
            self.metrics.subplans[name] = branch.described(self.metrics)


class _Branch:
    """One pipeline: operators that treat rows by themselves, the first that needs them all, and those behind it.

    An operator that needs the rows in order gets them from a sort by ordinal, which any number of threads may feed.
    """

    def __init__(self, plan: Node, context: QueryContext, run: RunPlan | None) -> None:
        from gatherum.physical.lower import lower

        self.before: list[Operator] = []
        self.breaker: Any = None
        self.after: list[Operator] = []
        steps = _steps(lower(plan))
        limit = None
        if steps is None:
            self.after = [_InterpretedOperator(plan, context, run)]
        else:
            make = _maker(context, run)
            self.before = [make(step) for step in takewhile(lambda step: step.operator.spread == "rows", steps)]
            rest = steps[len(self.before):]
            if rest and rest[0].operator.spread == "partial":
                self.breaker, rest = make(rest[0]), rest[1:]
            elif rest and isinstance(rest[0].node, Limit):
                limit = rest[0].node.count
            self.after = [make(step) for step in rest]
        if self.breaker is None:
            self.breaker = SortOperator(Sort(Shared(), (), limit), context)
        self.chain: list[Operator] = [*self.before, self.breaker, *self.after]

    def described(self, given: OperatorMetrics) -> OperatorMetrics:
        """The metrics of the operators, which took the rows that were given to the whole."""
        below = OperatorMetrics("Shared", "columnar", rows_in=given.rows_in, rows_out=given.rows_in,
                                batches=given.batches, seconds=0.0, node=Shared())
        for operator in self.chain:
            operator.describe()
            operator.metrics.inputs = [below]
            below = operator.metrics
        return below

    def push(self, batch: Batch) -> None:
        """Takes a batch in."""
        for made in push_through(self.before, batch):
            self.breaker.push(made)

    def finish(self) -> Iterator[Batch]:
        """The results."""
        for number, operator in enumerate(self.chain):
            rest = self.chain[number + 1:]
            for batch in operator.signal(Signal.END):
                yield from push_through(rest, batch)
                if any(later.done for later in rest):
                    break


class _InterpretedOperator(Operator):
    """A branch that reads more than its input, by its interpretation over all the rows."""

    spread = "ordered"

    def __init__(self, plan: Node, context: QueryContext, run: RunPlan | None) -> None:
        super().__init__(plan, context)
        self.metrics.engine, self.metrics.why = "rows", "the branch reads more than its input"
        self.run = run
        self.batches: list[Batch] = []

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        self.batches.append(batch)
        return ()

    def finish(self) -> Iterator[Batch]:
        """As `Operator.finish`."""
        self.evaluation.fill(self.metrics.name, sum(batch.rows for batch in self.batches))
        documents = [batch.documents() for batch in self.batches]
        for rows in interpret(self.node, Run(self._open, self.context.variables, documents)):
            yield batch_of(rows)

    def _open(self, scan: Node) -> Iterator[list[Any]]:
        if self.run is None:
            raise InternalError("a facet was given no way to run the plans that its branches read")
        for batch in self.run(scan):
            yield batch.documents()


def _steps(fragment: Fragment) -> list[Step] | None:
    """The operators of a branch, the first one first; None where it reads anything but its input."""
    if isinstance(fragment.input, tuple):
        below = _steps(fragment.input[0]) if len(fragment.input) == 1 else None
    else:
        below = [] if isinstance(fragment.input, Shared) else None
    if below is None:
        return None
    return [*below, *fragment.chain, *([fragment.last] if fragment.last is not None else [])]


def _maker(context: QueryContext, run: RunPlan | None) -> Callable[[Step], Operator]:
    def make(step: Step) -> Operator:
        if isinstance(step.node, Lookup):
            return step.operator(step.node, context, run=run)
        return step.operator(step.node, context)
    return make


def _array_of(batches: list[Batch]) -> Column:
    """An array of the rows of some batches."""
    if not batches:
        return column_of([[]])
    items = documents_column(joined_batches(batches))
    return Column(list_array(np.array([0, len(items)], np.int64), items, None))
