"""Writes Arrow IPC files and streams."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import ipc

from gatherum.sinks.columnar.writer import BATCH_ROWS, ColumnWriter, Encoding


class IpcEncoder:
    """Writes tables as record batches, in the file or the stream format."""

    def __init__(self, stream: BinaryIO, schema: pa.Schema, compression: str | None, streamed: bool) -> None:
        options = ipc.IpcWriteOptions(compression=compression)
        self._writer = (ipc.new_stream if streamed else ipc.new_file)(stream, schema, options=options)

    def write(self, table: pa.Table) -> None:
        """Appends rows."""
        self._writer.write_table(table.combine_chunks(), max_chunksize=BATCH_ROWS)

    def close(self) -> None:
        """Writes the end."""
        self._writer.close()


def _read(streamed: bool, file: Any) -> Iterator[pa.RecordBatch]:
    if streamed:
        yield from ipc.open_stream(file)
        return
    reader = ipc.open_file(file)
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)


def ipc_writer(stream: BinaryIO, compression: str | None, streamed: bool) -> ColumnWriter:
    """A writer of Arrow IPC."""
    write = partial(IpcEncoder, compression=compression, streamed=streamed)
    return ColumnWriter(stream, Encoding("Arrow", write, partial(_read, streamed)))
