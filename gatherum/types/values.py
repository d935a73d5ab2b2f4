"""The BSON types, and which of them a Python value has.

A value is what pymongo would give: None, bool, int (32-bit, or 64-bit where it does not fit), `bson.Int64`, float,
`Decimal128`, str, datetime (or `DatetimeMS` outside the years 1 to 9999), `ObjectId`, bytes or `Binary`, `Regex`,
`Timestamp`, `Code`, `MinKey`, `MaxKey`, list and dict. A field that is not there is `MISSING`, which is not None.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final, TypeGuard

from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

Value = Any
Document = dict[str, Any]

INT32_MIN: Final = -(2**31)
INT32_MAX: Final = 2**31 - 1
INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1


class Missing:
    """The type of `MISSING`: what a path gives where there is no such field."""

    __slots__ = ()
    _instance: Missing | None = None

    def __new__(cls) -> Missing:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


class BsonType(IntEnum):
    """Type numbers as BSON writes them; 0 stands for a missing field."""

    MISSING = 0
    DOUBLE = 1
    STRING = 2
    OBJECT = 3
    ARRAY = 4
    BINARY = 5
    UNDEFINED = 6
    OBJECT_ID = 7
    BOOL = 8
    DATE = 9
    NULL = 10
    REGEX = 11
    DB_POINTER = 12
    CODE = 13
    SYMBOL = 14
    CODE_WITH_SCOPE = 15
    INT = 16
    TIMESTAMP = 17
    LONG = 18
    DECIMAL = 19
    MAX_KEY = 127
    MIN_KEY = 255


TYPE_NAMES: Final[dict[BsonType, str]] = {
    BsonType.MISSING: "missing", BsonType.DOUBLE: "double", BsonType.STRING: "string", BsonType.OBJECT: "object",
    BsonType.ARRAY: "array", BsonType.BINARY: "binData", BsonType.UNDEFINED: "undefined",
    BsonType.OBJECT_ID: "objectId", BsonType.BOOL: "bool", BsonType.DATE: "date", BsonType.NULL: "null",
    BsonType.REGEX: "regex", BsonType.DB_POINTER: "dbPointer", BsonType.CODE: "javascript",
    BsonType.SYMBOL: "symbol", BsonType.CODE_WITH_SCOPE: "javascriptWithScope", BsonType.INT: "int",
    BsonType.TIMESTAMP: "timestamp", BsonType.LONG: "long", BsonType.DECIMAL: "decimal",
    BsonType.MAX_KEY: "maxKey", BsonType.MIN_KEY: "minKey",
}

NUMERIC: Final = frozenset({BsonType.DOUBLE, BsonType.INT, BsonType.LONG, BsonType.DECIMAL})

_BY_CLASS: dict[type, BsonType] = {
    Missing: BsonType.MISSING, float: BsonType.DOUBLE, str: BsonType.STRING, dict: BsonType.OBJECT,
    list: BsonType.ARRAY, tuple: BsonType.ARRAY, bytes: BsonType.BINARY, Binary: BsonType.BINARY,
    uuid.UUID: BsonType.BINARY, ObjectId: BsonType.OBJECT_ID, bool: BsonType.BOOL, dt.datetime: BsonType.DATE,
    DatetimeMS: BsonType.DATE, type(None): BsonType.NULL, Regex: BsonType.REGEX, re.Pattern: BsonType.REGEX,
    Timestamp: BsonType.TIMESTAMP, Int64: BsonType.LONG, Decimal128: BsonType.DECIMAL, DBRef: BsonType.OBJECT,
    MinKey: BsonType.MIN_KEY, MaxKey: BsonType.MAX_KEY,
}


def bson_type(value: Value) -> BsonType:
    """The BSON type of `value`; TypeError where it is none of the types that this module's head lists.

    >>> bson_type(2**31).name, bson_type(1.0).name, bson_type(MISSING).name
    ('LONG', 'DOUBLE', 'MISSING')
    """
    cls = type(value)
    if cls is int:
        if INT32_MIN <= value <= INT32_MAX:
            return BsonType.INT
        if INT64_MIN <= value <= INT64_MAX:
            return BsonType.LONG
        raise TypeError(f"{value} does not fit BSON's 64-bit integers: use bson.Decimal128, or a double")
    found = _BY_CLASS.get(cls)
    return found if found is not None else _type_of_subclass(value)


def _type_of_subclass(value: Value) -> BsonType:
    if isinstance(value, Code):
        return BsonType.CODE if value.scope is None else BsonType.CODE_WITH_SCOPE
    if isinstance(value, int):
        return bson_type(int(value))
    if isinstance(value, Mapping):
        return BsonType.OBJECT
    for base, bson in _BY_CLASS.items():
        if isinstance(value, base):
            return bson
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} is not a BSON type: {value!r}")


def type_name(value: Value) -> str:
    """MongoDB's alias of the value's type, as `$type` gives it.

    >>> type_name(None), type_name(3), type_name([])
    ('null', 'int', 'array')
    """
    return TYPE_NAMES[bson_type(value)]


def is_string(value: Value) -> TypeGuard[str]:
    """True for strings; JavaScript code is none, though bson's class for it is a Python string."""
    return isinstance(value, str) and not isinstance(value, Code)


def is_number(value: Value) -> bool:
    """True for int, long, double and decimal; not for booleans."""
    cls = type(value)
    return cls is int or cls is float or cls is Int64 or cls is Decimal128


def is_nullish(value: Value) -> bool:
    """True for null and for a missing field."""
    return value is None or value is MISSING


EPOCH: Final = dt.datetime(1970, 1, 1)
_EPOCH_AWARE: Final = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)  # noqa: UP017
_MILLISECOND: Final = dt.timedelta(milliseconds=1)
_DATETIME_MIN: Final = (dt.datetime.min - EPOCH) // _MILLISECOND
_DATETIME_MAX: Final = (dt.datetime.max - EPOCH) // _MILLISECOND


def millis(date: Value) -> int:
    """Milliseconds since 1970 of a datetime (naive ones are UTC) or `DatetimeMS`; what is finer is cut off.

    >>> millis(dt.datetime(1970, 1, 2))
    86400000
    """
    if type(date) is DatetimeMS:
        return int(date)
    return (date - (EPOCH if date.tzinfo is None else _EPOCH_AWARE)) // _MILLISECOND


def from_millis(milliseconds: int) -> Value:
    """The naive UTC datetime of so many milliseconds since 1970, or `DatetimeMS` outside the years 1 to 9999."""
    if _DATETIME_MIN <= milliseconds <= _DATETIME_MAX:
        return EPOCH + milliseconds * _MILLISECOND
    return DatetimeMS(milliseconds)


def integer(value: int) -> int:
    """A 64-bit integer result in its narrowest BSON type: int where it fits 32 bits, else `Int64`."""
    return value if INT32_MIN <= value <= INT32_MAX else Int64(value)
