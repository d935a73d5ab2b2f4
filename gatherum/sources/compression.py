"""Reading compressed streams: gzip, bzip2 and Zstandard, of any number of members, whole or not at all."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from gatherum.errors import SourceError
from gatherum.records import record

CHUNK: Final = 1 << 15


@record
class Compression:
    """One kind of compression; `decompressor` makes an object for one member, of the form of `bz2.BZ2Decompressor`."""

    name: str
    suffix: str
    magic: bytes
    decompressor: Callable[[], Any]


def _bzip2() -> Any:
    import bz2

    return bz2.BZ2Decompressor()


def _zstandard() -> Any:
    import zstandard

    return zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()


COMPRESSIONS: Final = (
    Compression("gzip", ".gz", b"\x1f\x8b\x08", lambda: zlib.decompressobj(wbits=31)),
    Compression("bzip2", ".bz2", b"BZh", _bzip2),
    Compression("Zstandard", ".zst", b"\x28\xb5\x2f\xfd", _zstandard),
)


def compression_of_name(name: str) -> Compression | None:
    """The compression that a file's name tells, or None."""
    return next((kind for kind in COMPRESSIONS if name.lower().endswith(kind.suffix)), None)


def uncompressed_name(name: str) -> str:
    """A file's name, or path, without the suffix of its compression."""
    kind = compression_of_name(name)
    return name[:-len(kind.suffix)] if kind else name


def compression_of_bytes(head: bytes) -> Compression | None:
    """The compression that a file's first bytes tell, or None."""
    return next((kind for kind in COMPRESSIONS if head.startswith(kind.magic)), None)


def decompress(stream: BinaryIO, kind: Compression, name: str) -> io.BufferedReader:
    """The decompressed stream; reading it raises SourceError where the compressed data are broken or end early."""
    return io.BufferedReader(_Decompressed(stream, kind, name), CHUNK)


class _Decompressed(io.RawIOBase):
    def __init__(self, stream: BinaryIO, kind: Compression, name: str) -> None:
        self._stream = stream
        self._kind = kind
        self._name = name
        self._member: Any = None
        self._members = 0
        self._input = b""
        self._offset = 0
        self._output = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._output:
            if not self._advance():
                return 0
        count = min(len(buffer), len(self._output))
        buffer[:count] = self._output[:count]
        self._output = self._output[count:]
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _advance(self) -> bool:
        """Decompresses the next piece of input; False at the end."""
        data = self._input or self._stream.read(CHUNK)
        if not data:
            if self._member is not None or not self._members:
                raise SourceError(f"{self._name}: the {self._kind.name} data end early, after {self._offset} bytes: "
                                  "the file is truncated")
            return False
        if self._member is None:
            if self._members and not data.strip(b"\0"):                 # padding, as tapes and block devices leave it
                self._input = b""
                return True
            self._member = self._kind.decompressor()
        self._output = memoryview(self._decompress(data))
        self._input = b""
        if self._member.eof:
            self._input = self._member.unused_data
            self._member = None
            self._members += 1
        self._offset += len(data) - len(self._input)
        return True

    def _decompress(self, data: bytes) -> bytes:
        import zstandard

        try:
            return self._member.decompress(data)
        except (zlib.error, OSError, EOFError, zstandard.ZstdError) as error:
            raise SourceError(f"{self._name}: broken {self._kind.name} data near byte {self._offset}: "
                              f"{error}") from None
