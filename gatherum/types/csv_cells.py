"""The cells of CSV: the value that a text certainly is, and the text of a value."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from typing import Any, Final

from bson import Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from gatherum.errors import SettingError
from gatherum.types.order import equal
from gatherum.types.values import (
    INT64_MAX,
    INT64_MIN,
    MISSING,
    BsonType,
    Value,
    bson_type,
    from_millis,
    integer,
    millis,
)

LONGEST_CELL: Final = 1 << 28
EMPTY: Final[dict[str, Value]] = {"null": None, "missing": MISSING, "string": ""}
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DOUBLE: Final = re.compile(r"-?(?:(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][+-]?[0-9]+)?|(?:0|[1-9][0-9]*)[eE][+-]?[0-9]+)")
_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?Z", re.ASCII)


def empty_value(name: str) -> Value:
    """What an empty cell is, by the name of it in `EMPTY`.

    >>> empty_value("null"), empty_value("string")
    (None, '')
    """
    if name not in EMPTY:
        raise SettingError(f"empty is one of {', '.join(EMPTY)}, not {name!r}")
    return EMPTY[name]


def infer(text: str) -> Value:
    """The value that a cell's text certainly is, or the text.

    >>> infer("12"), infer("1.5e3"), infer("007"), infer("NA"), infer("true")
    (12, 1500.0, '007', 'NA', True)
    """
    if _INTEGER.fullmatch(text):
        number = int(text)
        return integer(number) if INT64_MIN <= number <= INT64_MAX else text
    if _DOUBLE.fullmatch(text):
        double = float(text)
        vanished = double == 0.0 and text.lower().partition("e")[0].strip("-0.") != ""
        return text if math.isinf(double) or vanished else double
    if text in ("true", "false"):
        return text == "true"
    found = _DATE.fullmatch(text)
    return _date(found, text) if found else text


def _date(found: re.Match[str], text: str) -> Value:
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        return dt.datetime(year, month, day, hour, minute, second, int((found[7] or "0").ljust(3, "0")) * 1000)
    except ValueError:
        return text


def _date_text(value: Any) -> str | None:
    milliseconds = millis(value)
    date = from_millis(milliseconds)
    if isinstance(date, DatetimeMS):
        return None
    return date.isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds") + "Z"


def _integer_text(value: int) -> str | None:
    return str(value) if INT64_MIN <= value <= INT64_MAX else None


def _double_text(value: float) -> str:
    return repr(value) if math.isfinite(value) else "NaN" if value != value else f"{'-' if value < 0 else ''}Infinity"


_TEXTS: Final[dict[type, Callable[[Any], str | None]]] = {
    str: lambda value: value, bool: lambda value: "true" if value else "false", int: _integer_text,
    Int64: lambda value: str(int(value)), float: _double_text, Decimal128: str, ObjectId: str,
    dt.datetime: _date_text, DatetimeMS: _date_text,
}


def cell_text(value: Value) -> str | None:
    """The usual text of a value; None where there is none, as for arrays, or dates outside the years 1 to 9999."""
    text = _TEXTS.get(type(value))
    return None if text is None else text(value)


def reads_back(value: Value, read: Value) -> bool:
    """Whether a value and what its cell is read as are the same. An integer is an int or a long by its size."""
    return read is value or (_kind(read) is _kind(value) and equal(read, value))


def _kind(value: Value) -> BsonType:
    kind = bson_type(value)
    return BsonType.INT if kind is BsonType.LONG else kind
