"""Parts of dates, $dateTrunc, $dateAdd, $dateSubtract and $dateToString for whole columns of dates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.arrow import compute as pc
from gatherum.kernels.buffers import array_of, both, fixed_values, valid_mask
from gatherum.kernels.calendar import (
    FarDatesError,
    civil,
    day_numbers,
    days_of,
    month_lengths,
    to_instants,
    to_local,
)
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.types import DATE, OBJECT_ID
from gatherum.kernels.date_text import date_texts
from gatherum.kernels.evaluate import ColumnExpression
from gatherum.kernels.forms import Constant, Form, Operand, form, lazy_form
from gatherum.kernels.kinds import kind_of
from gatherum.kernels.numbers import NOTHING, nulls, numbers_of
from gatherum.kernels.selection import Selection
from gatherum.kernels.weeks import days_of_year, iso_weeks, iso_years, weeks
from gatherum.types.calendar import DAY, day_number
from gatherum.types.numbers import DOUBLE
from gatherum.types.timezones import UTC, FixedZone, TimeZone, time_zone_of
from gatherum.types.values import BsonType

_MILLIS: Final = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000}
_DAYS: Final = {"day": 1, "week": 7}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_SAFE: Final = 1 << 60
_MOST: Final = 1_000_000
"""So many units of any kind stay within 64 bits of milliseconds."""

Instants = tuple[np.ndarray, np.ndarray | None]


def instants_of(operand: Operand | None) -> Instants | None:
    """The milliseconds of a column of dates or ObjectIds, and which are valid; None for everything else, and for dates
    so far away that arithmetic could overflow."""
    if not isinstance(operand, Column):
        return None
    array = operand.array
    if array.type == OBJECT_ID:
        storage = array.storage
        data = np.frombuffer(storage.buffers()[1] or b"", np.uint8).reshape(-1, 12)
        seconds = data[storage.offset:storage.offset + len(storage), :4].copy().view(">i4").ravel()
        return seconds.astype(np.int64) * 1000, valid_mask(storage)
    if array.type != DATE:
        return None
    values, valid = fixed_values(array), valid_mask(array)
    if valid is not None:
        values = np.where(valid, values, 0)
    return (values, valid) if not len(values) or max(int(values.max()), -int(values.min())) < _SAFE else None


def _is_nothing(operand: Operand | None) -> bool:
    return isinstance(operand, Column) and kind_of(operand) in (BsonType.NULL, BsonType.MISSING)


def _zone(arguments: Sequence[Operand | None], position: int) -> TimeZone | None:
    """The constant time zone; None where it is null or differs from row to row."""
    zone = arguments[position] if len(arguments) > position else None
    if zone is None:
        return UTC
    return time_zone_of(zone.value) if isinstance(zone, Constant) else None


def _part(name: str, of_local: Callable[[np.ndarray], np.ndarray]) -> Form:
    def apply(arguments: Sequence[Operand | None], rows: int) -> Operand | None:
        zone = _zone(arguments, 1)
        if _is_nothing(arguments[0]) and zone is not None:
            return nulls(rows)
        found = instants_of(arguments[0])
        if found is None or zone is None:
            return None
        try:
            values = of_local(to_local(found[0], zone))
        except FarDatesError:
            return None
        return Column(array_of(values.astype(np.int64 if name == "$isoWeekYear" else np.int32, copy=False), found[1]))
    return form(name)(apply)


def _clock(size: int, most: int) -> Callable[[np.ndarray], np.ndarray]:
    def part(local: np.ndarray) -> np.ndarray:
        whole = np.floor_divide(local, size)
        return whole - np.floor_divide(whole, most) * most
    return part


year = _part("$year", lambda local: civil(days_of(local)).year)
month = _part("$month", lambda local: civil(days_of(local)).month)
day_of_month = _part("$dayOfMonth", lambda local: civil(days_of(local)).day)
hour = _part("$hour", _clock(3_600_000, 24))
minute = _part("$minute", _clock(60_000, 60))
second = _part("$second", _clock(1000, 60))
millisecond = _part("$millisecond", _clock(1, 1000))
day_of_year = _part("$dayOfYear", lambda local: days_of_year(days_of(local)))
day_of_week = _part("$dayOfWeek", lambda local: (days_of(local) + 4) % 7 + 1)
iso_day_of_week = _part("$isoDayOfWeek", lambda local: (days_of(local) + 3) % 7 + 1)
week = _part("$week", lambda local: weeks(days_of(local)))
iso_week = _part("$isoWeek", lambda local: iso_weeks(days_of(local)))
iso_week_year = _part("$isoWeekYear", lambda local: iso_years(days_of(local)))


@form("$dateTrunc")
def date_trunc(arguments: Sequence[Operand | None], rows: int) -> Operand | None:
    """Truncation to constant units in a constant zone."""
    unit = _constant(arguments, 1, None)
    length, weekday = _constant(arguments, 2, 1), str(_constant(arguments, 4, "sunday")).lower()
    zone, found = _zone(arguments, 3), instants_of(arguments[0])
    if found is None or zone is None or type(length) is not int or not 1 <= length <= 1_000_000:
        return None
    if type(unit) is not str or (unit == "week" and weekday not in _WEEKDAYS):
        return None
    try:
        starts = _starts_by_range(found[0], unit, length, zone, _WEEKDAYS.get(weekday, 0))
    except FarDatesError:
        return None
    return None if starts is None else Column(array_of(starts, found[1], DATE))


def _constant(arguments: Sequence[Operand | None], position: int, left_out: Any) -> Any:
    """The value of a constant argument; None for a column, and for what is not hashable."""
    argument = arguments[position] if len(arguments) > position else None
    if argument is None:
        return left_out
    return argument.value if isinstance(argument, Constant) and type(argument.value) in (str, int) else None


_REFERENCE: Final = day_number(2000, 1, 1)
_REFERENCE_WEEKDAY: Final = 5
_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS: Final = {name[:length]: number for number, name in enumerate(_NAMES) for length in (3, len(name))}


def _starts_by_range(instants: np.ndarray, unit: str, length: int, zone: TimeZone,
                     weekday: int) -> np.ndarray | None:
    """As `_period_starts`: computed once where all instants lie in one period, as in batches in the order of time."""
    if isinstance(zone, FixedZone) and len(instants) > 2:
        ends = _period_starts(np.array([instants.min(), instants.max()]), unit, length, zone, weekday)
        if ends is None or ends[0] == ends[1]:
            return None if ends is None else np.full(len(instants), ends[0])
    return _period_starts(instants, unit, length, zone, weekday)


def _period_starts(instants: np.ndarray, unit: str, length: int, zone: TimeZone,
                   weekday: int) -> np.ndarray | None:
    start = _REFERENCE + ((weekday - _REFERENCE_WEEKDAY) % 7 if unit == "week" else 0)
    if unit in _MILLIS or (unit in _DAYS and isinstance(zone, FixedZone)):
        begin = int(to_instants(np.array([start * DAY]), zone)[0])
        size = length * (_MILLIS[unit] if unit in _MILLIS else _DAYS[unit] * DAY)
        starts = instants - begin
        starts //= size
        starts *= size
        starts += begin
        return starts
    days = days_of(to_local(instants, zone))
    if unit in _DAYS:
        size = length * _DAYS[unit]
        first = np.floor_divide(days - start, size) * size + start
    elif unit in _MONTHS:
        date, size = civil(days), length * _MONTHS[unit]
        months = (date.year.astype(np.int64) - 2000) * 12 + date.month - 1
        months = np.floor_divide(months, size) * size
        years = np.floor_divide(months, 12)
        first = day_numbers(2000 + years, months - years * 12 + 1, 1)
    else:
        return None
    return to_instants(first * DAY, zone)


def _shift(name: str, sign: int) -> Form:
    def apply(arguments: Sequence[Operand | None], rows: int) -> Operand | None:
        unit, amount = _constant(arguments, 1, None), numbers_of(arguments[2])
        zone, found = _zone(arguments, 3), instants_of(arguments[0])
        if found is None or zone is None or amount is None or type(unit) is not str:
            return None
        if amount.width in (NOTHING, DOUBLE) or amount.any(np.abs(amount.values) > _MOST):
            return None
        counts = amount.values if amount.valid is None else np.where(amount.valid, amount.values, 0)
        try:
            moved = _shifted(found[0], unit, sign * counts, zone)
        except FarDatesError:
            return None
        return None if moved is None else Column(array_of(moved, both(found[1], amount.valid), DATE))
    return form(name)(apply)


def _shifted(instants: np.ndarray, unit: str, counts: np.ndarray, zone: TimeZone) -> np.ndarray | None:
    if unit in _MILLIS:
        return instants + counts * _MILLIS[unit]
    local = to_local(instants, zone)
    if unit in _DAYS:
        moved = to_instants(local + counts * (_DAYS[unit] * DAY), zone)
    elif unit in _MONTHS:
        days = days_of(local)
        date = civil(days)
        months = date.year.astype(np.int64) * 12 + date.month - 1 + counts * _MONTHS[unit]
        years = np.floor_divide(months, 12)
        month = months - years * 12 + 1
        first = day_numbers(years, month, np.minimum(date.day, month_lengths(years, month)))
        moved = to_instants(local + (first - days) * DAY, zone)
    else:
        return None
    return np.where(counts == 0, instants, moved)


date_add = _shift("$dateAdd", 1)
date_subtract = _shift("$dateSubtract", -1)


@lazy_form("$dateToString")
def date_to_string(parts: Sequence[ColumnExpression | None], rows: Selection) -> Operand | None:
    """Texts in a constant format and zone, of digits only."""
    date, pattern, zone, on_null = [None if part is None else part.evaluate(rows) for part in parts]
    clock = _zone([zone], 0)
    found = (np.zeros(rows.rows, np.int64), np.zeros(rows.rows, np.bool_)) if _is_nothing(date) else instants_of(date)
    if found is None or clock is None or not (pattern is None or isinstance(pattern, Constant)):
        return None
    text = pattern.value if pattern is not None else "%Y-%m-%dT%H:%M:%S.%L" + ("Z" if clock is UTC else "")
    if type(text) is not str or not (on_null is None or isinstance(on_null, Constant)):
        return None
    try:
        made = date_texts(to_local(found[0], clock), found[1], text)
    except FarDatesError:
        return None
    if made is None or on_null is None or not made.null_count:
        return None if made is None else Column(made)
    if type(on_null.value) is not str:
        return None
    return Column(pc.fill_null(made.dictionary_decode() if pa.types.is_dictionary(made.type) else made, on_null.value))
