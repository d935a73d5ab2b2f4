"""Merging sorted rows of several runs as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from gatherum.kernels.gathering import Rows, joined, picked
from gatherum.kernels.sorting import order_of
from gatherum.runtime.cancel import Cancellation

Ranks = Callable[[Sequence[Rows]], Iterable[np.ndarray]]
"""Gives for each sort key integers that compare as the values of the rows do, for all pieces, one behind the other."""


def merged(runs: Sequence[Iterable[Rows]], ranks: Ranks, room: int, cancellation: Cancellation) -> Iterator[Rows]:
    """The rows of sorted runs in order, ties by ordinal.

    About `room` bytes of every run are looked at together: what does not come after the last of them of a run that
    goes on is in its final place.
    """
    cursors = [_Cursor(iter(run)) for run in runs]
    while True:
        cancellation.check()
        for cursor in cursors:
            cursor.fill(room)
        cursors = [cursor for cursor in cursors if cursor.rows is not None]
        pieces = [cursor.rows for cursor in cursors if cursor.rows is not None]
        if not pieces:
            return
        keys = [*ranks(pieces), np.concatenate([piece.ordinals for piece in pieces])]
        final = _final(keys, [piece.count for piece in pieces], [not cursor.ended for cursor in cursors])
        chosen = np.concatenate([np.arange(part.start, part.stop) for part in final])
        yield picked(pieces, chosen[order_of((key[chosen] for key in keys), len(chosen))])
        for cursor, part in zip(cursors, final, strict=True):
            cursor.drop(len(part))


def _final(keys: Sequence[np.ndarray], counts: list[int], goes_on: list[bool]) -> list[range]:
    """The rows of each piece, of which some go on, that no row to come is before."""
    ends = np.cumsum(counts)
    parts = [range(end - count, end) for end, count in zip(ends.tolist(), counts, strict=True)]
    last = ends[goes_on] - 1
    if not len(last):
        return parts
    bound = min(zip(*(key[last].tolist() for key in keys), strict=True))
    return [range(part.start, _end_up_to(keys, part.start, part.stop, bound)) for part in parts]


def _end_up_to(keys: Sequence[np.ndarray], start: int, end: int, bound: tuple[int, ...]) -> int:
    """Where the rows from `start` to `end`, which are in order, are past the bound."""
    for key, value in zip(keys, bound, strict=True):
        start, end = (start + int(np.searchsorted(key[start:end], value, side)) for side in ("left", "right"))
    return end


class _Cursor:
    """How far a run has been read: `rows` are read and not yet given out."""

    def __init__(self, blocks: Iterator[Rows]) -> None:
        self.blocks = blocks
        self.rows: Rows | None = None
        self.ended = False

    def fill(self, room: int) -> None:
        """Reads on until the rows take `room` bytes."""
        found = [] if self.rows is None else [self.rows]
        size = sum(rows.nbytes for rows in found)
        while not self.ended and size < room:
            block = next(self.blocks, None)
            if block is None:
                self.ended = True
            else:
                found.append(block)
                size += block.nbytes
        self.rows = joined(found) if found else None

    def drop(self, count: int) -> None:
        """Forgets rows that were given out."""
        assert self.rows is not None
        left = self.rows.count - count
        self.rows = self.rows.slice(count, left) if left else None
