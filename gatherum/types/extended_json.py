"""MongoDB Extended JSON: BSON values as JSON-ready Python values, and back.

`encode` writes the canonical kind, which keeps every type, or the relaxed kind, which writes ints, longs, finite
doubles and dates of the years 1970 to 9999 as people do. `decode` reads both, and the older forms that mongoexport
wrote; a document is taken for a wrapper only where it has exactly the wrapper's form, so operators such as
`{"$regex": ..., "$options": ...}` in a query stay documents.
"""

from __future__ import annotations

import base64
import datetime as dt
import math
import re
import uuid
from collections.abc import Callable
from typing import Any, Final

from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from bson.errors import BSONError

from gatherum.types.order import regex_options
from gatherum.types.values import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, Value, from_millis, millis

RELAXED_DATE_END: Final = 253402300800000                                         # the year 10000


def encode(value: Value, relaxed: bool = False) -> Any:
    """JSON-ready form of a value: dicts, lists, strings, numbers, booleans, None.

    >>> encode({"a": 1, "b": None})
    {'a': {'$numberInt': '1'}, 'b': None}
    >>> encode({"a": 1, "b": 2.5}, relaxed=True)
    {'a': 1, 'b': 2.5}
    """
    cls = type(value)
    if cls is str or cls is bool or value is None:
        return value
    if cls is dict:
        return {name: encode(item, relaxed) for name, item in value.items()}
    if cls is list or cls is tuple:
        return [encode(item, relaxed) for item in value]
    encoder = _ENCODERS.get(cls)
    if encoder is None:
        encoder = _encoder_of_subclass(value)
    return encoder(value, relaxed)


def _int(value: int, relaxed: bool) -> Any:
    if INT32_MIN <= value <= INT32_MAX:
        return int(value) if relaxed else {"$numberInt": str(int(value))}
    return _long(value, relaxed)


def _long(value: int, relaxed: bool) -> Any:
    if not INT64_MIN <= value <= INT64_MAX:
        raise TypeError(f"{value} does not fit BSON's 64-bit integers")
    return int(value) if relaxed else {"$numberLong": str(int(value))}


def _double(value: float, relaxed: bool) -> Any:
    if math.isfinite(value):
        return value if relaxed else {"$numberDouble": repr(value)}
    return {"$numberDouble": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}


def _date(value: Any, relaxed: bool) -> Any:
    milliseconds = millis(value)
    if relaxed and 0 <= milliseconds < RELAXED_DATE_END:
        text = from_millis(milliseconds).isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds")
        return {"$date": text + "Z"}
    return {"$date": {"$numberLong": str(milliseconds)}}


def _binary(value: bytes, relaxed: bool) -> Any:
    subtype = value.subtype if isinstance(value, Binary) else 0
    return {"$binary": {"base64": base64.b64encode(value).decode(), "subType": f"{subtype:02x}"}}


def _regex(value: Any, relaxed: bool) -> Any:
    regex = value if isinstance(value, Regex) else Regex.from_native(value)
    pattern = regex.pattern if isinstance(regex.pattern, str) else regex.pattern.decode()
    return {"$regularExpression": {"pattern": pattern, "options": regex_options(regex)}}


def _code(value: Code, relaxed: bool) -> Any:
    wrapped: dict[str, Any] = {"$code": str(value)}
    if value.scope is not None:
        wrapped["$scope"] = encode(dict(value.scope), relaxed)
    return wrapped


_ENCODERS: dict[type, Callable[[Any, bool], Any]] = {
    int: _int, Int64: _long, float: _double, dt.datetime: _date, DatetimeMS: _date, bytes: _binary, Binary: _binary,
    uuid.UUID: lambda v, relaxed: _binary(Binary.from_uuid(v), relaxed), Regex: _regex, re.Pattern: _regex,
    Code: _code, ObjectId: lambda v, relaxed: {"$oid": str(v)},
    Decimal128: lambda v, relaxed: {"$numberDecimal": str(v)}, MinKey: lambda v, relaxed: {"$minKey": 1},
    MaxKey: lambda v, relaxed: {"$maxKey": 1}, DBRef: lambda v, relaxed: encode(dict(v.as_doc()), relaxed),
    Timestamp: lambda v, relaxed: {"$timestamp": {"t": v.time, "i": v.inc}},
}


def _encoder_of_subclass(value: Value) -> Callable[[Any, bool], Any]:
    for base in (Code, int, float, dt.datetime, bytes):
        if isinstance(value, base):
            return _ENCODERS[base]
    for plain in (dict, str, list):
        if isinstance(value, plain):
            return lambda v, relaxed, plain=plain: encode(plain(v), relaxed)
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} is not a BSON type: {value!r}")


