"""The protocol of operators, the same for bounded input and for streams.

    push(batch) -> batches          rows come in; what is ready goes out
    signal(signal) -> batches       the input has ended, or a watermark or barrier has come by
    snapshot() -> Snapshot          all that the operator holds, at a barrier
    restore(snapshot)               a fresh operator goes on where the snapshot was taken
    close()                         gives back memory and files; may be called at any time

A bounded query is one that receives `Signal.END`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Final
from typing import Literal as OneOf

import pyarrow as pa

from gatherum.errors import failing_in
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.evaluate import ColumnExpression, Evaluation
from gatherum.plan.expressions import Expression, Get, Literal, Variable
from gatherum.plan.nodes import Node
from gatherum.plan.render import expression_text
from gatherum.runtime.budget import Budget
from gatherum.runtime.cancel import Cancellation
from gatherum.runtime.metrics import OperatorMetrics
from gatherum.runtime.settings import Settings
from gatherum.runtime.temporary import TemporarySpace
from gatherum.types.values import Value

MADE_ROWS: Final = 1 << 18


class Signal(Enum):
    """What may come between batches."""

    END = "end"
    WATERMARK = "watermark"
    BARRIER = "barrier"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an operator holds: state batches, row batches, and plain BSON values by name."""

    states: tuple[pa.RecordBatch, ...] = ()
    rows: tuple[Batch, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QueryContext:
    """What the operators of one query share."""

    settings: Settings
    budget: Budget
    space: TemporarySpace
    cancellation: Cancellation
    variables: Mapping[str, Value]
    compiled: Any
    """A function that tells whether kernels may be called now."""
    computed: frozenset[str] | None = frozenset()
    """The fields of the sources that the query computes with (None: all)."""

    @property
    def made_rows(self) -> int:
        """The rows of the batches that an operator makes, at most: larger ones are left to what only passes by."""
        return min(self.settings.morsel_rows, MADE_ROWS)

    def evaluation(self) -> Expressions:
        """The evaluation of one operator's expressions."""
        return Expressions(self.variables, self.settings.engine == "columnar", self.compiled)


class Expressions(Evaluation):
    """The evaluation of one operator's expressions, which knows of each what the meaning filled."""

    def __init__(self, variables: Mapping[str, Value], strict: bool, compiled: Callable[[], bool]) -> None:
        super().__init__(variables, strict, compiled)
        self._each: list[tuple[Expression, Evaluation]] = []

    def compile(self, expression: Expression) -> ColumnExpression:
        """As `Evaluation.compile`."""
        own = Evaluation(self.variables, self.strict, self.compiled)
        self._each.append((expression, own))
        return own.compile(expression)

    def filled_by_expression(self) -> dict[str, dict[str, int]]:
        """How many rows the meaning filled, by expression and operator: nothing where a kernel served them all.

        What only picks fields is left out, and the rows that were not left to an expression at all are under
        `whole documents`.
        """
        found = {"whole documents": dict(self.filled)} if self.filled else {}
        for expression, own in self._each:
            if own.filled or not isinstance(expression, Get | Literal | Variable):
                found[expression_text(expression)] = dict(own.filled)
        return found


Spread = OneOf["rows", "partial", "ordered"]


class Operator(ABC):
    """One operator on one thread.

    `spread` says how it is run by several threads: `rows` operators treat every row by itself, in any order of
    batches; each thread has a `partial` operator of its own, and `absorb` puts them together at the end; an `ordered`
    operator sees all batches in order, on one thread.
    """

    spread: ClassVar[Spread] = "rows"

    def __init__(self, node: Node, context: QueryContext) -> None:
        self.node = node
        self.context = context
        self.evaluation = context.evaluation()
        self.metrics = OperatorMetrics.of(node, "columnar")

    def push(self, batch: Batch) -> list[Batch]:
        """Takes a batch; returns the batches that are ready, without empty ones."""
        self.metrics.take(batch.rows)
        with self.metrics.timed(), failing_in(self.node):
            made = [made for made in self.process(batch) if made.rows]
        self.metrics.give(sum(out.rows for out in made))
        return made

    def signal(self, signal: Signal) -> Iterator[Batch]:
        """Takes a signal; returns the batches that it makes ready."""
        if signal is Signal.CANCEL:
            self.close()
        elif signal is Signal.END:
            self.metrics.begin()
            yield from self._metered(self.finish())

    def _metered(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Times a lazy series of batches: only the time until each is ready counts."""
        pending = iter(batches)
        while True:
            with self.metrics.timed(), failing_in(self.node):
                batch = next(pending, None)
            if batch is None:
                return
            self.metrics.give(batch.rows)
            if batch.rows:
                yield batch

    @abstractmethod
    def process(self, batch: Batch) -> Iterable[Batch]:
        """What `push` does."""

    def finish(self) -> Iterable[Batch]:
        """What is left when the input has ended."""
        return ()

    @property
    def done(self) -> bool:
        """True where no further input can change the output."""
        return False

    def absorb(self, other: Any) -> None:
        """Takes in what another thread's operator of the same node holds (`partial` operators)."""
        raise TypeError(f"{type(self).__name__} has no partial form")

    def snapshot(self) -> Snapshot:
        """All that the operator holds."""
        return Snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Puts a snapshot into a fresh operator."""

    def close(self) -> None:
        """Gives back what the operator holds."""

    def describe(self) -> None:
        """Completes the metrics with what is known at the end."""
        self.describe_expressions()

    def describe_expressions(self) -> None:
        """Adds to the metrics which expressions ran as kernels, and which by their meaning."""
        filled = self.evaluation.filled_by_expression()
        if filled and self.metrics.rows_in:
            self.metrics.merge(OperatorMetrics("", details={"expressions": filled}))


def push_through(operators: list[Operator], batch: Batch) -> list[Batch]:
    """The batches that come out of a chain of operators."""
    batches = [batch]
    for operator in operators:
        batches = [made for batch in batches for made in operator.push(batch)]
    return batches
