"""128-bit totals as NumPy arrays, two words each: picking, reading and rounding them, and the windows of doubles."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.additions import WINDOW
from gatherum.kernels.buffers import array_of, column_of_words
from gatherum.kernels.columns.column import Column
from gatherum.kernels.tables import StringBuffers
from gatherum.kernels.totals import largest_exponent, read_totals, round_totals
from gatherum.types.values import INT32_MAX, INT32_MIN, BsonType

WINDOW_ROWS: Final = 1 << 32
"""So many rows are taken into a window before it is emptied into Python totals."""
HIGHEST_BASE: Final = 2046 - WINDOW
"""A higher window would take infinities for numbers."""
FIRST_UNIT: Final = 1075
"""A double of exponent e is an integer times 2**(e - FIRST_UNIT)."""


def wide_integer(totals: np.ndarray, group: int) -> int:
    """One total."""
    return (int(totals[2 * group + 1]) << 64) + (int(totals[2 * group]) & 0xFFFFFFFFFFFFFFFF)


def picked(totals: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The totals of some groups."""
    return totals.view(np.complex128)[groups].view(np.int64)    # complex only to move 16 bytes at once


def any_word(totals: np.ndarray) -> np.ndarray:
    """Which totals are not 0."""
    return (totals[::2] | totals[1::2]) != 0


def rounded(totals: np.ndarray, exponent: int) -> np.ndarray:
    """The doubles nearest to totals in units of 2**exponent."""
    doubles = np.empty(len(totals) // 2)
    round_totals(totals, exponent, doubles)
    return doubles


def read_wide(array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Wide integers in their portable form as totals, 0 where they are too large; and where those are."""
    strings = StringBuffers(array)
    totals, failed = np.empty(2 * len(array), np.int64), np.empty(len(array) + 1, np.int64)
    found = read_totals(strings.wide, strings.data, totals, failed)
    return totals, failed[:found]


def sums(whole: np.ndarray, doubles: np.ndarray, fractional: np.ndarray, long: np.ndarray) -> Column:
    """Sums: `doubles` where `fractional`; else the integers `whole`, as longs where `long` or where ints are too
    narrow, and as doubles where longs are."""
    if fractional.all():
        return Column(array_of(doubles))
    low, high = np.ascontiguousarray(whole[::2]), whole[1::2]
    too_large = (high != low >> 63) & ~fractional
    if too_large.any():
        doubles, fractional = np.where(too_large, rounded(whole, 0), doubles), fractional | too_large
    long = long | (low > INT32_MAX) | (low < INT32_MIN)
    if not fractional.any() and (long.all() or not long.any()):
        return Column(array_of(low if long.all() else low.astype(np.int32)))
    types = np.where(long, np.uint8(BsonType.LONG), np.uint8(BsonType.INT))
    types[fractional] = BsonType.DOUBLE
    return column_of_words(types, np.where(fractional, doubles.view(np.int64), low).view(np.uint64))


def means(totals: np.ndarray, counts: np.ndarray) -> Column:
    """Totals divided by counts; null where the count is 0."""
    with np.errstate(invalid="ignore"):
        return Column(array_of(totals / counts, None if counts.all() else counts != 0))


def window_base(values: np.ndarray) -> int:
    """The lowest exponent of a window for values like these: it ends a little above the largest."""
    return _base_below(largest_exponent(values) or 1023)


def _base_below(largest: int) -> int:
    return min(max((largest + 7) // 8 * 8 + 4 - WINDOW, 1), HIGHEST_BASE)


def base_of_totals(totals: np.ndarray, unit: np.ndarray) -> int:
    """The lowest exponent of a window for totals in units of 2**unit: theirs, where they have one."""
    filled = any_word(totals)
    units = np.unique(unit[filled])
    if not len(units):
        return 0
    if len(units) == 1 and 0 < units[0] + FIRST_UNIT <= HIGHEST_BASE:
        return int(units[0]) + FIRST_UNIT
    sizes = np.frexp(np.abs(rounded(totals, 0)[filled]))[1]
    return _base_below(int((sizes + unit[filled]).max()) + 1022)
