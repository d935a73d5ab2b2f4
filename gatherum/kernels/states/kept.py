"""Rows that states keep: pieces of columns, addressed as if they were one."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from gatherum.kernels.assemble import join
from gatherum.kernels.columns.column import Column, plain_strings
from gatherum.kernels.scratch import grown

LARGE: Final = 1 << 16
"""Pieces of so many rows are not joined before they have to be."""

ALIKE: Final = 8
"""So many pieces are joined, of which the longest is less than so many times as long as the last."""


class KeptRows:
    """Values that are appended, and taken by their position. Each is copied once, and a few times more while the
    pieces are small."""

    def __init__(self) -> None:
        self.pieces: list[Column] = []
        self.size = 0
        self.nbytes = 0

    def keep(self, column: Column, rows: np.ndarray) -> np.ndarray:
        """Appends the values at some rows; returns their positions."""
        start = self.size
        if len(rows):
            self._append(plain_strings(column.take(rows)))
        return np.arange(start, self.size)

    def _append(self, piece: Column) -> None:
        self.pieces.append(piece)
        self.size += len(piece)
        self.nbytes += piece.array.nbytes
        while (count := self._alike()) >= ALIKE:
            self._join(count)

    def _alike(self) -> int:
        """How many pieces at the end are not much longer than the last."""
        most = min(ALIKE * len(self.pieces[-1]), LARGE)
        return next((i for i, piece in enumerate(reversed(self.pieces)) if len(piece) >= most), len(self.pieces))

    def _join(self, count: int) -> None:
        joined = join(self.pieces[-count:])
        self.nbytes += joined.array.nbytes - sum(piece.array.nbytes for piece in self.pieces[-count:])
        self.pieces[-count:] = [joined]

    def column(self) -> Column:
        """All values; there must be one."""
        if len(self.pieces) > 1:
            self._join(len(self.pieces))
        return self.pieces[0]

    def take(self, at: np.ndarray) -> Column:
        """The values at some positions; there must be one."""
        return self.column().take(at)

    def compact(self, at: np.ndarray) -> np.ndarray:
        """Forgets all values but those at some positions; returns their new ones."""
        kept = self.take(at)
        self.pieces, self.size, self.nbytes = [kept], len(kept), kept.array.nbytes
        return np.arange(len(kept))


class KeptItems:
    """Numbers that are appended."""

    def __init__(self, dtype: Any) -> None:
        self._array = np.empty(0, dtype)
        self._size = 0

    def keep(self, items: np.ndarray) -> None:
        """Appends some numbers."""
        size = self._size + len(items)
        if size > len(self._array):
            self._array = grown(self._array, size)
        self._array[self._size:size] = items
        self._size = size

    def items(self) -> np.ndarray:
        """All numbers."""
        return self._array[:self._size]

    @property
    def nbytes(self) -> int:
        """The bytes of the array."""
        return self._array.nbytes
