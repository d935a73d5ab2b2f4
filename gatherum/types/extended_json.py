"""MongoDB Extended JSON: BSON values as JSON-ready Python values, and back.

`encode` writes the canonical kind, which keeps every type, or the relaxed kind, which writes ints, longs, finite
doubles and dates of the years 1970 to 9999 as people do; a long of 32 bits is then read back as an int. The typed kind
is the relaxed one that keeps such a long. `decode` reads all kinds, and the older forms that mongoexport wrote. A
document whose first field has the name of a wrapper must be that wrapper. Any other stays a document: operators such
as `{"$regex": ..., "$options": ...}`, and references (`$ref`).
"""

from __future__ import annotations

import base64
import datetime as dt
import math
import re
import uuid
from collections.abc import Callable, Collection
from typing import Any, Final, Literal

from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from gatherum.types.order import regex_options
from gatherum.types.values import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, Value, from_millis, millis
from gatherum.types.wrappers import WRAPPERS, unwrap

RELAXED_DATE_END: Final = 253402300800000                                         # the year 10000


Kind = Literal["canonical", "relaxed", "typed"]


def encode(value: Value, kind: Kind = "canonical") -> Any:
    """JSON-ready form of a value: dicts, lists, strings, numbers, booleans, None.

    >>> encode({"a": 1, "b": None})
    {'a': {'$numberInt': '1'}, 'b': None}
    >>> encode({"a": 1, "b": Int64(2)}, "relaxed"), encode({"a": 1, "b": Int64(2)}, "typed")
    ({'a': 1, 'b': 2}, {'a': 1, 'b': {'$numberLong': '2'}})
    """
    cls = type(value)
    if cls is str or cls is bool or value is None:
        return value
    if cls is dict:
        return {name: encode(item, kind) for name, item in value.items()}
    if cls is list or cls is tuple:
        return [encode(item, kind) for item in value]
    encoder = _ENCODERS.get(cls)
    if encoder is None:
        encoder = _encoder_of_subclass(value)
    return encoder(value, kind)


def _int(value: int, kind: Kind) -> Any:
    if INT32_MIN <= value <= INT32_MAX:
        return {"$numberInt": str(int(value))} if kind == "canonical" else int(value)
    return _long(value, kind)


def _long(value: int, kind: Kind) -> Any:
    if not INT64_MIN <= value <= INT64_MAX:
        raise TypeError(f"{value} does not fit BSON's 64-bit integers")
    plain = kind == "relaxed" or (kind == "typed" and not INT32_MIN <= value <= INT32_MAX)
    return int(value) if plain else {"$numberLong": str(int(value))}


def _double(value: float, kind: Kind) -> Any:
    if math.isfinite(value):
        return {"$numberDouble": repr(value)} if kind == "canonical" else value
    return {"$numberDouble": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}


def _date(value: Any, kind: Kind) -> Any:
    milliseconds = millis(value)
    if kind != "canonical" and 0 <= milliseconds < RELAXED_DATE_END:
        text = from_millis(milliseconds).isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds")
        return {"$date": text + "Z"}
    return {"$date": {"$numberLong": str(milliseconds)}}


def _binary(value: bytes, kind: Kind) -> Any:
    subtype = value.subtype if isinstance(value, Binary) else 0
    return {"$binary": {"base64": base64.b64encode(value).decode(), "subType": f"{subtype:02x}"}}


def _regex(value: Any, kind: Kind) -> Any:
    regex = value if isinstance(value, Regex) else Regex.from_native(value)
    pattern = regex.pattern if isinstance(regex.pattern, str) else regex.pattern.decode()
    return {"$regularExpression": {"pattern": pattern, "options": regex_options(regex)}}


def _code(value: Code, kind: Kind) -> Any:
    wrapped: dict[str, Any] = {"$code": str(value)}
    if value.scope is not None:
        wrapped["$scope"] = encode(dict(value.scope), kind)
    return wrapped


_ENCODERS: dict[type, Callable[[Any, Kind], Any]] = {
    int: _int, Int64: _long, float: _double, dt.datetime: _date, DatetimeMS: _date, bytes: _binary, Binary: _binary,
    uuid.UUID: lambda v, kind: _binary(Binary.from_uuid(v), kind), Regex: _regex, re.Pattern: _regex,
    Code: _code, ObjectId: lambda v, kind: {"$oid": str(v)},
    Decimal128: lambda v, kind: {"$numberDecimal": str(v)}, MinKey: lambda v, kind: {"$minKey": 1},
    MaxKey: lambda v, kind: {"$maxKey": 1}, DBRef: lambda v, kind: encode(dict(v.as_doc()), kind),
    Timestamp: lambda v, kind: {"$timestamp": {"t": v.time, "i": v.inc}},
}


def _encoder_of_subclass(value: Value) -> Callable[[Any, Kind], Any]:
    for base in (Code, int, float, dt.datetime, bytes):
        if isinstance(value, base):
            return _ENCODERS[base]
    for plain in (dict, str, list):
        if isinstance(value, plain):
            return lambda v, kind, plain=plain: encode(plain(v), kind)
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} is not a BSON type: {value!r}")


def decode(value: Any) -> Value:
    """The BSON value of a JSON-ready form; plain integers become int or `Int64`, larger ones doubles.

    MalformedWrapper where a document begins like one of the wrappers, but has not its form.

    >>> decode({"n": {"$numberLong": "7"}, "when": {"$date": "1970-01-01T00:00:01Z"}})
    {'n': Int64(7), 'when': datetime.datetime(1970, 1, 1, 0, 0, 1)}
    """
    cls = type(value)
    if cls is dict:
        for name in value:
            if name in WRAPPERS:
                return unwrap(value, decode)
            break
        return decode_fields(value, None)
    if cls is list:
        return [decode(item) if type(item) in _NOT_PLAIN else item for item in value]
    if cls is int and not INT32_MIN <= value <= INT32_MAX:
        return Int64(value) if INT64_MIN <= value <= INT64_MAX else float(value)
    return value


def decode_fields(document: dict[str, Any], needed: Collection[str] | None) -> dict[str, Value]:
    """The decoded fields of a document that is no wrapper: of these names (None: all)."""
    items = document.items() if needed is None else [item for item in document.items() if item[0] in needed]
    return {name: decode(item) if type(item) in _NOT_PLAIN else item for name, item in items}


_NOT_PLAIN: Final = frozenset({dict, list, int})
