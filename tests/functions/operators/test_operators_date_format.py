import datetime as dt

import pytest
from bson import Code, ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS

from gatherum.errors import GatherumError
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope
from gatherum.types.values import MISSING

DATE = dt.datetime(2024, 6, 5, 9, 3, 4, 56700)


def value(expression, **document):
    scope = Scope()
    return compile_expression(parse_expression(expression), scope)(document, scope.frame())


def code(expression, **document):
    with pytest.raises(GatherumError) as caught:
        value(expression, **document)
    return caught.value.code


def text(date, form=None, **more):
    given = {"date": "$d", **more} if form is None else {"date": "$d", "format": "$f", **more}
    return value({"$dateToString": given}, d=date, f=form)


@pytest.mark.parametrize(("form", "expected"), [
    ("%Y", "2024"), ("%m", "06"), ("%d", "05"), ("%H", "09"), ("%M", "03"), ("%S", "04"), ("%L", "056"),
    ("%j", "157"), ("%w", "4"), ("%U", "22"), ("%u", "3"), ("%V", "23"), ("%G", "2024"), ("%b", "Jun"),
    ("%B", "June"), ("%z", "+0000"), ("%Z", "0"), ("%%", "%"), ("", ""), ("day {0} %% %%d\0", "day {0} % %d\0"),
    ("%Y-%m-%dT%H:%M:%S", "2024-06-05T09:03:04"), ("%d%d*%d", "0505*05"),
])
def test_each_specifier(form, expected):
    assert text(DATE, form) == expected
    assert text(DATE, form, timezone="GMT") == expected
    assert text(DATE.replace(tzinfo=dt.UTC), form) == expected


@pytest.mark.parametrize(("date", "expected"), [
    (dt.datetime(1, 2, 3), "0001-02-03"), (dt.datetime(906, 6, 1), "0906-06-01"),
    (DatetimeMS(-62_167_219_200_000), "0000-01-01"), (ObjectId("80" + "0" * 22), "1901-12-13"),
    (Timestamp(2**32 - 1, 1), "2106-02-07"),
])
def test_dates_ids_and_timestamps(date, expected):
    assert text(date, "%Y-%m-%d") == expected


def test_the_format_of_its_own():
    assert text(DATE) == text(DATE, timezone="UTC") == text(DATE, timezone="+00") == "2024-06-05T09:03:04.056Z"
    assert text(DATE, timezone="America/New_York") == "2024-06-05T05:03:04.056"


@pytest.mark.parametrize(("zone", "date", "expected"), [
    ("America/New_York", dt.datetime(2024, 7, 1, 12), "2024-07-01 08:00 -0400 -240"),
    ("America/New_York", dt.datetime(2024, 11, 3, 5, 30), "2024-11-03 01:30 -0400 -240"),
    ("America/New_York", dt.datetime(2024, 11, 3, 6, 30), "2024-11-03 01:30 -0500 -300"),
    ("Europe/Berlin", dt.datetime(2024, 3, 31, 0, 59), "2024-03-31 01:59 +0100 60"),
    ("Europe/Berlin", dt.datetime(2024, 3, 31, 1), "2024-03-31 03:00 +0200 120"),
    ("Asia/Kathmandu", dt.datetime(2024, 12, 31, 18, 15), "2025-01-01 00:00 +0545 345"),
    ("Australia/Lord_Howe", dt.datetime(2024, 4, 6, 14, 45), "2024-04-07 01:45 +1100 660"),
    ("Australia/Lord_Howe", dt.datetime(2024, 4, 6, 15, 15), "2024-04-07 01:45 +1030 630"),
    ("America/Caracas", dt.datetime(1900, 7, 10, 11, 41, 22), "1900-07-10 07:13 -0427 -267"),
    ("-00:01", dt.datetime(2024, 1, 1), "2023-12-31 23:59 -0001 -1"),
    ("+5959", dt.datetime(2024, 1, 1), "2024-01-03 11:59 +5959 3599"),
])
def test_time_zones(zone, date, expected):
    assert text(date, "%Y-%m-%d %H:%M %z %Z", timezone=zone) == expected


def test_a_null_date_gives_on_null_or_null():
    assert value({"$dateToString": {"date": None}}) is None
    assert value({"$dateToString": {"date": "$missing", "onNull": 7}}) == 7
    assert value({"$dateToString": {"date": None, "onNull": "$missing"}}) is MISSING
    assert value({"$dateToString": {"date": None, "format": None, "timezone": None, "onNull": 7}}) == 7


def test_a_null_format_or_time_zone_gives_null():
    assert text(DATE, timezone="$missing", onNull=7) is None
    assert text(DATE, timezone=None) is None
    assert value({"$dateToString": {"date": "$d", "format": "$missing", "onNull": 7}}, d=DATE) is None


def test_on_null_is_evaluated_only_where_it_is_needed():
    failing = {"$year": "no date"}
    assert text(DATE, "%Y", onNull=failing) == "2024"
    assert code({"$dateToString": {"date": None, "onNull": failing}}) == 16006


@pytest.mark.parametrize("date", [DATE, None])
def test_errors_of_the_format_do_not_wait_for_a_date(date):
    def failing(form):
        return code({"$dateToString": {"date": "$d", "format": {"$literal": form}}}, d=date)

    assert failing("%Y %x") == failing("%i%Y") == 18536
    assert failing("%Y%") == failing("%%%") == 18535
    assert failing(5) == failing(True) == failing(Code("%Y")) == 18533


def test_other_errors():
    assert code({"$dateToString": {"date": "2024-01-01"}}) == 16006
    assert code({"$dateToString": {"date": [DATE], "format": None}}) == 16006
    assert code({"$dateToString": {"date": DATE, "timezone": "Nowhere"}}) == 40485
    assert code({"$dateToString": {"date": DATE, "timezone": True}}) == 40517


@pytest.mark.parametrize("date", [DatetimeMS(253_402_300_800_000), DatetimeMS(-62_167_219_200_001)])
def test_years_that_do_not_have_four_digits_cannot_be_written(date):
    assert code({"$dateToString": {"date": "$d"}}, d=date) == 18537
    assert code({"$dateToString": {"date": "$d", "format": "%Y"}}, d=date) == 18537
    assert text(date, "%H:%M") in ("00:00", "23:59")


def test_the_time_zone_may_lead_into_a_year_that_cannot_be_written():
    last = dt.datetime(9999, 12, 31, 23, 30)
    assert text(last, "%Y") == "9999"
    assert code({"$dateToString": {"date": "$d", "format": "%Y", "timezone": "+01"}}, d=last) == 18537
