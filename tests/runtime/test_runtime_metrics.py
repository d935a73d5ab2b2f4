import doctest
import json
import time

from gatherum.plan.nodes import Limit, Scan
from gatherum.runtime import sizes
from gatherum.runtime.metrics import OperatorMetrics


def test_what_was_not_measured_is_none():
    metrics = OperatorMetrics("Group")
    assert [metrics.rows_in, metrics.rows_out, metrics.batches, metrics.seconds, metrics.bytes_held,
            metrics.bytes_spilled, metrics.rows_estimated] == [None] * 7


def test_an_operator_that_ran_knows_that_no_row_came():
    metrics = OperatorMetrics("Group")
    metrics.begin()
    assert (metrics.rows_in, metrics.rows_out, metrics.batches) == (0, 0, 0)


def test_counting():
    metrics = OperatorMetrics("Group")
    metrics.take(10)
    metrics.take(5)
    metrics.give(2)
    metrics.hold(100)
    metrics.hold(40)
    metrics.spill(60)
    metrics.spill(1)
    assert (metrics.rows_in, metrics.rows_out, metrics.batches) == (15, 2, 2)
    assert (metrics.bytes_held, metrics.bytes_spilled) == (100, 61)


def test_timing_counts_also_when_an_error_passes():
    metrics = OperatorMetrics("Scan")
    try:
        with metrics.timed():
            time.sleep(0.01)
            raise KeyError
    except KeyError:
        pass
    assert metrics.seconds is not None and metrics.seconds >= 0.01


def test_the_time_of_an_operator_within_another_is_its_own():
    outer, inner = OperatorMetrics("Facet"), OperatorMetrics("Group")
    with outer.timed():
        with inner.timed():
            time.sleep(0.03)
        time.sleep(0.01)
        with inner.timed():
            time.sleep(0.01)
    assert inner.seconds is not None and inner.seconds >= 0.04
    assert outer.seconds is not None and 0.01 <= outer.seconds < 0.03


def test_threads_are_merged():
    first = OperatorMetrics("Group", "columnar", "kernels", details={"runs": 1, "methods": {"hash": 2}, "key": "a"})
    second = OperatorMetrics("Group", "rows", "strings", details={"runs": 2, "methods": {"hash": 1, "direct": 4},
                                                                  "key": "a", "new": True})
    first.take(3)
    second.take(4)
    second.give(1)
    second.spill(9)
    first.merge(second)
    assert (first.rows_in, first.rows_out, first.batches) == (7, 1, 2)
    assert (first.bytes_held, first.bytes_spilled) == (None, 9)
    assert (first.engine, first.why) == ("columnar and rows", "kernels; strings")
    assert first.details == {"runs": 3, "methods": {"hash": 3, "direct": 4}, "key": "a", "new": True}


def test_merging_does_not_depend_on_the_order():
    def merged(*engines):
        result = OperatorMetrics("Group")
        for engine in engines:
            result.merge(OperatorMetrics("Group", engine, why=engine))
        return result

    assert merged("rows", "columnar", "rows") == merged("columnar", "rows", "columnar")


def test_details_that_differ_are_both_kept():
    first = OperatorMetrics("Group", details={"method": "direct"})
    for method in ("hash", "direct"):
        first.merge(OperatorMetrics("Group", details={"method": method}))
    assert first.details == {"method": ["direct", "hash"]}


def test_inputs_and_subplans_are_merged_one_by_one():
    first = OperatorMetrics("Lookup", inputs=[OperatorMetrics("Scan", rows_out=1)],
                            subplans={"other": OperatorMetrics("Scan", rows_out=10)})
    first.merge(OperatorMetrics("Lookup", inputs=[OperatorMetrics("Scan", rows_out=2), OperatorMetrics("Scan")],
                                subplans={"other": OperatorMetrics("Scan", rows_out=5)}))
    assert [each.rows_out for each in first.inputs] == [3, None]
    assert first.subplans["other"].rows_out == 15


def test_the_list_of_operators_is_plain_and_tells_what_reads_what():
    scan = Scan("orders")
    below, beside = OperatorMetrics.of(scan, "rows"), OperatorMetrics("Shared")
    metrics = OperatorMetrics.of(Limit(scan, 3), "rows")
    metrics.inputs, metrics.subplans = [below], {"other": beside}
    metrics.rows_in, metrics.rows_out = 12, 3
    metrics.estimate({id(scan): 30.0, id(metrics.node): 3})
    values = json.loads(json.dumps(metrics.to_list()))
    assert [each["name"] for each in values] == ["Limit", "Scan", "Shared"]
    assert values[0] == {
        "name": "Limit", "operator": "Limit  3", "engine": "rows", "why": "", "rows_in": 12, "rows_out": 3,
        "rows_estimated": 3, "selectivity": 0.25, "selectivity_estimated": 0.1, "batches": None, "seconds": None,
        "bytes_held": None, "bytes_spilled": None, "details": {}, "inputs": [1], "subplans": {"other": 2}}
    assert values[2]["rows_estimated"] is None


def test_very_long_chains_are_listed():
    metrics = below = OperatorMetrics("Filter")
    for _ in range(5000):
        below.inputs.append(below := OperatorMetrics("Filter"))
    metrics.merge(metrics)
    assert len(metrics.to_list()) == 5001


def test_objects_are_measured_once_with_what_they_hold():
    failed, tried = doctest.testmod(sizes)
    assert tried and not failed
    text = "x" * 1000
    assert sizes.size_of([text, text]) < 1200 < 2000 < sizes.size_of([text, text + "y"])
    alike = [{"a": "y" * 500 + str(number)} for number in range(5000)]
    assert 0.95 < sizes.size_of(alike) / (5000 * sizes.size_of({"a": "y" * 504})) < 1.05
