"""The memory of one query: a budget, and a consumer for each of its operators.

Operators say what they hold through a `Consumer` and ask, once a morsel, whether they should spill.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from gatherum.runtime.memory import Runtime


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

    `held` counts what is taken, and what will be taken `later`, to finish or to spill. An operator that could not
    spill now, because it is writing its result out, sets `spillable` to False.
    """

    __slots__ = ("_decided", "_morsels", "asked", "budget", "held", "later", "name", "peak", "spillable")

    def __init__(self, budget: Budget, name: str) -> None:
        self.budget = budget
        self.name = name
        self.held = 0
        self.later = 0
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

    def hold(self, size: int, later: int = 0) -> None:
        """Holds `size` bytes in all from now on, and will need `later` bytes beside them."""
        self.later = later
        self.budget.runtime.lease(self, size + later - self.held)

    def should_spill(self) -> bool:
        """Whether to write out what is held. To be asked once a morsel."""
        self._morsels += 1
        forced = self.budget.spill_every and self._morsels % self.budget.spill_every == 0
        if forced or self.asked:
            self.asked = False
            return self.held > 0
        if self.held == self._decided and not self.budget.runtime.is_to_measure():
            return False
        self._decided = -1 if self.budget.runtime.decide(self) else self.held
        return self._decided < 0

    def close(self) -> None:
        """Gives everything back and leaves the budget."""
        self.hold(0)
        with self.budget.runtime.changed:
            if self in self.budget.consumers:
                self.budget.consumers.remove(self)
