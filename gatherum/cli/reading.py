"""Reads sources document by document, for what needs no query."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gatherum.errors import LossError
from gatherum.plan.protocols import ColumnarPartition, Coverage, Partition, Request, Source
from gatherum.runtime.settings import Settings
from gatherum.sources.files import expand, open_files
from gatherum.types.values import Document

LeaveOut = Callable[[str, str], None]
"""Takes the name of a column that no document can hold, and why."""


def open_each(sources: Sequence[str], input_format: str | None, settings: Settings,
              coverage: Coverage) -> list[Source]:
    """Every file that the words name, as a source of its own."""
    on_bad: Any = settings.on_bad
    return [open_files(path, on_bad=on_bad, format=input_format, coverage=coverage, csv_empty=settings.csv_empty)
            for path in expand([*sources])]


def readable_records(source: Source, limit: int | None, leave_out: LeaveOut) -> Iterator[Document]:
    """The documents of a source in order, at most `limit` of them; a column whose values BSON cannot hold is left
    out, where there are columns."""
    documents = itertools.chain.from_iterable(_readable(partition, Request(limit=limit), leave_out)
                                              for partition in source.partitions(Request(limit=limit)))
    return itertools.islice(documents, limit)


def _readable(partition: Partition, request: Request, leave_out: LeaveOut) -> Iterator[Document]:
    given = 0
    try:
        for documents in partition.documents(request):
            yield from documents
            given += len(documents)
    except LossError:
        if not isinstance(partition, ColumnarPartition):
            raise
        batches = (_documents(batch, leave_out) for batch in partition.batches(request))
        yield from itertools.islice(itertools.chain.from_iterable(batches), given, None)


def _documents(batch: Any, leave_out: LeaveOut) -> list[Document]:
    columns = {}
    for name, column in batch.columns.items():
        try:
            batch.with_columns({name: column}).documents()
            columns[name] = column
        except LossError as error:
            leave_out(name, str(error))
    return batch.with_columns(columns).documents()
