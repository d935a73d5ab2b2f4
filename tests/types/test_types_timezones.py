import datetime as dt

import pytest
from bson import Code

from gatherum.errors import OperatorError
from gatherum.types.timezones import UTC, time_zone, time_zone_of, zone_names
from gatherum.types.values import MISSING

NOON = dt.datetime(2024, 1, 1, 12)


@pytest.mark.parametrize(("name", "shown"), [
    ("+05:30", dt.datetime(2024, 1, 1, 17, 30)),
    ("+0530", dt.datetime(2024, 1, 1, 17, 30)),
    ("-03", dt.datetime(2024, 1, 1, 9)),
    ("-05:70", dt.datetime(2024, 1, 1, 5, 50)),
    ("+99:99", dt.datetime(2024, 1, 5, 16, 39)),
    ("Europe/Berlin", dt.datetime(2024, 1, 1, 13)),
    ("America/New_York", dt.datetime(2024, 1, 1, 7)),
    ("Asia/Kathmandu", dt.datetime(2024, 1, 1, 17, 45)),
    ("Australia/Lord_Howe", dt.datetime(2024, 1, 1, 23)),
    ("EST", dt.datetime(2024, 1, 1, 7)),
])
def test_wall_clock_of_a_zone(name, shown):
    assert time_zone(name).to_local(NOON) == shown


@pytest.mark.parametrize("name", ["", "europe/berlin", "EUROPE/BERLIN", "+8", "+80000000", "+100:00", "25:00", "+05:3",
                                  "../UTC", "posix/UTC", "\0\0", "UST", "+٠٥"])
def test_unknown_names_are_errors(name):
    with pytest.raises(OperatorError) as caught:
        time_zone(name)
    assert caught.value.code == 40485


@pytest.mark.parametrize("value", [5, True, ["UTC"], {"tz": "UTC"}, Code("UTC"), dt.datetime(2024, 1, 1)])
def test_a_zone_must_be_a_string(value):
    with pytest.raises(OperatorError) as caught:
        time_zone_of(value)
    assert caught.value.code == 40517


def test_null_and_missing_name_no_zone():
    assert time_zone_of(None) is None
    assert time_zone_of(MISSING) is None


def test_offsets_of_nothing_are_utc():
    assert time_zone("+00:00") is time_zone("-00") is time_zone("UTC") is UTC


def test_zones_are_made_once():
    assert time_zone("Europe/Berlin") is time_zone("Europe/Berlin")


def test_every_name_of_the_database_can_be_used():
    assert len(zone_names()) > 400
    for name in zone_names():
        assert abs(time_zone(name).to_local(NOON) - NOON) <= dt.timedelta(hours=14)


@pytest.mark.parametrize(("name", "local", "offset"), [
    ("Europe/Berlin", dt.datetime(2024, 3, 31, 2, 30), 60),          # skipped: as before the change
    ("Europe/Berlin", dt.datetime(2024, 10, 27, 2, 30), 120),        # repeated: the first
    ("America/New_York", dt.datetime(2024, 3, 10, 2, 30), -300),
    ("America/New_York", dt.datetime(2024, 11, 3, 1, 30), -240),
    ("Australia/Lord_Howe", dt.datetime(2024, 10, 6, 2, 15), 630),
    ("Australia/Lord_Howe", dt.datetime(2024, 4, 7, 1, 45), 660),
])
def test_offsets_where_the_clock_is_changed(name, local, offset):
    assert time_zone(name).offset(local) == dt.timedelta(minutes=offset)
