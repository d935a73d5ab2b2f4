"""What the writers of files of columns share: one schema for all rows, exact however late a type is met.

The schema of a file stands before its rows are known. Rows are written in groups; the first group that does not fit
the schema begins another *segment*, under the schema of all rows so far. A file of more than one segment is written
again, under the last schema, when all rows are there. Segments are unnamed temporary files.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, BinaryIO, Final, Protocol

import pyarrow as pa
from bson.errors import BSONError

from gatherum.errors import LossError
from gatherum.kernels.columns.batch import Batch, batch_of, batch_without_rows
from gatherum.kernels.columns.file_batches import BatchReader, FileShape
from gatherum.records import record
from gatherum.types.values import Document

GROUP_ROWS: Final = 1 << 17
BATCH_ROWS: Final = 1 << 16
GROUP_BYTES: Final = 1 << 27
DOCUMENTS: Final = 1 << 13
_UNWRITABLE: Final = (BSONError, ValueError, TypeError, OverflowError, RecursionError, pa.ArrowException)


class Encoder(Protocol):
    """Writes record batches of one schema."""

    def write(self, table: pa.Table) -> None:
        """Appends rows, as one group."""
        ...

    def close(self) -> None:
        """Completes the file; the stream stays open."""
        ...


@record
class Encoding:
    """One format: its name, how it is written to a stream, and how the record batches are read back."""

    name: str
    write: Callable[[BinaryIO, pa.Schema], Encoder]
    read: Callable[[Any], Iterator[pa.RecordBatch]]


@record
class _Segment:
    schema: pa.Schema
    file: IO[bytes]
    encoder: Encoder


class ColumnWriter:
    """Writes documents and batches to a stream."""

    def __init__(self, stream: BinaryIO, encoding: Encoding) -> None:
        self._stream = stream
        self._encoding = encoding
        self._documents: list[Document] = []
        self._count = 0
        self._pending: list[Batch] = []
        self._pending_rows = self._pending_bytes = 0
        self._shape = FileShape()
        self._segments: list[_Segment] = []

    def write(self, documents: list[Document]) -> None:
        """Appends documents."""
        self._documents += documents
        while len(self._documents) >= DOCUMENTS:
            self._convert(DOCUMENTS)

    def write_batch(self, batch: Batch) -> None:
        """Appends the rows of a batch."""
        self._convert(len(self._documents))
        self._add(batch)

    def write_header(self, types: Mapping[str, str | None]) -> None:
        """Gives the file, where no rows come, these columns."""
        self._add(batch_without_rows(types))

    def finish(self) -> None:
        """Writes what is left, and completes the file."""
        self._convert(len(self._documents))
        if not self._segments:
            self._write_only(self._take_pending())
            return
        self._write_group()
        self._segments[-1].encoder.close()
        if len(self._segments) == 1:
            self._segments[0].file.seek(0)
            shutil.copyfileobj(self._segments[0].file, self._stream, 1 << 20)
        else:
            self._write_again()
        self.discard()

    def discard(self) -> None:
        """Gives up what waits in files."""
        for segment in self._segments:
            segment.file.close()

    def _write_only(self, table: pa.Table) -> None:
        """Writes a file of these rows."""
        try:
            encoder = self._encoding.write(self._stream, table.schema)
            encoder.write(table)
            encoder.close()
        except pa.ArrowInvalid as error:  # a type or value that the format does not take
            raise self._loss(error) from None

    def _convert(self, count: int) -> None:
        """Makes a batch of the first documents."""
        if not count:
            return
        documents, self._documents = self._documents[:count], self._documents[count:]
        try:
            batch = batch_of(documents)
        except _UNWRITABLE as error:
            raise self._unwritable(documents, error) from None
        self._count += count
        self._add(batch)

    def _unwritable(self, documents: list[Document], error: Exception) -> LossError:
        for number, document in enumerate(documents, self._count + 1):
            try:
                batch = batch_of([document])
                FileShape().joined(batch).record_batch(batch)
            except _UNWRITABLE as first:
                return LossError(f"document {number} cannot be written as {self._encoding.name}: {first}")
        return self._loss(error)

    def _loss(self, error: Exception) -> LossError:
        return error if isinstance(error, LossError) else \
            LossError(f"the rows cannot be written as {self._encoding.name}: {error}")

    def _add(self, batch: Batch) -> None:
        try:
            self._shape = self._shape.joined(batch)
        except _UNWRITABLE as error:
            raise self._loss(error) from None
        if self._is_full_with(batch):
            self._write_group()

    def _is_full_with(self, batch: Batch) -> bool:
        """Adds a batch to those that wait; whether they make a group."""
        self._pending.append(batch)
        self._pending_rows += batch.rows
        self._pending_bytes += batch.nbytes
        return self._pending_rows >= GROUP_ROWS or self._pending_bytes >= GROUP_BYTES

    def _take_pending(self) -> pa.Table:
        batches, self._pending = self._pending, []
        self._pending_rows = self._pending_bytes = 0
        try:
            schema = self._shape.schema()
            return pa.Table.from_batches([self._shape.record_batch(batch) for batch in batches], schema=schema)
        except _UNWRITABLE as error:
            raise self._loss(error) from None

    def _write_group(self) -> None:
        if not self._pending_rows:
            return
        table = self._take_pending()
        try:
            self._segment_for(table.schema).encoder.write(table)
        except pa.ArrowInvalid as error:
            raise self._loss(error) from None

    def _segment_for(self, schema: pa.Schema) -> _Segment:
        """The last segment, where it has this schema, or a new one."""
        last = self._segments[-1] if self._segments else None
        if last is None or not last.schema.equals(schema, check_metadata=True):
            if last is not None:
                last.encoder.close()
            file = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as its segment)
            last = _Segment(schema, file, self._encoding.write(file, schema))
            self._segments.append(last)
        return last

    def _write_again(self) -> None:
        encoder = self._encoding.write(self._stream, self._shape.schema())
        for segment in self._segments:
            segment.file.seek(0)
            for found in self._encoding.read(segment.file):
                if self._is_full_with(BatchReader(found.schema).batch(found)):
                    encoder.write(self._take_pending())
        if self._pending_rows:
            encoder.write(self._take_pending())
        encoder.close()
