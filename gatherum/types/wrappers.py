"""The wrappers of Extended JSON: documents such as `{"$date": "2024-05-01T12:00:00Z"}` that stand for a value.

A document whose first field has the name of a wrapper is that wrapper, and must have its form.
"""

from __future__ import annotations

import base64
import datetime as dt
import math
import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Final

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.errors import BSONError

from gatherum.types.values import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, Value, from_millis

SHOWN: Final = 120
_NUMBER: Final = re.compile("[-+.0-9A-Za-z]+")
_SCALARS: Final = frozenset({str, int, float, bool, type(None), Int64, dt.datetime, ObjectId, Decimal128, bytes})
UINT32_MAX: Final = 2**32 - 1


class MalformedWrapper(ValueError):
    """A document that begins like a wrapper and is none."""


def unwrap(document: dict[str, Any], decode: Callable[[Any], Value]) -> Value:
    """The value that a wrapper stands for; MalformedWrapper where it has not the form that its first field's name
    says. `decode` reads the values of a `$scope`."""
    name = next(iter(document))
    try:
        if len(document) == 1 and name in _READERS:
            return _READERS[name](document[name])
        if name == "$binary":
            return _read_binary(document)
        if name == "$code":
            return _read_code(document, decode)
        raise ValueError
    except (ValueError, TypeError, KeyError, ArithmeticError, BSONError):
        raise MalformedWrapper(f"{_shown(document)} is malformed Extended JSON: expected {WRAPPERS[name]}") from None


def name_like_wrapper(value: Any) -> str | None:
    """The name of the first field of a document in `value` that would be read as a wrapper; None without such one."""
    if isinstance(value, dict):
        if (first := next(iter(value), "")) in WRAPPERS:
            return first
        items: Iterable[Any] = value.values()
    else:
        items = (value.scope,) if isinstance(value, Code) else value if isinstance(value, list | tuple) else ()
    for item in items:
        if type(item) not in _SCALARS and (found := name_like_wrapper(item)):
            return found
    return None


def _shown(document: dict[str, Any]) -> str:
    import json

    text = json.dumps(document, ensure_ascii=False, default=repr)
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number_text(value: Any) -> str:
    """The text of a number; Python's own readers would take blanks, underscores and the digits of other scripts."""
    if not _NUMBER.fullmatch(value):
        raise ValueError
    return value


def _integer(value: Any, low: int, high: int) -> int:
    """An integer written as a number."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError
    return value


def _read_int(value: Any) -> int:
    return _integer(int(_number_text(value)), INT32_MIN, INT32_MAX)


def _read_long(value: Any) -> Int64:
    return Int64(_integer(value if isinstance(value, int) else int(_number_text(value)), INT64_MIN, INT64_MAX))


def _read_double(value: Any) -> float:
    special = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    return special[value] if value in special else float(_number_text(value))


_DATE: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)", re.ASCII)


_USUAL_DATE: Final = "0000-00-00T00:00:00.000Z"
_DIGITS: Final = str.maketrans("123456789", "000000000")


def _in_usual_form(text: str) -> bool:
    """Whether a date is written as most are: these are read much sooner."""
    return len(text) == len(_USUAL_DATE) and text.translate(_DIGITS) == _USUAL_DATE


def _read_date(value: Any) -> Value:
    if isinstance(value, dict):
        ((name, inner),) = value.items()
        if name != "$numberLong":
            raise ValueError
        return from_millis(int(_read_long(inner)))
    if isinstance(value, int):
        return from_millis(int(_integer(value, INT64_MIN, INT64_MAX)))
    if _in_usual_form(_text(value)):
        return dt.datetime(int(value[:4]), int(value[5:7]), int(value[8:10]), int(value[11:13]), int(value[14:16]),
                           int(value[17:19]), int(value[20:23]) * 1000)
    found = _DATE.fullmatch(value)
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


def _read_binary(document: dict[str, Any]) -> Value:
    inner = document["$binary"]
    if isinstance(inner, dict):
        _check_names(document, {"$binary"})
        _check_names(inner, {"base64", "subType"})
        data, subtype = inner["base64"], inner["subType"]
    else:
        _check_names(document, {"$binary", "$type"})
        data, subtype = inner, document["$type"]
    number = int(_number_text(subtype), 16)
    content = base64.b64decode(_text(data), validate=True)
    return content if number == 0 else Binary(content, number)


def _check_names(document: dict[str, Any], names: set[str]) -> None:
    if set(document) != names:
        raise ValueError


def _read_uuid(value: Any) -> Binary:
    return Binary.from_uuid(uuid.UUID(_text(value)))


def _read_regex(value: Any) -> Regex[str]:
    _check_names(value, {"pattern", "options"})
    if set(_text(value["options"])) - set("ilmsux"):
        raise ValueError
    return Regex(_text(value["pattern"]), value["options"])


def _read_timestamp(value: Any) -> Timestamp:
    _check_names(value, {"t", "i"})
    return Timestamp(*(_integer(value[part], 0, UINT32_MAX) for part in "ti"))


def _read_code(document: dict[str, Any], decode: Callable[[Any], Value]) -> Value:
    if "$scope" not in document:
        _check_names(document, {"$code"})
        return Code(_text(document["$code"]))
    _check_names(document, {"$code", "$scope"})
    scope = decode(document["$scope"])
    if not isinstance(scope, dict):
        raise TypeError
    return Code(_text(document["$code"]), scope)


def _one(made: Value) -> Callable[[Any], Value]:
    def read(value: Any) -> Value:
        if value != 1:
            raise ValueError
        return made
    return read


_READERS: Final[dict[str, Callable[[Any], Value]]] = {
    "$numberInt": _read_int, "$numberLong": _read_long, "$numberDouble": _read_double,
    "$numberDecimal": lambda value: Decimal128(_number_text(value)), "$oid": lambda value: ObjectId(_text(value)),
    "$date": _read_date, "$uuid": _read_uuid, "$regularExpression": _read_regex, "$timestamp": _read_timestamp,
    "$minKey": _one(MinKey()), "$maxKey": _one(MaxKey()), "$symbol": _text, "$undefined": lambda value: None,
}
WRAPPERS: Final = {
    "$numberInt": '{"$numberInt": "..."} with a 32-bit integer',
    "$numberLong": '{"$numberLong": "..."} with a 64-bit integer',
    "$numberDouble": '{"$numberDouble": "..."} with a number, "Infinity", "-Infinity" or "NaN"',
    "$numberDecimal": '{"$numberDecimal": "..."} with a number of at most 34 digits',
    "$oid": '{"$oid": "..."} with 24 hexadecimal digits',
    "$date": '{"$date": "..."} with a date and its zone such as 2024-05-01T12:30:00Z, or '
             '{"$date": {"$numberLong": "..."}} with milliseconds since 1970',
    "$uuid": '{"$uuid": "..."} with 32 hexadecimal digits',
    "$regularExpression": '{"$regularExpression": {"pattern": "...", "options": "..."}} with options among ilmsux',
    "$timestamp": '{"$timestamp": {"t": ..., "i": ...}} with integers from 0 to 4294967295',
    "$minKey": '{"$minKey": 1}',
    "$maxKey": '{"$maxKey": 1}',
    "$symbol": '{"$symbol": "..."}',
    "$undefined": '{"$undefined": true}',
    "$binary": '{"$binary": {"base64": "...", "subType": "..."}} with a hexadecimal subtype',
    "$code": '{"$code": "..."}, with a document as "$scope" or without',
}
"""What each wrapper holds, in words, by the name of its first field."""
