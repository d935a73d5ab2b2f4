"""Conversions between BSON types. Null and missing are the callers' business; what does not convert is an
OperatorError with MongoDB's code for a failed conversion."""

from __future__ import annotations

import base64
import math
import re
import struct
import uuid
from decimal import Decimal
from typing import Final

from bson import Binary, Decimal128, Int64

from gatherum.errors import OperatorError
from gatherum.types.calendar import WallClock, instant
from gatherum.types.date_text import parse_date
from gatherum.types.numbers import DECIMAL_CONTEXT, INT, as_decimal, as_double, decimal_of, fits_long, width
from gatherum.types.values import INT32_MAX, INT32_MIN, BsonType, Value, bson_type, from_millis, millis, type_name

CONVERSION_FAILURE: Final = 241
OLD_BINARY: Final = 2
UUID: Final = 4

_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_DIGITS: Final = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_NUMBER: Final = re.compile(rf"[+-]?(?:{_DIGITS}|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN])")
_HEXADECIMAL: Final = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?")


def to_int(value: Value) -> int:
    """The int of a number or boolean, of decimal digits, or of 1, 2 or 4 bytes; fractions are cut off."""
    if type(value) is int and INT32_MIN <= value <= INT32_MAX:
        return value
    if bson_type(value) is BsonType.DATE:
        raise _impossible(value, "int")
    number = _whole(value, "int", (1, 2, 4))
    if not INT32_MIN <= number <= INT32_MAX:
        raise _failure(value, "int", "it does not fit 32 bits")
    return number


def to_long(value: Value) -> Int64:
    """The long of a number or boolean, of decimal digits, of 1, 2, 4 or 8 bytes, or of a date (milliseconds since
    1970); fractions are cut off."""
    number = _whole(value, "long", (1, 2, 4, 8))
    if not fits_long(number):
        raise _failure(value, "long", "it does not fit 64 bits")
    return Int64(number)


def _whole(value: Value, target: str, sizes: tuple[int, ...]) -> int:
    match bson_type(value):
        case BsonType.INT | BsonType.LONG | BsonType.BOOL:
            return int(value)
        case BsonType.DOUBLE | BsonType.DECIMAL:
            return _cut_off(value, target)
        case BsonType.STRING:
            if not _INTEGER.fullmatch(value):
                raise _failure(value, target, "it is not an integer in decimal digits")
            return int(value) if len(value) < 4000 else 2**64
        case BsonType.BINARY:
            return int.from_bytes(_bytes(value, target, sizes), "little", signed=True)
        case BsonType.DATE:
            return millis(value)
        case _:
            raise _impossible(value, target)


def _cut_off(value: Value, target: str) -> int:
    number = decimal_of(value) if type(value) is Decimal128 else value
    if not math.isfinite(number):
        raise _failure(value, target, "it is not finite")
    return int(number)


def to_double(value: Value) -> float:
    """The double nearest to a number or boolean, to a written number, or to a date's milliseconds since 1970; or the
    one that 4 or 8 bytes hold."""
    match bson_type(value):
        case BsonType.DOUBLE | BsonType.INT | BsonType.LONG | BsonType.BOOL:
            return float(value)
        case BsonType.DECIMAL:
            number = as_double(value)
            if math.isinf(number) and value.to_decimal().is_finite():
                raise _failure(value, "double", "it is too large")
            return number
        case BsonType.STRING:
            return _read_double(value)
        case BsonType.DATE:
            return float(millis(value))
        case BsonType.BINARY:
            data = _bytes(value, "double", (4, 8))
            return struct.unpack("<f" if len(data) == 4 else "<d", data)[0]
        case _:
            raise _impossible(value, "double")


def _read_double(text: str) -> float:
    if _HEXADECIMAL.fullmatch(text) and not text.startswith("0x"):
        try:
            return float.fromhex(text)
        except OverflowError:
            raise _failure(text, "double", "it is too large") from None
    if not _NUMBER.fullmatch(text):
        raise _failure(text, "double", "it is not written as a number")
    number = float(text)
    if _has_digits(text) and (number == 0 or math.isinf(number)):
        raise _failure(text, "double", "it is out of range")
    return number


def _has_digits(text: str) -> bool:
    """True where a written number is neither zero nor a word."""
    return any(digit in "123456789" for digit in text.lower().partition("e")[0])


