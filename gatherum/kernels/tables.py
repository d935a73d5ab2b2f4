"""Hash tables over the kernels of `coding`: codes for pairs of words, and numbers for long strings."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels import coding, long_strings
from gatherum.kernels.direct import UNKNOWN, IntegerKernels, look_up_pairs
from gatherum.kernels.scratch import Scratch, grown, padded
from gatherum.types.values import INT64_MAX, INT64_MIN

WIDEST_RANGE: Final = 1 << 19
MANY: Final = 4
"""A range that a MANY-th of the rows miss is chosen anew."""
SAMPLE: Final = 1024
"""The first range is that of so many rows, from all parts of the first batch."""


class WordTable:
    """Codes for pairs of words, in the order of first appearance. Words that are `appended` are hashed when others
    are looked up for the first time."""

    def __init__(self) -> None:
        self.slots = np.zeros(4 * coding.BLOCK, np.uint64)
        self.keys = np.full(len(self.slots) + 2, np.uint64(0xFFFFFFFFFFFFFFFF))
        self.used = np.array([0, _shift(self.slots)])
        self._all_placed = True

    @property
    def size(self) -> int:
        """How many distinct pairs have been seen."""
        return int(self.used[0])

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays."""
        return self.slots.nbytes + self.keys.nbytes

    def encode(self, low: np.ndarray, high: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Writes the codes of the pairs (low[i], high[i]) into `codes` and returns it; `high` may hold one word for
        all rows."""
        self._place()
        at = 0
        while (at := coding.encode_words(low, high, at, self.slots, self.keys, self.used, codes)) < len(low):
            self._grow()
        return codes

    def encode_strings(self, strings: StringBuffers, kind: np.uint64, valid: np.ndarray, invalid: np.uint64,
                       codes: np.ndarray) -> bool:
        """As `encode` for the words of strings, see `coding.pack_strings`; False where there is one that is too
        long for words."""
        self._place()
        at, rows = 0, len(codes)
        while True:
            reached = coding.encode_strings(strings.narrow, strings.wide, strings.data, strings.limit, kind, valid,
                                            invalid, at, self.slots, self.keys, self.used, codes)
            if reached == rows:
                return True
            if self._has_room():
                return False
            at = reached
            self._grow()

    def room(self, count: int) -> np.ndarray:
        """The keys, with room for so many more."""
        size = 2 * (self.size + count) + 2
        if len(self.keys) < size:
            self.keys = grown(self.keys, size)
        return self.keys

    def appended(self, count: int) -> None:
        """Takes in words that were not in the table, each of them once: the next ones of `room`."""
        self.used[0] += count
        self._all_placed = False

    def _place(self) -> None:
        """Hashes what was appended."""
        if not self._all_placed:
            self._rebuild(max(len(self.slots), 1 << (2 * (self.size + coding.BLOCK) - 1).bit_length()))

    def _has_room(self) -> bool:
        return 2 * (self.size + coding.BLOCK) <= len(self.slots)

    def _grow(self) -> None:
        self._rebuild(2 * len(self.slots))

    def _rebuild(self, slots: int) -> None:
        self.slots = np.zeros(slots, np.uint64)
        if len(self.keys) < slots + 2:
            self.keys = grown(self.keys, slots + 2)
        self.used[1] = _shift(self.slots)
        coding.place_words(self.keys, self.used, self.slots)
        self._all_placed = True


def _shift(slots: np.ndarray) -> int:
    return 65 - len(slots).bit_length()


class RangeTable:
    """Codes of integers by direct index, in front of a word table that knows them all.

    The range is chosen from the integers seen, and given up where it would be wide.
    """

    def __init__(self, table: WordTable) -> None:
        self.table = table
        self.lowest = 0
        self.lookup = _NOTHING
        self.wide = False
        self._indexed = 0

    @property
    def nbytes(self) -> int:
        """The bytes of the index."""
        return self.lookup.nbytes

    def encode(self, values: np.ndarray, high: np.ndarray, kind: np.uint64, codes: np.ndarray,
               scratch: Scratch) -> np.ndarray:
        """As `WordTable.encode`, with first words that are int32 or int64; the rows with `kind` in `high` are
        integers."""
        if self.lookup is _NOTHING and not self.wide:
            step = -(-len(values) // SAMPLE) or 1
            self._widen(_integers(values[::step], high[::step] if len(high) == len(values) else high, kind))
        if self.wide:
            return self.table.encode(_words(values, scratch), high, codes)
        fresh = scratch.array("fresh", np.int64, len(values))
        listed = IntegerKernels.of(values).look_up(values, high, kind, self.lowest, self.lookup, codes, fresh)
        if not listed or self._learn_in_order(values, high, kind, codes, fresh[:listed]):
            return codes
        if self._learn(values, high, kind, codes, fresh[:listed]):
            return codes
        return self.encode(values, high, kind, codes, scratch)

    def _learn_in_order(self, values: np.ndarray, high: np.ndarray, kind: np.uint64, codes: np.ndarray,
                        rows: np.ndarray) -> bool:
        """Gives the rows the next codes, where there are only integers of the range, and always were."""
        if self._indexed < self.table.size or (len(high) == len(values) and (high[rows] != kind).any()):
            return False
        done = IntegerKernels.of(values).learn_in_order(values, kind, self.lowest, self.lookup, rows, self.table.size,
                                                        self.table.room(len(rows)), codes)
        if done:
            self.table.appended(len(rows))
            self._indexed += len(rows)
        return done

    def _learn(self, values: np.ndarray, high: np.ndarray, kind: np.uint64, codes: np.ndarray,
               rows: np.ndarray) -> bool:
        """Gives the rows the codes that the table has for them; False where it chose a new range instead."""
        missed, some = values[rows].astype(np.int64), high[rows] if len(high) == len(values) else high
        whole = _integers(missed, some, kind)
        inside = self._inside(whole)
        learnt = int(np.count_nonzero(inside))
        if MANY * (len(whole) - learnt) > len(values):
            self.lookup[whole[inside] - self.lowest] = UNKNOWN
            self._widen(whole[~inside])
            return False
        found = self.table.encode(missed.view(np.uint64), some, np.empty(len(rows), np.int32))
        IntegerKernels.of(values).learn(values, high, kind, self.lowest, self.lookup, rows, found, codes)
        self._indexed += learnt
        return True

    def _inside(self, values: np.ndarray) -> np.ndarray:
        return values.view(np.uint64) - np.array(self.lowest).view(np.uint64) < len(self.lookup) - 1

    def _widen(self, values: np.ndarray) -> None:
        """Makes the range hold these integers too, with a margin."""
        if not len(values):
            return
        low, high, known = int(values.min()), int(values.max()), len(self.lookup) - 1
        if known:
            low, high = min(low, self.lowest), max(high, self.lowest + known - 1)
        margin = (high - low) // 4 + 64
        low, high = max(low - margin, INT64_MIN), min(high + margin, INT64_MAX)
        self.wide = high - low >= WIDEST_RANGE
        lookup = _NOTHING if self.wide else np.full(high - low + 2, -1, np.int32)
        if not self.wide and known:
            lookup[self.lowest - low:][:known] = self.lookup[:known]
        self.lowest, self.lookup = low, lookup


def _integers(values: np.ndarray, high: np.ndarray, kind: np.uint64) -> np.ndarray:
    """Those of some first words that are integers; `high` may hold one word for all."""
    return values[high == kind] if len(high) == len(values) else values


def _words(values: np.ndarray, scratch: Scratch) -> np.ndarray:
    """Integers as words of 64 bits."""
    if values.dtype == np.int64:
        return values.view(np.uint64)
    words = scratch.array("words", np.int64, len(values))
    words[:] = values
    return words.view(np.uint64)


_NOTHING: Final = np.full(1, -1, np.int32)


class PairTable:
    """Codes for pairs of codes, in the order of first appearance: by direct index where there are few."""

    def __init__(self) -> None:
        self.table = WordTable()
        self.width = 0
        self.lookup = _NOTHING
        self.scratch = Scratch()

    @property
    def size(self) -> int:
        """How many distinct pairs have been seen."""
        return self.table.size

    @property
    def nbytes(self) -> int:
        """The bytes of all arrays."""
        return self.table.nbytes + self.lookup.nbytes + self.scratch.nbytes

    def encode(self, first: np.ndarray, second: np.ndarray, first_size: int, second_size: int) -> np.ndarray:
        """The codes of the pairs; the sizes say how many codes of either there are. Valid until the next call."""
        rows = len(first)
        codes = self.scratch.array("codes", np.int32, rows)
        if second_size > self.width:
            self.width, self.lookup = 2 * second_size, _NOTHING
        if first_size * self.width > WIDEST_RANGE:
            return self.table.encode(_joined(first, second), _NO_WORD, codes)
        if first_size * self.width >= len(self.lookup):
            self.lookup = padded(self.lookup, first_size * self.width + 1, -1)
        fresh = self.scratch.array("fresh", np.int64, rows)
        if count := look_up_pairs(first, second, self.width, self.lookup, codes, fresh):
            some = fresh[:count]
            one, two = first[some].astype(np.int64), second[some]
            found = self.table.encode(_joined(one, two), _NO_WORD, np.empty(count, np.int32))
            self.lookup[one * self.width + two] = found
            look_up_pairs(first, second, self.width, self.lookup, codes, fresh)
        return codes


_NO_WORD: Final = np.zeros(1, np.uint64)


def _joined(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first.astype(np.uint64) << np.uint64(32)) | second.astype(np.uint64)


class StringTable:
    """Numbers for byte strings that are too long for words, in the order of first appearance."""

    def __init__(self) -> None:
        self.slots = np.zeros(4 * coding.BLOCK, np.int32)
        self.hashes = np.empty(64, np.uint64)
        self.starts = np.zeros(65, np.int64)
        self.arena = np.empty(1024, np.uint8)
        self.used = np.array([0, _shift(self.slots)])

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays."""
        return self.slots.nbytes + self.hashes.nbytes + self.starts.nbytes + self.arena.nbytes

    def number(self, strings: StringBuffers, rows: np.ndarray, low: np.ndarray) -> None:
        """Writes the number of each of the strings `rows` to its place in `low`."""
        self._make_room(len(rows), strings.size_of(rows))
        long_strings.number_strings(strings.narrow, strings.wide, strings.data, rows, self.slots, self.hashes,
                                    self.starts, self.arena.ctypes.data, self.used, low)

    def _make_room(self, rows: int, size: int) -> None:
        most = int(self.used[0]) + rows
        end = int(self.starts[self.used[0]]) + size
        if most > len(self.hashes):
            self.hashes = grown(self.hashes, most)
            self.starts = grown(self.starts, most + 1)
        if end > len(self.arena):
            self.arena = grown(self.arena, end)
        if 2 * most > len(self.slots):
            self.slots = np.zeros(1 << (2 * most - 1).bit_length(), np.int32)
            self.used[1] = _shift(self.slots)
            long_strings.place_strings(self.hashes, self.used, self.slots)


class StringBuffers:
    """The buffers of an Arrow string or binary array, for kernels: offsets in `narrow` or `wide`, and the addresses
    of the data and of their end."""

    __slots__ = ("data", "limit", "narrow", "rows", "wide")

    def __init__(self, array: pa.Array) -> None:
        _, offsets, data = array.buffers()
        large = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
        self.rows = len(array)
        kind = np.int64 if large else np.int32
        if offsets is None or not self.rows:
            found = np.zeros(1, kind)
        else:
            found = np.frombuffer(offsets, kind, self.rows + 1, array.offset * np.dtype(kind).itemsize)
        self.narrow = _NO_NARROW if large else found
        self.wide = found if large else _NO_WIDE
        self.data = data.address if data else 0
        self.limit = self.data + (data.size if data else 0)

    @property
    def offsets(self) -> np.ndarray:
        """The offsets as they are."""
        return self.narrow if len(self.narrow) else self.wide

    def size_of(self, rows: np.ndarray) -> int:
        """The bytes of the strings `rows`."""
        offsets = self.offsets
        return int((offsets[rows + 1].astype(np.int64) - offsets[rows]).sum())


_NO_NARROW: Final = np.empty(0, np.int32)
_NO_WIDE: Final = np.empty(0, np.int64)
