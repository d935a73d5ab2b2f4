"""Sorting more rows than memory holds: sorted runs on disk, merged as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

import numpy as np

from gatherum.kernels.columns.batch import MAX_ROWS, Batch, first_ordinal
from gatherum.kernels.columns.column import Column
from gatherum.kernels.gathering import Rows, joined, picked
from gatherum.kernels.sorting import SORTING_BYTES, SortColumn, order_keys, order_of, ranks
from gatherum.physical.merge import merged
from gatherum.physical.operator import QueryContext, Snapshot
from gatherum.runtime.metrics import OperatorMetrics
from gatherum.runtime.threads import run_aside
from gatherum.storage.runs import Run
from gatherum.types.order import OrderKey

Keys = Callable[[Rows], list[SortColumn]]

MERGED_AT_ONCE: Final = 32
BLOCK_BYTES: Final = 1 << 20
MOST_ROOM: Final = 8 << 20
"""So much of a run at most is merged at once, on average."""
SHARE: Final = 8
"""One so many-th of the memory allowed is for what is merged at once, and for what is given on at once."""
CHUNK_ROWS: Final = 1 << 18
CHUNK_BYTES: Final = 64 << 20
SMALL: Final = 1 << 12
LONG_SORT_ROWS: Final = 1 << 20


class Sorter:
    """Sorts rows by keys, ties by ordinal; with `limit`, keeps the first so many.

    `keys` gives the sort columns of some rows, and `descending` says for each whether larger values come first. What
    sorting them will take counts as held together with the rows.
    """

    def __init__(self, name: str, keys: Keys, descending: Sequence[bool], limit: int | None, context: QueryContext,
                 metrics: OperatorMetrics) -> None:
        self.keys, self.descending, self.limit = keys, descending, limit
        self.context, self.metrics = context, metrics
        self.consumer = context.budget.consumer(name)
        self.held: list[Rows] = []
        self.runs: list[Run] = []

    def add(self, rows: Rows) -> None:
        """Takes rows in."""
        if self.limit is not None and rows.count > self.limit:
            rows = self._first([rows])
        if not rows.count:
            return
        self.held.append(Rows(rows.batch.compact(), rows.ordinals))
        self._settle()
        if self.consumer.should_spill():
            self._spill()

    def bound(self) -> OrderKey | None:
        """The first key of the row at the limit, which no row that is needed comes after; None where there is none."""
        if self.limit is None or self.runs or sum(rows.count for rows in self.held) < self.limit:
            return None
        first = self._first(self.held)
        self.held = [first]
        self._settle()
        key = self.keys(first.slice(first.count - 1, 1))[0]
        return order_keys(key)[0] if isinstance(key, Column) else key[0]

    def absorb(self, other: Sorter) -> None:
        """Takes in what another sorter of the same keys holds."""
        self.runs += other.runs
        self.held += other.held
        other.runs, other.held = [], []
        other.consumer.close()
        self._settle()

    def _settle(self) -> None:
        """Keeps the pieces few, and no more rows than can matter; says what is held."""
        while len(self.held) > 1 and _worth_joining(*self.held[-2:]):
            self.held[-2:] = [joined(self.held[-2:])]
        if self.limit is not None and sum(rows.count for rows in self.held) > 2 * self.limit + MAX_ROWS:
            self.held = [self._first(self.held)]
        size, later = sum(rows.nbytes for rows in self.held), sum(rows.count for rows in self.held) * SORTING_BYTES
        self.consumer.hold(size, later)
        self.metrics.hold(size + later)

    def _first(self, pieces: list[Rows]) -> Rows:
        """The first rows of all, up to the limit."""
        return joined(list(self._in_order(pieces, MAX_ROWS))) if self.limit else pieces[0].slice(0, 0)

    def _in_order(self, pieces: list[Rows], size: int) -> Iterator[Rows]:
        """The rows of all pieces in order, in blocks of so many."""
        order = self._order(pieces)
        for start in range(0, len(order), size):
            self.context.cancellation.check()
            yield picked(pieces, order[start:start + size])

    def _order(self, pieces: Sequence[Rows]) -> np.ndarray:
        """The positions of the pieces' rows, one behind the other, in order; no more of them than the limit."""
        if sum(piece.count for piece in pieces) > LONG_SORT_ROWS:
            return run_aside(lambda: self._sorted(pieces), self.context.cancellation)
        return self._sorted(pieces)

    def _sorted(self, pieces: Sequence[Rows]) -> np.ndarray:
        ordinals = np.concatenate([piece.ordinals for piece in pieces])
        ties = [ordinals] if (ordinals[1:] <= ordinals[:-1]).any() else []
        return order_of(chain(self._ranks(pieces), ties), len(ordinals), self.limit)

    def _ranks(self, pieces: Sequence[Rows]) -> Iterator[np.ndarray]:
        """For each key the ranks of the pieces' rows, the smaller the earlier."""
        columns = [self.keys(piece) for piece in pieces]
        for number, descending in enumerate(self.descending):
            values = ranks([of_piece[number] for of_piece in columns])
            yield ~values if descending else values
            del values

    def _spill(self) -> None:
        """Writes what is held as a run."""
        if self.held:
            self._write(self._in_order(self.held, self._rows_in(self.held, self._block_bytes())))
            self.held = []
            self.consumer.hold(0)

    def _block_bytes(self) -> int:
        """What a block of a run takes: there is room for some of every run that is merged."""
        return min(self.consumer.budget.limit // (8 * MERGED_AT_ONCE), BLOCK_BYTES)

    def _write(self, blocks: Iterable[Rows]) -> None:
        run = Run(self.context.space)
        self.runs.append(run)
        for rows in blocks:
            for block in self._cut(rows, self._block_bytes()):
                self.metrics.spill(run.write(block))

    def _cut(self, rows: Rows, size: int) -> Iterator[Rows]:
        """The rows in blocks of about so many bytes."""
        step = self._rows_in([rows], size)
        for start in range(0, rows.count, step):
            yield rows.slice(start, step)

    def _rows_in(self, pieces: Sequence[Rows], size: int) -> int:
        """How many rows of the pieces take about so many bytes; no more than operators make at once."""
        rows, taken = sum(piece.count for piece in pieces), sum(piece.nbytes for piece in pieces)
        return min(max(size * rows // max(taken, 1), 1), self.context.made_rows)

    def finish(self) -> Iterator[Batch]:
        """All rows in order, numbered anew."""
        self.consumer.spillable = False
        size = self.consumer.budget.limit // SHARE
        if not self.runs:
            blocks = self._in_order(self.held, self._rows_in(self.held, size)) if self.held else iter(())
        else:
            self._spill()
            while (too_many := len(self.runs) - MERGED_AT_ONCE) > 0:
                count = min(too_many + 1, MERGED_AT_ONCE)
                first, self.runs = self.runs[:count], self.runs[count:]
                self._write(self._merged(first))
                _close(first)
            blocks = self._merged(self.runs)
        number = 0
        for block in blocks:
            for rows in self._cut(block, size):
                yield rows.batch.numbered(first_ordinal(0, number))
                number += 1

    def _merged(self, runs: Sequence[Run]) -> Iterator[Rows]:
        """The rows of sorted runs in order, up to the limit."""
        room = min(self.consumer.budget.limit // SHARE, MOST_ROOM * len(runs))
        left = self.limit
        for rows in merged(runs, self._ranks, room, self.context.cancellation):
            found = rows if left is None else rows.slice(0, min(left, rows.count))
            yield found
            if left is not None:
                left -= found.count
                if not left:
                    return

    def snapshot(self) -> Snapshot:
        """All rows, and their ordinals."""
        pieces = [*self.held, *(block for run in self.runs for block in run)]
        return Snapshot(rows=tuple(piece.batch for piece in pieces),
                        values={"ordinals": [piece.ordinals.tobytes() for piece in pieces]})

    def restore(self, snapshot: Snapshot) -> None:
        """Takes the rows of a snapshot in."""
        for batch, ordinals in zip(snapshot.rows, snapshot.values["ordinals"], strict=True):
            self.add(Rows(batch, np.frombuffer(ordinals, np.int64)))

    def close(self) -> None:
        """Gives back memory and files."""
        _close(self.runs)
        self.held, self.runs = [], []
        self.consumer.close()


def _worth_joining(first: Rows, second: Rows) -> bool:
    """Whether two pieces are better one: pieces double in size, up to a bound, and few rows make no piece."""
    if first.count > 2 * second.count or first.count + second.count > CHUNK_ROWS:
        return False
    if first.nbytes + second.nbytes > CHUNK_BYTES:
        return False
    return first.count < SMALL or all(
        column.array.type == second.batch.columns[name].array.type for name, column in first.batch.columns.items()
        if name in second.batch.columns)


def _close(runs: Iterable[Run]) -> None:
    for run in runs:
        run.close()
