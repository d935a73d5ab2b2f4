"""Operands as NumPy numbers, and integer results in the type that their size asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from bson import Int64

from gatherum.kernels.buffers import array_of, both, fixed_values, no_bytes, valid_mask
from gatherum.kernels.columns.column import Column, variant_array
from gatherum.kernels.forms import Constant, Operand
from gatherum.kernels.kinds import kind_of
from gatherum.types.numbers import DOUBLE, INT, LONG
from gatherum.types.values import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, BsonType, is_nullish

NOTHING: Final = 0
"""The width of an operand that is null or missing everywhere."""
EXACT: Final = 1 << 53
"""Integers up to this size are doubles too."""
BLOCK: Final = 8192
"""So many doubles stay in the nearest cache through a chain of operations."""

_WIDTHS: Final = {BsonType.INT: INT, BsonType.LONG: LONG, BsonType.DOUBLE: DOUBLE, BsonType.NULL: NOTHING,
                  BsonType.MISSING: NOTHING}


class Numbers(NamedTuple):
    """Numbers of one type: `values` are int64 or double, without a dimension where they are one constant; `width` is
    INT, LONG, DOUBLE or NOTHING; `valid` masks what is neither null nor missing (None: all)."""

    values: np.ndarray
    width: int
    valid: np.ndarray | None

    def doubles(self) -> np.ndarray:
        """The nearest doubles."""
        return self.values if self.width == DOUBLE else self.values.astype(np.float64)

    def any(self, mask: np.ndarray) -> bool:
        """Whether the mask is true for a valid number."""
        return bool(np.any(mask if self.valid is None else mask & self.valid))


def numbers_of(operand: Operand | None) -> Numbers | None:
    """The numbers of an operand of one type, or of nulls; None for everything else."""
    if isinstance(operand, Constant):
        return _of_constant(operand)
    kind = None if operand is None else kind_of(operand)
    width = None if kind is None else _WIDTHS.get(kind)
    if width is None or operand is None:
        return None
    if width == NOTHING:
        return Numbers(np.zeros(len(operand), np.int64), NOTHING, np.zeros(len(operand), np.bool_))
    values = fixed_values(operand.array)
    return Numbers(values.astype(np.int64) if width == INT else values, width, valid_mask(operand.array))


def _of_constant(constant: Constant) -> Numbers | None:
    value = constant.value
    if is_nullish(value):
        return Numbers(np.array(0), NOTHING, None)
    if type(value) is float:
        return Numbers(np.array(value), DOUBLE, None)
    if type(value) not in (int, Int64) or not INT64_MIN <= value <= INT64_MAX:
        return None
    is_int = type(value) is int and INT32_MIN <= value <= INT32_MAX
    return Numbers(np.array(int(value), np.int64), INT if is_int else LONG, None)


def all_numbers(operands: Sequence[Operand | None]) -> list[Numbers] | None:
    """The numbers of each operand; None where one has no numbers."""
    found = []
    for operand in operands:
        numbers = numbers_of(operand)
        if numbers is None:
            return None
        found.append(numbers)
    return found


def all_valid(several: Sequence[Numbers]) -> np.ndarray | None:
    """Where all numbers are valid."""
    valid = None
    for numbers in several:
        valid = both(valid, numbers.valid)
    return valid


def integer_column(values: np.ndarray, valid: np.ndarray | None, width: int) -> Column:
    """A column of integers, null where not valid: longs, or, where `width` is INT, ints as far as they fit."""
    if width == LONG:
        return Column(array_of(values, valid))
    if valid is not None:
        values = np.where(valid, values, 0)
    narrow = values.astype(np.int32)
    fits = narrow == values
    if fits.all():
        return Column(array_of(narrow, valid))
    if not np.any(fits if valid is None else fits & valid):
        return Column(array_of(values, valid))
    types = np.where(fits, np.uint8(BsonType.INT), np.uint8(BsonType.LONG))
    if valid is not None:
        types[~valid] = BsonType.NULL
    return Column(variant_array(types, values.view(np.uint64), no_bytes(len(values))))


def double_column(values: np.ndarray, valid: np.ndarray | None) -> Column:
    """A column of doubles, null where not valid."""
    return Column(array_of(values, valid))


def nulls(rows: int) -> Column:
    """A column of nulls."""
    return Column(pa.nulls(rows))
