"""The text that string operators take values of other types for."""

from __future__ import annotations

import datetime as dt
from typing import Final

from bson import Timestamp

from gatherum.errors import OperatorError
from gatherum.types.values import EPOCH, BsonType, Value, bson_type, from_millis, millis, type_name


def text(value: Value, name: str) -> str:
    """The text of a string, number, date, timestamp or code; null and missing are the empty text.

    Doubles have six significant digits, as with C's `%g`. OperatorError of the operator `name` for other types.
    """
    if type(value) is str:
        return value
    match bson_type(value):
        case BsonType.MISSING | BsonType.NULL:
            return ""
        case BsonType.INT | BsonType.LONG:
            return str(int(value))
        case BsonType.DOUBLE:
            return f"{value:g}"
        case BsonType.STRING | BsonType.CODE | BsonType.DECIMAL:
            return str(value)
        case BsonType.DATE:
            return _date(value, name)
        case BsonType.TIMESTAMP:
            return _timestamp(value)
        case _:
            raise OperatorError(f"{name} takes a string, number or date, not {type_name(value)}", 16007)


def _date(value: Value, name: str) -> str:
    date = from_millis(millis(value))
    if not isinstance(date, dt.datetime):
        raise OperatorError(f"{name} takes dates of the years 1 to 9999; {int(date)} ms since 1970 is outside", 18537)
    return date.isoformat(timespec="milliseconds") + "Z"


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _timestamp(value: Timestamp) -> str:
    date = EPOCH + dt.timedelta(seconds=value.time)
    return f"{_MONTHS[date.month - 1]} {date.day:2} {date:%H:%M:%S}:{value.inc}"
