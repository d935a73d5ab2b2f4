"""Codes of integers by direct index, in front of a word table that knows them all."""

from __future__ import annotations

from typing import Final

import numpy as np

from gatherum.kernels.direct import UNKNOWN, IntegerKernels
from gatherum.kernels.scratch import Scratch
from gatherum.kernels.tables import WIDEST_RANGE, WordTable
from gatherum.types.values import INT64_MAX, INT64_MIN

MANY: Final = 4
"""A range that a MANY-th of the rows miss is chosen anew."""
SAMPLE: Final = 1024
"""The first range is that of so many rows, from all parts of the first batch."""

FIRST_ROWS: Final = 1 << 12
"""As long as no integer has a code every row is looked at twice: so few rows are encoded first."""


class RangeTable:
    """Codes of integers by direct index, in front of a word table that knows them all.

    The range is chosen from the integers seen, and given up where it would be wide.
    """

    def __init__(self, table: WordTable) -> None:
        self.table = table
        self.lowest = 0
        self.lookup = _NOTHING
        self.wide = False
        self._indexed = 0

    @property
    def nbytes(self) -> int:
        """The bytes of the index."""
        return self.lookup.nbytes

    def encode(self, values: np.ndarray, high: np.ndarray, kind: np.uint64, codes: np.ndarray,
               scratch: Scratch) -> np.ndarray:
        """As `WordTable.encode`, with first words that are int32 or int64; the rows with `kind` in `high` are
        integers."""
        if self.lookup is _NOTHING and not self.wide:
            step = -(-len(values) // SAMPLE) or 1
            self._widen(_integers(values[::step], high[::step] if len(high) == len(values) else high, kind))
            if len(values) > FIRST_ROWS:
                for part in (slice(FIRST_ROWS), slice(FIRST_ROWS, None)):
                    self.encode(values[part], high[part] if len(high) == len(values) else high, kind, codes[part],
                                scratch)
                return codes
        if self.wide:
            return self.table.encode(_words(values, scratch), high, codes)
        fresh = scratch.array("fresh", np.int64, len(values))
        listed = IntegerKernels.of(values).look_up(values, high, kind, self.lowest, self.lookup, codes, fresh)
        if not listed or self._learn_in_order(values, high, kind, codes, fresh[:listed]):
            return codes
        if self._learn(values, high, kind, codes, fresh[:listed]):
            return codes
        return self.encode(values, high, kind, codes, scratch)

    def _learn_in_order(self, values: np.ndarray, high: np.ndarray, kind: np.uint64, codes: np.ndarray,
                        rows: np.ndarray) -> bool:
        """Gives the rows the next codes, where there are only integers of the range, and always were."""
        if self._indexed < self.table.size or (len(high) == len(values) and (high[rows] != kind).any()):
            return False
        done = IntegerKernels.of(values).learn_in_order(values, kind, self.lowest, self.lookup, rows, self.table.size,
                                                        self.table.room(len(rows)), codes)
        if done:
            self.table.appended(len(rows))
            self._indexed += len(rows)
        return done

    def _learn(self, values: np.ndarray, high: np.ndarray, kind: np.uint64, codes: np.ndarray,
               rows: np.ndarray) -> bool:
        """Gives the rows the codes that the table has for them; False where it chose a new range instead."""
        missed, some = values[rows].astype(np.int64), high[rows] if len(high) == len(values) else high
        whole = _integers(missed, some, kind)
        inside = self._inside(whole)
        learnt = int(np.count_nonzero(inside))
        if MANY * (len(whole) - learnt) > len(values):
            self.lookup[whole[inside] - self.lowest] = UNKNOWN
            self._widen(whole[~inside])
            return False
        found = self.table.encode(missed.view(np.uint64), some, np.empty(len(rows), np.int32))
        IntegerKernels.of(values).learn(values, high, kind, self.lowest, self.lookup, rows, found, codes)
        self._indexed += learnt
        return True

    def _inside(self, values: np.ndarray) -> np.ndarray:
        return values.view(np.uint64) - np.array(self.lowest).view(np.uint64) < len(self.lookup) - 1

    def _widen(self, values: np.ndarray) -> None:
        """Makes the range hold these integers too, with a margin."""
        if not len(values):
            return
        low, high, known = int(values.min()), int(values.max()), len(self.lookup) - 1
        if known:
            low, high = min(low, self.lowest), max(high, self.lowest + known - 1)
        margin = (high - low) // 4 + 64
        low, high = max(low - margin, INT64_MIN), min(high + margin, INT64_MAX)
        self.wide = high - low >= WIDEST_RANGE
        lookup = _NOTHING if self.wide else np.full(high - low + 2, -1, np.int32)
        if not self.wide and known:
            lookup[self.lowest - low:][:known] = self.lookup[:known]
        self.lowest, self.lookup = low, lookup


def _integers(values: np.ndarray, high: np.ndarray, kind: np.uint64) -> np.ndarray:
    """Those of some first words that are integers; `high` may hold one word for all."""
    return values[high == kind] if len(high) == len(values) else values


def _words(values: np.ndarray, scratch: Scratch) -> np.ndarray:
    """Integers as words of 64 bits."""
    if values.dtype == np.int64:
        return values.view(np.uint64)
    words = scratch.array("words", np.int64, len(values))
    words[:] = values
    return words.view(np.uint64)


_NOTHING: Final = np.full(1, -1, np.int32)
