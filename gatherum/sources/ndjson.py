"""NDJSON: one JSON document a line, plain or Extended. Blank lines say nothing; a byte-order mark is passed over."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import orjson

from gatherum.plan.protocols import Coverage, OnBad, Request
from gatherum.sources.document_file import BLOCK_BYTES, Blocks, DocumentFile, Faults, Read, undivided
from gatherum.sources.input_file import FileFormat, InputFile
from gatherum.sources.json_text import parse_records

PARTITION_BYTES: Final = 1 << 24


def open_ndjson(file: InputFile, *, on_bad: OnBad, coverage: Coverage) -> DocumentFile:
    """The source of an NDJSON file; a large one is cut into ranges of bytes."""
    size = file.size_bytes or 0
    if not file.divisible or size <= PARTITION_BYTES:
        return undivided(file, lambda file, faults, request: _read(file, 0, None, faults, request), on_bad,
                         coverage)
    return DocumentFile(file, partial(_ranges, file, size), on_bad, coverage)


def _ranges(file: InputFile, size: int) -> Sequence[tuple[str, int, Read]]:
    found = []
    for start in range(0, size, PARTITION_BYTES):
        end = min(start + PARTITION_BYTES, size)
        found.append((f"{file.name}[{start}:{end}]", end - start, partial(_read_range, file, start, end)))
    return found


def _read_range(file: InputFile, start: int, end: int, faults: Faults, request: Request) -> Blocks:
    return _read(file, start, end, faults, request)


def _read(file: InputFile, start: int, end: int | None, faults: Faults, request: Request) -> Blocks:
    """The documents of the lines that begin in a range of bytes."""
    lines = _Lines(file, start)
    for offset, block in _blocks(file, start, end):
        texts = [line for line in block.split(b"\n") if line and not line.isspace()]
        documents = parse_records(texts, partial(lines.places, block, offset), faults, request)
        lines.pass_over(block)
        if documents:
            yield documents, len(block)


def _blocks(file: InputFile, start: int, end: int | None) -> Iterator[tuple[int, bytes]]:
    """The lines in blocks, each with the byte it begins at."""
    with file.open(max(start - 1, 0)) as stream:
        offset = start
        if start:
            offset += len(stream.readline()) - 1
        while end is None or offset < end:
            block = stream.read(BLOCK_BYTES if end is None else min(BLOCK_BYTES, end - offset))
            if not block:
                return
            if not block.endswith(b"\n"):
                block += stream.readline()
            mark = len(codecs.BOM_UTF8) if offset == 0 and block.startswith(codecs.BOM_UTF8) else 0
            yield offset + mark, block[mark:]
            offset += len(block)


@dataclass(slots=True)
class _Lines:
    """Numbers the lines of one part of a file. What lies before the part is counted only when a number is asked for."""

    file: InputFile
    start: int
    passed: int = 0
    _before: int | None = field(default=None, init=False)

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
