"""BSON decimals in columns: as integers of a common power of ten, where their digits fit 63 bits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from gatherum.kernels.compiler import kernel

BIAS: Final = 6176


class ScaledDecimals(NamedTuple):
    """Decimals as `coefficients` (int64) times 10**`exponent`; 0 where a slot is invalid."""

    coefficients: np.ndarray
    exponent: int


@kernel("int64(uint64[::1], uint8[::1], int64[::1], int64)")
def scale_decimals(words, valid, coefficients, exponent):
    """Coefficients of decimals (two words each) that all have this exponent; returns how many do not, or are larger."""
    odd = 0
    checked = valid.shape[0] > 0
    for i in range(coefficients.shape[0]):
        coefficients[i] = 0
        if checked and not valid[i]:
            continue
        low, high = words[2 * i], words[2 * i + 1]
        special = (high >> np.uint64(61)) & np.uint64(3) == np.uint64(3)
        scale = np.int64((high >> np.uint64(49)) & np.uint64(0x3FFF)) - 6176
        upper = high & np.uint64(0x1FFFFFFFFFFFF)
        if special or scale != exponent or upper != np.uint64(0) or low >> np.uint64(62) != np.uint64(0):
            odd += 1
            continue
        value = np.int64(low)
        coefficients[i] = -value if high >> np.uint64(63) else value
    return odd


def scaled_decimals(array: pa.ExtensionArray) -> ScaledDecimals | None:
    """The decimals of a column with one exponent; None where they have several, or one is too large or not finite."""
    storage: Any = array.storage
    rows = len(storage)
    if storage.null_count == rows:
        return ScaledDecimals(np.zeros(rows, np.int64), 0)
    words = np.frombuffer(storage.buffers()[1], np.uint64, 2 * rows, 16 * storage.offset)
    valid = storage.is_valid().to_numpy(zero_copy_only=False).view(np.uint8) if storage.null_count else \
        np.empty(0, np.uint8)
    first = int(np.flatnonzero(valid)[0]) if len(valid) else 0
    exponent = ((int(words[2 * first + 1]) >> 49) & 0x3FFF) - BIAS
    coefficients = np.empty(rows, np.int64)
    if scale_decimals(words, valid, coefficients, exponent):
        return None
    return ScaledDecimals(coefficients, exponent)


def order_of_scaled(decimals: ScaledDecimals, number: Any) -> np.ndarray:
    """-1, 0 or 1 as each decimal is less than, equal to or greater than a finite number."""
    exact = Fraction(number) / Fraction(10) ** decimals.exponent
    whole = exact.numerator // exact.denominator
    if not -(2**63) <= whole < 2**63:
        return np.full(len(decimals.coefficients), -1 if whole > 0 else 1, np.int8)
    at_whole = 0 if exact == whole else -1
    up_to = np.where(decimals.coefficients < whole, -1, at_whole)
    return np.where(decimals.coefficients > whole, 1, up_to).astype(np.int8)
