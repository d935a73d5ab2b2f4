"""Joining by equality: rows of one side found by the values of their keys, and the keys of both sides of a lookup."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from gatherum.kernels.coders import CompiledCoder, PlainCoder
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.fields import direct_column, may_hold, missing_to_null
from gatherum.kernels.unnesting import elements_of
from gatherum.plan.expressions import Path
from gatherum.rows.matching import values_at
from gatherum.types.values import MISSING, BsonType

Keys = tuple[Column, np.ndarray | None]
"""Keys, and the row that each belongs to, ascending (None: one key a row). Missing values are null."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Where the partners of keys are: key i has `counts[i]` of them, from `starts[i]` of `numbers` on."""

    numbers: np.ndarray
    starts: np.ndarray
    counts: np.ndarray
    owners: np.ndarray | None

    def totals(self, rows: int) -> np.ndarray:
        """How many partners each row has at most: one that several of its keys find counts several times."""
        if self.owners is None:
            return self.counts
        return np.bincount(self.owners, self.counts, rows).astype(np.int64)

    def of_rows(self, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """How many partners the rows `start` to `end` (not included) have, and which ones: ascending for each row."""
        first, last = (start, end) if self.owners is None else np.searchsorted(self.owners, [start, end]).tolist()
        counts = self.counts[first:last]
        if self.owners is None and counts.max(initial=0) <= 1:
            return counts, self.numbers[self.starts[first:last][counts > 0]]
        before = np.cumsum(counts) - counts
        numbers = self.numbers[np.repeat(self.starts[first:last] - before, counts) + np.arange(counts.sum())]
        if self.owners is None:
            return counts, numbers
        size = int(self.numbers.max()) + 1 if len(self.numbers) else 1
        pairs = np.unique(np.repeat(self.owners[first:last] - start, counts) * size + numbers)
        return np.bincount(pairs // size, minlength=end - start), pairs % size


class JoinIndex:
    """The numbers of rows by the values of their keys. It is built on one thread and asked by any number of them."""

    def __init__(self, compiled: bool) -> None:
        self.coder: CompiledCoder | PlainCoder = CompiledCoder() if compiled else PlainCoder()
        self.known = 0
        self._codes: list[np.ndarray] = []
        self._numbers: list[np.ndarray] = []
        self._starts = self._counts = _NONE
        self._sorted = np.empty(0, np.int64)
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """The bytes that it holds."""
        pairs = sum(codes.nbytes for codes in self._codes) + sum(numbers.nbytes for numbers in self._numbers)
        return self.coder.nbytes + pairs + self._starts.nbytes + self._counts.nbytes + self._sorted.nbytes

    def add(self, keys: Keys, first: int) -> None:
        """Takes in the keys of rows that are numbered from `first` on."""
        column, owners = keys
        self._codes.append(self.coder.encode(column))
        self._numbers.append((np.arange(len(column)) if owners is None else owners) + first)

    def complete(self) -> None:
        """Makes the index ready to be asked."""
        codes = np.concatenate([np.empty(0, np.int32), *self._codes])
        numbers = np.concatenate([np.empty(0, np.int64), *self._numbers])
        self._codes, self._numbers = [], []
        self.known = self.coder.size
        if len(codes) == self.known:                            # all keys differ: the codes are places in `numbers`
            self._sorted = numbers
            return
        in_order = (numbers[1:] >= numbers[:-1]).all()
        order = np.argsort(codes, kind="stable") if in_order else np.lexsort((numbers, codes))
        codes, numbers = codes[order], numbers[order]
        fresh = np.ones(len(codes), np.bool_)
        fresh[1:] = (codes[1:] != codes[:-1]) | (numbers[1:] != numbers[:-1])
        self._sorted = numbers[fresh]                           # code by code
        self._counts = np.append(np.bincount(codes[fresh], minlength=self.known), 0)
        self._starts = np.cumsum(self._counts) - self._counts

    def find(self, keys: Keys) -> Matches:
        """The partners of some keys."""
        column, owners = keys
        with self._lock:
            codes = self.coder.encode(column)
        if self._counts is _NONE:
            return Matches(self._sorted, codes, (codes < self.known).astype(np.int64), owners)
        known = np.minimum(codes, self.known)                   # behind the last one: no partners
        return Matches(self._sorted, self._starts[known], self._counts[known], owners)


_NONE: Final = np.zeros(0, np.int64)


def local_keys(batch: Batch, path: Path) -> Keys | None:
    """The values that rows look for: of an array its elements, null where there is none. None where arrays may be
    on the way."""
    column = direct_column(batch, path)
    if column is None:
        return None
    if not may_hold(column, BsonType.ARRAY):
        return missing_to_null(column), None
    elements = elements_of(column, keep_empty=True)
    part = elements.part(0, elements.total)
    return missing_to_null(part.values), part.rows


def foreign_keys(batch: Batch, path: Path) -> Iterator[Keys]:
    """The values by which rows are found: of an array itself and its elements."""
    column = direct_column(batch, path)
    if column is None:
        yield _by_meaning(batch, path)
        return
    yield missing_to_null(column), None
    if may_hold(column, BsonType.ARRAY):
        elements = elements_of(column, keep_empty=False)
        if elements.total:
            part = elements.part(0, elements.total)
            yield missing_to_null(part.values), part.rows


def _by_meaning(batch: Batch, path: Path) -> Keys:
    keys: list[Any] = []
    owners: list[int] = []
    rows = batch.with_columns({path[0]: batch.column(path[0])}).documents()
    for number, row in enumerate(rows):
        before = len(keys)
        for value in values_at(row, path):
            keys.append(None if value is MISSING else value)
            if type(value) is list:
                keys += value
        owners += [number] * (len(keys) - before)
    return column_of(keys), np.array(owners, np.int64)
