import datetime as dt

import pytest
from bson import Code, Decimal128, Int64, ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS

from gatherum.errors import GatherumError
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope
from gatherum.types.values import INT64_MAX, INT64_MIN

DATE = dt.datetime(2021, 3, 20, 11, 37, 5, 123000)
UNITS = ["millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"]


def value(expression, **document):
    scope = Scope()
    return compile_expression(parse_expression(expression), scope)(document, scope.frame())


def code(expression, **document):
    with pytest.raises(GatherumError) as caught:
        value(expression, **document)
    return caught.value.code


def add(start, unit, amount, **more):
    return value({"$dateAdd": {"startDate": "$d", "unit": "$u", "amount": "$n", **more}}, d=start, u=unit, n=amount)


def subtract(start, unit, amount, **more):
    return value({"$dateSubtract": {"startDate": "$d", "unit": "$u", "amount": "$n", **more}},
                 d=start, u=unit, n=amount)


def trunc(date, unit, **more):
    return value({"$dateTrunc": {"date": "$d", "unit": "$u", **more}}, d=date, u=unit)


@pytest.mark.parametrize(("unit", "expected"), list(zip(UNITS, [
    dt.datetime(2021, 3, 20, 11, 37, 5, 125000), dt.datetime(2021, 3, 20, 11, 37, 7, 123000),
    dt.datetime(2021, 3, 20, 11, 39, 5, 123000), dt.datetime(2021, 3, 20, 13, 37, 5, 123000),
    dt.datetime(2021, 3, 22, 11, 37, 5, 123000), dt.datetime(2021, 4, 3, 11, 37, 5, 123000),
    dt.datetime(2021, 5, 20, 11, 37, 5, 123000), dt.datetime(2021, 9, 20, 11, 37, 5, 123000),
    dt.datetime(2023, 3, 20, 11, 37, 5, 123000)], strict=True)))
def test_adding_and_subtracting_each_unit(unit, expected):
    for amount in (2, Int64(2), 2.0, Decimal128("2.0")):
        assert add(DATE, unit, amount) == expected
    assert subtract(DATE, unit, -2) == expected
    assert subtract(expected, unit, 2) == DATE


@pytest.mark.parametrize(("start", "unit", "amount", "expected"), [
    (dt.datetime(2020, 1, 31), "month", 1, dt.datetime(2020, 2, 29)),
    (dt.datetime(2021, 1, 31), "month", 1, dt.datetime(2021, 2, 28)),
    (dt.datetime(2020, 2, 29), "year", 1, dt.datetime(2021, 2, 28)),
    (dt.datetime(2021, 1, 31), "quarter", 1, dt.datetime(2021, 4, 30)),
    (dt.datetime(2020, 12, 31), "month", 49, dt.datetime(2025, 1, 31)),
    (dt.datetime(2020, 12, 31), "month", -49, dt.datetime(2016, 11, 30)),
    (dt.datetime(2021, 1, 31), "month", -1, dt.datetime(2020, 12, 31)),
])
def test_a_day_that_the_month_lacks_becomes_its_last(start, unit, amount, expected):
    assert add(start, unit, amount) == expected


@pytest.mark.parametrize(("zone", "start", "days", "expected"), [
    ("Europe/Berlin", dt.datetime(2024, 3, 30, 1, 30), 1, dt.datetime(2024, 3, 31, 1, 30)),     # into the gap
    ("Europe/Berlin", dt.datetime(2024, 3, 30, 12), 1, dt.datetime(2024, 3, 31, 11)),
    ("Europe/Berlin", dt.datetime(2024, 10, 26, 0, 30), 1, dt.datetime(2024, 10, 27, 0, 30)),   # first of the two
    ("Europe/Berlin", dt.datetime(2024, 10, 26, 12), 1, dt.datetime(2024, 10, 27, 13)),
    ("America/New_York", dt.datetime(2024, 3, 9, 7, 30), 1, dt.datetime(2024, 3, 10, 7, 30)),
    ("America/New_York", dt.datetime(2024, 11, 2, 15), 1, dt.datetime(2024, 11, 3, 16)),
    ("America/New_York", dt.datetime(2024, 11, 4, 15), -2, dt.datetime(2024, 11, 2, 14)),
    ("Asia/Kathmandu", dt.datetime(1985, 12, 31, 12), 1, dt.datetime(1986, 1, 1, 11, 45)),
    ("Australia/Lord_Howe", dt.datetime(2024, 10, 5, 0), 1, dt.datetime(2024, 10, 5, 23, 30)),
    ("Australia/Lord_Howe", dt.datetime(2024, 4, 6, 0), 1, dt.datetime(2024, 4, 7, 0, 30)),
])
def test_days_keep_the_time_of_the_clock(zone, start, days, expected):
    assert add(start, "day", days, timezone=zone) == expected
    assert subtract(start, "day", -days, timezone=zone) == expected


