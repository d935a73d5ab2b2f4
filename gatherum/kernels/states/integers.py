"""Exact totals of integers by group."""

from __future__ import annotations

from typing import Final

import numpy as np

from gatherum.kernels.scratch import padded
from gatherum.kernels.states.additions import Additions
from gatherum.kernels.totals import merge_integers

_NO_WORDS: Final = np.empty(0, np.int64)


class IntegerTotals:
    """The totals of groups: total + 2**64 * carry, each a word. Nothing is held before there is something to add."""

    def __init__(self) -> None:
        self._room = 0
        self._totals = _NO_WORDS
        self._carries = _NO_WORDS

    def __bool__(self) -> bool:
        return len(self._totals) > 0

    def grow(self, groups: int) -> None:
        """Makes room for so many groups."""
        self._room = groups
        if self:
            self._totals, self._carries = padded(self._totals, groups), padded(self._carries, groups)

    def _hold(self) -> None:
        if not self:
            self._totals, self._carries = np.zeros(self._room, np.int64), np.zeros(self._room, np.int64)

    def add(self, additions: Additions, values: np.ndarray, chosen: np.ndarray) -> None:
        """Has int32 or int64 values added, those that are `chosen`; all where that is empty."""
        self._hold()
        additions.integers(self._totals, self._carries, values, chosen)

    def merge(self, slots: np.ndarray, totals: np.ndarray) -> np.ndarray:
        """Adds totals of two words each to their slots'; returns the places of those that come near 128 bits."""
        self._hold()
        failed = np.empty(len(slots) + 1, np.int64)
        return failed[:merge_integers(slots, totals, self._totals, self._carries, failed)]

    def of(self, groups: np.ndarray) -> np.ndarray:
        """The totals of some groups, two words each."""
        words = np.zeros((len(groups), 2), np.int64)
        if self:
            words[:, 0] = self._totals[groups]
            words[:, 1] = self._carries[groups]
            words[:, 1] += words[:, 0] >> 63
        return words.reshape(-1)

    def total(self, group: int) -> int:
        """One group's total."""
        return int(self._totals[group]) + (int(self._carries[group]) << 64) if self else 0

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        return self._totals.nbytes + self._carries.nbytes
