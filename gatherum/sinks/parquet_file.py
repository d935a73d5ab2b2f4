"""Parquet, which every tool for columns reads. What its types cannot tell is in the metadata, so that documents come
back exactly; only columns of several types are written as BSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from gatherum.errors import SettingError
from gatherum.sinks.files import SinkFormat

if TYPE_CHECKING:
    from gatherum.sinks.columnar.writer import ColumnWriter

COMPRESSIONS: Final = ("zstd", "snappy", "gzip", "brotli", "lz4", "none")


def open_parquet(stream: BinaryIO, *, lossy: bool, compression: str = "zstd") -> ColumnWriter:
    """A writer of Parquet."""
    if compression not in COMPRESSIONS:
        raise SettingError(f"compression is one of {', '.join(COMPRESSIONS)} for parquet, not {compression!r}")
    from gatherum.sinks.columnar.parquet import parquet_writer

    return parquet_writer(stream, compression)


FORMAT = SinkFormat("parquet", (".parquet", ".pq"), open_parquet, options=("compression",))
