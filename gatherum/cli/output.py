"""Writes the rows of a result: as a table for people, or in a format of the sinks."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

import click

from gatherum.api.progress import Progress
from gatherum.api.result import Result
from gatherum.cli.figures import plural
from gatherum.cli.options import OTHER_NAMES
from gatherum.cli.terminal import styled
from gatherum.errors import SourceError
from gatherum.plan.protocols import BATCH_ROWS
from gatherum.types.values import Document

TABLE: Final = "table"
TABLE_ROWS: Final = 1000
BINARY: Final = frozenset({"parquet", "arrow", "bson"})
_STANDARD_OUTPUT: Final = "-"


class Output:
    """Where rows go: to `path` or the standard output, in the format named, or the one that is usual there."""

    def __init__(self, format: str | None, path: str | None, canonical: bool = False, lossy: bool = False,
                 exact: bool = False, csv_empty: str = "null") -> None:
        self.path = None if path == _STANDARD_OUTPUT else path
        self.to_terminal = self.path is None and sys.stdout.isatty()
        self.format = _known(format) if format else self._usual(self.path)
        self._options: dict[str, Any] = {"lossy": lossy, "exact": exact, "csv_empty": csv_empty,
                                         **({"canonical": True} if canonical else {})}
        if self.to_terminal and self.format in BINARY:
            raise click.UsageError(f"{self.format} is not for terminals: write to a file with -o, or into a pipe")
        if canonical and self.format not in ("json", "ndjson"):
            raise click.UsageError(f"--canonical is for the formats json and jsonl, not for {self.format}")

    def _usual(self, path: str | None) -> str:
        if path is None:
            return TABLE if self.to_terminal else "ndjson"
        from gatherum.sinks.files import format_of

        try:
            return format_of(path).name
        except SourceError as error:
            raise click.UsageError(str(error)) from None

    def write(self, result: Result, progress: Progress) -> int:
        """Writes the rows that are left; how many they were."""
        if self.format == TABLE:
            return self._write_table(result, progress)
        if not self.to_terminal:
            return result.write(self.path or _STANDARD_OUTPUT, format=self.format, **self._options)
        return self._write_documents(result, progress)

    def _write_documents(self, result: Result, progress: Progress) -> int:
        """Writes to a terminal, from which the progress is taken away first."""
        from gatherum.sinks.files import open_sink

        count = 0
        with open_sink(_STANDARD_OUTPUT, self.format, **self._options) as sink:
            for rows in _chunks(result, BATCH_ROWS):
                progress.end()
                sink.write(rows)
                count += len(rows)
            progress.end()
        return count

    def _write_table(self, result: Result, progress: Progress) -> int:
        rows = next(_chunks(result, TABLE_ROWS + 1), [])
        if self.to_terminal:
            progress.end()
        if self.path is None:
            _write_table(rows, sys.stdout)
        else:
            try:
                with open(self.path, "w", encoding="utf-8") as file:
                    _write_table(rows, file)
            except OSError as error:
                raise SourceError(f"cannot write {self.path}: {error.strerror}") from None
        return min(len(rows), TABLE_ROWS)


def _known(format: str) -> str:
    from gatherum.functions.registry import nearest
    from gatherum.sinks.files import formats

    if format != TABLE and format not in OTHER_NAMES and format not in formats():
        known = [TABLE, *formats(), *OTHER_NAMES]
        raise click.UsageError(f"there is no format {format!r}{nearest(format, known)}; known: {', '.join(known)}")
    return OTHER_NAMES.get(format, format)


def _chunks(result: Result, size: int) -> Iterator[list[Document]]:
    rows = iter(result)
    return iter(lambda: list(itertools.islice(rows, size)), [])


def _write_table(rows: Sequence[Document], stream: IO[str]) -> None:
    from gatherum.cli.tables import write_table

    write_table(rows[:TABLE_ROWS], stream)
    said = plural(len(rows), "row")
    if len(rows) > TABLE_ROWS:
        said = (f"the first {TABLE_ROWS:,} rows; there are more, which every other format has (--format jsonl, or a "
                "file with -o)")
    stream.write(styled(said, "dim", stream) + "\n")
    stream.flush()
