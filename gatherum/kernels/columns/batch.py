"""A batch: some rows as columns, with the ordinal of the first and the order of each row's keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gatherum.errors import OperatorError, depth_limited
from gatherum.kernels.columns.build import common_order, document_columns
from gatherum.kernels.columns.column import Column, concat, missing_column
from gatherum.kernels.columns.filtering import FilteredColumns
from gatherum.kernels.columns.normalize import compact
from gatherum.kernels.columns.read import documents_of_columns
from gatherum.kernels.columns.types import COLUMN_TYPES
from gatherum.plan.protocols import BATCH_ROWS
from gatherum.runtime.settings import MAX_MORSEL_ROWS
from gatherum.types.values import TYPE_NAMES, Document

MAX_ROWS: Final = MAX_MORSEL_ROWS
PARTITION_SHIFT: Final = 48
MORSEL_SHIFT: Final = 32


def first_ordinal(partition: int, morsel: int) -> int:
    """The ordinal of the first row of a morsel: rows of lower partitions and morsels have lower ones."""
    return (partition << PARTITION_SHIFT) + (morsel << MORSEL_SHIFT)


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to `MAX_ROWS` rows. Row i has the ordinal `ordinal` + i.

    The keys of a row come in the order of `columns`, but where `layouts` is given: then row i has the keys of
    `layouts[layout[i]]`, in that order.
    """

    columns: Mapping[str, Column]
    rows: int
    ordinal: int = 0
    layout: np.ndarray | None = None
    layouts: tuple[tuple[str, ...], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; all missing where there is none."""
        found = self.columns.get(name)
        return missing_column(self.rows) if found is None else found

    def with_columns(self, columns: Mapping[str, Column]) -> Batch:
        """The same rows with other columns, in their order."""
        return Batch(columns, self.rows, self.ordinal)

    def numbered(self, ordinal: int) -> Batch:
        """The same rows, the first of which has this ordinal."""
        return Batch(self.columns, self.rows, ordinal, self.layout, self.layouts)

    def slice(self, start: int, length: int) -> Batch:
        """Some of the rows, without copying."""
        length = min(length, self.rows - start)
        return replace(self, columns={n: c.slice(start, length) for n, c in self.columns.items()}, rows=length,
                       ordinal=self.ordinal + start,
                       layout=None if self.layout is None else self.layout[start:start + length])

    def filter(self, mask: pa.BooleanArray) -> Batch:
        """The rows where the mask is true; they are numbered anew from this batch's ordinal. Their columns are made
        when they are asked for."""
        rows = mask.true_count
        if rows == self.rows:
            return self
        chosen = mask.to_numpy(zero_copy_only=False) if self.layout is not None else None
        return replace(self, columns=FilteredColumns(self.columns, mask), rows=rows,
                       layout=None if self.layout is None else self.layout[chosen])

    def settled(self) -> Batch:
        """The same rows, with all columns made."""
        return replace(self, columns=dict(self.columns))

    def compact(self) -> Batch:
        """The same rows, with no more of their dictionaries than they need: a few rows may have that of many."""
        return replace(self, columns={name: Column(compact(column.array), column.missing)
                                      for name, column in self.columns.items()})

    def take(self, indices: np.ndarray) -> Batch:
        """The rows at some positions, in that order; numbered anew from this batch's ordinal."""
        return replace(self, columns={n: c.take(indices) for n, c in self.columns.items()}, rows=len(indices),
                       layout=None if self.layout is None else self.layout[indices])

    def documents(self) -> list[Document]:
        """The rows as documents with BSON values; LossError where BSON cannot hold a value."""
        with depth_limited(OperatorError, "a document"):
            documents = documents_of_columns(self.columns, self.rows)
        if self.layout is None:
            return documents
        return [{name: document[name] for name in self.layouts[number] if name in document}
                for number, document in zip(self.layout.tolist(), documents, strict=True)]

    def lists_of_documents(self) -> Iterator[list[Document]]:
        """As `documents`, but few of them at once: they take several times the memory of columns."""
        for start in range(0, self.rows, BATCH_ROWS):
            yield self.slice(start, BATCH_ROWS).documents()

    @property
    def nbytes(self) -> int:
        """The bytes that the columns' buffers take."""
        return sum(column.array.nbytes for column in self.columns.values())

    def record_batch(self) -> pa.RecordBatch:
        """The columns as an Arrow record batch; the order of keys of single rows is not in it."""
        fields = [column.field(name) for name, column in self.columns.items()]
        return pa.RecordBatch.from_arrays([column.array for column in self.columns.values()],
                                          schema=pa.schema(fields)) if fields else \
            pa.RecordBatch.from_struct_array(pa.array([{}] * self.rows, pa.struct([])))


def batch_of(documents: Sequence[Document], ordinal: int = 0, names: Sequence[str] | None = None) -> Batch:
    """A batch of documents; only the fields `names`, in that order, where they are given."""
    documents = list(documents)
    if names is not None:
        return Batch(document_columns(documents, names), len(documents), ordinal)
    order = common_order(documents)
    if order is not None:
        return Batch(document_columns(documents, order), len(documents), ordinal)
    numbers: dict[tuple[str, ...], int] = {}
    layout = np.array([numbers.setdefault(tuple(document), len(numbers)) for document in documents], np.int32)
    every = dict.fromkeys(name for keys in numbers for name in keys)
    return Batch(document_columns(documents, tuple(every)), len(documents), ordinal, layout, tuple(numbers))


def batch_without_rows(types: Mapping[str, str | None]) -> Batch:
    """A batch of no rows with columns of these types, MongoDB's aliases; of those without one of their own, null.

    >>> batch_without_rows({"a": "int", "b": None}).record_batch().schema.types
    [DataType(int32), DataType(null)]
    """
    known = {TYPE_NAMES[bson]: kind for bson, kind in COLUMN_TYPES.items()}
    empty = {name: pa.array([], pa.null() if alias is None else known.get(alias, pa.null()))
             for name, alias in types.items()}
    return Batch({name: Column(array) for name, array in empty.items()}, 0)


def concat_batches(batches: Sequence[Batch]) -> Batch:
    """The rows of several batches as one, numbered from the first one's ordinal."""
    if len(batches) == 1:
        return batches[0]
    rows = sum(batch.rows for batch in batches)
    orders = [batch.layouts if batch.layout is not None else (batch.names,) for batch in batches]
    if all(batch.layout is None and batch.names == batches[0].names for batch in batches):
        names, layout, layouts = batches[0].names, None, ()
    else:
        names, layout, layouts = _joined_order(batches, orders)
    columns = {name: concat([batch.column(name) for batch in batches]) for name in names}
    return Batch(columns, rows, batches[0].ordinal, layout, layouts)


def _joined_order(batches: Sequence[Batch], orders: Sequence[tuple[tuple[str, ...], ...]]) -> Any:
    from gatherum.kernels.columns.build import merge_orders

    numbers = {keys: number for number, keys in enumerate(dict.fromkeys(keys for some in orders for keys in some))}
    merged = merge_orders(tuple(numbers)) if all(batch.layout is None for batch in batches) else None
    if merged is not None:
        return merged, None, ()
    layout = np.concatenate([
        np.full(batch.rows, numbers[batch.names], np.int32) if batch.layout is None else
        np.array([numbers[keys] for keys in batch.layouts], np.int32)[batch.layout] for batch in batches])
    every = tuple(dict.fromkeys(name for keys in numbers for name in keys))
    return every, layout, tuple(numbers)
