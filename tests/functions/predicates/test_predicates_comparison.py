"""Corners of $eq, $gt and their kin that the examples of the definitions leave out."""

import datetime as dt

import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from gatherum.errors import PipelineError
from gatherum.functions.registry import predicates
from gatherum.types.order import compare, rank
from gatherum.types.values import MISSING

NAN = float("nan")
VALUES = [
    MISSING, None, True, False, 0, 1, -5, Int64(1), Int64(2**40), 2**40, 0.0, -0.0, 1.5, float("inf"), Decimal128("1"),
    Decimal128("1.5"), Decimal128("0.1"), 0.1, "", "1", "a", "á", Code("a"), {}, {"a": 1}, {"a": 1.0}, {"a": "x"}, [],
    [1], [1.0, "a"], b"ab", Binary(b"ab", 5), ObjectId("5" * 24), dt.datetime(2020, 1, 1),
    dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2020, 1, 1, 0, 0, 0, 999), DatetimeMS(2**60),
    DatetimeMS(-(2**60)), Timestamp(1, 2),
]
HOLDS = {"$eq": lambda c: c == 0, "$gt": lambda c: c > 0, "$gte": lambda c: c >= 0, "$lt": lambda c: c < 0,
         "$lte": lambda c: c <= 0}


def holds(name, argument, value):
    return predicates()[name].prepare(argument)(value)


def nullish_as_null(value):
    return None if value is MISSING else value


@pytest.mark.parametrize("name", HOLDS)
def test_values_of_one_type_compare_by_the_bson_order_and_others_never_match(name):
    for argument in VALUES:
        if argument is MISSING:
            continue
        prepared = predicates()[name].prepare(argument)
        for value in VALUES:
            seen = nullish_as_null(value) if argument is None else value
            expected = rank(seen) == rank(argument) and HOLDS[name](compare(seen, argument))
            assert prepared(value) == expected, (value, name, argument)


@pytest.mark.parametrize("nan", [NAN, Decimal128("NaN")])
def test_nan_equals_nan_and_is_in_no_order_with_numbers(nan):
    for name in ("$eq", "$gte", "$lte"):
        assert holds(name, nan, NAN)
        assert holds(name, nan, Decimal128("NaN"))
    for name in ("$gt", "$lt"):
        assert not holds(name, nan, NAN)
    for name in HOLDS:
        assert not holds(name, nan, 1)
        assert not holds(name, 1, nan)
        assert not holds(name, Decimal128("1"), nan)


@pytest.mark.parametrize("value", [None, 1, "a", MaxKey(), [1], MISSING])
def test_every_other_value_is_above_min_key(value):
    assert holds("$gt", MinKey(), value)
    assert holds("$gte", MinKey(), value)
    assert not holds("$lt", MinKey(), value)
    assert not holds("$lte", MinKey(), value)
    assert not holds("$eq", MinKey(), value)


@pytest.mark.parametrize("value", [None, 1, "a", MinKey(), [1]])
def test_every_other_value_is_below_max_key(value):
    assert holds("$lt", MaxKey(), value)
    assert holds("$lte", MaxKey(), value)
    assert not holds("$gt", MaxKey(), value)
    assert not holds("$gte", MaxKey(), value)


@pytest.mark.parametrize("extreme", [MinKey(), MaxKey()])
def test_an_extreme_equals_itself(extreme):
    assert [name for name in HOLDS if holds(name, extreme, extreme)] == ["$eq", "$gte", "$lte"]


def test_large_integers_compare_exactly_with_doubles():
    assert not holds("$eq", 2**53 + 1, float(2**53))
    assert holds("$gt", float(2**53), Int64(2**53 + 1))


def test_the_last_date_of_python_has_an_upper_bound_too():
    last = dt.datetime(9999, 12, 31, 23, 59, 59, 999000)
    assert not holds("$gt", last, last)
    assert holds("$lte", last, last)
    assert holds("$gt", last, DatetimeMS(2**60))


def test_eq_of_a_regex_is_equality():
    assert holds("$eq", Regex("a", "i"), Regex("a", "i"))
    assert not holds("$eq", Regex("a"), Regex("a", "i"))
    assert not holds("$eq", Regex("a"), "a")


@pytest.mark.parametrize("name", ["$ne", "$gt", "$gte", "$lt", "$lte"])
def test_a_regex_has_no_order(name):
    with pytest.raises(PipelineError, match=r"\$") as caught:
        predicates()[name].prepare(Regex("a"))
    assert caught.value.code == 2
