"""Sorting more rows than memory holds: sorted runs on disk, merged as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from gatherum.kernels.columns.batch import MAX_ROWS, Batch, first_ordinal
from gatherum.kernels.columns.column import Column
from gatherum.kernels.gathering import Rows, gather, joined
from gatherum.kernels.sorting import SortColumn, order_keys, order_of, ranks
from gatherum.physical.operator import QueryContext, Snapshot
from gatherum.runtime.metrics import OperatorMetrics
from gatherum.runtime.threads import run_aside
from gatherum.storage.runs import Run
from gatherum.types.order import OrderKey

Keys = Callable[[Rows], list[SortColumn]]

MERGED_AT_ONCE: Final = 32
BLOCK_BYTES: Final = 1 << 20
CHUNK_ROWS: Final = 1 << 18
CHUNK_BYTES: Final = 64 << 20
SMALL: Final = 1 << 12
LONG_SORT_ROWS: Final = 1 << 20


class Sorter:
    """Sorts rows by keys, ties by ordinal; with `limit`, keeps the first so many.

    `keys` gives the sort columns of some rows, and `descending` says for each whether larger values come first. What
    is held counts twice in memory, since sorting copies it.
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
        self.held.append(rows)
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
        size = sum(rows.nbytes for rows in self.held)
        self.consumer.hold(2 * size)
        self.metrics.hold(2 * size)

    def _first(self, pieces: list[Rows]) -> Rows:
        """The first rows of all, up to the limit."""
        return joined(list(self._in_order(pieces, MAX_ROWS))) if self.limit else pieces[0].slice(0, 0)

    def _in_order(self, pieces: list[Rows], size: int) -> Iterator[Rows]:
        """The rows of all pieces in order, in blocks of so many."""
        order = self._order(pieces)
        for start in range(0, len(order), size):
            self.context.cancellation.check()
            yield _pick(pieces, order[start:start + size])

    def _order(self, pieces: Sequence[Rows]) -> np.ndarray:
        """The positions of the pieces' rows, one behind the other, in order; no more of them than the limit."""
        if sum(piece.count for piece in pieces) > LONG_SORT_ROWS:
            return run_aside(lambda: self._sorted(pieces), self.context.cancellation)
        return self._sorted(pieces)

    def _sorted(self, pieces: Sequence[Rows]) -> np.ndarray:
        ordinals = np.concatenate([piece.ordinals for piece in pieces])
        columns = [self.keys(piece) for piece in pieces]
        keys = []
        for number, descending in enumerate(self.descending):
            values = ranks([of_piece[number] for of_piece in columns])
            keys.append(~values if descending else values)
        if (ordinals[1:] <= ordinals[:-1]).any():
            keys.append(ordinals)
        return order_of(keys, len(ordinals), self.limit)

    def _spill(self) -> None:
        """Writes what is held as a run."""
        if self.held:
            self._write(self._in_order(self.held, self._block_rows()))
            self.held = []
            self.consumer.hold(0)

    def _block_rows(self) -> int:
        """How many rows make a block of a run: as many as leave room for a block of every run that is merged."""
        size = min(self.consumer.budget.limit // (4 * MERGED_AT_ONCE), BLOCK_BYTES)
        rows = sum(piece.count for piece in self.held)
        of_row = sum(piece.nbytes for piece in self.held) // rows + 1
        return min(max(size // of_row, 1), MAX_ROWS)

    def _write(self, blocks: Iterable[Rows]) -> None:
        run = Run(self.context.space)
        self.runs.append(run)
        for block in blocks:
            self.metrics.spill(run.write(block))

    def finish(self) -> Iterator[Batch]:
        """All rows in order, numbered anew."""
        self.consumer.spillable = False
        size = self.context.made_rows
        if not self.runs:
            blocks = self._in_order(self.held, size) if self.held else iter(())
        else:
            self._spill()
            while len(self.runs) > MERGED_AT_ONCE:
                first, self.runs = self.runs[:MERGED_AT_ONCE], self.runs[MERGED_AT_ONCE:]
                self._write(self._merged(first))
                _close(first)
            blocks = self._merged(self.runs)
        number = 0
        for block in blocks:
            for start in range(0, block.count, size):
                yield block.batch.slice(start, size).numbered(first_ordinal(0, number))
                number += 1

    def _merged(self, runs: Sequence[Run]) -> Iterator[Rows]:
        """The rows of sorted runs in order.

        Some blocks of every run are sorted together; what then lies before the last row of each run that has more to
        come is in its final place.
        """
        cursors = [_Cursor(iter(run)) for run in runs]
        left = self.limit
        while left is None or left > 0:
            self.context.cancellation.check()
            for cursor in cursors:
                cursor.fill()
            cursors = [cursor for cursor in cursors if cursor.rows is not None]
            pieces = [cursor.rows for cursor in cursors if cursor.rows is not None]
            if not pieces:
                return
            order = self._final(cursors, pieces)[:left]
            yield _pick(pieces, order)
            left = None if left is None else left - len(order)
            ends = np.cumsum([piece.count for piece in pieces])
            taken = np.bincount(np.searchsorted(ends, order, side="right"), minlength=len(cursors)).tolist()
            for cursor, count in zip(cursors, taken, strict=True):
                cursor.drop(count)

    def _final(self, cursors: Sequence[_Cursor], pieces: Sequence[Rows]) -> np.ndarray:
        """The positions of the rows that are in their final places, in order."""
        order = self._order(pieces)
        last = np.cumsum([piece.count for piece in pieces]) - 1
        open_ends = last[[not cursor.ended for cursor in cursors]]
        found = np.flatnonzero(np.isin(order, open_ends))
        return order[:found[0] + 1] if len(found) else order

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


@dataclass(slots=True)
class _Cursor:
    """How far a run has been read: `rows` are read and not yet given out."""

    blocks: Iterator[Rows]
    rows: Rows | None = None
    ended: bool = False
    _block: int = field(default=1)

    def fill(self) -> None:
        """Reads on until there is at least a block's worth of rows."""
        while not self.ended and (self.rows is None or self.rows.count < self._block):
            block = next(self.blocks, None)
            if block is None:
                self.ended = True
            else:
                self._block = block.count
                self.rows = block if self.rows is None else joined([self.rows, block])

    def drop(self, count: int) -> None:
        """Forgets rows that were given out."""
        assert self.rows is not None
        left = self.rows.count - count
        self.rows = self.rows.slice(count, left) if left else None


def _pick(pieces: Sequence[Rows], at: np.ndarray) -> Rows:
    ends = np.cumsum([piece.count for piece in pieces])
    ordinals = pieces[0].ordinals if len(pieces) == 1 else np.concatenate([piece.ordinals for piece in pieces])
    return Rows(gather(lambda number: pieces[number].batch, ends, at), ordinals[at])


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
