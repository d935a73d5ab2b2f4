"""Conversions: what each type gives, and what does not convert."""

import datetime as dt
import math
import uuid

import pytest
from bson import Binary, Code, Decimal128, Int64, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from gatherum.errors import OperatorError
from gatherum.functions.registry import operators
from gatherum.types.date_text import parse_date
from gatherum.types.values import MISSING, from_millis

NOON = dt.datetime(2024, 6, 15, 12, 30, 45)


def call(name, value):
    return operators()[name].meaning(value)


def exactly(value):
    return type(value).__name__, str(value)


@pytest.mark.parametrize(("name", "value", "expected"), [
    ("$toInt", -1.9, -1), ("$toInt", Decimal128("1.9"), 1), ("$toInt", True, 1), ("$toInt", "+0042", 42),
    ("$toInt", Int64(-5), -5), ("$toInt", b"\x00\x80", -32768), ("$toInt", Binary(b"", 2), 0),
    ("$toLong", "-9223372036854775808", Int64(-(2**63))), ("$toLong", NOON, Int64(1718454645000)),
    ("$toLong", -(2.0**63), Int64(-(2**63))), ("$toLong", Decimal128("-9223372036854775808.999"), Int64(-(2**63))),
    ("$toLong", 7, Int64(7)), ("$toLong", b"\x05", Int64(5)),
    ("$toDouble", "1.5e-3", 0.0015), ("$toDouble", "-0", -0.0), ("$toDouble", "+0x1.8p1", 3.0),
    ("$toDouble", "0X1P0", 1.0), ("$toDouble", "-inf", -math.inf), ("$toDouble", "NaN", math.nan),
    ("$toDouble", dt.datetime(1970, 1, 2), 86400000.0), ("$toDouble", b"\0\0\0\0\0\0\x14@", 5.0),
    ("$toDecimal", 2.5, Decimal128("2.50000000000000")), ("$toDecimal", 0.1 + 0.2, Decimal128("0.300000000000000")),
    ("$toDecimal", -0.0, Decimal128("-0")), ("$toDecimal", "-0E-1", Decimal128("-0.0")),
    ("$toDecimal", "12345678901234567890123456789012345", Decimal128("1.234567890123456789012345678901234E+34")),
    ("$toDecimal", "1E+6144", Decimal128("1.000000000000000000000000000000000E+6144")),
    ("$toDecimal", "5.", Decimal128("5")), ("$toDouble", "0e99999999999999999999", 0.0),
    ("$toDecimal", "-NaN", Decimal128("NaN")),
    ("$toString", 3.0, "3"), ("$toString", 1e15, "1000000000000000"), ("$toString", 1e16, "1e+16"),
    ("$toString", 1e-5, "1e-05"), ("$toString", -0.0, "-0"), ("$toString", -math.inf, "-Infinity"),
    ("$toString", Decimal128("-0E+10"), "-0E+10"), ("$toString", Int64(2**40), "1099511627776"),
    ("$toString", False, "false"), ("$toString", ObjectId("507f1f77bcf86cd799439011"), "507f1f77bcf86cd799439011"),
    ("$toString", NOON, "2024-06-15T12:30:45.000Z"), ("$toString", b"hello", "aGVsbG8="),
    ("$toString", from_millis(-62167219200000), "0000-01-01T00:00:00.000Z"),
    ("$toString", uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ("$toString", Binary(b"hello", 2), "BQAAAGhlbGxv"),
    ("$toBool", "", True), ("$toBool", -0.0, False), ("$toBool", math.nan, True), ("$toBool", [], True),
    ("$toBool", Decimal128("0E+5"), False), ("$toBool", MinKey(), True),
    ("$toDate", Int64(-1), dt.datetime(1969, 12, 31, 23, 59, 59, 999000)),
    ("$toDate", 1000.9, dt.datetime(1970, 1, 1, 0, 0, 1)), ("$toDate", 2**53, from_millis(2**53)),
    ("$toDate", Decimal128("-86400000.5"), dt.datetime(1969, 12, 31)),
    ("$toDate", ObjectId("ffffffff0000000000000000"), dt.datetime(1969, 12, 31, 23, 59, 59)),
    ("$toDate", Timestamp(2**32 - 1, 1), dt.datetime(2106, 2, 7, 6, 28, 15)),
    ("$toDate", "2024-06-15", dt.datetime(2024, 6, 15)),
    ("$type", MISSING, "missing"), ("$type", 2**31, "long"), ("$type", Code("f"), "javascript"),
    ("$isNumber", True, False), ("$isNumber", Decimal128("NaN"), True), ("$isNumber", MISSING, False),
])
def test_value_and_type_of_the_result(name, value, expected):
    assert exactly(call(name, value)) == exactly(expected)


@pytest.mark.parametrize("name", ["$toInt", "$toLong", "$toDouble", "$toDecimal", "$toString", "$toBool", "$toDate"])
def test_null_and_missing_give_null(name):
    assert call(name, None) is None
    assert call(name, MISSING) is None


@pytest.mark.parametrize(("name", "value"), [
    *[("$toInt", value) for value in (2**31, -2147483649.0, math.nan, Decimal128("Infinity"), NOON, "1.0", " 1", "1 ",
                                      "1_0", "0x1", "", "+", "\u0661", "2147483648", b"", b"abc", [1], {})],
    *[("$toLong", value) for value in (2.0**63, "9223372036854775808", Decimal128("1E+6144"), "9" * 5000,
                                       Timestamp(1, 1), ObjectId())],
    *[("$toDouble", value) for value in ("", "1e309", "1e-400", "1e99999999999999999999", "0x01",
                                         "0x1p", "1.5e", "1_0", " 1", "0X1P9999", b"abc",
                                         Decimal128("1.8E+309"), Regex("a"))],
    *[("$toDecimal", value) for value in ("", "1E+6145", "1E-6200", "1E99999999999999999999", "sNaN", "0x01", " 1",
                                          b"\x01", ObjectId())],
    *[("$toString", value) for value in (Timestamp(1, 1), Regex("a"), Code("f"), MinKey(), [1], {"a": 1})],
    *[("$toDate", value) for value in (0, True, math.inf, 1e300, Decimal128("NaN"), "", "2024", "1900-02-29",
                                       "10000-01-01", "2024-13-01", "2024 -06-15", "2024-06-15T12: 30:45Z",
                                       "2024-06-15T25:00:00", [NOON], b"a")],
])
def test_what_does_not_convert(name, value):
    with pytest.raises(OperatorError) as caught:
        call(name, value)
    assert caught.value.code == 241


def test_a_year_beyond_four_digits_has_no_text():
    with pytest.raises(OperatorError) as caught:
        call("$toString", DatetimeMS(253402300800000))
    assert caught.value.code == 18537


@pytest.mark.parametrize(("text", "milliseconds"), [
    ("2024-06-15T12:30:45Z", 1718454645000), ("2024-06-15 12:30:45 +0500", 1718436645000),
    ("2024-06-15T12:30:45.1239-05:30", 1718474445123), ("\0 2024-06-15\t12:30Z\u00a0", 1718454600000),
    ("0001-01-01", -62135596800000), ("-0001-01-01T00:00:00Z", -62198755200000),
    ("2024/06/15", 1718409600000), ("06/15/2024", 1718409600000), ("20240615", 1718409600000),
    ("15 June 2024", 1718409600000), ("Jun 15th, 2024", 1718409600000), ("2024-Jun-15 noon", 1718452800000),
])
def test_written_dates(text, milliseconds):
    assert parse_date(text) == milliseconds
