"""Which values of a column count as true."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.forms import Constant, Operand
from gatherum.types.truth import truth


def truth_mask(operand: Operand, rows: int) -> np.ndarray:
    """A boolean array, one a row."""
    if isinstance(operand, Constant):
        return np.full(rows, truth(operand.value), np.bool_)
    array, kind = operand.array, operand.array.type
    if pa.types.is_boolean(kind):
        return (array.fill_null(False) if array.null_count else array).to_numpy(zero_copy_only=False)
    if pa.types.is_null(kind):
        return np.zeros(rows, np.bool_)
    if pa.types.is_integer(kind) or pa.types.is_float64(kind):
        return (array.fill_null(0) if array.null_count else array).to_numpy(zero_copy_only=False) != 0
    if pa.types.is_string(kind) or pa.types.is_struct(kind) or pa.types.is_timestamp(kind) or pa.types.is_list(kind):
        return array.is_valid().to_numpy(zero_copy_only=False)
    return np.array([truth(value) for value in values_of(Column(array, operand.missing))], np.bool_)