def to_decimal(value: Value) -> Decimal128:
    """The decimal of a number or boolean, of a written number, or of a date's milliseconds since 1970.

    A double gives its 15 leading digits; more than 34 written digits are rounded.
    """
    match bson_type(value):
        case BsonType.DECIMAL:
            return value
        case BsonType.DOUBLE | BsonType.INT | BsonType.LONG | BsonType.BOOL:
            return Decimal128(as_decimal(value))
        case BsonType.DATE:
            return Decimal128(Decimal(millis(value)))
        case BsonType.STRING:
            return Decimal128(_read_decimal(value))
        case _:
            raise _impossible(value, "decimal")


def _read_decimal(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise _failure(text, "decimal", "it is not written as a number")
    number = DECIMAL_CONTEXT.create_decimal(text)
    if _has_digits(text) and (number.is_zero() or number.is_infinite()):
        raise _failure(text, "decimal", "it is out of range")
    return number


def to_string(value: Value) -> str:
    """A number's shortest digits, a date in ISO 8601, an ObjectId's hexadecimal digits, `true` or `false`, a UUID's
    usual form, other bytes in base64."""
    match bson_type(value):
        case BsonType.STRING:
            return value
        case BsonType.INT | BsonType.LONG:
            return str(int(value))
        case BsonType.DOUBLE:
            return double_text(value)
        case BsonType.DECIMAL | BsonType.OBJECT_ID:
            return str(value)
        case BsonType.BOOL:
            return "true" if value else "false"
        case BsonType.DATE:
            return date_text(value)
        case BsonType.BINARY:
            return _binary_text(value)
        case _:
            raise _impossible(value, "string")


def double_text(value: float) -> str:
    """The fewest digits that give the double back.

    >>> double_text(3.0), double_text(1e16), double_text(1e-5)
    ('3', '1e+16', '1e-05')
    """
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "NaN" if math.isnan(value) else repr(value).removesuffix(".0")


def date_text(date: Value) -> str:
    """A date of the years 0 to 9999 such as 2024-05-31T12:30:00.000Z."""
    clock = WallClock(millis(date))
    if not 0 <= clock.year <= 9999:
        raise OperatorError(f"a date of the year {clock.year} has no text: the years are 0 to 9999", 18537)
    return (f"{clock.year:04}-{clock.month:02}-{clock.day:02}T"
            f"{clock.hour:02}:{clock.minute:02}:{clock.second:02}.{clock.millisecond:03}Z")


def _binary_text(value: Value) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, Binary) and value.subtype == UUID and len(value) == 16:
        return str(uuid.UUID(bytes=bytes(value)))
    return base64.b64encode(_contents(value)).decode()


def to_date(value: Value) -> Value:
    """The date of milliseconds since 1970 (a long, double or decimal), of a written date, or of the moment that an
    ObjectId or a Timestamp holds."""
    if bson_type(value) is BsonType.STRING:
        try:
            return from_millis(parse_date(value))
        except ValueError as error:
            raise _failure(value, "date", str(error)) from None
    if width(value) > INT:
        milliseconds = int(value) if isinstance(value, int) else _cut_off(value, "date")
        if not fits_long(milliseconds):
            raise _failure(value, "date", "it does not fit 64 bits of milliseconds")
        return from_millis(milliseconds)
    moment = instant(value)
    if moment is None:
        raise _impossible(value, "date")
    return from_millis(moment)


def _contents(value: Value) -> bytes:
    """The bytes as BSON holds them: those of the old binary subtype begin with their length."""
    if isinstance(value, uuid.UUID):
        return value.bytes
    data = bytes(value)
    old = isinstance(value, Binary) and value.subtype == OLD_BINARY
    return len(data).to_bytes(4, "little") + data if old else data


def _bytes(value: Value, target: str, sizes: tuple[int, ...]) -> bytes:
    data = _contents(value)
    if len(data) not in sizes:
        raise _failure(value, target, f"it has {len(data)} bytes; needed are {', '.join(map(str, sizes))}")
    return data


def _impossible(value: Value, target: str) -> OperatorError:
    return OperatorError(f"{type_name(value)} does not convert to {target}", CONVERSION_FAILURE)


def _failure(value: Value, target: str, reason: str) -> OperatorError:
    return OperatorError(f"{str(value)[:100]!r} does not convert to {target}: {reason}", CONVERSION_FAILURE)
