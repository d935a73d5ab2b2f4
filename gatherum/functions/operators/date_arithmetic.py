"""Arithmetic on dates: $dateAdd, $dateSubtract and $dateTrunc."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from bson import Decimal128, Int64

from gatherum.errors import OperatorError
from gatherum.functions.operator import operator
from gatherum.functions.signature import Codes, named
from gatherum.types.calendar import DAY, WallClock, day_number, instant, month_length, to_instant
from gatherum.types.timezones import UTC, TimeZone, time_zone, time_zone_of
from gatherum.types.values import INT64_MAX, INT64_MIN, BsonType, Value, bson_type, from_millis, is_nullish, type_name

_MILLIS: Final = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000}
_DAYS: Final = {"day": 1, "week": 7}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_UNITS: Final = frozenset({*_MILLIS, *_DAYS, *_MONTHS})

_LONGEST_YEARS: Final = 2**64 // (365 * DAY)
_LARGEST_AMOUNT: Final = (
    {unit: 2**64 // size for unit, size in _MILLIS.items()}
    | {unit: 2**64 // (size * DAY) for unit, size in _DAYS.items()}
    | {unit: _LONGEST_YEARS * 12 // size for unit, size in _MONTHS.items()})

_SHIFT: Final = Codes(not_object=5166400, unknown=5166401, missing=5166402)
_TRUNC: Final = Codes(not_object=5439007, unknown=5439008, missing={"date": 5439009, "unit": 5439010})

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY_NUMBER: Final = {name[:length]: number for number, name in enumerate(_WEEKDAYS) for length in (3, len(name))}


def _unit(value: Value) -> str:
    if bson_type(value) is not BsonType.STRING:
        raise OperatorError(f"a unit of time must be a string, not {type_name(value)}", 5439013)
    if value not in _UNITS:
        raise OperatorError(f"unknown unit of time {value!r}: use {', '.join(sorted(_UNITS))}", 9)
    return value


def _whole(value: Value) -> int | None:
    """The 64-bit integer that a number of any type holds; None where it holds none, and for other values."""
    if type(value) is Decimal128:
        value = value.to_decimal()
        whole = value.is_finite() and INT64_MIN <= value <= INT64_MAX and value == value.to_integral_value()
    elif type(value) is float:
        whole = value.is_integer() and INT64_MIN <= value <= INT64_MAX
    else:
        return int(value) if type(value) in (int, Int64) else None
    return int(value) if whole else None


def _date(milliseconds: int, name: str) -> Value:
    if not INT64_MIN <= milliseconds <= INT64_MAX:
        raise OperatorError(f"{name}: the result is out of the range of dates", 5166406)
    return from_millis(milliseconds)


@operator("$dateAdd", named("startDate", "unit", "amount", "timezone?", codes=_SHIFT), null="null", examples=[
    ({"$dateAdd": {"startDate": dt.datetime(2024, 1, 31), "unit": "month", "amount": 1}}, dt.datetime(2024, 2, 29)),
    ({"$dateAdd": {"startDate": None, "unit": "day", "amount": 1}}, None)])
def date_add(start_date: Value, unit: Value, amount: Value, timezone: Value = "UTC") -> Value:
    """The date that lies `amount` units (millisecond, second, minute, hour, day, week, month, quarter or year) later.

    Adding days or more keeps the time that the clock of `timezone` (UTC if none is given) shows, also where the
    clock is changed in between; a day that the month does not have becomes its last. The start is a date, an ObjectId
    or a Timestamp, the amount a whole number. Null where an argument is null; an error where one is of another type,
    and where the result is out of the range of dates.
    """
    return _shifted("$dateAdd", start_date, unit, amount, timezone, 1)


@operator("$dateSubtract", named("startDate", "unit", "amount", "timezone?", codes=_SHIFT), null="null", examples=[
    ({"$dateSubtract": {"startDate": dt.datetime(2024, 3, 31), "unit": "month", "amount": 1}},
     dt.datetime(2024, 2, 29)),
    ({"$dateSubtract": {"startDate": None, "unit": "day", "amount": 1}}, None)])
def date_subtract(start_date: Value, unit: Value, amount: Value, timezone: Value = "UTC") -> Value:
    """The date that lies `amount` units earlier; all else is as for $dateAdd."""
    return _shifted("$dateSubtract", start_date, unit, amount, timezone, -1)


def _shifted(name: str, date: Value, unit: Value, amount: Value, timezone: Value, sign: int) -> Value:
    if is_nullish(date) or is_nullish(unit) or is_nullish(amount) or is_nullish(timezone):
        return None
    start = instant(date)
    if start is None:
        raise OperatorError(f"{name}: startDate must be a date, an ObjectId or a Timestamp, not {type_name(date)}",
                            5166403)
    unit = _unit(unit)
    count = _whole(amount)
    if count is None:
        raise OperatorError(f"{name}: amount must be a whole number, not {type_name(amount)} {amount}", 5166405)
    if abs(count) > _LARGEST_AMOUNT[unit]:
        raise OperatorError(f"{name}: {count} {unit}s are more than the range of dates", 5976500)
    zone = time_zone_of(timezone)
    return None if zone is None else _date(_shift(start, unit, sign * count, zone), name)


def _shift(start: int, unit: str, count: int, zone: TimeZone) -> int:
    if unit in _MILLIS:
        return start + count * _MILLIS[unit]
    if count == 0:
        return start
    if unit in _DAYS:
        days = count * _DAYS[unit]
        return start + days * DAY if zone is UTC else to_instant(WallClock(start, zone).local + days * DAY, zone)
    clock = WallClock(start, zone)
    local = clock.local
    years, month = divmod(clock.year * 12 + clock.month - 1 + count * _MONTHS[unit], 12)
    day = day_number(years, month + 1, min(clock.day, month_length(years, month + 1)))
    return to_instant(day * DAY + local % DAY, zone)


_TRUNCATED: Final[dict[str, Callable[[dt.datetime], dt.datetime]]] = {
    "year": lambda date: dt.datetime(date.year, 1, 1),
    "month": lambda date: dt.datetime(date.year, date.month, 1),
    "day": lambda date: dt.datetime(date.year, date.month, date.day),
    "hour": lambda date: dt.datetime(date.year, date.month, date.day, date.hour),
    "minute": lambda date: dt.datetime(date.year, date.month, date.day, date.hour, date.minute),
}
"""The commonest truncations, of naive datetimes in UTC."""


@operator("$dateTrunc", named("date", "unit", "binSize?", "timezone?", "startOfWeek?", codes=_TRUNC), examples=[
    ({"$dateTrunc": {"date": dt.datetime(2024, 5, 17, 13, 45), "unit": "month"}}, dt.datetime(2024, 5, 1)),
    ({"$dateTrunc": {"date": dt.datetime(2024, 5, 17, 13, 45), "unit": "hour", "binSize": 6}},
     dt.datetime(2024, 5, 17, 12)),
    ({"$dateTrunc": {"date": dt.datetime(2024, 5, 17), "unit": "week", "startOfWeek": "mon"}},
     dt.datetime(2024, 5, 13)),
    ({"$dateTrunc": {"date": None, "unit": "day"}}, None)])
def date_trunc(date: Value, unit: Value, bin_size: Value = 1, timezone: Value = "UTC",
               start_of_week: Value = "sunday") -> Value:
    """The first instant of the period that a date, an ObjectId or a Timestamp lies in.

    Periods are `binSize` units long (1 if not given) and are counted from 2000-01-01 00:00 in `timezone` (UTC if not
    given); weeks from the first `startOfWeek` (Sunday if not given; full or abbreviated names, in any case) on or
    after it. Periods of hours or less are equally long; those of days or more begin at the clock's midnight. Null
    where an argument is null (startOfWeek only where the unit is week); an error where one is of another type.
    """
    if (timezone == "UTC" and type(unit) is str and type(date) is dt.datetime and date.tzinfo is None
            and type(bin_size) is int and bin_size == 1 and unit in _TRUNCATED):
        return _TRUNCATED[unit](date)
    if (is_nullish(date) or is_nullish(unit) or is_nullish(bin_size) or is_nullish(timezone)
            or (unit == "week" and is_nullish(start_of_week))):
        return None
    found = instant(date)
    if found is None:
        raise OperatorError(f"$dateTrunc: date must be a date, an ObjectId or a Timestamp, not {type_name(date)}",
                            5166307)
    unit, size = _unit(unit), _size(bin_size)
    zone = time_zone_of(timezone)
    assert zone is not None
    first_weekday = _weekday(start_of_week) if unit == "week" else 0
    if unit in _MILLIS:
        start = _reference(timezone)
        length = size * _MILLIS[unit]
        return _date(found - (found - start) % length, "$dateTrunc")
    return _date(to_instant(_first_day(WallClock(found, zone), unit, size, first_weekday) * DAY, zone), "$dateTrunc")


def _size(value: Value) -> int:
    size = _whole(value)
    if size is None:
        raise OperatorError(f"$dateTrunc: binSize must be a whole number of 64 bits, not {type_name(value)} {value}",
                            5439017)
    if size < 1:
        raise OperatorError(f"$dateTrunc: binSize must be greater than 0, not {size}", 5439018)
    return size


def _weekday(value: Value) -> int:
    """0 (Monday) to 6 (Sunday)."""
    if bson_type(value) is not BsonType.STRING:
        raise OperatorError(f"$dateTrunc: startOfWeek must be a string, not {type_name(value)}", 5439015)
    number = _WEEKDAY_NUMBER.get(value.lower())
    if number is None:
        raise OperatorError(f"$dateTrunc: startOfWeek must be a day of the week such as monday or mon, not {value!r}",
                            5439016)
    return number


@lru_cache(1024)
def _reference(timezone: str) -> int:
    """The instant that periods are counted from."""
    return to_instant(_REFERENCE_DAY * DAY, time_zone(timezone))


_REFERENCE_DAY: Final = day_number(2000, 1, 1)
_REFERENCE_WEEKDAY: Final = dt.date(2000, 1, 1).weekday()


def _first_day(clock: WallClock, unit: str, size: int, first_weekday: int) -> int:
    """The first day of a period of days, weeks, months, quarters or years, as days since 1970-01-01."""
    if unit in _DAYS:
        start = _REFERENCE_DAY + ((first_weekday - _REFERENCE_WEEKDAY) % 7 if unit == "week" else 0)
        days = clock.days
        return days - (days - start) % (size * _DAYS[unit])
    months = (clock.year - 2000) * 12 + clock.month - 1
    months -= months % (size * _MONTHS[unit])
    return day_number(2000 + months // 12, months % 12 + 1, 1)
