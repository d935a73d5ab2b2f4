"""Queries that wait in line for memory."""

import threading
import time

import pytest
from budgets import LIMIT, open_elsewhere, start

from gatherum.errors import CancelledError, DeadlineError
from gatherum.runtime.cancel import Cancellation
from gatherum.runtime.threads import run_aside


def test_queries_queue_while_memory_is_full_in_the_order_they_came():
    started, _ = start()
    running = open_elsewhere(started, LIMIT)
    holder = running.consumer("group")
    holder.lease(LIMIT)
    admitted = []

    def query(name):
        with started.open(LIMIT, Cancellation()):
            admitted.append(name)

    threads = []
    for name in ("second", "third"):
        threads.append(threading.Thread(target=query, args=(name,)))
        threads[-1].start()
        time.sleep(0.05)
    assert admitted == []
    holder.release()
    for thread in threads:
        thread.join(5)
    assert admitted == ["second", "third"]


def test_a_closed_query_makes_room():
    started, _ = start()
    running = open_elsewhere(started, LIMIT)
    running.consumer("group").lease(LIMIT)
    waiting = threading.Thread(target=lambda: started.open(LIMIT, Cancellation()).close())
    waiting.start()
    time.sleep(0.05)
    assert waiting.is_alive()
    running.close()
    waiting.join(5)
    assert not waiting.is_alive()


def test_waiting_in_line_ends_with_the_deadline_and_with_cancel():
    started, _ = start()
    running = open_elsewhere(started, LIMIT)
    running.consumer("group").lease(LIMIT)
    with pytest.raises(DeadlineError):
        started.open(LIMIT, Cancellation.after(50))
    token = Cancellation()
    threading.Timer(0.05, token.cancel).start()
    with pytest.raises(CancelledError):
        started.open(LIMIT, token)
    running.close()
    started.open(LIMIT, Cancellation()).close()


def test_a_query_within_a_query_does_not_wait():
    started, _ = start()
    with started.open(LIMIT, Cancellation()) as outer:
        outer.consumer("group").lease(LIMIT)
        started.open(LIMIT, Cancellation.after(1000)).close()
        run_aside(lambda: started.open(LIMIT, Cancellation.after(1000)).close(), Cancellation())
