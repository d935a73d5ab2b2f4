"""Memory: one runtime for the process, which leases memory to the queries' budgets and decides which operator spills.

The decision goes by what all operators say they hold, and by how much the process has really grown.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable

from gatherum.runtime import machine
from gatherum.runtime.budget import Budget, Consumer
from gatherum.runtime.cancel import TICK, Cancellation
from gatherum.runtime.settings import MEMORY_SHARE, UNKNOWN_MEMORY
from gatherum.runtime.threads import Worker

# Shares of the memory allowed: what must be held for a spill to help against growth, and what a query must find free
# to begin; and by how much the limit may be passed while the largest consumer has yet to spill.
WORTHWHILE = 8
OVERRUN = 8
MEASURED_EVERY = 0.01

Trim = Callable[[], object]


class Runtime:
    """The memory of the process, leased to queries; `limit` bounds what all of them hold together.

    A single query whose own limit is higher raises the bound to it. `resident` measures the process, None where it
    cannot be measured; decisions rest on a measurement that is at most `measured_every` seconds old.
    """

    def __init__(self, limit: int, resident: Callable[[], int | None] = machine.anonymous_resident,
                 measured_every: float = 0.0) -> None:
        self.limit = limit
        self.measured_every = measured_every
        self._resident = resident
        self._trims: list[Trim] = []
        self.restart()

    def restart(self) -> None:
        """Forgets all queries and measures growth from now on: for a process that has just been forked."""
        self.changed = threading.Condition()
        self._budgets: list[Budget] = []
        self._waiting: deque[Budget] = deque()
        self._baseline = self._resident()
        self._growth_after_trim: int | None = None
        self._lately: tuple[float, int | None] = (-math.inf, None)

    def on_trim(self, trim: Trim) -> None:
        """Has `trim` called before a spill is decided on because the process has grown: it should empty a pool."""
        if trim not in self._trims:
            self._trims.append(trim)

    def growth(self) -> int | None:
        """Bytes of anonymous memory that the process has gained since the runtime started; None where not known."""
        resident = self._resident()
        return None if resident is None or self._baseline is None else max(0, resident - self._baseline)

    def is_to_measure(self) -> bool:
        """Whether the last measurement is too old to decide on."""
        return time.monotonic() - self._lately[0] >= self.measured_every

    def _growth_lately(self) -> int | None:
        if self.is_to_measure():
            self._lately = time.monotonic(), self.growth()
        return self._lately[1]

    def held(self) -> int:
        """Bytes that all queries say they hold."""
        with self.changed:
            return self._held()

    def open(self, limit: int, cancellation: Cancellation, spill_every: int = 0) -> Budget:
        """A budget for a query, to be closed by it; waits in line while the queries before it hold all the memory.

        A query begun within another one, from the same thread or from one of its workers, does not wait: the outer
        one could not go on.
        """
        budget = Budget(self, limit, spill_every)
        with self.changed:
            if not self._is_nested(budget):
                self._wait_in_line(budget, cancellation)
            self._budgets.append(budget)
        return budget

    def _is_nested(self, budget: Budget) -> bool:
        return isinstance(threading.current_thread(), Worker) or any(
            other.owner is budget.owner for other in self._budgets)

    def _wait_in_line(self, budget: Budget, cancellation: Cancellation) -> None:
        self._waiting.append(budget)
        try:
            while self._waiting[0] is not budget or not self._has_room_for(budget):
                self.changed.wait(TICK)
                cancellation.check()
        finally:
            self._waiting.remove(budget)
            self.changed.notify_all()

    def _has_room_for(self, budget: Budget) -> bool:
        total = max(self.limit, budget.limit)
        return not self._budgets or self._held() + min(total, budget.limit) // WORTHWHILE <= total

    def _held(self) -> int:
        return sum(budget.held for budget in self._budgets)

    def _allowed(self) -> int:
        limits = [budget.limit for budget in self._budgets]
        return min(sum(limits), max(self.limit, *limits)) if limits else self.limit

    def lease(self, consumer: Consumer, change: int) -> None:
        """Records that a consumer holds more, or less."""
        with self.changed:
            consumer.held = max(0, consumer.held + change)
            consumer.peak = max(consumer.peak, consumer.held)
            consumer.budget.note()
            if change < 0 and self._waiting:
                self.changed.notify_all()

    def decide(self, consumer: Consumer) -> bool:
        """Whether this consumer is the one to spill."""
        growth = self._growth_lately()
        budget = consumer.budget
        with self.changed:
            budget.note(growth)
            own = budget.held - budget.limit
            if own > 0:
                return self._choose(consumer, budget.consumers, own, budget.limit)
            allowed = self._allowed()
            everyone = [other for each in self._budgets for other in each.consumers]
            if self._held() > allowed:
                return self._choose(consumer, everyone, self._held() - allowed, allowed)
            later = sum(other.later for other in everyone)
            if growth is None or growth + later <= allowed:
                return False
        grown = self._growth_trimmed(growth, allowed)
        with self.changed:
            # What other code of the process holds cannot be spilled: to spill next to nothing would not help.
            excess = grown + later - allowed
            return excess > 0 and self._held() >= allowed // WORTHWHILE and self._choose(
                consumer, everyone, excess, allowed)

    def _choose(self, consumer: Consumer, candidates: list[Consumer], excess: int, allowed: int) -> bool:
        candidates = [other for other in candidates if other.spillable and other.held]
        if not candidates:
            return False
        largest = max(candidates, key=lambda other: other.held)
        if consumer in candidates and consumer.held == largest.held:
            return True
        largest.asked = True
        # The one asked may be idle, and cannot be waited for: past this overrun everyone spills.
        return consumer in candidates and excess > allowed // OVERRUN

    def _growth_trimmed(self, growth: int, allowed: int) -> int:
        """Growth after the pools were trimmed; they are trimmed again only when there may be something to gain."""
        last = self._growth_after_trim
        if last is not None and last <= growth < last + allowed // WORTHWHILE:
            return growth
        for trim in (*self._trims, trim_heap):
            trim()
        self._growth_after_trim = self.growth()
        return growth if self._growth_after_trim is None else self._growth_after_trim

    def close(self, budget: Budget) -> None:
        """Takes back all that a query held."""
        with self.changed:
            budget.consumers.clear()
            if budget in self._budgets:
                self._budgets.remove(budget)
            self.changed.notify_all()


def trim_heap() -> None:
    """Has the C library's heap return free pages to the system, where it can."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)


_runtime: Runtime | None = None
_starting = threading.Lock()


def runtime() -> Runtime:
    """The runtime of this process; it starts when first asked for."""
    global _runtime
    if _runtime is None:
        with _starting:
            if _runtime is None:
                _runtime = Runtime(int((machine.memory_limit() or UNKNOWN_MEMORY) * MEMORY_SHARE),
                                   measured_every=MEASURED_EVERY)
    return _runtime


def _after_fork() -> None:
    global _starting
    _starting = threading.Lock()
    if _runtime is not None:
        _runtime.restart()


os.register_at_fork(after_in_child=_after_fork)
