"""Coders: they give the values of a key column small integers, equal exactly where the values are equal.

`PlainCoder` asks the meaning of equality in Python; `CompiledCoder` brings every value to a canonical kind and word
first, in kernels where it can, and looks these up in hash tables. Both give codes in the order of first appearance.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa

from gatherum.kernels import coding
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.words import STRING, WordColumn, words_of
from gatherum.types.order import group_key
from gatherum.types.values import INT64_MAX, INT64_MIN, Value

WIDEST_RANGE: Final = 1 << 19


class Coder(Protocol):
    """What all coders do."""

    size: int

    def encode(self, column: Column) -> np.ndarray:
        """The codes (int32) of a column's values; `size` grows by the values not seen before."""
        ...

    @property
    def nbytes(self) -> int:
        """The bytes that the coder holds."""
        ...


class PlainCoder:
    """Codes by a Python dictionary."""

    def __init__(self) -> None:
        self.codes: dict[Any, int] = {}

    @property
    def size(self) -> int:
        """How many distinct values have been seen."""
        return len(self.codes)

    def encode(self, column: Column) -> np.ndarray:
        """As `Coder.encode`."""
        codes = self.codes
        return np.array([codes.setdefault(group_key(value), len(codes)) for value in values_of(column)], np.int32)

    @property
    def nbytes(self) -> int:
        """An estimate of the dictionary's bytes."""
        return 200 * len(self.codes)


class StringTable:
    """Numbers for byte strings, in the order of first appearance."""

    def __init__(self) -> None:
        self.slots = np.zeros(128, np.uint64)
        self.starts = np.zeros(65, np.int64)
        self.arena = np.empty(1024, np.uint8)
        self.state = np.zeros(3, np.int64)

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays."""
        return self.slots.nbytes + self.starts.nbytes + self.arena.nbytes

    def numbers(self, array: pa.Array) -> np.ndarray:
        """The number (int64) of each string of an Arrow string or binary array; -1 where it is invalid."""
        offsets, data, size = string_buffers(array)
        rows = len(array)
        self._make_room(rows, int(offsets[-1] - offsets[0]) if rows else 0)
        valid = np.empty(0, np.uint8)
        if array.null_count:
            valid = array.is_valid().to_numpy(zero_copy_only=False).view(np.uint8)
        numbers = np.empty(rows, np.int64)
        coding.encode_strings(offsets, data, valid, self.slots, self.starts,
                              np.array([self.arena.ctypes.data], np.int64), data + size, numbers, self.state)
        return numbers

    def _make_room(self, rows: int, size: int) -> None:
        known, used = int(self.state[0]), int(self.state[1])
        if known + rows >= len(self.starts):
            self.starts = _grown(self.starts, known + rows + 1)
        if used + size > len(self.arena):
            self.arena = _grown(self.arena, used + size)
        if 2 * (known + rows) > len(self.slots) // 2:
            larger = np.zeros(2 * _power_of_two(2 * (known + rows)), np.uint64)
            coding.rehash_strings(self.slots, larger)
            self.slots = larger


def _grown(array: np.ndarray, size: int) -> np.ndarray:
    larger = np.empty(max(size, 2 * len(array)), array.dtype)
    larger[:len(array)] = array
    return larger


def _power_of_two(least: int) -> int:
    return 1 << max(least - 1, 63).bit_length()


def string_buffers(array: pa.Array) -> tuple[np.ndarray, int, int]:
    """Offsets (int64), address of the data and its size, of an Arrow string or binary array."""
    buffers, rows, start = array.buffers(), len(array), array.offset
    if buffers[1] is None or rows == 0:
        return np.zeros(rows + 1, np.int64), 0, 0
    wide = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    kind = np.int64 if wide else np.int32
    offsets = np.frombuffer(buffers[1], kind, rows + 1, start * np.dtype(kind).itemsize)
    data = buffers[2]
    return (offsets if wide else offsets.astype(np.int64)), (data.address if data else 0), (data.size if data else 0)


class WordTable:
    """Codes for pairs of a kind and a word, in the order of first appearance."""

    def __init__(self) -> None:
        self.slots = np.zeros(128, np.uint64)
        self.size = 0

    @property
    def nbytes(self) -> int:
        """The bytes of its array."""
        return self.slots.nbytes

    def codes(self, words: np.ndarray, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The codes (int32), and the rows that met a new pair; `kinds` holds one kind for all, or one a row."""
        rows = len(words)
        if 2 * (self.size + rows) > len(self.slots) // 2:
            larger = np.zeros(2 * _power_of_two(2 * (self.size + rows)), np.uint64)
            coding.rehash_words(self.slots, larger, _shift(larger))
            self.slots = larger
        codes, fresh = np.empty(rows, np.int32), np.empty(rows, np.int64)
        before = self.size
        step = 1 if len(kinds) == rows and rows != 1 else 0
        self.size = coding.encode_words(words, kinds, step, self.slots, _shift(self.slots), before, codes, fresh)
        return codes, fresh[:self.size - before]


