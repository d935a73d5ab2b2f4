"""The side of a lookup that is read first: by who asks, or before, on a thread of its own."""

import threading
import time

import pytest
from running import batches_of, query_context

from gatherum.errors import SourceError
from gatherum.physical.join_side import JoinSide
from gatherum.runtime.metrics import OperatorMetrics

ROWS = [{"_id": i} for i in range(10)]


def test_rows_that_were_read_ahead_are_not_read_again(tmp_path):
    reads = []

    def read():
        reads.append(threading.current_thread())
        return batches_of(ROWS, 3)

    with query_context(tmp_path) as context:
        side = JoinSide(("_id",), context, read)
        side.begin()
        metrics = OperatorMetrics("Lookup")
        while not side._ended:
            time.sleep(0.001)
        side.ready(metrics)
        assert side.count == 10
        assert len(reads) == 1 and reads[0] is not threading.current_thread()
        assert metrics.seconds and metrics.bytes_held
        side.close()


def test_what_fails_ahead_is_raised_for_everyone_who_asks(tmp_path):
    def read():
        raise SourceError("broken")

    with query_context(tmp_path) as context:
        side = JoinSide(("_id",), context, read)
        side.begin()
        for _ in range(2):
            with pytest.raises(SourceError, match="broken"):
                side.ready(OperatorMetrics("Lookup"))
        side.close()


def test_a_side_that_is_closed_stops_reading(tmp_path):
    begun, closing, batches = threading.Event(), threading.Event(), []

    def read():
        for batch in batches_of(ROWS, 1):
            begun.set()
            closing.wait(5)
            batches.append(batch)
            yield batch

    with query_context(tmp_path) as context:
        side = JoinSide(("_id",), context, read)
        side.begin()
        assert begun.wait(5)
        closer = threading.Thread(target=side.close)
        closer.start()
        while not side._ended:
            time.sleep(0.001)
        closing.set()
        closer.join(5)
        assert not closer.is_alive()
        assert len(batches) == 1
