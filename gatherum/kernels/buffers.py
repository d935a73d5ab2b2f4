"""Arrow arrays of fixed width as NumPy arrays and back, through their buffers and without copies.

The values in invalid slots are whatever the buffer holds there.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.column import Column, variant_array
from gatherum.kernels.columns.types import DATE
from gatherum.types.values import BsonType

_DTYPES: Final[dict[pa.DataType, type[np.generic]]] = {
    pa.int32(): np.int32, pa.int64(): np.int64, pa.float64(): np.float64, DATE: np.int64}
_ARROW: Final[dict[type[np.generic], pa.DataType]] = {
    np.int32: pa.int32(), np.int64: pa.int64(), np.float64: pa.float64()}


def valid_mask(array: pa.Array) -> np.ndarray | None:
    """A boolean array, true where a slot is valid; None where all are."""
    if not array.null_count:
        return None
    if pa.types.is_null(array.type):
        return np.zeros(len(array), np.bool_)
    if pa.types.is_union(array.type):
        return array.is_valid().to_numpy(zero_copy_only=False)
    return _bits(array.buffers()[0], array.offset, len(array))


def _bits(buffer: pa.Buffer, offset: int, length: int) -> np.ndarray:
    first = offset // 8
    data = np.frombuffer(buffer, np.uint8)[first:(offset + length + 7) // 8]
    start = offset - first * 8
    return np.unpackbits(data, count=start + length, bitorder="little")[start:].view(np.bool_)


def fixed_values(array: pa.Array) -> np.ndarray:
    """The values of an array of ints, longs, doubles, dates (as milliseconds) or booleans."""
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros(len(array), _DTYPES.get(array.type, np.bool_))
    if pa.types.is_boolean(array.type):
        return _bits(buffer, array.offset, len(array))
    return np.frombuffer(buffer, _DTYPES[array.type])[array.offset:array.offset + len(array)]


def array_of(values: np.ndarray, valid: np.ndarray | None = None, kind: pa.DataType | None = None) -> pa.Array:
    """An array of the values, invalid where not `valid`; its Arrow type is `kind`, if that is not NumPy's own."""
    rows = len(values)
    if values.dtype == np.bool_:
        kind, data = pa.bool_(), np.packbits(values, bitorder="little")
    else:
        kind, data = kind or _ARROW[values.dtype.type], np.ascontiguousarray(values)
    bitmap = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, rows, [bitmap, pa.py_buffer(data)])


def both(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    """Where both masks are true; None stands for a mask that is true everywhere."""
    if first is None or second is None:
        return second if first is None else first
    return first & second


def distinct_bytes(values: np.ndarray) -> list[int]:
    """The distinct bytes among many, ascending: a pass for each, which for a few is faster than to count them."""
    found: list[int] = []
    seen = np.zeros(len(values), np.bool_)
    while not seen.all():
        found.append(int(values[seen.argmin()]))
        seen |= values == found[-1]
    return sorted(found)


def column_of_words(types: np.ndarray | int, words: np.ndarray) -> Column:
    """A column of values that lie in words, as a variant column keeps them, and their types (one for all, or one a
    row): typed where one type is enough."""
    if isinstance(types, int):
        if types in (BsonType.MISSING, BsonType.NULL):
            return Column(pa.nulls(len(words)), types == BsonType.MISSING)
        return Column(_typed(types, words, None))
    present = distinct_bytes(types)
    solid = [kind for kind in present if kind not in (BsonType.MISSING, BsonType.NULL)]
    nullish = [kind for kind in present if kind in (BsonType.MISSING, BsonType.NULL)]
    if len(solid) > 1 or len(nullish) > 1:
        return Column(variant_array(types, words, no_bytes(len(types))))
    missing = nullish == [BsonType.MISSING]
    if not solid:
        return Column(pa.nulls(len(types)), missing)
    return Column(_typed(solid[0], words, types == solid[0] if nullish else None), missing)


def _typed(kind: int, words: np.ndarray, valid: np.ndarray | None) -> pa.Array:
    match kind:
        case BsonType.INT:
            return array_of(words.view(np.int64).astype(np.int32), valid)
        case BsonType.DOUBLE:
            return array_of(words.view(np.float64), valid)
        case BsonType.BOOL:
            return array_of(words != 0, valid)
        case _:
            return array_of(words.view(np.int64), valid, DATE if kind == BsonType.DATE else None)


_offsets = np.zeros((1 << 16) + 1, np.int64)


def no_bytes(rows: int) -> pa.Array:
    """The `bytes` of a variant column whose values all lie in words."""
    offsets = _offsets if rows < len(_offsets) else np.zeros(rows + 1, np.int64)
    return pa.Array.from_buffers(pa.large_binary(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(b"")])
