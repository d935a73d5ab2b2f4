"""Values as canonical kinds and words: pairs that are equal exactly where the values are.

Numbers equal to an integer of 64 bits have the kind `INTEGER` and that integer as word; other doubles, and decimals
equal to one, the kind `DOUBLE` and the double's bits. Strings and ObjectIds have numbers as words, given by tables of
the caller's; so has everything else.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.types import DATE, OBJECT_ID
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.compiler import kernel
from gatherum.types.order import group_key
from gatherum.types.values import INT64_MAX, INT64_MIN, BsonType, Value

INTEGER: Final = int(BsonType.LONG)
DOUBLE: Final = int(BsonType.DOUBLE)
STRING: Final = int(BsonType.STRING)
OBJECT_ID_KIND: Final = int(BsonType.OBJECT_ID)
OTHER: Final = 254
UNDECIDED: Final = 255
NAN_BITS: Final = 0x7FF8000000000000
_NAN_KEY: Final = group_key(float("nan"))

Numbers = Callable[[pa.Array, int], np.ndarray]
OtherNumber = Callable[[Value], int]


class WordColumn(NamedTuple):
    """Words (uint64, one a row) and kinds (uint8, one a row or one for all); `integers`: all are integers."""

    words: np.ndarray
    kinds: np.ndarray
    integers: bool = False


@kernel("void(float64[::1], uint64[::1], uint8[::1])")
def words_of_doubles(values, words, kinds):
    """Canonical words of doubles."""
    for i in range(values.shape[0]):
        value = values[i]
        kinds[i] = 1
        if value != value:
            words[i] = np.uint64(0x7FF8000000000000)
        elif -9223372036854775808.0 <= value < 9223372036854775808.0 and np.floor(value) == value:
            kinds[i] = 18
            words[i] = np.uint64(np.int64(value))
        else:
            words[i] = values.view(np.uint64)[i]


@kernel("int64(uint8[::1], uint64[::1], uint64[::1], uint8[::1])")
def words_of_variants(types, source, words, kinds):
    """Canonical words of a variant column's fixed-width values; the others get the kind 255. Returns how many."""
    undecided = 0
    as_double = source.view(np.float64)
    for i in range(types.shape[0]):
        kind = types[i]
        words[i] = source[i]
        kinds[i] = kind
        if kind == 16:
            kinds[i] = 18
        elif kind == 1:
            value = as_double[i]
            if value != value:
                words[i] = np.uint64(0x7FF8000000000000)
            elif -9223372036854775808.0 <= value < 9223372036854775808.0 and np.floor(value) == value:
                kinds[i] = 18
                words[i] = np.uint64(np.int64(value))
        elif kind == 255:
            kinds[i] = 253
        elif kind != 18 and kind != 0 and kind != 10 and kind != 8 and kind != 9 and kind != 127:
            kinds[i] = 255
            undecided += 1
    return undecided


def words_of(column: Column, string_numbers: Numbers, other_number: OtherNumber) -> WordColumn:
    """The canonical words of any column."""
    if column.is_variant:
        return _of_variant(column, string_numbers, other_number)
    array, kind = column.array, column.array.type
    invalid = BsonType.MISSING if column.missing else BsonType.NULL
    if pa.types.is_null(kind):
        return WordColumn(np.zeros(len(array), np.uint64), np.array([invalid], np.uint8))
    made = _of_valid(array, string_numbers)
    if made is None:
        return _of_values(column, other_number)
    if not array.null_count:
        return made
    holes = array.is_null().to_numpy(zero_copy_only=False)
    words, kinds = made.words.copy(), np.empty(len(array), np.uint8)
    kinds[:] = made.kinds
    words[holes], kinds[holes] = 0, invalid
    return WordColumn(words, kinds)


def _of_valid(array: pa.Array, string_numbers: Numbers) -> WordColumn | None:
    """The words of a typed array, its invalid slots aside; None for types that have no quick way."""
    kind = array.type
    if pa.types.is_int64(kind) or pa.types.is_int32(kind):
        words = integers(array).view(np.uint64)
        return WordColumn(words, np.array([INTEGER], np.uint8), integers=not array.null_count)
    if pa.types.is_float64(kind):
        values = array.fill_null(0.0).to_numpy()
        words, kinds = np.empty(len(array), np.uint64), np.empty(len(array), np.uint8)
        words_of_doubles(values, words, kinds)
        return WordColumn(words, kinds)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return WordColumn(string_numbers(array, STRING).view(np.uint64), np.array([STRING], np.uint8))
    if kind == DATE:
        return WordColumn(integers(array.view(pa.int64())).view(np.uint64), np.array([BsonType.DATE], np.uint8))
    if pa.types.is_boolean(kind):
        words = array.fill_null(False).to_numpy(zero_copy_only=False).astype(np.uint64)
        return WordColumn(words, np.array([BsonType.BOOL], np.uint8))
    if kind == OBJECT_ID:
        numbers = string_numbers(array.storage.cast(pa.binary()), OBJECT_ID_KIND)
        return WordColumn(numbers.view(np.uint64), np.array([OBJECT_ID_KIND], np.uint8))
    return None


def integers(array: pa.Array) -> np.ndarray:
    """The values of an integer array as int64, 0 where invalid."""
    values = (array.fill_null(0) if array.null_count else array).to_numpy()
    return values if values.dtype == np.int64 else values.astype(np.int64)


def _of_values(column: Column, other_number: OtherNumber) -> WordColumn:
    found = [_word(value, other_number) for value in values_of(column)]
    return WordColumn(np.array([word for _, word in found], np.uint64), np.array([kind for kind, _ in found], np.uint8))


def _word(value: Value, other_number: OtherNumber) -> tuple[int, int]:
    """Kind and word of a value that no kernel takes: a decimal may equal an integer or a double."""
    if value is None:
        return int(BsonType.NULL), 0
    number = group_key(value)
    if number == _NAN_KEY:
        return DOUBLE, NAN_BITS
    if isinstance(number, int | float | decimal.Decimal):
        if INT64_MIN <= number <= INT64_MAX and int(number) == number:
            return INTEGER, int(number) & 0xFFFFFFFFFFFFFFFF
        if float(number) == number:
            return DOUBLE, int(np.float64(number).view(np.uint64))
    return OTHER, other_number(value)


def _of_variant(column: Column, string_numbers: Numbers, other_number: OtherNumber) -> WordColumn:
    types, source, data = parts(column)
    words, kinds = np.empty(len(types), np.uint64), np.empty(len(types), np.uint8)
    if words_of_variants(types, np.ascontiguousarray(source), words, kinds):
        for kind in (STRING, OBJECT_ID_KIND):
            rows = np.flatnonzero(types == kind)
            if len(rows):
                words[rows] = string_numbers(data.take(pa.array(rows)), kind).view(np.uint64)
                kinds[rows] = kind
        rows = np.flatnonzero(kinds == UNDECIDED)
        if len(rows):
            rest = _of_values(column.take(rows), other_number)
            words[rows], kinds[rows] = rest.words, rest.kinds
    return WordColumn(words, kinds)
