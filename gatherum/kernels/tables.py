"""Hash tables over the kernels of `coding`: codes for pairs of words, and numbers for long strings."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels import coding, long_strings
from gatherum.kernels.direct import look_up_pairs
from gatherum.kernels.scratch import Scratch, grown, padded

WIDEST_RANGE: Final = 1 << 19
_NOTHING: Final = np.full(1, -1, np.int32)


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
