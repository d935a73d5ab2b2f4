"""Arrays taken apart into rows: which row each element belongs to, at which position, and the elements as a column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from gatherum.kernels.assemble import join
from gatherum.kernels.buffers import array_of, valid_mask
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, missing_column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.kinds import is_list
from gatherum.kernels.lists import lists_of
from gatherum.types.values import MISSING, Value, is_nullish


@dataclass(frozen=True, slots=True)
class Elements:
    """The elements of a column's values: row i has `counts[i]`, from `starts[i]` of `items` on. A value that is no
    array is its own only element; `arrays` tells where there is one with elements."""

    items: Column
    starts: np.ndarray
    counts: np.ndarray
    arrays: np.ndarray
    ends: np.ndarray

    @property
    def total(self) -> int:
        """How many elements there are in all."""
        return int(self.ends[-1]) if len(self.ends) else 0

    def part(self, start: int, end: int) -> Part:
        """The elements `start` to `end` (not included) of all; at least one."""
        first, last = np.searchsorted(self.ends, [start, end - 1], side="right").tolist()
        counts, starts = self.counts[first:last + 1].copy(), self.starts[first:last + 1].copy()
        counts[-1] -= self.ends[last] - end
        before = start - (self.ends[first] - self.counts[first])
        counts[0] -= before
        starts[0] += before
        rows = np.repeat(np.arange(first, last + 1, dtype=np.int32), counts)
        if _adjoin(starts, counts):
            return Part(self, start, rows, self.items.slice(int(starts[0]), end - start))
        at = starts - (np.cumsum(counts) - counts)
        return Part(self, start, rows, self.items.take(at[rows - first] + np.arange(end - start)))


def _adjoin(starts: np.ndarray, counts: np.ndarray) -> bool:
    """Whether the elements of the rows lie one behind the other; the first row has some."""
    if not counts.all():
        there = counts > 0
        starts, counts = starts[there], counts[there]
    return bool((starts[1:] == starts[:-1] + counts[:-1]).all())


@dataclass(frozen=True, slots=True)
class Part:
    """Some of all elements, from the one numbered `start` on: the row and the value of each."""

    elements: Elements
    start: int
    rows: np.ndarray
    values: Column

    def position_column(self) -> Column:
        """The positions as longs; null for values that were no arrays."""
        elements, rows = self.elements, self.rows
        begins = elements.ends - elements.counts
        positions = np.arange(self.start, self.start + len(rows)) - begins[rows]
        arrays = elements.arrays[rows]
        return Column(array_of(positions, None if arrays.all() else arrays))


def elements_of(column: Column, keep_empty: bool) -> Elements:
    """The elements of a column's values. Null, missing and empty arrays have none, or, with `keep_empty`, count as one
    element: null, missing, and missing for the empty array."""
    if is_list(column.array.type):
        return _of_lists(column, keep_empty)
    if column.is_variant or (pa.types.is_nested(column.array.type) and not pa.types.is_struct(column.array.type)):
        return _of_values(values_of(column), keep_empty)
    rows = len(column)
    valid = valid_mask(column.array)
    counts = np.ones(rows, np.int64) if keep_empty or valid is None else valid.astype(np.int64)
    return Elements(column, np.arange(rows), counts, np.zeros(rows, np.bool_), np.cumsum(counts))


def _of_lists(column: Column, keep_empty: bool) -> Elements:
    lists = lists_of(column)
    items, starts, counts = lists.items, lists.starts, lists.lengths
    arrays = counts > 0
    if keep_empty and not arrays.all():
        is_array = np.ones(lists.rows, np.bool_) if lists.valid is None else lists.valid
        is_null = ~is_array & (not lists.missing)
        starts = np.where(arrays, starts, np.where(is_null, len(items) + 1, len(items)))
        counts = np.where(arrays, counts, 1)
        items = join([items, missing_column(1), Column(pa.nulls(1))] if is_null.any() else [items, missing_column(1)])
    return Elements(items, starts, counts, arrays, np.cumsum(counts))


def _of_values(values: list[Value], keep_empty: bool) -> Elements:
    items: list[Value] = []
    counts = np.empty(len(values), np.int64)
    arrays = np.zeros(len(values), np.bool_)
    for row, value in enumerate(values):
        before = len(items)
        if type(value) is list and value:
            items += value
            arrays[row] = True
        elif keep_empty:
            items.append(MISSING if type(value) is list else value)
        elif type(value) is not list and not is_nullish(value):
            items.append(value)
        counts[row] = len(items) - before
    ends = np.cumsum(counts)
    return Elements(column_of(items), ends - counts, counts, arrays, ends)
