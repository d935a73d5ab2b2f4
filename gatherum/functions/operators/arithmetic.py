"""Arithmetic: $add, $subtract, $multiply, $divide, $mod and $abs.

The result of numbers has the widest type among them: int, long, double, decimal. An int that grows beyond 32 bits
becomes a long, a long beyond 64 bits a double.
"""

from __future__ import annotations

import datetime as dt
import math

from bson import Decimal128, Int64
from bson.datetime_ms import DatetimeMS

from gatherum.errors import OperatorError
from gatherum.functions.operator import operator
from gatherum.functions.signature import positional, variadic
from gatherum.types.numbers import (
    DECIMAL,
    DECIMAL_CONTEXT,
    DOUBLE,
    INT,
    LONG,
    as_decimal,
    as_double,
    fits_long,
    nearest_long,
    remainder,
    width,
)
from gatherum.types.values import (
    INT32_MAX,
    INT32_MIN,
    INT64_MAX,
    INT64_MIN,
    Value,
    from_millis,
    integer,
    is_nullish,
    millis,
    type_name,
)

TYPE_MISMATCH = 14
OVERFLOW = 15


def _is_date(value: Value) -> bool:
    return isinstance(value, dt.datetime | DatetimeMS)


def _date_overflow(name: str) -> OperatorError:
    return OperatorError(f"date overflow in {name}: the result lies beyond 64 bits of milliseconds", OVERFLOW)


def _number(exact: int, widest: int) -> int:
    return Int64(exact) if widest == LONG else integer(exact)


@operator("$add", variadic(), null="null",
          examples=[({"$add": [1, 2, 3.5]}, 6.5), ({"$add": [1, None]}, None), ({"$add": []}, 0)])
def add(*terms: Value) -> Value:
    """The sum of numbers, or a date so many milliseconds later.

    One of the arguments may be a date; fractions of milliseconds are rounded. Null or missing where an argument is;
    anything else is an error, as are a second date and a date beyond 64 bits; but a decimal beyond 64 bits gives the
    last date there is, or the first.
    """
    if len(terms) == 2:
        a, b = terms
        if type(a) is float:
            if type(b) is float or type(b) is int:
                return a + b + 0.0                                              # the sum of negative zeros is 0.0
        elif type(a) is int:
            if type(b) is int and INT32_MIN <= a <= INT32_MAX and INT32_MIN <= b <= INT32_MAX:
                return integer(a + b)
            if type(b) is float:
                return a + b
    for term in terms:
        if not width(term) and not _is_date(term):
            if is_nullish(term):
                return None
            raise OperatorError(f"$add takes numbers and dates, not {type_name(term)}", TYPE_MISMATCH)
    return _sum(terms)


def _sum(terms: tuple[Value, ...]) -> Value:
    date: Value = None
    widest = INT
    total: Value = 0
    for term in terms:
        if not width(term):
            if date is not None:
                raise OperatorError("$add takes only one date", 16612)
            date = term
            continue
        if width(term) > widest:
            widest = width(term)
            total = as_decimal(total) if widest == DECIMAL else float(total) if widest == DOUBLE else total
        if widest == DECIMAL:
            total = DECIMAL_CONTEXT.add(total, as_decimal(term))
        elif widest == DOUBLE:
            total += float(term)
        elif fits_long(total + term):
            total += int(term)
        else:
            widest = DOUBLE
            total = float(total) + float(term)
    if date is not None:
        return _later(date, total, widest)
    return Decimal128(total) if widest == DECIMAL else total if widest == DOUBLE else _number(total, widest)


def _later(date: Value, step: Value, widest: int) -> Value:
    whole = step if widest < DOUBLE else nearest_long(step)
    if whole is None and widest == DECIMAL:
        return from_millis(INT64_MIN if step.is_signed() and not step.is_nan() else INT64_MAX)
    if whole is None or not fits_long(millis(date) + whole):
        raise _date_overflow("$add")
    return from_millis(millis(date) + whole)


@operator("$subtract", positional("minuend", "subtrahend"), null="null",
          examples=[({"$subtract": [5, 2]}, 3), ({"$subtract": [5, 0.5]}, 4.5), ({"$subtract": [5, None]}, None)])
def subtract(a: Value, b: Value) -> Value:
    """The difference of two numbers; of two dates the milliseconds between them; of a date and a number of
    milliseconds an earlier date.

    Null or missing where an argument is; an error for other types, and for a date beyond 64 bits.
    """
    if type(a) is float:
        if type(b) is float or type(b) is int:
            return a - b
    elif type(a) is int:
        if type(b) is int and INT32_MIN <= a <= INT32_MAX and INT32_MIN <= b <= INT32_MAX:
            return integer(a - b)
        if type(b) is float:
            return a - b
    if width(a) and width(b):
        return _difference(a, b)
    if is_nullish(a) or is_nullish(b):
        return None
    if _is_date(a) and (width(b) or _is_date(b)):
        return _earlier(a, b)
    raise OperatorError(f"$subtract cannot take {type_name(b)} from {type_name(a)}", TYPE_MISMATCH)


def _difference(a: Value, b: Value) -> Value:
    widest = max(width(a), width(b))
    if widest == DECIMAL:
        return Decimal128(DECIMAL_CONTEXT.subtract(as_decimal(a), as_decimal(b)))
    if widest < DOUBLE and fits_long(a - b):
        return _number(int(a) - int(b), widest)
    return float(a) - float(b)


