"""Running a query: what counts against its deadline, and what becomes of errors."""

import time

import pytest

import gatherum as gm
from gatherum.errors import DeadlineError, InternalError
from gatherum.executors import local, rows

ENGINES = pytest.mark.parametrize("engine", ["rows", "columnar"])


@ENGINES
def test_the_time_that_the_caller_takes_does_not_count_against_the_deadline(engine):
    result = gm.aggregate([{"a": number} for number in range(40_000)], [{"$match": {"a": {"$gte": 0}}}],
                          maxTimeMS=2000, engine=engine, kernels="off", morsel_rows=1000)
    time.sleep(1.2)
    next(result)
    time.sleep(1.2)
    assert len(list(result)) == 39_999


@ENGINES
def test_the_time_that_the_query_takes_does(engine):
    def slow():
        for number in range(200):
            time.sleep(0.01)
            yield {"a": number}

    start = time.monotonic()
    with pytest.raises(DeadlineError):
        gm.aggregate(slow(), [{"$unwind": "$a"}], maxTimeMS=100, engine=engine, kernels="off").to_list()
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(("engine", "executor"), [("rows", rows.RowsExecutor), ("columnar", local.LocalExecutor)])
def test_an_error_that_is_none_of_ours_asks_for_a_report(monkeypatch, engine, executor):
    def failing(self, plan):
        raise ZeroDivisionError("inside")
        yield

    monkeypatch.setattr(executor, "run", failing)
    with pytest.raises(InternalError, match=r"failed with ZeroDivisionError: inside.*please report it") as caught:
        gm.aggregate([{"a": 1}], [], engine=engine).to_list()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@ENGINES
def test_an_interrupt_stays_an_interrupt(monkeypatch, engine):
    def interrupted():
        yield {"a": 1}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gm.aggregate(interrupted(), [], engine=engine, kernels="off").to_list()
