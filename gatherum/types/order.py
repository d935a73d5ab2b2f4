"""The total order of BSON values, and equality by it.

`order_key(value)` is a tuple: tuples compare as MongoDB compares the values, and equal values have equal, equally
hashing tuples (1, `Int64(1)`, 1.0 and `Decimal128("1")` are equal; -0.0 equals 0; NaN equals NaN).
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any, Final

from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from gatherum.types.values import MISSING, BsonType, Missing, Value, bson_type, millis

OrderKey = tuple[Any, ...]

RANK: Final[dict[BsonType, int]] = {
    BsonType.MIN_KEY: -1, BsonType.MISSING: 0, BsonType.UNDEFINED: 0, BsonType.NULL: 5, BsonType.DOUBLE: 10,
    BsonType.INT: 10, BsonType.LONG: 10, BsonType.DECIMAL: 10, BsonType.STRING: 15, BsonType.SYMBOL: 15,
    BsonType.OBJECT: 20, BsonType.ARRAY: 25, BsonType.BINARY: 30, BsonType.OBJECT_ID: 35, BsonType.BOOL: 40,
    BsonType.DATE: 45, BsonType.TIMESTAMP: 47, BsonType.REGEX: 50, BsonType.DB_POINTER: 55, BsonType.CODE: 60,
    BsonType.CODE_WITH_SCOPE: 65, BsonType.MAX_KEY: 127,
}

_NAN: Final = (10,)
_TRUE: Final = (40, True)
_FALSE: Final = (40, False)


def rank(value: Value) -> int:
    """The place of the value's type in the order of types; all numbers share one."""
    return RANK[bson_type(value)]


def order_key(value: Value) -> OrderKey:
    """A hashable tuple that compares as the value does.

    >>> order_key(None) < order_key(3) < order_key(3.5) < order_key("a") < order_key([1])
    True
    """
    make = _MAKERS.get(type(value))
    return make(value) if make is not None else _key_of_subclass(value)


def compare(a: Value, b: Value) -> int:
    """-1, 0 or 1 as `a` is before, equal to or after `b`."""
    x, y = order_key(a), order_key(b)
    return -1 if x < y else 1 if x > y else 0


def equal(a: Value, b: Value) -> bool:
    """True where the two compare as equal, whatever their numeric types."""
    return order_key(a) == order_key(b)


def group_key(value: Value) -> Any:
    """A hashable stand-in for the value: equal exactly where the values are; not ordered.

    Strings and numbers other than NaN stand for themselves, so this is the quick key of dictionaries.
    """
    cls = type(value)
    if cls is str or cls is int:
        return value
    if cls is float:
        return value if value == value else _NAN
    key = order_key(value)
    return key[1] if key[0] == 10 and len(key) == 2 else key


def _of_float(value: float) -> OrderKey:
    return (10, value) if value == value else _NAN


def _of_decimal(value: Decimal128) -> OrderKey:
    number = value.to_decimal()
    return _NAN if number.is_nan() else (10, number)


def _of_binary(value: Binary) -> OrderKey:
    return (30, len(value), value.subtype, bytes(value))


def _of_regex(value: Any) -> OrderKey:
    regex = value if isinstance(value, Regex) else Regex.from_native(value)
    return (50, regex.pattern if isinstance(regex.pattern, str) else regex.pattern.decode(), regex_options(regex))


def regex_options(regex: Regex[Any]) -> str:
    """The options of a BSON regular expression as its sorted letters."""
    letters = (("i", re.I), ("l", re.L), ("m", re.M), ("s", re.S), ("u", re.U), ("x", re.X))
    return "".join(letter for letter, flag in letters if regex.flags & flag)


def _of_code(value: Code) -> OrderKey:
    return (60, str(value)) if value.scope is None else (65, str(value), order_key(dict(value.scope)))


def _of_document(value: Any) -> OrderKey:
    fields = []
    for name, item in value.items():
        key = order_key(item)
        fields.append((key[0], name, key))
    return (20, tuple(fields))


def _of_array(value: Any) -> OrderKey:
    return (25, tuple([order_key(item) for item in value]))


_MAKERS: dict[type, Callable[[Any], OrderKey]] = {
    int: lambda v: (10, v), Int64: lambda v: (10, int(v)), float: _of_float, Decimal128: _of_decimal,
    str: lambda v: (15, v), bool: lambda v: _TRUE if v else _FALSE, type(None): lambda v: (5,),
    Missing: lambda v: (0,), dt.datetime: lambda v: (45, millis(v)), DatetimeMS: lambda v: (45, int(v)),
    ObjectId: lambda v: (35, v.binary), dict: _of_document, list: _of_array, tuple: _of_array,
    bytes: lambda v: (30, len(v), 0, v), Binary: _of_binary, uuid.UUID: lambda v: (30, 16, 4, v.bytes),
    Regex: _of_regex, re.Pattern: _of_regex, Code: _of_code, Timestamp: lambda v: (47, v.time, v.inc),
    MinKey: lambda v: (-1,), MaxKey: lambda v: (127,), DBRef: lambda v: _of_document(v.as_doc()),
}

_BY_TYPE: Final[dict[BsonType, Callable[[Any], OrderKey]]] = {
    BsonType.OBJECT: _of_document, BsonType.ARRAY: _of_array, BsonType.STRING: lambda v: (15, str(v)),
    BsonType.INT: lambda v: (10, int(v)), BsonType.LONG: lambda v: (10, int(v)), BsonType.CODE: _of_code,
    BsonType.CODE_WITH_SCOPE: _of_code, BsonType.DOUBLE: lambda v: _of_float(float(v)),
    BsonType.DATE: lambda v: (45, millis(v)), BsonType.BINARY: lambda v: (30, len(v), 0, bytes(v)),
}


def _key_of_subclass(value: Value) -> OrderKey:
    return _BY_TYPE[bson_type(value)](value)


MISSING_KEY: Final = order_key(MISSING)
NULL_KEY: Final = order_key(None)