def decode(value: Any) -> Value:
    """The BSON value of a JSON-ready form; plain integers become int or `Int64`, larger ones doubles.

    >>> decode({"n": {"$numberLong": "7"}, "when": {"$date": "1970-01-01T00:00:01Z"}})
    {'n': Int64(7), 'when': datetime.datetime(1970, 1, 1, 0, 0, 1)}
    """
    cls = type(value)
    if cls is dict:
        for name in value:
            if name[:1] == "$" and name in _DECODERS:
                found = _decode_wrapper(name, value)
                if found is not None:
                    return found[0]
            break
        return {name: decode(item) if type(item) in _NOT_PLAIN else item for name, item in value.items()}
    if cls is list:
        return [decode(item) if type(item) in _NOT_PLAIN else item for item in value]
    if cls is int and not INT32_MIN <= value <= INT32_MAX:
        return Int64(value) if INT64_MIN <= value <= INT64_MAX else float(value)
    return value


_NOT_PLAIN: Final = frozenset({dict, list, int})


def _decode_wrapper(name: str, value: dict[str, Any]) -> tuple[Value] | None:
    try:
        return _DECODERS[name](value)
    except (ValueError, TypeError, KeyError, ArithmeticError, BSONError):
        return None


def _only(read: Callable[[Any], Value]) -> Callable[[dict[str, Any]], tuple[Value] | None]:
    """A decoder of wrappers with one key."""
    def decoder(wrapper: dict[str, Any]) -> tuple[Value] | None:
        if len(wrapper) != 1:
            return None
        (inner,) = wrapper.values()
        return (read(inner),)
    return decoder


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError
    return value


def _read_int(value: Any) -> int:
    number = int(_text(value))
    if not INT32_MIN <= number <= INT32_MAX:
        raise ValueError
    return number


def _read_long(value: Any) -> Int64:
    number = value if type(value) is int else int(_text(value))
    if not INT64_MIN <= number <= INT64_MAX:
        raise ValueError
    return Int64(number)


def _read_double(value: Any) -> float:
    special = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    return special[value] if value in special else float(_text(value))


_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)")


def _read_date(value: Any) -> Value:
    if isinstance(value, dict):
        (name, inner), = value.items()
        if name != "$numberLong":
            raise ValueError
        return from_millis(int(_text(inner)))
    if type(value) is int:
        return from_millis(value)
    found = _DATE.fullmatch(_text(value))
    if found is None:
        raise ValueError
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    fraction = (found[7] or "").ljust(6, "0")[:6]
    date = dt.datetime(year, month, day, hour, minute, second, int(fraction) // 1000 * 1000)
    if found[8] == "Z":
        return date
    digits = found[8][1:].replace(":", "").ljust(4, "0")
    offset = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return date - offset if found[8][0] == "+" else date + offset


def _bytes(data: bytes, subtype: int) -> Value:
    return data if subtype == 0 else Binary(data, subtype)


def _read_binary(wrapper: dict[str, Any]) -> tuple[Value] | None:
    inner = wrapper["$binary"]
    if isinstance(inner, dict):
        if len(wrapper) != 1 or set(inner) != {"base64", "subType"}:
            return None
        return (_bytes(base64.b64decode(_text(inner["base64"]), validate=True), int(_text(inner["subType"]), 16)),)
    if set(wrapper) != {"$binary", "$type"}:
        return None
    return (_bytes(base64.b64decode(_text(inner), validate=True), int(_text(wrapper["$type"]), 16)),)


def _read_uuid(value: Any) -> Binary:
    return Binary.from_uuid(uuid.UUID(_text(value)))


def _read_regex(value: Any) -> Regex[str]:
    if set(value) != {"pattern", "options"}:
        raise ValueError
    return Regex(_text(value["pattern"]), _text(value["options"]))


def _read_timestamp(value: Any) -> Timestamp:
    if set(value) != {"t", "i"}:
        raise ValueError
    return Timestamp(value["t"], value["i"])


def _read_code(wrapper: dict[str, Any]) -> tuple[Value] | None:
    if set(wrapper) == {"$code"}:
        return (Code(_text(wrapper["$code"])),)
    if set(wrapper) == {"$code", "$scope"} and isinstance(wrapper["$scope"], dict):
        return (Code(_text(wrapper["$code"]), decode(wrapper["$scope"])),)
    return None


def _one(made: Value) -> Callable[[Any], Value]:
    def read(value: Any) -> Value:
        if value != 1:
            raise ValueError
        return made
    return read


_DECODERS: dict[str, Callable[[dict[str, Any]], tuple[Value] | None]] = {
    "$numberInt": _only(_read_int), "$numberLong": _only(_read_long), "$numberDouble": _only(_read_double),
    "$numberDecimal": _only(lambda v: Decimal128(_text(v))), "$oid": _only(lambda v: ObjectId(_text(v))),
    "$date": _only(_read_date), "$binary": _read_binary, "$uuid": _only(_read_uuid),
    "$regularExpression": _only(_read_regex), "$timestamp": _only(_read_timestamp), "$code": _read_code,
    "$minKey": _only(_one(MinKey())), "$maxKey": _only(_one(MaxKey())), "$symbol": _only(_text),
    "$undefined": _only(lambda v: None),
}
