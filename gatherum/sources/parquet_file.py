"""Parquet: only the columns that are needed are read, and only the row groups that may hold what a filter looks for."""

from __future__ import annotations

from gatherum.plan.protocols import Coverage, OnBad, Source
from gatherum.sources.input_file import FileFormat, InputFile


def open_parquet(file: InputFile, *, on_bad: OnBad, coverage: Coverage) -> Source:
    """The source of a Parquet file."""
    from gatherum.sources.columnar.parquet import ParquetSource

    return ParquetSource(file, on_bad, coverage)


def is_parquet(head: bytes) -> bool:
    """Whether a file that begins like this is Parquet."""
    return head.startswith(b"PAR1")


FORMAT = FileFormat("parquet", (".parquet", ".pq"), open_parquet, is_parquet)
