"""Values that a caller gives, brought to the classes that the engine works with.

The rules are those of pymongo's encoder: subclasses count as their bases, tuples are arrays, dates are in UTC and in
whole milliseconds, and binary data of the usual subtype are bytes. What BSON has no type for is refused.
"""

from __future__ import annotations

import datetime as dt
import re
import struct
import uuid
from collections.abc import Mapping
from itertools import chain
from operator import countOf
from typing import Any, Final

from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from gatherum.types.values import INT64_MAX, INT64_MIN, Missing, Value

PLAIN: Final[frozenset[type]] = frozenset({
    str, int, float, bool, type(None), bytes, Code, DatetimeMS, DBRef, Decimal128, Int64, MaxKey, MinKey,
    Missing, ObjectId, Regex, Timestamp})
"""The classes whose values are taken as they are; ints must fit 64 bits."""
_INTS: Final = frozenset({int, Int64})


LEVELS: Final = 5
"""Values nested deeper than this are looked at one by one."""


def are_plain(values: list[Any], levels: int = LEVELS) -> bool:
    """Whether the engine may take all the values as they are, which is told of many together much sooner than of each;
    where not, `bson_value` tells for each."""
    classes = _classes(values)
    if not classes.isdisjoint(_INTS):
        ints = values if classes <= _INTS else [value for value in values if type(value) in _INTS]
        if not _fit(ints):
            return False
    return all(levels and _of_class(cls, [value for value in values if type(value) is cls], levels - 1)
               for cls in classes - PLAIN)


def _classes(values: list[Any]) -> set[type]:
    """The classes of the values. That all are of one, as in most columns, is told soonest by counting them."""
    if values and countOf(map(type, values), type(values[0])) == len(values):
        return {type(values[0])}
    return set(map(type, values))


def _fit(ints: list[int]) -> bool:
    """Whether all have at most 64 bits."""
    try:
        struct.pack(f"{len(ints)}q", *ints)
    except struct.error:
        return False
    return True


def _of_class(cls: type, values: list[Any], levels: int) -> bool:
    """As `are_plain`, of values of one class that may have to be changed."""
    if cls is dict:
        return set(map(type, set().union(*values))) <= {str} and are_plain(
            list(chain.from_iterable(map(dict.values, values))), levels)
    if cls is list:
        return are_plain(list(chain.from_iterable(values)), levels)
    if cls is Binary:
        return all(value.subtype for value in values)
    return cls is dt.datetime and all(value.tzinfo is None and not value.microsecond % 1000 for value in values)


def bson_value(value: Any) -> Value:
    """The value in the engine's classes, itself where it is in them; TypeError or ValueError for what BSON cannot hold.

    >>> bson_value({"a": (1, 2)})
    {'a': [1, 2]}
    """
    cls = type(value)
    if cls in PLAIN:
        if cls in _INTS and not INT64_MIN <= value <= INT64_MAX:
            raise ValueError(f"{value} does not fit BSON's 64-bit integers: use bson.Decimal128, or a double")
        return value
    if isinstance(value, dt.datetime):
        return _date(value)
    if isinstance(value, Mapping):
        return _document(value)
    if isinstance(value, list | tuple):
        items = [bson_value(item) for item in value]
        same = cls is list and all(made is item for made, item in zip(items, value, strict=True))
        return value if same else items
    return _other(value)


def _date(value: dt.datetime) -> dt.datetime:
    if value != value:                                          # pandas' NaT
        raise ValueError(f"{value!r} is no date: use None")
    if value.tzinfo is None and type(value) is dt.datetime and not value.microsecond % 1000:
        return value
    utc = value if value.tzinfo is None else value.astimezone(dt.UTC)
    return dt.datetime(utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond // 1000 * 1000)


def _document(value: Mapping[Any, Any]) -> dict[str, Value]:
    same = type(value) is dict
    made: dict[str, Value] = {}
    for name, item in value.items():
        if not isinstance(name, str):
            raise TypeError(f"the name of a field must be a string, not {name!r}")
        try:
            made[name] = bson_value(item)
        except (TypeError, ValueError) as error:
            raise type(error)(f"field {name!r}: {error}") from None
        same = same and made[name] is item
    return value if same and isinstance(value, dict) else made


def _other(value: Any) -> Value:
    match value:
        case uuid.UUID():
            return Binary.from_uuid(value)
        case re.Pattern():
            return Regex.from_native(value)
        case Binary():
            return value if value.subtype else bytes(value)
        case Code() | Int64() | ObjectId():
            return value
        case bool() | int():
            return bson_value(int(value))
        case float():
            return float(value)
        case str():
            return str(value)
        case bytes():
            return bytes(value)
    name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise TypeError(f"BSON has no type for {name}, such as {value!r}: convert it first")
