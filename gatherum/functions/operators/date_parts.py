"""Parts of a date: $year, $month, $dayOfMonth, $hour and their kin."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from bson import Int64

from gatherum.errors import OperatorError
from gatherum.functions.operator import Operator, operator
from gatherum.functions.signature import Codes, either, named, positional
from gatherum.types.calendar import WallClock, instant
from gatherum.types.timezones import time_zone_of
from gatherum.types.values import Value, is_nullish, type_name

_SIGNATURE = either(positional("date", code=40536),
                    named("date", "timezone?", codes=Codes(unknown=40535, missing=40539)))
_EXAMPLE = dt.datetime(2024, 12, 30, 23, 4, 5, 678000)


def _part(name: str, attribute: str, what: str, example: Value, make: type[int] = int) -> Operator:
    """The operator that reads one attribute of the wall clock."""
    of_clock = attrgetter(attribute)
    direct = of_clock if hasattr(dt.datetime, attribute) else None

    def part(date: Value, timezone: Value = "UTC") -> Value:
        if direct is not None and type(date) is dt.datetime and date.tzinfo is None and timezone == "UTC":
            return direct(date)
        if is_nullish(date):
            return None
        found = instant(date)
        if found is None:
            raise OperatorError(f"{name} takes a date, an ObjectId or a Timestamp, not {type_name(date)}", 16006)
        zone = time_zone_of(timezone)
        return None if zone is None else make(of_clock(WallClock(found, zone)))

    part.__doc__ = (f"{what} of a date, an ObjectId or a Timestamp, in a time zone (UTC if none is given). Null where "
                    "the date or the time zone is null; an error where the date is of another type.")
    examples: list[tuple[Any, Value]] = [
        ({name: _EXAMPLE}, example), ({name: {"date": _EXAMPLE, "timezone": "UTC"}}, example), ({name: None}, None)]
    define: Callable[[Callable[..., Value]], Operator] = operator(name, _SIGNATURE, null="null", examples=examples)
    return define(part)


year = _part("$year", "year", "The year", 2024)
month = _part("$month", "month", "The month (1 to 12)", 12)
day_of_month = _part("$dayOfMonth", "day", "The day of the month (1 to 31)", 30)
hour = _part("$hour", "hour", "The hour (0 to 23)", 23)
minute = _part("$minute", "minute", "The minute (0 to 59)", 4)
second = _part("$second", "second", "The second (0 to 59)", 5)
millisecond = _part("$millisecond", "millisecond", "The millisecond (0 to 999)", 678)
day_of_year = _part("$dayOfYear", "day_of_year", "The day of the year (1 to 366)", 365)
day_of_week = _part("$dayOfWeek", "day_of_week", "The day of the week, from 1 (Sunday) to 7 (Saturday),", 2)
week = _part("$week", "week", "The week of the year (0 to 53; week 1 begins with the year's first Sunday)", 52)
iso_day_of_week = _part("$isoDayOfWeek", "iso_day_of_week",
                        "The day of the week, from 1 (Monday) to 7 (Sunday),", 1)
iso_week = _part("$isoWeek", "iso_week", "The week of the year by ISO 8601 (1 to 53)", 1)
iso_week_year = _part("$isoWeekYear", "iso_year", "The year that the week by ISO 8601 belongs to (a long)", Int64(2025),
                      Int64)
