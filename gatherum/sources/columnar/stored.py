"""Files that are read at any place: regular ones where they are, others through a temporary copy."""

from __future__ import annotations

import mmap
import shutil
import tempfile
from collections.abc import Callable

import pyarrow as pa

from gatherum.errors import SourceError
from gatherum.sources.input_file import InputFile, file_error


def opener(file: InputFile, mapped: bool) -> Callable[[], pa.NativeFile]:
    """A function that opens a file for one reader; `mapped` into memory, or read piece by piece.

    What is compressed as a whole, or comes from a pipe, is copied to an unnamed temporary file first.
    """
    if not file.divisible:
        buffer = _copied(file)
        return lambda: pa.BufferReader(buffer)
    open_path = pa.memory_map if mapped and file.size_bytes else pa.OSFile

    def open_file() -> pa.NativeFile:
        try:
            return open_path(file.path, "r")
        except OSError as error:
            raise file_error(file.name, error) from None
    return open_file


def _copied(file: InputFile) -> pa.Buffer:
    with file.open() as stream, tempfile.TemporaryFile() as copy:
        try:
            shutil.copyfileobj(stream, copy, 1 << 20)
            copy.flush()
        except OSError as error:
            raise SourceError(f"cannot copy {file.name} to a temporary file: {error.strerror or error}") from None
        return pa.py_buffer(mmap.mmap(copy.fileno(), 0, access=mmap.ACCESS_READ) if copy.tell() else b"")
