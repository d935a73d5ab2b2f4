"""Sort, Sample, Skip: order, ties and arrays."""

import pytest
from bson import Decimal128, Int64, MaxKey, MinKey

from gatherum.errors import OperatorError
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.plan.nodes import Scan, Sort, SortKey
from gatherum.rows.interpreter import Run, interpret


def run(documents, *pipeline):
    return execute(parse_pipeline(list(pipeline), Context(collection="c")), documents)


def execute(plan, documents):
    return [row for batch in interpret(plan, Run(lambda scan: [documents], {})) for row in batch]


def sorted_values(values, direction):
    return [row["v"] for row in run([{"v": value} for value in values], {"$sort": {"v": direction}})]


def test_types_in_their_order():
    values = [MaxKey(), True, "a", {"a": 1}, 2, None, MinKey(), float("nan")]
    ascending = [MinKey(), None, values[-1], 2, "a", {"a": 1}, True, MaxKey()]
    assert [repr(v) for v in sorted_values(values, 1)] == [repr(v) for v in ascending]
    assert [repr(v) for v in sorted_values(values, -1)] == [repr(v) for v in ascending[::-1]]


def test_numbers_of_all_types_compare_by_value():
    assert sorted_values([2.5, Int64(2), Decimal128("2.25"), 3], 1) == [Int64(2), Decimal128("2.25"), 2.5, 3]
    assert sorted_values([2, 1.5, Int64(7)], -1) == [Int64(7), 2, 1.5]


@pytest.mark.parametrize("direction", [1, -1])
def test_ties_stay_in_input_order(direction):
    documents = [{"v": i % 2, "i": i} for i in range(6)]
    rows = run(documents, {"$sort": {"v": direction}})
    for value in (0, 1):
        assert [row["i"] for row in rows if row["v"] == value] == [i for i in range(6) if i % 2 == value]


def test_missing_is_null_and_an_empty_array_comes_before():
    rows = run([{"i": 0}, {"i": 1, "v": None}, {"i": 2, "v": []}, {"i": 3, "v": 0}], {"$sort": {"v": 1}})
    assert [row["i"] for row in rows] == [2, 0, 1, 3]


def test_of_an_array_the_smallest_or_the_largest_element_counts():
    values = [[1, 9], 5, [3], [[0]]]
    assert sorted_values(values, 1) == [[1, 9], [3], 5, [[0]]]
    assert sorted_values(values, -1) == [[[0]], [1, 9], 5, [3]]


def test_keys_that_share_an_array_are_compared_as_tuples():
    rows = run([{"i": 0, "a": [{"x": 1, "y": 9}, {"x": 2, "y": 0}]}, {"i": 1, "a": [{"x": 1, "y": 5}]}],
               {"$sort": {"a.x": 1, "a.y": 1}})
    assert [row["i"] for row in rows] == [1, 0]


def test_paths_through_arrays_and_positions():
    rows = run([{"i": 0, "a": [5, 1]}, {"i": 1, "a": [2, 9]}], {"$sort": {"a.0": 1}})
    assert [row["i"] for row in rows] == [1, 0]


def test_parallel_arrays_are_an_error():
    with pytest.raises(OperatorError, match="parallel arrays"):
        run([{"a": [1], "b": [2]}], {"$sort": {"a": 1, "b": 1}})


@pytest.mark.parametrize("keys", [
    (SortKey(("a",)),), (SortKey(("a",), True),), (SortKey(("a",)), SortKey(("b",), True)), (SortKey(("c", "d")),),
])
@pytest.mark.parametrize("limit", [0, 1, 7, 100])
def test_a_limit_gives_the_first_of_the_whole_order(keys, limit):
    documents = [{"a": i * 7 % 5, "b": str(i * 3 % 4), "c": {"d": i % 3}, "i": i} for i in range(30)]
    whole = execute(Sort(Scan("c"), keys), documents)
    assert execute(Sort(Scan("c"), keys, limit), documents) == whole[:limit]


def test_a_sample_is_the_same_each_time_and_holds_no_row_twice():
    documents = [{"i": i} for i in range(50)]
    first = run(documents, {"$sample": {"size": 20}})
    assert first == run(documents, {"$sample": {"size": 20}})
    assert len({row["i"] for row in first}) == 20
    assert len(run(documents, {"$sample": {"size": 200}})) == 50


def test_random_order_breaks_ties_only():
    rows = run([{"v": i % 3, "i": i} for i in range(60)], {"$sort": {"v": 1, "r": {"$meta": "randVal"}}})
    assert [row["v"] for row in rows] == [0] * 20 + [1] * 20 + [2] * 20
    assert [row["i"] for row in rows] != sorted((row["i"] for row in rows), key=lambda i: (i % 3, i))
