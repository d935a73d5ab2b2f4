"""Marks of groups: bits that say what kinds of values a group has seen."""

from __future__ import annotations

import numpy as np

from gatherum.kernels.scratch import padded
from gatherum.kernels.totals import mark_groups


class Marks:
    """The marks of groups 0 to `size` - 1, each of which came with some row.

    As long as all rows of all batches had the same mark, that one is all there is to hold.
    """

    def __init__(self) -> None:
        self.size = 0
        self._common: int | None = 0
        self._covered = 0
        self._marks = np.zeros(0, np.uint8)

    def grow(self, size: int) -> None:
        """Adds groups without marks."""
        self.size = size

    def mark(self, slots: np.ndarray, mark: int, chosen: np.ndarray) -> None:
        """Marks the groups of the rows of a batch: those that are `chosen`, all where that is empty."""
        if self._common is not None and (not self._covered or self._common == mark) and not (len(chosen) and mark):
            self._common, self._covered = mark, self.size
            return
        self._spread()
        if mark:
            mark_groups(slots, chosen, mark, self._room())

    def merge(self, slots: np.ndarray, other: Marks) -> None:
        """Adds the marks of another table's groups, whose group i has slot i."""
        if other._common is not None and self._common is not None and (
                not self._covered or self._common == other._common):
            self._common, self._covered = other._common, self.size
            return
        self._spread()
        self._room()[slots] |= other.of(np.arange(len(slots)))

    def clear(self, mark: int) -> None:
        """Takes the bits `mark` from all groups."""
        if self._common is not None:
            self._common &= ~mark
        else:
            self._marks &= np.uint8(~mark & 0xFF)

    def _spread(self) -> None:
        """Gives every group its own marks."""
        if self._common is not None:
            self._room()[:self._covered] |= np.uint8(self._common)
            self._common = None

    def _room(self) -> np.ndarray:
        if len(self._marks) < self.size:
            self._marks = padded(self._marks, self.size)
        return self._marks

    def of(self, groups: np.ndarray) -> np.ndarray:
        """The marks of some groups."""
        return np.full(len(groups), self._common, np.uint8) if self._common is not None else self._room()[groups]

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        return self._marks.nbytes
