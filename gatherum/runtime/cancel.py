"""Stopping a query from outside: by a call, by a deadline, or by Ctrl-C while the caller waits."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Protocol, TypeVar, overload

from gatherum.errors import CancelledError, DeadlineError

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

TICK = 0.05


class Cancellation:
    """A token that a query's operators check between morsels; `cancel` may be called from any thread.

    `deadline` is a time of `time.monotonic`, None for no deadline.
    """

    __slots__ = ("_max_time_ms", "_reason", "deadline")

    def __init__(self, deadline: float | None = None) -> None:
        self.deadline = deadline
        self._max_time_ms: float | None = None
        self._reason: str | None = None

    @classmethod
    def after(cls, max_time_ms: float | None) -> Cancellation:
        """A token whose deadline is so many milliseconds from now; None and 0 mean no deadline."""
        token = cls(time.monotonic() + max_time_ms / 1000 if max_time_ms else None)
        token._max_time_ms = max_time_ms
        return token

    def cancel(self, reason: str = "the query was cancelled") -> None:
        """Makes every later `check` raise CancelledError with this reason; only the first call counts."""
        if self._reason is None:
            self._reason = reason

    @property
    def cancelled(self) -> bool:
        """Whether `check` would raise."""
        return self._reason is not None or (self.deadline is not None and time.monotonic() >= self.deadline)

    def remaining(self) -> float | None:
        """Seconds until the deadline, at least 0; None where there is none."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def check(self) -> None:
        """Raises CancelledError once cancelled, DeadlineError (code 50) once the deadline has passed."""
        if self._reason is not None:
            raise CancelledError(self._reason)
        if self.deadline is not None and time.monotonic() >= self.deadline:
            limit = f"its maxTimeMS of {self._max_time_ms:g} ms" if self._max_time_ms else "its deadline allows"
            raise DeadlineError(f"the query took longer than {limit}: give it more time, or less to read")


class Awaitable(Protocol[T_co]):
    """What `interruptible_wait` needs of a future."""

    def exception(self, timeout: float | None = None) -> BaseException | None: ...
    def result(self, timeout: float | None = None) -> T_co: ...
    def done(self) -> bool: ...


class Signal(Protocol):
    """What `interruptible_wait` needs of an event."""

    def wait(self, timeout: float | None = None) -> bool: ...


@overload
def interruptible_wait(waited: Awaitable[T], cancellation: Cancellation) -> T: ...
@overload
def interruptible_wait(waited: Signal, cancellation: Cancellation) -> None: ...
def interruptible_wait(waited: Any, cancellation: Cancellation) -> Any:
    """Waits for an event, or for a future's result, while other threads work.

    Ctrl-C, cancellation and the deadline end the wait within 0.2 seconds; what was waited for goes on.
    """
    if not hasattr(waited, "result"):
        while not waited.wait(_patience(cancellation)):
            cancellation.check()
        return None
    while not waited.done():
        cancellation.check()
        with suppress(TimeoutError):
            waited.exception(_patience(cancellation))
    return waited.result()


def _patience(cancellation: Cancellation) -> float:
    remaining = cancellation.remaining()
    return TICK if remaining is None else min(TICK, remaining)


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Has Ctrl-C wait until the end of some short work, in which a KeyboardInterrupt would be lost: such as calls of
    libraries that call back."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    waiting: list[FrameType | None] = []
    signal.signal(signal.SIGINT, lambda number, frame: waiting.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if waiting:
            handler(signal.SIGINT, waiting[0])
