"""Batches as the record batches of one file, and back: the columns of all rows under one schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson
import pyarrow as pa

from gatherum.errors import SourceError
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import merge_orders
from gatherum.kernels.columns.column import Column, invalid_is_missing
from gatherum.kernels.columns.depth import is_deep
from gatherum.kernels.columns.files import file_field, from_file, is_column, to_file
from gatherum.kernels.columns.normalize import has_dictionary, with_words
from gatherum.kernels.columns.shapes import ANY_SHAPE, MISSING_SHAPE, Shape, shape_of, union

LAYOUT_KEY: Final = b"gatherum.layout"
LAYOUT_NAME: Final = "gatherum.layout"


@dataclass(frozen=True, slots=True)
class FileShape:
    """What the rows of a file have in common: the shapes of the columns, in the order of the columns; `rows` is how
    many there are. With `layouts`, a column says which keys the rows have that this order does not fit."""

    columns: tuple[tuple[str, Shape], ...] = ()
    rows: int = 0
    layouts: bool = False

    def joined(self, batch: Batch) -> FileShape:
        """The shape of these rows and those of a batch."""
        ours = dict(self.columns)
        theirs = {name: ANY_SHAPE if is_deep(column.array.type) else shape_of(column)
                  for name, column in batch.columns.items()}
        order = merge_orders([tuple(ours), batch.names]) if batch.layout is None else None
        names = order or tuple(dict.fromkeys([*ours, *batch.names]))
        return FileShape(tuple((name, self._joined(name, ours, theirs, batch)) for name in names),
                         self.rows + batch.rows, self.layouts or order is None)

    def _joined(self, name: str, ours: dict[str, Shape], theirs: dict[str, Shape], batch: Batch) -> Shape:
        if name not in ours:
            return union(MISSING_SHAPE, theirs[name]) if self.rows else theirs[name]
        if name not in theirs:
            return union(ours[name], MISSING_SHAPE) if batch.rows else ours[name]
        return union(ours[name], theirs[name])

    @property
    def _has_layout_column(self) -> bool:
        return self.layouts or (self.rows > 0 and not self.columns)

    def schema(self) -> pa.Schema:
        """The schema of the file."""
        fields = [file_field(name, shape) for name, shape in self.columns]
        if self._has_layout_column:
            name = LAYOUT_NAME
            while any(name == each for each, _ in self.columns):
                name += "_"
            fields.append(pa.field(name, pa.string(), metadata={LAYOUT_KEY: b"1"}))
        return pa.schema(fields)

    def record_batch(self, batch: Batch) -> pa.RecordBatch:
        """A batch whose shape was joined, under the schema of the file; LossError where the file cannot hold it."""
        arrays = [to_file(batch.column(name), shape, name) for name, shape in self.columns]
        if self._has_layout_column:
            arrays.append(self._layout(batch))
        schema = self.schema()
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _layout(self, batch: Batch) -> pa.Array:
        if batch.layout is not None:
            texts = pa.array([orjson.dumps(keys).decode() for keys in batch.layouts], pa.string())
            return texts.take(pa.array(batch.layout))
        following = iter([name for name, _ in self.columns])
        if self.columns and all(name in following for name in batch.names):
            return pa.nulls(batch.rows, pa.string())
        return pa.repeat(orjson.dumps(batch.names).decode(), batch.rows)


def check_names(names: Iterable[str], where: str) -> None:
    """SourceError where two columns have one name."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SourceError(f"{where} has two columns with the name {name!r}: a document can hold only one")
        seen.add(name)


def is_layout(field: pa.Field) -> bool:
    """Whether a column of a file says which keys the rows have."""
    return bool(field.metadata) and LAYOUT_KEY in field.metadata


class BatchReader:
    """Makes batches of the record batches of one schema, whoever wrote the file; of some of its columns, if `chosen`
    says which."""

    def __init__(self, schema: pa.Schema, chosen: Iterable[int] | None = None) -> None:
        self.schema = schema
        self._layout: int | None = None
        self._columns: list[tuple[int, str, Callable[[pa.Array], Column]]] = []
        for i in range(len(schema)) if chosen is None else chosen:
            field = schema.field(i)
            if is_layout(field):
                self._layout = i
            else:
                self._columns.append((i, field.name, _reader(field)))

    def batch(self, record_batch: pa.RecordBatch, ordinal: int = 0) -> Batch:
        """The rows of a record batch."""
        columns = {name: read(record_batch.column(i)) for i, name, read in self._columns}
        texts = None if self._layout is None else record_batch.column(self._layout)
        if texts is None or texts.null_count == len(texts):
            return Batch(columns, record_batch.num_rows, ordinal)
        coded = texts if isinstance(texts, pa.DictionaryArray) else texts.dictionary_encode()
        layouts = [tuple(name for name in orjson.loads(text) if name in columns)
                   for text in coded.dictionary.to_pylist()]
        layout = coded.indices.fill_null(len(layouts)).to_numpy().astype(np.int32)
        return Batch(columns, record_batch.num_rows, ordinal, layout, (*layouts, tuple(columns)))


def _reader(field: pa.Field) -> Callable[[pa.Array], Column]:
    """What makes columns of a field's arrays."""
    missing = invalid_is_missing(field)
    if not is_column(field):
        return lambda array: from_file(array, field)
    if has_dictionary(field.type):
        return lambda array: Column(with_words(array), missing)
    return lambda array: Column(array, missing)
