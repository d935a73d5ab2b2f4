"""BSON decimals in columns: as integers of a common power of ten, where their digits fit 63 bits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from gatherum.kernels.buffers import valid_mask
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.types import DECIMAL128
from gatherum.types.order import order_key

BIAS: Final = 6176
_SIGN: Final = 1 << 63
_EXPONENT_SHIFT: Final = 49
_SPECIAL: Final = 3 << 61
_UPPER: Final = (1 << _EXPONENT_SHIFT) - 1
_LOW: Final = (1 << 64) - 1
_LEAST_TOO_LARGE: Final = 1 << 62
MOST_DIGITS: Final = 34
_LARGEST: Final = 10**MOST_DIGITS - 1
_POWERS: Final = np.array([10**power for power in range(MOST_DIGITS + 2)], object)
_FARTHEST: Final = 1 << 14


class ScaledDecimals(NamedTuple):
    """Decimals as `coefficients` (int64) times 10**`exponent`; 0 where a slot is invalid."""

    coefficients: np.ndarray
    exponent: int


def scaled_decimals(array: pa.ExtensionArray) -> ScaledDecimals | None:
    """The decimals of a column with one exponent; None where they have several, or one is too large or not finite."""
    storage: Any = array.storage
    rows = len(storage)
    if storage.null_count == rows:
        return ScaledDecimals(np.zeros(rows, np.int64), 0)
    low, high, valid = _words(array)
    if valid is not None:
        first = int(np.argmax(valid))
        low, high = np.where(valid, low, np.uint64(0)), np.where(valid, high, high[first])
    kind = int(high[0]) & ~_SIGN
    if kind & _SPECIAL == _SPECIAL or kind & _UPPER or int(low.max()) >= _LEAST_TOO_LARGE:
        return None
    coefficients = low.astype(np.int64)
    if (high != np.uint64(kind)).any():
        negative = high == np.uint64(kind | _SIGN)
        if not (negative | (high == np.uint64(kind))).all():
            return None
        np.negative(coefficients, out=coefficients, where=negative)
    return ScaledDecimals(coefficients, (kind >> _EXPONENT_SHIFT) - BIAS)


def _words(array: pa.ExtensionArray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The lower and the upper words of decimals, and where they are valid."""
    storage: Any = array.storage
    words = np.frombuffer(storage.buffers()[1], np.uint64, 2 * len(storage), 16 * storage.offset)
    return words[::2], words[1::2], valid_mask(storage)


def scaled_number(decimals: ScaledDecimals, number: Any) -> Fraction:
    """A finite number in the units of the coefficients, which compare with it as the decimals do with the number."""
    return Fraction(number) / Fraction(10) ** decimals.exponent


def decimal_ranks(array: pa.ExtensionArray) -> np.ndarray:
    """Integers (int64) that compare as the decimals do; anything in invalid slots."""
    scaled = scaled_decimals(array)
    if scaled is not None:
        return scaled.coefficients
    coded = array.storage.dictionary_encode()
    words = pa.ExtensionArray.from_storage(array.type, coded.dictionary)
    keys = [order_key(value) for value in values_of(Column(words))]
    numbers = {key: number for number, key in enumerate(sorted(set(keys)))}
    ranks = np.array([numbers[key] for key in keys], np.int64)
    return ranks[np.asarray(coded.indices.fill_null(0))]


class Digits(NamedTuple):
    """Finite decimals by their signs, coefficients (Python's integers) and exponents."""

    negative: np.ndarray
    coefficients: np.ndarray
    exponents: np.ndarray


def digits_of(array: pa.ExtensionArray) -> Digits | None:
    """The digits of a column's decimals, anything in invalid slots; None where one is not finite."""
    low, high, valid = _words(array)
    if valid is not None:
        low, high = np.where(valid, low, np.uint64(0)), np.where(valid, high, np.uint64(BIAS << _EXPONENT_SHIFT))
    upper = high & _UPPER
    coefficients = low.astype(object) | (upper.astype(object) << 64)
    if ((high & _SPECIAL) == _SPECIAL).any() or (coefficients > _LARGEST).any():
        return None
    return Digits(high >> 63 != 0, coefficients, (high >> _EXPONENT_SHIFT & 0x3FFF).astype(np.int64) - BIAS)


def decimal_array(digits: Digits, valid: np.ndarray | None) -> pa.ExtensionArray:
    """The column of these decimals."""
    words = np.empty((len(digits.negative), 2), np.uint64)
    words[:, 0] = (digits.coefficients & _LOW).astype(np.uint64)
    words[:, 1] = (digits.coefficients >> 64).astype(np.uint64)
    words[:, 1] |= (digits.exponents + BIAS).astype(np.uint64) << _EXPONENT_SHIFT
    words[:, 1] |= digits.negative.astype(np.uint64) << 63
    bitmap = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    storage = pa.Array.from_buffers(DECIMAL128.storage_type, len(words), [bitmap, pa.py_buffer(words)])
    return pa.ExtensionArray.from_storage(DECIMAL128, storage)


def to_places(digits: Digits, places: int, half_even: bool) -> Digits:
    """Decimals with so many places, or as many as 34 digits leave room for; what is dropped is cut off or rounded, ties
    to even."""
    negative, coefficients, exponents = digits
    lengths = np.searchsorted(_POWERS, coefficients, side="right")
    room = np.where(lengths == 0, _FARTHEST, MOST_DIGITS - lengths)
    drop = np.maximum(-places - exponents, -room)
    scale = _POWERS[np.minimum(np.maximum(drop, 0), MOST_DIGITS + 1)]
    whole = coefficients // scale
    if half_even:
        rest = 2 * (coefficients - whole * scale)
        whole = whole + ((rest > scale) | ((rest == scale) & (whole % 2 == 1)))
    return Digits(negative, whole * _POWERS[np.where(lengths == 0, 0, np.maximum(-drop, 0))], exponents + drop)
