"""Rows that states keep: pieces of columns, addressed as if they were one."""

from __future__ import annotations

from typing import Final

import numpy as np

from gatherum.kernels.columns.column import Column, concat, plain_strings

LARGE: Final = 1 << 16
"""Pieces of so many rows are not joined before they have to be."""


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
        while len(self.pieces) > 1 and len(self.pieces[-2]) < min(2 * len(self.pieces[-1]), LARGE):
            self._join(2)

    def _join(self, count: int) -> None:
        joined = concat(self.pieces[-count:])
        self.nbytes += joined.array.nbytes - sum(piece.array.nbytes for piece in self.pieces[-count:])
        self.pieces[-count:] = [joined]

    def column(self) -> Column:
        """All values."""
        if len(self.pieces) > 1:
            self._join(len(self.pieces))
        return self.pieces[0]

    def take(self, at: np.ndarray) -> Column:
        """The values at some positions."""
        return self.column().take(at)
