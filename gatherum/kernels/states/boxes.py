"""The values in portable states: BSON, each a document with the one key "", or the column as it is.

Values of the common types are written as BSON and read many at once, by their place in the bytes. Documents, arrays and
whatever else is in a column of one type stay there: the type goes with the states.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from bson import MaxKey, MinKey

from gatherum.kernels.arrow import compute
from gatherum.kernels.assemble import as_variant, join
from gatherum.kernels.buffers import column_of_words, distinct_bytes
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, plain_strings, variant_array
from gatherum.kernels.columns.depth import is_deep
from gatherum.kernels.columns.normalize import without_codes
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.types import DECIMAL128, OBJECT_ID
from gatherum.kernels.columns.variant import boxed, parts, to_variant, unboxed
from gatherum.kernels.kinds import is_strings
from gatherum.kernels.states.portable import BOXED, fixed_width
from gatherum.types.values import MISSING, BsonType

_HEAD: Final = 6
"""The bytes before a value: the document's length, the value's type and the empty key."""
_WORDS: Final[dict[int, str]] = {BsonType.DOUBLE: "<u8", BsonType.LONG: "<u8", BsonType.DATE: "<u8",
                                 BsonType.INT: "<u4", BsonType.BOOL: "<u1"}
_BYTES: Final = {BsonType.STRING: True, BsonType.OBJECT: False, BsonType.OBJECT_ID: False, BsonType.DECIMAL: False}
"""Types whose bytes a variant column has as BSON has them, and whether BSON puts a length before and a 0 behind."""
_EMPTY: Final = {BsonType.MISSING: boxed(MISSING), BsonType.NULL: boxed(None), BsonType.MIN_KEY: boxed(MinKey()),
                 BsonType.MAX_KEY: boxed(MaxKey())}
_IN_VARIANT: Final = (pa.int32(), pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("ms"), pa.null())


def state_values(column: Column) -> pa.Array:
    """The values of a column as large_binary, or in the type that they have."""
    column = plain_strings(column)
    kind = column.array.type
    if not column.is_variant and not is_strings(kind) and kind not in _IN_VARIANT:
        if kind != BOXED and not is_deep(kind) and not (column.missing and column.nullish):
            return without_codes(column.array)
        column = to_variant(column)
    types, words, data = parts(as_variant(column))
    found = _by_type(types)
    if len(found) == 1:
        return _box(found[0][0], words, data)
    return _in_rows([_box(kind, words[rows], data.take(pa.array(rows))) for kind, rows in found],
                    [rows for _, rows in found])


def _by_type(types: np.ndarray) -> list[tuple[int, np.ndarray]]:
    present = distinct_bytes(types)
    return [(kind, np.flatnonzero(types == kind)) for kind in present]


def _in_rows(pieces: list[pa.Array], rows: list[np.ndarray]) -> pa.Array:
    """One array of pieces, of which the items belong to `rows`."""
    if not pieces:
        return pa.array([], pa.large_binary())
    return pa.concat_arrays(pieces).take(pa.array(_inverse(rows)))


def _inverse(rows: list[np.ndarray]) -> np.ndarray:
    order = np.concatenate(rows)
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return back


def _box(kind: int, words: np.ndarray, data: pa.Array) -> pa.Array:
    if kind in _EMPTY:
        return pa.array([_EMPTY[BsonType(kind)]], pa.large_binary()).take(pa.array(np.zeros(len(words), np.int64)))
    if kind in _WORDS:
        return _box_words(kind, words)
    return _box_bytes(kind, data, _BYTES[BsonType(kind)]) if kind in _BYTES else data


def _layout(kind: int) -> np.dtype:
    """How a value of a type that lies in a word is written."""
    return np.dtype([("size", "<i4"), ("kind", "u1"), ("key", "u1"), ("value", _WORDS[kind]), ("end", "u1")])


def _box_words(kind: int, words: np.ndarray) -> pa.Array:
    made = np.zeros(len(words), _layout(kind))
    made["size"], made["kind"], made["value"] = made.itemsize, kind, words
    return fixed_width(made, made.itemsize)


def _box_bytes(kind: int, blobs: pa.Array, counted: bool) -> pa.Array:
    sizes = compute.binary_length(blobs).to_numpy()
    fields = [("size", "<i4"), ("kind", "u1"), ("key", "u1")] + ([("count", "<i4")] if counted else [])
    heads = np.zeros(len(blobs), np.dtype(fields))
    tail = b"\0\0" if counted else b"\0"
    heads["size"], heads["kind"] = heads.itemsize + sizes + len(tail), kind
    if counted:
        heads["count"] = sizes + 1
    end, nothing = (pa.scalar(data, pa.large_binary()) for data in (tail, b""))
    return compute.binary_join_element_wise(fixed_width(heads, heads.itemsize), blobs, end, nothing)


def read_state_values(array: pa.Array) -> Column:
    """The inverse of `state_values`."""
    if array.type != BOXED:
        return Column(array)
    if not len(array):
        return Column(pa.nulls(0))
    types = _bytes_of(array)[_offsets(array)[:-1] + 4]
    made = [(rows, _unbox(kind, array if len(rows) == len(array) else array.take(pa.array(rows))))
            for kind, rows in _by_type(types)]
    if len(made) == 1:
        return made[0][1]
    return join([column for _, column in made]).take(_inverse([rows for rows, _ in made]))


def _offsets(array: pa.Array) -> np.ndarray:
    return np.frombuffer(array.buffers()[1], np.int64)[array.offset:array.offset + len(array) + 1]


def _bytes_of(array: pa.Array) -> np.ndarray:
    return np.frombuffer(array.buffers()[2], np.uint8)


def _unbox(kind: int, blobs: pa.Array) -> Column:
    if kind in (BsonType.MISSING, BsonType.NULL):
        return Column(pa.nulls(len(blobs)), kind == BsonType.MISSING)
    if kind in _WORDS:
        start, end = _offsets(blobs)[[0, -1]].tolist()
        words = _bytes_of(blobs)[start:end].view(_layout(kind))["value"]
        return column_of_words(kind, (words.view(np.int32).astype(np.int64) if kind == BsonType.INT else
                                      words.astype(np.int64)).view(np.uint64))
    if kind not in _BYTES:
        return column_of([unboxed(blob) for blob in blobs.to_pylist()])
    counted = _BYTES[BsonType(kind)]
    return _of_bytes(kind, compute.binary_slice(blobs, _HEAD + (4 if counted else 0), -2 if counted else -1))


def _of_bytes(kind: int, blobs: pa.Array) -> Column:
    try:
        if kind == BsonType.STRING:
            return Column(blobs.cast(pa.large_string() if blobs.nbytes >> 31 else pa.string()))
    except pa.ArrowInvalid:
        pass                                                # surrogates: only a variant column holds them
    if kind == BsonType.OBJECT_ID:
        return Column(pa.ExtensionArray.from_storage(OBJECT_ID, blobs.cast(pa.binary()).cast(pa.binary(12))))
    if kind == BsonType.DECIMAL:
        return Column(pa.ExtensionArray.from_storage(DECIMAL128, blobs.cast(pa.binary()).cast(pa.binary(16))))
    rows = len(blobs)
    variant = Column(variant_array(np.full(rows, kind, np.uint8), np.zeros(rows, np.uint64), blobs))
    return column_of(values_of(variant)) if kind == BsonType.OBJECT else variant
