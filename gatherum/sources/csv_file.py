"""CSV and TSV with a header line. A name with dots is one field's name; quotes may hold delimiters and line ends.

A cell is the value that its text certainly is, cell by cell, and a string otherwise: an integer in its canonical
spelling that fits 64 bits, a number with a point or an exponent, `true` or `false`, a date such as
`2024-05-01T12:00:00Z` with at most three decimals. So `007`, `NA`, `+1` and `2024-05-01` are strings, as are numbers
that an int64 or a double cannot hold. An empty cell is null, unless the setting csv_empty or the option `empty` says
otherwise.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from gatherum.errors import SettingError
from gatherum.plan.analysis import top_names
from gatherum.plan.protocols import BATCH_ROWS, Coverage, OnBad, Request
from gatherum.records import record
from gatherum.sources.columns import DocumentColumns, batch_of_fields
from gatherum.sources.document_file import Blocks, DocumentFile, DocumentPartition, Faults, reading
from gatherum.sources.input_file import FileFormat, InputFile
from gatherum.types.csv_cells import LONGEST_CELL, empty_value, infer
from gatherum.types.values import MISSING, Document, Value

if TYPE_CHECKING:
    from gatherum.kernels.columns.batch import Batch

COLUMN_BLOCK_BYTES: Final = 1 << 20
REMEMBERED: Final = 1 << 16


class _Values(dict[str, Value]):
    """The values of cells by their text; most columns repeat theirs."""

    def __missing__(self, text: str) -> Value:
        value = infer(text)
        if len(self) < REMEMBERED:
            self[text] = value
        return value


def open_csv(file: InputFile, *, on_bad: OnBad, coverage: Coverage, delimiter: str = ",",
             empty: str = "null") -> DocumentFile:
    """The source of a CSV file. `empty` is what an empty cell is: `null`, `missing`, or the empty `string`."""
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise SettingError(f"delimiter is one character, and neither a quote nor a line end, not {delimiter!r}")
    read = _Table(file, delimiter, empty_value(empty))
    return DocumentFile(file, lambda: [(file.name, file.size_bytes, read)], on_bad, coverage,
                        frozenset({"fields", "limit"}), partition=TablePartition)


@record
class _Table:
    """The rows of a file; `empty` is the value of an empty cell."""

    file: InputFile
    delimiter: str
    empty: Value

    def __call__(self, faults: Faults, request: Request) -> Blocks:
        """The documents."""
        with self.file.open() as stream:
            rows = _Rows(stream, self.delimiter, faults)
            names = rows.header()
            yield from self._documents(rows, names, request)

    def _documents(self, rows: _Rows, names: list[str], request: Request) -> Blocks:
        """The rows that are left as documents, in batches."""
        document = _document_maker(names, request, self.empty)
        while names:
            start = rows.lines.offset
            cells = rows.batch(len(names))
            if rows.lines.offset == start:
                return
            yield list(map(document, cells)), rows.lines.offset - start

    def columns(self, faults: Faults, request: Request) -> Iterator[tuple[Batch, int]]:
        """The needed cells in batches, and the bytes that each took. From the first row on that needs a closer look,
        rows are read as documents."""
        from gatherum.sources.columnar.csv_cells import Cells, RowBatches

        with self.file.open() as stream:
            rows = _Rows(stream, self.delimiter, faults)
            names = rows.header()
            needed = None if request.fields is None else top_names(request.fields)
            cells = Cells(names, [name for name in names if needed is None or name in needed], self.delimiter,
                          self.empty, _Values({"": self.empty}).__getitem__)
            found = RowBatches(stream, min(COLUMN_BLOCK_BYTES, request.batch_bytes or COLUMN_BLOCK_BYTES), cells)
            for batch, size, lines in found:
                rows.lines.pass_over(size, lines)
                yield batch, size
            if found.left:
                rest = _Rows(_Joined(io.BytesIO(found.left), stream), self.delimiter, faults)
                rest.lines.pass_over(rows.lines.offset, rows.lines.number)
                for documents, size in self._documents(rest, names, request):
                    yield batch_of_fields(documents, needed, 0), size


class TablePartition(DocumentPartition):
    """Rows of which some cells can be read as columns."""

    __slots__ = ()

    def batches(self, request: Request) -> Iterator[Batch]:
        """The needed cells in batches, numbered as those of partition 0."""
        assert isinstance(self.read, _Table)
        on_bad = request.on_bad or self.on_bad
        if request.limit is not None or not request.compiled or on_bad == "skip" or not self.read.delimiter.isascii():
            yield from DocumentColumns(self).batches(request)
            return
        from gatherum.kernels.columns.batch import first_ordinal

        self.coverage.note(self.file.name)
        with reading(self.file):
            found = self.read.columns(Faults(self.file.name, on_bad, self.coverage), request)
            for number, (batch, size) in enumerate(found):
                self.coverage.note(self.file.name, batch.rows, size)
                if batch.rows:
                    yield batch.numbered(first_ordinal(0, number))


@dataclass(slots=True)
class _Joined:
    """The lines of two streams, one behind the other."""

    first: BinaryIO
    second: BinaryIO

    def readline(self) -> bytes:
        """The next line; empty at the end."""
        line = self.first.readline()
        return line if line.endswith(b"\n") else line + self.second.readline()


def _document_maker(names: list[str], request: Request, empty: Value) -> Callable[[list[str]], Document]:
    """Makes a row's cells a document of the fields asked for."""
    values = _Values({"": empty})
    wanted = None if request.fields is None else {path[0] for path in request.fields}
    kept = [(place, name) for place, name in enumerate(names) if wanted is None or name in wanted]
    if empty is MISSING:
        return lambda cells: {name: values[cells[place]] for place, name in kept if cells[place]}
    if len(kept) < len(names):
        return lambda cells: {name: values[cells[place]] for place, name in kept}
    value = values.__getitem__
    return lambda cells: dict(zip(names, map(value, cells), strict=True))


