import datetime as dt
from itertools import pairwise

import pytest
from bson import Int64, ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS
from hypothesis import example, given
from hypothesis import strategies as st

from gatherum.types.calendar import DAY, WallClock, day_number, instant, month_length, to_instant, within_reach
from gatherum.types.timezones import time_zone
from gatherum.types.values import INT64_MAX, INT64_MIN, millis

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "+99:99", "-99:99"]
CYCLE = 146_097 * DAY
instants = st.integers(INT64_MIN, INT64_MAX)


@given(instants)
@example(INT64_MIN)
@example(INT64_MAX)
def test_any_instant_lies_whole_cycles_from_one_in_reach(at):
    found, cycles = within_reach(at)
    assert 2 <= found.year <= 9998
    assert millis(found) + cycles * CYCLE == at


@given(instants)
def test_parts_make_the_instant_again(at):
    clock = WallClock(at)
    time = ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1000 + clock.millisecond
    assert day_number(clock.year, clock.month, clock.day) * DAY + time == at
    assert clock.days == at // DAY


@given(instants, st.sampled_from(ZONES))
def test_the_wall_clock_leads_back_to_its_instant_but_for_repeated_times(at, name):
    zone = time_zone(name)
    local = WallClock(at, zone).local
    assert at - to_instant(local, zone) in (0, 1_800_000, 3_600_000)


@given(st.datetimes(dt.datetime(2, 1, 2), dt.datetime(9998, 12, 30)))
def test_parts_are_those_of_datetime_where_it_reaches(date):
    clock = WallClock(millis(date))
    iso = date.isocalendar()
    assert (clock.year, clock.month, clock.day, clock.hour, clock.minute, clock.second, clock.millisecond) == (
        date.year, date.month, date.day, date.hour, date.minute, date.second, date.microsecond // 1000)
    assert (clock.iso_year, clock.iso_week, clock.iso_day_of_week) == (iso.year, iso.week, iso.weekday)
    assert (clock.day_of_year, clock.week) == (int(date.strftime("%j")), int(date.strftime("%U")))


@given(st.integers(-290_000_000, 290_000_000), st.integers(1, 12))
def test_months_follow_each_other(year, month):
    following = day_number(year + month // 12, month % 12 + 1, 1)
    assert day_number(year, month, 1) + month_length(year, month) == following


@pytest.mark.parametrize(("at", "year", "month", "day", "weekday", "week"), [
    (INT64_MAX, 292_278_994, 8, 17, 1, 33),
    (INT64_MIN, -292_275_055, 5, 16, 1, 20),
    (-62_167_219_200_000, 0, 1, 1, 7, 0),
    (-62_198_755_200_000, -1, 1, 1, 6, 0),
    (253_402_300_800_000, 10_000, 1, 1, 7, 0),
])
def test_far_dates(at, year, month, day, weekday, week):
    clock = WallClock(at)
    assert (clock.year, clock.month, clock.day, clock.day_of_week, clock.week) == (year, month, day, weekday, week)


def test_weekdays_run_on_over_the_edges_of_datetime():
    for edge in (-62_135_596_800_000, 253_402_300_800_000):
        days = [WallClock(edge + offset * DAY).day_of_week for offset in range(-800, 800)]
        assert all(later == earlier % 7 + 1 for earlier, later in pairwise(days))


def test_zones_keep_their_rules_in_the_far_future_and_their_first_offset_in_the_far_past():
    berlin = time_zone("Europe/Berlin")
    assert WallClock(day_number(123_456, 7, 1) * DAY, berlin).hour == 2
    assert WallClock(day_number(123_456, 1, 1) * DAY, berlin).hour == 1
    assert WallClock(day_number(-123_456, 7, 1) * DAY, berlin).offset == 3_208_000


@pytest.mark.parametrize(("name", "local", "utc"), [
    ("Europe/Berlin", dt.datetime(2024, 3, 31, 2, 30), dt.datetime(2024, 3, 31, 1, 30)),
    ("Europe/Berlin", dt.datetime(2024, 10, 27, 2, 30), dt.datetime(2024, 10, 27, 0, 30)),
    ("America/New_York", dt.datetime(2024, 3, 10, 2, 30), dt.datetime(2024, 3, 10, 7, 30)),
    ("America/New_York", dt.datetime(2024, 11, 3, 1, 30), dt.datetime(2024, 11, 3, 5, 30)),
    ("Asia/Kathmandu", dt.datetime(1986, 1, 1, 0, 10), dt.datetime(1985, 12, 31, 18, 40)),
    ("Australia/Lord_Howe", dt.datetime(2024, 10, 6, 2, 15), dt.datetime(2024, 10, 5, 15, 45)),
    ("Australia/Lord_Howe", dt.datetime(2024, 4, 7, 1, 45), dt.datetime(2024, 4, 6, 14, 45)),
])
def test_skipped_times_move_on_and_repeated_ones_are_the_first(name, local, utc):
    assert to_instant(millis(local), time_zone(name)) == millis(utc)


def test_instants_of_values():
    aware = dt.datetime(1970, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    assert instant(dt.datetime(1970, 1, 1, 0, 0, 1, 999)) == 1000
    assert instant(aware) == 0
    assert instant(DatetimeMS(INT64_MIN)) == INT64_MIN
    assert instant(Timestamp(2**32 - 1, 7)) == (2**32 - 1) * 1000
    assert instant(ObjectId("7fffffff" + "0" * 16)) == (2**31 - 1) * 1000
    assert instant(ObjectId("f" * 24)) == -1000


@pytest.mark.parametrize("value", [None, 0, Int64(0), 1.5, "1970-01-01", [], {}, True])
def test_other_values_are_no_instants(value):
    assert instant(value) is None
