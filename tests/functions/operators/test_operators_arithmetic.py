"""Arithmetic and rounding: types of results, overflow, decimals, dates, errors."""

import datetime as dt
import math
from collections.abc import Callable

import pytest
from bson import Decimal128, Int64
from bson.datetime_ms import DatetimeMS

from gatherum.errors import OperatorError
from gatherum.functions.registry import operators
from gatherum.types.values import MISSING

DAY = dt.datetime(2026, 1, 1)


def call(name, *arguments):
    return operators()[name].meaning(*arguments)


def exactly(value):
    return type(value).__name__, str(value)


def code_of(function: Callable, *arguments) -> int | None:
    with pytest.raises(OperatorError) as caught:
        function(*arguments)
    return caught.value.code


@pytest.mark.parametrize(("name", "arguments", "expected"), [
    ("$add", (2147483647, 1), Int64(2147483648)),
    ("$add", (Int64(1), 2), Int64(3)),
    ("$add", (2**40, 1 - 2**40), Int64(1)),
    ("$add", (2**31 - 1, 1, -1), 2**31 - 1),
    ("$add", (Int64(2**63 - 1), 1), 2.0**63),
    ("$add", (1, 2, 0.5), 3.5),
    ("$add", (1.5, Decimal128("2.5")), Decimal128("4.00000000000000")),
    ("$add", (-0.0, -0.0), 0.0),
    ("$add", (), 0),
    ("$subtract", (-2147483648, 1), Int64(-2147483649)),
    ("$subtract", (-0.0, 0), -0.0),
    ("$subtract", (Int64(-(2**63)), 1), -(2.0**63)),
    ("$subtract", (10.5, Decimal128("2.5")), Decimal128("8.0000000000000")),
    ("$subtract", (Decimal128("Infinity"), Decimal128("Infinity")), Decimal128("NaN")),
    ("$multiply", (65536, 65536), Int64(2**32)),
    ("$multiply", (Int64(2**62), 2), 2.0**63),
    ("$multiply", (0, -0.0), -0.0),
    ("$multiply", (Decimal128("-0"), 5), Decimal128("-0")),
    ("$multiply", (Decimal128("99999999999999999"),) * 2, Decimal128("9999999999999999800000000000000001")),
    ("$multiply", (Decimal128("9E+6144"), 10), Decimal128("Infinity")),
    ("$divide", (10, 4), 2.5),
    ("$divide", (4, Decimal128("3")), Decimal128("1.333333333333333333333333333333333")),
    ("$mod", (-7, 3), -1),
    ("$mod", (7, -3), 1),
    ("$mod", (5, 3.0), 2),
    ("$mod", (Int64(5), 3.0), Int64(2)),
    ("$mod", (5, 1.5), 0.5),
    ("$mod", (-0.0, 3), -0.0),
    ("$mod", (math.inf, 3), math.nan),
    ("$mod", (Int64(-(2**63)), Int64(-1)), Int64(0)),
    ("$mod", (Decimal128("1.000000000000000000000000000000000E+6144"), 3), Decimal128("1")),
    ("$abs", (-(2**31),), Int64(2**31)),
    ("$abs", (Decimal128("-0.50"),), Decimal128("0.50")),
    ("$ceil", (-0.5,), -0.0),
    ("$ceil", (Decimal128("0.000001"),), Decimal128("1")),
    ("$ceil", (Decimal128("Infinity"),), Decimal128("NaN")),
    ("$floor", (math.inf,), math.inf),
    ("$floor", (Int64(-7),), Int64(-7)),
    ("$round", (2.5,), 2.0),
    ("$round", (1.005, 2), 1.0),
    ("$round", (Decimal128("0.65"), 1), Decimal128("0.6")),
    ("$round", (Decimal128("23.298"), Decimal128("-1")), Decimal128("2E+1")),
    ("$round", (2147483647, -1), Int64(2147483650)),
    ("$round", (Int64(1250), -2.0), Int64(1200)),
    ("$trunc", (-0.5,), -0.0),
    ("$trunc", (123.397, 2), 123.39),
    ("$trunc", (-1299, -2), -1200),
    ("$trunc", (1.32, 50), 1.32),
    ("$trunc", (Decimal128("1.397"), 50), Decimal128("1.397000000000000000000000000000000")),
    ("$trunc", (Decimal128("-Infinity"), -2), Decimal128("-Infinity")),
])
def test_value_and_type_of_the_result(name, arguments, expected):
    assert exactly(call(name, *arguments)) == exactly(expected)


@pytest.mark.parametrize(("step", "milliseconds"), [
    (1, 1), (Int64(-5), -5), (0.49, 0), (-0.5, -1), (2.5, 3), (Decimal128("1.5"), 2), (Decimal128("2.5"), 2),
])
def test_add_rounds_milliseconds(step, milliseconds):
    assert call("$add", step, DAY) == DAY + dt.timedelta(milliseconds=milliseconds)


def test_subtract_with_dates():
    assert exactly(call("$subtract", DAY, DAY - dt.timedelta(days=1))) == exactly(Int64(86400000))
    assert call("$subtract", DAY, 2.5) == DAY - dt.timedelta(milliseconds=3)
    assert call("$subtract", DAY, Decimal128("2.5")) == DAY - dt.timedelta(milliseconds=2)
    assert call("$subtract", dt.datetime(1, 1, 1), 1) == DatetimeMS(-62135596800001)


def test_a_decimal_beyond_the_range_of_dates_saturates():
    for step, end in (("NaN", 2**63 - 1), ("1E+5000", 2**63 - 1), ("-Infinity", -(2**63))):
        assert call("$add", DAY, Decimal128(step)) == DatetimeMS(end)


@pytest.mark.parametrize("name", ["$add", "$subtract", "$multiply", "$divide", "$mod", "$round", "$trunc"])
def test_null_and_missing_win_over_other_types(name):
    assert call(name, None, "text") is None
    assert call(name, 1, MISSING) is None


@pytest.mark.parametrize(("name", "arguments", "code"), [
    ("$add", ("a", None), 14), ("$add", (True, 1), 14), ("$add", (DAY, DAY), 16612), ("$add", (DAY, math.nan), 15),
    ("$add", (DatetimeMS(2**63 - 1), 1), 15),
    ("$subtract", (1, DAY), 14), ("$subtract", (DAY, "a"), 14), ("$subtract", (DAY, Decimal128("NaN")), 15),
    ("$multiply", ([2], 3), 14), ("$multiply", (DAY, 3), 14),
    ("$divide", (1, 0), 2), ("$divide", (0.0, -0.0), 2), ("$divide", (1, Decimal128("0E+3")), 2),
    ("$divide", (1, True), 14), ("$mod", (1, 0.0), 2), ("$mod", (1, "a"), 16611),
    ("$abs", (Int64(-(2**63)),), 28680), ("$abs", (True,), 28765), ("$ceil", ("a",), 28765),
    ("$round", ("a",), 51081), ("$round", (1, "a"), 16004), ("$round", (1, math.nan), 31109),
    ("$round", (1, 1.5), 51082), ("$round", (1, Decimal128("NaN")), 51082), ("$round", (1, Decimal128("-21")), 51083),
    ("$round", (1, 101), 51083), ("$round", (Int64(2**63 - 2), -1), 51080), ("$trunc", (DAY, 1), 51081),
])
def test_errors_carry_their_code(name, arguments, code):
    assert code_of(operators()[name].meaning, *arguments) == code


def test_a_decimal_divisor_that_no_double_holds_is_not_zero():
    assert call("$divide", 0, Decimal128("1E-6176")).to_decimal() == 0
