"""The Gregorian calendar and the clocks of time zones, for arrays of dates over the whole range of BSON.

Days count from 1970-01-01, instants and wall clock times in milliseconds from its midnight.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from gatherum.types.calendar import DAY, day_number, within_reach
from gatherum.types.timezones import UTC, FixedZone, TimeZone

_TABLE_FIRST: Final = day_number(1900, 1, 1)
_TABLE_END: Final = day_number(2101, 1, 1)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)


class Civil:
    """Calendar dates. A part is picked when it is asked for: the items of it at some positions, or all."""

    __slots__ = ("_at", "_parts")

    def __init__(self, parts: Sequence[np.ndarray], at: np.ndarray | None = None) -> None:
        self._parts = parts
        self._at = at

    def _part(self, number: int) -> np.ndarray:
        part = self._parts[number]
        return part if self._at is None else part[self._at]

    @property
    def year(self) -> np.ndarray:
        """The years."""
        return self._part(0)

    @property
    def month(self) -> np.ndarray:
        """The months, 1 to 12."""
        return self._part(1)

    @property
    def day(self) -> np.ndarray:
        """The days of the month."""
        return self._part(2)


def days_of(instants: np.ndarray) -> np.ndarray:
    """The days that instants lie in."""
    return np.floor_divide(instants, DAY)


def civil(days: np.ndarray) -> Civil:
    """The calendar dates of days; those of 1900 to 2100 from a table."""
    if len(days) and int(days.min()) >= _TABLE_FIRST and int(days.max()) < _TABLE_END:
        return Civil(_table(), days - _TABLE_FIRST)
    return Civil(_civil(days))


@lru_cache(1)
def _table() -> Sequence[np.ndarray]:
    return [part.astype(np.int32) for part in _civil(np.arange(_TABLE_FIRST, _TABLE_END))]


def _civil(days: np.ndarray) -> Sequence[np.ndarray]:
    """Years, months and days, by counting eras of 400 years from 1 March of the year 0, so that the leap day is a
    year's last."""
    shifted = days.astype(np.int64) + 719_468
    era = np.floor_divide(shifted, 146_097)
    day_of_era = shifted - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_month = (5 * day_of_year + 2) // 153
    month = march_month + np.where(march_month < 10, 3, -9)
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * march_month + 2) // 5 + 1


def day_numbers(year: np.ndarray, month: np.ndarray | int, day: np.ndarray | int) -> np.ndarray:
    """The days of calendar dates; the inverse of `civil`."""
    shifted = year.astype(np.int64) - (month <= 2)
    era = np.floor_divide(shifted, 400)
    year_of_era = shifted - era * 400
    day_of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


_LENGTHS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def month_lengths(year: np.ndarray, month: np.ndarray) -> np.ndarray:
    """The numbers of days of months."""
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    return _LENGTHS[month] + (leap & (month == 2))


@dataclass(frozen=True, slots=True)
class _Changes:
    """The changes of a zone's clock within some years: before `instants[i]` it is ahead of UTC by `offsets[i]`."""

    instants: np.ndarray
    offsets: np.ndarray

    @property
    def local(self) -> np.ndarray:
        """The wall clock times from which the next offset holds: what is shown twice belongs to the first time."""
        return self.instants + np.maximum(self.offsets[:-1], self.offsets[1:])


def to_local(instants: np.ndarray, zone: TimeZone) -> np.ndarray:
    """What the wall clock of a zone shows at instants."""
    if zone is UTC or not len(instants):
        return instants
    if isinstance(zone, FixedZone):
        return instants + _offset(zone, 0)
    changes = _changes(zone, instants)
    return instants + changes.offsets[np.searchsorted(changes.instants, instants, side="right")]


def to_instants(local: np.ndarray, zone: TimeZone) -> np.ndarray:
    """The instants at which the wall clock of a zone shows a time; where the clock is changed, as the meaning says."""
    if zone is UTC or not len(local):
        return local
    if isinstance(zone, FixedZone):
        return local - _offset(zone, 0)
    changes = _changes(zone, local)
    return local - changes.offsets[np.searchsorted(changes.local, local, side="right")]


def _offset(zone: TimeZone, instant: int) -> int:
    utc = within_reach(instant)[0]
    return (zone.to_local(utc) - utc) // _MILLISECOND


class FarDatesError(ValueError):
    """Dates beyond the years whose changes of clocks are kept."""


_YEARS_KEPT: Final = (1800, 2200)
_BLOCK: Final = 10
_STEP: Final = 2 * DAY
"""No clock was ever changed twice within three days."""


def _changes(zone: TimeZone, moments: np.ndarray) -> _Changes:
    """The changes around some moments; FarDatesError where they span too many years."""
    first, last = civil(days_of(np.array([moments.min(), moments.max()]))).year.tolist()
    if first <= _YEARS_KEPT[0] or last >= _YEARS_KEPT[1]:
        raise FarDatesError
    return _changes_between(zone, (first - 1) // _BLOCK, (last + 1) // _BLOCK + 1)


@lru_cache(64)
def _changes_between(zone: TimeZone, first: int, end: int) -> _Changes:
    """The changes within some blocks of years, found by the offsets at every other midnight."""
    steps = range(day_number(first * _BLOCK, 1, 1) * DAY, day_number(end * _BLOCK, 1, 1) * DAY + _STEP, _STEP)
    before = _offset(zone, steps[0])
    instants, offsets = [], [before]
    for step in steps:
        after = _offset(zone, step)
        if after != before:
            instants.append(_change_within(zone, step - _STEP, step, before))
            offsets.append(after)
            before = after
    return _Changes(np.array(instants, np.int64), np.array(offsets, np.int64))


def _change_within(zone: TimeZone, low: int, high: int, before: int) -> int:
    """The first instant after `low` with another offset than `before`, which `low` has and `high` has not."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high
