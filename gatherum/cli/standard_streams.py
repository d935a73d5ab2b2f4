"""The standard streams of the command: what cannot be written is an error with a name, and never lost in silence."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from gatherum.errors import SourceError


class _Descriptor(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())        # Python writes at its end what still waits
            if isinstance(error, BrokenPipeError):
                raise
            raise SourceError(f"cannot write standard output: {error.strerror}") from error


class _Closed(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        raise SourceError("cannot write standard output: it is closed; write to a file with -o")


def prepare_streams() -> None:
    """Puts streams in place that do so, and to which any character can be written."""
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(_Closed(), write_through=True)  # pyright: ignore[reportArgumentType]
    else:
        raw = _Descriptor(sys.stdout.fileno(), "wb", closefd=False)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), sys.stdout.encoding, "backslashreplace",
                                      line_buffering=sys.stdout.isatty())
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    elif isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
