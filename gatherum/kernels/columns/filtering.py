"""Columns with the rows that a mask chooses.

Arrow's kernels take several times as long over arrays that hold invalid slots. Where none of these is chosen, as is
so behind a filter that asks whether the field is there, they get the array without its validity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.column import Column

DENSE: Final = 7 / 8
"""The share of chosen rows from which on Arrow filters faster by the mask than it takes by positions."""


class FilteredColumns(Mapping[str, Column]):
    """The rows of columns where a mask, which has no invalid slots, is true. A column is filtered when it is asked
    for, so that what only the filter reads is not; when all have been, the columns with all rows are let go."""

    __slots__ = ("_at", "_bits", "_columns", "_made", "_mask", "_names")

    def __init__(self, columns: Mapping[str, Column], mask: pa.BooleanArray) -> None:
        self._columns = columns
        self._names = tuple(columns)
        self._made: dict[str, Column] = {}
        self._mask = mask
        self._bits = _bits(mask.buffers()[1], mask.offset, len(mask))
        self._at: pa.Array | None = None

    def __getitem__(self, name: str) -> Column:
        found = self._made.get(name)
        if found is None:
            column = self._columns[name]
            solid = column if column.is_variant else Column(_solid(column.array, self._bits), column.missing)
            found = self._made[name] = self._filtered(solid)
            if len(self._made) == len(self._names):
                self._columns = self._made
        return found

    def _filtered(self, column: Column) -> Column:
        if self._mask.true_count >= DENSE * len(self._mask):
            return _by_fields(column, lambda part: part.filter(self._mask))
        at = self._at
        if at is None:
            at = self._at = pa.array(np.flatnonzero(np.unpackbits(self._bits, count=len(self._mask),
                                                                  bitorder="little")))
        return _by_fields(column, lambda part: part.take(at))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _by_fields(column: Column, choose: Callable[[Column], Column]) -> Column:
    """The chosen rows of a column; of documents that are all there, field by field."""
    if column.is_variant:
        return choose(column)
    array = column.array
    if not pa.types.is_struct(array.type) or array.null_count or not array.type.num_fields:
        return choose(column)
    fields = [_by_fields(Column(array.field(i)), choose).array for i in range(array.type.num_fields)]
    return Column(pa.StructArray.from_arrays(fields, fields=list(array.type)), column.missing)


def _bits(buffer: pa.Buffer, offset: int, length: int) -> np.ndarray:
    """A bitmap from its first bit on; behind the last bit there may be others."""
    data = np.frombuffer(buffer, np.uint8)[offset // 8:(offset + length + 7) // 8]
    if not offset % 8:
        return data
    return np.packbits(np.unpackbits(data, bitorder="little")[offset % 8:], bitorder="little")


def _solid(array: pa.Array, chosen: np.ndarray) -> pa.Array:
    """The array, without its validity where every chosen slot is valid."""
    kind = array.type
    if isinstance(kind, pa.DictionaryType):
        indices = _solid(array.indices, chosen)
        return array if indices.null_count == array.null_count else pa.DictionaryArray.from_arrays(
            indices, array.dictionary)
    if pa.types.is_struct(kind):
        return _solid_struct(array, chosen)
    if not array.null_count or not pa.types.is_primitive(kind) or not _all_valid(array, chosen):
        return array
    return pa.Array.from_buffers(kind, len(array), [None, array.buffers()[1]], 0, array.offset)


def _solid_struct(array: pa.StructArray, chosen: np.ndarray) -> pa.Array:
    if array.null_count and not _all_valid(array, chosen):
        return array
    children = [_solid(array.field(i), chosen) for i in range(array.type.num_fields)]
    return pa.StructArray.from_arrays(children, fields=list(array.type)) if children else array


def _all_valid(array: pa.Array, chosen: np.ndarray) -> bool:
    valid = _bits(array.buffers()[0], array.offset, len(array))
    size = (len(array) + 7) // 8
    if not len(array) % 8:
        return not (chosen[:size] & ~valid[:size]).any()
    last = np.uint8((1 << len(array) % 8) - 1)
    return not (chosen[:size - 1] & ~valid[:size - 1]).any() and not chosen[size - 1] & ~valid[size - 1] & last