def _earlier(date: Value, b: Value) -> Value:
    if _is_date(b):
        between = millis(date) - millis(b)
        if not fits_long(between):
            raise _date_overflow("$subtract")
        return Int64(between)
    step = nearest_long(b if type(b) is float else as_decimal(b))
    if step is None or not fits_long(millis(date) - step):
        raise _date_overflow("$subtract")
    return from_millis(millis(date) - step)


@operator("$multiply", variadic(), null="null",
          examples=[({"$multiply": [2, 3]}, 6), ({"$multiply": [2, 1.5]}, 3.0), ({"$multiply": [2, None]}, None)])
def multiply(*factors: Value) -> Value:
    """The product of numbers. Null or missing where an argument is; an error for other types."""
    if len(factors) == 2:
        a, b = factors
        if type(a) is float:
            if type(b) is float or type(b) is int:
                return a * b
        elif type(a) is int:
            if type(b) is int and INT32_MIN <= a <= INT32_MAX and INT32_MIN <= b <= INT32_MAX:
                return integer(a * b)
            if type(b) is float:
                return a * b
    for factor in factors:
        if not width(factor):
            if is_nullish(factor):
                return None
            raise OperatorError(f"$multiply takes numbers, not {type_name(factor)}", TYPE_MISMATCH)
    return _product(factors)


def _product(factors: tuple[Value, ...]) -> Value:
    widest = INT
    exact = 1
    rounded = 1.0
    product = as_decimal(1)
    for factor in factors:
        if width(factor) == DECIMAL and widest < DECIMAL:
            product = as_decimal(rounded if widest == DOUBLE else exact)
        widest = max(widest, width(factor))
        if widest == DECIMAL:
            product = DECIMAL_CONTEXT.multiply(product, as_decimal(factor))
            continue
        rounded *= float(factor)
        if widest < DOUBLE:
            exact *= int(factor)
            widest = widest if fits_long(exact) else DOUBLE
    return Decimal128(product) if widest == DECIMAL else rounded if widest == DOUBLE else _number(exact, widest)


@operator("$divide", positional("dividend", "divisor"), null="null",
          examples=[({"$divide": [9, 2]}, 4.5), ({"$divide": [None, 2]}, None)])
def divide(a: Value, b: Value) -> Value:
    """The quotient of two numbers: a decimal where one of them is, otherwise a double.

    Null or missing where an argument is; an error for other types, and where the divisor is zero.
    """
    if (type(a) is float or type(a) is int) and (type(b) is float or type(b) is int) and b:
        return float(a) / b
    if not width(a) or not width(b):
        if is_nullish(a) or is_nullish(b):
            return None
        raise OperatorError(f"$divide takes numbers, not {type_name(a)} and {type_name(b)}", TYPE_MISMATCH)
    if as_double(b) == 0 and as_decimal(b) == 0:
        raise OperatorError("$divide cannot divide by zero")
    if max(width(a), width(b)) == DECIMAL:
        return Decimal128(DECIMAL_CONTEXT.divide(as_decimal(a), as_decimal(b)))
    return float(a) / float(b)


@operator("$mod", positional("dividend", "divisor"), null="null",
          examples=[({"$mod": [7, 3]}, 1), ({"$mod": [-7, 3]}, -1), ({"$mod": [5.5, 2]}, 1.5)])
def modulo(a: Value, b: Value) -> Value:
    """The remainder of a division, with the sign of the dividend.

    A whole double as divisor of an int or a long counts as an integer. Null or missing where an argument is; an error
    for other types, and where the divisor is zero.
    """
    if type(a) is int and type(b) is int and b and INT32_MIN <= a <= INT32_MAX and INT32_MIN <= b <= INT32_MAX:
        return int(math.fmod(a, b))
    if not width(a) or not width(b):
        if is_nullish(a) or is_nullish(b):
            return None
        raise OperatorError(f"$mod takes numbers, not {type_name(a)} and {type_name(b)}", 16611)
    if as_double(b) == 0 and as_decimal(b) == 0:
        raise OperatorError("$mod cannot divide by zero")
    if max(width(a), width(b)) == DECIMAL:
        return Decimal128(remainder(as_decimal(a), as_decimal(b)))
    if type(a) is float or (type(b) is float and not (b.is_integer() and INT32_MIN <= b <= INT32_MAX)):
        return math.fmod(a, b) if math.isfinite(a) else math.nan
    rest = abs(int(a)) % abs(int(b))
    return _number(-rest if a < 0 else rest, LONG if LONG in (width(a), width(b)) else INT)


@operator("$abs", positional("number"), null="null", examples=[({"$abs": -3}, 3), ({"$abs": None}, None)])
def absolute(number: Value) -> Value:
    """The absolute value of a number. Null or missing where the argument is; an error for other types, and for the
    least long, whose absolute value no long holds.
    """
    if type(number) is float:
        return abs(number)
    if is_nullish(number):
        return None
    kind = width(number)
    if not kind:
        raise OperatorError(f"$abs takes a number, not {type_name(number)}", 28765)
    if kind == DECIMAL:
        return Decimal128(number.to_decimal().copy_abs())
    if number == INT64_MIN:
        raise OperatorError("$abs: the absolute value of -2**63 does not fit a long", 28680)
    return _number(abs(int(number)), kind)
