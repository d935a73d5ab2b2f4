"""Sorting: columns as integers that order as their values do, and rows by several of them.

Numbers, dates and booleans become integers by their bits, strings and the like by their rank among the values at
hand; a variant column is ranked type by type. The keys of a row are then packed into one word, together with the
row's number, so that one sort of words does it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.assemble import join
from gatherum.kernels.buffers import fixed_values, valid_mask
from gatherum.kernels.by_type import parted
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.types import DATE, DECIMAL128, OBJECT_ID
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.decimals import decimal_ranks
from gatherum.kernels.string_order import dense_ranks, string_ranks
from gatherum.types.order import NULL_KEY, RANK, OrderKey, order_key
from gatherum.types.values import MISSING, BsonType

SortColumn = Column | list[OrderKey]
"""The values of one sort key: a column, in which missing counts as null, or order keys."""

SORTING_BYTES: Final = 64
"""What sorting takes for a row, beside the row."""

_WORD_BITS: Final = 63
_NUMBERS: Final = RANK[BsonType.DOUBLE]
_RANKS: Final = np.array([RANK[BsonType.NULL if kind == BsonType.MISSING else BsonType(kind)]
                          if kind in BsonType._value2member_map_ else 0 for kind in range(256)], np.int64)
_EXACT_DOUBLE: Final = 1 << 53
_WIDEST_STRINGS: Final = (1 << 31) - 1


def ranks(columns: Sequence[SortColumn]) -> np.ndarray:
    """Integers (int64) that compare as the values of the columns, one behind the other, do."""
    if not any(isinstance(column, list) for column in columns):
        return _ranks(_joined([column for column in columns if isinstance(column, Column)]))
    keys: list[OrderKey] = []
    for column in columns:
        keys += column if isinstance(column, list) else order_keys(column)
    return _ranks_of_keys(keys)


def _joined(columns: list[Column]) -> Column:
    """The columns as one, nulls for missing values, and strings that are too long together for 32-bit offsets in
    wider ones."""
    columns = [column if column.is_variant else Column(column.array) for column in columns]
    if len(columns) == 1:
        return columns[0]
    if sum(column.array.nbytes for column in columns) > _WIDEST_STRINGS:
        columns = [Column(column.array.cast(pa.large_string())) if column.array.type == pa.string() else column
                   for column in columns]
    return join(columns)


def order_keys(column: Column) -> list[OrderKey]:
    """The order keys of a column's values, that of null for missing ones."""
    return [NULL_KEY if value is MISSING else order_key(value) for value in values_of(column)]


def order_of(keys: Iterable[np.ndarray], rows: int, limit: int | None = None) -> np.ndarray:
    """The positions of the rows in the ascending order of their keys, or of the first `limit`; ties by position.

    Keys are asked for one by one; beside one of them it takes at most `SORTING_BYTES` a row.
    """
    row_bits = max(rows - 1, 1).bit_length()
    packed, used = np.zeros(rows, np.int64), 0
    for key in keys:
        values, bits = _narrowed(key)
        if used + bits > _WORD_BITS:
            values, bits = _dense(key)
        if used + bits > _WORD_BITS:
            packed, used = _dense(packed)
        packed <<= bits
        packed |= values
        used += bits
        if used + row_bits > _WORD_BITS:
            packed, used = _dense(packed)
    packed <<= row_bits
    packed |= np.arange(rows)
    if limit is not None and limit < rows:
        packed = np.partition(packed, limit)[:limit]
    packed.sort()
    packed &= (1 << row_bits) - 1
    return packed


def _narrowed(key: np.ndarray) -> tuple[np.ndarray, int]:
    """The key counted from its least value, and the bits it then takes."""
    if not len(key):
        return key, 0
    low, high = int(key.min()), int(key.max())
    bits = (high - low).bit_length()
    return (key - low, bits) if bits <= _WORD_BITS else (key, bits)


def _dense(key: np.ndarray) -> tuple[np.ndarray, int]:
    """The ranks of a key's values among its distinct values, and the bits they take."""
    order = np.argsort(key)
    steps, differs = np.zeros(len(key), np.int64), _differ(key[order])
    np.cumsum(differs, out=steps[1:])
    made = np.empty(len(key), np.int64)
    made[order] = steps
    return made, int(steps[-1]).bit_length() if len(steps) else 0


def _differ(ordered: np.ndarray) -> np.ndarray:
    """Which values are not the one before."""
    return ordered[1:] != ordered[:-1]


