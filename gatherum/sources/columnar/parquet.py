"""Parquet files: row groups as partitions, each by its needed leaves only.

Dates in the old 96-bit form are read in microseconds, in which no date of such a file lies outside 64 bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from gatherum.errors import SourceError
from gatherum.kernels.columns.batch import MAX_ROWS
from gatherum.kernels.columns.file_batches import check_names
from gatherum.kernels.columns.files import coded_bson
from gatherum.kernels.columns.types import BsonValueType
from gatherum.kernels.pruning import ValuesAt, may_hold
from gatherum.plan.protocols import Coverage, OnBad, Request, Statistics
from gatherum.sources.columnar.parquet_leaves import coded_leaves, leaf_count, needed_leaves
from gatherum.sources.columnar.parquet_statistics import StoredColumns, values_in
from gatherum.sources.columnar.partition import READ_ERRORS, ColumnPartition, aliases
from gatherum.sources.columnar.stored import opener
from gatherum.sources.input_file import InputFile

PARTITION_ROWS: Final = 1 << 17
BUFFER_BYTES: Final = 1 << 20
BATCH_BYTES: Final = 1 << 25
DICTIONARY_BYTES: Final = 1 << 20
CODE_BYTES: Final = 4


class ParquetSource:
    """A Parquet file. Its rows are read in the order of its row groups, which are counted from 0."""

    accepts = frozenset({"fields", "filter", "limit"})
    columnar = True

    def __init__(self, file: InputFile, on_bad: OnBad, coverage: Coverage) -> None:
        self.name = file.name
        self._file = file
        self._on_bad: OnBad = on_bad
        self._coverage = coverage
        self._open = opener(file, mapped=False)
        try:
            with self._open() as stored:
                opened = pq.ParquetFile(stored)
                self._metadata, self._schema = opened.metadata, opened.schema_arrow
                self._paths = [opened.schema.column(i).path for i in range(len(opened.schema))]
        except READ_ERRORS as error:
            raise SourceError(f"{file.name} cannot be read as Parquet: {error}") from error
        check_names(self._schema.names, file.name)
        self._told_apart = sum(leaf_count(field.type) for field in self._schema) == len(self._paths)
        self._codable = list(coded_leaves(self._schema)) if self._told_apart else []
        self._columns = StoredColumns(self._schema, self._metadata) if self._told_apart else {}

    def schema(self) -> dict[str, str]:
        """The types of the columns."""
        return aliases(self._schema)

    def statistics(self) -> Statistics:
        """The rows, the size of the file, and what its metadata tells of the columns."""
        return Statistics(self._metadata.num_rows, self._file.size_bytes, self._columns)

    def partitions(self, request: Request) -> Sequence[ColumnPartition]:
        """The row groups that may hold what the request looks for, small neighbours together."""
        leaves = self._leaves(request)
        found: list[ColumnPartition] = []
        groups: list[int] = []
        rows = 0
        for number in range(self._metadata.num_row_groups):
            group = self._metadata.row_group(number)
            if not group.num_rows or not self._may_hold(request, group):
                continue
            if groups and (rows + group.num_rows > PARTITION_ROWS or groups[-1] != number - 1):
                found.append(self._partition(groups, rows, leaves))
                groups, rows = [], 0
            groups.append(number)
            rows += group.num_rows
        if groups:
            found.append(self._partition(groups, rows, leaves))
        return found

    def _leaves(self, request: Request) -> list[int]:
        if request.fields is None:
            return list(range(len(self._paths)))
        paths = request.fields if self._told_apart else [path[:1] for path in request.fields]
        return needed_leaves(self._schema, paths, self._size)

    def _size(self, leaf: int) -> int:
        """The bytes of a leaf in the first row group, after which the others may be judged."""
        return self._metadata.row_group(0).column(leaf).total_compressed_size if self._metadata.num_row_groups else 0

    def _may_hold(self, request: Request, group: pq.RowGroupMetaData) -> bool:
        return request.filter is None or not self._told_apart or \
            may_hold(request.filter, values_in(self._schema, group))

    def _partition(self, groups: list[int], rows: int, leaves: list[int]) -> ColumnPartition:
        first, last = groups[0], groups[-1]
        place = f"row group {first}" if first == last else f"row groups {first} to {last}"
        chunks = [self._metadata.row_group(number).column(leaf) for number in groups for leaf in leaves]
        return ColumnPartition(f"{self.name}[{place}]", self.name, self._coverage,
                               partial(self._read, groups, leaves), rows,
                               sum(chunk.total_compressed_size for chunk in chunks), self._on_bad, place,
                               self._offset(first), self._values(groups))

    def _values(self, groups: list[int]) -> tuple[ValuesAt, ...]:
        return tuple(values_in(self._schema, self._metadata.row_group(number)) for number in groups) \
            if self._told_apart else ()

    def _offset(self, group: int) -> int:
        found = self._metadata.row_group(group)
        if not found.num_columns:
            return 0
        chunk = found.column(0)
        return min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset)

    def _read(self, groups: list[int], leaves: list[int], request: Request) -> Iterator[pa.RecordBatch]:
        if not leaves:
            yield from self._rows_only(groups)
            return
        rows = self._rows_at_once(groups, leaves, min(BATCH_BYTES, request.batch_bytes or BATCH_BYTES))
        if request.limit is not None:
            rows = min(rows, max(request.limit, 1))
        with self._open() as stored:
            opened = pq.ParquetFile(stored, metadata=self._metadata, buffer_size=BUFFER_BYTES,
                                    read_dictionary=self._dictionaries(groups, leaves),
                                    coerce_int96_timestamp_unit="us")
            columns = None if len(leaves) == len(self._paths) else [self._paths[leaf] for leaf in leaves]
            for batch in opened.iter_batches(rows, row_groups=groups, columns=columns, use_threads=False):
                yield self._marked(batch)

    def _marked(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch, in which codes of BSON are told from those of bytes."""
        fields = [coded_bson(field) if isinstance(field.type, pa.DictionaryType)
                  and isinstance(self._schema.field(field.name).type, BsonValueType) else field
                  for field in batch.schema]
        return pa.RecordBatch.from_arrays(batch.columns, schema=pa.schema(fields))

    def _rows_at_once(self, groups: list[int], leaves: list[int], batch_bytes: int) -> int:
        """As many rows as make a batch of so many bytes."""
        found = [self._metadata.row_group(number) for number in groups]
        size = sum(group.column(leaf).total_uncompressed_size for group in found for leaf in leaves)
        return min(max(batch_bytes * sum(group.num_rows for group in found) // max(size, 1), 1), MAX_ROWS)

    def _rows_only(self, groups: list[int]) -> Iterator[pa.RecordBatch]:
        """Batches without columns."""
        for number in groups:
            left = self._metadata.row_group(number).num_rows
            for start in range(0, left, MAX_ROWS):
                yield pa.RecordBatch.from_struct_array(pa.nulls(min(MAX_ROWS, left - start), pa.struct([])))

    def _dictionaries(self, groups: list[int], leaves: list[int]) -> list[str]:
        """The leaves that are stored as codes in all the row groups, and can be read as such. What is inside
        documents or arrays can only be read so with one dictionary, which is that of one row group."""
        return [self._paths[leaf] for leaf, inside in self._codable
                if leaf in leaves and (len(groups) == 1 or not inside)
                and all(_is_coded(self._metadata.row_group(number).column(leaf)) for number in groups)]


def _is_coded(chunk: pq.ColumnChunkMetaData) -> bool:
    """Whether a column chunk is codes and a dictionary throughout.

    Writers go on without codes where a dictionary grows too large, which only the size of the chunk shows.
    """
    return chunk.has_dictionary_page and \
        chunk.total_uncompressed_size <= DICTIONARY_BYTES + CODE_BYTES * chunk.num_values