@dataclass(slots=True)
class _Lines:
    """The lines of a file as text, counting lines and bytes. A line that is not UTF-8 is given with marks for the bytes
    that are wrong, and remembered in `undecodable`."""

    stream: BinaryIO | _Joined
    offset: int = 0
    number: int = 0
    undecodable: str = ""

    def pass_over(self, size: int, lines: int) -> None:
        """Goes on behind what somebody else has read."""
        self.offset += size
        self.number += lines

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.stream.readline()
        if not line:
            raise StopIteration
        text = line.removeprefix(codecs.BOM_UTF8) if self.offset == 0 else line
        self.offset += len(line)
        self.number += 1
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            self.undecodable = f"byte {text[error.start]:#04x} at column {error.start + 1} is not valid UTF-8"
            return text.decode(errors="surrogateescape")


class _Rows:
    """The rows of a file as lists of cells; broken ones are reported."""

    def __init__(self, stream: BinaryIO | _Joined, delimiter: str, faults: Faults) -> None:
        if csv.field_size_limit() < LONGEST_CELL:
            csv.field_size_limit(LONGEST_CELL)
        self.lines = _Lines(stream)
        self._reader = csv.reader(self.lines, delimiter=delimiter, strict=True)
        self._faults = faults

    def header(self) -> list[str]:
        """The names of the columns; none where the file is empty."""
        try:
            names = next(self._rows(None), [])
        except csv.Error as error:
            self._faults.fail(f"the header line cannot be read: {error}")
        if self.lines.undecodable:
            self._faults.fail(f"the header line cannot be read: {self.lines.undecodable}")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            self._faults.fail(f"the header line names the column {twice[0]!r} twice: rename one")
        return names

    def batch(self, width: int) -> list[list[str]]:
        """The next rows of so many cells."""
        found = []
        for cells in self._rows(width):
            found.append(cells)
            if len(found) == BATCH_ROWS:
                break
        return found

    def _rows(self, width: int | None) -> Iterator[list[str]]:
        """Rows of the width, or of any width; csv.Error is reported where there is a width. Blank lines are no rows."""
        lines, reader = self.lines, self._reader
        while True:
            place, offset = lines.number + 1, lines.offset
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if width is None:
                    raise
                self._broken(place, offset, str(error))
                continue
            if (width is None and cells) or (len(cells) == width and not lines.undecodable):
                yield cells
            elif cells:
                self._broken(place, offset, f"{len(cells)} cells, but the header line names {width} columns")

    def _broken(self, place: int, offset: int, reason: str) -> None:
        """Reports a row; bytes that are not UTF-8 come first, since they may be why the rest is wrong."""
        reason, self.lines.undecodable = self.lines.undecodable or reason, ""
        self._faults.broken(f"line {place}", offset, reason)


FORMAT = FileFormat("csv", (".csv",), open_csv, options=("delimiter", "empty"))
TSV_FORMAT = FileFormat("tsv", (".tsv", ".tab"), partial(open_csv, delimiter="\t"), options=("empty",))
