"""The order of values, by whole columns: which of two are less or equal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from gatherum.kernels.arrow import compute as pc
from gatherum.kernels.buffers import both, fixed_values, valid_mask
from gatherum.kernels.columns.column import Column
from gatherum.kernels.decimals import ScaledDecimals, scaled_decimals, scaled_number
from gatherum.kernels.forms import Constant, Operand
from gatherum.kernels.kinds import kind_of
from gatherum.kernels.numbers import EXACT
from gatherum.types.order import RANK
from gatherum.types.values import BsonType, Value, bson_type, millis

IN_NUMPY = frozenset({BsonType.INT, BsonType.LONG, BsonType.DOUBLE, BsonType.DATE, BsonType.BOOL})
IN_ARROW = frozenset({BsonType.STRING, BsonType.OBJECT_ID})
ALONE = frozenset({BsonType.NULL, BsonType.MISSING, BsonType.MIN_KEY, BsonType.MAX_KEY})
"""Types of which there is but one value."""


@dataclass(frozen=True)
class Side:
    """One side of comparisons: the type of its valid values, which are valid, and the rank of those that are not."""

    kind: BsonType
    valid: np.ndarray | None
    invalid_rank: int
    operand: Operand

    @property
    def rank(self) -> int:
        """The place of the valid values' type in the order of types."""
        return RANK[self.kind]

    @cached_property
    def ranks(self) -> Any:
        """The place of each value's type, or of all of them."""
        return self.rank if self.valid is None else np.where(self.valid, self.rank, self.invalid_rank)

    @cached_property
    def values(self) -> np.ndarray:
        """Numbers, dates and booleans as NumPy has them, without a dimension for a constant."""
        if isinstance(self.operand, Constant):
            value = self.operand.value
            return np.array(millis(value) if self.kind == BsonType.DATE else
                            int(value) if self.kind == BsonType.LONG else value)
        return fixed_values(self.operand.array)

    @cached_property
    def arrow(self) -> Any:
        """Strings and ObjectIds as Arrow compares them."""
        if isinstance(self.operand, Constant):
            value = self.operand.value
            return pa.scalar(value, pa.string()) if self.kind == BsonType.STRING else pa.scalar(value.binary)
        array = self.operand.array
        return array.cast(pa.string()) if pa.types.is_large_string(array.type) else \
            array if self.kind == BsonType.STRING else array.storage.cast(pa.binary())

    @cached_property
    def scaled(self) -> ScaledDecimals | None:
        """Decimals with one exponent."""
        return scaled_decimals(self.operand.array) if isinstance(self.operand, Column) else None


def side_of(operand: Operand) -> Side | None:
    """An operand as a side; None for columns that are variant, coded, or of no type of BSON."""
    if isinstance(operand, Constant):
        return Side(bson_type(operand.value), None, 0, operand) if _is_comparable(operand.value) else None
    kind = kind_of(operand)
    if kind is None or isinstance(operand.array.type, pa.DictionaryType):
        return None
    if kind in ALONE:
        return Side(kind, None, 0, operand)
    return Side(kind, valid_mask(operand.array), RANK[BsonType.MISSING if operand.missing else BsonType.NULL], operand)


def _is_comparable(value: Value) -> bool:
    """False for strings with lone surrogates, which Arrow cannot hold."""
    return type(value) is not str or not any("\ud800" <= character <= "\udfff" for character in value)


def equal(a: Side, b: Side, rows: int) -> np.ndarray | None:
    """Where the values are equal; None where only the meaning can tell."""
    return _by_rank(a, b, rows, a.ranks == b.ranks, _values_equal)


def less(a: Side, b: Side, rows: int) -> np.ndarray | None:
    """Where the first value is before the second; None where only the meaning can tell."""
    return _by_rank(a, b, rows, a.ranks < b.ranks, _values_less)


