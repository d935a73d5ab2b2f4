"""List columns: their items, how many each row has, and lists of other items for the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from gatherum.kernels.buffers import valid_mask
from gatherum.kernels.columns.column import Column, invalid_is_missing, invalid_metadata
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import parts, variant_of
from gatherum.types.values import BsonType


@dataclass(frozen=True, slots=True)
class Lists:
    """The arrays of a column: the items of all rows one behind the other, the number that each row has, and which
    rows have an array (None: all)."""

    items: Column
    lengths: np.ndarray
    valid: np.ndarray | None
    missing: bool

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.lengths)

    @property
    def owners(self) -> np.ndarray:
        """The row that each item belongs to."""
        return np.repeat(np.arange(self.rows), self.lengths)

    @property
    def starts(self) -> np.ndarray:
        """The position of each row's first item."""
        return np.cumsum(self.lengths) - self.lengths

    def column(self) -> Column:
        """The lists as a column."""
        return self.with_items(self.items, self.lengths)

    def with_items(self, items: Column, lengths: np.ndarray) -> Column:
        """Lists of other items, of which each row has so many; rows that have no array keep none."""
        offsets = np.zeros(self.rows + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return Column(list_array(offsets, items, self.valid), self.missing)

    def keep(self, chosen: np.ndarray) -> Column:
        """The lists with only the items that the mask chooses."""
        items = self.items.filter(pa.array(chosen))
        return self.with_items(items, counts(chosen, self.lengths))


def lists_of(column: Column) -> Lists:
    """The parts of a list column."""
    array = column.array
    valid = valid_mask(array)
    field = array.type.value_field
    offsets = array.offsets.to_numpy()
    lengths = np.diff(offsets).astype(np.int64)
    if valid is not None and lengths[~valid].any():
        lengths[~valid] = 0
        items = array.flatten()
    else:
        first, end = (int(offsets[0]), int(offsets[-1])) if len(array) else (0, 0)
        items = array.values.slice(first, end - first)
    return Lists(Column(items, invalid_is_missing(field)), lengths, valid, column.missing)


def list_array(offsets: np.ndarray, items: Column, valid: np.ndarray | None) -> pa.Array:
    """An array of lists; `offsets` has one more element than there are rows."""
    kind = pa.large_list(pa.field("item", items.array.type, metadata=invalid_metadata(items.missing)))
    mask = None if valid is None else pa.array(~valid)
    return pa.LargeListArray.from_arrays(pa.array(offsets), items.array, type=kind, mask=mask)


def counts(mask: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """How many of each row's items the mask chooses, where `lengths` says how many items each row has."""
    left_out = np.searchsorted(np.cumsum(lengths), np.flatnonzero(~mask), side="right")
    return lengths - np.bincount(left_out, minlength=len(lengths))


def ranges_mask(lists: Lists, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A mask of the items whose positions in their row's array are from `begin` up to but without `end`."""
    change = np.zeros(len(lists.items) + 1, np.int8)
    some = np.flatnonzero(begin < end)
    starts = lists.starts[some]
    change[starts + begin[some]] += 1
    change[starts + end[some]] -= 1
    return np.cumsum(change[:-1], dtype=np.int8).view(np.bool_)


def null_where_missing(column: Column) -> Column:
    """The column with null in the place of missing values, as arrays have it."""
    if not column.is_variant:
        return Column(column.array)
    types, _, _ = parts(column)
    if not (types == BsonType.MISSING).any():
        return column
    return variant_of([None if kind == BsonType.MISSING else value
                       for kind, value in zip(types.tolist(), values_of(column), strict=True)])
