"""Arrow IPC files and streams, mapped into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import pyarrow as pa
from pyarrow import ipc

from gatherum.errors import SourceError
from gatherum.kernels.columns.file_batches import check_names
from gatherum.plan.protocols import Coverage, OnBad, Request, Statistics
from gatherum.records import record
from gatherum.sources.columnar.partition import READ_ERRORS, ColumnPartition, aliases, needed_columns
from gatherum.sources.columnar.stored import opener
from gatherum.sources.input_file import InputFile

FILE_MAGIC: Final = b"ARROW1"
PARTITION_ROWS: Final = 1 << 18


def open_ipc(file: InputFile, on_bad: OnBad, coverage: Coverage) -> ArrowFile | ArrowStream:
    """The source of a file in either format."""
    head = file.head()
    if head.startswith(FILE_MAGIC):
        return ArrowFile(file, on_bad, coverage)
    if head.startswith(b"FEA1"):
        raise SourceError(f"{file.name} is a Feather file of version 1: write it again with a current pyarrow")
    return ArrowStream(file, on_bad, coverage)


class ArrowFile:
    """A file in the file format: any of its record batches can be read alone."""

    accepts = frozenset({"fields", "limit"})
    columnar = True

    def __init__(self, file: InputFile, on_bad: OnBad, coverage: Coverage) -> None:
        self.name = file.name
        self._file = file
        self._on_bad: OnBad = on_bad
        self._coverage = coverage
        self._open = opener(file, mapped=True)
        try:
            with ipc.open_file(self._open()) as reader:
                self._schema = reader.schema
                self._count = reader.num_record_batches
                self._rows = reader.count_rows()
        except READ_ERRORS as error:
            raise SourceError(f"{file.name} cannot be read as an Arrow file: {error}") from error
        check_names(self._schema.names, file.name)

    def schema(self) -> dict[str, str]:
        """The types of the columns."""
        return aliases(self._schema)

    def statistics(self) -> Statistics:
        """The rows, and the size of the file."""
        return Statistics(self._rows, self._file.size_bytes)

    def partitions(self, request: Request) -> Sequence[ColumnPartition]:
        """The record batches, small ones together."""
        step = max(1, PARTITION_ROWS * self._count // max(self._rows, 1))
        size = (self._file.size_bytes or 0) // max(self._count, 1)
        found = []
        for start in range(0, self._count, step):
            end = min(start + step, self._count)
            place = f"record batch {start}" if end == start + 1 else f"record batches {start} to {end - 1}"
            found.append(ColumnPartition(f"{self.name}[{place}]", self.name, self._coverage,
                                         partial(self._read, start, end), size_bytes=size * (end - start),
                                         on_bad=self._on_bad, place=place))
        return found

    def _read(self, start: int, end: int, request: Request) -> Iterator[pa.RecordBatch]:
        columns = needed_columns(self._schema, request.fields)
        # Without any column a record batch would not say how many rows it has.
        options = ipc.IpcReadOptions(included_fields=columns or [0], use_threads=False)
        with ipc.open_file(self._open(), options=options) as reader:
            for number in range(start, end):
                batch = reader.get_batch(number)
                batch.validate()
                yield batch


@record
class ArrowStream:
    """A file, or a pipe, in the stream format: read from its beginning to its end."""

    file: InputFile
    on_bad: OnBad
    coverage: Coverage
    accepts: frozenset[str] = frozenset({"fields", "limit"})
    columnar: bool = True

    @property
    def name(self) -> str:
        """The file's name."""
        return self.file.name

    def schema(self) -> dict[str, str] | None:
        """The types of the columns, unless it is a pipe."""
        if not self.file.regular:
            return None
        try:
            with self._reader() as reader:
                return aliases(reader.schema)
        except READ_ERRORS as error:
            raise SourceError(f"{self.name} cannot be read as an Arrow stream: {error}") from error

    def statistics(self) -> Statistics:
        """The size of the file."""
        return Statistics(bytes=self.file.size_bytes)

    def partitions(self, request: Request) -> Sequence[ColumnPartition]:
        """The file, undivided."""
        return [ColumnPartition(self.name, self.name, self.coverage, self._read, size_bytes=self.file.size_bytes,
                                on_bad=self.on_bad)]

    def _reader(self) -> ipc.RecordBatchStreamReader:
        return ipc.open_stream(opener(self.file, mapped=True)() if self.file.divisible else self.file.open())

    def _read(self, request: Request) -> Iterator[pa.RecordBatch]:
        with self._reader() as reader:
            check_names(reader.schema.names, self.name)
            for batch in reader:
                batch.validate()
                yield batch
