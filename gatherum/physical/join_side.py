"""The side of a lookup that is read first: its rows, in memory or on disk, and the index by which they are found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.gathering import gather, joined_batches, rows_of
from gatherum.kernels.joining import JoinIndex, foreign_keys
from gatherum.physical.operator import QueryContext
from gatherum.plan.expressions import Path
from gatherum.runtime.metrics import OperatorMetrics
from gatherum.runtime.threads import Worker
from gatherum.storage.runs import Run
from gatherum.types.values import Document

BLOCK_ROWS: Final = 1 << 12


class JoinSide:
    """The rows of a lookup's other plan. They are read once, when the first thread asks; all threads share them.

    Where memory is short the rows go to disk, and only the index stays.
    """

    def __init__(self, foreign: Path | None, context: QueryContext, read: Callable[[], Iterable[Batch]]) -> None:
        self.foreign, self.context, self.read = foreign, context, read
        self.index = JoinIndex(context.compiled())
        self.consumer = context.budget.consumer("Lookup")
        self.count = 0
        self.blocks: list[Batch | int] = []
        self.ends = np.zeros(0, np.int64)
        self.run: Run | None = None
        self._pending: list[Batch] = []
        self._apart = OperatorMetrics("")
        self._ended = False
        self._failure: Exception | None = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Has a thread of its own read the rows, before anyone asks."""
        Worker(self._ahead)

    def _ahead(self) -> None:
        with self._apart.timed():
            self._ensure(self._apart)

    def ready(self, metrics: OperatorMetrics) -> None:
        """Reads the rows, where that has not been done; what it takes counts for the operator that asks first."""
        self._ensure(metrics)
        with self._lock:
            apart, self._apart = self._apart, OperatorMetrics("")
            metrics.merge(apart)
        if self._failure is not None:
            raise self._failure

    def _ensure(self, metrics: OperatorMetrics) -> None:
        with self._lock:
            if self._ended:
                return
            try:
                self._read(metrics)
            except Exception as failure:
                self._failure = failure
            self._ended = True

    def _read(self, metrics: OperatorMetrics) -> None:
        for batch in self.read():
            self.context.cancellation.check()
            if self._ended:
                return
            self._add(batch)
            self._account(metrics)
            if self.consumer.should_spill():
                metrics.spill(self._spill())
                self._account(metrics)
        self._close_block()
        self.index.complete()
        self.consumer.spillable = False
        self._account(metrics)

    def _add(self, batch: Batch) -> None:
        if self.foreign is not None:
            for keys in foreign_keys(batch, self.foreign):
                self.index.add(keys, self.count)
        self.count += batch.rows
        self._pending.append(batch)
        if sum(held.rows for held in self._pending) >= BLOCK_ROWS:
            self._close_block()

    def _account(self, metrics: OperatorMetrics) -> None:
        rows = sum(block.nbytes for block in (*self.blocks, *self._pending) if isinstance(block, Batch))
        self.consumer.hold(self.index.nbytes + rows)
        metrics.hold(self.index.nbytes + rows)

    def _close_block(self) -> None:
        if self._pending:
            self.blocks.append(joined_batches(self._pending))
            self.ends = np.append(self.ends, self.count)
            self._pending = []

    def _spill(self) -> int:
        self._close_block()
        written = 0
        self.run = self.run or Run(self.context.space)
        for number, block in enumerate(self.blocks):
            if isinstance(block, Batch):
                written += self.run.write(rows_of(block))
                self.blocks[number] = len(self.run.blocks) - 1
        return written

    def gather(self, numbers: np.ndarray) -> Batch:
        """The rows with these numbers, in this order."""
        if not len(numbers):
            return Batch({}, 0)
        return gather(self._block, self.ends, numbers)

    def documents(self) -> Iterator[list[Document]]:
        """All rows as documents."""
        for number in range(len(self.blocks)):
            yield self._block(number).documents()

    def _block(self, number: int) -> Batch:
        block = self.blocks[number]
        if isinstance(block, Batch):
            return block
        assert self.run is not None
        return self.run.read(block).batch

    def close(self) -> None:
        """Gives back memory and files; a thread that still reads ends at its next batch."""
        self._ended = True
        with self._lock:
            if self.run is not None:
                self.run.close()
            self.blocks = []
            self.consumer.close()