def _shift(slots: np.ndarray) -> int:
    return 64 - (len(slots) // 2).bit_length() + 1


class CompiledCoder:
    """Codes by kernels; for integers of a small range by direct index."""

    def __init__(self) -> None:
        self.table = WordTable()
        self.strings: dict[int, StringTable] = {}
        self.others: dict[Any, int] = {}
        self.low = 0
        self.lookup: np.ndarray | None = None

    @property
    def size(self) -> int:
        """How many distinct values have been seen."""
        return self.table.size

    @property
    def nbytes(self) -> int:
        """The bytes of all tables."""
        held = self.table.nbytes + sum(table.nbytes for table in self.strings.values()) + 200 * len(self.others)
        return held + (0 if self.lookup is None else self.lookup.nbytes)

    def encode(self, column: Column) -> np.ndarray:
        """As `Coder.encode`."""
        array = column.array
        if isinstance(array.type, pa.DictionaryType):
            return self._coded(column)
        made = words_of(column, self.string_numbers, self._other_number)
        if made.integers and len(column) > 64:
            return self._by_range(made)
        return self.table.codes(made.words, made.kinds)[0]

    def string_numbers(self, array: pa.Array, kind: int = STRING) -> np.ndarray:
        """The numbers of byte strings among those of one kind."""
        table = self.strings.get(kind)
        if table is None:
            table = self.strings[kind] = StringTable()
        return table.numbers(array)

    def _other_number(self, value: Value) -> int:
        return self.others.setdefault(group_key(value), len(self.others))

    def _coded(self, column: Column) -> np.ndarray:
        array = column.array
        known = self.encode(Column(array.dictionary, column.missing))
        if not array.null_count:
            return known[array.indices.to_numpy()]
        nothing = self.encode(Column(pa.nulls(1), column.missing))
        at = array.indices.fill_null(len(known)).to_numpy()
        return np.concatenate([known, nothing])[at]

    def _by_range(self, made: WordColumn) -> np.ndarray:
        values = made.words.view(np.int64)
        if self.lookup is None:
            self._choose_range(values)
        lookup = self.lookup
        if lookup is None or not len(lookup):
            return self.table.codes(made.words, made.kinds)[0]
        codes, misses = np.empty(len(values), np.int32), np.empty(len(values) + 1, np.int64)
        missed = coding.encode_range(values, self.low, lookup, codes, misses)
        if missed:
            rows = misses[:missed]
            codes[rows] = self.table.codes(made.words[rows], made.kinds)[0]
            at = values[rows] - self.low
            inside = (at >= 0) & (at < len(lookup))
            lookup[at[inside]] = codes[rows][inside]
        return codes

    def _choose_range(self, values: np.ndarray) -> None:
        low, high = int(values.min()), int(values.max())
        margin = (high - low) // 4 + 64
        low, high = max(low - margin, INT64_MIN), min(high + margin, INT64_MAX)
        self.low = low
        self.lookup = np.full(high - low + 1 if high - low < WIDEST_RANGE else 0, -1, np.int32)
