"""Corners of the array operators; the examples on the definitions cover the rest."""

import pytest
from bson import Code, Decimal128, Int64

from gatherum.errors import OperatorError, ResourceError
from gatherum.functions.registry import operators
from gatherum.types.extended_json import encode
from gatherum.types.values import MISSING


def call(name, *arguments):
    return operators()[name].meaning(*arguments)


def code_of(name, *arguments):
    with pytest.raises(OperatorError) as caught:
        call(name, *arguments)
    return caught.value.code


@pytest.mark.parametrize(("index", "expected"), [
    (2, 30), (-3, 10), (3, MISSING), (-4, MISSING), (1.0, 20), (Int64(0), 10), (Decimal128("-1.0"), 30),
    (2**31 - 1, MISSING), (-(2**31), MISSING),
])
def test_element_at(index, expected):
    assert call("$arrayElemAt", [10, 20, 30], index) is expected


def test_element_at_is_null_before_it_is_an_error():
    assert call("$arrayElemAt", MISSING, "x") is None
    assert call("$arrayElemAt", "x", None) is None
    assert code_of("$arrayElemAt", "x", 0) == 28689
    assert code_of("$arrayElemAt", [1], "0") == 28690
    assert code_of("$arrayElemAt", [1], True) == 28690


@pytest.mark.parametrize("index", [0.5, Int64(2**31), float("inf"), float("nan"), Decimal128("NaN"),
                                   Decimal128("1E+6000"), Decimal128("1E-6000"), Decimal128("sNaN")])
def test_positions_are_whole_and_within_32_bits(index):
    assert code_of("$arrayElemAt", [1], index) == 28691


@pytest.mark.parametrize("name", ["$first", "$last"])
def test_ends_of_an_array(name):
    assert call(name, []) is MISSING
    assert call(name, MISSING) is None
    assert call(name, [None]) is None
    assert code_of(name, "abc") == 28689


def test_concat_arrays_stops_at_the_first_null_or_wrong_type():
    assert call("$concatArrays", [1], None, 5) is None
    assert code_of("$concatArrays", [1], 5, None) == 28664


def test_concat_arrays_leaves_its_arguments_alone():
    first = [1]
    assert call("$concatArrays", first, [2]) == [1, 2]
    assert first == [1]


@pytest.mark.parametrize(("arguments", "expected"), [
    ((0,), []), ((9,), [1, 2, 3]), ((-9,), [1, 2, 3]), ((-1,), [3]), ((2.0,), [1, 2]), ((1, 9), [2, 3]),
    ((-2, 1), [2]), ((-9, 2), [1, 2]), ((9, 1), []), ((2**31 - 1, 2**31 - 1), []), ((0, None), None),
    ((0, MISSING), None), ((None, "x"), None),
])
def test_slice(arguments, expected):
    assert call("$slice", [1, 2, 3], *arguments) == expected


@pytest.mark.parametrize(("arguments", "code"), [
    (("abc", 1), 28724), (([1], "1"), 28725), (([1], 1.5), 28726), (([1], 0, "1"), 28727), (([1], 0, 1.5), 28728),
    (([1], 0, 0), 28729), (([1], 0, -1), 28729),
])
def test_slice_refuses(arguments, code):
    assert code_of("$slice", *arguments) == code


@pytest.mark.parametrize("value", [None, MISSING, "abc", {"a": 1}, 5])
def test_size_takes_only_arrays(value):
    assert code_of("$size", value) == 17124


@pytest.mark.parametrize(("value", "array", "expected"), [
    (1, [Decimal128("1.00")], True), (True, [1], False), (0.0, [-0.0], True), (float("nan"), [Decimal128("NaN")], True),
    ([1], [[1.0]], True), ({"a": 1, "b": 2}, [{"b": 2, "a": 1}], False), (MISSING, [None], False), (None, [], False),
    ("a", [1, None, "a"], True), ("a", [Code("a")], False), ([1], [1], False),
])
def test_in(value, array, expected):
    assert call("$in", value, array) is expected


def test_in_takes_only_an_array():
    assert code_of("$in", 1, MISSING) == 40081
    assert code_of("$in", 1, None) == 40081


def test_range_gives_ints():
    made = call("$range", Decimal128("2147483646"), 2147483647.0, Int64(5))
    assert encode(made) == [{"$numberInt": "2147483646"}]
    assert call("$range", 0, -5, -2) == [0, -2, -4]
    assert call("$range", 0, 5, -1) == []


@pytest.mark.parametrize(("arguments", "code"), [
    ((None, 1), 34443), ((0.5, 1), 34444), ((0, MISSING), 34445), ((0, Int64(2**31)), 34446), ((0, 1, None), 34447),
    ((0, 1, 0.5), 34448), ((0, 1, -0.0), 34449),
])
def test_range_refuses(arguments, code):
    assert code_of("$range", *arguments) == code


def test_range_is_bounded():
    with pytest.raises(ResourceError) as caught:
        call("$range", -(2**31), 2**31 - 1)
    assert caught.value.code == 146
