"""A file to be read, or standard input, with its compression undone; and what a file format is."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Final, TypeVar

from gatherum.errors import SourceError
from gatherum.plan.protocols import Source
from gatherum.records import record
from gatherum.sources.compression import (
    Compression,
    compression_of_bytes,
    compression_of_name,
    decompress,
    uncompressed_name,
)

HEAD_BYTES: Final = 1 << 16
STREAM_HEAD_BYTES: Final = 1 << 12
STANDARD_INPUT: Final = "-"
T = TypeVar("T")


@record
class FileFormat:
    """One format of files: a module of this package with such a value is all that a format needs.

    `open(file, on_bad=..., coverage=..., **options)` gives the source of one `InputFile`; `options` names the options
    that it takes. `recognizes` tells the format from a file's first bytes, for standard input and for names whose
    suffix says nothing. The modules of all formats are imported for such a name: what is slow to import is imported
    in `open`.
    """

    name: str
    suffixes: tuple[str, ...]
    open: Callable[..., Source]
    recognizes: Callable[[bytes], bool] = lambda head: False
    options: tuple[str, ...] = ()


class InputFile:
    """One file. Regular files can be opened any number of times; pipes and standard input once."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = "standard input" if path == STANDARD_INPUT else path
        self.size_bytes: int | None = None
        self._stream: BinaryIO | None = None
        self._read = False
        self.regular = False
        if path != STANDARD_INPUT:
            status = self._checked(lambda: os.stat(path))
            self.regular = stat.S_ISREG(status.st_mode)
            self.size_bytes = status.st_size if self.regular else None
        self.compression = self._find_compression()

    @property
    def stem(self) -> str:
        """The file's name without its directory and the suffix of its compression."""
        return uncompressed_name(os.path.basename(self.path))

    @property
    def divisible(self) -> bool:
        """Whether several threads can read parts of it, each from an offset of its own."""
        return self.regular and self.compression is None

    def head(self) -> bytes:
        """The first bytes of the content; on a pipe, what is there without waiting for long."""
        if not self.regular:
            self._stream, found = _peek(self._content())
            return found
        with self._content() as stream:
            return stream.read(HEAD_BYTES)

    def open(self, offset: int = 0) -> BinaryIO:
        """The content from a byte offset on; SourceError where a pipe was opened before."""
        stream = self._content()
        if not self.regular:
            self._read, self._stream = True, None
        elif offset:
            stream.seek(offset)
        return stream

    def _find_compression(self) -> Compression | None:
        named = compression_of_name(self.path)
        if self.regular:
            with self._raw() as stream:
                return named or compression_of_bytes(stream.read(8))
        self._stream, head = _peek(self._raw())
        kind = named or compression_of_bytes(head)
        if kind is not None:
            self._stream = decompress(self._stream, kind, self.name)
        return kind

    def _content(self) -> BinaryIO:
        if self.regular:
            return decompress(self._raw(), self.compression, self.name) if self.compression else self._raw()
        if self._read or self._stream is None:
            raise SourceError(f"{self.name} was read already, and can be read only once: store it in a file first")
        return self._stream

    def _raw(self) -> BinaryIO:
        if self.path == STANDARD_INPUT:
            return standard_input()
        return self._checked(lambda: open(self.path, "rb"))

    def _checked(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except OSError as error:
            raise file_error(self.name, error) from None


_taken: Any = None


def standard_input() -> BinaryIO:
    """The standard input of the process; SourceError the second time, when nothing would be found in it."""
    global _taken
    if sys.stdin is None:
        raise SourceError("cannot read standard input: it is closed")
    if sys.stdin is _taken:
        raise SourceError("standard input was read already, and can be read only once: store it in a file first")
    _taken = sys.stdin
    return sys.stdin.buffer


def file_error(name: str, error: OSError) -> SourceError:
    """What the operating system says of a file, as an error of a source."""
    if isinstance(error, PermissionError):
        return SourceError(f"no permission to read {name}")
    if isinstance(error, FileNotFoundError):
        return SourceError(f"there is no file {name}")
    return SourceError(f"cannot read {name}: {error.strerror or error}")


class _Replayed(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._head[:len(buffer)] or _read_some(self._rest, len(buffer))
        self._head = self._head[len(data):]
        buffer[:len(data)] = data
        return len(data)

    def close(self) -> None:
        if self._rest is not getattr(sys.stdin, "buffer", None):        # the process may still want its own
            self._rest.close()
        super().close()


def _read_some(stream: BinaryIO, count: int) -> bytes:
    """What can be read without waiting for more than the first bytes."""
    read1 = getattr(stream, "read1", None)
    return (stream.read(count) if read1 is None else read1(count)) or b""


def _peek(stream: BinaryIO) -> tuple[BinaryIO, bytes]:
    """The first line of a stream, or some KB of it, and a stream that starts there again."""
    head = b""
    while len(head) < STREAM_HEAD_BYTES and not (len(head) >= 64 and b"\n" in head):
        more = _read_some(stream, STREAM_HEAD_BYTES - len(head))
        if not more:
            break
        head += more
    return io.BufferedReader(_Replayed(head, stream), HEAD_BYTES), head
