"""What rows that occur several times add to totals by group."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from gatherum.kernels.buffers import fixed_values
from gatherum.kernels.states.additions import Additions, Values
from gatherum.kernels.states.slot_words import SlotWords
from gatherum.kernels.totals import NO_ROWS


class RepeatedAdditions(Additions):
    """Additions for rows of which each occurs so many `times`. Integers are ints: their products fit 64 bits."""

    def __init__(self, slots: np.ndarray, times: np.ndarray) -> None:
        super().__init__(slots)
        self._times = times

    def count(self, counts: SlotWords, step: int = 1, chosen: np.ndarray = NO_ROWS) -> None:
        """As `Additions.count`."""
        np.add.at(counts.array, self.slots, step * (self._times * chosen if len(chosen) else self._times))

    def integers(self, totals: SlotWords, carries: SlotWords, values: Values, chosen: np.ndarray = NO_ROWS) -> None:
        """As `Additions.integers`."""
        held = fixed_values(values) if isinstance(values, pa.Array) else values
        super().integers(totals, carries, held * self._times, chosen)
