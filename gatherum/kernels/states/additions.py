"""What one batch adds to totals by group: collected from all aggregates first, then done by one kernel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gatherum.kernels.additions import COUNT, DOUBLE, INT32, INT64, add_columns
from gatherum.kernels.scratch import Scratch
from gatherum.kernels.totals import NO_ROWS

Outside = Callable[[np.ndarray], None]


class Additions:
    """Additions for a batch whose rows are of the groups `slots`. They are done when `run` is called.

    Counts and the totals of integers are one word a group, those of doubles two. `chosen` says which rows take part:
    bytes, or nothing for all.
    """

    def __init__(self, slots: np.ndarray, scratch: Scratch | None = None) -> None:
        self.slots = slots
        self._scratch = Scratch() if scratch is None else scratch
        self._jobs: list[tuple[int, int, int, int, int]] = []
        self._alive: list[np.ndarray] = []
        self._outside: dict[int, Outside] = {}

    def count(self, counts: np.ndarray, step: int = 1, chosen: np.ndarray = NO_ROWS) -> None:
        """Adds `step` for every row."""
        self._add(COUNT, NO_ROWS, chosen, counts, step)

    def integers(self, totals: np.ndarray, carries: np.ndarray, values: np.ndarray,
                 chosen: np.ndarray = NO_ROWS) -> None:
        """Adds int32 or int64 values."""
        self._alive.append(carries)
        self._add(INT32 if values.dtype == np.int32 else INT64, values, chosen, totals, carries.ctypes.data)

    def doubles(self, totals: np.ndarray, values: np.ndarray, chosen: np.ndarray, base: int, outside: Outside) -> None:
        """Adds doubles in units of 2**(base - 1075); `outside` is given the rows that the window does not hold."""
        self._outside[len(self._jobs)] = outside
        self._add(DOUBLE, values, chosen, totals, base)

    def _add(self, operation: int, values: np.ndarray, chosen: np.ndarray, totals: np.ndarray, parameter: int) -> None:
        self._alive += (values, chosen, totals)             # as long as only their addresses are known
        self._jobs.append((operation, values.ctypes.data, chosen.ctypes.data if len(chosen) else 0,
                           totals.ctypes.data, parameter))

    def run(self) -> None:
        """Does what was collected."""
        if not self._jobs:
            return
        room = len(self.slots) + 1 if self._outside else 0
        outside = self._scratch.array("outside", np.int64, len(self._jobs) * room).reshape(len(self._jobs), room)
        add_columns(self.slots, np.array(self._jobs, np.int64), outside)
        for job, take in self._outside.items():
            if outside[job, 0]:
                take(outside[job, 1:outside[job, 0] + 1])
