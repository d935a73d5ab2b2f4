"""Corners of the string operators; the examples on the definitions cover the rest."""

import datetime as dt

import pytest
from bson import Code, Decimal128, Int64, MaxKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from gatherum.errors import OperatorError
from gatherum.functions.registry import operators
from gatherum.types.values import MISSING


def call(name, *arguments):
    return operators()[name].meaning(*arguments)


def code_of(name, *arguments):
    with pytest.raises(OperatorError) as caught:
        call(name, *arguments)
    return caught.value.code


def test_concat_stops_at_the_first_null_or_wrong_type():
    assert call("$concat", "a", MISSING, 5) is None
    assert code_of("$concat", "a", 5, None) == 16702
    assert code_of("$concat", Code("x")) == 16702


def test_case_mapping_leaves_all_but_ascii_letters():
    assert call("$toUpper", "aß`{é") == "Aß`{é"
    assert call("$toLower", "AÉ@[İΣ") == "aÉ@[İΣ"


@pytest.mark.parametrize(("value", "expected"), [
    (42, "42"), (Int64(2**40), "1099511627776"), (3.0, "3"), (3.14, "3.14"), (1e6, "1e+06"), (2.0**53, "9.0072e+15"),
    (-0.0, "-0"), (float("nan"), "nan"), (float("-inf"), "-inf"), (Decimal128("1.0"), "1.0"),
    (Decimal128("1.23E+10"), "1.23e+10"), (dt.datetime(2024, 1, 2, 3, 4, 5, 6000), "2024-01-02t03:04:05.006z"),
    (dt.datetime(33, 1, 1), "0033-01-01t00:00:00.000z"), (Timestamp(1704067200, 42), "jan  1 00:00:00:42"),
    (Timestamp(1721500800, 1), "jul 20 18:40:00:1"), (Code("F()"), "f()"), (None, ""), (MISSING, ""),
])
def test_values_taken_as_text(value, expected):
    assert call("$toLower", value) == expected


@pytest.mark.parametrize("value", [True, [], {}, b"", ObjectId(), Regex("a"), MaxKey(), Code("x", {"a": 1})])
def test_values_that_are_no_text(value):
    assert code_of("$toUpper", value) == 16007


def test_dates_beyond_the_calendar_are_no_text():
    assert code_of("$toUpper", DatetimeMS(2**50)) == 18537


def test_substring_counts_code_points():
    assert call("$substrCP", "🎉🚀✨", 1, 1) == "🚀"
    assert call("$substrCP", "e\u0301x", 0, 1) == "e"
    assert call("$substrCP", 12345, 3, 2**31 - 1) == "45"
    assert call("$substrCP", "hello", Decimal128("2.0"), Int64(2)) == "ll"
    assert call("$substrCP", "hello", 2**31 - 1, 2**31 - 1) == ""


@pytest.mark.parametrize(("start", "length", "code"), [
    ("1", 1, 34450), (None, 1, 34450), (1.5, 1, 34451), (Int64(2**31), 1, 34451), (0, True, 34452),
    (0, Decimal128("0.5"), 34453), (0, float("nan"), 34453), (0, -1, 34454), (-1, 1, 34455), (-1, -1, 34454),
])
def test_substring_refuses(start, length, code):
    assert code_of("$substrCP", "hello", start, length) == code


@pytest.mark.parametrize("value", [None, MISSING, 42, ["a"], Code("a")])
def test_length_takes_only_strings(value):
    assert code_of("$strLenCP", value) == 34471


def test_split_takes_the_leftmost_separators():
    assert call("$split", "aaa", "aa") == ["", "a"]
    assert call("$split", "a, b,c", ", ") == ["a", "b,c"]
    assert call("$split", "", ",") == [""]


def test_split_is_null_before_it_is_an_error():
    assert call("$split", 5, None) is None
    assert call("$split", MISSING, 5) is None
    assert code_of("$split", 5, ",") == 40085
    assert code_of("$split", "a", 5) == 40086
    assert code_of("$split", "a", "") == 40087


@pytest.mark.parametrize("space", ["\0", "\t", "\n", "\x0b", "\f", "\r", " ", "\xa0", "\u1680", "\u2000", "\u200a"])
def test_trimmed_by_default(space):
    assert call("$trim", space + "a" + space + "b" + space) == "a" + space + "b"


@pytest.mark.parametrize("other", ["\x85", "\x1c", "\u200b", "\u2028", "\u202f", "\u205f", "\u3000", "\ufeff"])
def test_not_trimmed_by_default(other):
    assert call("$trim", other + "a") == other + "a"


def test_trim_with_characters_of_ones_own():
    assert call("$trim", " xa\u0301 ", "x\u0301") == " xa\u0301 "
    assert call("$trim", "[a-z]", "][") == "a-z"
    assert call("$trim", " a ", "") == " a "
    assert call("$trim", " a ", MISSING) is None
    assert call("$trim", None, 5) is None
    assert code_of("$trim", 5, None) == 50699
    assert code_of("$trim", "a", 5) == 50700
