"""Memory: one runtime for the process, a budget for each query, and the decision which operator writes to disk.

Operators say what they hold through a `Consumer` and ask, once a morsel, whether they should spill. The answer goes by
what all say they hold, and by how much the process has really grown.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from gatherum.errors import ResourceError
from gatherum.runtime import machine
from gatherum.runtime.cancel import TICK, Cancellation
from gatherum.runtime.settings import MEMORY_SHARE, UNKNOWN_MEMORY
from gatherum.runtime.threads import Worker

# Shares of the memory allowed: what must be held for a spill to help against growth, and what a query must find free
# to begin; and by how much the limit may be passed while the largest consumer has yet to spill.
WORTHWHILE = 16
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

    def decide(self, consumer: Consumer, estimated: int) -> bool:
        """Whether this consumer is the one to spill, if it is about to take `estimated` bytes more."""
        growth = self._growth_lately()
        budget = consumer.budget
        with self.changed:
            budget.note(growth)
            own = budget.held + estimated - budget.limit
            if own > 0:
                return self._choose(consumer, budget.consumers, own, budget.limit)
            allowed = self._allowed()
            everyone = [other for each in self._budgets for other in each.consumers]
            if self._held() + estimated > allowed:
                return self._choose(consumer, everyone, self._held() + estimated - allowed, allowed)
            if growth is None or growth + estimated <= allowed:
                return False
        grown = self._growth_trimmed(growth, allowed)
        with self.changed:
            # What other code of the process holds cannot be spilled: to spill next to nothing would not help.
            excess = grown + estimated - allowed
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


class Budget:
    """The memory of one query. A context manager; closing it releases what its consumers hold.

    `peak` is the most that its consumers said they held at once; `peak_growth` the most that the process had grown
    when that was measured, None where it never was. With `spill_every`, every consumer that holds something is told
    to spill each time it has asked so often.
    """

    def __init__(self, runtime: Runtime, limit: int, spill_every: int = 0) -> None:
        self.limit = limit
        self.spill_every = spill_every
        self.owner = threading.current_thread()
        self.peak = 0
        self.peak_growth: int | None = None
        self.consumers: list[Consumer] = []
        self.runtime = runtime

    @property
    def held(self) -> int:
        """Bytes that the query's consumers say they hold."""
        return sum(consumer.held for consumer in self.consumers)

    def consumer(self, name: str) -> Consumer:
        """A new consumer, for one operator on one thread; `name` is for messages."""
        consumer = Consumer(self, name)
        with self.runtime.changed:
            self.consumers.append(consumer)
        return consumer

    def note(self, growth: int | None = None) -> None:
        """Brings the peaks up to date."""
        self.peak = max(self.peak, self.held)
        if growth is not None:
            self.peak_growth = max(self.peak_growth or 0, growth)

    def exceeded(self, name: str, size: int) -> ResourceError:
        """The error of a consumer that cannot do with less than `size` bytes."""
        return ResourceError(f"{name} needs {size:,} bytes of memory, of which {self.held:,} are in use, and the "
                             f"query's limit is {self.limit:,}: raise the setting memory_limit")

    def close(self) -> None:
        """Gives everything back; may be called again."""
        self.runtime.close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()


class Consumer:
    """What an operator holds of a query's memory. It is used by one thread.

    An operator that could not spill now, because it is writing its result out, sets `spillable` to False.
    """

    __slots__ = ("_decided", "_morsels", "asked", "budget", "held", "name", "peak", "spillable")

    def __init__(self, budget: Budget, name: str) -> None:
        self.budget = budget
        self.name = name
        self.held = 0
        self.peak = 0
        self.spillable = True
        self.asked = False
        self._morsels = 0
        self._decided = -1

    def lease(self, size: int) -> None:
        """Takes `size` bytes more; that is never refused, `should_spill` says what follows."""
        self.budget.runtime.lease(self, size)

    def release(self, size: int | None = None) -> None:
        """Gives `size` bytes back, or all."""
        self.budget.runtime.lease(self, -self.held if size is None else -size)

    def hold(self, size: int) -> None:
        """Holds `size` bytes in all from now on."""
        self.budget.runtime.lease(self, size - self.held)

    def require(self, size: int) -> None:
        """Takes `size` bytes more, or raises ResourceError: for what must be in memory as a whole."""
        if self.budget.held + size > self.budget.limit:
            raise self.budget.exceeded(self.name, self.held + size)
        self.lease(size)

    def should_spill(self, estimated: int = 0) -> bool:
        """Whether to write out what is held before taking about `estimated` bytes more. To be asked once a morsel."""
        self._morsels += 1
        forced = self.budget.spill_every and self._morsels % self.budget.spill_every == 0
        if forced or self.asked:
            self.asked = False
            return self.held > 0
        if self.held + estimated == self._decided and not self.budget.runtime.is_to_measure():
            return False
        self._decided = -1 if self.budget.runtime.decide(self, estimated) else self.held + estimated
        return self._decided < 0

    def close(self) -> None:
        """Gives everything back and leaves the budget."""
        self.release()
        with self.budget.runtime.changed:
            if self in self.budget.consumers:
                self.budget.consumers.remove(self)


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
