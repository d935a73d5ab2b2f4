"""The aggregates as expressions: what is folded, and the corners that differ from the aggregates over rows."""

import math

import pytest
from bson import Decimal128, Int64

from gatherum.functions.registry import aggregates, operators
from gatherum.types.extended_json import encode
from gatherum.types.values import MISSING

FOLDS = ["$sum", "$avg", "$min", "$max", "$stdDevPop", "$stdDevSamp"]


def call(name, *arguments):
    return operators()[name].meaning(*arguments)


@pytest.mark.parametrize("name", FOLDS)
def test_one_array_is_folded_as_several_arguments_are(name):
    values = [3, Int64(1), 2.5, None, MISSING, "a", [9], 7]
    listed = [None if value is MISSING else value for value in values]
    assert encode(call(name, listed)) == encode(call(name, *values))


@pytest.mark.parametrize("name", FOLDS)
def test_folds_agree_with_the_aggregate(name):
    aggregate = aggregates()[name]()
    state = aggregate.init()
    for value in (3, 1, 2.5, None, 7):
        aggregate.update(state, value)
    assert encode(call(name, 3, 1, 2.5, None, 7)) == encode(aggregate.finalize(state))


@pytest.mark.parametrize("name", FOLDS)
@pytest.mark.parametrize("values", [(), ([],), (None,), (MISSING,), ([None],), (None, MISSING)])
def test_folds_of_nothing(name, values):
    assert call(name, *values) == (0 if name == "$sum" else None)


def test_arrays_among_several_arguments_are_values():
    assert call("$sum", [1, 2], 3) == 3
    assert call("$avg", [1, 2], 3) == 3.0
    assert call("$max", [1, 2], 3) == [1, 2]
    assert call("$max", [[1, 2], [3]]) == [3]
    assert call("$sum", [[1, 2], 3]) == 3


def test_sum_keeps_the_types_of_numbers():
    assert encode(call("$sum", 2**31 - 1, 1)) == {"$numberLong": "2147483648"}
    assert encode(call("$sum", Int64(1), 1)) == {"$numberLong": "2"}
    assert encode(call("$sum", 1, Decimal128("0.10"))) == {"$numberDecimal": "1.10"}
    assert call("$sum", *[0.1] * 10) == 1.0


@pytest.mark.parametrize("name", ["$min", "$max"])
def test_of_equal_values_the_first_is_taken(name):
    assert encode(call(name, 1.0, 1, Int64(1))) == {"$numberDouble": "1.0"}
    assert encode(call(name, [Int64(1), 1.0])) == {"$numberLong": "1"}
    assert encode(call(name, Decimal128("NaN"), math.nan)) == {"$numberDecimal": "NaN"}


def test_extremes_follow_the_order_of_types():
    assert call("$min", True, [], {}, "a", 5) == 5
    assert math.isnan(call("$min", -math.inf, math.nan, "a"))
    assert call("$max", 10**6, "", False) is False


def test_the_mean_is_infinite_where_the_sum_is_beyond_the_type():
    largest = Decimal128("9.999999999999999999999999999999999E+6144")
    assert call("$avg", largest, largest) == Decimal128("Infinity")
    assert call("$avg", 1e308, 1e308) == math.inf
    assert call("$avg", Decimal128("1"), Decimal128("2")) == Decimal128("1.5")
