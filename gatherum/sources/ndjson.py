"""NDJSON: one JSON document a line, plain or Extended. Blank lines say nothing; a byte-order mark is passed over."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import orjson

from gatherum.plan.analysis import top_names
from gatherum.plan.protocols import Coverage, OnBad, Request
from gatherum.records import record
from gatherum.sources.columns import DocumentColumns, batch_of_fields
from gatherum.sources.document_file import (
    BLOCK_BYTES,
    Blocks,
    DocumentFile,
    DocumentPartition,
    Faults,
    Read,
    reading,
)
from gatherum.sources.input_file import FileFormat, InputFile
from gatherum.sources.json_text import parse_records
from gatherum.types.values import Document

if TYPE_CHECKING:
    from gatherum.kernels.columns.batch import Batch

PARTITION_BYTES: Final = 1 << 24
COLUMN_BLOCK_BYTES: Final = 1 << 20
"""With three bytes for the shortest line this is no more rows than a batch may hold."""


def open_ndjson(file: InputFile, *, on_bad: OnBad, coverage: Coverage) -> DocumentFile:
    """The source of an NDJSON file; a large one is cut into ranges of bytes."""
    size = file.size_bytes or 0
    divided = file.divisible and size > PARTITION_BYTES
    return DocumentFile(file, partial(_ranges, file, size) if divided else partial(_whole, file), on_bad, coverage,
                        accepts=frozenset({"fields", "limit"}), partition=LinesPartition)


def _whole(file: InputFile) -> Sequence[tuple[str, int | None, Read]]:
    return [(file.name, file.size_bytes, _Range(file))]


def _ranges(file: InputFile, size: int) -> Sequence[tuple[str, int, Read]]:
    found = []
    for start in range(0, size, PARTITION_BYTES):
        end = min(start + PARTITION_BYTES, size)
        found.append((f"{file.name}[{start}:{end}]", end - start, _Range(file, start, end)))
    return found


@record
class _Range:
    """The lines that begin in a range of bytes, to the file's end where `end` is None."""

    file: InputFile
    start: int = 0
    end: int | None = None

    def __call__(self, faults: Faults, request: Request) -> Blocks:
        """The documents."""
        lines = _Lines(self.file, self.start)
        for offset, block in self.blocks(BLOCK_BYTES):
            if documents := lines.documents(block, offset, faults, request):
                yield documents, len(block)

    def blocks(self, size: int) -> Iterator[tuple[int, bytes]]:
        """The lines in blocks of about `size` bytes, each with the byte it begins at."""
        with self.file.open(max(self.start - 1, 0)) as stream:
            offset = self.start
            if offset:
                offset += len(stream.readline()) - 1
            while self.end is None or offset < self.end:
                block = stream.read(size if self.end is None else min(size, self.end - offset))
                if not block:
                    return
                if not block.endswith(b"\n"):
                    block += stream.readline()
                mark = len(codecs.BOM_UTF8) if offset == 0 and block.startswith(codecs.BOM_UTF8) else 0
                yield offset + mark, block[mark:]
                offset += len(block)


class LinesPartition(DocumentPartition):
    """A range of lines, of which some fields can be read as columns."""

    __slots__ = ()

    def batches(self, request: Request) -> Iterator[Batch]:
        """The needed fields in batches, numbered as those of partition 0."""
        on_bad = request.on_bad or self.on_bad
        # Which lines are skipped must not depend on what the query needs of them.
        if request.fields is None or request.limit is not None or not request.compiled or on_bad == "skip":
            yield from DocumentColumns(self).batches(request)
            return
        from gatherum.kernels.columns.batch import first_ordinal

        self.coverage.note(self.file.name)
        with reading(self.file):
            found = self._columns(Faults(self.file.name, on_bad, self.coverage), request)
            for number, (batch, size) in enumerate(found):
                self.coverage.note(self.file.name, batch.rows, size)
                yield batch.numbered(first_ordinal(0, number))

    def _columns(self, faults: Faults, request: Request) -> Iterator[tuple[Batch, int]]:
        from gatherum.sources.columnar.json_fields import batch_of_lines

        assert isinstance(self.read, _Range) and request.fields is not None
        names = top_names(request.fields)
        lines = _Lines(self.file, self.read.start)
        for offset, block in self.read.blocks(min(COLUMN_BLOCK_BYTES, request.batch_bytes or COLUMN_BLOCK_BYTES)):
            batch = batch_of_lines(block, sorted(names))
            if batch is None:
                batch = batch_of_fields(lines.documents(block, offset, faults, request), names, 0)
            else:
                lines.pass_over(block)
            yield batch, len(block)


@dataclass(slots=True)
class _Lines:
    """Numbers the lines of one part of a file. What lies before the part is counted only when a number is asked for."""

    file: InputFile
    start: int
    passed: int = 0
    _before: int | None = field(default=None, init=False)

    def documents(self, block: bytes, offset: int, faults: Faults, request: Request) -> list[Document]:
        """The documents of a block, which is passed over."""
        texts = [line for line in block.split(b"\n") if line and not line.isspace()]
        documents = parse_records(texts, partial(self.places, block, offset), faults, request)
        self.pass_over(block)
        return documents

    def pass_over(self, block: bytes) -> None:
        """Goes on to the next block."""
        self.passed += block.count(b"\n")

    def places(self, block: bytes, offset: int) -> Iterable[tuple[str, int]]:
        """The place and the first byte of each line of the block that is not blank."""
        number = self._count_before() + self.passed
        for line in block.split(b"\n"):
            number += 1
            if line and not line.isspace():
                yield f"line {number}", offset
            offset += len(line) + 1

    def _count_before(self) -> int:
        if self._before is None:
            self._before = _count_lines(self.file, self.start) if self.start else 0
        return self._before


def _count_lines(file: InputFile, start: int) -> int:
    """The number of lines that begin before a byte; the part that starts there owns the lines after those."""
    count, left = 0, start - 1
    with file.open() as stream:
        while left > 0:
            block = stream.read(min(BLOCK_BYTES, left))
            count += block.count(b"\n")
            left -= len(block)
    return count + 1


def is_ndjson(head: bytes) -> bool:
    """Whether a file that begins like this holds a document on its first line: not one that goes on over many."""
    head = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not head.startswith(b"{"):
        return False
    line, newline, _ = head.partition(b"\n")
    if not newline:
        return True
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return not error.msg.startswith("unexpected end of data")
    return True


FORMAT = FileFormat("ndjson", (".ndjson", ".jsonl"), open_ndjson, is_ndjson)
