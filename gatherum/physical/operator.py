"""The protocol of operators, the same for bounded input and for streams.

    push(batch) -> batches          rows come in; what is ready goes out
    signal(signal) -> batches       the input has ended, or a watermark or barrier has come by
    snapshot() -> Snapshot          all that the operator holds, at a barrier
    restore(snapshot)               a fresh operator goes on where the snapshot was taken
    close()                         gives back memory and files; may be called at any time

A bounded query is one that receives `Signal.END`.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Literal

import pyarrow as pa

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.evaluate import Evaluation
from gatherum.plan.nodes import Node
from gatherum.runtime.cancel import Cancellation
from gatherum.runtime.memory import Budget
from gatherum.runtime.metrics import OperatorMetrics
from gatherum.runtime.settings import Settings
from gatherum.runtime.temporary import TemporarySpace
from gatherum.types.values import Value


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

    def evaluation(self) -> Evaluation:
        """The evaluation of one operator's expressions."""
        return Evaluation(self.variables, self.settings.engine == "columnar")


Spread = Literal["rows", "partial", "ordered"]


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
        self.metrics = OperatorMetrics(type(node).__name__, engine="columnar")

    def push(self, batch: Batch) -> list[Batch]:
        """Takes a batch; returns the batches that are ready, without empty ones."""
        start = time.perf_counter()
        made = [made for made in self.process(batch) if made.rows]
        self.metrics.count(batch.rows, sum(out.rows for out in made), time.perf_counter() - start)
        return made

    def signal(self, signal: Signal) -> Iterator[Batch]:
        """Takes a signal; returns the batches that it makes ready."""
        if signal is Signal.CANCEL:
            self.close()
        elif signal is Signal.END:
            yield from self._metered(self.finish())

    def _metered(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Times a lazy series of batches: only the time until each is ready counts."""
        pending = iter(batches)
        while True:
            start = time.perf_counter()
            batch = next(pending, None)
            seconds = time.perf_counter() - start
            self.metrics.count(0, 0 if batch is None else batch.rows, seconds)
            if batch is None:
                return
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
        filled = self.evaluation.filled
        if filled:
            self.metrics.details["filled by meaning"] = dict(filled)


def push_through(operators: list[Operator], batch: Batch) -> list[Batch]:
    """The batches that come out of a chain of operators."""
    batches = [batch]
    for operator in operators:
        batches = [made for batch in batches for made in operator.push(batch)]
    return batches
