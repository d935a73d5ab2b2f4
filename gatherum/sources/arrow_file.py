"""Arrow IPC: the file format (which Feather is) and the stream format, told apart by their first bytes."""

from __future__ import annotations

from gatherum.plan.protocols import Coverage, OnBad, Source
from gatherum.sources.input_file import FileFormat, InputFile


def open_arrow(file: InputFile, *, on_bad: OnBad, coverage: Coverage) -> Source:
    """The source of an Arrow file or stream."""
    from gatherum.sources.columnar.ipc import open_ipc

    return open_ipc(file, on_bad, coverage)


def is_arrow(head: bytes) -> bool:
    """Whether a file that begins like this is an Arrow file, or a stream, whose first message is marked by 255s."""
    return head.startswith((b"ARROW1", b"\xff\xff\xff\xff"))


FORMAT = FileFormat("arrow", (".arrow", ".feather", ".arrows", ".ipc"), open_arrow, is_arrow)
