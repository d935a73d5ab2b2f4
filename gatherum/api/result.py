"""The rows that a query gives: read once, as documents, as columns, or into a file."""

from __future__ import annotations

import datetime as dt
import os
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from gatherum.api.query import Query
from gatherum.api.run import run_columnar, run_rows
from gatherum.errors import ResultError
from gatherum.types.values import Document, Value

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN_ROWS: Final = 20


class Result:
    """The rows of a query, read as they are asked for.

    It reads its source once: iterate over it, or call one of `to_list`, `to_arrow`, `to_pandas`, `to_polars` and
    `write`; a second pass raises `ResultError`. Printed, it shows its first rows, and loses none. A context manager:
    leaving it ends the query. `coverage` says what the rows rest on, and `stats` what the query did; both are complete
    when the last row has been read.
    """

    def __init__(self, query: Query) -> None:
        self._query = query
        self._columnar = query.engine == "columnar"
        self._batches: Iterator[Any] = run_columnar(query) if self._columnar else run_rows(query)
        self._ahead: deque[Any] = deque()
        self._documents: Iterator[Document] | None = None
        self._used = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the query, and gives back its memory and files. May be called again."""
        self._batches.close()  # pyright: ignore[reportAttributeAccessIssue]
        self._ahead.clear()

    def __iter__(self) -> Iterator[Document]:
        if self._used != "iterated over":
            self._use("iterated over")
            self._documents = self._each()
        assert self._documents is not None
        return self._documents

    def __next__(self) -> Document:
        return next(iter(self))

    def _use(self, how: str) -> None:
        if self._used:
            raise ResultError(f"this result has already been {self._used}, and a result reads its source once: keep "
                              "what you need in a list (to_list), a table (to_arrow) or a file (write)")
        self._used = how

    def _taken(self) -> Iterator[Any]:
        while self._ahead:
            yield self._ahead.popleft()
        yield from self._batches

    def _each(self) -> Iterator[Document]:
        for batch in self._taken():
            yield from self._rows_of(batch)

    def _rows_of(self, batch: Any) -> list[Document]:
        rows = batch.documents() if self._columnar else batch
        return [_aware(row) for row in rows] if self._query.settings.tz_aware else rows

    def to_list(self) -> list[Document]:
        """All rows as documents with BSON values."""
        self._use("read into a list")
        return list(self._each())

    def _column_batches(self) -> Iterator[Any]:
        from gatherum.kernels.columns.batch import MAX_ROWS, batch_of

        for batch in self._taken():
            if self._columnar:
                yield batch
            else:
                for start in range(0, len(batch), MAX_ROWS):
                    yield batch_of(batch[start:start + MAX_ROWS])

    def to_arrow(self) -> pa.Table:
        """All rows as a `pyarrow.Table`; a column of several types has the extension type `gatherum.variant`."""
        import pyarrow as pa

        from gatherum.kernels.columns.batch import concat_batches

        self._use("read into an Arrow table")
        batches = list(self._column_batches())
        if not batches:
            return pa.table({})
        return pa.Table.from_batches([concat_batches(batches).record_batch()])

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows for any library that takes Arrow streams."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> Any:
        """All rows as a pandas DataFrame; columns of documents, arrays or several types hold Python objects."""
        import pandas as pd

        return pd.DataFrame({name: pd.Series(values, dtype=kind) for name, (values, kind) in
                             self._frame_columns("read into a pandas frame").items()})

    def _frame_columns(self, how: str) -> dict[str, tuple[Any, Any]]:
        from gatherum.kernels.columns.batch import concat_batches
        from gatherum.kernels.columns.frames import pandas_column

        self._use(how)
        batches = list(self._column_batches())
        if not batches:
            return {}
        return {name: pandas_column(column, name) for name, column in concat_batches(batches).columns.items()}

    def to_polars(self) -> Any:
        """All rows as a polars DataFrame; columns that polars has no type for hold Python objects."""
        import polars as pl

        from gatherum.kernels.columns.batch import concat_batches
        from gatherum.kernels.columns.frames import polars_column

        self._use("read into a polars frame")
        batches = list(self._column_batches())
        if not batches:
            return pl.DataFrame()
        return pl.DataFrame([polars_column(column, name) for name, column in concat_batches(batches).columns.items()])

    def write(self, path: str | os.PathLike[str], *, format: str | None = None, lossy: bool = False,
              **options: Any) -> int:
        """Writes all rows to a file, in the format of its suffix or the one named; returns how many.

        `options` are the format's, such as `canonical=True` for NDJSON. LossError where the format cannot hold a
        value, unless `lossy`. A write that fails leaves no file.
        """
        from gatherum.sinks.files import open_sink

        self._use(f"written to {os.fspath(path)}")
        rows = 0
        with open_sink(path, format, lossy, **options) as sink:
            as_columns = self._columnar and sink.columnar
            for batch in self._taken():
                if as_columns:
                    sink.write_batch(batch)
                    rows += batch.rows
                else:
                    documents = self._rows_of(batch)
                    sink.write(documents)
                    rows += len(documents)
        return rows

    @property
    def coverage(self) -> dict[str, Any]:
        """What was read so far: sources, rows, bytes, and what was skipped."""
        found = self._query.coverage
        return {"sources": list(found.sources), "rows": found.rows, "bytes": found.bytes,
                "skipped_count": found.skipped_count,
                "skipped": [{"file": s.file, "offset": s.offset, "place": s.place, "reason": s.reason}
                            for s in found.skipped]}

    @property
    def stats(self) -> dict[str, Any]:
        """The engine and why it was chosen, the seconds, and the figures of each operator (None until they end)."""
        query = self._query
        return {"engine": query.engine, "why": query.why, "seconds": query.seconds,
                "operators": None if query.metrics is None else query.metrics.to_dict()}

    def _peek(self, count: int) -> list[Document]:
        if self._used:
            return []
        seen: list[Document] = []
        for batch in self._ahead:
            seen += self._rows_of(batch)
        while len(seen) < count:
            batch = next(self._batches, None)
            if batch is None:
                break
            self._ahead.append(batch)
            seen += self._rows_of(batch)
        return seen[:count]

    def __repr__(self) -> str:
        if self._used:
            return f"<gatherum.Result, {self._used}>"
        from gatherum.api.table import render_table

        rows = self._peek(SHOWN_ROWS + 1)
        return render_table(rows[:SHOWN_ROWS], more=len(rows) > SHOWN_ROWS)


def _aware(value: Value) -> Value:
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dict):
        return {name: _aware(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_aware(item) for item in value]
    return value
