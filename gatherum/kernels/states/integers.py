"""Exact totals of integers by group."""

from __future__ import annotations

import numpy as np

from gatherum.kernels.states.additions import Additions, Values
from gatherum.kernels.states.slot_words import LazyWords
from gatherum.kernels.totals import merge_integers


class IntegerTotals:
    """The totals of groups: total + 2**64 * carry, each a word. Nothing is held before there is something to add."""

    def __init__(self) -> None:
        self._totals = LazyWords()
        self._carries = LazyWords()

    def __bool__(self) -> bool:
        return len(self._totals) > 0

    def grow(self, groups: int) -> None:
        """Makes room for so many groups."""
        self._totals.grow(groups)
        self._carries.grow(groups)

    def add(self, additions: Additions, values: Values, chosen: np.ndarray) -> None:
        """Has int32 or int64 values added, those that are `chosen`; all where that is empty."""
        additions.integers(self._totals.held(), self._carries.held(), values, chosen)

    def merge(self, slots: np.ndarray, totals: np.ndarray) -> np.ndarray:
        """Adds totals of two words each to their slots'; returns the places of those that come near 128 bits."""
        failed = np.empty(len(slots) + 1, np.int64)
        return failed[:merge_integers(slots, totals, self._totals.held().array, self._carries.held().array, failed)]

    def of(self, groups: np.ndarray) -> np.ndarray:
        """The totals of some groups, two words each."""
        words = np.zeros((len(groups), 2), np.int64)
        if self:
            words[:, 0] = self._totals.array[groups]
            words[:, 1] = self._carries.array[groups]
            words[:, 1] += words[:, 0] >> 63
        return words.reshape(-1)

    def total(self, group: int) -> int:
        """One group's total."""
        return int(self._totals.array[group]) + (int(self._carries.array[group]) << 64) if self else 0

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        return self._totals.nbytes + self._carries.nbytes
