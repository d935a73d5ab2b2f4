"""The canonical hash over columns: the same 64 bits as `types.canonical` gives value by value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numba
import numpy as np
import pyarrow as pa

from gatherum.kernels.coding import bytes_word
from gatherum.kernels.columns.column import Column, invalid_is_missing, plain_strings
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.types import DATE, OBJECT_ID
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.compiler import kernel
from gatherum.kernels.intrinsics import double_bits, load_word
from gatherum.kernels.tables import StringBuffers
from gatherum.kernels.words import integers
from gatherum.types.canonical import canonical_hash, hash_of_bytes
from gatherum.types.values import MISSING, BsonType

MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
FINAL_1: Final = np.uint64(0xBF58476D1CE4E5B9)
FINAL_2: Final = np.uint64(0x94D049BB133111EB)


@numba.njit(inline="always")
def take_word(h, word):
    """One step of the hash."""
    h = (h ^ word) * MULTIPLIER
    return h ^ (h >> np.uint64(29))


@numba.njit(inline="always")
def finish(h):
    """The last step of the hash."""
    h = (h ^ (h >> np.uint64(30))) * FINAL_1
    h = (h ^ (h >> np.uint64(27))) * FINAL_2
    return h ^ (h >> np.uint64(31))


@kernel("void(int64[::1], uint64[::1])")
def hash_integers(values, hashes):
    """Hashes of integers."""
    for i in range(values.shape[0]):
        h = take_word(take_word(np.uint64(3), np.uint64(10)), np.uint64(1))
        hashes[i] = finish(take_word(h, np.uint64(values[i])))


@kernel("void(float64[::1], uint64[::1])")
def hash_doubles(values, hashes):
    """Hashes of doubles."""
    for i in range(values.shape[0]):
        value = values[i]
        kind, word = np.uint64(2), np.uint64(double_bits(value))
        if value != value:
            kind, word = np.uint64(4), np.uint64(0)
        elif -9223372036854775808.0 <= value < 9223372036854775808.0 and np.floor(value) == value:
            kind, word = np.uint64(1), np.uint64(np.int64(value))
        hashes[i] = finish(take_word(take_word(take_word(np.uint64(3), np.uint64(10)), kind), word))


@kernel("void(int64[::1], uint64, uint64[::1])")
def hash_ranked(values, rank, hashes):
    """Hashes of values that are one word under the rank of their type."""
    for i in range(values.shape[0]):
        hashes[i] = finish(take_word(take_word(np.uint64(2), rank), np.uint64(values[i])))


@kernel("void(int32[::1], int64[::1], int64, uint64, uint64[::1])")
def hash_strings(narrow, wide, data, rank, hashes):
    """Hashes of the byte strings between offsets, which come in `narrow` or `wide`, from the address `data`."""
    for i in range(hashes.shape[0]):
        start, end = (wide[i], wide[i + 1]) if narrow.shape[0] == 0 else (np.int64(narrow[i]), np.int64(narrow[i + 1]))
        length = end - start
        h = take_word(take_word(np.uint64((length + 7) // 8 + 2), rank), np.uint64(length))
        at = data + start
        while length >= 8:
            h = take_word(h, load_word(at))
            at += 8
            length -= 8
        if length:
            h = take_word(h, bytes_word(at, length))
        hashes[i] = finish(h)


def canonical_hashes(column: Column, compiled: bool = True) -> np.ndarray:
    """The canonical hashes (uint64) of a column's values, by kernels where they may be called and the type has one."""
    column = plain_strings(column)
    hashes = np.empty(len(column), np.uint64)
    array = column.array
    if column.is_variant and compiled:
        _hash_variants(column, hashes)
        return hashes
    quick = _quick(array.type) if compiled else None
    if quick is None:
        hashes[:] = [canonical_hash(value) for value in values_of(column)]
        return hashes
    quick(array, hashes)
    if array.null_count:
        hashes[array.is_null().to_numpy(zero_copy_only=False)] = canonical_hash(MISSING if column.missing else None)
    return hashes


