import datetime as dt

import pytest
from bson import Int64, ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS

from gatherum.errors import GatherumError
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope

PARTS = ["$year", "$month", "$dayOfMonth", "$hour", "$minute", "$second", "$millisecond", "$dayOfYear", "$dayOfWeek",
         "$week", "$isoDayOfWeek", "$isoWeek", "$isoWeekYear"]
DATE = dt.datetime(2024, 12, 30, 23, 4, 5, 678900)


def value(expression, **document):
    scope = Scope()
    return compile_expression(parse_expression(expression), scope)(document, scope.frame())


def code(expression, **document):
    with pytest.raises(GatherumError) as caught:
        value(expression, **document)
    return caught.value.code


@pytest.mark.parametrize(("name", "expected"), list(zip(
    PARTS, [2024, 12, 30, 23, 4, 5, 678, 365, 2, 52, 1, 1, 2025], strict=True)))
def test_each_part_in_every_way_to_write_it(name, expected):
    assert value({name: "$d"}, d=DATE) == expected
    assert value({name: ["$d"]}, d=DATE) == expected
    assert value({name: {"date": "$d"}}, d=DATE) == expected
    assert value({name: {"date": "$d", "timezone": "+00:00"}}, d=DATE) == expected
    assert value({name: "$d"}, d=DATE.replace(tzinfo=dt.UTC)) == expected


@pytest.mark.parametrize(("name", "expected"), list(zip(
    PARTS, [2024, 12, 31, 4, 49, 5, 678, 366, 3, 52, 2, 1, 2025], strict=True)))
def test_each_part_in_a_time_zone(name, expected):
    assert value({name: {"date": "$d", "timezone": "Asia/Kathmandu"}}, d=DATE) == expected


def test_parts_of_ids_and_timestamps():
    assert value({"$year": "$d"}, d=ObjectId("80" + "0" * 22)) == 1901
    assert value({"$year": "$d"}, d=Timestamp(2**32 - 1, 1)) == 2106
    assert value({"$millisecond": "$d"}, d=Timestamp(1, 999)) == 0


def test_parts_of_dates_that_datetime_cannot_hold():
    assert value({"$year": "$d"}, d=DatetimeMS(-62_198_755_200_000)) == -1
    assert value({"$isoWeekYear": "$d"}, d=DatetimeMS(253_402_300_800_000)) == 9999
    assert value({"$year": {"date": "$d", "timezone": "-01"}}, d=DatetimeMS(253_402_300_800_000)) == 9999
    assert value({"$year": {"date": "$d", "timezone": "+01"}}, d=dt.datetime(9999, 12, 31, 23, 30)) == 10_000
    assert value({"$year": {"date": "$d", "timezone": "-01"}}, d=dt.datetime(1, 1, 1)) == 0


def test_the_iso_year_is_a_long_and_the_others_are_not():
    types = {name: type(value({name: "$d"}, d=DATE)) for name in PARTS}
    assert types == {name: Int64 if name == "$isoWeekYear" else int for name in PARTS}


@pytest.mark.parametrize(("zone", "utc", "hour", "minute"), [
    ("Europe/Berlin", dt.datetime(2024, 3, 31, 0, 59), 1, 59),
    ("Europe/Berlin", dt.datetime(2024, 3, 31, 1), 3, 0),
    ("Europe/Berlin", dt.datetime(2024, 10, 27, 0, 30), 2, 30),
    ("Europe/Berlin", dt.datetime(2024, 10, 27, 1, 30), 2, 30),
    ("America/New_York", dt.datetime(2024, 3, 10, 6, 59), 1, 59),
    ("America/New_York", dt.datetime(2024, 3, 10, 7), 3, 0),
    ("America/New_York", dt.datetime(2024, 11, 3, 5, 30), 1, 30),
    ("America/New_York", dt.datetime(2024, 11, 3, 6, 30), 1, 30),
    ("Australia/Lord_Howe", dt.datetime(2024, 10, 5, 15, 29), 1, 59),
    ("Australia/Lord_Howe", dt.datetime(2024, 10, 5, 15, 30), 2, 30),
    ("Australia/Lord_Howe", dt.datetime(2024, 4, 6, 14, 45), 1, 45),
    ("Australia/Lord_Howe", dt.datetime(2024, 4, 6, 15, 15), 1, 45),
])
def test_the_clock_around_its_changes(zone, utc, hour, minute):
    assert value({"$hour": {"date": "$d", "timezone": zone}}, d=utc) == hour
    assert value({"$minute": {"date": "$d", "timezone": zone}}, d=utc) == minute


@pytest.mark.parametrize("name", PARTS)
def test_nulls(name):
    assert value({name: "$missing"}) is None
    assert value({name: {"date": None, "timezone": "$z"}}, z=5) is None
    assert value({name: {"date": "$d", "timezone": "$missing"}}, d=DATE) is None


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("wrong", ["2024-01-01", 0, Int64(0), 1.5, True, [DATE], {}, b"x"])
def test_other_types_are_errors(name, wrong):
    assert code({name: "$d"}, d=wrong) == 16006
    assert code({name: {"date": "$d", "timezone": None}}, d=wrong) == 16006


def test_errors_of_time_zones():
    assert code({"$hour": {"date": "$d", "timezone": "Mars/Base"}}, d=DATE) == 40485
    assert code({"$hour": {"date": "$d", "timezone": 1}}, d=DATE) == 40517


@pytest.mark.parametrize("argument", [{"timezone": "UTC"}, {"date": "$d", "extra": 1}, [], ["$d", "$d"], {}])
def test_arguments_that_do_not_fit(argument):
    with pytest.raises(GatherumError):
        value({"$month": argument}, d=DATE)
