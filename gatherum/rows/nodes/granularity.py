"""The series of preferred numbers by which $bucketAuto rounds the bounds of its buckets.

The R series are Renard's (ISO 3), the E series those of IEC 60063. R40 and R80 are the lists that MongoDB has: its R40
lacks 335, and its R80 holds the numbers between those of R40.
"""

from __future__ import annotations

import decimal
import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from bson import Decimal128

from gatherum.errors import OperatorError
from gatherum.types.numbers import decimal_of
from gatherum.types.values import Value, integer, is_number, type_name


def _e_series(count: int) -> tuple[int, ...]:
    """The numbers 100 to 999 that divide a decade into `count` equal ratios; the standard has 920 in place of 919."""
    numbers = (round(100 * 10 ** (step / count)) for step in range(count))
    return tuple(920 if number == 919 else number for number in numbers)


_SERIES: Final[dict[str, tuple[int, ...]]] = {
    "R5": (10, 16, 25, 40, 63),
    "R10": (100, 125, 160, 200, 250, 315, 400, 500, 630, 800),
    "R20": (100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800, 900),
    "R40": (100, 106, 112, 118, 125, 132, 140, 150, 160, 170, 180, 190, 200, 212, 224, 236, 250, 265, 280, 300, 315,
            355, 375, 400, 425, 450, 475, 500, 530, 560, 600, 630, 670, 710, 750, 800, 850, 900, 950),
    "R80": (103, 109, 115, 122, 128, 136, 145, 155, 165, 175, 185, 195, 206, 218, 230, 243, 258, 272, 290, 307, 325,
            345, 365, 387, 412, 437, 462, 487, 515, 545, 575, 615, 650, 690, 730, 775, 825, 875, 925, 975),
    "1-2-5": (10, 20, 50),
    "E6": (10, 15, 22, 33, 47, 68),
    "E12": (10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82),
    "E24": (10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30, 33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91),
    "E48": _e_series(48), "E96": _e_series(96), "E192": _e_series(192),
}
GRANULARITIES: Final = (*_SERIES, "POWERSOF2")
_DECIMAL: Final = decimal.Context(prec=34, Emin=-6143, Emax=6144, traps=[])


class Rounder(Protocol):
    """Rounds positive numbers to the next number of a series above or below; 0 stays."""

    def up(self, value: Value) -> Value: ...
    def down(self, value: Value) -> Value: ...


def rounder(granularity: str) -> Rounder:
    """The rounder of a series by its name, one of `GRANULARITIES`."""
    return _PowersOfTwo() if granularity == "POWERSOF2" else _Preferred(_SERIES[granularity])


def check_roundable(value: Value) -> None:
    """OperatorError where a value is not a number of at least 0."""
    if not is_number(value):
        raise OperatorError(f"$bucketAuto can specify a granularity with numeric boundaries only, but found "
                            f"{type_name(value)}", 40258)
    number = _number(value)
    if number != number:
        raise OperatorError("$bucketAuto can specify a granularity with numeric boundaries only, but found NaN", 40259)
    if number < 0:
        raise OperatorError(f"$bucketAuto can specify a granularity with non-negative numbers only, but found {value}",
                            40260)


def _number(value: Value) -> Any:
    return decimal_of(value) if type(value) is Decimal128 else value


def _is_infinite(number: Any) -> bool:
    return number in (math.inf, decimal.Decimal("Infinity"))


class _Preferred:
    """Rounds by a series of one decade, repeated in all decades."""

    def __init__(self, series: Sequence[int]) -> None:
        self.series = series

    def up(self, value: Value) -> Value:
        return self._neighbour(value, self._next_above)

    def down(self, value: Value) -> Value:
        return self._neighbour(value, self._next_below)

    def _neighbour(self, value: Value, find: Callable[[Any, Any], Any]) -> Value:
        number = _number(value)
        if number == 0 or _is_infinite(number):
            return value
        if type(value) is Decimal128:
            with decimal.localcontext(_DECIMAL):
                return Decimal128(find(number, decimal.Decimal(1)))
        return find(float(number), 1.0)

    def _next_above(self, number: Any, factor: Any) -> Any:
        """The least number of the series above; `factor` is 1, and then what scales the series to the number."""
        ten = type(factor)(10)
        while number >= self.series[-1] * factor:
            factor *= ten
        following = factor * ten
        while number < self.series[0] * factor:
            following, factor = factor, factor / ten
        steps = [*(step * factor for step in self.series), self.series[0] * following]
        return steps[bisect_right(steps, number)]

    def _next_below(self, number: Any, factor: Any) -> Any:
        """The greatest number of the series below."""
        ten = type(factor)(10)
        while number <= self.series[0] * factor:
            factor /= ten
        preceding = factor / ten
        while number > self.series[-1] * factor:
            preceding, factor = factor, factor * ten
        steps = [self.series[-1] * preceding, *(step * factor for step in self.series)]
        return steps[bisect_left(steps, number) - 1]


class _PowersOfTwo:
    """Rounds to powers of two: ints and doubles to whole ones where these are, decimals to decimals."""

    def up(self, value: Value) -> Value:
        number = _number(value)
        return value if number == 0 or _is_infinite(number) else self._power(_floor_log2(number) + 1, value)

    def down(self, value: Value) -> Value:
        number = _number(value)
        if number == 0 or _is_infinite(number):
            return value
        floor = _floor_log2(number)
        exact = number == decimal.Decimal(2) ** floor if isinstance(number, decimal.Decimal) else number == 2.0 ** floor
        return self._power(floor - 1 if exact else floor, value)

    def _power(self, exponent: int, value: Value) -> Value:
        if type(value) is Decimal128:
            with decimal.localcontext(_DECIMAL):
                return Decimal128(decimal.Decimal(2) ** exponent)
        return integer(2 ** exponent) if 0 <= exponent < 63 else 2.0 ** exponent


def _floor_log2(number: Any) -> int:
    if isinstance(number, decimal.Decimal):
        numerator, denominator = number.as_integer_ratio()
        estimate = numerator.bit_length() - denominator.bit_length()
        return estimate if number >= decimal.Decimal(2) ** estimate else estimate - 1
    return math.frexp(number)[1] - 1 if isinstance(number, float) else number.bit_length() - 1
