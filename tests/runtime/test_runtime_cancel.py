import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future

import pytest

from gatherum.errors import CancelledError, DeadlineError
from gatherum.kernels import compiler
from gatherum.runtime.cancel import Cancellation, interruptible_wait, interrupts_deferred


def test_a_fresh_token_lets_through():
    token = Cancellation()
    token.check()
    assert not token.cancelled
    assert token.remaining() is None


def test_a_cancelled_token_raises_its_first_reason():
    token = Cancellation()
    token.cancel("closed by the user")
    token.cancel("later")
    assert token.cancelled
    with pytest.raises(CancelledError, match="closed by the user") as caught:
        token.check()
    assert caught.value.code == 11601


def test_a_deadline_raises_once_passed():
    token = Cancellation.after(20)
    token.check()
    assert 0 < (token.remaining() or 0) <= 0.02
    time.sleep(0.03)
    assert token.cancelled
    assert token.remaining() == 0
    with pytest.raises(DeadlineError, match="maxTimeMS of 20 ms") as caught:
        token.check()
    assert caught.value.code == 50


@pytest.mark.parametrize("none", [None, 0])
def test_no_time_limit(none):
    assert Cancellation.after(none).deadline is None


def test_an_absolute_deadline():
    with pytest.raises(DeadlineError):
        Cancellation(time.monotonic() - 1).check()


def test_waiting_for_a_future_gives_its_result_or_error():
    good, bad = Future(), Future()
    threading.Timer(0.08, good.set_result, [7]).start()
    assert interruptible_wait(good, Cancellation()) == 7
    bad.set_exception(TimeoutError("of its own"))
    with pytest.raises(TimeoutError, match="of its own"):
        interruptible_wait(bad, Cancellation())


def test_waiting_for_an_event():
    event = threading.Event()
    threading.Timer(0.02, event.set).start()
    interruptible_wait(event, Cancellation())
    assert event.is_set()


@pytest.mark.parametrize("waited", [threading.Event, Future])
def test_a_wait_ends_with_the_deadline_and_with_cancel(waited):
    start = time.monotonic()
    with pytest.raises(DeadlineError):
        interruptible_wait(waited(), Cancellation.after(30))
    token = Cancellation()
    threading.Timer(0.03, token.cancel).start()
    with pytest.raises(CancelledError):
        interruptible_wait(waited(), token)
    assert time.monotonic() - start < 0.5


INTERRUPTED = """
import sys, threading, time
from gatherum.runtime.cancel import Cancellation, interruptible_wait
def busy():
    while True:
        sum(range(1000))
threading.Thread(target=busy, daemon=True).start()
print("waiting", flush=True)
try:
    interruptible_wait(threading.Event(), Cancellation())
except KeyboardInterrupt:
    print(time.clock_gettime(time.CLOCK_MONOTONIC), flush=True)
"""


def test_control_c_ends_a_wait_while_a_worker_is_busy():
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        time.sleep(0.1)
        sent = time.clock_gettime(time.CLOCK_MONOTONIC)
        process.send_signal(signal.SIGINT)
        raised = float(process.stdout.readline())
        assert raised - sent < 0.4
        assert process.wait(5) == 0


def test_an_interrupt_waits_for_the_end_of_short_work():
    done = []
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interrupts_deferred():
        os.kill(os.getpid(), signal.SIGINT)
        done.append(1)
    assert done and signal.getsignal(signal.SIGINT) is before
    with interrupts_deferred():
        done.append(2)
    assert done == [1, 2]


def test_other_threads_defer_nothing():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with interrupts_deferred():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_an_interrupt_while_a_kernel_is_loaded_is_not_lost(monkeypatch):
    def swallowing(*given):
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            sum(range(1000))
        return given

    monkeypatch.setattr(compiler, "compiled", swallowing)
    kernel = compiler.Kernel(swallowing, "void()")
    with pytest.raises(KeyboardInterrupt):
        kernel.load()
