"""The rows that a query gives: read once, as documents, as columns, or into a file."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from gatherum.api.progress import Progress
from gatherum.api.query import Query
from gatherum.api.run import not_utf8, run
from gatherum.api.zoned import in_utc
from gatherum.errors import ResultError
from gatherum.types.values import Document

if TYPE_CHECKING:
    import pyarrow as pa

    from gatherum.kernels.columns.batch import Batch

SHOWN_ROWS: Final = 20
ITERATED: Final = "iterated over"
KEEP: Final = "keep what you need in a list (to_list), a table (to_arrow) or a file (write)"


class Result:
    """The rows of a query, read as they are asked for.

    It reads its source once: iterate over it, or call one of `to_list`, `to_arrow`, `to_pandas`, `to_polars` and
    `write`; after an iteration that was left early they give the rest. A second pass raises `ResultError`. Printed, it
    shows its first rows, and loses none. A context manager: leaving it ends the query. `coverage` says what the rows
    rest on, and `stats` what the query did; both are complete when the last row has been read.

    `query` is prepared, or prepares itself when something of it is first asked for.
    """

    def __init__(self, query: Query | Callable[[], Query], progress: bool = False) -> None:
        self._given = query
        self._shows_progress = progress
        self._ahead: deque[Any] = deque()
        self._batch: Any = None
        self._row: Iterator[Document] = iter([])
        self._table: pa.Table | None = None
        self._used = ""
        self._ended = self._closed = False

    @cached_property
    def _query(self) -> Query:
        return self._given() if callable(self._given) else self._given

    @cached_property
    def _progress(self) -> Progress:
        query = self._query
        show = query.settings.progress if self._shows_progress else "off"
        return Progress(query.coverage, query.sources.values(), show)

    @cached_property
    def _batches(self) -> Generator[Any]:
        return _watched(self._query, self._progress)

    @property
    def _begun(self) -> bool:
        """Whether the query has been prepared, or will not be any more."""
        return self._closed or "_query" in vars(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the query, and gives back its threads, memory and temporary files. May be called again."""
        self._closed = True
        if "_batches" in vars(self):
            self._batches.close()
        self._give_back()
        self._ahead.clear()

    def __iter__(self) -> Iterator[Document]:
        if self._closed or self._ended or self._used != ITERATED:
            self._use(ITERATED)
        return self._documents()

    def __next__(self) -> Document:
        if self._used != ITERATED:
            self._use(ITERATED)
        return next(self._documents())

    def _documents(self) -> Iterator[Document]:
        """What is left of the present batch, then the other batches."""
        with self._ended_by_failure():
            yield from self._row
            while (batch := self._next_batch()) is not None:
                self._progress.hide()
                self._batch, self._row = batch, self._rows_of(batch)
                yield from self._row

    def _give_back(self) -> None:
        """Takes the rows of the present batch that are left from whoever iterates: they are the next batch."""
        batch, left = self._batch, len(list(self._row))
        self._batch = None
        if left:
            self._ahead.appendleft(batch.slice(batch.rows - left, left) if self._columnar else batch[-left:])

    @contextmanager
    def _ended_by_failure(self) -> Iterator[None]:
        """Ends the query where Ctrl-C or an error interrupts its reader: who handles that still holds on to it."""
        try:
            yield
        except GeneratorExit:                               # an iteration that is given up may be taken up again
            raise
        except UnicodeDecodeError as error:
            self.close()
            raise not_utf8(error) from None
        except BaseException:
            self.close()
            raise

    def _use(self, how: str) -> None:
        if self._used and (self._used != ITERATED or self._ended or self._closed):
            raise ResultError(f"this result has already been {self._used}, and a result reads its source once: {KEEP}")
        self._refuse_closed()
        self._used = how
        self._give_back()

    def _refuse_closed(self) -> None:
        if self._closed and not self._ended:
            raise ResultError(f"this result has been closed: read it before, inside its `with` block, and {KEEP}")

    def _next_batch(self) -> Any:
        """The next batch; None at the end."""
        self._refuse_closed()
        if self._ahead:
            return self._ahead.popleft()
        batch = None
        try:
            self._progress.show()
            batch = next(self._batches, None)
        finally:
            self._ended = batch is None
        return batch

    def _taken(self) -> Iterator[Any]:
        return iter(self._next_batch, None)

    def _rows_of(self, batch: Any) -> Iterator[Document]:
        return itertools.chain.from_iterable(self._documents_of(batch))

    def _documents_of(self, batch: Any) -> Iterator[list[Document]]:
        lists = batch.lists_of_documents() if self._columnar else iter([batch])
        return map(in_utc, lists) if self._query.settings.tz_aware else lists

    @property
    def _columnar(self) -> bool:
        return self._query.engine == "columnar"

    def to_list(self, length: int | None = None) -> list[Document]:
        """All rows, as documents with BSON values; or the next `length` rows, fewer at the end, none after it.

        >>> import gatherum as gm
        >>> result = gm.aggregate([{"a": 1}, {"a": 2}, {"a": 3}], [])
        >>> result.to_list(2), result.to_list(2), result.to_list(2)
        ([{'a': 1}, {'a': 2}], [{'a': 3}], [])
        """
        if length is not None:
            if not isinstance(length, int) or length < 1:
                raise ResultError(f"to_list takes a number of rows of at least 1, or None for all, not {length!r}")
            return [] if self._ended and self._used == ITERATED else list(itertools.islice(self, length))
        self._use("read into a list")
        with self._ended_by_failure():
            return [row for batch in self._taken() for row in self._rows_of(batch)]

    def _column_batches(self) -> Iterator[Any]:
        from gatherum.kernels.columns.batch import MAX_ROWS, batch_of

        for batch in self._taken():
            if self._columnar:
                yield batch
            else:
                for start in range(0, len(batch), MAX_ROWS):
                    yield batch_of(batch[start:start + MAX_ROWS])

    def _whole(self) -> Batch:
        """All rows as one batch of columns."""
        from gatherum.kernels.columns.batch import batch_without_rows, concat_batches

        with self._ended_by_failure():
            batches = [batch for batch in self._column_batches() if batch.rows]
        return concat_batches(batches) if batches else batch_without_rows(self._query.fields())

    def to_arrow(self) -> pa.Table:
        """All rows as a `pyarrow.Table`; a column of several types has the extension type `gatherum.variant`.

        Where there are no rows, the columns are the fields that the pipeline and the sources' schemas tell, of type
        null where no type is known; so it is with `to_pandas`, `to_polars` and `write`.
        """
        import pyarrow as pa

        self._use("read into an Arrow table")
        return pa.Table.from_batches([self._whole().record_batch()])

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows for any library that takes Arrow streams; they are kept, as some ask for the schema first."""
        self._table = table = self.to_arrow() if self._table is None else self._table
        return table.__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> Any:
        """All rows as a pandas DataFrame; columns of documents, arrays or several types hold Python objects."""
        import pandas as pd

        from gatherum.kernels.columns.frames import pandas_column

        self._use("read into a pandas frame")
        columns = {name: pandas_column(column, name) for name, column in self._whole().columns.items()}
        return pd.DataFrame({name: pd.Series(values, dtype=kind) for name, (values, kind) in columns.items()})

    def to_polars(self) -> Any:
        """All rows as a polars DataFrame; columns that polars has no type for hold Python objects."""
        import polars as pl

        from gatherum.kernels.columns.frames import polars_column

        self._use("read into a polars frame")
        return pl.DataFrame([polars_column(column, name) for name, column in self._whole().columns.items()])

    def write(self, path: str | os.PathLike[str], *, format: str | None = None, lossy: bool = False,
              **options: Any) -> int:
        """Writes all rows to a file, in the format of its suffix or the one named; returns how many.

        `options` are the format's, such as `canonical=True` for NDJSON. LossError where the format cannot hold a
        value, unless `lossy`. JSON and CSV are written as people read them, where a long of 32 bits looks like an int,
        and an ObjectId in a cell like a string; `exact=True` has every value come back as it is, or raises LossError.
        A write that fails leaves no file.
        """
        from gatherum.sinks.files import open_sink

        self._use(f"written to {os.fspath(path)}")
        rows = 0
        options = {"csv_empty": self._query.settings.csv_empty, **options}
        with self._ended_by_failure(), open_sink(path, format, lossy, **options) as sink:
            as_columns = self._columnar and sink.columnar
            for batch in self._taken():
                if as_columns and batch.rows:
                    sink.write_batch(batch)
                    rows += batch.rows
                elif not as_columns:
                    for documents in self._documents_of(batch):
                        sink.write(documents)
                        rows += len(documents)
            if not rows:
                sink.write_header(self._query.fields())
        return rows

    @property
    def coverage(self) -> dict[str, Any]:
        """What was read so far: sources, rows, bytes, and what was skipped."""
        found = self._query.coverage
        return {"sources": list(found.sources), "rows": found.rows, "bytes": found.bytes,
                "skipped_count": found.skipped_count,
                "skipped": [asdict(record) for record in found.skipped]}

    @property
    def stats(self) -> dict[str, Any]:
        """The engine and why it was chosen, the seconds, and the figures of each operator (None until they end)."""
        from gatherum.api.explain import described

        query = self._query
        return {"engine": query.engine, "why": query.why, "seconds": query.seconds,
                "operators": None if query.metrics is None else described(query)}

    def _peek(self, count: int) -> list[Document]:
        seen: list[Document] = []
        for batch in self._ahead:
            seen += self._rows_of(batch)
        while len(seen) < count and (batch := next(self._batches, None)) is not None:
            self._ahead.append(batch)
            seen += self._rows_of(batch)
        self._progress.hide()
        return seen[:count]

    def __repr__(self) -> str:
        if self._used or self._closed:
            return f"<gatherum.Result, {self._used or 'closed'}>"
        from gatherum.api.table import render_table

        rows = self._peek(SHOWN_ROWS + 1)
        return render_table(rows[:SHOWN_ROWS], more=len(rows) > SHOWN_ROWS)


def _watched(query: Query, progress: Progress) -> Generator[Any]:
    with progress:
        yield from run(query)
