"""BSON files as mongodump writes them: documents one after the other."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final

import bson
from bson import DBRef
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError

from gatherum.plan.analysis import top_names
from gatherum.plan.protocols import Coverage, OnBad, Request
from gatherum.sources.document_file import BLOCK_BYTES, Blocks, DocumentFile, Faults, undivided
from gatherum.sources.input_file import FileFormat, InputFile
from gatherum.types.values import Document

OPTIONS: Final = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
SHORTEST: Final = 5
LONGEST: Final = 1 << 28
LONGEST_RECOGNIZED: Final = 1 << 25                  # so the fourth byte is a control character, which no text has
_TYPES: Final = frozenset(range(1, 20)) | {127, 255}
_LENGTH: Final = struct.Struct("<i")


class _Unique(dict[str, Any]):
    """A document that refuses a second value for a field."""

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self:
            raise ValueError(f"the field {name!r} is there twice in one document, which can hold it once only")
        super().__setitem__(name, value)


_UNIQUE: Final = CodecOptions(document_class=_Unique, datetime_conversion=DatetimeConversion.DATETIME_AUTO)


def open_bson(file: InputFile, *, on_bad: OnBad, coverage: Coverage) -> DocumentFile:
    """The source of a BSON file."""
    return undivided(file, _read, on_bad, coverage)


def _read(file: InputFile, faults: Faults, request: Request) -> Blocks:
    """The documents of a file, block by block."""
    number = offset = 0
    for block, lengths, broken in _blocks(file):
        documents = _decoded_fields(block, faults, request)
        if documents is None:
            documents = _decode_block(block, lengths, number, offset, faults)
        number += len(lengths)
        offset += len(block)
        if documents:
            yield documents, len(block)
        if broken:
            faults.unreadable_from(f"document {number + 1}", offset, broken)
            return


def _blocks(file: InputFile) -> Iterator[tuple[bytes, list[int], str]]:
    """Blocks of whole documents, their lengths, and what is wrong with the document after the block."""
    rest, wanted = b"", BLOCK_BYTES
    with file.open() as stream:
        while more := stream.read(wanted):
            buffer = rest + more
            lengths, broken = _cut(buffer)
            size = sum(lengths)
            yield buffer[:size], lengths, broken
            rest = buffer[size:]
            wanted = max(BLOCK_BYTES, _LENGTH.unpack_from(rest)[0] - len(rest) if len(rest) >= 4 else 0)
    if rest:
        yield b"", [], f"the file ends after {len(rest)} bytes of it: it is truncated"


def _cut(buffer: bytes) -> tuple[list[int], str]:
    """The lengths of the whole documents at the head of a buffer, and what is wrong with the length after them."""
    lengths: list[int] = []
    position, end = 0, len(buffer)
    while position + 4 <= end:
        length = _LENGTH.unpack_from(buffer, position)[0]
        if not SHORTEST <= length <= LONGEST:
            return lengths, f"its length says {length} bytes, which no document has"
        if position + length > end:
            break
        lengths.append(length)
        position += length
    return lengths, ""


def _decoded_fields(block: bytes, faults: Faults, request: Request) -> list[Document] | None:
    """The documents with the fields needed, by a kernel; None where that cannot be, or something is broken."""
    # Which documents are skipped must not depend on what the query needs of them.
    if request.fields is None or not request.compiled or faults.on_bad == "skip":
        return None
    from gatherum.sources.columnar.bson_fields import with_fields

    kept = with_fields(block, top_names(request.fields))
    return None if kept is None else _decode_all(kept)


def _decode_block(block: bytes, lengths: list[int], number: int, offset: int, faults: Faults) -> list[Document]:
    documents = _decode_all(block)
    return _decode_each(block, lengths, number, offset, faults) if documents is None else documents


def _decode_all(block: bytes) -> list[Document] | None:
    """All documents of a block; None where one is broken, or has a field twice."""
    try:
        documents: list[Document] = bson.decode_all(block, OPTIONS)
        if sum(len(bson.encode(document)) for document in documents) == len(block):
            return _plain(documents) if b"$ref\0" in block else documents
    except (BSONError, ValueError, OverflowError, RecursionError):
        pass
    return None


def _decode_each(block: bytes, lengths: list[int], number: int, offset: int, faults: Faults) -> list[Document]:
    """The documents that can be read, decoded one by one."""
    documents = []
    position = 0
    for place, length in enumerate(lengths, number + 1):
        data = block[position:position + length]
        try:
            bson.decode(data, _UNIQUE)
            documents.append(bson.decode(data, OPTIONS))
        except RecursionError:
            faults.broken(f"document {place}", offset + position, "it is nested too deeply")
        except (BSONError, ValueError, OverflowError) as error:
            faults.broken(f"document {place}", offset + position, str(error))
        position += length
    return _plain(documents)


def _plain(value: Any) -> Any:
    """The same with references as the documents that they are."""
    if type(value) is DBRef:
        return _plain(dict(value.as_doc()))
    if type(value) is dict:
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if type(value) is list else value


def is_bson(head: bytes) -> bool:
    """Whether a file that begins like this can be BSON: a plausible length, a type, and a zero at the end."""
    if len(head) < SHORTEST:
        return False
    length = _LENGTH.unpack_from(head)[0]
    if not SHORTEST <= length < LONGEST_RECOGNIZED or (length <= len(head) and head[length - 1] != 0):
        return False
    return head[4] in _TYPES or (length == SHORTEST and head[4] == 0)


FORMAT = FileFormat("bson", (".bson",), open_bson, is_bson)
