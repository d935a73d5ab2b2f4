"""What one batch adds to totals by group: collected from all aggregates first, then done by one kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.additions import COUNT, DOUBLE, INT32, INT64, add_columns
from gatherum.kernels.scratch import Scratch
from gatherum.kernels.states.slot_words import SlotWords
from gatherum.kernels.totals import NO_ROWS

_INT: Final = pa.int32()
_LISTED: Final = 6
Outside = Callable[[np.ndarray], None]
Values = np.ndarray | pa.Array
"""The values of all rows; of an Arrow array also those in invalid slots are read."""


class Additions:
    """Additions for a batch whose rows are of the groups `slots`. They are done when `run` is called.

    Counts and the totals of integers are one word a group, those of doubles two; none may grow before `run`. `chosen`
    says which rows take part: bytes, or nothing for all.
    """

    def __init__(self, slots: np.ndarray, scratch: Scratch | None = None) -> None:
        self.slots = slots
        self._scratch = Scratch() if scratch is None else scratch
        self._jobs: list[tuple[int, int, int, int, int, int, int]] = []
        self._counts = 0
        self._alive: list[Values] = []
        self._outside: dict[int, Outside] = {}

    def count(self, counts: SlotWords, step: int = 1, chosen: np.ndarray = NO_ROWS) -> None:
        """Adds `step` for every row."""
        if step == 1 and not len(chosen) and not self._counts:
            self._counts = counts.address                   # done along with something else, where that can be
        else:
            self._jobs.append((COUNT, 0, self._chosen(chosen), counts.address, step, 0, 0))

    def integers(self, totals: SlotWords, carries: SlotWords, values: Values, chosen: np.ndarray = NO_ROWS) -> None:
        """Adds int32 or int64 values."""
        operation, size = (INT32, 4) if _is_narrow(values) else (INT64, 8)
        counts = 0
        if operation == INT64 and not len(chosen):
            counts, self._counts = self._counts, 0
        self._jobs.append((operation, self._address(values, size), self._chosen(chosen), totals.address,
                           carries.address, counts, 0))

    def doubles(self, totals: SlotWords, values: Values, chosen: np.ndarray, base: int, outside: Outside) -> None:
        """Adds doubles in units of 2**(base - 1075); `outside` is given the rows that the window does not hold."""
        self._outside[len(self._jobs)] = outside
        self._jobs.append((DOUBLE, self._address(values, 8), self._chosen(chosen), totals.address, base,
                           self._counts, 0))
        self._counts = 0

    def _address(self, values: Values, size: int) -> int:
        self._alive.append(values)                          # as long as only its address is known
        if isinstance(values, np.ndarray):
            return values.ctypes.data
        return values.buffers()[1].address + size * values.offset if len(values) else 0

    def _chosen(self, chosen: np.ndarray) -> int:
        return self._address(chosen, 1) if len(chosen) else 0

    def run(self) -> None:
        """Does what was collected."""
        if self._counts:
            self._jobs.append((COUNT, 0, 0, self._counts, 1, 0, 0))
        if not self._jobs:
            return
        room = len(self.slots) if self._outside else 0
        outside = self._scratch.array("outside", np.int64, len(self._jobs) * room).reshape(len(self._jobs), room)
        jobs = np.array(self._jobs, np.int64)
        add_columns(self.slots, jobs, outside)
        for job, take in self._outside.items():
            if jobs[job, _LISTED]:
                take(outside[job, :jobs[job, _LISTED]])
        self._outside.clear()                               # which knows of these additions: a batch is let go at once
        self._alive.clear()


def _is_narrow(values: Values) -> bool:
    return values.dtype == np.int32 if isinstance(values, np.ndarray) else values.type == _INT
