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

    About `room` bytes of all runs are looked at together: what does not come after the last of them of a run that goes
    on is in its final place. Half of the room is shared out evenly, and the other half is for runs that are used up:
    the others wait for these.
    """
    share = room // (2 * len(runs)) + 1
    cursors = [_Cursor(iter(run), share) for run in runs]
    while True:
        cancellation.check()
        spare = room // 2 - sum(max(cursor.size - share, 0) for cursor in cursors)
        for cursor in cursors:
            cursor.room = share if cursor.rows is not None else max(min(2 * cursor.room, spare), share)
            spare -= cursor.room - share
            cursor.fill()
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
    """How far a run has been read: `rows`, of about `size` bytes, are read and not yet given out. It reads on where
    these do not fill its `room`."""

    def __init__(self, blocks: Iterator[Rows], room: int) -> None:
        self.blocks, self.room = blocks, room
        self.rows: Rows | None = None
        self.size = 0
        self.ended = False

    def fill(self) -> None:
        """Reads on until the room is filled."""
        found = [] if self.rows is None else [self.rows]
        while not self.ended and self.size < self.room:
            block = next(self.blocks, None)
            if block is None:
                self.ended = True
            else:
                found.append(block)
                self.size += block.nbytes
        self.rows = joined(found) if found else None

    def drop(self, count: int) -> None:
        """Forgets rows that were given out."""
        if count and self.rows is not None:
            left = self.rows.count - count
            self.size = self.size * left // self.rows.count
            self.rows = self.rows.slice(count, left) if left else None
