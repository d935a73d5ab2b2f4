"""Extremes of groups, for the values of one type."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.buffers import array_of, column_of_words
from gatherum.kernels.columns.column import Column
from gatherum.kernels.extremes import keep_greatest, keep_greatest_doubles, keep_strings
from gatherum.kernels.scratch import padded
from gatherum.kernels.tables import StringBuffers
from gatherum.kernels.totals import mark_groups
from gatherum.types.values import BsonType

WORDS: Final = (BsonType.INT, BsonType.LONG, BsonType.DOUBLE, BsonType.DATE)
_LEAST: Final = np.iinfo(np.int64).min


class TypeExtremes(ABC):
    """The extreme values of one type."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.found = np.zeros(0, np.uint8)
        self.known = 0

    def mark(self, slots: np.ndarray, chosen: np.ndarray, size: int) -> None:
        """Notes that the rows' groups have a value. Of groups below `known` that is known."""
        if self.known < size:
            mark_groups(slots, chosen, 1, self.found)
            without = np.flatnonzero(self.found[self.known:size] == 0)
            self.known = self.known + int(without[0]) if len(without) else size

    @abstractmethod
    def grow(self, size: int) -> None:
        """Makes room for so many groups."""

    @abstractmethod
    def column(self, groups: np.ndarray) -> Column:
        """The values of some groups; anything where a group has none."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """The bytes held."""


class WordExtremes(TypeExtremes):
    """Extremes of ints, longs, doubles or dates: the greatest rank of each group, all bits flipped where the least is
    looked for."""

    def __init__(self, kind: int, sign: int) -> None:
        super().__init__(sign)
        self.kind = kind
        self.best = np.zeros(0, np.int64)
        self.flip = 0 if sign > 0 else -1

    def grow(self, size: int) -> None:
        """As `TypeExtremes.grow`."""
        if size > len(self.best):
            self.best, self.found = padded(self.best, size, _LEAST), padded(self.found, size)

    def update(self, slots: np.ndarray, words: np.ndarray, chosen: np.ndarray, size: int) -> None:
        """Takes the words of the chosen rows in, as variant columns hold them."""
        if self.kind == BsonType.DOUBLE:
            keep_greatest_doubles(slots, words.view(np.float64), chosen, self.flip, self.best)
        else:
            keep_greatest(slots, words, chosen, self.flip, self.best)
        self.mark(slots, chosen, size)

    def column(self, groups: np.ndarray) -> Column:
        """As `TypeExtremes.column`."""
        ranks = self.best[groups] ^ self.flip
        if self.kind != BsonType.DOUBLE:
            return column_of_words(self.kind, ranks.view(np.uint64))
        zeros = (ranks == 0) | (ranks == -1)
        ranks = np.where(zeros & (self.sign > 0), ~ranks, ranks)
        doubles = (ranks ^ ((ranks >> 63) & np.iinfo(np.int64).max)).view(np.float64)
        return Column(array_of(np.where(ranks == _LEAST, np.nan, doubles)))

    @property
    def nbytes(self) -> int:
        """As `TypeExtremes.nbytes`."""
        return self.best.nbytes + self.found.nbytes


class StringExtremes(TypeExtremes):
    """Extremes of strings: group g's is lengths[g] bytes at begins[g] of the arena."""

    def __init__(self, sign: int) -> None:
        super().__init__(sign)
        self.begins = np.zeros(0, np.int64)
        self.lengths = np.zeros(0, np.int64)
        self.arena = np.empty(1024, np.uint8)
        self.used = np.zeros(1, np.int64)

    def grow(self, size: int) -> None:
        """As `TypeExtremes.grow`."""
        if size > len(self.lengths):
            self.begins, self.lengths = padded(self.begins, size), padded(self.lengths, size, -1)
            self.found = padded(self.found, size)

    def update(self, slots: np.ndarray, array: pa.Array, chosen: np.ndarray, size: int) -> None:
        """Takes the chosen ones of an array's strings in."""
        strings = StringBuffers(array)
        row = 0
        while True:
            row = keep_strings(slots, strings.narrow, strings.wide, strings.data, chosen, row, self.sign,
                               self.arena.ctypes.data, len(self.arena), self.begins, self.lengths, self.used)
            if row == len(slots):
                break
            self._make_room(int(strings.size_of(np.array([row]))))
        self.mark(slots, chosen, size)

    def _make_room(self, size: int) -> None:
        """Moves the strings that are still needed into a new arena, which has room for one more of that size and for as
        many again."""
        held = np.flatnonzero(self.lengths >= 0)
        begins, lengths = self.begins[held], self.lengths[held]
        live = int(lengths.sum())
        ends = np.cumsum(lengths)
        source = np.repeat(begins - (ends - lengths), lengths) + np.arange(live)
        arena = np.empty(max(2 * (live + size), 1024), np.uint8)
        arena[:live] = self.arena[source]
        self.begins[held], self.arena, self.used[0] = ends - lengths, arena, live

    def column(self, groups: np.ndarray) -> Column:
        """As `TypeExtremes.column`."""
        lengths = np.maximum(self.lengths[groups], 0)
        offsets = np.zeros(len(groups) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        data = self.arena[np.repeat(self.begins[groups] - offsets[:-1], lengths) + np.arange(offsets[-1])]
        array = pa.Array.from_buffers(pa.large_string(), len(groups), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
        return Column(array if offsets[-1] >> 31 else array.cast(pa.string()))

    @property
    def nbytes(self) -> int:
        """As `TypeExtremes.nbytes`."""
        return self.arena.nbytes + self.begins.nbytes + self.lengths.nbytes + self.found.nbytes
