import os
import subprocess
import sys
import threading

import pytest
from budgets import LIMIT, open_elsewhere, start

from gatherum.runtime.cancel import Cancellation
from gatherum.runtime.memory import Runtime, runtime


def test_leases_are_counted_with_their_peak():
    started, _ = start()
    with started.open(LIMIT, Cancellation()) as budget:
        group, sort = budget.consumer("group"), budget.consumer("sort")
        group.lease(300)
        sort.lease(500)
        group.release(100)
        sort.release()
        sort.hold(50)
        assert (group.held, sort.held, budget.held, started.held()) == (200, 50, 250, 250)
        assert (group.peak, sort.peak, budget.peak) == (300, 500, 800)
        sort.close()
        assert budget.held == 200
    assert started.held() == 0
    assert budget.peak == 800


def test_nothing_spills_within_the_limit():
    started, _ = start()
    with started.open(LIMIT, Cancellation()) as budget:
        group = budget.consumer("group")
        group.hold(LIMIT)
        assert not group.should_spill()
        group.hold(LIMIT + 1)
        assert group.should_spill()


def test_who_holds_nothing_has_nothing_to_spill():
    started, _ = start()
    with started.open(LIMIT, Cancellation()) as budget:
        group, sort = budget.consumer("group"), budget.consumer("sort")
        sort.hold(10 * LIMIT)
        assert not group.should_spill()


def test_the_consumer_that_holds_most_spills_first():
    started, _ = start()
    with started.open(LIMIT, Cancellation()) as budget:
        group, sort = budget.consumer("group"), budget.consumer("sort")
        group.lease(700_000)
        sort.lease(310_000)
        assert not sort.should_spill()
        assert group.should_spill()
        group.release()
        assert not sort.should_spill()


def test_a_small_one_spills_too_when_the_large_one_does_not_answer():
    started, _ = start()
    with started.open(LIMIT, Cancellation()) as budget:
        group, sort = budget.consumer("group"), budget.consumer("sort")
        group.lease(700_000)
        sort.lease(400_000)
        assert not sort.should_spill()
        sort.lease(100_000)
        assert sort.should_spill()


def test_what_cannot_spill_is_passed_over():
    started, _ = start()
    with started.open(LIMIT, Cancellation()) as budget:
        group, sort = budget.consumer("group"), budget.consumer("sort")
        group.lease(700_000)
        group.spillable = False
        sort.lease(310_000)
        assert sort.should_spill()


def test_growth_counts_when_estimates_are_too_low():
    started, process = start()
    with started.open(LIMIT, Cancellation()) as budget:
        group = budget.consumer("group")
        group.lease(200_000)
        assert not group.should_spill()
        process.resident += LIMIT + 1
        assert group.should_spill()
        assert budget.peak_growth == LIMIT + 1


def test_what_will_be_taken_later_counts():
    started, process = start()
    with started.open(LIMIT, Cancellation()) as budget:
        sort = budget.consumer("sort")
        sort.hold(LIMIT // 2, later=LIMIT // 2)
        assert not sort.should_spill()
        process.resident += LIMIT // 2 + 1
        assert sort.should_spill()
        sort.hold(LIMIT // 2, later=LIMIT // 2 + 1)
        process.resident = 0
        assert sort.should_spill()


def test_pools_are_trimmed_before_a_spill_is_decided():
    started, process = start()
    trims = []

    def trim():
        trims.append(1)
        process.resident -= LIMIT

    started.on_trim(trim)
    started.on_trim(trim)
    with started.open(LIMIT, Cancellation()) as budget:
        group = budget.consumer("group")
        group.lease(200_000)
        process.resident += LIMIT + 1
        assert not group.should_spill()
        assert trims == [1]


def test_pools_are_not_trimmed_again_for_nothing():
    started, process = start()
    trims = []
    started.on_trim(lambda: trims.append(1))
    with started.open(LIMIT, Cancellation()) as budget:
        group = budget.consumer("group")
        group.lease(200_000)
        process.resident += 2 * LIMIT
        assert group.should_spill()
        assert group.should_spill()
        assert trims == [1]
        process.resident += LIMIT
        assert group.should_spill()
        assert trims == [1, 1]


def test_memory_of_others_does_not_make_a_query_spill_crumbs():
    started, process = start()
    process.resident += 10 * LIMIT
    with started.open(LIMIT, Cancellation()) as budget:
        group = budget.consumer("group")
        group.lease(LIMIT // 16)
        assert not group.should_spill()
        group.lease(LIMIT // 16)
        assert group.should_spill()


def test_without_a_measurement_estimates_decide():
    started = Runtime(LIMIT, lambda: None)
    assert started.growth() is None
    with started.open(LIMIT, Cancellation()) as budget:
        group = budget.consumer("group")
        group.lease(LIMIT)
        assert not group.should_spill()
        group.lease(1)
        assert group.should_spill()
        assert budget.peak_growth is None


def test_forced_spills():
    started, _ = start()
    with started.open(LIMIT, Cancellation(), spill_every=3) as budget:
        group, idle = budget.consumer("group"), budget.consumer("idle")
        group.lease(1)
        assert [group.should_spill() for _ in range(7)] == [False, False, True, False, False, True, False]
        assert not any(idle.should_spill() for _ in range(7))


def test_the_largest_of_all_queries_spills_first():
    started, _ = start()
    first, second = open_elsewhere(started, LIMIT), open_elsewhere(started, LIMIT)
    large, small = first.consumer("group"), second.consumer("group")
    large.lease(600_000)
    small.lease(450_000)
    assert not small.should_spill()
    assert large.should_spill()


def test_a_higher_limit_of_one_query_raises_the_bound():
    started, _ = start()
    with started.open(3 * LIMIT, Cancellation()) as budget:
        group = budget.consumer("group")
        group.lease(2 * LIMIT)
        assert not group.should_spill()


def test_leases_of_many_threads_add_up():
    started, _ = start()
    with started.open(LIMIT, Cancellation()) as budget:
        def work():
            consumer = budget.consumer("group")
            for _ in range(500):
                consumer.lease(3)
                consumer.should_spill()
                consumer.release(1)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(budget.consumers) == 4
        assert budget.held == 4 * 500 * 2


GROWING = """
from gatherum.runtime.memory import runtime
assert runtime() is runtime()
before = runtime().growth()
block = bytearray(b"x") * (32 * 2**20)
print(runtime().growth() - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux")
def test_the_runtime_of_the_process_measures_it():
    """In a process of its own: this one may have less memory than at its start."""
    ran = subprocess.run([sys.executable, "-c", GROWING], capture_output=True, text=True, timeout=60, check=True)
    assert int(ran.stdout) >= 30 * 2**20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_starts_afresh():
    with runtime().open(LIMIT, Cancellation()) as budget:
        budget.consumer("group").lease(12345)
        child = os.fork()
        if child == 0:
            os._exit(0 if runtime().held() == 0 else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert runtime().held() == 12345
