"""Distinct values: through arrays, positions and types."""

import datetime as dt

import pytest
from bson import Decimal128, Int64, ObjectId

import gatherum as gm
from gatherum.errors import PipelineError

ROWS = [{"a": [1, 2, [3, 4]]}, {"a": []}, {"a": None}, {"a": 1.0}, {}, {"a": {"b": [[5, 6], 7]}},
        {"a": [{"b": 8}, {"b": [9]}]}, {"a": [{"b": [{"c": 1}, {"c": 2}]}, [{"b": 10}], 5]}, {"a": {"0": "zero"}}]


@pytest.mark.parametrize("engine", ["rows", "columnar"])
@pytest.mark.parametrize(("key", "values"), [
    ("a", [None, 1, 2, 5, {"0": "zero"}, {"b": 8}, {"b": [9]}, {"b": [{"c": 1}, {"c": 2}]}, {"b": [[5, 6], 7]},
           [3, 4], [{"b": 10}]]),
    ("a.b", [7, 8, 9, {"c": 1}, {"c": 2}, [5, 6]]),
    ("a.b.c", [1, 2]),
    ("a.0", [1, "zero", {"b": 8}, {"b": [{"c": 1}, {"c": 2}]}]),
    ("a.1.b", [9, 10]), ("a.1.0.b", [10]), ("a.b.0", [9, 5, 6, {"c": 1}]), ("a.b.0.c", [1]),
    ("a.01", []), ("none", [])])
def test_arrays_are_entered_and_their_elements_are_the_values(key, values, engine):
    found = gm.connect({"rows": ROWS}, engine=engine, kernels="off").rows.distinct(key)
    assert sorted(map(repr, found)) == sorted(map(repr, values))


def test_values_are_in_bson_order_and_equal_numbers_are_one():
    values = [True, dt.datetime(2020, 1, 1), ObjectId("0" * 24), "s", Decimal128("2.0"), 2, Int64(2), 2.5, None,
              {"d": 1}]
    assert gm.connect({"c": [{"v": value} for value in values]}).c.distinct("v") == [
        None, Decimal128("2.0"), 2.5, "s", {"d": 1}, ObjectId("0" * 24), True, dt.datetime(2020, 1, 1)]


def test_a_filter_and_the_identifier():
    rows = gm.connect({"c": [{"_id": number, "s": number % 3} for number in range(9)]}).c
    assert rows.distinct("s", {"_id": {"$gt": 6}}) == [1, 2]
    assert rows.distinct("_id", {"s": 2}) == [2, 5, 8]


@pytest.mark.parametrize("key", [5, None, "", "$a"])
def test_what_is_no_path_is_refused(key):
    with pytest.raises(PipelineError):
        gm.connect({"c": []}).c.distinct(key)