def _quick(kind: pa.DataType) -> Callable[[Any, np.ndarray], None] | None:
    if pa.types.is_int32(kind) or pa.types.is_int64(kind):
        return lambda array, hashes: hash_integers(integers(array), hashes)
    if pa.types.is_float64(kind):
        return lambda array, hashes: hash_doubles(array.fill_null(0.0).to_numpy(), hashes)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _hash_text
    if kind == OBJECT_ID:
        return lambda array, hashes: _hash_ids(array.storage.cast(pa.binary()), hashes)
    if kind == DATE:
        return lambda array, hashes: hash_ranked(integers(array.view(pa.int64())), np.uint64(45), hashes)
    if pa.types.is_boolean(kind):
        return lambda array, hashes: hash_ranked(
            array.fill_null(False).to_numpy(zero_copy_only=False).astype(np.int64), np.uint64(40), hashes)
    if pa.types.is_struct(kind):
        return _hash_structs
    return None


def _hash_text(array: Any, hashes: np.ndarray, rank: int = 15) -> None:
    strings = StringBuffers(array)
    hash_strings(strings.narrow, strings.wide, strings.data, np.uint64(rank), hashes)


def _hash_ids(array: Any, hashes: np.ndarray) -> None:
    _hash_text(array, hashes, 30)
    hash_ranked(hashes.view(np.int64), np.uint64(35), hashes)


def _hash_variants(column: Column, hashes: np.ndarray) -> None:
    """Hashes of the values of each type that occurs, by the kernel of the type."""
    types, words, data = parts(column)
    for kind in np.unique(types).tolist():
        rows = np.flatnonzero(types == kind)
        some = np.empty(len(rows), np.uint64)
        if kind in (BsonType.INT, BsonType.LONG):
            hash_integers(words[rows].view(np.int64), some)
        elif kind == BsonType.DOUBLE:
            hash_doubles(words[rows].view(np.float64), some)
        elif kind in _RANKED:
            hash_ranked(words[rows].view(np.int64), np.uint64(_RANKED[kind]), some)
        elif kind == BsonType.STRING:
            _hash_text(data.take(pa.array(rows)), some)
        elif kind == BsonType.OBJECT_ID:
            _hash_ids(data.take(pa.array(rows)), some)
        else:
            some[:] = [canonical_hash(value) for value in values_of(column.take(rows))]
        hashes[rows] = some


_RANKED: Final[dict[int, int]] = {BsonType.BOOL: 40, BsonType.DATE: 45}


def _hash_structs(array: Any, hashes: np.ndarray) -> None:
    columns = {field.name: Column(array.field(i), invalid_is_missing(field)) for i, field in enumerate(array.type)}
    hashes[:] = document_hashes(columns, len(array))


def document_hashes(columns: dict[str, Column], rows: int, compiled: bool = True) -> np.ndarray:
    """The canonical hashes of documents that have these columns as fields, in this order."""
    step, last = take_word.py_func, finish.py_func
    present = {name: _present(column) for name, column in columns.items()}
    counts = np.sum([np.broadcast_to(mask, rows) for mask in present.values()], axis=0, dtype=np.uint64) \
        if columns else np.zeros(rows, np.uint64)
    with np.errstate(over="ignore"):
        h = step(np.uint64(1) + np.uint64(2) * counts, np.uint64(20))
        for name, column in columns.items():
            taken = step(h, np.uint64(hash_of_bytes(15, name.encode())))
            taken = step(taken, canonical_hashes(column, compiled))
            h = np.where(present[name], taken, h)
        return last(h)


def _present(column: Column) -> np.ndarray:
    """Which values of a column are not missing."""
    if column.is_variant:
        return parts(column)[0] != BsonType.MISSING
    if column.missing and column.array.null_count:
        return column.array.is_valid().to_numpy(zero_copy_only=False)
    return np.ones(len(column), np.bool_)