def _ranks(column: Column) -> np.ndarray:
    if column.is_variant:
        return _ranks_of_variant(column)
    array = column.array
    if isinstance(array.type, pa.DictionaryType):
        words = _ranks(Column(array.dictionary))
        found = words[array.indices.fill_null(0).to_numpy()] if len(words) else np.zeros(len(array), np.int64)
    else:
        found = _ranks_of_valid(column)
    valid = valid_mask(array)
    return found if valid is None else _below(found, valid)


def _below(found: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Ranks in which what is not valid comes before everything else."""
    if not valid.any():
        return np.zeros(len(found), np.int64)
    least = int(found[valid].min())
    if least == np.iinfo(np.int64).min:
        found, least = _dense(found)[0], 0
    return np.where(valid, found, least - 1)


def _ranks_of_valid(column: Column) -> np.ndarray:
    """The ranks of a typed column; anything in invalid slots."""
    array, kind = column.array, column.array.type
    if pa.types.is_null(kind):
        return np.zeros(len(array), np.int64)
    if kind == pa.float64():
        return _bits_in_order(fixed_values(array))
    if kind in (pa.int32(), pa.int64(), DATE, pa.bool_()):
        return fixed_values(array).astype(np.int64, copy=False)
    if kind == pa.uint64():
        return (np.asarray(array.fill_null(0)) ^ np.uint64(1 << 63)).view(np.int64)
    if pa.types.is_timestamp(kind):
        return fixed_values(array.cast(pa.int64()))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return string_ranks(array)
    if kind == OBJECT_ID:
        return string_ranks(array.storage.cast(pa.binary()))
    if kind == DECIMAL128:
        return decimal_ranks(array)
    if pa.types.is_decimal(kind):
        return dense_ranks(array)
    return _ranks_of_keys(order_keys(column))


def _bits_in_order(values: np.ndarray) -> np.ndarray:
    """The bits of doubles as integers in the order of the doubles: NaN first, -0.0 like 0.0."""
    bits = (values + 0.0).view(np.int64)
    np.bitwise_xor(bits, 0x7FFFFFFFFFFFFFFF, out=bits, where=bits < 0)
    bits[np.isnan(values)] = np.iinfo(np.int64).min + 1
    return bits


def _ranks_of_keys(keys: list[OrderKey]) -> np.ndarray:
    numbers = {key: number for number, key in enumerate(sorted(set(keys)))}
    return np.fromiter((numbers[key] for key in keys), np.int64, len(keys))


def _ranks_of_variant(column: Column) -> np.ndarray:
    """Class by class in the order of types; all numbers are one class."""
    classes = _RANKS[parts(column)[0]]
    found = np.zeros(len(column), np.int64)
    start = 0
    present = np.unique(classes).tolist()
    for rank in present:
        rows = np.flatnonzero(classes == rank)
        part = column if len(present) == 1 else column.take(rows)
        inner = _ranks_of_numbers(part) if rank == _NUMBERS else _ranks_of_class(part)
        dense = _dense(inner)[0]
        found[rows] = start + dense
        start += int(dense.max()) + 1
    return found


def _ranks_of_class(column: Column) -> np.ndarray:
    """The ranks of a variant column of one type, or of null and missing values."""
    pieces = list(parted(column))
    if all(pa.types.is_null(piece.array.type) for _, piece in pieces):
        return np.zeros(len(column), np.int64)
    if len(pieces) == 1 and not pieces[0][1].is_variant:
        return _ranks_of_valid(pieces[0][1])
    return _ranks_of_keys(order_keys(column))


def _ranks_of_numbers(column: Column) -> np.ndarray:
    """The ranks of a variant column of numbers: as doubles where these hold them all."""
    pieces = [(at, piece) for at, piece in parted(column)]
    kinds = {piece.array.type for _, piece in pieces}
    if kinds <= {pa.int32(), pa.int64()}:
        return parts(column)[1].view(np.int64)
    doubles = np.empty(len(column), np.float64)
    for at, piece in pieces:
        if piece.array.type not in (pa.int32(), pa.int64(), pa.float64()):
            return _ranks_of_keys(order_keys(column))
        values = fixed_values(piece.array)
        if piece.array.type == pa.int64() and ((values > _EXACT_DOUBLE) | (values < -_EXACT_DOUBLE)).any():
            return _ranks_of_keys(order_keys(column))
        doubles[at] = values
    return _bits_in_order(doubles)
