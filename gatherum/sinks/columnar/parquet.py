"""Writes Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from gatherum.sinks.columnar.writer import BATCH_ROWS, ColumnWriter, Encoding


class ParquetEncoder:
    """Writes each table as a row group."""

    def __init__(self, stream: BinaryIO, schema: pa.Schema, compression: str) -> None:
        self._writer = pq.ParquetWriter(stream, schema, compression=compression)

    def write(self, table: pa.Table) -> None:
        """Appends a row group."""
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))

    def close(self) -> None:
        """Writes the footer."""
        self._writer.close()


def _read(file: Any) -> Iterator[pa.RecordBatch]:
    yield from pq.ParquetFile(file).iter_batches(BATCH_ROWS, use_threads=False)


def parquet_writer(stream: BinaryIO, compression: str) -> ColumnWriter:
    """A writer of Parquet."""
    write = partial(ParquetEncoder, compression=compression)
    return ColumnWriter(stream, Encoding("Parquet", write, _read))