def test_weeks_months_and_years_keep_the_time_of_the_clock():
    assert add(dt.datetime(2024, 3, 25, 12), "week", 1, timezone="Europe/Berlin") == dt.datetime(2024, 4, 1, 11)
    assert add(dt.datetime(2021, 1, 31, 3), "month", 2, timezone="America/New_York") == dt.datetime(2021, 3, 31, 2)
    assert add(dt.datetime(2024, 1, 30, 23, 30), "month", 1, timezone="Europe/Berlin") == dt.datetime(
        2024, 2, 28, 23, 30)


def test_hours_and_less_are_independent_of_the_clock():
    start = dt.datetime(2024, 3, 30, 12)
    assert add(start, "hour", 24, timezone="Europe/Berlin") == dt.datetime(2024, 3, 31, 12)


@pytest.mark.parametrize("unit", UNITS)
def test_adding_nothing_to_either_of_two_repeated_times_gives_it_again(unit):
    for start in (dt.datetime(2024, 10, 27, 0, 30), dt.datetime(2024, 10, 27, 1, 30)):
        assert add(start, unit, 0, timezone="Europe/Berlin") == start


def test_ids_and_timestamps_can_be_added_to():
    assert add(ObjectId("80" + "0" * 22), "day", 1) == dt.datetime(1901, 12, 14, 20, 45, 52)
    assert subtract(Timestamp(86400, 5), "day", 1) == dt.datetime(1970, 1, 1)


def test_sums_may_lie_where_datetime_does_not_reach():
    assert add(dt.datetime(9999, 12, 31), "day", 1) == DatetimeMS(253_402_300_800_000)
    assert subtract(dt.datetime(1, 1, 31), "month", 1) == DatetimeMS(-62_135_596_800_000 - 86_400_000)
    assert subtract(DatetimeMS(253_402_300_800_000), "year", 1) == dt.datetime(9999, 1, 1)


def test_sums_out_of_range_are_errors():
    last, first = DatetimeMS(INT64_MAX), DatetimeMS(INT64_MIN)
    add_one = {"$dateAdd": {"startDate": "$d", "unit": "$u", "amount": 1}}
    assert [code(add_one, d=last, u=unit) for unit in UNITS] == [5166406] * len(UNITS)
    subtract_one = {"$dateSubtract": {"startDate": "$d", "unit": "$u", "amount": 1}}
    assert [code(subtract_one, d=first, u=unit) for unit in UNITS] == [5166406] * len(UNITS)
    large = {"$dateAdd": {"startDate": "$d", "unit": "month", "amount": Int64(-30_000_000_000)}}
    assert code(large, d=DATE) == 5976500


@pytest.mark.parametrize("name", ["$dateAdd", "$dateSubtract"])
def test_errors_of_adding(name):
    def failing(**changed):
        given = {"startDate": DATE, "unit": "day", "amount": 1, **changed}
        return code({name: {key: {"$literal": item} for key, item in given.items()}})

    assert failing(startDate="2024-01-01") == failing(startDate=[DATE]) == failing(startDate=5) == 5166403
    assert failing(unit=1) == failing(unit=["day"]) == failing(unit=Code("day")) == 5439013
    assert failing(unit="days") == failing(unit="Day") == failing(unit="") == 9
    for amount in (1.5, "1", True, float("nan"), float("inf"), 2.0**63, Decimal128("NaN"), Decimal128("1E+30"),
                   Decimal128("3.000000000000000000000000000000001"), DATE):
        assert failing(amount=amount) == 5166405
    assert failing(timezone="Nowhere") == 40485
    assert failing(timezone=1) == 40517