def _by_rank(a: Side, b: Side, rows: int, by_rank: Any, by_value: Any) -> np.ndarray | None:
    if a.rank != b.rank or a.kind in ALONE:
        return np.broadcast_to(np.asarray(by_rank), rows)
    found = by_value(a, b)
    if found is None:
        return None
    valid = both(a.valid, b.valid)
    return np.broadcast_to(found, rows) if valid is None else np.where(valid, found, by_rank)


def _values_equal(a: Side, b: Side) -> np.ndarray | None:
    if a.kind in IN_NUMPY and b.kind in IN_NUMPY:
        x, y = a.values, b.values
        if _needs_exact(x, y):
            return _exact_order(x, y) == 0
        found = x == y
        return found | (np.isnan(x) & np.isnan(y)) if _has_nan(x) and _has_nan(y) else found
    if a.kind in IN_ARROW and a.kind == b.kind:
        return _mask(pc.equal(a.arrow, b.arrow))
    if isinstance(a.operand, Constant):
        a, b = b, a
    found = _scaled(a, b)
    if found is None:
        return None
    coefficients, number = found
    return _up_to(coefficients, math.floor(number)) & ~_up_to(coefficients, math.ceil(number) - 1)


def _values_less(a: Side, b: Side) -> np.ndarray | None:
    if a.kind in IN_NUMPY and b.kind in IN_NUMPY:
        x, y = a.values, b.values
        if _needs_exact(x, y):
            return _exact_order(x, y) < 0
        found = x < y
        return found | (np.isnan(x) & ~np.isnan(y)) if _has_nan(x) else found
    if a.kind in IN_ARROW and a.kind == b.kind:
        return _mask(pc.less(a.arrow, b.arrow))
    swapped = isinstance(a.operand, Constant)
    found = _scaled(b, a) if swapped else _scaled(a, b)
    if found is None:
        return None
    coefficients, number = found
    return ~_up_to(coefficients, math.floor(number)) if swapped else _up_to(coefficients, math.ceil(number) - 1)


def _scaled(a: Side, b: Side) -> tuple[np.ndarray, Fraction] | None:
    """A column of decimals as integers and a constant number in their units; None for all other sides."""
    if not (isinstance(a.operand, Column) and a.kind == BsonType.DECIMAL and isinstance(b.operand, Constant)):
        return None
    number = b.operand.value.to_decimal() if b.kind == BsonType.DECIMAL else b.operand.value
    if not math.isfinite(number) or a.scaled is None:
        return None
    return a.scaled.coefficients, scaled_number(a.scaled, number)


def _up_to(values: np.ndarray, most: int) -> np.ndarray:
    """Where integers of 64 bits are at most as large as one of any size."""
    if not -(2**63) <= most < 2**63:
        return np.full(len(values), most > 0)
    return values <= most


def _mask(found: pa.Array | pa.Scalar) -> np.ndarray:
    return fixed_values(found) if isinstance(found, pa.Array) else np.array(found.as_py())


def _has_nan(values: np.ndarray) -> bool:
    return values.dtype == np.float64 and bool(np.isnan(values).any())


def _needs_exact(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether longs that are no doubles may be compared with doubles."""
    if x.dtype == y.dtype or np.float64 not in (x.dtype, y.dtype):
        return False
    longs = y if x.dtype == np.float64 else x
    return longs.dtype == np.int64 and longs.size > 0 and bool(max(int(longs.max()), -int(longs.min())) > EXACT)


def _exact_order(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """-1, 0 or 1 for longs against doubles or the other way round; NaN is before all."""
    if x.dtype == np.float64:
        return -_exact_order(y, x)
    near = x.astype(np.float64)
    order = np.where(near < y, -1, np.where(near == y, 0, 1))
    within = (near == y) & (y < 2.0**63)
    whole = np.where(within, y, 0).astype(np.int64)
    return np.where(within, np.sign((x > whole).astype(np.int8) - (x < whole)), np.where(near == y, -1, order))
