"""A field of many documents that are kept as BSON, without making them: all are walked through at once, key by key."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.column import CodedColumn, Column, variant_array
from gatherum.kernels.repeated import coded
from gatherum.types.values import BsonType

_FIXED: Final = {BsonType.DOUBLE: 8, BsonType.OBJECT_ID: 12, BsonType.BOOL: 1, BsonType.DATE: 8, BsonType.NULL: 0,
                 BsonType.INT: 4, BsonType.TIMESTAMP: 8, BsonType.LONG: 8, BsonType.DECIMAL: 16, BsonType.MAX_KEY: 0,
                 BsonType.MIN_KEY: 0}
"""How long the values of a type are."""
_COUNTED: Final = {BsonType.STRING: 4, BsonType.CODE: 4, BsonType.BINARY: 5, BsonType.OBJECT: 0, BsonType.ARRAY: 0,
                   BsonType.CODE_WITH_SCOPE: 0}
"""How much longer the values of a type are than the number that they begin with."""
_IN_WORDS: Final = (BsonType.DOUBLE, BsonType.BOOL, BsonType.DATE, BsonType.INT, BsonType.LONG)
_BOXED_BEFORE: Final = 6
_BOXED_AROUND: Final = 7


def _table(sizes: dict[BsonType, int]) -> np.ndarray:
    table = np.full(256, -1, np.int64)
    table[list(sizes)] = list(sizes.values())
    return table


_FIXED_SIZES: Final = _table(_FIXED)
_COUNTED_SIZES: Final = _table(_COUNTED)


def field_of_documents(documents: pa.Array, name: str) -> Column | None:
    """The values of a field, as a variant column; None where documents hold types that only the meaning reads.

    `documents` are BSON (large binary), none of them null.
    """
    codes = coded(documents)
    if codes is None:
        return _field(documents, name)
    found = _field(codes.dictionary, name)
    return None if found is None else CodedColumn(found, codes.indices.to_numpy())


def _field(documents: pa.Array, name: str) -> Column | None:
    offsets = np.frombuffer(documents.buffers()[1], np.int64)[documents.offset:][:len(documents) + 1]
    data = np.frombuffer(documents.buffers()[2], np.uint8)
    key = np.frombuffer(name.encode() + b"\0", np.uint8)
    padded = np.concatenate([data, np.zeros(max(len(key), 8), np.uint8)])
    zeros = np.flatnonzero(data == 0)
    rows, at = np.arange(len(documents)), offsets[:-1] + 4
    types = np.zeros(len(documents), np.uint8)
    starts, sizes = np.zeros(len(documents), np.int64), np.zeros(len(documents), np.int64)
    while len(rows):
        open_ = data[at] != 0
        rows, at = rows[open_], at[open_]
        kinds, names = data[at], at + 1
        values = zeros[np.searchsorted(zeros, names)] + 1
        lengths = _value_sizes(kinds, values, padded, zeros)
        if (lengths < 0).any():
            return None
        same = values - names == len(key)
        for place, byte in enumerate(key.tolist()):
            same &= padded[names + place] == byte
        found = rows[same]
        types[found], starts[found], sizes[found] = kinds[same], values[same], lengths[same]
        at = values + lengths
    return _column(types, starts, sizes, padded)


def _value_sizes(kinds: np.ndarray, values: np.ndarray, padded: np.ndarray, zeros: np.ndarray) -> np.ndarray:
    """How many bytes the values take that begin here; less than 0 for types that are not known."""
    lengths = _FIXED_SIZES[kinds]
    counted = _COUNTED_SIZES[kinds]
    if (counted >= 0).any():
        lengths = np.where(counted >= 0, counted + _words(padded, values, np.dtype("<i4")), lengths)
    patterns = kinds == BsonType.REGEX
    if patterns.any():
        options = zeros[np.searchsorted(zeros, values[patterns])] + 1
        lengths[patterns] = zeros[np.searchsorted(zeros, options)] + 1 - values[patterns]
    return lengths


def _words(padded: np.ndarray, at: np.ndarray, kind: np.dtype) -> np.ndarray:
    """The numbers of this type that begin at these bytes."""
    return np.ndarray(len(padded) - kind.itemsize + 1, kind, padded, strides=(1,))[at]


def _column(types: np.ndarray, starts: np.ndarray, sizes: np.ndarray, padded: np.ndarray) -> Column:
    """The column of the values that lie here, in the form in which a variant column keeps each type."""
    words = np.where(np.isin(types, _IN_WORDS), _words(padded, starts, np.dtype("<u8")), np.uint64(0))
    ints = types == BsonType.INT
    words[ints] = words[ints].astype(np.uint32).view(np.int32).astype(np.int64).view(np.uint64)
    words[types == BsonType.BOOL] &= np.uint64(0xFF)
    strings = types == BsonType.STRING
    starts = starts + 4 * strings
    sizes = np.where(np.isin(types, (*_IN_WORDS, BsonType.NULL, BsonType.MIN_KEY, BsonType.MAX_KEY)), 0,
                     sizes - 5 * strings)
    boxed = ~np.isin(types, (*_FIXED, BsonType.STRING, BsonType.OBJECT, BsonType.MISSING)) | \
        (types == BsonType.TIMESTAMP)
    room = sizes + _BOXED_AROUND * boxed
    ends = np.cumsum(room)
    data = np.zeros(int(ends[-1]) if len(ends) else 0, np.uint8)
    within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    data[np.repeat(ends - room + _BOXED_BEFORE * boxed, sizes) + within] = padded[np.repeat(starts, sizes) + within]
    for byte in range(4):
        data[(ends - room)[boxed] + byte] = room[boxed] >> (8 * byte) & 0xFF
    data[(ends - room)[boxed] + 4] = types[boxed]
    blobs = pa.Array.from_buffers(pa.large_binary(), len(types),
                                  [None, pa.py_buffer(np.append(0, ends)), pa.py_buffer(data)])
    return Column(variant_array(types, words, blobs))
