"""Exact sums of numbers, rounded once: doubles as integers in units of 2**-1074, decimals with all their digits."""

from __future__ import annotations

import decimal
import math
from typing import Final

from bson import Decimal128

DOUBLE_SCALE: Final = 1074
_UNIT: Final = 1 << DOUBLE_SCALE
_EXACT: Final = decimal.Context(prec=20000, Emin=-999999, Emax=999999)
DECIMAL128: Final = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emin=-6143, Emax=6144, clamp=1, traps=[])


def double_units(value: float) -> int:
    """A finite double as an integer in units of 2**-1074.

    >>> double_units(0.5) == 1 << 1073
    True
    """
    numerator, denominator = value.as_integer_ratio()
    return numerator << (DOUBLE_SCALE + 1 - denominator.bit_length())


def exact_parts(values: list[float]) -> list[float]:
    """A few doubles whose exact sum is that of all `values`: the rounded sum, what it lacks, and so on.

    ValueError or OverflowError where values are not finite, or too large to be added.

    >>> exact_parts([1e100, 1.0, 1e-100])
    [1e+100, 1.0, 1e-100]
    """
    parts: list[float] = []
    while part := math.fsum([*values, *[-each for each in parts]]):
        if not math.isfinite(part):
            raise ValueError("the sum is not finite")
        parts.append(part)
    return parts


def units_to_double(units: int, scale: int = DOUBLE_SCALE) -> float:
    """The double nearest to `units` of 2**-scale, ties to even; infinite where none is near.

    >>> units_to_double(3 << 1073)
    1.5
    """
    try:
        return units / (_UNIT if scale == DOUBLE_SCALE else 1 << scale)
    except OverflowError:
        return math.inf if units > 0 else -math.inf


def units_to_decimal(units: int) -> decimal.Decimal:
    """`units` of 2**-1074 as a decimal with all its digits."""
    return scaled_decimal(units * 5**DOUBLE_SCALE, -DOUBLE_SCALE)


def scaled_decimal(coefficient: int, exponent: int) -> decimal.Decimal:
    """coefficient * 10**exponent, exactly."""
    return decimal.Decimal(coefficient).scaleb(exponent, _EXACT)


def split_decimal(value: decimal.Decimal) -> tuple[int, int]:
    """A finite decimal as (coefficient, exponent)."""
    sign, digits, exponent = value.as_tuple()
    coefficient = int("".join(map(str, digits)))
    return (-coefficient if sign else coefficient), int(exponent)


def round_decimal(value: decimal.Decimal) -> Decimal128:
    """The nearest value that decimal128 holds."""
    return Decimal128(DECIMAL128.plus(value))
