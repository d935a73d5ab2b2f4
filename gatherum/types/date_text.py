"""Dates as people write them: ISO 8601 and its usual variants, as `$toDate` reads them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from gatherum.types.calendar import DAY, day_number

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL_MONTHS: Final = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
                       "november", "december")
_MONTH: Final = r"(?P<month>[a-z]{3,9})"
_DAYS: Final = (
    r"(?P<year>-?[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})",
    r"(?P<year>[0-9]{4})/(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})",
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
    r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})",
    rf"(?P<year>[0-9]{{4}})-{_MONTH}-(?P<day>[0-9]{{1,2}})",
    rf"(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?[ -]?{_MONTH}[ -]?(?P<year>[0-9]{{4}})",
    rf"{_MONTH} (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?,? (?P<year>[0-9]{{4}})",
)
_TIME: Final = (r"(?:(?:t|[ \t]+)(?:(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
                r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?|(?P<word>noon|midnight)))?")
_ZONE: Final = r"(?:[ \t]*(?:z|utc|gmt|(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2})?))?"
_FORMS: Final = tuple(re.compile(day + _TIME + _ZONE) for day in _DAYS)
_BLANK: Final = " \t\n\v\f\r\0\u00a0"


def parse_date(text: str) -> int:
    """Milliseconds since 1970 of a written date, UTC where it names no offset; ValueError where it is none.

    >>> parse_date("1970-01-02T00:00:00.5+01:00")
    82800500
    """
    written = text.strip(_BLANK).lower()
    for form in _FORMS:
        found = form.fullmatch(written)
        if found is not None:
            return _milliseconds(found.groupdict())
    raise ValueError("it is not written as a date, such as 2024-05-31T12:30:00Z")


def _milliseconds(parts: dict[str, str | None]) -> int:
    def number(name: str) -> int:
        return int(parts[name] or 0)

    year, day = number("year"), number("day")
    month = _month(parts["month"] or "")
    if not 1 <= month <= 12:
        raise ValueError("there is no such month")
    try:
        days = day_number(year, month, day)
    except ValueError:
        raise ValueError("the month has no such day") from None
    hour = 12 if parts["word"] == "noon" else number("hour")
    time = dt.time(hour, number("minute"), number("second"), int((parts["fraction"] or "").ljust(6, "0")[:6]))
    offset = (number("hours") * 60 + number("minutes")) * (-60_000 if parts["sign"] == "-" else 60_000)
    seconds = (time.hour * 60 + time.minute) * 60 + time.second
    return days * DAY + seconds * 1000 + time.microsecond // 1000 - offset


def _month(written: str) -> int:
    if written.isdecimal():
        return int(written)
    for names in (_MONTHS, _FULL_MONTHS):
        if written in names:
            return names.index(written) + 1
    return 0
