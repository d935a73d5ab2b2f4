"""A file to be written: complete under its name once closed, absent where writing failed; compressed by its suffix."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Final, cast

from gatherum.errors import SourceError

STANDARD_OUTPUT: Final = "-"


def _gzip(stream: BinaryIO) -> BinaryIO:
    import gzip

    return cast("BinaryIO", gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0))


def _bzip2(stream: BinaryIO) -> BinaryIO:
    import bz2

    return cast("BinaryIO", bz2.BZ2File(stream, "wb"))


def _zstandard(stream: BinaryIO) -> BinaryIO:
    import zstandard

    return cast("BinaryIO", zstandard.ZstdCompressor().stream_writer(stream, closefd=False))


COMPRESSORS: Final[dict[str, Callable[[BinaryIO], BinaryIO]]] = {".gz": _gzip, ".bz2": _bzip2, ".zst": _zstandard}
"""The modules of compression are imported when a file is compressed: most are not."""


def compression_suffix(name: str) -> str:
    """The suffix of a file's name that says how it is compressed, or nothing."""
    return next((suffix for suffix in COMPRESSORS if name.lower().endswith(suffix)), "")


class OutputFile:
    """Where a sink writes its bytes: a path, `-` for standard output, or a binary stream that is the caller's.

    A regular file is written beside its place under a hidden name, and renamed by `commit`. Devices, pipes and
    streams are written as they are.
    """

    def __init__(self, target: str | os.PathLike[str] | BinaryIO) -> None:
        self.name = os.fspath(target) if isinstance(target, str | os.PathLike) else getattr(target, "name", "a stream")
        self._path = self._hidden = ""
        self._own = False
        try:
            self._bottom = self._open(target)
        except OSError as error:
            raise SourceError(f"cannot write {self.name}: {error.strerror or error}") from None
        compress = COMPRESSORS.get(compression_suffix(self.name)) if self._own else None
        self.stream: BinaryIO = compress(self._bottom) if compress else self._bottom

    def _open(self, target: Any) -> BinaryIO:
        if not isinstance(target, str | os.PathLike):
            return target
        if self.name == STANDARD_OUTPUT:
            self.name = "standard output"
            return sys.stdout.buffer
        self._own = True
        path = os.path.realpath(os.path.expanduser(self.name))
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            return open(path, "wb")
        folder, name = os.path.split(path)
        self._path, self._hidden = path, os.path.join(folder, f".{name}.{os.urandom(4).hex()}.part")
        return open(self._hidden, "xb")

    def commit(self) -> None:
        """Completes the file and gives it its name."""
        if self.stream is not self._bottom:
            self.stream.close()
        if self._own:
            self._bottom.close()
        else:
            self._bottom.flush()
        if self._hidden:
            os.replace(self._hidden, self._path)

    def discard(self) -> None:
        """Gives up: a regular file is as it was before."""
        with contextlib.suppress(OSError, ValueError):
            if self.stream is not self._bottom:
                self.stream.close()
            if self._own:
                self._bottom.close()
        if self._hidden and os.path.exists(self._hidden):
            os.unlink(self._hidden)
