"""Variant columns: from values, to values, and from typed columns."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

import bson
import numpy as np
import pyarrow as pa
from bson import Decimal128, Int64, MaxKey, MinKey, ObjectId
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError

from gatherum.errors import LossError
from gatherum.kernels.columns.column import Column, variant_array
from gatherum.types.values import MISSING, BsonType, Value, bson_type, from_millis, millis

CODEC: Final = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO, uuid_representation=4)
_DECODE: Final = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
_MASK: Final = 0xFFFFFFFFFFFFFFFF
_HEAD: Final = 6
"""The bytes of a boxed document before its own: bson.encode would put _id first in one that is not below another."""


def _double_word(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]


_WORDS: Final[dict[BsonType, Callable[[Any], int]]] = {
    BsonType.INT: lambda v: v & _MASK, BsonType.LONG: lambda v: int(v) & _MASK, BsonType.DOUBLE: _double_word,
    BsonType.BOOL: int, BsonType.DATE: lambda v: millis(v) & _MASK,
}
_EMPTY: Final = frozenset({BsonType.NULL, BsonType.MISSING, BsonType.MIN_KEY, BsonType.MAX_KEY})
_BYTES: Final[dict[BsonType, Callable[[Any], bytes]]] = {
    BsonType.STRING: lambda v: v.encode("utf-8", "surrogatepass"), BsonType.OBJECT_ID: lambda v: v.binary,
    BsonType.DECIMAL: lambda v: v.bid, BsonType.OBJECT: lambda v: boxed(v)[_HEAD:-1],
}


def boxed(value: Value) -> bytes:
    """A value as the BSON of a document with the one key ""; of an empty document where it is missing. LossError for
    what only Python holds: names with zero bytes, halves of surrogate pairs."""
    try:
        return bson.encode({} if value is MISSING else {"": value}, codec_options=CODEC)
    except (BSONError, UnicodeEncodeError) as error:
        raise LossError(f"BSON, and a column of several types, cannot hold {str(value)[:80]!r}: {error}; "
                        "the rows engine can") from None


def unboxed(data: bytes) -> Value:
    """The inverse of `boxed`."""
    return bson.decode(data, _DECODE).get("", MISSING)


def variant_of(values: list[Value]) -> Column:
    """A variant column of any values.

    >>> values_of_variant(variant_of([1, "a", None, MISSING]))
    [1, 'a', None, MISSING]
    """
    types = np.empty(len(values), np.uint8)
    words = [0] * len(values)
    data: list[bytes] = [b""] * len(values)
    for i, value in enumerate(values):
        kind = bson_type(value)
        types[i] = kind
        if kind in _WORDS:
            words[i] = _WORDS[kind](value)
        elif kind not in _EMPTY:
            data[i] = _BYTES.get(kind, boxed)(value)
    return Column(variant_array(types, np.array(words, np.uint64), pa.array(data, pa.large_binary())))


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


_FROM_WORD: Final[dict[int, Callable[[int], Value]]] = {
    BsonType.INT: _signed, BsonType.LONG: lambda w: Int64(_signed(w)), BsonType.BOOL: bool,
    BsonType.DOUBLE: lambda w: struct.unpack("<d", struct.pack("<Q", w))[0],
    BsonType.DATE: lambda w: from_millis(_signed(w)),
}
_FROM_BYTES: Final[dict[int, Callable[[bytes], Value]]] = {
    BsonType.STRING: lambda b: b.decode("utf-8", "surrogatepass"), BsonType.OBJECT_ID: ObjectId,
    BsonType.DECIMAL: Decimal128.from_bid, BsonType.OBJECT: lambda b: bson.decode(b, _DECODE),
}
_SINGLE: Final[dict[int, Value]] = {BsonType.NULL: None, BsonType.MISSING: MISSING, BsonType.MIN_KEY: MinKey(),
                                    BsonType.MAX_KEY: MaxKey()}


def parts(column: Column) -> tuple[np.ndarray, np.ndarray, pa.Array]:
    """The types, words and bytes of a variant column; a slot below an invalid struct counts as missing."""
    types, words, data = column.array.storage.flatten()
    if types.null_count:
        types, words, data = types.fill_null(0), words.fill_null(0), data.fill_null(b"")
    return types.to_numpy(), words.to_numpy(), data


def values_of_variant(column: Column) -> list[Value]:
    """The values of a variant column."""
    types, words, data = parts(column)
    found = []
    for kind, word, blob in zip(types.tolist(), words.tolist(), data.to_pylist(), strict=True):
        if kind in _FROM_WORD:
            found.append(_FROM_WORD[kind](word))
        elif kind in _SINGLE:
            found.append(_SINGLE[kind])
        else:
            found.append(_FROM_BYTES.get(kind, unboxed)(blob))
    return found


def to_variant(column: Column) -> Column:
    """The same values as a variant column."""
    if column.is_variant:
        return column
    quick = _QUICK.get(column.array.type)
    if quick is None:
        from gatherum.kernels.columns.read import values_of

        return variant_of(values_of(column))
    kind, words_of = quick
    rows = len(column)
    invalid = BsonType.MISSING if column.missing else BsonType.NULL
    types = np.full(rows, kind, np.uint8)
    words = words_of(column.array)
    if column.array.null_count:
        holes = column.array.is_null().to_numpy(zero_copy_only=False)
        types[holes] = invalid
        words[holes] = 0
    return Column(variant_array(types, words, _empty_bytes(rows)))


def _empty_bytes(rows: int) -> pa.Array:
    return pa.Array.from_buffers(pa.large_binary(), rows, [None, pa.py_buffer(np.zeros(rows + 1, np.int64)),
                                                           pa.py_buffer(b"")])


def _as_words(array: pa.Array) -> np.ndarray:
    return array.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint64)


_QUICK: Final[dict[pa.DataType, tuple[BsonType, Callable[[pa.Array], np.ndarray]]]] = {
    pa.int32(): (BsonType.INT, _as_words), pa.int64(): (BsonType.LONG, _as_words),
    pa.bool_(): (BsonType.BOOL, lambda a: a.fill_null(False).to_numpy(zero_copy_only=False).astype(np.uint64)),
    pa.float64(): (BsonType.DOUBLE, lambda a: a.fill_null(0.0).to_numpy(zero_copy_only=False).view(np.uint64).copy()),
    pa.timestamp("ms"): (BsonType.DATE, lambda a: _as_words(a.cast(pa.int64()))),
    pa.null(): (BsonType.NULL, lambda a: np.zeros(len(a), np.uint64)),
}
