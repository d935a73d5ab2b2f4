"""Arrow objects and frames in memory as a source: what has `__arrow_c_stream__` or `__arrow_c_array__`.

Tables and frames (pandas, polars, relations of DuckDB) can be read any number of times, by several threads, without
copying what Arrow lays out as it is; a relation is computed once. Readers of record batches are read once, piece by
piece. The index of a pandas frame, named or not, is no field, as in polars and DuckDB: `reset_index` makes it one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from gatherum.errors import LossError, SourceError
from gatherum.plan.expressions import Path
from gatherum.plan.protocols import Coverage, Request, Statistics
from gatherum.runtime.settings import MAX_MORSEL_ROWS

if TYPE_CHECKING:
    import pyarrow as pa

    from gatherum.sources.columnar.partition import ColumnPartition

PARTITION_ROWS: Final = 1 << 18
PARTITIONS: Final = 16
"""A table of more rows has larger partitions, up to what a batch may hold."""


class ArrowSource:
    """The rows of an Arrow object or a frame."""

    accepts = frozenset({"fields", "limit"})
    columnar = True

    def __init__(self, given: Any, name: str = "rows", *, coverage: Coverage | None = None) -> None:
        self.name = name
        self._given = _Given(given, name)
        self._coverage = Coverage() if coverage is None else coverage

    def opened(self, coverage: Coverage) -> ArrowSource:
        """The same source, which notes in `coverage` what is read of it."""
        source = ArrowSource.__new__(ArrowSource)
        source.name, source._given, source._coverage = self.name, self._given, coverage
        return source

    def schema(self) -> dict[str, str] | None:
        """The types of the columns."""
        from gatherum.sources.columnar.partition import aliases

        return aliases(self._given.schema)

    def statistics(self) -> Statistics:
        """The rows and bytes of a table; nothing is known of a reader."""
        table = self._given.table
        return Statistics() if table is None else Statistics(table.num_rows, table.nbytes)

    def beyond_documents(self, fields: tuple[Path, ...] | None) -> str:
        """What the columns needed of a table have that documents would lose: types that they do not keep, or values
        that none can hold, for which all are looked at; "" where there is nothing."""
        from gatherum.kernels.columns.file_batches import BatchReader
        from gatherum.kernels.columns.loss import check_bson
        from gatherum.sources.columnar.partition import needed_columns

        table = self._given.table
        if table is None:
            return ""
        needed = needed_columns(table.schema, fields)
        kept = next((kind for kind in (table.schema.field(i).type for i in needed) if _only_in_columns(kind)), None)
        if kept is not None:
            return f"a column of the type {kept}, which documents do not keep"
        reader = BatchReader(table.schema, needed)
        try:
            for batch in map(reader.batch, table.to_batches()):
                for name, column in batch.columns.items():
                    check_bson(column, name)
        except LossError:
            return "values that no document can hold"
        return ""

    def partitions(self, request: Request) -> Sequence[ColumnPartition]:
        """Ranges of a table's rows; a reader is undivided."""
        from gatherum.kernels.columns.file_batches import BatchReader
        from gatherum.sources.columnar.partition import ColumnPartition, needed_columns

        table = self._given.table
        if table is None:
            return [ColumnPartition(self.name, self.name, self._coverage, lambda request: self._given.read())]
        found = []
        size, needed = table.nbytes, _needed(table, request)
        reader = BatchReader(needed.schema, needed_columns(needed.schema, request.fields))
        rows = max(PARTITION_ROWS, min(table.num_rows // PARTITIONS, MAX_MORSEL_ROWS))
        for start in range(0, table.num_rows, rows):
            part = needed.slice(start, rows)
            end = start + part.num_rows
            found.append(ColumnPartition(f"{self.name}[{start}:{end}]", self.name, self._coverage,
                                         lambda request, part=part: part.to_batches(),
                                         part.num_rows, size * part.num_rows // table.num_rows, reader=reader,
                                         in_memory=True))
        return found


def _needed(table: pa.Table, request: Request) -> pa.Table:
    from gatherum.sources.columnar.partition import needed_columns

    columns = needed_columns(table.schema, request.fields)
    # Without any column a table would not say how many rows it has.
    return table if len(columns) == table.num_columns else table.select(columns or [0])


class _Given:
    """What was given: a table, or a reader, which is read once."""

    def __init__(self, given: Any, name: str) -> None:
        import pyarrow as pa

        from gatherum.kernels.columns.file_batches import check_names

        self.name = name
        self.table: pa.Table | None = None
        self._reader: pa.RecordBatchReader | None = None
        self._lock = threading.Lock()
        self._kind = type(given).__name__
        try:
            if isinstance(given, pa.Table):
                self.table = given
            elif hasattr(given, "__len__") or not hasattr(given, "__arrow_c_stream__"):
                self.table = self._table(given)
            else:
                self._reader = given if isinstance(given, pa.RecordBatchReader) else \
                    pa.RecordBatchReader.from_stream(given)
        except (pa.ArrowException, TypeError, AttributeError) as error:
            raise SourceError(f"{name}: {self._kind} cannot be read as columns with names: {error}") from error
        self.schema: pa.Schema = self.table.schema if self._reader is None else self._reader.schema  # pyright: ignore
        check_names(self.schema.names, name)

    def _table(self, given: Any) -> pa.Table:
        import pyarrow as pa

        from gatherum.sources.columnar.frames import library_of, table_of_frame

        if not hasattr(given, "__arrow_c_stream__"):
            return pa.Table.from_batches([pa.record_batch(given)])
        return pa.table(given) if library_of(given) is None else table_of_frame(given, self.name)

    def read(self) -> Iterator[pa.RecordBatch]:
        """The record batches of a reader."""
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is None:
            raise SourceError(f"{self.name}: this {self._kind} was read already, and can be read only once: make a "
                              "table of it")
        yield from reader


def _only_in_columns(kind: pa.DataType) -> bool:
    """Whether columns keep an Arrow type that documents have another one for: a decimal with its scale, codes."""
    import pyarrow as pa

    return pa.types.is_decimal(kind) or pa.types.is_dictionary(kind) or \
        (pa.types.is_nested(kind) and any(_only_in_columns(kind.field(i).type) for i in range(kind.num_fields)))
