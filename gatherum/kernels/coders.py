"""Coders: they give the values of a key column small integers, equal exactly where the values are equal.

`PlainCoder` asks the meaning of equality in Python; `CompiledCoder` brings every value to words first, in kernels where
it can, and looks these up in hash tables. Both give codes in the order of first appearance.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.column import CodedColumn, Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.direct import look_up
from gatherum.kernels.kinds import is_strings
from gatherum.kernels.range_table import RangeTable
from gatherum.kernels.scratch import Scratch
from gatherum.kernels.tables import WordTable
from gatherum.kernels.words import INTEGER_WORD, WordMaker
from gatherum.types.order import group_key


class Coder(Protocol):
    """What all coders do."""

    @property
    def size(self) -> int:
        """How many distinct values have been seen."""
        ...

    def encode(self, column: Column, room: np.ndarray | None = None) -> np.ndarray:
        """The codes (int32) of a column's values, in `room` if that is given; `size` grows by the values not seen
        before."""
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
        """As `Coder.size`."""
        return len(self.codes)

    def encode(self, column: Column, room: np.ndarray | None = None) -> np.ndarray:
        """As `Coder.encode`."""
        codes = self.codes
        found = [codes.setdefault(group_key(value), len(codes)) for value in values_of(column)]
        if room is None:
            return np.array(found, np.int32)
        room[:] = found
        return room

    @property
    def nbytes(self) -> int:
        """An estimate of the dictionary's bytes."""
        return 200 * len(self.codes)


class PairCoder(Protocol):
    """What gives codes to pairs of codes."""

    @property
    def size(self) -> int:
        """How many distinct pairs have been seen."""
        ...

    def encode(self, first: np.ndarray, second: np.ndarray, first_size: int, second_size: int) -> np.ndarray:
        """The codes (int32) of the pairs; the sizes say how many codes of either there are."""
        ...

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        ...


class PlainPairs:
    """Codes for pairs by a Python dictionary."""

    def __init__(self) -> None:
        self.codes: dict[tuple[int, int], int] = {}

    @property
    def size(self) -> int:
        """As `PairCoder.size`."""
        return len(self.codes)

    def encode(self, first: np.ndarray, second: np.ndarray, first_size: int, second_size: int) -> np.ndarray:
        """As `PairCoder.encode`."""
        codes = self.codes
        pairs = zip(first.tolist(), second.tolist(), strict=True)
        return np.array([codes.setdefault(pair, len(codes)) for pair in pairs], np.int32)

    @property
    def nbytes(self) -> int:
        """An estimate of the dictionary's bytes."""
        return 200 * len(self.codes)


class CompiledCoder:
    """Codes by kernels: by direct index for integers of a small range and for dictionaries, else by hash.

    An `exact` coder tells values apart that are equal but written differently, such as 1 and 1.0.
    """

    def __init__(self, exact: bool = False) -> None:
        self.table = WordTable()
        self.range = RangeTable(self.table)
        self.maker = WordMaker(exact)
        self.scratch = Scratch()
        self._dictionary: Column | None = None
        self._known = np.empty(0, np.int32)

    @property
    def size(self) -> int:
        """As `Coder.size`."""
        return self.table.size

    @property
    def nbytes(self) -> int:
        """The bytes of all tables."""
        return self.table.nbytes + self.range.nbytes + self.maker.nbytes + self.scratch.nbytes + self._known.nbytes

    def encode(self, column: Column, room: np.ndarray | None = None) -> np.ndarray:
        """As `Coder.encode`."""
        codes = np.empty(len(column), np.int32) if room is None else room
        if isinstance(column, CodedColumn):
            return self._of_words(column.values, column.codes, codes)
        if isinstance(column.array.type, pa.DictionaryType):
            return self._of_dictionary(column, codes)
        if self.maker.encode_short(column, self.table, codes):
            return codes
        made = self.maker.words(column)
        if made.integers:
            return self.range.encode(made.low, made.high, INTEGER_WORD, codes, self.scratch)
        return self.table.encode(made.low, made.high, codes)

    def _of_dictionary(self, column: Column, codes: np.ndarray) -> np.ndarray:
        values, indices = Column(column.array.dictionary, column.missing), column.array.indices
        if indices.type != pa.int32():
            indices = indices.cast(pa.int32())
        at = (indices.fill_null(len(values)) if indices.null_count else indices).to_numpy()
        return self._of_words(values, at, codes)

    def _of_words(self, values: Column, at: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Codes by those of a dictionary (behind its last one: invalid); the values are looked at where one of them
        appears for the first time."""
        if self._dictionary is None or not _alike(values, self._dictionary, len(at)):
            self._dictionary = values
            self._known = np.full(len(values) + 1, -1, np.int32)
        fresh = np.empty(len(self._known), np.int64)
        if count := look_up(at, self._known, codes, fresh):
            words = fresh[:count]                               # those that occur, for a code is a group
            self._known[words] = self.encode(values.take(pa.array(words, mask=words == len(values))))
            look_up(at, self._known, codes, fresh)
        return codes


def _alike(a: Column, b: Column, rows: int) -> bool:
    """True where two dictionaries are surely the same; strings and variant values are compared, where
    they are not many for these rows."""
    if _same(a, b):
        return True
    return len(a) <= rows and (a.is_variant or is_strings(a.array.type)) and a.missing == b.missing and \
        a.array.equals(b.array)


def _same(a: Column, b: Column) -> bool:
    """True where two columns are the same memory."""
    x, y = a.array, b.array
    if a.missing != b.missing or x.type != y.type or len(x) != len(y) or x.offset != y.offset:
        return False
    return [part and part.address for part in x.buffers()] == [part and part.address for part in y.buffers()]
