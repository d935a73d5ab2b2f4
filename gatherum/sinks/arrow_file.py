"""Arrow IPC: files (Feather is the same) and streams. Documents come back exactly, as from Parquet."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from gatherum.errors import SettingError
from gatherum.sinks.files import SinkFormat

if TYPE_CHECKING:
    from gatherum.sinks.columnar.writer import ColumnWriter

COMPRESSIONS: Final = ("lz4", "zstd", "none")


def open_arrow(stream: BinaryIO, *, lossy: bool, compression: str = "lz4", streamed: bool = False) -> ColumnWriter:
    """A writer of an Arrow file, or of an Arrow stream."""
    if compression not in COMPRESSIONS:
        raise SettingError(f"compression is one of {', '.join(COMPRESSIONS)} for arrow, not {compression!r}")
    from gatherum.sinks.columnar.ipc import ipc_writer

    return ipc_writer(stream, None if compression == "none" else compression, streamed)


FORMAT = SinkFormat("arrow", (".arrow", ".feather"), open_arrow, options=("compression",))
STREAM_FORMAT = SinkFormat("arrows", (".arrows",), partial(open_arrow, streamed=True), options=("compression",))
