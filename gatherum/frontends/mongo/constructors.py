"""The constructors of mongosh's notation, by name: functions of values, which raise ValueError or TypeError."""

from __future__ import annotations

import base64
import datetime as dt
import math
import re
import uuid
from collections.abc import Callable
from typing import Any, Final

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.errors import BSONError

from gatherum.types.values import (
    EPOCH,
    INT32_MAX,
    INT32_MIN,
    INT64_MAX,
    INT64_MIN,
    Value,
    from_millis,
    is_number,
    millis,
    type_name,
)

_DATE: Final = re.compile(
    r"(\d{4})(?:-?(\d\d)(?:-?(\d\d)"
    r"(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?)?)?",
    re.ASCII | re.IGNORECASE)
_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE, "u": re.UNICODE}


def _now() -> int:
    return millis(dt.datetime.now(dt.UTC))


def iso_date(text: Any = None) -> Value:
    """A date from ISO 8601 text, UTC where it names no zone; now, without an argument."""
    if text is None:
        return from_millis(_now())
    found = _DATE.fullmatch(_string(text))
    if found is None:
        raise ValueError(f"{text!r} is not an ISO 8601 date such as 2024-05-01T12:30:00Z")
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    hour, minute, second = (int(part or 0) for part in found.groups()[3:6])
    thousandths = int((found[7] or "").ljust(3, "0")[:3])
    return from_millis(millis(dt.datetime(year, month, day, hour, minute, second)) + thousandths - _offset(found[8]))


def _offset(zone: str | None) -> int:
    if zone is None or zone in "zZ":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (minutes if zone[0] == "+" else -minutes) * 60_000


def new_date(*arguments: Any) -> Value:
    """A date from text, from milliseconds since 1970, or from year, month (0 is January), day and time, in UTC."""
    if len(arguments) < 2:
        if arguments and is_number(arguments[0]):
            return from_millis(_whole(arguments[0], INT64_MIN, INT64_MAX))
        return arguments[0] if arguments and isinstance(arguments[0], dt.datetime) else iso_date(*arguments)
    if len(arguments) > 7:
        raise ValueError("at most year, month, day, hour, minute, second and millisecond are taken")
    parts = [_whole(part, -10**9, 10**9) for part in arguments]
    year, month, day, hour, minute, second, thousandths = [*parts, *(0, 0, 1, 0, 0, 0, 0)[len(parts):]]
    start = dt.datetime(year + month // 12, month % 12 + 1, 1)
    time = dt.timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second, milliseconds=thousandths)
    return from_millis((start - EPOCH + time) // dt.timedelta(milliseconds=1))


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a string was expected, not {type_name(value)}")
    return value


def _whole(value: Any, low: int, high: int) -> int:
    """The integer that a number or a string of digits is."""
    if isinstance(value, str):
        if not re.fullmatch(r"[+-]?\d{1,30}", value.strip(), re.ASCII):
            raise ValueError(f"{value!r} is not an integer")
        number = int(value)
    elif isinstance(value, float):
        if not math.isfinite(value) or value != int(value):
            raise ValueError(f"{value} is not an integer")
        number = int(value)
    elif is_number(value) and not isinstance(value, Decimal128):
        number = int(value)
    else:
        raise ValueError(f"an integer was expected, not {type_name(value)}")
    if not low <= number <= high:
        raise ValueError(f"{number} is outside {low} .. {high}")
    return number


def _int(value: Any = 0) -> int:
    return _whole(value, INT32_MIN, INT32_MAX)


def _long(value: Any = 0) -> Int64:
    return Int64(_whole(value, INT64_MIN, INT64_MAX))


def _double(value: Any = 0) -> float:
    if not isinstance(value, str) and (not is_number(value) or isinstance(value, Decimal128)):
        raise ValueError(f"a number was expected, not {type_name(value)}")
    return float(value)


def _decimal(value: Any = 0) -> Decimal128:
    if isinstance(value, Decimal128):
        return value
    if not isinstance(value, str) and not is_number(value):
        raise ValueError(f"a number or a string was expected, not {type_name(value)}")
    try:
        return Decimal128(repr(value) if isinstance(value, float) else str(value))
    except ArithmeticError:
        raise ValueError(f"{value!r} is not a number of at most 34 digits") from None


def _object_id(text: Any = None) -> ObjectId:
    try:
        return ObjectId() if text is None else text if isinstance(text, ObjectId) else ObjectId(_string(text))
    except BSONError:
        raise ValueError(f"{text!r} is not 24 hexadecimal digits") from None


def _uuid(text: Any = None) -> Binary:
    return Binary.from_uuid(uuid.uuid4() if text is None else uuid.UUID(_string(text)))


def _binary(data: bytes, subtype: Any) -> Value:
    number = _whole(subtype, 0, 255)
    return data if number == 0 else Binary(data, number)


def _base64(subtype: Any, text: Any) -> Value:
    return _binary(base64.b64decode(_string(text), validate=True), subtype)


def _hex(subtype: Any, text: Any) -> Value:
    return _binary(bytes.fromhex(_string(text)), subtype)


def _timestamp(time: Any = 0, increment: Any = 0) -> Timestamp:
    if isinstance(time, dict):
        time, increment = time.get("t", 0), time.get("i", 0)
    return Timestamp(_whole(time, 0, 2**32 - 1), _whole(increment, 0, 2**32 - 1))


def make_regex(pattern: Any, options: Any = "") -> Regex[str]:
    """A regular expression; the option `g`, which says nothing to a server, is passed over."""
    flags = 0
    for letter in _string(options):
        if letter not in _FLAGS and letter != "g":
            raise ValueError(f"{letter!r} is no option of a regular expression; i, m, s, u and x are")
        flags |= _FLAGS.get(letter, 0)
    return Regex(_string(pattern), flags)


def _code(text: Any, scope: Any = None) -> Code:
    return Code(_string(text), scope)


def _reference(collection: Any, key: Any, database: Any = None) -> dict[str, Value]:
    reference = {"$ref": _string(collection), "$id": key}
    return reference if database is None else {**reference, "$db": _string(database)}


CONSTRUCTORS: Final[dict[str, Callable[..., Value]]] = {
    "ISODate": iso_date, "Date": new_date, "ObjectId": _object_id, "ObjectId.createFromHexString": _object_id,
    "NumberInt": _int, "Int32": _int, "NumberLong": _long, "Long": _long, "Long.fromString": _long,
    "Long.fromNumber": _long, "Double": _double, "NumberDecimal": _decimal, "Decimal128": _decimal,
    "Decimal128.fromString": _decimal, "UUID": _uuid, "BinData": _base64, "HexData": _hex,
    "Binary.createFromBase64": lambda text, subtype=0: _base64(subtype, text),
    "Binary.createFromHexString": lambda text, subtype=0: _hex(subtype, text), "Timestamp": _timestamp,
    "MinKey": MinKey, "MaxKey": MaxKey, "RegExp": make_regex, "Code": _code, "DBRef": _reference,
}
