import json
import time

from gatherum.runtime.metrics import Coverage, OperatorMetrics, QueryMetrics


def test_what_was_not_measured_is_none():
    metrics = OperatorMetrics("group")
    assert [metrics.rows_in, metrics.rows_out, metrics.batches, metrics.seconds, metrics.bytes_held,
            metrics.bytes_spilled] == [None] * 6
    assert QueryMetrics([metrics]).bytes_spilled is None


def test_counting():
    metrics = OperatorMetrics("group")
    metrics.count(rows_in=10, seconds=0.5)
    metrics.count(rows_in=5, rows_out=2, seconds=0.25)
    metrics.hold(100)
    metrics.hold(40)
    metrics.spill(60)
    metrics.spill(1)
    assert (metrics.rows_in, metrics.rows_out, metrics.batches, metrics.seconds) == (15, 2, 2, 0.75)
    assert (metrics.bytes_held, metrics.bytes_spilled) == (100, 61)


def test_timing_counts_also_when_an_error_passes():
    metrics = OperatorMetrics("scan")
    try:
        with metrics.timed():
            time.sleep(0.01)
            raise KeyError
    except KeyError:
        pass
    assert metrics.seconds is not None and metrics.seconds >= 0.01


def test_threads_are_merged():
    first = OperatorMetrics("group", "columnar", "kernels", details={"runs": 1, "methods": {"hash": 2}, "key": "a"})
    second = OperatorMetrics("group", "rows", "strings", details={"runs": 2, "methods": {"hash": 1, "direct": 4},
                                                                  "key": "a", "new": True})
    first.count(rows_in=3, seconds=1.0)
    second.count(rows_in=4, rows_out=1, seconds=0.5)
    second.spill(9)
    first.merge(second)
    assert (first.rows_in, first.rows_out, first.batches, first.seconds) == (7, 1, 2, 1.5)
    assert (first.bytes_held, first.bytes_spilled) == (None, 9)
    assert (first.engine, first.why) == ("columnar and rows", "kernels; strings")
    assert first.details == {"runs": 3, "methods": {"hash": 3, "direct": 4}, "key": "a", "new": True}


def test_merging_does_not_depend_on_the_order():
    def merged(*engines):
        result = OperatorMetrics("group")
        for engine in engines:
            result.merge(OperatorMetrics("group", engine, why=engine))
        return result

    assert merged("rows", "columnar", "rows") == merged("columnar", "rows", "columnar")


def test_details_that_differ_are_both_kept():
    first = OperatorMetrics("group", details={"method": "direct"})
    for method in ("hash", "direct"):
        first.merge(OperatorMetrics("group", details={"method": method}))
    assert first.details == {"method": ["direct", "hash"]}


def test_inputs_are_merged_one_by_one():
    first = OperatorMetrics("group", inputs=[OperatorMetrics("scan", rows_out=1)])
    first.merge(OperatorMetrics("group", inputs=[OperatorMetrics("scan", rows_out=2), OperatorMetrics("scan")]))
    assert [each.rows_out for each in first.inputs] == [3, None]


def test_a_query_walks_its_operators_from_the_sources():
    scan, match = OperatorMetrics("scan"), OperatorMetrics("match", bytes_spilled=3)
    match.inputs.append(scan)
    query = QueryMetrics([OperatorMetrics("sort", bytes_spilled=4, inputs=[match])])
    assert [each.name for each in query.walk()] == ["scan", "match", "sort"]
    assert query.bytes_spilled == 7


def test_peak_memory_is_the_highest_measurement():
    query = QueryMetrics()
    query.note_memory(None)
    assert query.peak_memory is None
    for size in (5, 9, 2):
        query.note_memory(size)
    assert query.peak_memory == 9


def test_to_dict_is_plain():
    query = QueryMetrics([OperatorMetrics("group", details={"a": 1}, inputs=[OperatorMetrics("scan")])], 1.5, 10,
                         [Coverage("orders.csv", parts=2, parts_read=1, missing=("b.csv",))])
    values = json.loads(json.dumps(query.to_dict()))
    assert values["seconds"] == 1.5
    assert values["operators"][0]["inputs"][0] == {
        "name": "scan", "engine": "", "why": "", "rows_in": None, "rows_out": None, "batches": None, "seconds": None,
        "bytes_held": None, "bytes_spilled": None, "details": {}, "inputs": []}
    assert values["coverage"] == [{"source": "orders.csv", "parts": 2, "parts_read": 1, "rows_read": None,
                                   "rows_skipped": None, "as_of": None, "missing": ["b.csv"]}]
