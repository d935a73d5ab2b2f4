"""Values as pairs of words, each of 64 bits, that are equal exactly where the values are.

The upper byte of the second word says what the pair is. Numbers equal to an integer of 64 bits are `INTEGER` and that
integer; other doubles, and decimals equal to one, `DOUBLE` and the double's bits. Strings of up to 15 bytes and
ObjectIds lie in the words themselves; longer strings have numbers, and so has everything else.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from gatherum.kernels.buffers import fixed_values
from gatherum.kernels.coding import pack_strings
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.types import DATE, OBJECT_ID
from gatherum.kernels.columns.variant import boxed, parts
from gatherum.kernels.compiler import kernel
from gatherum.kernels.repeated import coded, first_rows
from gatherum.kernels.scratch import Scratch
from gatherum.kernels.tables import StringBuffers, StringTable, WordTable
from gatherum.types.order import group_key
from gatherum.types.values import INT64_MAX, INT64_MIN, BsonType, Value, bson_type, millis

STRING: Final = int(BsonType.STRING)
INTEGER: Final = int(BsonType.LONG)
SHORT_STRING: Final = 128
OBJECT_ID_BYTES: Final = 144
OTHER: Final = 254
UNDECIDED: Final = 255
NAN_BITS: Final = 0x7FF8000000000000
_MASK: Final = 0xFFFFFFFFFFFFFFFF
_NAN_KEY: Final = group_key(float("nan"))


def kind_word(kind: int) -> np.uint64:
    """The second word of values of a kind."""
    return np.uint64(kind << 56)


INTEGER_WORD: Final = kind_word(INTEGER)
_INT, _LONG = pa.int32(), pa.int64()
_HIGH: Final = {kind: np.array([kind << 56], np.uint64) for kind in range(256)}


class WordColumn(NamedTuple):
    """The first words of a column's values, and the second: one a row, or one for all. Valid until the next column.

    `integers`: direct index may serve; the words are those of integers, or most are. The first words are then int64,
    or int32 where all are; else uint64.
    """

    low: np.ndarray
    high: np.ndarray
    integers: bool = False


@kernel("int64(float64[::1], uint64[::1], uint64[::1])")
def words_of_doubles(values, low, high):
    """The words of doubles; returns how many are integers."""
    whole = 0
    for i in range(values.shape[0]):
        value = values[i]
        high[i] = np.uint64(1) << np.uint64(56)
        if value != value:
            low[i] = np.uint64(0x7FF8000000000000)
        elif -9223372036854775808.0 <= value < 9223372036854775808.0 and np.floor(value) == value:
            high[i] = np.uint64(18) << np.uint64(56)
            low[i] = np.uint64(np.int64(value))
            whole += 1
        else:
            low[i] = values.view(np.uint64)[i]
    return whole


@kernel("int64(uint8[::1], uint64[::1], boolean, uint64[::1], uint64[::1])")
def words_of_variants(types, source, exact, low, high):
    """The words of a variant column's fixed-width values; the others are of the kind 255. Returns how many.

    Where `exact` is true an int, a long and a double are never equal.
    """
    undecided = 0
    as_double = source.view(np.float64)
    for i in range(types.shape[0]):
        kind = types[i]
        word = source[i]
        if kind == 16:
            kind = np.uint8(16 if exact else 18)
        elif kind == 1:
            value = as_double[i]
            if value != value:
                word = np.uint64(0x7FF8000000000000)
            elif not exact and -9223372036854775808.0 <= value < 9223372036854775808.0 and np.floor(value) == value:
                kind = np.uint8(18)
                word = np.uint64(np.int64(value))
        elif kind == 255:
            kind = np.uint8(253)
        elif kind != 18 and kind != 0 and kind != 10 and kind != 8 and kind != 9 and kind != 127:
            kind = np.uint8(255)
            undecided += 1
        low[i] = word
        high[i] = np.uint64(kind) << np.uint64(56)
    return undecided


class WordMaker:
    """Brings columns to words that are equal exactly where the values are, in all columns that it has seen.

    An `exact` one tells 1, `Int64(1)` and 1.0 apart, and values of every other type that are written differently.
    """

    def __init__(self, exact: bool = False) -> None:
        self.exact = exact
        self.scratch = Scratch()
        self.strings: dict[int, StringTable] = {}
        self.others: dict[Any, int] = {}

    @property
    def nbytes(self) -> int:
        """The bytes held; of other values, an estimate."""
        return self.scratch.nbytes + sum(table.nbytes for table in self.strings.values()) + 200 * len(self.others)

    def words(self, column: Column) -> WordColumn:
        """The words of a column that has no dictionary."""
        if column.is_variant:
            return self._of_variant(column)
        array, kind = column.array, column.array.type
        if kind in (_INT, _LONG) and not array.null_count and not self.exact:
            return WordColumn(fixed_values(array), _HIGH[INTEGER], True)
        invalid = int(BsonType.MISSING if column.missing else BsonType.NULL)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return self._of_strings(array, STRING, SHORT_STRING, invalid)
        if kind == OBJECT_ID:
            return self._of_strings(array.storage.cast(pa.binary()), STRING, OBJECT_ID_BYTES, invalid)
        if pa.types.is_null(kind):
            low = self.scratch.array("low", np.uint64, len(array))
            low[:] = 0
            return WordColumn(low, _HIGH[invalid])
        made = self._of_fixed_width(array)
        if made is None:
            return self._of_values(values_of(column), len(array))
        if not array.null_count:
            return made
        holes = array.is_null().to_numpy(zero_copy_only=False)
        low, high = (self.scratch.array(f"patched {name}", np.uint64, len(array)) for name in ("low", "high"))
        low[:], high[:] = made.low, made.high
        low[holes], high[holes] = 0, kind_word(invalid)
        return WordColumn(low.view(np.int64) if made.integers else low, high, made.integers)

    def _of_fixed_width(self, array: pa.Array) -> WordColumn | None:
        kind = array.type
        if pa.types.is_integer(kind) and kind.bit_width in (32, 64) and pa.types.is_signed_integer(kind):
            number = int(BsonType.INT) if self.exact and kind.bit_width == 32 else INTEGER
            whole = integers(array, self.scratch)
            return WordColumn(whole, _HIGH[INTEGER], True) if number == INTEGER else \
                WordColumn(whole.view(np.uint64), _HIGH[number])
        if pa.types.is_float64(kind):
            return self._of_doubles((array.fill_null(0.0) if array.null_count else array).to_numpy())
        if kind == DATE:
            return WordColumn(integers(array.view(pa.int64()), self.scratch).view(np.uint64), _HIGH[BsonType.DATE])
        if pa.types.is_boolean(kind):
            low = array.fill_null(False).to_numpy(zero_copy_only=False).astype(np.uint64)
            return WordColumn(low, _HIGH[BsonType.BOOL])
        return None

    def _of_doubles(self, values: np.ndarray) -> WordColumn:
        low = self.scratch.array("low", np.uint64, len(values))
        if self.exact:
            low[:] = values.view(np.uint64)
            low[np.isnan(values)] = NAN_BITS
            return WordColumn(low, _HIGH[BsonType.DOUBLE])
        high = self.scratch.array("high", np.uint64, len(values))
        whole = words_of_doubles(values, low, high)
        return WordColumn(low, high) if 2 * whole <= len(values) else WordColumn(low.view(np.int64), high, True)

    def encode_short(self, column: Column, table: WordTable, codes: np.ndarray) -> bool:
        """Codes by `table` of a column of short strings, without making its words; False for other columns."""
        array = column.array
        if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
            return False
        invalid = int(BsonType.MISSING if column.missing else BsonType.NULL)
        return table.encode_strings(StringBuffers(array), np.uint64(SHORT_STRING), _valid_bytes(array),
                                    kind_word(invalid), codes)

    def _of_strings(self, array: pa.Array, long: int, short: int, invalid: int) -> WordColumn:
        rows = len(array)
        low, high = (self.scratch.array(name, np.uint64, rows) for name in ("low", "high"))
        long_rows = self.scratch.array("long", np.int64, rows + 1)
        strings = StringBuffers(array)
        found = pack_strings(strings.narrow, strings.wide, strings.data, strings.limit, np.uint64(short),
                             _valid_bytes(array), kind_word(invalid), low, high, long_rows)
        if found:
            some = long_rows[:found]
            table = self.strings.get(long)
            if table is None:
                table = self.strings[long] = StringTable()
            table.number(strings, some, low)
            high[some] = kind_word(long)
        return WordColumn(low, high)

    def _of_values(self, values: Iterable[Value], rows: int) -> WordColumn:
        low, high = np.empty(rows, np.uint64), np.empty(rows, np.uint64)
        for i, value in enumerate(values):
            kind, low[i] = self._word(value)
            high[i] = kind << 56
        return WordColumn(low, high)

    def _word(self, value: Value) -> tuple[int, int]:
        """Kind and word of a value that no kernel takes."""
        kind = bson_type(value)
        if kind in (BsonType.MISSING, BsonType.NULL):
            return int(kind), 0
        if kind == BsonType.DATE:
            return int(kind), millis(value) & _MASK
        if self.exact:
            return (INTEGER, int(value) & _MASK) if kind == BsonType.LONG else (OTHER, self._number(boxed(value)))
        key = group_key(value)
        if key == _NAN_KEY:
            return int(BsonType.DOUBLE), NAN_BITS
        if isinstance(key, int | float | decimal.Decimal):      # a decimal may equal an integer or a double
            if INT64_MIN <= key <= INT64_MAX and int(key) == key:
                return INTEGER, int(key) & _MASK
            if float(key) == key:
                return int(BsonType.DOUBLE), int(np.float64(key).view(np.uint64))
        return OTHER, self._number(key)

    def _number(self, key: Any) -> int:
        return self.others.setdefault(key, len(self.others))

    def _of_variant(self, column: Column) -> WordColumn:
        types, source, data = parts(column)
        low, high = np.empty(len(types), np.uint64), np.empty(len(types), np.uint64)
        if words_of_variants(types, np.ascontiguousarray(source), self.exact, low, high):
            for kind, short in ((BsonType.STRING, SHORT_STRING), (BsonType.OBJECT_ID, OBJECT_ID_BYTES)):
                rows = np.flatnonzero(types == kind)
                if len(rows):
                    made = self._of_strings(data.take(pa.array(rows)), STRING, short, 0)
                    low[rows], high[rows] = made.low, made.high
            rows = np.flatnonzero(high == kind_word(UNDECIDED))
            if len(rows):
                for kind in np.unique(types[rows]).tolist():
                    some = rows[types[rows] == kind]
                    low[some], high[some] = self._of_one_type(column.take(some))
        return WordColumn(low, high)

    def _of_one_type(self, column: Column) -> tuple[np.ndarray, np.ndarray]:
        """The words of a variant column's values, which are of one type and lie in bytes."""
        codes = coded(parts(column)[2])
        if codes is None:
            made = self._of_values(values_of(column), len(column))
            return made.low, made.high
        at, size = codes.indices.to_numpy(), len(codes.dictionary)
        made = self._of_values(values_of(column.take(first_rows(at, size))), size)
        return made.low[at], made.high[at]


def _valid_bytes(array: pa.Array) -> np.ndarray:
    """Which slots are valid; nothing where all are."""
    return _EMPTY if not array.null_count else array.is_valid().to_numpy(zero_copy_only=False).view(np.uint8)


_EMPTY: Final = np.empty(0, np.uint8)


def integers(array: pa.Array, scratch: Scratch | None = None) -> np.ndarray:
    """The values of an integer array as int64, 0 where invalid; in `scratch` where they have to be widened."""
    values = (array.fill_null(0) if array.null_count else array).to_numpy()
    if values.dtype == np.int64:
        return values
    if scratch is None:
        return values.astype(np.int64)
    widened = scratch.array("low", np.uint64, len(values)).view(np.int64)
    widened[:] = values
    return widened
