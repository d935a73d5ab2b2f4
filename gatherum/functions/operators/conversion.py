"""Type conversion: $toInt and its kin, $type and $isNumber."""

from __future__ import annotations

import datetime as dt
from typing import Final

from bson import Decimal128, Int64

from gatherum.functions.operator import operator
from gatherum.functions.signature import positional
from gatherum.types import convert
from gatherum.types.truth import truth
from gatherum.types.values import Value, is_nullish, is_number, type_name

ARITY: Final = 50723


@operator("$toInt", positional("value", code=ARITY), null="null",
          examples=[({"$toInt": "42"}, 42), ({"$toInt": -2.7}, -2)])
def to_int(value: Value) -> Value:
    """The value as a 32-bit int.

    Fractions are cut off; true is 1, false 0; a string holds decimal digits and a sign, nothing else; 1, 2 or 4 bytes
    are a little-endian integer. Null or missing where the argument is; an error for what does not fit and for other
    types.
    """
    return None if is_nullish(value) else convert.to_int(value)


@operator("$toLong", positional("value", code=ARITY), null="null",
          examples=[({"$toLong": "42"}, Int64(42)), ({"$toLong": -2.7}, Int64(-2))])
def to_long(value: Value) -> Value:
    """The value as a 64-bit long.

    Fractions are cut off; true is 1, false 0; a string holds decimal digits and a sign, nothing else; a date gives
    milliseconds since 1970; 1, 2, 4 or 8 bytes are a little-endian integer. Null or missing where the argument is; an
    error for what does not fit and for other types.
    """
    return None if is_nullish(value) else convert.to_long(value)


@operator("$toDouble", positional("value", code=ARITY), null="null",
          examples=[({"$toDouble": "2.5"}, 2.5), ({"$toDouble": 2}, 2.0), ({"$toDouble": True}, 1.0)])
def to_double(value: Value) -> Value:
    """The value as a double.

    A number gives the nearest double; true is 1, false 0; a string holds a number, without spaces; a date gives
    milliseconds since 1970; 4 or 8 bytes are a little-endian floating-point number. Null or missing where the argument
    is; an error for what is out of range and for other types.
    """
    return None if is_nullish(value) else convert.to_double(value)


@operator("$toDecimal", positional("value", code=ARITY), null="null",
          examples=[({"$toDecimal": "2.50"}, Decimal128("2.50")), ({"$toDecimal": 7}, Decimal128("7"))])
def to_decimal(value: Value) -> Value:
    """The value as a decimal.

    A double gives its 15 leading digits; true is 1, false 0; a string holds a number, without spaces, rounded to 34
    digits; a date gives milliseconds since 1970. Null or missing where the argument is; an error for what is out of
    range and for other types.
    """
    return None if is_nullish(value) else convert.to_decimal(value)


@operator("$toString", positional("value", code=ARITY), null="null",
          examples=[({"$toString": 2.5}, "2.5"), ({"$toString": True}, "true"),
                    ({"$toString": dt.datetime(2024, 5, 31)}, "2024-05-31T00:00:00.000Z")])
def to_string(value: Value) -> Value:
    """The value as a string.

    A number gives its shortest digits, a date ISO 8601 in UTC with milliseconds, an ObjectId hexadecimal digits, a
    UUID its usual form, other bytes base64. Null or missing where the argument is; an error for other types.
    """
    return None if is_nullish(value) else convert.to_string(value)


@operator("$toBool", positional("value", code=ARITY), null="null", raises=False,
          examples=[({"$toBool": 0}, False), ({"$toBool": "false"}, True), ({"$toBool": None}, None)])
def to_bool(value: Value) -> Value:
    """False for false and zero, true for every other value, empty strings included; null or missing gives null."""
    return None if is_nullish(value) else truth(value)


@operator("$toDate", positional("value", code=ARITY), null="null",
          examples=[({"$toDate": "2024-05-31"}, dt.datetime(2024, 5, 31)),
                    ({"$toDate": Int64(1000)}, dt.datetime(1970, 1, 1, 0, 0, 1))])
def to_date(value: Value) -> Value:
    """The value as a date.

    A long, double or decimal is milliseconds since 1970, without its fraction; a string is a written date, in UTC
    where it names no offset; an ObjectId and a timestamp hold a moment themselves. Null or missing where the argument
    is; an error for other strings and other types, int among them.
    """
    return None if is_nullish(value) else convert.to_date(value)


@operator("$type", positional("value"), raises=False, of_type=True,
          examples=[({"$type": 1}, "int"), ({"$type": "$a"}, "missing"), ({"$type": [[]]}, "array")])
def type_of(value: Value) -> Value:
    """The name of the value's type, `missing` for a field that is not there."""
    return type_name(value)


@operator("$isNumber", positional("value"), raises=False,
          examples=[({"$isNumber": 1.5}, True), ({"$isNumber": "1"}, False), ({"$isNumber": None}, False)])
def is_numeric(value: Value) -> Value:
    """True for an int, long, double or decimal, false for all else, null and missing included."""
    return is_number(value)
