"""Corners of $exists, $type, $size and $mod."""

import datetime as dt

import pytest
from bson import Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp

from gatherum.errors import PipelineError
from gatherum.functions.registry import predicates
from gatherum.types.values import MISSING

BY_TYPE = {
    (1, "double"): 1.5, (2, "string"): "a", (3, "object"): {}, (4, "array"): [], (5, "binData"): b"",
    (7, "objectId"): ObjectId(), (8, "bool"): False, (9, "date"): dt.datetime(2020, 1, 1), (10, "null"): None,
    (11, "regex"): Regex("a"), (13, "javascript"): Code("a"), (15, "javascriptWithScope"): Code("a", {"b": 1}),
    (16, "int"): 1, (17, "timestamp"): Timestamp(1, 1), (18, "long"): Int64(1), (19, "decimal"): Decimal128("1"),
    (-1, "minKey"): MinKey(), (127, "maxKey"): MaxKey(),
}


def holds(name, argument, value):
    return predicates()[name].prepare(argument)(value)


def code_of_refusal(name, argument):
    with pytest.raises(PipelineError) as caught:
        predicates()[name].prepare(argument)
    return caught.value.code


@pytest.mark.parametrize("names", BY_TYPE)
def test_each_type_matches_its_number_and_its_name_only(names):
    for name in names:
        prepared = predicates()["$type"].prepare(name)
        assert [other for other, value in BY_TYPE.items() if prepared(value)] == [names]
        assert not prepared(MISSING)


def test_number_is_the_four_numeric_types():
    prepared = predicates()["$type"].prepare(["number", "bool"])
    assert [code for (code, _), value in BY_TYPE.items() if prepared(value)] == [1, 8, 16, 18, 19]


def test_a_type_may_be_a_number_of_any_type():
    assert holds("$type", 2.0, "a")
    assert holds("$type", [Int64(2), Decimal128("16")], 5)


@pytest.mark.parametrize(("argument", "code"), [
    ("strin", 2), (0, 2), (99, 2), (255, 2), (1.5, 2), (Decimal128("NaN"), 2), (True, 14), (None, 14), ([], 9),
    (["int", {}], 14), (Code("int"), 14)])
def test_types_that_are_none(argument, code):
    assert code_of_refusal("$type", argument) == code


@pytest.mark.parametrize("yes", [True, 1, 2.5, "false", [], {}])
def test_exists_takes_any_true_value(yes):
    assert holds("$exists", yes, None)
    assert not holds("$exists", yes, MISSING)


@pytest.mark.parametrize("no", [False, 0, 0.0, None])
def test_exists_takes_any_false_value(no):
    assert not holds("$exists", no, None)
    assert holds("$exists", no, MISSING)


def test_size_counts_elements_of_arrays_only():
    assert holds("$size", 2.0, [1, [2, 3]])
    assert holds("$size", Decimal128("0"), [])
    assert not holds("$size", 0, MISSING)
    assert not holds("$size", 1, {"0": 1})


@pytest.mark.parametrize("argument", ["2", None, True, 1.5, -1, float("nan"), 1e300, Decimal128("2.5"), [1]])
def test_sizes_that_are_none(argument):
    assert code_of_refusal("$size", argument) == 2


@pytest.mark.parametrize(("value", "leaves"), [
    (7, 1), (-7, -1), (Int64(7), 1), (7.9, 1), (-7.9, -1), (Decimal128("7.5"), 1), (0, 0), (-6, 0), (2**62, 1)])
def test_remainders_have_the_sign_of_the_value(value, leaves):
    for divisor in (3, -3, 3.7, Decimal128("3")):
        assert holds("$mod", [divisor, leaves], value)
        assert not holds("$mod", [divisor, 2], value)


@pytest.mark.parametrize("value", [True, "6", None, MISSING, float("nan"), float("inf"), 1e19, Decimal128("NaN"),
                                   Decimal128("1E+30"), Decimal128("-Infinity")])
def test_mod_of_what_is_no_64_bit_number_is_false(value):
    assert not holds("$mod", [3, 0], value)


@pytest.mark.parametrize("argument", [
    3, None, {"divisor": 3}, [], [3], [3, 0, 1], ["3", 0], [True, 0], [3, None], [0, 0], [0.5, 0], [-0.0, 0],
    [float("nan"), 0], [3, float("inf")], [1e19, 0], [Decimal128("0.99"), 0], [Decimal128("1E+22"), 0]])
def test_mod_takes_a_divisor_and_a_remainder(argument):
    assert code_of_refusal("$mod", argument) == 2