@pytest.mark.parametrize("name", ["startDate", "unit", "amount", "timezone"])
def test_a_null_argument_gives_null_before_others_are_checked(name):
    wrong = {"startDate": "x", "unit": "x", "amount": "x", "timezone": "x", name: "$missing"}
    assert value({"$dateAdd": wrong}) is None
    assert value({"$dateSubtract": {**wrong, name: None}}) is None


@pytest.mark.parametrize(("unit", "expected"), list(zip(UNITS, [
    DATE, dt.datetime(2021, 3, 20, 11, 37, 5), dt.datetime(2021, 3, 20, 11, 37), dt.datetime(2021, 3, 20, 11),
    dt.datetime(2021, 3, 20), dt.datetime(2021, 3, 14), dt.datetime(2021, 3, 1), dt.datetime(2021, 1, 1),
    dt.datetime(2021, 1, 1)], strict=True)))
def test_truncating_to_each_unit(unit, expected):
    assert trunc(DATE, unit) == expected
    assert trunc(DATE.replace(tzinfo=dt.UTC), unit) == expected
    assert trunc(DATE, unit, timezone="GMT") == expected
    assert trunc(expected, unit) == expected


@pytest.mark.parametrize(("date", "unit", "size", "expected"), [
    (DATE, "minute", 15, dt.datetime(2021, 3, 20, 11, 30)),
    (DATE, "hour", Decimal128("2"), dt.datetime(2021, 3, 20, 10)),
    (DATE, "day", 2, dt.datetime(2021, 3, 19)),
    (dt.datetime(1999, 12, 31, 23), "day", 2, dt.datetime(1999, 12, 30)),
    (dt.datetime(2000, 1, 1), "week", 2, dt.datetime(1999, 12, 19)),
    (DATE, "month", 6.0, dt.datetime(2021, 1, 1)),
    (DATE, "quarter", Int64(3), dt.datetime(2021, 1, 1)),
    (DATE, "year", 10, dt.datetime(2020, 1, 1)),
    (dt.datetime(1999, 12, 31, 23), "year", 5, dt.datetime(1995, 1, 1)),
    (dt.datetime(1969, 12, 31, 23, 59, 59, 999000), "second", 7, dt.datetime(1969, 12, 31, 23, 59, 58)),
])
def test_bins_are_counted_from_the_year_2000(date, unit, size, expected):
    assert trunc(date, unit, binSize=size) == expected


@pytest.mark.parametrize(("day", "expected"), [
    ("monday", 14), ("Tuesday", 15), ("WED", 16), ("thu", 10), ("fri", 11), ("saturday", 12), ("Sun", 13)])
def test_weeks_begin_where_they_are_told_to(day, expected):
    assert trunc(dt.datetime(2021, 6, 16, 12), "week", startOfWeek=day) == dt.datetime(2021, 6, expected)


