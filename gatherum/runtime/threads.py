"""Runs the morsels of a query on worker threads.

Threads live as long as the call that started them. With one thread everything runs on the caller's. Whatever the
number of threads, the error that is raised is the one of the lowest index.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from gatherum.errors import CancelledError, DeadlineError
from gatherum.runtime.cancel import TICK, Cancellation, interruptible_wait

T = TypeVar("T")
R = TypeVar("R")

WINDOW_PER_THREAD = 2
GRACE_SECONDS = 0.4
_NO_INDEX = sys.maxsize


class Worker(threading.Thread):
    """A thread of a query; it does not keep the process alive."""

    def __init__(self, target: Callable[..., object], *args: Any) -> None:
        super().__init__(target=target, args=args, name="gatherum-worker", daemon=True)
        self.start()


class _Outcome(Generic[T]):
    """What a call returned or raised, once it is `done`."""

    __slots__ = ("_error", "_result", "done")

    def __init__(self) -> None:
        self.done = threading.Event()
        self._result: Any = None
        self._error: BaseException | None = None

    def run(self, call: Callable[[], T]) -> bool:
        """Calls; whether it went well."""
        try:
            self._result = call()
        except BaseException as error:
            self._error = error
        self.done.set()
        return self._error is None

    def get(self) -> T:
        if self._error is not None:
            raise self._error
        return self._result


def run_aside(call: Callable[[], T], cancellation: Cancellation) -> T:
    """Runs a long library call on a thread of its own while the caller waits interruptibly.

    When the wait is ended by Ctrl-C or the cancellation, the call is left to itself; its thread ends with it.
    """
    outcome: _Outcome[T] = _Outcome()
    Worker(outcome.run, call)
    interruptible_wait(outcome.done, cancellation)
    return outcome.get()


def run_morsels(work: Iterable[Callable[[], T]], threads: int, cancellation: Cancellation) -> Iterator[T]:
    """The results of the calls in `work`, in its order.

    Calls are taken from `work` on the caller's thread, a few ahead of the result that is waited for. The error of a
    call, or of `work` itself, is raised in its turn, after the results before it. On an error, on cancellation, on
    Ctrl-C and when the generator is closed no further call is begun.
    """
    if threads == 1:
        for call in work:
            cancellation.check()
            yield call()
        return
    team = _Team(threads)
    calls = iter(work)
    window: deque[_Outcome[T]] = deque()
    more = True
    try:
        while True:
            while more and not team.failed and len(window) < threads * WINDOW_PER_THREAD:
                more = team.submit_next(calls, window)
            if not window:
                return
            interruptible_wait(window[0].done, cancellation)
            cancellation.check()
            yield window.popleft().get()
    finally:
        team.dismiss(cancellation)


class _Team:
    """Worker threads that take calls from one queue; they are started as the calls come."""

    def __init__(self, threads: int) -> None:
        self.failed = False
        self._threads = threads
        self._workers: list[Worker] = []
        self._queue: SimpleQueue[tuple[_Outcome[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._dismissed = False

    def submit_next(self, calls: Iterator[Callable[[], T]], window: deque[_Outcome[T]]) -> bool:
        """Hands out the next call, where there is one; an error of `calls` takes the place of its result."""
        outcome: _Outcome[T] = _Outcome()
        try:
            call = next(calls, None)
        except Exception as error:
            outcome.run(_raiser(error))
            window.append(outcome)
            return False
        if call is None:
            return False
        if len(self._workers) < self._threads:
            self._workers.append(Worker(self._work))
        window.append(outcome)
        self._queue.put((outcome, call))
        return True

    def _work(self) -> None:
        while (task := self._queue.get()) is not None and not self._dismissed:
            outcome, call = task
            if not outcome.run(call):
                self.failed = True
            del task, outcome, call

    def dismiss(self, cancellation: Cancellation) -> None:
        """Ends the threads, each after the call that it is in."""
        self._dismissed = True
        for _ in range(self._threads):
            self._queue.put(None)
        _join(self._workers, cancellation)


def run_workers(worker: Callable[[Iterator[T]], R], items: Iterable[T], threads: int,
                cancellation: Cancellation) -> list[R]:
    """One result of `worker` for each thread; every worker iterates over its share of the items.

    A worker gets the next item when it asks for it, in the order of `items`. A worker must deal with an item before
    it asks for the next: an error is taken to be about the last item that its worker got, and the one about the
    earliest item is raised, when the workers that hold earlier ones are done with them. In the other workers the
    iterator raises CancelledError, as it does on cancellation and on Ctrl-C.
    """
    shared = _Shared(iter(items), cancellation)
    if threads == 1:
        return [worker(shared.share())]
    shares = [shared.share() for _ in range(threads)]
    outcomes: list[_Outcome[R]] = [_Outcome() for _ in shares]

    def work(share: _Share[T], outcome: _Outcome[R]) -> None:
        if not outcome.run(lambda: worker(share)):
            shared.stop()

    workers: list[Worker] = []
    try:
        for share, outcome in zip(shares, outcomes, strict=True):
            workers.append(Worker(work, share, outcome))
        for outcome in outcomes:
            interruptible_wait(outcome.done, cancellation)
    finally:
        shared.stop()
        _join(workers, cancellation)
    order = sorted(range(threads), key=lambda number: (shares[number].stopped, shares[number].index, number))
    for number in order:
        outcomes[number].get()
    return [outcome.get() for outcome in outcomes]


class _Shared(Generic[T]):
    """Items that several threads take from one iterator."""

    def __init__(self, items: Iterator[T], cancellation: Cancellation) -> None:
        self._items = items
        self._cancellation = cancellation
        self._lock = threading.Lock()
        self._index = -1
        self._stopped = False

    def share(self) -> _Share[T]:
        return _Share(self)

    def stop(self) -> None:
        """Hands out no further item."""
        self._stopped = True

    def next_for(self, share: _Share[T]) -> T:
        with self._lock:
            if self._stopped:
                share.stopped = True
                raise CancelledError("another thread of the query has failed")
            self._cancellation.check()
            share.index = self._index + 1
            try:
                item = next(self._items)
            except StopIteration:
                share.index = _NO_INDEX
                raise
            self._index += 1
            return item


class _Share(Iterator[T]):
    """The items that one worker gets: `index` is that of its last one, `stopped` says that it was refused one."""

    def __init__(self, shared: _Shared[T]) -> None:
        self.index = -1
        self.stopped = False
        self._shared = shared

    def __next__(self) -> T:
        return self._shared.next_for(self)


def _join(workers: list[Worker], cancellation: Cancellation) -> None:
    """Waits for workers that have been told to stop.

    A query that was interrupted or cancelled waits for its workers' present morsels only briefly: one that takes
    long runs to its end alone.
    """
    hurried = isinstance(sys.exception(), (CancelledError, DeadlineError, KeyboardInterrupt))
    end = time.monotonic() + GRACE_SECONDS
    for worker in workers:
        while worker.is_alive() and not ((hurried or cancellation.cancelled) and time.monotonic() >= end):
            worker.join(TICK)


def _raiser(error: Exception) -> Callable[[], Any]:
    def fail() -> Any:
        raise error
    return fail
