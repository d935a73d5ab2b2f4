"""Dates as text: $dateToString."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from gatherum.errors import OperatorError
from gatherum.functions.operator import Evaluator, Frame, special_form
from gatherum.functions.signature import Codes, named
from gatherum.records import record
from gatherum.types.calendar import WallClock, instant
from gatherum.types.timezones import UTC, TimeZone, time_zone_of
from gatherum.types.values import BsonType, Document, Value, bson_type, is_nullish, type_name

_MONTHS: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                  "November", "December")

_SPECIFIERS: Final = {
    "Y": ("%04d", "year"), "m": ("%02d", "month"), "d": ("%02d", "day"), "H": ("%02d", "hour"),
    "M": ("%02d", "minute"), "S": ("%02d", "second"), "L": ("%03d", "millisecond"), "j": ("%03d", "day_of_year"),
    "w": ("%d", "day_of_week"), "U": ("%02d", "week"), "u": ("%d", "iso_day_of_week"), "V": ("%02d", "iso_week"),
    "G": ("%04d", "iso_year"), "b": ("%s", "short_month"), "B": ("%s", "full_month"), "z": ("%s", "offset_text"),
    "Z": ("%d", "offset_minutes"),
}
_YEARS: Final = ("year", "iso_year")


class _Printed(WallClock):
    """A wall clock with the parts that only texts need."""

    __slots__ = ()

    @property
    def short_month(self) -> str:
        return _MONTHS[self.month - 1][:3]

    @property
    def full_month(self) -> str:
        return _MONTHS[self.month - 1]

    @property
    def offset_minutes(self) -> int:
        return int(self.offset / 60_000)

    @property
    def offset_text(self) -> str:
        hours, minutes = divmod(abs(self.offset_minutes), 60)
        return f"{'-' if self.offset < 0 else '+'}{hours:02d}{minutes:02d}"


@record
class _Format:
    """A format made ready: `template` takes the values that `parts` reads; `years` reads those that have a range.

    `direct` says whether a datetime has all the parts.
    """

    template: str
    parts: Callable[[Any], Any]
    years: tuple[Callable[[Any], int], ...]
    direct: bool

    def print(self, found: int, zone: TimeZone) -> str:
        clock = _Printed(found, zone)
        for year in self.years:
            if not 0 <= year(clock) <= 9999:
                raise OperatorError(f"$dateToString: the year {year(clock)} is not between 0 and 9999", 18537)
        return self.template % self.parts(clock)


@lru_cache(1024)
def _prepared(text: str) -> _Format:
    template, names = [], []
    characters = iter(text)
    for character in characters:
        if character != "%":
            template.append(character)
            continue
        letter = next(characters, None)
        if letter is None:
            raise OperatorError(f"$dateToString: the format {text!r} ends with a lone %: write %% for one", 18535)
        if letter == "%":
            template.append("%%")
        elif letter in _SPECIFIERS:
            conversion, name = _SPECIFIERS[letter]
            template.append(conversion)
            names.append(name)
        else:
            raise OperatorError(f"$dateToString: unknown specifier '%{letter}' in the format {text!r}: use one of %% "
                                f"{' '.join('%' + known for known in _SPECIFIERS)}", 18536)
    years = tuple(attrgetter(name) for name in _YEARS if name in names)
    direct = all(hasattr(dt.datetime, name) for name in names)
    return _Format("".join(template), attrgetter(*names) if names else lambda clock: (), years, direct)


_DEFAULT: Final = _prepared("%Y-%m-%dT%H:%M:%S.%L")
_DEFAULT_UTC: Final = _prepared("%Y-%m-%dT%H:%M:%S.%LZ")


_SIGNATURE: Final = named("date", "format?", "timezone?", "onNull?",
                          codes=Codes(not_object=18629, unknown=18534, missing=18628))


@special_form("$dateToString", _SIGNATURE, raises=True, examples=[
    ({"$dateToString": {"date": dt.datetime(2024, 5, 17, 9, 5), "format": "%d.%m.%Y"}}, "17.05.2024"),
    ({"$dateToString": {"date": dt.datetime(2024, 5, 17, 9, 5)}}, "2024-05-17T09:05:00.000Z"),
    ({"$dateToString": {"date": dt.datetime(2024, 5, 17), "format": "%H:%M %z", "timezone": "+02:00"}}, "02:00 +0200"),
    ({"$dateToString": {"date": None, "onNull": "never"}}, "never")])
def date_to_string(date: Evaluator, format: Evaluator | None, timezone: Evaluator | None,
                   on_null: Evaluator | None) -> Evaluator:
    """A date, an ObjectId or a Timestamp as text, as the clock of a time zone shows it (UTC if none is given).

    The format's specifiers: %Y year, %m month, %d day, %H hour, %M minute, %S second, %L millisecond, %j day of the
    year, %w day of the week (1 is Sunday), %U week, %u, %V and %G day, week and year by ISO 8601, %b and %B the
    month's name, %z offset from UTC (+0530), %Z the same in minutes, %% a percent sign. Without a format it is
    `%Y-%m-%dT%H:%M:%S.%L`, and `Z` after it in UTC. A date that is null gives `onNull`, or null if that is not given;
    a format or time zone that is null gives null. An error where an argument is of another type, the format has
    unknown specifiers, or the year is not between 0 and 9999.
    """
    def evaluate(document: Document, frame: Frame) -> Value:
        value = date(document, frame)
        text = None if format is None else format(document, frame)
        prepared = None if format is None or is_nullish(text) else _prepared(_checked(text))
        zone = UTC if timezone is None else time_zone_of(timezone(document, frame))
        if is_nullish(value):
            return None if on_null is None else on_null(document, frame)
        if zone is UTC and prepared is not None and prepared.direct and type(value) is dt.datetime \
                and value.tzinfo is None:
            return prepared.template % prepared.parts(value)
        found = instant(value)
        if found is None:
            raise OperatorError(f"$dateToString takes a date, an ObjectId or a Timestamp, not {type_name(value)}",
                                16006)
        if zone is None or (format is not None and prepared is None):
            return None
        return (prepared or (_DEFAULT_UTC if zone is UTC else _DEFAULT)).print(found, zone)
    return evaluate


def _checked(text: Value) -> str:
    if bson_type(text) is not BsonType.STRING:
        raise OperatorError(f"$dateToString: the format must be a string, not {type_name(text)}", 18533)
    return text
