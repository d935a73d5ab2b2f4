"""Columns for pandas and polars: their own types where these hold the values exactly, Python objects elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.types.values import MISSING


def pandas_column(column: Column, name: str) -> tuple[Any, Any]:
    """Values and dtype of a pandas Series; missing values are None, and NaN in object columns stays NaN."""
    array, kind = column.array, column.array.type
    if not column.is_variant and not array.null_count:
        if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
            return array.to_numpy(zero_copy_only=False), None
        if pa.types.is_timestamp(kind):
            return array.to_numpy(zero_copy_only=False), None
    if pa.types.is_integer(kind):
        return pa.array(array).to_pandas(types_mapper=None, integer_object_nulls=True), _nullable(kind)
    if pa.types.is_timestamp(kind) or pa.types.is_floating(kind) or pa.types.is_string(kind):
        return array.to_pandas(), None
    values = [None if value is MISSING else value for value in values_of(column, name)]
    boxed = np.empty(len(values), object)
    boxed[:] = values
    return boxed, object


def _nullable(kind: pa.DataType) -> str:
    return {8: "Int8", 16: "Int16", 32: "Int32", 64: "UInt64" if pa.types.is_uint64(kind) else "Int64"}[kind.bit_width]


def polars_column(column: Column, name: str) -> Any:
    """A polars Series; what polars has no type for is a column of Python objects."""
    import polars as pl

    if not column.is_variant and not _has_extension(column.array.type):
        made = pl.from_arrow(pa.table({name: column.array}))
        return made.to_series(0)  # pyright: ignore[reportAttributeAccessIssue]
    return pl.Series(name, [None if v is MISSING else v for v in values_of(column, name)], dtype=pl.Object)


def _has_extension(kind: pa.DataType) -> bool:
    if isinstance(kind, pa.BaseExtensionType):
        return True
    if pa.types.is_nested(kind) and not pa.types.is_map(kind):
        return any(_has_extension(kind.field(i).type) for i in range(kind.num_fields))
    return False
