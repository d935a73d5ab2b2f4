"""Which values of a column count as true."""

from __future__ import annotations

import numpy as np

from gatherum.kernels.buffers import fixed_values, valid_mask
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.forms import Constant, Operand
from gatherum.kernels.kinds import kind_of
from gatherum.types.truth import truth
from gatherum.types.values import BsonType

_FALSE_AT_ZERO = (BsonType.INT, BsonType.LONG, BsonType.BOOL)


def truth_mask(operand: Operand, rows: int) -> np.ndarray:
    """A boolean array, one a row."""
    if isinstance(operand, Constant):
        return np.full(rows, truth(operand.value), np.bool_)
    if operand.is_variant:
        return _of_variant(operand)
    kind, valid = kind_of(operand), valid_mask(operand.array)
    match kind:
        case BsonType.BOOL:
            true = fixed_values(operand.array)
        case BsonType.INT | BsonType.LONG | BsonType.DOUBLE:
            true = fixed_values(operand.array) != 0
        case BsonType.NULL | BsonType.MISSING:
            return np.zeros(rows, np.bool_)
        case BsonType.DECIMAL | None:
            return _by_meaning(operand)
        case _:
            return np.ones(rows, np.bool_) if valid is None else valid
    return true if valid is None else true & valid


def _of_variant(column: Column) -> np.ndarray:
    types, words, _ = parts(column)
    true = (types != BsonType.NULL) & (types != BsonType.MISSING)
    zero = words == 0
    for kind in _FALSE_AT_ZERO:
        true &= ~((types == kind) & zero)
    true &= ~((types == BsonType.DOUBLE) & (words << np.uint64(1) == 0))
    decimals = np.flatnonzero(types == BsonType.DECIMAL)
    if len(decimals):
        true[decimals] = _by_meaning(column.take(decimals))
    return true


def _by_meaning(column: Column) -> np.ndarray:
    return np.array([truth(value) for value in values_of(column)], np.bool_)
