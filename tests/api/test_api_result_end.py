"""What a result frees when it ends: threads, temporary files, and what an interrupt leaves."""

import gc
import threading

import pytest

import gatherum as gm
from gatherum.kernels.columns.batch import Batch
from gatherum.plan.protocols import BATCH_ROWS


@pytest.fixture
def spilling(tmp_path):
    """A result in the middle of its rows, for which threads run and files have been written."""
    def make():
        rows = [{"a": number, "s": "x" * 50 + str(number % 9973)} for number in range(60_000)]
        result = gm.aggregate(rows, [{"$sort": {"s": 1, "a": 1}}, {"$unwind": "$a"}], engine="columnar", kernels="off",
                              spill_every=10, morsel_rows=1000, threads=2, temp_directory=tmp_path)
        next(result)
        return result

    def left():
        return [path for path in tmp_path.glob("*/*") if path.is_file()]
    return make, left


@pytest.mark.parametrize("end", ["with", "close", "del", "all", "error"])
def test_ending_a_result_frees_threads_and_temporary_files(spilling, end):
    make, left = spilling
    before = threading.active_count()
    result = make()
    assert left()
    if end == "with":
        with result:
            pass
    elif end == "close":
        result.close()
    elif end == "del":
        gc.disable()
        try:
            del result
            assert left() == []
        finally:
            gc.enable()
    elif end == "all":
        assert len(list(result)) == 59_999
    else:
        with pytest.raises(ZeroDivisionError), result:
            raise ZeroDivisionError
    assert left() == []
    assert threading.active_count() == before


@pytest.mark.parametrize("read", [list, lambda result: result.to_list(), lambda result: result.to_arrow(),
                                  lambda result: result.write("x.ndjson")])
@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_an_interrupt_of_the_reader_ends_the_query(monkeypatch, tmp_path, read, engine):
    def interrupt(*given):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    result = gm.aggregate([{"a": 1}] * 5000, [{"$match": {"a": 1}}], engine=engine, kernels="off")
    monkeypatch.setattr(result, "_documents_of", interrupt)
    monkeypatch.setattr(result, "_column_batches", lambda: map(interrupt, result._taken()))
    with pytest.raises(KeyboardInterrupt):
        read(result)
    assert result.stats["seconds"] is not None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("read", [lambda result: next(iter(result)), lambda result: result.write("x.ndjson")])
def test_few_documents_are_made_of_a_batch_at_once(monkeypatch, tmp_path, read):
    monkeypatch.chdir(tmp_path)
    made = []
    documents = Batch.documents
    monkeypatch.setattr(Batch, "documents", lambda batch: made.append(batch.rows) or documents(batch))
    read(gm.aggregate([{"a": number} for number in range(5000)], [], engine="columnar", kernels="off"))
    assert max(made) <= BATCH_ROWS < 5000
