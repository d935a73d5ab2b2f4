"""Columns of which BSON cannot hold all values: types that Arrow has and BSON lacks, or has in a smaller range."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import pyarrow as pa

from gatherum.kernels.arrow import compute
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.types import ARROW_RULES, DATE
from gatherum.types.exact import DECIMAL128
from gatherum.types.values import INT64_MAX

_LOSSLESS: Final = frozenset(rule.arrow for rule in ARROW_RULES if not rule.loss)


def check_bson(column: Column, name: str) -> None:
    """LossError, with the column's name, where BSON cannot hold a value of a column."""
    if not column.is_variant and may_lose(column.array.type) and not _fits(column.array):
        values_of(column, name)


def as_bson(column: Column, name: str) -> Column:
    """The column as the engine computes with it: unsigned integers are longs; raises as `check_bson`."""
    if column.is_variant or _is_bson(column.array.type):
        return column
    check_bson(column, name)
    kind = _signed(column.array.type)
    return column if kind == column.array.type else Column(column.array.cast(kind), column.missing)


@lru_cache(1024)
def _is_bson(kind: pa.DataType) -> bool:
    """Whether BSON holds all values of the type of a column, and the engine computes with them as they are."""
    return not may_lose(kind) and _signed(kind) == kind


def _signed(kind: pa.DataType) -> pa.DataType:
    """The type with longs for unsigned integers of 64 bits, inside documents and arrays too."""
    if pa.types.is_uint64(kind):
        return pa.int64()
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_signed(field.type)) for field in kind])
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_signed(kind.value_type)))
    return kind


@lru_cache(1024)
def may_lose(kind: pa.DataType) -> bool:
    """Whether BSON cannot hold all values of the type of a column."""
    if isinstance(kind, pa.BaseExtensionType):
        return may_lose(kind.storage_type)
    if pa.types.is_struct(kind):
        return any(may_lose(field.type) for field in kind)
    if pa.types.is_map(kind):
        return may_lose(kind.key_type) or may_lose(kind.item_type)
    if pa.types.is_nested(kind) or pa.types.is_dictionary(kind):
        return not hasattr(kind, "value_type") or may_lose(kind.value_type)
    if pa.types.is_decimal(kind):
        return kind.precision > DECIMAL128.prec
    return kind != DATE and str(kind).split("[")[0] not in _LOSSLESS


def _fits(array: pa.Array) -> bool:
    """Whether that all values fit is seen without making them values of Python."""
    if pa.types.is_uint64(array.type):
        return (compute.max(array).as_py() or 0) <= INT64_MAX
    if pa.types.is_decimal(array.type):
        ends = compute.min_max(array).as_py().values()
        return all(end is None or len(end.as_tuple().digits) <= DECIMAL128.prec for end in ends)
    return False
