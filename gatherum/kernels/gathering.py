"""Rows picked across several batches, each with its ordinal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gatherum.kernels.assemble import join
from gatherum.kernels.columns.batch import Batch, concat_batches


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in any order, with the ordinal (int64) of each."""

    batch: Batch
    ordinals: np.ndarray

    @property
    def count(self) -> int:
        """The number of rows."""
        return self.batch.rows

    @property
    def nbytes(self) -> int:
        """The bytes that they take."""
        return self.batch.nbytes + self.ordinals.nbytes

    def slice(self, start: int, length: int) -> Rows:
        """Some of the rows, without copying."""
        return Rows(self.batch.slice(start, length), self.ordinals[start:start + length])


def rows_of(batch: Batch) -> Rows:
    """A batch's rows."""
    return Rows(batch, np.arange(batch.ordinal, batch.ordinal + batch.rows))


def joined(pieces: Sequence[Rows]) -> Rows:
    """The rows of all pieces, one behind the other."""
    if len(pieces) == 1:
        return pieces[0]
    return Rows(joined_batches([piece.batch for piece in pieces]), np.concatenate([piece.ordinals for piece in pieces]))


def joined_batches(batches: Sequence[Batch]) -> Batch:
    """The rows of several batches as one; columns stay typed wherever one type holds them all."""
    if len(batches) > 1 and all(batch.layout is None and batch.names == batches[0].names for batch in batches):
        columns = {name: join([batch.columns[name] for batch in batches]) for name in batches[0].names}
        return replace(batches[0], columns=columns, rows=sum(batch.rows for batch in batches))
    return concat_batches(batches)


def picked(pieces: Sequence[Rows], at: np.ndarray) -> Rows:
    """The rows at some positions of the pieces, which lie one behind the other."""
    ends = np.cumsum([piece.count for piece in pieces])
    ordinals = pieces[0].ordinals if len(pieces) == 1 else np.concatenate([piece.ordinals for piece in pieces])
    return Rows(gather(lambda number: pieces[number].batch, ends, at), ordinals[at])


def gather(read: Callable[[int], Batch], ends: np.ndarray, at: np.ndarray) -> Batch:
    """The rows at some positions, in their order, of the batches that `read` gives; batch i ends before `ends[i]`."""
    if len(ends) == 1 or not len(at):
        return read(0).take(at)
    which = np.searchsorted(ends, at, side="right")
    order = np.argsort(which, kind="stable")
    used, first = np.unique(which[order], return_index=True)
    parts = []
    for number, chosen in zip(used.tolist(), np.split(order, first[1:]), strict=True):
        batch = read(number)
        parts.append(batch.take(at[chosen] - (ends[number] - batch.rows)))
    found = joined_batches(parts)
    if len(parts) == 1:
        return found
    back = np.empty(len(at), np.int64)
    back[order] = np.arange(len(at))
    return found.take(back)