@pytest.mark.parametrize(("zone", "date", "unit", "expected"), [
    ("America/New_York", dt.datetime(2021, 3, 14, 7, 30), "day", dt.datetime(2021, 3, 14, 5)),
    ("America/New_York", dt.datetime(2021, 3, 15, 3, 59), "day", dt.datetime(2021, 3, 14, 5)),
    ("America/New_York", dt.datetime(2021, 11, 8, 4, 59), "day", dt.datetime(2021, 11, 7, 4)),
    ("America/New_York", dt.datetime(2021, 11, 7, 6, 30), "hour", dt.datetime(2021, 11, 7, 6)),
    ("Europe/Berlin", dt.datetime(2024, 3, 31, 21, 59), "day", dt.datetime(2024, 3, 30, 23)),
    ("Europe/Berlin", dt.datetime(2024, 7, 15), "quarter", dt.datetime(2024, 6, 30, 22)),
    ("Europe/Berlin", dt.datetime(2024, 12, 31, 23), "year", dt.datetime(2024, 12, 31, 23)),
    ("Asia/Kathmandu", dt.datetime(2024, 1, 1, 12), "hour", dt.datetime(2024, 1, 1, 11, 15)),
    ("Asia/Kathmandu", dt.datetime(2024, 1, 1, 12), "week", dt.datetime(2023, 12, 30, 18, 15)),
    ("Australia/Lord_Howe", dt.datetime(2024, 10, 6, 12), "day", dt.datetime(2024, 10, 5, 13, 30)),
    ("Australia/Lord_Howe", dt.datetime(2024, 4, 7, 12), "month", dt.datetime(2024, 3, 31, 13)),
    ("America/Sao_Paulo", dt.datetime(2018, 11, 4, 12), "day", dt.datetime(2018, 11, 4, 3)),  # has no midnight
    ("America/Havana", dt.datetime(2024, 11, 3, 5, 30), "day", dt.datetime(2024, 11, 3, 4)),  # has two
    ("-99:99", dt.datetime(2021, 6, 15, 12), "hour", dt.datetime(2021, 6, 15, 11, 39)),
])
def test_truncating_in_time_zones(zone, date, unit, expected):
    assert trunc(date, unit, timezone=zone) == expected


def test_truncating_ids_timestamps_and_far_dates():
    assert trunc(ObjectId("80" + "0" * 22), "year") == dt.datetime(1901, 1, 1)
    assert trunc(Timestamp(2**32 - 1, 1), "month") == dt.datetime(2106, 2, 1)
    assert trunc(DatetimeMS(253_402_300_800_001), "hour") == DatetimeMS(253_402_300_800_000)
    assert trunc(DatetimeMS(253_402_300_800_001), "year") == DatetimeMS(253_402_300_800_000)
    assert trunc(DatetimeMS(253_402_300_800_001), "year", binSize=3000) == dt.datetime(8000, 1, 1)


def test_periods_that_begin_out_of_range_are_errors():
    for unit in ("week", "year"):
        assert code({"$dateTrunc": {"date": "$d", "unit": unit}}, d=DatetimeMS(INT64_MIN)) == 5166406


def test_errors_of_truncating():
    def failing(**changed):
        given = {"date": DATE, "unit": "week", **changed}
        return code({"$dateTrunc": {key: {"$literal": item} for key, item in given.items()}})

    assert failing(date="2021") == failing(date=[DATE]) == failing(date=123) == 5166307
    assert failing(unit=1) == failing(unit=["day"]) == failing(unit=Code("day")) == 5439013
    assert failing(unit="Day") == failing(unit="weeks") == 9
    assert failing(binSize="1") == failing(binSize=1.5) == failing(binSize=True) == 5439017
    assert failing(binSize=0) == failing(binSize=-1) == 5439018
    assert failing(startOfWeek=1) == failing(startOfWeek=Code("monday")) == 5439015
    assert failing(startOfWeek="Menday") == failing(startOfWeek="") == 5439016
    assert failing(timezone="america/new_york") == 40485
    assert failing(timezone=5) == 40517


@pytest.mark.parametrize("name", ["date", "unit", "binSize", "timezone", "startOfWeek"])
def test_nulls_of_truncating(name):
    given = {"date": DATE, "unit": "week", "binSize": 1, "timezone": "UTC", "startOfWeek": "mon"}
    assert value({"$dateTrunc": {**given, name: None}}) is None
    assert value({"$dateTrunc": {**given, name: "$missing"}}) is None


def test_the_start_of_the_week_counts_for_weeks_only():
    assert trunc(DATE, "month", startOfWeek="$missing") == dt.datetime(2021, 3, 1)
    assert trunc(DATE, "month", startOfWeek="friday", binSize=2) == dt.datetime(2021, 3, 1)


def test_a_constant_null_as_start_of_week_makes_any_unit_null_unless_all_is_constant():
    assert trunc(DATE, "day", startOfWeek=None) is None
    assert trunc(DATE, "day", startOfWeek={"$literal": None}) is None
    constant = {"date": DATE, "unit": "day", "startOfWeek": None}
    assert value({"$dateTrunc": constant}) == dt.datetime(2021, 3, 20)
    assert value({"$dateTrunc": {**constant, "unit": "week"}}) is None
