"""JSON files that are one array of documents, one document over many lines, or several such documents in a row.

The text is cut into its documents as it is read, so the file may be larger than memory; one document may not.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Final

from gatherum.plan.protocols import BATCH_ROWS, Coverage, OnBad, Request
from gatherum.sources.document_file import BLOCK_BYTES, Blocks, DocumentFile, Faults, undivided
from gatherum.sources.input_file import FileFormat, InputFile
from gatherum.sources.json_text import parse_records
from gatherum.sources.ndjson import is_ndjson, open_ndjson

_STRING: Final = rb'"(?:[^"\\]++|\\.)*+"'


def _nested(depth: int) -> bytes:
    """The pattern of a document or array whose parts nest at most so deeply."""
    inner = rb"|" + _nested(depth - 1) if depth else b""
    return rb'[{\[](?:[^"\[\]{}]++|' + _STRING + inner + rb")*+[}\]]"


_BLANK: Final = re.compile(rb"[ \t\r\n]*+")
_BLANKS: Final = frozenset({b" ", b"\t", b"\r", b"\n", b""})
_SHALLOW: Final = re.compile(_nested(4), re.DOTALL)
_TO_BRACKET: Final = re.compile(rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+([\[\]{}])", re.DOTALL)
_SCALAR: Final = re.compile(_STRING + rb'|[^\s"\[\]{},]++', re.DOTALL)


class _BrokenStructure(Exception):
    """What is wrong where the end of a document cannot be found."""


def open_json(file: InputFile, *, on_bad: OnBad, coverage: Coverage) -> DocumentFile:
    """The source of a JSON file; one that holds a document a line is read as NDJSON."""
    if file.regular and is_ndjson(file.head()):
        return open_ndjson(file, on_bad=on_bad, coverage=coverage)
    return undivided(file, _read, on_bad, coverage, frozenset({"fields", "limit"}))


def _read(file: InputFile, faults: Faults, request: Request) -> Blocks:
    """The documents of a file, in batches."""
    with file.open() as stream:
        text = _Text(stream)
        elements = _elements(text)
        number, broken = 0, None
        while broken is None:
            batch: list[tuple[int, bytes]] = []
            first = text.offset
            try:
                while len(batch) < BATCH_ROWS and text.offset - first < BLOCK_BYTES:
                    batch.append(next(elements))
            except StopIteration:
                broken = ""
            except _BrokenStructure as error:
                broken = str(error)
            places = partial(_places, [offset for offset, _ in batch], number)
            documents = parse_records([element for _, element in batch], places, faults, request)
            number += len(batch)
            if documents:
                yield documents, text.offset - first
            if broken:
                faults.unreadable_from(f"document {number + 1}", text.offset, broken)


def _places(offsets: list[int], number: int) -> Iterator[tuple[str, int]]:
    for place, offset in enumerate(offsets, number + 1):
        yield f"document {place}", offset


@dataclass(slots=True)
class _Text:
    """The part of a text that is in memory. `position` is the next byte of it to be looked at."""

    stream: BinaryIO
    buffer: bytes = b""
    position: int = 0
    base: int = 0

    @property
    def offset(self) -> int:
        """The position in the file."""
        return self.base + self.position

    def read_on(self) -> bool:
        """Drops what was looked at and reads more, the more the longer the rest is; False at the end."""
        more = self.stream.read(max(BLOCK_BYTES, len(self.buffer) - self.position))
        self.base += self.position
        self.buffer, self.position = self.buffer[self.position:] + more, 0
        return bool(more)

    def next_byte(self) -> bytes:
        """The next byte that is not blank, without going past it; nothing at the end."""
        following = self.buffer[self.position:self.position + 1]
        while following in _BLANKS:
            self.position = _BLANK.match(self.buffer, self.position).end()  # pyright: ignore[reportOptionalMemberAccess]
            if self.position == len(self.buffer) and not self.read_on():
                return b""
            following = self.buffer[self.position:self.position + 1]
        return following

    def value(self) -> bytes:
        """The next value, from bracket to bracket where it is a document or an array."""
        return self._bracketed() if self.next_byte() in (b"{", b"[") else self._scalar()

    def _bracketed(self) -> bytes:
        shallow = _SHALLOW.match(self.buffer, self.position)
        if shallow is not None:
            return self._take(shallow.end() - self.position)
        depth, length = 0, 0
        while True:
            found = _TO_BRACKET.match(self.buffer, self.position + length)
            if found is None:
                if not self.read_on():
                    raise _BrokenStructure("the file ends inside a document or an array: it is truncated")
                continue
            depth += 1 if found[1] in b"{[" else -1
            length = found.end() - self.position
            if depth == 0:
                return self._take(length)

    def _scalar(self) -> bytes:
        while True:
            found = _SCALAR.match(self.buffer, self.position)
            if found is not None and found.end() < len(self.buffer):
                return self._take(found.end() - self.position)
            if not self.read_on():
                if found is None:
                    raise _BrokenStructure(f"a document was expected; found {_describe(self.next_byte())}")
                return self._take(found.end() - self.position)

    def _take(self, length: int) -> bytes:
        taken = self.buffer[self.position:self.position + length]
        self.position += length
        return taken


def _describe(found: bytes) -> str:
    """A byte for a message."""
    return repr(found.decode("latin-1")) if found else "the end of the file"


def _elements(text: _Text) -> Iterator[tuple[int, bytes]]:
    """The elements of a top-level array, or the values of a text that is none, each with the byte it begins at."""
    text.read_on()
    if text.buffer.startswith(codecs.BOM_UTF8):
        text.position = len(codecs.BOM_UTF8)
    if text.next_byte() == b"[":
        text.position += 1
        yield from _items(text)
        if (rest := text.next_byte()) != b"":
            raise _BrokenStructure(f"the end of the file was expected after the array; found {_describe(rest)}")
    else:
        while text.next_byte():
            yield text.offset, text.value()


def _items(text: _Text) -> Iterator[tuple[int, bytes]]:
    following = text.next_byte()
    while following != b"]":
        yield text.offset, text.value()
        following = text.next_byte()
        if following == b",":
            text.position += 1
            if text.next_byte() == b"]":
                raise _BrokenStructure("a document was expected after the comma; found ']'")
        elif following != b"]":
            raise _BrokenStructure(f"',' or ']' was expected after a document; found {_describe(following)}")
    text.position += 1


def is_json(head: bytes) -> bool:
    """Whether a file that begins like this is a JSON array, or a document that goes on over many lines."""
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    return text.startswith(b"[") or (text.startswith(b"{") and not is_ndjson(head))


FORMAT = FileFormat("json", (".json",), open_json, is_json)
