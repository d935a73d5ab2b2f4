"""Rounding: $ceil, $floor, $round and $trunc."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from decimal import Decimal

from bson import Decimal128, Int64

from gatherum.errors import OperatorError
from gatherum.functions.operator import operator
from gatherum.functions.signature import positional
from gatherum.types.numbers import DECIMAL_CONTEXT, LONG, fits_long, to_places, width
from gatherum.types.values import Value, integer, is_nullish, type_name

LEAST_PLACES = -20
MOST_PLACES = 100
_UNIT = Decimal(1)


@operator("$ceil", positional("number"), null="null", examples=[({"$ceil": 1.2}, 2.0), ({"$ceil": -3}, -3)])
def ceiling(number: Value) -> Value:
    """The least whole number that is not below the argument, of the same type.

    Null or missing where the argument is; an error for other types. A decimal too large to be written without an
    exponent in 34 digits gives NaN.
    """
    return _to_whole("$ceil", number, math.ceil, decimal.ROUND_CEILING)


@operator("$floor", positional("number"), null="null", examples=[({"$floor": 1.8}, 1.0), ({"$floor": -3}, -3)])
def floor(number: Value) -> Value:
    """The greatest whole number that is not above the argument, of the same type.

    Null or missing where the argument is; an error for other types. A decimal too large to be written without an
    exponent in 34 digits gives NaN.
    """
    return _to_whole("$floor", number, math.floor, decimal.ROUND_FLOOR)


def _to_whole(name: str, number: Value, whole: Callable[[float], int], rounding: str) -> Value:
    if type(number) is float:
        return math.copysign(whole(number), number) if math.isfinite(number) else number
    if is_nullish(number):
        return None
    if not width(number):
        raise OperatorError(f"{name} takes a number, not {type_name(number)}", 28765)
    if type(number) is Decimal128:
        return Decimal128(number.to_decimal().quantize(_UNIT, rounding=rounding, context=DECIMAL_CONTEXT))
    return number


@operator("$round", positional("number", "places?"), null="null",
          examples=[({"$round": 2.5}, 2.0), ({"$round": [1.237, 2]}, 1.24), ({"$round": [1250, -2]}, 1200)])
def round_to_places(number: Value, places: Value = 0) -> Value:
    """A number rounded to so many decimal places, 0 where they are left out; ties go to the even digit.

    `places` is a whole number from -20 to 100; a negative one rounds to tens, hundreds and so on. The type stays,
    except that an int may become a long. Null or missing where an argument is; an error for other types, for other
    places, and for a long that would not fit 64 bits.
    """
    if is_nullish(number) or is_nullish(places):
        return None
    digits = _places("$round", number, places)
    if type(number) is float:
        return round(number, digits)
    if type(number) is Decimal128:
        return Decimal128(to_places(number.to_decimal(), digits, decimal.ROUND_HALF_EVEN))
    return number if digits >= 0 else _of_integer("$round", round(int(number), digits), number)


@operator("$trunc", positional("number", "places?"), null="null",
          examples=[({"$trunc": -2.7}, -2.0), ({"$trunc": [1.237, 2]}, 1.23), ({"$trunc": [1299, -2]}, 1200)])
def truncate(number: Value, places: Value = 0) -> Value:
    """A number cut off after so many decimal places, 0 where they are left out.

    `places` is a whole number from -20 to 100; a negative one clears digits before the point. The type stays. Null or
    missing where an argument is; an error for other types and other places.
    """
    if is_nullish(number) or is_nullish(places):
        return None
    digits = _places("$trunc", number, places)
    if type(number) is float:
        if digits == 0 or not math.isfinite(number):
            return math.copysign(math.trunc(number), number) if math.isfinite(number) else number
        exact = DECIMAL_CONTEXT.create_decimal_from_float(number)
        return float(to_places(exact, digits, decimal.ROUND_DOWN))
    if type(number) is Decimal128:
        return Decimal128(to_places(number.to_decimal(), digits, decimal.ROUND_DOWN))
    if digits >= 0:
        return number
    cleared = abs(int(number)) // 10**-digits * 10**-digits
    return _of_integer("$trunc", -cleared if number < 0 else cleared, number)


def _of_integer(name: str, result: int, number: int) -> int:
    if not fits_long(result):
        raise OperatorError(f"{name}: the result for {number} does not fit a long", 51080)
    return Int64(result) if width(number) == LONG else integer(result)


def _places(name: str, number: Value, places: Value) -> int:
    if not width(number):
        raise OperatorError(f"{name} takes a number, not {type_name(number)}", 51081)
    digits = places if type(places) is int else _whole_places(name, places)
    if not LEAST_PLACES <= digits <= MOST_PLACES:
        raise OperatorError(f"{name}: the places must be from {LEAST_PLACES} to {MOST_PLACES}, not {places}", 51083)
    return digits


def _whole_places(name: str, places: Value) -> int:
    if not width(places):
        raise OperatorError(f"{name}: the places must be a number, not {type_name(places)}", 16004)
    if type(places) is float and not (math.isfinite(places) and fits_long(int(places))):
        raise OperatorError(f"{name}: the places {places} do not fit a long", 31109)
    exact = places.to_decimal() if type(places) is Decimal128 else Decimal(places)
    if not exact.is_finite() or exact != exact.to_integral_value():
        raise OperatorError(f"{name}: the places must be a whole number, not {places}", 51082)
    return int(exact)
