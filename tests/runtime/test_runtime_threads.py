import signal
import subprocess
import sys
import threading
import time

import pytest

from gatherum.errors import CancelledError, DeadlineError
from gatherum.runtime.cancel import Cancellation
from gatherum.runtime.threads import Worker, run_aside, run_morsels, run_workers


def workers_alive():
    return [thread for thread in threading.enumerate() if isinstance(thread, Worker)]


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    before = set(workers_alive())
    yield
    assert set(workers_alive()) <= before


def square(number, seconds=0.0):
    def call():
        time.sleep(seconds)
        return number * number
    return call


def failing(message, seconds=0.0):
    def call():
        time.sleep(seconds)
        raise ValueError(message)
    return call


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order(threads):
    work = (square(number, 0.003 * (number % 3)) for number in range(40))
    assert list(run_morsels(work, threads, Cancellation())) == [number * number for number in range(40)]
    assert list(run_morsels(iter([]), threads, Cancellation())) == []


def test_one_thread_is_the_callers():
    assert list(run_morsels(iter([threading.get_ident]), 1, Cancellation())) == [threading.get_ident()]
    assert run_workers(lambda items: threading.get_ident(), [1], 1, Cancellation()) == [threading.get_ident()]


def test_calls_run_at_the_same_time():
    barrier = threading.Barrier(3)
    work = [lambda: barrier.wait(5)] * 3
    assert sorted(run_morsels(iter(work), 3, Cancellation())) == [0, 1, 2]


def test_look_ahead_is_bounded():
    taken = []

    def work():
        for number in range(1000):
            taken.append(number)
            yield square(number)

    results = run_morsels(work(), 2, Cancellation())
    assert next(results) == 0
    assert len(taken) <= 6
    results.close()


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_error_of_the_lowest_index_is_raised_after_the_results_before_it(threads):
    work = [square(0), square(1), failing("slow and first", 0.05), failing("quick and second"), square(4)]
    seen = []
    with pytest.raises(ValueError, match="slow and first"):
        for result in run_morsels(iter(work), threads, Cancellation()):
            seen.append(result)
    assert seen == [0, 1]


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_of_the_work_itself_takes_its_turn(threads):
    def work():
        yield square(2, 0.02)
        raise ValueError("unreadable")

    results = run_morsels(work(), threads, Cancellation())
    assert next(results) == 4
    with pytest.raises(ValueError, match="unreadable"):
        next(results)


def test_no_call_begins_after_an_error():
    begun = []

    def noted(number):
        def call():
            begun.append(number)
            if number == 0:
                raise ValueError("at once")
        return call

    with pytest.raises(ValueError, match="at once"):
        list(run_morsels((noted(number) for number in range(1000)), 2, Cancellation()))
    assert len(begun) <= 5


@pytest.mark.parametrize("threads", [1, 2])
def test_cancelling_stops_morsels(threads):
    token = Cancellation()
    begun = []

    def call():
        begun.append(1)
        time.sleep(0.01)

    threading.Timer(0.05, token.cancel).start()
    start = time.monotonic()
    with pytest.raises(CancelledError):
        list(run_morsels((call for _ in range(10_000)), threads, token))
    assert time.monotonic() - start < 0.6
    assert 0 < len(begun) < 100


def test_a_deadline_does_not_wait_for_a_long_morsel():
    release = threading.Event()
    start = time.monotonic()
    with pytest.raises(DeadlineError):
        list(run_morsels(iter([lambda: release.wait(20)] * 3), 2, Cancellation.after(50)))
    assert time.monotonic() - start < 1
    release.set()
    for thread in workers_alive():
        thread.join(5)


def test_closing_the_generator_stops_the_threads():
    results = run_morsels((square(number, 0.005) for number in range(1000)), 2, Cancellation())
    assert next(results) == 0
    assert workers_alive()
    results.close()
    assert not workers_alive()


def test_workers_share_the_items():
    token = Cancellation()
    results = run_workers(lambda items: [item for item in items if time.sleep(0.001) is None], range(50), 3, token)
    assert len(results) == 3
    assert sorted(item for result in results for item in result) == list(range(50))
    assert all(result == sorted(result) for result in results)


def add_up(items):
    total = 0
    for number, seconds in items:
        time.sleep(seconds)
        if number < 0:
            raise ValueError(f"item {number}")
        total += number
    return total


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_error_about_the_earliest_item_is_raised(threads):
    items = [(1, 0.0), (-1, 0.05), (-2, 0.0), *[(1, 0.001)] * 50]
    taken = []
    with pytest.raises(ValueError, match="item -1"):
        run_workers(add_up, (taken.append(item) or item for item in items), threads, Cancellation())
    assert len(taken) < len(items)


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_of_the_items_comes_after_errors_about_earlier_ones(threads):
    def items(first):
        yield (first, 0.03)
        raise ValueError("unreadable")

    with pytest.raises(ValueError, match="item -9"):
        run_workers(add_up, items(-9), threads, Cancellation())
    with pytest.raises(ValueError, match="unreadable"):
        run_workers(add_up, items(1), threads, Cancellation())


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_after_the_last_item_is_raised(threads):
    def worker(items):
        list(items)
        raise ValueError("at the end")

    with pytest.raises(ValueError, match="at the end"):
        run_workers(worker, range(5), threads, Cancellation())


@pytest.mark.parametrize("threads", [1, 2])
def test_cancelling_stops_workers(threads):
    token = Cancellation.after(50)
    start = time.monotonic()
    with pytest.raises(DeadlineError):
        run_workers(add_up, ((1, 0.005) for _ in range(10_000)), threads, token)
    assert time.monotonic() - start < 0.6


def test_run_aside_gives_result_error_and_deadline():
    assert run_aside(lambda: 5, Cancellation()) == 5
    with pytest.raises(KeyError):
        run_aside(lambda: {}[1], Cancellation())
    release = threading.Event()
    with pytest.raises(DeadlineError):
        run_aside(lambda: release.wait(20), Cancellation.after(30))
    release.set()
    for thread in workers_alive():
        thread.join(5)


INTERRUPTED = """
import threading, time
from gatherum.runtime.cancel import Cancellation
from gatherum.runtime.threads import Worker, run_morsels, run_workers
def call():
    end = time.monotonic() + 0.05
    while time.monotonic() < end:
        pass
def worker(items):
    for _ in items:
        call()
print("running", flush=True)
try:
    {run}
except KeyboardInterrupt:
    left = [thread for thread in threading.enumerate() if isinstance(thread, Worker)]
    print(time.clock_gettime(time.CLOCK_MONOTONIC), len(left), flush=True)
"""


@pytest.mark.parametrize("run", [
    "list(run_morsels((call for _ in range(100000)), 2, Cancellation()))",
    "run_workers(worker, range(100000), 2, Cancellation())",
])
def test_control_c_stops_busy_threads(run):
    script = INTERRUPTED.format(run=run)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        time.sleep(0.2)
        sent = time.clock_gettime(time.CLOCK_MONOTONIC)
        process.send_signal(signal.SIGINT)
        raised, left = process.stdout.readline().split()
        assert float(raised) - sent < 0.8
        assert left == "0"
        assert process.wait(5) == 0
