"""Numbers of BSON's four numeric types: which one a value has, their promotion, and decimal arithmetic.

Decimal128 follows IEEE 754 decimal128: 34 digits, half-even, exponents from -6176 to 6111; what is undefined is NaN.
"""

from __future__ import annotations

import decimal
import math
from decimal import Decimal
from typing import Final

from bson import Decimal128, Int64

from gatherum.types.values import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, Value

INT: Final = 1
LONG: Final = 2
DOUBLE: Final = 3
DECIMAL: Final = 4

DECIMAL_CONTEXT: Final = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emin=-6143, Emax=6144, capitals=1,
                                         clamp=1, flags=[], traps=[])
_DOUBLE_DIGITS: Final = decimal.Context(prec=15, rounding=decimal.ROUND_HALF_EVEN, Emin=-999999, Emax=999999, traps=[])
_NAN: Final = Decimal("NaN")
_WHOLE_RANGE: Final = decimal.Context(prec=12400, Emin=-999999, Emax=999999, traps=[])


def width(value: Value) -> int:
    """INT, LONG, DOUBLE or DECIMAL, of which the largest of an operation's arguments is the result's; 0 for no number.

    >>> width(1) < width(Int64(1)) < width(1.0) < width(Decimal128("1")), width(True)
    (True, 0)
    """
    cls = type(value)
    if cls is int:
        return INT if INT32_MIN <= value <= INT32_MAX else LONG
    if cls is float:
        return DOUBLE
    if cls is Int64:
        return LONG
    return DECIMAL if cls is Decimal128 else 0


def fits_long(value: int) -> bool:
    """True for an integer of 64 bits."""
    return INT64_MIN <= value <= INT64_MAX


def decimal_of(number: Decimal128) -> Decimal:
    """The value of a Decimal128; a signaling NaN, which Python refuses to compare, is NaN."""
    value = number.to_decimal()
    return _NAN if value.is_snan() else value


def as_decimal(number: Value) -> Decimal:
    """The decimal value of a number of any type; of a double its 15 leading digits, zeros included."""
    cls = type(number)
    if cls is Decimal128:
        return decimal_of(number)
    return _of_double(number) if cls is float else Decimal(int(number))


def _of_double(number: float) -> Decimal:
    if number == 0 or not math.isfinite(number):
        return Decimal(number)
    rounded = _DOUBLE_DIGITS.create_decimal_from_float(number)
    return rounded.quantize(Decimal((0, (1,), rounded.adjusted() - 14)), context=_DOUBLE_DIGITS)


def as_double(number: Value) -> float:
    """The nearest double of a number of any type."""
    return float(decimal_of(number)) if type(number) is Decimal128 else float(number)


def remainder(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The exact remainder, with the dividend's sign."""
    return DECIMAL_CONTEXT.plus(_WHOLE_RANGE.remainder(dividend, divisor))


def to_places(number: Decimal, places: int, rounding: str) -> Decimal:
    """`number` with so many decimal places, or as many as 34 digits leave room for; a negative count clears digits."""
    if not number.is_finite():
        return number
    exponent = -places if number.is_zero() else max(-places, number.adjusted() - 33)
    return number.quantize(Decimal((0, (1,), exponent)), rounding=rounding, context=DECIMAL_CONTEXT)


def nearest_long(number: float | Decimal) -> int | None:
    """The nearest integer of 64 bits, or None; ties of doubles go away from zero, those of decimals to even."""
    if isinstance(number, Decimal):
        nearest = int(number.to_integral_value(decimal.ROUND_HALF_EVEN)) if number.is_finite() else None
    elif math.isfinite(number):
        nearest = int(Decimal(number).to_integral_value(decimal.ROUND_HALF_UP))
    else:
        return None
    return nearest if nearest is not None and fits_long(nearest) else None
