"""$ceil, $floor, $round and $trunc over numbers of one type, exactly as on the decimal digits of the doubles; of
decimals $round and $trunc."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from gatherum.functions.operators.rounding import round_to_places, truncate
from gatherum.kernels.buffers import valid_mask
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.types import DECIMAL128
from gatherum.kernels.decimals import decimal_array, digits_of, to_places
from gatherum.kernels.forms import Constant, Form, Operand, form
from gatherum.kernels.numbers import BLOCK, NOTHING, Numbers, double_column, integer_column, nulls, numbers_of
from gatherum.types.numbers import DOUBLE
from gatherum.types.values import Value, is_nullish

_MOST_PLACES: Final = 22
"""10**22 is the largest power of ten that is a double."""
_LARGEST: Final = float(1 << 52)
_SPLITTER: Final = float((1 << 27) + 1)


def _to_whole(name: str, whole: np.ufunc) -> Form:
    def apply(arguments: Sequence[Operand], rows: int) -> Operand | None:
        number = numbers_of(arguments[0])
        if number is None or number.width == NOTHING:
            return None if number is None else nulls(rows)
        if number.width == DOUBLE:
            return double_column(whole(number.values), number.valid)
        return integer_column(number.values, number.valid, number.width)
    return form(name)(apply)


ceiling = _to_whole("$ceil", np.ceil)
floor = _to_whole("$floor", np.floor)

Rounding = Callable[[np.ndarray, int], np.ndarray]


def _to_places(name: str, of_doubles: Rounding, of_integers: Rounding, meaning: Callable[..., Value]) -> Form:
    def apply(arguments: Sequence[Operand | None], rows: int) -> Operand | None:
        number, places = numbers_of(arguments[0]), _places(arguments)
        if places is None:
            return None
        if number is None:
            return _rounded_decimals(arguments[0], places, half_even=name == "$round")
        if number.width == NOTHING:
            return nulls(rows)
        if number.width == DOUBLE:
            return _rounded(number, places, of_doubles, meaning)
        if places >= 0:
            return integer_column(number.values, number.valid, number.width)
        if places < -18 or number.any((number.values <= -(1 << 62)) | (number.values >= 1 << 62)):
            return None
        return integer_column(of_integers(number.values, 10**-places), number.valid, number.width)
    return form(name)(apply)


def _places(arguments: Sequence[Operand | None]) -> int | None:
    """The constant number of places; None where the meaning must look at it."""
    places = arguments[1] if len(arguments) > 1 else Constant(0)
    if not isinstance(places, Constant) or is_nullish(places.value) or type(places.value) is not int:
        return None
    return places.value if -20 <= places.value <= _MOST_PLACES else None


def _rounded_decimals(operand: Operand | None, places: int, half_even: bool) -> Operand | None:
    if not isinstance(operand, Column) or operand.array.type != DECIMAL128:
        return None
    digits = digits_of(operand.array)
    return None if digits is None else \
        Column(decimal_array(to_places(digits, places, half_even), valid_mask(operand.array.storage)))


def _rounded(number: Numbers, places: int, of_doubles: Rounding, meaning: Callable[..., Value]) -> Operand:
    values = number.values
    made = np.empty(len(values))
    for start in range(0, len(values), BLOCK):
        made[start:start + BLOCK] = of_doubles(values[start:start + BLOCK], places)
    scaled = np.abs(values) * float(10**places) if places > 0 else np.abs(values)
    unsure = ~(scaled < _LARGEST) & np.isfinite(values)
    if not np.isfinite(values).all():
        made = np.where(np.isfinite(values), made, values)
    for row in np.flatnonzero(unsure if number.valid is None else unsure & number.valid).tolist():
        made[row] = meaning(float(values[row]), places)
    return double_column(made, number.valid)


def _round(values: np.ndarray, places: int) -> np.ndarray:
    """To the nearest, ties of the exact decimal values to even."""
    if places == 0:
        return np.rint(values)
    scaled, scale = _scaled(values, places)
    nearest = np.rint(scaled)
    ties = np.abs(scaled - nearest) == 0.5
    if ties.any():
        beyond, below = _beyond(values, places, scaled), np.floor(scaled)
        nearest = np.where(ties & (beyond != 0), below + (beyond > 0), nearest)
    return nearest / scale if places > 0 else nearest * scale


def _cut_off(values: np.ndarray, places: int) -> np.ndarray:
    """Towards zero."""
    if places == 0:
        return np.trunc(values)
    size = np.abs(values)
    scaled, scale = _scaled(size, places)
    whole = np.trunc(scaled)
    exact = scaled == whole
    if exact.any():
        whole -= exact & (whole > 0) & (_beyond(size, places, scaled) < 0)
    found = whole / scale if places > 0 else whole * scale
    return np.copysign(found, values) if np.signbit(values).any() else found


def _scaled(values: np.ndarray, places: int) -> tuple[np.ndarray, float]:
    scale = float(10**abs(places))
    return (values * scale if places > 0 else values / scale), scale


def _beyond(values: np.ndarray, places: int, scaled: np.ndarray) -> np.ndarray:
    """A number with the sign of what rounding took from the scaled values, of the exact product or quotient less the
    double; meaningless where they are not finite."""
    scale = float(10**abs(places))
    if places < 0:
        product, error = _product(scaled, scale)
        return (values - product) - error
    return _product(values, scale)[1]


def _product(a: np.ndarray, b: float) -> tuple[np.ndarray, np.ndarray]:
    """The product as a double, and what is missing from it, exactly (Dekker's algorithm)."""
    product = a * b
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _halves(value: Any) -> tuple[Any, Any]:
    high = _SPLITTER * value - (_SPLITTER * value - value)
    return high, value - high


def _round_integers(values: np.ndarray, scale: int) -> np.ndarray:
    below = np.floor_divide(values, scale)
    rest = values - below * scale
    up = (2 * rest > scale) | ((2 * rest == scale) & (below & 1 == 1))
    return (below + up) * scale


def _cut_off_integers(values: np.ndarray, scale: int) -> np.ndarray:
    return np.sign(values) * (np.abs(values) // scale * scale)


round_ = _to_places("$round", _round, _round_integers, round_to_places.meaning)
trunc = _to_places("$trunc", _cut_off, _cut_off_integers, truncate.meaning)
