"""The calendar: which instant is which day, over the whole range of BSON dates, some 292 million years either way.

Python's datetime knows the years 1 to 9999 only. The Gregorian calendar repeats itself every 400 years, weekdays
included, so any other instant is worked on as one in reach that lies a whole number of such cycles away.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from bson import ObjectId, Timestamp

from gatherum.types.timezones import UTC, TimeZone
from gatherum.types.values import EPOCH, BsonType, Value, bson_type, millis

DAY: Final = 86_400_000
CYCLE_YEARS: Final = 400
_CYCLE_DAYS: Final = 146_097
_CYCLE: Final = _CYCLE_DAYS * DAY
_MILLISECOND: Final = dt.timedelta(milliseconds=1)
_EPOCH_ORDINAL: Final = EPOCH.toordinal()

# A year less than datetime can hold at both ends, so that a time zone never leads out of its range.
_FIRST: Final = (dt.datetime(2, 1, 1) - EPOCH) // _MILLISECOND
_LAST: Final = (dt.datetime(9999, 1, 1) - EPOCH) // _MILLISECOND


def within_reach(milliseconds: int) -> tuple[dt.datetime, int]:
    """A naive datetime, and how many 400-year cycles later (or, negative, earlier) the instant really is.

    >>> within_reach(253_402_300_800_000)
    (datetime.datetime(9600, 1, 1, 0, 0), 1)
    """
    if _FIRST <= milliseconds < _LAST:
        return EPOCH + dt.timedelta(milliseconds=milliseconds), 0
    start = _FIRST if milliseconds < _FIRST else _LAST - _CYCLE
    cycles, rest = divmod(milliseconds - start, _CYCLE)
    return EPOCH + dt.timedelta(milliseconds=start + rest), cycles


def day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a date in any year.

    >>> day_number(1970, 1, 2), day_number(0, 3, 1)
    (1, -719468)
    """
    cycles, year = divmod(year - 1, CYCLE_YEARS)
    return dt.date(year + 1, month, day).toordinal() - _EPOCH_ORDINAL + cycles * _CYCLE_DAYS


def month_length(year: int, month: int) -> int:
    """The number of days of a month in any year."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def instant(value: Value) -> int | None:
    """Milliseconds since 1970 of a date, an ObjectId (when it was made) or a Timestamp; None for anything else."""
    if isinstance(value, dt.datetime):
        return millis(value)
    if type(value) is ObjectId:
        return int.from_bytes(value.binary[:4], "big", signed=True) * 1000
    if type(value) is Timestamp:
        return value.time * 1000
    return millis(value) if bson_type(value) is BsonType.DATE else None


def to_instant(local: int, zone: TimeZone) -> int:
    """The instant at which the wall clock of `zone` shows `local`; both in milliseconds since 1970-01-01 00:00."""
    if zone is UTC:
        return local
    return local - zone.offset(within_reach(local)[0]) // _MILLISECOND


class WallClock:
    """What calendar and clock of a zone show at an instant.

    Its parts have the names that datetime gives them, where datetime has them.

    >>> WallClock(0).iso_week
    1
    """

    __slots__ = ("_cycles", "_instant", "_local", "_utc")

    def __init__(self, instant: int, zone: TimeZone = UTC) -> None:
        self._instant = instant
        self._utc, self._cycles = within_reach(instant)
        self._local = self._utc if zone is UTC else zone.to_local(self._utc)

    @property
    def year(self) -> int:
        return self._local.year + self._cycles * CYCLE_YEARS

    @property
    def month(self) -> int:
        return self._local.month

    @property
    def day(self) -> int:
        return self._local.day

    @property
    def hour(self) -> int:
        return self._local.hour

    @property
    def minute(self) -> int:
        return self._local.minute

    @property
    def second(self) -> int:
        return self._local.second

    @property
    def millisecond(self) -> int:
        return self._local.microsecond // 1000

    @property
    def day_of_year(self) -> int:
        """1 to 366."""
        return self._local.timetuple().tm_yday

    @property
    def day_of_week(self) -> int:
        """1 (Sunday) to 7 (Saturday)."""
        return self._local.isoweekday() % 7 + 1

    @property
    def week(self) -> int:
        """0 to 53: weeks begin on Sundays, and the first Sunday of the year begins week 1."""
        return (self.day_of_year + 6 - self._local.isoweekday() % 7) // 7

    @property
    def iso_day_of_week(self) -> int:
        """1 (Monday) to 7 (Sunday)."""
        return self._local.isoweekday()

    @property
    def iso_week(self) -> int:
        """1 to 53: weeks begin on Mondays, and week 1 has the year's first Thursday."""
        return self._local.isocalendar()[1]

    @property
    def iso_year(self) -> int:
        """The year that the ISO week belongs to."""
        return self._local.isocalendar()[0] + self._cycles * CYCLE_YEARS

    @property
    def offset(self) -> int:
        """Milliseconds by which the wall clock is ahead of UTC."""
        return (self._local - self._utc) // _MILLISECOND

    @property
    def local(self) -> int:
        """Milliseconds since the wall clock's 1970-01-01 00:00."""
        return self._instant + self.offset

    @property
    def days(self) -> int:
        """Days since the wall clock's 1970-01-01."""
        return self._local.toordinal() - _EPOCH_ORDINAL + self._cycles * _CYCLE_DAYS
